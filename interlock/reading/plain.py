"""Values of a payload that are not what is written: YAML 1.1, YAML 1.2 and JSON read what has no quotes differently.

PyYAML reads YAML 1.1, most editors and other languages YAML 1.2. A payload goes to somebody's code as JSON, so that a value
without quotes is accepted in one only if both read it as a text, or if it is written as JSON writes the same value.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import date

from interlock.payload import Piece
from interlock.reading.located import MAX_SHOWN_CHARACTERS, Document, Path
from interlock.secrets import is_secret

MAX_EXACT = 2**53
"""Beyond it readers of JSON round whole numbers: https://www.rfc-editor.org/rfc/rfc8259#section-6"""
UNREADABLE = 4_000
"""Digits; Python refuses to read longer numbers."""

_YAML_11_BOOL = re.compile(r"[yYnN]")
"""What PyYAML alone takes for a text: https://yaml.org/type/bool.html"""
_YAML_11_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?"
)
"""https://yaml.org/type/timestamp.html"""
_YAML_12_CONSTANTS = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"], "null"),
    **dict.fromkeys(["true", "True", "TRUE"], "true"),
    **dict.fromkeys(["false", "False", "FALSE"], "false"),
}
"""The core schema: https://yaml.org/spec/1.2.2/#103-core-schema"""
_YAML_12_WHOLE = re.compile(r"[-+]?[0-9]+")
_YAML_12_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_YAML_12_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_YAML_12_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
A_DATE, A_TIME = "a date", "a time"
NO_JSON = "a number that JSON does not have"


def misread(document: Document, value: object, path: Path) -> Iterator[tuple[Path, str]]:
    """What is misread in the value at `path` of a document, keys and values: where, and why, for people."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if (why := _of_key(key, document, (*path, key))) is not None:
                yield (*path, key), why
            yield from misread(document, inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from misread(document, inner, (*path, index))
    elif (written := document.written.get(path)) is not None and (why := _of_value(value, written)) is not None:
        key = next((part for part in reversed(path) if isinstance(part, str)), "")
        is_hidden = is_secret(Piece(key=key, value=written, around="", place=()))
        yield path, "is read as another value than is written; put it in quotes" if is_hidden else why


def _of_key(key: str, document: Document, path: Path) -> str | None:
    """Keys are texts for us, however they are written; for others who read the file they may be something else."""
    return _of_value(document.plain_keys[path], key, is_key=True) if path in document.plain_keys and not _is_json(key) else None


def _of_value(value: object, written: str, *, is_key: bool = False) -> str | None:
    """Why a value that is written so, without quotes, is not what it seems; None when it is."""
    older, newer = _in_yaml_11(value, written), _in_yaml_12(written)
    as_text = json.dumps(written, ensure_ascii=False)
    if older == newer == as_text:
        return None
    if _is_json(written) and _as_json(value) == written:
        is_exact = not isinstance(value, int) or abs(value) <= MAX_EXACT
        return None if is_exact else f"{_short(written)} is beyond 2^53, where readers of JSON round; write {_short(as_text)}"
    if not written:
        return 'has no value, which is read as null; write null, or "" for an empty text'
    same = f"read as {_short(newer)}"
    differ = f"{_short(older)} in YAML 1.1 and {_short(newer)} in YAML 1.2"
    values = dict.fromkeys(one for one in (older, newer) if one not in (as_text, A_DATE, A_TIME, NO_JSON))
    choices = "" if is_key else "".join(f", or {_short(one)}" for one in values)
    return f"{_short(written)} is {same if older == newer else differ}; write {_short(as_text)} for the text{choices}"


def _in_yaml_11(value: object, written: str) -> str:
    """How YAML 1.1 reads it: as PyYAML did, but for what PyYAML leaves out."""
    if _YAML_11_TIME.fullmatch(written):
        return A_DATE if isinstance(value, date) or len(written) == len("2027-01-31") else A_TIME
    if isinstance(value, str) and _YAML_11_BOOL.fullmatch(written):
        return "true" if written in "yY" else "false"
    return _as_json(value)


def _in_yaml_12(written: str) -> str:
    """How YAML 1.2 reads it, in its core schema."""
    if written in _YAML_12_CONSTANTS:
        return _YAML_12_CONSTANTS[written]
    if _YAML_12_NOT_FINITE.fullmatch(written) or len(written) > UNREADABLE:
        return NO_JSON if _YAML_12_FLOAT.fullmatch(written) or len(written) <= UNREADABLE else _as_json(written)
    if _YAML_12_WHOLE.fullmatch(written):
        return _as_json(int(written))
    if _YAML_12_BASED.fullmatch(written):
        return _as_json(int(written, 0))
    return _as_json(float(written)) if _YAML_12_FLOAT.fullmatch(written) else _as_json(written)


def _is_json(written: str) -> bool:
    """Whether it is a value as JSON writes it, and would write it again."""
    try:
        return len(written) <= UNREADABLE and _as_json(json.loads(written)) == written
    except ValueError:
        return False


def _as_json(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return NO_JSON
    return A_DATE if isinstance(value, date) else json.dumps(value, ensure_ascii=False)


def _short(text: str) -> str:
    return text if len(text) <= MAX_SHOWN_CHARACTERS else f"{text[:MAX_SHOWN_CHARACTERS]}..."

"""What a job says, piece by piece, however it is wrapped: JSON, lines of it, a text of it, base64, a form, an argument, a URL.
Pure.

Anybody may have written it. Each wrapping but the query of a URL is shorter inside than outside, and no text is opened twice on
one level, so the work grows with the length and, at worst, with `MAX_DEPTH`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from interlock.catalog import Json

MAX_DEPTH = 50
"""Of values and wrappings; nobody nests deeper, and Python's own limit is near."""
MIN_BASE64 = 8
"""Characters; of shorter texts too many are base64 by accident."""
OPENINGS = ("{", "[", '"')
QUOTED_OPENINGS = ("%7b", "%5b", "%22")
"""The same in a URL."""
NAME_KEYS, VALUE_KEYS = ("name", "Name", "key", "Key"), ("value", "Value")
"""As APIs list variables and parameters: {"name": "API_KEY", "value": "..."}."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_FIELD = re.compile(r"[A-Za-z_][\w.\[\]-]*")
"""The name of a field in a form or a query."""
_ARGUMENT = re.compile(r"-{0,2}([A-Za-z][\w.-]*)=(.+)", re.DOTALL)
"""Of a command, `--api-key=5f1c`."""
_HEADER = re.compile(r"([A-Za-z][\w-]*): +(\S.*)")
"""As curl takes one, `X-Api-Key: 5f1c`."""
_OPTION = re.compile(r"--?([A-Za-z][\w.-]*)")
"""Whose value is the next argument."""
_QUERY = re.compile(r"((?:[A-Za-z][\w+.-]{1,20}://|^/)[^\s?#\"'<>]*)\?([^\s#\"'<>]*)")
"""A URL, or a path, in two parts: up to its query, and that."""


class TooDeep(ValueError):
    """Nested deeper than anybody nests."""

    def __init__(self) -> None:
        super().__init__(f"nested deeper than {MAX_DEPTH}")


class Piece(NamedTuple):
    """A text, a number or a flag, and where it stands."""

    key: str
    """That it stands under; of an item of a list that of the list."""
    value: Json
    around: str
    """The key around that one, or empty."""
    place: tuple[str | int, ...]
    """The keys and indexes that lead to it in the outermost value, or to the text which it is wrapped in."""
    opened: tuple[str, ...] = ()
    """The keys of the texts that it is wrapped in: what is in a secret is one, whatever it calls itself."""


@dataclass(frozen=True)
class _Pairs:
    """An object of JSON with every pair that is written: of two equal keys a dictionary hides the first."""

    pairs: list[tuple[str, Json]]


class _At(NamedTuple):
    """Where the reader is."""

    key: str
    around: str = ""
    place: tuple[str | int, ...] = ()
    depth: int = 0
    wrapped: bool = False
    opened: tuple[str, ...] = ()

    def under(self, key: str, part: str | int) -> _At:
        return _At(
            key, self.key, self.place if self.wrapped else (*self.place, part), self.depth + 1, self.wrapped, self.opened
        )

    def item(self, key: str, index: int) -> _At:
        return _At(
            key, self.around, self.place if self.wrapped else (*self.place, index), self.depth + 1, self.wrapped, self.opened
        )

    def within(self, key: str | None = None) -> _At:
        opened = (*self.opened, self.key)
        return _At(self.key if key is None else key, self.around, self.place, self.depth + 1, wrapped=True, opened=opened)


def pieces(value: Json | bytes, key: str = "") -> Iterator[Piece]:
    """Every piece of `value`, which stands under `key`. TooDeep once it is."""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    yield from _pieces(value, _At(key=key))


def content_pieces(content: str) -> Iterator[Piece]:
    """The pieces of a body or a message, which is JSON as a whole if it is JSON at all."""
    parsed, is_json = _parsed(content)
    yield from _pieces(parsed if is_json else content, _At(key="", wrapped=True))


def _pieces(value: Json | _Pairs, at: _At) -> Iterator[Piece]:
    if at.depth > MAX_DEPTH:
        raise TooDeep
    if isinstance(value, _Pairs):
        yield from _object(value.pairs, at)
    elif isinstance(value, dict):
        yield from _object(list(value.items()), at)
    elif isinstance(value, list):
        yield from _list(value, at)
    elif isinstance(value, str):
        yield from _text(value, at)
    elif value is not None:
        yield Piece(key=at.key, value=value, around=at.around, place=at.place, opened=at.opened)


def _object(pairs: list[tuple[str, Json]], at: _At) -> Iterator[Piece]:
    variable = next((held for name, held in pairs if name in NAME_KEYS and isinstance(held, str)), None)
    for name, held in pairs:
        is_variables = variable is not None and name in VALUE_KEYS
        yield from _pieces(held, at.under(variable if is_variables and variable is not None else name, name))


def _list(items: list[Json], at: _At) -> Iterator[Piece]:
    before: re.Match[str] | None = None
    for index, item in enumerate(items):
        is_text = isinstance(item, str)
        takes = before is not None and is_text and not str(item).startswith("-")
        yield from _pieces(item, at.item(before[1] if before is not None and takes else at.key, index))
        before = _OPTION.fullmatch(str(item)) if is_text else None
        if before is not None and (index + 1 == len(items) or str(items[index + 1]).startswith("-")):
            yield from _pieces(True, at.item(before[1], index))  # of a command, `--verbose`


def _text(text: str, at: _At) -> Iterator[Piece]:
    """What is in a text; the text itself when it wraps nothing."""
    if text.lstrip()[:1] in OPENINGS:
        parsed, is_json = _parsed(text)
        if is_json:
            yield from _pieces(parsed, at.within())
            return
    if text[:3].lower() in QUOTED_OPENINGS:
        yield from _pieces(unquote(text), at.within())
    elif (decoded := _decoded(text)) is not None:
        yield from _pieces(decoded, at.within())
    elif fields := _form(text):
        for name, value in fields:
            yield from _pieces(value, at.within(name))
    elif named := _ARGUMENT.fullmatch(text) or _HEADER.fullmatch(text):
        yield from _pieces(named[2], at.within(named[1]))
    else:
        for found in _QUERY.finditer(text):
            for name, value in parse_qsl(found[2].replace(";", "&")):
                yield from _pieces(value, at.within(name))
        yield Piece(key=at.key, value=_QUERY.sub(r"\1", text), around=at.around, place=at.place, opened=at.opened)


def _parsed(text: str) -> tuple[Json | _Pairs, bool]:
    """A text as JSON, or as lines of it, and whether it is that. One that is too deep for Python's own reader is the text that
    it is."""
    try:
        return json.loads(text, object_pairs_hook=_Pairs), True
    except (ValueError, RecursionError):
        pass
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.lstrip()[:1] in OPENINGS for line in lines):
        try:
            return [json.loads(line, object_pairs_hook=_Pairs) for line in lines], True
        except (ValueError, RecursionError):
            pass
    return None, False


def _decoded(text: str) -> str | None:
    """The text that is wrapped in base64, of either alphabet; None for what is none, or wraps no text for people."""
    bare = "".join(text.split())
    if len(bare) < MIN_BASE64 or (len(bare) % 4 and "=" in bare) or len(bare) % 4 == 1 or not _BASE64.fullmatch(bare):
        return None
    try:
        content = base64.b64decode(bare.translate(_STANDARD) + "=" * (-len(bare) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return content if all(character.isprintable() or character.isspace() for character in content) else None


_STANDARD = str.maketrans("-_", "+/")


def _form(text: str) -> list[tuple[str, str]]:
    """The fields of a form; none for what is no form. An argument of a command is none."""
    if "=" not in text or text.startswith("-") or re.search(r"\s", text):
        return []
    parts = text.split("&")
    if not all("=" in part and _FIELD.fullmatch(part.partition("=")[0]) for part in parts if part):
        return []
    return parse_qsl(text)


def read_json(content: bytes | None) -> Json:
    """The JSON that some bytes are; None for others, and for nothing."""
    try:
        found: Json = json.loads(content) if content else None
    except (ValueError, RecursionError):
        return None
    return found

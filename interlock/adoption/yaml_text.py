"""YAML as people write it in this catalog: short things on one line, texts in quotes wherever two readers might differ. Pure.

Written by hand, since what YAML 1.1, YAML 1.2 and JSON read differently must have quotes (`reading/plain.py`), and no dumper
knows that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from interlock.catalog import Json


class Bare(str):
    """A text without quotes, for YAML to read as what it is: a date, a duration."""

    __slots__ = ()


class Quoted(str):
    """A text that has quotes whatever is in it."""

    __slots__ = ()


Value: TypeAlias = "Json | Bare | Sequence[Value] | Mapping[str, Value]"

WIDTH = 120
INDENT = "  "
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./@-]*")
_SENTENCE = re.compile(r"[A-Za-z][A-Za-z0-9 ,.'()/_+-]*[A-Za-z0-9.)]")
_NO_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words that YAML 1.1 reads as something else: https://yaml.org/type/bool.html"""
_SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def flow(value: Value) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, str):
        return str(value) if isinstance(value, Bare) else quoted(value) if isinstance(value, Quoted) else scalar(value)
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(flow, value)) + "]"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def scalar(text: str) -> str:
    """A text, wherever it stands: without quotes only if nobody can read it as anything else."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in _NO_TEXT else quoted(text)


def sentence(text: str) -> str:
    """A text that has a line of its own."""
    return text if _SENTENCE.fullmatch(text) and text.lower() not in _NO_TEXT else scalar(text)


def quoted(text: str) -> str:
    """A text in quotes, every character of it; in single ones where it has double ones itself, as JSON does."""
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def lines(key: str, value: Value, depth: int = 0) -> Iterator[str]:
    """`key: value` in lines: on one if it fits, else each part below."""
    start = f"{INDENT * depth}{scalar(key)}:"
    if isinstance(value, str) and not isinstance(value, Bare | Quoted) and depth < 3:
        yield f"{start} {sentence(value)}"
        return
    line = f"{start} {flow(value)}"
    if len(line) <= WIDTH or not value or isinstance(value, str) or not isinstance(value, Mapping | Sequence):
        yield line
        return
    yield start
    if isinstance(value, Mapping):
        for inner_key, inner in value.items():
            yield from lines(inner_key, inner, depth + 1)
    else:
        yield from (f"{INDENT * (depth + 1)}- {flow(item)}" for item in value)

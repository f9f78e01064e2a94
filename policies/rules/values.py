"""Attributes of a resource, read by what they must be: they come from a file that anybody may have written.

An attribute is a value, absent (None, as null is), an expression that only a plan resolves, or something else than it must be.
The latter two are errors that `judge.py` turns into what people read, so a rule is written for good input.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from interlock.catalog import Json
from interlock.secrets import redacted, scrubbed

SHOWN_CHARACTERS = 80
MAX_NUMBER = 10**12
"""No number of a schedule, a retry or an alert is near it, and a duration of so many seconds can still be counted with."""
MESSAGE_CHARACTERS = 2_000
LATER = "(known after apply)"
"""As Terraform shows what it does not know while planning."""
_EXPRESSION = re.compile(r"(^|[^$])\$\{|(^|[^%])%\{")
_SECONDS = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s")


class Unresolved(Exception):
    """An attribute that a rule needs is an expression, or known only after the apply."""

    def __init__(self, name: str, expression: str) -> None:
        super().__init__(f"{name} is {expression}")
        self.name = name


class Malformed(Exception):
    """An attribute is not of the kind that it must be."""

    def __init__(self, name: str, found: Json, wanted: str) -> None:
        super().__init__(f"{name} is {shown(redacted(found))}, which is not {wanted}")


def clean(message: str) -> str:
    """A message with what a stranger wrote in it: one line that no terminal obeys, of at most 2,000 characters."""
    text = _printable(message[: MESSAGE_CHARACTERS + 1])
    return text if len(text) <= MESSAGE_CHARACTERS else f"{text[: MESSAGE_CHARACTERS - 3]}..."


def shown(value: Json) -> str:
    """A stranger's value in a message: one line of at most 80 characters."""
    text = f'"{value}"' if isinstance(value, str) else str(value)
    text = _printable(text[: SHOWN_CHARACTERS + 1])
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 3]}..."


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def is_expression(value: Json) -> bool:
    """Whether Terraform would evaluate something in it; `$${` and `%%{` are how it writes `${` and `%{`."""
    # Of most texts the brace says it, and rules ask much.
    return isinstance(value, str) and "{" in value and _EXPRESSION.search(value) is not None


@dataclass(frozen=True, kw_only=True)
class Attributes:
    """A block: what is written in it, by attribute. `templates` says that texts are templates, as in the configuration; in a
    plan and in what we say of a resource ourselves they are not. `unknown` mirrors it with true where only an apply knows."""

    values: Mapping[str, Json]
    templates: bool
    unknown: Json = field(default_factory=dict)
    path: str = ""

    def __contains__(self, name: str) -> bool:
        """Whether it is there, not null and not an empty list, which is how a plan shows a block that is not written; an
        expression and what is not known yet are there."""
        return self.values.get(name) not in (None, []) or self._unknown(name) is True

    def names(self) -> Iterator[str]:
        """The attributes that are there."""
        return (name for name in self.values if name in self)

    def text(self, name: str) -> str | None:
        """A text, with what is escaped in a template as it is meant."""
        value = self._known(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise Malformed(self._path(name), value, "a text")
        return value.replace("$${", "${").replace("%%{", "%{") if self.templates else value

    def flag(self, name: str) -> bool | None:
        """true or false; Terraform reads them from texts, too."""
        value = self._known(name)
        if value is None or isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return value == "true"
        raise Malformed(self._path(name), value, "true or false")

    def number(self, name: str) -> int | None:
        """A whole number; Terraform reads one from a text, too."""
        value = self._known(name)
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,12}", value):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_NUMBER:
            raise Malformed(self._path(name), value, "a whole number of at most 12 digits")
        return value

    def duration(self, name: str) -> timedelta | None:
        """Seconds as Google's APIs write them, `180s`."""
        value = self.text(name)
        if value is None:
            return None
        if (found := _SECONDS.fullmatch(value)) is None:
            raise Malformed(self._path(name), value, 'a duration as Google writes it, like "180s"')
        return timedelta(seconds=float(found[1]))

    def seconds(self, name: str) -> timedelta | None:
        """A duration that is written as a number of seconds."""
        value = self.number(name)
        if value is not None and value < 0:
            raise Malformed(self._path(name), value, "a number of seconds from 0 on")
        return None if value is None else timedelta(seconds=value)

    def items(self, name: str) -> tuple[Json, ...]:
        """The elements of a list, expressions and what is not known yet among them; nothing when there is none."""
        value, unknown = self._known(name), self._unknown(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise Malformed(self._path(name), value, "a list")
        later = unknown if isinstance(unknown, list) else []
        return tuple(LATER if number < len(later) and later[number] is True else one for number, one in enumerate(value))

    def texts(self, name: str) -> tuple[str, ...]:
        """The elements of a list of texts."""
        found = []
        for number, value in enumerate(self.items(name)):
            if (is_expression(value) and self.templates) or value is LATER:
                raise Unresolved(self._path(f"{name}[{number}]"), shown(scrubbed(str(value))))
            if not isinstance(value, str):
                raise Malformed(self._path(f"{name}[{number}]"), value, "a text")
            found.append(value)
        return tuple(found)

    def block(self, name: str) -> Attributes | None:
        """A block of which there is one at most; a plan shows it in a list."""
        found = self.blocks(name)
        if len(found) > 1:
            raise Malformed(self._path(name), f"{len(found)} blocks", "one block")
        return found[0] if found else None

    def blocks(self, name: str) -> tuple[Attributes, ...]:
        """Blocks of which there may be several."""
        if name not in self._read:
            self._read[name] = self._blocks(name)
        return self._read[name]

    @cached_property
    def _read(self) -> dict[str, tuple[Attributes, ...]]:
        """The blocks that were asked for, by name: each rule asks for the same ones."""
        return {}

    def _blocks(self, name: str) -> tuple[Attributes, ...]:
        value, unknown = self._known(name), self._unknown(name)
        if value is None:
            return ()
        several = value if isinstance(value, list) else [value]
        hidden = unknown if isinstance(unknown, list) else [unknown] * len(several)
        found = []
        for number, one in enumerate(several):
            path = self._path(name if len(several) == 1 else f"{name}[{number}]")
            if not isinstance(one, dict):
                raise Malformed(path, one, "a block")
            part = hidden[number] if number < len(hidden) else {}
            found.append(Attributes(values=one, templates=self.templates, unknown=part, path=path))
        return tuple(found)

    def anything(self, name: str) -> Json:
        """Whatever it is, of what we wrote ourselves."""
        return self.values.get(name)

    def _known(self, name: str) -> Json:
        value = self.values.get(name)
        if not self.unknown and not self.templates:  # most of them, and rules ask much
            return value
        if self._unknown(name) is True:
            raise Unresolved(self._path(name), "known only after the apply")
        if self.templates and is_expression(value):
            raise Unresolved(self._path(name), shown(scrubbed(str(value))))
        return value

    def _unknown(self, name: str) -> Json:
        return self.unknown.get(name) if isinstance(self.unknown, dict) else None

    def _path(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


NOTHING = Attributes(values={}, templates=False)

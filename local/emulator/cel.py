"""Conditions of IAM bindings, in the part of CEL that is evaluated here; the rest is refused by name when a policy is set.

`resource.name`, `resource.type`, `resource.service`, `request.time`, `api.getAttribute(NAME, DEFAULT)`, texts,
`timestamp(TEXT)`; `.startsWith()`, `.endsWith()`; `==`, `!=`, `<`, `<=`, `>`, `>=`, `!`, `&&`, `||` and parentheses.
https://cloud.google.com/iam/docs/conditions-overview, https://cloud.google.com/iam/docs/conditions-attribute-reference
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<name>[A-Za-z_][\w.]*)|(?P<method>\.[A-Za-z]+)"""
    r"""|(?P<sign>&&|\|\||[=!<>]=|[<>!(),]))"""
)
_COMPARED: Mapping[str, Callable[[object, object], object]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ATTRIBUTES = ("resource.name", "resource.type", "resource.service", "request.time")
_METHODS: Mapping[str, Callable[[str, str], bool]] = {"startsWith": str.startswith, "endsWith": str.endswith}


class UnknownCondition(Exception):
    """An expression, or what is named in it, that can't be evaluated here."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a condition may ask: `name`, `type` and `service` of the resource, the instant, the API's attributes of the call."""

    name: str
    type: str
    service: str
    time: datetime
    api: Mapping[str, str] = field(default_factory=dict)

    def attribute(self, name: str) -> object:
        """What `resource.name` and its like stand for."""
        return {
            "resource.name": self.name,
            "resource.type": self.type,
            "resource.service": self.service,
            "request.time": self.time,
        }[name]


Expression = Callable[[Facts], object]


def holds(expression: str, facts: Facts) -> bool:
    """Whether the condition holds; what compares text with an instant, as anything that fails, does not grant."""
    try:
        return parsed(expression)(facts) is True
    except (TypeError, ValueError):
        return False


@lru_cache(maxsize=1024)
def parsed(expression: str) -> Expression:
    """What evaluates the expression. UnknownCondition names what can't be evaluated."""
    reader = _Reader(expression)
    found = reader.alternatives()
    if reader.kind:
        raise UnknownCondition(reader.value)
    return found


class _Reader:
    """A recursive descent over the tokens; `kind` and `value` are of the one that comes next."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self.kind = self.value = ""
        self._advance()

    def _advance(self) -> None:
        found = _TOKEN.match(self._text, self._at)
        rest = self._text[self._at :].strip()
        if found is None and rest:
            raise UnknownCondition(rest[:20])
        self.kind = (found.lastgroup or "") if found else ""
        self.value = found[self.kind] if found else ""
        self._at = found.end() if found else len(self._text)

    def _take(self, *signs: str) -> str:
        """The sign, if it is one of these and comes next."""
        if self.kind != "sign" or self.value not in signs:
            return ""
        found = self.value
        self._advance()
        return found

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise UnknownCondition(self.value or f"an end where {sign} is expected")

    def alternatives(self) -> Expression:
        parts = [self._all()]
        while self._take("||"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda facts: any(part(facts) is True for part in parts)

    def _all(self) -> Expression:
        parts = [self._compared()]
        while self._take("&&"):
            parts.append(self._compared())
        return parts[0] if len(parts) == 1 else lambda facts: all(part(facts) is True for part in parts)

    def _compared(self) -> Expression:
        left = self._value()
        if not (sign := self._take(*_COMPARED)):
            return left
        right, compare = self._value(), _COMPARED[sign]
        return lambda facts: compare(left(facts), right(facts))

    def _value(self) -> Expression:
        if self._take("!"):
            inner = self._value()
            return lambda facts: inner(facts) is False
        if self._take("("):
            inner = self.alternatives()
            self._expect(")")
            return inner
        if self.kind == "text":
            return self._literal()
        if self.kind == "name":
            return self._named()
        raise UnknownCondition(self.value or "an end")

    def _literal(self) -> Expression:
        quoted = self.value
        text = json.loads(quoted) if quoted.startswith('"') else quoted[1:-1].replace("\\'", "'")
        self._advance()
        return lambda _facts: text

    def _named(self) -> Expression:
        """An attribute, a method of one, or a function."""
        name = self.value
        self._advance()
        if name in _ATTRIBUTES:
            return lambda facts: facts.attribute(name)
        if name == "timestamp":
            (text,) = self._arguments(1)
            return lambda facts: datetime.fromisoformat(str(text(facts)))
        if name == "api.getAttribute":
            asked, default = self._arguments(2)
            return self._method(lambda facts: facts.api.get(str(asked(facts)), default(facts)))
        attribute, _, method = name.rpartition(".")
        if attribute not in _ATTRIBUTES or method not in _METHODS:
            raise UnknownCondition(name)
        return self._called(lambda facts: facts.attribute(attribute), method)

    def _method(self, subject: Expression) -> Expression:
        """What comes after a call: a method of its result, or nothing."""
        if self.kind != "method":
            return subject
        method = self.value.removeprefix(".")
        if method not in _METHODS:
            raise UnknownCondition(self.value)
        self._advance()
        return self._called(subject, method)

    def _called(self, subject: Expression, method: str) -> Expression:
        (argument,) = self._arguments(1)
        call = _METHODS[method]
        return lambda facts: call(str(subject(facts)), str(argument(facts)))

    def _arguments(self, count: int) -> list[Expression]:
        self._expect("(")
        found = [self.alternatives()]
        while self._take(","):
            found.append(self.alternatives())
        self._expect(")")
        if len(found) != count:
            raise UnknownCondition(f"{len(found)} arguments where {count} are expected")
        return found

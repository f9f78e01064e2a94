r"""A subset of the Logging query language, evaluated on log entries as JSON. What is outside of it is refused with 400.

    FIELD OP VALUE              OP: = != > >= < <= =~ !~ and : (has; `FIELD:*` is "exists")
    FIELD                       jsonPayload.a.b, labels."k8s.io/x", jsonPayload."@type"
    VALUE                       alone: anything in the entry contains it
                                "quoted\n", 'quoted', or bare: words and numbers, joined by . or not (compute.instances.insert)
    log_id("...")               the entry's log, unescaped
    AND OR NOT - ( )            OR binds tighter than AND, NOT tightest; side by side or on lines of their own means AND
    -- to the end of the line   a comment

Text is compared without case, except by regular expressions, which may match anywhere and have RE2's syntax. Numbers are
compared as numbers, instants as instants, severities by their order. A field of a payload or label that an entry doesn't have
makes every comparison false, `!=` too, and so NOT true; any other absent field has its default. Of a list, one element is
enough. https://cloud.google.com/logging/docs/view/logging-query-language
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from local.emulator.model import ApiError, JsonObject

MAX_FILTER = 20_000  # characters
MAX_DEPTH = 50  # of parentheses and negations
SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")
_FIELDS = frozenset(
    {"httpRequest", "insertId", "jsonPayload", "labels", "logName", "operation", "protoPayload", "receiveTimestamp"}
    | {"resource", "severity", "sourceLocation", "spanId", "split", "textPayload", "timestamp", "trace", "traceSampled"}
)
_INSTANTS = frozenset({"timestamp", "receiveTimestamp"})
_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*)
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<op>=~|!~|!=|>=|<=|=|>|<|:)
    |(?P<punctuation>[().,*]|-(?![0-9]))
    |(?P<word>-?[A-Za-z0-9_/%][A-Za-z0-9_/%+-]*(?:\.[0-9]+)?)""",
    re.VERBOSE | re.DOTALL,
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
# What Python's regular expressions have beyond RE2's.
_NOT_RE2 = re.compile(r"\(\?(?:[=!>(#]|<[=!]|P[=>])|\\[1-9]|[*+?}]\+")

Test = Callable[[JsonObject], bool]


@dataclass(frozen=True)
class Token:
    """A piece of a filter: its kind (a group of _TOKEN), its text, and where it begins."""

    kind: str
    text: str
    at: int


def compiled(text: str) -> Test:
    """The filter as a test of an entry; an empty one takes every entry. ApiError 400 for what is outside the subset."""
    if len(text) > MAX_FILTER:
        raise ApiError(400, f"Invalid filter: it has more than {MAX_FILTER} characters.")
    return _compiled(text)


@lru_cache(maxsize=512)
def _compiled(text: str) -> Test:
    parser = Parser(text)
    test = parser.conjunction(0) if parser.peek() else lambda _entry: True
    parser.end()
    return test


class Parser:
    """Recursive descent over the tokens of a filter or of an extractor."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._next = 0

    def peek(self, ahead: int = 0) -> Token | None:
        """The token that comes, None at the end."""
        place = self._next + ahead
        return self._tokens[place] if place < len(self._tokens) else None

    def take(self, *texts: str) -> Token | None:
        """The next token if it is one of `texts` (no string), else None."""
        token = self.peek()
        if token and token.kind != "string" and token.text in texts:
            self._next += 1
            return token
        return None

    def expect(self, text: str) -> None:
        """Take `text`, or ApiError 400."""
        if not self.take(text):
            raise self.error(f"expected {text!r}")

    def end(self) -> None:
        """ApiError 400 unless everything is read."""
        if self.peek():
            raise self.error("unexpected")

    def error(self, what: str) -> ApiError:
        """What is wrong with the next token."""
        token = self.peek()
        where = f"at {token.text[:40]!r}, character {token.at + 1}" if token else "at the end"
        return ApiError(400, f"Invalid filter for the local stand-in: {what} {where}.")

    def conjunction(self, depth: int) -> Test:
        """Terms joined by AND, or by nothing."""
        tests = [self._disjunction(depth)]
        while (token := self.peek()) and not (token.kind == "punctuation" and token.text == ")"):
            self.take("AND")
            tests.append(self._disjunction(depth))
        return tests[0] if len(tests) == 1 else lambda entry: all(test(entry) for test in tests)

    def _disjunction(self, depth: int) -> Test:
        tests = [self._negation(depth)]
        while self.take("OR"):
            tests.append(self._negation(depth))
        return tests[0] if len(tests) == 1 else lambda entry: any(test(entry) for test in tests)

    def _negation(self, depth: int) -> Test:
        if depth > MAX_DEPTH:
            raise self.error("nested too deeply")
        if self.take("NOT", "-"):
            test = self._negation(depth + 1)
            return lambda entry: not test(entry)
        if self.take("("):
            test = self.conjunction(depth + 1)
            self.expect(")")
            return test
        return self._comparison()

    def _comparison(self) -> Test:
        following = self.peek(1)
        if following and following.text == "(" and following.kind == "punctuation":
            return self._function()
        if not (following and (following.kind == "op" or following.text == ".")):
            wanted = self.value().lower()
            return lambda entry: any(wanted in text for text in _texts(entry))
        path = self.path()
        operators = self.take(*_ORDER, "=~", "!~", ":")
        if operators is None:
            raise self.error(f"{'.'.join(path)!r} needs a comparison")
        if operators.text == ":" and self.take("*"):
            return lambda entry: bool(field(entry, path))
        return _compare(path, operators.text, self.bare(), self)

    def _function(self) -> Test:
        name = self.peek()
        if not self.take("log_id"):
            raise self.error(f"the function {name.text if name else ''} is not served; log_id is")
        self.expect("(")
        wanted = self.value()
        self.expect(")")
        return lambda entry: unquote(str(entry.get("logName", "")).partition("/logs/")[2]) == unquote(wanted)

    def path(self) -> tuple[str, ...]:
        """A field's path, checked to begin with a field of LogEntry."""
        parts = [self._part()]
        while self.take("."):
            parts.append(self._part())
        if parts[0] not in _FIELDS:
            self._next -= 1
            raise self.error(f"unknown field {parts[0]!r}")
        return tuple(parts)

    def _part(self) -> str:
        token = self.peek()
        if token is None or token.kind not in ("word", "string") or token.text in ("AND", "OR", "NOT"):
            raise self.error("expected a field")
        if token.kind == "word" and not _NAME.fullmatch(token.text):
            raise self.error("this part of a field needs quotes:")
        self._next += 1
        return _unquoted(token)

    def value(self) -> str:
        """A value, unquoted."""
        token = self.peek()
        if token is None or token.kind not in ("word", "string") or token.text in ("AND", "OR", "NOT"):
            raise self.error("expected a value")
        self._next += 1
        return _unquoted(token)

    def bare(self) -> str:
        """A value of a comparison: unquoted, or words that follow one another with full stops and no space between them."""
        value, last = self.value(), self._tokens[self._next - 1]
        while (token := self.peek()) and last.kind != "string" and token.at == last.at + len(last.text):
            if not (token.text == "." and token.kind == "punctuation") and not (token.kind == "word" and last.text == "."):
                break
            value, last = value + token.text, token
            self._next += 1
        return value


def _tokens(text: str) -> list[Token]:
    found, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.end() == place:
            raise ApiError(400, f"Invalid filter for the local stand-in: {text[place : place + 20]!r}, character {place + 1}.")
        if match.lastgroup != "space":
            found.append(Token(str(match.lastgroup), match[0], place))
        place = match.end()
    return found


def _unquoted(token: Token) -> str:
    if token.kind != "string":
        return token.text
    # A backslash before anything else stays, so that a regular expression needs no doubled ones.
    return re.sub(r"\\(.)", _unescaped, token.text[1:-1], flags=re.DOTALL)


def _unescaped(match: re.Match[str]) -> str:
    return match[1] if match[1] in "\"'\\" else _ESCAPES.get(match[1], match[0])


def regex(text: str, *, groups: int | None = None) -> re.Pattern[str]:
    """A regular expression that RE2 takes too, with so many groups if a number is given; ApiError 400 for others."""
    try:
        pattern = re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ApiError(400, f"Invalid regular expression {text!r}: {error}.") from None
    if _NOT_RE2.search(text):
        raise ApiError(400, f"Invalid regular expression {text!r}: RE2 has no look-around, back references or possessives.")
    if groups is not None and pattern.groups != groups:
        raise ApiError(400, f"Invalid regular expression {text!r}: it must have {groups} group.")
    return pattern


def field(entry: JsonObject, path: tuple[str, ...]) -> list[Any]:
    """The values at a path, one for each element of lists on the way; [] if there are none."""
    found: list[Any] = [entry]
    for part in path:
        below = [value.get(part) for value in found if isinstance(value, dict)]
        found = [item for value in below for item in (value if isinstance(value, list) else [value]) if item is not None]
    return found


def _texts(value: Any) -> Iterator[str]:
    """Everything that a value contains, in small letters."""
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
    else:
        yield _text(value).lower()


def _compare(path: tuple[str, ...], op: str, wanted: str, parser: Parser) -> Test:
    one = _comparison_of_one(path, op, wanted, parser)
    missing = path[0] in ("jsonPayload", "protoPayload", "labels") or path[:2] == ("resource", "labels")

    def test(entry: JsonObject) -> bool:
        found = field(entry, path)
        return any(one(value) for value in found) if found or missing else one(_default(path))

    return test


def _comparison_of_one(path: tuple[str, ...], op: str, wanted: str, parser: Parser) -> Callable[[Any], bool]:
    if op in ("=~", "!~"):
        pattern = regex(wanted)
        return lambda value: bool(pattern.search(_text(value))) is (op == "=~")
    if op == ":":
        return lambda value: wanted.lower() in _text(value).lower()
    return _ordered(path, _ORDER[op], wanted, parser)


def _default(path: tuple[str, ...]) -> str:
    return "DEFAULT" if path == ("severity",) else ""


def _ordered(path: tuple[str, ...], holds: Callable[[Any, Any], bool], wanted: str, parser: Parser) -> Callable[[Any], bool]:
    if path == ("severity",):
        rank = severity_rank(wanted)
        if rank is None:
            raise parser.error(f"{wanted!r} is no severity ({', '.join(SEVERITIES)})")
        return lambda value: holds(severity_rank(value) or 0, rank)
    if path[0] in _INSTANTS and len(path) == 1:
        try:
            instant = datetime.fromisoformat(wanted)
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            raise parser.error(f"{wanted!r} is no instant such as 2026-03-10T12:00:00Z")
        return lambda value: bool(value) and holds(datetime.fromisoformat(value), instant)
    number = _number(wanted)

    def one(value: Any) -> bool:
        if isinstance(value, bool):
            return holds(_text(value), wanted.lower())
        if number is not None and isinstance(value, (int, float)):
            return holds(value, number)
        return not isinstance(value, dict) and holds(_text(value).lower(), wanted.lower())

    return one


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) else None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def severity_rank(value: object) -> int | None:
    """The place of a severity, given by name (in any case) or by number (100 is DEBUG); None if it is none."""
    text = str(value).upper()
    if text in SEVERITIES:
        return SEVERITIES.index(text)
    return int(text) // 100 if text.isdecimal() and int(text) < 100 * len(SEVERITIES) else None

"""Cloud Monitoring's filters, which choose time series: https://cloud.google.com/monitoring/api/v3/filters

    FIELD OP VALUE      FIELD: project, group.id, metric.type, resource.type, metric.label(s).KEY, resource.label(s).KEY,
                        metadata.user_labels.KEY, metadata.system_labels.KEY; KEY may be quoted
                        OP: = != > >= < <= and : (has)
                        VALUE: "quoted", 'quoted', a bare word or number; starts_with("..."), ends_with, has_substring,
                        one_of("...", ...), monitoring.regex.full_match("...")
    AND OR NOT - ( )    side by side means AND

They are another language than the Logging query language (local/emulator/filters.py): no `=~`, no text alone. Here they are
read, not evaluated: local/emulator/conditions.py evaluates what is a row of equalities.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from local.emulator import filters
from local.emulator.model import ApiError

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<op>!=|>=|<=|=(?!~)|>|<|:)
    |(?P<punctuation>[().,]|-(?![0-9]))
    |(?P<word>-?[A-Za-z0-9_/][A-Za-z0-9_/*-]*)""",
    re.VERBOSE | re.DOTALL,
)
_LABELLED = ("metric", "resource", "metadata")
_LABELS = {"metric": ("label", "labels"), "resource": ("label", "labels"), "metadata": ("user_labels", "system_labels")}
_PLAIN = ("project", "group.id", "metric.type", "resource.type")
_FUNCTIONS = ("starts_with", "ends_with", "has_substring", "one_of", "monitoring.regex.full_match")
_WORDS = ("AND", "OR", "NOT")
_MAX_DEPTH = 50


@dataclass(frozen=True, kw_only=True)
class Term:
    """One comparison: `metric.label.KEY` has one spelling here. `values` are those of the function, or the one value."""

    field: str
    op: str
    function: str  # "" for a plain value
    values: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The values if the comparison names what the field is, else nothing."""
        return self.values if self.op == "=" and self.function in ("", "one_of") else ()


@dataclass(frozen=True, kw_only=True)
class MetricFilter:
    """A filter that was read: its comparisons from left to right, and whether they are joined by AND alone."""

    terms: tuple[Term, ...]
    conjunction: bool

    def named(self, field: str) -> tuple[str, ...]:
        """What the filter says that a field is."""
        return tuple(value for term in self.terms if term.field == field for value in term.names)

    def labels(self, of: str) -> tuple[str, ...]:
        """The labels of the `metric` or the `resource` that are compared."""
        start = f"{of}.label."
        return tuple(term.field.removeprefix(start) for term in self.terms if term.field.startswith(start))


def read(text: str) -> MetricFilter:
    """The filter; ApiError 400, in Google's words for where it stops, for what can't be read."""
    reader = _Reader(text)
    terms = tuple(reader.conjunction(0)) if reader.peek() else ()
    if reader.peek():
        raise reader.error()
    return MetricFilter(terms=terms, conjunction=reader.plain)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.plain = True
        self._tokens: list[filters.Token] = []
        self._next = 0
        place = 0
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise self._at(place, re.match(r"=~|\S+", text[place:], re.DOTALL))
            if match.lastgroup != "space":
                self._tokens.append(filters.Token(str(match.lastgroup), match[0], place))
            place = match.end()

    def peek(self, ahead: int = 0) -> filters.Token | None:
        place = self._next + ahead
        return self._tokens[place] if place < len(self._tokens) else None

    def error(self) -> ApiError:
        token = self.peek()
        return self._at(token.at if token else len(self.text), token.text if token else "end of filter")

    def _at(self, place: int, what: str | re.Match[str] | None) -> ApiError:
        """As in a message that chainguard-dev/terraform-infra-common #463 quotes."""
        before = self.text[:place]
        line, column = before.count("\n") + 1, place - (before.rfind("\n") + 1) + 1
        token = what if isinstance(what, str) else what[0] if what else ""
        where = f"syntax error at line {line}, column {column}, token '{token}'"
        return ApiError(400, f"Could not parse filter {json.dumps(self.text)}; {where}")

    def _take(self, *texts: str) -> bool:
        token = self.peek()
        found = token is not None and token.kind != "string" and token.text in texts
        self._next += found
        return found

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self.error()

    def conjunction(self, depth: int) -> Iterator[Term]:
        yield from self._disjunction(depth)
        while (token := self.peek()) and not (token.kind == "punctuation" and token.text == ")"):
            self._take("AND")
            yield from self._disjunction(depth)

    def _disjunction(self, depth: int) -> Iterator[Term]:
        yield from self._negation(depth)
        while self._take("OR"):
            self.plain = False
            yield from self._negation(depth)

    def _negation(self, depth: int) -> Iterator[Term]:
        if depth > _MAX_DEPTH:
            raise self.error()
        if self._take("NOT", "-"):
            self.plain = False
            yield from self._negation(depth + 1)
        elif self._take("("):
            yield from self.conjunction(depth + 1)
            self._expect(")")
        else:
            yield self._comparison()

    def _comparison(self) -> Term:
        field = self._field()
        token = self.peek()
        if token is None or token.kind != "op":
            raise self.error()
        self._next += 1
        function = self._function()
        if not function:
            return Term(field=field, op=token.text, function="", values=(self._value(),))
        self._expect("(")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._expect(")")
        if function == "monitoring.regex.full_match":
            filters.regex(values[0])
        return Term(field=field, op=token.text, function=function, values=tuple(values))

    def _field(self) -> str:
        begun = self._next
        parts = [self._part()]
        while self._take("."):
            parts.append(self._part())
        name = ".".join(parts)
        if name in _PLAIN:
            return name
        if len(parts) > 2 and parts[0] in _LABELLED and parts[1] in _LABELS[parts[0]]:
            kind = "label" if parts[0] != "metadata" else parts[1]
            return ".".join([parts[0], kind, *parts[2:]])
        self._next = begun
        raise self.error()

    def _part(self) -> str:
        token = self.peek()
        if token is None or token.kind not in ("word", "string") or token.text in _WORDS:
            raise self.error()
        self._next += 1
        return token.text if token.kind == "word" else token.text[1:-1]

    def _function(self) -> str:
        begun, name = self._next, ""
        while (token := self.peek()) and token.kind == "word":
            name += token.text
            self._next += 1
            following = self.peek()
            if name in _FUNCTIONS and following and following.text == "(":
                return name
            if not self._take("."):
                break
            name += "."
        self._next = begun
        return ""

    def _value(self) -> str:
        token = self.peek()
        if token is None or token.kind not in ("word", "string") or token.text in _WORDS:
            raise self.error()
        self._next += 1
        if token.kind == "string":
            return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)
        value = token.text
        while (dot := self.peek()) and dot.text == "." and (part := self.peek(1)) and part.kind == "word":
            value += f".{part.text}"
            self._next += 2
        return value

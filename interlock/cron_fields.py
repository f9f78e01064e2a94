"""The five fields of unix-cron: the numbers that each selects, and what is wrong with one that selects none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from interlock.groc import runs
from interlock.names import count

MAX_TEXT_CHARACTERS = 500
SHOWN_CHARACTERS = 60
MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

_ENGLISH = re.compile(r"(?i)\b(every|of|from|to|synchronized|hours?|min(ute)?s?)\b")
_NUMBER = re.compile(r"[0-9]{1,2}")


class CronError(ValueError):
    """A schedule that we refuse. The message says what was found, in which field, and what is allowed."""


@dataclass(frozen=True)
class Field:
    """One of the five fields: its name for people, its numbers, and what its names count from."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    first: int = 0

    def parse(self, text: str) -> frozenset[int]:
        """The numbers that the field's text selects."""
        if text == "*":
            return frozenset(range(self.low, self.high + 1))
        return frozenset(number for item in text.split(",") for number in self._item(item, text))

    def take(self, text: str) -> frozenset[int] | None:
        """The numbers of a text that Cloud Scheduler takes, in upper case; None when its documents don't say which."""
        found: set[int] = set()
        for item in text.split(","):
            span, slash, step = item.partition("/")
            if item == "*":
                found |= self.parse("*")
            elif slash and re.fullmatch(r"[0-9A-Z]+", span) and self._step(step) and self.parse(span):
                return None
            elif slash and self._step(step):
                found.update(self._span(span, item, text)[:: int(step)])
            else:
                found |= self.parse(item)
        return frozenset(found)

    def unwrapped(self, text: str) -> str:
        """`text` with a list in place of every range that wraps around; what is none stays as it is."""
        return ",".join(map(self._unwrapped, text.split(",")))

    def _unwrapped(self, item: str) -> str:
        span, _, step = item.partition("/")
        if "-" not in span:
            return item
        ends = [self._known(token) for token in span.split("-")]
        if len(ends) != 2 or None in ends or not re.fullmatch(r"[1-9][0-9]?|", step):
            return item
        begin, end = (number or 0 for number in ends)
        through = [*range(begin, self._last + 1), *range(self.low, end + 1)]
        return runs(through[:: int(step or 1)]) if begin > end else item

    def _step(self, text: str) -> bool:
        """Whether it is a step: "The step value cannot be larger than the largest possible value for the field"."""
        return bool(_NUMBER.fullmatch(text)) and 1 <= int(text) <= self.high

    def _known(self, token: str) -> int | None:
        """What a number or a name of the field stands for."""
        if token in self.names:
            return self.names.index(token) + self.first
        return int(token) if _NUMBER.fullmatch(token) and self.low <= int(token) <= self.high else None

    def _item(self, item: str, text: str) -> range:
        if not item:
            raise self._error(text, "has an empty list item", "numbers and ranges with single commas between them")
        span, slash, step_text = item.partition("/")
        numbers = self._span(span, item, text)
        if not slash:
            if span == "*":
                raise self._error(text, "has `*` inside a list", "`*` alone, or a list without it")
            return numbers
        if span != "*" and len(numbers) == 1:
            raise self._error(item, "has a step after a single number", "a step after `*` or a range, as `*/15` or `0-30/10`")
        # A step beyond the span selects its first number only, which is not what somebody who writes a step means.
        longest = numbers[-1] - numbers[0]
        if not _NUMBER.fullmatch(step_text) or not 1 <= int(step_text) <= longest:
            raise self._error(item, f"has the step {shown(step_text)}", f"a step from 1 to {longest} here")
        return numbers[:: int(step_text)]

    def _span(self, span: str, item: str, text: str) -> range:
        if span == "*":
            return range(self.low, self._last + 1)
        first, dash, last = span.partition("-")
        if not dash:
            number = self._number(first, text)
            return range(number, number + 1)
        a, b = self._number(first, text), self._number(last, text)
        if a == b:
            raise self._error(
                item,
                "is a range from a number to itself, which cron implementations read differently "
                "(two leading libraries disagree on 93 % of such schedules)",
                f"the number alone, `{first}`",
            )
        return range(a, b + 1)

    def _number(self, token: str, text: str) -> int:
        if (number := self._known(token)) is not None:
            return number
        raise self._error(text, f"has {shown(token)}{self._why_not(token)}", self._allowed)

    def _why_not(self, token: str) -> str:
        if token.upper() in self.names:
            return ", a name in lower case"
        if token.upper() in DAY_NAMES:
            return ", a name of a day of the week"
        if token.upper() in MONTH_NAMES:
            return ", a name of a month"
        if re.fullmatch(r"[0-9]+", token):
            return ", a number out of range"
        if re.fullmatch(r"[0-9]*(L|W|LW)", token):
            return ", and Cloud Scheduler has no `L` and no `W`"
        return ", which is no number" if token else ", a number that is missing"

    @property
    def _last(self) -> int:
        return 6 if self.names == DAY_NAMES else self.high  # 7 is Sunday again: a step counts over 0 to 6

    @property
    def _allowed(self) -> str:
        names = f" or {self.names[0]}-{self.names[-1]} in upper case" if self.names else ""
        return f"{self.low} to {self.high}{names}, one by one (`a,b`), as a range (`a-b`), or all (`*`)"

    def _error(self, text: str, found: str, allowed: str) -> CronError:
        return CronError(f"{self.name} {shown(text)} {found}; allowed is {allowed}")


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of month", 1, 31),
    Field("month", 1, 12, MONTH_NAMES, first=1),
    Field("day of week", 0, 7, DAY_NAMES),
)


def split(text: str) -> list[str]:
    """The five fields of `text`, which has only the characters that the dialect may have; or a CronError."""
    allowed = "allowed is 5 fields: minute, hour, day of month, month, day of week, as `15,45 * * * *`"
    if len(text) > MAX_TEXT_CHARACTERS:
        raise CronError(f"schedule {shown(text)} has {len(text)} characters; allowed are {MAX_TEXT_CHARACTERS}")
    if text.startswith("@"):
        raise CronError(f"schedule {shown(text)} is a shorthand that Cloud Scheduler does not have; {allowed}")
    if _ENGLISH.search(text):
        raise CronError(f"schedule {shown(text)} is App Engine's English syntax, kept only for old jobs; {allowed}")
    if text != text.strip() or "  " in text or re.search(r"[^\S ]", text):
        raise CronError(f"schedule {shown(text)} has spaces around it or more than one space in a place; {allowed}")
    fields = text.split(" ") if text else []
    if len(fields) == 6:
        raise CronError(f"schedule {shown(text)} has 6 fields, and Cloud Scheduler has no seconds; {allowed}")
    if len(fields) != 5:
        raise CronError(f"schedule {shown(text)} has {count(len(fields), 'field')}; {allowed}")
    for field, part in zip(FIELDS, fields, strict=True):
        if stray := re.search(r"[^0-9A-Za-z*,/-]", part):
            raise CronError(
                f"{field.name} {shown(part)} has the character {shown(stray[0])}, which Cloud Scheduler does not have; "
                f"allowed are ASCII digits, upper-case names and * , - /"
            )
    return fields


def unwrapped(text: str) -> str:
    """`text` with a list in place of every range that wraps around, of the numbers that it goes through."""
    parts = text.split(" ")
    return " ".join(map(Field.unwrapped, FIELDS, parts)) if len(parts) == len(FIELDS) else text


def wrapping(text: str) -> list[tuple[Field, str]]:
    """The fields of `text` that have a range which wraps around, with what each says."""
    return [(field, part) for field, part in zip(FIELDS, text.split(" "), strict=False) if field.unwrapped(part) != part]


def shown(text: str) -> str:
    """`text` for a message: quoted, control characters escaped, cut if long."""
    return ascii(text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "...")

"""Cloud Scheduler's cron dialect, the part of it that is safe, and when a schedule fires.

The dialect (cloud.google.com/scheduler/docs/configuring/cron-job-schedules): 5 fields, each `*` or a list of numbers and
ranges, with `/` steps after `*` or a range, JAN-DEC and SUN-SAT, 0 and 7 both Sunday. Refused beyond that is what two leading
libraries, cronsim and croniter, read differently: over 12,000 random expressions they disagreed on 46 % of those that
restrict both day fields and on 93 % of those with a range `a-a`, and on none of the rest. So in what is left the choice of
library cannot matter, and nobody has to know which one Cloud Scheduler agrees with.

Daylight saving: Cloud Scheduler says only that jobs "may observe execution anomalies" at a change and recommends UTC. What
we show there is cronsim's reading, which is Debian cron's: a time that is skipped fires when the gap ends, a time that comes
twice fires the first time; but a schedule whose minute or hour starts with `*` follows the clock, so it skips the gap and
fires in both passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim

from interlock.names import count

MAX_TEXT_CHARACTERS = 500
SHOWN_CHARACTERS = 60
DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
DAYS_A_WEEK = 7
FIRST_YEAR, LAST_YEAR = 1970, 9000
"""Instants outside are refused: near the ends of `datetime`, looking for the next 29 February would overflow."""
SETTLING = timedelta(hours=36)
"""For so long after a change of offset an evaluation starts before the change; see `Cron._fires_after`."""

_ENGLISH = re.compile(r"(?i)\b(every|of|from|to|synchronized|hours?|min(ute)?s?)\b")
_NUMBER = re.compile(r"[0-9]{1,2}")
_ZONE_NAME = re.compile(r"[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*){0,2}")


class CronError(ValueError):
    """A schedule that we refuse. The message says what was found, in which field, and what is allowed."""


class ZoneError(ValueError):
    """A name that is no time zone of the tz database."""


def zone(name: str) -> ZoneInfo:
    """The time zone called `name`, such as America/New_York; raises ZoneError for anything else, paths included."""
    # A name is looked up as a file: the pattern keeps paths out, and what lies beside the zones (localtime, right/...).
    if _ZONE_NAME.fullmatch(name):
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):  # OSError: "America" is a folder
            pass
    raise ZoneError(f"{_shown(name)} is not a time zone; allowed are names of the tz database, as America/New_York or Etc/UTC")


@dataclass(frozen=True, kw_only=True)
class Cron:
    """A schedule; made by `Cron.parse`. Without a time zone: who asks when it fires names the zone."""

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    """Of the month. It fires on a date that is in all three of `days`, `months` and `weekdays`."""
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday, 6 Saturday."""

    @classmethod
    def parse(cls, text: str) -> Cron:
        """The schedule that `text` writes in the dialect above; raises CronError for everything else."""
        fields = _split(text)
        minutes, hours, days, months, weekdays = (field.parse(part) for field, part in zip(_FIELDS, fields, strict=True))
        if fields[2] != "*" and fields[4] != "*":
            raise CronError(
                f"day of month {_shown(fields[2])} and day of week {_shown(fields[4])} are both restricted, which cron "
                f"implementations read differently (two leading libraries disagree on 46 % of such schedules); "
                f"allowed is one of them with the other `*`"
            )
        if min(days) > max(DAYS_IN_MONTH[month - 1] for month in months):
            raise CronError(
                f"day of month {_shown(fields[2])} is in no month of {_shown(fields[3])}, so it never fires; "
                f"allowed is a date that exists in at least one of them"
            )
        return cls(
            text=text,
            minutes=minutes,
            hours=hours,
            days=days,
            months=months,
            weekdays=frozenset(weekday % DAYS_A_WEEK for weekday in weekdays),
        )

    def __str__(self) -> str:
        return self.text

    def fires_between(self, start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """The fires at or after `start` and before `end`, in order, as aware UTC; evaluated in `zone`.

        Raises ValueError (at once, not at the first fire) when an instant is naive or beyond FIRST_YEAR to LAST_YEAR.
        """
        start, end = _utc(start), _utc(end)
        fires = self._fires_after(start - datetime.resolution, zone)
        return takewhile(lambda fire: fire < end, fires)

    def next_fire(self, after: datetime, zone: ZoneInfo) -> datetime:
        """The first fire after `after` (not at it), as aware UTC; evaluated in `zone`. ValueError as in `fires_between`."""
        return next(self._fires_after(_utc(after), zone))

    def _fires_after(self, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        # Where cronsim starts must not matter, but near a change of offset it does: it forgets which pass of a repeated
        # hour the start is in, and it walks whole hours across a change, even one by half an hour (Lord Howe), until the
        # next midnight. So there we start before the change, and drop what is not after `after`.
        begin = after
        if after.astimezone(zone).utcoffset() != (after - SETTLING).astimezone(zone).utcoffset():
            begin = after - SETTLING
        last = after
        for local in CronSim(self.text, begin.astimezone(zone)):
            # Back to UTC before comparing: two datetimes of one zone compare and subtract by their wall times, which is
            # wrong by the jump of the clock on every day that has one.
            fire = local.astimezone(UTC)
            if fire > last:
                yield fire
                last = fire


@dataclass(frozen=True)
class _Field:
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
            raise self._error(item, f"has the step {_shown(step_text)}", f"a step from 1 to {longest} here")
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
        if a > b:
            raise self._error(item, "is a range that wraps around", f"a range upwards, or a list of two{self._week_hint(b)}")
        return range(a, b + 1)

    def _number(self, token: str, text: str) -> int:
        if token in self.names:
            return self.names.index(token) + self.first
        if _NUMBER.fullmatch(token) and self.low <= int(token) <= self.high:
            return int(token)
        raise self._error(text, f"has {_shown(token)}{self._why_not(token)}", self._allowed)

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

    def _week_hint(self, end: int) -> str:
        return ", or 7 for Sunday at its end" if self.names == DAY_NAMES and end == 0 else ""

    @property
    def _last(self) -> int:
        return 6 if self.names == DAY_NAMES else self.high  # 7 is Sunday again: a step counts over 0 to 6

    @property
    def _allowed(self) -> str:
        names = f" or {self.names[0]}-{self.names[-1]} in upper case" if self.names else ""
        return f"{self.low} to {self.high}{names}, one by one (`a,b`), as a range (`a-b`), or all (`*`)"

    def _error(self, text: str, found: str, allowed: str) -> CronError:
        return CronError(f"{self.name} {_shown(text)} {found}; allowed is {allowed}")


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, MONTH_NAMES, first=1),
    _Field("day of week", 0, 7, DAY_NAMES),
)


def _split(text: str) -> list[str]:
    """The five fields of `text`, which has only the characters that the dialect may have; or a CronError."""
    allowed = "allowed is 5 fields: minute, hour, day of month, month, day of week, as `15,45 * * * *`"
    if len(text) > MAX_TEXT_CHARACTERS:
        raise CronError(f"schedule {_shown(text)} has {len(text)} characters; allowed are {MAX_TEXT_CHARACTERS}")
    if text.startswith("@"):
        raise CronError(f"schedule {_shown(text)} is a shorthand that Cloud Scheduler does not have; {allowed}")
    if _ENGLISH.search(text):
        raise CronError(f"schedule {_shown(text)} is App Engine's English syntax, kept only for old jobs; {allowed}")
    if text != text.strip() or "  " in text or re.search(r"[^\S ]", text):
        raise CronError(f"schedule {_shown(text)} has spaces around it or more than one space in a place; {allowed}")
    fields = text.split(" ") if text else []
    if len(fields) == 6:
        raise CronError(f"schedule {_shown(text)} has 6 fields, and Cloud Scheduler has no seconds; {allowed}")
    if len(fields) != 5:
        raise CronError(f"schedule {_shown(text)} has {count(len(fields), 'field')}; {allowed}")
    for field, part in zip(_FIELDS, fields, strict=True):
        if stray := re.search(r"[^0-9A-Za-z*,/-]", part):
            raise CronError(
                f"{field.name} {_shown(part)} has the character {_shown(stray[0])}, which Cloud Scheduler does not have; "
                f"allowed are ASCII digits, upper-case names and * , - /"
            )
    return fields


def _utc(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(f"{instant.isoformat()} has no time zone; instants are aware, in UTC")
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise ValueError(f"{instant.isoformat()} is not in the years {FIRST_YEAR} to {LAST_YEAR}")
    return instant.astimezone(UTC)


def _shown(text: str) -> str:
    """`text` for a message: quoted, control characters escaped, cut if long."""
    return ascii(text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "...")

"""A year from a day on, by the clocks of any zone: what is looked at to see all that schedules do to each other. Pure.

A schedule has a minute, an hour, a day of the month, a month and a weekday, so a year shows what it does on all of its dates;
and a zone that changes its clocks does so within it. Which weekday a date is differs from year to year.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import groupby, pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from interlock.timing.minutes import BYTES_A_DAY, DAY, MINUTE, Day, Minutes, Span, local_days

FURTHEST = DAY
"""No zone's day begins so long before or after the day in UTC."""
LEAST_SEASON = 90
"""Days: a clock that shows for fewer is no season's (Casablanca sets its own back for Ramadan)."""
CACHED = 256
"""Sets of minutes whose days are kept: a pair of jobs collides over several tables at the same times."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The days of a year under each of the two clocks of a zone, as bits; the days of a change are in neither."""

    zone: str
    winter: int
    summer: int


@dataclass(frozen=True, kw_only=True)
class Year:
    """365 or 366 days from `first` on. Some of them are a whole number: bit n is the day n days after the first."""

    first: date

    @classmethod
    def of(cls, at: datetime) -> Year:
        """The year from the day of `at` in UTC on: the same all day long."""
        return cls(first=at.astimezone(UTC).date())

    @property
    def end(self) -> date:
        """The same day of the next year, which is not of it any more."""
        is_leap_day = (self.first.month, self.first.day) == (2, 29)
        return date(self.first.year + 1, 3, 1) if is_leap_day else self.first.replace(year=self.first.year + 1)

    @cached_property
    def dates(self) -> tuple[date, ...]:
        """Its days, in order."""
        return _dates(self)

    @cached_property
    def all_days(self) -> int:
        """A bit for each of its days."""
        return (1 << len(self.dates)) - 1

    @cached_property
    def span(self) -> Span:
        """The minutes of its days in every zone, and so a few more than those of any."""
        first, end = (datetime.combine(day, time(), UTC) for day in (self.first, self.end))
        return Span(start=first - FURTHEST, end=end + FURTHEST)

    def on(self, days: int, minutes: Minutes, zone: ZoneInfo) -> Minutes:
        """Those of `minutes`, a set of the year's span, that are on `days` by the clocks of `zone`."""
        return Minutes(span=minutes.span, bits=minutes.bits & _minutes_of(self, days, zone))

    def a_day(self, minutes: Minutes, zone: ZoneInfo) -> tuple[int, ...]:
        """How many of `minutes`, a set of the year's span, are on each of its days by the clocks of `zone`."""
        return _a_day(self, minutes.bits, zone)

    def days(self, minutes: Minutes, zone: ZoneInfo) -> int:
        """The days by the clocks of `zone` on which one of `minutes`, a set of the year's span, is."""
        return _days(self, minutes.bits, zone)

    def weekdays(self, wanted: Iterable[int]) -> int:
        """The days that are some weekdays, from Monday, 0, on."""
        return _any(_calendar(self, "weekday"), wanted)

    def numbered(self, wanted: Iterable[int]) -> int:
        """Those that are some days of their month."""
        return _any(_calendar(self, "day"), wanted)

    def months(self, wanted: Iterable[int]) -> int:
        """Those of some months."""
        return _any(_calendar(self, "month"), wanted)

    def listed(self, days: int) -> tuple[date, ...]:
        """The days as dates, in order."""
        return tuple(day for number, day in enumerate(self.dates) if days >> number & 1)

    def clock(self, of: ZoneInfo, zone: ZoneInfo) -> Clock | None:
        """Which days of `zone` are under which clock of the zone `of`; None where it has not two of them, each for a season."""
        return _clock(self, of, zone)

    def changes(self, zones: Sequence[ZoneInfo], zone: ZoneInfo) -> int:
        """The days of `zone` on which the clocks of one of `zones` change."""
        found = 0
        for of in zones:
            found |= _changes(self, of, zone)
        return found


@lru_cache(16)
def _dates(year: Year) -> tuple[date, ...]:
    return tuple(year.first + number * DAY for number in range((year.end - year.first).days))


@lru_cache(64)
def _calendar(year: Year, by: Literal["weekday", "day", "month"]) -> Mapping[int, int]:
    """The days of a year by something of theirs."""
    found: dict[int, int] = {}
    for number, day in enumerate(year.dates):
        key = {"weekday": day.weekday(), "day": day.day, "month": day.month}[by]
        found[key] = found.get(key, 0) | 1 << number
    return found


def _any(days: Mapping[int, int], wanted: Iterable[int]) -> int:
    found = 0
    for one in wanted:
        found |= days.get(one, 0)
    return found


@lru_cache(CACHED)
def _a_day(year: Year, bits: int, zone: ZoneInfo) -> tuple[int, ...]:
    none = bytes(BYTES_A_DAY)
    return tuple(0 if part == none else int.from_bytes(part).bit_count() for part in _by_day(year, bits, zone))


@lru_cache(CACHED)
def _days(year: Year, bits: int, zone: ZoneInfo) -> int:
    none = bytes(BYTES_A_DAY)
    return int("".join(["0" if part == none else "1" for part in _by_day(year, bits, zone)])[::-1], 2)


def _by_day(year: Year, bits: int, zone: ZoneInfo) -> list[bytes]:
    """The minutes of each day, from its midnight on."""
    days = local_days(zone, year.span)
    before = FURTHEST.days + 2  # so many days before the first have minutes in the span, or come before one that has
    found = [b""] * (len(year.dates) + 2 * before)
    for run in days.runs:
        moved = bits >> run.place if run.place >= 0 else bits << -run.place
        length = BYTES_A_DAY * len(run.dates)
        data = (moved & ((1 << 8 * length) - 1)).to_bytes(length, "little")
        first = (run.dates[0] - year.first).days + before
        found[first : first + len(run.dates)] = [data[at : at + BYTES_A_DAY] for at in range(0, length, BYTES_A_DAY)]
    for start, end in days.changing:
        first, length = (start - year.span.start) // MINUTE, (end - start) // MINUTE
        number = (start.astimezone(zone).date() - year.first).days + before
        part = bits >> first & ((1 << length) - 1)
        found[number] = part.to_bytes(max(BYTES_A_DAY, -(-length // 8)), "little") if part else bytes(BYTES_A_DAY)
    return [part or bytes(BYTES_A_DAY) for part in found[before : before + len(year.dates)]]


@lru_cache(CACHED)
def _minutes_of(year: Year, days: int, zone: ZoneInfo) -> int:
    places = [(midnight - year.span.start) // MINUTE for midnight in _midnights(year, zone)]
    bits = 0
    for is_in, run in groupby(range(len(year.dates)), key=lambda number: days >> number & 1):
        numbers = [*run]
        if is_in:
            bits |= (1 << places[numbers[-1] + 1]) - (1 << places[numbers[0]])
    return bits


@lru_cache(64)
def _midnights(year: Year, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Of all of its days, and of the day after them."""
    return tuple(Day(date=day, zone=zone).start for day in (*year.dates, year.end))


@lru_cache(256)
def _offsets(year: Year, of: ZoneInfo, zone: ZoneInfo) -> tuple[frozenset[timedelta], ...]:
    """The offsets of the zone `of` on each of the days of `zone`: two on the day of a change."""
    starts = _midnights(year, zone)
    seen = [
        (start.astimezone(of).utcoffset(), (end - timedelta(seconds=1)).astimezone(of).utcoffset())
        for start, end in pairwise(starts)
    ]
    sets = {pair: frozenset(offset for offset in pair if offset is not None) for pair in set(seen)}
    return tuple(sets[pair] for pair in seen)


@lru_cache(256)
def _changes(year: Year, of: ZoneInfo, zone: ZoneInfo) -> int:
    return sum((len(offsets) > 1) << number for number, offsets in enumerate(_offsets(year, of, zone)))


@lru_cache(256)
def _clock(year: Year, of: ZoneInfo, zone: ZoneInfo) -> Clock | None:
    days: dict[timedelta, int] = {}
    for number, offsets in enumerate(_offsets(year, of, zone)):
        if len(offsets) == 1:
            (offset,) = offsets
            days[offset] = days.get(offset, 0) | 1 << number
    if len(days) != 2 or min(bits.bit_count() for bits in days.values()) < LEAST_SEASON:
        return None
    return Clock(zone=of.key, winter=days[min(days)], summer=days[max(days)])

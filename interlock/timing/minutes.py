"""Days by the clocks of a zone, sets of UTC minutes as bitsets, and the minutes in which a schedule fires.

A bit is a minute of a span, so what two schedules have in common is one `&` of two whole numbers, however often they fire.
The minutes of a schedule come from its fields on days of 24 hours, and from `over_changes.py` around a change of the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from interlock.cron import FIRST_YEAR, LAST_YEAR, Cron
from interlock.seasons import midnight
from interlock.timing.over_changes import day_bits, minutes_over

AT_ONCE, MINUTE, DAY = timedelta(0), timedelta(minutes=1), timedelta(days=1)
BYTES_A_DAY = DAY // MINUTE // 8
CACHED_SPANS = 256
"""A zone and a span each, with their days; what one review needs is the zones of its catalogs times four spans."""
CACHED_FIRES = 1_024
"""Schedules of which a year has 64 KB each: several searches in one catalog ask for the same ones."""
CACHED_DAYS = 1024
"""Days of a schedule in the runs of a zone; a year has three of them."""
CACHED_PARTS = 8192
"""Schedules on days around a change of the clock: a review looks at each in two catalogs, by rules and by collisions."""


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day as the clocks of a zone show it: 24 hours, or 23 or 25 on the day of a change."""

    date: date
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        """The first instant of the day; where a change skips midnight, the instant of the change."""
        return midnight(self.date, self.zone)

    @property
    def end(self) -> datetime:
        """The first instant of the next day; not included."""
        return midnight(self.date + DAY, self.zone)


@dataclass(frozen=True, kw_only=True)
class Span:
    """The minutes from `start` until before `end`: aware instants in UTC, whole minutes, in FIRST_YEAR to LAST_YEAR."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for instant in (self.start, self.end):
            if instant.utcoffset() != timedelta(0):
                raise ValueError(f"{instant.isoformat()} is not in UTC")
            if instant.second or instant.microsecond:
                raise ValueError(f"{instant.isoformat()} is not a whole minute")
            if not FIRST_YEAR <= instant.year <= LAST_YEAR:
                raise ValueError(f"{instant.isoformat()} is not in the years {FIRST_YEAR} to {LAST_YEAR}")
        if self.end < self.start:
            raise ValueError(f"the span ends at {self.end.isoformat()}, before it starts at {self.start.isoformat()}")

    def __len__(self) -> int:
        return (self.end - self.start) // MINUTE

    @cached_property
    def all_bits(self) -> int:
        """A bit for each of its minutes."""
        return (1 << len(self)) - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Minutes:
    """Some of the minutes of a span: bit n is the minute that begins n minutes after its start.

    Sets of different spans don't combine (ValueError): `within` brings one to the other's span first.
    """

    span: Span
    bits: int

    @classmethod
    def of(cls, instants: Iterable[datetime], span: Span) -> Minutes:
        """The minutes of `span` in which the aware `instants` are; those outside of it are left out."""
        places = ((instant - span.start) // MINUTE for instant in instants)
        return cls.at(places, span)

    @classmethod
    def at(cls, places: Iterable[int], span: Span) -> Minutes:
        """The minutes that begin so many minutes after the start of `span`; those outside of it are left out."""
        length = len(span)
        data = bytearray(-(-length // 8))
        for place in places:
            if 0 <= place < length:
                data[place >> 3] |= 1 << (place & 7)
        return cls(span=span, bits=int.from_bytes(data, "little"))

    def __or__(self, other: Minutes) -> Minutes:
        return Minutes(span=self.span, bits=self.bits | self._same_span(other).bits)

    def __and__(self, other: Minutes) -> Minutes:
        return Minutes(span=self.span, bits=self.bits & self._same_span(other).bits)

    def __sub__(self, other: Minutes) -> Minutes:
        return Minutes(span=self.span, bits=self.bits & ~self._same_span(other).bits)

    def __bool__(self) -> bool:
        return self.bits != 0

    def __len__(self) -> int:
        return self.bits.bit_count()

    def __iter__(self) -> Iterator[datetime]:
        return (self.span.start + place * MINUTE for place in self.places())

    def places(self) -> Iterator[int]:
        """In order, how many minutes after the start of the span each minute begins."""
        # Part by part: most of a year's minutes are in parts that have none, and who asks for the first wants no more.
        data, none = self.bits.to_bytes(-(-self.bits.bit_length() // 8), "little"), bytes(BYTES_A_DAY)
        for start in range(0, len(data), BYTES_A_DAY):
            if (part := data[start : start + BYTES_A_DAY]) != none:
                digits = f"{int.from_bytes(part, 'little'):b}"
                last, at = 8 * start + len(digits) - 1, digits.rfind("1")
                while at >= 0:
                    yield last - at
                    at = digits.rfind("1", 0, at)

    def lengthened(self, duration: timedelta) -> Minutes:
        """Every minute that begins within `duration` after one of the set begins, this one included, up to the span's end."""
        return self.around(timedelta(0), max(duration, MINUTE))

    def around(self, earliest: timedelta, end: timedelta) -> Minutes:
        """Every minute of the span that begins at least `earliest` and less than `end` after one of the set begins.

        Either may be negative: before it.
        """
        first, last = -(-earliest // MINUTE), -(-end // MINUTE) - 1
        if last < first:
            return Minutes(span=self.span, bits=0)
        bits, width, wanted = self.bits, 1, last - first + 1
        while width < wanted:
            step = min(width, wanted - width)
            bits |= bits << step
            width += step
        return Minutes(span=self.span, bits=_shifted(bits, first) & self.span.all_bits)

    def delayed(self, duration: timedelta) -> Minutes:
        """The minutes in which what begins `duration` after one of the set begins is; what leaves the span is left out."""
        return Minutes(span=self.span, bits=_shifted(self.bits, duration // MINUTE) & self.span.all_bits)

    def within(self, span: Span) -> Minutes:
        """The same minutes as far as they are in `span`."""
        moved = (self.span.start - span.start) // MINUTE
        return Minutes(span=span, bits=_shifted(self.bits, moved) & span.all_bits)

    def _same_span(self, other: Minutes) -> Minutes:
        if other.span != self.span:
            raise ValueError(f"minutes of {self.span} and of {other.span} don't combine")
        return other


def _shifted(bits: int, places: int) -> int:
    return bits << places if places >= 0 else bits >> -places


@lru_cache(CACHED_FIRES)
def fire_minutes(schedule: Cron, zone: ZoneInfo, span: Span) -> Minutes:
    """The minutes of `span` in which `schedule` fires, evaluated in `zone`: those of its `fires_between`."""
    days = local_days(zone, span)
    pattern, none = day_bits(schedule.times).to_bytes(BYTES_A_DAY, "little"), bytes(BYTES_A_DAY)
    of_day = replace(schedule, text="", times=frozenset(), lines=())
    bits = 0
    for run in days.runs:
        # A day is a whole number of bytes: the days of a run are joined, and shifted once to where the run begins.
        joined = b"".join([pattern if is_on else none for is_on in _fires_on(of_day, run.dates)])
        bits |= _shifted(int.from_bytes(joined, "little"), run.place)
    for start, end in days.changing:
        bits |= _changing(schedule, zone, start, end) << (start - span.start) // MINUTE
    return Minutes(span=span, bits=bits & span.all_bits)


@lru_cache(CACHED_DAYS)
def _fires_on(of_day: Cron, dates: tuple[date, ...]) -> tuple[bool, ...]:
    """On which of some dates a schedule fires that says the day alone: many schedules have their days in common."""
    return tuple(map(of_day.fires_on, dates))


@lru_cache(CACHED_PARTS)
def _changing(schedule: Cron, zone: ZoneInfo, start: datetime, end: datetime) -> int:
    """The minutes in which it fires from `start` until before `end`, around a change of the clock."""
    floor = start.replace(second=0)
    known = minutes_over(schedule, zone, start, end) if start == floor else None
    if known is not None:
        return known
    return sum(1 << (fire - floor) // MINUTE for fire in schedule.fires_between(start, end, zone))


@dataclass(frozen=True, kw_only=True)
class Run:
    """Local days of 24 hours one after another; `place` is how many minutes after the span's start they begin, negative for
    before it."""

    place: int
    dates: tuple[date, ...]


@dataclass(frozen=True, kw_only=True)
class LocalDays:
    """The local days that a span touches, and the parts of it in which their clock is not to be trusted."""

    runs: tuple[Run, ...]
    changing: tuple[tuple[datetime, datetime], ...]
    """Each a day, or what of it is in the span."""


@lru_cache(CACHED_SPANS)
def local_days(zone: ZoneInfo, span: Span) -> LocalDays:
    """The days of `span` in `zone`.

    A day on which the offset changes is set apart, and so is the day after: a time that is skipped just before midnight
    fires at midnight (Nuuk), and cronsim's walk over a change by half an hour (Lord Howe) leaves out fires until 01:00.
    """
    today = span.start.astimezone(zone).date() - DAY  # the first of the span may follow a change
    begins, changing, changed_before = midnight(today, zone), [], False
    runs: list[tuple[int, list[date]]] = []
    follows = False
    while begins < span.end:
        tomorrow = today + DAY
        ends = midnight(tomorrow, zone)
        changed = ends - begins != DAY
        if not (changed or changed_before):
            if not follows:
                runs.append(((begins - span.start) // MINUTE, []))
            runs[-1][1].append(today)
        elif max(begins, span.start) < min(ends, span.end):
            changing.append((max(begins, span.start), min(ends, span.end)))
        follows = not (changed or changed_before)
        today, begins, changed_before = tomorrow, ends, changed
    return LocalDays(runs=tuple(Run(place=place, dates=tuple(dates)) for place, dates in runs), changing=tuple(changing))

"""Seasons: when jobs fire at all. Pure; days are declared in a time zone, both included, and instants are aware UTC.

What a season leaves out it closes. Where a month field says the same of a schedule (`rendered`), the schedule says it, and
nobody has to do anything else. Else the scope `season/<name>` is held while the season is closed: by everybody's own
computation, from the declaration alone, without an object in the bucket.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import chain, pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

from interlock.cron import Cron, CronError, zone
from interlock.groc import DAYS_IN_MONTH

SCOPE_PREFIX = "season/"
Interval = tuple[datetime, datetime]
"""Half-open, aware UTC."""

A_DAY = timedelta(days=1)
ENDLESS = timedelta(days=365)
"""A closing of which nobody knows an end, or a start, is said in pieces of so long: whatever holds has an end."""
YEARS = range(2020, 2070)
"""The years for which a season of every year is written out, for those who can't compute it: Terraform knows no zones. Outside
of them it is closed."""
MONTHS, LEAP_DAY = 12, 29
_YEAR = re.compile(r"(?P<season>.+)-[0-9]{4}")


@dataclass(frozen=True, kw_only=True, order=True)
class MonthDay:
    """A day of every year. 02-29 is the last day of February as an end, and in other years 1 March as a beginning."""

    month: int
    day: int

    def __str__(self) -> str:
        return f"{self.month:02}-{self.day:02}"

    @property
    def is_last(self) -> bool:
        """Whether its month ends with it, in every year."""
        return self.day == (LEAP_DAY if self.month == 2 else DAYS_IN_MONTH[self.month - 1])

    def after(self, year: int) -> date:
        """The first day after it, in that year."""
        return self.begin(year) + (timedelta(0) if self._is_missing(year) else A_DAY)

    def begin(self, year: int) -> date:
        """The day in that year, or the next one that there is."""
        return date(year, 3, 1) if self._is_missing(year) else date(year, self.month, self.day)

    def _is_missing(self, year: int) -> bool:
        return (self.month, self.day) == (2, LEAP_DAY) and not (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))


SeasonDay = date | MonthDay


@dataclass(frozen=True, kw_only=True)
class Season:
    """When it is open: `openings` in order, none of which touches the next; at least one."""

    name: str
    """As its scope names it."""
    openings: tuple[Interval, ...] = field(repr=False)
    months: frozenset[int] = frozenset()
    """The months that it consists of, in every year and `time_zone`; none where it does not consist of months."""
    time_zone: str = ""

    def __hash__(self) -> int:
        return hash((self.name, len(self.openings), self.ends))  # of many openings that would take long

    @property
    def scope(self) -> str:
        """What holds its jobs while it is closed."""
        return f"{SCOPE_PREFIX}{self.name}"

    @property
    def reason(self) -> str:
        """Why they are held, for people."""
        return f"outside of the season {self.name}"

    @property
    def owner(self) -> str:
        """Of the hold: the catalog's declaration."""
        return "the catalog"

    @cached_property
    def _starts(self) -> list[datetime]:
        return [start for start, _ in self.openings]

    def opening(self, at: datetime) -> Interval | None:
        """The opening that `at` is in."""
        place = bisect_right(self._starts, at) - 1
        return self.openings[place] if place >= 0 and at < self.openings[place][1] else None

    def is_open(self, at: datetime) -> bool:
        """Whether its jobs fire at `at`."""
        return self.opening(at) is not None

    def opens_after(self, at: datetime) -> datetime | None:
        """When it opens for the first time at or after `at`; None when nobody has declared that."""
        place = bisect_right(self._starts, at - datetime.resolution)
        return self._starts[place] if place < len(self._starts) else None

    def opens_at(self, at: datetime) -> bool:
        """Whether one of its openings begins at `at`."""
        return self.opens_after(at) == at

    @property
    def ends(self) -> datetime:
        """The end of the last opening that is declared: from then on it stays closed."""
        return self.openings[-1][1]


class Seasonal(Protocol):
    """A job, of the catalog or of a declaration, as far as its fires go."""

    @property
    def schedule(self) -> Cron: ...

    @property
    def time_zone(self) -> str: ...

    @property
    def season(self) -> Season | None: ...


def season_of(entry: str) -> str:
    """The season that an entry called `entry` belongs to: `nba-2026` is one of `nba`."""
    found = _YEAR.fullmatch(entry)
    return found["season"] if found else entry


def midnight(day: date, place: ZoneInfo) -> datetime:
    """The instant at which `day` begins, in UTC: the first of two midnights, or the end of a gap at midnight."""
    return datetime.combine(day, time(), tzinfo=place).astimezone(UTC)


def days(first: SeasonDay, last: SeasonDay, time_zone: str) -> list[Interval]:
    """The openings that an entry declares, from its `first` day until its `last` one, in order."""
    place = zone(time_zone)
    if isinstance(first, date):
        assert isinstance(last, date)  # noqa: S101
        return [(midnight(first, place), midnight(last + A_DAY, place))]
    assert isinstance(last, MonthDay)  # noqa: S101
    over_new_year = 1 if last < first else 0
    every = [(midnight(first.begin(year), place), midnight(last.after(year + over_new_year), place)) for year in YEARS]
    return [(opens, closes) for opens, closes in every if opens < closes]  # 02-29 alone is a day of leap years only


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same time in as few intervals as possible, in order."""
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def whole_months(first: SeasonDay, last: SeasonDay) -> frozenset[int]:
    """The months that a season of every year consists of; none when it begins or ends within one, or is no such season."""
    if not (isinstance(first, MonthDay) and isinstance(last, MonthDay)) or first.day != 1 or not last.is_last:
        return frozenset()
    through = (last.month - first.month) % MONTHS
    return frozenset((first.month - 1 + more) % MONTHS + 1 for more in range(through + 1))


def closings(season: Season, start: datetime, end: datetime) -> Iterator[Interval]:
    """When it is closed, as far as that overlaps [start, end), in order: between its openings, before the first of them and
    after the last one."""
    first, last = season.openings[0][0], season.ends
    for left in range(max(0, -((start - first) // ENDLESS)), 0, -1):
        closed = first - left * ENDLESS
        if closed < end:
            yield closed, closed + ENDLESS
    for (_, closes), (opens, _) in pairwise(season.openings):
        if closes < end and opens > start:
            yield closes, opens
    closed = last + max(0, (start - last) // ENDLESS) * ENDLESS
    while closed < end:
        yield closed, closed + ENDLESS
        closed += ENDLESS


def next_closing(season: Season, after: datetime) -> Interval:
    """The first closing that begins after `after`."""
    for (_, closes), (opens, _) in pairwise(season.openings):
        if closes > after:
            return closes, opens
    return next(
        one for one in closings(season, max(after, season.ends), max(after, season.ends) + 2 * ENDLESS) if one[0] > after
    )


def keeps(season: Season, schedule: Cron, time_zone: str) -> bool:
    """Whether a schedule says by its own months that it fires inside the season only."""
    return bool(season.months) and time_zone == season.time_zone and schedule.is_known and schedule.months <= season.months


def rendered(season: Season, schedule: Cron, time_zone: str) -> Cron:
    """The schedule with a month field that says the season, where that says all; else as it is, and a hold says the rest.

    CronError where the schedule would never fire.
    """
    fields = schedule.text.split()
    if not season.months or time_zone != season.time_zone or not schedule.is_known or len(fields) != 5:
        return schedule
    months = schedule.months & season.months
    if not months:
        raise CronError(f'"{schedule.text}" has none of the months of the season {season.name}, {in_field(season.months)}')
    if months == schedule.months:
        return schedule
    fields[3] = in_field(months)
    return Cron.read(" ".join(fields))


def in_field(months: frozenset[int]) -> str:
    """Months as a field of a schedule, as people would say them: `3-10`, and over the New Year `11-12,1-3`."""
    begins = sorted(month for month in months if (month - 2) % MONTHS + 1 not in months)
    parts = list[str]()
    for begin in begins or [1]:
        length = next((more for more in range(1, MONTHS) if (begin - 1 + more) % MONTHS + 1 not in months), MONTHS)
        last = begin + length - 1
        parts += [_range(begin, min(last, MONTHS)), *([_range(1, last - MONTHS)] if last > MONTHS else [])]
    return ",".join(parts)


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def fires_between(job: Seasonal, start: datetime, end: datetime) -> Iterator[datetime]:
    """The fires of `job` at or after `start` and before `end`, in order, as aware UTC: inside its season only. None where
    nobody knows any; ValueError as of `Cron.fires_between`."""
    place = zone(job.time_zone)
    if job.season is None:
        return job.schedule.fires_between(start, end, place)
    parts = [(max(start, opens), min(end, closes)) for opens, closes in job.season.openings if opens < end and closes > start]
    return chain.from_iterable(job.schedule.fires_between(*part, place) for part in parts)


def next_fire(job: Seasonal, after: datetime) -> datetime | None:
    """The first fire of `job` after `after`, inside its season; None where nobody knows any."""
    place, season = zone(job.time_zone), job.season
    fire = job.schedule.next_fire(after, place)
    while fire is not None and season is not None and not season.is_open(fire):
        opens = season.opens_after(fire)
        fire = None if opens is None else job.schedule.next_fire(opens - datetime.resolution, place)
    return fire


def dated(name: str, openings: Iterable[Interval]) -> Season:
    """A season that is open then."""
    return Season(name=name, openings=merged(openings))


def yearly(name: str, first: MonthDay, last: MonthDay, time_zone: str) -> Season:
    """A season that is open in every year from `first` until `last`, over the New Year if `last` is before it."""
    season = dated(name, days(first, last, time_zone))
    return replace(season, months=whole_months(first, last), time_zone=time_zone)


def is_endless(season: Season) -> bool:
    """Whether it never closes in the years for which it is known."""
    return len(season.openings) == 1 and season.ends - season.openings[0][0] > (len(YEARS) - 1) * ENDLESS

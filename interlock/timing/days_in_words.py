"""Days of a year in words: "on Mondays from March to October", "only on 14 March 2027, when the clock changes". Pure.

The words say those days and no others. Which words fit is tried out, the shortest first: a kind of day (all, some weekdays,
some days of the month) within a period (the whole year, some months, one of a zone's clocks). The
day of a change has both clocks, so "in winter" leaves open whether it is meant; and whatever fits but for days of a change
says which. Else it is from one date to another, or all but that; and days that nothing fits are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

from interlock.names import count
from interlock.timing.minutes import Minutes
from interlock.timing.year import Clock, Year

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
ORDINALS = ("first", "second", "third", "fourth")
ALWAYS = "every day"
DATES = 3
"""So many days or fewer are named one by one."""
EXCEPTIONS = 2
"""So many days of a change at most are excepted."""
SHORTEST_MONTH = 28
RUNS = 2
"""So many times from one date to another at most are said."""
NUMBERS = 4
"""So many days of the month at most are named one by one."""
SAID = 4096
"""Days whose words are kept: most collisions of a catalog share theirs with others."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """Days in words."""

    text: str
    """To go on with after a verb: `every day`, `on Mondays`, `on 12 days, first 2027-03-02`."""
    weekly: bool = False
    """That they are the same days of every week, while a period lasts that the words name."""
    counted: bool = False
    """That they are only counted."""


@dataclass(frozen=True, kw_only=True)
class Often:
    """How often something begins in a year, and on which days by the clock of a zone."""

    times: int
    days: int
    when: Words
    a_week: int | None
    """How often in each week of its days; None where the weeks differ, or it does not come weekly."""

    def __str__(self) -> str:
        """As `7x a week in winter` or `12 times a year, on the 1st of each month`."""
        said = "" if self.when.counted else self.when.text
        if self.a_week is not None:
            # "every day, but not on ..." goes on as it would alone.
            return f"{self.a_week}x a week{said[len(ALWAYS) :] if said.startswith(ALWAYS) else f' {said}'}"
        if self.times == self.days <= DATES:
            return self.when.text
        return f"{count(self.times, 'time')} a year{f', {said}' if said else ''}"


def often(minutes: Minutes, year: Year, zone: ZoneInfo, clocks: Sequence[ZoneInfo]) -> Often:
    """How often one of `minutes`, a set of the year's span, is on the days of `zone`; `clocks` as in `days_in_words`."""
    return _often(year.a_day(minutes, zone), year, zone, _distinct(zone, clocks))


@lru_cache(SAID)
def _often(counts: tuple[int, ...], year: Year, zone: ZoneInfo, clocks: tuple[ZoneInfo, ...]) -> Often:
    days = sum(1 << number for number, times in enumerate(counts) if times)
    words = _words(days, year, zone, clocks)
    a_week = _a_week(counts, year, year.changes(clocks, zone)) if words.weekly else None
    return Often(times=sum(counts), days=days.bit_count(), when=words, a_week=a_week)


def _a_week(counts: Sequence[int], year: Year, changing: int) -> int | None:
    """The times of a week; None where a weekday has more of them in one week than in another, changes of the clock aside."""
    seen: dict[int, set[int]] = {}
    for number, times in enumerate(counts):
        if times and not changing >> number & 1:
            seen.setdefault(year.dates[number].weekday(), set()).add(times)
    return sum(map(max, seen.values())) if all(len(times) == 1 for times in seen.values()) else None


def days_in_words(days: int, year: Year, zone: ZoneInfo, clocks: Sequence[ZoneInfo]) -> Words:
    """The `days` of a year by the clock of `zone`. `clocks` are the zones that may have decided them, as those of the jobs
    that collide."""
    return _words(days, year, zone, _distinct(zone, clocks))


def _distinct(zone: ZoneInfo, clocks: Sequence[ZoneInfo]) -> tuple[ZoneInfo, ...]:
    return (zone, *sorted({*clocks} - {zone}, key=str))


@lru_cache(SAID)
def _words(days: int, year: Year, zone: ZoneInfo, clocks: tuple[ZoneInfo, ...]) -> Words:
    if days == year.all_days:
        return Words(text=ALWAYS, weekly=True)
    listed, changing = year.listed(days), year.changes(clocks, zone)
    if len(listed) <= DATES:
        when = ", when the clock changes" if listed and not days & ~changing else ""
        return Words(text=f"only on {_dates(listed)}{when}" if listed else "on no day")
    kinds, periods = [*_kinds(listed, year)], [*_periods(listed, year, clocks, zone)]
    return next(
        _tries(days, year, changing, kinds, periods), Words(text=f"on {len(listed)} days, first {listed[0]}", counted=True)
    )


def _tries(days: int, year: Year, changing: int, kinds: Sequence[_Kind], periods: Sequence[_Period]) -> Iterator[Words]:
    """What fits, the best first."""
    weekly, numbered = ([kind for kind in kinds if kind.weekly is wanted] for wanted in (True, False))
    yield from _fitting(days, year, 0, weekly, periods)
    yield from _in_runs(days, year, kinds[:1], 1, [True])
    yield from _fitting(days, year, 0, numbered, periods)
    yield from _fitting(days, year, changing, kinds, periods)
    yield from _in_runs(days, year, weekly, RUNS, [True, False])


def _fitting(days: int, year: Year, changing: int, kinds: Sequence[_Kind], periods: Sequence[_Period]) -> Iterator[Words]:
    """The kinds of day within periods that are the days, but for some of those on which the clock is `changing`."""
    for period in periods:
        for kind in kinds:
            left_out = kind.days & period.least & ~days
            if not (days & ~(kind.days & period.most) or left_out & ~changing or left_out.bit_count() > EXCEPTIONS):
                but = f", but not on {_dates(year.listed(left_out))}, when the clock changes" if left_out else ""
                yield Words(text=f"{_together(kind, period)}{but}", weekly=kind.weekly)


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """A kind of day: all of a year's, and what they are called; nothing for those of every kind."""

    days: int
    text: str
    weekly: bool
    last: int = 0
    """The last day of the month that it names."""
    single: bool = True


@dataclass(frozen=True, kw_only=True)
class _Period:
    """A part of the year: the days that are in it for sure, and those that may be meant too."""

    least: int
    most: int
    text: str
    months: tuple[int, ...] = ()
    """When it is some months and nothing else."""


def _together(kind: _Kind, period: _Period) -> str:
    if kind.weekly:
        return " ".join(filter(None, [kind.text, period.text])) or ALWAYS
    if 0 < len(period.months) <= DATES:
        return f"{kind.text} of {_and([MONTHS[month - 1] for month in period.months])}"
    if kind.last > SHORTEST_MONTH:
        return " ".join(filter(None, [f"{kind.text} of each month that has {'it' if kind.single else 'them'}", period.text]))
    return " ".join(filter(None, [f"{kind.text} of each month", period.text]))


def _kinds(listed: Sequence[date], year: Year) -> Iterator[_Kind]:
    """What the days may have in common: nothing, a weekday, a day of the month, or both as in "the first Monday"."""
    yield _Kind(days=year.all_days, text="", weekly=True)
    weekdays, numbers = sorted({day.weekday() for day in listed}), sorted({day.day for day in listed})
    if len(weekdays) < len(WEEKDAYS):
        found = year.weekdays(weekdays)
        yield _Kind(days=found, text=f"on {_weekdays(weekdays)}", weekly=True)
    yield from _either(listed, weekdays, year)
    places = {(number - 1) // len(WEEKDAYS) for number in numbers}
    if len(weekdays) == len(places) == 1 and max(places) < len(ORDINALS):
        found = year.weekdays(weekdays) & year.numbered(_numbers(max(places)))
        yield _Kind(days=found, text=f"on the {ORDINALS[max(places)]} {WEEKDAYS[weekdays[0]]}", weekly=False)
    in_a_row = numbers == [*range(numbers[0], numbers[-1] + 1)]
    if len(numbers) <= NUMBERS or in_a_row:
        found = year.numbered(numbers)
        row = in_a_row and len(numbers) > 2
        text = f"from the {_th(numbers[0])} to the {_th(numbers[-1])}" if row else f"on the {_and(list(map(_th, numbers)))}"
        yield _Kind(days=found, text=text, weekly=False, last=numbers[-1], single=len(numbers) == 1)


def _numbers(place: int) -> range:
    """The days of the month of the first week of it, the second, ..."""
    return range(place * len(WEEKDAYS) + 1, (place + 1) * len(WEEKDAYS) + 1)


def _either(listed: Sequence[date], weekdays: Sequence[int], year: Year) -> Iterator[_Kind]:
    """Some weekdays and some days of the month, as a schedule with both day fields has them."""
    months, those = {day.month for day in listed}, {*listed}
    missing = {day.weekday() for day in year.dates if day.month in months and day not in those}
    whole = [weekday for weekday in weekdays if weekday not in missing]
    numbers = sorted({day.day for day in listed if day.weekday() in missing})
    if whole and 0 < len(numbers) <= NUMBERS:
        found = year.weekdays(whole) | year.numbered(numbers)
        text = f"on {_weekdays(whole)} and on the {_and([*map(_th, numbers)])}"
        yield _Kind(days=found, text=text, weekly=False, last=numbers[-1], single=len(numbers) == 1)


def _periods(listed: Sequence[date], year: Year, zones: Sequence[ZoneInfo], zone: ZoneInfo) -> Iterator[_Period]:
    """Where the days may lie: anywhere, in some months, or under one of the clocks."""
    yield _Period(least=year.all_days, most=year.all_days, text="")
    months = sorted({day.month for day in listed})
    within, in_months = year.months(months), _months(months)
    if in_months:
        yield _Period(least=within, most=within, text=in_months, months=tuple(months))
    clocks = [clock for of in zones if (clock := year.clock(of, zone)) is not None]
    for clock in clocks:
        whose = f" by the clock of {clock.zone}" if any(_differ(clock, other) for other in clocks) else ""
        for season, least, other in (("winter", clock.winter, clock.summer), ("summer", clock.summer, clock.winter)):
            yield _Period(least=least, most=year.all_days & ~other, text=f"in {season}{whose}")


def _differ(one: Clock, other: Clock) -> bool:
    return bool(one.winter & other.summer or one.summer & other.winter)


def _in_runs(days: int, year: Year, kinds: Sequence[_Kind], most: int, present: Sequence[bool]) -> Iterator[Words]:
    """From which date to which, or all days of a kind but from which to which: in at most so many such times. Said are the days
    or those that are not `present`, whichever makes fewer times."""
    for kind in kinds:
        numbers = (number for number in range(len(year.dates)) if kind.days >> number & 1)
        runs = [(is_in, [year.dates[n] for n in run]) for is_in, run in groupby(numbers, lambda n: bool(days >> n & 1))]
        earliest, latest = runs[0][1][0], runs[-1][1][-1]
        times = Counter(is_in for is_in, _ in runs)
        for wanted in sorted(present, key=times.__getitem__):
            said = [_from_to(run[0], run[-1], earliest, latest) for is_in, run in runs if is_in is wanted]
            if not days & ~kind.days and 0 < len(said) <= most:
                text = f"{kind.text} {_and(said)}".strip() if wanted else f"{kind.text or ALWAYS}, but not {_and(said)}"
                yield Words(text=text, weekly=True)


def _from_to(first: date, last: date, earliest: date, latest: date) -> str:
    if first == last:
        return f"on {_dates([first])}"
    if first == earliest:
        return f"until {_dates([last])}"
    return f"from {_dates([first])} on" if last == latest else f"from {_dates([first])} to {_dates([last])}"


def _months(months: Sequence[int]) -> str:
    """`in March`, `from October to December`, or several such; nothing for all of them."""
    if len(months) == len(MONTHS):
        return ""
    runs = _runs(months, 1, len(MONTHS))
    single = [MONTHS[first - 1] for first, last in runs if first == last]
    longer = [f"from {MONTHS[first - 1]} to {MONTHS[last - 1]}" for first, last in runs if first != last]
    return _and([*([f"in {_and(single)}"] if single else []), *longer])


def _weekdays(weekdays: Sequence[int]) -> str:
    """`Mondays and Thursdays`, or `Mondays to Fridays`."""
    runs = _runs(weekdays, 0, len(WEEKDAYS) - 1)
    if len(runs) == 1 and len(weekdays) > 2:
        return f"{WEEKDAYS[runs[0][0]]}s to {WEEKDAYS[runs[0][1]]}s"
    return _and([f"{WEEKDAYS[weekday]}s" for weekday in weekdays])


def _runs(numbers: Sequence[int], lowest: int, highest: int) -> list[tuple[int, int]]:
    """The first and last of numbers in a row; after the highest comes the lowest."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    if len(runs) > 1 and runs[0][0] == lowest and runs[-1][1] == highest:
        (_, last), (first, _) = runs[0], runs.pop()
        runs[0] = first, last
    return runs


def _dates(dates: Sequence[date]) -> str:
    return _and([f"{day.day} {MONTHS[day.month - 1]} {day.year}" for day in dates])


def _th(number: int) -> str:
    last = number % 10 if number // 10 != 1 else 0
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))

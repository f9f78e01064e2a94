"""Which jobs collide by how far apart they start, whatever the day: what can be said before anybody knows which day. Pure.

How long after a start a table is written is declared, so at which distances two writes meet is plain arithmetic. Schedules
only say which of these distances there can be: those of the minutes of a day, on days that a calendar may or may not bring. So
nothing that happens is missing here, and who knows the starts of a day knows which of it happens then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import combinations
from zoneinfo import ZoneInfo

from interlock.access import Severity
from interlock.catalog import Job
from interlock.cron import zone
from interlock.dates import DAY
from interlock.timing.collisions import CollisionKind, CollisionSearch, at_once
from interlock.timing.distances import MINUTES_A_DAY
from interlock.timing.minutes import MINUTE
from interlock.timing.writes import Use, conflict_of

YEAR = 2026
"""The one whose days say by how much the clocks of two zones differ."""
A_DAY_OF_BITS = (1 << MINUTES_A_DAY) - 1


@dataclass(frozen=True, kw_only=True)
class Apart:
    """Minutes from the start of one job to that of another: from `least` to `most`, both included; perhaps negative."""

    least: int
    most: int


@dataclass(frozen=True, kw_only=True)
class Met:
    """Two jobs that collide over a table whenever the second starts so long after the first."""

    kind: CollisionKind
    subject: str
    """`table/<t>`."""
    jobs: tuple[str, str]
    """Of a table sorted; of an order the producer first."""
    apart: Apart
    severity: Severity
    """Of a table; NONE of an order."""
    why: str


def meetings(search: CollisionSearch) -> Iterator[Met]:
    """Those of a catalog, over each table."""
    for table, users in sorted(search.uses.items()):
        for one, other in combinations(users, 2):
            if found := _at_once(search, table, one, other):
                yield found
        yield from _too_early(search, table)


def meets_itself(search: CollisionSearch, table: str, name: str) -> bool:
    """Whether a job can collide with its own runs over a table, on days that follow each other."""
    job, uses = search.jobs[name], search.uses[table][name]
    for mine in uses:
        for theirs in uses:
            if not conflict_of(mine, theirs):
                continue
            # A run is no other run than itself: of those the next one comes a minute later at the earliest.
            apart = replace(how_far(mine, theirs), least=1) if mine is theirs else how_far(mine, theirs)
            if uses[mine] > 1 or _can_be(job, job, apart):
                return True
    return False


def how_far(mine: Use, theirs: Use) -> Apart:
    """At which distances of two starts one of these writes begins while the other one lasts: none where `least` is more."""
    after = mine.after - theirs.after
    return Apart(least=1 - _up(theirs.lasts - after), most=_up(after + mine.lasts) - 1)


def _at_once(search: CollisionSearch, table: str, one: str, other: str) -> Met | None:
    first, second = search.jobs[one], search.jobs[other]
    met = []
    for mine in search.uses[table][one]:
        for theirs in search.uses[table][other]:
            pair = conflict_of(mine, theirs)
            if pair and (apart := _on_a_day(first, mine, second, theirs)):
                met.append((pair, mine, theirs, apart))
    if not met:
        return None
    pair, mine, theirs, _ = max(met, key=lambda each: each[0].conflict.severity)
    return Met(
        kind=CollisionKind.TABLE,
        subject=f"table/{table}",
        jobs=(one, other),
        apart=Apart(least=min(apart.least for *_, apart in met), most=max(apart.most for *_, apart in met)),
        severity=pair.conflict.severity,
        why=at_once((one, mine), (other, theirs), pair),
    )


def _too_early(search: CollisionSearch, table: str) -> Iterator[Met]:
    ends = {job: max(use.end for use in uses) for job, uses in search.uses[table].items()}
    for consumer in search.feeding.consumers.get(table, ()):
        if consumer not in search.jobs:
            continue
        for producer, end in ends.items():
            apart = Apart(least=0, most=_up(max(search.leads[consumer], end)) - 1)
            if producer == consumer or apart.most < 0 or not search.feeding.feeds(producer, consumer):
                continue
            jobs = search.jobs[producer], search.jobs[consumer]
            if _can_be(*jobs, apart):
                yield Met(
                    kind=CollisionKind.ORDER,
                    subject=f"table/{table}",
                    jobs=(producer, consumer),
                    apart=apart,
                    severity=Severity.NONE,
                    why=search.too_soon(table, producer, consumer, end, _least(*jobs, apart) * MINUTE),
                )


def _on_a_day(one: Job, mine: Use, other: Job, theirs: Use) -> Apart | None:
    """The distances at which they meet, where both name a day those of starts that name the same one; None where the
    schedules can bring none."""
    apart = how_far(mine, theirs)
    if not _can_be(one, other, apart):
        return None
    if mine.day is None or theirs.day is None or mine.day.column != theirs.day.column:
        return apart
    return _of_days(one, other, apart, (mine.day.offset - theirs.day.offset) // DAY)


def _can_be(one: Job, other: Job, apart: Apart) -> bool:
    """Whether one of the distances is there, by the minutes of a day."""
    near = _near(_bits(one.schedule.times), apart.least, apart.most)
    theirs = _bits(other.schedule.times)
    return any(_turned(near, move) & theirs for move in _between(one.time_zone, other.time_zone))


def _least(one: Job, other: Job, apart: Apart) -> int:
    """The least of them that is."""
    return next(place for place in range(apart.least, apart.most + 1) if _can_be(one, other, Apart(least=place, most=place)))


def _of_days(one: Job, other: Job, apart: Apart, days: int) -> Apart | None:
    """The distances from the first to the last that is there, of starts of which the other's is so many days later, each by
    the days of its zone."""
    ours, theirs = _bits(one.schedule.times), _bits(other.schedule.times)
    moves = [move - days * MINUTES_A_DAY for move in _between(one.time_zone, other.time_zone)]
    places = range(apart.least, apart.most + 1)
    found = [place for place in places if any(_moved(ours, place + move) & theirs for move in moves)]
    return Apart(least=found[0], most=found[-1]) if found else None


@lru_cache(4096)
def _near(bits: int, least: int, most: int) -> int:
    """The minutes of a day, whichever, that come from `least` to `most` after some."""
    wanted, width = min(most - least + 1, MINUTES_A_DAY), 1
    if wanted < 1:
        return 0
    while width < wanted:
        step = min(width, wanted - width)
        bits |= _turned(bits, step)
        width += step
    return _turned(bits, least)


@lru_cache(4096)
def _bits(times: frozenset[int]) -> int:
    return sum(1 << time for time in times)


def _turned(bits: int, minutes: int) -> int:
    """Minutes of a day that come so much later, on whichever day that is."""
    minutes %= MINUTES_A_DAY
    return (bits << minutes | bits >> MINUTES_A_DAY - minutes) & A_DAY_OF_BITS


def _moved(bits: int, minutes: int) -> int:
    """The same within the day."""
    return bits << minutes & A_DAY_OF_BITS if minutes >= 0 else bits >> -minutes


@lru_cache(256)
def _between(one: str, other: str) -> tuple[int, ...]:
    """By how many minutes the clocks of the other zone are ahead of those of the one, whenever that is not the same; and what
    a change of either clock does to the distance of two starts around it."""
    ours, theirs = _offsets(zone(one)), _offsets(zone(other))
    found = {(b - a) // MINUTE for a, b in zip(ours, theirs, strict=True)}
    found |= {(b - a) // MINUTE for a, b in zip(ours, theirs[1:], strict=False)}
    found |= {(b - a) // MINUTE for a, b in zip(ours[1:], theirs, strict=False)}
    return tuple(sorted(found))


@lru_cache(256)
def _offsets(of: ZoneInfo) -> tuple[timedelta, ...]:
    """From UTC, at noon of each day of a year."""
    begin = datetime(YEAR, 1, 1, 12, tzinfo=UTC)
    return tuple((begin + day * DAY).astimezone(of).utcoffset() or timedelta(0) for day in range(366))


def _up(duration: timedelta) -> int:
    """In minutes, rounded up."""
    return -(-duration // MINUTE)

"""The day ahead of a board: what starts, what holds whom, and which starts should collide. Pure; half-open intervals."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from interlock.about import Meeting
from interlock.declaration import DeclaredJob
from interlock.holding import Holding
from interlock.seasons import Season, fires_between

TABLE = "table"
"""The kind of a meeting that is about two writes of one table at once."""
Starts = Mapping[str, Sequence[datetime]]


@dataclass(frozen=True, kw_only=True)
class Covered:
    """A time in which a hold, a window or a season keeps jobs from starting, cut to the day ahead."""

    scope: str
    start: datetime
    end: datetime
    begins: bool
    """Whether its beginning is in the day; else it holds already."""
    ends: bool
    """Whether its end is."""
    reason: str


@dataclass(frozen=True, kw_only=True)
class Clash:
    """Two jobs whose starts of the day ahead are expected to collide."""

    kind: str
    jobs: tuple[str, str]
    subjects: tuple[str, ...]
    why: str
    starts: tuple[tuple[str, datetime], ...]
    """Those that take part."""
    at: tuple[datetime, ...]
    """When the later of the two starts, each time."""

    @property
    def is_of_a_table(self) -> bool:
        """Whether both write one table at once."""
        return self.kind == TABLE


def starts(jobs: Iterable[DeclaredJob], now: datetime, end: datetime) -> dict[str, tuple[datetime, ...]]:
    """The starts of each job by its schedule; those that start alike are computed once."""
    known: dict[tuple[str, str, Season | None], tuple[datetime, ...]] = {}
    found = {}
    for job in jobs:
        alike = (job.schedule.text, job.time_zone, job.season)
        if alike not in known:
            known[alike] = tuple(fires_between(job, now, end))
        found[job.name] = known[alike]
    return found


def closings(holding: Holding, now: datetime, end: datetime) -> tuple[list[Covered], dict[str, list[Covered]]]:
    """What holds in the day, by time; and the same by job."""
    found, by_job = list[Covered](), dict[str, list[Covered]]()
    for hold in holding.all_during(now, end):
        start = hold.start or now
        covered = Covered(
            scope=hold.scope,
            start=max(start, now),
            end=min(hold.end, end),
            begins=start > now,
            ends=hold.end < end and not hold.is_open_ended,
            reason=hold.reason or "",
        )
        found.append(covered)
        for job in holding.covered(hold):
            by_job.setdefault(job, []).append(covered)
    for each in (found, *by_job.values()):
        each.sort(key=lambda one: (one.start, one.end, one.scope))
    return found, by_job


def clashes(
    meetings: Iterable[Meeting],
    jobs: Mapping[str, DeclaredJob],
    day: Starts,
    closed: Mapping[str, Sequence[Covered]],
) -> list[Clash]:
    """The meetings that come about in the day: of starts that nothing is known to hold, of jobs that are not paused."""
    free = {
        name: [at for at in day[name] if not any(one.start <= at < one.end for one in closed.get(name, ()))]
        for name, job in jobs.items()
        if not job.paused
    }
    return [clash for meeting in meetings if (clash := _clash(meeting, free))]


def _clash(meeting: Meeting, free: Starts) -> Clash | None:
    first, second = meeting.jobs
    pairs = list(_pairs(free.get(first, ()), free.get(second, ()), meeting.least, meeting.most))
    if not pairs:
        return None
    met = {start for one, other in pairs for start in ((first, one), (second, other))}
    return Clash(
        kind=meeting.kind,
        jobs=meeting.jobs,
        subjects=meeting.subjects,
        why=meeting.why,
        starts=tuple(sorted(met, key=lambda one: (one[1], one[0]))),
        at=tuple(sorted({max(pair) for pair in pairs})),
    )


def _pairs(first: Sequence[datetime], second: Sequence[datetime], least: int, most: int) -> Iterator[tuple[datetime, datetime]]:
    for one in first:
        low = bisect_left(second, one + timedelta(minutes=least))
        for other in second[low : bisect_right(second, one + timedelta(minutes=most))]:
            yield one, other

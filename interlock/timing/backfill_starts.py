"""When to start a backfill, so that what it holds misses the least: every minute of some days, looked at. Pure.

What counts first is what nobody can fetch later, then the runs of jobs that start once a day, as a day passes until the next
one. Of jobs that start all the time some runs are missed whenever it is, so that these don't count one by one, but the jobs do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from operator import add

from interlock.catalog import Catalog, Job
from interlock.graph import chains, scopes
from interlock.seasons import Interval
from interlock.timing.minutes import DAY, MINUTE, Minutes, Span
from interlock.timing.season_minutes import job_minutes
from interlock.timing.writes import DEFAULT_EXPECT
from interlock.windows import openings

APART = 60
"""Minutes between two starts that are worth to be told both."""


@dataclass(frozen=True, order=True)
class Lost:
    """What a backfill costs that is started at a minute; less comes first."""

    unrecoverable: int
    """Runs that nobody can fetch later."""
    once_a_day: int
    """Runs of jobs that start once a day or less often."""
    jobs: int
    """Jobs that miss a run at all."""
    in_flight: int
    """Runs that may be under way when it starts: a hold does not stop these."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """A minute to start at, and how many after it are as good, this one included."""

    at: datetime
    minutes: int
    lost: Lost


class BackfillStarts:
    """What each start of a backfill would cost, from `first` on for so long; it is expected to last as the catalog says. A run
    that a window holds anyway is not missed for it."""

    def __init__(self, catalog: Catalog, name: str, first: datetime, horizon: timedelta) -> None:
        backfill = catalog.backfills[name]
        start = first.astimezone(UTC).replace(second=0, microsecond=0)
        self.first = start if start == first else start + MINUTE
        self.lasts = backfill.expect
        self._number = horizon // MINUTE
        self._length = -(-backfill.expect // MINUTE)
        covered = scopes(catalog)[f"backfill/{name}"]
        jobs = [job for job in (catalog.jobs[one] for one in covered) if job.paused is None and job.schedule.is_known]
        busy = {job.name: _busy(catalog, job) for job in jobs}
        before = max(busy.values(), default=timedelta(0)) // MINUTE + 1
        self._span = Span(start=self.first - before * MINUTE, end=self.first + (self._number + self._length) * MINUTE)
        self._before = before
        self._closed = _closed(catalog, {job.name for job in jobs}, self._span)
        fires = {job.name: self._fires(job) for job in jobs}
        self._costs = self._count(jobs, fires, busy)
        self.windows = tuple(sorted({scope for closed in self._closed.values() for scope, _ in closed}))
        """What holds some of its jobs meanwhile, by scope."""

    @property
    def costs(self) -> list[Lost]:
        """Of each minute, in order."""
        return self._costs

    def at(self, instant: datetime) -> Lost:
        """Of one minute."""
        return self._costs[(instant - self.first) // MINUTE]

    def outside_windows(self) -> list[bool]:
        """Of each minute, whether no window that holds one of its jobs is open then."""
        found = [True] * self._number
        for closed in self._closed.values():
            for _, (start, end) in closed:
                for place in range(
                    max(0, -((self.first - start) // MINUTE)), min(self._number, -((self.first - end) // MINUTE))
                ):
                    found[place] = False
        return found

    def best(self, allowed: Collection[bool] | None = None, *, worst: bool = False, most: int = 1) -> list[Start]:
        """The best starts, or the worst: an hour apart, of equal ones the earliest, and minutes in a row as one. Only where
        `allowed`."""
        marks = list(allowed) if allowed is not None else [True] * self._number
        runs: list[tuple[Lost, int, int]] = []
        for place, (cost, may) in enumerate(zip(self._costs, marks, strict=True)):
            if not may:
                continue
            if runs and runs[-1][0] == cost and sum(runs[-1][1:]) == place:
                runs[-1] = cost, runs[-1][1], runs[-1][2] + 1
            else:
                runs.append((cost, place, 1))
        chosen: list[tuple[Lost, int, int]] = []
        for run in sorted(runs, key=lambda run: (_negative(run[0]) if worst else run[0], run[1])):
            if all(abs(run[1] - other) >= APART for _, other, _ in chosen):
                chosen.append(run)
            if len(chosen) == most:
                break
        return [Start(at=self.first + place * MINUTE, minutes=number, lost=cost) for cost, place, number in chosen]

    def _fires(self, job: Job) -> Minutes:
        """The starts of a job that a backfill would keep it from."""
        bits = job_minutes(job, self._span).bits
        for _, (start, end) in self._closed.get(job.name, ()):
            first, last = max(start, self._span.start), min(end, self._span.end)
            if first < last:
                begin = -((self._span.start - first) // MINUTE)
                bits &= ~(((1 << -((self._span.start - last) // MINUTE) - begin) - 1) << begin)
        return Minutes(span=self._span, bits=bits)

    def _count(self, jobs: Collection[Job], fires: Mapping[str, Minutes], busy: Mapping[str, timedelta]) -> list[Lost]:
        missed = self._within(fires[job.name] for job in jobs if not job.recoverable)
        daily = self._within(fires[job.name] for job in jobs if len(job.schedule.times) <= 1)
        held = self._sum(fires[job.name].around(-(self._length - 1) * MINUTE, MINUTE) for job in jobs)
        under_way = self._under_way(fires, busy)
        counts = zip(missed, daily, held, under_way, strict=True)
        known: dict[tuple[int, int, int, int], Lost] = {}
        return [known.get(count) or known.setdefault(count, Lost(*count)) for count in counts]

    def _within(self, several: Iterable[Minutes]) -> list[int]:
        """By start, how many of the fires are within the time that the backfill takes."""
        sums = [0, *accumulate(_per_minute(several, len(self._span)))]
        first = self._before
        return [sums[place + self._length] - sums[place] for place in range(first, first + self._number)]

    def _sum(self, several: Iterable[Minutes]) -> list[int]:
        """By start, in how many of the sets it is."""
        return _per_minute(several, len(self._span))[self._before : self._before + self._number]

    def _under_way(self, fires: Mapping[str, Minutes], busy: Mapping[str, timedelta]) -> list[int]:
        """By start, how many runs began before it and are expected to last until after it."""
        changes = [0] * (len(self._span) + 2)
        for name, minutes in fires.items():
            lasting = -(-busy[name] // MINUTE)
            for place in minutes.places():
                if lasting > 1:
                    changes[place + 1] += 1
                    changes[min(place + lasting, len(self._span) + 1)] -= 1
        return list(accumulate(changes))[self._before : self._before + self._number]


def _busy(catalog: Catalog, job: Job) -> timedelta:
    """How long the longest of the chains that a job starts is expected to take."""
    ways = {chain.processors for chain in chains(catalog)[job.name] if not chain.decided}
    sums = (sum((catalog.processors[name].expect or DEFAULT_EXPECT for name in way), timedelta(0)) for way in ways)
    return min(max(sums, default=job.deadline or timedelta(0)), DAY)


def _closed(catalog: Catalog, jobs: Collection[str], span: Span) -> dict[str, list[tuple[str, Interval]]]:
    """By job, the windows that hold it, with from and until when."""
    found: dict[str, list[tuple[str, Interval]]] = {}
    for name, window in catalog.windows.items():
        held = [job for job in scopes(catalog)[f"window/{name}"] if job in jobs]
        for opening in openings(window, span.start, span.end) if held else ():
            for job in held:
                found.setdefault(job, []).append((opening.scope, (opening.start, opening.end)))
    return found


_DIGITS = bytes.maketrans(b"01", b"\x00\x01")


def _per_minute(several: Iterable[Minutes], length: int) -> list[int]:
    """Of each minute of a span, in how many of some sets it is."""
    total = [0] * length
    for minutes in several:
        if minutes.bits:
            digits = f"{minutes.bits:0{length}b}"[::-1].encode().translate(_DIGITS)
            total = list(map(add, total, digits))
    return total


def _negative(lost: Lost) -> Lost:
    return Lost(-lost.unrecoverable, -lost.once_a_day, -lost.jobs, -lost.in_flight)

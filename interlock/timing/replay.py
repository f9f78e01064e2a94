"""A night, played again on simulated time: what a catalog's starts and the rewrites beside them do to each other. Pure.

Chance decides what `risk.py` gives chances for: whether a start writes, when its runs end, and which day they mean. A seed has
always the same night. What a run does to a table is settled as BigQuery does (`bigquery.py`); what waits for a hold, as the
coordinator does: the last missed run of each job is made up for once nothing holds it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from interlock.access import WRITES, Kind
from interlock.catalog import DEFAULT_STARTS_PER_MINUTE, Catalog, Job
from interlock.cron import zone
from interlock.graph import chains, scopes
from interlock.timing.bigquery import ONCE, PAST, UNKNOWN, Failure, Partition, Retry, Settled, Statement, settle
from interlock.timing.chance import SHARE_OF_MEAN
from interlock.timing.fires import Fires
from interlock.timing.minutes import DAY, Span
from interlock.timing.risk import DML, Write, active, write_of

MINUTE = 60
"""Seconds."""
SHORTEST = 0.2
"""Of how long statements take on average."""


@dataclass(frozen=True, kw_only=True)
class Rewrite:
    """A backfill as it was run: a date of the past after the other, evenly."""

    backfill: str
    start: datetime
    dates: int
    dates_a_minute: float

    @property
    def end(self) -> datetime:
        """When it has them all, unless it waits; not included."""
        return self.start + timedelta(minutes=self.dates / self.dates_a_minute)


@dataclass(frozen=True, kw_only=True)
class Night:
    """What is played: the minutes of `span`, and the tables that are looked at."""

    span: Span
    rewrites: tuple[Rewrite, ...]
    tables: tuple[str, ...]
    comes_a_day: Mapping[str, float]
    """By table, as somebody counted, how often in a day there is something to write, whichever job finds it."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.span.end - self.span.start).total_seconds()

    def after(self, instant: datetime) -> float:
        """Seconds from its start."""
        return (instant - self.span.start).total_seconds()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is done about the night: which minutes jobs start at, whether the backfills hold them, and who tries again."""

    name: str
    catalog: Catalog
    holds: bool = False
    retry: Retry = ONCE


class Met(StrEnum):
    """Whom a statement met that failed."""

    ITSELF = "another run of the same start"
    JOB = "a run of another start"
    REWRITE = "a backfill"
    QUEUE = "a full queue"


@dataclass(frozen=True, kw_only=True)
class Played:
    """One night. Times are seconds after its start."""

    conflicts: tuple[tuple[float, Met], ...]
    """What reached the code, of a live run or of a rewrite, each try counted: when, and whom it met."""
    reruns: int
    """How often BigQuery ran a statement again by itself."""
    lost: int
    """Runs, and dates of rewrites, whose write is not in the table in the end."""
    oldest: Mapping[str, float]
    """By table, the longest time without a commit of a live run."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """Starts of jobs that write the tables."""

    starts: int
    """That a hold keeps from happening."""
    made_up_for: int
    """Jobs of which one run follows."""
    for_good: int
    """Of the starts, those of jobs whose missed runs nobody can fetch later."""


@dataclass(frozen=True, kw_only=True)
class _Way:
    """How the starts of a job write one of the tables."""

    table: str
    write: Write
    share: float
    """Of its starts."""
    processors: tuple[str, ...]

    def more(self, factor: float) -> _Way:
        """The same, so much more often; at most each time."""
        return replace(self, share=min(1.0, self.share * factor))


@dataclass(frozen=True, kw_only=True)
class _Job:
    """A job of the night. Fires are seconds after its start, `days` the numbers of their days by the job's clocks."""

    fires: tuple[int, ...]
    days: tuple[int, ...]
    held: tuple[int | None, ...]
    """By fire, which of its holds holds it."""
    made_up_for: Mapping[int, tuple[float, int]]
    """By hold, when the last run that it missed is made up for, and on which day."""
    recoverable: bool
    ways: tuple[_Way, ...]


class Replay:
    """A night under a plan: what chance does not decide is found once."""

    def __init__(self, night: Night, plan: Plan) -> None:
        self.night, self.plan = night, plan
        self._jobs = [*self._jobs_of(plan.catalog)]
        self._rewrites = [*_rewritten(night, plan.catalog)]

    @property
    def held(self) -> Held:
        """What the holds keep from happening, whatever chance does."""
        return Held(
            starts=sum(_missed(job) for job in self._jobs),
            made_up_for=sum(len(job.made_up_for) for job in self._jobs),
            for_good=sum(_missed(job) for job in self._jobs if not job.recoverable),
        )

    def play(self, seed: int) -> Played:
        """The night of a seed."""
        rng = random.Random(seed)  # noqa: S311 (no secret)
        written: dict[str, list[Statement]] = {table: [] for table in self.night.tables}
        start = 0
        for job in self._jobs:
            missed: dict[int, float] = {}
            for fire, day, hold in zip(job.fires, job.days, job.held, strict=True):
                drawn = rng.random()
                if hold is not None:
                    missed[hold] = min(missed.get(hold, 1.0), drawn)
                else:
                    start += 1
                    _start(written, job.ways, fire, day, drawn, rng, start)
            for hold, (at, day) in job.made_up_for.items():  # it finds what any of the missed runs would have found
                start += 1
                _start(written, job.ways, at, day, missed[hold], rng, start)
        for one in self._rewrites:
            written[one.table] += one.statements(self.night.seconds, rng)
        settled = {table: settle(several, self.plan.retry, rng) for table, several in written.items()}
        return Played(
            conflicts=tuple(sorted((it.at, _met(it)) for one in settled.values() for it in one.failures)),
            reruns=sum(one.reruns for one in settled.values()),
            lost=sum(len({*one.lost}) for one in settled.values()),
            oldest={table: oldest(one, self.night.seconds) for table, one in settled.items()},
        )

    def _jobs_of(self, catalog: Catalog) -> Iterator[_Job]:
        """Those that write one of the tables; who is paused by declaration does not."""
        holds, minutes = _holds(self.night, self.plan), Fires(self.night.span)
        jobs = {name: job for name, job in sorted(catalog.jobs.items()) if job.paused is None and job.schedule.is_known}
        fires = {name: tuple(MINUTE * place for place in minutes.of(job).places()) for name, job in jobs.items()}
        ways = {name: (*_ways(catalog, job, self.night.tables),) for name, job in jobs.items()}
        again = _made_up_for(jobs, fires, holds)
        for name, several in _as_counted(self.night, catalog, ways, fires).items():
            if several:
                yield _Job(
                    fires=fires[name],
                    days=tuple(self._day(jobs[name], at) for at in fires[name]),
                    held=tuple(_hold_of(at, holds.get(name, ())) for at in fires[name]),
                    made_up_for={hold: (at, self._day(jobs[name], at)) for hold, at in again.get(name, {}).items()},
                    recoverable=jobs[name].recoverable,
                    ways=several,
                )

    def _day(self, job: Job, seconds: float) -> int:
        at = self.night.span.start + timedelta(seconds=seconds)
        return at.astimezone(zone(job.time_zone)).toordinal()


def _missed(job: _Job) -> int:
    return sum(hold is not None for hold in job.held)


def _met(failure: Failure) -> Met:
    one, by = failure.statement, failure.by
    if by is None:
        return Met.QUEUE
    if one.rewrite or by.rewrite:
        return Met.REWRITE
    return Met.ITSELF if one.start == by.start else Met.JOB


def oldest(settled: Settled, lasts: float) -> float:
    """The longest time without a commit of a live run, in a night of `lasts` seconds; a table counts as fresh at its start."""
    times = [at for at, one in settled.commits if not one.rewrite and 0.0 <= at < lasts]
    return max(later - at for at, later in zip([0.0, *times], [*times, lasts], strict=True))


def _ways(catalog: Catalog, job: Job, tables: Collection[str]) -> Iterator[_Way]:
    """How a job writes these tables. What it only decides of, another one writes."""
    for chain in chains(catalog)[job.name]:
        if chain.table in tables and chain.access & WRITES and not chain.decided:
            yield _Way(table=chain.table, write=write_of(catalog, chain), share=active(job), processors=chain.processors)


def _as_counted(
    night: Night, catalog: Catalog, ways: Mapping[str, Sequence[_Way]], fires: Mapping[str, Sequence[int]]
) -> dict[str, tuple[_Way, ...]]:
    """The same, so that what was counted comes as often: files don't become more by being looked for more often. So does all
    that follows by messages from what writes the table."""
    found = {job: tuple(several) for job, several in ways.items()}
    for table, number in night.comes_a_day.items():
        writers = {name for name, one in catalog.processors.items() if one.tables.get(table, frozenset()) & WRITES}
        to_it = [(job, way) for job, several in found.items() for way in several if way.table == table]
        expected = sum(len(fires[job]) * way.share for job, way in to_it)
        factor = number * (night.seconds / DAY.total_seconds()) / expected if expected else 1.0
        found = {
            job: tuple(way.more(factor) if writers & {*way.processors} else way for way in several)
            for job, several in found.items()
        }
    return found


Holds = Sequence[tuple[float, float]]
"""Apart from each other, in order: seconds after the night's start, the ends not included."""


def _holds(night: Night, plan: Plan) -> dict[str, Holds]:
    """By job, when the backfills of the night hold it."""
    found: dict[str, list[tuple[float, float]]] = {}
    for one in sorted(night.rewrites, key=lambda one: one.start) if plan.holds else ():
        start, end = night.after(one.start), night.after(one.end)
        for job in scopes(plan.catalog)[f"backfill/{one.backfill}"]:
            spans = found.setdefault(job, [])
            if spans and start <= spans[-1][1]:
                spans[-1] = spans[-1][0], max(spans[-1][1], end)
            else:
                spans.append((start, end))
    return {job: tuple(spans) for job, spans in found.items()}


def _hold_of(at: float, holds: Holds) -> int | None:
    return next((number for number, (start, end) in enumerate(holds) if start <= at < end), None)


def _made_up_for(
    jobs: Mapping[str, Job], fires: Mapping[str, Sequence[int]], holds: Mapping[str, Holds]
) -> dict[str, dict[int, float]]:
    """By job and hold, when the last run that it missed is made up for: once it has ended, and a minute has room for its
    service. Who starts by itself until then needs none."""
    found: dict[str, dict[int, float]] = {}
    begun: Counter[tuple[str, int]] = Counter()
    ends = [(end, job, number) for job, spans in holds.items() if job in jobs for number, (_, end) in enumerate(spans)]
    for end, name, number in sorted(ends):
        job, service = jobs[name], jobs[name].target.service
        if job.catch_up == "skip" or all(_hold_of(at, holds[name]) != number for at in fires[name]):
            continue
        minute = -int(-end // MINUTE)
        while begun[service.name, minute] >= (service.starts_per_minute or DEFAULT_STARTS_PER_MINUTE):
            minute += 1
        if any(end <= at <= minute * MINUTE for at in fires[name]):
            continue
        begun[service.name, minute] += 1
        found.setdefault(name, {})[number] = minute * MINUTE
    return found


@dataclass(frozen=True, kw_only=True)
class _Rewritten:
    """A table that a backfill writes: so many dates, from so many seconds after the night's start on, so many seconds apart."""

    table: str
    start: float
    pace: float
    dates: int
    kinds: frozenset[Kind]
    column: str
    lasts: float

    def statements(self, lasts_all: float, rng: random.Random) -> Iterator[Statement]:
        """Those of the night, each somewhere in the time that its date has."""
        for number in range(self.dates):
            begins = self.start + (number + rng.random()) * self.pace
            if 0.0 <= begins < lasts_all:
                partition = Partition(column=self.column, day=PAST - number) if self.column else None
                yield Statement(
                    begins=begins, lasts=_lasts(self.lasts, rng), kinds=self.kinds, partition=partition, rewrite=True
                )


def _rewritten(night: Night, catalog: Catalog) -> Iterator[_Rewritten]:
    """A backfill runs the code that writes the table on other days: it names the partition where all of that does."""
    for one in night.rewrites:
        for table, kinds in sorted(catalog.backfills[one.backfill].tables.items()):
            if kinds & WRITES and table in night.tables:
                writers = [it for it in catalog.processors.values() if it.tables.get(table, frozenset()) & WRITES]
                named = [it.partitions[table].column if table in it.partitions else "" for it in writers]
                yield _Rewritten(
                    table=table,
                    start=night.after(one.start),
                    pace=MINUTE / one.dates_a_minute,
                    dates=one.dates,
                    kinds=kinds & WRITES,
                    column=named[0] if len(set(named)) == 1 else "",
                    lasts=max((it.dml or DML for it in writers), default=DML).total_seconds(),
                )


def _start(
    written: Mapping[str, list[Statement]],
    ways: Iterable[_Way],
    fire: float,
    day: int,
    drawn: float,
    rng: random.Random,
    start: int,
) -> None:
    """What a start brings about: as its runs end by chance, so do they write."""
    for way in ways:
        if drawn >= way.share:
            continue
        write, landing, partition = way.write, way.write.landing, _partition(way.write, day)
        for _ in range(write.runs):
            lasts = _lasts(landing.lasts, rng)
            ends = fire + max(lasts, rng.gauss(landing.mean, landing.spread))
            written[way.table].append(
                Statement(begins=ends - lasts, lasts=lasts, kinds=write.kinds, partition=partition, start=start)
            )


def _lasts(mean: float, rng: random.Random) -> float:
    return mean * max(SHORTEST, rng.gauss(1.0, SHARE_OF_MEAN))


def _partition(write: Write, day: int) -> Partition | None:
    """What a run names that was started on `day`."""
    if not write.column:
        return None
    return Partition(column=write.column, day=UNKNOWN if write.day is None else day + write.day.offset // DAY)

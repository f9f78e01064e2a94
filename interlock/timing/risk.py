"""How many conflicts the schedules of a catalog are expected to bring, as a number that two schedules can be compared by. Pure.

Of two starts a conflict over a table is expected with the chance that both write, times the chance that they change the same
partition, times the chance that their statements meet (`chance.py`), weighted by what comes of it. Expectations add up,
whatever the runs have in common: so the sum over all pairs of starts is a closed form, and exact. What a catalog does not
declare is assumed, and each figure knows how much of it rests on that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from itertools import combinations, combinations_with_replacement
from math import sqrt
from typing import TypeVar

from interlock.access import WRITES, Kind, Severity, is_real, worst_pair
from interlock.catalog import Catalog, Job
from interlock.cron import zone
from interlock.dates import NamedDay, named_day
from interlock.feeds import feeds
from interlock.graph import Chain, chains
from interlock.timing.chance import Landing, meets, not_done
from interlock.timing.distances import Starts, distances
from interlock.timing.fires import Alike, Fires, alike
from interlock.timing.minutes import DAY, MINUTE, Span
from interlock.timing.polling import polls
from interlock.timing.writes import DEFAULT_EXPECT, MAX_LOOKBACK

WEEK = timedelta(days=7)
OFTEN = 4
"""Starts a day up to which each is taken to write. A job that starts more often looks whether there is something to do: of its
starts the share is taken to fall with the root of how many there are, until `active` says what was measured."""
DML = timedelta(seconds=10)
"""Taken of a run's end for the statements that change a table, at most all of it, until `dml` says what was measured."""
UNKNOWN_PARTITION = 0.6
"""Taken for the chance that two runs change the same partition, where both name one and nobody knows which."""
ROUND = 60
"""Minutes."""
MOST_ASSUMED = 0.1
"""Of a figure: beyond that it says nothing by itself, and is shown beside another only."""
ACTIVE, EXPECT, STATEMENTS, PARTITION = "active", "expect", "dml", "named_by"
"""Keys of the catalog that say what is assumed without them."""
DATA_LOSS, REPLACED, IDEMPOTENT, OTHER = 3.0, 2.0, 0.5, 1.0
"""Weights of a conflict: rows are lost and nobody hears of it; a run fails between its DELETE and its load; a run fails that
can be repeated; any other."""


@dataclass(frozen=True, kw_only=True)
class Write:
    """A way in which the starts of a job write a table."""

    landing: Landing
    kinds: frozenset[Kind]
    runs: int
    """At once."""
    column: str
    """Of the partition that it names; empty when it may change any row."""
    day: NamedDay | None
    """The partition, where that is known."""
    idempotent: bool
    assumed: frozenset[str]
    """Keys that nobody wrote."""


@dataclass(frozen=True, kw_only=True)
class Conflicts:
    """What is expected of jobs over a table in a week."""

    jobs: tuple[str, ...]
    """Two, or one with its own runs."""
    table: str
    expected: float
    assumed: float
    """How much of that rests on something that nobody declared."""
    because: frozenset[str]
    """Which keys are missing."""


@dataclass(frozen=True, kw_only=True)
class Early:
    """How often in a week a consumer is expected to start before its producer has written what it reads."""

    producer: str
    consumer: str
    expected: float


@dataclass(frozen=True, kw_only=True)
class Risk:
    """What is expected of a catalog in a week, the worst first."""

    between: tuple[Conflicts, ...]
    """Two jobs. What a minute can change."""
    itself: tuple[Conflicts, ...]
    """A job and its own runs."""
    early: tuple[Early, ...]

    @cached_property
    def total(self) -> float:
        """Conflicts between jobs."""
        return sum(one.expected for one in self.between)

    @cached_property
    def own(self) -> float:
        """Conflicts of jobs with their own runs."""
        return sum(one.expected for one in self.itself)

    @cached_property
    def too_early(self) -> float:
        """Starts of consumers before their producers are done."""
        return sum(one.expected for one in self.early)

    @property
    def assumed(self) -> float:
        """The share of `total` that rests on assumptions."""
        return sum(one.assumed for one in self.between) / self.total if self.total else 0.0

    @property
    def is_known(self) -> bool:
        """Whether the figure says something by itself."""
        return self.assumed <= MOST_ASSUMED

    def by_pair(self) -> dict[tuple[str, ...], float]:
        """Between jobs, the worst first."""
        return _sums((one.jobs, one.expected) for one in self.between)

    def by_table(self) -> dict[str, float]:
        """Between jobs, the worst first."""
        return _sums((one.table, one.expected) for one in self.between)

    def by_job(self) -> dict[str, float]:
        """Between jobs, the worst first; each conflict counts for both."""
        return _sums((job, one.expected) for one in self.between for job in one.jobs)


K = TypeVar("K", str, tuple[str, ...])


def _sums(found: Iterable[tuple[K, float]]) -> dict[K, float]:
    sums: dict[K, float] = {}
    for key, number in found:
        sums[key] = sums.get(key, 0.0) + number
    return dict(sorted(sums.items(), key=lambda one: (-one[1], one[0])))


Way = tuple[Landing, Landing, int | None]
"""How two runs meet: when each lands after its job's start, and by how many days what the one names is moved against what the
other one does; None where it does not matter which day either names."""
Weighted = dict[Way, tuple[float, frozenset[str]]]
"""With what each way weighs for two starts, and which keys are missing that it rests on."""


class RiskSearch:
    """A catalog whose risk is looked for: what does not depend on when is found once. Jobs that are paused by declaration, or
    of which nobody knows when they fire, take no part."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.jobs = {n: job for n, job in sorted(catalog.jobs.items()) if job.paused is None and job.schedule.is_known}
        self._active = {name: active(job) for name, job in self.jobs.items()}
        self._unmeasured = {name for name, job in self.jobs.items() if job.active is None}
        self._writes = _writes(catalog, self.jobs)
        self._written: dict[str, list[str]] = {}
        for table, writers in self._writes.items():
            for job in writers:
                self._written.setdefault(job, []).append(table)
        self._over: dict[tuple[tuple[Write, ...], tuple[Write, ...]], Weighted] = {}

    def over(self, span: Span) -> Risk:
        """What is expected in a week of `span`, on average. It begins at a midnight of UTC and has whole days."""
        starts = Schedule(self.jobs, span)
        between = (one for pair in self.pairs for one in self._between(pair, starts))
        itself = (one for job in self.jobs for one in self._itself(job, starts))
        early = (
            Early(producer=pair[0], consumer=pair[1], expected=expected)
            for pair, way in self.leads.items()
            if (expected := self._active[pair[0]] * starts.early(*pair, way))
        )
        return Risk(
            between=tuple(sorted(between, key=_worst_first)),
            itself=tuple(sorted(itself, key=_worst_first)),
            early=tuple(sorted(early, key=lambda one: (-one.expected, one.producer, one.consumer))),
        )

    @cached_property
    def pairs(self) -> dict[tuple[str, str], dict[str, Weighted]]:
        """The pairs of jobs that conflict, sorted, by table how."""
        found: dict[tuple[str, str], dict[str, Weighted]] = {}
        for table, writers in sorted(self._writes.items()):
            for one, other in combinations(sorted(writers), 2):
                if ways := self._ways(writers[one], writers[other]):
                    found.setdefault((one, other), {})[table] = ways
        return found

    def weights(self, pair: tuple[str, str]) -> dict[Way, float]:
        """How two jobs meet, over all of their tables, and what each way weighs for two of their starts."""
        found: dict[Way, float] = {}
        for ways in self.pairs[pair].values():
            for way, (weight, _) in ways.items():
                found[way] = found.get(way, 0.0) + weight * self._active[pair[0]] * self._active[pair[1]]
        return found

    @cached_property
    def leads(self) -> dict[tuple[str, str], Landing]:
        """By producer and consumer, when the producer has written all that the consumer reads. Who polls waits for nobody."""
        feeding = feeds(self.catalog)
        found: dict[tuple[str, str], Landing] = {}
        for table, consumers in feeding.consumers.items():
            for producer, writes in self._writes.get(table, {}).items():
                landing = max((write.landing for write in writes), key=lambda one: one.mean)
                for consumer in consumers:
                    if consumer in self.jobs and feeding.feeds(producer, consumer) and not polls(self.jobs[consumer].schedule):
                        known = found.get((producer, consumer))
                        found[producer, consumer] = landing if known is None or landing.mean > known.mean else known
        return dict(sorted(found.items()))

    def active(self, job: str) -> float:
        """The share of its starts that write."""
        return self._active[job]

    def _ways(self, ours: tuple[Write, ...], theirs: tuple[Write, ...]) -> Weighted:
        """How the starts of two jobs meet over a table, without whether they write at all."""
        found = self._over.get((ours, theirs))
        if found is None:
            found = self._over[ours, theirs] = {}
            for mine in ours:
                for its in theirs:
                    if weight := weight_of(mine, its):
                        _add(found, (mine.landing, its.landing, _moved(mine, its)), weight, mine, its)
        return found

    def _between(self, pair: tuple[str, str], starts: Schedule) -> Iterator[Conflicts]:
        both = self._active[pair[0]] * self._active[pair[1]]
        for table, ways in self.pairs[pair].items():
            parts = [(both * weight * starts.met(*pair, way), missing) for way, (weight, missing) in ways.items()]
            yield from self._conflicts(pair, table, parts)

    def _itself(self, job: str, starts: Schedule) -> Iterator[Conflicts]:
        """With the runs of its other starts, and with those that one start brings about."""
        share = self._active[job]
        for table in self._written.get(job, ()):
            parts: list[tuple[float, frozenset[str]]] = []
            for mine, its in combinations_with_replacement(self._writes[table][job], 2):
                weight, missing = weight_of(mine, its), mine.assumed | its.assumed | _unnamed(mine, its)
                way = (mine.landing, its.landing, _moved(mine, its))
                at_once = mine.runs - 1 if mine is its else 1
                parts.append((share * weight * at_once * starts.at_once(job, way), missing))
                parts.append((share**2 * weight * starts.again(job, way), missing))
                if mine is not its:
                    turned = (its.landing, mine.landing, way[2])
                    parts.append((share**2 * weight * starts.again(job, turned), missing))
            yield from self._conflicts((job,), table, parts)

    def _conflicts(
        self, jobs: tuple[str, ...], table: str, parts: Collection[tuple[float, frozenset[str]]]
    ) -> Iterator[Conflicts]:
        """Of a sum of parts, each with the keys that are missing; nothing where nothing is expected."""
        unmeasured = frozenset({ACTIVE}) if self._unmeasured.intersection(jobs) else frozenset[str]()
        if expected := sum(number for number, _ in parts):
            assumed = sum(number for number, missing in parts if missing | unmeasured)
            because = unmeasured.union(*(missing for number, missing in parts if number))
            yield Conflicts(jobs=jobs, table=table, expected=expected, assumed=assumed, because=because)


def risk(catalog: Catalog, span: Span) -> Risk:
    """What is expected of the schedules of `catalog` in a week of `span`, on average."""
    return RiskSearch(catalog).over(span)


def active(job: Job) -> float:
    """The share of its starts that write: as measured, or as is assumed."""
    return job.active if job.active is not None else min(1.0, sqrt(OFTEN / max(1, len(job.schedule.times))))


def _worst_first(one: Conflicts) -> tuple[float, tuple[str, ...], str]:
    return -one.expected, one.jobs, one.table


def _writes(catalog: Catalog, jobs: Collection[str]) -> dict[str, dict[str, tuple[Write, ...]]]:
    """By table and job. What a job only decides of, another one writes."""
    found: dict[str, dict[str, list[Write]]] = {}
    for job in jobs:
        for chain in chains(catalog)[job]:
            if chain.access & WRITES and not chain.decided:
                found.setdefault(chain.table, {}).setdefault(job, []).append(write_of(catalog, chain))
    return {table: {job: tuple(several) for job, several in writers.items()} for table, writers in found.items()}


def write_of(catalog: Catalog, chain: Chain) -> Write:
    processors = [catalog.processors[name] for name in chain.processors]
    last = processors[-1]
    expects = [one.expect or DEFAULT_EXPECT for one in processors]
    partition = last.partitions.get(chain.table)
    mean = min(sum(expects, timedelta(0)), MAX_LOOKBACK)
    missing = {EXPECT: any(one.expect is None for one in processors), STATEMENTS: last.dml is None}
    return Write(
        landing=Landing(mean=mean.total_seconds(), lasts=min(last.dml or DML, expects[-1], mean).total_seconds()),
        kinds=chain.access & WRITES,
        runs=max(one.burst for one in processors),
        column=partition.column if partition else "",
        day=named_day(partition, catalog.jobs[chain.job].target.body),
        idempotent=bool(last.idempotent),
        assumed=frozenset(key for key, is_missing in missing.items() if is_missing),
    )


def weight_of(one: Write, other: Write) -> float:
    """What a conflict of two writes weighs, with the chance that they change the same partition; 0 where there is none."""
    worst = _worst(one.kinds, other.kinds)
    if not worst:
        return 0.0
    same = UNKNOWN_PARTITION if _unnamed(one, other) else 1.0
    can_be_repeated = worst == OTHER and one.idempotent and other.idempotent
    return same * (IDEMPOTENT if can_be_repeated else worst)


@lru_cache(1024)
def _worst(a: frozenset[Kind], b: frozenset[Kind]) -> float:
    pair = worst_pair(a, b)
    if pair is None or not is_real(pair.conflict.severity):
        return 0.0
    if pair.conflict.severity is Severity.DATA_LOSS:
        return DATA_LOSS
    return REPLACED if Kind.REPLACE in (pair.first, pair.second) else OTHER


def _moved(one: Write, other: Write) -> int | None:
    """By how many days what the one names is moved against what the other does; None where it may be any."""
    if one.day is None or other.day is None or one.column != other.column:
        return None
    return (one.day.offset - other.day.offset) // DAY


def _unnamed(one: Write, other: Write) -> frozenset[str]:
    """Which key is missing where both name a partition and nobody knows which."""
    is_unknown = bool(one.column) and one.column == other.column and (one.day is None or other.day is None)
    return frozenset({PARTITION}) if is_unknown else frozenset()


def _add(found: Weighted, way: Way, weight: float, mine: Write, its: Write) -> None:
    before, missing = found.get(way, (0.0, frozenset[str]()))
    found[way] = before + weight, missing | mine.assumed | its.assumed | _unnamed(mine, its)


class Schedule:
    """When the jobs of a catalog start in a span, and how often two of them meet in a week of it."""

    def __init__(self, jobs: Mapping[str, Job], span: Span) -> None:
        self._jobs = jobs
        self._fires = Fires(span)
        self._weeks = len(span) * MINUTE / WEEK
        self._starts: dict[tuple[Alike, str], Starts] = {}
        self._apart: dict[tuple[Starts, Starts, int, int, int | None], Mapping[int, int]] = {}

    def apart(self, one: str, other: str, first: int, last: int, moved: int | None) -> Mapping[int, int]:
        """As `distances`, of two jobs; some more on both sides may be among them."""
        ours, theirs = self.starts(one), self.starts(other)
        first, last = first // ROUND * ROUND, -(-last // ROUND) * ROUND  # what is asked for often is the same then
        if (key := (ours, theirs, first, last, moved)) not in self._apart:
            self._apart[key] = distances(ours, theirs, first, last, moved)
        return self._apart[key]

    def a_week(self, number: float) -> float:
        """Of something that is so often in the span."""
        return number / self._weeks

    def met(self, one: str, other: str, way: Way) -> float:
        """How often the runs of a start of each meet in a week."""
        return self._sum(one, other, meets(way[0], way[1]), way[2])

    def again(self, job: str, way: Way) -> float:
        """How often the runs of two starts of a job meet in a week, the second one's in the second way."""
        later = {minutes: chance for minutes, chance in meets(way[0], way[1]).items() if minutes > 0}
        return self._sum(job, job, later, way[2])

    def at_once(self, job: str, way: Way) -> float:
        """How often two runs of one start meet in a week."""
        fires = len(self.starts(job).minutes)
        return self.a_week(fires * meets(way[0], way[1]).get(0, 0.0)) if not way[2] else 0.0

    def early(self, producer: str, consumer: str, landing: Landing) -> float:
        """How often in a week the consumer starts before the producer is done that started before it, or with it."""
        return self._sum(producer, consumer, not_done(landing), None)

    def starts(self, job: str) -> Starts:
        """Of a job."""
        key = (alike(self._jobs[job]), self._jobs[job].time_zone)
        if key not in self._starts:
            self._starts[key] = Starts(minutes=self._fires.of(self._jobs[job]), zone=zone(self._jobs[job].time_zone))
        return self._starts[key]

    def _sum(self, one: str, other: str, chances: Mapping[int, float], moved: int | None) -> float:
        if not chances:
            return 0.0
        apart = self.apart(one, other, min(chances), max(chances), moved)
        return self.a_week(sum(number * chances.get(minutes, 0.0) for minutes, number in apart.items()))

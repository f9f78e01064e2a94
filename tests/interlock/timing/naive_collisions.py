"""Collisions by walking over fires, two jobs at a time: what tests and bench hold `interlock.timing.collisions` against.

It knows nothing of minute sets. Fires come from cronsim, instants are compared as they are, and who feeds whom is asked of
each job by itself.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations

from interlock.access import WRITES, Kind, Severity, is_real, worst
from interlock.catalog import Catalog
from interlock.cron import zone
from interlock.dates import NamedDay, named_day
from interlock.declaration import upstream
from interlock.graph import chains
from interlock.platform_rules import rules_of
from interlock.timing.collisions import CollisionKind
from interlock.timing.minutes import Span

MINUTE = timedelta(minutes=1)
Key = tuple[CollisionKind, str, tuple[str, ...]]
Write = tuple[timedelta, timedelta, frozenset[Kind], NamedDay | None, int]
"""How long after the start of a job it begins and ends, what it does, the day that it names, and how many runs do so."""


@dataclass
class Naive:
    """The walk over one catalog and span; `found` has the times of each collision, and `worst` the severity on tables."""

    catalog: Catalog
    span: Span
    found: dict[Key, set[datetime]] = field(default_factory=dict)
    worst: dict[Key, Severity] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.jobs = sorted(name for name, job in self.catalog.jobs.items() if not job.paused)
        self.fires: dict[str, list[datetime]] = {}
        self.writes: dict[str, dict[str, list[Write]]] = {}
        for name, job_chains in chains(self.catalog).items():
            for chain in job_chains:
                if name in self.jobs and chain.access & WRITES and not chain.decided:
                    processors = [self.catalog.processors[processor] for processor in chain.processors]
                    took = [processor.expect or MINUTE for processor in processors]
                    day = named_day(processors[-1].partitions.get(chain.table), self.catalog.jobs[name].target.body)
                    runs = max(processor.burst for processor in processors)
                    write = (sum(took[:-1], timedelta()), sum(took, timedelta()), chain.access & WRITES, day, runs)
                    self.writes.setdefault(chain.table, {}).setdefault(name, []).append(write)
        ends = [end for writers in self.writes.values() for writes in writers.values() for _, end, *_ in writes]
        gaps = [service.gap for service in self.catalog.services.values() if service.gap]
        self.since = self.span.start - max([*map(self._lead, self.jobs), *gaps, *ends], default=timedelta())

    def find_fires(self) -> None:
        """Looks for the fires of each job, from before the span, since what began then may still be busy in it."""
        for name in self.jobs:
            job = self.catalog.jobs[name]
            self.fires[name] = list(job.schedule.fires_between(self.since, self.span.end, zone(job.time_zone)))

    def walk(self) -> dict[Key, set[datetime]]:
        """Every collision with its times, given the fires."""
        by_service: dict[str, list[str]] = {}
        for name in self.jobs:
            by_service.setdefault(self.catalog.jobs[name].target.service.name, []).append(name)
        for service, names in by_service.items():
            self._budget(service, names)
            self._gap(service, names)
        self._tables()
        self._orders()
        return self.found

    def _budget(self, service: str, names: Sequence[str]) -> None:
        starting: dict[datetime, list[str]] = {}
        for name in names:
            for fire in self.fires[name]:
                starting.setdefault(fire, []).append(name)
        for fire, started in starting.items():
            if len(started) > (self.catalog.services[service].starts_per_minute or 1):
                self._add(CollisionKind.BUDGET, f"service/{service}", started, fire)

    def _gap(self, service: str, names: Sequence[str]) -> None:
        gap = self.catalog.services[service].gap
        if gap is None:
            return
        for one, other in combinations(names, 2):
            for a, b in self._near(one, other, -gap, gap):
                if abs(a - b) < gap:
                    self._add(CollisionKind.GAP, f"service/{service}", (one, other), max(a, b))

    def _tables(self) -> None:
        for table, writers in self.writes.items():
            for one, other in combinations(writers, 2):
                for mine in writers[one]:
                    for theirs in writers[other]:
                        self._meet(table, (one, other), mine, theirs)
            for job, writes in writers.items():
                for mine, theirs in combinations(writes, 2):
                    self._meet(table, (job, job), mine, theirs)
                for write in writes:
                    self._meet(table, (job, job), write, write, same_run=write[-1] > 1)

    def _meet(self, table: str, jobs: tuple[str, str], mine: Write, theirs: Write, *, same_run: bool = True) -> None:
        """Notes when one of two writes begins while the other is under way; of one write also whether a run meets itself."""
        severity = worst(mine[2], theirs[2]).severity
        if not is_real(severity):
            return
        for a, b in self._near(*jobs, mine[0] - theirs[1], mine[1] - theirs[0]):
            meets = a + mine[0] < b + theirs[1] and b + theirs[0] < a + mine[1]
            if meets and (a != b or same_run) and self._may_be_one_day(jobs, a, mine[3], b, theirs[3]):
                names = jobs if jobs[0] != jobs[1] else jobs[:1]
                key = self._add(CollisionKind.TABLE, f"table/{table}", names, max(a + mine[0], b + theirs[0]))
                if key:
                    self.worst[key] = max(severity, self.worst.get(key, severity))

    def _may_be_one_day(
        self, jobs: tuple[str, str], a: datetime, mine: NamedDay | None, b: datetime, theirs: NamedDay | None
    ) -> bool:
        if mine is None or theirs is None or mine.column != theirs.column:
            return True
        days = [
            start.astimezone(zone(self.catalog.jobs[job].time_zone)).date() + day.offset
            for job, start, day in zip(jobs, (a, b), (mine, theirs), strict=True)
        ]
        return days[0] == days[1]

    def _orders(self) -> None:
        waits = self._waits()
        for consumer in self.jobs:
            for producer, tables in waits.get(consumer, {}).items():
                for table in tables:
                    needed = max(self._lead(consumer), *(end for _, end, *_ in self.writes[table][producer]))
                    for p, c in self._near(producer, consumer, timedelta(), needed):
                        if p <= c < p + needed:
                            self._add(CollisionKind.ORDER, f"table/{table}", (producer, consumer), c)

    def _lead(self, consumer: str) -> timedelta:
        return rules_of(self.catalog, self.catalog.jobs[consumer].platform).lead

    def _waits(self) -> Mapping[str, Mapping[str, list[str]]]:
        """By consumer and producer the tables; of all jobs, paused or not, but only producers that run are named."""
        producers: dict[str, set[str]] = {}
        for name, job_chains in chains(self.catalog).items():
            for chain in job_chains:
                if chain.access & WRITES and not chain.decided:
                    producers.setdefault(chain.table, set()).add(name)
        reads = {
            name: {t for p in job.runs for t, kinds in self.catalog.processors[p].tables.items() if Kind.READ in kinds}
            for name, job in self.catalog.jobs.items()
        }
        direct = {name: set().union(*(producers.get(t, set()) for t in reads[name])) - {name} for name in reads}
        every = {name: upstream(name, direct) for name in direct}
        return {
            name: {
                producer: sorted(t for t in reads[name] if producer in producers.get(t, ()))
                for producer in direct[name]
                if name not in every[producer] and producer in self.jobs
            }
            for name in direct
        }

    def _near(self, one: str, other: str, low: timedelta, high: timedelta) -> Iterator[tuple[datetime, datetime]]:
        """The fires of two jobs, two by two, as far as the other's is from `low` before to `high` after the one's."""
        theirs = self.fires[other]
        for fire in self.fires[one]:
            for place in range(bisect_left(theirs, fire + low), len(theirs)):
                if theirs[place] > fire + high:
                    break
                yield fire, theirs[place]

    def _add(self, kind: CollisionKind, subject: str, jobs: Iterable[str], instant: datetime) -> Key | None:
        minute = instant.replace(second=0)
        if not self.span.start <= minute < self.span.end:
            return None
        key = (kind, subject, tuple(jobs))
        self.found.setdefault(key, set()).add(minute)
        return key

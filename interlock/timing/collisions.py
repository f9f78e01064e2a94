"""Collisions: what the schedules of a catalog lead to at the same time, or in the wrong order.

Four kinds, over real time. Jobs of a service collide by its budget of starts in a minute and by its gap. Two jobs collide on
a table when both are expected to write it at once and BigQuery minds. And a consumer collides with its producer when it reads
what is not expected to be there yet.

Everything is a set of minutes (`minutes.py`). What is busy from when to when is known in seconds: `Minutes.around` keeps them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import combinations

from interlock.access import WRITES, Kind, Severity, WorstPair, is_real, worst_pair
from interlock.catalog import DEFAULT_STARTS_PER_MINUTE, Catalog, Service
from interlock.cron import zone
from interlock.feeds import feeds
from interlock.graph import Chain, chains
from interlock.names import count, rounded
from interlock.platform_rules import rules_of
from interlock.timing.minutes import MINUTE, Minutes, Span, fire_minutes

DEFAULT_EXPECT = timedelta(minutes=1)
"""Of a processor of which nobody said how long it takes."""
MAX_LOOKBACK = timedelta(days=7)
"""A write that is expected to begin or to last longer counts as if for so long: what began earlier is not looked for."""
SEASON = timedelta(days=7)
AT_ONCE = timedelta(0)


class CollisionKind(StrEnum):
    """What two or more jobs collide in."""

    BUDGET = "budget"
    """In one minute more jobs of a service start than it takes."""
    GAP = "gap"
    """Two jobs of a service start less than its `gap` apart."""
    TABLE = "table"
    """Two jobs are expected to write a table at once, and that is a real conflict."""
    ORDER = "order"
    """A consumer starts too soon after its producer."""


WORST_FIRST = (CollisionKind.TABLE, CollisionKind.ORDER, CollisionKind.BUDGET, CollisionKind.GAP)
"""What costs most comes first."""


@dataclass(frozen=True, kw_only=True)
class Collision:
    """One kind of collision between the same jobs over the same thing, with all its times."""

    kind: CollisionKind
    subject: str
    """`service/<s>` of a budget or gap, `table/<t>` of the other two."""
    jobs: tuple[str, ...]
    """A budget has all that start in one minute, sorted. A gap or table has two, sorted. An order has its producer first."""
    severity: Severity | None
    """Of a table: the worst of its times. None of the others."""
    why: str
    """One sentence for people."""
    times: Minutes
    """The minutes in which it begins, within the span: when the later of two starts."""


@dataclass(frozen=True, kw_only=True)
class Season:
    """A week to look at, for all weeks with the same clock."""

    name: str
    span: Span


def seasons(at: datetime) -> tuple[Season, Season]:
    """Winter and summer of the year of `at`: the first seven days of January and of July, in UTC.

    Together they have each weekday and the first of a month under both clocks of a zone that changes its own.
    """
    starts = {"winter": datetime(at.year, 1, 1, tzinfo=UTC), "summer": datetime(at.year, 7, 1, tzinfo=UTC)}
    winter, summer = (Season(name=n, span=Span(start=start, end=start + SEASON)) for n, start in starts.items())
    return winter, summer


def collisions(catalog: Catalog, span: Span) -> tuple[Collision, ...]:
    """Every collision that begins in `span`, by kind, subject and jobs. Jobs paused by declaration take no part."""
    return CollisionSearch(catalog).over(span)


class CollisionSearch:
    """A catalog whose collisions are looked for: what does not depend on when is found once for all spans."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.jobs = {name: job for name, job in sorted(catalog.jobs.items()) if job.paused is None}
        self.feeding = feeds(catalog)
        self.uses = self._writes()
        """By table and job, how the job writes the table."""

    def over(self, span: Span) -> tuple[Collision, ...]:
        """As `collisions`."""
        search = _Search(self, span)
        found = [*search.budgets(), *search.gaps(), *search.tables(), *search.orders()]
        kinds = list(CollisionKind)
        return tuple(sorted(found, key=lambda collision: (kinds.index(collision.kind), collision.subject, collision.jobs)))

    def _writes(self) -> dict[str, dict[str, tuple[_Use, ...]]]:
        found: dict[str, dict[str, dict[_Use, None]]] = {}
        for job in self.jobs:
            for chain in chains(self.catalog)[job]:
                if writes := chain.access & WRITES:
                    found.setdefault(chain.table, {}).setdefault(job, {})[self._use(chain, writes)] = None
        return {table: {job: tuple(uses) for job, uses in jobs.items()} for table, jobs in found.items()}

    def _use(self, chain: Chain, writes: frozenset[Kind]) -> _Use:
        *before, last = (self.catalog.processors[name].expect or DEFAULT_EXPECT for name in chain.processors)
        return _Use(after=min(sum(before, AT_ONCE), MAX_LOOKBACK), lasts=min(last, MAX_LOOKBACK), kinds=writes)


@dataclass(frozen=True, kw_only=True)
class _Use:
    """A write of a table by a job: so long after the job's start it begins, so long it is expected to last."""

    after: timedelta
    lasts: timedelta
    kinds: frozenset[Kind]

    @property
    def end(self) -> timedelta:
        return self.after + self.lasts


@dataclass(frozen=True, kw_only=True)
class _User:
    """A job that writes a table, and the minutes in which it may be about it."""

    job: str
    fires: Minutes
    uses: tuple[_Use, ...]
    busy: int


class _Search:
    """A catalog over a span. What began before the span may collide in it, so fires are looked for in a wider one."""

    def __init__(self, known: CollisionSearch, span: Span) -> None:
        self._catalog, self._span = known.catalog, span
        self._jobs, self._uses, self._feeding = known.jobs, known.uses, known.feeding
        gaps = [service.gap for service in self._catalog.services.values() if service.gap is not None]
        ends = [use.end for users in self._uses.values() for uses in users.values() for use in uses]
        self._leads = {name: rules_of(self._catalog, job.platform).lead for name, job in self._jobs.items()}
        before = -(-max([AT_ONCE, *self._leads.values(), *gaps, *ends]) // MINUTE) * MINUTE
        self._wide = Span(start=span.start - before, end=span.end)
        found: dict[tuple[str, str], Minutes] = {}
        for job in self._jobs.values():
            key = (job.schedule.text, job.time_zone)
            if key not in found:
                found[key] = fire_minutes(job.schedule, zone(job.time_zone), self._wide)
        self._fires = {name: found[job.schedule.text, job.time_zone] for name, job in self._jobs.items()}
        self._around: dict[tuple[str, str, timedelta, timedelta], Minutes] = {}

    def budgets(self) -> Iterator[Collision]:
        """Minutes in which more jobs of a service start than it takes."""
        for service, jobs in self._by_service():
            limit = service.starts_per_minute or DEFAULT_STARTS_PER_MINUTE
            fires = {job: self._fires[job].within(self._span) for job in jobs}
            for crowd, times in crowds(fires, limit, self._span).items():
                starts = f"{count(limit, 'start')} a minute"
                assumed = "" if service.starts_per_minute else ", as nobody says how many"
                why = f"{service.name} takes {starts}{assumed}; {len(crowd)} jobs start together"
                yield self._collision(CollisionKind.BUDGET, f"service/{service.name}", crowd, why, times)

    def gaps(self) -> Iterator[Collision]:
        """Pairs of jobs of a service that start less than its gap apart."""
        for service, jobs in self._by_service():
            if service.gap is None:
                continue
            for one, other in combinations(jobs, 2):
                either = [
                    (self._fires[first], (self._fires[then] & self._near(first, AT_ONCE, service.gap)).within(self._span))
                    for first, then in ((one, other), (other, one))
                ]
                if times := either[0][1] | either[1][1]:
                    least = min(_least(first, later) for first, later in either if later)
                    why = f"{service.name} wants {rounded(service.gap)} between two jobs; these start {_apart(least)}"
                    yield self._collision(CollisionKind.GAP, f"service/{service.name}", (one, other), why, times)

    def tables(self) -> Iterator[Collision]:
        """Pairs of jobs that are expected to write a table at once, with a real conflict."""
        for table in sorted(self._uses):
            taken, earlier = 0, list[_User]()
            for user in self._users(table):
                if user.busy & taken:
                    for other in earlier:
                        if user.busy & other.busy and (found := self._meeting(table, other, user)):
                            yield found
                taken |= user.busy
                earlier.append(user)

    def orders(self) -> Iterator[Collision]:
        """Consumers that start too soon after a producer."""
        feeding = self._feeding
        for table, consumers in feeding.consumers.items():
            ends = {job: max(use.end for use in uses) for job, uses in self._uses.get(table, {}).items()}
            early: dict[timedelta, tuple[dict[str, Minutes], int]] = {}
            for consumer in consumers:
                if consumer not in self._jobs:
                    continue
                lead = self._leads[consumer]
                if lead not in early:
                    early[lead] = self._too_early(ends, lead)
                after, too_early = early[lead]
                fires = self._fires[consumer]
                if not fires.bits & too_early:
                    continue
                for producer, minutes in after.items():
                    if not (fires.bits & minutes.bits and feeding.feeds(producer, consumer)):
                        continue
                    if times := (fires & minutes).within(self._span):
                        why = self._too_soon(producer, consumer, ends[producer], times)
                        yield self._collision(CollisionKind.ORDER, f"table/{table}", (producer, consumer), why, times)

    def _too_early(self, ends: Mapping[str, timedelta], lead: timedelta) -> tuple[dict[str, Minutes], int]:
        """After each producer the minutes that are too early for a consumer which wants that lead, and the bits of them all."""
        after = {job: self._near(job, AT_ONCE, max(lead, end)) for job, end in ends.items()}
        bits = 0
        for minutes in after.values():
            bits |= minutes.bits
        return after, bits

    def _too_soon(self, producer: str, consumer: str, end: timedelta, times: Minutes) -> str:
        least = _least(self._fires[producer], times)
        started = "together with" if not least else f"{rounded(least)} after"
        return (
            f"{consumer} starts {started} {producer}, which is expected to write what it reads until "
            f"{rounded(end)} after its start; {rounded(max(self._leads[consumer], end))} should be between the two"
        )

    def _by_service(self) -> Iterator[tuple[Service, list[str]]]:
        """Services with more than one job, by name, with the jobs' names, sorted."""
        jobs: dict[str, list[str]] = {}
        for job in self._jobs.values():
            jobs.setdefault(job.target.service.name, []).append(job.name)
        return ((self._catalog.services[name], names) for name, names in sorted(jobs.items()) if len(names) > 1)

    def _users(self, table: str) -> Iterator[_User]:
        for job, uses in self._uses[table].items():
            busy = 0
            for use in uses:
                # In the minute in which it begins it is busy, though it may begin late in that minute.
                busy |= self._near(job, use.after // MINUTE * MINUTE, use.end).bits
            yield _User(job=job, fires=self._fires[job], uses=uses, busy=busy)

    def _near(self, job: str, earliest: timedelta, end: timedelta) -> Minutes:
        """`Minutes.around` of the job's fires; jobs with the same schedule share it."""
        key = (self._jobs[job].schedule.text, self._jobs[job].time_zone, earliest, end)
        if key not in self._around:
            self._around[key] = self._fires[job].around(earliest, end)
        return self._around[key]

    def _meeting(self, table: str, one: _User, other: _User) -> Collision | None:
        """The collision of two jobs on a table: when one begins to write it while the other one does."""
        worst: tuple[WorstPair, _Use, _Use] | None = None
        times = Minutes(span=self._span, bits=0)
        for mine in one.uses:
            for theirs in other.uses:
                pair = _conflict(mine.kinds, theirs.kinds)
                if pair is None:
                    continue
                apart = mine.after - theirs.after
                they_begin = other.fires & self._near(one.job, apart, apart + mine.lasts)
                i_begin = one.fires & self._near(other.job, -apart, theirs.lasts - apart)
                met = (they_begin.delayed(theirs.after) | i_begin.delayed(mine.after)).within(self._span)
                times |= met
                if met and (worst is None or pair.conflict.severity > worst[0].conflict.severity):
                    worst = pair, mine, theirs
        if worst is None:
            return None
        pair, mine, theirs = worst
        why = (
            f"{one.job} ({pair.first} for {rounded(mine.lasts)}) and {other.job} "
            f"({pair.second} for {rounded(theirs.lasts)}) write it at once: {pair.conflict.why}"
        )
        return Collision(
            kind=CollisionKind.TABLE,
            subject=f"table/{table}",
            jobs=(one.job, other.job),
            severity=pair.conflict.severity,
            why=why,
            times=times,
        )

    @staticmethod
    def _collision(kind: CollisionKind, subject: str, jobs: tuple[str, ...], why: str, times: Minutes) -> Collision:
        return Collision(kind=kind, subject=subject, jobs=jobs, severity=None, why=why, times=times)


@lru_cache(1024)
def _conflict(a: frozenset[Kind], b: frozenset[Kind]) -> WorstPair | None:
    """The worst real conflict of two writers, or None."""
    pair = worst_pair(a, b)
    return pair if pair is not None and is_real(pair.conflict.severity) else None


def _least(first: Minutes, later: Minutes) -> timedelta:
    """The shortest time from one of `first` to one of `later`, a set in a narrower span; there must be one."""
    found, distance = later.within(first.span).bits, 0
    while not first.bits << distance & found:
        distance += 1
    return distance * MINUTE


def _apart(distance: timedelta) -> str:
    return f"{rounded(distance)} apart" if distance else "together"


def crowds(fires: Mapping[str, Minutes], limit: int, span: Span) -> dict[tuple[str, ...], Minutes]:
    """The minutes of `span` in which more than `limit` of the jobs fire, by the jobs that do, in the order of `fires`."""
    if len(fires) <= limit:
        return {}
    more_than = [0] * (limit + 1)  # [n]: the minutes in which more than n of the jobs so far fire
    for minutes in fires.values():
        for n in range(limit, 0, -1):
            more_than[n] |= more_than[n - 1] & minutes.bits
        more_than[0] |= minutes.bits
    split: dict[tuple[str, ...], int] = {(): more_than[limit]}
    for job, minutes in fires.items():
        finer: dict[tuple[str, ...], int] = {}
        for jobs, bits in split.items():
            inside = bits & minutes.bits
            finer |= {crowd: part for crowd, part in ((jobs, bits ^ inside), ((*jobs, job), inside)) if part}
        split = finer
    return {jobs: Minutes(span=span, bits=bits) for jobs, bits in split.items()}

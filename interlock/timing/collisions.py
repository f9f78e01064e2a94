"""Collisions: what the schedules of a catalog lead to at the same time, or in the wrong order.

Four kinds, over real time. Jobs of a service collide by its budget of starts in a minute and by its gap. Two jobs, or two
runs of one, collide on a table when both are expected to write it at once and BigQuery minds. And a consumer collides with its
producer when it reads what is not expected to be there yet.

Everything is a set of minutes (`minutes.py`), of a day or of a year: a year of a schedule is 64 KB, so nothing is sampled. What
is busy from when to when is known in seconds: `Minutes.around` keeps them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cached_property, reduce
from itertools import combinations, combinations_with_replacement
from operator import or_
from zoneinfo import ZoneInfo

from interlock.access import Kind, Severity, WorstPair
from interlock.catalog import DEFAULT_STARTS_PER_MINUTE, Catalog, Service
from interlock.cron import zone
from interlock.feeds import feeds
from interlock.names import count, rounded
from interlock.platform_rules import rules_of
from interlock.timing.crowds import crowds
from interlock.timing.fires import Fires, alike
from interlock.timing.minutes import AT_ONCE, MINUTE, Minutes, Span
from interlock.timing.named_days import Starts, by_same_day
from interlock.timing.writes import Use, Uses, conflict_of, writes


class CollisionKind(StrEnum):
    """What two or more jobs collide in."""

    BUDGET = "budget"
    """In one minute more jobs of a service start than it takes."""
    GAP = "gap"
    """Two jobs of a service start less than its `gap` apart."""
    TABLE = "table"
    """Two jobs, or two runs of one, are expected to write a table at once, and that is a real conflict."""
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
    """A budget has all that start in one minute, sorted. A gap has two, sorted, and so has a table, or the one that collides
    with its own runs. An order has its producer first."""
    severity: Severity | None
    """Of a table: the worst of its times. None of the others."""
    why: str
    """One sentence for people."""
    times: Minutes
    """The minutes in which it begins, within the span: when the later of two starts."""


def collisions(catalog: Catalog, span: Span) -> tuple[Collision, ...]:
    """Every collision that begins in `span`, by kind, subject and jobs. Jobs paused by declaration take no part."""
    return CollisionSearch(catalog).over(span)


def differing(
    before: CollisionSearch, after: CollisionSearch, span: Span
) -> tuple[tuple[Collision, ...], tuple[Collision, ...]]:
    """The collisions of two catalogs that begin in `span`, as `collisions`, over those subjects where they may differ."""
    old, new = before.decided_by(), after.decided_by()
    subjects = {subject for subject in old.keys() | new.keys() if old.get(subject) != new.get(subject)}
    fires = Fires(Span(start=span.start - max(before.lookback, after.lookback), end=span.end))
    return before.over(span, fires, subjects), after.over(span, fires, subjects)


class CollisionSearch:
    """A catalog whose collisions are looked for: what does not depend on when is found once for all spans."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.jobs = {name: job for name, job in sorted(catalog.jobs.items()) if job.paused is None}
        self.feeding = feeds(catalog)
        self.uses = writes(catalog, self.jobs)
        """By table and job, how the job writes the table."""
        self.leads = {name: rules_of(catalog, job.platform).lead for name, job in self.jobs.items()}
        """How long after its producer each starts at the earliest."""

    def over(self, span: Span, fires: Fires | None = None, subjects: Collection[str] | None = None) -> tuple[Collision, ...]:
        """As `collisions`; over some subjects alone when they are named. `fires` are known from `lookback` before `span` on."""
        search = _Search(self, span, fires or Fires(Span(start=span.start - self.lookback, end=span.end)))
        found = [*search.budgets(subjects), *search.gaps(subjects), *search.tables(subjects), *search.orders(subjects)]
        kinds = list(CollisionKind)
        return tuple(sorted(found, key=lambda collision: (kinds.index(collision.kind), collision.subject, collision.jobs)))

    @cached_property
    def lookback(self) -> timedelta:
        """How long before a span a job starts at most that collides in it, in whole minutes."""
        gaps = [service.gap for service in self.catalog.services.values() if service.gap is not None]
        ends = [use.end for users in self.uses.values() for uses in users.values() for use in uses]
        return -(-max([AT_ONCE, *self.leads.values(), *gaps, *ends]) // MINUTE) * MINUTE

    def alone(self, job: str, table: str, span: Span) -> Collision | None:
        """The collision of a job with its own runs over a table, as of `over`."""
        search = _Search(self, span, Fires(Span(start=span.start - self.lookback, end=span.end)), [job])
        return search.with_itself(table, job)

    def too_soon(self, table: str, producer: str, consumer: str, end: timedelta, least: timedelta) -> str:
        """Why a consumer starts too soon, which starts `least` after a producer that writes until `end` after its start."""
        started = "together with" if not least else f"{rounded(least)} after"
        replaced = any(Kind.REPLACE in use.kinds for use in self.uses[table][producer])
        hole = ", and meanwhile it may read without the rows that are being replaced" if replaced else ""
        return (
            f"{consumer} starts {started} {producer}, which is expected to write what it reads until "
            f"{rounded(end)} after its start{hole}; {rounded(max(self.leads[consumer], end))} should be between the two"
        )

    @cached_property
    def services(self) -> dict[str, list[str]]:
        """Services that more than one job calls, by name, with the jobs' names, sorted."""
        jobs: dict[str, list[str]] = {}
        for job in self.jobs.values():
            jobs.setdefault(job.target.service.name, []).append(job.name)
        return {name: names for name, names in sorted(jobs.items()) if len(names) > 1}

    def decided_by(self) -> dict[str, object]:
        """By subject, all that decides which jobs collide over it and when: over one that stays equal nothing changes."""
        found: dict[str, object] = {}
        for name, jobs in self.services.items():
            service = self.catalog.services[name]
            found[f"service/{name}"] = service.starts_per_minute, service.gap, [(job, alike(self.jobs[job])) for job in jobs]
        for table, users in self.uses.items():
            writers = [(job, alike(self.jobs[job]), uses) for job, uses in users.items()]
            readers = [
                (job, alike(self.jobs[job]), self.leads[job], [self.feeding.feeds(writer, job) for writer in users])
                for job in self.feeding.consumers.get(table, ())
                if job in self.jobs
            ]
            found[f"table/{table}"] = writers, readers
        return found


def at_once(one: tuple[str, Use], other: tuple[str, Use], pair: WorstPair) -> str:
    """Why two jobs collide that write a table at once, each in its way."""
    said = [f"{job} ({kind} for {rounded(use.lasts)})" for (job, use), kind in ((one, pair.first), (other, pair.second))]
    return f"{' and '.join(said)} write it at once: {pair.conflict.why}"


@dataclass(frozen=True, kw_only=True)
class _User:
    """A job that writes a table, and the minutes in which it may be about it."""

    job: str
    fires: Minutes
    uses: Uses
    busy: int


class _Search:
    """A catalog over a span. What began before the span may collide in it, so fires are looked for in a wider one."""

    def __init__(self, known: CollisionSearch, span: Span, fires: Fires, jobs: Collection[str] | None = None) -> None:
        self._known, self._catalog, self._span = known, known.catalog, span
        self._jobs, self._uses, self._feeding = known.jobs, known.uses, known.feeding
        self._all_fires = fires
        self._fires = {name: fires.of(known.jobs[name]) for name in (known.jobs if jobs is None else jobs)}

    def budgets(self, subjects: Collection[str] | None) -> Iterator[Collision]:
        """Minutes in which more jobs of a service start than it takes."""
        for service, jobs in self._by_service(subjects):
            limit = service.starts_per_minute or DEFAULT_STARTS_PER_MINUTE
            fires = {job: self._fires[job].within(self._span) for job in jobs}
            for crowd, times in crowds(fires, limit, self._span).items():
                starts = f"{count(limit, 'start')} a minute"
                assumed = "" if service.starts_per_minute else ", as nobody says how many"
                why = f"{service.name} takes {starts}{assumed}; {len(crowd)} jobs start together"
                yield self._collision(CollisionKind.BUDGET, f"service/{service.name}", crowd, why, times)

    def gaps(self, subjects: Collection[str] | None) -> Iterator[Collision]:
        """Pairs of jobs of a service that start less than its gap apart."""
        for service, jobs in self._by_service(subjects):
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

    def tables(self, subjects: Collection[str] | None) -> Iterator[Collision]:
        """Pairs of jobs that are expected to write a table at once, with a real conflict."""
        for table in self._tables(subjects, self._uses):
            taken, earlier = 0, list[_User]()
            for user in self._users(table):
                if found := self._with_itself(table, user):
                    yield found
                if user.busy & taken:
                    for other in earlier:
                        if user.busy & other.busy and (found := self._meeting(table, other, user)):
                            yield found
                taken |= user.busy
                earlier.append(user)

    def orders(self, subjects: Collection[str] | None) -> Iterator[Collision]:
        """Consumers that start too soon after a producer."""
        feeding = self._feeding
        for table in self._tables(subjects, feeding.consumers):
            consumers = feeding.consumers[table]
            ends = {job: max(use.end for use in uses) for job, uses in self._uses.get(table, {}).items()}
            early: dict[timedelta, tuple[dict[str, Minutes], int]] = {}
            for consumer in consumers:
                if consumer not in self._jobs:
                    continue
                lead = self._known.leads[consumer]
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
                        least = _least(self._fires[producer], times)
                        why = self._known.too_soon(table, producer, consumer, ends[producer], least)
                        yield self._collision(CollisionKind.ORDER, f"table/{table}", (producer, consumer), why, times)

    def _too_early(self, ends: Mapping[str, timedelta], lead: timedelta) -> tuple[dict[str, Minutes], int]:
        """After each producer the minutes that are too early for a consumer which wants that lead, and the bits of them all."""
        after = {job: self._near(job, AT_ONCE, max(lead, end)) for job, end in ends.items()}
        bits = 0
        for minutes in after.values():
            bits |= minutes.bits
        return after, bits

    def _by_service(self, subjects: Collection[str] | None) -> Iterator[tuple[Service, list[str]]]:
        for name, jobs in self._known.services.items():
            if subjects is None or f"service/{name}" in subjects:
                yield self._catalog.services[name], jobs

    @staticmethod
    def _tables(subjects: Collection[str] | None, tables: Iterable[str]) -> Iterator[str]:
        return (table for table in sorted(tables) if subjects is None or f"table/{table}" in subjects)

    def _users(self, table: str) -> Iterator[_User]:
        return (self._user(table, job) for job in self._uses[table])

    def _user(self, table: str, job: str) -> _User:
        uses, busy = self._uses[table][job], 0
        for use in uses:
            # In the minute in which it begins it is busy, though it may begin late in that minute.
            busy |= self._near(job, use.after // MINUTE * MINUTE, use.end).bits
        return _User(job=job, fires=self._fires[job], uses=uses, busy=busy)

    def _near(self, job: str, earliest: timedelta, end: timedelta) -> Minutes:
        return self._all_fires.near(self._jobs[job], earliest, end)

    def _meeting(self, table: str, one: _User, other: _User) -> Collision | None:
        """The collision of two jobs on a table: when one begins to write it while the other one does."""
        met = [
            (pair, mine, theirs, times)
            for mine in one.uses
            for theirs in other.uses
            if (pair := conflict_of(mine, theirs)) and (times := self._meet(one, mine, other, theirs))
        ]
        if not met:
            return None
        pair, mine, theirs, _ = max(met, key=lambda each: each[0].conflict.severity)
        why = at_once((one.job, mine), (other.job, theirs), pair)
        return self._over_table(table, (one.job, other.job), pair, why, [times for *_, times in met])

    def with_itself(self, table: str, job: str) -> Collision | None:
        """The collision of a job with its own runs."""
        return self._with_itself(table, self._user(table, job))

    def _with_itself(self, table: str, user: _User) -> Collision | None:
        """The collision of a job with its own runs: a start brings about several, or comes before the last one is done."""
        met = list[tuple[WorstPair, str, Minutes]]()
        for mine, theirs in combinations_with_replacement(user.uses, 2):
            pair, runs = conflict_of(mine, theirs), user.uses[mine]
            if pair is None:
                continue
            if mine is theirs and runs > 1:
                why, times = f"brings about {runs} runs at once", user.fires.delayed(mine.after).within(self._span)
            else:
                why, times = "writes it still when it writes it again", self._meet(user, mine, user, theirs)
            if times:
                met.append((pair, f"{user.job} ({pair.first} for {rounded(mine.lasts)}) {why}", times))
        if not met:
            return None
        pair, why, _ = max(met, key=lambda each: each[0].conflict.severity)
        return self._over_table(table, (user.job,), pair, f"{why}: {pair.conflict.why}", [times for *_, times in met])

    def _meet(self, one: _User, mine: Use, other: _User, theirs: Use) -> Minutes:
        """When one of two writes begins while the other is under way; not where both name a day, and not the same."""
        apart = mine.after - theirs.after
        # A run is no other run than itself: of those the next one comes a minute later at the earliest.
        first = (MINUTE, MINUTE) if one is other and mine is theirs else (apart, -apart)
        they_begin, we_begin = (first[0], apart + mine.lasts), (first[1], theirs.lasts - apart)
        ours = Starts(fires=one.fires, zone=self._zone(one.job), day=mine.day)
        others = Starts(fires=other.fires, zone=self._zone(other.job), day=theirs.day)
        found = Minutes(span=self._span, bits=0)
        for our_fires, their_fires in by_same_day(ours, others):
            their_begun = their_fires & self._around(one, our_fires, *they_begin)
            our_begun = our_fires & self._around(other, their_fires, *we_begin)
            found |= (their_begun.delayed(theirs.after) | our_begun.delayed(mine.after)).within(self._span)
        return found

    def _around(self, user: _User, fires: Minutes, earliest: timedelta, end: timedelta) -> Minutes:
        """As `_near`, of some of its fires."""
        return self._near(user.job, earliest, end) if fires is user.fires else fires.around(earliest, end)

    def _zone(self, job: str) -> ZoneInfo:
        return zone(self._jobs[job].time_zone)

    @staticmethod
    def _over_table(table: str, jobs: tuple[str, ...], pair: WorstPair, why: str, times: Iterable[Minutes]) -> Collision:
        return Collision(
            kind=CollisionKind.TABLE,
            subject=f"table/{table}",
            jobs=jobs,
            severity=pair.conflict.severity,
            why=why,
            times=reduce(or_, times),
        )

    @staticmethod
    def _collision(kind: CollisionKind, subject: str, jobs: tuple[str, ...], why: str, times: Minutes) -> Collision:
        return Collision(kind=kind, subject=subject, jobs=jobs, severity=None, why=why, times=times)


def _least(first: Minutes, later: Minutes) -> timedelta:
    """The shortest time from one of `first` to one of `later`, a set in a narrower span; there must be one."""
    found, distance = later.within(first.span).bits, 0
    reached = [first.bits]  # at place n the minutes that begin less than 2 ** n minutes after one of `first`
    while not reached[-1] & found:
        reached.append(reached[-1] | reached[-1] << (1 << len(reached) - 1))
    for place in reversed(range(len(reached) - 1)):
        if not reached[place] << distance & found:
            distance += 1 << place
    return distance * MINUTE


def _apart(distance: timedelta) -> str:
    return f"{rounded(distance)} apart" if distance else "together"

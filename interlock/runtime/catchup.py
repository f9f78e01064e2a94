"""Which job makes up for runs that it missed while it was held, when, and whether it waits. Pure; `catchup_runs.py` does it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

from interlock.actual import ENABLED
from interlock.catalog import DEFAULT_STARTS_PER_MINUTE
from interlock.cron import zone
from interlock.declaration import Declaration, DeclaredJob, upstream
from interlock.holds import format_instant
from interlock.names import count
from interlock.runtime.ledger import MAX_CLOCK_SKEW
from interlock.runtime.snapshot import Snapshot
from interlock.seasons import fires_between, next_fire
from interlock.windows import has_objects

STARTS_PERIOD = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Drop:
    """Nothing is to be made up for: `missed` runs are only counted."""

    missed: int


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Not now; the next reconcile looks again."""

    missed: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run now, in place of the `missed` ones, of which `fire` was the last."""

    missed: int
    fire: datetime


Decision = Drop | Wait | Run


def missed_fires(job: DeclaredJob, since: datetime, last_attempt: datetime | None, until: datetime) -> list[datetime]:
    """The fires of `job` in [since, until), inside its season, that no attempt has followed."""
    begin = since if last_attempt is None else max(since, last_attempt + datetime.resolution)
    return list(fires_between(job, begin, until))


def uncovered_days(job: DeclaredJob, missed: Iterable[datetime], now: datetime) -> list[date]:
    """The days, in the job's zone, whose runs `job` missed and nothing makes up for: a catch-up run at `now` covers its own."""
    if not job.relative_dates:
        return []
    place = zone(job.time_zone)
    days = {fire.astimezone(place).date() for fire in missed}
    return sorted(days - {now.astimezone(place).date()} if job.catch_up == "latest" else days)


@dataclass
class Traffic:
    """What runs and what waits to run, as far as it is known; a run that is made is added to it.

    Its instant is from before the jobs were listed, so that a fire which Cloud Scheduler makes meanwhile is not taken for
    missed.
    """

    snapshot: Snapshot
    pending: set[str]
    """Jobs whose missed runs are not settled: with a mark in the ledger, or a claim."""
    _ran: set[str] = field(default_factory=set)

    @property
    def declaration(self) -> Declaration:
        """What is declared."""
        return self.snapshot.declaration

    @property
    def now(self) -> datetime:
        """When it was looked at."""
        return self.snapshot.now

    def decide(self, name: str, since: datetime) -> Decision:
        """What becomes of a job that was held since `since`, is held no more, and is declared to run."""
        job, actual = self.declaration.jobs[name], self.snapshot.jobs.get(name)
        # Who made the mark may have been ahead: what ran before it is known from the last attempt anyway.
        last = actual.last_attempt if actual else None
        fires = missed_fires(job, since - MAX_CLOCK_SKEW, last, self.now)
        if actual is None or actual.state != ENABLED:  # and goes on missing runs
            return Wait(missed=len(fires), why=f"it is not enabled but {actual.state if actual else 'missing'}")
        if job.catch_up == "skip" or not (fires or self._just_now(job, last)):
            return Drop(missed=len(fires))
        if not fires:
            return Wait(missed=0, why="it fires just now, and may have been held")
        why = self._why_not(job, fires[-1])
        return Wait(missed=len(fires), why=why) if why else Run(missed=len(fires), fire=fires[-1])

    def _just_now(self, job: DeclaredJob, last_attempt: datetime | None) -> bool:
        """Whether it fires so soon that, by another clock, it has, and found the job paused: when a hold ends at a fire."""
        return bool(missed_fires(job, self.now, last_attempt, self.now + MAX_CLOCK_SKEW))

    def made(self, name: str) -> None:
        """A run of the job was started now."""
        self.pending.discard(name)
        self._ran.add(name)

    def settled(self, name: str) -> None:
        """The job waits for nothing any more."""
        self.pending.discard(name)

    def _why_not(self, job: DeclaredJob, fire: datetime) -> str | None:
        # Cloud Scheduler may be making that run right now, and tell us of the attempt a moment later.
        if fire > self.now - MAX_CLOCK_SKEW:
            return f"its run of {format_instant(fire)} may be under way"
        upcoming = next_fire(job, self.now)
        if upcoming is not None and upcoming <= self.now + MAX_CLOCK_SKEW:
            return f"it fires at {format_instant(upcoming)} anyway"
        if self._running(job.name):
            return "it is still running"
        return self._next_window(job) or self._producers(job) or self._budget(job)

    def _running(self, name: str) -> bool:
        """Whether the last attempt of a job is younger than what it is expected to take."""
        if name in self._ran:
            return True
        job, actual = self.declaration.jobs.get(name), self.snapshot.jobs.get(name)
        if job is None or actual is None or actual.last_attempt is None:
            return False
        return actual.last_attempt + job.busy > self.now

    def _next_window(self, job: DeclaredJob) -> str | None:
        following = self.snapshot.holding.of(job).next_hold
        if following is None or following.start is None or following.start >= self.now + job.busy:
            return None
        verb = "opens" if has_objects(following.scope) else "closes"
        return f"{following.scope} {verb} at {format_instant(following.start)}, before it would be done"

    def _producers(self, job: DeclaredJob) -> str | None:
        for producer in sorted(upstream(job.name, self.declaration.producers)):
            if self._is_unseen(producer):
                return f"{producer}, which produces what it reads, can't be seen just now"
            if producer in self.pending:
                return f"{producer}, which produces what it reads, has not made up for its own runs"
            if self._running(producer):
                return f"{producer}, which produces what it reads, is still running"
        return None

    def _is_unseen(self, name: str) -> bool:
        job = self.declaration.jobs.get(name)
        return job is not None and job.region in self.snapshot.unlisted

    def _budget(self, job: DeclaredJob) -> str | None:
        limit = self.declaration.services.get(job.service) or DEFAULT_STARTS_PER_MINUTE
        if self._starts()[job.service] >= limit:
            return f"{job.service} takes {count(limit, 'start')} a minute"
        return None

    def _starts(self) -> Counter[str]:
        """How many jobs of each service were started in the last minute."""
        return self._started + Counter(self.declaration.jobs[name].service for name in self._ran - self._recent)

    @cached_property
    def _started(self) -> Counter[str]:
        return Counter(self.declaration.jobs[name].service for name in self._recent)

    @cached_property
    def _recent(self) -> frozenset[str]:
        """The jobs that were started in the last minute before all this."""
        since = self.now - STARTS_PERIOD
        jobs = self.snapshot.jobs.items()
        return frozenset(name for name, actual in jobs if actual.last_attempt is not None and actual.last_attempt > since)


def producers_first(declaration: Declaration, names: Iterable[str]) -> list[str]:
    """The jobs in an order in which each comes after the jobs that it waits for."""
    return sorted(names, key=lambda name: (len(upstream(name, declaration.producers)), name))

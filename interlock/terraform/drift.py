"""Declared against actual: which jobs of the cloud are not as they should be, and in what. Pure.

A deploy makes them so again in all but their state, which is the coordinator's, so they are compared as Terraform does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from interlock.actual import ENABLED, MISSING, PAUSED, UNSEEN, ActualJob
from interlock.catalog import Catalog, Job, Unmanaged
from interlock.environment import Environment
from interlock.holding import Effective, Holding
from interlock.live import live_attributes
from interlock.names import OWN_PREFIX
from interlock.parts import OF_A_JOB, WHERE_AND_AS_WHOM, differing, digests, shows_target
from interlock.terraform.attributes import job_attributes


class Kind(Enum):
    """What of a job differs, in the order in which people should know; the values are for people."""

    TARGET = "target"
    """Where it calls, or as whom."""
    STATE = "state"
    MISSING = "missing"
    SCHEDULE = "schedule"
    ZONE = "zone"
    SETTINGS = "settings"
    """Anything else that is declared."""


@dataclass(frozen=True)
class Difference:
    """Something of a job that is not as it should be. Of a missing job `wanted` is the region, and nothing is `found`. Of a
    target and of settings `wanted` names the parts, and nothing is `found`: their values may hold secrets."""

    kind: Kind
    found: str
    wanted: str

    def __str__(self) -> str:
        if self.kind is Kind.MISSING:
            return f"missing in {self.wanted}"
        if self.kind in (Kind.TARGET, Kind.SETTINGS):
            return f"{self.wanted} not as declared"
        if self.kind is Kind.STATE:
            return f"{self.found}, should be {self.wanted}"
        quote = '"' if self.kind is Kind.SCHEDULE else ""
        return f"{self.kind.value} {quote}{self.found}{quote}, declared {quote}{self.wanted}{quote}"


@dataclass(frozen=True, kw_only=True)
class JobStatus:
    """A job of the catalog, what it should be and what it is. `drift` says what differs, empty for nothing."""

    job: Job
    effective: Effective
    actual: ActualJob | None
    drift: tuple[Difference, ...]
    parts: tuple[str, ...] = ()
    """The names of what is declared and differs."""
    target_shown: bool = True
    """Whether who asks may see what it calls; else that is not compared."""
    seen: bool = True
    """Whether its region could be listed."""

    @property
    def state(self) -> str:
        """As the API names it."""
        return self.actual.state if self.actual else MISSING if self.seen else UNSEEN


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A job of the cloud that is not declared on purpose."""

    job: ActualJob
    entry: Unmanaged
    overdue: bool
    """Whether its day is over."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Every job of the catalog, and the jobs that the cloud has and the catalog does not declare: those that it does not know,
    and those that it leaves out on purpose."""

    jobs: tuple[JobStatus, ...]
    unknown: tuple[ActualJob, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def drifted(self) -> bool:
        """Whether anything is not as it should be."""
        return self.number_drifted > 0

    @property
    def number_drifted(self) -> int:
        """How many jobs are not as they should be."""
        overdue = sum(1 for each in self.left_out if each.overdue)
        return sum(1 for status in self.jobs if status.drift) + len(self.unknown) + overdue


def compare(
    catalog: Catalog, env: Environment, actual: Iterable[ActualJob], holding: Holding, unseen: Collection[str] = ()
) -> Comparison:
    """What the cloud has against what the catalog declares for `env` and what holds now. `unseen` are regions of which nobody
    knows what they have.

    A job in another region than the declared one is missing here and unknown there.
    """
    by_place = {job.identity: job for job in actual}
    statuses = []
    for job in catalog.jobs.values():
        found = by_place.pop(job.identity, None)
        should = holding.of(job)
        if found is None:
            seen = job.region not in unseen
            drift = (Difference(Kind.MISSING, "", job.region),) if seen else ()
            statuses.append(JobStatus(job=job, effective=should, actual=None, drift=drift, seen=seen))
        else:
            statuses.append(_status(job, env, should, found))
    others = [by_place[place] for place in sorted(by_place) if not _is_own_timer(by_place[place])]
    return Comparison(
        jobs=tuple(statuses),
        unknown=tuple(job for job in others if job.identity not in catalog.unmanaged),
        left_out=tuple(
            _left_out(job, catalog.unmanaged[job.identity], holding.now.date())
            for job in others
            if job.identity in catalog.unmanaged
        ),
    )


def declared_digests(
    catalog: Catalog, env: Environment, names: Collection[str] | None = None
) -> Mapping[str, Mapping[str, str]]:
    """What the declaration says of how each job is declared, or each of these, by its name: enough to see that one differs, and
    no value."""
    chosen = catalog.jobs.values() if names is None else (catalog.jobs[name] for name in sorted(names))
    return {job.name: digests(job_attributes(job, env)) for job in chosen}


def _status(job: Job, env: Environment, should: Effective, actual: ActualJob) -> JobStatus:
    live = live_attributes(actual.resource)
    parts = differing(job_attributes(job, env), live)
    return JobStatus(
        job=job,
        effective=should,
        actual=actual,
        drift=(*_target(parts), *_state(job, env, should, actual), *_timing(job, actual, parts), *_settings(parts)),
        parts=parts,
        target_shown=shows_target(live),
    )


def _is_own_timer(job: ActualJob) -> bool:
    """Whether it is one of Interlock's own, as it should be. One that is paused is for people to see."""
    return job.name.startswith(OWN_PREFIX) and job.state == ENABLED


def _left_out(job: ActualJob, entry: Unmanaged, today: date) -> LeftOut:
    return LeftOut(job=job, entry=entry, overdue=entry.until < today)


def _state(job: Job, env: Environment, should: Effective, actual: ActualJob) -> list[Difference]:
    wanted = PAUSED if should.paused else ENABLED
    as_found = job.undecided and not should.held_by and actual.state in (PAUSED, ENABLED)
    if as_found or actual.state == wanted or (actual.state == ENABLED and should.is_due(env.tick)):
        return []
    return [Difference(Kind.STATE, actual.state, wanted)]


def _timing(job: Job, actual: ActualJob, parts: Collection[str]) -> list[Difference]:
    """Of these two the values tell nothing but when it runs."""
    schedule = [Difference(Kind.SCHEDULE, actual.schedule, job.schedule.text)] if OF_A_JOB["schedule"] in parts else []
    return schedule + ([Difference(Kind.ZONE, actual.time_zone, job.time_zone)] if OF_A_JOB["time_zone"] in parts else [])


def _target(parts: Iterable[str]) -> list[Difference]:
    names = ", ".join(name for name in parts if name in WHERE_AND_AS_WHOM)
    return [Difference(Kind.TARGET, "", names)] if names else []


def _settings(parts: Iterable[str]) -> list[Difference]:
    said = {OF_A_JOB["schedule"], OF_A_JOB["time_zone"], *WHERE_AND_AS_WHOM}
    names = ", ".join(name for name in parts if name not in said)
    return [Difference(Kind.SETTINGS, "", names)] if names else []

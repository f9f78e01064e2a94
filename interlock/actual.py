"""Declared against actual: what Cloud Scheduler says of each job, and where that is not what it should be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from interlock.catalog import Catalog, Job, identity
from interlock.holding import Effective, Holding
from interlock.names import OWN_PREFIX

PAUSED, ENABLED, MISSING = "PAUSED", "ENABLED", "MISSING"
"""States as the Cloud Scheduler API names them, and our word for a job that it does not know."""


@dataclass(frozen=True, kw_only=True)
class ActualJob:
    """A job as Cloud Scheduler has it. `last_attempt` is aware UTC; `last_status` is a google.rpc code, 0 for success."""

    name: str
    region: str
    state: str
    schedule: str
    time_zone: str
    last_attempt: datetime | None
    last_status: int
    target: str = field(default="", repr=False)
    """The URL or the topic that it calls, which may hold a secret; empty for who may list jobs but not see that
    (cloudscheduler.jobs.fullView)."""

    @property
    def identity(self) -> str:
        """What tells it from all others: region and name."""
        return identity(self.region, self.name)


class Kind(Enum):
    """What of a job differs; the values are for people."""

    MISSING = "missing"
    STATE = "state"
    SCHEDULE = "schedule"
    ZONE = "zone"


@dataclass(frozen=True)
class Difference:
    """Something of a job that is not as it should be. Of a missing job `wanted` is the region, and nothing is `found`."""

    kind: Kind
    found: str
    wanted: str

    def __str__(self) -> str:
        if self.kind is Kind.MISSING:
            return f"missing in {self.wanted}"
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

    @property
    def state(self) -> str:
        """As the API names it."""
        return self.actual.state if self.actual else MISSING


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Every job of the catalog, and the jobs that the cloud has and the catalog does not know."""

    jobs: tuple[JobStatus, ...]
    unknown: tuple[ActualJob, ...]

    @property
    def drifted(self) -> bool:
        """Whether anything is not as it should be."""
        return bool(self.unknown) or any(status.drift for status in self.jobs)


def compare(catalog: Catalog, actual: Iterable[ActualJob], holding: Holding, tick: timedelta) -> Comparison:
    """What the cloud has against what the catalog declares and what holds now. The coordinator looks every `tick`.

    A job in another region than the declared one is missing here and unknown there.
    """
    by_place = {job.identity: job for job in actual}
    statuses = []
    for job in catalog.jobs.values():
        found = by_place.pop(job.identity, None)
        should = holding.of(job)
        statuses.append(JobStatus(job=job, effective=should, actual=found, drift=_drift(job, should, found, tick)))
    unknown = (by_place[place] for place in sorted(by_place))
    return Comparison(jobs=tuple(statuses), unknown=tuple(job for job in unknown if not _is_own_timer(job)))


def _is_own_timer(job: ActualJob) -> bool:
    """Whether it is one of Interlock's own, as it should be. One that is paused is for people to see."""
    return job.name.startswith(OWN_PREFIX) and job.state == ENABLED


def _drift(job: Job, should: Effective, actual: ActualJob | None, tick: timedelta) -> tuple[Difference, ...]:
    if actual is None:
        return (Difference(Kind.MISSING, "", job.region),)
    wanted = PAUSED if should.paused else ENABLED
    differences = []
    as_found = job.undecided and not should.held_by and actual.state in (PAUSED, ENABLED)
    if not as_found and actual.state != wanted and not (actual.state == ENABLED and should.is_due(tick)):
        differences.append(Difference(Kind.STATE, actual.state, wanted))
    if actual.schedule != job.schedule.text:
        differences.append(Difference(Kind.SCHEDULE, actual.schedule, job.schedule.text))
    if actual.time_zone != job.time_zone:
        differences.append(Difference(Kind.ZONE, actual.time_zone, job.time_zone))
    return tuple(differences)

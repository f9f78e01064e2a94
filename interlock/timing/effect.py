"""What a hold costs, said ahead: which runs of which jobs it misses, and what becomes of them. Pure; half-open intervals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from interlock.cron import Cron
from interlock.declaration import Declaration, DeclaredJob
from interlock.holding import Holding
from interlock.seasons import Season
from interlock.timing.minutes import MINUTE, Span
from interlock.timing.season_minutes import job_minutes

COUNTED = 1_024
"""Schedules and spans whose fires are kept: a job is counted for each table that it writes."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a hold does to one job that it covers. `missed` counts the fires until its end which no hold in force holds."""

    job: DeclaredJob
    held_until: datetime | None
    """The latest end of the holds in force that cover the job already."""
    missed: int


def effects(declaration: Declaration, jobs: Iterable[str], holding: Holding, until: datetime) -> list[Effect]:
    """What holding `jobs` until `until` does beyond what `holding` does already, by name; what is lost for good first."""
    found = []
    for job in sorted({declaration.jobs[name] for name in jobs if name in declaration.jobs}, key=lambda job: job.name):
        held_until = holding.of(job).held_until
        missed = 0 if job.paused else fires(job, max(holding.now, held_until or holding.now), until)
        found.append(Effect(job=job, held_until=held_until, missed=missed))
    return sorted(found, key=lambda effect: effect.job.recoverable or not effect.missed)


def fires(job: DeclaredJob, start: datetime, end: datetime) -> int:
    """How often `job` fires in [start, end), inside its season; 0 where nobody knows when it does."""
    if start >= end:
        return 0
    return _fires(_Timing(job.schedule, job.time_zone, job.season), Span(start=_next_minute(start), end=_next_minute(end)))


class _Timing(NamedTuple):
    """What jobs that fire at the same times have in common."""

    schedule: Cron
    time_zone: str
    season: Season | None


@lru_cache(COUNTED)
def _fires(timing: _Timing, span: Span) -> int:
    return len(job_minutes(timing, span))


def _next_minute(instant: datetime) -> datetime:
    """The first whole minute at or after `instant`, as a schedule fires in no other instant."""
    early = instant.astimezone(UTC)
    whole = early.replace(second=0, microsecond=0)
    return whole if whole == early else whole + MINUTE


def made_up_for(job: DeclaredJob, missed: int, *, several: bool = False) -> str:
    """What becomes of `missed` runs of `job` once nothing holds it: a clause, of one job or of several alike."""
    if not job.schedule.is_known:
        later = "" if job.recoverable else ", and those can't be fetched later"
        return f"nobody knows which runs {'they miss' if several else 'it misses'}, so no run makes up for any{later}"
    if not missed:
        return ""
    if not job.recoverable:
        return f"{'their' if several else 'its'} missed runs can't be fetched later"
    if job.catch_up == "skip":
        return "no run makes up for them (catch_up is skip)"
    run = "a catch-up run of each follows" if several else "one catch-up run follows"
    return f"{run}, for its own day" if job.relative_dates else run

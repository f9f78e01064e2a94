"""The declaration: what the coordinator knows of the catalog, as one JSON object in the coordination bucket.

The `schedules` stack writes it before its jobs change, so that a reconcile never acts on a catalog that is not deployed yet.
`declaration_file.py` reads it back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from interlock.catalog import Catalog, CatchUp, Job, Json
from interlock.cron import Cron
from interlock.environment import Environment
from interlock.feeds import waits_for
from interlock.graph import held_tables, reach, scopes

OBJECT = "declaration/current.json"
VERSION = 1
RELATIVE_DATES = frozenset({"today", "yesterday", "auto"})
"""Values in a job's body that mean another date on another day, in any case: facts of the platform's own jobs."""


@dataclass(frozen=True, kw_only=True)
class DeclaredJob:
    """A job, as far as running and not running goes."""

    name: str
    region: str
    schedule: Cron
    time_zone: str
    paused: bool
    """By declaration."""
    catch_up: CatchUp
    recoverable: bool
    service: str
    deadline: timedelta | None
    expect: timedelta | None
    """How long the longest of the chains that it starts takes from end to end, where that is known: messages take no time."""
    after: tuple[str, ...]
    """The jobs that produce what it consumes. Without cycles: of jobs that feed each other none waits for the other."""
    relative_dates: bool
    """Its body says TODAY or the like: a catch-up run is not the run that was missed."""

    @property
    def busy(self) -> timedelta:
        """For so long after an attempt it counts as running."""
        return self.expect or self.deadline or timedelta(0)


@dataclass(frozen=True, kw_only=True)
class DeclaredWindow:
    """A maintenance window."""

    name: str
    schedule: Cron
    time_zone: str
    duration: timedelta
    covers: tuple[str, ...]
    reason: str
    owner: str


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What is declared, by name. `scopes` maps each scope to the jobs that it covers, `tables` some to tables: those whose
    writers they keep still."""

    jobs: Mapping[str, DeclaredJob]
    scopes: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, tuple[str, ...]]
    windows: Mapping[str, DeclaredWindow]
    services: Mapping[str, int | None]
    """How many starts a minute each service bears; None where nobody said."""
    max_hold: timedelta
    tick: timedelta
    """How often the coordinator reconciles."""
    breaker_hold: timedelta
    """How long the circuit breaker holds a table."""

    @property
    def regions(self) -> list[str]:
        """Where the jobs are, sorted."""
        return sorted({job.region for job in self.jobs.values()})


def declare(catalog: Catalog, env: Environment) -> Declaration:
    """The declaration of `catalog` with the limits of `env`."""
    producers = waits_for(catalog)
    return Declaration(
        jobs={name: _job(catalog, job, producers[name]) for name, job in sorted(catalog.jobs.items())},
        scopes=scopes(catalog),
        tables=held_tables(catalog),
        windows={
            name: DeclaredWindow(
                name=name,
                schedule=window.schedule,
                time_zone=window.time_zone,
                duration=window.duration,
                covers=window.covers,
                reason=window.reason,
                owner=window.owner,
            )
            for name, window in sorted(catalog.windows.items())
        },
        services={name: service.starts_per_minute for name, service in sorted(catalog.services.items())},
        max_hold=env.max_hold,
        tick=env.tick,
        breaker_hold=env.breaker.hold,
    )


def _job(catalog: Catalog, job: Job, after: tuple[str, ...]) -> DeclaredJob:
    return DeclaredJob(
        name=job.name,
        region=job.region,
        schedule=job.schedule,
        time_zone=job.time_zone,
        paused=job.paused is not None,
        catch_up=job.catch_up,
        recoverable=job.recoverable,
        service=job.target.service.name,
        deadline=job.deadline,
        expect=max((_expected(catalog, path) for path in reach(catalog, job.runs).values()), default=timedelta()) or None,
        after=after,
        relative_dates=_says_relative_date(job.target.body),
    )


def _expected(catalog: Catalog, path: Iterable[str]) -> timedelta:
    """How long processors take one after the other; one of which nobody said it adds nothing."""
    return sum((catalog.processors[name].expect or timedelta() for name in path), timedelta())


def _says_relative_date(body: Json) -> bool:
    if isinstance(body, dict):
        return any(_says_relative_date(inner) for inner in body.values())
    if isinstance(body, list):
        return any(_says_relative_date(inner) for inner in body)
    return isinstance(body, str) and body.casefold() in RELATIVE_DATES


def upstream(job: str, after: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Every job that `job` waits for, over any number of steps."""
    found: set[str] = set()
    queue = [job]
    while queue:
        for producer in after.get(queue.pop(), ()):
            if producer not in found:
                found.add(producer)
                queue.append(producer)
    return frozenset(found)


def to_json(declaration: Declaration) -> str:
    """The content of the object: sorted, so that the same catalog gives the same bytes."""
    content: dict[str, Json] = {
        "version": VERSION,
        "jobs": {name: _job_json(job) for name, job in declaration.jobs.items()},
        "scopes": {scope: list(jobs) for scope, jobs in declaration.scopes.items()},
        "tables": {scope: list(tables) for scope, tables in declaration.tables.items()},
        "windows": {
            name: {
                "schedule": window.schedule.text,
                "time_zone": window.time_zone,
                "duration_s": _seconds(window.duration),
                "covers": list(window.covers),
                "reason": window.reason,
                "owner": window.owner,
            }
            for name, window in declaration.windows.items()
        },
        "services": {name: {"starts_per_minute": limit} for name, limit in declaration.services.items()},
        "max_hold_s": _seconds(declaration.max_hold),
        "tick_s": _seconds(declaration.tick),
        "breaker_hold_s": _seconds(declaration.breaker_hold),
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def _job_json(job: DeclaredJob) -> Json:
    return {
        "region": job.region,
        "schedule": job.schedule.text,
        "time_zone": job.time_zone,
        "paused": job.paused,
        "catch_up": job.catch_up,
        "recoverable": job.recoverable,
        "service": job.service,
        "deadline_s": _seconds(job.deadline) if job.deadline is not None else None,
        "expect_s": _seconds(job.expect) if job.expect is not None else None,
        "after": list(job.after),
        "relative_dates": job.relative_dates,
    }


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())

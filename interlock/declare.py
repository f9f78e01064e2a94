"""A catalog and the limits of an environment -> the declaration: what of them the coordinator has to know.

Apart from `declaration.py`, so that what only this needs (the graph, the feeds) is not deployed with the coordinator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from interlock.catalog import Catalog, Job, Json, once_a_catalog
from interlock.dates import OFFSETS
from interlock.declaration import Declaration, DeclaredJob, DeclaredWindow
from interlock.environment import Environment
from interlock.feeds import waits_for
from interlock.graph import held_tables, reach, scopes
from interlock.seasons import Season
from interlock.shares import Share


def declare(
    catalog: Catalog,
    env: Environment,
    digests: Mapping[str, Mapping[str, str]] | None = None,
    share: Share | None = None,
) -> Declaration:
    """The declaration of `catalog` with the limits of `env`, or that of one `share` of it; with `digests` by job
    (`terraform/drift.py`) the coordinator says which job is not as it was declared.

    All shares together, each with its own jobs of every scope, are the declaration of the catalog (`declaration.together`)."""
    producers = waits_for(catalog)
    jobs = {name: job for name, job in sorted(catalog.jobs.items()) if share is None or name in share.jobs}
    covered = covered_in(catalog, share)
    called = {job.target.service.name for job in jobs.values()}
    return Declaration(
        jobs={name: _job(catalog, job, producers[name], (digests or {}).get(name, {})) for name, job in jobs.items()},
        scopes=covered,
        tables={scope: tables for scope, tables in held_tables(catalog).items() if scope in covered},
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
            if share is None or window.platform in share.homes
        },
        services={
            name: service.starts_per_minute
            for name, service in sorted(catalog.services.items())
            if share is None or service.platform in share.homes or name in called
        },
        max_hold=env.max_hold,
        tick=env.tick,
        breaker_hold=env.breaker.hold,
        seasons={name: _declared(season) for name, season in catalog.closing_seasons.items() if season.scope in covered},
    )


def covered_in(catalog: Catalog, share: Share | None) -> Mapping[str, tuple[str, ...]]:
    """By scope, the jobs of a share that it covers. Without one all of the catalog; a scope that covers no job at all is in
    every share, so that nobody takes it for unknown."""
    every = scopes(catalog)
    if share is None or share.alone:
        return every
    own: dict[str, list[str]] = {}
    for job in sorted(share.jobs):
        for scope in _scopes_of(catalog)[job]:
            own.setdefault(scope, []).append(job)
    return {scope: tuple(own.get(scope, ())) for scope, jobs in every.items() if scope in own or not jobs}


@once_a_catalog
def _scopes_of(catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """By job, the scopes that cover it."""
    found: dict[str, list[str]] = {name: [] for name in catalog.jobs}
    for scope, jobs in scopes(catalog).items():
        for job in jobs:
            found[job].append(scope)
    return {name: tuple(several) for name, several in found.items()}


def _job(catalog: Catalog, job: Job, after: tuple[str, ...], digests: Mapping[str, str]) -> DeclaredJob:
    return DeclaredJob(
        name=job.name,
        scheduler_name=job.scheduler_name,
        region=job.region,
        schedule=job.schedule,
        time_zone=job.time_zone,
        paused=job.paused is not None,
        undecided=job.undecided is not None,
        catch_up=job.catch_up,
        recoverable=job.recoverable,
        service=job.target.service.name,
        deadline=job.deadline,
        expect=max((_expected(catalog, path) for path in reach(catalog, job.runs).values()), default=timedelta()) or None,
        after=after,
        relative_dates=_says_relative_date(job.target.body),
        digests=digests,
        season=_declared(job.closed_by) if job.closed_by else None,
    )


def _declared(season: Season) -> Season:
    """As the declaration says it: by its instants alone."""
    return Season(name=season.name, openings=season.openings)


def _expected(catalog: Catalog, path: Iterable[str]) -> timedelta:
    """How long processors take one after the other; one of which nobody said it adds nothing."""
    return sum((catalog.processors[name].expect or timedelta() for name in path), timedelta())


def _says_relative_date(body: Json) -> bool:
    if isinstance(body, dict):
        return any(_says_relative_date(inner) for inner in body.values())
    if isinstance(body, list):
        return any(_says_relative_date(inner) for inner in body)
    return isinstance(body, str) and body.casefold() in OFFSETS

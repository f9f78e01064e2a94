"""The declaration: what the coordinator knows of the catalog.

`declare.py` makes it of a catalog; `runtime/declaration_file.py` writes and reads it as an object of the coordination bucket.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import TypedDict

from interlock.about import About, joined
from interlock.catalog import CatchUp, identity
from interlock.cron import Cron
from interlock.seasons import Season


@dataclass(frozen=True, kw_only=True)
class DeclaredJob:
    """A job, as far as running and not running goes."""

    name: str
    """Its key in the catalog."""
    scheduler_name: str
    """What Cloud Scheduler calls it."""
    region: str
    schedule: Cron
    time_zone: str
    paused: bool
    """By declaration."""
    undecided: bool
    """It stays as it is found, but for holds."""
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
    digests: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Of each part of it that is declared, by `parts.digests`. Empty where nobody says them: then nothing is compared."""
    season: Season | None = None
    """The season that holds it while it is closed."""

    @property
    def identity(self) -> str:
        """What tells it from all others in Cloud Scheduler: region and name."""
        return identity(self.region, self.scheduler_name)

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


class Covered(TypedDict):
    """What a hold's object says of what it covers."""

    jobs: frozenset[str]
    identities: frozenset[str]
    tables: frozenset[str]


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
    seasons: Mapping[str, Season] = field(default_factory=dict)
    """Those that hold jobs while they are closed."""
    about: About = field(default_factory=About, compare=False, repr=False)
    """What people are told of it: nothing is decided by that."""

    @cached_property
    def producers(self) -> Mapping[str, tuple[str, ...]]:
        """The jobs that each job waits for, by name."""
        return {name: job.after for name, job in self.jobs.items()}

    @cached_property
    def timed(self) -> Mapping[str, DeclaredWindow | Season]:
        """What holds by the clock, by scope."""
        windows = {f"window/{name}": window for name, window in self.windows.items()}
        return windows | {season.scope: season for season in self.seasons.values()}

    @cached_property
    def identities(self) -> Mapping[str, str]:
        """The identity of each job, by its name."""
        return {name: job.identity for name, job in self.jobs.items()}

    def said(self, scope: str) -> Covered:
        """The jobs and tables that `scope` covers, as an object says them; nothing for an unknown scope."""
        jobs = [self.jobs[name] for name in self.scopes.get(scope, ())]
        return Covered(
            jobs=frozenset(job.scheduler_name for job in jobs),
            identities=frozenset(job.identity for job in jobs),
            tables=frozenset(self.tables.get(scope, ())),
        )

    def placed(self, names: Iterable[str]) -> frozenset[str]:
        """The identities of those of these jobs that are declared."""
        return frozenset(self.identities[name] for name in names if name in self.identities)

    @property
    def regions(self) -> list[str]:
        """Where the jobs are, sorted."""
        return sorted({job.region for job in self.jobs.values()})


def together(parts: Sequence[Declaration]) -> Declaration:
    """One declaration of several, the one that was written last at the end: what two of them say, as while a job moves from one
    to another, is so as the later one says it. A scope covers what it covers in any of them."""
    if len(parts) == 1:
        return parts[0]
    scopes: dict[str, set[str]] = {}
    tables: dict[str, set[str]] = {}
    for part in parts:
        for found, said in ((scopes, part.scopes), (tables, part.tables)):
            for scope, names in said.items():
                found.setdefault(scope, set()).update(names)
    jobs = {name: job for part in parts for name, job in part.jobs.items()}
    return Declaration(
        # What a job waits for may be of a part that is not deployed yet.
        jobs={name: replace(job, after=tuple(one for one in job.after if one in jobs)) for name, job in sorted(jobs.items())},
        scopes={scope: tuple(sorted(names)) for scope, names in sorted(scopes.items())},
        tables={scope: tuple(sorted(names)) for scope, names in sorted(tables.items())},
        windows={name: window for part in parts for name, window in part.windows.items()},
        services={name: limit for part in parts for name, limit in part.services.items()},
        max_hold=parts[-1].max_hold,
        tick=parts[-1].tick,
        breaker_hold=parts[-1].breaker_hold,
        seasons={name: season for part in parts for name, season in part.seasons.items()},
        about=joined([part.about for part in parts]),
    )


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

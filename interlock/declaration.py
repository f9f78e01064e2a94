"""The declaration: what the coordinator knows of the catalog.

`declare.py` makes it of a catalog; `runtime/declaration_file.py` writes and reads it as an object of the coordination bucket.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from interlock.catalog import CatchUp
from interlock.cron import Cron


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

    @cached_property
    def producers(self) -> Mapping[str, tuple[str, ...]]:
        """The jobs that each job waits for, by name."""
        return {name: job.after for name, job in self.jobs.items()}

    @property
    def regions(self) -> list[str]:
        """Where the jobs are, sorted."""
        return sorted({job.region for job in self.jobs.values()})


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

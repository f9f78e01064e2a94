"""The catalog: what a platform declares, as frozen values.

`schema.py` builds these from YAML and has checked every reference, so code that holds a `Catalog` may rely on it: a job's
target, its processors and its retry profile exist. Durations are `timedelta`, dates are `date`; there are no instants here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, cast

from interlock.cron import Cron

if TYPE_CHECKING:  # the coordinator is deployed with the catalog's types, and without the algebra of access
    from interlock.access import Kind

T = TypeVar("T")
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where something is written: a file relative to the catalog's parent folder, and a line counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """A finding of `rule` that `owner` accepts for `reason`, from `since`, if it is said, up to and including `until`."""

    rule: str
    reason: str
    owner: str
    until: date
    since: date | None = None


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """`count` findings of `rule` about `subject`, as `jobs.fetch`: there since a day, and old, which is no failure, up to and
    including another."""

    rule: str
    subject: str
    since: date
    until: date
    owner: str
    reason: str | None = None
    count: int = 1
    source: Source = field(compare=False)


DEFAULT_STARTS_PER_MINUTE = 1
"""Of a service of which nobody said how many it bears."""


class ServiceKind(StrEnum):
    """What a job's target is; it decides the URL and the kind of token (OIDC for services, OAuth for Google's own APIs)."""

    RUN = "run"
    FUNCTION = "function"
    RUN_JOB = "run_job"
    TOPIC = "topic"


@dataclass(frozen=True, kw_only=True)
class Service:
    """Something that a job can start, with the limits that are known of it."""

    name: str
    kind: ServiceKind
    platform: str
    starts_per_minute: int | None
    gap: timedelta | None
    """Two jobs of it should start at least so far apart."""
    waivers: tuple[Waiver, ...]
    source: Source


@dataclass(frozen=True, kw_only=True)
class RetryProfile:
    """Cloud Scheduler's retryConfig; `attempts` are retries after the first attempt, 0 to 5; `max_duration` 0 is unlimited."""

    name: str
    attempts: int
    min_backoff: timedelta
    max_backoff: timedelta
    doublings: int
    max_duration: timedelta
    source: Source


@dataclass(frozen=True, kw_only=True)
class Processor:
    """Code that touches tables. `after` names the processors whose completion message starts this one."""

    name: str
    service: str
    platform: str
    after: tuple[str, ...]
    tables: Mapping[str, frozenset[Kind]]
    expect: timedelta | None
    idempotent: bool | None
    waivers: tuple[Waiver, ...]
    source: Source


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the job calls: a service, for HTTP a path on it, and a body sent as JSON."""

    service: Service
    path: str
    body: Json


@dataclass(frozen=True, kw_only=True)
class DeclaredPause:
    """The job is paused on purpose, until somebody decides otherwise; to be looked at again on the day `review`."""

    reason: str
    owner: str
    review: date


CatchUp = Literal["latest", "skip"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A Cloud Scheduler job as declared. `deadline` is None for topics, which have none."""

    name: str
    platform: str
    description: str
    owner: str
    region: str
    schedule: Cron
    was: Cron | None
    time_zone: str
    target: Target
    deadline: timedelta | None
    retry: RetryProfile
    catch_up: CatchUp
    recoverable: bool
    runs: tuple[str, ...]
    pair_with: tuple[str, ...]
    paused: DeclaredPause | None
    waivers: tuple[Waiver, ...]
    source: Source
    origins: Mapping[str, str] = field(repr=False, compare=False)
    """Per field, where its value comes from, for people: `catalog/nba/scrapers.yaml:12`, `defaults, ...:3` or `built in`."""


@dataclass(frozen=True, kw_only=True)
class Keep:
    """A job that a backfill leaves running although the coverage rule would hold it."""

    job: str
    reason: str


Protect = Literal["outputs", "inputs"]


@dataclass(frozen=True, kw_only=True)
class Backfill:
    """A long rewrite of tables, started by people. While it is on, the jobs that it covers are held."""

    name: str
    platform: str
    description: str
    owner: str
    expect: timedelta
    default_end: timedelta
    """How long it is held unless somebody says otherwise: 1.5 x `expect`, in whole minutes."""
    tables: Mapping[str, frozenset[Kind]]
    protect: frozenset[Protect]
    keep: tuple[Keep, ...]
    waivers: tuple[Waiver, ...]
    source: Source


@dataclass(frozen=True, kw_only=True)
class Window:
    """A maintenance window: it opens when `schedule` fires in `time_zone`, and holds what `covers` names for `duration`."""

    name: str
    platform: str
    schedule: Cron
    time_zone: str
    duration: timedelta
    covers: tuple[str, ...]
    """Scopes; never another window's."""
    reason: str
    owner: str
    waivers: tuple[Waiver, ...]
    source: Source


@dataclass(frozen=True, kw_only=True)
class JobRemoval:
    """A job that was taken out of the catalog on purpose, and may be deleted until the day `until`."""

    name: str
    reason: str
    owner: str
    until: date
    source: Source


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Everything declared under one root, by name."""

    services: Mapping[str, Service]
    processors: Mapping[str, Processor]
    jobs: Mapping[str, Job]
    backfills: Mapping[str, Backfill]
    windows: Mapping[str, Window]
    removed: Mapping[str, JobRemoval] = field(default_factory=dict)
    baseline: tuple[Accepted, ...] = ()
    _derived: dict[Callable[..., object], object] = field(init=False, default_factory=dict, repr=False, compare=False)

    @cached_property
    def tables(self) -> frozenset[str]:
        """Every table that a processor or a backfill touches."""
        actors: list[Processor | Backfill] = [*self.processors.values(), *self.backfills.values()]
        return frozenset(table for actor in actors for table in actor.tables)

    @cached_property
    def accepted(self) -> Mapping[str, tuple[Accepted, ...]]:
        """The baseline, by the subjects that it accepts findings about."""
        subjects = dict.fromkeys(one.subject for one in self.baseline)
        return {subject: tuple(one for one in self.baseline if one.subject == subject) for subject in subjects}

    @cached_property
    def platforms(self) -> frozenset[str]:
        """The platforms, one for each folder under the root."""
        things: list[Job | Processor | Service | Backfill | Window] = [
            *self.jobs.values(),
            *self.processors.values(),
            *self.services.values(),
            *self.backfills.values(),
            *self.windows.values(),
        ]
        return frozenset(thing.platform for thing in things)


def once_a_catalog(derive: Callable[[Catalog], T]) -> Callable[[Catalog], T]:
    """Decorates what is derived from a catalog alone: each catalog derives it once and keeps it. Everybody gets the same value,
    so it has to be one that nobody can change."""

    @wraps(derive)
    def derived(catalog: Catalog) -> T:
        kept = catalog._derived
        if derive not in kept:
            kept[derive] = derive(catalog)
        return cast(T, kept[derive])

    return derived

"""The catalog: what a platform declares, as frozen values.

`schema.py` builds these from YAML and has checked every reference, so code that holds a `Catalog` may rely on it: a job's
target, its processors and its retry profile exist. Durations are `timedelta`, dates are `date`; there are no instants here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, cast

from interlock.cron import Cron
from interlock.seasons import Season, SeasonDay, keeps

if TYPE_CHECKING:  # the coordinator is deployed with the catalog's types, and without what only rules and reviews need
    from interlock.access import Kind
    from interlock.platform_rules import PlatformRules
    from interlock.zone_record import ZoneRecord

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
    API = "api"
    """An API of Google's: Workflows, Dataflow, Dataform, Firestore, Batch and so on."""
    URL = "url"
    """Any other host."""
    APP_ENGINE = "app_engine"


WITHOUT_PATH = frozenset({ServiceKind.RUN_JOB, ServiceKind.TOPIC})
"""Their jobs have no path of their own."""
OVER_HTTP = frozenset(ServiceKind) - {ServiceKind.TOPIC, ServiceKind.APP_ENGINE}
"""What is called at a URL, and may be shown a token."""

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
"""The scope of a token for all of Google Cloud, and what Cloud Scheduler asks for where nobody says another."""
SERVICE_URL, WHOLE_URL = "{url}", "{uri}"
"""In an audience: the URL of the service, and that with the path."""


@dataclass(frozen=True, kw_only=True)
class Oidc:
    """An identity token. `account` is an e-mail address or the name of one in the environment, empty for the invoker."""

    account: str = ""
    audience: str = SERVICE_URL


@dataclass(frozen=True, kw_only=True)
class OAuth:
    """An access token. `account` as of `Oidc`."""

    account: str = ""
    scope: str = CLOUD_PLATFORM


Token: TypeAlias = Oidc | OAuth | None
"""As whom a job calls; None for nobody."""


@dataclass(frozen=True, kw_only=True)
class AppEngine:
    """Which part of the project's App Engine application is called; empty is the default."""

    service: str = ""
    version: str = ""
    instance: str = ""


@dataclass(frozen=True, kw_only=True)
class Service:
    """Something that a job can start, with the limits that are known of it."""

    name: str
    kind: ServiceKind
    platform: str
    url: str = ""
    """Where it answers, whatever the environment; empty where that decides. May name `{project}` as a path may."""
    topic: str = ""
    """Of a topic, its id or its full name; empty when it is called as the service is."""
    app_engine: AppEngine = AppEngine()
    token: Token = None
    """As whom its jobs call it, unless they say another."""
    starts_per_minute: int | None
    gap: timedelta | None
    """Two jobs of it should start at least so far apart."""
    waivers: tuple[Waiver, ...]
    source: Source


@dataclass(frozen=True, kw_only=True)
class RetryProfile:
    """Cloud Scheduler's retryConfig; `attempts` are retries after the first attempt, 0 to 5; `max_duration` 0 is unlimited.
    What is None nobody says, and Cloud Scheduler decides."""

    name: str
    """With its platform before it, `nba/none`, where two platforms have one of this name."""
    platform: str
    attempts: int | None
    min_backoff: timedelta | None
    max_backoff: timedelta | None
    doublings: int | None
    max_duration: timedelta | None
    source: Source


@dataclass(frozen=True, kw_only=True)
class Partition:
    """That code which changes a table names the day that it means in a predicate on `column`: two that name different days do
    not conflict (cloud.google.com/bigquery/docs/data-manipulation-language, concurrency)."""

    column: str
    named_by: str
    """The key in the body of a job whose value is the day; empty where nobody knows which day it is."""


@dataclass(frozen=True, kw_only=True)
class Processor:
    """Code that touches tables. `after` names the processors whose completion message starts this one."""

    name: str
    """With its platform before it, `nba/load`, where two platforms have one of this name."""
    service: str
    platform: str
    after: tuple[str, ...]
    tables: Mapping[str, frozenset[Kind]]
    partitions: Mapping[str, Partition] = field(default_factory=dict)
    """By table; without one it changes any row."""
    burst: int = 1
    """So many runs of it may a start bring about at once, as one a file."""
    expect: timedelta | None
    dml: timedelta | None = None
    """So long its statements take that change a table, at its end; None where nobody measured it."""
    idempotent: bool | None
    waivers: tuple[Waiver, ...]
    source: Source


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a job calls: a service, for HTTP a path on it, and what it says there."""

    service: Service
    path: str
    """What follows the URL of the service, query and all. `{project}`, `{project_number}` and `{region}` stand for those of the
    environment and the job; in doubled braces for themselves."""
    body: Json
    """The JSON that is sent; None when none is, or something else."""
    content: bytes | None
    """What is sent, byte for byte; None for nothing."""
    as_json: bool = True
    """It is declared as JSON, and goes with the header that says so."""
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those that are declared."""
    token: Token = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Of a message."""

    @property
    def all_headers(self) -> Mapping[str, str]:
        """The declared headers, and what tells JSON from other bytes."""
        if self.content is None or not self.as_json or "content-type" in map(str.lower, self.headers):
            return self.headers
        return {**self.headers, "Content-Type": "application/json"}


def json_bytes(body: Json) -> bytes:
    """JSON as it is sent: always the same bytes for the same value."""
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, kw_only=True)
class DeclaredPause:
    """The job is paused on purpose, until somebody decides otherwise; to be looked at again on the day `review`."""

    reason: str
    owner: str
    review: date


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """Nobody knows yet whether the job should run: it stays as it is found, until somebody decides by the day `review`."""

    review: date


CatchUp = Literal["latest", "skip"]


@dataclass(frozen=True, kw_only=True)
class Placing:
    """What whoever proposes another minute for a job has to keep. One of the two is said."""

    locked: str = ""
    """Why it stays where it is."""
    within: timedelta | None = None
    """So far at most from where it was before its first move."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A Cloud Scheduler job as declared. `deadline` is None for topics, which have none."""

    name: str
    """Its key in the catalog: what scopes, holds and people call it."""
    scheduler_name: str
    """What Cloud Scheduler calls it, in its region."""
    platform: str
    description: str
    owner: str
    region: str
    schedule: Cron
    """When it fires. Where months can say the season of the job, they do: what is written, and that."""
    was: Cron | None
    time_zone: str
    season: Season | None = None
    """It fires only while that is open."""
    target: Target
    deadline: timedelta | None
    retry: RetryProfile | None
    """None for a job without retry settings, of which Cloud Scheduler answers none."""
    catch_up: CatchUp
    recoverable: bool
    runs: tuple[str, ...]
    active: float | None = None
    """The share of its starts that write, above 0 and 1 at most; None where nobody measured it."""
    placing: Placing | None = None
    """What a proposal of another minute has to keep."""
    decides: tuple[str, ...] = ()
    """Processors of which it only decides whether another job starts them: they do not run without it, and not by it."""
    pair_with: tuple[str, ...]
    paused: DeclaredPause | None
    undecided: Undecided | None
    waivers: tuple[Waiver, ...]
    source: Source
    origins: Mapping[str, str] = field(repr=False, compare=False)
    """Per field, where its value comes from, for people: `catalog/nba/scrapers.yaml:12`, `defaults, ...:3` or `built in`."""

    @property
    def identity(self) -> str:
        """What tells it from all others in Cloud Scheduler: region and name."""
        return identity(self.region, self.scheduler_name)

    @property
    def closed_by(self) -> Season | None:
        """The season that holds it while it is closed: its own, unless its schedule says that by itself."""
        return None if self.season is None or keeps(self.season, self.schedule, self.time_zone) else self.season


def identity(region: str, scheduler_name: str) -> str:
    """A job of Cloud Scheduler as one text: `us-west2/fetch`. A name alone may be another job in another region."""
    return f"{region}/{scheduler_name}"


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
class SeasonEntry:
    """Days of a season, both included: of one year, or of every year."""

    name: str
    """`nba`, or `nba-2026` for one year of it."""
    season: str
    """As the scope of the season names it."""
    platform: str
    first: SeasonDay
    last: SeasonDay
    time_zone: str
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
class Unmanaged:
    """A job of Cloud Scheduler that is not declared on purpose, until the day `until`. Nobody holds it."""

    identity: str
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
    unmanaged: Mapping[str, Unmanaged] = field(default_factory=dict)
    """By identity."""
    baseline: tuple[Accepted, ...] = ()
    retry_profiles: Mapping[str, RetryProfile] = field(default_factory=dict)
    seasons: Mapping[str, Season] = field(default_factory=dict)
    """As their scopes name them."""
    season_entries: Mapping[str, SeasonEntry] = field(default_factory=dict)
    """What declares them, by name: `nba-2026`, with its platform where another one has an entry of that name."""
    rules: Mapping[str, PlatformRules] = field(default_factory=dict)
    """By platform, of those that say any: ask `rules_of`."""
    zone_record: ZoneRecord | None = None
    _derived: dict[object, object] = field(init=False, default_factory=dict, repr=False, compare=False)

    @cached_property
    def tables(self) -> frozenset[str]:
        """Every table that a processor or a backfill touches."""
        actors: list[Processor | Backfill] = [*self.processors.values(), *self.backfills.values()]
        return frozenset(table for actor in actors for table in actor.tables)

    @cached_property
    def identities(self) -> Mapping[str, str]:
        """The identity of each job, by its name."""
        return {name: job.identity for name, job in self.jobs.items()}

    @cached_property
    def by_identity(self) -> Mapping[str, Job]:
        """Each job by its region and its name in Cloud Scheduler."""
        return {job.identity: job for job in self.jobs.values()}

    @cached_property
    def timed(self) -> Mapping[str, Window | Season]:
        """What holds by the clock, by scope."""
        windows = {f"window/{name}": window for name, window in self.windows.items()}
        return windows | {season.scope: season for season in self.closing_seasons.values()}

    @cached_property
    def closing_seasons(self) -> Mapping[str, Season]:
        """The seasons that hold jobs while they are closed, by name."""
        found = {season.name: season for job in self.jobs.values() if (season := job.closed_by) is not None}
        return dict(sorted(found.items()))

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
    return _kept(derive, derive)


def whenever(derive: Callable[[Catalog], T]) -> Callable[[Catalog], T]:
    """As `once_a_catalog`, of what does not depend on when jobs fire: catalogs that differ in schedules alone share it
    (`rescheduled`)."""
    return _kept(derive, _Timeless(derive))


@dataclass(frozen=True)
class _Timeless:
    """The key of what does not depend on when jobs fire."""

    derive: Callable[[Catalog], object]


def rescheduled(catalog: Catalog, schedules: Mapping[str, Cron]) -> Catalog:
    """The catalog with other schedules, by job; `was` keeps what they replace first."""
    jobs = dict(catalog.jobs)
    for name, schedule in schedules.items():
        jobs[name] = replace(jobs[name], schedule=schedule, was=jobs[name].was or jobs[name].schedule)
    found = replace(catalog, jobs=jobs)
    found._derived.update({key: value for key, value in catalog._derived.items() if isinstance(key, _Timeless)})
    return found


def _kept(derive: Callable[[Catalog], T], key: object) -> Callable[[Catalog], T]:

    @wraps(derive)
    def derived(catalog: Catalog) -> T:
        kept = catalog._derived
        if key not in kept:
            kept[key] = derive(catalog)
        return cast(T, kept[key])

    return derived

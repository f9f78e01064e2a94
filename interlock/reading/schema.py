"""The shape of the catalog's files: what each key may hold. Pydantic stays in the modules that read YAML.

One model for each kind of entry; references between entries are checked by `resolve.py`, which has all files. The JSON Schema
for editors (`catalog/schema.json`) is generated from `CatalogFile`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from interlock.access import Kind
from interlock.catalog import CatchUp, Protect, ServiceKind
from interlock.platform_rules import Was
from interlock.reading.fields import (
    Account,
    AppEngineId,
    Attempts,
    Base64,
    Body,
    Column,
    Count,
    Date,
    DayOfSeason,
    Deadline,
    Description,
    Doublings,
    Duration,
    Expect,
    Flag,
    Gap,
    HeaderName,
    Identity,
    JobSubject,
    Lead,
    Method,
    Minute,
    Name,
    Reference,
    Region,
    Schedule,
    SchedulerName,
    Scope,
    ServiceUrl,
    Share,
    Shift,
    Statement,
    Table,
    Text,
    TopicName,
    UrlPath,
    Verbatim,
    WindowDuration,
    WindowSchedule,
    Within,
    Zone,
    wrong,
)


class Entry(BaseModel):
    """What all entries have in common: no unknown keys; built when first used, since most commands read few kinds of file."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True, defer_build=True
    )


class WaiverEntry(Entry):
    """A finding that is accepted, until a day."""

    rule: Text
    reason: Text
    owner: Text
    until: Date
    since: Date | None = None


class WaivableEntry(Entry):
    """An entry whose findings can be waived."""

    waive: tuple[WaiverEntry, ...] = ()


NOBODY = "none"
"""For a token: none at all."""


class OidcEntry(Entry):
    """An identity token."""

    account: Account | None = None
    audience: Verbatim | None = None


class OAuthEntry(Entry):
    """An access token."""

    account: Account | None = None
    scope: Verbatim | None = None


def _or_nobody(schema: dict[str, Any]) -> None:
    """Adds that to the schema for editors."""
    one = dict(schema)
    schema.clear()
    schema["anyOf"] = [one, {"const": NOBODY}]


class TokenEntry(Entry):
    """As whom a job calls: one of the two, or as nobody."""

    model_config = ConfigDict(json_schema_extra=_or_nobody)

    oidc: OidcEntry | None = None
    oauth: OAuthEntry | None = None


def _token(value: object) -> object:
    if value != NOBODY and not isinstance(value, dict):
        raise wrong("is no token; write none, {oidc: {...}} or {oauth: {...}}")
    return {} if value == NOBODY else value


Token = Annotated[TokenEntry, BeforeValidator(_token)]
"""What `TokenEntry` holds, or `none`."""


class AppEngineEntry(Entry):
    """Which part of the project's App Engine application."""

    service: AppEngineId | None = None
    version: AppEngineId | None = None
    instance: AppEngineId | None = None


OFF = "off"
"""For the stagger: there is none. YAML 1.1 reads the word as false."""


def _or_off(schema: dict[str, Any]) -> None:
    """Adds that to the schema for editors."""
    one = dict(schema)
    schema.clear()
    schema["anyOf"] = [one, {"enum": [OFF, False]}]


class StaggerEntry(Entry):
    """Minutes of the hour in which writers of backfilled tables start; an empty list is what `off` is read as."""

    model_config = ConfigDict(json_schema_extra=_or_off)

    minutes: tuple[Minute, ...] | None = None
    within: Within | None = None


def _stagger(value: object) -> object:
    if value is False or value == OFF:
        return {"minutes": []}
    if not isinstance(value, dict):
        raise wrong("is no stagger; write off, or {minutes: [15, 45], within: 0m}")
    if value.get("minutes") == []:
        raise wrong("has no minutes; write off for no stagger at all")
    return value


class RulesEntry(Entry):
    """What a platform asks of its schedules, where that is not what is asked everywhere."""

    stagger: Annotated[StaggerEntry, BeforeValidator(_stagger)] | None = None
    lead: Lead | None = None
    apart: Lead | None = None
    starts_per_minute: Count | None = None
    was: Was | None = None


class ServiceEntry(WaivableEntry):
    """Something that a job can start."""

    kind: ServiceKind
    url: ServiceUrl | None = None
    topic: TopicName | None = None
    app_engine: AppEngineEntry | None = None
    token: Token | None = None
    max_instances: Count | None = None
    """For people: nothing is derived from it."""
    starts_per_minute: Count | None = None
    gap: Gap | None = None


class RetryEntry(Entry):
    """Cloud Scheduler's retryConfig. What is left out it decides."""

    attempts: Attempts | None = None
    min_backoff: Duration | None = None
    max_backoff: Duration | None = None
    doublings: Doublings | None = None
    max_duration: Duration | None = None


class AccessEntry(Entry):
    """How a table is touched, in full."""

    read: Flag = False
    write: tuple[Statement, ...] = ()
    """The statements, in order."""

    @model_validator(mode="after")
    def _touches(self) -> Self:
        if not self.read and not self.write:
            raise wrong("says neither read nor write; write {read: true} or {write: [...]}")
        return self


class ProcessorAccessEntry(AccessEntry):
    """How the code of a processor touches a table, in full."""

    partition: Column | None = None
    named_by: Text | None = None
    """The key in the body of the jobs whose value is the day in the partition."""

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.named_by is not None and self.partition is None:
            raise wrong("says what names a partition, and not its column; write partition: <column>")
        return self


SHORT, FULL = "[kinds]", "[access]"
"""In where pydantic says that an error is: which of two forms it took a value for."""
Kinds = Annotated[tuple[Kind, ...], Field(min_length=1), Tag(SHORT)]
_form = Discriminator(lambda value: FULL if isinstance(value, dict) else SHORT)
Access = Annotated[Kinds | Annotated[AccessEntry, Tag(FULL)], _form]
ProcessorAccess = Annotated[Kinds | Annotated[ProcessorAccessEntry, Tag(FULL)], _form]
"""A list of kinds is short for an entry that says them."""


class ProcessorEntry(WaivableEntry):
    """Code that touches tables."""

    service: Reference
    after: tuple[Reference, ...] = ()
    tables: dict[Table, ProcessorAccess] = {}
    burst: Count = 1
    """So many runs of it at once may one start bring about."""
    expect: Duration | None = None
    dml: Duration | None = None
    """Of that, the statements that change a table."""
    idempotent: Flag | None = None


class TargetEntry(Entry):
    """What a job calls."""

    service: Reference
    path: UrlPath | None = None
    method: Method | None = None
    headers: dict[HeaderName, Verbatim] = {}
    body: Body | None = None
    """JSON."""
    text: Verbatim | None = None
    base64: Base64 | None = None
    token: Token | None = None
    attributes: dict[Verbatim, Verbatim] = {}


class PauseEntry(Entry):
    """Paused by declaration, or left as it is found until somebody decides."""

    reason: Text | None = None
    owner: Text | None = None
    undecided: Literal[True] | None = None
    review: Date


class DefaultsEntry(Entry):
    """For the jobs, backfills, windows and seasons of one file."""

    owner: Text | None = None
    time_zone: Zone | None = None
    region: Region | None = None
    deadline: Deadline | None = None
    retry: Reference | None = None
    catch_up: CatchUp | None = None


class PlacingEntry(Entry):
    """What a proposal of another minute has to keep."""

    locked: Text | None = None
    """Why it stays."""
    within: Shift | None = None
    """So far at most from where it was first."""

    @model_validator(mode="after")
    def _says_one(self) -> Self:
        if (self.locked is None) == (self.within is None):
            raise wrong("says one of two things; write {locked: <why>} or {within: 15m}")
        return self


class JobEntry(WaivableEntry):
    """A Cloud Scheduler job."""

    name: SchedulerName | None = None
    """What Cloud Scheduler calls it, where that can't be its key."""
    description: Description
    schedule: Schedule
    was: Schedule | None = None
    target: TargetEntry
    owner: Text | None = None
    time_zone: Zone | None = None
    season: Name | None = None
    """It fires only inside."""
    region: Region | None = None
    deadline: Deadline | None = None
    retry: Reference | None = None
    catch_up: CatchUp | None = None
    recoverable: Flag = True
    runs: tuple[Reference, ...] = ()
    active: Share | None = None
    """Of its starts, those that write."""
    stagger: PlacingEntry | None = None
    decides: tuple[Reference, ...] = ()
    """What another job runs when this one has decided so."""
    pair_with: tuple[Reference, ...] = ()
    paused: PauseEntry | None = None


class KeepEntry(Entry):
    """A job that a backfill leaves running."""

    job: Reference
    reason: Text


class BackfillEntry(WaivableEntry):
    """A long rewrite of tables, started by people."""

    description: Text
    owner: Text | None = None
    expect: Expect
    tables: Annotated[dict[Table, Access], Field(min_length=1)]
    untouched: tuple[Table, ...] = ()
    """Those of its tables that no processor touches."""
    protect: Annotated[tuple[Protect, ...], Field(min_length=1)]
    keep: tuple[KeepEntry, ...] = ()


class WindowEntry(WaivableEntry):
    """A maintenance window."""

    schedule: WindowSchedule
    time_zone: Zone | None = None
    duration: WindowDuration
    covers: Annotated[tuple[Scope, ...], Field(min_length=1)]
    reason: Text
    owner: Text | None = None


class SeasonEntry(WaivableEntry):
    """The days of a season, both included: of one year, or of every year."""

    first: DayOfSeason = Field(alias="from")
    """Under its key: no name in Python can be that."""
    until: DayOfSeason
    time_zone: Zone | None = None
    """In which its days begin and end."""


class RemovedEntry(Entry):
    """A job that is gone on purpose: a plan may delete it until a day."""

    reason: Text
    owner: Text
    until: Date


class UnmanagedEntry(Entry):
    """A job that stays outside of the catalog until a day."""

    reason: Text
    owner: Text
    until: Date


class AcceptedEntry(Entry):
    """Findings that were there when the rules came, and are old until a day."""

    rule: Name
    subject: JobSubject
    count: Count = 1
    """How many findings of the rule the subject has."""
    since: Date
    until: Date
    owner: Text
    reason: Text | None = None


class CatalogFile(Entry):
    """One file of the catalog; every section may be left out."""

    defaults: DefaultsEntry = DefaultsEntry()
    rules: RulesEntry = RulesEntry()
    retry_profiles: dict[Name, RetryEntry] = {}
    services: dict[Name, ServiceEntry] = {}
    processors: dict[Name, ProcessorEntry] = {}
    jobs: dict[Name, JobEntry] = {}
    backfills: dict[Name, BackfillEntry] = {}
    windows: dict[Name, WindowEntry] = {}
    seasons: dict[Name, SeasonEntry] = {}
    removed: dict[Name, RemovedEntry] = {}
    unmanaged: dict[Identity, UnmanagedEntry] = {}
    baseline: tuple[AcceptedEntry, ...] = ()


def json_schema() -> dict[str, object]:
    """The JSON Schema of a catalog's file, for editors."""
    schema = _tidy(CatalogFile.model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Pydantic's schema, as strict as we are: names that don't match are refused, and so is a key that is left blank."""
    tidy = {key: value for key, value in schema.items() if key not in {"title", "default"}}
    if "patternProperties" in tidy:
        tidy.pop("propertyNames", None)
        tidy["additionalProperties"] = False
    if "anyOf" in tidy:
        one, *others = (choice for choice in tidy.pop("anyOf") if choice != {"type": "null"})
        tidy |= {"anyOf": [_tidy(one), *map(_tidy, others)]} if others else one
    for key, value in tidy.items():
        if key in {"properties", "patternProperties", "$defs"}:
            tidy[key] = {name: _tidy(inner) for name, inner in value.items()}
        elif key == "items":
            tidy[key] = _tidy(value)
    return tidy

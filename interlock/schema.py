"""The shape of the YAML files: what each key may hold. Pydantic stays in this module and `resolve.py`.

One model for each kind of entry; references between entries are checked by `resolve.py`, which has all files. The JSON Schema
for editors (`catalog/schema.json`) is generated from `CatalogFile`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from interlock.access import Kind
from interlock.catalog import CatchUp, Protect, ServiceKind, Wave
from interlock.cron import Cron, CronError, ZoneError, zone
from interlock.environment import Required
from interlock.located import Document, Path, Problem

MIN_DEADLINE, MAX_DEADLINE = timedelta(seconds=15), timedelta(minutes=30)
"""Of an HTTP target: https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs"""
MAX_ATTEMPTS = 5
MAX_DESCRIPTION = 500
MAX_EXPECT = timedelta(days=14)

NAME = r"[a-z][a-z0-9-]{0,99}"
TABLE = r"[A-Za-z0-9_]+\.[A-Za-z0-9_$-]+"
PATH = r"/[A-Za-z0-9._~/?=&%:+,-]*"
REGION = r"[a-z]+-[a-z]+[0-9]+"
DURATION = r"([0-9]{1,6})([smhd])"
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(value: object) -> timedelta:
    """`45s`, `10m`, `30h` or `4d` as a timedelta."""
    if isinstance(value, timedelta):
        return value
    found = re.fullmatch(DURATION, value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("duration", "is no duration; write one like 45s, 10m, 30h or 4d")
    return timedelta(seconds=int(found[1]) * SECONDS[found[2]])


def _cron(value: object) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("cron", 'is no schedule; write five fields in quotes, like "15,45 * * * *"')
    try:
        return Cron.parse(value)
    except CronError as error:
        raise PydanticCustomError("cron", "{reason}", {"reason": str(error)}) from None


def _zone(value: object) -> object:
    try:
        zone(value if isinstance(value, str) else "")
    except ZoneError:
        raise PydanticCustomError("zone", "is no time zone; write one like America/New_York or Etc/UTC") from None
    return value


def _matching(pattern: str, allowed: str) -> BeforeValidator:
    def check(value: object) -> object:
        if not (isinstance(value, str) and re.fullmatch(pattern, value)):
            raise PydanticCustomError("pattern", "{allowed}", {"allowed": allowed})
        return value

    return BeforeValidator(check)


TEXT_SCHEMA = {"type": "string"}
Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema({**TEXT_SCHEMA, "pattern": f"^{DURATION}$"})]
Schedule = Annotated[Cron, BeforeValidator(_cron), WithJsonSchema({**TEXT_SCHEMA, "description": "5-field unix cron"})]
Zone = Annotated[str, BeforeValidator(_zone)]
Name = Annotated[str, _matching(NAME, "is no name; allowed: a-z, 0-9 and -, beginning with a letter, at most 100")]
Table = Annotated[str, _matching(TABLE, "is no table; write dataset.table")]
UrlPath = Annotated[str, _matching(PATH, "is no path; it begins with / and holds letters, digits and . _ ~ / ? = & % : + , -")]
Region = Annotated[str, _matching(REGION, "is no region; write one like us-west2")]
Text = Annotated[str, Field(min_length=1, max_length=MAX_DESCRIPTION)]


class Entry(BaseModel):
    """What all entries have in common: no unknown keys, no silent conversions of what is not a text."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True)


class WaiverEntry(Entry):
    rule: str
    reason: Text
    owner: Text
    until: date


class Waivable(Entry):
    waive: tuple[WaiverEntry, ...] = ()


class ServiceEntry(Waivable):
    kind: ServiceKind
    max_instances: Annotated[int, Field(ge=1)] | None = None
    starts_per_minute: Annotated[int, Field(ge=1)] | None = None


class RetryEntry(Entry):
    attempts: Annotated[int, Field(ge=0, le=MAX_ATTEMPTS)]
    min_backoff: Duration
    max_backoff: Duration
    doublings: Annotated[int, Field(ge=0, le=16)]
    max_duration: Duration


class ProcessorEntry(Waivable):
    service: Name
    after: tuple[Name, ...] = ()
    tables: dict[Table, tuple[Kind, ...]] = {}
    expect: Duration | None = None
    idempotent: bool | None = None


class TargetEntry(Entry):
    service: Name
    path: UrlPath | None = None
    body: dict[str, object] | None = None


class PauseEntry(Entry):
    reason: Text
    owner: Text
    review: date


class DefaultsEntry(Entry):
    """For the jobs of one file."""

    owner: Text | None = None
    time_zone: Zone | None = None
    region: Region | None = None
    deadline: Duration | None = None
    retry: Name | None = None
    catch_up: CatchUp | None = None


class JobEntry(Waivable):
    description: Text
    schedule: Schedule
    was: Schedule | None = None
    target: TargetEntry
    owner: Text | None = None
    time_zone: Zone | None = None
    region: Region | None = None
    deadline: Duration | None = None
    retry: Name | None = None
    catch_up: CatchUp | None = None
    recoverable: bool = True
    runs: tuple[Name, ...] = ()
    pair_with: tuple[Name, ...] = ()
    wave: Wave | None = None
    paused: PauseEntry | None = None


class KeepEntry(Entry):
    job: Name
    reason: Text


class BackfillEntry(Waivable):
    description: Text
    owner: Text | None = None
    expect: Duration
    tables: Annotated[dict[Table, tuple[Kind, ...]], Field(min_length=1)]
    protect: Annotated[tuple[Protect, ...], Field(min_length=1)]
    keep: tuple[KeepEntry, ...] = ()


class CatalogFile(Entry):
    """One file of the catalog; every section may be left out."""

    defaults: DefaultsEntry = DefaultsEntry()
    retry_profiles: dict[Name, RetryEntry] = {}
    services: dict[Name, ServiceEntry] = {}
    processors: dict[Name, ProcessorEntry] = {}
    jobs: dict[Name, JobEntry] = {}
    backfills: dict[Name, BackfillEntry] = {}


class EnvironmentFile(Entry):
    """One file of `environments/`."""

    project: Annotated[str, _matching(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "is no project id; write your project's id")]
    project_number: Annotated[str, _matching(r"[0-9]{6,20}", "is no project number; write its digits in quotes")]
    location: Region
    bucket: Annotated[str, _matching(r"[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]", "is no bucket name")]
    state_bucket: Annotated[str, _matching(r"[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]", "is no bucket name")]
    invoker: Annotated[str, _matching(r"[^@\s]+@[^@\s]+\.iam\.gserviceaccount\.com", "is no service account's address")]
    url_patterns: dict[Literal["run", "function"], str]
    service_urls: dict[Name, str] = {}
    max_hold: Duration
    require: tuple[Required, ...] = ()
    allow_destroy: bool = False


def problems_of(error: ValidationError, document: Document, at: Path, allowed: Sequence[str]) -> list[Problem]:
    """Pydantic's errors as problems with file and line. `at` is the path of the validated value in the document; `allowed` are
    the keys of its model, for the hint on an unknown key."""
    return [_problem_of(details, document, at, allowed) for details in error.errors(include_url=False)]


def _problem_of(details: ErrorDetails, document: Document, at: Path, allowed: Sequence[str]) -> Problem:
    where: Path = tuple(part for part in (*at, *details["loc"]) if part != "[key]")
    what = ".".join(str(part) for part in where)
    key = str(details["loc"][-1]) if details["loc"] else what
    match details["type"]:
        case "extra_forbidden":
            near = get_close_matches(key, allowed, n=1)
            message = f"{what}: unknown key{f'; did you mean {near[0]}?' if near else ''}"
            if len(details["loc"]) == 1:
                message += f" Allowed: {', '.join(allowed)}" if near else f"; allowed: {', '.join(allowed)}"
        case "missing":
            message = f"{what}: missing key"
        case _:
            message = f"{what}: {_found(details['input'])}{_reason(details)}"
    return Problem(source=document.at(where), message=message)


def _found(value: object) -> str:
    return "" if isinstance(value, Mapping | list | tuple) else f"{str(value)[:80]!r} "


def _reason(details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    if "expected" in context:
        return f"is not allowed; allowed: {context['expected']}"
    message = details["msg"]
    return message if message.startswith("is ") else f"is wrong: {message[0].lower()}{message[1:]}"

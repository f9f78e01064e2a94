"""`declaration/current.json` -> `Declaration`, strictly: what is not understood in full is not acted upon."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from interlock.catalog import CatchUp
from interlock.declaration import VERSION, Declaration, DeclaredJob, DeclaredWindow
from interlock.fields import Count, Flag, Name, Region, Schedule, Scope, Text, Zone, wrong

MAX_SECONDS = 10 * 365 * 86400


class DeclarationError(ValueError):
    """An object that is no declaration; the message says what is wrong in it first."""


def _duration(value: object) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SECONDS:
        raise wrong("is no number of seconds")
    return timedelta(seconds=value)


Seconds = Annotated[timedelta, BeforeValidator(_duration)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True)


class _JobEntry(_Entry):
    region: Region
    schedule: Schedule
    time_zone: Zone
    paused: Flag
    catch_up: CatchUp
    recoverable: Flag
    service: Name
    deadline: Annotated[Seconds | None, Field(alias="deadline_s")]
    expect: Annotated[Seconds | None, Field(alias="expect_s")]
    after: tuple[Name, ...]
    relative_dates: Flag


class _WindowEntry(_Entry):
    schedule: Schedule
    time_zone: Zone
    duration: Annotated[Seconds, Field(alias="duration_s")]
    covers: tuple[Scope, ...]
    reason: Text
    owner: Text


class _ServiceEntry(_Entry):
    starts_per_minute: Count | None


class _File(_Entry):
    version: Literal[1]
    jobs: dict[Name, _JobEntry]
    scopes: dict[Scope, tuple[Name, ...]]
    windows: dict[Name, _WindowEntry]
    services: dict[Name, _ServiceEntry]
    max_hold: Annotated[Seconds, Field(alias="max_hold_s")]
    tick: Annotated[Seconds, Field(alias="tick_s")]
    breaker_hold: Annotated[Seconds, Field(alias="breaker_hold_s")]


def parse(content: bytes) -> Declaration:
    """The declaration that `content` states; DeclarationError for anything else."""
    try:
        file = _File.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DeclarationError(f"{where or 'the object'}: {first['msg']} (version {VERSION} is read here)") from None
    return Declaration(
        jobs={name: DeclaredJob(name=name, **dict(job)) for name, job in sorted(file.jobs.items())},
        scopes=file.scopes,
        windows={name: DeclaredWindow(name=name, **dict(window)) for name, window in sorted(file.windows.items())},
        services={name: service.starts_per_minute for name, service in file.services.items()},
        max_hold=file.max_hold,
        tick=file.tick,
        breaker_hold=file.breaker_hold,
    )

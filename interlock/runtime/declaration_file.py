"""The declaration as an object of the coordination bucket: `Declaration` -> JSON, and back.

The `schedules` stack writes it before its jobs change, so that a reconcile never acts on a catalog that is not deployed yet.
It is read strictly: what is not understood in full is not acted upon. By plain checks, not by pydantic: the coordinator reads
it, and a cold start there has better things to import.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from interlock.about import About
from interlock.catalog import CatchUp, Json
from interlock.cron import Cron, CronError, ZoneError, zone
from interlock.declaration import Declaration, DeclaredJob, DeclaredWindow
from interlock.names import NAME, REGION, SCHEDULER_NAME, SCOPE, SEASON, TABLE, count
from interlock.parts import DIGEST
from interlock.runtime.about_file import about_json, parse_about
from interlock.seasons import Season
from interlock.windows import OPENINGS, openings_json, read_openings

PREFIX = "declaration/"
OBJECT = PREFIX + "current.json"
"""Of a catalog of one platform."""
PARTS = PREFIX + "platforms/"
"""Where each platform of several has its own."""
_PART = re.compile(rf"{re.escape(PARTS)}{NAME}\.json")
VERSION = 1
MAX_BYTES = 16 * 2**20
"""Of an object that is read whole; a declaration of 5,000 jobs, which is the most that a region has, has less than 8 MiB."""
MAX_SECONDS = 10 * 365 * 86400
CATCH_UPS: dict[object, CatchUp] = {"latest": "latest", "skip": "skip"}

T = TypeVar("T")
Read = Callable[[object, str], T]
"""Makes a value of JSON what it stands for; the text says where it is, for the error."""


def object_of(platform: str | None) -> str:
    """The name of the object: of a platform that has its own, or of the whole catalog."""
    return OBJECT if platform is None else f"{PARTS}{platform}.json"


def is_declaration(name: str) -> bool:
    """Whether an object of this name declares something."""
    return name == OBJECT or _PART.fullmatch(name) is not None


class DeclarationError(ValueError):
    """An object that is no declaration; the message says what is wrong in it first."""


def deployable(declaration: Declaration, limit: int = MAX_BYTES) -> str:
    """The content of the object as a deploy writes it: what people are told goes first where all of it would be too large to
    be read. DeclarationError where what is decided by is."""
    content = to_json(declaration)
    if len(content.encode()) > limit:
        content = to_json(replace(declaration, about=About()))
    if (size := len(content.encode())) > limit:
        raise DeclarationError(
            f"{count(len(declaration.jobs), 'job')} make a declaration of {size:,} bytes, and the coordinator reads {limit:,}; "
            "give some of them a platform of their own"
        )
    return content


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
                "duration_s": _in_seconds(window.duration),
                "covers": list(window.covers),
                "reason": window.reason,
                "owner": window.owner,
            }
            for name, window in declaration.windows.items()
        },
        "services": {name: {"starts_per_minute": limit} for name, limit in declaration.services.items()},
        "max_hold_s": _in_seconds(declaration.max_hold),
        "tick_s": _in_seconds(declaration.tick),
        "breaker_hold_s": _in_seconds(declaration.breaker_hold),
    }
    if declaration.seasons:
        content["seasons"] = {name: openings_json(season) for name, season in declaration.seasons.items()}
    if declaration.about != About():
        content["about"] = about_json(declaration.about)
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def _job_json(job: DeclaredJob) -> Json:
    """What is so of few jobs is said of those alone. A coordinator from before knows none of these keys, which is why a deploy
    renews the coordinator first."""
    rare: dict[str, Json] = {"name": job.scheduler_name} if job.scheduler_name != job.name else {}
    rare |= {"undecided": True} if job.undecided else {}
    rare |= {"digests": {**job.digests}} if job.digests else {}
    return rare | {
        "region": job.region,
        "schedule": job.schedule.text,
        "time_zone": job.time_zone,
        "paused": job.paused,
        "catch_up": job.catch_up,
        "recoverable": job.recoverable,
        "service": job.service,
        "deadline_s": _in_seconds(job.deadline) if job.deadline is not None else None,
        "expect_s": _in_seconds(job.expect) if job.expect is not None else None,
        "after": list(job.after),
        "relative_dates": job.relative_dates,
    }


def _in_seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())


def parse(content: bytes, name: str = OBJECT) -> Declaration:
    """The declaration that the content of the object `name` states; DeclarationError for anything else."""
    try:
        return _parsed(content)
    except DeclarationError as error:
        raise DeclarationError(f"{name}: {error} (version {VERSION} is read here)") from None


def _parsed(content: bytes) -> Declaration:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise _wrong("", "is no JSON") from None
    keys = ("version", "jobs", "scopes", "windows", "services", "max_hold_s", "tick_s", "breaker_hold_s")
    # A deploy renews the coordinator before the declaration, so that it meets one from before there were tables.
    unsaid: dict[str, object] = {"tables": {}, "seasons": {}, "about": {}}
    file = unsaid | _entry(value, "", keys, optional=tuple(unsaid))
    if file["version"] != VERSION or isinstance(file["version"], bool):
        raise _wrong("version", "is not read here")
    seasons = {name: _season(name, value, at) for name, value, at in _named(file["seasons"], "seasons", _season_name)}
    scopes = {scope: _list(value, at, _name) for scope, value, at in _named(file["scopes"], "scopes", _scope)}
    closed_by = {job: season for season in seasons.values() for job in scopes.get(season.scope, ())}
    jobs = {name: _job(name, value, at) for name, value, at in _named(file["jobs"], "jobs", _name)}
    return Declaration(
        jobs={name: replace(job, season=closed_by.get(name)) for name, job in jobs.items()},
        scopes=scopes,
        tables={scope: _list(value, at, _table) for scope, value, at in _named(file["tables"], "tables", _scope)},
        windows={name: _window(name, value, at) for name, value, at in _named(file["windows"], "windows", _name)},
        services={name: _starts(value, at) for name, value, at in _named(file["services"], "services", _name)},
        max_hold=_seconds(file["max_hold_s"], "max_hold_s"),
        tick=_seconds(file["tick_s"], "tick_s"),
        breaker_hold=_seconds(file["breaker_hold_s"], "breaker_hold_s"),
        seasons=seasons,
        about=parse_about(file["about"]),
    )


def _job(name: str, value: object, where: str) -> DeclaredJob:
    texts = ("region", "schedule", "time_zone", "catch_up", "service", "after")
    keys = (*texts, "paused", "recoverable", "deadline_s", "expect_s", "relative_dates")
    unsaid = {"name": name, "undecided": False, "digests": {}}
    entry = unsaid | _entry(value, where, keys, optional=tuple(unsaid))
    return DeclaredJob(
        name=name,
        scheduler_name=_matching(entry["name"], f"{where}.name", SCHEDULER_NAME, "name of a job"),
        region=_region(entry["region"], f"{where}.region"),
        schedule=_cron(entry["schedule"], f"{where}.schedule", Cron.read),
        time_zone=_zone(entry["time_zone"], f"{where}.time_zone"),
        paused=_flag(entry["paused"], f"{where}.paused"),
        undecided=_flag(entry["undecided"], f"{where}.undecided"),
        catch_up=_catch_up(entry["catch_up"], f"{where}.catch_up"),
        recoverable=_flag(entry["recoverable"], f"{where}.recoverable"),
        service=_name(entry["service"], f"{where}.service"),
        deadline=_maybe(entry["deadline_s"], f"{where}.deadline_s", _seconds),
        expect=_maybe(entry["expect_s"], f"{where}.expect_s", _seconds),
        after=_list(entry["after"], f"{where}.after", _name),
        relative_dates=_flag(entry["relative_dates"], f"{where}.relative_dates"),
        digests={part: _digest(digest, at) for part, digest, at in _named(entry["digests"], f"{where}.digests", _text)},
    )


def _window(name: str, value: object, where: str) -> DeclaredWindow:
    entry = _entry(value, where, ("schedule", "time_zone", "duration_s", "covers", "reason", "owner"))
    return DeclaredWindow(
        name=name,
        schedule=_cron(entry["schedule"], f"{where}.schedule", Cron.parse),
        time_zone=_zone(entry["time_zone"], f"{where}.time_zone"),
        duration=_seconds(entry["duration_s"], f"{where}.duration_s"),
        covers=_list(entry["covers"], f"{where}.covers", _scope),
        reason=_text(entry["reason"], f"{where}.reason"),
        owner=_text(entry["owner"], f"{where}.owner"),
    )


def _season(name: str, value: object, where: str) -> Season:
    season = read_openings(name, value)
    if season is None:
        raise _wrong(where, f"is no season; it wants {OPENINGS}")
    return season


def _starts(value: object, where: str) -> int | None:
    return _maybe(_entry(value, where, ("starts_per_minute",))["starts_per_minute"], f"{where}.starts_per_minute", _count)


def _wrong(where: str, message: str) -> DeclarationError:
    return DeclarationError(f"{where}: {message}" if where else message)


def _entry(value: object, where: str, keys: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _wrong(where, "is no JSON object")
    if missing := sorted(set(keys) - value.keys()):
        raise _wrong(where, f"has no {missing[0]}")
    if unknown := sorted(value.keys() - set(keys) - set(optional)):
        raise _wrong(where, f"has the unknown key {unknown[0]!a}")
    return value


def _named(value: object, where: str, key: Read[str]) -> Iterator[tuple[str, object, str]]:
    """The entries of an object whose keys `key` reads: each key, its value and where that is."""
    if not isinstance(value, dict):
        raise _wrong(where, "is no JSON object")
    for name, inner in sorted(value.items()):
        yield key(name, where), inner, f"{where}.{name}"


def _list(value: object, where: str, read: Read[T]) -> tuple[T, ...]:
    if not isinstance(value, list):
        raise _wrong(where, "is no list")
    return tuple(read(inner, where) for inner in value)


def _maybe(value: object, where: str, read: Read[T]) -> T | None:
    return None if value is None else read(value, where)


def _matching(value: object, where: str, pattern: str, what: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise _wrong(where, f"{value!a:.80} is no {what}")
    return value


def _name(value: object, where: str) -> str:
    return _matching(value, where, NAME, "name")


def _season_name(value: object, where: str) -> str:
    return _matching(value, where, SEASON, "season")


def _region(value: object, where: str) -> str:
    return _matching(value, where, REGION, "region")


def _scope(value: object, where: str) -> str:
    return _matching(value, where, SCOPE, "scope")


def _table(value: object, where: str) -> str:
    return _matching(value, where, TABLE, "table")


def _text(value: object, where: str) -> str:
    return _matching(value, where, r"(?s)\s*\S.*", "text")


def _digest(value: object, where: str) -> str:
    return _matching(value, where, DIGEST, "digest")


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, "is neither true nor false")
    return value


def _count(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _wrong(where, "is no number from 1")
    return value


def _seconds(value: object, where: str) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SECONDS:
        raise _wrong(where, "is no number of seconds")
    return timedelta(seconds=value)


def _catch_up(value: object, where: str) -> CatchUp:
    if not isinstance(value, str) or value not in CATCH_UPS:
        raise _wrong(where, "is neither latest nor skip")
    return CATCH_UPS[value]


def _cron(value: object, where: str, read: Callable[[str], Cron]) -> Cron:
    try:
        return read(value if isinstance(value, str) else "")
    except CronError as error:
        raise _wrong(where, str(error)) from None


def _zone(value: object, where: str) -> str:
    try:
        return zone(value if isinstance(value, str) else "").key
    except ZoneError as error:
        raise _wrong(where, str(error)) from None

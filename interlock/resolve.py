"""From parsed files to a `Catalog`: defaults are filled in, names are unique, every reference leads somewhere.

Everything wrong in all files is collected and raised as one `SourceError`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from interlock.access import Kind
from interlock.catalog import (
    Backfill,
    Catalog,
    CatchUp,
    DeclaredPause,
    Job,
    Json,
    Keep,
    Processor,
    RetryProfile,
    Service,
    ServiceKind,
    Source,
    Target,
    Waiver,
)
from interlock.environment import Environment
from interlock.located import Document, Problem, SourceError, parse
from interlock.schema import (
    MAX_DEADLINE,
    MAX_EXPECT,
    MIN_DEADLINE,
    NAME,
    BackfillEntry,
    CatalogFile,
    DefaultsEntry,
    Entry,
    EnvironmentFile,
    JobEntry,
    ProcessorEntry,
    RetryEntry,
    ServiceEntry,
    Waivable,
    problems_of,
)

RESERVED_PREFIX = "interlock-"
"""Of Interlock's own timers, which are in no scope."""
LONGER_THAN_EXPECTED = 1.5
"""A backfill is held for this multiple of what it is expected to take, unless somebody says otherwise."""
SAMPLE_PROJECT = "your-project-id"

SECTIONS: Mapping[str, tuple[str, type[Entry]]] = {
    "retry_profiles": ("retry profile", RetryEntry),
    "services": ("service", ServiceEntry),
    "processors": ("processor", ProcessorEntry),
    "jobs": ("job", JobEntry),
    "backfills": ("backfill", BackfillEntry),
}

E = TypeVar("E", bound=Entry)
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file of the catalog: its name for people, the platform (its folder) and its text."""

    name: str
    platform: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Written(Generic[E]):
    """An entry as written, and where."""

    section: str
    name: str
    value: E
    document: Document
    platform: str
    defaults: DefaultsEntry

    def at(self, *path: str | int) -> Source:
        """Where the entry stands, or a key in it."""
        return self.document.at((self.section, self.name, *path))


def load_catalog(files: Iterable[SourceFile]) -> Catalog:
    """The catalog that `files` declare. SourceError with every problem in all of them."""
    reader = _Reader()
    for file in files:
        reader.read(file)
    catalog = _Resolver(reader).catalog()
    if reader.problems:
        raise SourceError(reader.problems)
    return catalog


class _Reader:
    """Reads files into entries by section and name, and collects what is wrong with each on its own."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.entries: dict[str, dict[str, Written[Any]]] = {section: {} for section in SECTIONS}
        self.names: dict[str, dict[str, Source]] = {section: {} for section in SECTIONS}

    def read(self, file: SourceFile) -> None:
        document, problems = parse(file.text, file.name)
        self.problems += problems
        if document.data is None:
            return
        if not isinstance(document.data, dict):
            self.complain(document.at(()), f"holds no sections; allowed: {', '.join(CatalogFile.model_fields)}")
            return
        for key in document.data.keys() - CatalogFile.model_fields.keys():
            self.complain(document.at((key,)), f"{key}: unknown section; allowed: {', '.join(CatalogFile.model_fields)}")
        defaults = self._validated(DefaultsEntry, document.data.get("defaults") or {}, document, ("defaults",))
        for section in SECTIONS:
            self._read_section(section, document, file.platform, defaults or DefaultsEntry())

    def _read_section(self, section: str, document: Document, platform: str, defaults: DefaultsEntry) -> None:
        data = document.data
        entries = (data.get(section) if isinstance(data, dict) else None) or {}
        if not isinstance(entries, dict):
            self.complain(document.at((section,)), f"{section}: holds no entries by name")
            return
        kind, model = SECTIONS[section]
        for name, raw in entries.items():
            here = document.at((section, name))
            if (first := self.names[section].setdefault(name, here)) is not here:
                self.complain(here, f"{section}.{name}: there is a {kind} of this name already, in {first}")
                continue
            self._check_name(kind, name, here)
            value = self._validated(model, raw, document, (section, name))
            if value is not None:
                self.entries[section][name] = Written(
                    section=section, name=name, value=value, document=document, platform=platform, defaults=defaults
                )

    def _check_name(self, kind: str, name: str, here: Source) -> None:
        if not matches_name(name):
            self.complain(
                here, f"{name!r} is no name for a {kind}; allowed: a-z, 0-9 and -, beginning with a letter, at most 100"
            )
        elif name.startswith(RESERVED_PREFIX):
            self.complain(here, f"{name}: names that begin with {RESERVED_PREFIX} are kept for Interlock's own jobs")

    def _validated(self, model: type[E], raw: object, document: Document, at: tuple[str, ...]) -> E | None:
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            self.problems += problems_of(error, document, at, list(model.model_fields))
            return None

    def complain(self, source: Source, message: str) -> None:
        self.problems.append(Problem(source=source, message=message))


def matches_name(name: str) -> bool:
    """Whether `name` may name a job, a service, a processor or a backfill."""
    return re.fullmatch(NAME, name) is not None


class _Resolver:
    """Builds the model from entries whose references hold, and complains about those that don't."""

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader
        self._complain = reader.complain

    def catalog(self) -> Catalog:
        services = self._each("services", self._service)
        retries = self._each("retry_profiles", self._retry)
        return Catalog(
            services=services,
            processors=self._each("processors", self._processor),
            jobs=self._each("jobs", lambda written: self._job(written, services, retries)),
            backfills=self._each("backfills", self._backfill),
        )

    def _each(self, section: str, build: Callable[[Written[Any]], T | None]) -> dict[str, T]:
        built = ((name, build(written)) for name, written in sorted(self._reader.entries[section].items()))
        return {name: thing for name, thing in built if thing is not None}

    def _known(self, written: Written[Any], name: str, section: str, *path: str | int) -> bool:
        """Whether `name` is in `section` of any file; complains with the nearest name when it is not."""
        names = self._reader.names[section]
        if name in names:
            return True
        near = get_close_matches(name, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        where = ".".join(map(str, (written.section, written.name, *path)))
        self._complain(written.at(*path), f"{where}: there is no {SECTIONS[section][0]} {name!r}{hint}")
        return False

    def _all_known(self, written: Written[Any], names: Iterable[str], section: str, key: str) -> None:
        for index, name in enumerate(names):
            self._known(written, name, section, key, index)

    def _service(self, written: Written[ServiceEntry]) -> Service:
        entry = written.value
        return Service(
            name=written.name,
            kind=entry.kind,
            platform=written.platform,
            max_instances=entry.max_instances,
            starts_per_minute=entry.starts_per_minute,
            waivers=_waivers(entry),
            source=written.at(),
        )

    def _retry(self, written: Written[RetryEntry]) -> RetryProfile:
        return RetryProfile(name=written.name, source=written.at(), **dict(written.value))

    def _processor(self, written: Written[ProcessorEntry]) -> Processor:
        entry = written.value
        self._known(written, entry.service, "services", "service")
        self._all_known(written, entry.after, "processors", "after")
        return Processor(
            name=written.name,
            service=entry.service,
            platform=written.platform,
            after=entry.after,
            tables=self._accesses(written, entry.tables),
            expect=entry.expect,
            idempotent=entry.idempotent,
            waivers=_waivers(entry),
            source=written.at(),
        )

    def _accesses(self, written: Written[Any], tables: Mapping[str, tuple[Kind, ...]]) -> dict[str, frozenset[Kind]]:
        for table, kinds in tables.items():
            if not kinds:
                self._complain(written.at("tables", table), f"{written.section}.{written.name}.tables.{table}: says no access")
        return {table: frozenset(kinds) for table, kinds in sorted(tables.items())}

    def _job(
        self, written: Written[JobEntry], services: Mapping[str, Service], retries: Mapping[str, RetryProfile]
    ) -> Job | None:
        entry = written.value
        settings = _Settings(written, self._complain)
        self._all_known(written, entry.runs, "processors", "runs")
        self._all_known(written, entry.pair_with, "jobs", "pair_with")
        owner, region, zone_name = settings.text("owner"), settings.text("region"), settings.text("time_zone")
        retry = settings.text("retry")
        if retry and "retry" in entry.model_fields_set:
            self._known(written, retry, "retry_profiles", "retry")
        elif retry:
            self._default_known(written, retry)
        known_service = self._known(written, entry.target.service, "services", "target", "service")
        service = services.get(entry.target.service) if known_service else None
        if service is None or retry not in retries:
            return None
        target = self._target(written, service)
        return Job(
            name=written.name,
            platform=written.platform,
            description=entry.description,
            owner=owner,
            region=region,
            schedule=entry.schedule,
            was=entry.was,
            time_zone=zone_name,
            target=target,
            deadline=self._deadline(written, service, settings),
            retry=retries[retry],
            catch_up=settings.catch_up(),
            recoverable=entry.recoverable,
            runs=entry.runs,
            pair_with=entry.pair_with,
            wave=entry.wave,
            paused=DeclaredPause(**dict(entry.paused)) if entry.paused else None,
            waivers=_waivers(entry),
            source=written.at(),
            origins=settings.origins(),
        )

    def _default_known(self, written: Written[JobEntry], retry: str) -> None:
        """A default that names no retry profile is one problem of its file, not one of each of its jobs."""
        source = written.document.at(("defaults", "retry"))
        if retry not in self._reader.names["retry_profiles"] and source not in (p.source for p in self._reader.problems):
            self._complain(source, f"defaults.retry: there is no retry profile {retry!r}")

    def _target(self, written: Written[JobEntry], service: Service) -> Target:
        entry = written.value.target
        if entry.path is not None and service.kind in (ServiceKind.RUN_JOB, ServiceKind.TOPIC):
            self._complain(
                written.at("target", "path"), f"jobs.{written.name}.target.path: a {service.kind} has no path; leave it out"
            )
        body = None if entry.body is None else as_json(entry.body)
        if entry.body is not None and body is None:
            self._complain(written.at("target", "body"), f"jobs.{written.name}.target.body: holds what JSON can't; quote dates")
        return Target(service=service, path=entry.path or "", body=body)

    def _deadline(self, written: Written[JobEntry], service: Service, settings: _Settings) -> timedelta | None:
        stated = written.value.deadline
        if service.kind is ServiceKind.TOPIC:
            if stated is not None:
                self._complain(
                    written.at("deadline"),
                    f"jobs.{written.name}.deadline: Cloud Scheduler ignores it for a topic, so plans never end; leave it out",
                )
            return None
        deadline = settings.duration("deadline")
        if deadline is not None and not MIN_DEADLINE <= deadline <= MAX_DEADLINE:
            self._complain(written.at("deadline"), f"jobs.{written.name}.deadline: {deadline} is outside 15s to 30m")
        return deadline

    def _backfill(self, written: Written[BackfillEntry]) -> Backfill:
        entry = written.value
        owner = _Settings(written, self._complain).text("owner")
        for index, keep in enumerate(entry.keep):
            self._known(written, keep.job, "jobs", "keep", index, "job")
        if not timedelta(minutes=1) <= entry.expect <= MAX_EXPECT:
            self._complain(written.at("expect"), f"backfills.{written.name}.expect: {entry.expect} is outside 1m to 14d")
        return Backfill(
            name=written.name,
            platform=written.platform,
            description=entry.description,
            owner=owner,
            expect=entry.expect,
            default_end=timedelta(minutes=round(entry.expect * LONGER_THAN_EXPECTED / timedelta(minutes=1))),
            tables=self._accesses(written, entry.tables),
            protect=frozenset(entry.protect),
            keep=tuple(Keep(job=keep.job, reason=keep.reason) for keep in entry.keep),
            waivers=_waivers(entry),
            source=written.at(),
        )


class _Settings:
    """What a job's entry says or its file's defaults say, and which of the two."""

    def __init__(self, written: Written[Any], complain: Callable[[Source, str], None]) -> None:
        self._written = written
        self._complain = complain

    def _value(self, key: str) -> object:
        own = getattr(self._written.value, key)
        return own if own is not None else getattr(self._written.defaults, key)

    def text(self, key: str) -> str:
        value = self._value(key)
        if isinstance(value, str):
            return value
        where = f"{self._written.section}.{self._written.name}"
        self._complain(self._written.at(), f"{where}: missing key {key}; write it here or in the defaults of the file")
        return ""

    def duration(self, key: str) -> timedelta | None:
        value = self._value(key)
        if isinstance(value, timedelta):
            return value
        self.text(key)
        return None

    def catch_up(self) -> CatchUp:
        return "skip" if self._value("catch_up") == "skip" else "latest"

    def origins(self) -> dict[str, str]:
        """Per key of a job, where its value comes from, for people."""
        written = self._written
        origins: dict[str, str] = {}
        for key in type(written.value).model_fields:
            if key in written.value.model_fields_set:
                origins[key] = str(written.at(key))
            elif getattr(written.defaults, key, None) is not None:
                origins[key] = f"defaults, {written.document.at(('defaults', key))}"
            else:
                origins[key] = "built in"
        return origins


def _waivers(entry: Waivable) -> tuple[Waiver, ...]:
    return tuple(Waiver(**dict(waiver)) for waiver in entry.waive)


def as_json(value: object) -> Json:
    """`value` if JSON can hold it, else None."""
    try:
        plain: Json = json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError):
        return None
    return plain


def load_environment(name: str, text: str, file: str) -> Environment:
    """The environment that the YAML in `text` describes. SourceError with every problem in it."""
    document, problems = parse(text, file)
    entry: EnvironmentFile | None = None
    try:
        entry = EnvironmentFile.model_validate(document.data if document.data is not None else {})
        problems += _environment_problems(entry, document)
    except ValidationError as error:
        problems += (
            [] if document.data is None and problems else problems_of(error, document, (), list(EnvironmentFile.model_fields))
        )
    if problems or entry is None:
        raise SourceError(problems)
    return Environment(
        **{
            **dict(entry),
            "name": name,
            "url_patterns": {ServiceKind(kind): pattern for kind, pattern in entry.url_patterns.items()},
            "require": frozenset(entry.require),
        }
    )


def _environment_problems(entry: EnvironmentFile, document: Document) -> Iterator[Problem]:
    if entry.project == SAMPLE_PROJECT:
        yield Problem(
            source=document.at(("project",)), message=f"project: {SAMPLE_PROJECT} is a sample; write your project's id"
        )
    fields = {"service": "s", "project": "p", "project_number": "1", "region": "r"}
    for kind in sorted({"run", "function"} - entry.url_patterns.keys()):
        yield Problem(source=document.at(("url_patterns",)), message=f"url_patterns.{kind}: missing key")
    for kind, pattern in entry.url_patterns.items():
        try:
            url = pattern.format(**fields)
        except (KeyError, IndexError, ValueError):
            url = ""
        if not re.fullmatch(r"https://[a-z0-9.-]+(/[A-Za-z0-9._-]+)*", url):
            message = f"url_patterns.{kind}: {pattern!r} makes no https URL; allowed fields: {', '.join(fields)}"
            yield Problem(source=document.at(("url_patterns", kind)), message=message)
    for service, known in entry.service_urls.items():
        if not re.fullmatch(r"https://[a-z0-9.-]+(/[A-Za-z0-9._-]+)*", known):
            yield Problem(
                source=document.at(("service_urls", service)), message=f"service_urls.{service}: {known!r} is no https URL"
            )

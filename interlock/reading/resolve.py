"""From parsed files to a `Catalog`: defaults are filled in, names are unique, every reference leads somewhere.

Everything wrong in all files is collected and raised as one `SourceError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from interlock.catalog import (
    AppEngine,
    Backfill,
    Catalog,
    CatchUp,
    DeclaredPause,
    Job,
    JobRemoval,
    Keep,
    Placing,
    Processor,
    RetryProfile,
    Service,
    ServiceKind,
    Undecided,
    Unmanaged,
    Waiver,
    Window,
)
from interlock.cron import Cron, CronError
from interlock.names import did_you_mean, exact
from interlock.platform_rules import STAGGER_MINUTES, PlatformRules, Stagger
from interlock.reading.accesses import accesses, partitions
from interlock.reading.entries import WITHOUT_RETRY, EntryReader, SourceFile, Written
from interlock.reading.fields import DEADLINES, MAX_DEADLINE
from interlock.reading.problems import Problem, SourceError
from interlock.reading.references import check_references
from interlock.reading.schema import (
    BackfillEntry,
    DefaultsEntry,
    JobEntry,
    ProcessorEntry,
    RemovedEntry,
    RetryEntry,
    RulesEntry,
    ServiceEntry,
    UnmanagedEntry,
    WaivableEntry,
    WindowEntry,
)
from interlock.reading.scoping import References
from interlock.reading.season_entries import SeasonReader
from interlock.reading.targets import DEFAULT_TOKENS, TargetReader, token_of
from interlock.seasons import SCOPE_PREFIX as SEASON
from interlock.seasons import Season, rendered

BUILT_IN = "built in"
LONGER_THAN_EXPECTED = 1.5
"""A backfill is held for this multiple of what it is expected to take, unless somebody says otherwise."""

T = TypeVar("T")


def resolve_catalog(files: Iterable[SourceFile], problems: Iterable[Problem] = (), *, past: bool = False) -> Catalog:
    """The catalog that `files` declare. SourceError with every problem in all of them, and `problems`, known before.

    Of the `past` keys count as not written that the format had and has no more.
    """
    reader = EntryReader(problems, past=past)
    for file in files:
        reader.read(file)
    if not past:
        check_references(reader)
    catalog = _Resolver(reader).catalog()
    if reader.problems:
        raise SourceError(reader.problems)
    return catalog


class _Resolver:
    """Builds the model from entries whose references hold, and complains about those that don't."""

    def __init__(self, reader: EntryReader) -> None:
        self._reader = reader
        self._complain = reader.complain
        self._seasons = SeasonReader(reader)
        self._references = References(reader)
        self._rules = {platform: _rules(platform, entry) for platform, (entry, _) in sorted(reader.rules.items()) if entry}

    def catalog(self) -> Catalog:
        services = self._each("services", self._service)
        retries = self._each("retry_profiles", self._retry)
        seasons = self._seasons
        catalog = Catalog(
            services=services,
            processors=self._each("processors", self._processor),
            jobs=self._each("jobs", lambda written: self._job(written, services, retries)),
            backfills=self._each("backfills", self._backfill),
            windows={},
            removed=self._each("removed", self._removal),
            unmanaged=self._each("unmanaged", self._unmanaged),
            baseline=tuple(accepted for _, accepted in sorted(self._reader.accepted.items())),
            retry_profiles=retries,
            seasons=seasons.by_name,
            season_entries=seasons.entries,
            rules=self._rules,
        )
        seasons.check_used()
        self._check_identities(catalog)
        scopes = self._scopes(catalog)
        windows = self._each("windows", lambda written: self._window(written, scopes))
        self._reader.complain_of_lacking()
        return replace(catalog, windows=windows)

    def _scopes(self, catalog: Catalog) -> list[str]:
        """What a window may cover. What is declared with a mistake in it counts: the mistake has been said."""
        kinds = {"backfill": "backfills", "job": "jobs", "service": "services"}
        named = [f"{kind}/{name}" for kind, section in kinds.items() for name in self._reader.names[section]]
        tables = [f"table/{table}" for table in catalog.tables]
        return sorted([*named, *tables, *(f"platform/{platform}" for platform in catalog.platforms), "all"])

    def _each(self, section: str, build: Callable[[Written[Any]], T | None]) -> dict[str, T]:
        keys = {self._key(written): written for written in self._reader.entries[section].values()}
        built = ((key, build(written)) for key, written in sorted(keys.items()))
        return {key: thing for key, thing in built if thing is not None}

    def _key(self, written: Written[Any]) -> str:
        return self._references.key(written.section, written.platform, written.name)

    def _known(self, written: Written[Any], name: str, section: str, *path: str | int) -> str | None:
        """The key of what `name` means; complains with the nearest name when there is none."""
        key = self._references.find(section, written.platform, name)
        if key is None:
            message = f"{written.where(*path)}: {self._references.missing(section, written.platform, name)}"
            self._complain(written.at(*path), message)
        return key

    def _all_known(self, written: Written[Any], names: Sequence[str], section: str, key: str) -> tuple[str, ...]:
        """The keys of those that there are."""
        known: list[str] = []
        for index, name in enumerate(names):
            found = self._known(written, name, section, key, index)
            if found in known and name not in names[:index] and not self._reader.past:  # the same word twice has been said
                message = f"{written.where(key, index)}: names {found!r} twice, with its platform and without; leave one out"
                self._complain(written.at(key, index), message)
            elif found is not None:
                known.append(found)
        return tuple(known)

    def _service(self, written: Written[ServiceEntry]) -> Service:
        entry = written.value
        TargetReader(written, self._complain).check_service()
        return Service(
            name=written.name,
            kind=entry.kind,
            platform=written.platform,
            url=entry.url or "",
            topic=entry.topic or "",
            app_engine=AppEngine(**entry.app_engine.model_dump(exclude_none=True)) if entry.app_engine else AppEngine(),
            token=token_of(entry.token, DEFAULT_TOKENS.get(entry.kind)),
            starts_per_minute=entry.starts_per_minute or self._assumed(written.platform),
            gap=entry.gap,
            waivers=_waivers(entry),
            source=written.at(),
        )

    def _assumed(self, platform: str) -> int | None:
        """How many starts a minute the services of a platform bear of which it says nothing more."""
        rules = self._rules.get(platform)
        return rules.starts_per_minute if rules else None

    def _retry(self, written: Written[RetryEntry]) -> RetryProfile:
        low, high = written.value.min_backoff, written.value.max_backoff
        if low is not None and high is not None and low > high:
            self._complain(written.at("min_backoff"), f"{written.where('min_backoff')}: is longer than max_backoff")
        return RetryProfile(name=self._key(written), platform=written.platform, source=written.at(), **dict(written.value))

    def _processor(self, written: Written[ProcessorEntry]) -> Processor:
        entry = written.value
        return Processor(
            name=self._key(written),
            service=self._known(written, entry.service, "services", "service") or "",
            platform=written.platform,
            after=self._all_known(written, entry.after, "processors", "after"),
            tables=accesses(entry.tables),
            partitions=partitions(entry.tables),
            burst=entry.burst,
            expect=entry.expect,
            dml=entry.dml,
            idempotent=entry.idempotent,
            waivers=_waivers(entry),
            source=written.at(),
        )

    def _job(
        self, written: Written[JobEntry], services: Mapping[str, Service], retries: Mapping[str, RetryProfile]
    ) -> Job | None:
        entry = written.value
        settings = _Settings(written, self._reader.lacks)
        runs = self._all_known(written, entry.runs, "processors", "runs")
        decides = self._all_known(written, entry.decides, "processors", "decides")
        for index, name in enumerate(entry.decides):
            if self._references.find("processors", written.platform, name) in runs:
                message = f"{written.where('decides', index)}: {name!r} is under runs as well; a job starts it or decides of it"
                self._complain(written.at("decides", index), message)
        pair_with = self._all_known(written, entry.pair_with, "jobs", "pair_with")
        for index, other in enumerate(entry.pair_with):
            if self._references.find("jobs", written.platform, other) == written.name:
                where = ("pair_with", index)
                self._complain(written.at(*where), f"{written.where(*where)}: is the job itself; name the other one")
        owner, region, zone_name = settings.text("owner"), settings.text("region"), settings.text("time_zone")
        retry, season = self._retry_of(written, settings.text("retry")), self._seasons.of(written)
        known_service = self._known(written, entry.target.service, "services", "target", "service")
        service = services.get(known_service) if known_service else None
        deadline = self._deadline(written, service, settings) if service else None
        if service is None or retry not in {*retries, WITHOUT_RETRY}:
            return None
        return Job(
            name=written.name,
            scheduler_name=entry.name or written.name,
            platform=written.platform,
            description=entry.description,
            owner=owner,
            region=region,
            schedule=self._in_season(written, entry.schedule, zone_name, season),
            was=entry.was and _with_months(entry.was, zone_name, season),
            time_zone=zone_name,
            season=season,
            target=TargetReader(written, self._complain).target(service),
            deadline=deadline,
            retry=retries.get(retry),
            catch_up=settings.catch_up(),
            recoverable=entry.recoverable,
            runs=runs,
            active=entry.active,
            placing=Placing(locked=entry.stagger.locked or "", within=entry.stagger.within) if entry.stagger else None,
            decides=decides,
            pair_with=pair_with,
            paused=self._pause(written),
            undecided=Undecided(review=entry.paused.review) if entry.paused and entry.paused.undecided else None,
            waivers=_waivers(entry),
            source=written.at(),
            origins=settings.origins(),
        )

    def _in_season(self, written: Written[JobEntry], schedule: Cron, zone_name: str, season: Season | None) -> Cron:
        """The schedule with the months of the season, where those say all of it."""
        try:
            return schedule if season is None else rendered(season, schedule, zone_name)
        except CronError as error:
            self._complain(written.at("season"), f"{written.where('season')}: {error}, so it would never fire")
            return schedule

    def _retry_of(self, written: Written[JobEntry], retry: str) -> str | None:
        """The key of the retry profile of a job, or that it has none; None for what is wrong. A default that names no retry
        profile is one problem of its file, not one of each of its jobs."""
        if retry == WITHOUT_RETRY or not retry:
            return retry or None
        if "retry" in written.value.model_fields_set:
            return self._known(written, retry, "retry_profiles", "retry")
        key = self._references.find("retry_profiles", written.platform, retry)
        if key is None:
            message = f"defaults.retry: {self._references.missing('retry_profiles', written.platform, retry)}"
            self._complain(written.document.at(("defaults", "retry")), message)
        return key

    def _pause(self, written: Written[JobEntry]) -> DeclaredPause | None:
        entry = written.value.paused
        if entry is None or entry.undecided:
            for key in ("reason", "owner"):
                if entry is not None and getattr(entry, key) is not None:
                    message = f"{written.where('paused', key)}: nobody has decided yet; leave it out, or leave `undecided` out"
                    self._complain(written.at("paused", key), message)
            return None
        if missing := [key for key in ("reason", "owner") if getattr(entry, key) is None]:
            self._complain(written.at("paused"), f"{written.where('paused')}: missing key {' and '.join(missing)}")
        return DeclaredPause(reason=entry.reason or "", owner=entry.owner or "", review=entry.review)

    def _deadline(self, written: Written[JobEntry], service: Service, settings: _Settings) -> timedelta | None:
        if service.kind is not ServiceKind.TOPIC:
            deadline = settings.duration("deadline")
            if deadline and deadline > MAX_DEADLINE and service.kind is not ServiceKind.APP_ENGINE:
                message = f"{written.where('deadline')}: {exact(deadline)!r} is too long; {DEADLINES}"
                self._complain(written.at("deadline"), message)
            return deadline
        if written.value.deadline is not None:
            message = (
                f"{written.where('deadline')}: {service.name}, a topic, has none, and a plan would never be empty; leave it out"
            )
            self._complain(written.at("deadline"), message)
        return None

    def _backfill(self, written: Written[BackfillEntry]) -> Backfill:
        entry = written.value
        owner = _Settings(written, self._reader.lacks).text("owner")
        kept = [self._known(written, keep.job, "jobs", "keep", index, "job") for index, keep in enumerate(entry.keep)]
        return Backfill(
            name=written.name,
            platform=written.platform,
            description=entry.description,
            owner=owner,
            expect=entry.expect,
            default_end=timedelta(minutes=round(entry.expect * LONGER_THAN_EXPECTED / timedelta(minutes=1))),
            tables=accesses(entry.tables),
            protect=frozenset(entry.protect),
            keep=tuple(Keep(job=job, reason=keep.reason) for job, keep in zip(kept, entry.keep, strict=True) if job),
            waivers=_waivers(entry),
            source=written.at(),
        )

    def _window(self, written: Written[WindowEntry], scopes: Sequence[str]) -> Window:
        entry = written.value
        settings = _Settings(written, self._reader.lacks)
        for index, scope in enumerate(entry.covers):
            where = ("covers", index)
            if scope.startswith(SEASON):
                message = (
                    f"{written.where(*where)}: a window covers no season, which opens and closes by its own days; name jobs"
                )
                self._complain(written.at(*where), message)
            elif scope.startswith("window/"):
                self._complain(written.at(*where), f"{written.where(*where)}: a window covers no other window; name its scopes")
            elif scope not in scopes:
                message = f"{written.where(*where)}: the catalog knows no scope {scope!r}{did_you_mean(scope, scopes)}"
                self._complain(written.at(*where), message)
        return Window(
            name=written.name,
            platform=written.platform,
            schedule=entry.schedule,
            time_zone=settings.text("time_zone"),
            duration=entry.duration,
            covers=entry.covers,
            reason=entry.reason,
            owner=settings.text("owner"),
            waivers=_waivers(entry),
            source=written.at(),
        )

    def _check_identities(self, catalog: Catalog) -> None:
        """Complains about two entries that are one job of Cloud Scheduler."""
        first: dict[str, Job] = {}
        for job in catalog.jobs.values():
            if (other := first.setdefault(job.identity, job)) is not job:
                message = f"jobs.{job.name}: is {job.scheduler_name} of {job.region}, as is {other.name} in {other.source}"
                self._complain(job.source, message)
        for one, unmanaged in catalog.unmanaged.items():
            if one in first:
                message = f"unmanaged.{one}: the job is declared in {first[one].source}; remove one of the two"
                self._complain(unmanaged.source, message)

    def _unmanaged(self, written: Written[UnmanagedEntry]) -> Unmanaged:
        return Unmanaged(identity=written.name, source=written.at(), **dict(written.value))

    def _removal(self, written: Written[RemovedEntry]) -> JobRemoval:
        if written.name in self._reader.names["jobs"]:
            message = (
                f"{written.where()}: the job is declared in {self._reader.names['jobs'][written.name]}; remove one of the two"
            )
            self._complain(written.at(), message)
        return JobRemoval(name=written.name, source=written.at(), **dict(written.value))


def _rules(platform: str, entry: RulesEntry) -> PlatformRules:
    """What is said, and what goes without saying."""
    said = {key: value for key, value in dict(entry).items() if value is not None}
    if entry.stagger is not None:
        minutes, within = entry.stagger.minutes, entry.stagger.within
        said["stagger"] = Stagger(
            minutes=STAGGER_MINUTES if minutes is None else frozenset(minutes), within=within or timedelta(0)
        )
    return PlatformRules(name=platform, **said)


class _Settings:
    """What a job's entry says or its file's defaults say, and which of the two."""

    def __init__(self, written: Written[Any], lacks: Callable[[Written[Any], str], None]) -> None:
        self._written = written
        self._lacks = lacks

    def _value(self, key: str) -> object:
        own = getattr(self._written.value, key)
        return own if own is not None else getattr(self._written.defaults, key, None)

    def text(self, key: str) -> str:
        value = self._value(key)
        if isinstance(value, str):
            return value
        said_already = self._written.defaults is None or key in self._written.value.model_fields_set
        if not said_already:
            self._lacks(self._written, key)
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
        written, said = self._written, self._written.value.model_fields_set
        origins: dict[str, str] = {}
        for key in type(written.value).model_fields:
            if key in said:
                origins[key] = str(written.at(key))
            elif key in DefaultsEntry.model_fields and getattr(written.defaults, key, None) is not None:
                origins[key] = f"defaults, {written.document.at(('defaults', key))}"
            else:
                origins[key] = BUILT_IN
        return origins


def _with_months(was: Cron, zone_name: str, season: Season | None) -> Cron:
    """What a schedule replaced, in the months in which that fires: the two are compared."""
    try:
        return was if season is None else rendered(season, was, zone_name)
    except CronError:
        return was


def _waivers(entry: WaivableEntry) -> tuple[Waiver, ...]:
    return tuple(Waiver(**dict(waiver)) for waiver in entry.waive)

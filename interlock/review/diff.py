"""What differs between two catalogs, thing by thing and key by key. Pure; what a difference means is for `review.py`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar, Generic, TypeAlias, TypeVar

from interlock.catalog import Backfill, Catalog, Job, Processor, RetryProfile, SeasonEntry, Service, Target, Window
from interlock.names import count
from interlock.platform_rules import PlatformRules, rules_of
from interlock.review.as_written import NOBODY, NOT_SAID, in_yaml
from interlock.seasons import Season
from interlock.secrets import own_url, redacted

Thing = Job | Service | Processor | Backfill | Window | SeasonEntry | PlatformRules
T = TypeVar("T", bound=Thing)

NOT_DECLARED = {"name", "source", "origins", "default_end"}
"""Fields of the model that no key of the catalog states by itself."""
SCHEDULER_NAME = "scheduler_name"
URL = "url"
KEYS = {"waivers": "waive", SCHEDULER_NAME: "name", "first": "from", "last": "until", "placing": "stagger"}
"""Fields whose key in the catalog has another name."""


class How(StrEnum):
    """What became of a thing. Renamed is a guess: the same target and the same processors under another name."""

    REMOVED = "removed"
    RENAMED = "renamed"
    ADDED = "added"
    CHANGED = "changed"


@dataclass(frozen=True, kw_only=True)
class Field:
    """A key of the catalog with another value, as people write both; NOT_SAID for none."""

    key: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Added(Generic[T]):
    """A thing that only the newer catalog has."""

    after: T
    how: ClassVar[How] = How.ADDED
    fields: ClassVar[tuple[Field, ...]] = ()
    keys: ClassVar[frozenset[str]] = frozenset()

    @property
    def sides(self) -> tuple[None, T]:
        """Before and after."""
        return None, self.after

    @property
    def newest(self) -> T:
        """As it is, or was last."""
        return self.after

    @property
    def names(self) -> frozenset[str]:
        """Its name."""
        return frozenset({self.after.name})


@dataclass(frozen=True, kw_only=True)
class Removed(Generic[T]):
    """A thing that only the older catalog has."""

    before: T
    how: ClassVar[How] = How.REMOVED
    fields: ClassVar[tuple[Field, ...]] = ()
    keys: ClassVar[frozenset[str]] = frozenset()

    @property
    def sides(self) -> tuple[T, None]:
        """Before and after."""
        return self.before, None

    @property
    def newest(self) -> T:
        """As it is, or was last."""
        return self.before

    @property
    def names(self) -> frozenset[str]:
        """Its name."""
        return frozenset({self.before.name})


@dataclass(frozen=True, kw_only=True)
class Both(Generic[T]):
    """A thing of which the two catalogs say different things."""

    before: T
    after: T
    fields: tuple[Field, ...]

    @property
    def how(self) -> How:
        """Whether it has another name."""
        return How.CHANGED if self.before.name == self.after.name else How.RENAMED

    @property
    def keys(self) -> frozenset[str]:
        """The keys that differ."""
        return frozenset(field.key for field in self.fields)

    @property
    def sides(self) -> tuple[T, T]:
        """Before and after."""
        return self.before, self.after

    @property
    def newest(self) -> T:
        """As it is."""
        return self.after

    @property
    def names(self) -> frozenset[str]:
        """Its names, of which a renamed one has two."""
        return frozenset({self.before.name, self.after.name})


Changed: TypeAlias = Added[T] | Removed[T] | Both[T]
OtherChange: TypeAlias = (
    Changed[Window] | Changed[Backfill] | Changed[Processor] | Changed[Service] | Changed[SeasonEntry] | Changed[PlatformRules]
)
"""Of what is no job."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Everything that differs between two catalogs, each kind by name."""

    jobs: tuple[Changed[Job], ...]
    windows: tuple[Changed[Window], ...]
    backfills: tuple[Changed[Backfill], ...]
    processors: tuple[Changed[Processor], ...]
    services: tuple[Changed[Service], ...]
    seasons: tuple[Changed[SeasonEntry], ...]
    rules: tuple[Changed[PlatformRules], ...] = ()

    def __bool__(self) -> bool:
        """Whether anything does."""
        return bool(self.jobs) or any(self.others.values())

    @property
    def others(self) -> Mapping[str, Sequence[OtherChange]]:
        """What is no job, by section of the catalog."""
        return {
            "windows": self.windows,
            "backfills": self.backfills,
            "processors": self.processors,
            "services": self.services,
            "seasons": self.seasons,
            "rules": self.rules,
        }

    @property
    def renamed(self) -> Mapping[str, str]:
        """Of renamed jobs the new name, by the old one."""
        return {job.before.name: job.after.name for job in self.jobs if isinstance(job, Both) and job.how is How.RENAMED}

    @property
    def gone(self) -> list[str]:
        """The names of the jobs that the newer catalog no longer has, those of renamed ones among them, sorted."""
        return sorted([*self.renamed, *(job.before.name for job in self.jobs if isinstance(job, Removed))])


def difference(before: Catalog, after: Catalog) -> Difference:
    """What differs. The other way round it is the same with every before and after exchanged."""
    platforms = sorted(before.rules.keys() | after.rules.keys())
    return Difference(
        jobs=_with_renames(_changed(before.jobs, after.jobs)),
        windows=_changed(before.windows, after.windows),
        backfills=_changed(before.backfills, after.backfills),
        processors=_changed(before.processors, after.processors),
        services=_changed(before.services, after.services),
        seasons=_changed(before.season_entries, after.season_entries),
        rules=_changed(*({name: rules_of(catalog, name) for name in platforms} for catalog in (before, after))),
    )


def _changed(before: Mapping[str, T], after: Mapping[str, T]) -> tuple[Changed[T], ...]:
    found = (_change(before.get(name), after.get(name)) for name in sorted(before.keys() | after.keys()))
    return tuple(change for change in found if change is not None)


def _change(before: T | None, after: T | None) -> Changed[T] | None:
    """None when nothing differs."""
    if before is None:
        return Added(after=after) if after is not None else None
    if after is None:
        return Removed(before=before)
    fields = tuple(_fields(before, after))
    return Both(before=before, after=after, fields=fields) if fields else None


def _fields(before: Thing, after: Thing) -> Iterator[Field]:
    """The keys that differ, in the order of the model. Where a thing is written does not count."""
    for field in fields(before):
        old, new = _said(before, field.name), _said(after, field.name)
        if isinstance(old, Target) and isinstance(new, Target):
            yield from _target_fields(old, new)
        elif field.name not in NOT_DECLARED and old != new and _comparable(old) != _comparable(new):
            was, now = (own_url(str(one)) if field.name == URL else in_yaml(one) for one in (old, new))
            hidden = " (another one, which is not shown)" if was == now else ""
            yield Field(key=KEYS.get(field.name, field.name), before=was, after=f"{now}{hidden}")


def _said(thing: Thing, field: str) -> object:
    """A field as far as the catalog says it: a job's own name only where it is not its key."""
    value = getattr(thing, field)
    if field == "season":  # of an entry it follows from its name
        return value.name.rpartition("/")[2] if isinstance(value, Season) else None
    return None if field == SCHEDULER_NAME and value == thing.name else value


def _target_fields(before: Target, after: Target) -> Iterator[Field]:
    """As `_fields`; a service that changed has not changed the target which names it. What is compared is not shown: a comment
    and its JSON are kept, and read by more people than the catalog."""
    parts: dict[str, Callable[[Target], tuple[object, str]]] = {
        "target.service": lambda target: (target.service.name, target.service.name),
        "target.path": lambda target: (target.path, own_url(target.path)),
        "target.method": lambda target: (target.method, target.method),
        "target.headers": lambda target: (target.headers, _json(redacted({**target.headers} or None))),
        "target.attributes": lambda target: (target.attributes, _json(redacted({**target.attributes} or None))),
        "target.token": lambda target: (_token(target), _token(target)),
        "target.body": lambda target: (_compared(target), _sent(target)),
    }
    for key, part in parts.items():
        (old, old_shown), (new, new_shown) = part(before), part(after)
        if old != new:
            yield Field(key=key, before=old_shown, after=new_shown)


def _comparable(value: object) -> object:
    """The value without where it is written."""
    return in_yaml(value) if isinstance(value, RetryProfile) else value


def _token(target: Target) -> str:
    """As whom the job calls, where it does not leave that to its service."""
    return NOT_SAID if target.token == target.service.token else in_yaml(target.token) or NOBODY


def _compared(target: Target) -> object:
    """What is sent; a message without a body of its own is one that says nothing."""
    return None if target.body is None and target.as_json else target.content


def _sent(target: Target) -> str:
    """JSON as JSON; other bytes by their number."""
    if target.content is None or target.as_json or target.body is not None:
        return _json(redacted(target.body))
    return count(len(target.content), "byte")


def _json(value: object) -> str:
    return NOT_SAID if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _with_renames(jobs: tuple[Changed[Job], ...]) -> tuple[Changed[Job], ...]:
    """Pairs jobs that went with jobs that came, where both start the same: first those that have most in common.

    Of equally good pairs the one whose names come first: the same whichever catalog is called before.
    """
    come: dict[object, list[Job]] = {}
    for job in jobs:
        if isinstance(job, Added):
            come.setdefault(_starts(job.after), []).append(job.after)
    pairs = [
        Both(before=job.before, after=new, fields=tuple(_fields(job.before, new)))
        for job in jobs
        if isinstance(job, Removed)
        for new in come.get(_starts(job.before), ())
    ]
    pairs.sort(key=lambda pair: (len(pair.fields), sorted(pair.names)))
    paired: dict[str, Both[Job]] = {}
    for pair in pairs:
        if not paired.keys() & pair.names:
            paired |= dict.fromkeys(pair.names, pair)
    renamed = {pair.after.name: pair for pair in paired.values()}
    others = (job for job in jobs if job.newest.name not in paired)
    return tuple(sorted([*others, *renamed.values()], key=lambda job: job.newest.name))


def _starts(job: Job) -> object:
    """What a job starts: two that start the same may be one under two names."""
    target = job.target
    return target.service.name, target.path, target.method, target.content, frozenset(job.runs)

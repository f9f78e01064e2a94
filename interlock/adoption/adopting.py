"""Live jobs -> the files of a catalog that say the same, checked by reading these files again. Pure.

A job whose entry does not come back as the very job stays outside of the catalog, with the reason: nothing is approximated.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import PurePosixPath

from interlock.actual import ActualJob
from interlock.adoption.drafts import Draft, Drafts, Live, draft_services
from interlock.adoption.entries import Entry, Profile, Retries, entry_of, key_names, name_retries, span_of
from interlock.adoption.folder import NOBODY_KNOWN, Contents, Outside, files, one_file
from interlock.adoption.places import CantSay, place_of
from interlock.adoption.withheld import Found, withheld
from interlock.catalog import Catalog, Json
from interlock.environment import Environment
from interlock.live import live_attributes
from interlock.names import OWN_PREFIX, plain
from interlock.parts import DEFAULT_DEADLINE
from interlock.reading.fit import check_fit
from interlock.reading.folder import catalog_of
from interlock.reading.problems import SourceError
from interlock.terraform.attributes import Attributes, job_attributes

MAX_REASON = 300
STOPPED = frozenset({"DISABLED", "UPDATE_FAILED"})
"""States that a job has through Google alone: https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs"""
DEADLINE = "attempt_deadline"
ROOT = "catalog"
EMPTY = Catalog(services={}, processors={}, jobs={}, backfills={}, windows={})

Files = Mapping[PurePosixPath, bytes]
"""Of a catalog, by their paths below its root."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be adopted, and how."""

    platform: str
    env: Environment
    today: date
    owner: str = NOBODY_KNOWN
    leave: frozenset[str] = frozenset()
    """Names or identities of jobs that a person wants outside."""
    only: frozenset[str] = frozenset()
    """Those of the jobs that a person wants, where it is not all."""


@dataclass(kw_only=True)
class Adoption:
    """What comes of it. No value of a job is in here that a person may not see."""

    files: dict[str, str] = field(default_factory=dict)
    """To be written into the folder of the platform, by name."""
    text: str = ""
    """The same in one text."""
    env: Environment
    """With the URLs and accounts that the files need."""
    catalog: Catalog = EMPTY
    """As it is with these files."""
    entries: list[Entry] = field(default_factory=list)
    outside: list[Outside] = field(default_factory=list)
    """What the catalog can't say, or what Google has stopped."""
    left: list[Outside] = field(default_factory=list)
    """What a person wants outside."""
    unseen: list[str] = field(default_factory=list)
    """Jobs that show no target to whoever asks."""
    secrets: dict[str, Found] = field(default_factory=dict)
    """By identity of a job: where secrets are in it, and under which key."""
    known: int = 0
    """Jobs that the catalog has already, or leaves outside."""
    own: int = 0
    """Interlock's own timers."""


def adopt(jobs: Iterable[ActualJob], existing: Files, catalog: Catalog, asked: Asked) -> Adoption:
    """The files that declare these jobs beside `existing`, which `catalog` was read from. Never raises for what a job says."""
    found = Adoption(env=asked.env, catalog=catalog)
    lives = [*_lives(jobs, catalog, asked, found)]
    while True:
        drafts, profiles, entries = _entries(lives, catalog, asked, found.secrets)
        contents = _contents(entries, drafts, profiles, [*found.outside, *found.left], asked.owner)
        found.entries, found.env = entries, drafts.env
        try:
            _written(found, contents, existing, asked)
        except (SourceError, CantSay):
            each = ((entry, _wrong(entry, contents, existing, drafts.env, asked)) for entry in entries)
            if not (wrong := {entry.live.identity: why for entry, why in each if why}):
                raise
        else:
            return found
        found.outside += [Outside(identity=identity, reason=why) for identity, why in wrong.items()]
        lives = [live for live in lives if live.identity not in wrong]


def is_named(identity: str, names: frozenset[str]) -> bool:
    """Whether a job is one of some that a person named, with its region or without."""
    return identity in names or identity.partition("/")[2] in names


def differing(declared: Attributes, live: Attributes) -> list[str]:
    """What differs between a job as declared and as it is, by name: never a value."""
    names = sorted({*declared, *live})
    found = list[str]()
    for name in names:
        one, other = declared.get(name), live.get(name)
        if name == DEADLINE and "pubsub_target" not in live:
            one, other = one or DEFAULT_DEADLINE, other or DEFAULT_DEADLINE  # the provider takes an absent one for it
        if one != other and isinstance(one, dict) and isinstance(other, dict):
            found += [f"{name}.{part}" for part in sorted({*one, *other}) if one.get(part) != other.get(part)]
        elif one != other:
            found.append(name)
    return found


def _lives(jobs: Iterable[ActualJob], catalog: Catalog, asked: Asked, found: Adoption) -> Iterable[Live]:
    """The jobs that may be adopted; what is said of the others goes into `found`."""
    for job in sorted(jobs, key=lambda job: job.identity):
        if asked.only and not is_named(job.identity, asked.only):
            continue
        if _is_own_timer(job, asked.env):
            found.own += 1
        elif job.identity in catalog.by_identity or job.identity in catalog.unmanaged:
            found.known += 1
        elif is_named(job.identity, asked.leave):
            found.left.append(Outside(identity=job.identity, reason="left outside on purpose when the platform was adopted"))
        elif job.state in STOPPED:
            reason = f"Google says {job.state} of it; look at it there, and adopt it when it runs again"
            found.outside.append(Outside(identity=job.identity, reason=reason))
        elif not any(key.endswith("Target") for key in job.resource):
            found.unseen.append(job.identity)
        else:
            try:
                yield _live(job, asked.env, found)
            except CantSay as why:
                found.outside.append(Outside(identity=job.identity, reason=str(why)))


def _live(job: ActualJob, env: Environment, found: Adoption) -> Live:
    try:
        clean, secrets = withheld(job.resource)
    except binascii.Error:
        raise CantSay("what it sends is no base64, as the API says it") from None
    if secrets:
        found.secrets[job.identity] = secrets
    _check_app_engine(clean, env)
    attributes = live_attributes(clean)
    retries = attributes.get("retry_config")
    said = retries.values() if isinstance(retries, dict) else ()
    for duration in (*said, attributes.get("attempt_deadline")):
        if isinstance(duration, str):
            span_of(duration)
    return Live(identity=job.identity, state=job.state, attributes=attributes, place=place_of(attributes, env))


def _check_app_engine(resource: Mapping[str, Json], env: Environment) -> None:
    """CantSay for a part of App Engine of which the API only says the host: it answers nothing else of a job with one part, so
    nobody can tell a service from a version. https://github.com/GoogleCloudPlatform/magic-modules/pull/2270"""
    target = resource.get("appEngineHttpTarget")
    routing = target.get("appEngineRouting") if isinstance(target, dict) else None
    if not isinstance(routing, dict) or any(routing.get(part) for part in ("service", "version", "instance")):
        return
    labels = str(routing.get("host", "")).split(".")
    if labels != [""] and labels[0] != env.project:
        raise CantSay("nobody can tell from its host which service or version of App Engine it calls")


def _is_own_timer(job: ActualJob, env: Environment) -> bool:
    """Somebody else's job may be called interlock-x, too; ours call our coordinator."""
    return job.name.startswith(OWN_PREFIX) and job.target.startswith(env.coordinator_url)


def _entries(
    lives: Sequence[Live], catalog: Catalog, asked: Asked, secrets: Mapping[str, Found]
) -> tuple[Drafts, dict[Retries, Profile], list[Entry]]:
    drafts, keys = draft_services(lives, catalog, asked.env, asked.platform), key_names(lives, catalog)
    profiles = name_retries(lives, catalog, asked.platform)

    def entry(live: Live) -> Entry:
        places = [f"{where} {key}" for where, key in secrets.get(live.identity, ())]
        return entry_of(live, keys[live.identity], drafts, profiles, asked.owner, asked.today, places)

    return drafts, profiles, [*map(entry, lives)]


def _contents(
    entries: Sequence[Entry], drafts: Drafts, profiles: Mapping[Retries, Profile], outside: Sequence[Outside], owner: str
) -> Contents:
    return Contents(
        entries=entries,
        services=drafts.new,
        profiles={one.name: one for one in profiles.values() if one.fields is not None},
        outside=outside,
        owner=owner,
    )


def _wrong(entry: Entry, contents: Contents, existing: Files, env: Environment, asked: Asked) -> str:
    """Why the entry of a job, read again, is not the job; empty when it is."""
    services: dict[str, Draft] = {entry.draft.key: entry.draft} if entry.draft.fields is not None else {}
    named = str(entry.fields["retry"])
    profiles = {named: contents.profiles[named]} if named in contents.profiles else {}
    alone = Contents(entries=[entry], services=services, profiles=profiles, owner=contents.owner)
    path = PurePosixPath(asked.platform, "job.yaml")
    others = existing if entry.draft.fields is None or (named not in profiles and named != "unset") else {}
    try:
        catalog = catalog_of(ROOT, {**others, path: one_file(alone, asked.today).encode()})
        check_fit(catalog, env)
    except SourceError as error:
        return plain(f"the catalog can't say it: {error.problems[0].message}", MAX_REASON)
    differs = differing(job_attributes(catalog.jobs[entry.key], env), entry.live.attributes)
    return f"the catalog can't say its {', '.join(differs)} as it is" if differs else ""


def _written(found: Adoption, contents: Contents, existing: Files, asked: Asked) -> None:
    """Writes the files, and reads them again as a whole. SourceError or CantSay where they are not the jobs: which entry that
    is about, `_wrong` says of each alone."""
    if not (contents.entries or contents.outside):
        return
    found.text = one_file(contents, asked.today)
    if any(path.parts[0] == asked.platform for path in existing):
        found.files = {_free(f"adopted-{asked.today}", asked.platform, existing): found.text}
    else:
        found.files = files(contents, asked.today)
    new = {PurePosixPath(asked.platform, name): text.encode() for name, text in found.files.items()}
    catalog = catalog_of(ROOT, {**existing, **new})
    check_fit(catalog, found.env)
    for entry in contents.entries:
        if differs := differing(job_attributes(catalog.jobs[entry.key], found.env), entry.live.attributes):
            raise CantSay(f"{entry.live.identity}: {', '.join(differs)}")
    found.catalog = catalog


def _free(name: str, platform: str, existing: Files) -> str:
    """The name of a file that is not there yet."""
    names = (f"{name}{'' if number == 1 else f'-{number}'}.yaml" for number in count(1))
    return next(one for one in names if PurePosixPath(platform, one) not in existing)

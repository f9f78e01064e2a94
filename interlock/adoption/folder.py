"""The files of an adopted platform: a service a file, small ones together; what most jobs of a file say is a default. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from interlock.adoption.drafts import Draft
from interlock.adoption.entries import Entry, Profile
from interlock.adoption.yaml_text import Bare, Value, flow, lines
from interlock.baseline import BASELINE_FILE
from interlock.reading.cdktf_tokens import RULE, taken_for_token

MANY = 5
"""Jobs of a service that has a file of its own."""
FEW = 12
"""Jobs that are one file, whatever they call."""
SERVICES, JOBS, OTHERS, UNMANAGED = "services", "jobs", "others", "unmanaged"
RESERVED = frozenset({SERVICES, JOBS, OTHERS, UNMANAGED, BASELINE_FILE.removesuffix(".yaml")})
UNMANAGED_DAYS = timedelta(days=90)
SHARED = ("owner", "time_zone", "region", "deadline", "retry")
"""Keys that a file's defaults may say."""
NOBODY_KNOWN = "unassigned"
"""The owner where nobody says one."""


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A job that is not declared, and why, for people."""

    identity: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What is to be written."""

    entries: Sequence[Entry]
    services: Mapping[str, Draft]
    profiles: Mapping[str, Profile]
    outside: Sequence[Outside] = ()
    owner: str = NOBODY_KNOWN


def files(contents: Contents, today: date) -> dict[str, str]:
    """The texts of the files of a platform that has none, by name."""
    found = {f"{SERVICES}.yaml": _text(_services_head(), _services(contents))} if contents.services or contents.profiles else {}
    for name, entries in sorted(_by_file(contents.entries).items()):
        found[f"{name}.yaml"] = _text(_head(entries, contents.owner), _jobs(entries))
    if contents.outside:
        found[f"{UNMANAGED}.yaml"] = _text(
            "# Jobs that Interlock leaves alone: nobody holds them. Some day each is declared, or gone.",
            _unmanaged(contents, today),
        )
    return found


def one_file(contents: Contents, today: date) -> str:
    """The same in one text."""
    parts = [
        *([_jobs(contents.entries)] if contents.entries else []),
        *([_services(contents)] if contents.services or contents.profiles else []),
        *([_unmanaged(contents, today)] if contents.outside else []),
    ]
    return "\n".join(filter(None, [_head(contents.entries, contents.owner), *(_text("", part) for part in parts)]))


def _text(head: str, body: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in [*([head] if head else []), *body])


def _services_head() -> str:
    return "# What the jobs call. Nobody said what each bears: starts_per_minute, gap."


def _services(contents: Contents) -> Iterator[str]:
    profiles = {one.name: one.fields for one in contents.profiles.values() if one.fields is not None}
    for section, things in (
        ("retry_profiles", profiles),
        (SERVICES, {key: draft.fields for key, draft in contents.services.items()}),
    ):
        if things:
            yield f"{section}:"
            for key, fields in sorted(things.items()):
                yield from lines(key, dict(fields or {}), 1)


def _by_file(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    if len(entries) <= FEW:
        return {JOBS: [*entries]} if entries else {}
    counts = Counter(entry.draft.name for entry in entries)
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        key = entry.draft.name
        name = f"service-{key}" if key in RESERVED else key
        found.setdefault(name if counts[key] >= MANY else OTHERS, []).append(entry)
    return found


def _head(entries: Sequence[Entry], owner: str) -> str:
    if any(entry.fields["owner"] == NOBODY_KNOWN for entry in entries) and owner == NOBODY_KNOWN:
        return f"# Nobody said whose these are: write their owner for {NOBODY_KNOWN}."
    return ""


def _defaults(entries: Sequence[Entry]) -> dict[str, Value]:
    """What most of the jobs say; of as many the first in the alphabet."""
    found: dict[str, Value] = {}
    for key in SHARED:
        values = Counter(str(entry.fields[key]) for entry in entries if key in entry.fields)
        if values:
            most = min(values, key=lambda value: (-values[value], value))
            found[key] = next(entry.fields[key] for entry in entries if str(entry.fields.get(key)) == most)
    return found


def _jobs(entries: Sequence[Entry]) -> Iterator[str]:
    """The defaults and the jobs of a file, those of a service together."""
    yield f"defaults: {flow(_defaults(entries))}"
    yield ""
    yield "jobs:"
    defaults, service = _defaults(entries), ""
    several = len({entry.draft.key for entry in entries}) > 1
    for entry in sorted(entries, key=lambda entry: (entry.draft.key, entry.key)):
        if several and service != entry.draft.key:
            yield from ([""] if service else [])
            service = entry.draft.key
            yield f"  # {service}"
        yield from (f"  # {comment}" for comment in entry.comments)
        yield f"  {entry.key}:"
        for key, value in entry.fields.items():
            if key not in defaults or str(defaults[key]) != str(value):
                yield from lines(key, value, 2)


def _unmanaged(contents: Contents, today: date) -> Iterator[str]:
    yield f"{UNMANAGED}:"
    until = Bare((today + UNMANAGED_DAYS).isoformat())
    for one in sorted(contents.outside, key=lambda one: one.identity):
        # The catalog refuses in a reason what it refuses in a job.
        reason = one.reason if taken_for_token(one.reason) is None else f"it has a text or number {RULE}"
        yield from lines(one.identity, {"reason": reason, "owner": contents.owner, "until": until}, 1)

"""Holds as objects in the coordination bucket: their names and contents, written and read. `holding.py` says what they hold.

A hold's name says everything that a plan needs: `backfills/<name>@<end>.json` for the flag of a backfill that is on,
`holds/<scope>/<id>@<end>.json` for a hold written at run time. The latest end of one (scope, id) wins, so that an extension
writes the new name first and deletes the old one afterwards. A name that does not parse covers nothing and is reported.
docs/flags.md publishes both formats.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from interlock.catalog import Json
from interlock.names import EMAIL, IDENTITY, TABLE

# Fragments of the object names. RE2 (Terraform) and Python read them alike: no look-around, ASCII classes only.
SLUG = r"[A-Za-z0-9][A-Za-z0-9_-]*"
WRITTEN_SCOPE = rf"(?:backfill|window|job|service|platform)/{SLUG}|table/[A-Za-z0-9_]+\.[A-Za-z0-9_$-]+|all"
"""What an object can hold: not a season, which the declaration alone opens and closes."""
HOLD_ID = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
END = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"

FLAG_PREFIX = "backfills/"
HOLD_PREFIX = "holds/"
FLAG_OBJECT = rf"{FLAG_PREFIX}(?P<name>{SLUG})@(?P<end>{END})\.json"
HOLD_OBJECT = rf"{HOLD_PREFIX}(?P<scope>{WRITTEN_SCOPE})/(?P<id>{HOLD_ID})@(?P<end>{END})\.json"
_END, _FLAG, _HOLD = re.compile(END), re.compile(FLAG_OBJECT), re.compile(HOLD_OBJECT)
_IDENTITY, _TABLE, _EMAIL = re.compile(IDENTITY), re.compile(TABLE), re.compile(EMAIL)
# Compiled here: a tick asks each name of thousands for each of these, and `re.fullmatch` looks its pattern up every time.

HALF_A_DAY = timedelta(hours=12)
UTC_NAMES = {"UTC", "Etc/UTC"}

FLAG_ID = "flag"
"""The id of the hold that a backfill's flag stands for."""


Identity = tuple[str, str, bool, str | None]
"""See `Hold.identity`."""


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A hold as its object's name states it, with what its content adds. `end` is an aware UTC instant, not included."""

    scope: str
    id: str
    end: datetime
    object_name: str
    reason: str | None = None
    owner: str | None = None
    """Who answers for it, as whoever asked has written it: any text."""
    asked_by: str | None = None
    """The e-mail address of whoever asked for it, from a token that was verified. None for what the coordinator writes by the
    clock, for flags, and for objects of before it was known."""
    extended_by: str | None = field(default=None, compare=False)
    """The same of whoever extended it last."""
    run: str | None = field(default=None, compare=False)
    """Where the command runs that it is for, which extends it while it lives: machine and process. None for any other."""
    failed: str | None = field(default=None, compare=False)
    """How that command failed; None while it may still run."""
    jobs: frozenset[str] = frozenset()
    """Those that the scope covered when the object was written, as Cloud Scheduler calls them: they stay covered although the
    catalog may have changed."""
    identities: frozenset[str] = frozenset()
    """The same with their regions: `us-west2/fetch`. Objects of before say none."""
    tables: frozenset[str] = frozenset()
    """Those whose writers it keeps still, by its content: what code asks that no job leads to."""
    start: datetime | None = field(default=None, compare=False)
    """Since when it holds, by its content; None where that does not say so."""
    created: datetime | None = field(default=None, compare=False)
    """When the object was written, by the bucket's clock; None where nobody says."""
    is_open_ended: bool = field(default=False, compare=False)
    """Nobody knows when it ends, and `end` is but the next time to look: of a season without a next opening."""

    @property
    def identity(self) -> Identity:
        """What an extension keeps: scope and id, of flags or of runtime holds, and who asked: no two people share one."""
        return self.scope, self.id, self.is_flag, self.asked_by

    @property
    def said_by(self) -> str | None:
        """Whose it is, for people: the owner as it was written, and who asked. None where neither is known."""
        if not self.asked_by or self.asked_by == self.owner:
            return self.owner or self.asked_by
        return f"{self.owner or 'unknown'}, asked by {self.asked_by}"

    @cached_property
    def unplaced(self) -> frozenset[str]:
        """The jobs that are said without a region: in objects from when a job had no name but its catalog's."""
        return self.jobs - {one.rpartition("/")[2] for one in self.identities}

    @property
    def is_flag(self) -> bool:
        """Whether it is the flag of a backfill, which is Terraform's: nobody else writes or deletes it."""
        return self.object_name.startswith(FLAG_PREFIX)

    @property
    def is_written(self) -> bool:
        """Whether it has an object. The opening of a window has none until the coordinator's next look."""
        return bool(self.object_name)


def format_instant(instant: datetime) -> str:
    """An aware instant as RFC 3339 in UTC with whole seconds, as object names carry it."""
    # strftime writes the year 1 as 1, and not as 0001.
    return instant.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def parse_instant(text: str) -> datetime | None:
    """The instant that `text` states in exactly the form of `format_instant`, or None (February 30 is none)."""
    if not _END.fullmatch(text):
        return None
    try:
        # By place, as a tick reads thousands: strptime takes ten times as long.
        day = int(text[:4]), int(text[5:7]), int(text[8:10])
        return datetime(*day, int(text[11:13]), int(text[14:16]), int(text[17:19]), tzinfo=UTC)
    except ValueError:
        return None


def parse_object_name(name: str) -> Hold | None:
    """The hold or flag that an object's name states, or None when it is no such name."""
    found = (_FLAG if name.startswith(FLAG_PREFIX) else _HOLD).fullmatch(name)
    if found is None or (end := parse_instant(found["end"])) is None:
        return None
    parts = found.groupdict()
    scope = parts["scope"] if "scope" in parts else f"backfill/{parts['name']}"
    return Hold(scope=scope, id=parts.get("id") or FLAG_ID, end=end, object_name=name)


def malformed(names: Iterable[str]) -> list[str]:
    """The names under the prefixes of flags and holds that state neither: they cover nothing and are findings."""
    return sorted(n for n in names if n.startswith((FLAG_PREFIX, HOLD_PREFIX)) and parse_object_name(n) is None)


def active(holds: Iterable[Hold], now: datetime) -> list[Hold]:
    """The holds that are active at `now`, one for each identity: the one that ends last."""
    latest: dict[Identity, Hold] = {}
    for hold in holds:
        key = hold.identity
        if hold.end > now and (key not in latest or hold.end > latest[key].end):
            latest[key] = hold
    return sorted(latest.values(), key=lambda hold: (hold.scope, hold.id, hold.object_name))


def cut(hold: Hold, latest: datetime) -> Hold:
    """The hold as it counts where none may end after `latest`. Its object, and so what releases it, stays the same."""
    return hold if hold.end <= latest else replace(hold, end=latest)


def format_end(end: datetime, zone: ZoneInfo, now: datetime) -> str:
    """An end for people at `now`, in `zone` and UTC: `23:00 PST (07:00 UTC)` when it is less than half a day away, so that a
    clock's time can mean only one instant; else with both dates, `2026-11-25 23:00 PST (2026-11-26 07:00 UTC)`."""
    form = "%H:%M" if abs(end - now) < HALF_A_DAY else "%Y-%m-%d %H:%M"
    utc = end.astimezone(UTC)
    try:
        local = end.astimezone(zone)
    except OverflowError:  # on the first or last day that a date can be
        return f"{utc:{form}} UTC"
    if zone.key in UTC_NAMES:
        return f"{utc:{form}} UTC"
    return f"{local:{form} %Z} ({utc:{form}} UTC)"


def until(hold: Hold, zone: ZoneInfo, now: datetime) -> str:
    """Until when a hold holds, for people: a clause."""
    return "until its next opening is declared" if hold.is_open_ended else f"until {format_end(hold.end, zone, now)}"


def hold_name(scope: str, id: str, end: datetime) -> str:
    """The name of a runtime hold's object."""
    return f"{HOLD_PREFIX}{scope}/{id}@{format_instant(end)}.json"


def hold_content(hold: Hold) -> bytes:
    """What a runtime hold's object says: everything that is known of the hold."""
    perhaps = {"asked_by": hold.asked_by, "extended_by": hold.extended_by, "run": hold.run, "failed": hold.failed}
    return encode(
        {
            **{key: said for key, said in perhaps.items() if said},
            "scope": hold.scope,
            "id": hold.id,
            "jobs": [*sorted(hold.jobs)],
            "identities": [*sorted(hold.identities)],
            "tables": [*sorted(hold.tables)],
            "reason": hold.reason,
            "owner": hold.owner,
            "start": format_instant(hold.start) if hold.start else None,
            "until": format_instant(hold.end),
        }
    )


def with_content(hold: Hold, content: Mapping[str, object], created: datetime | None = None) -> Hold:
    """The hold with what its object's content adds, a stranger's input: other types are left out. `created`: by the bucket's
    clock.

    Content that was written before there were `tables`, `identities` or `asked_by` says none, and a flag's says nothing of a
    start.
    """
    reason, owner, start = _text(content, "reason"), _text(content, "owner"), _text(content, "start")
    return replace(
        hold,
        reason=reason,
        owner=owner,
        asked_by=_address(content.get("asked_by")),
        extended_by=_address(content.get("extended_by")),
        run=_text(content, "run"),
        failed=_text(content, "failed"),
        start=parse_instant(start) if start is not None else None,
        created=created,
        jobs=_texts(content.get("jobs")),
        identities=frozenset(one for one in _texts(content.get("identities")) if _IDENTITY.fullmatch(one)),
        tables=frozenset(table for table in _texts(content.get("tables")) if _TABLE.fullmatch(table)),
    )


def hold_json(hold: Hold) -> dict[str, Json]:
    """A hold for programs. The opening of a window that has no object yet has an empty `object`; without `asked_by` nobody
    knows who asked for it, or nobody did. `run` has one that is for a command, and `failed` where that has."""
    return {
        "scope": hold.scope,
        "id": hold.id,
        "until": format_instant(hold.end),
        "reason": hold.reason,
        "owner": hold.owner,
        **({"asked_by": hold.asked_by} if hold.asked_by else {}),
        **({"run": hold.run} if hold.run else {}),
        **({"failed": hold.failed} if hold.failed else {}),
        "object": hold.object_name,
    }


def planned_json(hold: Hold) -> dict[str, Json]:
    """The same of one that is to begin."""
    return {**hold_json(hold), "from": format_instant(hold.start) if hold.start else None}


def encode(content: dict[str, Json]) -> bytes:
    """An object's content, the same bytes for the same values."""
    # Half of a surrogate pair, which JSON can carry and UTF-8 can't, stays the escape that it came as.
    return (json.dumps(content, sort_keys=True, ensure_ascii=False) + "\n").encode(errors="backslashreplace")


def decode(content: bytes) -> dict[str, object]:
    """The JSON object in `content`, or an empty one: contents are a stranger's input."""
    if not content:  # as of all whose name alone is asked for
        return {}
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(content: Mapping[str, object], key: str) -> str | None:
    value = content.get(key)
    return value if isinstance(value, str) else None


def _address(value: object) -> str | None:
    return value if isinstance(value, str) and _EMAIL.fullmatch(value) else None


def _texts(value: object) -> frozenset[str]:
    return frozenset(text for text in value if isinstance(text, str)) if isinstance(value, list) else frozenset()

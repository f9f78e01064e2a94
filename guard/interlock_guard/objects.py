"""The objects that hold something: their names and contents. Pure.

The format is published in docs/flags.md of the repository; tests there hold this and the coordinator's reading of it together.
A name that states neither a flag nor a hold covers nothing. Content is a stranger's input: what is not of the right type counts
as nothing, and what the name says counts all the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timezone

SLUG = r"[A-Za-z0-9][A-Za-z0-9_-]*"
TABLE = r"[A-Za-z0-9_]+\.[A-Za-z0-9_$-]+"
WRITTEN_SCOPE = rf"(?:backfill|window|job|service|platform)/{SLUG}|table/{TABLE}|all"
HOLD_ID = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
END = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"

FLAG_PREFIX = "backfills/"
HOLD_PREFIX = "holds/"
FLAG_OBJECT = rf"{FLAG_PREFIX}(?P<name>{SLUG})@(?P<end>{END})\.json"
HOLD_OBJECT = rf"{HOLD_PREFIX}(?P<scope>{WRITTEN_SCOPE})/(?P<id>{HOLD_ID})@(?P<end>{END})\.json"
FLAG_ID = "flag"
"""The id of the hold that a backfill's flag stands for."""


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A flag or a hold. `end` is an aware UTC instant, not included."""

    scope: str
    id: str
    end: datetime
    object_name: str
    reason: str = ""
    owner: str = ""
    jobs: frozenset[str] = frozenset()
    """The Cloud Scheduler jobs that it covered when it was written."""
    tables: frozenset[str] = frozenset()
    """The tables whose writers it keeps still, as dataset.table."""
    unread: str = ""
    """Why its content could not be read; empty when it was. Then its name counts, and nobody knows what else it covers."""

    @property
    def identity(self) -> tuple[str, str, bool]:
        """Scope, id, and whether it is a flag: what an extension keeps."""
        return (self.scope, self.id, self.object_name.startswith(FLAG_PREFIX))

    def covers(self, job: str | None, tables: Collection[str]) -> bool:
        """Whether it covers this job, or keeps writers of one of these tables still."""
        if self.scope == "all" or (job is not None and (job in self.jobs or self.scope == f"job/{job}")):
            return True
        return any(same_table(table, held) for table in tables for held in self.tables)

    def may_cover(self, job: str | None, tables: Collection[str]) -> bool:
        """Whether what could not be read of it might cover this job or one of these tables (docs/flags.md, "Content": of
        `table/<t>` the tables are that one, of `job/<j>` the jobs are that one, `service/` and `platform/` have no tables)."""
        kind = self.scope.partition("/")[0]
        if not self.unread or self.covers(job, tables):
            return bool(self.unread)
        return (job is not None and kind != "job") or (bool(tables) and kind in ("backfill", "window"))

    def __str__(self) -> str:
        said = "; ".join(part for part in map(printable, (self.owner, self.reason)) if part)
        why = f" ({said})" if said else ""
        return f"{self.scope} until {self.end:%Y-%m-%d %H:%M:%S} UTC{why}"


def printable(text: str) -> str:
    """What others wrote, for a log or a terminal: on one line, without characters that move a cursor or that nobody sees."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def same_table(one: str, other: str) -> bool:
    """Whether two names mean rows in common: `d.t` is the whole of a table, `d.t$20260106` one partition of it."""
    table, _, partition = one.partition("$")
    other_table, _, other_partition = other.partition("$")
    return table == other_table and (not partition or not other_partition or partition == other_partition)


def parse_name(name: str) -> Hold | None:
    """The flag or hold that an object's name states, or None when it is no such name."""
    found = re.fullmatch(FLAG_OBJECT, name) or re.fullmatch(HOLD_OBJECT, name)
    if found is None:
        return None
    try:
        end = datetime.strptime(found["end"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:  # 30 February
        return None
    parts = found.groupdict()
    scope = parts["scope"] if "scope" in parts else f"backfill/{parts['name']}"
    tables = frozenset({scope.partition("/")[2]} if scope.startswith("table/") else ())
    return Hold(scope=scope, id=parts.get("id") or FLAG_ID, end=end, object_name=name, tables=tables)


def latest(holds: Iterable[Hold]) -> list[Hold]:
    """One hold for each (scope, id, flag or hold): the one that ends last. An extension writes the new name before it deletes
    the old one."""
    found: dict[tuple[str, str, bool], Hold] = {}
    for hold in holds:
        if hold.identity not in found or hold.end > found[hold.identity].end:
            found[hold.identity] = hold
    return sorted(found.values(), key=lambda hold: (hold.scope, hold.id, hold.object_name))


def with_content(hold: Hold, content: bytes) -> Hold | None:
    """The hold with what its content adds to its name; None when the content is no JSON object."""
    try:
        says = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(says, dict):
        return None
    reason, owner = says.get("reason"), says.get("owner")
    tables = {table for table in _texts(says.get("tables")) if re.fullmatch(TABLE, table)}
    return replace(
        hold,
        reason=reason if isinstance(reason, str) else "",
        owner=owner if isinstance(owner, str) else "",
        jobs=frozenset(_texts(says.get("jobs"))),
        tables=hold.tables | tables,
    )


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []

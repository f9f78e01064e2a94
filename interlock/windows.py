"""What holds by the clock: a maintenance window while it is open, a season while it is closed, a backfill that is planned.
Pure: `now` is a parameter, intervals are half-open, instants aware UTC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from interlock.catalog import Json
from interlock.cron import Cron, zone
from interlock.holds import Hold, format_instant, parse_instant
from interlock.seasons import SCOPE_PREFIX, Interval, Season, closings, dated, next_closing


class Timed(Protocol):
    """What says when a window opens: the catalog's window, and that of a declaration."""

    @property
    def name(self) -> str: ...

    @property
    def schedule(self) -> Cron: ...

    @property
    def time_zone(self) -> str: ...

    @property
    def duration(self) -> timedelta: ...


@dataclass(frozen=True, kw_only=True)
class Opening:
    """One time that a window is open: from `start`, a fire of its schedule, for as long as its duration; `end` not included.
    Or that a season is closed."""

    scope: str
    """What it holds."""
    start: datetime
    end: datetime

    @property
    def id(self) -> str:
        """The id of its hold: the scheduled start, so that two instances write the same object."""
        return compact(self.start)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A hold that somebody has asked for ahead: it begins at its time by itself, as a window opens, and once."""

    hold: Hold
    """As it will be. Its object is not the hold's but the plan's, in the ledger; its start is known."""
    start: datetime

    @property
    def scope(self) -> str:
        """What it will hold."""
        return self.hold.scope

    @property
    def end(self) -> datetime:
        """Its end, not included."""
        return self.hold.end


OPENING_ID = r"[0-9]{8}T[0-9]{6}Z"
"""What `compact` writes; no other hold of a window or a backfill may be called so."""
_OPENING_ID = re.compile(OPENING_ID)


def compact(instant: datetime) -> str:
    """An instant as ids carry it, in UTC and whole seconds: 20260310T080000Z."""
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def opened_at(id: str) -> datetime | None:
    """The instant that the id of an opening's hold states, or None when it is no such id."""
    if not _OPENING_ID.fullmatch(id):
        return None
    try:
        # By place, as `parse_instant` does.
        day = int(id[:4]), int(id[4:6]), int(id[6:8])
        return datetime(*day, int(id[9:11]), int(id[11:13]), int(id[13:15]), tzinfo=UTC)
    except ValueError:
        return None


def begun_at(hold: Hold) -> datetime | None:
    """The first instant of the opening that a hold is, of a window or of a planned backfill; None for any other hold."""
    return opened_at(hold.id) if hold.scope.startswith(("window/", "backfill/")) else None


def scope_of(window: Timed | Season | Planned) -> str:
    """What an opening of `window` holds."""
    return window.scope if isinstance(window, Season | Planned) else f"window/{window.name}"


def has_objects(scope: str) -> bool:
    """Whether what opens is written down. A season is not: everybody knows when it is closed, and nobody may release it."""
    return not scope.startswith(SCOPE_PREFIX)


OPENINGS = "a list of from and until when, in UTC, in order and each apart from the next"
"""How a season is written for those who have no catalog: the declaration, Terraform, the rules."""


def openings_json(season: Season) -> list[Json]:
    """A season as `OPENINGS` says."""
    return [[format_instant(start), format_instant(end)] for start, end in season.openings]


def read_openings(name: str, value: object) -> Season | None:
    """The season called `name` whose openings `value` states so; None for anything else."""
    pairs = [_interval(pair) for pair in value] if isinstance(value, list | tuple) else []
    found = [pair for pair in pairs if pair is not None and pair[0] < pair[1]]
    season = dated(name, found) if found else None
    return season if season and season.openings == tuple(pairs) else None


def _interval(pair: object) -> Interval | None:
    ends = [parse_instant(end) if isinstance(end, str) else None for end in pair] if isinstance(pair, list) else []
    match ends:
        case [datetime() as start, datetime() as end]:
            return start, end
    return None


def openings(window: Timed | Season | Planned, start: datetime, end: datetime) -> Iterator[Opening]:
    """The openings of `window` that overlap [start, end), in order. A duration is elapsed time, whatever the clocks do."""
    if isinstance(window, Planned):
        if window.start < end and start < window.end:
            yield Opening(scope=window.scope, start=window.start, end=window.end)
        return
    if isinstance(window, Season):
        yield from (Opening(scope=window.scope, start=closes, end=opens) for closes, opens in closings(window, start, end))
        return
    first = start - window.duration + datetime.resolution
    for fire in window.schedule.fires_between(first, end, zone(window.time_zone)):
        yield Opening(scope=scope_of(window), start=fire, end=fire + window.duration)


def open_at(window: Timed | Season | Planned, now: datetime) -> list[Opening]:
    """The openings that `now` is in; more than one when the schedule fires again before the first has ended."""
    return list(openings(window, now, now + datetime.resolution))


def next_opening(window: Timed | Season | Planned, after: datetime) -> Opening | None:
    """The first opening that starts after `after`; None where nobody knows of one."""
    if isinstance(window, Planned):
        planned = Opening(scope=window.scope, start=window.start, end=window.end)
        return planned if planned.start > after else None
    if isinstance(window, Season):
        closes, opens = next_closing(window, after)
        return Opening(scope=window.scope, start=closes, end=opens)
    fire = window.schedule.next_fire(after, zone(window.time_zone))
    return Opening(scope=scope_of(window), start=fire, end=fire + window.duration) if fire else None

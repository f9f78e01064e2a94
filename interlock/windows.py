"""When a maintenance window is open. Pure: `now` is a parameter, intervals are half-open, instants aware UTC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from interlock.cron import Cron, zone


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
    """One time that a window is open: from `start`, a fire of its schedule, for as long as its duration; `end` not included."""

    window: str
    start: datetime
    end: datetime

    @property
    def scope(self) -> str:
        """What it holds."""
        return f"window/{self.window}"

    @property
    def id(self) -> str:
        """The id of its hold: the scheduled start, so that two instances write the same object."""
        return compact(self.start)


OPENING_ID = r"[0-9]{8}T[0-9]{6}Z"
"""What `compact` writes; no other hold of a window may be called so."""


def compact(instant: datetime) -> str:
    """An instant as ids carry it, in UTC and whole seconds: 20260310T080000Z."""
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def opened_at(id: str) -> datetime | None:
    """The instant that the id of an opening's hold states, or None when it is no such id."""
    try:
        return datetime.strptime(id, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if re.fullmatch(OPENING_ID, id) else None
    except ValueError:
        return None


def openings(window: Timed, start: datetime, end: datetime) -> Iterator[Opening]:
    """The openings of `window` that overlap [start, end), in order. A duration is elapsed time, whatever the clocks do."""
    first = start - window.duration + datetime.resolution
    for fire in window.schedule.fires_between(first, end, zone(window.time_zone)):
        yield Opening(window=window.name, start=fire, end=fire + window.duration)


def open_at(window: Timed, now: datetime) -> list[Opening]:
    """The openings that `now` is in; more than one when the schedule fires again before the first has ended."""
    return list(openings(window, now, now + datetime.resolution))


def next_opening(window: Timed, after: datetime) -> Opening | None:
    """The first opening that starts after `after`; None where nobody knows of one."""
    fire = window.schedule.next_fire(after, zone(window.time_zone))
    return Opening(window=window.name, start=fire, end=fire + window.duration) if fire else None

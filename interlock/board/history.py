"""What happened in the last seven days, as the board carries it from one writing to the next: a line a transition. Pure.

The log has everything; this is what people ask for first. A board that is lost takes its history with it, and says since when
it knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from interlock.catalog import Json
from interlock.holds import format_instant, parse_instant
from interlock.names import plain
from interlock.runtime import events
from interlock.runtime.report import Record

A_WEEK = timedelta(days=7)
MOST = 400
"""Lines that are kept: the newest."""
LINE = 300
"""Characters of one."""
TOLD = {
    events.HOLD_WRITTEN: "held",
    events.HOLD_PLANNED: "planned",
    events.HOLD_RELEASED: "released",
    events.HOLD_ENDED: "ended",
    events.HOLD_FORCED: "forced",
    events.BACKFILL_FAILED: "backfill failed",
    events.RUN_MISSED: "run missed",
    events.RUN_CAUGHT_UP: "run made up for",
    events.RUN_SKIPPED: "runs not made up for",
    events.UNRESOLVED_CLAIM: "catch-up unclear",
    events.INCIDENT_IGNORED: "conflict ignored",
    events.JOB_DRIFTED: "drift",
    events.JOB_BROKEN: "job broken",
    events.ENABLED_WHILE_HELD: "ran while held",
    events.PAUSED_WITHOUT_HOLD: "paused by hand",
    events.ACTION_FAILED: "could not be done",
}
"""The events that make a line, and how that begins."""
LASTING = frozenset(
    {
        events.ACTION_FAILED,
        events.BACKFILL_FAILED,
        events.ENABLED_WHILE_HELD,
        events.HOLD_ENDING,
        events.HOLD_OVERDUE,
        events.JOB_BROKEN,
        events.OBJECT_UNREADABLE,
        events.PAUSED_WITHOUT_HOLD,
        events.RECONCILE_FAILED,
        events.RUN_MISSED,
        events.UNRESOLVED_CLAIM,
    }
)
"""The events that say what is wrong now: they are found anew at each look."""


@dataclass(frozen=True, kw_only=True)
class Happened:
    """A line."""

    at: datetime
    event: str
    hold: str
    job: str
    why: str
    asked_by: str
    severity: str

    @classmethod
    def of(cls, record: Record, at: datetime) -> Happened:
        """What a record says."""
        return cls(
            at=at,
            event=record.event,
            hold=plain(record.hold or "", LINE),
            job=record.job or "",
            why=plain(record.why, LINE),
            asked_by=record.asked_by or "",
            severity=record.severity,
        )

    @property
    def what(self) -> tuple[str, str, str, str]:
        """What makes it the same as another one: what lasts is found at each look, and happened once."""
        return self.event, self.hold, self.job, self.why

    @property
    def lasts(self) -> bool:
        """Whether it is found anew at each look while it lasts."""
        return self.event in LASTING

    def as_json(self) -> dict[str, Json]:
        """For programs."""
        said: dict[str, Json] = {
            "at": format_instant(self.at),
            "event": self.event,
            "hold": self.hold,
            "job": self.job,
            "why": self.why,
            "asked_by": self.asked_by,
            "severity": self.severity,
        }
        return {key: value for key, value in said.items() if value}


@dataclass(frozen=True, kw_only=True)
class History:
    """The lines, the newest first, known from `since` on; None where nobody kept any."""

    since: datetime | None = None
    lines: tuple[Happened, ...] = ()

    def then(self, records: Iterable[Record], now: datetime) -> History:
        """The same with what was done and found since."""
        begin = now - A_WEEK
        known = {line.what for line in self.lines if line.lasts}
        new = (Happened.of(record, now) for record in reversed([*records]) if record.event in TOLD)
        fresh = [line for line in dict.fromkeys(new) if line.what not in known]
        kept = [line for line in self.lines if line.at > begin]
        since = max(begin, self.since) if self.since else now
        return History(since=since, lines=(*fresh, *kept)[:MOST])


def parse_history(value: object) -> History:
    """What a board's JSON has of it; what is wrong in it is left out."""
    found = value if isinstance(value, dict) else {}
    lines = found.get("history")
    since = found.get("history_since")
    return History(
        since=parse_instant(since) if isinstance(since, str) else None,
        lines=tuple(line for one in lines if (line := _line(one))) if isinstance(lines, list) else (),
    )


def _line(value: object) -> Happened | None:
    if not isinstance(value, dict):
        return None
    said = {key: one for key, one in value.items() if isinstance(one, str)}
    at = parse_instant(said.get("at", ""))
    if at is None:
        return None
    return Happened(at=at, **{key: said.get(key, "") for key in ("event", "hold", "job", "why", "asked_by", "severity")})

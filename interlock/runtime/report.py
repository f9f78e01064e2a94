"""What a reconcile did and found: one record for each transition and each thing that is not as it should be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from interlock.catalog import Json
from interlock.holds import format_instant
from interlock.names import printable
from interlock.runtime.events import SEVERITIES
from interlock.runtime.ports import Item

if TYPE_CHECKING:
    from interlock.runtime.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class Record:
    """One line of the log. `event` is a name of `events.py`, `hold` a scope or the name of an object."""

    event: str
    why: str
    hold: str | None = None
    job: str | None = None
    until: datetime | None = None
    asked_by: str | None = None
    """The e-mail address of whoever asked for what was done."""
    numbers: tuple[tuple[str, int], ...] = ()

    @property
    def severity(self) -> str:
        """As Cloud Logging names it."""
        return SEVERITIES.get(self.event, "INFO")

    def as_json(self) -> dict[str, Json]:
        """For the log: what is not known is left out, and so is what is no text."""
        said: dict[str, Json] = {
            "severity": self.severity,
            "event": self.event,
            "hold": self.hold and printable(self.hold),
            "job": self.job,
            "asked_by": self.asked_by,
            "why": _lines(self.why),
            "message": _lines(str(self)),
            "until": format_instant(self.until) if self.until else None,
            **dict(self.numbers),
        }
        return {key: value for key, value in said.items() if value is not None}

    def __str__(self) -> str:
        about = " ".join(part for part in (self.job, self.hold) if part)
        return f"{self.event}: {about + ': ' if about else ''}{self.why}"


def _lines(text: str) -> str:
    """The text, whose own lines are kept: a stack trace has many."""
    return "\n".join(map(printable, text.split("\n"))) if "\n  File " in text else printable(text)


Log = Callable[[Record], None]


@dataclass(frozen=True, kw_only=True)
class Report:
    """The outcome of a reconcile."""

    settled: bool
    """Every job was seen or made as it should be, and what is held stood still meanwhile."""
    rounds: int
    records: tuple[Record, ...]
    carried_out: bool = True
    """What was asked besides is done, or was to be ignored; jobs may still have to follow."""
    seen: Snapshot | None = field(default=None, compare=False, repr=False)
    """What was seen last, before the jobs were changed; None where nothing could be."""
    listed: Sequence[Item] | None = field(default=None, compare=False, repr=False)
    """All objects of the bucket, as they were listed last; None where it was not listed as a whole."""

    def as_json(self) -> dict[str, Json]:
        """For answers."""
        return {"settled": self.settled, "rounds": self.rounds, "records": [record.as_json() for record in self.records]}


@dataclass
class Recorder:
    """Logs records as they come, and keeps them for the report. Said twice with the same words is said once."""

    log: Log
    records: list[Record] = field(default_factory=list)
    _said: set[Record] = field(default_factory=set)

    def __call__(self, record: Record) -> None:
        if record not in self._said:
            self._said.add(record)
            self.records.append(record)
            self.log(record)

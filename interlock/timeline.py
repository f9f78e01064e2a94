"""A day of the catalog: what fires when, what keeps it from firing, and what collides. Pure; instants are aware UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day as the clocks of a zone show it: 24 hours, or 23 or 25 on the day of a change."""

    date: date
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        """The first instant of the day; where a change skips midnight, the instant of the change."""
        return _midnight(self.date, self.zone)

    @property
    def end(self) -> datetime:
        """The first instant of the next day; not included."""
        return _midnight(self.date + timedelta(days=1), self.zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # With fold 0 a midnight that comes twice is the first, and one that is skipped becomes the instant of the change.
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)

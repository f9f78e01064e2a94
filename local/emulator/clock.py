"""The clock of the emulated cloud: the real one, until somebody sets it; then it stands still until it is moved.

Timestamps, schedules, retries and the evaluation of alerts go by it. Timeouts of HTTP calls go by real seconds.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}  # seconds
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])")


class Clock:
    """Now, as an aware UTC instant. `moved` is called after every change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set: datetime | None = None
        self.moved: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        """The instant that the emulated cloud has."""
        with self._lock:
            return self._set or datetime.now(UTC)

    @property
    def stepped(self) -> bool:
        """Whether it was set, and so stands still."""
        with self._lock:
            return self._set is not None

    def set(self, instant: datetime | None) -> None:
        """Stand at `instant` (aware); None: go with the real clock again."""
        with self._lock:
            self._set = instant.astimezone(UTC) if instant else None
        self.moved()


def parse_duration(text: str) -> timedelta:
    """A timedelta from `90s`, `10m`, `2h` or `1d`; the ValueError names what is allowed."""
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"duration {text!r}: expected a number with s, m, h or d, such as 10m")
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def parse_instant(text: str) -> datetime:
    """An aware instant from RFC 3339 text; the ValueError names what is allowed."""
    try:
        instant = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ValueError(f"instant {text!r}: expected RFC 3339 with a zone, such as 2026-03-08T10:00:00Z")
    return instant.astimezone(UTC)

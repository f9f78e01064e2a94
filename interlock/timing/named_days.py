"""Which starts of two jobs that name a day (`dates.NamedDay`) may name the same one. Pure.

Two starts that can meet are at most as far apart as `writes.MAX_LOOKBACK`, so days are told apart by their remainder alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from interlock.dates import NamedDay
from interlock.timing.minutes import DAY, MINUTE, Minutes, Span

CYCLE = 12
"""Days after which a remainder comes again: more than two starts that meet can be apart, with their words."""
CACHED = 64


@dataclass(frozen=True, kw_only=True)
class Starts:
    """When a job starts, by whose clocks, and which day each start names; None for any."""

    fires: Minutes
    zone: ZoneInfo
    day: NamedDay | None


def by_same_day(one: Starts, other: Starts) -> list[tuple[Minutes, Minutes]]:
    """The starts of two jobs that may be about the same rows, part by part. All of both, where not both name a day of the same
    column: who says which rows it changes does not say that others don't."""
    if one.day is None or other.day is None or one.day.column != other.day.column:
        return [(one.fires, other.fires)]
    parts = zip(by_named_day(one.fires, one.zone, one.day), by_named_day(other.fires, other.zone, other.day), strict=True)
    return [(ours, theirs) for ours, theirs in parts if ours and theirs]


def by_named_day(fires: Minutes, zone: ZoneInfo, day: NamedDay) -> tuple[Minutes, ...]:
    """The starts by the day that they name, as its remainder: what is in different ones names different days."""
    days = _by_day(zone, fires.span)
    return tuple(fires & days[(remainder - day.offset // DAY) % CYCLE] for remainder in range(CYCLE))


@lru_cache(CACHED)
def _by_day(zone: ZoneInfo, span: Span) -> tuple[Minutes, ...]:
    """The minutes of a span by the remainder of their day, as the clocks of `zone` show it."""
    bits = [0] * CYCLE
    day, end = span.start.astimezone(zone).date(), span.end
    begins = span.start
    while begins < end:
        ends = min(datetime.combine(day + DAY, time(), tzinfo=zone).astimezone(UTC), end)
        first, length = (begins - span.start) // MINUTE, max(0, (ends - begins) // MINUTE)
        bits[day.toordinal() % CYCLE] |= ((1 << length) - 1) << first
        day, begins = day + DAY, max(ends, begins)
    return tuple(Minutes(span=span, bits=found) for found in bits)

"""Which day of a partition a run means, and so which starts of two jobs may change the same one. Pure.

A word such as TODAY in a job's body means a day as seen from the day of the start, by the clocks of the job's zone. Two starts
that can meet are at most as far apart as `writes.MAX_LOOKBACK`, so days are told apart by their remainder alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from interlock.catalog import Json, Partition
from interlock.dates import OFFSETS
from interlock.timing.minutes import DAY, MINUTE, Minutes, Span

CYCLE = 10
"""Days after which a remainder comes again: more than two starts that meet can be apart, with their words."""
CACHED = 64


@dataclass(frozen=True, kw_only=True)
class NamedDay:
    """The day that the statements of a run name: `column` of the table is that of the start, moved by `offset`."""

    column: str
    offset: timedelta


def named_day(partition: Partition | None, body: Json) -> NamedDay | None:
    """Which day a job with this body means; None where that is not known, so that it may be any."""
    if partition is None or not partition.named_by:
        return None
    offsets = {OFFSETS.get(value.casefold()) if isinstance(value, str) else None for value in _values(body, partition.named_by)}
    offset = offsets.pop() if len(offsets) == 1 else None
    return None if offset is None else NamedDay(column=partition.column, offset=offset)


def _values(body: Json, key: str) -> list[Json]:
    """What stands under `key`, wherever it is."""
    if isinstance(body, dict):
        own = [body[key]] if key in body else []
        return [*own, *(value for inner in body.values() for value in _values(inner, key))]
    return [value for inner in body for value in _values(inner, key)] if isinstance(body, list) else []


def may_meet(one: NamedDay | None, other: NamedDay | None) -> bool:
    """Whether starts of one day may change the same rows: unless both name another day of the same column."""
    return one is None or other is None or one.column != other.column or one.offset == other.offset


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

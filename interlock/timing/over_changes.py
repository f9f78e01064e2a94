"""The minutes in which a schedule fires around a change of the clock, without a walk over its fires. Pure.

What `Cron.fires_between` finds there can be said in a sentence, where the clock changes at a whole hour, by whole hours and
within a day: a schedule that follows the clock fires whenever the clock shows one of its times, any other the first time that
it does, and when the gap ends in place of what is skipped. Of other changes only cronsim's walk knows what it makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from interlock.cron import MINUTE, SETTLING, Cron, follows_the_clock
from interlock.seasons import A_DAY
from interlock.timing.clock_changes import Change, changes

HOUR = timedelta(hours=1)
CACHED = 1024
"""Parts of days, a zone and four a year each; sets of times, one a schedule."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some minutes one after another in which the clock does not change; `place` is how many come before them."""

    place: int
    length: int
    wall: datetime
    """What the clock shows at its start; naive."""
    skipped: int
    """So many minutes before it never show."""
    repeated: int
    """So many of its first have shown before."""


def minutes_over(schedule: Cron, zone: ZoneInfo, start: datetime, end: datetime) -> int | None:
    """Bit n: it fires in the minute that begins n minutes after `start`, before `end`; aware UTC, whole minutes. None where
    only a walk tells."""
    pieces, follows = _pieces(zone, start, end), {follows_the_clock(line) for line in schedule.lines}
    if pieces is None or len(follows) > 1:
        return None
    bits = 0
    for piece in pieces:
        found = _shown(schedule, piece.wall, piece.length)
        if follows == {False}:
            found = found >> piece.repeated << piece.repeated
            found |= bool(_shown(schedule, piece.wall - piece.skipped * MINUTE, piece.skipped))
        bits |= found << piece.place
    return bits


@lru_cache(CACHED)
def day_bits(times: frozenset[int]) -> int:
    """The minutes of a day of 24 hours, bit n being the minute n after midnight."""
    return sum(1 << minute for minute in times)


def _shown(schedule: Cron, wall: datetime, length: int) -> int:
    """The minutes in which it fires by a clock that shows `wall`, and goes on for `length` minutes."""
    midnight = datetime.combine(wall, time())
    place, bits = -((wall - midnight) // MINUTE), 0
    while place < length:
        if schedule.fires_on(midnight.date()):
            day = day_bits(schedule.times)
            bits |= day << place if place >= 0 else day >> -place
        place, midnight = place + A_DAY // MINUTE, midnight + A_DAY
    return bits & ((1 << length) - 1)


@lru_cache(CACHED)
def _pieces(zone: ZoneInfo, start: datetime, end: datetime) -> tuple[Piece, ...] | None:
    found = [*changes(zone, start - SETTLING, end)]
    if not all(map(_is_plain, found)) or _wall(start, zone).second:  # zones of long ago were off by seconds
        return None
    return tuple(_cut(zone, start, end, found))


def _is_plain(change: Change) -> bool:
    """Whether it is by whole hours, at a whole one (not so on the Chathams) and within a day, midnight left out."""
    first, last = sorted([change.before, change.after])
    return (last - first) % HOUR == (first - first.min) % HOUR == timedelta(0) and first > datetime.combine(last, time())


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _cut(zone: ZoneInfo, start: datetime, end: datetime, found: list[Change]) -> Iterator[Piece]:
    ends = sorted({start, end, *(change.at for change in found if start < change.at < end)})
    for begin, until in pairwise(ends):
        gaps = [change.after - change.before for change in found if change.at == begin]
        anew = [change.at + (change.before - change.after) - begin for change in found if change.at <= begin]
        yield Piece(
            place=(begin - start) // MINUTE,
            length=(until - begin) // MINUTE,
            wall=_wall(begin, zone),
            skipped=max([0, *(gap // MINUTE for gap in gaps)]),
            repeated=max([0, *(left // MINUTE for left in anew)]),
        )

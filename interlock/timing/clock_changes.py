"""When the clocks of a zone change, and what that does to a schedule. Pure.

Instants are aware UTC, walls are naive local times. What a schedule does there is cronsim's reading; see `cron.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from interlock.cron import DAY, MINUTE, Cron

STEP = timedelta(days=2)
"""No zone changes its clocks twice within so short a time: the nearest two are a week apart, less an hour."""
SECOND = timedelta(seconds=1)
SHOWN_WALLS = 3


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of the clock: at `at` the wall goes from `before` to `after`."""

    at: datetime
    before: datetime
    after: datetime

    def __str__(self) -> str:
        verb = "jump" if self.after > self.before else "go back"
        return f"the clocks {verb} from {self.before:%H:%M} to {self.after:%H:%M}"


def changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Change]:
    """The changes at or after `start` and before `end`, in order."""
    low = start - SECOND
    before = offset(low, zone)
    while low < end:
        high = low + STEP
        after = offset(high, zone)
        if before != after:
            at = _first_after(low, high, zone)
            if start <= at < end:
                yield Change(at=at, before=_wall(at, before), after=_wall(at, after))
        low, before = high, after


def what_happens(schedule: Cron, zone: ZoneInfo, change: Change) -> list[str]:
    """What becomes of the times of `schedule` that the change skips or repeats, in sentences; none when it concerns none."""
    first, last = sorted([change.before, change.after])
    named = named_between(schedule, first, last)
    if not named:
        return []
    if change.after > change.before:
        return [_skipped(schedule, zone, change, named)]
    window = change.before - change.after
    fires = [_local(fire, zone) for fire in schedule.fires_between(change.at - window, change.at + window, zone)]
    both = [wall for wall in named if fires.count(wall) > 1]
    once = [wall for wall in named if fires.count(wall) == 1]
    said = [f"{_walls(both)} {_comes(both)} twice that day, and it fires both times"] if both else []
    return [*said, *([f"{_walls(once)} {_comes(once)} twice that day, and it fires the first time"] if once else [])]


def named_between(schedule: Cron, first: datetime, last: datetime) -> list[datetime]:
    """The walls from `first` until before `last` that a schedule names, whatever clocks do, in order."""
    found: list[datetime] = []
    midnight = datetime.combine(first, time())
    while midnight < last:
        if schedule.fires_on(midnight.date()):
            low, high = -((midnight - first) // MINUTE), -((midnight - last) // MINUTE)
            found += [midnight + place * MINUTE for place in sorted(schedule.times) if low <= place < high]
        midnight += DAY
    return found


def _skipped(schedule: Cron, zone: ZoneInfo, change: Change, named: list[datetime]) -> str:
    absent = f"{_walls(named)} {'does' if len(named) == 1 else 'do'} not exist that day"
    moved = next(schedule.fires_between(change.at, change.at + SECOND, zone), None)
    own = next(schedule.fires_between(change.after.replace(tzinfo=UTC), change.after.replace(tzinfo=UTC) + SECOND, UTC), None)
    if moved and not own:
        return f"{absent}; it fires at {change.after:%H:%M}"
    return f"{absent}, and nothing fires for {'it' if len(named) == 1 else 'them'}"


def offset(at: datetime, zone: ZoneInfo) -> timedelta:
    """How far the clocks of `zone` are ahead of UTC at an aware instant."""
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _wall(at: datetime, offset: timedelta) -> datetime:
    return (at + offset).replace(tzinfo=None)


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _first_after(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The first second of the offset at `high`, in (low, high]."""
    while high - low > SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if offset(middle, zone) == offset(high, zone):
            high = middle
        else:
            low = middle
    return high


def _comes(walls: list[datetime]) -> str:
    return "comes" if len(walls) == 1 else "come"


def _walls(walls: list[datetime]) -> str:
    shown = [f"{wall:%H:%M}" for wall in walls[:SHOWN_WALLS]]
    if len(walls) > SHOWN_WALLS:
        shown.append(f"{len(walls) - SHOWN_WALLS} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"

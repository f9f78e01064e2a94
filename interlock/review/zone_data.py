"""What other zone data change: which jobs fire, and which windows open, at other instants than by the data before. Pure.

Both sides are evaluated as their records say (`zone_record.py`), so this does not depend on the data that are installed. All
else in a review is by those, on both sides.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from interlock.catalog import Catalog, Job, Window
from interlock.cron import Cron
from interlock.names import count, exact
from interlock.review.remark import Remark, Topic, listed
from interlock.timing.minutes import DAY, MINUTE, Span, fire_minutes
from interlock.timing.zone_record import as_zone
from interlock.zone_record import ANEW, RECORD_FILE, Offsets, ZoneRecord

SHOWN_NAMES = 5
PART = timedelta(days=28)
SHORT = timedelta(days=45)
"""Clocks that change by so much sooner or later change on another day; beyond that a season is longer or shorter."""
Timed = Job | Window


@dataclass(frozen=True, kw_only=True)
class _Gap:
    """A time in which the clocks are `by` further ahead than they were, negative for less."""

    start: datetime
    end: datetime
    by: timedelta


@dataclass(frozen=True, kw_only=True)
class _Clock:
    """What a zone does from `start` until before `end`."""

    offsets: Offsets
    start: datetime
    end: datetime

    def ahead(self, at: datetime) -> timedelta:
        """How far it is ahead of UTC."""
        return self.offsets[bisect_right(self.offsets, at, key=lambda each: each[0]) - 1][1] * MINUTE

    def changes(self, at: datetime) -> bool:
        """Whether the clock changes at an instant."""
        return self.start < at < self.end and self.ahead(at) != self.ahead(at - MINUTE)

    def is_settled(self, at: datetime) -> bool:
        """Whether it changes no more after an instant."""
        return not any(at < change < self.end for change, _ in self.offsets)

    def wall(self, at: datetime) -> datetime:
        """What it shows just before an instant, to the minute at which that is."""
        return (at + self.ahead(at - MINUTE if at > self.start else at)).replace(tzinfo=None)


def about_zone_data(before: Catalog, after: Catalog, renamed: Mapping[str, str], at: datetime) -> Iterator[Remark]:
    """What differs between the records of two catalogs from `at` on. `renamed` maps old names of jobs to new ones."""
    old, new = before.zone_record, after.zone_record
    if old is None or (new and new.release == old.release):
        return
    if new is None:
        said = f"is gone, so no review sees what new zone data move; to write it: {ANEW}"
        yield Remark(topic=Topic.ZONE_DATA, subject=RECORD_FILE, text=said)
        return
    start, end = max(old.start, new.start), min(old.end, new.end)
    if max(start, at) >= end:
        said = f"nobody knows what {new.release} moves: the records have no days in common after {at:%Y-%m-%d}"
        yield Remark(topic=Topic.ZONE_DATA, subject=RECORD_FILE, text=said)
        return
    timed = list(_still_there(before, after, renamed))
    found = [
        remark
        for name in sorted(old.zones.keys() & new.zones.keys())
        for remark in _of_zone(name, old, new, [one for one in timed if one.time_zone == name], at)
    ]
    said = f"{old.release} -> {new.release}: until {end:%Y-%m-%d} nothing fires or opens at another instant"
    yield from found or [Remark(topic=Topic.ZONE_DATA, subject=RECORD_FILE, text=said, is_finding=False)]


def _still_there(before: Catalog, after: Catalog, renamed: Mapping[str, str]) -> Iterator[Timed]:
    """What fires on both sides, in one zone: of all else the review says already that it changes."""
    names = {**{name: name for name in before.jobs}, **renamed}
    for old, new in names.items():
        if (job := after.jobs.get(new)) and job.time_zone == before.jobs[old].time_zone and not job.paused:
            yield job
    for name, window in after.windows.items():
        if name in before.windows and before.windows[name].time_zone == window.time_zone:
            yield window


def _gaps(was: _Clock, now: _Clock) -> list[_Gap]:
    """When the two differ, in order."""
    instants = sorted({was.start, *(at for clock in (was, now) for at, _ in clock.offsets if was.start < at < was.end)})
    found: list[_Gap] = []
    for start, end in zip(instants, [*instants[1:], was.end], strict=True):
        by = now.ahead(start) - was.ahead(start)
        if by and found and found[-1].end == start and found[-1].by == by:
            found[-1] = _Gap(start=found[-1].start, end=end, by=by)
        elif by:
            found.append(_Gap(start=start, end=end, by=by))
    return found


def _of_zone(name: str, old: ZoneRecord, new: ZoneRecord, timed: Sequence[Timed], at: datetime) -> Iterator[Remark]:
    """A remark for each way in which what is timed by a zone moves, or a note that none of it does."""
    start, end = max(old.start, new.start), min(old.end, new.end)
    was, now = (_Clock(offsets=record.zones[name], start=start, end=end) for record in (old, new))
    gaps = [gap for gap in _gaps(was, now) if gap.end > at]
    if not gaps or not timed:
        return
    said = f"{_in_words(was, now, gaps)} by zone data {new.release}, unlike {old.release}"
    places = [as_zone(name, record.zones[name]) for record in (old, new)]
    moves = False
    for by in dict.fromkeys(gap.by for gap in gaps):
        alike = [gap for gap in gaps if gap.by == by]
        spans = [span for gap in alike for span in _parts(gap, max(start, at), end)]
        firsts = {schedule: _first_moved(schedule, places, spans) for schedule in {one.schedule for one in timed}}
        moved = [(one, first) for one in timed if (first := firsts[one.schedule]) is not None]
        if moved:
            moves = True
            how = f"{exact(abs(by))} {'earlier' if by > timedelta(0) else 'later'}"
            long = any(gap.end - gap.start >= DAY for gap in alike)
            what = f"{_who([one for one, _ in moved])} {how if long else 'at other instants'} in UTC"
            since = f"first on {now.wall(min(first for _, first in moved)):%Y-%m-%d}"
            yield Remark(
                topic=Topic.ZONE_DATA, subject=name, text=f"{said}: {what}, {since}: {_names([one for one, _ in moved])}"
            )
    if not moves:
        yield Remark(topic=Topic.ZONE_DATA, subject=name, text=f"{said}: nothing fires at another instant", is_finding=False)


def _first_moved(schedule: Cron, places: Sequence[ZoneInfo], spans: Sequence[Span]) -> datetime | None:
    """The first instant at which it fires in one of two zones and not in the other; None where there is none."""
    for span in spans:
        old, new = (fire_minutes(schedule, place, span) for place in places)
        if differing := old.bits ^ new.bits:
            return span.start + ((differing & -differing).bit_length() - 1) * MINUTE
    return None


def _parts(gap: _Gap, start: datetime, end: datetime) -> Iterator[Span]:
    """A gap in spans that are short, as most of what moves does so in the first. With a day on either side: a time that is
    skipped may fire after the gap."""
    begin, end = max(gap.start - DAY, start.replace(second=0, microsecond=0)), min(gap.end + DAY, end)
    while begin < end:
        yield Span(start=begin, end=min(begin + PART, end))
        begin += PART


def _who(moved: Sequence[Timed]) -> str:
    kinds = [isinstance(one, Job) for one in moved]
    jobs, windows = kinds.count(True), kinds.count(False)
    said = [f"{count(jobs, 'job')} {'fires' if jobs == 1 else 'fire'}"] if jobs else []
    return " and ".join([*said, *([f"{count(windows, 'window')} {'opens' if windows == 1 else 'open'}"] if windows else [])])


def _names(moved: Sequence[Timed]) -> str:
    return listed([one.name if isinstance(one, Job) else f"window/{one.name}" for one in moved], SHOWN_NAMES)


# In words


def _in_words(was: _Clock, now: _Clock, gaps: Sequence[_Gap]) -> str:
    """What is different about a zone, by the first time at which it is."""
    first = gaps[0]
    old, new = was.changes(first.start), now.changes(first.start)
    old_ends, new_ends = was.changes(first.end), now.changes(first.end)
    month = f"{now.wall(first.start):%B %Y}"
    season = "summer" if first.by > timedelta(0) else "winter"
    more = f", and differs {count(len(gaps) - 1, 'more time')} until {now.end:%Y-%m-%d}" if len(gaps) > 1 else ""
    if first.start == now.start or (old and new):
        since = "" if first.start == now.start else f" from {month}"
        said = f"is at {_utc(now, first)} instead of {_utc(was, first)}{since}"
        return f"{said}{'' if first.end == now.end else f' to {now.wall(first.end):%B %Y}'}{more}"
    if now.is_settled(first.start):
        return f"stays at {_utc(now, first)} from {month}" if new else f"keeps {season} time from {month}"
    is_short = first.end - first.start <= SHORT
    if is_short and ((old and new_ends and not old_ends) or (new and old_ends and not new_ends)):
        instead = (now, first.start if new else first.end), (was, first.end if new else first.start)
        return f"changes its clocks {_instead(*instead)}{more}"
    said = f"has {season} time ({_utc(now, first)})" if new else f"keeps {season} time"
    return f"{said} from {month} to {now.wall(first.end):%B %Y}{more}"


def _utc(clock: _Clock, gap: _Gap) -> str:
    minutes = clock.ahead(gap.start) // MINUTE
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}{f':{rest:02}' if rest else ''}"


def _instead(new: tuple[_Clock, datetime], old: tuple[_Clock, datetime]) -> str:
    walls = [clock.wall(at) for clock, at in (new, old)]
    if walls[0].date() != walls[1].date():
        return f"on {walls[0]:%Y-%m-%d} instead of {walls[1]:%Y-%m-%d}"
    times = [f"{at.astimezone(UTC):%H:%M}" for _, at in (new, old)]
    return f"on {walls[0]:%Y-%m-%d} at {times[0]} UTC instead of {times[1]}"

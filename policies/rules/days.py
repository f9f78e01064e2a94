"""When to look, to see all that two schedules can do to each other in a year: not at every day of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from interlock.cron import Cron
from interlock.timing.collisions import seasons
from interlock.timing.minutes import Span
from interlock.zones import zone

DAY = timedelta(days=1)
AROUND = timedelta(days=2)
"""A day in any zone lies within so much of its midnight in UTC, and what meets it just after, too."""
EVERY_DAY, EVERY_MONTH = 31, 12

When = tuple[Cron, ZoneInfo]


def spans(year: int, schedules: Iterable[When]) -> list[Span]:
    """A week of winter and one of summer, in which schedules by time and weekday do all that they ever do. And for those by
    the day of the month or the month one day of each kind that the year has: on which of them fire, today and tomorrow, on
    which weekday, under which clocks."""
    known = sorted(set(schedules), key=lambda when: (when[0].text, when[1].key))
    dated = [schedule for schedule, _ in known if _is_dated(schedule)]
    found = [season.span for season in seasons(datetime(year, 1, 1, tzinfo=UTC))]
    if not dated:
        return found
    zones = sorted({place.key for _, place in known})
    kinds: dict[tuple[object, ...], date] = {}
    for day in _days(year):
        today, tomorrow = ([n for n, schedule in enumerate(dated) if schedule.fires_on(d)] for d in (day, day + DAY))
        if today or tomorrow:
            clocks = tuple(datetime.combine(day, time(12), zone(name)).utcoffset() for name in zones)
            kinds.setdefault((*today, None, *tomorrow, day.weekday(), clocks), day)
    midnights = (datetime.combine(day, time(0), UTC) for day in kinds.values())
    return [*found, *(Span(start=midnight - AROUND, end=midnight + AROUND) for midnight in midnights)]


def _is_dated(schedule: Cron) -> bool:
    return len(schedule.days) < EVERY_DAY or len(schedule.months) < EVERY_MONTH


def _days(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += DAY

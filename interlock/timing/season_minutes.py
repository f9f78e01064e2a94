"""The minutes of a span in which a season is open, and those in which a job of one fires. Pure."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from interlock.cron import Cron, zone
from interlock.seasons import Season, Seasonal
from interlock.timing.minutes import MINUTE, Minutes, Span, fire_minutes


def season_minutes(season: Season, span: Span) -> Minutes:
    """The minutes of `span` in which `season` is open. It opens and closes at whole minutes: at midnights of a zone."""
    bits = 0
    for opens, closes in season.openings:
        first, last = max(opens, span.start), min(closes, span.end)
        if first < last:
            # A zone of long ago had offsets with seconds: a minute counts when its first instant is inside.
            begin, end = -((span.start - first) // MINUTE), -((span.start - last) // MINUTE)
            bits |= ((1 << (end - begin)) - 1) << begin
    return Minutes(span=span, bits=bits)


def job_minutes(job: Seasonal, span: Span) -> Minutes:
    """The minutes of `span` in which `job` fires: those of its schedule, inside its season."""
    return minutes_inside(job.season, job.schedule, zone(job.time_zone), span)


def minutes_inside(season: Season | None, schedule: Cron, place: ZoneInfo, span: Span) -> Minutes:
    """The minutes of `span` in which `schedule` fires in `place` while `season` is open; all of them without one."""
    fires = fire_minutes(schedule, place, span)
    return fires if season is None else fires & season_minutes(season, span)

"""A change of the catalog as a page: one day of it before and after, as boards show a day. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from interlock.board.board import Board, Row, board
from interlock.board.compared import Changed, Compared
from interlock.board.history import History
from interlock.catalog import Catalog
from interlock.cron import zone
from interlock.declare import declare
from interlock.environment import Breaker
from interlock.review.review import Review
from interlock.runtime.snapshot import Objects, Snapshot
from interlock.timing.about import about
from interlock.timing.minutes import Day
from interlock.timing.timeline import usual_zone

WHATEVER = timedelta(hours=1)
NEVER = Breaker(conflicts=1, period=WHATEVER, hold=WHATEVER)


@dataclass(frozen=True)
class _Nowhere:
    """The limits of no environment: what they say shows on no page of a day."""

    max_hold: timedelta = WHATEVER
    tick: timedelta = WHATEVER
    breaker: Breaker = NEVER


def compared(before: Catalog, after: Catalog, found: Review, *, verdict: str, what: str) -> Compared:
    """The day on which the most changed jobs show what becomes of them, the first of such days; else that of the review."""
    place = zone(usual_zone(after))
    known = Counter(job.day.date for job in found.jobs)
    date = min(known, key=lambda day: (-known[day], day), default=found.at.astimezone(place).date())
    start = Day(date=date, zone=place).start
    was, now = (_board(catalog, start, place) for catalog in (before, after))
    rows = [{row.job.name: row for row in side.rows} for side in (was, now)]
    jobs = []
    for job in found.jobs:
        sides: list[Row | None] = [
            known_rows.get(side.name) if side else None for known_rows, side in zip(rows, job.change.sides, strict=True)
        ]
        jobs.append(Changed(how=job.change.how.value, before=sides[0], after=sides[1]))
    return Compared(before=was, after=now, jobs=tuple(jobs), verdict=verdict, what=what)


def _board(catalog: Catalog, start: datetime, place: ZoneInfo) -> Board:
    """The day of a catalog from that instant on, which no cloud is asked about."""
    objects = Objects(now=start, items={}, holds=(), released=())
    declaration = replace(declare(catalog, _Nowhere()), about=about(catalog))
    seen = Snapshot(declaration=declaration, declared=None, objects=objects, jobs={})
    return board(seen, records=(), trouble=(), history=History(), looked=None, zone=place, project="")

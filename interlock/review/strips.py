"""The day of changed jobs as strips, one before and one after, as far as they tell anything. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from interlock.drawing.strip import strip
from interlock.review.alike import AlikeJobs
from interlock.review.jobs import JobReview, Side
from interlock.timing.minutes import Day

SIDES = ("before", "after")
MANY = 3
"""Of more jobs than these whose edit is alike only the first is drawn."""


@dataclass(frozen=True, kw_only=True)
class Strips:
    """A job with its strips, `before` or `after` beside each; `more` jobs that are edited alike are not drawn."""

    job: JobReview
    lines: tuple[tuple[str, str], ...]
    more: int = 0


def strips(groups: Iterable[AlikeJobs]) -> list[Strips]:
    """The strips of the jobs whose day changes, of those that are edited alike only the first few."""
    found: list[Strips] = []
    for group in groups:
        drawn = [one for one in map(_strips, group.jobs) if _tells(one)]
        if len(drawn) > MANY:
            drawn = [replace(drawn[0], more=len(drawn) - 1)]
        found += drawn
    return found


def _strips(job: JobReview) -> Strips:
    sides = zip(SIDES, (job.before, job.after), strict=True)
    return Strips(job=job, lines=tuple((which, _strip(side, job.day)) for which, side in sides if side))


def _strip(side: Side, day: Day) -> str:
    """One row; a job that is paused by declaration fires at no time."""
    return strip(side.fires if side.job.paused is None else (), day, side.closed)


def _tells(one: Strips) -> bool:
    """Whether the job fires on its day, and not as it did."""
    fires = any(side.fires for side in (one.job.before, one.job.after) if side)
    return fires and len({drawn for _, drawn in one.lines}) == len(one.lines)


def by_day(drawn: Sequence[Strips]) -> list[list[Strips]]:
    """Those of one day in one zone together, in the order of the days."""
    days: dict[tuple[str, str], list[Strips]] = {}
    for one in drawn:
        days.setdefault((one.job.day.date.isoformat(), one.job.day.zone.key), []).append(one)
    return [found for _, found in sorted(days.items())]

"""When jobs start within a span, found once for all that start alike. Here alone a job becomes a set of minutes to search."""

from __future__ import annotations

from datetime import timedelta

from interlock.catalog import Job
from interlock.cron import zone
from interlock.timing.minutes import Minutes, Span, fire_minutes

Alike = tuple[str, str]


def alike(job: Job) -> Alike:
    """All that decides when a job starts: jobs of which this is equal start at the same times."""
    return job.schedule.text, job.time_zone


class Fires:
    """The fires of jobs within a span; of one catalog or of several."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self._of: dict[Alike, Minutes] = {}
        self._near: dict[tuple[Alike, timedelta, timedelta], Minutes] = {}

    def of(self, job: Job) -> Minutes:
        """The minutes in which it starts."""
        if (key := alike(job)) not in self._of:
            self._of[key] = fire_minutes(job.schedule, zone(job.time_zone), self.span)
        return self._of[key]

    def near(self, job: Job, earliest: timedelta, end: timedelta) -> Minutes:
        """`Minutes.around` of its fires."""
        if (key := (alike(job), earliest, end)) not in self._near:
            self._near[key] = self.of(job).around(earliest, end)
        return self._near[key]

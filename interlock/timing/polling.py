"""Which schedules look again and again. Pure."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from interlock.cron import Cron
from interlock.timing.minutes import MINUTE

POLLS = timedelta(minutes=30)
"""Who comes again so soon, twice an hour, picks up what was not there yet: nothing is lost by its coming before, too."""
POLLING_FIRES, POLLING_SHARE = 4, 0.75
"""Who polls fires so often a day or more, and so many of its fires are followed by another within POLLS."""


def polls(schedule: Cron) -> bool:
    """Whether a job comes again so soon, so often, that it waits for nobody."""
    times = sorted(schedule.times)
    soon = sum(later - time <= POLLS // MINUTE for time, later in pairwise(times))
    return len(times) >= POLLING_FIRES and soon >= POLLING_SHARE * len(times)

"""The same schedule some minutes earlier or later within its hours. Pure."""

from __future__ import annotations

from interlock.cron import Cron, CronError
from interlock.cron_fields import FIELDS
from interlock.platform_rules import MINUTES_AN_HOUR

MOST_LISTED = 4
"""More minutes of an hour, evenly apart, are written as a step."""


def shifts(schedule: Cron) -> range:
    """By how many minutes a schedule may be moved so that each start stays in its hour; none where nobody knows when it
    fires."""
    minutes = schedule.minutes
    if not minutes or len(schedule.text.split()) != len(FIELDS):
        return range(1)
    return range(-min(minutes), MINUTES_AN_HOUR - max(minutes))


def shifted(text: str, by: int) -> str:
    """Five fields of cron, so many minutes later: the minutes are written anew, all else stays as it is."""
    field, *others = text.split()
    minutes = Cron.read(text).minutes
    moved = sorted(minute + by for minute in minutes)
    if not (moved and moved[0] >= 0 and moved[-1] < MINUTES_AN_HOUR):
        raise CronError(f"{text!r} moved by {by} minutes leaves its hour")
    return " ".join([field if not by else _minutes(moved), *others])


def _minutes(minutes: list[int]) -> str:
    """As a list, or as a step where they are many."""
    step = minutes[1] - minutes[0] if len(minutes) > 1 else 0
    if step and MINUTES_AN_HOUR % step == 0 and minutes == [*range(minutes[0], MINUTES_AN_HOUR, step)] and minutes[0] < step:
        if not minutes[0]:
            return f"*/{step}"
        if len(minutes) > MOST_LISTED:
            return f"{minutes[0]}-{MINUTES_AN_HOUR - 1}/{step}"
    return ",".join(map(str, minutes))

"""Schedules in words, for people who don't read cron."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from cronsim import CronSim

from interlock import groc
from interlock.cron import DAYS_A_WEEK, Cron
from interlock.cron_fields import FIELDS, Field
from interlock.groc import DAYS_IN_MONTH

ANY_INSTANT = datetime(2026, 1, 1, tzinfo=UTC)
"""cronsim wants one to start at; the words don't depend on it."""
LISTED = 4
"""So many numbers of an uneven step are said one by one."""
SHORTEST_MONTH = 28
_SUFFIXES = {"1th": "1st", "2th": "2nd", "3th": "3rd"}


def in_words(schedule: Cron) -> str:
    """`schedule` in English, as `At 06:15 every day`. Without a time zone, as the schedule itself: say the zone beside it.

    What is English already stays as it is; cron whose instants nobody knows has no words.
    """
    if groc.parse(schedule.text) is not None:
        return " ".join(schedule.text.split())
    if not schedule.is_known:
        return "At times that nobody knows"
    even = [_even(field, part) for field, part in zip(FIELDS, schedule.text.upper().split(), strict=True)]
    words = CronSim(" ".join(even), ANY_INSTANT).explain()
    words = re.sub(r"(?<=[2-9])[123]th\b", lambda found: _SUFFIXES[found[0]], words)
    words = re.sub(r"(every \w+ day of month)(?! from)", r"\1 from 1 through 31", words)
    if schedule.either_day:
        words = words.replace(" and on ", " or on ", 1)
    return words + _where_it_exists(even[2], schedule)


def nobody_knows(schedule: Cron) -> str:
    """That nobody knows when a schedule fires, and why: a clause."""
    return f"nobody knows its instants: {schedule.unknown}"


def _even(field: Field, part: str) -> str:
    """`part` with what it selects in place of a step that its field does not take evenly: after its last the next one comes
    sooner, or on no fixed day."""
    return ",".join(_item(field, item) for item in part.split(","))


def _item(field: Field, item: str) -> str:
    star, slash, step = item.partition("/")
    if star != "*" or not slash or step == "1":
        return item
    if field.low == 0 and not field.names and (field.high + 1) % int(step) == 0:  # minutes and hours go round
        return item
    found = sorted({number % DAYS_A_WEEK if field.high == DAYS_A_WEEK else number for number in field.take(item) or ()})
    if len(found) <= LISTED:
        return ",".join(map(str, found))
    return f"{found[0]}-{found[-1]}/{step}"


def _where_it_exists(days: str, schedule: Cron) -> str:
    """A note on days that not every month has, when they are named: on 31 a job does not fire every month."""
    last = max((day for item in days.split(",") for day in _named_days(item)), default=0)
    short = [month for month in schedule.months if DAYS_IN_MONTH[month - 1] < last or (month == 2 and last > SHORTEST_MONTH)]
    if len(schedule.months) > 1:
        return ", in months that have it" if short else ""
    beyond = days != "*" and max(schedule.days, default=0) > DAYS_IN_MONTH[min(schedule.months, default=1) - 1]
    return ", as far as that month has them" if beyond else ""


def _named_days(item: str) -> list[int]:
    """Those that somebody reads as days, and not as the rest of a month: the first of a range, each of a few by a step."""
    if not item[0].isdigit():
        return []
    found = sorted(FIELDS[2].take(item) or ())
    return found if "/" in item and len(found) <= LISTED else found[:1]

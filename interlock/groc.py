"""App Engine's English, which Cloud Scheduler takes beside unix-cron: what a text of it says, as far as Google's documents do.

Cloud Scheduler's page calls it groc and has examples (cloud.google.com/scheduler/docs/configuring/cron-job-schedules,
"Alternative job format"); the grammar is App Engine's (cloud.google.com/appengine/docs/standard/scheduling-jobs-with-cron-yaml,
"Defining the cron job schedule"). An interval counts from the end of the last run, so that nobody knows its instants. With
`from ... to`, end included, or `synchronized`, which is `from 00:00 to 23:59`, it counts from the start of the range. Which
months a `quarter` has is what Groc.g says, the grammar in App Engine's SDK for Java: the first of each, unless it names others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MINUTES_AN_HOUR, MINUTES_A_DAY = 60, 24 * 60
ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS = frozenset(range(1, 32)), frozenset(range(1, 13)), frozenset(range(7))
QUARTERS = (1, 4, 7, 10)
DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SPELLED = (("1st", "first"), ("2nd", "second"), ("3rd", "third"), ("4th", "fourth"), ("5th", "fifth"))
_ORDINALS = {name: n for n, names in enumerate(_SPELLED, 1) for name in names}


def _listed(word: str) -> str:
    return f"(?:{word})(?:,(?:{word}))*"


_TIME = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9]"
_DAY = "sun(?:day)?|mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?"
_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:tember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_ORDINAL = "|".join(_ORDINALS)
_OF = rf"of (?P<months>month|quarter|{_listed(_MONTH)}|(?P<of_quarter>{_listed(_ORDINAL)}) month of quarter)"
_INTERVAL = (
    r"every (?:(?P<number>[0-9]{1,5}) (?P<unit>hours|mins|minutes)|(?P<one>hour|minute))"
    rf"(?: (?P<synchronized>synchronized)| from (?P<start>{_TIME}) to (?P<end>{_TIME}))?(?P<on> on {_listed(_DAY)})?"
)
_BY_WEEKDAY = rf"(?P<which>every|{_listed(_ORDINAL)}) (?P<days>day|{_listed(_DAY)})(?: {_OF})? (?P<time>{_TIME})"
_BY_DAY = rf"(?P<days>{_listed('[0-9]{1,2}')}) {_OF} (?P<time>{_TIME})"


class GrocError(ValueError):
    """English that can't be meant. The message goes on after the text."""


@dataclass(frozen=True, kw_only=True)
class English:
    """What a text says: on which days, and at which minutes of the day; `unknown` is why nobody knows its instants, or empty.

    A day is in `days`, `months` and `weekdays`; with `ordinals`, which `days` holds already, the n-th such weekday of a month.
    """

    times: frozenset[int] = frozenset()
    days: frozenset[int] = ALL_DAYS
    months: frozenset[int] = ALL_MONTHS
    weekdays: frozenset[int] = ALL_WEEKDAYS
    ordinals: frozenset[int] = frozenset()
    unknown: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The same as lines of cron, with cronsim's `#` for the n-th weekday; none when its instants aren't known."""
        days = "*" if self.ordinals else numbers(self.days, ALL_DAYS)
        weekdays = numbers(self.weekdays, ALL_WEEKDAYS)
        if self.ordinals:
            weekdays = ",".join(f"{weekday}#{n}" for n in sorted(self.ordinals) for weekday in sorted(self.weekdays))
        dates = f"{days} {numbers(self.months, ALL_MONTHS)} {weekdays}"
        return tuple(f"{clock} {dates}" for clock in _clocks(self.times))


def parse(text: str) -> English | None:
    """What `text` says; None when it is no such English, GrocError when it is but can't be."""
    words = re.sub(r" ?, ?", ",", " ".join(text.lower().split()))
    if found := re.fullmatch(_INTERVAL, words):
        return _interval(found.groupdict())
    if found := re.fullmatch(_BY_WEEKDAY, words):
        return _by_weekday(found.groupdict())
    if found := re.fullmatch(_BY_DAY, words):
        days = frozenset(map(int, found["days"].split(",")))
        months = _months(found["months"], found["of_quarter"])
        if not days <= ALL_DAYS or min(days) > max(DAYS_IN_MONTH[month - 1] for month in months):
            raise GrocError("names a day that is in none of its months")
        return English(times=frozenset([_minute(found["time"])]), days=days, months=months)
    return None


def _interval(said: Mapping[str, str | None]) -> English:
    unit = said["unit"] or said["one"] or ""
    every = int(said["number"] or 1) * (MINUTES_AN_HOUR if unit.startswith("hour") else 1)
    if every < 1:
        raise GrocError("is an interval of nothing")
    if said["synchronized"]:
        if MINUTES_A_DAY % every:
            raise GrocError("is synchronized, and its interval does not divide a day evenly")
        start, end = 0, MINUTES_A_DAY - 1
    elif said["start"] and said["end"]:
        start, end = _minute(said["start"]), _minute(said["end"])
    else:
        return English(unknown="an interval counts from the end of the last run")
    if said["on"] or start >= end:
        what = "an interval on days" if said["on"] else "a range over midnight"
        return English(unknown=f"Google's documents don't say when {what} fires")
    return English(times=frozenset(range(start, end + 1, every)))


def _by_weekday(said: Mapping[str, str | None]) -> English:
    which, days, time = said["which"] or "", said["days"] or "", said["time"] or ""
    ordinals = frozenset() if which == "every" else frozenset(_ORDINALS[word] for word in which.split(","))
    months = _months(said["months"] or "month", said["of_quarter"])
    times = frozenset([_minute(time)])
    if days == "day":  # "1st day" is the first of the month, not each day of its first week
        return English(times=times, months=months, days=ordinals or ALL_DAYS)
    weekdays = frozenset(_WEEKDAYS.index(word[:3]) for word in days.split(","))
    if not ordinals:
        return English(times=times, months=months, weekdays=weekdays)
    within = frozenset(day for day in ALL_DAYS if (day - 1) // 7 + 1 in ordinals)
    return English(times=times, months=months, weekdays=weekdays, days=within, ordinals=ordinals)


def _months(words: str, of_quarter: str | None) -> frozenset[int]:
    if words == "month":
        return ALL_MONTHS
    if of_quarter is not None:
        found = {_ORDINALS[word] for word in of_quarter.split(",")}
        if max(found) > len(_MONTHS) // len(QUARTERS):
            raise GrocError("names a month that no quarter has")
        return frozenset(first + n - 1 for first in QUARTERS for n in found)
    return frozenset(QUARTERS if words == "quarter" else (_MONTHS.index(word[:3]) + 1 for word in words.split(",")))


def _minute(time: str) -> int:
    """The minute of the day."""
    hour, _, minute = time.partition(":")
    return int(hour) * MINUTES_AN_HOUR + int(minute)


def _clocks(times: Iterable[int]) -> list[str]:
    """Minute and hour of lines that say `times` together, the hours with the same minutes on one."""
    by_hour: dict[int, set[int]] = {}
    for time in times:
        by_hour.setdefault(time // MINUTES_AN_HOUR, set()).add(time % MINUTES_AN_HOUR)
    hours: dict[frozenset[int], list[int]] = {}
    for hour, minutes in sorted(by_hour.items()):
        hours.setdefault(frozenset(minutes), []).append(hour)
    everything = frozenset(range(MINUTES_AN_HOUR)), frozenset(range(24))
    return [f"{numbers(minutes, everything[0])} {numbers(found, everything[1])}" for minutes, found in hours.items()]


def numbers(some: Iterable[int], everything: frozenset[int]) -> str:
    """A field of cron that says `some`, of all that it may say: `*`, `*/n` where that is even, or a list with ranges."""
    found = sorted(some)
    if frozenset(found) == everything:
        return "*"
    step = found[1] - found[0] if len(found) > 1 else 0
    if step > 1 and len(everything) % step == 0 and found == sorted(everything)[::step] and 0 in everything:
        return f"*/{step}"
    return runs(found)


def runs(found: Iterable[int]) -> str:
    """Numbers as a list, in their order; three or more that follow each other as a range."""
    together: list[list[int]] = []
    for number in found:
        if together and together[-1][-1] + 1 == number:
            together[-1].append(number)
        else:
            together.append([number])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in together)

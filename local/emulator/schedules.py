"""When a job fires: unix-cron, and the English of App Engine's cron.yaml that Cloud Scheduler takes beside it.

https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules has both ("Alternative job format"). By it a range's
first value is less than its second, so `22-3` is refused; and of two day fields that are both restricted one suffices.

The English has instants where Google's documents give it some: `every monday 09:00`, `1st,third mon of sep,oct 17:00`, `1,15 of
month 00:00`, `every 5 minutes from 10:00 to 14:00`, `every 2 hours synchronized`. Of a clock's change they say nothing; the App
Engine SDK's own reading is taken: an hour that doesn't exist is its end, one that comes twice its first.

`every 5 minutes` alone counts from the end of the last run, which nobody can know beforehand. **A stand-in**: the next fire is
an interval after the last attempt, or after the job was made, on the whole minute.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from local.emulator.model import JsonObject
from local.emulator.zones import zone

_CRON = re.compile(r"[0-9A-Za-z*,/-]+( +[0-9A-Za-z*,/-]+){4}")  # five fields; no seconds, no # and no @
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FULL_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_FULL_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_ORDINALS = (("first", "1st"), ("second", "2nd"), ("third", "3rd"), ("fourth", "4th"), ("fifth", "5th"))
_INTERVAL = re.compile(
    r"every +(?P<n>\d{1,4}) +(?P<unit>hours|minutes|mins)"
    r"(?: +(?:(?P<synchronized>synchronized)|from +(?P<start>\d\d?:\d\d) +to +(?P<end>\d\d?:\d\d)))?"
)
_WEEKLY = re.compile(r"(?P<ordinals>[a-z0-9,]+) +(?P<days>[a-z,]+)(?: +of +(?P<months>[a-z,]+))? +(?P<at>\d\d?:\d\d)")
_MONTHLY = re.compile(r"(?P<dates>\d+(?:,\d+)*) +of +(?P<months>[a-z,]+) +(?P<at>\d\d?:\d\d)")
_DAY = timedelta(days=1)
_SEARCHED_DAYS = 9 * 366  # every date comes within nine years: 29 February, with a century between
_MAX_KNOWN = 4096


class ScheduleError(ValueError):
    """A schedule that Cloud Scheduler doesn't take, or a zone that doesn't exist."""


Fires = Callable[[datetime, datetime], datetime]
"""The first fire after an instant; the second one is the last attempt, from which plain intervals count."""

_known: dict[tuple[str, str, datetime | None], tuple[datetime, datetime]] = {}  # -> an instant and the fire after it


def next_fire(schedule: str, zone: str, now: datetime, last: datetime) -> datetime:
    """The first fire after `now`, in UTC; `last` is the last attempt, or when the job was made. ScheduleError for a bad one.

    A step of the clock needs it of every job, so the answer is kept while it holds.
    """
    key = (schedule, zone, last if _INTERVAL.fullmatch(schedule) else None)
    asked, fire = _known.get(key, (now, now))
    if not asked <= now < fire:
        if len(_known) >= _MAX_KNOWN:
            _known.clear()
        fire = _parse(schedule, zone)(now, last).astimezone(UTC)
        _known[key] = (now, fire)
    return fire


def next_of(job: JsonObject, now: datetime) -> datetime:
    """The first fire of a job after `now`, in UTC."""
    last = datetime.fromisoformat(job.get("lastAttemptTime") or job["userUpdateTime"])
    return next_fire(job["schedule"], job["timeZone"], now, last)


def _parse(schedule: str, zone_name: str) -> Fires:
    place = _zone(zone_name)
    if found := _INTERVAL.fullmatch(schedule):
        return _interval(found, place)
    if found := _WEEKLY.fullmatch(schedule) or _MONTHLY.fullmatch(schedule):
        return _Days.of(found.groupdict(), place).after
    words = {word.upper() for word in re.findall(r"[A-Za-z]+", schedule)}
    if not _CRON.fullmatch(schedule) or words - {*_MONTHS, *_WEEKDAYS}:
        raise ScheduleError("neither unix-cron nor English of App Engine")
    return lambda now, _last: _cron_fire(schedule, now.astimezone(place))


def _zone(name: str) -> ZoneInfo:
    try:  # "For UTC use the string "utc"": https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs
        return zone("UTC" if name.upper() == "UTC" else name)
    except KeyError:
        raise ScheduleError("no such time zone") from None


def _cron_fire(schedule: str, now: datetime) -> datetime:
    try:
        return next(CronSim(schedule, now))
    except (CronSimError, StopIteration):
        raise ScheduleError("not unix-cron, or never") from None


def _interval(found: re.Match[str], place: ZoneInfo) -> Fires:
    every = timedelta(minutes=int(found["n"]) * (60 if found["unit"] == "hours" else 1))
    if not every or every > 366 * _DAY:
        raise ScheduleError("an interval of nothing, or of more than a year")
    if found["synchronized"]:
        if _DAY % every:
            raise ScheduleError("synchronized needs an interval that divides 24 hours")
        return _Range(place, every, time(0), time(23, 59)).after
    if found["start"]:
        return _Range(place, every, _time(found["start"]), _time(found["end"])).after
    return lambda now, last: _after_last(every, now, last)


def _after_last(every: timedelta, now: datetime, last: datetime) -> datetime:
    begun = last.replace(second=0, microsecond=0)
    return begun + max(1, (now - begun) // every + 1) * every


def _time(text: str) -> time:
    hour, _, minute = text.partition(":")
    try:
        return time(int(hour), int(minute))
    except ValueError:
        raise ScheduleError(f"no time of day: {text}") from None


def _instant(day: date, at: time, place: ZoneInfo) -> datetime:
    """That time of that day, in UTC; of one that doesn't exist the first minute that does."""
    local = datetime.combine(day, at, place)
    while local.astimezone(UTC).astimezone(place).replace(tzinfo=None) != local.replace(tzinfo=None):
        local += timedelta(minutes=1)
    return local.astimezone(UTC)


@dataclass(frozen=True)
class _Range:
    """`from start to end`, day by day; an end before the start is on the next day."""

    place: ZoneInfo
    every: timedelta
    start: time
    end: time

    def after(self, now: datetime, _last: datetime) -> datetime:
        """The first instant of a range after `now`."""
        day = now.astimezone(self.place).date() - _DAY
        while True:
            begin = _instant(day, self.start, self.place)
            end = _instant(day + _DAY if self.end < self.start else day, self.end, self.place)
            fire = begin + max(0, (now - begin) // self.every + 1) * self.every
            if fire <= end and fire < _instant(day + _DAY, self.start, self.place):
                return fire
            day += _DAY


@dataclass(frozen=True)
class _Days:
    """A time of the day on chosen days: by their weekday and its place in the month, or by their date."""

    place: ZoneInfo
    at: time
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    ordinals: frozenset[int]
    dates: frozenset[int]

    @classmethod
    def of(cls, parts: dict[str, str | None], place: ZoneInfo) -> _Days:
        """Those of a parsed schedule."""
        months = frozenset(_named(parts["months"] or "month", "month", _MONTHS, _FULL_MONTHS))
        dates = frozenset(int(day) for day in (parts.get("dates") or "").split(",") if day)
        if any(not 1 <= day <= 31 for day in dates):
            raise ScheduleError("no such day of a month")
        return cls(
            place=place,
            at=_time(parts["at"] or ""),
            months=frozenset(number + 1 for number in months),
            weekdays=frozenset(_named(parts.get("days") or "day", "day", _WEEKDAYS, _FULL_WEEKDAYS)),
            ordinals=frozenset(_ordinals(parts.get("ordinals") or "every")),
            dates=dates,
        )

    def after(self, now: datetime, _last: datetime) -> datetime:
        """The first of its days' instants after `now`."""
        day = now.astimezone(self.place).date()
        for number in range(_SEARCHED_DAYS):
            found = day + number * _DAY
            if self._has(found) and (fire := _instant(found, self.at, self.place)) > now:
                return fire
        raise ScheduleError("a day that never comes")

    def _has(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        if self.dates:
            return day.day in self.dates
        return day.isoweekday() % 7 in self.weekdays and (day.day - 1) // 7 + 1 in self.ordinals


def _named(text: str, every: str, short: tuple[str, ...], full: tuple[str, ...]) -> Iterator[int]:
    """The numbers, from 0, of a list of names; the word for every one of them stands alone."""
    for word in text.split(","):
        if text == every:
            yield from range(len(full))
        elif word in full:
            yield full.index(word)
        elif word.upper() in short:
            yield short.index(word.upper())
        else:
            raise ScheduleError(f"no such {every}: {word}")


def _ordinals(text: str) -> Iterator[int]:
    if text == "every":
        yield from range(1, len(_ORDINALS) + 1)
        return
    for word in text.split(","):
        number = next((place for place, names in enumerate(_ORDINALS, start=1) if word in names), None)
        if number is None:
            raise ScheduleError(f"no such place in a month: {word}")
        yield number

"""Cloud Scheduler's schedules: the part of its cron that is safe, what it takes beyond that, and when a schedule fires.

The dialect (cloud.google.com/scheduler/docs/configuring/cron-job-schedules): 5 fields, each `*` or a list of numbers and
ranges, with `/` steps after `*` or a range, JAN-DEC and SUN-SAT, 0 and 7 both Sunday. Refused beyond that is what two leading
libraries, cronsim and croniter, read differently: over 12,000 random expressions they disagreed on 46 % of those that
restrict both day fields and on 93 % of those with a range `a-a`, and on none of the rest. So in what is left the choice of
library cannot matter, and nobody has to know which one Cloud Scheduler agrees with. `Cron.parse` reads that part, for what
is written anew.

`Cron.read` also takes what a job that exists may have. That page says: both day fields restricted are "an inclusive OR", unless
one is "marked as unrestricted by the asterisk"; a step is at most the largest value of its field; in a range "the first number
must be less than the second number", so a range that wraps around is refused, and what it means is printed. What the page
leaves open, as `*/2` beside another day field or `5/15`, is kept as text, and so is an interval in English (`groc.py`): nobody
knows when those fire (`Cron.unknown`).

Daylight saving: Cloud Scheduler says only that jobs "may observe execution anomalies" at a change and recommends UTC. What
we show there is cronsim's reading, which is Debian cron's: a time that is skipped fires when the gap ends, a time that comes
twice fires the first time; but a schedule whose minute or hour starts with `*` follows the clock, so it skips the gap and
fires in both passes. Where clocks change at another minute than the full hour, as at 03:45 on the Chathams, cronsim walks back
by whole hours and may never come out: there such a schedule is evaluated by that rule itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from heapq import merge
from itertools import takewhile

from cronsim import CronSim

from interlock import groc
from interlock.cron_fields import (
    DAY_NAMES,
    FIELDS,
    MAX_TEXT_CHARACTERS,
    MONTH_NAMES,
    CronError,
    shown,
    split,
    unwrapped,
    wrapping,
)
from interlock.groc import DAYS_IN_MONTH, MINUTES_AN_HOUR
from interlock.zones import ZoneError, zone

__all__ = [
    "DAYS_A_WEEK",
    "DAY_NAMES",
    "MAX_TEXT_CHARACTERS",
    "MONTH_NAMES",
    "Cron",
    "CronError",
    "ZoneError",
    "instead",
    "zone",
]

DAYS_A_WEEK = 7
HOURS_A_DAY = 24
FIRST_YEAR, LAST_YEAR = 1970, 9000
"""Instants outside are refused: near the ends of `datetime`, looking for the next 29 February would overflow."""
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LAST_SCANNED_YEAR, BETWEEN_LOOKS = 2060, timedelta(days=10)
"""Until when, and how often, a zone is looked at for changes of its clock."""
CACHED = 2048
"""Texts: a catalog, its declaration and each rule about it read the same ones."""
NO_CHANGES = "Etc/UTC"
SETTLING = timedelta(hours=36)
"""For so long after a change of offset an evaluation starts before the change; see `Cron._fires_after`."""


@dataclass(frozen=True, kw_only=True)
class Cron:
    """A schedule; made by `parse` or `read`. Without a time zone: who asks when it fires names the zone."""

    text: str
    times: frozenset[int] = frozenset()
    """The minutes of a day, from midnight on, at which it fires on the days on which it does."""
    days: frozenset[int] = frozenset()
    """Of the month; see `fires_on`."""
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    """0 is Sunday, 6 Saturday."""
    either_day: bool = False
    """That a date in `days` or in `weekdays` is enough; else it is in both."""
    lines: tuple[str, ...] = ()
    """What cronsim evaluates: it fires whenever one of them does."""
    unknown: str = ""
    """Why nobody knows when it fires: a clause. Then all of the above is empty."""

    @classmethod
    def parse(cls, text: str) -> Cron:
        """The schedule that `text` writes in the safe dialect above; raises CronError for everything else."""
        return _parsed(text)

    @classmethod
    def read(cls, text: str) -> Cron:
        """The schedule of a job that may exist: all that Cloud Scheduler takes; raises CronError for what it does not."""
        try:
            return cls.parse(text)
        except CronError as error:
            refused = error
        if len(text) > MAX_TEXT_CHARACTERS:
            raise refused
        if (english := _english(text)) is not None:
            return cls._said(text, english)
        plain = " ".join(text.upper().split())
        if wrapping(plain):
            return cls.parse(plain)  # which says what to write instead
        if len(plain.split()) != len(FIELDS):
            raise refused
        fields = split(plain)
        values = [field.take(part) for field, part in zip(FIELDS, fields, strict=True)]
        if unknown := _open_question(fields, values):
            return cls(text=text, unknown=f"Google's documents don't say {unknown}")
        return replace(cls.of(plain, fields, [value for value in values if value is not None]), text=text)

    @classmethod
    def of(cls, text: str, fields: list[str], values: list[frozenset[int]]) -> Cron:
        """The schedule whose five fields select these values; CronError where it never fires."""
        minutes, hours, days, months, weekdays = values
        either = "*" not in (fields[2], fields[4])
        if not either and min(days) > max(DAYS_IN_MONTH[month - 1] for month in months):
            raise CronError(
                f"day of month {shown(fields[2])} is in no month of {shown(fields[3])}, so it never fires; "
                f"allowed is a date that exists in at least one of them"
            )
        return cls(
            text=text,
            times=frozenset(hour * MINUTES_AN_HOUR + minute for hour in hours for minute in minutes),
            days=days,
            months=months,
            weekdays=frozenset(weekday % DAYS_A_WEEK for weekday in weekdays),
            either_day=either,
            lines=(text,),
        )

    @classmethod
    def _said(cls, text: str, english: groc.English) -> Cron:
        if english.unknown:
            return cls(text=text, unknown=english.unknown)
        days, months, weekdays = english.days, english.months, english.weekdays
        return cls(text=text, times=english.times, days=days, months=months, weekdays=weekdays, lines=english.lines)

    def __str__(self) -> str:
        return self.text

    @property
    def is_known(self) -> bool:
        """Whether anybody knows when it fires."""
        return not self.unknown

    @property
    def minutes(self) -> frozenset[int]:
        """The minutes of the hour at which it fires, in one hour or another."""
        return frozenset(time % MINUTES_AN_HOUR for time in self.times)

    @property
    def hours(self) -> frozenset[int]:
        """The hours of the day in which it fires."""
        return frozenset(time // MINUTES_AN_HOUR for time in self.times)

    def fires_on(self, day: date) -> bool:
        """Whether it fires on a day of its own zone, changes of the clock aside."""
        if day.month not in self.months:
            return False
        in_days, in_weekdays = day.day in self.days, day.isoweekday() % DAYS_A_WEEK in self.weekdays
        return in_days or in_weekdays if self.either_day else in_days and in_weekdays

    def fires_between(self, start: datetime, end: datetime, zone: tzinfo) -> Iterator[datetime]:
        """The fires at or after `start` and before `end`, in order, as aware UTC; evaluated in `zone`. None where nobody
        knows any.

        Raises ValueError (at once, not at the first fire) when an instant is naive or beyond FIRST_YEAR to LAST_YEAR.
        """
        start, end = _utc(start), _utc(end)
        fires = self._fires_after(start - datetime.resolution, zone)
        return takewhile(lambda fire: fire < end, fires)

    def next_fire(self, after: datetime, zone: tzinfo) -> datetime | None:
        """The first fire after `after` (not at it), as aware UTC; None where nobody knows any. Evaluated in `zone`; ValueError
        as in `fires_between`."""
        return next(self._fires_after(_utc(after), zone), None)

    def _fires_after(self, after: datetime, zone: tzinfo) -> Iterator[datetime]:
        # Where cronsim starts must not matter, but near a change of offset it does: it forgets which pass of a repeated
        # hour the start is in, and it walks whole hours across a change, even one by half an hour (Lord Howe), until the
        # next midnight. From the last second before a gap at midnight (Havana) it misses what the gap moves to its end. So
        # there we start well before the change, and drop what is not after `after`.
        begin = after
        if (after + MINUTE).astimezone(zone).utcoffset() != (after - SETTLING).astimezone(zone).utcoffset():
            begin = after - SETTLING
        last = after
        # Back to UTC before comparing: two datetimes of one zone compare and subtract by their wall times, which is wrong by
        # the jump of the clock on every day that has one.
        walks = [_line_fires(line, begin, zone) for line in self.lines]
        for fire in walks[0] if len(walks) == 1 else merge(*walks):
            if fire > last:
                yield fire
                last = fire


def follows_the_clock(line: str) -> bool:
    """Whether a schedule in numbers follows the clock over a change, as Debian's cron has it: its minute or hour begins with
    `*`."""
    return any(field.startswith("*") for field in line.split()[:2])


def _line_fires(line: str, after: datetime, zone: tzinfo) -> Iterator[datetime]:
    """When one line of five fields fires after an instant, in UTC."""
    if follows_the_clock(line) and line.split()[1:] != ["*"] * 4 and _changes_within_hours(zone):
        return _by_the_clock(Cron.read(line), after, zone)
    if str(zone) == NO_CHANGES:
        return _walk(line, UTC).going_on(after)  # as a step by the clock of a zone takes several times as long
    return (local.astimezone(UTC) for local in _walk(line, zone).going_on(after.astimezone(zone)))


@lru_cache(CACHED)
def _walk(line: str, zone: tzinfo) -> _Walk:
    """To read a line takes longer than to find its next fire."""
    return _Walk(line, datetime(FIRST_YEAR, 1, 1, tzinfo=zone))


class _Walk(CronSim):
    """cronsim in longer steps. It goes on by a second, then minute by minute, and each step by the clock of a zone takes long;
    what we evaluate fires in the first second of a minute."""

    def __init__(self, line: str, after: datetime) -> None:
        super().__init__(line, after)
        self._minutes, self._hours = (
            sorted(one for one in wanted if isinstance(one, int)) for wanted in (self.minutes, self.hours)
        )

    def going_on(self, after: datetime) -> _Walk:
        """The same from that instant on, of the same zone."""
        walk = copy(self)
        # As cronsim does where it walks by the clock alone, and looks after changes of it by itself.
        walk.dt = after.replace(microsecond=0) if walk.fixup_tz is None else after.replace(microsecond=0, tzinfo=None)
        return walk

    def tick(self, seconds: int = 1) -> None:
        """From the first second of a minute to that of the next one."""
        super().tick(60 if seconds == 1 and not self.dt.second else seconds)

    def advance_hour(self) -> bool:
        """To the next hour that is wanted, or the next midnight, at once."""
        if self.dt.hour in self.hours:
            return False
        begin = self.dt.replace(minute=0, second=0)
        later = next((hour for hour in self._hours if hour > begin.hour), HOURS_A_DAY)
        return self._went(begin, 3600 * (later - begin.hour)) or super().advance_hour()

    def advance_minute(self) -> bool:
        """To the next minute that is wanted at once."""
        if self.dt.minute in self.minutes:
            return False
        begin = self.dt.replace(second=0)
        later = next((minute for minute in self._minutes if minute > begin.minute), self._minutes[0] + MINUTES_AN_HOUR)
        return self._went(begin, 60 * (later - begin.minute)) or super().advance_minute()

    def _went(self, begin: datetime, seconds: int) -> bool:
        """Whether it goes on by so many seconds: if no clock changes meanwhile."""
        self.dt = begin
        self.tick(seconds)
        if self.dt.utcoffset() == begin.utcoffset():
            return True
        self.dt = begin
        return False


def _by_the_clock(schedule: Cron, after: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Whenever the clock shows one of its times, after an instant."""
    day, seen = after.astimezone(zone).date() - DAY, set[datetime]()
    while True:
        if schedule.fires_on(day):
            for place in schedule.times:
                wall = datetime.combine(day, time()) + place * MINUTE
                # The first and the second pass; one that is skipped shows something else when it is looked at again.
                both = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
                seen |= {fire for fire in both if fire > after and fire.astimezone(zone).replace(tzinfo=None, fold=0) == wall}
        day += DAY
        # Of a day that comes back after the next one has begun, as where midnight is repeated, more may follow.
        sure = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
        yield from sorted(fire for fire in seen if fire < sure)
        seen = {fire for fire in seen if fire >= sure}


@lru_cache(CACHED)
def _changes_within_hours(zone: tzinfo) -> bool:
    """Whether its clocks ever change at another minute than that of a full hour, in the years that are asked about: those of
    rules go on as they are in the last of them."""
    at, end = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_SCANNED_YEAR, 1, 1, tzinfo=UTC)
    while at < end:
        later = at + BETWEEN_LOOKS
        if (offset := zone.utcoffset(at.astimezone(zone))) != zone.utcoffset(later.astimezone(zone)):
            first, last = at, later
            while last - first > MINUTE:
                middle = first + (last - first) // MINUTE // 2 * MINUTE
                same = zone.utcoffset(middle.astimezone(zone)) == offset
                first, last = (middle, last) if same else (first, middle)
            if (last + (offset or timedelta(0))).minute:
                return True
        at = later
    return False


@lru_cache(CACHED)
def _parsed(text: str) -> Cron:
    fields = split(text)
    for field, part in wrapping(text):
        raise CronError(
            f"{field.name} {shown(part)} is a range that wraps around, and Google's documents want the first number "
            f"to be the smaller one; allowed is {shown(unwrapped(text))}"
        )
    values = [field.parse(part) for field, part in zip(FIELDS, fields, strict=True)]
    if fields[2] != "*" and fields[4] != "*":
        raise CronError(
            f"day of month {shown(fields[2])} and day of week {shown(fields[4])} are both restricted, which cron "
            f"implementations read differently (two leading libraries disagree on 46 % of such schedules); "
            f"allowed is one of them with the other `*`"
        )
    return Cron.of(text, fields, values)


def instead(text: str) -> str:
    """What to write in place of a schedule that `Cron.parse` refuses, as a clause; nothing where that is not known."""
    try:
        found = Cron.read(text)
        fixed = found if found.is_known else Cron.read(f"{text} synchronized")
        written = Cron.parse(" ".join(fixed.lines))
    except CronError:
        return ""
    return f'"{written}" says the same' if found.is_known else f'"{written}" fires as often, at times that are known'


def _open_question(fields: Sequence[str], values: Sequence[frozenset[int] | None]) -> str:
    """What would have to be known of five fields that are taken, or nothing."""
    for field, part, value in zip(FIELDS, fields, values, strict=True):
        if value is None:
            return f"what the {field.name} {shown(part)} means"
    days, weekdays = fields[2], fields[4]
    starred = [part for part in (days, weekdays) if "*" in part and part != "*"]
    return f"how the day field {shown(starred[0])} goes with another one" if starred and "*" not in (days, weekdays) else ""


def _english(text: str) -> groc.English | None:
    try:
        return groc.parse(text)
    except groc.GrocError as error:
        raise CronError(f"schedule {shown(text)} {error}; allowed is English that App Engine's grammar has") from None


def _utc(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(f"{instant.isoformat()} has no time zone; instants are aware, in UTC")
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise ValueError(f"{instant.isoformat()} is not in the years {FIRST_YEAR} to {LAST_YEAR}")
    return instant.astimezone(UTC)

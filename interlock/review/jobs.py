"""What a change of one job means: when it fires and how often, how far that moved, and in which state it is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from interlock.catalog import Catalog, Job
from interlock.cron import LAST_YEAR, Cron, zone
from interlock.holding import Effective, Holding
from interlock.holds import Hold
from interlock.review.diff import Both, Changed
from interlock.seasons import Season, Seasonal, next_fire
from interlock.timing import clock_changes
from interlock.timing.days_in_words import ALWAYS, days_in_words
from interlock.timing.minutes import Day, Minutes, Span
from interlock.timing.season_minutes import job_minutes
from interlock.timing.words import in_words
from interlock.timing.year import Year

NEXT_FIRES = 3
DAYS_A_YEAR = 365
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SOON = timedelta(days=8)
"""Within which most jobs fire a few times: looked at as a set of minutes, which is quicker than walking."""
FARTHEST = DAY
"""Fires that moved by more are not said to be the same ones."""
CACHED_YEARS = 64
"""A zone and a year each."""
AROUND_A_CHANGE = 2 * DAY
"""So near to a change of the clock fires are not compared."""

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How often a schedule fires in the 365 days from a day on, changes of the clock aside."""

    fires_a_day: int
    """On a day on which it fires at all."""
    days_a_year: int
    is_known: bool = True

    @property
    def average(self) -> float:
        """Fires a day, over all days."""
        return self.fires_a_day * self.days_a_year / DAYS_A_YEAR

    def __str__(self) -> str:
        if not self.is_known:
            return "nobody knows how often"
        days = "" if self.days_a_year == DAYS_A_YEAR else f" on {self.days_a_year} days a year"
        return f"{self.fires_a_day} a day{days}"


@dataclass(frozen=True, kw_only=True)
class Side:
    """A job as one catalog has it. `fires` and `closed` are those of the day that is drawn, in aware UTC, half-open."""

    job: Job
    words: str
    rate: Rate
    next_fires: tuple[datetime, ...]
    state: Effective
    fires: tuple[datetime, ...]
    closed: tuple[Interval, ...]


@dataclass(frozen=True, kw_only=True)
class Moved:
    """That in a season every fire is `by` later than before, earlier if negative; `either` when both are as true."""

    season: str
    by: timedelta
    either: bool = False


@dataclass(frozen=True, kw_only=True)
class JobReview:
    """A changed job: both sides, and how far its fires moved, as far as they moved alike."""

    change: Changed[Job]
    before: Side | None
    after: Side | None
    day: Day
    moved: tuple[Moved, ...]
    """One for each season in which it fires, or nothing at all when some fire of the year has no counterpart."""
    other_days: str
    """On which days of the year it fires and did not, or no longer does, when only its days changed: a clause."""
    zone_moved: tuple[Moved, ...]
    """What the change of the time zone alone does to a clock's time, in each season."""
    first_new: datetime | None = None
    """The first fire within a year that it did not have before, in UTC."""
    first_gone: datetime | None = None
    """The first fire within a year that it no longer has."""

    @property
    def name(self) -> str:
        """The job's name: the newer one."""
        return self.change.newest.name

    @property
    def has_later_difference(self) -> bool:
        """Whether it fires the same at first, and otherwise later in the year."""
        same = self.before and self.after and self.before.next_fires == self.after.next_fires
        return bool(same and (self.first_new or self.first_gone))

    @property
    def next_day(self) -> date | None:
        """The day of its next fire, in its zone; None when nobody knows any."""
        firing = (side for side in self._newest_first if side.next_fires)
        return next((side.next_fires[0].astimezone(zone(side.job.time_zone)).date() for side in firing), None)

    @property
    def _newest_first(self) -> tuple[Side, ...]:
        return tuple(side for side in (self.after, self.before) if side)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A catalog at an instant, and what holds its jobs then: the flags and holds that a plan has listed, and its windows."""

    catalog: Catalog
    holding: Holding

    @property
    def at(self) -> datetime:
        """The instant."""
        return self.holding.now

    def state(self, job: Job) -> Effective:
        """Whether it is paused, and by what."""
        return self.holding.of(job)

    def closed(self, job: Job, day: Day) -> tuple[Interval, ...]:
        """When something holds it on `day`: its windows, and from now on what is known to be held."""
        held = self.holding.during(job.name, day.start, day.end)
        return tuple(sorted((hold.start or self.at, hold.end) for hold in held))


def situation(catalog: Catalog, scopes: Mapping[str, tuple[str, ...]], at: datetime, listed: Iterable[Hold]) -> Situation:
    """A catalog at `at`, with the flags and holds that a plan has listed."""
    windows = tuple(catalog.timed.values())
    return Situation(
        catalog=catalog,
        holding=Holding(now=at, scopes=scopes, objects=tuple(listed), windows=windows, identities=catalog.identities),
    )


def review_jobs(changes: Iterable[Changed[Job]], before: Situation, after: Situation) -> tuple[JobReview, ...]:
    """Every changed job, as it was and as it will be."""
    return tuple(_review(change, before, after) for change in changes)


def _review(change: Changed[Job], before: Situation, after: Situation) -> JobReview:
    (old, new), at = change.sides, after.at
    place = zone(change.newest.time_zone)
    day = Day(date=at.astimezone(place).date(), zone=place)
    again = change if isinstance(change, Both) else None
    is_timed = again is not None and not again.keys.isdisjoint({"schedule", "time_zone"})
    return JobReview(
        change=change,
        before=_side(old, before, day) if old else None,
        after=_side(new, after, day) if new else None,
        day=day,
        moved=_moved(again.before, again.after, at) if again and is_timed else (),
        other_days=_other_days(again.before, again.after, at) if again and "schedule" in again.keys else "",
        zone_moved=_zone_moved(again.before, again.after, at) if again and "time_zone" in again.keys else (),
        first_new=_first_own(again.after, again.before, at) if again and is_timed else None,
        first_gone=_first_own(again.before, again.after, at) if again and is_timed else None,
    )


def _side(job: Job, situation: Situation, day: Day) -> Side:
    return Side(
        job=job,
        words=in_words(job.schedule),
        rate=rate(job, situation.at.date()),
        next_fires=next_fires(job, situation.at),
        state=situation.state(job),
        fires=tuple(job_minutes(job, Span(start=day.start, end=day.end))),
        closed=situation.closed(job, day),
    )


def rate(job: Seasonal, today: date) -> Rate:
    """How often `job` fires in the year from `today` on, inside its season."""
    days = _days_a_year(job.schedule, job.season, job.time_zone if job.season else "", today)
    return Rate(fires_a_day=len(job.schedule.times), days_a_year=days, is_known=job.schedule.is_known)


@lru_cache(256)
def _days_a_year(schedule: Cron, season: Season | None, time_zone: str, today: date) -> int:
    year = (today + offset * DAY for offset in range(DAYS_A_YEAR))
    fires = (day for day in year if schedule.fires_on(day))
    return sum(season is None or season.is_open(Day(date=day, zone=zone(time_zone)).start) for day in fires)


def next_fires(job: Job, at: datetime) -> tuple[datetime, ...]:
    """The first fires at or after `at`, in UTC; none where nobody knows any."""
    start = whole_minute(at)
    found = list(job_minutes(job, Span(start=start, end=start + SOON)))[:NEXT_FIRES]
    while len(found) < NEXT_FIRES and (fire := next_fire(job, found[-1] if found else at - datetime.resolution)):
        found.append(fire)
    return tuple(found)


def whole_minute(at: datetime) -> datetime:
    """The first whole minute at or after `at`, in UTC."""
    floor = at.astimezone(UTC).replace(second=0, microsecond=0)
    return floor if floor == at else floor + MINUTE


def _moved(before: Job, after: Job, at: datetime) -> tuple[Moved, ...]:
    found: list[Moved] = []
    if not (before.schedule.is_known and after.schedule.is_known):
        return ()
    for season, part in _parts(before, after, at):
        around = Span(start=part.start - FARTHEST, end=part.end + FARTHEST)
        old, new = (job_minutes(job, around) for job in (before, after))
        if not old.within(part) and not new.within(part):
            continue
        shifts = _shifts(old, new, part)
        if not shifts:
            return ()
        nearest = min(map(abs, shifts))
        both_ways = nearest > timedelta(0) and {nearest, -nearest} <= {*shifts}
        by = nearest if nearest in shifts else -nearest
        found.append(Moved(season=season, by=by, either=both_ways))
    return _longest(found)


def _parts(before: Job, after: Job, at: datetime) -> list[tuple[str, Span]]:
    """The year of `at` between the changes of the clocks of both sides, the longest part first, with its season by the clock of
    the newer zone that changes its own. What is next to a change is left out: there a time is skipped or comes twice."""
    year, zones = Year.of(at).span, [zone(after.time_zone), zone(before.time_zone)]
    near = Span(start=year.start - AROUND_A_CHANGE, end=year.end + AROUND_A_CHANGE)
    changes = {place.key: _changes(place, near) for place in zones}
    cuts = sorted({instant for instants in changes.values() for instant in instants})
    telling = next((place for place in zones if changes[place.key]), None)
    starts = [year.start, *(whole_minute(cut) + AROUND_A_CHANGE for cut in cuts)]
    ends = [*(whole_minute(cut) - AROUND_A_CHANGE for cut in cuts), year.end]
    spans = [Span(start=start, end=end) for start, end in zip(starts, ends, strict=True) if start < end]
    offsets = [span.start.astimezone(telling or UTC).utcoffset() or timedelta(0) for span in spans]
    seasons = ["winter" if offset == min(offsets) else "summer" for offset in offsets]
    return sorted(zip(seasons, spans, strict=True), key=lambda part: -len(part[1]))


@lru_cache(CACHED_YEARS)
def _changes(place: ZoneInfo, span: Span) -> tuple[datetime, ...]:
    """When the clocks of a zone change within a span; many jobs have one zone."""
    return tuple(change.at for change in clock_changes.changes(place, span.start, span.end))


def _longest(found: Iterable[Moved]) -> tuple[Moved, ...]:
    """Of each season the first, winter before summer."""
    by_season: dict[str, Moved] = {}
    for moved in found:
        by_season.setdefault(moved.season, moved)
    return tuple(by_season[season] for season in ("winter", "summer") if season in by_season)


def _other_days(before: Job, after: Job, at: datetime) -> str:
    old, new = before.schedule, after.schedule
    if not (old.is_known and new.is_known and old.times == new.times and before.time_zone == after.time_zone):
        return ""
    year, place = Year.of(at), zone(after.time_zone)
    was, now = (year.days(job_minutes(job, year.span), place) for job in (before, after))
    changed = {"fires also": now & ~was, "no longer fires": was & ~now}
    said = {verb: days_in_words(days, year, place, ()) for verb, days in changed.items() if days}
    if any(words.counted or words.text.startswith(ALWAYS) for words in said.values()):
        return f"fires {days_in_words(now, year, place, ()).text}"
    return " and ".join(f"{verb} {words.text.removeprefix('only ')}" for verb, words in said.items())


def _first_own(job: Job, other: Job, at: datetime) -> datetime | None:
    """The first fire of `job` within a year in a minute in which `other` does not fire."""
    mine, theirs = (job_minutes(one, year_from(at)) for one in (job, other))
    return next(iter(mine - theirs), None)


def year_from(at: datetime) -> Span:
    """The year from `at` on, as far as schedules are evaluated."""
    start = whole_minute(at)
    return Span(start=start, end=min(start + DAYS_A_YEAR * DAY, datetime(LAST_YEAR, 12, 30, tzinfo=UTC)))


def _shifts(old: Minutes, new: Minutes, inner: Span) -> list[timedelta]:
    """By how much every fire of `old` may be said to have moved, as far as `inner` shows it: each fire in there has its
    counterpart, on whichever side, which may lie outside. So the way back is said alike."""
    was, now = old.within(inner), new.within(inner)
    pivot = next(iter(now), None) or next(iter(was))
    near = Span(start=pivot - FARTHEST, end=pivot + FARTHEST + MINUTE)
    found = [pivot - fire for fire in old.within(near)] if now else [fire - pivot for fire in new.within(near)]
    return [by for by in found if old.delayed(by).within(inner) == now and new.delayed(-by).within(inner) == was]


def _zone_moved(before: Job, after: Job, at: datetime) -> tuple[Moved, ...]:
    found = []
    for season, part in _parts(before, after, at):
        # The clock's time of one instant under both zones.
        old, new = (part.start.astimezone(zone(job.time_zone)).replace(tzinfo=UTC) for job in (before, after))
        found.append(Moved(season=season, by=old - new))
    return _longest(found)

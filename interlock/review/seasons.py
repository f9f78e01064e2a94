"""What a change of seasons means: for how long their jobs fire more or less, and what that meets first. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from interlock.catalog import Catalog, Job, SeasonEntry
from interlock.cron import zone
from interlock.holds import format_end
from interlock.names import count, rounded
from interlock.review.diff import Added, Changed, Removed
from interlock.review.remark import Remark, Topic, listed
from interlock.seasons import ENDLESS, Interval, Season, merged
from interlock.timing.collisions import CollisionSearch
from interlock.timing.minutes import Span
from interlock.timing.season_minutes import job_minutes

FARTHEST = 3 * ENDLESS
"""Of years that are declared one by one: so far ahead what changes is counted."""
LOOKED_AT = timedelta(days=14)
"""Of a time that a season gains: so much of its beginning is looked through for a collision."""


def about_seasons(before: Catalog, after: Catalog, entries: Sequence[Changed[SeasonEntry]], at: datetime) -> Iterator[Remark]:
    """A remark for each season of other days, from `at` on, and one for all jobs that a season gets or loses alike."""
    for name in sorted({*before.seasons, *after.seasons}):
        old, new = before.seasons.get(name), after.seasons.get(name)
        if old is not None and new is not None and old.openings != new.openings:
            yield _of_other_days(old, new, before, after, entries, at)
    moved: dict[tuple[str, str], list[str]] = {}
    for name in sorted(before.jobs.keys() & after.jobs.keys()):
        was, now = _named(before.jobs[name]), _named(after.jobs[name])
        if was != now:
            moved.setdefault((was, now), []).append(name)
    for (was, now), jobs in moved.items():
        yield _of_other_season(was, now, [(before.jobs[name], after.jobs[name]) for name in jobs], at)


def _of_other_days(
    old: Season, new: Season, before: Catalog, after: Catalog, entries: Sequence[Changed[SeasonEntry]], at: datetime
) -> Remark:
    jobs = _running(after, new)
    were = _running(before, old)
    every_year = bool(old.time_zone or new.time_zone)
    until = at + (ENDLESS if every_year else FARTHEST)
    more, less = _without(new.openings, old.openings, at, until), _without(old.openings, new.openings, at, until)
    said = [_entry(entry) for entry in entries if entry.newest.season == new.name]
    if more:
        said.append(_effect(jobs, more, "longer in the next year" if every_year else "longer", "more"))
    if less:
        said.append(_effect(were, less, "shorter in the next year" if every_year else "shorter", "fewer"))
    lasts = [(fires[-1], job) for job in jobs if (fires := _fires(job, more))] if more else []
    if lasts:
        last, job = max(lasts, key=lambda one: one[0])
        said.append(f"the last of them at {format_end(last, zone(job.time_zone), at)}")
    if more and (met := _first_new_collision(jobs, before, after, old, more[0])):
        said.append(met)
    closes = old.is_open(at) and not new.is_open(at) and bool(jobs)
    if closes:
        said.append(f"they are held from the deploy on: {listed([job.name for job in jobs])}")
    return Remark(topic=Topic.SEASON, subject=new.scope, text="; ".join(said), is_finding=closes)


def _running(catalog: Catalog, season: Season) -> list[Job]:
    jobs = (job for job in catalog.jobs.values() if job.season and job.season.name == season.name)
    return [job for job in jobs if job.paused is None]


def _entry(entry: Changed[SeasonEntry]) -> str:
    """What was edited."""
    one = entry.newest
    if isinstance(entry, Added):
        return f"{one.name} is new, {one.first} until {one.last}"
    if isinstance(entry, Removed):
        return f"{one.name} is gone, {one.first} until {one.last}"
    return f"{one.name}: " + ", ".join(f"{field.key} {field.before} became {field.after}" for field in entry.fields)


def _effect(jobs: Sequence[Job], intervals: Sequence[Interval], how: str, number: str) -> str:
    lasts = sum((end - start for start, end in intervals), timedelta())
    runs = sum(len(_fires(job, intervals)) for job in jobs)
    unknown = sum(not job.schedule.is_known for job in jobs)
    more = f", and those of {count(unknown, 'job')} that nobody can count" if unknown else ""
    fire = "fires" if len(jobs) == 1 else "fire"
    return f"{count(len(jobs), 'job')} {fire} {rounded(lasts)} {how}, {count(runs, 'run')} {number}{more}"


def _fires(job: Job, intervals: Sequence[Interval]) -> list[datetime]:
    return [fire for start, end in intervals for fire in job_minutes(job, Span(start=start, end=end))]


def _first_new_collision(jobs: Sequence[Job], before: Catalog, after: Catalog, old: Season, gained: Interval) -> str:
    """The first that one of the jobs takes part in within the time that they did not fire in before, and that they did not have
    when they fired last; nothing for none."""
    start, end = gained
    names = {job.name for job in jobs}
    last = max((closes for _, closes in old.openings if closes <= start), default=None)
    known = CollisionSearch(before).over(Span(start=last - LOOKED_AT, end=last)) if last else ()
    keys = {(one.kind, one.subject, one.jobs) for one in known}
    found = CollisionSearch(after).over(Span(start=start, end=min(end, start + LOOKED_AT)))
    theirs = [(next(iter(one.times)), one) for one in found if names & {*one.jobs}]
    new = [(first, one) for first, one in theirs if (one.kind, one.subject, one.jobs) not in keys]
    if not new:
        return ""
    first, one = min(new, key=lambda both: both[0])
    return f"first new collision: {one.kind} of {listed([*one.jobs])} over {one.subject} at {first:%Y-%m-%d %H:%M} UTC"


def _without(openings: Sequence[Interval], others: Sequence[Interval], at: datetime, until: datetime) -> list[Interval]:
    """The time of `openings` from `at` until then that is in none of `others`, in whole minutes."""
    start = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    end = until.replace(second=0, microsecond=0)
    inside = sorted({start, end, *(edge for one in (*openings, *others) for edge in one if start < edge < end)})
    parts = [(begin, end) for begin, end in pairwise(inside) if _contains(openings, begin) and not _contains(others, begin)]
    return list(merged(parts))


def _contains(openings: Sequence[Interval], at: datetime) -> bool:
    return any(start <= at < end for start, end in openings)


def _named(job: Job) -> str:
    """The season of a job, by its name in its platform."""
    return job.season.name.rpartition("/")[2] if job.season else ""


def _of_other_season(was: str, now: str, jobs: Sequence[tuple[Job, Job]], at: datetime) -> Remark:
    """Of jobs that changed from one season to another, or to none."""
    names = [job.name for _, job in jobs]
    year = [(at.replace(second=0, microsecond=0), at.replace(second=0, microsecond=0) + ENDLESS)]
    before, after = (sum(len(_fires(pair[side], year)) for pair in jobs if not pair[side].paused) for side in (0, 1))
    one = len(names) == 1
    what = f"{'is' if one else 'are'} of the season {now} now" if now else f"{'is' if one else 'are'} of no season any more"
    formerly = f", and {'was' if one else 'were'} of {was}" if was and now else f", not of {was}" if was else ""
    held = [job.name for _, job in jobs if job.closed_by is not None and not job.closed_by.is_open(at) and not job.paused]
    closes = [name for (old, _), name in zip(jobs, names, strict=True) if name in held and not _is_closed(old, at)]
    stops = f"; held from the deploy on, as it is closed: {listed(closes)}" if closes else ""
    text = f"{listed(names)} {what}{formerly}: {count(before, 'run')} a year before, {count(after, 'run')} now{stops}"
    return Remark(topic=Topic.SEASON, subject=f"season/{now or was}", text=text, is_finding=bool(closes))


def _is_closed(job: Job, at: datetime) -> bool:
    return job.paused is not None or (job.closed_by is not None and not job.closed_by.is_open(at))

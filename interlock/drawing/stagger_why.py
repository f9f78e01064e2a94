"""Why the collisions of a catalog with moved crons are more or fewer, counted and not guessed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from interlock.catalog import Catalog
from interlock.names import count
from interlock.timing.collisions import Collision, CollisionKind
from interlock.timing.minutes import Minutes, Span
from interlock.timing.risk import RiskSearch
from interlock.timing.season_minutes import job_minutes

HOUR = timedelta(hours=1)
POLLS_FROM = 1
"""Starts an hour, on average, from which on a job looks again and again: it meets everybody, whatever minute it has."""
SHOWN_JOBS = 3
LEAST_CHANGE = 0.1
"""Of what there was, for asking who is in it."""
LEAST_SHARE = 0.1
"""Of the change, to be named for it."""


def reasons(catalog: Catalog, former: Catalog, was: Sequence[Collision], now: Sequence[Collision], span: Span) -> Iterator[str]:
    """Sentences about the collisions of one span, with the crons of `former` and with those that the catalog has now."""
    yield from _expected(catalog, former, span)
    yield from _more_often(catalog, former)
    tables = [[one for one in found if one.kind is CollisionKind.TABLE] for found in (was, now)]
    if any(tables):
        old, new = (f"{count(len(met), 'pair')} of jobs in {_times(met)}" for met in map(_meetings, tables))
        yield (
            f"A meeting counts once for each table that both jobs write: over tables it was {old}, and is {new}. "
            "A job that meets its own runs is a pair, too."
        )
    yield from _who(*tables)
    if frequent := _polling(catalog, span):
        of = _sum(tables[1])
        theirs = _sum([one for one in tables[1] if frequent & {*one.jobs}])
        if of:
            yield f"{theirs / of:.0%} of the times over tables have a job in them that starts every hour or more often."
    yield from _inverted(catalog, was, now, frequent, span)


def _expected(catalog: Catalog, former: Catalog, span: Span) -> Iterator[str]:
    """How many times as many conflicts are expected, of all jobs and of those that do not poll."""
    searches = [RiskSearch(one) for one in (former, catalog)]
    was, now = (search.over(span) for search in searches)
    if not was.total:
        return
    frequent = _polling(former, span) | _polling(catalog, span)
    seldom = [sum(one.expected for one in found.between if not frequent & {*one.jobs}) for found in (was, now)]
    others = f", and {seldom[1] / seldom[0]:.2f} x between jobs that start less often than hourly" if seldom[0] else ""
    yield (
        f"Meetings are not conflicts: two runs conflict when both write, in the same partition, at the same moment. Of that "
        f"`.venv/bin/interlock risk --was` expects {now.total / was.total:.2f} x of what the old crons would bring{others}."
    )


def _more_often(catalog: Catalog, former: Catalog) -> Iterator[str]:
    """The jobs that start more often than they did: a stagger that moves nothing else keeps how often."""
    often = sorted(
        name for name, job in catalog.jobs.items() if len(job.schedule.times) > len(former.jobs[name].schedule.times) > 0
    )
    if often:
        names = ", ".join(f"`{name}`" for name in often)
        yield f"More often than before start {names}: they meet more whatever minute they have."


def _meetings(found: Sequence[Collision]) -> dict[tuple[str, ...], Minutes]:
    """By pair of jobs, when they meet over any table."""
    met: dict[tuple[str, ...], Minutes] = {}
    for one in found:
        met[one.jobs] = met[one.jobs] | one.times if one.jobs in met else one.times
    return met


def _times(meetings: dict[tuple[str, ...], Minutes]) -> str:
    return count(sum(map(len, meetings.values())), "meeting")


def _sum(found: Sequence[Collision]) -> int:
    return sum(len(one.times) for one in found)


def _who(was: Sequence[Collision], now: Sequence[Collision]) -> Iterator[str]:
    """The jobs that are in most of the change; one meeting is in the numbers of two."""
    change = _sum(now) - _sum(was)
    by_job: Counter[str] = Counter()
    for sign, found in ((-1, was), (1, now)):
        for one in found:
            for job in {*one.jobs}:
                by_job[job] += sign * len(one.times)
    if abs(change) < LEAST_CHANGE * _sum(was):
        return
    shares = {job: number / change for job, number in by_job.items()} if change else {}
    most = sorted((job for job, share in shares.items() if share >= LEAST_SHARE), key=lambda job: (-shares[job], job))
    if most:
        told = ", ".join(f"`{job}` in {shares[job]:.0%}" for job in most[:SHOWN_JOBS])
        more, fewer = f"{change:,} more times", f"{-change:,} times fewer"
        yield f"Who is in the {more if change > 0 else fewer} over tables (one meeting may count for two jobs): {told}."


def _polling(catalog: Catalog, span: Span) -> set[str]:
    """The jobs that start so often on average over the span."""
    least = POLLS_FROM * (len(span) * timedelta(minutes=1) / HOUR)
    fires = {name: job_minutes(job, span) for name, job in catalog.jobs.items()}
    return {name for name, minutes in fires.items() if len(minutes) >= least}


def _inverted(
    catalog: Catalog, was: Sequence[Collision], now: Sequence[Collision], frequent: set[str], span: Span
) -> Iterator[str]:
    """How many starts too soon after a producer went away because the consumer starts before it now."""
    left = {(one.subject, one.jobs) for one in now if one.kind is CollisionKind.ORDER}
    vanished = [
        one
        for one in was
        if one.kind is CollisionKind.ORDER and (one.subject, one.jobs) not in left and not frequent & {*one.jobs}
    ]
    if vanished:
        before_it = [one for one in vanished if _starts_before(catalog, one.jobs, span)]
        yield (
            f"`order` looks forward only: of the times between jobs that start less often, {_sum(vanished)} went away, "
            f"{_sum(before_it) or 'none'} of them because the consumer starts before its producer now, within the hour."
        )


def _starts_before(catalog: Catalog, jobs: Sequence[str], span: Span) -> bool:
    """Whether each start of the first, the producer, comes within an hour after one of the second."""
    pair = [catalog.jobs[name] for name in jobs]
    produces, consumes = (job_minutes(job, span) for job in pair)
    return not produces - consumes.around(timedelta(minutes=1), HOUR + timedelta(minutes=1))

"""What the moved crons of a catalog changed: its collisions with the crons that `was` records, and with today's. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from textwrap import wrap

from interlock.catalog import Catalog
from interlock.drawing.stagger_why import reasons
from interlock.drawing.strip import NOTHING, height
from interlock.names import count
from interlock.seasons import fires_between
from interlock.timing.collisions import Collision, CollisionKind, collisions
from interlock.timing.minutes import Span

DAY = timedelta(days=1)
HOUR = 60  # minutes
LABELLED = 5  # minutes
WIDTH = 120  # columns of prose
WEEK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Season:
    """A week to look at, to count in."""

    name: str
    span: Span


def seasons(at: datetime) -> tuple[Season, Season]:
    """Winter and summer of the year of `at`: the first seven days of January and of July, in UTC.

    Together they have each weekday and the first of a month under both clocks of a zone that changes its own.
    """
    starts = {"winter": datetime(at.year, 1, 1, tzinfo=UTC), "summer": datetime(at.year, 7, 1, tzinfo=UTC)}
    winter, summer = (Season(name=n, span=Span(start=start, end=start + WEEK)) for n, start in starts.items())
    return winter, summer


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The collisions of one kind in a week."""

    collisions: int
    times: int
    """How often they begin in all."""


def moved_jobs(catalog: Catalog) -> list[str]:
    """The jobs whose cron replaces another, sorted."""
    return sorted(job.name for job in catalog.jobs.values() if job.was is not None)


def with_former_crons(catalog: Catalog) -> Catalog:
    """The catalog as if no cron had replaced another."""
    return replace(catalog, jobs={name: replace(job, schedule=job.was or job.schedule) for name, job in catalog.jobs.items()})


def tallies(found: Sequence[Collision]) -> dict[CollisionKind, Tally]:
    """The collisions of a week by kind; a kind without any has zeros."""
    return {
        kind: Tally(
            collisions=sum(collision.kind is kind for collision in found),
            times=sum(len(collision.times) for collision in found if collision.kind is kind),
        )
        for kind in CollisionKind
    }


def stagger_section(catalog: Catalog, at: datetime) -> Iterator[str]:
    """The part of the page about it, for the year of `at`; nothing where no cron was moved."""
    moved, before, weeks = moved_jobs(catalog), with_former_crons(catalog), seasons(at)
    if not moved:
        return
    yield from (
        "## What the stagger did, and did not",
        "",
        f"{count(len(moved), 'job')} got another cron, to start further apart. `was` in the catalog keeps the old one.",
        "The table counts collisions in a week of winter and one of summer, with the old crons and with today's, and in",
        "brackets how often they begin. `budget`: more jobs start in a minute than their service takes. `gap`: two jobs of a",
        "service start too close together. `table`: two jobs are expected to write a table at once. `order`: a consumer starts",
        "before its producer can be done.",
        "",
        f"| Kind | {' | '.join(f'{week.name}, {when}' for week in weeks for when in ('was', 'now'))} |",
        f"| --- | {' | '.join('---:' for _ in weeks for _ in ('was', 'now'))} |",
    )
    counted = [collisions(which, week.span) for week in weeks for which in (before, catalog)]
    found = [*map(tallies, counted)]
    for kind in CollisionKind:
        yield f"| {kind} | {' | '.join(f'{one[kind].collisions:,} ({one[kind].times:,})' for one in found)} |"
    yield from (
        "",
        _verdict(found),
        "",
        *(
            line
            for why in reasons(catalog, before, counted[0], counted[1], weeks[0].span)
            for line in wrap(f"- {why}", WIDTH, subsequent_indent="  ", break_on_hyphens=False)
        ),
        "",
        "A stagger moves collisions. What takes those over a table away is a predicate on the partition, MERGE, or one writer.",
        "",
        f"Starts of the {count(len(moved), 'job')} that moved, by minute of the hour, on {weeks[0].span.start:%Y-%m-%d} (UTC):",
        "",
        "```",
        f"     {''.join(f'{minute:<{LABELLED}}' for minute in range(0, HOUR, LABELLED))}".rstrip(),
        f"was  {_by_minute(before, moved, weeks[0].span.start)}",
        f"now  {_by_minute(catalog, moved, weeks[0].span.start)}",
        "```",
        "",
    )


def _verdict(found: Sequence[Mapping[CollisionKind, Tally]]) -> str:
    """Of which kinds every week has fewer now, and of which more; `found` has each week before and now, in turn."""
    changes = {
        kind: {_sign(now[kind].collisions - was[kind].collisions) for was, now in zip(found[::2], found[1::2], strict=True)}
        for kind in CollisionKind
    }
    words = {"Fewer": {-1}, "More": {1}, "As many": {0}}
    said = {word: [f"`{kind}`" for kind, signs in changes.items() if signs == sign] for word, sign in words.items()}
    return " ".join(f"{word}: {', '.join(kinds)}." for word, kinds in said.items() if kinds)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _by_minute(catalog: Catalog, jobs: Collection[str], start: datetime) -> str:
    """How many starts of the jobs on the day from `start` on are in each minute of the hour, a character a minute."""
    fires = (fire for job in jobs for fire in fires_between(catalog.jobs[job], start, start + DAY))
    counts = Counter(fire.minute for fire in fires)
    return "".join(height(counts[minute]) if counts[minute] else NOTHING for minute in range(HOUR))

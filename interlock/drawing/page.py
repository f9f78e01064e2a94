"""The schedule as a page of Markdown: every job with its day, pauses, windows, backfills and collisions. Pure.

`make golden` writes it to docs/schedule.md, with the picture beside it, for one fixed day: the same catalog, the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from interlock.catalog import Catalog
from interlock.drawing.markdown import code, escaped
from interlock.drawing.stagger import stagger_section
from interlock.drawing.strip import LEGEND, ruler, strip
from interlock.graph import scopes
from interlock.names import count, exact
from interlock.seasons import fires_between
from interlock.timing.minutes import Day
from interlock.timing.timeline import Timeline, group, usual_zone
from interlock.timing.words import in_words
from interlock.zones import zone

SHOWN_YEAR = 2026
"""A fixed one: the page changes with the catalog only."""
PICTURE = "schedule.svg"
TUESDAY = 1
TEXT_CHARACTERS = 200
HARD_SPACE = "\u00a0"
"""In a cell, where other spaces would fold."""


def shown_day(catalog: Catalog) -> Day:
    """The day that the page of a catalog shows, by the clock of most of its jobs: of the second Tuesdays of the months the
    first one on which the most jobs fire. A platform that rests in winter is drawn in summer."""
    place = zone(usual_zone(catalog))
    days = (Day(date=_second_tuesday(month), zone=place) for month in range(1, 13))
    running = [job for job in catalog.jobs.values() if not job.paused]
    return max(days, key=lambda day: sum(any(fires_between(job, day.start, day.end)) for job in running))


def _second_tuesday(month: int) -> date:
    eighth = date(SHOWN_YEAR, month, 8)
    return eighth + timedelta(days=(TUESDAY - eighth.weekday()) % 7)


def page(catalog: Catalog, found: Timeline) -> str:
    """The page of `catalog`, with `found`, all of its day."""
    day = found.day
    lines = [
        "<!-- Generated from the catalog by `make golden`. Do not edit: CI compares. -->",
        "",
        "# Schedule",
        "",
        f"Generated from the catalog by `make golden`, for {day.date:%A}, {day.date}, {day.zone.key}: a fixed day, so that",
        "this page changes with the catalog only. This shows the same, or any other day:",
        f"`.venv/bin/interlock timeline --day {day.date}`.",
        "",
        f"![{escaped(f'{day.date:%A}, {day.date}: {found.summary}')}]({PICTURE})",
        "",
        f"{escaped(found.summary)}.",
        "",
        f"{escaped(LEGEND)}.",
        "",
    ]
    for section in (_jobs, _pauses, _windows, _seasons, _backfills, _collisions):
        lines += section(catalog, found)
    lines += stagger_section(catalog, day.start)
    return "\n".join(lines)


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = list(columns)
    yield f"| {' | '.join(names)} |"
    yield f"| {' | '.join('---' for _ in names)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _jobs(catalog: Catalog, found: Timeline) -> Iterator[str]:
    """The jobs by the part of the platform, those that fire on the day first, in the order in which they do."""
    rows = {row.job.name: row for row in found.rows}
    strips = {name: strip(row.fires, found.day, row.intervals(found.day)) for name, row in rows.items()}
    nothing = strip([], found.day)
    ordered = sorted(
        catalog.jobs.values(),
        key=lambda job: (group(job), rows[job.name].fires[0] if job.name in rows else found.day.end, job.name),
    )
    hours = f"`{ruler(found.day).replace(' ', HARD_SPACE)}`"
    for part in sorted({group(job) for job in ordered}):
        jobs = [job for job in ordered if group(job) == part]
        yield from (f"## {escaped(part)}: {count(len(jobs), 'job')}", "")
        yield from _table(
            ["Job", "Cron", "In words", "Zone", hours],
            (
                [
                    code(job.name),
                    code(job.schedule.text),
                    in_words(job.schedule),
                    job.time_zone,
                    code(strips.get(job.name, nothing)),
                ]
                for job in jobs
            ),
        )


def _pauses(catalog: Catalog, found: Timeline) -> Iterator[str]:
    del found
    paused = [(job, job.paused) for _, job in sorted(catalog.jobs.items()) if job.paused]
    yield from (f"## Paused by declaration: {count(len(paused), 'job')}", "")
    yield from _table(
        ["Job", "Why", "Owner", "To be looked at"],
        ([code(job.name), _text(pause.reason), _text(pause.owner), pause.review.isoformat()] for job, pause in paused),
    )


def _windows(catalog: Catalog, found: Timeline) -> Iterator[str]:
    del found
    covered = scopes(catalog)
    yield from ("## Windows", "")
    yield from _table(
        ["Window", "Opens", "In words", "Zone", "For", "Covers", "Jobs", "Why", "Owner"],
        (
            [
                code(window.name),
                code(window.schedule.text),
                in_words(window.schedule),
                window.time_zone,
                exact(window.duration),
                ", ".join(code(scope) for scope in window.covers),
                str(len(covered[f"window/{window.name}"])),
                _text(window.reason),
                _text(window.owner),
            ]
            for _, window in sorted(catalog.windows.items())
        ),
    )


def _seasons(catalog: Catalog, found: Timeline) -> Iterator[str]:
    """Nothing where there are none."""
    del found
    if not catalog.season_entries:
        return
    yield from (
        "## Seasons",
        "",
        "A job of a season fires on its days only, both included: by the months of its schedule where those say it, else it is",
        "held while the season is closed.",
        "",
    )
    yield from _table(
        ["Days", "Season", "From", "Until", "Zone", "Jobs", "Held"],
        (
            [
                code(name),
                code(entry.season),
                str(entry.first),
                str(entry.last),
                entry.time_zone,
                str(len(jobs)),
                str(sum(job.closed_by is not None for job in jobs)),
            ]
            for name, entry in sorted(catalog.season_entries.items())
            for jobs in [[job for job in catalog.jobs.values() if job.season and job.season.name == entry.season]]
        ),
    )


def _backfills(catalog: Catalog, found: Timeline) -> Iterator[str]:
    del found
    covered = scopes(catalog)
    yield from (
        "## Backfills",
        "",
        "While one is on, the jobs that it covers are held: `.venv/bin/interlock affected NAME` lists them.",
        "",
    )
    yield from _table(
        ["Backfill", "What", "Owner", "Expected to take", "Jobs covered"],
        (
            [
                code(backfill.name),
                _text(backfill.description),
                _text(backfill.owner),
                exact(backfill.expect),
                str(len(covered[f"backfill/{backfill.name}"])),
            ]
            for _, backfill in sorted(catalog.backfills.items())
        ),
    )


def _collisions(catalog: Catalog, found: Timeline) -> Iterator[str]:
    """Those of the day, without their sentences: the same jobs often collide over every table of a chain."""
    del catalog
    yield from (
        "## What collides that day",
        "",
        f"{escaped(found.collision_counts.capitalize())}. `.venv/bin/interlock timeline --day {found.day.date}` shows why.",
        "",
    )
    yield from _table(
        ["Kind", "Jobs", "First", "Times", "Over"],
        (
            [
                f"{clash.kind.value}, accepted" if clash.accepted else clash.kind.value,
                ", ".join(code(job) for job in clash.jobs),
                f"{clash.begins[0].astimezone(found.day.zone):%H:%M}",
                str(len(clash.begins)),
                code(clash.subjects[0]) + (f" and {len(clash.subjects) - 1} more" if len(clash.subjects) > 1 else ""),
            ]
            for clash in found.clashes
        ),
    )


def _text(text: str) -> str:
    return escaped(text, TEXT_CHARACTERS)

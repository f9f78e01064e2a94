"""How often the NBA platform's jobs collide: counted as others counted it, and before and after the stagger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import combinations
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from interlock.catalog import Catalog
from interlock.cron import Cron, zone
from interlock.drawing.strip import NOTHING, height
from interlock.reading.files import load_catalog
from interlock.timing.collisions import CollisionKind, Season, collisions, crowds, seasons
from interlock.timing.minutes import Minutes, Span, fire_minutes
from tests.golden import shown_in_readme

CATALOG = Path(__file__).parents[2] / "catalog"
SEASONS = seasons(datetime(2026, 11, 25, tzinfo=UTC))
NOT_SAID = "-"
ANY_ZONE = "Etc/UTC"
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Start:
    """When a job starts a service."""

    job: str
    schedule: Cron
    zone: ZoneInfo
    service: str


def jobs_before() -> Iterator[Start]:
    """The rows of jobs_before.tsv. Without a schedule a job never fires; one without a service has one of its own."""
    rows = (line for line in Path(__file__).with_name("jobs_before.tsv").read_text().splitlines() if line[0] != "#")
    assert next(rows) == "job\tschedule\ttime_zone\tservice"
    for job, schedule, place, service in (row.split("\t") for row in rows):
        if schedule != NOT_SAID:
            yield Start(
                job=job,
                schedule=Cron.parse(schedule),
                zone=zone(ANY_ZONE if place == NOT_SAID else place),
                service=job if service == NOT_SAID else service,
            )


def crowded(starts: Iterable[Start], span: Span) -> tuple[int, int]:
    """How many minutes there are in which two or more start a service, counted for each service, and how many pairs do."""
    fires: dict[str, dict[str, Minutes]] = {}
    for start in starts:
        fires.setdefault(start.service, {})[start.job] = fire_minutes(start.schedule, start.zone, span)
    met = [crowd for jobs in fires.values() for crowd in crowds(jobs, 1, span).items()]
    return sum(len(times) for _, times in met), len({pair for jobs, _ in met for pair in combinations(jobs, 2)})


@pytest.mark.parametrize(
    ("day", "service_minutes", "pairs"),
    [pytest.param("2026-10-29", 101, 50, id="in summer time"), pytest.param("2026-11-12", 94, 48, id="in winter time")],
)
def test_jobs_of_a_service_met_as_often_as_was_counted_by_others(day: str, service_minutes: int, pairs: int) -> None:
    """The count of the platform's own records, of the 126 jobs that are enabled or to be restored with their old crons.

    124 of them count. The records have no schedule for gcs-freshness-monitor and signal-decay-monitor-daily, each alone on its
    service; ar-weekly-cleanup, which has no zone there and no service, fires on Sundays, and neither day is one. Services count
    by name, and the topic of a job that publishes is its service: without topics it would be 97 and 46 in summer time.
    """
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    assert crowded(jobs_before(), Span(start=start, end=start + DAY)) == (service_minutes, pairs)


@cache
def nba() -> Catalog:
    """The catalog as committed."""
    return load_catalog(CATALOG)


@cache
def before() -> Catalog:
    """The same with the crons that the stagger replaced."""
    return replace(nba(), jobs={name: replace(job, schedule=job.was or job.schedule) for name, job in nba().jobs.items()})


def counts(catalog: Catalog, season: Season) -> dict[CollisionKind, tuple[int, int]]:
    """By kind, how many collisions there are in the season's week, and how many times they begin in all."""
    times = [(collision.kind, len(collision.times)) for collision in collisions(catalog, season.span)]
    return {kind: (sum(k is kind for k, _ in times), sum(n for k, n in times if k is kind)) for kind in CollisionKind}


def by_minute(catalog: Catalog, jobs: Collection[str]) -> str:
    """How many of the jobs' starts on a winter day are in each minute of the hour, a character a minute."""
    start = SEASONS[0].span.start
    fires = (
        fire
        for job in jobs
        for fire in catalog.jobs[job].schedule.fires_between(start, start + DAY, zone(catalog.jobs[job].time_zone))
    )
    counts = Counter(fire.minute for fire in fires)
    return "".join(height(counts[minute]) if counts[minute] else NOTHING for minute in range(60))


@pytest.mark.golden
def test_collisions_before_and_after_the_stagger() -> None:
    weeks = [(season, catalog) for season in SEASONS for catalog in (before(), nba())]
    found = [counts(catalog, season) for season, catalog in weeks]
    moved = [job.name for job in nba().jobs.values() if job.was is not None]
    lines = [
        f"{'':8}" + "".join(f"{f'{season.name}, {when}':>22}" for season in SEASONS for when in ("was", "now")),
        f"{'':8}" + f"{'collisions   times':>22}" * len(weeks),
        *(f"{kind:8}" + "".join(f"{week[kind][0]:>14}{week[kind][1]:>8}" for week in found) for kind in CollisionKind),
        "",
        f"Starts of the {len(moved)} jobs that moved, by minute of the hour, on {SEASONS[0].span.start:%Y-%m-%d} (UTC)",
        f"{'':8}" + "".join(f"{minute:<5}" for minute in range(0, 60, 5)).rstrip(),
        *(f"{name:8}{by_minute(catalog, moved)}" for name, catalog in (("was", before()), ("now", nba()))),
    ]
    shown_in_readme("collisions", "\n".join(lines))

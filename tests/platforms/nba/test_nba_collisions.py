"""How often the NBA platform's jobs met before the stagger, counted as others counted it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from interlock.cron import Cron, zone
from interlock.timing.crowds import crowds
from interlock.timing.minutes import Minutes, Span, fire_minutes

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

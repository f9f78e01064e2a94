"""How often the NBA platform's jobs met before the stagger, counted as others counted it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from interlock.cron import Cron, zone
from interlock.timing.collisions import Start, crowded
from interlock.timing.minutes import Span

NOT_SAID = "-"
ANY_ZONE = "Etc/UTC"
DAY = timedelta(days=1)


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
    found = crowded(jobs_before(), Span(start=start, end=start + DAY))
    assert (found.service_minutes, len(found.pairs)) == (service_minutes, pairs)

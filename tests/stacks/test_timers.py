"""Interlock's timers: never paused, in no scope, and there when a window opens and closes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from interlock.catalog import Catalog, Source, Window
from interlock.cron import Cron
from interlock.environment import Environment
from interlock.graph import scopes
from interlock.zones import zone
from stacks.timers import closing, timers
from tests.stacks.conftest import Stacks

JOB = "google_cloud_scheduler_job"
YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def window(schedule: str, duration: timedelta, zone: str = "Etc/UTC") -> Window:
    """A window that covers nothing in particular."""
    return Window(
        name="w",
        platform="p",
        schedule=Cron.parse(schedule),
        time_zone=zone,
        duration=duration,
        covers=("all",),
        reason="r",
        owner="o",
        waivers=(),
        source=Source(file="w.yaml", line=1),
    )


def test_every_timer_is_named_interlock_and_says_that_it_is_not_paused(shop: Stacks, shop_catalog: Catalog) -> None:
    made = shop["coordination"]["resource"][JOB]
    windows = {f"interlock-{edge}-{name}" for name in shop_catalog.windows for edge in ("open", "close")}
    assert made.keys() == {"interlock-tick"} | windows
    assert len(windows) >= 2
    assert {job["paused"] for job in made.values()} == {False}


def test_no_timer_is_in_a_scope_or_in_the_stack_whose_jobs_are_paused(shop: Stacks, shop_catalog: Catalog) -> None:
    covered = {job for jobs in scopes(shop_catalog).values() for job in jobs}
    names = shop["coordination"]["resource"][JOB].keys()
    assert not names & covered
    assert not names & shop["schedules"]["resource"][JOB].keys()
    assert "interlock-" not in shop["schedules"]["resource"]["google_storage_bucket_object"]["declaration"]["content"]


def test_every_timer_asks_the_coordinator_to_reconcile_by_name_and_audience(shop: Stacks, env: Environment) -> None:
    for job in shop["coordination"]["resource"][JOB].values():
        target = job["http_target"]
        assert target["uri"] == f"{env.coordinator_url}/reconcile"
        assert target["oidc_token"]["audience"] == env.coordinator_url
        assert job["depends_on"] == ["google_cloudfunctions2_function.coordinator"]


@pytest.mark.parametrize(
    ("schedule", "hours", "expected"),
    [
        pytest.param("0 8 * * 2", 2, "0 10 * * 2", id="within the day"),
        pytest.param("30 23 * * 2", 2, "30 1 * * 3", id="over midnight"),
        pytest.param("30 23 * * SAT", 2, "30 1 * * 0", id="from Saturday to Sunday"),
        pytest.param("0 20 * * MON-FRI", 24, "0 20 * * 2,3,4,5,6", id="a whole day later"),
        pytest.param("0 22 31 * *", 4, "0 2 * * *", id="after the last of a month, every day"),
        pytest.param("0 22 31 12 *", 1, "0 23 31 12 *", id="a date within its day"),
        pytest.param("0 22,23 * * 7", 1.5, "30 0,23 * * 0,1", id="one of two over midnight, both days"),
        pytest.param("15 * * * *", 0.5, "45 * * * *", id="every hour"),
    ],
)
def test_when_a_window_closes(schedule: str, hours: float, expected: str) -> None:
    assert closing(window(schedule, timedelta(hours=hours))) == expected


@pytest.mark.parametrize(
    "schedule", ["0 8 * * 2", "30 23 * * SUN,WED", "10,50 0,22-23 * * *", "5 21 28-31 * *", "0 */6 * 2,6 1-5/2"]
)
@pytest.mark.parametrize("minutes", [5, 90, 120, 480, 1440])
def test_a_timer_fires_at_every_end_of_a_window(schedule: str, minutes: int) -> None:
    opened = window(schedule, timedelta(minutes=minutes))
    utc = zone("Etc/UTC")
    ends = {fire + opened.duration for fire in opened.schedule.fires_between(*YEAR, utc)}
    fires = set(Cron.parse(closing(opened)).fires_between(YEAR[0], YEAR[1] + opened.duration, utc))
    assert ends
    assert ends <= fires


def test_a_timer_fires_at_the_edges_of_windows_in_their_own_zone(small_catalog: Catalog, env: Environment) -> None:
    said = {timer.name: (timer.schedule, timer.time_zone) for timer in timers(small_catalog, env)}
    assert said["interlock-open-weekly"] == ("30 22,23 * * SAT", "America/New_York")
    assert said["interlock-close-weekly"] == ("30 0,1 * * 0", "America/New_York")

"""Deploys and the coordinator at work on the same jobs: inside a window, after it, and a tick between Terraform's steps.

Terraform goes by the real clock, so the emulated one stands in the next night from now.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from interlock.catalog import Catalog
from interlock.windows import Opening, next_opening
from tests.e2e.deployment import finish, words_of
from tests.e2e.live import TICK, Live, written

HOUR = timedelta(hours=1)
COVERED = {"boxscores", "gamebooks", "odds"}
OFF_SEASON = "gamebooks-summer"
LATENCY = 0.1  # seconds a call, so that Terraform's steps lie apart


@pytest.fixture
def night(day_catalog: Catalog) -> Opening:
    """The next opening of the window."""
    return next_opening(day_catalog.windows["nightly"], datetime.now(UTC))


def test_a_plan_inside_an_open_window_and_after_it_is_empty(live: Live, night: Opening) -> None:
    live.stand_at(night.start - TICK)
    live.go_to(night.start + TICK)
    assert live.paused() == {*COVERED, OFF_SEASON}
    for stack in ("coordination", "schedules", "alerting"):
        assert live.deployment.plan(stack).changes == {}, f"{stack}, inside"
    live.deployment.apply().succeeded()
    assert live.paused() == {*COVERED, OFF_SEASON}
    live.go_to(night.end + 2 * TICK)
    assert live.paused() == {OFF_SEASON}
    for stack in ("coordination", "schedules", "alerting"):
        assert live.deployment.plan(stack).changes == {}, f"{stack}, after"


@pytest.mark.long
@pytest.mark.parametrize(
    ("before", "after", "paused"),
    [
        pytest.param(None, True, {"gamebooks", OFF_SEASON}, id="as a backfill is turned on"),
        pytest.param(True, False, {OFF_SEASON}, id="as a backfill is ended"),
    ],
)
def test_ticks_between_terraforms_steps_leave_the_right_end_state(
    live: Live, before: bool | None, after: bool, paused: set[str]
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    live.stand_at(now)
    until = {"backfill_until": written(now + 24 * HOUR)}
    if before is not None:
        live.deployment.deploy(backfill_mode=before, backfills=["books"], **until)
    assert live.reconcile().status == 200
    live.deployment.faults.latency = LATENCY
    variables = words_of({"backfill_mode": after, "backfills": ["books"], **(until if after else {})})
    applying = live.deployment.start_terraform("schedules", "apply", "-auto-approve", "-input=false", "-no-color", *variables)
    seen = []
    while applying.poll() is None:
        seen.append(live.reconcile().status)
    finish(applying).succeeded()
    live.deployment.faults.clear()
    assert len(seen) > 1, "the coordinator looked while Terraform was at work"
    assert set(seen) == {200}
    assert live.reconcile().status == 200
    assert live.paused() == paused
    assert live.deployment.plan().changes == {}
    assert {line["job"] for line in live.log("job_paused", "job_resumed")} <= {"gamebooks"}
    assert live.log("action_failed") == []
    # As a backfill is ended, Terraform resumes the job before it deletes the flag that the job depends on. A tick in between
    # pauses it again and says so; the next look resumes it.
    assert not after or live.log("enabled_while_held") == []


@pytest.mark.long
def test_the_command_that_ends_a_backfill_leaves_its_jobs_running_whatever_ticked_meanwhile(live: Live) -> None:
    """Nothing ticks any more once the flag is gone: what a tick has paused again, the command itself has looked at."""
    live.stand_at(datetime.now(UTC).replace(microsecond=0))
    live.deployment.deploy(backfill_mode=True, backfills=["books"])
    assert live.reconcile().status == 200
    assert live.paused() == {"gamebooks", OFF_SEASON}
    live.deployment.faults.latency = LATENCY
    with ThreadPoolExecutor(max_workers=1) as pool:
        ending = pool.submit(live.deployment.interlock, "backfill", "off", "books")
        while live.deployment.flags() and not ending.done():
            assert live.reconcile().status == 200
        looked = len(live.log("reconciled"))
        ending.result().succeeded()
    live.deployment.faults.clear()
    assert len(live.log("reconciled")) == looked + 1
    assert live.paused() == {OFF_SEASON}

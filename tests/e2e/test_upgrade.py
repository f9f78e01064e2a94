"""A deployment of an earlier commit, brought up to date: what it made stays, and what it wrote keeps its meaning.

`upgrade/7fadadb/` is what `main.py` of that commit synthesized of the virtual day's catalog in the local environment, its
coordinator's archive packed smaller. It is never made anew: an upgrade starts from what somebody has deployed.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from interlock.catalog import Catalog
from interlock.windows import Opening, next_opening
from tests.e2e.conftest import DAY
from tests.e2e.deployment import STACKS, Deployment, local_environment
from tests.e2e.granting import Owner
from tests.e2e.live import TICK, Live, written

EARLIER = Path(__file__).parent / "upgrade" / "7fadadb"
HOUR = timedelta(hours=1)
RELAY = "alerts-chat"
"""A topic that is there before anything of ours, and that a channel of that commit's environment names."""
SOURCE, FUNCTION = "google_storage_bucket_object.source", "google_cloudfunctions2_function.coordinator"
OFF_SEASON = "gamebooks-summer"
IN_THE_WINDOW = {"boxscores", "odds"}
"""What only the window holds; gamebooks is held by the backfill too."""
HELD = {"gamebooks", "summary"}


@pytest.fixture
def earlier(nothing: Deployment) -> Live:
    """A cloud on which that commit is deployed: one that takes its distribution without buckets, as Google may."""
    env = local_environment()
    nothing.storage().create_bucket(env.state_bucket, location=env.location)
    Owner(url=nothing.url, env=env).enable("pubsub")
    nothing.api("PUT", f"/v1/projects/{env.project}/topics/{RELAY}")
    nothing.faults.add("buckets optional")
    shutil.rmtree(nothing.folder / "cdktf.out")  # of this commit
    shutil.copytree(EARLIER, nothing.folder / "cdktf.out" / "local")
    for stack in STACKS:
        nothing.terraform(stack, "init", "-input=false").succeeded()
        nothing.apply(stack).succeeded()
    nothing.faults.clear()
    nothing.environ["INTERLOCK_CATALOG"] = str(DAY)
    return Live(deployment=nothing)


@pytest.fixture
def night(day_catalog: Catalog) -> Opening:
    """The next opening of the window: Terraform goes by the real clock."""
    return next_opening(day_catalog.windows["nightly"], datetime.now(UTC))


def hold_everything(live: Live, night: Opening) -> None:
    """The earlier commit writes a flag, a hold, and the tombstone of a window that is released while it is open."""
    live.stand_at(night.start - TICK)
    live.deployment.deploy(backfill_mode=True, backfills=["books"], backfill_until=written(night.end + 24 * HOUR))
    assert live.hold("job/summary", night.end + 2 * TICK, id="patch").status == 200
    live.go_to(night.start + TICK)
    assert live.paused() == {*HELD, *IN_THE_WINDOW, OFF_SEASON}
    released = {"action": "release", "scope": "window/nightly", "id": f"{night.start:%Y%m%dT%H%M%SZ}", "reason": "done"}
    assert live.ask(released | {"owner": "tests"}).status == 200
    assert live.paused() == {*HELD, OFF_SEASON}


@pytest.mark.long
def test_an_upgrade_replaces_only_the_coordinators_source_and_keeps_what_is_held(
    earlier: Live, night: Opening, day_catalog: Catalog
) -> None:
    live, deployment = earlier, earlier.deployment
    hold_everything(live, night)
    objects = deployment.objects()
    assert {name.partition("/")[0] for name in objects} == {"backfills", "holds", "ledger"}
    attempted = len(live.attempts())

    deployment.merge(day_catalog)
    for stack in STACKS:
        deployment.terraform(stack, "init", "-input=false").succeeded()
        plan = deployment.plan(stack)
        gone = {name for name, what in plan.changes.items() if "delete" in what}
        assert gone == ({SOURCE} if stack == "coordination" else set()), plan.shown
        assert plan.jobs == {}, stack
        assert (FUNCTION in plan.changes) == (stack == "coordination")
        deployment.terraform(stack, "apply", "plan.bin").succeeded()
        assert deployment.plan(stack).changes == {}
        assert live.reconcile().status == 200, "whichever declaration it meets"
    kept = [name for name in deployment.objects() if not name.startswith("board/")]  # which the earlier one did not draw
    assert (live.paused(), kept, len(live.attempts())) == ({*HELD, OFF_SEASON}, objects, attempted)

    seen = len(live.changes())
    live.go_to(night.start + 4 * TICK)
    assert live.paused() == {*HELD, OFF_SEASON}, "the window is open by its schedule, and released"
    assert live.changes()[seen:] == []
    live.go_to(night.end + 3 * TICK)
    assert live.paused() == {"gamebooks", OFF_SEASON}, "the hold has ended, the flag has not"
    assert live.holds() == []
    assert [name for name in live.ledger() if "released" in name] == []
    assert deployment.plan(backfill_mode=False, backfills=["books"]).jobs == {"gamebooks": "resume"}
    deployment.deploy(backfill_mode=False, backfills=["books"])
    assert live.reconcile().status == 200
    assert live.paused() == {OFF_SEASON}
    assert "gamebooks" in {line["job"] for line in live.log("run_caught_up")}, "since when it was held was kept too"


@pytest.mark.long
def test_where_the_jobs_are_deployed_first_the_earlier_coordinator_touches_nothing_it_does_not_understand(
    earlier: Live, night: Opening, day_catalog: Catalog
) -> None:
    live, deployment = earlier, earlier.deployment
    hold_everything(live, night)
    held, seen = live.paused(), len(live.changes())
    deployment.merge(day_catalog)
    for stack in ("schedules", "coordination"):
        deployment.terraform(stack, "init", "-input=false").succeeded()
        deployment.apply(stack).succeeded()
        answer = live.reconcile()
        assert answer.status == 200 or "nothing is touched" in str(answer.json), answer.body
        assert (live.paused(), live.changes()[seen:]) == (held, [])
    assert live.reconcile().status == 200

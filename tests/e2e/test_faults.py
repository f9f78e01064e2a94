"""Faults while the deployed coordinator is at work: its process killed, a bucket or job refusing, objects of no meaning."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.e2e.live import TICK, Background, Live, utc, written

NOON = utc("2026-03-10 12:02")  # a minute before a tick
END = NOON + timedelta(hours=2)
OFF_SEASON = "gamebooks-summer"
SCRAPERS = {"gamebooks", "boxscores", "odds", OFF_SEASON}
BUCKET = "/storage/v1/b/interlock-local-coordination/o"
MINUTE = timedelta(minutes=1)
SOON = 2
"""Refusals in a row. The waits after them are shorter than what one object may cost a request of an operator, whatever the
jitter; and no clock moves, so that it matters little how busy the machine is."""
PATIENCE_SECONDS = 30  # of a test that waits for something to begin


@pytest.fixture
def noon(live: Live) -> Live:
    """The cloud at noon, with everything as it should be."""
    live.stand_at(NOON)
    assert live.reconcile().status == 200
    return live


def wait(what: Callable[[], bool]) -> None:
    """Until it is so; a test that waits for ever says what for."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def struck(live: Live) -> int:
    """How many calls were refused on request."""
    return sum(fault["hits"] for fault in live.deployment.faults.describe()["faults"])


def test_killed_in_the_middle_of_a_reconcile_it_goes_on_at_the_next_tick(noon: Live) -> None:
    noon.deployment.faults.add("POST jobs/odds:pause$ 409")
    asked = Background(lambda: noon.hold("service/scrapers", END))
    wait(lambda: struck(noon) > 0 and noon.paused() == SCRAPERS - {"odds"})
    [process] = noon.coordinator_processes()
    os.killpg(process, signal.SIGKILL)
    assert asked.answer().status >= 500, "who asked is not told that it worked"
    assert len(noon.holds()) == 1, "the hold is written before anything is paused"
    noon.deployment.faults.clear()
    noon.go_on(MINUTE + MINUTE)
    assert noon.paused() == SCRAPERS
    noon.go_to(END + TICK)
    assert noon.paused() == {OFF_SEASON}
    assert sorted(line["job"] for line in noon.log("run_caught_up")) == ["boxscores", "gamebooks"]
    assert noon.ledger() == []


def test_killed_between_the_claim_of_a_missed_run_and_the_run_it_leaves_that_to_a_person(noon: Live) -> None:
    """At most once: what may have been started is never started again by us."""
    assert noon.hold("job/gamebooks", END).status == 200
    noon.go_to(END - MINUTE)
    noon.deployment.faults.add("POST jobs/gamebooks:run$ 429")
    noon.stand_at(END)
    asked = Background(noon.reconcile)
    wait(lambda: struck(noon) > 0)
    [process] = noon.coordinator_processes()
    os.killpg(process, signal.SIGKILL)
    asked.answer()
    noon.deployment.faults.clear()
    [claim] = noon.ledger()
    assert claim.startswith("ledger/claims/gamebooks@")
    noon.go_to(END + timedelta(hours=1))
    assert noon.log("run_caught_up") == []
    assert noon.ledger() == [claim]
    said = noon.log("unresolved_claim")[-1]
    assert said["job"] == "gamebooks"
    assert "gcloud scheduler jobs run gamebooks --location=us-west2" in said["why"]
    assert noon.runs(END, END + timedelta(hours=1))["gamebooks"] == 2, "those of its schedule"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("POST jobs/odds:pause$ 409", id="a job that answers 409"),
        pytest.param("POST jobs/odds:pause$ 429", id="a job that answers 429"),
        pytest.param(f"* {BUCKET} 503", id="a bucket that answers 503"),
    ],
)
def test_what_passes_soon_is_waited_for(noon: Live, fault: str) -> None:
    noon.deployment.faults.add(f"{fault} x{SOON}")
    assert noon.hold("service/scrapers", END).status == 200
    assert struck(noon) == SOON
    assert noon.paused() == SCRAPERS
    assert noon.log("action_failed", "reconcile_failed") == []


def test_a_job_that_refuses_for_longer_does_not_keep_the_others_waiting(noon: Live) -> None:
    noon.deployment.faults.add("POST jobs/odds:pause$ 409")
    asked = Background(lambda: noon.hold("service/scrapers", END))
    wait(lambda: noon.paused() == SCRAPERS - {"odds"})
    noon.stand_at(NOON + 5 * MINUTE)  # beyond the patience of a request
    answer = asked.answer()
    assert answer.status == 503, "so that who asked knows"
    assert answer.json["ok"] is False
    [failed] = noon.log("action_failed")
    assert failed["job"] == "odds"
    noon.deployment.faults.clear()
    noon.go_on(TICK)
    assert noon.paused() == SCRAPERS


def test_a_bucket_that_refuses_for_longer_changes_nothing(noon: Live) -> None:
    noon.deployment.faults.add(f"* {BUCKET} 503")
    asked = Background(lambda: noon.hold("service/scrapers", END))
    wait(lambda: struck(noon) > 0)
    noon.stand_at(NOON + 5 * MINUTE)
    wait(lambda: struck(noon) > 1)
    noon.stand_at(NOON + 10 * MINUTE)
    assert asked.answer().status == 503
    noon.deployment.faults.clear()
    assert noon.holds() == []
    assert noon.paused() == {OFF_SEASON}
    assert noon.log("reconcile_failed") != []
    assert noon.reconcile().status == 200


def test_what_lies_beside_the_holds_and_means_nothing_is_said_and_holds_nothing(noon: Live) -> None:
    ends = written(END)
    broken = [
        "holds/job/odds/no-end.json",
        f"holds/job/../odds/x@{ends}.json",
        f"holds/nonsense/odds/x@{ends}.json",
        "holds/job/odds/x@2026-02-30T00:00:00Z.json",
        f"backfills/books@{ends}.json.bak",
    ]
    unknown = f"holds/service/gone/x@{ends}.json"
    for name in (*broken, unknown):
        noon.deployment.put(name)
    noon.deployment.put(f"holds/job/odds/garbage@{ends}.json", "no JSON at all")
    assert noon.reconcile().status == 200
    assert noon.paused() == {"odds", OFF_SEASON}, "the name says all that is needed"
    assert sorted(line["hold"] for line in noon.log("object_unreadable")) == sorted([*broken, unknown])
    noon.go_on(TICK)
    assert noon.paused() == {"odds", OFF_SEASON}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="that is missing"),
        pytest.param("{", id="that is no JSON"),
        pytest.param("{}", id="that says nothing"),
    ],
)
def test_without_a_declaration_nothing_is_touched(noon: Live, content: str | None) -> None:
    assert noon.hold("job/odds", END).status == 200
    noon.deployment.job("odds", "resume")
    if content is None:
        noon.deployment.remove("declaration/current.json")
    else:
        noon.deployment.put("declaration/current.json", content)
    before = noon.deployment.objects()
    assert noon.reconcile().status == 503
    assert noon.paused() == {OFF_SEASON}
    assert noon.deployment.objects() == before
    assert "declaration" in noon.log("reconcile_failed")[-1]["why"]

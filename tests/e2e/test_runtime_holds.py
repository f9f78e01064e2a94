"""Holds written at run time, here by hand: what plans make of them, and what `interlock status` says."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest

from tests.e2e.deployment import FAR, Deployment, instant, parsed
from tests.e2e.test_flags import BOOKS, DECLARED, MARTS

SCRAPERS = {*MARTS, "odds"}  # the running jobs of service/scrapers
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("scope", "held"),
    [
        pytest.param("service/scrapers", SCRAPERS, id="a service"),
        pytest.param("job/odds", {"odds"}, id="a job of another region"),
        pytest.param("job/gamebooks-summer", set[str](), id="a job that is paused by declaration: nothing changes"),
        pytest.param("table/raw.gamebooks", BOOKS, id="a table"),
        pytest.param("platform/small", {*SCRAPERS, "tick"}, id="a platform"),
    ],
)
def test_an_active_hold_pauses_what_its_scope_covers_until_released(small: Deployment, scope: str, held: set[str]) -> None:
    name = f"holds/{scope}/patch-1@{instant(HOUR)}.json"
    small.put(name)
    plan = small.plan()
    assert plan.jobs == dict.fromkeys(held, "pause")
    assert plan.others == {}
    small.remove(name)
    assert small.plan().changes == {}


def test_a_plan_inside_an_open_hold_is_empty(small: Deployment) -> None:
    """Who writes a hold pauses the jobs at once; outputs must not speak of it either."""
    small.put(f"holds/job/odds/patch-1@{instant(HOUR)}.json")
    small.job("odds", "pause")
    assert small.plan().changes == {}


def test_a_job_runs_again_when_its_last_hold_ends(small: Deployment) -> None:
    until = instant(timedelta(seconds=6))
    small.put(f"holds/job/gamebooks/patch-1@{until}.json")
    small.apply(backfill_mode=True, backfills=["books"]).succeeded()
    off = small.plan(backfill_mode=False, backfills=["books"])
    if instant(timedelta()) < until:
        assert off.jobs == {"gamebooks-late": "resume"}
    while instant(timedelta()) <= until:
        time.sleep(0.2)
    assert small.plan(backfill_mode=False, backfills=["books"]).jobs == dict.fromkeys(BOOKS, "resume")


def test_of_two_objects_of_one_hold_the_later_end_counts(small: Deployment) -> None:
    small.put(f"holds/job/odds/patch-1@{instant(-HOUR)}.json")
    small.put(f"holds/job/odds/patch-1@{instant(HOUR)}.json")
    assert small.plan().jobs == {"odds": "pause"}


def test_an_expired_hold_holds_nothing(small: Deployment) -> None:
    small.put(f"holds/service/scrapers/patch-1@{instant(-HOUR)}.json")
    assert small.plan().changes == {}


def test_a_hold_of_an_unknown_scope_refuses_the_plan_and_says_how_to_release_it(small: Deployment) -> None:
    end = instant(HOUR)
    name = f"holds/job/nobody/patch-1@{end}.json"
    small.put(name)
    refused = small.apply(backfill_mode=True, backfills=["books"]).refused()
    assert f"The scope job/nobody is held until {end} and the catalog does not know it." in refused.text
    assert f"gcloud storage rm 'gs://interlock-local-coordination/{name}'" in refused.text
    assert small.paused() == DECLARED
    status = small.interlock("status", "--format", "json")
    assert status.code == 1
    assert "the catalog knows no scope job/nobody; plans are refused" in status.raw
    small.remove(name)
    small.deploy(backfill_mode=True, backfills=["books"])
    assert small.paused() == BOOKS | DECLARED


def test_a_job_that_a_hold_paused_may_not_leave_the_catalog(small: Deployment, small_text: str) -> None:
    small.put(f"holds/service/scrapers/patch-1@{instant(HOUR)}.json", json.dumps({"jobs": ["odds"], "reason": "a patch"}))
    small.apply().succeeded()
    small.merge(parsed(small_text.replace("  odds:\n    description", "  odds-new:\n    description")))
    assert "The job odds is held by holds/service/scrapers/patch-1 until " in small.apply().refused().text


BROKEN = [
    "backfills/books.json",
    "backfills/books@tomorrow.json",
    "holds/job/odds@2099-01-01T00:00:00Z.json",
    "holds/job/odds/patch@2099-02-30T00:00:00Z.json",
    "holds/nonsense",
]


def test_a_name_that_states_no_hold_covers_nothing_and_is_a_finding(small: Deployment) -> None:
    for name in BROKEN:
        small.put(name)
    assert small.plan().changes == {}
    status = small.interlock("status")
    assert status.code == 1
    for name in BROKEN:
        assert f"gs://interlock-local-coordination/{name}: its name states no flag or hold; it covers nothing" in status.raw
    assert "no drift" in status.raw


def test_status_tells_held_from_declared(small: Deployment) -> None:
    small.put(f"holds/job/odds/patch-1@{instant(FAR)}.json", json.dumps({"reason": "a patch", "owner": "me"}))
    small.apply(backfill_mode=True, backfills=["books"]).succeeded()
    status = small.interlock("status", "--format", "json")
    assert status.code == 0, status.raw
    jobs = {job["name"]: job for job in json.loads(status.raw.partition("\n")[2])["jobs"]}
    assert {name for name, job in jobs.items() if job["state"] == "PAUSED"} == {*BOOKS, *DECLARED, "odds"}
    assert {name for name, job in jobs.items() if job["declared_paused"]} == DECLARED
    held_by = {name: [(hold["scope"], hold["reason"]) for hold in job["held_by"]] for name, job in jobs.items()}
    assert held_by == {
        "gamebooks": [("backfill/books", "Gamebooks, all dates")],
        "gamebooks-late": [("backfill/books", "Gamebooks, all dates")],
        "gamebooks-summer": [("backfill/books", "Gamebooks, all dates")],
        "odds": [("job/odds", "a patch")],
        "boxscores": [],
        "tick": [],
    }

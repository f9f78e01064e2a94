"""Jobs of somebody else: names of their own, one name in two regions, and some that nobody has decided about."""

from __future__ import annotations

import json

import pytest

from tests.interlock.cloud import HEAD, Cloud, at, declaration

CATALOG = """\
jobs:
  sync: {description: d, schedule: "15 * * * *", target: {service: scrapers}, name: Nightly_Sync}
  sync-east: {description: d, schedule: "15 * * * *", region: us-east1, target: {service: scrapers}, name: Nightly_Sync}
  maybe: {description: d, schedule: "15 * * * *", target: {service: marts}, paused: {undecided: true, review: 2030-01-01}}
"""
BOTH = {"Nightly_Sync", "us-east1/Nightly_Sync"}


def cloud(now: str = "2026-03-10 06:00") -> Cloud:
    sky = Cloud(now=at(now), declared=declaration(HEAD + CATALOG))
    sky.reconcile()
    return sky


def hold(sky: Cloud, scope: str, when: str) -> None:
    request = {"action": "hold", "scope": scope, "for_s": 7200, "reason": "r", "owner": "o", "id": "x"}
    assert sky.ask(json.dumps(request).encode(), when).settled


@pytest.mark.parametrize(
    ("scope", "paused"),
    [
        ("job/sync", {"Nightly_Sync"}),
        ("job/sync-east", {"us-east1/Nightly_Sync"}),
        ("service/scrapers", BOTH),
    ],
)
def test_of_two_jobs_of_one_name_in_two_regions_a_hold_pauses_those_that_it_covers(scope: str, paused: set[str]) -> None:
    sky = cloud()
    hold(sky, scope, "2026-03-10 06:00")
    assert sky.paused() == paused
    sky.reconcile("2026-03-10 08:30")
    assert sky.paused() == set()


def test_a_hold_goes_on_covering_a_job_whose_key_in_the_catalog_has_changed() -> None:
    sky = cloud()
    hold(sky, "job/sync-east", "2026-03-10 06:00")
    renamed = CATALOG.replace("sync-east:", "eastern:")
    said = json.loads(sky.objects["holds/job/sync-east/x@2026-03-10T08:00:00Z.json"][1])
    assert (said["jobs"], said["identities"]) == (["Nightly_Sync"], ["us-east1/Nightly_Sync"])
    later = Cloud(now=at("2026-03-10 07:00"), declared=declaration(HEAD + renamed), states=dict(sky.states))
    later.put("holds/job/sync-east/x@2026-03-10T08:00:00Z.json", json.dumps(said).encode())
    later.reconcile()
    assert later.paused() == {"us-east1/Nightly_Sync"}


def test_a_missed_run_is_made_up_for_under_the_jobs_own_name_and_region() -> None:
    sky = cloud()
    hold(sky, "job/sync-east", "2026-03-10 06:00")
    sky.reconcile("2026-03-10 08:05")
    assert sky.runs == ["us-east1/Nightly_Sync"]


@pytest.mark.parametrize("found", ["PAUSED", "ENABLED"])
def test_a_job_that_nobody_has_decided_about_stays_as_it_is_found(found: str) -> None:
    sky = cloud()
    sky.states["maybe"] = found
    sky.calls.clear()
    assert sky.reconcile("2026-03-10 07:00").settled
    assert sky.states["maybe"] == found
    assert {kind for kind, _ in sky.calls} <= {"list", "read", "jobs"}


@pytest.mark.parametrize("found", ["PAUSED", "ENABLED"])
def test_it_is_held_like_any_other_and_given_back_as_it_was_found(found: str) -> None:
    sky = cloud()
    sky.states["maybe"] = found
    hold(sky, "all", "2026-03-10 06:00")
    assert sky.paused() == {*BOTH, "maybe"}
    sky.reconcile("2026-03-10 08:30")
    assert sky.states["maybe"] == found
    assert sky.paused() == ({"maybe"} if found == "PAUSED" else set())


def test_one_that_somebody_pauses_after_its_hold_stays_paused() -> None:
    sky = cloud()
    hold(sky, "all", "2026-03-10 06:00")
    sky.reconcile("2026-03-10 08:30")
    sky.states["maybe"] = "PAUSED"
    sky.reconcile("2026-03-10 08:40")
    assert sky.states["maybe"] == "PAUSED"
    assert not [record for record in sky.log if record.event == "paused_without_hold"]


def test_one_that_somebody_enables_while_it_is_held_is_paused_again_and_given_back() -> None:
    sky = cloud()
    hold(sky, "all", "2026-03-10 06:00")
    sky.states["maybe"] = "ENABLED"
    sky.reconcile("2026-03-10 06:30")
    assert sky.states["maybe"] == "PAUSED"
    sky.reconcile("2026-03-10 08:30")
    assert sky.states["maybe"] == "ENABLED"

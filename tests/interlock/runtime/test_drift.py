"""Drift as the coordinator says it: by name, once a day, and nothing is done about it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from interlock.catalog import Json
from interlock.declare import declare
from interlock.runtime.declaration_file import OBJECT
from interlock.runtime.ports import Refused
from interlock.terraform.drift import declared_digests
from tests.interlock.catalogs import load
from tests.interlock.cloud import HEAD, JOBS, TICK, Cloud, at, environment, records
from tests.interlock.live_jobs import resource_of

CATALOG, ENV = load(HEAD + JOBS), environment()
SECRET = "s3cr3t-that-nobody-may-read"
MORNING, NOON, TOMORROW = "2026-03-10 06:00", "2026-03-10 12:00", "2026-03-11 00:03"
TODAYS = "ledger/drift/2026-03-10."


def deployed() -> Cloud:
    """Every job as it is declared."""
    cloud = Cloud(now=at(MORNING), declared=declare(CATALOG, ENV, declared_digests(CATALOG, ENV)))
    cloud.resources = {name: resource_of(job, ENV) for name, job in CATALOG.jobs.items()}
    return cloud


def set_target(cloud: Cloud, job: str, **changed: Json) -> None:
    """Somebody changes what a job calls."""
    target = cloud.resources[job]["httpTarget"]
    assert isinstance(target, dict)
    cloud.resources[job] = {**cloud.resources[job], "httpTarget": {**target, **changed}}


def drifted(cloud: Cloud, when: str) -> list[tuple[str | None, str]]:
    """What a reconcile says of drift."""
    report = cloud.reconcile(when)
    assert report.settled
    return [(record.job, record.why) for record in records(report, "job_drifted")]


def writes(cloud: Cloud) -> list[tuple[str, str]]:
    return [call for call in cloud.calls if call[0] not in ("list", "read", "jobs")]


def test_jobs_as_declared_cost_no_call_more_than_before() -> None:
    cloud, before = deployed(), Cloud(now=at(MORNING), declared=declare(CATALOG, ENV))
    assert drifted(cloud, MORNING) == drifted(before, MORNING) == []
    assert cloud.calls == before.calls
    assert writes(cloud) == []


def test_a_changed_job_is_said_once_a_day_by_the_names_of_its_parts() -> None:
    cloud = deployed()
    set_target(cloud, "fetch", uri=f"https://evil.example/{SECRET}", headers={"X-Key": SECRET})
    cloud.resources["mart"]["description"] = SECRET
    found = [
        ("fetch", "not as declared: headers, URL; run make deploy, or change the catalog"),
        ("mart", "not as declared: description; run make deploy, or change the catalog"),
    ]
    assert drifted(cloud, MORNING) == found
    [name] = cloud.names(TODAYS)
    assert json.loads(cloud.objects[name][1]) == {"jobs": {"fetch": ["headers", "URL"], "mart": ["description"]}}
    assert SECRET not in json.dumps([record.as_json() for record in cloud.log])
    cloud.calls.clear()
    assert drifted(cloud, NOON) == []
    assert writes(cloud) == [], "it was said today"
    assert drifted(cloud, TOMORROW) == found
    assert cloud.names(TODAYS) == []
    assert [name[:23] for name in cloud.names("ledger/drift/")] == ["ledger/drift/2026-03-11"]


def test_it_is_an_error_in_the_log_and_changes_no_job() -> None:
    cloud = deployed()
    set_target(cloud, "fetch", httpMethod="GET")
    [record] = records(cloud.reconcile(), "job_drifted")
    assert (record.severity, record.job) == ("ERROR", "fetch")
    assert [kind for kind, _ in writes(cloud)] == ["create"]


def test_another_change_of_the_same_day_is_said_at_once() -> None:
    cloud = deployed()
    set_target(cloud, "fetch", httpMethod="GET")
    assert [job for job, _ in drifted(cloud, MORNING)] == ["fetch"]
    set_target(cloud, "mart", uri="https://evil.example")
    assert [job for job, _ in drifted(cloud, NOON)] == ["fetch", "mart"]
    assert drifted(cloud, "2026-03-10 12:10") == []


def test_what_is_put_back_is_not_said_any_more_and_leaves_nothing_behind() -> None:
    cloud = deployed()
    set_target(cloud, "fetch", httpMethod="GET")
    drifted(cloud, MORNING)
    set_target(cloud, "fetch", httpMethod="POST")
    assert drifted(cloud, NOON) == drifted(cloud, TOMORROW) == []
    assert cloud.names("ledger/") == []


@pytest.mark.parametrize(
    ("age", "said"),
    [
        pytest.param(TICK - timedelta(seconds=1), [], id="the deploy may still be changing jobs"),
        pytest.param(TICK, ["fetch"], id="a tick later it is somebody else"),
    ],
)
def test_a_deploy_has_a_tick_to_change_the_jobs(age: timedelta, said: list[str]) -> None:
    cloud = deployed()
    set_target(cloud, "fetch", httpMethod="GET")
    cloud.written[OBJECT] = cloud.now - age
    assert [job for job, _ in drifted(cloud, MORNING)] == said


def test_a_declaration_that_says_nothing_of_it_is_compared_with_nothing() -> None:
    cloud = Cloud(now=at(MORNING), declared=declare(CATALOG, ENV))
    cloud.resources = {name: resource_of(job, ENV) for name, job in CATALOG.jobs.items()}
    set_target(cloud, "fetch", httpMethod="GET")
    assert drifted(cloud, MORNING) == []


def test_a_note_that_can_not_be_written_is_said_and_drift_again_at_the_next_tick() -> None:
    cloud = deployed()
    set_target(cloud, "fetch", httpMethod="GET")

    def fails(call: tuple[str, str]) -> None:
        if call[0] == "create":
            raise Refused(403, "no")

    cloud.fails = fails
    report = cloud.reconcile()
    assert [record.event for record in report.records] == ["job_drifted", "action_failed", "reconciled"]
    assert [job for job, _ in drifted(cloud, NOON)] == ["fetch"]

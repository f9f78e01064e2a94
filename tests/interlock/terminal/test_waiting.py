"""What is applied first because Google is slow with it, and which errors pass by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from interlock.terminal.terraform import Planned, Stack
from interlock.terminal.waiting import (
    API,
    BEFORE_A_BUILD,
    GRANT,
    IDENTITY,
    METRIC,
    STATE,
    TRIES,
    WAIT,
    Cause,
    first_of,
    goes_no_further,
    passes,
    said_wait,
)
from interlock.terraform.changes import Change, Changes, Kind
from interlock.terraform.events import Problem
from interlock.terraform.plan import parse_plan
from tests.interlock.commands.conftest import ENVIRONMENT

NO_PLAN = parse_plan('{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {}, "configuration": {}}')
JOB, FUNCTION, MEMBER, APIS = (
    "google_cloud_scheduler_job",
    "google_cloudfunctions2_function",
    "google_project_iam_member",
    "google_project_service",
)
MISSING = 'googleapi: Error 404: Cannot find metric(s) that match type = "logging.googleapis.com/user/x".'
DENIED = "googleapi: Error 403: Permission monitoring.alertPolicies.create denied"
OFF = "Enable it by visiting https://console.developers.google.com/apis/api/pubsub.googleapis.com/overview?project=p"
BUILD = "failed to Fetch: Access to bucket b denied. You must grant Storage Object Viewer permission to build@p.x.com."
REFUSED = "googleapi: Error 400: Job.state must be ENABLED for the job to be paused; it is PAUSED."
ACCOUNT = "Error 400: Service account build@p.iam.gserviceaccount.com does not exist., badRequest"
ROLE = "Error 400: Role (projects/p/roles/interlockCoordinator) does not exist in the resource's hierarchy., badRequest"


def one(kind: Kind, name: str, type: str = JOB) -> Change:
    return Change(kind=kind, address=f"{type}.{name}", type=type, job=name, actions=("update",))


def planned(*changes: Change) -> Planned:
    stack = Stack(environment=ENVIRONMENT, name="coordination")
    found = Changes(changes=changes, jobs={}, outputs={})
    return Planned(stack=stack, file=Path("x.plan"), plan=NO_PLAN, changes=found, is_empty=not changes, warnings=())


def problem(summary: str, address: str = "", *, is_error: bool = True) -> Problem:
    return Problem(summary=summary, detail="", address=address, is_error=is_error)


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        pytest.param([one(Kind.CREATE, "f", FUNCTION), one(Kind.CREATE, "m", MEMBER)], [f"{MEMBER}.m"], id="a first deploy"),
        pytest.param([one(Kind.REPLACE, "f", FUNCTION), one(Kind.CREATE, "a", APIS)], [f"{APIS}.a"], id="a function anew"),
        pytest.param([one(Kind.CREATE, "f", FUNCTION), one(Kind.CREATE, "j")], [], id="nothing that is slow"),
        pytest.param([one(Kind.CREATE, "f", FUNCTION), one(Kind.CHANGE, "m", MEMBER)], [], id="a right that is there"),
        pytest.param([one(Kind.CHANGE, "f", FUNCTION), one(Kind.CREATE, "m", MEMBER)], [], id="a function that is there"),
        pytest.param([one(Kind.CREATE, "m", MEMBER)], [], id="no function"),
        pytest.param([one(Kind.DELETE, "f", FUNCTION), one(Kind.DELETE, "m", MEMBER)], [], id="what goes"),
    ],
)
def test_what_google_is_slow_with_goes_before_a_function_that_is_made(changes: list[Change], first: list[str]) -> None:
    assert first_of(planned(*changes)) == first


@pytest.mark.parametrize(
    ("problems", "causes"),
    [
        pytest.param([problem(MISSING)], [METRIC], id="a metric"),
        pytest.param([problem(MISSING), problem(MISSING)], [METRIC], id="two"),
        pytest.param([problem(MISSING), problem("w", is_error=False)], [METRIC], id="a warning is no matter"),
        pytest.param([problem(MISSING), problem(DENIED)], [], id="and something else, which stays"),
        pytest.param([problem(DENIED)], [], id="another refusal"),
        pytest.param([], [], id="nothing said"),
        pytest.param([problem(OFF)], [API], id="an API that was turned on"),
        pytest.param([problem(OFF.replace("pubsub", "compute"))], [], id="an API that nobody turned on"),
        pytest.param([problem(REFUSED, f"{JOB}.odds")], [STATE], id="a job that is paused already"),
        pytest.param([problem(REFUSED)], [], id="the same of anything but a job"),
        pytest.param([problem("Error 400: Schedule is invalid.", f"{JOB}.odds")], [], id="another mistake in a job"),
        pytest.param([problem(BUILD)], [GRANT], id="a build without its rights"),
        pytest.param([problem(ACCOUNT), problem(ROLE), problem(BUILD)], [IDENTITY, GRANT], id="several at once"),
    ],
)
def test_what_comes_too_early_passes_when_nothing_else_is_wrong(problems: list[Problem], causes: list[Cause]) -> None:
    assert passes(problems, lambda: ("pubsub", "run")) == causes


@pytest.mark.parametrize(
    ("changes", "further"),
    [
        pytest.param([], False, id="nothing"),
        pytest.param([one(Kind.PAUSE, "odds")], False, id="a part"),
        pytest.param([one(Kind.DELETE, "odds")], True, id="something else with the same"),
        pytest.param([one(Kind.PAUSE, "lines")], True, id="the same with another"),
        pytest.param([one(Kind.REPLACE, "books")], False, id="what would have been made, made anew"),
        pytest.param([one(Kind.REPLACE, "odds")], True, id="what was there, made anew"),
    ],
)
def test_a_plan_goes_further_when_it_does_what_was_not_approved(changes: list[Change], further: bool) -> None:
    approved = planned(one(Kind.PAUSE, "odds"), one(Kind.CREATE, "books"))
    assert goes_no_further(planned(*changes), approved) is not further


def test_a_wait_says_why_since_when_and_until_when_at_most() -> None:
    since = datetime(2026, 3, 10, 12, 0, 5, tzinfo=UTC)
    said = said_wait([METRIC, API], 60.0, since, since + timedelta(minutes=11))
    assert said == (
        "Alert policies do not know a new metric yet: Google says it takes up to 10 minutes; An API that was turned on does "
        "not answer yet: Google says wait a few minutes. Again in 60 s; waiting since 12:00:05 UTC, at most until 12:11."
    )


def test_waits_outlast_what_google_says() -> None:
    assert WAIT * TRIES > 10 * 60, "a metric"
    assert BEFORE_A_BUILD >= 2 * 60, "a right, typically"

"""Who is let in, and what is left: nothing of ours, whatever ends a run, and everything of others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from conformance import questions, suite
from conformance.cloud import CallError
from conformance.ours import LABEL, listed, marker
from conformance.world import World
from tests.conformance.conftest import ROOT, RUN, Alter, a_world
from tests.e2e.deployment import Deployment, local_environment

PROJECT = local_environment().project
JOBS = f"v1/projects/{PROJECT}/locations/us-west2/jobs"
ACCOUNTS = f"v1/projects/{PROJECT}/serviceAccounts"
FOR_SECONDS = 120


def make_job(world: World, name: str) -> None:
    target = {"uri": "https://example.com/", "httpMethod": "GET"}
    body = {"name": f"{JOBS.removeprefix('v1/')}/{name}", "schedule": "0 5 1 1 *", "timeZone": "Etc/UTC", "httpTarget": target}
    world.cloud.post("cloudscheduler", JOBS, body)


def make_account(world: World, name: str) -> None:
    world.cloud.post("iam", ACCOUNTS, {"accountId": name, "serviceAccount": {}})


def make_bucket(world: World, name: str) -> None:
    world.cloud.post("storage", "storage/v1/b", {"name": name, "location": "US"}, {"project": PROJECT})


def there(world: World) -> set[str]:
    """What is in the project."""
    return {str(found) for found in listed(world.cloud)}


@dataclass(kw_only=True)
class Said:
    """What was said."""

    lines: list[str] = field(default_factory=list)

    def __call__(self, line: str) -> None:
        self.lines.append(line)


STRANGERS = {
    "cloud_scheduler_job reports",
    "service_account scraper",
    "storage_bucket acme-data-lake",
    "service_account operator",
    "service_account viewer",
    "service_account deployer",  # who may deploy, which an owner has made
    "project_iam_custom_role interlockDeployer",
    "project_iam_custom_role interlockDeployerBuckets",
}


@pytest.fixture
def strange(world: World) -> World:
    """A project with things of others."""
    suite.enable(world)
    make_job(world, "reports")
    make_account(world, "scraper")
    make_bucket(world, "acme-data-lake")
    assert there(world) == STRANGERS
    return world


@pytest.mark.parametrize(
    ("make", "named"),
    [
        pytest.param(lambda world: make_job(world, "interlock-tick"), "cloud_scheduler_job interlock-tick", id="a timer"),
        pytest.param(lambda world: make_job(world, "conformance-stock"), "cloud_scheduler_job conformance-stock", id="a job"),
        pytest.param(lambda world: make_account(world, "interlock-build"), "service_account interlock-build", id="an account"),
        pytest.param(
            lambda world: make_bucket(world, local_environment().state_bucket),
            f"storage_bucket {local_environment().state_bucket}",
            id="a state",
        ),
        pytest.param(lambda world: make_job(world, "ilc-0a1b2c-paused"), "ilc-0a1b2c-paused", id="of a run without its mark"),
    ],
)
def test_a_project_with_something_of_ours_is_refused_and_nothing_is_touched(
    strange: World, make: Callable[[World], None], named: str
) -> None:
    make(strange)
    before = there(strange)
    with pytest.raises(suite.Refused, match=f"{PROJECT} is not empty of ours: .*{named}; take a project of its own"):
        suite.let_in(strange, Said())
    assert there(strange) == before


def test_a_project_with_only_things_of_others_is_let_in(strange: World) -> None:
    make_account(strange, local_environment().invoker.partition("@")[0])
    suite.let_in(strange, Said())


def test_a_project_that_can_not_be_seen_into_is_not_taken_for_empty(strange: World) -> None:
    make_job(strange, "interlock-tick")
    strange.cloud.post("serviceusage", f"v1/projects/{PROJECT}/services/cloudscheduler.googleapis.com:disable")
    with pytest.raises(CallError, match="Cloud Scheduler API has not been used"):
        suite.let_in(strange, Said())
    suite.enable(strange)
    with pytest.raises(suite.Refused, match="is not empty of ours: cloud_scheduler_job interlock-tick"):
        suite.let_in(strange, Said())


@pytest.mark.parametrize(
    ("name", "label"),
    [
        pytest.param("acme-marked", "abc123", id="another name"),
        pytest.param(f"ilc-abc123-{PROJECT}", "def456", id="the name of another run"),
        pytest.param(f"ilc--{PROJECT}", "", id="no run"),
    ],
)
def test_a_bucket_of_others_is_no_mark_whatever_its_label(strange: World, name: str, label: str) -> None:
    body = {"name": name, "location": "US", "labels": {LABEL: label}}
    strange.cloud.post("storage", "storage/v1/b", body, {"project": PROJECT})
    assert marker(strange.cloud) is None


def test_a_report_has_no_name_of_whoever_ran_it(strange: World) -> None:
    bucket, account = local_environment().state_bucket, f"build@{PROJECT}.iam.gserviceaccount.com"
    said = strange.shown(f"ada.l@acme.co.uk may not read gs://{bucket}; {account}")
    assert said == "<somebody> may not read gs://<state bucket>; build@<project>.iam.gserviceaccount.com"


def test_what_a_killed_run_left_goes_before_the_next_and_nothing_else(strange: World, tmp_path: Path) -> None:
    suite.mark(strange)
    questions.ask(strange)
    make_job(strange, "interlock-tick")
    make_account(strange, "interlock-coordinator")
    make_bucket(strange, local_environment().bucket)
    assert len(there(strange) - STRANGERS) > 8
    again = a_world(tmp_path / "again")
    (again.work / "cdktf.out").mkdir(parents=True)
    (again.work / "cdktf.out" / "local").symlink_to(strange.stacks.parent)
    again.run = "def456"
    said = Said()
    suite.let_in(again, said)
    assert said.lines == [f"a run was killed here (ilc-{RUN}); what it left is removed first"]
    assert there(again) == STRANGERS
    policy = again.cloud.post("cloudresourcemanager", f"v1/projects/{PROJECT}:getIamPolicy")
    assert "ilc" not in str(policy.get("bindings"))


@pytest.mark.parametrize("before", [True, False], ids=["was there before", "was made by the run"])
def test_the_account_that_calls_services_stays_only_if_it_was_there(strange: World, before: bool) -> None:
    name = local_environment().invoker.partition("@")[0]
    if before:
        make_account(strange, name)
    made = suite.mark(strange)
    if not before:
        make_account(strange, name)
    suite.clean_up(strange, made, Said())
    assert (f"service_account {name}" in there(strange)) is before


def test_what_can_t_be_removed_is_said_and_the_mark_stays_for_the_next_run(strange: World, cloud: Deployment) -> None:
    made = suite.mark(strange)
    make_job(strange, "interlock-tick")
    cloud.faults.add("DELETE /jobs/ 403")
    said = Said()
    cleaned = suite.clean_up(strange, made, said)
    [stuck] = cleaned.stuck
    assert stuck.startswith("cloud_scheduler_job interlock-tick: 403")
    assert said.lines[0].startswith("NOT removed: cloud_scheduler_job interlock-tick")
    cloud.faults.clear()
    assert marker(strange.cloud) == made
    suite.let_in(strange, Said())
    assert there(strange) == STRANGERS


def test_a_bucket_goes_with_all_versions_of_its_objects(strange: World) -> None:
    made = suite.mark(strange)
    bucket = local_environment().bucket
    versioned = {"name": bucket, "location": "US", "versioning": {"enabled": True}}
    strange.cloud.post("storage", "storage/v1/b", versioned, {"project": PROJECT})
    for content in (b"one", b"two"):
        path = f"upload/storage/v1/b/{bucket}/o"
        sent = strange.cloud.call("POST", "storage", path, query={"uploadType": "media", "name": "holds/a"}, content=content)
        assert sent.status == 200
    assert suite.clean_up(strange, made, Said()).stuck == []
    assert there(strange) == STRANGERS


def test_a_list_that_fails_while_cleaning_up_is_said_and_not_taken_for_clean(strange: World, alter: Alter) -> None:
    made = suite.mark(strange)
    alter("GET", "/topics$", lambda reply: type(reply)(status=403, body={"error": {"message": "denied"}}))
    assert suite.clean_up(strange, made, Said()).stuck == ["GET pubsub v1/projects/<project>/topics: 403 denied"]
    assert marker(strange.cloud) == made


def start(cloud: Deployment, *words: str) -> subprocess.Popen[str]:
    """The suite as a command."""
    command, pipe = [sys.executable, "-m", "conformance", *words], subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=cloud.environ, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def wait_for(there: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + FOR_SECONDS
    while not there():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGTERM, id="SIGTERM"),
        pytest.param(signal.SIGINT, id="SIGINT", marks=pytest.mark.long),
        pytest.param(signal.SIGHUP, id="SIGHUP", marks=pytest.mark.long),
    ],
)
def test_a_run_that_is_stopped_in_the_middle_leaves_nothing_and_says_so(
    cloud: Deployment, strange: World, number: signal.Signals
) -> None:
    cloud.faults.latency = 0.05
    process = start(cloud, "--only", "questions")
    wait_for(lambda: any("-paused" in name for name in there(strange)), process)
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=FOR_SECONDS)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert f"Ended early: stopped by {number.name}." in out
    assert there(strange) == STRANGERS


@pytest.mark.long
def test_after_a_run_that_was_killed_the_next_cleans_up_and_goes_through(cloud: Deployment, strange: World) -> None:
    cloud.faults.latency = 0.05
    process = start(cloud, "--only", "questions")
    wait_for(lambda: any("-paused" in name for name in there(strange)), process)
    process.kill()
    process.communicate()
    assert there(strange) > STRANGERS
    cloud.faults.clear()
    process = start(cloud, "--only", "questions", "--only", "heartbeat")
    out, err = process.communicate(timeout=FOR_SECONDS)
    assert "a run was killed here" in err
    assert "7 checks: 7 as assumed." in out
    assert process.returncode == 0
    assert there(strange) == STRANGERS


@pytest.mark.long
def test_the_end_of_its_time_ends_a_run_as_a_signal_does(cloud: Deployment, strange: World) -> None:
    cloud.faults.latency = 0.3
    process = start(cloud, "--only", "questions", "--limit", "0.2")
    out, err = process.communicate(timeout=FOR_SECONDS)
    assert process.returncode == 130
    assert "0 minutes were over" in out + err, "in the report, or before anything was made"
    assert there(strange) == STRANGERS

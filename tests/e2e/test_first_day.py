"""A first deploy to a new project, which refuses and delays as Google does: from nothing to the end in one go, and again.

Every API that the stacks use and every right of the build is taken away in turn: the first error names it and what to type.
"""

from __future__ import annotations

import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from interlock.apis import ALL
from interlock.roles import DEPLOYER, Grant
from interlock.terminal.doctor.checks import CHECKS, FIRST_CHECKS
from interlock.terminal.preparing import BOOTSTRAP_TAKES
from tests.e2e.deployment import Deployment, local_environment
from tests.e2e.live import Live

STRICTEST = ("grants=60s", "metrics=10m", "api-enable=30s", "lag=10m", "strict_pause")
AT_A_TIME, LONGEST = timedelta(seconds=30), timedelta(minutes=10)
POLICY = "monitoring.projects.alertPolicies.create"
PROJECT = local_environment().project
LOOKED_AT = {*FIRST_CHECKS, *CHECKS}
"""What doctor says of the project; of the machine tests/interlock/terminal/test_machine.py has it."""
NOT_IN_TIME = {"storage.buckets.create": "begun with it"}
TAKEN_BY_A_FIRST_DEPLOY = sorted(
    right
    for right in DEPLOYER.grants[0].permissions
    if right.endswith((".create", ".setIamPolicy", ".actAs", ".attachSubscription")) and right not in NOT_IN_TIME
)


@contextmanager
def quick_clock(cloud: Deployment) -> Iterator[None]:
    """The emulator's clock goes on by half a minute each half second, and by as much as a metric takes where a policy was made
    or refused: a deploy on this machine tries again each second, and each try is as good as the first."""
    live, done, now = Live(deployment=cloud), threading.Event(), datetime.now(UTC)
    live.stand_at(now)

    def go() -> None:
        at, seen = now, 0
        while not done.wait(0.5):
            tried = cloud.writes().get(POLICY, 0)
            at += AT_A_TIME if tried == seen else LONGEST
            seen = tried
            live.stand_at(at)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def owner(cloud: Deployment, method: str, path: str, body: object) -> dict[str, object]:
    """A call of the owner of the project."""
    request = urllib.request.Request(cloud.url + path, method=method, data=json.dumps(body).encode())  # noqa: S310 - loopback
    with urllib.request.urlopen(request) as reply:  # noqa: S310
        found: dict[str, object] = json.loads(reply.read() or b"{}")
    return found


def take_away(cloud: Deployment, grant: Grant, *rights: str) -> None:
    """Takes these permissions out of a role of the deployer's, or all but one that is of no use here."""
    left = [name for name in grant.permissions if name not in rights] if rights else ["storage.buckets.list"]
    role = f"projects/{PROJECT}/roles/{grant.role.id}"
    owner(cloud, "PATCH", f"/v1/{role}?updateMask=includedPermissions", {"includedPermissions": left})


def begin(cloud: Deployment) -> None:
    """A first deploy that has come as far as the bucket of the flags."""
    cloud.interlock("bootstrap").succeeded()
    cloud.interlock("synth").succeeded()
    cloud.terraform("coordination", "init", "-input=false").succeeded()
    first = ("apply", "-auto-approve", "-input=false", "-target=google_storage_bucket.bucket")
    cloud.terraform("coordination", *first).succeeded()


def looked_at(cloud: Deployment) -> dict[str, str]:
    """What doctor finds wrong with the project, each with what to type."""
    raw = cloud.interlock("doctor", "--format", "json").raw
    rows = json.loads(raw[raw.index("[") :])  # where it looks is said before, on standard error
    return {row["what"]: row["advice"] for row in rows if row["state"] == "wrong" and row["what"] in LOOKED_AT}


def test_a_first_deploy_goes_through_in_one_go_and_another_after_it_is_destroyed(nothing: Deployment) -> None:
    nothing.faults.add(*STRICTEST)
    owner(nothing, "POST", f"/v1/projects/{PROJECT}/services/cloudresourcemanager.googleapis.com:disable", {})
    with quick_clock(nothing):
        red = looked_at(nothing)
        assert red["state bucket"] == "make bootstrap"
        assert red["APIs"].startswith("gcloud services enable ")
        assert red["permissions"] == f"gcloud services enable cloudresourcemanager.googleapis.com --project={PROJECT}"
        nothing.interlock("bootstrap").succeeded()
        assert looked_at(nothing) == {}
        first = nothing.interlock("deploy").succeeded()
        assert "What was granted counts only some time later" in first.text
        nothing.interlock("destroy").succeeded()
        nothing.faults.add("metrics=1m")  # the first has waited out the longest
        nothing.interlock("deploy").succeeded()
    assert nothing.interlock("plan").succeeded()


@pytest.mark.long
@pytest.mark.parametrize("api", ALL)
def test_without_an_api_that_nobody_may_turn_on_the_first_error_names_it_and_the_line_to_type(
    nothing: Deployment, api: str
) -> None:
    nothing.faults.add(f"api {api}.googleapis.com off")
    said = nothing.interlock("deploy").refused().text
    assert f"{api}.googleapis.com" in said
    assert re.search(
        rf"gcloud services enable .*{api}\.googleapis\.com .*--project={PROJECT}|"
        rf"gcloud services enable {api}\.googleapis\.com --project={PROJECT}",
        said,
    )


@pytest.mark.parametrize("grant", DEPLOYER.grants, ids=lambda grant: grant.role.id)
def test_without_a_role_the_first_error_names_what_it_has_and_the_line_to_type(nothing: Deployment, grant: Grant) -> None:
    nothing.storage().create_bucket(local_environment().state_bucket)
    take_away(nothing, grant)
    said = nothing.interlock("deploy").refused().text
    lacks = [right for right in BOOTSTRAP_TAKES if right in grant.permissions] or grant.permissions
    assert f"who deploys lacks {lacks[0]}" in said
    assert "nothing is done; run: .venv/bin/interlock roles --actor deployer --format gcloud" in said


@pytest.mark.long
@pytest.mark.parametrize("right", TAKEN_BY_A_FIRST_DEPLOY)
def test_without_a_right_that_goes_meanwhile_the_error_names_it_and_the_line_to_type(nothing: Deployment, right: str) -> None:
    """A deploy that goes on where one has stopped asks for nothing before: Google says it, each API in its own words."""
    begin(nothing)
    take_away(nothing, DEPLOYER.grants[0], right)
    said = nothing.interlock("deploy").refused().text
    assert right in said
    assert "gcloud projects add-iam-policy-binding" in said


@pytest.mark.long
def test_the_id_of_a_deleted_role_is_taken_from_day_7_to_day_37_and_a_deploy_says_so(small: Deployment) -> None:
    live, now = Live(deployment=small), datetime.now(UTC)
    small.interlock("destroy").succeeded()
    live.stand_at(now + timedelta(days=10))
    said = small.interlock("deploy").refused().text
    assert "can't be used from day 7 to day 37 after it was deleted: deploy again then, or elsewhere" in said
    live.stand_at(now + timedelta(days=38))
    small.interlock("deploy").succeeded()

"""A first deploy to a new project, which refuses and delays as Google does: from nothing to the end in one go, and again.

Every API that the stacks use and every right of the build is taken away in turn: the first error names it and what to type.
"""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from interlock.apis import FIRST, OF_STACKS
from interlock.roles import DEPLOYER
from tests.e2e.deployment import STACKS, Deployment, local_environment
from tests.e2e.live import Live

STRICTEST = ("grants=60s", "metrics=10m", "api-enable=30s", "lag=10m", "strict_pause")
AT_A_TIME = timedelta(seconds=30)
PROJECT = local_environment().project
ON_BY_DEFAULT = {"logging", "monitoring", "storage"}
NEVER_CALLED = {"artifactregistry", "cloudbuild"}
"""By Terraform; tests/local/test_emulator_first_day.py has what a build says without them."""


@contextmanager
def quick_clock(cloud: Deployment) -> Iterator[None]:
    """The emulator's clock goes on by half a minute each half second."""
    live, done, now = Live(deployment=cloud), threading.Event(), datetime.now(UTC)
    live.stand_at(now)

    def go() -> None:
        at = now
        while not done.wait(0.5):
            at += AT_A_TIME
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


def test_a_first_deploy_goes_through_in_one_go_and_another_after_it_is_destroyed(nothing: Deployment) -> None:
    nothing.faults.add(*STRICTEST)
    with quick_clock(nothing):
        first = nothing.interlock("deploy").succeeded()
        assert "What was granted counts only some time later" in first.text
        for stack in STACKS:
            assert nothing.plan(stack).changes == {}
        nothing.interlock("destroy").succeeded()
        nothing.interlock("deploy").succeeded()
    assert nothing.interlock("plan").succeeded()


@pytest.mark.long
@pytest.mark.parametrize("api", sorted({*OF_STACKS, *FIRST} - ON_BY_DEFAULT - NEVER_CALLED))
def test_without_an_api_the_first_error_names_it_and_the_line_to_type(nothing: Deployment, api: str) -> None:
    nothing.faults.add(f"api {api}.googleapis.com off")
    said = nothing.interlock("deploy").refused().text
    assert f"{api}.googleapis.com" in said
    assert "gcloud services enable" in said
    assert f"--project={PROJECT}" in said


@pytest.mark.long
@pytest.mark.parametrize("right", sorted(right for right in DEPLOYER.grants[0].rights if right.endswith(".create")))
def test_without_a_right_the_first_error_names_it_and_the_line_to_type(nothing: Deployment, right: str) -> None:
    role = f"projects/{PROJECT}/roles/{DEPLOYER.grants[0].role.id}"
    left = [name for name in DEPLOYER.grants[0].permissions if name != right]
    owner(nothing, "PATCH", f"/v1/{role}?updateMask=includedPermissions", {"includedPermissions": left})
    said = nothing.interlock("deploy").refused().text
    assert right in said
    assert "gcloud projects add-iam-policy-binding" in said

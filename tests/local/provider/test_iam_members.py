"""IAM members on a running emulator, without terraform: bindings, conditions, etags, and what two writers do to each other."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local import emulator
from local.environment import ENDPOINTS
from local.provider import iam
from local.provider.cloud import Cloud, Failure, Settings
from local.provider.rest import Call, Rest
from local.provider.types import RESOURCES
from local.provider.values import Object

ROW = RESOURCES["google_storage_bucket_iam_member"]
POLICY = "/storage/v1/b/test-bucket/iam"
HOLDS = {"title": "holds only", "description": None, "expression": "resource.name.startsWith('holds/')"}
A, B = "serviceAccount:account-a@p.iam.gserviceaccount.com", "user:b@example.com"
Api = Callable[..., dict[str, object]]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[emulator.Running]:
    """An emulator with one bucket and one account."""
    with emulator.serve(tmp_path / "cloud") as found:
        call(found, "POST", "/storage/v1/b?project=p", {"name": "test-bucket"})
        call(found, "POST", "/v1/projects/p/serviceAccounts", {"accountId": "account-a"})
        yield found


@pytest.fixture
def cloud(running: emulator.Running, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """What the provider works with, on that emulator; it waits for nothing."""
    monkeypatch.setattr(iam, "FIRST_BACKOFF_SECONDS", 0.001)
    endpoints = {service: running.url + path for service, path in ENDPOINTS.items()}
    settings = Settings(project="p", region="us-west2", default_labels={}, endpoints=endpoints)
    return Cloud(settings=settings, rest=Rest(), call=Call(stopping=threading.Event()))


def call(running: emulator.Running, method: str, path: str, body: object = None) -> dict[str, object]:
    """One request to the API."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(running.url + path, method=method, data=data)  # noqa: S310
    with urllib.request.urlopen(request) as reply:  # noqa: S310
        found: dict[str, object] = json.loads(reply.read())
    return found


def member(name: str, *, role: str = "roles/storage.objectViewer", condition: Object | None = None) -> Object:
    """A member as terraform plans it."""
    return {"bucket": "test-bucket", "role": role, "member": name, "condition": [condition] if condition else []}


def bindings(running: emulator.Running) -> list[tuple[str, list[str], bool]]:
    """(role, members, whether there is a condition) of the bucket's policy."""
    found = call(running, "GET", f"{POLICY}?optionsRequestedPolicyVersion=3").get("bindings", [])
    assert isinstance(found, list)
    return [(b["role"], b["members"], "condition" in b) for b in found]


def test_members_of_one_role_share_a_binding(running: emulator.Running, cloud: Cloud) -> None:
    states = [ROW.create(cloud, member(name)) for name in (A, B)]
    assert bindings(running) == [("roles/storage.objectViewer", [A, B], False)]
    ROW.delete(cloud, states[0])
    assert bindings(running) == [("roles/storage.objectViewer", [B], False)]
    ROW.delete(cloud, states[1])
    assert bindings(running) == []


def test_a_condition_is_a_binding_of_its_own(running: emulator.Running, cloud: Cloud) -> None:
    ROW.create(cloud, member(A))
    held = ROW.create(cloud, member(A, condition=HOLDS))
    role = "roles/storage.objectViewer"
    assert sorted(bindings(running)) == [(role, [A], False), (role, [A], True)]
    ROW.delete(cloud, held)
    assert bindings(running) == [(role, [A], False)]


def test_a_client_that_asks_for_no_conditions_sees_that_there_is_one(running: emulator.Running, cloud: Cloud) -> None:
    ROW.create(cloud, member(A, condition=HOLDS))
    policy = call(running, "GET", POLICY)
    assert policy["version"] == 1
    assert [b["role"].split("_withcond_")[0] for b in policy["bindings"]] == ["roles/storage.objectViewer"]
    assert "condition" not in policy["bindings"][0]


def test_the_same_member_in_another_case_is_the_same(running: emulator.Running, cloud: Cloud) -> None:
    ROW.create(cloud, member("user:B@Example.com"))
    ROW.create(cloud, member(B))
    assert bindings(running) == [("roles/storage.objectViewer", [B], False)]


def test_many_writers_at_once_lose_nothing(running: emulator.Running, cloud: Cloud) -> None:
    names = [f"user:{i:02}@example.com" for i in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: ROW.create(cloud, member(name)), names))
    assert bindings(running) == [("roles/storage.objectViewer", names, False)]


def test_a_policy_that_somebody_else_changes_meanwhile_is_read_again(running: emulator.Running, cloud: Cloud) -> None:
    """Another writer gets in between the provider's read and its write, twice."""
    intruders = ["user:x@example.com", "user:y@example.com"]

    class Slow(Rest):
        def send(self, method: str, url: str, **rest: object) -> object:  # type: ignore[override]
            if method == "PUT" and intruders:
                policy = call(running, "GET", f"{POLICY}?optionsRequestedPolicyVersion=3")
                others = {"role": "roles/viewer", "members": [intruders.pop()]}
                call(running, "PUT", POLICY, policy | {"bindings": [*policy.get("bindings", []), others]})
            return super().send(method, url, **rest)

    slow = Cloud(settings=cloud.settings, rest=Slow(), call=cloud.call)
    ROW.create(slow, member(A))
    assert bindings(running) == [
        ("roles/storage.objectViewer", [A], False),
        ("roles/viewer", ["user:x@example.com", "user:y@example.com"], False),
    ]


def test_a_stale_etag_is_refused_and_a_missing_one_overwrites(running: emulator.Running, cloud: Cloud) -> None:
    before = call(running, "GET", POLICY)
    ROW.create(cloud, member(A))
    with pytest.raises(urllib.error.HTTPError, match="409"):
        call(running, "PUT", POLICY, before | {"bindings": []})
    call(running, "PUT", POLICY, {"bindings": []})
    assert bindings(running) == []


def test_a_conflict_that_never_ends_is_an_error(
    running: emulator.Running, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iam, "MAX_BACKOFF_SECONDS", 0.01)
    running.faults.add("PUT /iam$ 409")
    with pytest.raises(Failure, match="Error applying IAM policy for storage bucket 'b/test-bucket': googleapi: Error 409"):
        ROW.create(cloud, member(A))


def test_a_policy_goes_with_its_resource(running: emulator.Running, cloud: Cloud) -> None:
    state = ROW.create(cloud, member(A))
    urllib.request.urlopen(urllib.request.Request(f"{running.url}/storage/v1/b/test-bucket", method="DELETE"))  # noqa: S310
    assert ROW.read(cloud, state) is None
    ROW.delete(cloud, state)
    call(running, "POST", "/storage/v1/b?project=p", {"name": "test-bucket"})
    assert bindings(running) == []


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        pytest.param(
            {"bindings": [{"role": "roles/viewer", "members": ["nobody"]}]}, "Invalid member", id="a member without type"
        ),
        pytest.param({"bindings": [{"role": "x", "members": [A]}]}, "Invalid role", id="a role that is no role"),
        pytest.param(
            {"bindings": [{"role": "projects/p/roles/x", "members": [A]}]}, "does not exist", id="a custom role not made"
        ),
        pytest.param(
            {"bindings": [{"role": "roles/viewer", "members": [A], "condition": {"title": "t", "expression": "e"}}]},
            "version must be 3",
            id="a condition in an old version",
        ),
    ],
)
def test_bad_policies_are_refused(running: emulator.Running, policy: object, message: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        call(running, "PUT", POLICY, policy)
    assert refused.value.code == 400
    assert message in refused.value.read().decode()


def test_a_role_that_was_deleted_comes_back_with_its_new_permissions(running: emulator.Running, cloud: Cloud) -> None:
    row = RESOURCES["google_project_iam_custom_role"]
    planned: Object = {"project": "p", "role_id": "coordinator", "title": "t", "stage": "GA"}
    made = row.create(cloud, planned | {"permissions": ["cloudscheduler.jobs.get"]})
    row.delete(cloud, made)
    assert call(running, "GET", "/v1/projects/p/roles")["roles"] == []
    again = row.create(cloud, planned | {"permissions": ["cloudscheduler.jobs.pause"]})
    assert (again["permissions"], again["deleted"]) == (["cloudscheduler.jobs.pause"], False)
    with pytest.raises(Failure, match="already exists and must be imported"):
        row.create(cloud, planned | {"permissions": []})

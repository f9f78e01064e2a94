"""Who may do what on the emulator: callers, roles, conditions, and what IAM itself refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from local import emulator as target
from local.emulator.permissions import METHODS
from local.emulator.predefined import PERMISSIONS, known_roles, permissions_of
from local.emulator.services import services
from tests.local.jobs import HTTP
from tests.local.plain import Answer, Rest

P = "interlock-local"
PROJECT = f"/v1/projects/{P}"
BUCKET = "/storage/v1/b/flags"
JOBS = f"projects/{P}/locations/us-west2/jobs"
JOB = {"schedule": "15,45 * * * *", "httpTarget": HTTP}
SOMEBODY = f"somebody@{P}.iam.gserviceaccount.com"
HOLDS_ONLY = (
    'resource.name.startsWith("projects/_/buckets/flags/objects/holds/")'
    ' || api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("holds/")'
)
Json = dict[str, Any]


def as_(email: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer local:{email}"}


@pytest.fixture
def cloud(rest: Rest) -> Rest:
    """A project with a job, a bucket with an object in each of two folders, and an account without rights."""
    assert rest("POST", f"{PROJECT}/serviceAccounts", {"accountId": "somebody"}).status == 200
    assert rest("POST", f"/v1/{JOBS}", {**JOB, "name": f"{JOBS}/tick"}).status == 200
    assert rest("POST", f"/storage/v1/b?project={P}", {"name": "flags"}).status == 200
    for name in ("holds/a", "ledger/a"):
        assert write(rest, name).status == 200
    return rest


def write(rest: Rest, name: str, headers: Mapping[str, str] | None = None) -> Answer:
    return rest("POST", f"/upload{BUCKET}/o?uploadType=media&name={name}", b"{}", headers)


def bind(
    rest: Rest, role: str, *, place: str = PROJECT, condition: str = "", member: str = f"serviceAccount:{SOMEBODY}"
) -> Answer:
    binding: Json = {"role": role, "members": [member]}
    if condition:
        binding["condition"] = {"title": "only some", "expression": condition}
    policy = {"version": 3, "bindings": [binding]}
    if place == BUCKET:
        return rest("PUT", f"{place}/iam", policy)
    return rest("POST", f"{place}:setIamPolicy", {"policy": policy})


def custom(rest: Rest, *permissions: str) -> Answer:
    return rest("POST", f"{PROJECT}/roles", {"roleId": "ours", "role": {"includedPermissions": list(permissions)}})


# Every method

SERVED = [method for row in services() for method in row.served[1] if not method.endswith(".testIamPermissions")]


@pytest.mark.parametrize("method", SERVED)
def test_each_method_that_is_served_says_what_it_needs(method: str) -> None:
    assert method in METHODS


def test_the_table_has_no_method_that_is_not_served() -> None:
    assert set(METHODS) <= set(SERVED)


@pytest.mark.parametrize("role", known_roles())
def test_each_role_of_googles_has_permissions_that_are_known(role: str) -> None:
    found = permissions_of(role)
    assert found
    assert found <= PERMISSIONS


# Who calls


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="without a token it is the owner"),
        pytest.param({"Authorization": "Bearer local"}, 200, id="and with the owner's"),
        pytest.param(as_(SOMEBODY), 403, id="an account that was granted nothing may nothing"),
        pytest.param(as_("ann@example.com"), 403, id="nor may a person"),
        pytest.param(as_(f"nobody@{P}.iam.gserviceaccount.com"), 401, id="an account that is not there has no token"),
        pytest.param({"Authorization": "Bearer ya29.real"}, 401, id="a token of Google's is not taken"),
    ],
)
def test_a_call_is_by_whom_its_token_names(cloud: Rest, headers: Mapping[str, str], status: int) -> None:
    assert cloud("GET", f"/v1/{JOBS}", headers=headers).status == status


def test_a_disabled_account_has_no_token(cloud: Rest) -> None:
    bind(cloud, "roles/viewer")
    assert cloud("GET", f"/v1/{JOBS}", headers=as_(SOMEBODY)).status == 200
    assert cloud("POST", f"{PROJECT}/serviceAccounts/{SOMEBODY}:disable").status == 200
    assert cloud("GET", f"/v1/{JOBS}", headers=as_(SOMEBODY)).status == 401


# What a role allows

JOBS_OF = {
    "roles/cloudscheduler.viewer": {"list"},
    "roles/cloudscheduler.admin": {"list", "pause", "resume"},
    "roles/viewer": {"list"},
    "roles/editor": {"list", "pause", "resume"},
    "roles/storage.admin": set(),
}


@pytest.mark.parametrize(("role", "may"), JOBS_OF.items())
def test_a_role_on_the_project_allows_what_it_has(cloud: Rest, role: str, may: set[str]) -> None:
    assert bind(cloud, role).status == 200
    calls = {
        "list": cloud("GET", f"/v1/{JOBS}", headers=as_(SOMEBODY)),
        "pause": cloud("POST", f"/v1/{JOBS}/tick:pause", {}, as_(SOMEBODY)),
        "resume": cloud("POST", f"/v1/{JOBS}/tick:resume", {}, as_(SOMEBODY)),
    }
    assert {name for name, answer in calls.items() if answer.status == 200} == may
    refused = [answer.message for name, answer in calls.items() if name not in may]
    assert all("lacks IAM permission" in message for message in refused)


def test_a_role_of_the_project_allows_its_permissions_until_it_is_deleted(cloud: Rest) -> None:
    assert custom(cloud, "cloudscheduler.jobs.list").status == 200
    assert bind(cloud, f"projects/{P}/roles/ours").status == 200
    assert cloud("GET", f"/v1/{JOBS}", headers=as_(SOMEBODY)).status == 200
    assert cloud("GET", f"/v1/{JOBS}/tick", headers=as_(SOMEBODY)).status == 403
    cloud("DELETE", f"{PROJECT}/roles/ours")
    assert cloud("GET", f"/v1/{JOBS}", headers=as_(SOMEBODY)).status == 403


def test_without_full_view_the_target_of_a_job_is_hidden(cloud: Rest) -> None:
    custom(cloud, "cloudscheduler.jobs.list", "cloudscheduler.jobs.get")
    bind(cloud, f"projects/{P}/roles/ours")
    (listed,) = cloud("GET", f"/v1/{JOBS}", headers=as_(SOMEBODY)).json["jobs"]
    alone = cloud("GET", f"/v1/{JOBS}/tick", headers=as_(SOMEBODY)).json
    assert listed == alone
    assert "httpTarget" not in alone
    assert {"name", "schedule", "state"} <= alone.keys()
    assert "httpTarget" in cloud("GET", f"/v1/{JOBS}/tick").json


STORAGE = {
    "objects of the prefix are read": ("GET", "/o/holds%2Fa", 200),
    "others are not": ("GET", "/o/ledger%2Fa", 403),
    "nor is the bucket": ("GET", "", 403),
    "a list of the prefix is answered": ("GET", "/o?prefix=holds/", 200),
    "one of more than the prefix is not": ("GET", "/o?prefix=hold", 403),
    "nor one without": ("GET", "/o", 403),
    "an object of the prefix is deleted": ("DELETE", "/o/holds%2Fa", 204),
    "another is not": ("DELETE", "/o/ledger%2Fa", 403),
}


@pytest.mark.parametrize(("method", "path", "status"), STORAGE.values(), ids=STORAGE.keys())
def test_a_condition_bounds_a_role_on_a_bucket(cloud: Rest, method: str, path: str, status: int) -> None:
    assert bind(cloud, "roles/storage.objectUser", place=BUCKET, condition=HOLDS_ONLY).status == 200
    assert cloud(method, f"{BUCKET}{path}", headers=as_(SOMEBODY)).status == status


def test_an_object_that_is_there_is_overwritten_by_who_may_delete_it(cloud: Rest) -> None:
    assert bind(cloud, "roles/storage.objectCreator", place=BUCKET).status == 200
    assert write(cloud, "holds/new", as_(SOMEBODY)).status == 200
    again = write(cloud, "holds/new", as_(SOMEBODY))
    assert (again.status, "storage.objects.delete" in again.body.decode()) == (403, True)


def test_a_job_that_calls_as_an_account_is_made_by_who_may_act_as_it(cloud: Rest) -> None:
    cloud("POST", f"{PROJECT}/serviceAccounts", {"accountId": "invoker"})
    invoker = f"invoker@{P}.iam.gserviceaccount.com"
    job = {**JOB, "name": f"{JOBS}/calls"}
    job["httpTarget"] = {"uri": "https://a.invalid", "oidcToken": {"serviceAccountEmail": invoker}}
    bind(cloud, "roles/cloudscheduler.admin")
    refused = cloud("POST", f"/v1/{JOBS}", job, as_(SOMEBODY))
    assert (refused.status, "iam.serviceAccounts.actAs" in refused.message) == (403, True)
    bind(cloud, "roles/iam.serviceAccountUser", place=f"{PROJECT}/serviceAccounts/{invoker}")
    assert cloud("POST", f"/v1/{JOBS}", job, as_(SOMEBODY)).status == 200


# What IAM refuses

CONDITIONS = {
    "a method that is not evaluated here": ('resource.name.extract("a") == "b"', "resource.name.extract"),
    "an attribute of requests from networks": ('destination.port == "1"', "destination.port"),
    "half an expression": ('resource.name == "a" &&', "an end"),
    "more operators than Google takes": (" || ".join(['resource.name == "a"'] * 14), "12 logical operators"),
}


@pytest.mark.parametrize(("expression", "said"), CONDITIONS.values(), ids=CONDITIONS.keys())
def test_a_condition_that_can_not_be_evaluated_is_refused_by_name(cloud: Rest, expression: str, said: str) -> None:
    answer = bind(cloud, "roles/viewer", condition=expression)
    assert (answer.status, said in answer.message) == (400, True)


ROLES = {
    "roles/cloudscheduler.pauser": 400,
    "roles/interlock": 400,
    f"projects/{P}/roles/absent": 400,
    "roles/bigquery.dataViewer": 200,
    "roles/cloudscheduler.jobRunner": 200,
}


@pytest.mark.parametrize(("role", "status"), ROLES.items())
def test_a_role_that_does_not_exist_is_refused(cloud: Rest, role: str, status: int) -> None:
    assert bind(cloud, role).status == status


@pytest.mark.parametrize("permission", ["cloudscheduler.jobs.stop", "storage.buckets.everything", "interlock.jobs.get", "x"])
def test_a_permission_that_does_not_exist_is_refused(cloud: Rest, permission: str) -> None:
    assert custom(cloud, permission).status == 400


@pytest.mark.parametrize("place", [PROJECT, BUCKET])
def test_a_service_account_that_does_not_exist_is_refused(cloud: Rest, place: str) -> None:
    answer = bind(cloud, "roles/viewer", place=place, member=f"serviceAccount:nobody@{P}.iam.gserviceaccount.com")
    assert (answer.status, "does not exist" in answer.message) == (400, True)


def test_an_account_made_anew_is_another_identity(cloud: Rest) -> None:
    bind(cloud, "roles/viewer")
    account = f"{PROJECT}/serviceAccounts/{SOMEBODY}"
    unique = cloud("GET", account).json["uniqueId"]
    assert cloud("DELETE", account).status == 200
    assert cloud("POST", f"{PROJECT}/serviceAccounts", {"accountId": "somebody"}).status == 200
    ((member,),) = [binding["members"] for binding in cloud("POST", f"{PROJECT}:getIamPolicy", {}).json["bindings"]]
    assert member == f"deleted:serviceAccount:{SOMEBODY}?uid={unique}"
    assert cloud("GET", f"/v1/{JOBS}", headers=as_(SOMEBODY)).status == 403
    assert bind(cloud, "roles/viewer").status == 200
    assert cloud("GET", f"/v1/{JOBS}", headers=as_(SOMEBODY)).status == 200


AGES = {
    "6d": {"get": 200, "create": 400, "undelete": 200},
    "8d": {"get": 404, "create": 400, "undelete": 404},
    "36d": {"get": 404, "create": 400, "undelete": 404},
    "38d": {"get": 404, "create": 200},
}


@pytest.mark.parametrize(("age", "answers"), AGES.items())
def test_a_deleted_role_can_be_had_back_for_a_week_and_blocks_its_id_for_a_month_more(
    cloud: Rest, age: str, answers: Mapping[str, int]
) -> None:
    custom(cloud, "cloudscheduler.jobs.list")
    cloud("POST", "/_local/clock", {"set": "2026-01-01T00:00:00Z"})
    cloud("DELETE", f"{PROJECT}/roles/ours")
    days = int(age.removesuffix("d"))
    cloud("POST", "/_local/clock", {"set": f"2026-{1 + days // 31:02}-{1 + days % 31:02}T00:00:00Z"})
    calls = {
        "get": lambda: cloud("GET", f"{PROJECT}/roles/ours"),
        "create": lambda: custom(cloud, "cloudscheduler.jobs.list"),
        "undelete": lambda: cloud("POST", f"{PROJECT}/roles/ours:undelete", {}),
    }
    assert {name: calls[name]().status for name in answers} == answers


def test_a_grant_counts_only_after_the_delay_that_was_asked_for(cloud: Rest, emulator: target.Running) -> None:
    emulator.faults.add("grants=60s")
    cloud("POST", "/_local/clock", {"set": "2026-01-01T00:00:00Z"})
    bind(cloud, "roles/viewer")
    assert cloud("GET", f"/v1/{JOBS}", headers=as_(SOMEBODY)).status == 403
    cloud("POST", "/_local/clock", {"set": "2026-01-01T00:01:01Z"})
    assert cloud("GET", f"/v1/{JOBS}", headers=as_(SOMEBODY)).status == 200
    bind(cloud, "roles/storage.admin")
    assert cloud("GET", f"/v1/{JOBS}", headers=as_(SOMEBODY)).status == 200, "what was taken away counts on for as long"
    cloud("POST", "/_local/clock", {"set": "2026-01-01T00:02:03Z"})
    assert cloud("GET", f"/v1/{JOBS}", headers=as_(SOMEBODY)).status == 403


# What was used


def test_the_rights_that_an_account_has_used_are_listed(cloud: Rest) -> None:
    bind(cloud, "roles/cloudscheduler.admin")
    cloud("GET", f"/v1/{JOBS}", headers=as_(SOMEBODY))
    cloud("POST", f"/v1/{JOBS}/tick:pause", {}, as_(SOMEBODY))
    cloud("GET", BUCKET, headers=as_(SOMEBODY))  # refused: that is no use
    used = cloud("GET", "/_local/rights").json["accounts"]
    assert used == {
        SOMEBODY: {
            "cloudscheduler.jobs.fullView": {f"projects/{P}": 2},
            "cloudscheduler.jobs.list": {f"projects/{P}": 1},
            "cloudscheduler.jobs.pause": {f"{JOBS}/tick": 1},
        }
    }
    assert cloud("DELETE", "/_local/rights").json == {"accounts": {}}

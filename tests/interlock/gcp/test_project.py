"""What a project says about itself: against the emulator, which has the shapes of the discovery documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.gcp import CloudError
from interlock.gcp.project import PERMISSIONS_AT_ONCE, PROBES, About, Binding, GoogleProject, Resource
from interlock.gcp.session import Refusal
from interlock.gcp.storage import ensure_state_bucket
from local.emulator import Running, serve
from tests.local.plain import Rest

PROJECT = "interlock-local"
EMAIL = f"interlock-build@{PROJECT}.iam.gserviceaccount.com"


@pytest.fixture
def cloud(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """With every API turned on, or a new project by `indirect`."""
    with serve(tmp_path / "state", **getattr(request, "param", {})) as running:
        monkeypatch.setenv("INTERLOCK_LOCAL_URL", running.url)
        yield running


@pytest.fixture
def project(cloud: Running) -> GoogleProject:
    del cloud
    return GoogleProject(PROJECT)


def test_its_id_number_and_that_it_is_active(project: GoogleProject) -> None:
    assert project.about() == About(id=PROJECT, number="100000000000", is_active=True)


@pytest.mark.parametrize("cloud", [{"enabled": ()}], indirect=True, ids=["a new project"])
def test_apis_are_off_until_they_are_turned_on_and_stay_on_when_that_is_said_again(project: GoogleProject) -> None:
    before = project.enabled()
    assert "storage" in before
    assert before.isdisjoint({"iam", "run"})
    for _ in range(2):
        project.enable(["iam", "storage"])
        assert project.enabled() == before | {"iam"}


@pytest.mark.parametrize("api", PROBES)
def test_an_api_that_is_off_is_told_by_a_read(cloud: Running, project: GoogleProject, api: str) -> None:
    assert not project.is_off(api)
    cloud.faults.add(f"api {api}.googleapis.com off")
    assert project.is_off(api)


def test_a_bucket_and_its_settings(project: GoogleProject, cloud: Running) -> None:
    assert project.bucket("state") is None
    ensure_state_bucket(PROJECT, "state", "us-west2")
    made = project.bucket("state")
    assert made is not None
    assert (made.location, made.retention) == ("US-WEST2", 0)
    assert made.is_versioned
    assert made.is_uniform
    assert made.is_never_public
    assert not made.deletes_live
    Rest(cloud.url)("POST", f"/storage/v1/b?project={PROJECT}", {"name": "plain"})
    plain = project.bucket("plain")
    assert plain is not None
    assert [plain.is_versioned, plain.is_uniform, plain.is_never_public] == [False] * 3


@pytest.mark.parametrize(
    ("condition", "deletes"),
    [
        ({"age": 30}, True),
        ({"age": 30, "isLive": True}, True),
        ({"age": 30, "isLive": False}, False),
        ({"daysSinceNoncurrentTime": 30}, False),
        ({"numNewerVersions": 3}, False),
    ],
)
def test_a_lifecycle_rule_deletes_what_is_in_use_or_only_what_was(
    project: GoogleProject, cloud: Running, condition: dict[str, object], deletes: bool
) -> None:
    rule = {"action": {"type": "Delete"}, "condition": condition}
    made = Rest(cloud.url)("POST", f"/storage/v1/b?project={PROJECT}", {"name": "old", "lifecycle": {"rule": [rule]}})
    assert made.status == 200
    found = project.bucket("old")
    assert found is not None
    assert found.deletes_live is deletes


def test_the_first_object_under_a_prefix(project: GoogleProject, cloud: Running) -> None:
    rest = Rest(cloud.url)
    rest("POST", f"/storage/v1/b?project={PROJECT}", {"name": "flags"})
    assert project.first_object("flags", "holds/") == ""
    for name in ("backfills/a", "holds/b", "holds/c"):
        rest("POST", f"/upload/storage/v1/b/flags/o?uploadType=media&name={name}", b"{}")
    assert project.first_object("flags", "holds/") == "holds/b"


def test_permissions_are_asked_for_where_they_are_granted(project: GoogleProject, cloud: Running) -> None:
    rest = Rest(cloud.url)
    rest("POST", f"/storage/v1/b?project={PROJECT}", {"name": "flags"})
    rest("POST", "/upload/storage/v1/b/flags/o?uploadType=media&name=holds/b", b"{}")
    rest("POST", f"/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "interlock-build"})
    service = f"projects/{PROJECT}/locations/us-west2/services/interlock-coordinator"
    rest("POST", f"/v2/{service.rpartition('/')[0]}?serviceId=interlock-coordinator", {})
    for resource, permission in (
        (Resource(kind="project", name=PROJECT), "cloudscheduler.jobs.get"),
        (Resource(kind="bucket", name="flags"), "storage.buckets.get"),
        (Resource(kind="object", name="flags/holds/b"), "storage.objects.delete"),
        (Resource(kind="account", name=EMAIL), "iam.serviceAccounts.actAs"),
        (Resource(kind="service", name=service), "run.routes.invoke"),
    ):
        assert project.granted(resource, [permission]) == {permission}, resource


@pytest.mark.parametrize(
    "resource",
    [
        Resource(kind="bucket", name="none"),
        Resource(kind="object", name="none/holds/b"),
        Resource(kind="account", name=EMAIL),
        Resource(kind="service", name=f"projects/{PROJECT}/locations/us-west2/services/none"),
    ],
    ids=lambda resource: resource.kind,
)
def test_of_what_is_not_there_no_permission_can_be_told(project: GoogleProject, resource: Resource) -> None:
    assert project.granted(resource, ["storage.objects.get"]) is None


def test_more_permissions_than_one_call_takes_are_asked_for_in_several(project: GoogleProject) -> None:
    many = [f"a.b.c{number}" for number in range(2 * PERMISSIONS_AT_ONCE + 1)]
    assert project.granted(Resource(kind="project", name=PROJECT), many) == frozenset(many)


def test_a_permission_that_is_none_is_refused(project: GoogleProject) -> None:
    with pytest.raises(Refusal, match="not valid"):
        project.granted(Resource(kind="project", name=PROJECT), ["jobs"])


def test_accounts_topics_and_channels(project: GoogleProject, cloud: Running) -> None:
    rest = Rest(cloud.url)
    assert not project.has_account(EMAIL)
    rest("POST", f"/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "interlock-build"})
    assert project.has_account(EMAIL)
    rest("POST", f"/v1/projects/{PROJECT}/serviceAccounts/{EMAIL}:disable", {})
    assert not project.has_account(EMAIL)
    topic = f"projects/{PROJECT}/topics/pages"
    assert not project.has_topic(topic)
    rest("PUT", f"/v1/{topic}", {})
    assert project.has_topic(topic)
    mail = {"type": "email", "labels": {"email_address": "a@acme.dev"}, "verificationStatus": "UNVERIFIED"}
    made = rest("POST", f"/v3/projects/{PROJECT}/notificationChannels", mail)
    found = project.channel(made.json["name"])
    assert found is not None
    assert (found.kind, found.is_verified, found.is_enabled) == ("email", False, True)
    assert project.channel(f"projects/{PROJECT}/notificationChannels/1") is None


def test_the_policy_with_its_conditions(project: GoogleProject, cloud: Running) -> None:
    member, condition = f"serviceAccount:{EMAIL}", {"title": "t", "expression": 'resource.name == "x"'}
    bindings = [
        {"role": "roles/viewer", "members": [member]},
        {"role": "roles/storage.objectViewer", "members": [member], "condition": condition},
    ]
    rest = Rest(cloud.url)
    rest("POST", f"/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "interlock-build"})
    done = rest("POST", f"/v1/projects/{PROJECT}:setIamPolicy", {"policy": {"version": 3, "bindings": bindings}})
    assert done.status == 200
    assert {*project.bindings()} == {
        Binding(role="roles/viewer", members=frozenset({member}), condition=""),
        Binding(role="roles/storage.objectViewer", members=frozenset({member}), condition='resource.name == "x"'),
    }


def test_the_stand_in_has_no_datasets(project: GoogleProject) -> None:
    with pytest.raises(CloudError, match="no BigQuery"):
        project.dataset_location("d")

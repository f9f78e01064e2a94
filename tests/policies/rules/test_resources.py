"""Buckets, rights and APIs."""

from __future__ import annotations

import pytest

from policies.rules.estate import BUCKET, PROJECT_SERVICE, Origin
from policies.rules.judge import Outcome
from tests.policies.estates import ABSENT, Some, estate, resource, said, verdict


@pytest.mark.parametrize(
    ("rule", "attribute", "value", "found"),
    [
        pytest.param("bucket-private", "public_access_prevention", "enforced", None, id="private"),
        pytest.param(
            "bucket-private", "public_access_prevention", "inherited", '"inherited"; write "enforced"', id="inherited"
        ),
        pytest.param("bucket-private", "public_access_prevention", ABSENT, 'write "enforced"', id="unsaid"),
        pytest.param("bucket-private", "public_access_prevention", True, "which is not a text", id="a flag"),
        pytest.param("bucket-uniform", "uniform_bucket_level_access", True, None, id="uniform"),
        pytest.param("bucket-uniform", "uniform_bucket_level_access", "true", None, id="uniform, in a text"),
        pytest.param("bucket-uniform", "uniform_bucket_level_access", False, "write true", id="not uniform"),
        pytest.param("bucket-uniform", "uniform_bucket_level_access", ABSENT, "write true", id="uniformity unsaid"),
        pytest.param("bucket-uniform", "uniform_bucket_level_access", {}, "is {}, which is not true or false", id="a block"),
        pytest.param("bucket-versioned", "versioning", {"enabled": True}, None, id="versioned"),
        pytest.param("bucket-versioned", "versioning", [{"enabled": True}], None, id="versioned, in a plan"),
        pytest.param("bucket-versioned", "versioning", {"enabled": False}, "write versioning = {enabled = true}", id="off"),
        pytest.param("bucket-versioned", "versioning", {}, "write versioning = {enabled = true}", id="an empty block"),
        pytest.param("bucket-versioned", "versioning", ABSENT, "write versioning = {enabled = true}", id="versions unsaid"),
        pytest.param(
            "bucket-versioned", "versioning", True, "versioning is True, which is not a block", id="a flag for a block"
        ),
    ],
)
def test_a_bucket(rule: str, attribute: str, value: Some, found: str | None) -> None:
    messages = said(rule, resource(BUCKET, **{attribute: value}))
    assert [found in message for message in messages] == ([True] if found else []), messages


@pytest.mark.parametrize(
    ("kind", "role", "broad"),
    [
        pytest.param("project", "roles/logging.logWriter", False, id="what an account writes with"),
        pytest.param("project", "projects/p/roles/interlockCoordinator", False, id="a role of one's own"),
        pytest.param("storage_bucket", "roles/storage.objectViewer", False, id="reading a bucket"),
        pytest.param("cloud_run_v2_service", "roles/run.invoker", False, id="calling one service"),
        pytest.param("service_account", "roles/iam.serviceAccountUser", False, id="acting as one account"),
        pytest.param("project", "roles/owner", True, id="owner"),
        pytest.param("project", "roles/viewer", True, id="viewer of everything"),
        pytest.param("folder", "roles/editor", True, id="editor of a folder"),
        pytest.param("project", "roles/cloudscheduler.admin", True, id="admin of a service"),
        pytest.param("storage_bucket", "roles/storage.objectAdmin", True, id="admin of objects"),
        pytest.param("project", "roles/compute.instanceAdmin.v1", True, id="admin, in its first version"),
        pytest.param("project", "roles/resourcemanager.projectIamAdmin", True, id="admin of rights"),
        pytest.param("bigquery_dataset", "roles/bigquery.admin", True, id="admin of a data set"),
        pytest.param("project", "roles/datastore.owner", True, id="owner of a service"),
        pytest.param("cloud_run_v2_service", "roles/run.developer", True, id="developer"),
        pytest.param("project", "roles/pubsub.editor", True, id="editor of a service"),
        pytest.param("project", "roles/run.invoker", True, id="calling every service"),
        pytest.param("project", "roles/iam.serviceAccountTokenCreator", True, id="acting as every account"),
    ],
)
@pytest.mark.parametrize("how", ["member", "binding"])
def test_nobody_is_given_more_than_the_work_takes(kind: str, role: str, broad: bool, how: str) -> None:
    what = f"grants {role}; grant a role of just what is needed, on the one thing that needs it"
    assert said("broad-role", resource(f"google_{kind}_iam_{how}", role=role)) == ([what] if broad else [])


@pytest.mark.parametrize(
    "role",
    [
        "roles/bigquery.dataOwner",
        "roles/bigquery.dataEditor",
        "roles/cloudbuild.builds.editor",
        "roles/storage.legacyBucketOwner",
    ],
)
def test_roles_that_own_or_edit_are_broad(role: str) -> None:
    assert said("broad-role", resource("google_project_iam_member", role=role))


def test_a_whole_policy_is_not_written() -> None:
    [found] = said("broad-role", resource("google_project_iam_policy", policy_data="${data.google_iam_policy.all.policy_data}"))
    assert found.startswith("writes a whole policy")


def test_a_grant_without_a_role() -> None:
    assert said("broad-role", resource("google_project_iam_member")) == ["grants no role; name one"]


@pytest.mark.parametrize(
    ("written", "outcome"),
    [
        pytest.param("${google_project_iam_custom_role.it.id}", Outcome.PASSED, id="a role that the same stack makes"),
        pytest.param("${var.role}", Outcome.DEFERRED, id="a variable"),
        pytest.param("${google_project_iam_custom_role.it.id}${var.more}", Outcome.DEFERRED, id="more than one"),
    ],
)
def test_a_role_that_is_an_expression(written: str, outcome: Outcome) -> None:
    found = verdict("broad-role", estate(resource("google_project_iam_member", role=written)))
    assert found is not None
    assert found.outcome is outcome


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param(False, False, id="stays on"),
        pytest.param("false", False, id="stays on, in a text"),
        pytest.param(True, True, id="is turned off"),
        pytest.param(ABSENT, True, id="unsaid"),
    ],
)
def test_an_api_stays_on(value: Some, found: bool) -> None:
    what = "would turn its API off when it is destroyed; write disable_on_destroy = false"
    assert said("project-service", resource(PROJECT_SERVICE, disable_on_destroy=value)) == ([what] if found else [])


@pytest.mark.parametrize(
    ("rule", "kind", "attribute"),
    [
        ("bucket-private", BUCKET, "public_access_prevention"),
        ("bucket-uniform", BUCKET, "uniform_bucket_level_access"),
        ("bucket-versioned", BUCKET, "versioning"),
        ("project-service", PROJECT_SERVICE, "disable_on_destroy"),
        ("broad-role", "google_project_iam_member", "role"),
    ],
)
def test_what_only_an_apply_knows_waits_for_the_plan_and_there_fails(rule: str, kind: str, attribute: str) -> None:
    waiting = verdict(rule, estate(resource(kind, **{attribute: "${var.x}"})))
    unknown = resource(kind, templates=False, unknown={attribute: True})
    assert waiting is not None
    assert waiting.outcome is Outcome.DEFERRED
    assert said(rule, unknown, origin=Origin.PLAN) == [
        f"{attribute} is known only after the apply, so {rule} can't be checked; write a value that a plan knows"
    ]

"""What Google lacks, in the words of its APIs as the provider passes them on."""

from __future__ import annotations

import pytest

from interlock.roles import DEPLOYER
from interlock.terraform.events import Problem
from interlock.terraform.refusals import Lack, blocked_roles, lack_of, lacks_of

P = "shop-prod"
VISIT = "Enable it by visiting https://console.developers.google.com/apis/api/{}.googleapis.com/overview?project=x then retry."
DETAILS = """googleapi: Error 403: API Keys API is off.
Details: [ { "@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "googleapis.com", "metadata": { "consumer":
"projects/shop-prod", "service": "apikeys.googleapis.com" }, "reason": "SERVICE_DISABLED" } ]"""
INFO = """googleapi: Error 403: refused.
Details: [ { "@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "iam.googleapis.com", "metadata": { "permission":
"iam.serviceAccounts.get" }, "reason": "IAM_PERMISSION_DENIED" } ] , forbidden"""
BUILD = "interlock-build@shop-prod.iam.gserviceaccount.com"
DEPLOYS = "deploys@shop-prod.iam.gserviceaccount.com"


def right(name: str, member: str = "") -> Lack:
    return Lack(rights=(name,), member=member)


@pytest.mark.parametrize(
    ("text", "lack"),
    [
        pytest.param(
            f"Error creating Job: googleapi: Error 403: Cloud Scheduler API has not been used in project {P} before or it is "
            f"disabled. {VISIT.format('cloudscheduler')}",
            Lack(api="cloudscheduler.googleapis.com"),
            id="an API",
        ),
        pytest.param(
            f"Error code 7, message: Build failed: Cloud Build API has not been used in project 1 before or it is disabled. "
            f"{VISIT.format('cloudbuild')}",
            Lack(api="cloudbuild.googleapis.com"),
            id="an API that a build takes",
        ),
        pytest.param(DETAILS, Lack(api="apikeys.googleapis.com"), id="an API, in the details"),
        pytest.param(
            "Service 'cloudbuild.googleapis.com' is not enabled for consumer 'project:x'.",
            Lack(api="cloudbuild.googleapis.com"),
            id="an API, as Service Control says it",
        ),
        pytest.param("API [pubsub.googleapis.com] not enabled on project [1]", Lack(api="pubsub.googleapis.com"), id="gcloud"),
        pytest.param(
            'Error 403: The principal (user or service account) lacks IAM permission "cloudscheduler.jobs.create" for the '
            'resource "projects/x/locations/y" (or the resource may not exist).',
            right("cloudscheduler.jobs.create"),
            id="Cloud Scheduler",
        ),
        pytest.param(
            f"Error 403: {DEPLOYS} does not have storage.buckets.create access to the Google Cloud project. Permission "
            "'storage.buckets.create' denied on resource (or it may not exist)., forbidden",
            right("storage.buckets.create", DEPLOYS),
            id="Cloud Storage",
        ),
        pytest.param(
            "querying Cloud Storage failed: googleapi: Error 403: a@b.c does not have storage.objects.list access to tf., "
            "forbidden",
            right("storage.objects.list", "a@b.c"),
            id="Cloud Storage before",
        ),
        pytest.param(
            "Error 403: Permission 'iam.serviceAccounts.get' denied on resource (or it may not exist).",
            right("iam.serviceAccounts.get"),
            id="IAM",
        ),
        pytest.param(INFO, right("iam.serviceAccounts.get"), id="IAM, in the details"),
        pytest.param(
            "Error creating service account: googleapi: Error 403: Permission iam.serviceAccounts.create is required to "
            "perform this operation on project projects/x., forbidden",
            right("iam.serviceAccounts.create"),
            id="IAM before",
        ),
        pytest.param(
            "Error 403: Could not create Cloud Run service f. Permission \u2018iam.serviceaccounts.actAs\u2019 denied on "
            f"service account {DEPLOYS} (or it may not exist).",
            right("iam.serviceAccounts.actAs"),
            id="a function's account",
        ),
        pytest.param(
            "Caller is missing permission 'iam.serviceaccounts.actAs' on service account projects/-/serviceAccounts/x.",
            right("iam.serviceAccounts.actAs"),
            id="a function's account before",
        ),
        pytest.param(
            "Error 403: Permission 'run.services.setIamPolicy' denied on resource 'projects/x' (or resource may not exist).",
            right("run.services.setIamPolicy"),
            id="Cloud Run",
        ),
        pytest.param(
            "Error 403: Permission monitoring.alertPolicies.create denied (or the resource may not exist).",
            right("monitoring.alertPolicies.create"),
            id="Cloud Monitoring",
        ),
        pytest.param(
            "Error 403: Required 'compute.networks.create' permission for 'projects/x', forbidden",
            right("compute.networks.create"),
            id="Compute Engine",
        ),
        pytest.param(
            "Caller does not have required permission to use project x. Grant the caller the "
            "roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission",
            right("serviceusage.services.use"),
            id="a project to be counted for",
        ),
        pytest.param(
            "Error 403: Permission denied to enable service [run.googleapis.com]",
            right("serviceusage.services.enable"),
            id="who may not enable an API",
        ),
        pytest.param(
            "Error 403: Permission denied to list services for consumer container [projects/1]",
            right("serviceusage.services.list"),
            id="who may not list them",
        ),
        pytest.param(
            "Build failed with status: FAILURE and message: failed to Fetch: failed to download archive gs://b/f.zip: Access "
            f"to bucket b denied. You must grant Storage Object Viewer permission to {BUILD}. If you are",
            right("storage.objects.get", BUILD),
            id="a build that can't read its source",
        ),
        pytest.param(
            f"The service account running this build projects/x/serviceAccounts/{BUILD} does not have permission to write "
            "logs to Cloud Logging.",
            right("logging.logEntries.create", BUILD),
            id="a build that can't log",
        ),
        pytest.param("Error 400: Schedule or time zone is invalid.", None, id="anything else"),
        pytest.param("Error 403: The user has exceeded the quota", None, id="a refusal for another reason"),
    ],
)
def test_what_is_lacking_is_read_from_the_words(text: str, lack: Lack | None) -> None:
    assert lack_of(Problem(summary="Error", detail=text, address="", is_error=True)) == lack


@pytest.mark.parametrize(
    ("text", "address", "first"),
    [
        pytest.param(
            "Error 403: User not authorized to perform this action.",
            "google_pubsub_topic.alerts",
            "pubsub.topics.create",
            id="Pub/Sub",
        ),
        pytest.param(
            "Error 403: The caller does not have permission",
            'google_monitoring_alert_policy.a["b"]',
            "monitoring.alertPolicies.create",
            id="Monitoring",
        ),
        pytest.param(
            "Error 403: Policy update access denied., forbidden",
            "google_project_iam_member.x",
            "resourcemanager.projects.getIamPolicy",
            id="a policy",
        ),
    ],
)
def test_a_refusal_that_names_no_right_is_about_those_of_its_resource(text: str, address: str, first: str) -> None:
    lack = lack_of(Problem(summary=text, detail="", address=address, is_error=True))
    assert lack
    assert lack.rights[0] == first
    assert {*lack.rights} <= {right for grant in DEPLOYER.grants for right in grant.permissions}
    assert lack_of(Problem(summary=text, detail="", address="", is_error=True)) is None


def test_a_role_whose_id_is_blocked_is_said_with_until_when() -> None:
    text = "Error 400: You can't create a role_id (interlockCoordinator) which has been marked for deletion."
    error = Problem(summary="Error creating the custom project role x", detail=text, address="", is_error=True)
    (said,) = blocked_roles([error, error])
    assert "interlockCoordinator can't be used from day 7 to day 37" in said


def test_each_is_said_once_and_a_warning_never() -> None:
    off = Problem(summary=VISIT.format("run"), detail="", address="", is_error=True)
    warning = Problem(summary=VISIT.format("pubsub"), detail="", address="", is_error=False)
    assert lacks_of([off, off, warning]) == [Lack(api="run.googleapis.com")]


def test_the_accounts_of_ours_get_what_they_need_from_the_stacks() -> None:
    assert right("storage.objects.get", BUILD).by_the_stacks
    assert not right("storage.objects.get", DEPLOYS).by_the_stacks


def test_who_may_not_turn_on_an_api_hears_the_right_and_the_api() -> None:
    text = "Error 403: Permission denied to enable service [pubsub.googleapis.com, run.googleapis.com]"
    found = lacks_of([Problem(summary="Error", detail=text, address="", is_error=True)])
    apis = [Lack(api="pubsub.googleapis.com"), Lack(api="run.googleapis.com")]
    assert found == [right("serviceusage.services.enable"), *apis]

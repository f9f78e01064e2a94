"""The contracts of service accounts, roles, topics, subscriptions and IAM members."""

from __future__ import annotations

import pytest

from local.provider.cloud import Failure, Settings
from local.provider.types import RESOURCES
from tests.local.provider.contract import AllKept, Contract
from tests.local.provider.stand import PROJECT, REGION, Stand

ACCOUNT_ID = f"projects/{PROJECT}/serviceAccounts/coordinator@{PROJECT}.iam.gserviceaccount.com"
SERVICE = f"/v2/projects/{PROJECT}/locations/{REGION}/services"
ACCOUNT = """
resource "google_service_account" "it" {
  account_id   = "coordinator"
  display_name = "%(name)s"
  description  = "pauses and resumes"
  disabled     = %(disabled)s
}
"""
ROLE = """
resource "google_project_iam_custom_role" "it" {
  role_id     = "coordinator"
  title       = "Coordinator"
  description = "pause and resume"
  permissions = ["cloudscheduler.jobs.pause", "cloudscheduler.jobs.enable"%(more)s]
}
"""
TOPIC = """
resource "google_pubsub_topic" "it" {
  name                       = "incidents"
  message_retention_duration = "%(retention)s"
  labels                     = { %(labels)s }
  message_storage_policy { allowed_persistence_regions = ["us-west2", "us-west1"] }
}
"""
PUSH = """
resource "google_pubsub_topic" "t" { name = "incidents" }
resource "google_pubsub_subscription" "it" {
  name                 = "to-coordinator"
  topic                = google_pubsub_topic.t.%(topic)s
  ack_deadline_seconds = %(deadline)s
  labels               = { owner = "data-platform" }
  filter               = "attributes.kind = \\"incident\\""
  expiration_policy { ttl = "" }
  retry_policy { minimum_backoff = "%(backoff)s" }
  push_config {
    push_endpoint = "https://coordinator.example/incident"
    attributes    = { x-goog-version = "v1" }
    oidc_token {
      service_account_email = "push@test-project.iam.gserviceaccount.com"
      audience              = "%(audience)s"
    }
  }
}
"""
PULL = """
resource "google_pubsub_topic" "t" { name = "incidents" }
resource "google_pubsub_subscription" "it" {
  name                  = "pulled"
  topic                 = google_pubsub_topic.t.name
  retain_acked_messages = %(retain)s
}
"""
PARENTS = {
    "google_pubsub_topic_iam_member": (
        'resource "google_pubsub_topic" "p" { name = "incidents" }',
        "topic = google_pubsub_topic.p.name",
        f"projects/{PROJECT}/topics/incidents",
        f"/v1/projects/{PROJECT}/topics/incidents:getIamPolicy",
    ),
    "google_pubsub_subscription_iam_member": (
        'resource "google_pubsub_topic" "t" { name = "incidents" }\n'
        'resource "google_pubsub_subscription" "p" {\nname = "pulled"\ntopic = google_pubsub_topic.t.id\n}',
        "subscription = google_pubsub_subscription.p.id",
        f"projects/{PROJECT}/subscriptions/pulled",
        f"/v1/projects/{PROJECT}/subscriptions/pulled:getIamPolicy",
    ),
    "google_storage_bucket_iam_member": (
        'resource "google_storage_bucket" "p" {\nname = "test-bucket"\nlocation = "US"\n}',
        "bucket = google_storage_bucket.p.name",
        "b/test-bucket",
        "/storage/v1/b/test-bucket/iam",
    ),
    "google_service_account_iam_member": (
        'resource "google_service_account" "p" { account_id = "coordinator" }',
        "service_account_id = google_service_account.p.name",
        ACCOUNT_ID,
        f"/v1/{ACCOUNT_ID}",
    ),
    "google_project_iam_member": ("", f'project = "{PROJECT}"', PROJECT, f"/v1/projects/{PROJECT}"),
    "google_cloud_run_v2_service_iam_member": (
        "",
        'name = "coordinator"\nlocation = "us-west2"',
        f"projects/{PROJECT}/locations/{REGION}/services/coordinator",
        f"{SERVICE}/coordinator:getIamPolicy",
    ),
}
CONDITION = """
  condition {
    title      = "holds only"
    expression = "resource.name.startsWith(\\"projects/_/buckets/b/objects/holds/\\")"
  }
"""


def member(kind: str, *, role: str, condition: str = "") -> str:
    """A configuration with the parent and one member."""
    parent, argument, _, _ = PARENTS[kind]
    return f"""
{parent}
resource "{kind}" "it" {{
  {argument}
  role   = "{role}"
  member = "serviceAccount:Pusher@{PROJECT}.iam.gserviceaccount.com"
  {condition}
}}
"""


def members(kind: str) -> Contract:
    """The contract of an IAM member: everything in it forces replacement."""
    _, _, name, link = PARENTS[kind]
    conditional = not kind.startswith(("google_pubsub", "google_cloud_run"))  # of these the provider never asks for conditions
    condition = CONDITION if conditional else ""
    title = " holds only" if conditional else ""
    role = "roles/viewer"
    return Contract(
        address=f"{kind}.it",
        first=member(kind, role="roles/editor", condition=condition),
        second=member(kind, role=role, condition=condition),
        change="delete,create",
        import_ids=(f"{name} {role} serviceAccount:pusher@{PROJECT}.iam.gserviceaccount.com{title}",),
        link=link,
        stays=kind.startswith(("google_project", "google_cloud_run")),
    )


SHARED = ("coordinator", "incidents", "pulled")
CONTRACTS = [
    pytest.param(
        Contract(
            address="google_service_account.it",
            first=ACCOUNT % {"name": "a", "disabled": "false"},
            second=ACCOUNT % {"name": "b", "disabled": "false"},
            change="update display_name",
            import_ids=(ACCOUNT_ID,),
            link=f"/v1/{ACCOUNT_ID}",
        ),
        id="a service account that is called otherwise",
    ),
    pytest.param(
        Contract(
            address="google_service_account.it",
            first=ACCOUNT % {"name": "a", "disabled": "false"},
            # With a new name in one change the provider waits a minute for the name to be `true`, and fails: it writes what
            # `disabled` is to be beside display_name (resource_google_service_account.go, resourceGoogleServiceAccountUpdate).
            second=ACCOUNT % {"name": "a", "disabled": "true"},
            change="update disabled",
            import_ids=(ACCOUNT_ID,),
            link=f"/v1/{ACCOUNT_ID}",
        ),
        id="a service account that is disabled",
    ),
    pytest.param(
        Contract(
            address="google_project_iam_custom_role.it",
            first=ROLE % {"more": ""},
            second=ROLE % {"more": ', "cloudscheduler.jobs.run"'},
            change="update permissions",
            import_ids=("coordinator",),
            link=f"/v1/projects/{PROJECT}/roles/coordinator",
            stays=True,
        ),
        id="a custom role",
    ),
    pytest.param(
        Contract(
            address="google_pubsub_topic.it",
            first=TOPIC % {"retention": "86400s", "labels": 'a = "1", b = "2"'},
            second=TOPIC % {"retention": "172800s", "labels": 'a = "3"'},
            change="update effective_labels labels message_retention_duration terraform_labels",
            import_ids=("incidents",),
            after_import={"google_pubsub_topic.it": "update labels terraform_labels"},
            link=f"/v1/projects/{PROJECT}/topics/incidents",
        ),
        id="a topic with labels and a set of regions",
    ),
    pytest.param(
        Contract(
            address="google_pubsub_subscription.it",
            first=PUSH % {"topic": "name", "deadline": 10, "backoff": "10s", "audience": "a"},
            second=PUSH % {"topic": "id", "deadline": 60, "backoff": "20s", "audience": "https://coordinator.example"},
            change="update ack_deadline_seconds push_config retry_policy",
            import_ids=("to-coordinator",),
            after_import={"google_pubsub_subscription.it": "update labels terraform_labels"},
            link=f"/v1/projects/{PROJECT}/subscriptions/to-coordinator",
        ),
        id="a push subscription with an OIDC token that never expires",
    ),
    pytest.param(
        Contract(
            address="google_pubsub_subscription.it",
            first=PULL % {"retain": "false"},
            second=PULL % {"retain": "true"},
            change="update retain_acked_messages",
            import_ids=(f"projects/{PROJECT}/subscriptions/pulled",),
            after_import={"google_pubsub_subscription.it": "update terraform_labels"},
            link=f"/v1/projects/{PROJECT}/subscriptions/pulled",
        ),
        id="a subscription with nothing but defaults",
    ),
    *(pytest.param(members(kind), id=kind) for kind in PARENTS),
]


def prepare(stand: Stand) -> None:
    """A service for each contract to have."""
    for number in range(len(CONTRACTS)):
        stand.api("POST", f"{SERVICE}?serviceId=coordinator{number}", {})


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_type_keeps_its_contract(kept: AllKept, contract: Contract) -> None:
    kept.check(contract)


def test_a_condition_that_the_provider_does_not_ask_for_is_not_found_again(stand: Stand) -> None:
    """iam_cloud_run_v2_service.go asks for no version of the policy, so that Google shows none of its conditions."""
    stand.api("POST", f"{SERVICE}?serviceId=coordinator", {})
    kind = "google_cloud_run_v2_service_iam_member"
    stand.write(member(kind, role="roles/editor", condition=CONDITION))
    said = stand.apply(fails=True)
    assert "was gone right after it had been written" in said or "Root object was present, but now absent" in said


FORMS = [
    ("google_service_account", (ACCOUNT_ID, f"{PROJECT}/coordinator@{PROJECT}.iam.gserviceaccount.com")),
    ("google_project_iam_custom_role", (f"projects/{PROJECT}/roles/r", f"{PROJECT}/r", "r")),
    ("google_pubsub_topic", (f"projects/{PROJECT}/topics/t", f"{PROJECT}/t", "t")),
    ("google_pubsub_subscription", (f"projects/{PROJECT}/subscriptions/s", f"{PROJECT}/s", "s")),
    ("google_pubsub_topic_iam_member", (f"projects/{PROJECT}/topics/t r user:a", f"{PROJECT}/t r user:A", "t r user:a")),
    ("google_storage_bucket_iam_member", ("b/x r user:a The title", "x r user:a The title")),
    ("google_cloud_run_v2_service_iam_member", (f"projects/{PROJECT}/locations/{REGION}/services/s r user:a", "s r user:a")),
]


@pytest.mark.parametrize(("kind", "ids"), [pytest.param(kind, ids, id=kind) for kind, ids in FORMS])
def test_every_spelling_of_an_import_is_the_same_resource(kind: str, ids: tuple[str, ...]) -> None:
    settings = Settings(project=PROJECT, region=REGION, default_labels={}, endpoints={})
    states = [RESOURCES[kind].import_state(import_id, settings) for import_id in ids]
    assert [state["id"] for state in states] == [states[0]["id"]] * len(ids)


def test_an_import_of_half_a_member_says_what_is_missing() -> None:
    settings = Settings(project=PROJECT, region=REGION, default_labels={}, endpoints={})
    with pytest.raises(Failure, match="expected 'resource_name role member"):
        RESOURCES["google_project_iam_member"].import_state("p roles/viewer", settings)

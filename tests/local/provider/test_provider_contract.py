"""The contract of every type, through the real terraform: apply, empty plan, change, empty plan, import, destroy."""

from __future__ import annotations

import pytest

from local.provider.types import DATA_SOURCES, RESOURCES
from tests.local.plain import copy_object
from tests.local.provider import test_contract_accounts as accounts
from tests.local.provider import test_contract_alerting as alerting
from tests.local.provider import test_contract_functions as functions
from tests.local.provider import test_contract_metrics as metrics
from tests.local.provider.contract import AllKept, Contract
from tests.local.provider.stand import JOBS, PROJECT, REGION, Stand

RETRY = """
  retry_config {
    retry_count          = 1
    max_retry_duration   = "0s"
    min_backoff_duration = "5s"
    max_backoff_duration = "3600s"
    max_doublings        = 5
  }
"""
HTTP_JOB = """
resource "google_cloud_scheduler_job" "it" {
  name             = "scraper"
  description      = "%(description)s"
  schedule         = "%(schedule)s"
  time_zone        = "America/New_York"
  attempt_deadline = "540s"
  paused           = %(paused)s
  retry_config {
    retry_count          = %(retries)s
    max_retry_duration   = "600s"
    min_backoff_duration = "10s"
    max_backoff_duration = "300s"
    max_doublings        = 5
  }
  http_target {
    uri         = "https://scrapers.example/scrape/"
    http_method = "POST"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode(jsonencode({ scraper = "gamebook" }))
    oidc_token { service_account_email = "scheduler@example.iam.gserviceaccount.com" }
  }
}
"""
OAUTH_JOB = """
resource "google_cloud_scheduler_job" "it" {
  name     = "scraper"
  region   = "us-east1"
  schedule = "%(schedule)s"
  paused   = false
  %(retry)s
  http_target {
    uri         = "https://run.googleapis.com/v2/jobs/x:run"
    http_method = "POST"
    oauth_token { service_account_email = "scheduler@example.iam.gserviceaccount.com" }
  }
}
"""
PUBSUB_JOB = """
resource "google_cloud_scheduler_job" "it" {
  name      = "publisher"
  schedule  = "*/30 * * * *"
  paused    = false
  %(retry)s
  pubsub_target {
    topic_name = "projects/x/topics/y"
    data       = base64encode("hello")
    attributes = { %(attributes)s }
  }
}
"""
BUCKET = """
resource "google_storage_bucket" "it" {
  name                        = "test-bucket"
  location                    = "us-west2"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true
  %(labels)s
  versioning { enabled = %(versioned)s }
  soft_delete_policy { retention_duration_seconds = 0 }
  lifecycle_rule {
    action { type = "Delete" }
    condition {
      num_newer_versions = %(newer)s
      with_state         = "ARCHIVED"
    }
  }
  lifecycle_rule {
    action { type = "Delete" }
    condition {
      age            = 30
      matches_prefix = ["holds/"]
    }
  }
}
"""
BARE_BUCKET = """
resource "google_storage_bucket" "it" {
  name          = "test-bucket"
  location      = "US"
  force_destroy = %(force)s
}
"""
OBJECT = """
resource "google_storage_bucket" "b" {
  name     = "test-bucket"
  location = "US"
}
resource "google_storage_bucket_object" "it" {
  bucket       = google_storage_bucket.b.name
  name         = "backfills/tdza@2026-11-24T08:00:00Z.json"
  content      = "%(content)s"
  content_type = "application/json"
  metadata     = { owner = "analytics" }
}
"""
JOB_ID = f"projects/{PROJECT}/locations/{REGION}/jobs/scraper"

SHARED = ("test-bucket",)
CONTRACTS = [
    pytest.param(
        Contract(
            address="google_cloud_scheduler_job.it",
            first=HTTP_JOB % {"description": "a", "schedule": "15,45 * * * *", "paused": "false", "retries": 3},
            second=HTTP_JOB % {"description": "b", "schedule": "0 8 * * 2", "paused": "true", "retries": 0},
            change="update description paused retry_config schedule",
            import_ids=(JOB_ID, f"{PROJECT}/{REGION}/scraper", f"{REGION}/scraper", "scraper"),
            after_import={},
            link=f"{JOBS}/scraper",
        ),
        id="a job with a Cloud Run target and every field",
    ),
    pytest.param(
        Contract(
            address="google_cloud_scheduler_job.it",
            first=OAUTH_JOB % {"retry": RETRY, "schedule": "0 8 * * *"},
            second=OAUTH_JOB % {"retry": RETRY, "schedule": "0 9 * * *"},
            change="update schedule",
            import_ids=("us-east1/scraper",),
            after_import={},
            link=f"/v1/projects/{PROJECT}/locations/us-east1/jobs/scraper",
        ),
        id="a job with defaults, an OAuth target and a region of its own",
    ),
    pytest.param(
        Contract(
            address="google_cloud_scheduler_job.it",
            first=PUBSUB_JOB % {"retry": RETRY, "attributes": 'a = "1"'},
            second=PUBSUB_JOB % {"retry": RETRY, "attributes": 'a = "2", b = "3"'},
            change="update pubsub_target",
            import_ids=("publisher",),
            after_import={},
            link=f"{JOBS}/publisher",
        ),
        id="a job with a Pub/Sub target",
    ),
    pytest.param(
        Contract(
            address="google_storage_bucket.it",
            first=BUCKET % {"labels": 'labels = { a = "1", b = "2" }', "versioned": "true", "newer": 3},
            second=BUCKET % {"labels": 'labels = { a = "3" }', "versioned": "false", "newer": 5},
            change="update effective_labels labels lifecycle_rule terraform_labels versioning",
            import_ids=("test-bucket", f"{PROJECT}/test-bucket"),
            after_import={"google_storage_bucket.it": "update force_destroy labels terraform_labels"},
            link="/storage/v1/b/test-bucket",
        ),
        id="a bucket with every block",
    ),
    pytest.param(
        Contract(
            address="google_storage_bucket.it",
            first=BARE_BUCKET % {"force": "true"},
            second=BARE_BUCKET % {"force": "false"},
            change="update force_destroy",
            import_ids=("test-bucket",),
            after_import={"google_storage_bucket.it": "update terraform_labels"},
            link="/storage/v1/b/test-bucket",
        ),
        id="a bucket with nothing but defaults",
    ),
    pytest.param(
        Contract(
            address="google_storage_bucket_object.it",
            first=OBJECT % {"content": "{}"},
            second=OBJECT % {"content": "{ }"},
            change="update content crc32c detect_md5hash generation md5hash",
            import_ids=(),
            after_import={},
            link="/storage/v1/b/test-bucket/o/backfills%2Ftdza%402026-11-24T08%3A00%3A00Z.json",
        ),
        id="an object whose name has a slash, an at and colons",
    ),
]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_type_keeps_its_contract(kept: AllKept, contract: Contract) -> None:
    kept.check(contract)


def test_a_destroy_leaves_no_job_and_no_bucket(kept: AllKept) -> None:
    assert kept.stand.job_states() == {}
    assert kept.stand.api("GET", f"/storage/v1/b?project={PROJECT}")["items"] == []


def test_every_type_in_the_table_has_a_contract() -> None:
    every = [CONTRACTS, *(module.CONTRACTS for module in (accounts, alerting, functions, metrics))]
    contracted = {contract.values[0].type for contracts in every for contract in contracts}
    assert contracted == set(RESOURCES)
    assert set(DATA_SOURCES) == {"google_storage_bucket_objects", "google_storage_bucket_object_content"}


DATA = """
data "google_storage_bucket_objects" "flags" {
  bucket     = "test-bucket"
  prefix     = "%(prefix)s"
  match_glob = "%(glob)s"
}
output "names" { value = data.google_storage_bucket_objects.flags.bucket_objects[*].name }
"""
CONTENT = """
data "google_storage_bucket_object_content" "one" {
  bucket = "test-bucket"
  name   = "%s"
}
output "content" { value = data.google_storage_bucket_object_content.one.content }
"""


def _fill_bucket(stand: Stand, *names: str) -> None:
    stand.api("POST", f"/storage/v1/b?project={PROJECT}", {"name": "test-bucket"})
    for name in names:
        stand.api("POST", f"/upload/storage/v1/b/test-bucket/o?uploadType=media&name={name}", {"name": name})


def _output(stand: Stand, name: str) -> object:
    values = stand.plan()["planned_values"]
    assert isinstance(values, dict)
    return values["outputs"][name]["value"]


@pytest.mark.parametrize(
    ("prefix", "glob", "names"),
    [
        pytest.param("holds/", "", ["holds/all/x@1.json", "holds/job/y@2.json"], id="a prefix"),
        pytest.param("", "**/x@*.json", ["holds/all/x@1.json"], id="a glob"),
        pytest.param("nothing/", "", [], id="an empty listing is an empty list"),
    ],
)
def test_a_listing_is_read_at_plan(stand: Stand, prefix: str, glob: str, names: list[str]) -> None:
    _fill_bucket(stand, "backfills/tdza@1.json", "holds/all/x@1.json", "holds/job/y@2.json")
    stand.write(DATA % {"prefix": prefix, "glob": glob})
    assert _output(stand, "names") == names


def test_a_listing_is_read_over_all_its_pages(stand: Stand) -> None:
    names = [f"holds/{i:04}" for i in range(1100)]  # a page has 1000
    _fill_bucket(stand, names[0])
    copy_object(stand.store, "test-bucket", names[0], names[1:])
    stand.write(DATA % {"prefix": "holds/", "glob": ""})
    assert _output(stand, "names") == names


@pytest.mark.parametrize(
    ("hcl", "message"),
    [
        pytest.param(DATA % {"prefix": "", "glob": ""}, "The specified bucket does not exist", id="no such bucket"),
        pytest.param(CONTENT % "x", "Error downloading storage bucket object", id="no such object"),
    ],
)
def test_a_missing_source_fails_the_plan(stand: Stand, hcl: str, message: str) -> None:
    stand.write(hcl)
    output = stand.terraform("plan", fails=True)
    assert message in output
    assert "with data.google_storage_bucket_object" in output


def test_the_content_of_an_object_is_read(stand: Stand) -> None:
    _fill_bucket(stand, "holds/all/x@1.json")
    stand.write(CONTENT % "holds/all/x@1.json")
    assert _output(stand, "content") == '{"name": "holds/all/x@1.json"}'

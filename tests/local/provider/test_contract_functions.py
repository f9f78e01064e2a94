"""The contracts of functions and project services, and what holds functions, their source and their service together."""

from __future__ import annotations

import pytest

from tests.local.provider.contract import AllKept, Contract
from tests.local.provider.stand import PROJECT, REGION, Stand
from tests.local.sources import archive

FUNCTION_LINK = f"/v2/projects/{PROJECT}/locations/{REGION}/functions/coordinator"
FUNCTION = """
resource "google_storage_bucket" "b" {
  name     = "test-bucket"
  location = "US"
}
resource "google_storage_bucket_object" "source" {
  bucket = google_storage_bucket.b.name
  name   = "coordinator.zip"
  source = abspath("%(source)s.zip")
}
resource "google_cloudfunctions2_function" "it" {
  name     = "coordinator"
  location = "us-west2"
  labels   = { owner = "data-platform" }
  build_config {
    runtime     = "python312"
    entry_point = "main"
    source {
      storage_source {
        bucket     = google_storage_bucket.b.name
        object     = google_storage_bucket_object.source.name
        generation = google_storage_bucket_object.source.generation
      }
    }
  }
  service_config {
    max_instance_count               = 1
    max_instance_request_concurrency = 1
    min_instance_count               = %(least)s
    available_memory                 = "512M"
    timeout_seconds                  = %(timeout)s
    ingress_settings                 = "ALLOW_INTERNAL_ONLY"
    environment_variables            = { PROJECT = "test-project"%(more)s }
    service_account_email            = "runner@test-project.iam.gserviceaccount.com"
  }
}
"""
BARE = {"source": "a", "least": 0, "timeout": 300, "more": ""}
INVOKER = """
resource "google_cloud_run_v2_service_iam_member" "invoker" {
  location = google_cloudfunctions2_function.it.location
  name     = google_cloudfunctions2_function.it.name
  role     = "roles/run.invoker"
  member   = "serviceAccount:pusher@test-project.iam.gserviceaccount.com"
}
"""
API = """
resource "google_project_service" "it" {
  service            = "cloudscheduler.googleapis.com"
  disable_on_destroy = %s
}
"""
CONTRACTS = [
    pytest.param(
        Contract(
            address="google_cloudfunctions2_function.it",
            first=FUNCTION % BARE,
            second=FUNCTION % (BARE | {"timeout": 540, "more": ', EDITION = "2"'}),
            change="update service_config",
            import_ids=(f"{REGION}/coordinator",),
            after_import={"google_cloudfunctions2_function.it": "update build_config labels terraform_labels"},
            link=FUNCTION_LINK,
        ),
        id="a function from a stored object",
    ),
    pytest.param(
        Contract(
            address="google_project_service.it",
            first=API % "false",
            second=API % "true",
            change="update disable_on_destroy",
            import_ids=(f"{PROJECT}/cloudscheduler.googleapis.com",),
            after_import={"google_project_service.it": "update disable_on_destroy"},
            link=f"/v1/projects/{PROJECT}/services/cloudscheduler.googleapis.com",
            stays=True,
        ),
        id="an API that is disabled on destroy",
    ),
]


def prepare(stand: Stand) -> None:
    """The archives a.zip and b.zip, which do not say the same."""
    for name in ("a", "b"):
        (stand.folder / f"{name}.zip").write_bytes(archive(notes=name))


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_type_keeps_its_contract(kept: AllKept, contract: Contract) -> None:
    kept.check(contract)


def test_an_api_is_disabled_only_if_asked_for(stand: Stand) -> None:
    link = f"/v1/projects/{PROJECT}/services"
    for on_destroy, left in (("null", True), ("true", False)):
        stand.write(API % on_destroy)
        stand.apply()
        stand.destroy()
        listed = stand.api("GET", f"{link}?filter=state:ENABLED")["services"]
        assert ("cloudscheduler.googleapis.com" in [service["config"]["name"] for service in listed]) is left


def test_new_source_deploys_the_function_again_and_keeps_its_invokers(stand: Stand) -> None:
    prepare(stand)
    stand.write(FUNCTION % BARE + INVOKER)
    stand.apply()
    before = stand.api("GET", FUNCTION_LINK)
    stand.write(FUNCTION % (BARE | {"source": "b"}) + INVOKER)
    assert stand.changes()["google_cloudfunctions2_function.it"].startswith("update build_config")
    stand.apply()
    assert stand.changes() == {}
    after = stand.api("GET", FUNCTION_LINK)
    assert _source(before) != _source(after)
    assert after["serviceConfig"]["revision"] == "coordinator-00002"
    assert stand.state("google_cloudfunctions2_function.it")["service_config"][0]["uri"].startswith("https://coordinator-")


def test_a_function_without_source_is_refused(stand: Stand) -> None:
    prepare(stand)
    stand.write((FUNCTION % BARE).replace("google_storage_bucket_object.source.name", '"other.zip"'))
    assert "The source gs://test-bucket/other.zip" in stand.apply(fails=True)


def test_a_function_whose_build_fails_is_left_tainted_and_made_anew(stand: Stand) -> None:
    """As the provider, which has the id before the build ends (resource_cloudfunctions2_function.go)."""
    prepare(stand)
    (stand.folder / "bad.zip").write_bytes(archive(None))
    stand.write(FUNCTION % (BARE | {"source": "bad"}))
    said = stand.apply(fails=True)
    assert "Error waiting to create function: Error code 3, message: Build failed" in said
    stand.write(FUNCTION % BARE)
    assert stand.changes()["google_cloudfunctions2_function.it"] == "delete,create"
    stand.apply()
    assert stand.changes() == {}


def _source(function: dict[str, object]) -> object:
    return function["buildConfig"]["sourceProvenance"]["resolvedStorageSource"]["generation"]

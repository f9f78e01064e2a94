"""Jobs as backfill mode needs them: the toggle, drift, failures half way, unknown values, an interrupted apply."""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local.acting import REAL
from tests.local.provider.stand import HEADER, JOBS, PROJECT, Stand
from tests.providers import KIND, only_the_stand_in

JOB_TEMPLATE = """
resource "google_cloud_scheduler_job" "job" {
  for_each    = toset([for i in range(%(count)d) : format("job-%%03d", i)])
  name        = each.key
  description = "%(description)s"
  schedule    = "15,45 * * * *"
  paused      = %(paused)s
  retry_config {
    retry_count          = 3
    max_retry_duration   = "600s"
    min_backoff_duration = "10s"
    max_backoff_duration = "300s"
    max_doublings        = 5
  }
  http_target {
    uri         = "https://scrapers.example/scrape"
    http_method = "POST"
  }
  %(extra)s
}
"""
MODE = """
variable "backfill_mode" {
  type    = bool
  default = false
}
"""


def jobs(count: int, *, paused: str = "var.backfill_mode", description: str = "scrapes", extra: str = "") -> str:
    """A configuration of `count` jobs."""
    filled = JOB_TEMPLATE % {"count": count, "paused": paused, "description": description, "extra": extra}
    return MODE + filled


def address(i: int) -> str:
    return f'google_cloud_scheduler_job.job["job-{i:03}"]'


def test_the_toggle_changes_paused_and_nothing_else(stand: Stand) -> None:
    stand.write(jobs(3))
    stand.apply(backfill_mode=False)
    on = {address(i): "update paused" for i in range(3)}
    assert stand.changes(backfill_mode=True) == on
    stand.apply(backfill_mode=True)
    assert set(stand.job_states().values()) == {"PAUSED"}
    assert stand.changes() == {}
    assert stand.changes(backfill_mode=False) == on
    stand.apply(backfill_mode=False)
    assert set(stand.job_states().values()) == {"ENABLED"}


def test_the_toggle_costs_one_patch_one_pause_and_one_get_a_job(stand: Stand) -> None:
    stand.write(jobs(2))
    stand.apply(backfill_mode=False)
    stand.api("DELETE", "/_local/requests")
    stand.apply("-refresh=false", backfill_mode=True)
    prefix = "cloudscheduler.projects.locations.jobs."
    assert stand.counts() == {f"{prefix}patch": 2, f"{prefix}pause": 2, f"{prefix}get": 2}


def test_a_job_that_is_created_paused_is_paused(stand: Stand) -> None:
    stand.write(jobs(1, paused="true"))
    stand.apply()
    assert stand.job_states() == {"job-000": "PAUSED"}
    assert stand.counts()["cloudscheduler.projects.locations.jobs.pause"] == 1


def test_a_job_without_paused_keeps_the_state_it_has(stand: Stand) -> None:
    stand.write(jobs(1, paused="null"))
    stand.apply()
    assert stand.job_states() == {"job-000": "ENABLED"}
    stand.api("POST", f"{JOBS}/job-000:pause", {})
    assert stand.changes() == {}, "gcp.md 1.2: optional and computed, so a paused job stays paused silently"


def test_what_happened_behind_terraforms_back_is_in_the_next_plan(stand: Stand) -> None:
    stand.write(jobs(4))
    stand.apply()
    stand.api("POST", f"{JOBS}/job-001:pause", {})
    stand.api("PATCH", f"{JOBS}/job-002?updateMask=schedule", {"schedule": "0 1 * * *"})
    stand.api("DELETE", f"{JOBS}/job-003")
    assert stand.changes() == {address(1): "update paused", address(2): "update schedule", address(3): "create"}
    stand.apply()
    assert stand.job_states() == {f"job-00{number}": "ENABLED" for number in range(4)}
    assert stand.changes() == {}


def test_a_renamed_job_is_replaced(stand: Stand) -> None:
    stand.write(jobs(1))
    stand.apply()
    stand.write(jobs(1).replace("each.key", '"${each.key}-new"'))
    assert stand.changes() == {address(0): "delete,create"}
    stand.apply()
    assert stand.job_states() == {"job-000-new": "ENABLED"}


def test_a_409_on_a_pause_is_reported_with_its_address_and_a_second_run_converges(stand: Stand) -> None:
    stand.write(jobs(4))
    stand.apply()
    stand.faults.add("POST job-00[13]:pause$ 409 x2")
    output = stand.apply(backfill_mode=True, fails=True)
    assert output.count("Error setting Cloud Scheduler Job status: googleapi: Error 409") == 2
    assert all(f"with {address(i)}" in output for i in (1, 3))
    assert not any(f"with {address(i)}" in output for i in (0, 2))
    assert stand.changes() == {address(1): "update paused", address(3): "update paused"}
    stand.apply()
    assert set(stand.job_states().values()) == {"PAUSED"}
    assert stand.changes() == {}


def test_a_409_on_another_call_is_retried(stand: Stand) -> None:
    stand.write(jobs(1))
    stand.faults.add("POST /jobs$ 409 x1", "PATCH . 409 x1")
    stand.apply()
    stand.apply(backfill_mode=True)
    assert stand.job_states() == {"job-000": "PAUSED"}


def test_a_passing_refusal_is_retried(stand: Stand) -> None:
    stand.write(jobs(2))
    stand.apply()
    stand.faults.add(*(f"{call} {code} x1" for call in ("POST :pause$", "PATCH .", "GET .") for code in (429, 503)))
    stand.apply(backfill_mode=True)
    assert set(stand.job_states().values()) == {"PAUSED"}


def test_a_job_whose_first_pause_failed_is_tainted_and_made_anew(stand: Stand) -> None:
    stand.write(jobs(1, paused="true"))
    stand.faults.add("POST :pause$ 409 x1")
    stand.apply(fails=True)
    assert stand.job_states() == {"job-000": "ENABLED"}, "the job exists, and runs"
    assert stand.changes() == {address(0): "delete,create"}
    stand.apply()
    assert stand.job_states() == {"job-000": "PAUSED"}


def test_an_error_of_the_api_names_the_job(stand: Stand) -> None:
    stand.write(jobs(1).replace("15,45 * * * *", "61 * * * *"))
    output = stand.apply(fails=True)
    assert "Error creating Job: googleapi: Error 400" in output
    assert f"with {address(0)}" in output


FLAG = """
resource "google_storage_bucket" "b" {
  name          = "test-bucket"
  location      = "US"
  force_destroy = true
}
resource "google_storage_bucket_object" "flag" {
  for_each = var.backfill_mode ? toset(["tdza"]) : toset([])
  bucket   = google_storage_bucket.b.name
  name     = "backfills/${each.key}@2030-01-01T00:00:00Z.json"
  content  = "{}"
}
"""


def test_jobs_that_depend_on_flags_are_paused_by_a_known_value_after_the_flag_is_there(stand: Stand) -> None:
    stand.write(jobs(2, extra="depends_on = [google_storage_bucket_object.flag]") + FLAG)
    stand.apply(backfill_mode=False)
    flag = {'google_storage_bucket_object.flag["tdza"]': "create"}
    assert stand.changes(backfill_mode=True) == flag | {address(i): "update paused" for i in range(2)}
    stand.faults.add("POST /upload/ 412 x1")
    stand.apply(backfill_mode=True, fails=True)
    assert set(stand.job_states().values()) == {"ENABLED"}, "no job pauses before its flag is there"
    stand.apply()
    assert set(stand.job_states().values()) == {"PAUSED"}


def test_a_value_that_only_the_apply_knows_reaches_another_resource(stand: Stand) -> None:
    stand.write(jobs(1, description='flagged by ${google_storage_bucket_object.flag["tdza"].output_name}') + FLAG)
    stand.apply(backfill_mode=True)
    job = stand.api("GET", f"{JOBS}/job-000")
    assert job["description"] == "flagged by backfills/tdza@2030-01-01T00:00:00Z.json"
    assert stand.changes() == {}


TOKEN = '{ service_account_email = "a@b" }'


@pytest.mark.parametrize(
    ("hcl", "message"),
    [
        pytest.param(
            'schedule = "* * * * *"',
            "one of `app_engine_http_target,http_target,pubsub_target` must be specified",
            id="no target",
        ),
        pytest.param(
            'http_target { uri = "https://x" }\n pubsub_target { topic_name = "t" }',
            "can be specified, but `http_target,pubsub_target` were specified.",
            id="two targets",
        ),
        pytest.param(
            'http_target {\n uri = "https://x"\n headers = { "X-Google-A" = "b" }\n }',
            "Cannot set the X-Google-A header",
            id="a header of Google's own",
        ),
        pytest.param(
            f'http_target {{\n uri = "https://x"\n oidc_token {TOKEN}\n oauth_token {TOKEN}\n }}',
            "only one of oauth_token or oidc_token",
            id="two tokens",
        ),
        pytest.param('colour = "red"', 'An argument named "colour" is not expected here', id="an unknown argument"),
    ],
)
def test_a_job_that_the_provider_would_refuse_is_refused(stand: Stand, hcl: str, message: str) -> None:
    stand.write(f'resource "google_cloud_scheduler_job" "it" {{\n name = "x"\n {hcl}\n}}')
    assert message in stand.terraform("plan", fails=True)


def test_a_deadline_on_a_pubsub_target_is_an_unresolvable_difference(stand: Stand) -> None:
    hcl = jobs(1, extra='attempt_deadline = "300s"')
    target = hcl[hcl.index("http_target") : hcl.index('method = "POST"') + len('method = "POST"')]
    stand.write(hcl.replace(target, 'pubsub_target {\n topic_name = "projects/x/topics/y"\n data = "aGk="'))
    stand.apply()
    assert stand.changes() == {address(0): "update attempt_deadline"}, "the API ignores it; so say the provider's docs"


def test_a_job_without_retry_config_rests_and_never_loses_one(stand: Stand) -> None:
    hcl = jobs(1)
    block = hcl[hcl.index("retry_config") : hcl.index("http_target")]
    stand.write(hcl.replace(block, ""))
    stand.apply()
    assert stand.changes() == {}, "the API answers without one"
    stand.write(hcl)
    assert stand.changes() == {address(0): "update retry_config"}
    stand.apply()
    assert stand.changes() == {}
    stand.write(hcl.replace(block, ""))
    stand.apply()
    assert stand.changes() == {address(0): "update retry_config"}, "the block isn't computed, and a PATCH without it keeps it"


def test_retries_of_zero_alone_are_never_sent(stand: Stand) -> None:
    hcl = jobs(1)
    block = hcl[hcl.index("retry_config") : hcl.index("http_target")]
    stand.write(hcl.replace(block, "retry_config {\n retry_count = 0\n }\n "))
    stand.apply()
    assert stand.changes() == {address(0): "update retry_config"}, "terraform-provider-google#25051"


ROUTED = """
resource "google_cloud_scheduler_job" "it" {
  name     = "it"
  schedule = "every monday 09:00"
  app_engine_http_target {
    http_method  = "POST"
    relative_uri = "/x"
    app_engine_routing {
      service = "worker"
    }
  }
}
"""


def test_the_routing_of_app_engine_is_believed_from_the_state(stand: Stand) -> None:
    stand.write(ROUTED)
    stand.apply()
    routing = stand.api("GET", f"{JOBS}/it")["appEngineHttpTarget"]["appEngineRouting"]
    assert routing == {"host": f"worker.{PROJECT}.appspot.com"}, "which says a service or a version"
    assert stand.changes() == {}


def test_no_project_is_a_clear_error(stand: Stand) -> None:
    stand.write(jobs(1), header=HEADER.replace(f'project = "{PROJECT}"', ""))
    assert "project: required field is not set" in stand.apply(fails=True)


@only_the_stand_in("the real one is kept to this machine by a proxy")
def test_an_endpoint_that_is_not_this_machine_is_refused(stand: Stand) -> None:
    elsewhere = HEADER.replace(
        "region ", 'cloud_scheduler_custom_endpoint = "https://cloudscheduler.googleapis.com/v1/"\n region '
    )
    stand.write(jobs(1), header=elsewhere)
    assert "talks to this machine only" in stand.terraform("plan", fails=True)


def start_apply(stand: Stand) -> subprocess.Popen[str]:
    if KIND == REAL and not (stand.folder / ".terraform").exists():
        stand.terraform("init")
    command = stand.command("apply", "-auto-approve")
    return subprocess.Popen(
        command, cwd=stand.folder, env=stand.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


PATIENCE_SECONDS = 180
"""The real provider takes long to start on a busy machine, and a call that it retries waits up to 45 s between two tries."""


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll until it holds; a condition that never does must not hang the tests."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("what the test waits for did not happen")


def pauses(stand: Stand) -> int:
    return stand.counts().get("cloudscheduler.projects.locations.jobs.pause", 0)


def paused(stand: Stand) -> int:
    return list(stand.job_states().values()).count("PAUSED")


@pytest.mark.long
def test_sigterm_in_an_apply_of_many_jobs_ends_it_and_the_next_run_converges(stand: Stand) -> None:
    stand.write(jobs(60))
    stand.apply()
    stand.variables["backfill_mode"] = True
    stand.faults.latency = 0.1
    running = start_apply(stand)
    wait_until(lambda: paused(stand) >= 5)
    running.send_signal(signal.SIGTERM)
    output, _ = running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == 1, output
    assert "Interrupt received" in output
    done = paused(stand)
    assert 5 <= done < 60
    stand.faults.clear()
    assert len(stand.changes()) == 60 - done
    stand.apply()
    assert set(stand.job_states().values()) == {"PAUSED"}


def test_sigterm_waits_for_the_calls_that_are_being_retried_and_begins_no_other(stand: Stand) -> None:
    stand.write(jobs(12))  # of which terraform begins 10 at once
    stand.apply()
    stand.variables["backfill_mode"] = True
    stand.faults.add("POST :pause$ 503")
    running = start_apply(stand)
    wait_until(lambda: pauses(stand) >= 10)
    running.send_signal(signal.SIGTERM)
    told = pauses(stand)
    wait_until(lambda: pauses(stand) >= told + 10)
    assert running.poll() is None, "the provider tries on, and terraform waits for it"
    stand.faults.clear()
    output, _ = running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == 1, output
    assert "execution halted" in output
    assert paused(stand) == 10
    assert len(stand.changes()) == 2
    stand.apply()
    assert set(stand.job_states().values()) == {"PAUSED"}


def test_nothing_is_written_for_a_terraform_that_was_killed(stand: Stand) -> None:
    stand.write(jobs(1))
    stand.apply()
    stand.variables["backfill_mode"] = True
    stand.faults.add("POST :pause$ 503")
    running = start_apply(stand)
    wait_until(lambda: pauses(stand) > 0)
    running.kill()
    running.communicate()
    before = stand.counts()
    time.sleep(1.2)  # seconds; the next try would have been due after 0.5
    assert stand.counts() == before
    stand.faults.clear()
    (stand.folder / ".terraform.tfstate.lock.info").unlink(missing_ok=True)
    stand.apply()
    assert stand.job_states() == {"job-000": "PAUSED"}


@only_the_stand_in("the real one is installed, and describes its arguments")
def test_terraform_finds_the_provider_with_nothing_installed(stand: Stand) -> None:
    stand.write(jobs(1))
    stand.terraform("init")
    stand.terraform("validate")
    schemas = json.loads(stand.terraform("providers", "schema", "-json"))
    [google] = schemas["provider_schemas"].values()
    resources = google["resource_schemas"]
    assert resources["google_cloud_scheduler_job"]["block"]["attributes"]["paused"] == {
        "type": "bool",
        "description_kind": "plain",
        "optional": True,
        "computed": True,
    }


def test_a_job_made_right_before_its_pause_is_refused_is_in_the_state(stand: Stand) -> None:
    stand.write(jobs(1, paused="true"))
    stand.faults.add("POST :pause$ 503")
    running = start_apply(stand)
    wait_until(lambda: pauses(stand) > 0)
    running.send_signal(signal.SIGTERM)
    stand.faults.clear()
    stand.faults.add("POST :pause$ 403")
    running.communicate(timeout=PATIENCE_SECONDS)
    stand.faults.clear()
    assert stand.changes() == {address(0): "delete,create"}
    stand.apply()
    assert stand.job_states() == {"job-000": "PAUSED"}


IMPORT = """
import {
  to = google_cloud_scheduler_job.found
  id = "job-000"
}
"""


def test_a_configuration_generated_from_an_import_is_no_change(stand: Stand) -> None:
    stand.write(jobs(1))
    stand.apply()
    (stand.folder / "terraform.tfstate").unlink()
    stand.write(IMPORT)
    stand.variables = {}
    output = stand.terraform("plan", "-generate-config-out=generated.tf")
    assert "1 to import, 0 to add, 0 to change, 0 to destroy" in output
    assert 'name = "job-000"' in " ".join((stand.folder / "generated.tf").read_text().split())


def test_two_runs_at_once_use_one_provider(stand: Stand, tmp_path: Path) -> None:
    other = dataclasses.replace(stand, folder=tmp_path / "other", variables={})
    other.folder.mkdir()
    stand.write(jobs(10))
    other.write(jobs(10).replace("each.key", '"other-${each.key}"'))
    stand.faults.latency = 0.02
    running = [start_apply(stand), start_apply(other)]
    assert [process.communicate()[0] and process.returncode for process in running] == [0, 0]
    assert len(stand.job_states()) == 20
    assert stand.changes() == other.changes() == {}


def test_a_moved_address_is_no_change(stand: Stand) -> None:
    stand.write(jobs(2))
    stand.apply()
    stand.write(
        jobs(2).replace('"job" {', '"renamed" {', 1) + "moved {\n from = google_cloud_scheduler_job.job\n to = "
        "google_cloud_scheduler_job.renamed\n}\n"
    )
    assert stand.changes() == {}

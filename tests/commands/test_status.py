"""`status` against the emulator: held, declared paused, drift, missing, unknown, and what can't be asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import scheduler_v1, storage

from interlock.catalog import Catalog
from interlock.files import load_catalog, load_environment
from interlock.gcp import CloudError
from interlock.gcp.scheduler import list_jobs
from interlock.gcp.storage import read_holds, remove_flags
from local.emulator import serve
from tests.commands.conftest import ROOT, Run, parsed
from tests.golden import golden

ENVIRONMENT = load_environment(ROOT / "environments", "local")
LATER, BEFORE = "2099-01-01T07:00:00Z", "2020-01-01T07:00:00Z"


class Cloud:
    """The emulated project, as Google's own clients change it."""

    def __init__(self, url: str, catalog: Catalog) -> None:
        anonymous = {"credentials": AnonymousCredentials(), "client_options": {"api_endpoint": url}}  # type: ignore[no-untyped-call]
        self.url = url
        self.jobs = scheduler_v1.CloudSchedulerClient(transport="rest", **anonymous)  # type: ignore[arg-type]
        self.bucket = storage.Client(project=ENVIRONMENT.project, **anonymous).create_bucket(ENVIRONMENT.bucket)
        for job in catalog.jobs.values():
            self.create(job.name, job.schedule.text, job.time_zone)
            if job.paused:
                self.jobs.pause_job(name=self.name(job.name))

    def name(self, job: str) -> str:
        return f"projects/{ENVIRONMENT.project}/locations/us-west2/jobs/{job}"

    def create(self, job: str, schedule: str = "0 * * * *", time_zone: str = "Etc/UTC") -> None:
        target = scheduler_v1.HttpTarget(uri="https://nothing.invalid/")
        made = scheduler_v1.Job(name=self.name(job), schedule=schedule, time_zone=time_zone, http_target=target)
        self.jobs.create_job(parent=self.name("").removesuffix("/jobs/"), job=made)

    def hold(self, name: str, content: str = '{"reason": "reprocess", "owner": "ana"}') -> None:
        self.bucket.blob(name).upload_from_string(content)


@pytest.fixture
def cloud(tmp_path: Path, root: Path) -> Iterator[Cloud]:
    """The small catalog, deployed as declared."""
    with serve(tmp_path / "state") as running:
        yield Cloud(running.url, load_catalog(root))


def test_without_the_local_target_one_line_says_what_to_run(run: Run) -> None:
    done = run("status", "--format", "json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        "Error: the local target is not running; run: python -m local run -- interlock status --format json"
    )


def test_flags_that_terraform_does_not_know_are_removed_and_only_those_of_the_ended_backfills(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", cloud.url)
    kept = [f"backfills/books@{LATER}.json", "backfills/marts.json", f"holds/backfill/marts/x@{LATER}.json"]
    for name in (f"backfills/marts@{LATER}.json", f"backfills/marts@{BEFORE}.json", *kept):
        cloud.hold(name)
    removed = remove_flags(ENVIRONMENT.project, ENVIRONMENT.bucket, ["marts"])
    assert removed == [f"backfills/marts@{BEFORE}.json", f"backfills/marts@{LATER}.json"]
    assert [blob.name for blob in cloud.bucket.list_blobs()] == kept


def test_all_as_declared(run: Run, cloud: Cloud) -> None:
    done = run("status", INTERLOCK_LOCAL_URL=cloud.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "5 jobs: 4 enabled, 1 paused (1 by declaration, 0 held); no drift"


@pytest.mark.golden
def test_a_backfill_that_is_on_holds_its_jobs_until_its_end(run: Run, cloud: Cloud) -> None:
    cloud.hold(f"backfills/marts@{LATER}.json")
    for job in ("gamebook-scraper", "line-scraper"):
        cloud.jobs.pause_job(name=cloud.name(job))
    value = parsed(run("status", "--format", "json", INTERLOCK_LOCAL_URL=cloud.url))
    jobs = {job["name"]: job for job in value["jobs"]}
    assert {name: job["state"] for name, job in jobs.items()} == {
        "gamebook-scraper": "PAUSED",
        "line-scraper": "PAUSED",
        "morning-catch-up": "PAUSED",
        "nightly-report": "ENABLED",
        "repair": "ENABLED",
    }
    held_by = jobs["line-scraper"]["held_by"]
    assert held_by == [
        {
            "scope": "backfill/marts",
            "id": "flag",
            "until": LATER,
            "reason": "reprocess",
            "owner": "ana",
            "object": f"backfills/marts@{LATER}.json",
        }
    ]
    assert (jobs["morning-catch-up"]["declared_paused"], jobs["morning-catch-up"]["held_by"]) == (True, held_by)
    assert (jobs["repair"]["held_by"], jobs["repair"]["drift"]) == ([], [])
    done = run("status", INTERLOCK_LOCAL_URL=cloud.url)
    assert done.returncode == 0
    golden("commands/status-held.txt", done.stdout)


@pytest.mark.golden
def test_everything_that_is_not_as_it_should_be(run: Run, cloud: Cloud) -> None:
    cloud.hold(f"backfills/marts@{BEFORE}.json")
    cloud.hold(f"holds/job/line-scraper/x@{LATER}.json", "no JSON")
    cloud.hold(f"holds/window/gone/x@{LATER}.json", '{"reason": ["no text"]}')
    cloud.hold("backfills/marts.json")
    cloud.jobs.pause_job(name=cloud.name("gamebook-scraper"))
    cloud.jobs.delete_job(name=cloud.name("repair"))
    cloud.jobs.resume_job(name=cloud.name("morning-catch-up"))
    cloud.create("stray")
    done = run("status", "--all", INTERLOCK_LOCAL_URL=cloud.url)
    assert done.returncode == 1, done.stderr
    golden("commands/status-drift.txt", done.stdout)
    value = parsed(run("status", "--format", "json", INTERLOCK_LOCAL_URL=cloud.url))
    assert {job["name"]: job["drift"] for job in value["jobs"]} == {
        "gamebook-scraper": ["PAUSED, should be ENABLED"],
        "line-scraper": ["ENABLED, should be PAUSED"],
        "morning-catch-up": ["ENABLED, should be PAUSED"],
        "nightly-report": [],
        "repair": ["missing in us-west2"],
    }
    assert value["unknown"] == [{"name": "stray", "region": "us-west2", "state": "ENABLED"}]
    assert len(value["trouble"]) == 2


def test_the_last_attempt_after_a_run(run: Run, cloud: Cloud) -> None:
    cloud.jobs.run_job(name=cloud.name("repair"))
    done = run("status", "--all", INTERLOCK_LOCAL_URL=cloud.url)
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.startswith(" ")}
    assert re.search(r" \d{4}-\d\d-\d\d \d\d:\d\d UTC$", lines["repair"])
    assert lines["nightly-report"].endswith(" never")


def test_without_the_bucket_the_next_command_is_named(run: Run, tmp_path: Path) -> None:
    with serve(tmp_path / "state") as running:
        done = run("status", INTERLOCK_LOCAL_URL=running.url)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        f"Error: there is no bucket {ENVIRONMENT.bucket}; deploy the coordination stack first: make deploy"
    )


def test_a_cloud_that_does_not_answer_is_one_line_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", "http://127.0.0.1:9")
    with pytest.raises(CloudError, match=r"^Cloud Scheduler can't be listed in project p: .*Connection refused"):
        list_jobs("p", ["us-west2"])
    monkeypatch.setattr("interlock.gcp.storage.PATIENCE_SECONDS", 0.1)
    with pytest.raises(CloudError, match=r"^the bucket b can't be read: .*Connection refused"):
        read_holds("p", "b")

"""`status` finds every change by hand, in any region, says no value of it, and says the next command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from google.cloud import scheduler_v1
from google.protobuf.duration_pb2 import Duration

from interlock.actual import ENABLED, PAUSED
from interlock.holding import Holding
from interlock.terminal.drift_output import print_unseen
from interlock.terminal.everywhere import LOCATIONS, Everywhere
from interlock.terraform.drift import compare
from local.emulator import scheduler
from tests.golden import golden
from tests.interlock.catalogs import load
from tests.interlock.cloud import HEAD, JOBS
from tests.interlock.commands.conftest import ENVIRONMENT, EVERY_REGION, Cloud, Run, parsed
from tests.interlock.live_jobs import actual_of

SECRET = "s3cr3t-that-nobody-may-read"
Hand = Callable[[scheduler_v1.Job], None]


def change(cloud: Cloud, name: str, hand: Hand) -> None:
    """Somebody changes a job by hand."""
    job = cloud.jobs.get_job(name=cloud.name(name))
    hand(job)
    cloud.jobs.update_job(job=job)


def set_uri(job: scheduler_v1.Job) -> None:
    job.http_target.uri = f"https://evil.example/?key={SECRET}"


def set_method(job: scheduler_v1.Job) -> None:
    job.http_target.http_method = scheduler_v1.HttpMethod(scheduler_v1.HttpMethod.PUT)


def set_header(job: scheduler_v1.Job) -> None:
    job.http_target.headers["X-Api-Key"] = SECRET


def set_body(job: scheduler_v1.Job) -> None:
    job.http_target.body = SECRET.encode()


def set_account(job: scheduler_v1.Job) -> None:
    job.http_target.oidc_token.service_account_email = f"{SECRET}@x.iam.gserviceaccount.com"


def set_audience(job: scheduler_v1.Job) -> None:
    job.http_target.oidc_token.audience = f"https://{SECRET}.example"


def set_scope(job: scheduler_v1.Job) -> None:
    account = job.http_target.oidc_token.service_account_email
    job.http_target.oauth_token = scheduler_v1.OAuthToken(service_account_email=account, scope=SECRET)


def set_retries(job: scheduler_v1.Job) -> None:
    job.retry_config.retry_count = 0


def set_deadline(job: scheduler_v1.Job) -> None:
    job.attempt_deadline = Duration(seconds=60)


def set_description(job: scheduler_v1.Job) -> None:
    job.description = SECRET


def set_schedule(job: scheduler_v1.Job) -> None:
    job.schedule = "1 * * * *"


def set_zone(job: scheduler_v1.Job) -> None:
    job.time_zone = "Etc/UTC"


def set_topic(job: scheduler_v1.Job) -> None:
    job.pubsub_target.topic_name = f"projects/{SECRET}/topics/events"


def set_attributes(job: scheduler_v1.Job) -> None:
    job.pubsub_target.attributes["key"] = SECRET


def set_message(job: scheduler_v1.Job) -> None:
    job.pubsub_target.data = SECRET.encode()


SCRAPER, REPORT = "gamebook-scraper", "nightly-report"


@pytest.mark.parametrize(
    ("name", "hand", "parts"),
    [
        pytest.param(SCRAPER, set_uri, ["URL"], id="URL"),
        pytest.param(SCRAPER, set_method, ["method"], id="method"),
        pytest.param(SCRAPER, set_header, ["headers"], id="header"),
        pytest.param(SCRAPER, set_body, ["body"], id="body"),
        pytest.param(SCRAPER, set_account, ["account"], id="account"),
        pytest.param(SCRAPER, set_audience, ["audience"], id="audience"),
        pytest.param(SCRAPER, set_scope, ["account", "audience", "scope"], id="kind of token"),
        pytest.param(SCRAPER, set_retries, ["retries"], id="retries"),
        pytest.param(SCRAPER, set_deadline, ["deadline"], id="deadline"),
        pytest.param(SCRAPER, set_description, ["description"], id="description"),
        pytest.param(SCRAPER, set_schedule, ["schedule"], id="schedule"),
        pytest.param(SCRAPER, set_zone, ["zone"], id="zone"),
        pytest.param(REPORT, set_topic, ["topic"], id="topic"),
        pytest.param(REPORT, set_attributes, ["attributes"], id="attributes"),
        pytest.param(REPORT, set_message, ["body"], id="message"),
    ],
)
def test_a_part_that_somebody_changes_is_named_without_its_value(
    run: Run, cloud: Cloud, name: str, hand: Hand, parts: list[str]
) -> None:
    before = cloud.jobs.get_job(name=cloud.name(name))
    change(cloud, name, hand)
    done = run("status", INTERLOCK_LOCAL_URL=cloud.url)
    value = run("status", "--format", "json", INTERLOCK_LOCAL_URL=cloud.url)
    assert (done.returncode, value.returncode) == (1, 1), done.stderr
    assert {job["name"]: job["parts"] for job in parsed(value)["jobs"] if job["drift"]} == {name: parts}
    assert "to have it as declared again:\n  make deploy\n" in done.stdout
    assert SECRET not in done.stdout + done.stderr + value.stdout + value.stderr
    cloud.jobs.update_job(job=before)
    assert run("status", INTERLOCK_LOCAL_URL=cloud.url).returncode == 0, "changed back, and nothing differs"


@pytest.mark.parametrize(
    ("name", "region"),
    [
        pytest.param("stray", "us-west2", id="a region of the catalog"),
        pytest.param("stray", "asia-northeast1", id="a region that the catalog does not know"),
        pytest.param(SCRAPER, "us-east1", id="a twin of ours in another region"),
    ],
)
def test_a_job_that_somebody_makes_shows_in_any_region_with_what_to_do(run: Run, cloud: Cloud, name: str, region: str) -> None:
    cloud.create(name, region)
    done = run("status", INTERLOCK_LOCAL_URL=cloud.url)
    assert done.returncode == 1, done.stderr
    assert f"the catalog does not know 1 job in {region}:\n  {name}\n" in done.stdout
    assert f".venv/bin/interlock adopt --job {name} --region {region}\n" in done.stdout
    assert f"unmanaged: {{{region}/{name}: " in done.stdout
    cloud.jobs.delete_job(name=f"projects/{ENVIRONMENT.project}/locations/{region}/jobs/{name}")
    assert run("status", INTERLOCK_LOCAL_URL=cloud.url).returncode == 0


def test_a_job_that_somebody_deletes_is_missing_until_it_is_made_again(run: Run, cloud: Cloud) -> None:
    job = cloud.jobs.get_job(name=cloud.name("repair"))
    cloud.jobs.delete_job(name=job.name)
    done = run("status", INTERLOCK_LOCAL_URL=cloud.url)
    assert "1 job is missing in us-west2:\n  repair\nto have it as declared again:\n  make deploy\n" in done.stdout
    cloud.jobs.create_job(parent=job.name.partition("/jobs/")[0], job=job)
    assert run("status", INTERLOCK_LOCAL_URL=cloud.url).returncode == 0


def test_a_job_that_somebody_pauses_asks_for_no_deploy(run: Run, cloud: Cloud) -> None:
    cloud.jobs.pause_job(name=cloud.name("repair"))
    done = run("status", INTERLOCK_LOCAL_URL=cloud.url)
    assert (done.returncode, "make deploy" in done.stdout) == (1, False)
    assert "1 job is paused although nothing holds it:\n  repair\n" in done.stdout
    cloud.jobs.resume_job(name=cloud.name("repair"))
    assert run("status", INTERLOCK_LOCAL_URL=cloud.url).returncode == 0


@pytest.mark.golden
def test_everything_at_once(run: Run, cloud: Cloud, root: Path) -> None:
    text = (root / "small/all.yaml").read_text()
    text += """\
unmanaged:
  us-east1/legacy: {reason: the old team's, owner: ana, until: 2099-01-01}
  us-east1/forgotten: {reason: the old team's, owner: ana, until: 2020-01-01}
"""
    repair = "    target: {service: analytics, path: /repair}\n"
    lines = "    target: {service: scrapers, path: /lines}\n"
    text = text.replace(repair, repair + "    paused: {undecided: true, review: 2099-02-01}\n")
    text = text.replace(lines, lines + "    paused: {undecided: true, review: 2020-02-01}\n")
    (root / "small/all.yaml").write_text(text)
    change(cloud, SCRAPER, set_uri)
    change(cloud, SCRAPER, set_account)
    change(cloud, SCRAPER, set_retries)
    change(cloud, REPORT, set_topic)
    change(cloud, REPORT, set_schedule)
    change(cloud, "repair", set_header)
    change(cloud, "line-scraper", set_header)
    cloud.jobs.pause_job(name=cloud.name("repair"))
    for name, region in (("legacy", "us-east1"), ("forgotten", "us-east1"), ("stray", "us-west2"), (SCRAPER, "us-east1")):
        cloud.create(name, region)
    cloud.create("another", "us-west2")
    cloud.jobs.pause_job(name=cloud.name("another"))
    done = run("status", INTERLOCK_LOCAL_URL=cloud.url, COLUMNS="80")
    assert done.returncode == 1, done.stderr
    assert SECRET not in done.stdout
    golden("commands/status-changed.txt", done.stdout)
    value = parsed(run("status", "--format", "json", INTERLOCK_LOCAL_URL=cloud.url))
    assert {job["name"]: job["undecided_until"] for job in value["jobs"] if job["undecided_until"]} == {
        "line-scraper": "2020-02-01",
        "repair": "2099-02-01",
    }
    assert [(job["name"], job["overdue"]) for job in value["left_out"]] == [("forgotten", True), ("legacy", False)]
    assert value["not_looked_at"] == {}
    assert LOCATIONS not in done.stdout


def test_what_the_api_adds_to_a_job_is_no_drift(run: Run, cloud: Cloud) -> None:
    cloud.fault("tokens shown")
    assert run("status", INTERLOCK_LOCAL_URL=cloud.url).returncode == 0


def test_of_all_regions_one_that_can_not_be_listed_is_said_and_the_rest_shows(
    run: Run, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "REGIONS", EVERY_REGION)
    cloud.create("stray", "us-east1")
    cloud.fault("GET /locations/asia-northeast1/jobs 403", "GET /locations/asia-east1/jobs 403")
    done = run("status", INTERLOCK_LOCAL_URL=cloud.url)
    assert done.returncode == 1
    assert "the catalog does not know 1 job in us-east1:" in done.stdout
    folded = " ".join(done.stdout.split())
    assert "not looked at: asia-east1, asia-northeast1: " in folded
    assert 'lacks IAM permission "cloudscheduler.jobs.list"' in folded
    value = parsed(run("status", "--format", "json", INTERLOCK_LOCAL_URL=cloud.url))
    assert [*value["not_looked_at"]] == ["asia-east1", "asia-northeast1"]


def test_the_jobs_of_a_region_that_can_not_be_listed_are_not_called_missing(run: Run, cloud: Cloud) -> None:
    cloud.fault("GET /locations/us-west2/jobs 403")
    done = run("status", INTERLOCK_LOCAL_URL=cloud.url)
    assert (done.returncode, "missing" in done.stdout) == (1, False)
    assert done.stdout.splitlines()[-1] == "5 jobs: 0 enabled, 0 paused, 5 unseen; no drift"


def test_who_may_not_list_regions_sees_those_of_the_catalog(run: Run, cloud: Cloud) -> None:
    cloud.create("stray")
    cloud.create("elsewhere", "us-east1")
    cloud.fault("GET /projects/[^/]+/locations$ 403")
    done = run("status", INTERLOCK_LOCAL_URL=cloud.url)
    assert done.returncode == 1
    assert ("stray" in done.stdout, "elsewhere" in done.stdout) == (True, False)
    assert LOCATIONS in done.stdout
    assert parsed(run("status", "--format", "json", INTERLOCK_LOCAL_URL=cloud.url))["regions_not_listed"]


def test_without_any_region_it_is_an_error(run: Run, cloud: Cloud) -> None:
    cloud.fault("GET /locations 403")
    done = run("status", INTERLOCK_LOCAL_URL=cloud.url)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: project interlock-local refuses: " in done.stderr


def test_a_target_that_is_not_shown_is_said_once_and_is_no_drift(capsys: pytest.CaptureFixture[str]) -> None:
    catalog = load(HEAD + JOBS)
    jobs = [actual_of(job, ENVIRONMENT, PAUSED if job.paused else ENABLED) for job in catalog.jobs.values()]
    shown = [replace(job, resource={**job.resource, "httpTarget": None}) for job in jobs]
    holding = Holding(now=datetime(2026, 3, 10, 12, tzinfo=UTC), scopes={}, identities={}, objects=(), windows=())
    result = compare(catalog, ENVIRONMENT, shown, holding)
    print_unseen(Everywhere(jobs=()), result)
    assert not result.drifted
    # How wide the screen is, is not this test's to say.
    assert " ".join(capsys.readouterr().out.split()) == (
        "what 4 jobs call is not compared, as you may not see it: cloudscheduler.jobs.fullView, in roles/cloudscheduler.viewer"
    )

"""The catalog of the whole platform, deployed: what Cloud Scheduler has equals the YAML, and each backfill's pauses."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from google.cloud.scheduler_v1 import HttpMethod, Job

from interlock.commands import main
from tests.e2e.deployment import STACKS, Deployment
from tests.platforms.conftest import CATALOG

BACKFILLS = ("tdza", "psza", "pcf", "pdc", "mlfs", "phase3", "raw-gamebook")
COVERS_DECLARED_PAUSED = ("mlfs", "phase3")
PROJECT, NUMBER = "interlock-local", "100000000000"
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
IN_SEASON = {"0 12 * * *": "0 12 * 5-9 *"}
"""A schedule of a season of whole months, with the months that it gets: the off-season from May to September."""
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _written() -> tuple[dict[str, dict[str, Any]], dict[str, str], dict[str, dict[str, Any]]]:
    """The jobs as the files say them with the defaults of their file, the kinds of the services, the retry profiles; read
    with nothing of ours."""
    jobs: dict[str, dict[str, Any]] = {}
    kinds: dict[str, str] = {}
    retries: dict[str, dict[str, Any]] = {}
    for path in (CATALOG / "nba").glob("*.yaml"):
        file = yaml.safe_load(path.read_text(encoding="utf-8"))
        jobs |= {name: file.get("defaults", {}) | job for name, job in file.get("jobs", {}).items()}
        kinds |= {name: service["kind"] for name, service in file.get("services", {}).items()}
        retries |= file.get("retry_profiles", {})
    return jobs, kinds, retries


def _seconds(duration: str) -> int:
    return int(duration[:-1]) * SECONDS[duration[-1]]


def _expected(name: str, job: dict[str, Any], kind: str, retry: dict[str, Any]) -> dict[str, Any]:
    service, region, body = job["target"]["service"], job["region"], job["target"].get("body")
    base = {
        "run": f"https://{service}-{NUMBER}.{region}.run.invalid",
        "function": f"https://{region}-{PROJECT}.cloudfunctions.invalid/{service}",
        "run_job": f"https://run.googleapis.com/v2/projects/{PROJECT}/locations/{region}/jobs/{service}:run",
        "topic": f"projects/{PROJECT}/topics/{service}",
    }[kind]
    invoker = f"scheduler-invoker@{PROJECT}.iam.gserviceaccount.com"
    return {
        "name": f"projects/{PROJECT}/locations/{region}/jobs/{name}",
        "description": job["description"],
        "schedule": IN_SEASON[job["schedule"]] if "season" in job else job["schedule"],
        "time_zone": job["time_zone"],
        "state": "PAUSED" if "paused" in job else "ENABLED",
        "calls": base if kind == "topic" else base + job["target"].get("path", ""),
        "method": None if kind == "topic" else "POST",
        "body": {} if kind == "topic" and body is None else body,
        "headers": {} if kind == "topic" or body is None else {"Content-Type": "application/json"},
        "token": {
            "topic": (),
            "run_job": ("oauth", invoker, CLOUD_PLATFORM),
        }.get(kind, ("oidc", invoker, base)),
        "deadline": None if kind == "topic" else _seconds(job["deadline"]),
        "retry": (
            retry["attempts"],
            *(_seconds(retry[key]) for key in ("max_duration", "min_backoff", "max_backoff")),
            retry["doublings"],
        ),
    }


def _whole(duration: object) -> int:
    """The seconds of a duration; proto-plus makes a timedelta of it, and its types do not say so."""
    assert isinstance(duration, timedelta)
    return int(duration.total_seconds())


def _token(job: Job) -> tuple[str, ...]:
    if job.http_target.oauth_token:
        return ("oauth", job.http_target.oauth_token.service_account_email, job.http_target.oauth_token.scope)
    if job.http_target.oidc_token:
        return ("oidc", job.http_target.oidc_token.service_account_email, job.http_target.oidc_token.audience)
    return ()


def _found(job: Job) -> dict[str, Any]:
    topic = bool(job.pubsub_target)
    body = job.pubsub_target.data if topic else job.http_target.body
    retry = job.retry_config
    return {
        "name": job.name,
        "description": job.description,
        "schedule": job.schedule,
        "time_zone": job.time_zone,
        "state": job.state.name,
        "calls": job.pubsub_target.topic_name if topic else job.http_target.uri,
        "method": None if topic else HttpMethod(job.http_target.http_method).name,
        "body": json.loads(body) if body else None,
        # Cloud Scheduler adds its own name to every job.
        "headers": {} if topic else {key: value for key, value in job.http_target.headers.items() if key != "User-Agent"},
        "token": _token(job),
        "deadline": None if topic else _whole(job.attempt_deadline),
        "retry": (
            retry.retry_count,
            *map(_whole, (retry.max_retry_duration, retry.min_backoff_duration, retry.max_backoff_duration)),
            retry.max_doublings,
        ),
    }


def test_every_field_that_the_catalog_declares_is_what_cloud_scheduler_has(whole: Deployment) -> None:
    written, kinds, retries = _written()
    expected = {
        name: _expected(name, job, kinds[job["target"]["service"]], retries[job["retry"]]) for name, job in written.items()
    }
    assert {name: _found(job) for name, job in whole.jobs().items()} == expected
    assert {kinds[job["target"]["service"]] for job in written.values()} == {"run", "function", "run_job", "topic"}


def _affected(backfill: str) -> tuple[set[str], set[str]]:
    """What `interlock affected` says: the jobs that would change, and those that are covered and would not."""
    said = CliRunner().invoke(main, ["affected", backfill, "--format", "json", "--catalog", str(CATALOG)])
    jobs = json.loads(said.stdout)["jobs"]
    change = {job["name"] for job in jobs if job["would_change"]}
    return change, {job["name"] for job in jobs} - change


def test_a_second_plan_of_every_stack_is_empty(whole: Deployment) -> None:
    for stack in STACKS:
        assert whole.plan(stack).changes == {}


@pytest.mark.long
def test_a_plan_for_each_backfill_pauses_exactly_the_jobs_that_would_change(whole: Deployment) -> None:
    for backfill in BACKFILLS:
        change, declared = _affected(backfill)
        plan = whole.plan(backfill_mode=True, backfills=[backfill], refresh=False)
        assert change, backfill
        assert plan.jobs == dict.fromkeys(change, "pause"), backfill
        assert plan.others == {f'google_storage_bucket_object.flags["{backfill}"]': "create"}, backfill
        assert bool(declared) == (backfill in COVERS_DECLARED_PAUSED), backfill


@pytest.mark.long
@pytest.mark.parametrize("backfill", [pytest.param("mlfs", id="mlfs, which covers jobs that are paused by declaration")])
def test_on_and_off_give_back_exactly_what_was(whole: Deployment, backfill: str) -> None:
    before = whole.paused()
    change, declared = _affected(backfill)
    assert declared <= before
    whole.apply(backfill_mode=True, backfills=[backfill]).succeeded()
    assert whole.paused() == before | change
    assert not before & change
    off = whole.plan(backfill_mode=False, backfills=[backfill])
    assert off.jobs == dict.fromkeys(change, "resume")
    assert off.others == {f'google_storage_bucket_object.flags["{backfill}"]': "delete"}
    whole.terraform("schedules", "apply", "plan.bin").succeeded()
    assert whole.paused() == before
    assert whole.objects() == []

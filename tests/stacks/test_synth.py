"""What is synthesized: golden files for people, and what must hold for every catalog."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from interlock.catalog import Catalog, Job, ServiceKind
from interlock.environment import Environment
from tests.golden import golden
from tests.stacks.conftest import ROOT, Stacks
from tests.stacks.twin import check_run, write

JOB = "google_cloud_scheduler_job"


def jobs_of(stacks: Stacks) -> dict[str, dict[str, Any]]:
    """The job resources by their addresses' names."""
    return dict(stacks["schedules"]["resource"][JOB])


def body_of(resource: Mapping[str, Any]) -> Any:
    """The JSON that a job sends, None for no body."""
    target = resource.get("http_target") or resource["pubsub_target"]
    encoded = target.get("body") or target.get("data")
    return None if encoded is None else json.loads(base64.b64decode(encoded))


def without_metadata(value: Any) -> Any:
    """`value` without cdktf's own notes."""
    if isinstance(value, dict):
        return {key: without_metadata(item) for key, item in value.items() if key != "//"}
    return [without_metadata(item) for item in value] if isinstance(value, list) else value


@pytest.mark.golden
def test_the_stacks_of_a_small_catalog_are_as_reviewed(small: Stacks) -> None:
    text = json.dumps(without_metadata(small), indent=2, sort_keys=True) + "\n"
    golden("stacks-small.json", re.sub(r"coordinator-[0-9a-f]{16}\.zip", "coordinator-HASH.zip", text))


def test_every_job_of_the_catalog_is_there_under_its_name(shop: Stacks, shop_catalog: Catalog) -> None:
    assert {name: job["name"] for name, job in jobs_of(shop).items()} == {name: name for name in shop_catalog.jobs}


def test_every_job_says_explicitly_whether_it_is_paused(shop: Stacks, shop_catalog: Catalog) -> None:
    for name, job in jobs_of(shop).items():
        declared = shop_catalog.jobs[name].paused is not None
        assert job["paused"] == (True if declared else f'${{contains(local.held, "{name}")}}')


def test_every_job_waits_for_the_guard_the_declaration_and_the_flags(shop: Stacks) -> None:
    for job in jobs_of(shop).values():
        assert job["depends_on"] == [
            "terraform_data.guard",
            "google_storage_bucket_object.declaration",
            "google_storage_bucket_object.flags",
        ]


def test_nothing_that_is_declared_is_lost_on_the_way(shop: Stacks, shop_catalog: Catalog, env: Environment) -> None:
    for name, resource in jobs_of(shop).items():
        assert_same(resource, shop_catalog.jobs[name], env)


def test_every_kind_of_target_says_what_is_declared(small: Stacks, small_catalog: Catalog, env: Environment) -> None:
    assert {job.target.service.kind for job in small_catalog.jobs.values()} == set(ServiceKind)
    for name, resource in jobs_of(small).items():
        assert_same(resource, small_catalog.jobs[name], env)


def assert_same(resource: Mapping[str, Any], job: Job, env: Environment) -> None:
    """The resource says all that the job declares."""
    kind = job.target.service.kind
    said = (resource["schedule"], resource["time_zone"], resource["region"], resource.get("attempt_deadline"))
    deadline = None if job.deadline is None else f"{job.deadline.seconds}s"
    assert said == (job.schedule.text, job.time_zone, job.region, deadline)
    assert resource["retry_config"].keys() == {
        "retry_count",
        "min_backoff_duration",
        "max_backoff_duration",
        "max_doublings",
        "max_retry_duration",
    }
    if kind is ServiceKind.TOPIC:
        assert resource["pubsub_target"]["topic_name"] == env.topic(job.target.service)
        assert body_of(resource) == ({} if job.target.body is None else job.target.body)
        return
    target = resource["http_target"]
    assert target["uri"] == env.url(job) + job.target.path
    assert target["http_method"] == "POST"
    assert body_of(resource) == job.target.body
    assert target.get("headers") == (None if job.target.body is None else {"Content-Type": "application/json"})
    token = target["oauth_token" if kind is ServiceKind.RUN_JOB else "oidc_token"]
    assert token["service_account_email"] == env.invoker
    assert token.get("audience") == (None if kind is ServiceKind.RUN_JOB else env.url(job))


def test_texts_of_the_catalog_are_never_evaluated(small: Stacks, small_catalog: Catalog, tmp_path: Path) -> None:
    texts = {name: job["description"] for name, job in jobs_of(small).items()}
    texts |= {name: backfill["reason"] for name, backfill in small["schedules"]["locals"]["declared"].items()}
    write(tmp_path, {"output": {"texts": {"value": texts}}})
    check_run(tmp_path, "plan", "-input=false", "-out=plan")
    shown = json.loads(check_run(tmp_path, "show", "-json", "plan"))
    declared = {job.name: job.description for job in small_catalog.jobs.values()}
    declared |= {backfill.name: backfill.description for backfill in small_catalog.backfills.values()}
    assert shown["planned_values"]["outputs"]["texts"]["value"] == declared


def test_a_destroyable_bucket_is_one_of_the_environment_only(small: Stacks, env: Environment) -> None:
    bucket = small["coordination"]["resource"]["google_storage_bucket"]["bucket"]
    assert bucket["force_destroy"] is env.allow_destroy
    assert (bucket["public_access_prevention"], bucket["uniform_bucket_level_access"]) == ("enforced", True)
    assert bucket["versioning"] == {"enabled": True}


def test_no_stack_depends_on_another_or_on_this_machine(shop: Stacks) -> None:
    for name, stack in shop.items():
        assert stack["terraform"]["backend"] == {
            "gcs": {"bucket": "interlock-local-state", "prefix": f"interlock/local/{name}"}
        }
        assert "terraform_remote_state" not in stack.get("data", {})
        assert str(ROOT) not in json.dumps(stack)
        assert stack["terraform"]["required_providers"] == {"google": {"source": "google", "version": "~> 7.45"}}

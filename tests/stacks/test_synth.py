"""What is synthesized: golden files for people, and what must hold for every catalog."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from interlock.catalog import OVER_HTTP, Catalog, Job, OAuth, Oidc, ServiceKind
from interlock.environment import Environment
from interlock.reading.entries import SourceFile
from interlock.reading.resolve import resolve_catalog
from local.provider import version
from stacks.cdk import literal
from tests.golden import golden
from tests.stacks.conftest import ROOT, Stacks, synthesize
from tests.stacks.twin import check_run, write

JOB = "google_cloud_scheduler_job"


def jobs_of(stacks: Stacks) -> dict[str, dict[str, Any]]:
    """The job resources by their addresses' names."""
    return dict(stacks["schedules"]["resource"][JOB])


def body_of(resource: Mapping[str, Any]) -> Any:
    """The JSON that a job sends, None for no body."""
    content = sent(resource)
    return None if content is None else json.loads(content)


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


def test_a_job_may_be_called_as_anything_else_of_the_stack_is(env: Environment, tmp_path: Path) -> None:
    """What is beside the jobs has construct ids, too: "google" of the provider, and those of the other kinds."""
    text = (ROOT / "tests" / "stacks" / "small.yaml").read_text(encoding="utf-8")
    names = {
        "partner-poll": "declaration",
        "partner-push": "google",
        "pages-refresh": "x" * 100,
        "orders-sweep": "variable-backfill-mode",
    }
    for before, after in names.items():
        assert f"\n  {before}:" in text
        text = text.replace(before, after)
    catalog = resolve_catalog([SourceFile(name="small.yaml", platform="small", text=text)])
    jobs = jobs_of(synthesize(catalog, env, tmp_path))
    assert set(names.values()) <= jobs.keys() == catalog.jobs.keys()
    assert {name: job["//"]["interlock"]["owner"] for name, job in jobs.items()} == {
        name: job.owner for name, job in catalog.jobs.items()
    }


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


def test_a_stack_without_jobs_names_no_kind_of_resource_that_it_has_not(env: Environment, tmp_path: Path) -> None:
    window = 'windows: {night: {schedule: "0 8 1 * *", time_zone: Etc/UTC, duration: 2h, covers: [all], reason: r, owner: o}}'
    stacks = synthesize(resolve_catalog([SourceFile(name="a.yaml", platform="a", text=window)]), env, tmp_path)
    assert all(stacks["schedules"]["resource"].values())


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
    said = (resource["name"], resource["schedule"], resource["time_zone"], resource["region"], resource.get("attempt_deadline"))
    deadline = None if job.deadline is None else f"{job.deadline.seconds}s"
    assert said == (job.scheduler_name, job.schedule.text, job.time_zone, job.region, deadline)
    if job.retry is None:
        assert "retry_config" not in resource
    else:
        assert resource["retry_config"].keys() == {
            "retry_count",
            "min_backoff_duration",
            "max_backoff_duration",
            "max_doublings",
            "max_retry_duration",
        }
    assert sent(resource) == job.target.content
    if kind is ServiceKind.TOPIC:
        assert resource["pubsub_target"]["topic_name"] == env.topic(job.target.service)
        assert resource["pubsub_target"].get("attributes") == (escaped(job.target.attributes) or None)
        return
    target = resource["http_target" if kind in OVER_HTTP else "app_engine_http_target"]
    assert target.get("uri", target.get("relative_uri")) == literal(env.uri(job))
    assert target["http_method"] == job.target.method
    assert target.get("headers") == (escaped(job.target.all_headers) or None)
    token = job.target.token
    assert target.get("oauth_token") == (
        {"service_account_email": env.account_of(token), "scope": token.scope} if isinstance(token, OAuth) else None
    )
    assert target.get("oidc_token") == (
        {"service_account_email": env.account_of(token), "audience": literal(env.audience(job, token))}
        if isinstance(token, Oidc)
        else None
    )


def sent(resource: Mapping[str, Any]) -> bytes | None:
    """The bytes that a job sends."""
    (target,) = (resource[key] for key in resource if key.endswith("_target"))
    encoded = target.get("body", target.get("data"))
    return None if encoded is None else base64.b64decode(encoded)


def escaped(texts: Mapping[str, str]) -> dict[str, str]:
    return {literal(name): literal(text) for name, text in texts.items()}


@pytest.mark.parametrize(
    ("job", "what", "said"),
    [
        ("nightly-workflow", "name", "Nightly_Workflow"),
        (
            "nightly-workflow",
            "uri",
            "https://workflowexecutions.googleapis.com/v1/projects/interlock-local/locations/us-west2/workflows/w-$${x}/executions",
        ),
        ("nightly-workflow", "headers", {"Content-Type": "application/json", "X-$a": "$${a} %%{b}"}),
        ("nightly-workflow-east", "uri", "https://workflowexecutions.googleapis.com/v1/projects/{project}"),
        ("partner-poll", "uri", "https://partner.example.com/v1?q=$${y}"),
        ("partner-push", "oidc_token", {
            "service_account_email": "scheduler-invoker@interlock-local.iam.gserviceaccount.com",
            "audience": "https://partner.example.com/v1/push#https://partner.example.com/v1",
        }),
        ("pages-refresh", "app_engine_routing", {"service": "web", "version": "v2"}),
        ("orders-sweep", "topic_name", "projects/other/topics/Orders_V2"),
        ("orders-sweep", "attributes", {"kind": "$${sweep}"}),
    ],
)  # fmt: skip
def test_what_is_declared_becomes_what_terraform_reads(small: Stacks, job: str, what: str, said: object) -> None:
    resource = jobs_of(small)[job]
    (target,) = (resource[key] for key in resource if key.endswith("_target"))
    assert {**resource, **target}[what] == said


def test_a_job_that_nobody_has_decided_about_is_left_as_it_is_found(small: Stacks) -> None:
    undecided = jobs_of(small)["partner-poll"]
    assert (undecided["paused"], undecided["lifecycle"]) == (True, {"ignore_changes": ["paused"]})
    assert [name for name, job in jobs_of(small).items() if "lifecycle" in job] == ["partner-poll"]


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
        [(kind, backend)] = stack["terraform"]["backend"].items()
        assert (kind, backend["bucket"], backend["prefix"]) == ("gcs", "interlock-local-state", f"interlock/local/{name}")
        assert "terraform_remote_state" not in stack.get("data", {})
        assert str(ROOT) not in json.dumps(stack)
        assert stack["terraform"]["required_providers"] == {"google": {"source": "google", "version": version()}}

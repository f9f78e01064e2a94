"""The Cloud Scheduler jobs as Terraform resources."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from interlock.catalog import Catalog, Job, Json
from interlock.environment import Environment
from interlock.terraform.attributes import job_attributes
from interlock.terraform.facts import job_facts
from stacks.cdk import (
    BaseStack,
    CloudSchedulerJob,
    CloudSchedulerJobAppEngineHttpTarget,
    CloudSchedulerJobAppEngineHttpTargetAppEngineRouting,
    CloudSchedulerJobHttpTarget,
    CloudSchedulerJobHttpTargetOauthToken,
    CloudSchedulerJobHttpTargetOidcToken,
    CloudSchedulerJobPubsubTarget,
    CloudSchedulerJobRetryConfig,
    ITerraformDependable,
    TerraformResourceLifecycle,
    beside,
    literal,
    quoted,
)

KIND = "google_cloud_scheduler_job"
BLOCKS: dict[str, Any] = {
    "retry_config": CloudSchedulerJobRetryConfig,
    "http_target": CloudSchedulerJobHttpTarget,
    "oauth_token": CloudSchedulerJobHttpTargetOauthToken,
    "oidc_token": CloudSchedulerJobHttpTargetOidcToken,
    "app_engine_http_target": CloudSchedulerJobAppEngineHttpTarget,
    "app_engine_routing": CloudSchedulerJobAppEngineHttpTargetAppEngineRouting,
    "pubsub_target": CloudSchedulerJobPubsubTarget,
}
"""The classes of the blocks, by name: a dictionary in their place is not taken for one."""


def add_jobs(
    stack: BaseStack,
    catalog: Catalog,
    env: Environment,
    names: Collection[str],
    *,
    after: Sequence[ITerraformDependable],
) -> None:
    """The jobs of these names, with what the environment decides. `after` is what must be there before a job is paused."""
    jobs = [(name, job) for name, job in sorted(catalog.jobs.items()) if name in names]
    for name, job in jobs:
        CloudSchedulerJob(
            stack.among(CloudSchedulerJob),
            name,
            depends_on=list(after),
            # Somebody has to decide: until then neither a plan nor an apply touches what it is found as.
            lifecycle=TerraformResourceLifecycle(ignore_changes=["paused"]) if job.undecided else None,
            **{attribute: _construct(attribute, value) for attribute, value in job_attributes(job, env).items()},
        )
    stack.resources(KIND, {name: {"paused": _paused(job), **beside(job_facts(job, catalog))} for name, job in jobs})


def _construct(name: str, value: Json) -> Any:
    """An attribute as the bindings want it. Texts are meant literally."""
    if isinstance(value, dict):
        inner = {key if name in BLOCKS else literal(key): _construct(key, one) for key, one in value.items()}
        return BLOCKS[name](**inner) if name in BLOCKS else inner
    return literal(value) if isinstance(value, str) else value


def _paused(job: Job) -> bool | str:
    """Always a value: with null the provider keeps the last one, and a job that was paused would stay so silently. One that
    nobody has decided about is paused when it is made, as nobody has asked that it run."""
    return True if job.paused or job.undecided else f"${{contains(local.held, {quoted(job.name)})}}"

"""One Cloud Scheduler job as a Terraform resource."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from interlock.catalog import Catalog, Job, Json, ServiceKind
from interlock.environment import Environment
from interlock.terraform.facts import job_facts
from stacks.cdk import (
    BaseStack,
    CloudSchedulerJob,
    CloudSchedulerJobHttpTarget,
    CloudSchedulerJobHttpTargetOauthToken,
    CloudSchedulerJobHttpTargetOidcToken,
    CloudSchedulerJobPubsubTarget,
    CloudSchedulerJobRetryConfig,
    IResolvable,
    ITerraformDependable,
    beside,
    literal,
    quoted,
    raw_bool,
)
from stacks.held import go_duration

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"


def add_job(stack: BaseStack, job: Job, catalog: Catalog, env: Environment, *, after: Sequence[ITerraformDependable]) -> None:
    """The job, with everything said that the API would otherwise fill in: an attribute left out is one that nobody reviews,
    and the provider keeps its last value. `after` is what must be there before the job is paused."""
    is_topic = job.target.service.kind is ServiceKind.TOPIC
    resource = CloudSchedulerJob(
        stack,
        f"job-{job.name}",
        name=job.name,
        description=literal(job.description),
        region=job.region,
        schedule=str(job.schedule),
        time_zone=job.time_zone,
        # A topic has none: setting it "will introduce an unresolvable diff" (the provider's documentation).
        attempt_deadline=None if is_topic or job.deadline is None else go_duration(job.deadline),
        retry_config=CloudSchedulerJobRetryConfig(
            retry_count=job.retry.attempts,
            min_backoff_duration=go_duration(job.retry.min_backoff),
            max_backoff_duration=go_duration(job.retry.max_backoff),
            max_doublings=job.retry.doublings,
            max_retry_duration=go_duration(job.retry.max_duration),
        ),
        http_target=None if is_topic else _http_target(job, env),
        pubsub_target=_pubsub_target(job, env) if is_topic else None,
        paused=_paused(job),
        depends_on=list(after),
    )
    resource.override_logical_id(job.name)
    beside(resource, job_facts(job, catalog))


def _paused(job: Job) -> bool | IResolvable:
    """Always a value: with null the provider keeps the last one, and a job that was paused would stay so silently."""
    return True if job.paused else raw_bool(f"${{contains(local.held, {quoted(job.name)})}}")


def _body(body: Json) -> str:
    """As both targets want it: base64 of the JSON, always in the same bytes."""
    return base64.b64encode(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).decode()


def _http_target(job: Job, env: Environment) -> CloudSchedulerJobHttpTarget:
    url = env.url(job)
    to_google = job.target.service.kind is ServiceKind.RUN_JOB
    has_body = job.target.body is not None
    return CloudSchedulerJobHttpTarget(
        uri=literal(url + job.target.path),
        http_method="POST",
        headers={"Content-Type": "application/json"} if has_body else None,
        body=_body(job.target.body) if has_body else None,
        # Google's own APIs want an access token; Cloud Run services and functions check an identity token for their audience.
        oauth_token=CloudSchedulerJobHttpTargetOauthToken(service_account_email=env.invoker, scope=CLOUD_PLATFORM)
        if to_google
        else None,
        oidc_token=None
        if to_google
        else CloudSchedulerJobHttpTargetOidcToken(service_account_email=env.invoker, audience=literal(url)),
    )


def _pubsub_target(job: Job, env: Environment) -> CloudSchedulerJobPubsubTarget:
    body = job.target.body
    return CloudSchedulerJobPubsubTarget(topic_name=env.topic(job.target.service), data=_body({} if body is None else body))

"""One Cloud Scheduler job as a Terraform resource."""

from __future__ import annotations

from collections.abc import Sequence

from interlock.catalog import Catalog, Job, ServiceKind
from interlock.environment import Environment
from interlock.terraform.attributes import HttpTarget, job_attributes
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

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"


def add_job(stack: BaseStack, job: Job, catalog: Catalog, env: Environment, *, after: Sequence[ITerraformDependable]) -> None:
    """The job, with what the environment decides. `after` is what must be there before the job is paused."""
    said = job_attributes(job)
    http, message = said["http_target"], said["pubsub_target"]
    resource = CloudSchedulerJob(
        stack,
        f"job-{job.name}",
        name=said["name"],
        description=literal(said["description"]),
        region=said["region"],
        schedule=said["schedule"],
        time_zone=said["time_zone"],
        attempt_deadline=said["attempt_deadline"],
        retry_config=CloudSchedulerJobRetryConfig(**said["retry_config"]),
        http_target=_http_target(job, env, http) if http else None,
        pubsub_target=CloudSchedulerJobPubsubTarget(topic_name=env.topic(job.target.service), **message) if message else None,
        paused=_paused(job),
        depends_on=list(after),
    )
    resource.override_logical_id(job.name)
    beside(resource, job_facts(job, catalog))


def _paused(job: Job) -> bool | IResolvable:
    """Always a value: with null the provider keeps the last one, and a job that was paused would stay so silently."""
    return True if job.paused else raw_bool(f"${{contains(local.held, {quoted(job.name)})}}")


def _http_target(job: Job, env: Environment, request: HttpTarget) -> CloudSchedulerJobHttpTarget:
    url = env.url(job)
    to_google = job.target.service.kind is ServiceKind.RUN_JOB
    return CloudSchedulerJobHttpTarget(
        uri=literal(url + job.target.path),
        **request,
        # Google's own APIs want an access token; Cloud Run services and functions check an identity token for their audience.
        oauth_token=CloudSchedulerJobHttpTargetOauthToken(service_account_email=env.invoker, scope=CLOUD_PLATFORM)
        if to_google
        else None,
        oidc_token=None
        if to_google
        else CloudSchedulerJobHttpTargetOidcToken(service_account_email=env.invoker, audience=literal(url)),
    )

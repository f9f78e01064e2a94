"""One Cloud Scheduler job as a Terraform resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from interlock.catalog import Catalog, Job, OAuth, Oidc
from interlock.environment import Environment
from interlock.terraform.attributes import PubsubTarget, Request, app_engine_routing, job_attributes
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
    IResolvable,
    ITerraformDependable,
    TerraformResourceLifecycle,
    beside,
    literal,
    quoted,
    raw_bool,
)


def add_job(stack: BaseStack, job: Job, catalog: Catalog, env: Environment, *, after: Sequence[ITerraformDependable]) -> None:
    """The job, with what the environment decides. `after` is what must be there before the job is paused."""
    said = job_attributes(job)
    retry, http, app_engine = said["retry_config"], said["http_target"], said["app_engine_http_target"]
    message = said["pubsub_target"]
    resource = CloudSchedulerJob(
        stack,
        f"job-{job.name}",
        name=said["name"],
        description=literal(said["description"]),
        region=said["region"],
        schedule=said["schedule"],
        time_zone=said["time_zone"],
        attempt_deadline=said["attempt_deadline"],
        retry_config=CloudSchedulerJobRetryConfig(**retry) if retry else None,
        http_target=_http_target(job, env, http) if http else None,
        app_engine_http_target=_app_engine_target(job, env, app_engine) if app_engine else None,
        pubsub_target=_pubsub_target(job, env, message) if message else None,
        paused=_paused(job),
        depends_on=list(after),
        # Somebody has to decide: until then neither a plan nor an apply touches what it is found as.
        lifecycle=TerraformResourceLifecycle(ignore_changes=["paused"]) if job.undecided else None,
    )
    resource.override_logical_id(job.name)
    beside(resource, job_facts(job, catalog))


def _paused(job: Job) -> bool | IResolvable:
    """Always a value: with null the provider keeps the last one, and a job that was paused would stay so silently. One that
    nobody has decided about is paused when it is made, as nobody has asked that it run."""
    return True if job.paused or job.undecided else raw_bool(f"${{contains(local.held, {quoted(job.name)})}}")


def _http_target(job: Job, env: Environment, request: Request) -> CloudSchedulerJobHttpTarget:
    token = job.target.token
    return CloudSchedulerJobHttpTarget(
        uri=literal(env.uri(job)),
        http_method=request["http_method"],
        headers=_literals(request["headers"]),
        body=request["body"],
        oauth_token=_oauth(env, token) if isinstance(token, OAuth) else None,
        oidc_token=_oidc(job, env, token) if isinstance(token, Oidc) else None,
    )


def _oauth(env: Environment, token: OAuth) -> CloudSchedulerJobHttpTargetOauthToken:
    return CloudSchedulerJobHttpTargetOauthToken(service_account_email=env.account_of(token), scope=literal(token.scope))


def _oidc(job: Job, env: Environment, token: Oidc) -> CloudSchedulerJobHttpTargetOidcToken:
    audience = literal(env.audience(job, token))
    return CloudSchedulerJobHttpTargetOidcToken(service_account_email=env.account_of(token), audience=audience)


def _app_engine_target(job: Job, env: Environment, request: Request) -> CloudSchedulerJobAppEngineHttpTarget:
    routing = app_engine_routing(job.target.service.app_engine)
    return CloudSchedulerJobAppEngineHttpTarget(
        relative_uri=literal(env.uri(job)),
        http_method=request["http_method"],
        headers=_literals(request["headers"]),
        body=request["body"],
        app_engine_routing=CloudSchedulerJobAppEngineHttpTargetAppEngineRouting(**routing) if routing else None,
    )


def _pubsub_target(job: Job, env: Environment, message: PubsubTarget) -> CloudSchedulerJobPubsubTarget:
    topic = env.topic(job.target.service)
    return CloudSchedulerJobPubsubTarget(topic_name=topic, data=message["data"], attributes=_literals(message["attributes"]))


def _literals(texts: Mapping[str, str] | None) -> dict[str, str] | None:
    return {literal(name): literal(text) for name, text in texts.items()} if texts else None

"""Jobs as a deploy makes them: what Cloud Scheduler says of a job of a catalog that is as it was declared."""

from __future__ import annotations

from typing import Any

from google.cloud import scheduler_v1
from google.protobuf.json_format import ParseDict

from interlock.actual import ENABLED, ActualJob
from interlock.catalog import Job, Json
from interlock.environment import Environment
from interlock.terraform.attributes import job_attributes

NAMES = {
    "description": "description",
    "schedule": "schedule",
    "time_zone": "timeZone",
    "attempt_deadline": "attemptDeadline",
    "retry_config": "retryConfig",
    "retry_count": "retryCount",
    "min_backoff_duration": "minBackoffDuration",
    "max_backoff_duration": "maxBackoffDuration",
    "max_retry_duration": "maxRetryDuration",
    "max_doublings": "maxDoublings",
    "http_target": "httpTarget",
    "uri": "uri",
    "http_method": "httpMethod",
    "oidc_token": "oidcToken",
    "oauth_token": "oauthToken",
    "service_account_email": "serviceAccountEmail",
    "audience": "audience",
    "scope": "scope",
    "pubsub_target": "pubsubTarget",
    "topic_name": "topicName",
    "data": "data",
}
"""Attributes of Terraform and the API's fields; what is not here has the same name."""
MAPS = ("headers", "attributes")


def resource_of(job: Job, env: Environment) -> dict[str, Json]:
    """The body that creates it."""
    attributes = job_attributes(job, env)
    name = f"projects/{env.project}/locations/{attributes.pop('region')}/jobs/{attributes.pop('name')}"
    return {"name": name, **{NAMES[key]: _field(key, value) for key, value in attributes.items()}}


def job_of(resource: dict[str, Json]) -> Any:
    """A job for Google's client."""
    return scheduler_v1.Job(ParseDict(resource, scheduler_v1.Job.pb(scheduler_v1.Job())))


def actual_of(job: Job, env: Environment, state: str = ENABLED) -> ActualJob:
    """It as the coordinator and `status` find it."""
    return ActualJob(
        name=job.scheduler_name,
        region=job.region,
        state=state,
        schedule=job.schedule.text,
        time_zone=job.time_zone,
        last_attempt=None,
        last_status=0,
        resource=resource_of(job, env),
    )


def _field(name: str, value: Json) -> Json:
    if name in MAPS or not isinstance(value, dict):
        return value
    return {NAMES.get(key, key): _field(key, inner) for key, inner in value.items()}

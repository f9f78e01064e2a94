"""A job of the catalog as Terraform's attributes, as far as the catalog alone decides them. Pure.

The stacks write these and add what an environment decides: the URL, the token, what `paused` is. The policies judge them as
they are. Texts are meant literally; whoever writes them as templates escapes them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TypedDict

from interlock.catalog import Job, Json, RetryProfile, ServiceKind


class RetryConfig(TypedDict):
    """When an attempt is repeated."""

    retry_count: int
    min_backoff_duration: str
    max_backoff_duration: str
    max_doublings: int
    max_retry_duration: str


class HttpTarget(TypedDict):
    """The request, less where it goes to."""

    http_method: str
    headers: Mapping[str, str] | None
    body: str | None


class PubsubTarget(TypedDict):
    """The message, less its topic."""

    data: str


class JobAttributes(TypedDict):
    """Of google_cloud_scheduler_job; None for what is not written."""

    name: str
    description: str
    region: str
    schedule: str
    time_zone: str
    attempt_deadline: str | None
    retry_config: RetryConfig
    http_target: HttpTarget | None
    pubsub_target: PubsubTarget | None


def job_attributes(job: Job) -> JobAttributes:
    """Everything said that the API would otherwise fill in: an attribute left out is one that nobody reviews, and the provider
    keeps its last value."""
    is_topic = job.target.service.kind is ServiceKind.TOPIC
    return {
        "name": job.name,
        "description": job.description,
        "region": job.region,
        "schedule": job.schedule.text,
        "time_zone": job.time_zone,
        # A topic has none: setting it "will introduce an unresolvable diff" (the provider's documentation).
        "attempt_deadline": None if is_topic or job.deadline is None else go_duration(job.deadline),
        "retry_config": _retry_config(job.retry),
        "http_target": None if is_topic else _http_target(job.target.body),
        "pubsub_target": _pubsub_target(job.target.body) if is_topic else None,
    }


def _retry_config(retry: RetryProfile) -> RetryConfig:
    return {
        "retry_count": retry.attempts,
        "min_backoff_duration": go_duration(retry.min_backoff),
        "max_backoff_duration": go_duration(retry.max_backoff),
        "max_doublings": retry.doublings,
        "max_retry_duration": go_duration(retry.max_duration),
    }


def _http_target(body: Json) -> HttpTarget:
    if body is None:
        return {"http_method": "POST", "headers": None, "body": None}
    return {"http_method": "POST", "headers": {"Content-Type": "application/json"}, "body": _encoded(body)}


def _pubsub_target(body: Json) -> PubsubTarget:
    return {"data": _encoded({} if body is None else body)}


def _encoded(body: Json) -> str:
    """As both targets want it: base64 of the JSON, always in the same bytes."""
    return base64.b64encode(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).decode()


def go_duration(duration: timedelta) -> str:
    """As Terraform's timeadd and Google's APIs both read one: whole seconds."""
    return f"{int(duration.total_seconds())}s"

"""A job of the catalog as Terraform's attributes, as far as the catalog alone decides them. Pure.

The stacks write these and add what an environment decides: the URL, the token, what `paused` is. The policies judge them as
they are. Texts are meant literally; whoever writes them as templates escapes them.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import TypedDict

from interlock.catalog import OVER_HTTP, AppEngine, Job, RetryProfile, ServiceKind, Target


class RetryConfig(TypedDict):
    """When an attempt is repeated; None for what Cloud Scheduler decides."""

    retry_count: int | None
    min_backoff_duration: str | None
    max_backoff_duration: str | None
    max_doublings: int | None
    max_retry_duration: str | None


class Request(TypedDict):
    """What is said over HTTP, less where it goes to."""

    http_method: str
    headers: Mapping[str, str] | None
    body: str | None


class AppEngineRouting(TypedDict):
    """Which part of the application."""

    service: str | None
    version: str | None
    instance: str | None


class PubsubTarget(TypedDict):
    """The message, less its topic."""

    data: str | None
    attributes: Mapping[str, str] | None


class JobAttributes(TypedDict):
    """Of google_cloud_scheduler_job; None for what is not written."""

    name: str
    description: str
    region: str
    schedule: str
    time_zone: str
    attempt_deadline: str | None
    retry_config: RetryConfig | None
    http_target: Request | None
    app_engine_http_target: Request | None
    pubsub_target: PubsubTarget | None


def job_attributes(job: Job) -> JobAttributes:
    """Everything said that the API would otherwise fill in: an attribute left out is one that nobody reviews, and the provider
    keeps its last value. Retry settings are an exception: a job that was made without any answers without any."""
    kind = job.target.service.kind
    return {
        "name": job.scheduler_name,
        "description": job.description,
        "region": job.region,
        "schedule": job.schedule.text,
        "time_zone": job.time_zone,
        # A topic has none: setting it "will introduce an unresolvable diff" (the provider's documentation).
        "attempt_deadline": None if job.deadline is None else go_duration(job.deadline),
        "retry_config": _retry_config(job.retry) if job.retry else None,
        "http_target": _request(job.target) if kind in OVER_HTTP else None,
        "app_engine_http_target": _request(job.target) if kind is ServiceKind.APP_ENGINE else None,
        "pubsub_target": _pubsub_target(job.target) if kind is ServiceKind.TOPIC else None,
    }


def app_engine_routing(part: AppEngine) -> AppEngineRouting | None:
    """None for the default of everything."""
    if part == AppEngine():
        return None
    return {"service": part.service or None, "version": part.version or None, "instance": part.instance or None}


def _retry_config(retry: RetryProfile) -> RetryConfig:
    return {
        "retry_count": retry.attempts,
        "min_backoff_duration": _maybe(retry.min_backoff),
        "max_backoff_duration": _maybe(retry.max_backoff),
        "max_doublings": retry.doublings,
        "max_retry_duration": _maybe(retry.max_duration),
    }


def _request(target: Target) -> Request:
    return {"http_method": target.method, "headers": target.all_headers or None, "body": _encoded(target.content)}


def _pubsub_target(target: Target) -> PubsubTarget:
    return {"data": _encoded(target.content), "attributes": target.attributes or None}


def _encoded(content: bytes | None) -> str | None:
    """As all targets want it."""
    return None if content is None else base64.b64encode(content).decode()


def _maybe(duration: timedelta | None) -> str | None:
    return None if duration is None else go_duration(duration)


def go_duration(duration: timedelta) -> str:
    """As Terraform's timeadd and Google's APIs both read one, and as the APIs answer: seconds, with 3 or 6 digits of a part.

    https://protobuf.dev/programming-guides/json/
    """
    seconds, part = divmod(duration // timedelta(microseconds=1), 1_000_000)
    return f"{seconds}s" if not part else f"{seconds}.{part:06}s".replace("000s", "s")

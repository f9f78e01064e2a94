"""A job of the catalog as Terraform's attributes, with what an environment decides of them: the URL, the token. Pure.

The stacks write these and add what `paused` is. The policies judge them as they are; what is live is compared with them. Texts
are meant literally; whoever writes them as templates escapes them.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from interlock.catalog import OVER_HTTP, Job, Json, OAuth, Oidc, RetryProfile, ServiceKind, Target

if TYPE_CHECKING:
    from interlock.environment import Environment

Attributes = dict[str, Json]
"""Of google_cloud_scheduler_job or a block of it, by name; without those that are not written. A block is one mapping."""


def job_attributes(job: Job, env: Environment | None = None) -> Attributes:
    """Everything said that the API would otherwise fill in: an attribute left out is one that nobody reviews, and the provider
    keeps its last value. Retry settings are an exception: a job that was made without any answers without any. Without an
    environment what that decides is left out: URLs, topics, tokens. `paused` is none of the job's own.
    """
    kind, target = job.target.service.kind, job.target
    return _written(
        {
            "name": job.scheduler_name,
            "description": job.description,
            "region": job.region,
            "schedule": job.schedule.text,
            "time_zone": job.time_zone,
            # A topic has none: setting it "will introduce an unresolvable diff" (the provider's documentation).
            "attempt_deadline": _maybe(job.deadline),
            "retry_config": _retry_config(job.retry) if job.retry else None,
            "http_target": _http_target(job, env) if kind in OVER_HTTP else None,
            "app_engine_http_target": _app_engine_target(job, env) if kind is ServiceKind.APP_ENGINE else None,
            "pubsub_target": _pubsub_target(target, env) if kind is ServiceKind.TOPIC else None,
        }
    )


def _http_target(job: Job, env: Environment | None) -> Attributes:
    token = job.target.token
    sent: Attributes = {"uri": env.uri(job)} if env else {}
    if env and isinstance(token, OAuth):
        sent["oauth_token"] = {"service_account_email": env.account_of(token), "scope": token.scope}
    if env and isinstance(token, Oidc):
        sent["oidc_token"] = {"service_account_email": env.account_of(token), "audience": env.audience(job, token)}
    return {**sent, **_request(job.target)}


def _app_engine_target(job: Job, env: Environment | None) -> Attributes:
    part = job.target.service.app_engine
    # An import reads a block even where nobody has asked for a part, as the API answers with its host: without one here each
    # plan would take that away. https://github.com/GoogleCloudPlatform/magic-modules/pull/2270
    parts = {"instance": part.instance, "version": part.version}
    routing: Attributes = {"service": part.service, **{name: value for name, value in parts.items() if value}}
    return {**({"relative_uri": env.uri(job)} if env else {}), **_request(job.target), "app_engine_routing": routing}


def _pubsub_target(target: Target, env: Environment | None) -> Attributes:
    topic: Attributes = {"topic_name": env.topic(target.service)} if env else {}
    return topic | _written({"data": _encoded(target.content), "attributes": {**target.attributes} or None})


def _retry_config(retry: RetryProfile) -> Attributes:
    return _written(
        {
            "retry_count": retry.attempts,
            "min_backoff_duration": _maybe(retry.min_backoff),
            "max_backoff_duration": _maybe(retry.max_backoff),
            "max_doublings": retry.doublings,
            "max_retry_duration": _maybe(retry.max_duration),
        }
    )


def _request(target: Target) -> Attributes:
    said: dict[str, Json] = {"headers": {**target.all_headers} or None, "body": _encoded(target.content)}
    return {"http_method": target.method, **_written(said)}


def _written(attributes: Mapping[str, Json]) -> Attributes:
    return {name: value for name, value in attributes.items() if value is not None}


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

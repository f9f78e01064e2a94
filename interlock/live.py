"""A live job as the attributes that Terraform has of it, so that it can be compared with a declared one
(`terraform/attributes.py`). Pure.

The provider's reading of an answer of the API: what it leaves out is Google's own and no difference
(resource_cloud_scheduler_job.go of hashicorp/google 7.45.0, its flatten functions).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from interlock.catalog import Json

Attributes = dict[str, Json]
Resource = Mapping[str, Json]
"""A job of Cloud Scheduler v1, as JSON."""

OWN_AGENTS = ("Google-Cloud-Scheduler", "AppEngine-Google; (+http://code.google.com/appengine)")
USER_AGENT = "User-Agent"
OCTETS = "application/octet-stream"
"""What Cloud Scheduler says of a body of which nobody says what it is."""
OWN_HEADERS = re.compile(r"X-Google-|X-AppEngine-|Content-Length")
AUTHORIZATION = "authorization"


def live_attributes(resource: Resource) -> Attributes:
    """Of google_cloud_scheduler_job, without those that the API says nothing of, nor `paused`."""
    name = str(resource.get("name", ""))
    http, app_engine, message = (_part(resource, key) for key in ("httpTarget", "appEngineHttpTarget", "pubsubTarget"))
    found: Attributes = {
        "name": name.rpartition("/")[2],
        "region": name.split("/")[3] if name.count("/") > 3 else "",
        "description": resource.get("description", ""),
        "schedule": resource.get("schedule", ""),
        "time_zone": resource.get("timeZone", ""),
        "attempt_deadline": resource.get("attemptDeadline"),
        "retry_config": _retries(_part(resource, "retryConfig")) if "retryConfig" in resource else None,
        "http_target": _http_target(http) if http else None,
        "app_engine_http_target": _app_engine_target(app_engine) if app_engine else None,
        "pubsub_target": _message(message) if message else None,
    }
    return {key: value for key, value in found.items() if value is not None}


def _http_target(http: Resource) -> Attributes:
    oidc, oauth = _part(http, "oidcToken"), _part(http, "oauthToken")
    tokens: Attributes = {
        "oidc_token": {"service_account_email": oidc.get("serviceAccountEmail", ""), "audience": oidc.get("audience", "")}
        if oidc
        else None,
        "oauth_token": {"service_account_email": oauth.get("serviceAccountEmail", ""), "scope": oauth.get("scope", "")}
        if oauth
        else None,
    }
    said = {"uri": http.get("uri", ""), **_request(http, with_token=bool(oidc or oauth))}
    return {**said, **{key: value for key, value in tokens.items() if value}}


def _app_engine_target(target: Resource) -> Attributes:
    routing = _part(target, "appEngineRouting")
    parts = {key: routing[key] for key in ("instance", "version") if routing.get(key)}
    return {
        "relative_uri": target.get("relativeUri", ""),
        **_request(target, with_token=False),
        "app_engine_routing": {"service": routing.get("service", ""), **parts},
    }


def _request(target: Resource, *, with_token: bool) -> Attributes:
    headers = _headers(_part(target, "headers"), with_token=with_token)
    said: Attributes = {"http_method": target.get("httpMethod", "POST")}
    return said | ({"headers": headers} if headers else {}) | ({"body": target["body"]} if target.get("body") else {})


def _headers(headers: Resource, *, with_token: bool) -> Attributes:
    """Those that somebody wrote. Beside a token the API may say the one that it sends, which is nobody else's business."""
    said = {name: _agent(value) if name == USER_AGENT else value for name, value in headers.items()}
    return {
        name: value
        for name, value in said.items()
        if not (name == USER_AGENT and not value)
        and not (name == "Content-Type" and value == OCTETS)
        and not OWN_HEADERS.search(name)
        and not (with_token and name.lower() == AUTHORIZATION)
    }


def _agent(value: Json) -> Json:
    """What somebody wrote of it: App Engine appends its own."""
    return "" if value == OWN_AGENTS[0] else str(value).replace(OWN_AGENTS[1], "").strip()


def is_googles_own(name: str, value: str) -> bool:
    """Whether a header is one that the provider refuses, or drops as it reads a job: a plan would never be empty."""
    return (
        bool(OWN_HEADERS.search(name))
        or (name, value) == ("Content-Type", OCTETS)
        or (name == USER_AGENT and not _agent(value))
    )


def _message(message: Resource) -> Attributes:
    said: Attributes = {"topic_name": message.get("topicName", "")}
    return said | {key: message[key] for key in ("data", "attributes") if message.get(key)}


def _retries(retry: Resource) -> Attributes:
    """What the API leaves out of a block that is there is zero."""
    return {
        "retry_count": retry.get("retryCount", 0),
        "min_backoff_duration": retry.get("minBackoffDuration", "0s"),
        "max_backoff_duration": retry.get("maxBackoffDuration", "0s"),
        "max_doublings": retry.get("maxDoublings", 0),
        "max_retry_duration": retry.get("maxRetryDuration", "0s"),
    }


def _part(resource: Resource, key: str) -> Resource:
    value = resource.get(key)
    return value if isinstance(value, dict) else {}

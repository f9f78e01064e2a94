"""What a Cloud Scheduler job calls: the rules of the three targets, and what the server adds to each.

Fields, limits and headers as the discovery document describes them (cloudscheduler.v1, HttpTarget, AppEngineHttpTarget,
PubsubTarget). It says that a topic must be in the job's own project; jobs that publish to another's exist, so that is taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from local.emulator.model import ApiError, JsonObject

KINDS = ("httpTarget", "pubsubTarget", "appEngineHttpTarget")
USER_AGENT = "Google-Cloud-Scheduler"
APP_ENGINE_AGENT = "AppEngine-Google; (+http://code.google.com/appengine)"
MAX_URI = 2083  # characters
MAX_HEADERS = 80 * 1024  # bytes, of all headers together
HTTP_DEADLINE = (15.0, 30 * 60.0)  # seconds
APP_ENGINE_DEADLINE = (15.0, 24 * 3600 + 15.0)  # seconds
DEFAULT_DEADLINE = "180s"
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"

_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_APP_ENGINE_BODY_METHODS = frozenset({"POST", "PUT"})
_APP_ENGINE_METHODS = frozenset({"POST", "GET", "HEAD", "PUT", "DELETE"})  # "PATCH and OPTIONS are not permitted"
_IGNORED_HEADERS = re.compile(r"host|content-length|x-google-.*|x-appengine-.*|x-cloudscheduler(-.*)?", re.IGNORECASE)
_TOPIC = re.compile(r"projects/[^/\s]+/topics/[^/\s]+")


def completed(job: JsonObject) -> JsonObject:
    """The job's target and deadline with the server's defaults, or ApiError 400."""
    kinds = [kind for kind in KINDS if job.get(kind) is not None]
    if len(kinds) != 1:
        raise ApiError(400, f"Job must have exactly one target; it has {len(kinds)}.", field="job.target")
    deadline = job.get("attemptDeadline")
    if kinds == ["httpTarget"]:
        return {
            "httpTarget": _http(job["httpTarget"]),
            "attemptDeadline": _deadline(deadline or DEFAULT_DEADLINE, HTTP_DEADLINE, "an HTTP target"),
        }
    if kinds == ["appEngineHttpTarget"]:
        # The default depends on the scaling of the service: none is shown, and 0 stands for it.
        if deadline is not None and float(deadline.rstrip("s")):
            deadline = _deadline(deadline, APP_ENGINE_DEADLINE, "an App Engine target")
        return {"appEngineHttpTarget": _app_engine(job["appEngineHttpTarget"], job["name"]), "attemptDeadline": deadline}
    # "For Pub/Sub targets, this field is ignored": it isn't shown either, so the provider calls it an unresolvable diff.
    return {"pubsubTarget": _pubsub(job["pubsubTarget"]), "attemptDeadline": None}


def with_token(job: JsonObject) -> JsonObject:
    """The job with the header that the API adds beside a token: https://github.com/GoogleCloudPlatform/magic-modules/pull/17074"""
    target = job.get("httpTarget") or {}
    if not (target.get("oidcToken") or target.get("oauthToken")):
        return job
    return job | {"httpTarget": target | {"headers": target["headers"] | {"Authorization": "Bearer ya29.added-by-the-api"}}}


def _deadline(deadline: str, limits: tuple[float, float], where: str) -> str:
    low, high = limits
    if not low <= float(deadline.rstrip("s")) <= high:
        message = f"Job.attempt_deadline must be between {low:.0f}s and {high:.0f}s for {where}; it is {deadline}."
        raise ApiError(400, message, field="job.attempt_deadline")
    return deadline


def _http(given: JsonObject) -> JsonObject:
    uri = given.get("uri", "")
    if not re.fullmatch(r"https?://[^\s/][^\s]*", uri) or len(uri) > MAX_URI:
        raise ApiError(400, "HttpTarget.uri must be a valid http or https URL.", field="job.http_target.uri")
    if given.get("oauthToken") and given.get("oidcToken"):
        raise ApiError(400, "HttpTarget has both oauth_token and oidc_token.", field="job.http_target")
    target = given | {"httpMethod": _method(given, _BODY_METHODS, "HttpTarget", "job.http_target")}
    target["headers"] = _headers(given, "HttpTarget", "job.http_target") | {"User-Agent": USER_AGENT}
    if given.get("oidcToken"):
        target["oidcToken"] = given["oidcToken"] | {"audience": given["oidcToken"].get("audience") or uri}
    if given.get("oauthToken"):
        target["oauthToken"] = given["oauthToken"] | {"scope": given["oauthToken"].get("scope") or CLOUD_PLATFORM}
    return target


def _app_engine(given: JsonObject, job: str) -> JsonObject:
    where = "job.app_engine_http_target"
    uri = given.get("relativeUri") or "/"
    if not re.fullmatch(r"/\S*", uri) or len(uri) > MAX_URI:
        message = f"AppEngineHttpTarget.relative_uri must begin with / and have no spaces and at most {MAX_URI} characters."
        raise ApiError(400, message, field=f"{where}.relative_uri")
    method = _method(given, _APP_ENGINE_BODY_METHODS, "AppEngineHttpTarget", where)
    if method not in _APP_ENGINE_METHODS:
        raise ApiError(400, f"AppEngineHttpTarget.http_method {method} is not permitted.", field=f"{where}.http_method")
    headers = _headers(given, "AppEngineHttpTarget", where)
    agent = headers.pop(_named(headers, "user-agent"), "").replace(APP_ENGINE_AGENT, "").strip()
    headers["User-Agent"] = f"{agent} {APP_ENGINE_AGENT}".strip()
    routing = _routing(given.get("appEngineRouting") or {}, job.split("/")[1])
    return given | {"relativeUri": uri, "httpMethod": method, "headers": headers, "appEngineRouting": routing}


def _routing(given: JsonObject, project: str) -> JsonObject:
    """The routing as the API answers: it keeps the host, and reads the parts back off it.

    One part alone is gone (it may be a service, a version or an instance), of two the last is taken for the service. Somebody
    found that by trying: https://github.com/GoogleCloudPlatform/magic-modules/pull/2270
    """
    parts = [str(given[part]) for part in ("instance", "version", "service") if given.get(part)]
    host = {"host": ".".join([*parts, f"{project}.appspot.com"])}
    names = {2: ("version", "service"), 3: ("instance", "version", "service")}.get(len(parts), ())
    return host | dict(zip(names, parts, strict=False))


def _pubsub(given: JsonObject) -> JsonObject:
    if not _TOPIC.fullmatch(given.get("topicName", "")):
        message = "PubsubTarget.topic_name must be formatted projects/PROJECT_ID/topics/TOPIC_ID."
        raise ApiError(400, message, field="job.pubsub_target.topic_name")
    if not (given.get("data") or given.get("attributes")):
        raise ApiError(400, "PubsubTarget needs data or attributes.", field="job.pubsub_target")
    return given


def _method(given: JsonObject, bodies: frozenset[str], message: str, where: str) -> str:
    method = given.get("httpMethod", "POST")
    method = "POST" if method == "HTTP_METHOD_UNSPECIFIED" else str(method)
    if given.get("body") and method not in bodies:
        raise ApiError(400, f"{message}.body is not allowed with {method}.", field=f"{where}.body")
    return method


def _headers(given: JsonObject, message: str, where: str) -> dict[str, str]:
    """The user's headers without what the API ignores or replaces, and the type of a body that has none."""
    headers = {name: value for name, value in (given.get("headers") or {}).items() if not _IGNORED_HEADERS.fullmatch(name)}
    if sum(len(name.encode()) + len(value.encode()) for name, value in headers.items()) >= MAX_HEADERS:
        raise ApiError(400, f"{message}.headers must be less than {MAX_HEADERS // 1024}KB.", field=f"{where}.headers")
    if message == "HttpTarget":
        headers.pop(_named(headers, "user-agent"), None)
    if given.get("body") and _named(headers, "content-type") not in headers:
        headers["Content-Type"] = "application/octet-stream"
    return headers


def _named(headers: Mapping[str, str], name: str) -> str:
    """The header as it is written; "" if it isn't there."""
    return next((found for found in headers if found.lower() == name), "")

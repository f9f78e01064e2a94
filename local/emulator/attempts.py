"""Attempts of Cloud Scheduler jobs, and the clock's steps that make jobs fire.

A target that the emulator serves (a deployed function, a Pub/Sub topic) is really called, as the service account of the
job's oidcToken. Any other target is only recorded as an attempt that went well: no request leaves this machine. With the real
clock nothing fires by itself, only by `:run`. With a stepped clock, a step fires in order what is due: every job that is
ENABLED at that instant, by name. Stands in for Cloud Scheduler's dispatch; it never fires late, twice, or out of order.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

from local.emulator import entries, identity, push, schedules
from local.emulator.model import ApiError, JsonObject, timestamp
from local.emulator.runtime import Runtime

JOBS = "cloudscheduler.projects.locations.jobs"
# HTTP status of the target -> google.rpc code and its name, as the attempt's log entry has it
_CODES = {400: (3, "INVALID_ARGUMENT"), 401: (16, "UNAUTHENTICATED"), 403: (7, "PERMISSION_DENIED"), 404: (5, "NOT_FOUND")}
_CODES |= {409: (10, "ABORTED"), 429: (8, "RESOURCE_EXHAUSTED"), 500: (13, "INTERNAL"), 503: (14, "UNAVAILABLE")}
_CODES |= {504: (4, "DEADLINE_EXCEEDED")}
# https://docs.cloud.google.com/scheduler/docs/reference/logging/rest/v1/TargetType
_TARGET_TYPES = {"httpTarget": "HTTP", "pubsubTarget": "PUB_SUB", "appEngineHttpTarget": "APP_ENGINE_HTTP"}
_UNKNOWN = (2, "UNKNOWN")
_BACKOFF = (("minBackoffDuration", "5s"), ("maxBackoffDuration", "3600s"))


def start(runtime: Runtime, name: str) -> None:
    """Make an attempt of the job soon, in the background."""
    runtime.dispatcher.submit(runtime.clock.now(), lambda: _attempt(runtime, name, number=1))


def advance(runtime: Runtime, until: datetime) -> bool:
    """Move the clock to `until`, and make what is due on the way, each at its own instant. False if it got stuck."""
    with runtime.stepping:
        runtime.clock.set(runtime.clock.now())
        while runtime.settle():
            instant, names = _next_fires(runtime, until)
            waiting = runtime.dispatcher.next_due()
            if waiting is not None and waiting <= until and (instant is None or waiting < instant):
                runtime.clock.set(waiting)
                continue
            if instant is None:
                runtime.clock.set(until)
                return runtime.settle()
            runtime.clock.set(instant)
            for name in names:
                _attempt(runtime, name, number=1)
                runtime.settle()
        return False


def _next_fires(runtime: Runtime, until: datetime) -> tuple[datetime | None, list[str]]:
    """The first instant after now, not after `until`, at which enabled jobs fire, and their names."""
    now = runtime.clock.now()
    with runtime.store.transaction():
        jobs = [job for _, job in runtime.store.under(JOBS, "") if job["state"] == "ENABLED"]
    fires = [(schedules.next_of(job, now), job["name"]) for job in jobs]
    first = min((fire for fire, _ in fires), default=None)
    if first is None or first > until:
        return None, []
    return first, sorted(name for fire, name in fires if fire == first)


def _attempt(runtime: Runtime, name: str, *, number: int) -> None:
    """Attempt `number` (from 1) of a fire: call the target, note how it went, and retry by retryConfig."""
    started = runtime.clock.now()
    job = _noted(runtime, name, {"lastAttemptTime": timestamp(started), "status": {}})
    if job is None:  # deleted in between
        return
    target = _uri(job)
    kind = {"targetType": next(word for field, word in _TARGET_TYPES.items() if field in job), "url": target}
    entries.attempt(runtime, name, kind, kind="AttemptStarted")
    status, dispatched, detail = _call(runtime, job)
    failed = not 200 <= status < 300
    code, word = _CODES.get(status, _UNKNOWN) if failed else (0, "")
    said = {"status": word, "debugInfo": f"Original HTTP response code number = {status}"} if failed else {}
    entries.attempt(runtime, name, kind | said, kind="AttemptFinished", severity="ERROR" if failed else "INFO")
    _noted(runtime, name, {"status": {"code": code} if failed else {}})
    http = job.get("httpTarget") or {}
    identity_used = (http.get("oidcToken") or http.get("oauthToken") or {}).get("serviceAccountEmail")
    attempt = {"job": name, "time": timestamp(started), "target": target, "dispatched": dispatched, "httpStatus": status}
    runtime.attempts.append(attempt | {"number": number, "identity": identity_used, "detail": detail})
    retry = job.get("retryConfig") or {}
    if failed and number <= int(retry.get("retryCount") or 0):
        due = runtime.clock.now() + _backoff(retry, number)
        runtime.dispatcher.submit(due, lambda: _attempt(runtime, name, number=number + 1))


def _noted(runtime: Runtime, name: str, fields: JsonObject) -> JsonObject | None:
    with runtime.store.transaction():
        job = runtime.store.get(JOBS, name)
        if job is not None:
            runtime.store.put(JOBS, name, job := job | fields)
        return job


def _uri(job: JsonObject) -> str:
    if target := job.get("appEngineHttpTarget"):
        return f"https://{target['appEngineRouting']['host']}{target['relativeUri']}"
    return str((job.get("httpTarget") or {}).get("uri") or (job.get("pubsubTarget") or {}).get("topicName") or "")


def _call(runtime: Runtime, job: JsonObject) -> tuple[int, bool, str]:
    """(HTTP status, whether something was really called, what it answered)."""
    if topic := job.get("pubsubTarget"):
        return _publish(runtime, topic), True, ""
    target = job.get("httpTarget")
    found = runtime.functions.find(target["uri"], here=runtime.url) if target else None
    if target is None or found is None:
        return 200, False, ""
    headers = {name.lower(): value for name, value in (target.get("headers") or {}).items()}
    headers["x-cloudscheduler"] = "true"
    headers["x-cloudscheduler-jobname"] = str(job["name"]).rpartition("/")[2]
    token = target.get("oidcToken") or {}
    if email := token.get("serviceAccountEmail"):
        headers["authorization"] = identity.token(email)
    body = base64.b64decode(target.get("body") or "")
    function, path = found
    audience = runtime.audience(token.get("audience"))
    seconds = float(job.get("attemptDeadline", "180s").rstrip("s"))
    answer = runtime.functions.invoke(function, target["httpMethod"], path, headers, body, audience=audience, seconds=seconds)
    return answer.status, True, answer.body[:1000].decode(errors="replace")


def _publish(runtime: Runtime, target: JsonObject) -> int:
    try:
        with runtime.store.transaction():
            push.publish(runtime, target["topicName"], [target])
    except ApiError as error:
        return error.code
    return 200


def _backoff(retry: JsonObject, number: int) -> timedelta:
    """The wait before the retry after attempt `number`: doubling up to maxDoublings, then constant."""
    low, high = (float(retry.get(key, default).rstrip("s")) for key, default in _BACKOFF)
    return timedelta(seconds=min(high, low * 2 ** min(number - 1, int(retry.get("maxDoublings") or 0))))

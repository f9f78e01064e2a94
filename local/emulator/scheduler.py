"""Cloud Scheduler jobs: states, defaults and the refusals of the API.

States, as the API and the Terraform provider use them: a job is ENABLED when created, PATCH never changes its state, and
pausing a PAUSED or resuming an ENABLED job is accepted (the provider resumes every job that it has just created).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from local.emulator import attempts
from local.emulator.model import ApiError, JsonObject, timestamp
from local.emulator.rest import Call, Collection, Handler

USER_AGENT = "Google-Cloud-Scheduler"
MAX_DESCRIPTION = 500  # characters
MAX_URI = 2083  # characters
MAX_RETRIES = 5
HTTP_DEADLINE = (15.0, 30 * 60.0)  # seconds
APP_ENGINE_DEADLINE = (15.0, 24 * 3600 + 15.0)  # seconds
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
REGIONS = ("europe-west1", "us-central1", "us-east1", "us-east4", "us-west1", "us-west2")

_NAME = re.compile(r"projects/[A-Za-z0-9.:_-]+/locations/[a-z0-9-]+/jobs/[A-Za-z0-9_-]{1,500}")
_CRON = re.compile(r"[0-9A-Za-z*,/-]+( +[0-9A-Za-z*,/-]+){4}")  # five fields; no seconds, no # and no @
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_TARGETS = ("httpTarget", "pubsubTarget", "appEngineHttpTarget")
_RETRY_DEFAULTS: Mapping[str, object] = {
    "maxRetryDuration": "0s",
    "minBackoffDuration": "5s",
    "maxBackoffDuration": "3600s",
    "maxDoublings": 5,
}


def _created(job: JsonObject, call: Call) -> JsonObject:
    return _completed(job, call) | {"state": "ENABLED"}


def _changed(old: JsonObject, new: JsonObject, call: Call) -> JsonObject:
    given = [target for target in _TARGETS if new.get(target) != old.get(target) and target in new]
    if given:  # a job has one target: the new one replaces another kind
        new = {key: value for key, value in new.items() if key not in _TARGETS or key in given}
    return _completed(new, call) | {"state": old["state"]}


def _pause(job: JsonObject, _call: Call) -> JsonObject:
    return job | {"state": "PAUSED"}


def _resume(job: JsonObject, _call: Call) -> JsonObject:
    return job | {"state": "ENABLED"}


def _run(job: JsonObject, call: Call) -> JsonObject:
    """An attempt, now; local/emulator/attempts.py makes it."""
    call.store.after(lambda: attempts.start(call.runtime, job["name"]))
    return job | {"lastAttemptTime": timestamp(call.request.now), "status": {}}


def _shown(job: JsonObject, call: Call) -> JsonObject:
    """The job with its next fire; a paused job has none."""
    if job["state"] != "ENABLED":
        return job
    return job | {"scheduleTime": _next_fire(job["schedule"], job["timeZone"], call.request.now)}


def _next_fire(schedule: str, zone: str, now: datetime) -> str:
    fire = next(CronSim(schedule, now.astimezone(ZoneInfo(zone))))
    return fire.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _completed(job: JsonObject, call: Call) -> JsonObject:
    """The job with the server's defaults, or ApiError 400."""
    if not _NAME.fullmatch(job["name"]):
        shape = "projects/<PROJECT_ID>/locations/<LOCATION_ID>/jobs/<JOB_ID>"
        raise ApiError(400, f'Job name must be formatted: "{shape}".', field="job.name")
    if len(job.get("description", "")) > MAX_DESCRIPTION:
        raise ApiError(400, f"Job description must be at most {MAX_DESCRIPTION} characters.", field="job.description")
    targets = [target for target in _TARGETS if job.get(target) is not None]
    if len(targets) != 1:
        raise ApiError(400, f"Job must have exactly one target; it has {len(targets)}.", field="job.target")
    job = job | {"timeZone": job.get("timeZone") or "Etc/UTC", "userUpdateTime": timestamp(call.request.now)}
    _check_schedule(job.get("schedule", ""), job["timeZone"], call.request.now)
    job["retryConfig"] = _retry_config(job.get("retryConfig") or {})
    deadline = job.pop("attemptDeadline", None) or "180s"
    if targets == ["httpTarget"]:
        job["attemptDeadline"] = _checked_deadline(deadline, HTTP_DEADLINE)
        job["httpTarget"] = _http_target(job["httpTarget"])
    elif targets == ["appEngineHttpTarget"]:
        job["attemptDeadline"] = _checked_deadline(deadline, APP_ENGINE_DEADLINE)
    else:  # the deadline is ignored for Pub/Sub
        target = job["pubsubTarget"]
        if not target.get("topicName") or not (target.get("data") or target.get("attributes")):
            raise ApiError(400, "PubsubTarget needs topic_name, and data or attributes.", field="job.pubsub_target")
    return job


def _check_schedule(schedule: str, zone: str, now: datetime) -> None:
    words = {word.upper() for word in re.findall(r"[A-Za-z]+", schedule)}
    try:
        if not _CRON.fullmatch(schedule) or words - {*_MONTHS, *_WEEKDAYS}:
            raise CronSimError("not in Cloud Scheduler's dialect")
        _next_fire(schedule, zone, now)
    except (CronSimError, StopIteration, OSError, ValueError, KeyError):  # the last three: an unknown zone
        message = f"Schedule or time zone is invalid: {schedule!r} in {zone!r}."
        raise ApiError(400, message, field="job.schedule") from None


def _retry_config(given: JsonObject) -> JsonObject:
    if not 0 <= given.get("retryCount", 0) <= MAX_RETRIES:
        raise ApiError(400, f"RetryConfig.retry_count must be between 0 and {MAX_RETRIES}.", field="job.retry_config")
    # proto3 JSON leaves zeros out; explicit defaults of the durations are returned.
    return {key: value for key, value in ({**_RETRY_DEFAULTS, **given}).items() if value not in (None, 0)}


def _checked_deadline(deadline: str, limits: tuple[float, float]) -> str:
    low, high = limits
    if not low <= float(deadline.rstrip("s")) <= high:
        message = f"Job.attempt_deadline must be between {low:.0f}s and {high:.0f}s."
        raise ApiError(400, message, field="job.attempt_deadline")
    return deadline


def _http_target(given: JsonObject) -> JsonObject:
    uri = given.get("uri", "")
    if not re.fullmatch(r"https?://[^\s/][^\s]*", uri) or len(uri) > MAX_URI:
        raise ApiError(400, "HttpTarget.uri must be a valid http or https URL.", field="job.http_target.uri")
    method = given.get("httpMethod", "POST")
    method = "POST" if method == "HTTP_METHOD_UNSPECIFIED" else method
    if given.get("body") and method not in _BODY_METHODS:
        raise ApiError(400, f"HttpTarget.body is not allowed with {method}.", field="job.http_target.body")
    if given.get("oauthToken") and given.get("oidcToken"):
        raise ApiError(400, "HttpTarget has both oauth_token and oidc_token.", field="job.http_target")
    headers = {**given.get("headers", {}), "User-Agent": USER_AGENT}
    if given.get("body") and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = "application/octet-stream"
    target = given | {"httpMethod": method, "headers": headers}
    if given.get("oidcToken"):
        target["oidcToken"] = given["oidcToken"] | {"audience": given["oidcToken"].get("audience") or uri}
    if given.get("oauthToken"):
        target["oauthToken"] = given["oauthToken"] | {"scope": given["oauthToken"].get("scope") or CLOUD_PLATFORM}
    return target


def _location(name: str) -> JsonObject:
    region = name.rpartition("/")[2]
    return {"name": name, "locationId": region, "labels": {"cloud.googleapis.com/region": region}}


def _list_locations(call: Call) -> JsonObject:
    return {"locations": [_location(f"{call.path['name']}/locations/{region}") for region in REGIONS]}


JOBS = Collection(
    path="projects.locations.jobs",
    created=_created,
    changed=_changed,
    shown=_shown,
    verbs={"pause": _pause, "resume": _resume, "run": _run},
)
HANDLERS: Mapping[str, Handler] = {
    "cloudscheduler.projects.locations.list": _list_locations,
    "cloudscheduler.projects.locations.get": lambda call: _location(call.path["name"]),
}

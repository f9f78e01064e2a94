"""Cloud Scheduler jobs: states, defaults and the refusals of the API.

States, as the API and the Terraform provider use them: a job is ENABLED when created, PATCH never changes its state, and
pausing a PAUSED or resuming an ENABLED job is accepted (the provider resumes every job that it has just created).

A job made without retryConfig answers without one, a part of one is answered with all its defaults:
https://github.com/hashicorp/terraform-provider-google/issues/25051, https://github.com/GoogleCloudPlatform/magic-modules/pull/3463
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime

from local.emulator import attempts, permissions, rights, schedules, targets
from local.emulator.model import ApiError, JsonObject, denied, timestamp
from local.emulator.rest import Call, Collection, Handler, paged

MAX_DESCRIPTION = 500  # characters
MAX_JOB = 1024 * 1024  # bytes
MAX_RETRIES = 5
FULL_VIEW = "cloudscheduler.jobs.fullView"
# https://docs.cloud.google.com/scheduler/docs/locations, and the release notes of 2026, which add regions to it
REGIONS = (
    *("asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3", "asia-south1", "asia-south2"),
    *("asia-southeast1", "asia-southeast2", "asia-southeast3", "australia-southeast1"),
    *("europe-central2", "europe-west1", "europe-west12", "europe-west2", "europe-west3", "europe-west4", "europe-west6"),
    *("me-central1", "me-central2", "me-west1"),
    *("northamerica-northeast1", "northamerica-northeast2", "southamerica-east1"),
    *("us-central1", "us-east1", "us-east4", "us-west1", "us-west2", "us-west3", "us-west4"),
)

_NAME = re.compile(r"projects/[A-Za-z0-9.:_-]+/locations/[a-z0-9-]+/jobs/[A-Za-z0-9_-]{1,500}")
_RETRY_DEFAULTS: Mapping[str, object] = {
    "maxRetryDuration": "0s",
    "minBackoffDuration": "5s",
    "maxBackoffDuration": "3600s",
    "maxDoublings": 5,
}


def _created(job: JsonObject, call: Call) -> JsonObject:
    return _completed(job, call) | {"state": "ENABLED"}


def _changed(old: JsonObject, new: JsonObject, call: Call) -> JsonObject:
    given = [target for target in targets.KINDS if new.get(target) != old.get(target) and target in new]
    if given:  # a job has one target: the new one replaces another kind
        new = {key: value for key, value in new.items() if key not in targets.KINDS or key in given}
    return _completed(new, call) | {"state": old["state"]}


def _pause(job: JsonObject, call: Call) -> JsonObject:
    if job["state"] != "ENABLED" and call.faults.has("strict_pause"):
        message = f"Job.state must be ENABLED for the job to be paused; it is {job['state']}."
        raise ApiError(400, message, status="FAILED_PRECONDITION")
    return job | {"state": "PAUSED"}


def _resume(job: JsonObject, _call: Call) -> JsonObject:
    return job | {"state": "ENABLED"}


def _run(job: JsonObject, call: Call) -> JsonObject:
    """An attempt, now; local/emulator/attempts.py makes it."""
    call.store.after(lambda: attempts.start(call.runtime, job["name"]))
    return job | {"lastAttemptTime": timestamp(call.request.now), "status": {}}


def _shown(job: JsonObject, call: Call) -> JsonObject:
    """The job with its next fire; a paused job has none."""
    if call.faults.has("tokens shown"):
        job = targets.with_token(job)
    if job["state"] != "ENABLED":
        return job
    return job | {"scheduleTime": schedules.next_of(job, call.request.now).strftime("%Y-%m-%dT%H:%M:%SZ")}


def _completed(job: JsonObject, call: Call) -> JsonObject:
    """The job with the server's defaults, or ApiError 400."""
    if not _NAME.fullmatch(job["name"]):
        shape = "projects/<PROJECT_ID>/locations/<LOCATION_ID>/jobs/<JOB_ID>"
        raise ApiError(400, f'Job name must be formatted: "{shape}".', field="job.name")
    if len(job.get("description", "")) > MAX_DESCRIPTION:
        raise ApiError(400, f"Job description must be at most {MAX_DESCRIPTION} characters.", field="job.description")
    if len(json.dumps(job).encode()) > MAX_JOB:
        raise ApiError(400, f"Job must be at most {MAX_JOB} bytes.", field="job")
    retries = {"retryConfig": _retry_config(job["retryConfig"])} if job.get("retryConfig") is not None else {}
    times = {"timeZone": job.get("timeZone") or "Etc/UTC", "userUpdateTime": timestamp(call.request.now)}
    job = job | times | targets.completed(job) | retries
    _check_schedule(job, call.request.now)
    return {key: _told(value) for key, value in job.items() if value not in (None, "")}


def _told(value: object) -> object:
    """A target as proto3 JSON tells it: texts, bytes and maps that are empty are left out; what is in a map stays."""
    if not isinstance(value, dict):
        return value
    return {key: inner for key, inner in value.items() if inner not in (None, "", {})}


def _check_schedule(job: JsonObject, now: datetime) -> None:
    schedule, zone = job.get("schedule", ""), job["timeZone"]
    try:
        schedules.next_fire(schedule, zone, now, now)
    except schedules.ScheduleError as error:
        message = f"Schedule or time zone is invalid: {schedule!r} in {zone!r}: {error}."
        raise ApiError(400, message, field="job.schedule") from None


def _retry_config(given: JsonObject) -> JsonObject:
    if not 0 <= given.get("retryCount", 0) <= MAX_RETRIES:
        raise ApiError(400, f"RetryConfig.retry_count must be between 0 and {MAX_RETRIES}.", field="job.retry_config")
    negative = [name for name, value in given.items() if str(value).startswith("-")]
    if negative:
        raise ApiError(400, f"RetryConfig.{negative[0]} must not be negative.", field="job.retry_config")
    # proto3 JSON leaves zeros out; explicit defaults of the durations are returned.
    return {key: value for key, value in ({**_RETRY_DEFAULTS, **given}).items() if value not in (None, 0)}


def _location(name: str) -> JsonObject:
    region = name.rpartition("/")[2]
    return {"name": name, "locationId": region, "labels": {"cloud.googleapis.com/region": region}}


def _get_location(call: Call) -> JsonObject:
    _check_region(call)
    return _location(call.path["name"])


def _list_locations(call: Call) -> JsonObject:
    unserved = [name for name in ("filter", "extraLocationTypes") if call.query.get(name)]
    if unserved:
        raise ApiError(400, f"The local stand-in lists all locations, without {unserved[0]}.")
    rows = [f"{call.path['name']}/locations/{region}" for region in sorted(REGIONS)]
    page, token = paged(rows, call.query, key=lambda name: name, size_parameter="pageSize")
    return {"locations": [_location(name) for name in page]} | ({"nextPageToken": token} if token else {})


def _check_region(call: Call) -> None:
    """Refuse a region that Cloud Scheduler isn't in, in its words.

    https://github.com/hashicorp/terraform-provider-google/issues/7001
    """
    place = "/".join(next(iter(call.path.values())).split("/")[:4])
    if place.rpartition("/")[2] not in REGIONS:
        raise denied(call.method.permission, place)


def _in_a_region(call: Call) -> JsonObject:
    """Without `fullView` what a job calls is hidden. Google says of the permission that it is there, and nobody what it hides:
    that it is the target is assumed."""
    _check_region(call)
    answer = JOBS.answer(call)
    if call.method.verb == "delete" or rights.may(call, FULL_VIEW, permissions.project(next(iter(call.path.values())))):
        return answer
    shown = answer.get("jobs", [answer])
    hidden = [{key: value for key, value in job.items() if key not in targets.KINDS} for job in shown]
    return answer | {"jobs": hidden} if "jobs" in answer else hidden[0]


JOBS = Collection(
    path="projects.locations.jobs",
    created=_created,
    changed=_changed,
    shown=_shown,
    verbs={"pause": _pause, "resume": _resume, "run": _run},
)
_METHODS = ("create", "delete", "get", "list", "patch", "pause", "resume", "run")
HANDLERS: Mapping[str, Handler] = {
    "cloudscheduler.projects.locations.list": _list_locations,
    "cloudscheduler.projects.locations.get": _get_location,
} | {f"{attempts.JOBS}.{verb}": _in_a_region for verb in _METHODS}

"""Cloud Logging's entries: written by clients, by attempts of jobs and by what functions print; listed; and counted.

An entry is tested with every log-based metric of its project as it is written (local/emulator/counting.py).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import datetime

from local.emulator import counting, filters
from local.emulator.model import ApiError, JsonObject, Response, timestamp
from local.emulator.rest import Call, Handler
from local.emulator.runtime import Runtime

MAX_ENTRIES = 1000  # of one list
_DEFAULT_PAGE = 50


def record(runtime: Runtime, entry: JsonObject) -> None:
    """Keep and count an entry of ours, in a transaction of its own."""
    with runtime.store.transaction():
        _keep(runtime, entry, runtime.clock.now())


def _keep(runtime: Runtime, entry: JsonObject, now: datetime) -> None:
    kind, _, rest = str(entry.get("logName", "")).partition("/")
    project, _, log = rest.partition("/logs/")
    if kind != "projects" or not project or not log or "/" in log:
        raise ApiError(400, 'Log name must be formatted "projects/PROJECT/logs/LOG", slashes in LOG as %2F.')
    full = {"insertId": secrets.token_hex(8), "resource": {"type": "global"}, "timestamp": timestamp(now), **entry}
    full["receiveTimestamp"] = timestamp(now)
    runtime.store.add_entry(project, full)
    counting.count(runtime.store, project, full, now)


def _write(call: Call) -> JsonObject:
    """All entries or none. What an entry lacks, the request's logName, resource and labels give."""
    shared = {key: call.body[key] for key in ("logName", "resource") if call.body.get(key)}
    for entry in call.body.get("entries") or []:
        labels = {**(call.body.get("labels") or {}), **(entry.get("labels") or {})}
        whole = {**shared, **entry, **({"labels": labels} if labels else {})}
        if not call.body.get("dryRun"):
            _keep(call.runtime, whole, call.request.now)
    return {}


def _list(call: Call) -> JsonObject | Response:
    """A page of the projects' entries, oldest first unless orderBy is another order."""
    body = call.body
    names = body.get("resourceNames") or [f"projects/{project}" for project in body.get("projectIds") or []]
    if not names or not all(name.startswith("projects/") for name in names):
        raise ApiError(400, "resource_names must name projects; the local stand-in has no folders or views.")
    order = body.get("orderBy") or "timestamp asc"
    if order not in ("timestamp asc", "timestamp desc", "timestamp"):
        raise ApiError(400, 'order_by must be "timestamp asc" or "timestamp desc".')
    test = filters.compiled(body.get("filter") or "")
    projects = dict.fromkeys(name.split("/")[1] for name in names)
    found = [(number, entry) for project in projects for number, entry in call.store.entries(project) if test(entry)]
    found.sort(key=lambda row: (row[1]["timestamp"], row[0]), reverse=order.endswith("desc"))
    start = _offset(body.get("pageToken") or "0")
    size = min(int(body.get("pageSize") or _DEFAULT_PAGE), MAX_ENTRIES)
    page = found[start : start + size]
    out: JsonObject = {"entries": [entry for _, entry in page]} if page else {}
    return out | ({"nextPageToken": str(start + size)} if start + size < len(found) else {})


def _offset(token: str) -> int:
    if not token.isdecimal() or len(token) > len(str(2**63)):
        raise ApiError(400, "The page token is invalid.")
    return int(token)


def printed(runtime: Runtime, function: JsonObject, line: str, stream: str) -> None:
    """An entry from a line that a function printed, as Cloud Run makes it: a JSON object becomes the payload."""
    _, project, _, location, _, name = str(function["name"]).split("/")
    service = ((function.get("serviceConfig") or {}).get("service") or name).rpartition("/")[2]
    entry: JsonObject = {
        "logName": f"projects/{project}/logs/run.googleapis.com%2F{stream}",
        "resource": {
            "type": "cloud_run_revision",
            "labels": {"project_id": project, "location": location, "service_name": service, "revision_name": service},
        },
        **_payload(line),
    }
    record(runtime, entry)


def _payload(line: str) -> JsonObject:
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return {"textPayload": line}
    severity = str(said.pop("severity", "DEFAULT")).upper()
    rank = filters.severity_rank(severity)
    labels = said.pop("logging.googleapis.com/labels", None)
    # A message alone is text: https://cloud.google.com/logging/docs/structured-logging
    payload = {"textPayload": str(said["message"])} if set(said) == {"message"} else {"jsonPayload": said}
    out: JsonObject = {**payload, "severity": filters.SEVERITIES[rank or 0]}
    return out | ({"labels": labels} if isinstance(labels, dict) else {})


def attempt(runtime: Runtime, job: str, payload: JsonObject, *, kind: str, severity: str = "INFO") -> None:
    """Cloud Scheduler's entry of an attempt that started or finished (`kind`)."""
    _, project, _, location, _, name = job.split("/")
    fields = {"@type": f"type.googleapis.com/google.cloud.scheduler.logging.{kind}", "jobName": job, **payload}
    record(
        runtime,
        {
            "logName": f"projects/{project}/logs/cloudscheduler.googleapis.com%2Fexecutions",
            "resource": {
                "type": "cloud_scheduler_job",
                "labels": {"project_id": project, "location": location, "job_id": name},
            },
            "severity": severity,
            "jsonPayload": fields,
        },
    )


HANDLERS: Mapping[str, Handler] = {"logging.entries.write": _write, "logging.entries.list": _list}

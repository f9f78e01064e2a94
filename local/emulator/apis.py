"""Service Usage: which APIs a project has enabled, and what the others answer.

A new project has few: https://cloud.google.com/service-usage/docs/enabled-service#default lists those that are on in a project
made by the console or gcloud. Every other API refuses until it is enabled, and for as long afterwards as the fault
`api-enable` says: https://cloud.google.com/service-usage/docs/enable-disable. What was made while an API was on stays when it
is disabled, and can't be asked for. That some APIs need others is not modelled: none is refused for that.

The project that is asked is that of the path; where a path has none, as in Cloud Storage, it is the emulator's own.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from local.emulator.buckets import PROJECT_NUMBER
from local.emulator.model import ApiError, JsonObject, timestamp
from local.emulator.rest import Call, Handler, paged
from local.emulator.runtime import PROJECT

APIS = "serviceusage.services"
DOMAIN = ".googleapis.com"
DEFAULT = frozenset(
    f"{name}{DOMAIN}"
    for name in (
        *("analyticshub", "bigquery", "bigqueryconnection", "bigquerydatapolicy", "bigquerymigration", "bigqueryreservation"),
        *("bigquerystorage", "cloudapis", "cloudtrace", "dataform", "dataplex", "datastore", "logging", "monitoring"),
        *("servicemanagement", "serviceusage", "sql-component", "storage", "storage-api", "storage-component"),
    )
)
"""What a new project has."""
MAX_BATCH = 20
_API = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+")
_IN_PATH = re.compile(r"/projects/([^/:]+)")


def refuse_disabled(call: Call) -> None:
    """ApiError 403 for a call of an API that the call's project hasn't enabled, or so short a time ago that it isn't there."""
    found = _IN_PATH.search(call.request.path)
    project = found[1] if found and found[1] not in {"-", "_", PROJECT_NUMBER} else PROJECT
    if not is_on(call, f"{call.api.name}{DOMAIN}", project):
        raise disabled(call.api.title, f"{call.api.name}{DOMAIN}", project)


def is_on(call: Call, api: str, project: str) -> bool:
    """Whether an API (`run.googleapis.com`) answers for a project by now."""
    since = _since(call, f"projects/{project}/services/{api}")
    if since is None:
        return False
    passed = call.request.now - since
    return not timedelta(0) <= passed < call.faults.delay("api-enable")


def disabled(title: str, api: str, project: str) -> ApiError:
    """What Google answers for an API that isn't enabled: https://cloud.google.com/service-usage/docs/service-disabled"""
    url = f"https://console.developers.google.com/apis/api/{api}/overview?project={project}"
    message = (
        f"{title} has not been used in project {project} before or it is disabled. Enable it by visiting {url} then "
        "retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
    )
    facts = {"service": api, "consumer": f"projects/{project}", "activationUrl": url, "serviceTitle": title}
    return ApiError(403, message, info={"reason": "SERVICE_DISABLED", "domain": "googleapis.com", "metadata": facts})


def _since(call: Call, name: str) -> datetime | None:
    """Since when it is enabled; long ago where nobody has said, and None for one that is not."""
    api, row = name.rpartition("/")[2], call.store.get(APIS, name)
    if api in call.faults.off:
        return None
    if row is None:
        return _LONG_AGO if api in DEFAULT | {*call.enabled} else None
    if row.get("state") == "DISABLED":
        return None
    return datetime.fromisoformat(row["since"]) if "since" in row else _LONG_AGO


_LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def _shown(name: str, *, enabled: bool) -> JsonObject:
    api = name.rpartition("/")[2]
    shown = f"projects/{PROJECT_NUMBER}"
    return {
        "name": f"{shown}/services/{api}",
        "parent": shown,
        "config": {"name": api, "title": api},
        "state": "ENABLED" if enabled else "DISABLED",
    }


def _named(name: str) -> str:
    """The name of a service or a project as it is kept: its number stands for the project, too."""
    return name.replace(f"projects/{PROJECT_NUMBER}", f"projects/{PROJECT}", 1)


def _checked(name: str) -> str:
    api = name.rpartition("/")[2]
    if not _API.fullmatch(api):
        raise ApiError(403, f"Not found or permission denied for service(s): {api}.")
    return _named(name)


def _enable(call: Call, names: Iterable[str]) -> list[JsonObject]:
    """One that is on already stays as it is: it was so before."""
    switched = [_checked(name) for name in names]
    if kept_off := sorted(api for name in switched if (api := name.rpartition("/")[2]) in call.faults.off):
        # https://github.com/firebase/firebase-tools/issues/4871
        raise ApiError(403, f"Permission denied to enable service [{', '.join(kept_off)}]")
    for name in switched:
        if _since(call, name) is None:
            call.store.put(APIS, name, {"name": name, "state": "ENABLED", "since": timestamp(call.request.now)})
    return [_shown(name, enabled=True) for name in switched]


def _disable(call: Call) -> JsonObject:
    name = _checked(call.path["name"])
    if _since(call, name) is None:
        message = f"The service {name.rpartition('/')[2]} is not enabled for {name.partition('/services/')[0]}."
        raise ApiError(400, message, status="FAILED_PRECONDITION")
    call.store.put(APIS, name, {"name": name, "state": "DISABLED"})
    return _operation({"service": _shown(name, enabled=False)})


def _operation(response: JsonObject) -> JsonObject:
    return {"name": f"operations/acat.{secrets.token_hex(8)}", "done": True, "response": response}


def _enable_many(call: Call) -> JsonObject:
    ids = call.body.get("serviceIds") or []
    if not 0 < len(ids) <= MAX_BATCH:
        raise ApiError(400, f"A batch has 1 to {MAX_BATCH} services.")
    return _operation({"services": _enable(call, (f"{call.path['parent']}/services/{api}" for api in ids))})


def _list(call: Call) -> JsonObject:
    if call.query.get("filter") not in (None, "", "state:ENABLED"):
        raise ApiError(400, "The local stand-in lists enabled services only: filter=state:ENABLED.")
    services = f"{_named(call.path['parent'])}/services/"
    known = {name for name, _ in call.store.under(APIS, services)} | {services + api for api in DEFAULT | {*call.enabled}}
    rows = sorted(name for name in known if _since(call, name) is not None)
    page, token = paged(rows, call.query, key=lambda name: name, size_parameter="pageSize")
    listed = {"services": [_shown(name, enabled=True) for name in page]} if page else {}
    return listed | ({"nextPageToken": token} if token else {})


def _get(call: Call) -> JsonObject:
    name = _named(call.path["name"])
    return _shown(name, enabled=_since(call, name) is not None)


HANDLERS: Mapping[str, Handler] = {
    f"{APIS}.batchEnable": _enable_many,
    f"{APIS}.disable": _disable,
    f"{APIS}.enable": lambda call: _operation({"service": _enable(call, [call.path["name"]])[0]}),
    f"{APIS}.get": _get,
    f"{APIS}.list": _list,
}

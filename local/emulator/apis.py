"""Service Usage: which APIs a project has enabled. Nothing depends on it here: every API answers, enabled or not."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping

from local.emulator.buckets import PROJECT_NUMBER
from local.emulator.model import ApiError, JsonObject
from local.emulator.rest import Call, Handler, paged

APIS = "serviceusage.services"
MAX_BATCH = 20
_API = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+")


def _shown(name: str, *, enabled: bool) -> JsonObject:
    api = name.rpartition("/")[2]
    shown = f"projects/{PROJECT_NUMBER}"
    return {
        "name": f"{shown}/services/{api}",
        "parent": shown,
        "config": {"name": api, "title": api},
        "state": "ENABLED" if enabled else "DISABLED",
    }


def _switch(call: Call, names: Iterable[str], *, on: bool) -> list[JsonObject]:
    changed = []
    for name in names:
        if not _API.fullmatch(name.rpartition("/")[2]):
            message = f"Not found or permission denied for service(s): {name.rpartition('/')[2]}."
            raise ApiError(403, message)
        if on:
            call.store.put(APIS, name, {"name": name})
        else:
            call.store.drop(APIS, name)
        changed.append(_shown(name, enabled=on))
    return changed


def _operation(response: JsonObject) -> JsonObject:
    return {"name": f"operations/acat.{secrets.token_hex(8)}", "done": True, "response": response}


def _enable_many(call: Call) -> JsonObject:
    ids = call.body.get("serviceIds") or []
    if not 0 < len(ids) <= MAX_BATCH:
        raise ApiError(400, f"A batch has 1 to {MAX_BATCH} services.")
    return _operation({"services": _switch(call, (f"{call.path['parent']}/services/{api}" for api in ids), on=True)})


def _list(call: Call) -> JsonObject:
    if call.query.get("filter") not in (None, "", "state:ENABLED"):
        raise ApiError(400, "The local stand-in lists enabled services only: filter=state:ENABLED.")
    rows = call.store.under(APIS, f"{call.path['parent']}/services/")
    page, token = paged(rows, call.query, key=lambda row: row[0], size_parameter="pageSize")
    listed = {"services": [_shown(name, enabled=True) for name, _ in page]} if page else {}
    return listed | ({"nextPageToken": token} if token else {})


def _get(call: Call) -> JsonObject:
    name = call.path["name"]
    return _shown(name, enabled=call.store.get(APIS, name) is not None)


HANDLERS: Mapping[str, Handler] = {
    f"{APIS}.batchEnable": _enable_many,
    f"{APIS}.disable": lambda call: _operation({"service": _switch(call, [call.path["name"]], on=False)[0]}),
    f"{APIS}.enable": lambda call: _operation({"service": _switch(call, [call.path["name"]], on=True)[0]}),
    f"{APIS}.get": _get,
    f"{APIS}.list": _list,
}

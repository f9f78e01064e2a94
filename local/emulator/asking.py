"""testIamPermissions: which of some permissions the caller has on a resource. A resource that isn't there is not found."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from local.emulator import buckets, identity, permissions, rights
from local.emulator.model import ApiError, JsonObject
from local.emulator.permissions import ACCOUNTS, PROJECTS, Resource
from local.emulator.rest import Call, Handler

TOPICS = "pubsub.projects.topics"
_PERMISSION = re.compile(r"[a-z][a-zA-Z0-9]*(\.[a-zA-Z][a-zA-Z0-9]*){2}")


def _answer(call: Call, resource: Resource, asked: list[str]) -> JsonObject:
    for permission in asked:
        if not _PERMISSION.fullmatch(permission):
            raise ApiError(400, f"Permission {permission} is not valid for this resource.")
    granted = [permission for permission in asked if _has(call, resource, permission)]
    return {"permissions": granted} if granted else {}


def _has(call: Call, resource: Resource, permission: str) -> bool:
    """Whether the caller has it now, which is no use of it."""
    if call.caller is None:
        return True
    delay = call.faults.delay("grants")
    return rights.allowed(call.store, call.caller, permission, resource, now=call.request.now, delay=delay)


def _of(find: Callable[[str], Resource]) -> Handler:
    """The handler of a kind of resource whose permissions are in the body."""

    def handler(call: Call) -> JsonObject:
        found = find(next(iter(call.path.values())))
        if found.kind != PROJECTS and call.store.get(found.kind, found.key) is None:
            raise ApiError(404, f"Resource not found (resource={found.name}).")
        return _answer(call, found, [*(call.body.get("permissions") or [])])

    return handler


def _in_storage(call: Call) -> JsonObject:
    """In Cloud Storage they are in the query, one parameter each."""
    bucket, name = call.path["bucket"], call.path.get("object", "")
    buckets.find(call, bucket)
    if name and call.store.object(bucket, name) is None:
        raise ApiError(404, f"No such object: {bucket}/{name}")
    call.query.get("permissions")  # is looked at: of a parameter that comes often a query has the last one only
    asked = [value for key, value in parse_qsl(call.request.query_string) if key == "permissions"]
    resource = permissions.stored(call, bucket, name) if name else permissions.bucket(call, bucket)
    return {"kind": "storage#testIamPermissionsResponse"} | _answer(call, resource, asked)


_HANDLERS: Mapping[str, Handler] = {
    f"{PROJECTS}.testIamPermissions": _of(permissions.project),
    f"{ACCOUNTS}.testIamPermissions": _of(lambda name: permissions.account(name, "-")),
    f"{TOPICS}.testIamPermissions": _of(lambda name: permissions.resource(TOPICS, name)),
    f"{identity.SERVICES}.testIamPermissions": _of(lambda name: permissions.resource(identity.SERVICES, name)),
    "storage.buckets.testIamPermissions": _in_storage,
    "storage.objects.testIamPermissions": _in_storage,
}


def handlers(api: str) -> Mapping[str, Handler]:
    """Those of one API, such as `iam`."""
    return {method: handler for method, handler in _HANDLERS.items() if method.startswith(f"{api}.")}

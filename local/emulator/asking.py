"""testIamPermissions: which of some permissions the caller has on a resource. A resource that isn't there is not found."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from local.emulator import buckets, identity
from local.emulator.iam import ACCOUNTS
from local.emulator.model import ApiError, JsonObject
from local.emulator.projects import PROJECTS
from local.emulator.rest import Call, Handler

_PERMISSION = re.compile(r"[a-z][a-zA-Z0-9]*(\.[a-zA-Z][a-zA-Z0-9]*){2}")
_EMAIL_PROJECT = re.compile(r"@([^.]+)\.iam\.gserviceaccount\.com$")


def _granted(_call: Call, _resource: str, permissions: list[str]) -> list[str]:
    """Every one of them: nothing is enforced here."""
    return permissions


def _answer(call: Call, resource: str, permissions: list[str]) -> JsonObject:
    for permission in permissions:
        if not _PERMISSION.fullmatch(permission) or "*" in permission:
            raise ApiError(400, f"Permission {permission} is not valid for this resource.")
    granted = _granted(call, resource, permissions)
    return {"permissions": granted} if granted else {}


def _of(exists: Callable[[Call, str], bool]) -> Handler:
    """The handler of a kind of resource whose permissions are in the body."""

    def handler(call: Call) -> JsonObject:
        name = next(iter(call.path.values()))
        if not exists(call, name):
            raise ApiError(404, f"Resource not found (resource={name}).")
        return _answer(call, name, [*(call.body.get("permissions") or [])])

    return handler


def _in_storage(call: Call) -> JsonObject:
    """In Cloud Storage they are in the query, one parameter each."""
    bucket, name = call.path["bucket"], call.path.get("object", "")
    buckets.find(call, bucket)
    if name and call.store.object(bucket, name) is None:
        raise ApiError(404, f"No such object: {bucket}/{name}")
    permissions = [value for key, value in parse_qsl(call.request.query_string) if key == "permissions"]
    resource = f"projects/_/buckets/{bucket}" + (f"/objects/{name}" if name else "")
    return {"kind": "storage#testIamPermissionsResponse"} | _answer(call, resource, permissions)


def _has_account(call: Call, name: str) -> bool:
    email = name.rpartition("/")[2]
    project = found[1] if (found := _EMAIL_PROJECT.search(email)) else "-"
    return call.store.get(ACCOUNTS, f"projects/{project}/serviceAccounts/{email}") is not None


def _stored(kind: str) -> Callable[[Call, str], bool]:
    return lambda call, name: call.store.get(kind, name) is not None


TOPICS = "pubsub.projects.topics"
_HANDLERS: Mapping[str, Handler] = {
    f"{PROJECTS}.testIamPermissions": _of(lambda _call, _name: True),
    f"{ACCOUNTS}.testIamPermissions": _of(_has_account),
    f"{TOPICS}.testIamPermissions": _of(_stored(TOPICS)),
    f"{identity.SERVICES}.testIamPermissions": _of(_stored(identity.SERVICES)),
    "storage.buckets.testIamPermissions": _in_storage,
    "storage.objects.testIamPermissions": _in_storage,
}


def handlers(api: str) -> Mapping[str, Handler]:
    """Those of one API, such as `iam`."""
    return {method: handler for method, handler in _HANDLERS.items() if method.startswith(f"{api}.")}

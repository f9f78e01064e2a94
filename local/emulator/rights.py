"""What a caller may: policies of the resource and of its project, roles and conditions; and what was asked for.

A binding counts if it names the caller, its role has the permission and its condition holds. Policies of folders and
organisations, deny policies and groups there are none. `--fault grants=60s`: a policy is what it was so long before.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from local.emulator import cel, identity, permissions, predefined
from local.emulator.model import ApiError, JsonObject, denied
from local.emulator.permissions import Resource
from local.emulator.store import Store, policy_kind

if TYPE_CHECKING:
    from local.emulator.rest import Call

ROLES = "iam.projects.roles"
CREDENTIALS = "Account deleted or disabled: {email}. The local stand-in knows no such service account that is enabled."


@dataclass
class Used:
    """Which permission was used by whom on what, how often; for tests and for whoever asks what an account needs."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, email: str, permission: str, name: str) -> None:
        """One more use."""
        with self.lock:
            self.counts[email, permission, name] += 1

    def clear(self) -> None:
        """Begin anew."""
        with self.lock:
            self.counts.clear()

    def describe(self) -> JsonObject:
        """By account and permission: the resources, and how often."""
        shown: JsonObject = {}
        with self.lock:
            for (email, permission, name), count in sorted(self.counts.items()):
                shown.setdefault(email, {}).setdefault(permission, {})[name] = count
        return {"accounts": shown}


def check(call: Call) -> None:
    """ApiError 403 unless who calls has all that the call needs; 401 for an account that is not there."""
    if call.caller is None:
        return
    _check_account(call.store, call.caller)
    for need in permissions.needed(call):
        if not may(call, need.permission, need.resource):
            raise refusal(call, call.caller, need.permission, need.resource)


def refusal(call: Call, email: str, permission: str, resource: Resource) -> ApiError:
    """Cloud Storage names the caller, the others what is lacking: https://cloud.google.com/storage/docs/troubleshooting#access-permission"""
    if call.api.is_storage:
        noun = "object" if "/objects/" in resource.name else "bucket"
        message = f"{email} does not have {permission} access to the Google Cloud Storage {noun}."
        return ApiError(403, f"{message} Permission '{permission}' denied on resource (or it may not exist).")
    return denied(permission, resource.name if permission != permissions.ACT_AS else resource.name.rpartition("/")[2])


def may(call: Call, permission: str, resource: Resource) -> bool:
    """Whether who calls has the permission on the resource at this moment, as the owner always has; notes that it was used."""
    if call.caller is None:
        return True
    delay = call.faults.delay("grants")
    if not allowed(call.store, call.caller, permission, resource, now=call.request.now, delay=delay):
        return False
    call.runtime.used.note(call.caller, permission, resource.name)
    return True


def allowed(
    store: Store, email: str | None, permission: str, resource: Resource, *, now: datetime, delay: timedelta = timedelta()
) -> bool:
    """Whether an account or person (None: somebody unknown) has the permission, by the policies as they were `delay` ago."""
    members = _members(email)
    facts = cel.Facts(name=resource.name, type=resource.type, service=resource.service, time=now, api=resource.api)
    for binding in _bindings(store, resource, now, delay):
        if members.isdisjoint(binding.get("members") or ()):
            continue
        if permission not in role_permissions(store, binding["role"]):
            continue
        condition = binding.get("condition")
        if not condition or cel.holds(condition["expression"], facts):
            return True
    return False


def role_permissions(store: Store, role: str) -> frozenset[str]:
    """What a role has: one of Google's, or of a project; nothing if it is deleted or unknown."""
    if role.startswith("roles/"):
        return predefined.permissions_of(role) or frozenset()
    found = store.get(ROLES, role) or {}
    return frozenset() if found.get("deleted") else frozenset(found.get("includedPermissions") or ())


def _members(email: str | None) -> frozenset[str]:
    if email is None:
        return frozenset({"allUsers"})
    kind = "serviceAccount" if identity.is_account(email) else "user"
    return frozenset({"allUsers", "allAuthenticatedUsers", f"{kind}:{email}", f"domain:{email.partition('@')[2]}"})


def _bindings(store: Store, resource: Resource, now: datetime, delay: timedelta) -> Iterator[JsonObject]:
    own = (policy_kind(resource.kind), resource.key)
    project = (policy_kind(permissions.PROJECTS), resource.project)
    for kind, key in dict.fromkeys((own, project)):
        yield from (policy_before(store, kind, key, now - delay) if delay else store.get(kind, key) or {}).get("bindings") or ()


def keep_before(store: Store, kind: str, key: str, old: JsonObject, now: datetime) -> None:
    """Keep what a policy (by the kind that the store has it under) was until now, for `policy_before`."""
    before = (store.get(f"{kind}.before", key) or {"changes": []})["changes"]
    store.put(f"{kind}.before", key, {"changes": [*before[-49:], {"until": now.timestamp(), "policy": old}]})


def policy_before(store: Store, kind: str, key: str, then: datetime) -> JsonObject:
    """The policy as it was at that instant."""
    for change in (store.get(f"{kind}.before", key) or {"changes": []})["changes"]:
        if change["until"] > then.timestamp():
            found: JsonObject = change["policy"]
            return found
    return store.get(kind, key) or {}


def _check_account(store: Store, email: str) -> None:
    name = identity.full_name(email)
    account = store.get(permissions.ACCOUNTS, name) if name else {}
    if account is None or account.get("disabled"):
        raise ApiError(401, CREDENTIALS.format(email=email))

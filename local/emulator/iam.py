"""Service accounts and custom roles of a project.

A deleted account's members stay behind as deleted, and one of the same name is another account:
https://cloud.google.com/iam/docs/service-accounts-delete-undelete. A deleted role can be had back until day 7, and its id is
free again after day 37: https://cloud.google.com/iam/docs/creating-custom-roles#deleting-custom-role. That a role can't be read
any more between the two is assumed.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from local.emulator import members, predefined
from local.emulator.model import ApiError, JsonObject, Response
from local.emulator.permissions import ACCOUNTS
from local.emulator.policies import policies
from local.emulator.rest import Call, Collection, Handler
from local.emulator.rights import ROLES

_ACCOUNT_ID = re.compile(r"[a-z][-a-z0-9]{4,28}[a-z0-9]")
_EMAIL = re.compile(r"[^@]+@(?P<project>[^.]+)\.iam\.gserviceaccount\.com")
_ROLE_ID = re.compile(r"[a-zA-Z0-9_.]{3,64}")
_PERMISSION = re.compile(r"[a-z][a-zA-Z0-9]*(\.[a-zA-Z][a-zA-Z0-9]*){2}")
_UNIQUE_ID_DIGITS = 21
UNDELETED = timedelta(days=7)
BLOCKED = timedelta(days=37)
_DELETED = f"{ROLES}.deleted"

# Accounts


def _create_account(call: Call) -> JsonObject:
    project, account = call.path["name"].removeprefix("projects/"), call.body.get("accountId", "")
    if not _ACCOUNT_ID.fullmatch(account):
        raise ApiError(400, "Account ID must be 6 to 30 lower-case letters, digits and hyphens, and begin with a letter.")
    if call.store.get(ACCOUNTS, name := account_name(project, account)) is not None:
        message = f"Service account {account} already exists within project projects/{project}."
        raise ApiError(409, message, status="ALREADY_EXISTS")
    given = call.body.get("serviceAccount") or {}
    made = born(project, account) | {key: given[key] for key in ("displayName", "description") if given.get(key)}
    call.store.put(ACCOUNTS, name, made)
    return made


def account_name(project: str, account: str) -> str:
    """The full name of an account, from its id."""
    return f"projects/{project}/serviceAccounts/{account}@{project}.iam.gserviceaccount.com"


def born(project: str, account: str) -> JsonObject:
    """A new account, with an identity of its own."""
    unique = str(10 ** (_UNIQUE_ID_DIGITS - 1) + secrets.randbelow(9 * 10 ** (_UNIQUE_ID_DIGITS - 1)))
    name = account_name(project, account)
    made = {"name": name, "projectId": project, "email": name.rpartition("/")[2], "uniqueId": unique, "oauth2ClientId": unique}
    return made | {"etag": "MDEwMjE5MjA="}


def _change_account(old: JsonObject, new: JsonObject, _call: Call) -> JsonObject:
    """What the server has set stays, whatever the client sends."""
    kept = ("name", "projectId", "email", "uniqueId", "oauth2ClientId", "etag", "disabled")
    return new | {key: old[key] for key in kept if key in old}


def _enable(account: JsonObject, _call: Call) -> JsonObject:
    return {key: value for key, value in account.items() if key != "disabled"}


def _disable(account: JsonObject, _call: Call) -> JsonObject:
    return account | {"disabled": True}


def _delete_account(call: Call) -> JsonObject:
    account = call.store.get(ACCOUNTS, next(iter(call.path.values())))
    answer = _ACCOUNTS.answer(call)
    if account is not None:
        members.forget(call.store, account["email"], account["uniqueId"])
    return answer


_ACCOUNTS = Collection(
    path="projects.serviceAccounts",
    envelope="serviceAccount",
    changed=_change_account,
    verbs={"enable": _enable, "disable": _disable},
)


def _located(handler: Handler) -> Handler:
    """The handler for names such as projects/-/serviceAccounts/EMAIL as well: the email has the project in it."""

    def located(call: Call) -> JsonObject | Response:
        parameter, name = next(iter(call.path.items()))
        email = name.rpartition("/")[2]
        if name.startswith("projects/-/") and (found := _EMAIL.fullmatch(email)):
            call = replace(call, path={parameter: f"projects/{found['project']}/serviceAccounts/{email}"})
        return handler(call)

    return located


# Roles


def _create_role(role: JsonObject, call: Call) -> JsonObject:
    if not _ROLE_ID.fullmatch(call.body.get("roleId", "")):
        raise ApiError(400, "The role_id must be 3 to 64 letters, digits, underscores and full stops.")
    return _checked_role(role)


def _checked_role(role: JsonObject) -> JsonObject:
    for permission in role.get("includedPermissions") or []:
        if not _PERMISSION.fullmatch(permission):
            raise ApiError(400, f"Permission {permission} is not valid.")
        if permission not in predefined.PERMISSIONS:
            known = predefined.family(permission) in predefined.SERVICES
            why = "" if known else " The local stand-in knows no permissions of that service: local/emulator/predefined.py."
            raise ApiError(400, f"Permission {permission} is not valid.{why}")
    role = {key: value for key, value in role.items() if value not in (None, "", [], "ALPHA")}  # ALPHA is the zero of the enum
    return role | ({"includedPermissions": sorted(role["includedPermissions"])} if "includedPermissions" in role else {})


def _change_role(old: JsonObject, new: JsonObject, _call: Call) -> JsonObject:
    if old.get("deleted"):
        raise ApiError(400, f"The role {old['name']} is deleted. Undelete it first.", status="FAILED_PRECONDITION")
    return _checked_role(new)


def _undelete(role: JsonObject, _call: Call) -> JsonObject:
    return {key: value for key, value in role.items() if key != "deleted"}


_ROLES = Collection(
    path="projects.roles",
    id_parameter="roleId",
    envelope="role",
    created=_create_role,
    changed=_change_role,
    verbs={"undelete": _undelete},
)


def _insert_role(call: Call) -> JsonObject:
    """A role's id can't be used again while a deleted one is on its way out."""
    role = call.body.get("roleId", "")
    name = f"{call.path['parent']}/roles/{role}"
    if (age := _deleted_for(call, name)) is not None:
        if age >= BLOCKED:
            call.store.drop(ROLES, name)
            return _ROLES.answer(call)
        if age >= UNDELETED:  # gke-autoneg-controller #71, azul #4390
            said = f"You can't create a role_id ({role}) which has been marked for deletion."
        else:
            said = f"You can't create a role with role_id ({role}) where there is an existing role with that role_id"
            said += " in a deleted state."
        raise ApiError(400, said, status="FAILED_PRECONDITION")
    return _ROLES.answer(call)


def _delete_role(call: Call) -> JsonObject:
    role = call.store.get(ROLES, call.path["name"])
    if role is None or role.get("deleted"):
        raise ApiError(404, f"The role named {call.path['name']} was not found.")
    call.store.put(ROLES, call.path["name"], role | {"deleted": True})
    call.store.put(_DELETED, call.path["name"], {"at": call.request.now.timestamp()})
    return role | {"deleted": True}


def _deleted_for(call: Call, name: str) -> timedelta | None:
    """How long ago a role was deleted; None for one that isn't."""
    if not (call.store.get(ROLES, name) or {}).get("deleted"):
        return None
    now = call.request.now.timestamp()
    return timedelta(seconds=now - (call.store.get(_DELETED, name) or {"at": now})["at"])


def _while_kept(call: Call) -> JsonObject:
    """Of a role that has been deleted for too long nothing is known any more."""
    age = _deleted_for(call, call.path["name"])
    if age is not None and age >= UNDELETED:
        raise ApiError(404, f"The role named {call.path['name']} was not found.")
    return _ROLES.answer(call)


def _list_roles(call: Call) -> JsonObject:
    listed = _ROLES.answer(call)
    kept = [role for role in listed.get("roles", []) if (_deleted_for(call, role["name"]) or timedelta()) < UNDELETED]
    listed = listed | ({"roles": kept} if "roles" in listed else {})
    if call.query.get("showDeleted", "").lower() != "true" and "roles" in listed:
        listed["roles"] = [role for role in listed["roles"] if not role.get("deleted")]
    return listed


COLLECTIONS = (_ACCOUNTS, _ROLES)
HANDLERS: Mapping[str, Handler] = {
    f"{ACCOUNTS}.create": _create_account,
    **{f"{ACCOUNTS}.{verb}": _located(_ACCOUNTS.answer) for verb in ("get", "patch", "enable", "disable")},
    f"{ACCOUNTS}.delete": _located(_delete_account),
    **{method: _located(handler) for method, handler in policies(ACCOUNTS).items()},
    # What gcloud requests before it makes a role, to warn of permissions in an early stage.
    "iam.permissions.queryTestablePermissions": lambda _call: {},
    f"{ROLES}.create": _insert_role,
    f"{ROLES}.delete": _delete_role,
    f"{ROLES}.list": _list_roles,
    **{f"{ROLES}.{verb}": _while_kept for verb in ("get", "patch", "undelete")},
}

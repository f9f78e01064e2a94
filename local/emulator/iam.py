"""Service accounts and custom roles of a project."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace

from local.emulator.model import ApiError, JsonObject, Response
from local.emulator.policies import ROLES, policies
from local.emulator.rest import Call, Collection, Handler

ACCOUNTS = "iam.projects.serviceAccounts"
_ACCOUNT_ID = re.compile(r"[a-z][-a-z0-9]{4,28}[a-z0-9]")
_EMAIL = re.compile(r"[^@]+@(?P<project>[^.]+)\.iam\.gserviceaccount\.com")
_ROLE_ID = re.compile(r"[a-zA-Z0-9_.]{3,64}")
_PERMISSION = re.compile(r"[a-z][a-zA-Z0-9]*(\.[a-zA-Z][a-zA-Z0-9]*){2}")
_UNIQUE_ID_DIGITS = 21

# Accounts


def _create_account(call: Call) -> JsonObject:
    project, account = call.path["name"].removeprefix("projects/"), call.body.get("accountId", "")
    if not _ACCOUNT_ID.fullmatch(account):
        raise ApiError(400, "Account ID must be 6 to 30 lower-case letters, digits and hyphens, and begin with a letter.")
    email = f"{account}@{project}.iam.gserviceaccount.com"
    name = f"projects/{project}/serviceAccounts/{email}"
    if call.store.get(ACCOUNTS, name) is not None:
        message = f"Service account {account} already exists within project projects/{project}."
        raise ApiError(409, message, status="ALREADY_EXISTS")
    unique = str(10 ** (_UNIQUE_ID_DIGITS - 1) + secrets.randbelow(9 * 10 ** (_UNIQUE_ID_DIGITS - 1)))
    given = call.body.get("serviceAccount") or {}
    made = {key: given[key] for key in ("displayName", "description") if given.get(key)}
    made |= {"name": name, "projectId": project, "email": email, "uniqueId": unique, "oauth2ClientId": unique}
    made["etag"] = "MDEwMjE5MjA="
    call.store.put(ACCOUNTS, name, made)
    return made


def _change_account(old: JsonObject, new: JsonObject, _call: Call) -> JsonObject:
    """What the server has set stays, whatever the client sends."""
    kept = ("name", "projectId", "email", "uniqueId", "oauth2ClientId", "etag", "disabled")
    return new | {key: old[key] for key in kept if key in old}


def _enable(account: JsonObject, _call: Call) -> JsonObject:
    return {key: value for key, value in account.items() if key != "disabled"}


def _disable(account: JsonObject, _call: Call) -> JsonObject:
    return account | {"disabled": True}


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
    """A role's id can't be used again while a deleted one is kept, which is for 7 days in Google."""
    role = call.body.get("roleId", "")
    found = call.store.get(ROLES, f"{call.path['parent']}/roles/{role}")
    if found is not None and found.get("deleted"):
        message = f"You can't create a role with role_id ({role}) where there is an existing role with that role_id"
        raise ApiError(400, f"{message} in a deleted state.", status="FAILED_PRECONDITION")
    return _ROLES.answer(call)


def _delete_role(call: Call) -> JsonObject:
    role = call.store.get(ROLES, call.path["name"])
    if role is None or role.get("deleted"):
        raise ApiError(404, f"The role named {call.path['name']} was not found.")
    call.store.put(ROLES, call.path["name"], role | {"deleted": True})
    return role | {"deleted": True}


def _list_roles(call: Call) -> JsonObject:
    listed = _ROLES.answer(call)
    if call.query.get("showDeleted", "").lower() != "true" and "roles" in listed:
        listed["roles"] = [role for role in listed["roles"] if not role.get("deleted")]
    return listed


COLLECTIONS = (_ACCOUNTS, _ROLES)
HANDLERS: Mapping[str, Handler] = {
    f"{ACCOUNTS}.create": _create_account,
    **{f"{ACCOUNTS}.{verb}": _located(_ACCOUNTS.answer) for verb in ("get", "patch", "delete", "enable", "disable")},
    **{method: _located(handler) for method, handler in policies(ACCOUNTS).items()},
    # What gcloud requests before it makes a role, to warn of permissions in an early stage.
    "iam.permissions.queryTestablePermissions": lambda _call: {},
    f"{ROLES}.create": _insert_role,
    f"{ROLES}.delete": _delete_role,
    f"{ROLES}.list": _list_roles,
}

"""What a policy may name: roles and accounts that there are, and conditions that can be evaluated.

Google refuses a role that doesn't exist and a service account that doesn't, and a member that was deleted only keeps its place:
https://cloud.google.com/iam/docs/troubleshoot-policies, https://cloud.google.com/iam/docs/policies#handle-deleted-members
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from local.emulator import cel, identity, predefined
from local.emulator.model import ApiError, JsonObject
from local.emulator.permissions import ACCOUNTS
from local.emulator.rest import Call
from local.emulator.rights import ROLES
from local.emulator.store import Store

MAX_OPERATORS = 12
"""Logical operators of a condition: https://cloud.google.com/iam/quotas"""
CHANNELS = "monitoring.projects.notificationChannels"
DELETED = "deleted:"
_CUSTOM_ROLE = re.compile(r"(projects|organizations)/[^/]+/roles/[^/]+")
_BUILT_IN_ROLE = re.compile(r"roles/[A-Za-z0-9._]+")
_OPERATOR = re.compile(r"&&|\|\||!(?!=)")
# Google's account that publishes alerts is born with the first channel of type pubsub:
# https://cloud.google.com/monitoring/support/notification-options#pubsub
_NOTIFIER = re.compile(r"service-\d+@gcp-sa-monitoring-notification\.iam\.gserviceaccount\.com")


def check_role(role: str, call: Call) -> None:
    """ApiError 400 for a role that doesn't exist."""
    if _BUILT_IN_ROLE.fullmatch(role):
        family = predefined.family(role)
        if predefined.permissions_of(role) is None and (family in predefined.FAMILIES or family not in _apis()):
            raise ApiError(400, f"Role {role} is not supported for this resource, or the local stand-in does not know it.")
        return
    if not _CUSTOM_ROLE.fullmatch(role):
        raise ApiError(400, f"Invalid role: '{role}'. Roles are written roles/NAME or projects/PROJECT/roles/NAME.")
    found = call.store.get(ROLES, role)
    if role.startswith("projects/") and (found is None or found.get("deleted")):
        raise ApiError(400, f"Role ({role}) does not exist in the resource's hierarchy.")


@cache
def _apis() -> frozenset[str]:
    """The names of the APIs, from the discovery documents: of their roles nothing is known here but that they may exist."""
    documents = files("googleapiclient.discovery_cache.documents").iterdir()
    return frozenset(document.name.partition(".")[0] for document in documents)


def check_condition(condition: JsonObject) -> None:
    """ApiError 400 for a condition without title or expression, with too much in it, or with what can't be evaluated here."""
    expression = condition.get("expression")
    if not (condition.get("title") and expression):
        raise ApiError(400, "A condition needs a title and an expression.")
    if len(_OPERATOR.findall(expression)) > MAX_OPERATORS:
        raise ApiError(400, f"Condition expression has more than {MAX_OPERATORS} logical operators.")
    try:
        cel.parsed(expression)
    except cel.UnknownCondition as unknown:
        raise ApiError(400, f"The local stand-in can't evaluate {unknown} in the condition {expression!r}.") from None


def check_new(new: JsonObject, old: JsonObject, call: Call) -> None:
    """ApiError 400 for a service account that doesn't exist, among the members that a policy didn't have before."""
    for member in sorted(_members(new) - _members(old)):
        if member.startswith(DELETED):
            raise ApiError(400, f"{member} is deleted, and can't be granted anything anew.")
        email = member.removeprefix("serviceAccount:")
        if email != member and not _exists(call.store, email.lower()):
            raise ApiError(400, f"Service account {email} does not exist.")


def _members(policy: JsonObject) -> set[str]:
    return {member for binding in policy.get("bindings") or [] for member in binding.get("members") or []}


def _exists(store: Store, email: str) -> bool:
    if _NOTIFIER.fullmatch(email):
        return any(channel.get("type") == "pubsub" for _, channel in store.under(CHANNELS, "projects/"))
    name = identity.full_name(email)
    return name is None or store.get(ACCOUNTS, name) is not None


def forget(store: Store, email: str, unique_id: str) -> None:
    """Marks the account as deleted wherever a policy names it: an account of the same name is another one."""
    member = f"serviceAccount:{email}"
    for kind in (kind for kind in store.kinds() if kind.endswith(".policy")):
        for name, policy in store.under(kind, ""):
            if member in _members(policy):
                gone = f"{DELETED}{member}?uid={unique_id}"
                for binding in policy["bindings"]:
                    binding["members"] = sorted(gone if each == member else each for each in binding["members"])
                store.put(kind, name, policy)

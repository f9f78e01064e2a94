"""IAM policies of anything: read and set with an etag, as every Google API has them.

A stale etag is refused with 409, a set without one overwrites. Conditions tell bindings of one role apart and need
version 3 (https://cloud.google.com/iam/docs/policies#versions); who asks for less is shown a role's name that says that
a condition is missing. A policy names what there is: local/emulator/members.py. What comes of it: local/emulator/rights.py.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping

from local.emulator import members, rights
from local.emulator.model import ApiError, JsonObject
from local.emulator.rest import Call, Handler
from local.emulator.store import policy_kind

CONDITIONS_VERSION = 3
_FIRST_ETAG = base64.b64encode(b"\x00\x40\x01").decode()  # of a policy that was never set, as Google has it: AEAB
_MEMBER = re.compile(r"allUsers|allAuthenticatedUsers|[a-zA-Z]+:.+")
# Kinds whose names compare without case, and are answered in lower case; principal://... and others stay as they are.
# https://github.com/hashicorp/terraform-provider-google/blob/v7.45.0/google/tpgresource/utils.go
_FOLDED = re.compile(r"((?:deleted:)?(?:user|serviceAccount|group|domain)):(.*)")
_CONFLICT = (
    "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff. "
    "The request's ETag '{given}' did not match the current policy's ETag '{current}'."
)


def policies(kind: str, *, exists: Callable[[Call, str], object] | None = None) -> Mapping[str, Handler]:
    """The getIamPolicy and setIamPolicy of a kind of resource (`pubsub.projects.topics`).

    `exists` raises the ApiError of a resource that isn't there; by default the store is asked.
    """

    def find(call: Call) -> str:
        name = next(iter(call.path.values()))
        if exists is not None:
            exists(call, name)
        elif call.store.get(kind, name) is None:
            raise ApiError(404, f"Resource not found (resource={name}).")
        return name

    def get(call: Call) -> JsonObject:
        return _shown(_current(call, kind, find(call)), _requested_version(call))

    def put(call: Call) -> JsonObject:
        name = find(call)
        given_policy = call.body if call.api.is_storage else call.body.get("policy", {})
        current = _current(call, kind, name)
        new = _masked(_checked(given_policy, call), current, call)
        members.check_new(new, current, call)
        if (given := new.get("etag")) and given != current["etag"]:
            raise ApiError(409, _CONFLICT.format(given=given, current=current["etag"]))
        new["etag"] = _next_etag(current["etag"])
        if call.faults.delay("grants"):
            rights.keep_before(call.store, policy_kind(kind), name, current, call.request.now)
        call.store.put(policy_kind(kind), name, new)
        return new

    return {f"{kind}.getIamPolicy": get, f"{kind}.setIamPolicy": put}


def _masked(new: JsonObject, current: JsonObject, call: Call) -> JsonObject:
    """The new policy with what the mask leaves as it is; without one that is all but the bindings, and who is audited too.

    https://cloud.google.com/resource-manager/reference/rest/v1/projects/setIamPolicy
    """
    schema = call.api.property(call.method.request or "", "policy")
    paths = call.api.mask(schema, call.body.get("updateMask") or "bindings") if schema else (("bindings",),)
    named = {path[0] for path in paths}
    audits = call.body.get("policy", {}) if "auditConfigs" in named else current
    kept = {"auditConfigs": audits["auditConfigs"]} if audits.get("auditConfigs") else {}
    if "bindings" not in named:
        new = new | {name: current[name] for name in ("version", "bindings") if name in current}
    return new | kept


def _current(call: Call, kind: str, name: str) -> JsonObject:
    return call.store.get(policy_kind(kind), name) or {"version": 1, "etag": _FIRST_ETAG}


def _next_etag(etag: str) -> str:
    number = int.from_bytes(base64.b64decode(etag), "big") + 1
    return base64.b64encode(number.to_bytes(6, "big")).decode()


def _requested_version(call: Call) -> int:
    options = call.body.get("options") or {}
    queried = call.query.get("options.requestedPolicyVersion") or call.query.get("optionsRequestedPolicyVersion")
    try:
        return int(queried or options.get("requestedPolicyVersion") or 1)
    except ValueError:
        raise ApiError(400, "The requested policy version must be a number.") from None


def _shown(policy: JsonObject, version: int) -> JsonObject:
    """The policy; below version 3 a conditional role is named so that nobody takes it for an unconditional one."""
    if version >= CONDITIONS_VERSION or not any(binding.get("condition") for binding in policy.get("bindings", [])):
        return policy
    return policy | {"version": 1, "bindings": [_without_condition(binding) for binding in policy["bindings"]]}


def _without_condition(binding: JsonObject) -> JsonObject:
    if not (condition := binding.get("condition")):
        return binding
    digest = hashlib.sha256(json.dumps(condition, sort_keys=True).encode()).hexdigest()[:20]
    return {"role": f"{binding['role']}_withcond_{digest}", "members": binding["members"]}


def _checked(policy: JsonObject, call: Call) -> JsonObject:
    """The policy as it is kept: bindings with members only, each role and condition once. ApiError 400 for nonsense."""
    merged: dict[str, JsonObject] = {}
    for binding in policy.get("bindings") or []:
        role, condition = binding.get("role") or "", binding.get("condition")
        members.check_role(role, call)
        for member in binding.get("members") or []:
            if not _MEMBER.fullmatch(member):
                raise ApiError(400, f"Invalid member: '{member}'. Members are written type:name, such as user:a@example.com.")
        if condition and policy.get("version") != CONDITIONS_VERSION:
            raise ApiError(400, "Specified policy has conditional role bindings, so its version must be 3.")
        if condition:
            members.check_condition(condition)
        key = json.dumps([role, condition], sort_keys=True)
        given = {_folded(member) for member in binding.get("members") or []}
        bound = {*merged.get(key, {}).get("members", ()), *given}
        if bound:
            merged[key] = {"role": role, "members": sorted(bound)} | ({"condition": condition} if condition else {})
    conditional = any("condition" in binding for binding in merged.values())
    kept = {"version": CONDITIONS_VERSION if conditional else 1, "bindings": [merged[key] for key in sorted(merged)]}
    return kept | ({"etag": policy["etag"]} if policy.get("etag") else {})


def _folded(member: str) -> str:
    found = _FOLDED.fullmatch(member)
    return f"{found[1]}:{found[2].lower()}" if found else member

"""Alert policies: what Cloud Monitoring refuses of one, and what it adds. `alert_conditions.py` has the conditions' part.

https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
"""

from __future__ import annotations

import secrets

from local.emulator import alert_conditions
from local.emulator.model import ApiError, JsonObject, timestamp
from local.emulator.refusals import check_user_labels, invalid, seconds
from local.emulator.rest import Call, Collection

CHANNELS = "monitoring.projects.notificationChannels"
POLICIES = "monitoring.projects.alertPolicies"
MIN_AUTO_CLOSE = 1800.0  # seconds
MAX_CONDITIONS = 6
MAX_NAME = 512  # characters
MAX_DOCUMENTATION = 8192  # characters
MAX_DOCUMENTATION_BYTES = 10_240
MAX_LINKS = 3
_EDITOR = "local@interlock.invalid"


def record(call: Call) -> JsonObject:
    """A MutationRecord of now."""
    return {"mutateTime": timestamp(call.request.now), "mutatedBy": _EDITOR}


def _create(policy: JsonObject, call: Call) -> JsonObject:
    policy = _checked(policy, call)
    return policy | {"creationRecord": record(call), "mutationRecord": record(call)}


def _change(old: JsonObject, new: JsonObject, call: Call) -> JsonObject:
    return _checked(new, call) | {"creationRecord": old["creationRecord"], "mutationRecord": record(call)}


def _checked(policy: JsonObject, call: Call) -> JsonObject:
    """The policy with names for its conditions, or the ApiError of what Cloud Monitoring refuses."""
    conditions = policy.get("conditions") or []
    if (
        not policy.get("displayName")
        or not conditions
        or policy.get("combiner", "COMBINE_UNSPECIFIED") == "COMBINE_UNSPECIFIED"
    ):
        raise ApiError(400, "Field alert_policy needs a display_name, a combiner and at least one condition.")
    if len(policy["displayName"]) > MAX_NAME:
        raise invalid("alert_policy.display_name", policy["displayName"], f"it is limited to {MAX_NAME} Unicode characters")
    if len(conditions) > MAX_CONDITIONS:
        raise invalid("alert_policy.conditions", len(conditions), "a policy can have from one to six conditions")
    for channel in policy.get("notificationChannels") or []:
        if call.store.get(CHANNELS, channel) is None:
            raise ApiError(404, f"Cannot find the notification channel {channel}.")
    check_user_labels(policy, "alert_policy")
    _check_documentation(policy.get("documentation") or {})
    kinds = [alert_conditions.kind_of(condition, index) for index, condition in enumerate(conditions)]
    _check_strategy(policy.get("alertStrategy") or {}, kinds)
    for index, condition in enumerate(conditions):
        alert_conditions.check(condition, index, call)
        condition["name"] = condition.get("name") or f"{policy['name']}/conditions/{secrets.randbits(60)}"
    return {"enabled": True, **policy}


def _check_documentation(documentation: JsonObject) -> None:
    content, where = documentation.get("content", ""), "alert_policy.documentation"
    if len(content) > MAX_DOCUMENTATION or len(content.encode()) > MAX_DOCUMENTATION_BYTES:
        why = f"it may not exceed {MAX_DOCUMENTATION} Unicode characters, nor {MAX_DOCUMENTATION_BYTES} bytes"
        raise invalid(f"{where}.content", f"{content[:20]}...", why)
    if len(documentation.get("links", [])) > MAX_LINKS:
        raise invalid(f"{where}.links", len(documentation["links"]), f"it can contain up to {MAX_LINKS} entries")
    if documentation.get("mimeType") not in (None, "", "text/markdown"):
        raise invalid(f"{where}.mime_type", documentation["mimeType"], 'only "text/markdown" is supported')


def _check_strategy(strategy: JsonObject, kinds: list[str]) -> None:
    logs = "conditionMatchedLog" in kinds
    limit = strategy.get("notificationRateLimit")
    if logs and len(kinds) > 1:  # Google's words: chainguard-dev/terraform-infra-common #384
        raise ApiError(400, "Alert policies with a log matching condition can only have a single condition.")
    if limit is not None and not logs:  # the same, #352
        value = f"period {{ seconds: {seconds(limit.get('period')):g} }}"
        why = "metric-based alert policies must not specify a notification rate limit"
        raise invalid("alertStrategy.notificationRateLimit", value, why)
    if logs and (limit is None or seconds(limit.get("period")) <= 0):
        why = "alert policies with a log matching condition must specify a notification rate limit"
        raise invalid("alertStrategy.notificationRateLimit", limit or "", why)
    if (auto_close := strategy.get("autoClose")) and seconds(auto_close) < MIN_AUTO_CLOSE:
        raise invalid("alertStrategy.autoClose", auto_close, f"it must be at least {MIN_AUTO_CLOSE:.0f}s")


COLLECTION = Collection(path="projects.alertPolicies", replaced=True, created=_create, changed=_change)

"""Cloud Monitoring: notification channels, alert policies and dashboards. `incidents.py` beside it evaluates and notifies."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping

from local.emulator import metrics
from local.emulator.model import ApiError, JsonObject, timestamp
from local.emulator.rest import Call, Collection, Handler

CHANNELS = "monitoring.projects.notificationChannels"
POLICIES = "monitoring.projects.alertPolicies"
OBSCURED = "*******"
SENSITIVE = ("auth_token", "password", "service_key")
MIN_AUTO_CLOSE = 1800.0  # seconds
MIN_DURATION_FOR_MISSING_DATA = 60.0  # seconds; the API's discovery document, at evaluationMissingData
MAX_DOCUMENTATION = 8192  # characters
MAX_LINKS = 3
_EDITOR = "local@interlock.invalid"
# What each type of channel needs (notificationChannelDescriptors.list of the real API).
_LABELS: Mapping[str, tuple[str, ...]] = {
    "email": ("email_address",),
    "pagerduty": ("service_key",),
    "pubsub": ("topic",),
    "slack": ("channel_name", "auth_token"),
    "sms": ("number",),
    "webhook_basicauth": ("url", "password"),
    "webhook_tokenauth": ("url",),
}
_USER_METRIC = re.compile(re.escape(metrics.TYPE) + r"([^\"'\s}]+)")
_MISSING = (
    'Cannot find metric(s) that match type = "{type}". If a metric was created recently, it could take up to 10 minutes '
    "to become available. Please try again soon."
)


def _record(call: Call) -> JsonObject:
    return {"mutateTime": timestamp(call.request.now), "mutatedBy": _EDITOR}


# Channels


def _create_channel(channel: JsonObject, call: Call) -> JsonObject:
    return {"enabled": True, **_checked_channel(channel), "creationRecord": _record(call)}


def _change_channel(old: JsonObject, new: JsonObject, call: Call) -> JsonObject:
    """Its type may change, with the labels that the other one needs. Secrets are not shown: left out they stay, of one type."""
    secret = SENSITIVE if new.get("type") == old["type"] else ()
    kept = {key: value for key, value in (old.get("labels") or {}).items() if key in secret}
    labels = {**kept, **{key: value for key, value in (new.get("labels") or {}).items() if value != OBSCURED}}
    checked = _checked_channel({"enabled": True, **new, "labels": labels})
    return checked | {"creationRecord": old["creationRecord"], "mutationRecords": [_record(call)]}


def _checked_channel(channel: JsonObject) -> JsonObject:
    kind, labels = channel.get("type", ""), channel.get("labels") or {}
    if kind not in _LABELS:
        raise ApiError(400, f"Unknown notification channel type {kind!r}: one of {', '.join(_LABELS)}.")
    if missing := [name for name in _LABELS[kind] if not labels.get(name)]:
        raise ApiError(400, f"A channel of type {kind!r} needs the label {missing[0]!r}.")
    if kind == "pubsub" and not re.fullmatch(r"projects/[^/]+/topics/[^/]+", labels["topic"]):
        raise ApiError(400, "The label 'topic' must be formatted projects/PROJECT/topics/TOPIC.")
    return channel


def _obscured(channel: JsonObject, _call: Call) -> JsonObject:
    labels = {key: OBSCURED if key in SENSITIVE else value for key, value in (channel.get("labels") or {}).items()}
    return channel | {"labels": labels}


def _delete_channel(call: Call) -> JsonObject:
    """A channel that policies name is deleted by force only, and taken out of them then."""
    name, force = call.path["name"], call.query.get("force", "").lower() == "true"
    for key, policy in call.store.under(POLICIES, f"{name.rpartition('/notificationChannels/')[0]}/"):
        left = [channel for channel in policy.get("notificationChannels", []) if channel != name]
        if len(left) == len(policy.get("notificationChannels", [])):
            continue
        if not force:
            message = f"Cannot delete notification channel {name}: it is in use by {key}."
            raise ApiError(400, message, status="FAILED_PRECONDITION")
        call.store.put(POLICIES, key, policy | {"notificationChannels": left})
    return _CHANNELS.answer(call)


# Policies


def _create_policy(policy: JsonObject, call: Call) -> JsonObject:
    policy = _checked_policy(policy, call)
    return policy | {"creationRecord": _record(call), "mutationRecord": _record(call)}


def _change_policy(old: JsonObject, new: JsonObject, call: Call) -> JsonObject:
    return _checked_policy(new, call) | {"creationRecord": old["creationRecord"], "mutationRecord": _record(call)}


def _checked_policy(policy: JsonObject, call: Call) -> JsonObject:
    """The policy with names for its conditions, or the ApiError of what Cloud Monitoring refuses."""
    conditions = policy.get("conditions") or []
    if (
        not policy.get("displayName")
        or not conditions
        or policy.get("combiner", "COMBINE_UNSPECIFIED") == "COMBINE_UNSPECIFIED"
    ):
        raise ApiError(400, "Field alert_policy needs a display_name, a combiner and at least one condition.")
    for channel in policy.get("notificationChannels") or []:
        if call.store.get(CHANNELS, channel) is None:
            raise ApiError(404, f"Cannot find the notification channel {channel}.")
    _check_strategy(policy, [kind for condition in conditions for kind in condition if kind.startswith("condition")])
    documentation = policy.get("documentation") or {}
    if len(documentation.get("content", "")) > MAX_DOCUMENTATION or len(documentation.get("links", [])) > MAX_LINKS:
        message = f"Documentation has at most {MAX_DOCUMENTATION} characters and {MAX_LINKS} links."
        raise ApiError(400, message, field="alert_policy.documentation")
    for condition in conditions:
        _check_condition(condition, policy["name"].split("/")[1], call)
        condition["name"] = condition.get("name") or f"{policy['name']}/conditions/{secrets.randbits(60)}"
    return {"enabled": True, **policy}


def _check_strategy(policy: JsonObject, kinds: list[str]) -> None:
    strategy = policy.get("alertStrategy") or {}
    logs = "conditionMatchedLog" in kinds
    if logs and len(kinds) > 1:
        raise ApiError(400, "A condition_matched_log must be the only condition of its policy.")
    if logs != bool(strategy.get("notificationRateLimit")):
        raise ApiError(400, "notification_rate_limit is for policies with a condition_matched_log, and they need one.")
    if (auto_close := strategy.get("autoClose")) and float(auto_close.rstrip("s")) < MIN_AUTO_CLOSE:
        raise ApiError(400, f"alert_strategy.auto_close must be at least {MIN_AUTO_CLOSE:.0f}s.")


def _check_condition(condition: JsonObject, project: str, call: Call) -> None:
    kinds = [kind for kind in condition if kind.startswith("condition")]
    if len(kinds) != 1:
        raise ApiError(400, f"A condition is of exactly one kind; {condition.get('displayName', '')!r} has {len(kinds)}.")
    spec = condition[kinds[0]]
    measured = kinds[0] in ("conditionThreshold", "conditionAbsent")
    if measured and "resource.type" not in spec.get("filter", ""):
        where = f"{kinds[0]}.filter"
        raise ApiError(400, f'{where}: must specify a restriction on "resource.type" in the filter.', field=where)
    duration = float(spec.get("duration", "0s").rstrip("s"))
    if spec.get("evaluationMissingData") and kinds[0] == "conditionThreshold" and duration < MIN_DURATION_FOR_MISSING_DATA:
        where = "conditionThreshold.evaluation_missing_data"
        raise ApiError(400, f"{where}: needs a duration of at least {MIN_DURATION_FOR_MISSING_DATA:.0f}s.", field=where)
    if duration % 60:
        raise ApiError(400, f"{kinds[0]}.duration: must be a multiple of a minute.", field=f"{kinds[0]}.duration")
    if spec.get("disableMetricValidation"):
        return
    for name in _user_metrics(spec):
        if metrics.find(call, project, name) is None:
            raise ApiError(404, _MISSING.format(type=metrics.TYPE + name))


def _user_metrics(spec: JsonObject) -> Iterator[str]:
    for field in ("filter", "denominatorFilter", "query"):
        yield from _USER_METRIC.findall(spec.get(field, ""))


# Dashboards


def _create_dashboard(dashboard: JsonObject, _call: Call) -> JsonObject:
    return _checked_dashboard(dashboard)


def _change_dashboard(old: JsonObject, _new: JsonObject, call: Call) -> JsonObject:
    """A patch replaces all of it; a stale etag is refused."""
    if (etag := call.body.get("etag")) and etag != old["etag"]:
        raise ApiError(409, "The dashboard was changed meanwhile: its etag doesn't match.")
    return _checked_dashboard({**call.body, "name": old["name"]})


def _checked_dashboard(dashboard: JsonObject) -> JsonObject:
    layouts = [key for key in dashboard if key.endswith("Layout")]
    if not dashboard.get("displayName") or len(layouts) != 1:
        raise ApiError(
            400, "A dashboard needs a displayName and exactly one of columnLayout, gridLayout, mosaicLayout, rowLayout."
        )
    return dashboard | {"etag": secrets.token_hex(8)}


_CHANNELS = Collection(path="projects.notificationChannels", created=_create_channel, changed=_change_channel, shown=_obscured)
COLLECTIONS = (
    _CHANNELS,
    Collection(path="projects.alertPolicies", replaced=True, created=_create_policy, changed=_change_policy),
)
DASHBOARDS = (Collection(path="projects.dashboards", created=_create_dashboard, changed=_change_dashboard),)
HANDLERS: Mapping[str, Handler] = {f"{CHANNELS}.delete": _delete_channel}

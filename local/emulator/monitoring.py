"""Cloud Monitoring: notification channels; alert policies are in alerts.py, dashboards in dashboards.py, time series in
series.py. `incidents.py` beside them evaluates and notifies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from local.emulator import alerts, dashboards, pubsub, series
from local.emulator.alerts import CHANNELS, POLICIES, record
from local.emulator.model import ApiError, JsonObject
from local.emulator.refusals import check_user_labels, invalid
from local.emulator.rest import Call, Collection, Handler

OBSCURED = "*******"
SENSITIVE = ("auth_token", "password", "service_key")


@dataclass(frozen=True, kw_only=True)
class _Descriptor:
    """The labels of a type of channel."""

    needs: tuple[str, ...]
    may: tuple[str, ...] = ()


# As notificationChannelDescriptors.list of the real API has them, which
# https://cloud.google.com/monitoring/alerts/using-channels-api shows.
_TYPES: Mapping[str, _Descriptor] = {
    "email": _Descriptor(needs=("email_address",)),
    "google_chat": _Descriptor(needs=("space",)),
    "pagerduty": _Descriptor(needs=("service_key",)),
    "pubsub": _Descriptor(needs=("topic",)),
    "slack": _Descriptor(needs=("channel_name", "auth_token"), may=("team",)),
    "sms": _Descriptor(needs=("number",)),
    "webhook_basicauth": _Descriptor(needs=("url", "password"), may=("username",)),
    "webhook_tokenauth": _Descriptor(needs=("url",)),
}


def _create_channel(channel: JsonObject, call: Call) -> JsonObject:
    return {"enabled": True, **_checked_channel(channel, call), "creationRecord": record(call)}


def _change_channel(old: JsonObject, new: JsonObject, call: Call) -> JsonObject:
    """Its type may change, with the labels that the other one needs. Secrets are not shown: left out they stay, of one type."""
    secret = SENSITIVE if new.get("type") == old["type"] else ()
    kept = {key: value for key, value in (old.get("labels") or {}).items() if key in secret}
    labels = {**kept, **{key: value for key, value in (new.get("labels") or {}).items() if value != OBSCURED}}
    checked = _checked_channel({"enabled": True, **new, "labels": labels}, call)
    return checked | {"creationRecord": old["creationRecord"], "mutationRecords": [record(call)]}


def _checked_channel(channel: JsonObject, call: Call) -> JsonObject:
    kind, labels = channel.get("type", ""), channel.get("labels") or {}
    descriptor = _TYPES.get(kind)
    if descriptor is None:
        raise ApiError(400, f"Unknown notification channel type {kind!r}: one of {', '.join(_TYPES)}.")
    if missing := [name for name in descriptor.needs if not labels.get(name)]:
        raise ApiError(400, f"A channel of type {kind!r} needs the label {missing[0]!r}.")
    if unknown := [name for name in labels if name not in descriptor.needs + descriptor.may]:
        raise invalid("notification_channel.labels", unknown[0], f"channels of type {kind} have no such label")
    if kind == "pubsub":
        _check_topic(labels["topic"], call)
    check_user_labels(channel, "notification_channel")
    return channel


def _check_topic(topic: str, call: Call) -> None:
    """A topic of the channel's own project has to be there. Whether Google looks for one elsewhere is not said."""
    if not re.fullmatch(r"projects/[^/]+/topics/[^/]+", topic):
        raise ApiError(400, "The label 'topic' must be formatted projects/PROJECT/topics/TOPIC.")
    project = next(iter(call.path.values())).split("/")[1]
    if topic.split("/")[1] == project and call.store.get(pubsub.TOPICS, topic) is None:
        raise invalid("notification_channel.labels", f"topic: {topic}", "the topic does not exist")


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


_CHANNELS = Collection(path="projects.notificationChannels", created=_create_channel, changed=_change_channel, shown=_obscured)
COLLECTIONS = (_CHANNELS, alerts.COLLECTION)
DASHBOARDS = (dashboards.COLLECTION,)
HANDLERS: Mapping[str, Handler] = {f"{CHANNELS}.delete": _delete_channel, **series.HANDLERS}

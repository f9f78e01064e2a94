"""Pub/Sub topics and subscriptions: their defaults and references. Messages are not delivered here."""

from __future__ import annotations

import re
from collections.abc import Mapping

from local.emulator.model import ApiError, JsonObject
from local.emulator.policies import policies
from local.emulator.rest import Call, Collection, Handler

TOPICS = "pubsub.projects.topics"
SUBSCRIPTIONS = "pubsub.projects.subscriptions"
DELETED_TOPIC = "_deleted-topic_"
_ID = re.compile(r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}")
_ACK_DEADLINE = (10, 600)  # seconds
_DEFAULTS: Mapping[str, object] = {
    "ackDeadlineSeconds": 10,
    "messageRetentionDuration": "604800s",
    "expirationPolicy": {"ttl": "2678400s"},
    "pushConfig": {},
}
_RETRY_DEFAULTS: Mapping[str, object] = {"minimumBackoff": "10s", "maximumBackoff": "600s"}


def _check_name(name: str) -> None:
    if not _ID.fullmatch(name.rpartition("/")[2]):
        raise ApiError(400, f"Invalid resource name given (name={name}): 3 to 255 letters, digits and -._~+%, not goog.")


def _create_topic(topic: JsonObject, _call: Call) -> JsonObject:
    _check_name(topic["name"])
    return topic


def _delete_topic(call: Call) -> JsonObject:
    """Its subscriptions stay, without a topic."""
    for name, subscription in call.store.under(SUBSCRIPTIONS, ""):
        if subscription["topic"] == call.path["topic"]:
            call.store.put(SUBSCRIPTIONS, name, subscription | {"topic": DELETED_TOPIC})
    return _TOPICS.answer(call)


def _create_subscription(new: JsonObject, call: Call) -> JsonObject:
    _check_name(new["name"])
    if call.store.get(TOPICS, new.get("topic", "")) is None:
        raise ApiError(404, f"Resource not found (resource={new.get('topic', '').rpartition('/')[2]}).")
    return _completed(new)


def _completed(subscription: JsonObject) -> JsonObject:
    subscription = {**_DEFAULTS, **{key: value for key, value in subscription.items() if value not in (None, 0)}}
    low, high = _ACK_DEADLINE
    if not low <= subscription["ackDeadlineSeconds"] <= high:
        raise ApiError(400, f"Invalid ack deadline given. Must be between {low} and {high} seconds.")
    push = subscription["pushConfig"]
    if push.get("oidcToken") and not push["oidcToken"].get("serviceAccountEmail"):
        raise ApiError(400, "Invalid push config: oidc_token needs service_account_email.")
    if push and not re.fullmatch(r"https?://[^\s/][^\s]*", push.get("pushEndpoint", "")):
        raise ApiError(400, "Invalid push endpoint given: it must be a URL.")
    if subscription.get("retryPolicy") is not None:
        subscription["retryPolicy"] = {**_RETRY_DEFAULTS, **subscription["retryPolicy"]}
    return subscription | {"state": "ACTIVE"}


def _change_subscription(old: JsonObject, new: JsonObject, _call: Call) -> JsonObject:
    return _completed(new | {"topic": old["topic"]})


_TOPICS = Collection(path="projects.topics", envelope="topic", created=_create_topic)
_SUBSCRIPTIONS = Collection(
    path="projects.subscriptions",
    envelope="subscription",
    created=_create_subscription,
    changed=_change_subscription,
)
COLLECTIONS = (_TOPICS, _SUBSCRIPTIONS)
HANDLERS: Mapping[str, Handler] = {
    f"{TOPICS}.delete": _delete_topic,
    **policies(TOPICS),
    **policies(SUBSCRIPTIONS),
}

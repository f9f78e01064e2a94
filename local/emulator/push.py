"""Pub/Sub publishing and push delivery: at least once, with retries, and with duplicates on request.

A push endpoint that the emulator serves (a deployed function) or that is on loopback is really called, with the token of the
subscription's push service account; deliveries to any other are recorded and dropped, for no request leaves this machine.
Not acknowledged (an error, or no answer within the ack deadline, in real seconds) means again, after the retry policy's
backoff on the emulator's clock. Stands in for Pub/Sub's push; pull subscriptions, ordering keys and filters it has not.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from urllib.parse import urlsplit

from local.emulator import identity
from local.emulator.model import ApiError, JsonObject, Response, timestamp
from local.emulator.rest import Call, Handler
from local.emulator.runtime import Runtime

TOPICS = "pubsub.projects.topics"
SUBSCRIPTIONS = "pubsub.projects.subscriptions"
ACKNOWLEDGED = frozenset({102, 200, 201, 202, 204})  # https://cloud.google.com/pubsub/docs/push#receive_push
LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_PUSH_BACKOFF = (0.1, 60.0)  # seconds, of subscriptions without a retry policy
_RETENTION = "604800s"
_UNREACHABLE = 503
_FIRST_ID = 1_000_000
_ids = count(_FIRST_ID)


def publish(runtime: Runtime, topic: str, messages: Sequence[JsonObject]) -> list[str]:
    """Publish within a transaction of the store; returns the messages' ids. ApiError 404 without the topic."""
    if runtime.store.get(TOPICS, topic) is None:
        raise ApiError(404, f"Resource not found (resource={topic.rpartition('/')[2]}).")
    now = runtime.clock.now()
    subscriptions = [found for _, found in runtime.store.under(SUBSCRIPTIONS, "") if found.get("topic") == topic]
    ids = []
    for message in messages:
        if not message.get("data") and not message.get("attributes"):
            raise ApiError(400, "One or more messages in the publish request is empty: data or attributes is needed.")
        ids.append(str(next(_ids)))
        sent = {key: message[key] for key in ("data", "attributes") if message.get(key)}
        sent |= {"messageId": ids[-1], "message_id": ids[-1], "publishTime": timestamp(now), "publish_time": timestamp(now)}
        for subscription in subscriptions:
            if (subscription.get("pushConfig") or {}).get("pushEndpoint"):
                _check(subscription)
                runtime.store.after(_delivery(runtime, subscription["name"], sent, now, attempt=1))
                for _ in range(runtime.duplicates):
                    runtime.store.after(_delivery(runtime, subscription["name"], sent, now, attempt=1))
    return ids


def redeliver(runtime: Runtime, message_id: str) -> int:
    """Deliver a message once more to every subscription that it went to; how many that were."""
    again = {item["subscription"]: item["message"] for item in runtime.deliveries if item["message"]["messageId"] == message_id}
    for subscription, message in again.items():
        _delivery(runtime, subscription, message, runtime.clock.now(), attempt=1)()
    return len(again)


def _check(subscription: JsonObject) -> None:
    unserved = [name for name in ("filter", "enableMessageOrdering") if subscription.get(name)]
    unserved += ["noWrapper"] if subscription["pushConfig"].get("noWrapper") else []
    if unserved:
        raise ApiError(400, f"The local stand-in does not deliver to a subscription with {unserved[0]}.")


def _delivery(runtime: Runtime, name: str, message: JsonObject, due: datetime, *, attempt: int) -> Callable[[], None]:
    """What submits a delivery when it is called."""
    return lambda: runtime.dispatcher.submit(due, lambda: _deliver(runtime, name, message, attempt))


def _deliver(runtime: Runtime, name: str, message: JsonObject, attempt: int) -> None:
    with runtime.store.transaction():
        subscription = runtime.store.get(SUBSCRIPTIONS, name)
    if subscription is None:  # deleted in between
        return
    now = runtime.clock.now()
    status = _post(runtime, subscription, message, attempt)
    record = {"subscription": name, "message": message, "attempt": attempt, "time": timestamp(now), "httpStatus": status}
    runtime.deliveries.append(record)
    if status is None or status in ACKNOWLEDGED:
        return
    dead = subscription.get("deadLetterPolicy") or {}
    if dead.get("deadLetterTopic") and attempt >= int(dead.get("maxDeliveryAttempts") or 5):
        with runtime.store.transaction():
            publish(runtime, dead["deadLetterTopic"], [message])
        return
    low, high = _backoff(subscription)
    due = runtime.clock.now() + timedelta(seconds=min(high, low * 2.0 ** min(attempt - 1, 30)))
    retention = float((subscription.get("messageRetentionDuration") or _RETENTION).rstrip("s"))
    if due - datetime.fromisoformat(message["publishTime"]) < timedelta(seconds=retention):
        _delivery(runtime, name, message, due, attempt=attempt + 1)()


def _backoff(subscription: JsonObject) -> tuple[float, float]:
    policy = subscription.get("retryPolicy")
    if policy is None:
        return _PUSH_BACKOFF
    return float(policy.get("minimumBackoff", "10s").rstrip("s")), float(policy.get("maximumBackoff", "600s").rstrip("s"))


def _post(runtime: Runtime, subscription: JsonObject, message: JsonObject, attempt: int) -> int | None:
    """The HTTP status of the endpoint, or None where no request may go."""
    config = subscription["pushConfig"]
    envelope: JsonObject = {"message": message, "subscription": subscription["name"]}
    if subscription.get("deadLetterPolicy"):
        envelope["deliveryAttempt"] = attempt
    headers = {"content-type": "application/json", "user-agent": "APIs-Google; (+https://developers.google.com/webmasters)"}
    oidc = config.get("oidcToken") or {}
    if oidc.get("serviceAccountEmail"):
        headers["authorization"] = identity.token(oidc["serviceAccountEmail"])
    body, endpoint = json.dumps(envelope).encode(), config["pushEndpoint"]
    seconds = float(subscription.get("ackDeadlineSeconds") or 10)
    found = runtime.functions.find(endpoint, here=runtime.url)
    if found:
        function, path = found
        audience = runtime.audience(oidc.get("audience"))
        answer = runtime.functions.invoke(function, "POST", path, headers, body, audience=audience, seconds=seconds)
        return answer.status
    if urlsplit(endpoint).hostname in LOOPBACK and urlsplit(endpoint).scheme == "http":
        return _post_loopback(endpoint, headers, body, seconds)
    return None


def _post_loopback(endpoint: str, headers: Mapping[str, str], body: bytes, seconds: float) -> int:
    parts = urlsplit(endpoint)
    connection = http.client.HTTPConnection(parts.netloc, timeout=seconds)
    try:
        connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, dict(headers))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return _UNREACHABLE
    finally:
        connection.close()


def _publish(call: Call) -> JsonObject | Response:
    messages = call.body.get("messages") or []
    if not messages:
        raise ApiError(400, "The request has no messages.")
    return {"messageIds": publish(call.runtime, call.path["topic"], messages)}


HANDLERS: Mapping[str, Handler] = {f"{TOPICS}.publish": _publish}

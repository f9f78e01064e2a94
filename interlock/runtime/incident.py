"""An incident of Cloud Monitoring as Pub/Sub pushes it, and the table that the conflict policy says it is about.

The payload is version 1.2: https://cloud.google.com/monitoring/support/notification-options#schema-pubsub
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from interlock.holds import decode

BREAKER_LABEL = ("interlock", "breaker")
"""The user label of the one policy whose incidents hold tables."""
TABLE_LABEL = "table"
"""The metric label that names the table."""

_TABLE = re.compile(r"(?:[a-z0-9.:-]+[:.])?(?P<table>[A-Za-z0-9_]+\.[A-Za-z0-9_-]+)(?:\$[0-9A-Za-z_]*)?")


@dataclass(frozen=True, kw_only=True)
class Incident:
    """What Cloud Monitoring says. `table` is `dataset.table`, or None when the incident names none that can be read."""

    id: str
    open: bool
    breaker: bool
    """Of the conflict policy."""
    policy: str
    table: str | None
    named: str
    """The table as the incident writes it."""
    started: datetime | None = None
    """When it opened, or when it was first told of, if it does not say that; None when nobody says."""
    key: str = field(default="", compare=False)
    """What tells it from all others, however often it is delivered."""
    subscription: str = field(default="", compare=False)
    """The full name of the one that brings it."""


def parse_table(text: str) -> str | None:
    """`dataset.table` of a table as BigQuery's messages write it: project:dataset.table, perhaps with a partition."""
    found = _TABLE.fullmatch(text)
    return found["table"] if found else None


def parse_incident(envelope: dict[str, object]) -> Incident | None:
    """The incident in a Pub/Sub push envelope, or None when there is none in it."""
    message = _mapping(envelope, "message")
    data = message.get("data")
    try:
        payload = decode(base64.b64decode(data, validate=True)) if isinstance(data, str) else {}
    except (binascii.Error, ValueError):
        return None
    incident = _mapping(payload, "incident")
    state = incident.get("state")
    if state not in ("open", "closed"):
        return None
    key, value = BREAKER_LABEL
    named = _text(_mapping(_mapping(incident, "metric"), "labels"), TABLE_LABEL)
    id = _text(incident, "incident_id")
    return Incident(
        id=id,
        open=state == "open" and not incident.get("ended_at"),
        breaker=_mapping(incident, "policy_user_labels").get(key) == value,
        policy=_text(incident, "policy_name"),
        table=parse_table(named),
        named=named,
        # Pub/Sub states when it was given a message, and states the same however often it delivers it:
        # https://cloud.google.com/pubsub/docs/reference/rest/v1/PubsubMessage
        started=_instant(incident.get("started_at")) or _published(message),
        key=f"{id} {named}" if id else str(data),
        subscription=_text(envelope, "subscription"),
    )


def _mapping(of: dict[str, object], key: str) -> dict[str, object]:
    found = of.get(key)
    return found if isinstance(found, dict) else {}


def _text(of: dict[str, object], key: str) -> str:
    found = of.get(key)
    return found if isinstance(found, str) else ""


def _published(message: dict[str, object]) -> datetime | None:
    """When Pub/Sub got a message, in whole seconds."""
    try:
        found = datetime.fromisoformat(_text(message, "publishTime") or _text(message, "publish_time"))
        return found.astimezone(UTC).replace(microsecond=0) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _instant(seconds: object) -> datetime | None:
    """An instant in seconds since 1970; None for what is none."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=0)
    except (ValueError, OverflowError, OSError):
        return None

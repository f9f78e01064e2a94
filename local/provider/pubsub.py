"""google_pubsub_subscription: what google/services/pubsub/resource_pubsub_subscription.go does beyond its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from local.provider.iam import same_name
from local.provider.planning import Suppress
from local.provider.resource import Resource
from local.provider.values import Object, text

VERSION_ATTRIBUTE = "x-goog-version"  # the API takes it and does not return it


def _without_version(old: object, new: object, _root: Mapping[str, object]) -> bool:
    given = new if isinstance(new, dict) else {}
    return (old or {}) == {name: value for name, value in given.items() if name != VERSION_ATTRIBUTE}


@dataclass(frozen=True, kw_only=True)
class Subscription(Resource):
    """The subscription."""

    suppress: ClassVar[Mapping[str, Suppress]] = {"topic": same_name, "push_config.attributes": _without_version}

    def encode(self, value: Object) -> Object:
        """The topic in full."""
        topic = text(value, "topic")
        full = topic if "/" in topic else f"projects/{text(value, 'project')}/topics/{topic}"
        return super().encode(value) | {"topic": full}

    def decode(self, body: Object, reference: Object) -> Object:
        """An expiration policy that is there but empty: the subscription never expires."""
        state = super().decode(body, reference)
        if body.get("expirationPolicy") == {}:
            state["expiration_policy"] = [{"ttl": ""}]
        return state

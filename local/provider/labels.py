"""The three label attributes that every type with labels has: the resource's, the provider's with them, all there are."""

from __future__ import annotations

from collections.abc import Mapping

from local.provider.planning import Change
from local.provider.values import UNKNOWN, Object, mapping

LABELS = ("labels", "terraform_labels", "effective_labels")


def plan_labels(change: Change, defaults: Mapping[str, object]) -> None:
    """terraform_labels = the provider's default labels and the resource's; effective_labels also has what others set."""
    own = change.config.get("labels")
    if own is UNKNOWN or UNKNOWN in mapping(change.config, "labels").values():
        change.set("terraform_labels", UNKNOWN)
        change.set("effective_labels", UNKNOWN)
        return
    ours = {**defaults, **mapping(change.config, "labels")}
    before = change.prior or {}
    dropped = mapping(before, "terraform_labels").keys() - ours.keys()
    others = {key: value for key, value in mapping(before, "effective_labels").items() if key not in dropped}
    change.set("terraform_labels", ours)
    change.set("effective_labels", {**others, **ours})


def read_labels(labels: Object, reference: Object) -> Object:
    """What the API has under each of the three names: all of it, or the keys that we set."""
    kept = {
        name: {key: labels[key] for key in mapping(reference, name) if key in labels} for name in ("labels", "terraform_labels")
    }
    return {**kept, "effective_labels": labels}

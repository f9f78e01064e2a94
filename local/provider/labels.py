"""The three label attributes that every type with labels has: the resource's, the provider's with them, all there are."""

from __future__ import annotations

from collections.abc import Mapping

from local.provider.cloud import Settings
from local.provider.planning import Change
from local.provider.values import UNKNOWN, Object, mapping, text

LABELS = ("labels", "terraform_labels", "effective_labels")
ATTRIBUTION = "goog-terraform-provisioned"
CREATION_ONLY, PROACTIVE = "CREATION_ONLY", "PROACTIVE"
"""When a resource gets the label that says that Terraform made it
(https://github.com/hashicorp/terraform-provider-google/blob/v7.45.0/google/tpgresource/labels.go, setLabelsFields)."""


def attribution_of(config: Mapping[str, object]) -> str:
    """When the provider block wants that label, empty for never."""
    if config.get("add_terraform_attribution_label") is False:
        return ""
    strategy = text(config, "terraform_attribution_label_addition_strategy") or CREATION_ONLY
    if strategy not in (CREATION_ONLY, PROACTIVE):
        raise ValueError(f'unrecognized terraform_attribution_label_addition_strategy "{strategy}"')
    return strategy


def plan_labels(change: Change, settings: Settings) -> None:
    """terraform_labels = the provider's default labels, its attribution and the resource's; effective_labels also has what
    others set."""
    own = change.config.get("labels")
    if own is UNKNOWN or UNKNOWN in mapping(change.config, "labels").values():
        change.set("terraform_labels", UNKNOWN)
        change.set("effective_labels", UNKNOWN)
        return
    before = change.prior or {}
    is_new = change.creates or bool(change.replace)
    adds = ATTRIBUTION in mapping(before, "effective_labels") or is_new or settings.attribution == PROACTIVE
    attribution = {ATTRIBUTION: "true"} if settings.attribution and adds else {}
    ours = {**settings.default_labels, **attribution, **mapping(change.config, "labels")}
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

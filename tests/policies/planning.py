"""What Terraform would plan for a synthesized stack, made up without it: as the first plan, or one that changes nothing.

It is like Terraform's in what the rules and their reader look at: blocks in lists, `[]` for a block that nobody wrote, null for
what is not there, `after_unknown` for what only the apply knows, no `//`. `make policy` checks real plans.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.rules.values import is_expression
from tests.stacks.conftest import Stacks

Plan = dict[str, Any]
BLOCKS = {
    "google_cloud_scheduler_job": ("app_engine_http_target", "http_target", "pubsub_target", "retry_config"),
    "google_storage_bucket": ("versioning",),
    "google_monitoring_alert_policy": ("alert_strategy", "conditions", "documentation"),
}
INNER_BLOCKS = ("oauth_token", "oidc_token", "condition_threshold", "condition_absent", "condition_matched_log")
META = ("//", "depends_on", "for_each", "lifecycle")
NOW = "2026-11-23T12:00:00Z"


def plan_of(stack: Mapping[str, Any], actions: tuple[str, ...] = ("no-op",), **variables: object) -> Plan:
    """The plan; with variables as they would be given."""
    resources, changes = [], []
    for kind, named in stack["resource"].items():
        for name, written in named.items():
            for index in ('["x"]',) if "for_each" in written else ("",):
                values, unknown = _values(kind, written)
                base = {"address": f"{kind}.{name}{index}", "mode": "managed", "type": kind, "name": name}
                before = None if actions == ("create",) else values
                change = {"actions": list(actions), "before": before, "after": values, "after_unknown": unknown}
                resources.append({**base, "values": values})
                changes.append({**base, "change": change})
    return {
        "format_version": "1.2",
        "terraform_version": "1.14.0",
        "variables": {name: {"value": value} for name, value in variables.items()},
        "configuration": {"root_module": {"resources": [{"address": one["address"].partition("[")[0]} for one in resources]}},
        "planned_values": {"root_module": {"resources": resources}},
        "resource_changes": changes,
        "timestamp": NOW,
        "complete": True,
        "errored": False,
    }


def plans_of(stacks: Stacks) -> dict[str, Plan]:
    """Of every stack."""
    return {name: plan_of(stack) for name, stack in stacks.items()}


def planned(plan: Plan, address: str) -> tuple[Any, Any]:
    """The values of a resource, and its change."""
    values = next(one["values"] for one in plan["planned_values"]["root_module"]["resources"] if one["address"] == address)
    change = next(one["change"] for one in plan["resource_changes"] if one["address"] == address)
    return values, change


def drop(plan: Plan, address: str) -> None:
    """The resource is to be deleted."""
    module = plan["planned_values"]["root_module"]
    module["resources"] = [one for one in module["resources"] if one["address"] != address]
    for one in plan["resource_changes"]:
        if one["address"] == address:
            one["change"] = {"actions": ["delete"], "before": one["change"]["after"], "after": None, "after_unknown": {}}


def let_go(plan: Plan, address: str, *, is_listed: bool) -> None:
    """The resource leaves the state and stays in the cloud. Terraform before 1.15.6 still lists it, with no values."""
    listed = [one for one in plan["planned_values"]["root_module"]["resources"] if one["address"] == address]
    drop(plan, address)
    plan["planned_values"]["root_module"]["resources"] += [
        {key: one[key] for key in one if key != "values"} for one in listed if is_listed
    ]
    for one in plan["resource_changes"]:
        if one["address"] == address:
            one["change"]["actions"] = ["forget"]


def adopt(plan: Plan, address: str, **found: Any) -> None:
    """The resource is imported; it was found with these values."""
    for one in plan["resource_changes"]:
        if one["address"] == address:
            change = one["change"]
            before = {**change["after"], **found}
            actions = ["no-op"] if before == change["after"] else ["update"]
            one["change"] = {**change, "actions": actions, "importing": {"id": "x"}, "before": before}


def _values(kind: str, written: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    values: dict[str, Any] = {}
    unknown: dict[str, Any] = {"id": True}
    for name, value in written.items():
        if name not in META:
            values[name], hidden = _planned(name, value)
            if hidden is True:
                del values[name]
            if hidden:
                unknown[name] = hidden
    return {**{name: [] for name in BLOCKS.get(kind, ())}, **_in_lists(values, BLOCKS.get(kind, ()))}, unknown


def _planned(name: str, value: Any) -> tuple[Any, Any]:
    """A value and what is hidden of it."""
    if name == "paused" and is_expression(value):
        return False, False
    if is_expression(value):
        return None, True
    if isinstance(value, str):
        return value.replace("$${", "${").replace("%%{", "%{"), False
    if isinstance(value, list):
        pairs = [_planned(name, one) for one in value]
        hidden = [flag for _, flag in pairs]
        return [one for one, _ in pairs], hidden if any(hidden) else False
    if isinstance(value, dict):
        inner = {key: _planned(key, one) for key, one in value.items()}
        values = _in_lists({key: one for key, (one, flag) in inner.items() if flag is not True}, INNER_BLOCKS)
        hidden_inner = {key: flag for key, (_, flag) in inner.items() if flag}
        return values, hidden_inner or False
    return value, False


def _in_lists(values: dict[str, Any], blocks: tuple[str, ...]) -> dict[str, Any]:
    return {name: [value] if name in blocks and isinstance(value, dict) else value for name, value in values.items()}

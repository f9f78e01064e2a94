"""Small plans of any stack, as `terraform show -json` says them, for the tests of what reads such a plan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

MADE = "2026-01-05T12:00:00Z"


def change(
    address: str, *actions: str, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What a plan does with a resource."""
    kind, _, name = address.partition(".")
    old = None if actions == ("create",) else before or {"name": name}
    new = None if actions in (("delete",), ("forget",)) else after or {"name": name}
    changes = {"actions": [*actions], "before": old, "after": new, "after_unknown": {}}
    return {"address": address, "mode": "managed", "type": kind, "name": name, "change": changes}


def plan_text(changes: Sequence[object], *, made: str = MADE) -> str:
    """The whole plan."""
    root: dict[str, Any] = {"root_module": {"resources": []}}
    whole = {"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": root, "resource_changes": [*changes]}
    return json.dumps({**whole, "configuration": root, "timestamp": made, "errored": False, "complete": True})

"""The rules: pure functions over typed resources, without checkov. One table of all of them."""

from __future__ import annotations

from policies.rules import (
    alerts,
    changes,
    delivery,
    meetings,
    pauses,
    references,
    resources,
    schedules,
    seasons,
    spelling,
    stagger,
    targets,
    twins,
    windows,
)
from policies.rules.rule import Rule
from policies.rules.waiving import waiver_rules

_MODULES = (
    schedules,
    stagger,
    meetings,
    twins,
    targets,
    delivery,
    pauses,
    seasons,
    windows,
    alerts,
    resources,
    changes,
    spelling,
    references,
)
_FOUND = [value for module in _MODULES for value in vars(module).values() if isinstance(value, Rule)]
RULES: tuple[Rule, ...] = tuple(sorted([*_FOUND, *waiver_rules(_FOUND)], key=lambda rule: int(rule.id.rpartition("_")[2])))
"""All, by number."""

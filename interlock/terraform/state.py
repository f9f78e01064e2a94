"""What a Terraform state knows: the addresses in it, the ids of the things behind them, its flags, jobs and outputs. Pure.

Only these, of version 4: https://github.com/hashicorp/terraform/blob/v1.11.4/internal/states/statefile/version4.go
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from interlock.catalog import Json
from interlock.terraform.job_changes import FLAGS, JOB

VERSION = 4
"""Of the file; every Terraform since 0.12 writes it."""


class StateError(ValueError):
    """Not a state that can be read."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a state knows. Addresses are those of the root module's resources, without an index."""

    addresses: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    jobs: Mapping[str, str] = field(default_factory=dict)
    """The id of each job, by address."""
    paused: Mapping[str, bool] = field(default_factory=dict)
    """Whether each job is paused, by the name of its resource."""
    outputs: Mapping[str, Json] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    """The names of the objects that are flags."""


NOTHING = Known()


def known(text: str | None) -> Known:
    """What the file of a state knows; without one, nothing. StateError for a text that is none."""
    if text is None:
        return NOTHING
    try:
        state = json.loads(text)
    except (ValueError, RecursionError):
        raise StateError("it is not JSON") from None
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise StateError(f"it is not of version {VERSION}")
    resources = [one for one in _objects(state.get("resources")) if one.get("mode") == "managed" and "module" not in one]
    return Known(
        addresses=frozenset(f"{one.get('type')}.{one.get('name')}" for one in resources if _objects(one.get("instances"))),
        ids=frozenset(id_ for one in resources for id_ in _said(one, "id")),
        jobs={f"{JOB}.{one.get('name')}": id_ for one in resources if one.get("type") == JOB for id_ in _said(one, "id")},
        paused={f"{one.get('name')}": paused for one in resources if one.get("type") == JOB for paused in _paused(one)},
        outputs=_outputs(state.get("outputs")),
        flags=frozenset(
            name for one in resources if f"{one.get('type')}.{one.get('name')}" == FLAGS for name in _said(one, "name")
        ),
    )


def _said(resource: Mapping[str, Json], attribute: str) -> Iterator[str]:
    for instance in _objects(resource.get("instances")):
        attributes = instance.get("attributes")
        if isinstance(attributes, dict) and isinstance(found := attributes.get(attribute), str):
            yield found


def _paused(job: Mapping[str, Json]) -> Iterator[bool]:
    for instance in _objects(job.get("instances")):
        attributes = instance.get("attributes")
        if isinstance(attributes, dict):
            yield attributes.get("paused") is True


def _outputs(value: Json) -> dict[str, Json]:
    return {name: one.get("value") for name, one in value.items() if isinstance(one, dict)} if isinstance(value, dict) else {}


def _objects(value: Json) -> list[Mapping[str, Json]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []

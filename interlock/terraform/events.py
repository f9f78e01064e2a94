"""What Terraform says while it works, line by line, from `plan -json` and `apply -json`.

The format: https://developer.hashicorp.com/terraform/internals/machine-readable-ui. A line of another kind, or of no JSON at
all, is text: a later Terraform may add kinds, and one that crashes writes none. Terraform and its provider repeat headers, URLs
and bodies of jobs, so that secrets are taken out of all that is for people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from interlock.catalog import Json
from interlock.secrets import scrubbed

READ = "read"
"""The action of a data source, which changes nothing."""


class Step(Enum):
    """How far Terraform is with one resource."""

    REFRESHED = "refresh_complete"
    STARTED = "apply_start"
    DONE = "apply_complete"
    FAILED = "apply_errored"


STEPS = {step.value: step for step in Step}


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A step of one resource. A replacement has two actions, `delete` and `create`, each with steps of its own."""

    step: Step
    address: str
    action: str


@dataclass(frozen=True, kw_only=True)
class Problem:
    """An error or a warning: what is wrong, in Terraform's and the provider's words, and where."""

    summary: str
    detail: str
    address: str
    """Of the resource that it is about, or empty."""
    is_error: bool

    @property
    def text(self) -> str:
        """All of it but the address, in one line."""
        return " ".join(f"{self.summary}: {self.detail}".split()) if self.detail else self.summary


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The outputs after an apply, by name; before it, those that change have no value yet and are not here."""

    values: Mapping[str, Json]


@dataclass(frozen=True, kw_only=True)
class Text:
    """Anything else that is said."""

    text: str


Event = Progress | Problem | Outputs | Text


def parse_event(line: str) -> Event:
    """What a line says."""
    try:
        said = json.loads(line)
    except ValueError:
        return Text(text=scrubbed(line.rstrip()))
    if not isinstance(said, dict):
        return Text(text=scrubbed(line.rstrip()))
    kind, message = _text(said, "type"), _text(said, "@message")
    if kind in STEPS and isinstance(hook := said.get("hook"), dict):
        return Progress(step=STEPS[kind], address=_address(hook), action=_text(hook, "action"))
    if kind == "diagnostic" and isinstance(found := said.get("diagnostic"), dict):
        return Problem(
            summary=scrubbed(_text(found, "summary")),
            detail=scrubbed(_text(found, "detail")),
            address=_text(found, "address"),
            is_error=found.get("severity") != "warning",
        )
    if kind == "outputs" and isinstance(outputs := said.get("outputs"), dict):
        return Outputs(
            values={name: each["value"] for name, each in outputs.items() if isinstance(each, dict) and "value" in each}
        )
    return Text(text=scrubbed(message))


def _address(hook: Mapping[str, Json]) -> str:
    resource = hook.get("resource")
    return _text(resource, "addr") if isinstance(resource, dict) else ""


def _text(values: Mapping[str, Json], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""

"""A plan of one stack: what comes before it, and why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from interlock.catalog import Json
from interlock.gcp import CloudError
from interlock.gcp.coordinator import wake
from interlock.shares import is_schedules
from interlock.terminal.cdktf import is_leftover
from interlock.terminal.importing import read_known, read_synthesized, write_imports
from interlock.terminal.progress import Planning, StackLine
from interlock.terminal.terraform import Heard, Planned, Stack, TerraformFailed, plan, prepare
from interlock.terraform.imports import leaves_pauses
from interlock.terraform.state import Known

REPLACE_CATALOG = "replace_catalog"
"""The variable of the schedules that lets a catalog of other platforms take the place of the deployed one."""


@dataclass(frozen=True)
class Asked:
    """What is to be planned: with which variables, of the resources `only` where some are named. Without `refresh` what the
    state says is believed. Who applies the plan `asks_then` the coordinator: it starts when there is something to apply, while
    the plan is read, and not while Terraform plans."""

    variables: Mapping[str, Json]
    destroy: bool = False
    only: Sequence[str] = ()
    refresh: bool = True
    asks_then: bool = False


def try_plan(
    stack: Stack, folder: Path, asked: Asked, loud: Callable[[Planning], Heard]
) -> Planned | TerraformFailed | CloudError:
    """A plan of a stack, saved in `folder`, or why there is none. `loud` is heard beside the progress. Nothing is said for
    good, as others may be planned at the same time."""
    line = StackLine(stack.name)
    # The guard in the plan is for who deploys without us; we say how many jobs go, and want to hear that number.
    # A stack without a resource has no variables either.
    guarded = is_schedules(stack.name) and not is_leftover(stack.folder)
    variables = {**asked.variables, **({REPLACE_CATALOG: True} if guarded else {})}

    state: Known | None = None
    """What an empty plan leaves as it is, if that is what is there."""

    def planned() -> Planned:
        line.now("planning")
        return plan(
            stack,
            variables,
            loud(Planning(line)),
            folder,
            destroy=asked.destroy,
            only=asked.only,
            refresh=asked.refresh,
            state=state,
            changes=wake if asked.asks_then else None,
        )

    try:
        line.now("preparing")
        ran = prepare(stack)
        if not asked.destroy:  # what was never ours does not go with what is
            line.now("looking for what is there already")
            synthesized, state = read_synthesized(stack.folder), read_known(stack)
            write_imports(stack, synthesized, state)
            if leaves_pauses(synthesized):
                state = None
        try:
            return planned()
        except TerraformFailed as failed:
            if ran or not failed.wants_init:
                raise
        prepare(stack, anew=True)  # something has changed that we do not look at
        return planned()
    except (TerraformFailed, CloudError) as failed:
        return failed

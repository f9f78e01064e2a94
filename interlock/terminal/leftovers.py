"""Stacks that are deployed and that the catalog no longer becomes: `schedules` once a second platform has come, and back.

Such a stack is planned with nothing in it. What another stack declares by now it lets go, and that one takes it over as it is
(`importing.py`); what no catalog declares any more it deletes, as any deploy does. It comes last: until then both states know
of a job, which harms nobody, and a deploy that is killed in between goes on from there.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime

from interlock.catalog import Catalog, Json
from interlock.environment import Environment
from interlock.gcp.storage import list_every_flag, list_states, remove_flags
from interlock.holds import parse_object_name
from interlock.shares import is_schedules, shares
from interlock.terminal.cdktf import LEFTOVER, stacks_of
from interlock.terminal.importing import read_known
from interlock.terminal.tables import in_a_row, say_folded
from interlock.terminal.terraform import STACK_FILE, Stack
from interlock.terminal.written import write

KEPT = ("//", "terraform", "provider")
"""What it has in common with a stack of the same environment."""
VERSIONS = "versions.tf"


def states_of(environment: Environment) -> dict[str, int]:
    """The stacks that have a state, each with that one's generation: whoever applies something writes another. CloudError."""
    begin = Stack(environment=environment, name="").state_prefix
    found = list_states(environment.project, environment.state_bucket, begin)
    return {prefix.removeprefix(begin): generation for prefix, generation in found.items()}


def write_leftovers(environment: Environment, catalog: Catalog, states: Iterable[str]) -> list[str]:
    """The stacks that still have something and are none of the catalog's, of those with a state; the folder of each is written
    beside those that are synthesized. CloudError."""
    stacks = stacks_of(catalog)
    left = [name for name in states if is_schedules(name) and name not in stacks]
    left = [name for name in left if read_known(Stack(environment=environment, name=name)).addresses]
    for name in left:
        _write(Stack(environment=environment, name=name), Stack(environment=environment, name=stacks[1]))
    return left


def say_leftovers(names: Sequence[str], catalog: Catalog) -> None:
    """That these stacks are no more, and what becomes of what they have."""
    if names:
        now = " or ".join(share.stack for share in shares(catalog))
        say_folded(
            f"{in_a_row(names)} {'is' if len(names) == 1 else 'are'} no stack of this catalog any more. What {now} declares"
            " moves there: forgotten here, imported there, and as it was. What none declares any more is deleted."
        )


def _write(stack: Stack, like: Stack) -> None:
    """A stack without a resource, with the settings and the state that it had."""
    known: dict[str, Json] = json.loads((like.folder / STACK_FILE).read_text(encoding="utf-8"))
    found = {key: known[key] for key in KEPT if key in known}
    text = json.dumps(found).replace(json.dumps(like.state_prefix), json.dumps(stack.state_prefix))
    stack.folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(like.folder / VERSIONS, stack.folder / VERSIONS)
    write(stack.folder / LEFTOVER, "The catalog becomes no such stack any more; the next deploy writes this folder anew.\n")
    write(stack.folder / STACK_FILE, json.dumps(json.loads(text), indent=2) + "\n")


def remove_ended_flags(environment: Environment, now: datetime) -> None:
    """The flags that a leftover has let go and that have ended, which nobody else deletes."""
    flags = [(item, parse_object_name(item.name)) for item in list_every_flag(environment.project, environment.bucket)]
    remove_flags(environment.project, environment.bucket, [item for item, flag in flags if flag and flag.end <= now])

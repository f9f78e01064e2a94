"""Writes beside a stack which of what it declares is there already, and in no state: Terraform takes that over as it is. And
which of what its state has another stack declares by now: Terraform lets go of that.

So a platform that runs is adopted, what a killed deploy has made is found again, and jobs move between stacks untouched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from interlock.catalog import Json
from interlock.gcp import CloudError
from interlock.gcp.services import Services
from interlock.gcp.session import FORBIDDEN, Refusal
from interlock.gcp.storage import read_state
from interlock.holds import parse_object_name
from interlock.shares import SCHEDULES, is_schedules
from interlock.terminal.tables import say
from interlock.terminal.terraform import STACK_FILE, Stack
from interlock.terminal.written import write
from interlock.terraform.imports import FILE, Declared, declared, imports_text, moved, project_of, unknown
from interlock.terraform.state import Known, StateError, known

CACHED = 256
"""Stacks of which it is kept what they declare."""
MAY_LIST = "cloudscheduler.jobs.list, which roles/cloudscheduler.viewer has"
MAY_GET = "iam.serviceAccounts.get, which roles/iam.serviceAccountViewer has"


def write_imports(stack: Stack, synthesized: Json, state: Known) -> list[str]:
    """Makes the file of import blocks of a `synthesized` stack say what is there now and its `state` does not know, and leaves
    none where nothing is to import. The addresses in it. CloudError."""
    project = stack.environment.project
    found = _there(project, unknown(declared(synthesized, project), state))
    let_go = moved(synthesized, state, declared_beside(stack.folder)) if is_schedules(stack.name) else []
    _refuse_moved_flags(stack.name, synthesized, state)
    write(stack.folder / FILE, imports_text(found, let_go))
    return [one.address for one in found]


def declared_beside(folder: Path) -> frozenset[str]:
    """The ids of the jobs that the other stacks of the schedules declare, of those that are synthesized beside `folder`."""
    here = folder.resolve()
    beside = (file for file in here.parent.glob(f"{SCHEDULES}*/{STACK_FILE}") if file.parent != here)
    return frozenset().union(*(_declared_in(file, file.stat().st_mtime_ns) for file in beside))


@lru_cache(CACHED)
def _declared_in(file: Path, changed: int) -> frozenset[str]:
    """Read once as it was `changed` last, though each of many stacks asks for all the others."""
    del changed
    stack = read_synthesized(file.parent)
    return frozenset(one.id for one in declared(stack, project_of(stack)))


def read_synthesized(folder: Path) -> Json:
    """The stack that is synthesized in `folder`."""
    found: Json = json.loads((folder / STACK_FILE).read_text(encoding="utf-8"))
    return found


def _refuse_moved_flags(stack: str, synthesized: Json, state: Known) -> None:
    """CloudError for a backfill that is on and has gone to another platform: Terraform would delete the flag that the stack of
    that one writes."""
    local = synthesized.get("locals") if isinstance(synthesized, dict) else None
    own = local.get("own_backfills") if isinstance(local, dict) else None
    if not isinstance(own, dict):
        return
    flags = [flag for name in sorted(state.flags) if (flag := parse_object_name(name)) and flag.end > datetime.now(UTC)]
    if gone := [flag.scope for flag in flags if flag.scope.partition("/")[2] not in own]:
        raise CloudError(
            f"{', '.join(gone)} is on by the stack {stack}, and the catalog now has it in another platform; end it with the"
            " catalog as it was, or put it back until it ends"
        )


def read_known(stack: Stack) -> Known:
    """What the state of a stack knows; nothing where it has none. CloudError."""
    environment = stack.environment
    try:
        return known(read_state(environment.project, environment.state_bucket, stack.state_prefix))
    except StateError as error:
        raise CloudError(f"the state gs://{environment.state_bucket}/{stack.state_prefix} can't be read: {error}") from None


def remove_imports(stack: Stack) -> None:
    """Takes the file away: what it was for is done, and a block for what has gone since would fail every plan."""
    (stack.folder / FILE).unlink(missing_ok=True)


def _there(project: str, missing: Sequence[Declared]) -> list[Declared]:
    """Those that the cloud has. It is only asked where something is missing."""
    if not missing:
        return []
    services = Services(project, lambda line: say(line, err=True))
    names = set[str]()
    for region in sorted({one.region for one in missing}):
        if region:
            with _explained(project, f"list its jobs in {region}", MAY_LIST):
                names.update(services.job_names(region))
    for account in (one for one in missing if not one.region):
        with _explained(project, f"look for {account.id}", MAY_GET):
            names.update([account.id] if services.has_account(account.id) else [])
    return [one for one in missing if one.id in names]


@contextmanager
def _explained(project: str, what: str, needed: str) -> Iterator[None]:
    """Which role is lacking. An API that is off has nothing: the first deploy turns it on."""
    try:
        yield
    except Refusal as refusal:
        if refusal.is_off:
            return
        takes = f"; it takes {needed}" if refusal.status == FORBIDDEN else ""
        raise CloudError(f"project {project}: nobody can {what}: {refusal}{takes}") from None

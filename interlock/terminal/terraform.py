"""Runs Terraform in the folder of a synthesized stack: what it would change, and changing exactly that.

Terraform itself and not `cdktf deploy`, which plans anew when it applies and has no JSON: docs/traps.md.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from interlock.catalog import Json
from interlock.environment import Environment
from interlock.pasted import LOCAL
from interlock.secrets import scrubbed
from interlock.terminal.cdktf import output_folder, refuse
from interlock.terminal.initialized import LOCK_FILE, WANTED, is_initialized
from interlock.terminal.initialized import forget as forget_init
from interlock.terminal.initialized import note as note_init
from interlock.terminal.machine import terraform, terraform_binary
from interlock.terminal.printed import make
from interlock.terminal.process import Ended, run
from interlock.terraform.changes import Change, Changes, changes_of, none_from
from interlock.terraform.events import Event, Outputs, Problem, Progress, Step, Text, parse_event
from interlock.terraform.plan import NO_ACTION, Plan, PlanError, own_plan
from interlock.terraform.state import NOTHING, Known

NO_CHANGES, CHANGES = 0, 2  # terraform plan -detailed-exitcode
STACK_FILE = "cdk.tf.json"
SETTINGS = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
COLLECTING, SMALL, GENEROUS, SPARING = "GOGC", 2 * 2**20, "800", "200"
"""How much Go's memory may grow before it is tidied, in percent, unless somebody says otherwise: generous for a stack of fewer
bytes than SMALL, some 550 jobs. A plan of 143 jobs then takes half the processor time, and 268 MB instead of 131; of thousands
it would take gigabytes. https://go.dev/doc/gc-guide#GOGC"""
ELSEWHERE = ("TF_WORKSPACE", "TF_DATA_DIR")
"""Variables that would have a stack act on another state than ours, or share its folder with another stack:
https://developer.hashicorp.com/terraform/cli/config/environment-variables"""

WAITING = """\
Stopping: Terraform finishes the calls that it has begun, and saves its state.
A call that is being retried may take 20 minutes more, 60 of the function.
If it is killed meanwhile, the state stays locked: {unlock}
"""
"""The provider's requests heed no signal: docs/traps.md. 20 and 60 minutes are the timeouts of its resources, such as
https://github.com/hashicorp/terraform-provider-google/blob/v7.45.0/google/services/cloudscheduler/resource_cloud_scheduler_job.go"""

Heard = Callable[[Event], None]


class TerraformFailed(Exception):
    """Terraform did not do what it should: what it said, in order."""

    def __init__(self, stack: str, problems: Sequence[Problem], text: Sequence[str], *, stopped: bool) -> None:
        super().__init__(stack)
        self.stack = stack
        self.problems = problems
        self.text = text
        """What it said beside that."""
        self.stopped = stopped
        """Whether it was us who were told to stop."""

    @property
    def wants_init(self) -> bool:
        """Whether Terraform says that its init has to run."""
        return any(WANTED.search(problem.text) for problem in self.problems if problem.is_error)


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A synthesized stack of an environment."""

    environment: Environment
    name: str

    @property
    def folder(self) -> Path:
        """Where it is synthesized."""
        return output_folder(self.environment) / "stacks" / self.name

    @property
    def state_prefix(self) -> str:
        """Where its state lies in the state bucket."""
        return f"interlock/{self.environment.name}/{self.name}"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A saved plan, and what it does. One without changes may still have outputs to write."""

    stack: Stack
    file: Path
    plan: Plan | None
    """None of an empty one that was not read."""
    changes: Changes
    is_empty: bool
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What came of a plan: of its changes those that are done, and what was wrong."""

    planned: Planned
    done: tuple[Change, ...]
    failed: tuple[Change, ...]
    """Those that were begun and went wrong. The others were not begun."""
    problems: tuple[Problem, ...]
    text: tuple[str, ...]
    ended: Ended

    @property
    def is_done(self) -> bool:
        """Whether all of it is."""
        return self.ended.code == 0


@dataclass(kw_only=True)
class _Listener:
    """Keeps what Terraform says, and passes it on."""

    heard: Heard
    steps: set[tuple[Step, str, str]] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def line(self, line: str) -> None:
        event = parse_event(line)
        match event:
            case Progress():
                self.steps.add((event.step, event.address, event.action))
            case Problem():
                self.problems.append(event)
            case Text():
                self.text.append(event.text)
            case Outputs():
                pass
        self.heard(event)

    def failure(self, stack: Stack, ended: Ended) -> TerraformFailed:
        return TerraformFailed(stack.name, self.problems, self.text, stopped=ended.stopped)


@contextmanager
def folder_of_plans() -> Iterator[Path]:
    """A folder of this run's own for its saved plans: no other run can put its plan in the place of one that was approved here.
    Plans may hold secrets, so that nobody else can read it, and it goes when the run ends."""
    with TemporaryDirectory(prefix="interlock-plans-") as folder:
        yield Path(folder)


def prepare(stack: Stack, *, anew: bool = False) -> bool:
    """`terraform init`, unless one has run on the same before, or `anew`; returns whether it ran. TerraformFailed when it does
    not work, CloudError where that Terraform is none with which Interlock works.

    On the local target the provider is whichever `local run` has, so that a lock of the folder's last one says nothing."""
    environ, binary = _environ(stack), terraform_binary()
    if not anew and is_initialized(stack.folder, binary, environ):
        return False
    refuse(terraform())
    forget_init(stack.folder)
    if stack.environment.name == LOCAL:
        (stack.folder / LOCK_FILE).unlink(missing_ok=True)
    listener = _Listener(heard=lambda _: None)
    upgrade = ["-upgrade"] if asks_for_another_provider(stack.folder) else []
    ended = _terraform(stack, ["init", "-input=false", "-no-color", *upgrade], listener)
    if ended.code != 0 or ended.stopped:
        raise listener.failure(stack, ended)
    note_init(stack.folder, binary, environ)
    return True


def plan(
    stack: Stack,
    variables: Mapping[str, Json],
    heard: Heard,
    folder: Path,
    *,
    destroy: bool = False,
    only: Sequence[str] = (),
    refresh: bool = True,
    state: Known | None = None,
    changes: Callable[[], object] | None = None,
) -> Planned:
    """Plans a prepared stack and saves the plan in `folder`: of the resources `only` and what they need, where some are named.
    Without `refresh` what the state says is believed. What an empty plan leaves as it is takes one more Terraform to read, and
    is not read where `state` says it; one that has `changes` calls that before it is read. TerraformFailed when it can't be
    planned."""
    listener, file = _Listener(heard=heard), folder / f"{stack.name}.plan"
    words = ["plan", "-input=false", "-json", "-detailed-exitcode", f"-out={file}", *(["-destroy"] if destroy else [])]
    words += [*([] if refresh else ["-refresh=false"]), *(f"-target={address}" for address in only)]
    ended = _terraform(stack, [*words, *(f"-var={name}={variable(value)}" for name, value in variables.items())], listener)
    if ended.code not in (NO_CHANGES, CHANGES) or ended.stopped:
        raise listener.failure(stack, ended)
    is_empty = ended.code == NO_CHANGES
    if changes and not is_empty:
        changes()
    found = None if is_empty and state is not None else _read(stack, file, partial=bool(only))
    return Planned(
        stack=stack,
        file=file,
        plan=found,
        changes=changes_of(found) if found else none_from(state or NOTHING),
        is_empty=is_empty,
        warnings=tuple(problem for problem in listener.problems if not problem.is_error),
    )


def _read(stack: Stack, file: Path, *, partial: bool) -> Plan:
    try:
        return own_plan(shown(stack, file, "-json"), partial=partial)
    except PlanError as error:
        raise TerraformFailed(stack.name, (), [str(error)], stopped=False) from None


def shown(stack: Stack, file: Path, *words: str) -> str:
    """What `terraform show` says of a saved plan: as JSON everything, for people without secrets. TerraformFailed when it says
    nothing."""
    command = [terraform_binary(), f"-chdir={stack.folder}", "show", *words, str(file)]
    # It only reads, so a signal may end us and leave it; what it has to say beside the plan goes elsewhere than the plan.
    done = subprocess.run(command, env=_environ(stack), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise TerraformFailed(stack.name, (), scrubbed(done.stderr).splitlines(), stopped=False)
    return done.stdout if "-json" in words else scrubbed(done.stdout)


def apply(planned: Planned, heard: Heard) -> Applied:
    """Applies a saved plan, and no other. What went wrong is in the answer."""
    listener = _Listener(heard=heard)
    ended = _terraform(planned.stack, ["apply", "-input=false", "-json", str(planned.file)], listener)
    done, failed = _came_of(planned.changes.changes, listener.steps, is_done=ended.code == 0)
    return Applied(
        planned=planned,
        done=done,
        failed=failed,
        problems=tuple(listener.problems),
        text=tuple(listener.text),
        ended=ended,
    )


def forget(stack: Stack, address: str) -> None:
    """Takes a resource out of the state of a prepared stack; it stays as it is. TerraformFailed when that can't be done."""
    listener = _Listener(heard=lambda _: None)
    ended = _terraform(stack, ["state", "rm", address], listener)
    if ended.code != 0 or ended.stopped:
        raise listener.failure(stack, ended)


def force_unlock(stack: Stack, lock: str) -> None:
    """Releases the lock of the stack's state. TerraformFailed when it can't be released."""
    prepare(stack)
    listener = _Listener(heard=lambda _: None)
    ended = _terraform(stack, ["force-unlock", "-force", "-no-color", lock], listener)
    if ended.code != 0:
        raise listener.failure(stack, ended)


def variable(value: Json) -> str:
    """A value as Terraform reads it on a command line: texts as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _terraform(stack: Stack, words: Sequence[str], listener: _Listener) -> Ended:
    """SIGINT is what a terminal sends to Terraform and its providers: they leave it to Terraform, which finishes what it has
    begun, saves its state and releases the lock. SIGTERM would end the providers below it."""
    command = [terraform_binary(), f"-chdir={stack.folder}", *words]
    unlock = make("unlock", STACK=stack.name)
    return run(command, _environ(stack), stop_with=signal.SIGINT, heard=listener.line, waiting=WAITING.format(unlock=unlock))


def _environ(stack: Stack) -> dict[str, str]:
    collecting = {COLLECTING: GENEROUS if _size(stack.folder / STACK_FILE) < SMALL else SPARING}
    return collecting | {name: value for name, value in os.environ.items() if name not in ELSEWHERE} | SETTINGS


def _size(file: Path) -> int:
    """In bytes; none where there is no such file."""
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _came_of(
    changes: Sequence[Change], steps: set[tuple[Step, str, str]], *, is_done: bool
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Which are done, and which failed. What makes no steps, as an import, is done when everything is."""
    done = tuple(change for change in changes if is_done or _has_done(change, steps))
    failed = tuple(
        change
        for change in changes
        if change not in done and any((Step.FAILED, change.address, action) in steps for action in change.actions)
    )
    return done, failed


def _has_done(change: Change, steps: set[tuple[Step, str, str]]) -> bool:
    actions = {*change.actions} - {*NO_ACTION}
    return bool(actions) and all((Step.DONE, change.address, action) in steps for action in actions)


def asks_for_another_provider(folder: Path) -> bool:
    """Whether the lock file is of other versions than the stack now asks for, as after an update of Interlock: `init` then
    wants to be told so. https://developer.hashicorp.com/terraform/language/files/dependency-lock"""
    try:
        locked = (folder / LOCK_FILE).read_text(encoding="utf-8")
        wanted = json.loads((folder / STACK_FILE).read_text(encoding="utf-8"))["terraform"]["required_providers"]
    except (OSError, KeyError, ValueError):
        return False
    versions = {one["version"] for one in wanted.values() if "version" in one}
    return not versions <= set(re.findall(r'constraints\s*=\s*"([^"]*)"', locked)) and "constraints" in locked

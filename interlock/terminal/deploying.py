"""Plans stacks, says what that changes, asks where it matters, and applies what was said: nothing more than was shown."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NoReturn

import click

from interlock.catalog import Catalog, Json
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.project import GoogleProject
from interlock.gcp.storage import read_lock
from interlock.holds import format_end, parse_instant
from interlock.names import count, plain, printable
from interlock.pasted import LOCAL
from interlock.terminal import waiting
from interlock.terminal.approving import Approving, ask_anyway
from interlock.terminal.ends import clock_of_readers
from interlock.terminal.granting.gcloud import mending
from interlock.terminal.importing import read_known, remove_imports
from interlock.terminal.planning import Asked, try_plan
from interlock.terminal.printed import again, interlock, make
from interlock.terminal.process import Ended, side_by_side
from interlock.terminal.progress import COLUMN, Applying, Planning, StackLine
from interlock.terminal.refs import said_commit
from interlock.terminal.tables import folded, grouped, say, say_command, say_folded, say_lines, whole
from interlock.terminal.terraform import (
    Applied,
    Heard,
    Planned,
    Stack,
    TerraformFailed,
    apply,
    folder_of_plans,
    forget,
    prepare,
    shown,
)
from interlock.terminal.waiting import Cause, goes_no_further
from interlock.terraform.changes import Change, Changes, Kind, counted
from interlock.terraform.events import Event, Problem, Text
from interlock.terraform.refusals import blocked_roles, lacks_of
from interlock.terraform.turns import turns

HALTED = "execution halted"
"""Terraform's error for each resource that it leaves alone once it was told to stop:
https://github.com/hashicorp/terraform/blob/main/internal/terraform/hook_stop.go"""
CHECK_FAILED = "Check block assertion failed"
"""Terraform's title of every warning of a check block; what the block says is the detail:
https://github.com/hashicorp/terraform/blob/main/internal/terraform/eval_conditions.go"""
LET_GO = "Some objects will no longer be managed by Terraform"
"""Terraform's warning of `removed` blocks: https://github.com/hashicorp/terraform/blob/v1.11.4/internal/terraform/context_plan.go"""
NOTHING = "nothing to do"
PERMISSIONS = "https://cloud.google.com/iam/docs/permissions-reference says which roles have it"
AT_ONCE = 3
"""Stacks that are planned side by side. Each has a Terraform and a provider below it, of some 300 MB together."""
WIDTH = 80
"""Columns of a list of names."""
SHOWN_PROBLEMS = 5
"""Of a kind that may come once a job."""
SHOWN_LACKS = 3
SHOWN_NAMES = 40
GOING = (Kind.REPLACE, Kind.DELETE, Kind.FORGET)
"""What a deploy names before it does it."""
GROUPED = frozenset({Kind.IMPORT, Kind.CREATE, Kind.CHANGE})
"""What is told by type where it is much: a first deploy makes more than two hundred. What pauses or goes away has names."""


@dataclass(frozen=True, kw_only=True)
class Deploying:
    """How to deploy: where, whether to ask, and how much to say."""

    environment: Environment
    approving: Approving | None
    """By what it is judged. None to only plan, and to destroy everything."""
    yes: bool = False
    verbose: bool = False

    def bring_about(
        self, stacks: Sequence[str], variables: Mapping[str, Json] | None = None, *, destroy: bool = False
    ) -> dict[str, Applied]:
        """Plans all of `stacks`, asks once, and applies these plans in order, unless jobs move between them. Exits with 1 when
        something fails, having said what; aborts on a no."""
        if self._asks and not is_terminal():
            raise CloudError(
                f"{self.environment.name} asks before it changes anything, and this is no terminal; add --yes to go on unasked"
            )
        with folder_of_plans() as folder:
            plans = self.plan(stacks, folder, variables, destroy=destroy)
            for planned in plans:
                self._say_plan(planned, names=not destroy)
            self._approve(plans)
            applied = (plans[turn] for turn in turns([planned.changes for planned in plans]))
            return {planned.stack.name: self._apply(planned, variables or {}, destroy=destroy) for planned in applied}

    def plan(
        self, stacks: Sequence[str], folder: Path, variables: Mapping[str, Json] | None = None, *, destroy: bool = False
    ) -> list[Planned]:
        """The plans of these stacks, saved in `folder`. Exits with 1 when one can't be planned."""
        wanted, asked = (
            [Stack(environment=self.environment, name=name) for name in stacks],
            Asked(variables or {}, destroy=destroy, asks_then=self.approving is not None),
        )
        if self.verbose or len(wanted) == 1:  # so that what Terraform says of one stays together
            return [self._plan(stack, folder, asked) for stack in wanted]
        found = side_by_side([partial(try_plan, stack, folder, asked, self._loud) for stack in wanted], AT_ONCE)
        return [self._planned(stack, one) for stack, one in zip(wanted, found, strict=True)]

    def let_go(self, name: str, address: str) -> bool:
        """Takes a resource out of the state of a stack without touching it; whether it was in there. Exits with 1 when that
        can't be done."""
        stack = Stack(environment=self.environment, name=name)
        if address not in read_known(stack).addresses:
            return False
        try:
            prepare(stack)
            forget(stack, address)
        except TerraformFailed as failed:
            self._fail(stack, failed.problems, failed.text, "When that is mended, again", stopped=failed.stopped)
        return True

    def say_text(self, planned: Planned) -> None:
        """What Terraform itself says of a plan."""
        try:
            say_lines("" if planned.is_empty else shown(planned.stack, planned.file, "-no-color"))
        except TerraformFailed as failed:
            self._fail(planned.stack, failed.problems, failed.text, "Again")

    @property
    def _asks(self) -> bool:
        return not self.yes and self.environment.name != LOCAL

    def _approve(self, plans: Sequence[Planned]) -> None:
        """Refuses what nobody can mean, and asks about the rest."""
        if resumed := [change.name for planned in plans for change in resumed_by_import(planned.changes)]:
            names = ", ".join(resumed[:SHOWN_PROBLEMS]) + (" ..." if len(resumed) > SHOWN_PROBLEMS else "")
            raise CloudError(
                f"{names}: {count(len(resumed), 'job')} would be resumed by being imported, and somebody paused "
                f"{'it' if len(resumed) == 1 else 'them'}; declare that under paused, or resume by hand before; nothing is done"
            )
        if self.approving and (broken := self.approving.look(plans, self.environment.name)):
            ask_anyway(broken, yes=self.yes, somebody_is_there=is_terminal())
        if self._asks and not all(planned.is_empty for planned in plans):
            click.confirm("Do this?", abort=True)

    def _plan(self, stack: Stack, folder: Path, asked: Asked) -> Planned:
        return self._planned(stack, try_plan(stack, folder, asked, self._loud))

    def _planned(self, stack: Stack, found: Planned | TerraformFailed | CloudError) -> Planned:
        """The plan that was made, or the end, having said why there is none."""
        if isinstance(found, Planned):
            return found
        stopped = isinstance(found, TerraformFailed) and found.stopped
        StackLine(stack.name).end("stopped while planning" if stopped else "can't be planned")
        if isinstance(found, TerraformFailed):
            then = "Stopped while planning. Again" if stopped else "When that is mended, again"
            self._fail(stack, found.problems, found.text, then, stopped=stopped)
        raise found

    def _say_plan(self, planned: Planned, *, names: bool = True) -> None:
        StackLine(planned.stack.name).end(plan_summary(planned))
        for line in [*names_of(planned, GOING if names else ()), *imported_and_changed(planned)]:
            say(line)
        for problem in planned.warnings:
            if problem.summary != LET_GO:  # it says of each that somebody has to import it, as is done or was said above
                _echo_problem(problem)
        if self.verbose:
            self.say_text(planned)

    def _apply(self, planned: Planned, variables: Mapping[str, Json], *, destroy: bool) -> Applied:
        """Applies a plan, first what Google is slow with, and again what is left of it while only time stands in the way."""
        if not destroy and (first := waiting.first_of(planned)):
            planned = self._apply_first(planned, first, variables)
        applied, since = self._apply_once(planned), datetime.now(UTC)
        for _ in range(waiting.TRIES):
            causes = waiting.passes(applied.problems, self._turned_on)
            if applied.is_done or applied.ended.stopped or not causes:
                break
            self._wait(planned.stack, causes, since)
            planned = self._plan_the_rest(planned, Asked(variables, destroy=destroy))
            applied = self._apply_once(planned)
        if not applied.is_done or applied.ended.stopped:
            self._fail_apply(planned, applied)
        remove_imports(planned.stack)
        return applied

    def _apply_first(self, planned: Planned, first: Sequence[str], variables: Mapping[str, Json]) -> Planned:
        """Applies these resources of an approved plan, waits until Google may know them, and plans the rest."""
        some = self._plan(planned.stack, planned.file.parent, Asked(variables, only=first))
        if not goes_no_further(some, planned):
            return planned  # something else has changed meanwhile, and will be seen by who approves it
        applied = self._apply_once(some)
        if applied.ended.stopped or not (applied.is_done or waiting.passes(applied.problems, self._turned_on)):
            self._fail_apply(some, applied)
        seconds = waiting.SHORT_WAIT if self.environment.name == LOCAL else waiting.BEFORE_A_BUILD
        say_folded(f"What was granted counts only some time later, and the build takes it: waiting {seconds:g} s.")
        _sleep(StackLine(planned.stack.name), seconds)
        # Where all of that was made just now, the state says it; what has failed may be there all the same.
        return self._plan_the_rest(planned, Asked(variables, refresh=not applied.is_done))

    def _plan_the_rest(self, approved: Planned, asked: Asked) -> Planned:
        """A new plan of the stack, which is approved where it goes further."""
        planned = self._plan(approved.stack, approved.file.parent, asked)
        if not goes_no_further(planned, approved):
            self._say_plan(planned, names=not asked.destroy)
            self._approve([planned])
        return planned

    def _fail_apply(self, planned: Planned, applied: Applied) -> NoReturn:
        stopped, total = applied.ended.stopped, len(planned.changes.changes)
        how_far = f"Stopped: {len(applied.done)} of {total} done. Go on" if stopped else "When that is mended, go on"
        self._fail(planned.stack, applied.problems, applied.text, f"What is done stays done. {how_far}", stopped=stopped)

    def _apply_once(self, planned: Planned) -> Applied:
        if planned.is_empty:
            return Applied(planned=planned, done=(), failed=(), problems=(), text=(), ended=Ended(code=0, stopped=False))
        line, total = StackLine(planned.stack.name), len(planned.changes.changes)
        line.now(f"0 of {total} done")
        applied = apply(planned, self._loud(Applying(line, total)))
        if total or not applied.is_done:
            line.end(_result(applied))
        return applied

    def _wait(self, stack: Stack, causes: Sequence[Cause], since: datetime) -> None:
        seconds = waiting.SHORT_WAIT if self.environment.name == LOCAL else waiting.WAIT
        until = since + timedelta(seconds=seconds * waiting.TRIES)
        say_folded(waiting.said_wait(causes, seconds, since, until), err=True)
        _sleep(StackLine(stack.name), seconds)

    def _fail(
        self, stack: Stack, problems: Sequence[Problem], text: Sequence[str], then: str, *, stopped: bool = False
    ) -> NoReturn:
        """Says what went wrong and what to do now, and exits with 1. That it was `stopped` is nothing that went wrong."""
        errors = [problem for problem in problems if problem.is_error and not (stopped and problem.summary == HALTED)]
        alike = [*grouped(errors, lambda error: error.text).values()]
        for same in alike if self.verbose else alike[:SHOWN_PROBLEMS]:
            _echo_alike(same)
        if (rest := alike[SHOWN_PROBLEMS:]) and not self.verbose:
            say(f"and {count(sum(map(len, rest)), 'more error')}; -v says all", err=True)
        for line in [] if errors or self.verbose or stopped else text:
            say(plain(line), err=True)
        self._say_lacks(errors)
        say_lock(self.environment, stack.name)
        say(f"{then}: {again()}", err=True)
        raise click.exceptions.Exit(1)

    def _turned_on(self) -> Collection[str]:
        """The APIs that are on by what Service Usage says, whether they answer yet or not; none where it does not say."""
        try:
            return GoogleProject(self.environment.project).enabled()
        except CloudError:
            return ()

    def _say_lacks(self, errors: Sequence[Problem]) -> None:
        """The line to type for each API and right that is lacking; the first few, as one is often the cause of the next."""
        for said in blocked_roles(errors):
            say_folded(said, err=True)
        lacks = lacks_of(errors)
        for lack in lacks[:SHOWN_LACKS]:
            say_folded(f"{lack.said}. {waiting.TO_GRANT if lack.by_the_stacks else 'Type:'}", err=True)
            if not lack.by_the_stacks:
                say_command(mending(lack, self.environment) or PERMISSIONS, err=True)
        if len(lacks) > 1 and not all(lack.api for lack in lacks):
            say_folded(f"All that who deploys needs: {interlock('roles', '--actor', 'deployer')}", err=True)

    def _loud(self, heard: Planning | Applying) -> Heard:
        """The same, and with -v Terraform's own words."""

        def both(event: Event) -> None:
            heard(event)
            if self.verbose and isinstance(event, Text):
                say_lines(event.text)

        return both


def is_terminal() -> bool:
    """Whether there is somebody who can be asked."""
    return sys.stdin.isatty()


def said_catalog(catalog: Catalog, root: Path) -> str:
    """Which catalog it is, so that nobody deploys another by mistake: its folder, and how much is in it."""
    return f"{root}/ ({count(len(catalog.jobs), 'job')}, {count(len(catalog.backfills), 'backfill')})"


def said_origin(catalog: Catalog, root: Path) -> str:
    """The same, and which commit it is as of."""
    return f"{said_catalog(catalog, root)}, {said_commit(root)}"


def until_when(changes: Changes, catalog: Catalog, now: datetime) -> dict[str, str]:
    """The backfills that are on after a plan of `schedules`, each with its end for people."""
    place, on = clock_of_readers(catalog.jobs.values()), changes.outputs.get("backfills_on")
    ends = {name: parse_instant(str(end)) for name, end in on.items()} if isinstance(on, dict) else {}
    return {name: format_end(end, place, now) for name, end in sorted(ends.items()) if end}


def plan_summary(planned: Planned) -> str:
    """`16 to pause, 1 to create`, or that there is nothing to do."""
    return counted(planned.changes.changes) or (NOTHING if planned.is_empty else "outputs to write")


def names_of(planned: Planned, kinds: Iterable[Kind]) -> list[str]:
    """A list of names for each of these kinds that the plan has, folded between names."""
    return [line for kind in kinds for line in _named(kind, planned.changes.of(kind))]


def imported_and_changed(planned: Planned) -> list[str]:
    """What does not stay as it is found, with what changes: an import of everything as it is has none."""
    changed = planned.changes.imported_and_changed
    if not changed:
        return []
    names = [_with_kind(change) for change in changed[:SHOWN_NAMES]]
    names += [f"and {len(changed) - SHOWN_NAMES} more"] if len(changed) > SHOWN_NAMES else []
    return [*map(printable, folded(", ".join(map(whole, names)), WIDTH, "  not imported as found:", " " * COLUMN))]


def resumed_by_import(changes: Changes) -> list[Change]:
    """Jobs that somebody paused and that their import would resume."""
    return [change for change in changes.imported_and_changed if change.kind is Kind.RESUME]


def say_lock(environment: Environment, stack: str) -> None:
    """After a failure: whether somebody holds the lock of the stack's state, since when, and how to release it."""
    prefix = Stack(environment=environment, name=stack).state_prefix
    if (lock := read_lock(environment.project, environment.state_bucket, prefix)) is not None:
        say(f"The state of {stack} is locked: {lock.operation} by {lock.who} since {lock.created}.", err=True)
        say(f"If that deploy is still running, wait for it. If it was killed: {make('unlock', STACK=stack)}", err=True)


def _sleep(line: StackLine, seconds: float) -> None:
    """Waits, and shows on a terminal how long still."""
    with line.while_it_lasts(f"waiting {seconds:g} s"):
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            line.now(f"waiting, {left:.0f} of {seconds:g} s left")
            time.sleep(min(1.0, left))


def _named(kind: Kind, changes: Sequence[Change]) -> list[str]:
    if not changes:
        return []
    if kind in GROUPED and len(changes) > SHOWN_NAMES // 2:
        types = Counter(change.type.removeprefix("google_") for change in changes)
        names = [f"{number} {type}" for type, number in sorted(types.items(), key=lambda item: (-item[1], item[0]))]
    else:
        names = [change.with_attributes for change in changes[:SHOWN_NAMES]]
        names += [f"and {len(changes) - SHOWN_NAMES} more"] if len(changes) > SHOWN_NAMES else []
    lines = folded(", ".join(map(whole, names)), WIDTH, f"  {kind.verb:<{COLUMN - 3}}", " " * COLUMN)
    return [*map(printable, lines)]


def _with_kind(change: Change) -> str:
    what = [change.kind.verb] if change.kind is not Kind.CHANGE or not change.attributes else []
    return f"{change.name} ({', '.join([*what, *change.attributes])})"


def _result(applied: Applied) -> str:
    done = counted(applied.done, done=True) or "nothing done"
    failed, total = len(applied.failed), len(applied.planned.changes.changes)
    if applied.is_done:
        return done
    rest = total - len(applied.done) - failed
    stopped = "; stopped" if applied.ended.stopped else ""
    return f"{done}, {failed} failed, {rest} not begun{stopped}"


def _echo_problem(problem: Problem) -> None:
    _echo_alike([problem])


def _echo_alike(problems: Sequence[Problem]) -> None:
    """What is said of several resources in the same words is said once, with the first of them."""
    first, times = problems[0], f" (x{len(problems)})" if len(problems) > 1 else ""
    said = [first.summary, *first.detail.splitlines()]
    title, *more = [line for line in said if line.strip() and line != CHECK_FAILED] or [first.summary]
    say(f"{'Error' if first.is_error else 'Warning'}: {plain(title)}{times}", err=True)
    for line in more:
        say(f"  {plain(line)}", err=True)
    addresses = [plain(problem.address) for problem in problems if problem.address]
    for address in addresses[:SHOWN_PROBLEMS]:
        say(f"  with {address}", err=True)
    if len(addresses) > SHOWN_PROBLEMS:
        say(f"  and {len(addresses) - SHOWN_PROBLEMS} more", err=True)

"""What a deploy refuses before it does anything: more than a toggle was asked for, jobs that go away uncounted, broken rules.

The rules come from above, as a function: what is deployed is judged here, and `policies/` is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import click

from interlock.findings import Finding
from interlock.gcp import CloudError
from interlock.names import count
from interlock.pasted import LOCAL
from interlock.shares import is_schedules
from interlock.terminal.importing import declared_beside
from interlock.terminal.printed import again, make
from interlock.terminal.tables import say, say_folded
from interlock.terminal.terraform import Planned
from interlock.terraform.changes import counted
from interlock.terraform.plan import Plan
from interlock.terraform.unasked import Lost, beside_toggle, lost_jobs, lost_together

DELETE = "delete"
"""The rule about what --yes-delete says, too."""
SHOWN_NAMES, SHOWN_FINDINGS = 5, 20
F = TypeVar("F", bound=Callable[..., object])

Judge = Callable[[Plan, Path, date], Sequence[Finding]]
"""What a plan breaks of the rules about plans, with a file beside the stack that it is of, on a day."""


@dataclass(frozen=True, kw_only=True)
class Toggle:
    """A deploy that is to turn backfills on or off, and no more."""

    names: Sequence[str]
    mode: str
    """`on` or `off`."""
    covered: frozenset[str]
    """The jobs that they cover, by their names in the catalog."""
    with_changes: bool


@dataclass(frozen=True, kw_only=True)
class Approving:
    """By what a deploy is judged before it is done."""

    catalog: str
    """Which one it is, for people: its folder, and which commit that is as of."""
    judge: Judge
    yes_delete: int | None = None
    """How many jobs may go, exactly, where somebody has said it."""
    toggle: Toggle | None = None

    def look(self, plans: Sequence[Planned], environment: str) -> list[Finding]:
        """The broken rules that somebody may accept, once they are said. CloudError for what nobody may, here and so."""
        found = list[Finding]()
        of_jobs = [planned for planned in plans if is_schedules(planned.stack.name)]
        read = [(one.plan, one.stack.folder) for one in of_jobs if one.plan]
        untouched = sum(len(one.changes.jobs) for one in of_jobs if not one.plan)
        self.refuse_unasked([(plan, declared_beside(folder)) for plan, folder in read], untouched)
        for plan, folder in read:
            found += self._broken(plan, folder, environment)
        return found

    def refuse_unasked(self, plans: Sequence[tuple[Plan, Collection[str]]], untouched: int = 0) -> None:
        """CloudError for plans of the schedules that do more than they were asked for, once that is said. With each the ids of
        the jobs that the stacks beside it have; `untouched` are the jobs of those that are empty and were not read."""
        for plan, _ in plans:
            self._only_toggles(plan)
        if plans or untouched:
            lost = (lost_jobs(plan, elsewhere) for plan, elsewhere in plans)
            self._counts(lost_together([*lost, Lost(jobs=(), total=untouched)]))

    def _only_toggles(self, plan: Plan) -> None:
        if (toggle := self.toggle) is None:
            return
        beside, names = beside_toggle(plan, toggle.covered), ", ".join(toggle.names)
        if beside.other_catalog:
            say_folded("The declaration changes: this catalog, or this Interlock, is not the one that is deployed.")
        if unasked := beside.unasked:
            first = _first([change.with_attributes for change in unasked])
            say_folded(f"This would do more than turn {names} {toggle.mode}: {counted(unasked)}: {first}.")
            say_folded(f"It comes from {self.catalog}.")
            if not toggle.with_changes:
                raise CloudError(
                    "a toggle changes pauses, so nothing is done; run it with the catalog that is deployed, or deploy this one"
                    f" first: {make('deploy')}. To do all of it at once: --with-changes (make: WITH_CHANGES=1, the workflow:"
                    " with_changes)"
                )
        elif beside.pauses:
            first = _first([f"{change.name} ({change.kind.verb})" for change in beside.pauses])
            say_folded(f"{names} {'does' if len(toggle.names) == 1 else 'do'} not cover all of these: {first}.")

    def _counts(self, lost: Lost) -> None:
        said = self.yes_delete
        number = len(lost.jobs)
        if said == number or (said is None and not lost.are_many):
            return
        would = f"{number} of the {count(lost.total, 'job')} that are deployed would be deleted or let go"
        by = f"{would} by {self.catalog}{f': {_first(lost.jobs)}' if number else ''}"
        if said is None:
            raise CloudError(f"{by}; nothing is done. If that is meant, say how many: --yes-delete {number}")
        raise CloudError(f"{by}; not {said}, as --yes-delete says; nothing is done. Look again what this is about to do")

    def _broken(self, plan: Plan, folder: Path, environment: str) -> list[Finding]:
        try:
            found = [*self.judge(plan, folder / "plan.json", datetime.now(UTC).date())]
        except ValueError as error:  # as `policies` says that something can't be read
            raise CloudError(f"what this breaks can't be told: {error}; nothing is done") from None
        if environment == LOCAL and self.yes_delete:
            found = [one for one in found if one.rule != DELETE]  # it has been said, and how many
        for one in found[:SHOWN_FINDINGS]:
            say_folded(f"{one.rule}: {'' if one.subject == 'plan.json' else f'{one.subject} '}{one.message}")
        if len(found) > SHOWN_FINDINGS:
            say(f"and {len(found) - SHOWN_FINDINGS} more")
        if found and environment != LOCAL:
            raise CloudError(
                f"{environment} does nothing that breaks a rule, and this breaks one {count(len(found), 'time')}, by"
                f" {self.catalog}; nothing is done"
            )
        return found


def ask_anyway(found: Sequence[Finding], *, yes: bool, somebody_is_there: bool) -> None:
    """Asks whether to do what breaks rules; CloudError where there is nobody, click's Abort on a no."""
    if yes:
        return
    if not somebody_is_there:
        raise CloudError(
            f"this breaks a rule {count(len(found), 'time')}, and nobody can be asked, as this is no terminal; nothing is done."
            f" To go on unasked: {again()} --yes"
        )
    click.confirm("Do this anyway?", abort=True)


def yes_delete_option(command: F) -> F:
    """--yes-delete N."""
    return click.option(
        "--yes-delete",
        type=click.IntRange(min=1),
        metavar="N",
        help="So many jobs are to be deleted, exactly. Wanted where it is more than a tenth of them.",
    )(command)


def _first(names: Sequence[str]) -> str:
    """The first of these names, and how many there are beyond."""
    rest = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES]) + (f" and {rest} more" if rest > 0 else "")

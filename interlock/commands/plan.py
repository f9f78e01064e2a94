"""`interlock plan`: what `make plan` runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import click

from interlock.catalog import Catalog, Json
from interlock.gcp.storage import has_bucket
from interlock.graph import scopes
from interlock.reading.files import load_catalog
from interlock.shares import is_schedules, stacks_with
from interlock.terminal.cdktf import check_tools, stacks_of, synth_option, synthesize_if_changed
from interlock.terminal.common import Place, catalog_option, env_option, known_backfills
from interlock.terminal.deploying import Deploying, imported_and_changed, names_of, plan_summary, said_catalog
from interlock.terminal.importing import declared_beside
from interlock.terminal.leftovers import say_leftovers, states_of, write_leftovers
from interlock.terminal.printed import make
from interlock.terminal.progress import StackLine
from interlock.terminal.tables import in_a_row, say, say_folded
from interlock.terminal.terraform import CHANGES, folder_of_plans
from interlock.terraform.changes import Kind
from interlock.terraform.plan import Plan
from interlock.terraform.unasked import beside_toggle, lost_jobs, lost_together


@click.command()
@click.option("--on", metavar="BACKFILL", multiple=True, help="What turning it on would do; may be given again.")
@click.option("--off", metavar="BACKFILL", multiple=True, help="What ending it would do; may be given again.")
@synth_option
@click.option("-v", "--verbose", is_flag=True, help="Also Terraform's own text.")
@catalog_option
@env_option
@click.pass_context
def command(
    ctx: click.Context, on: tuple[str, ...], off: tuple[str, ...], synth: bool, verbose: bool, root: Path, env_name: str
) -> None:
    """What a deploy would do to each stack: what it pauses, resumes, creates, changes and deletes, by name.

    Exit code 0: nothing to do, 2: there are changes, 1: it can't be told, also for a mistake in what was typed.
    """
    if on and off:
        raise click.UsageError("--on and --off can't be planned at once; say one")
    place, catalog = Place(env_name), load_catalog(root)
    known_backfills(catalog, on or off)
    cloud = place.cloud
    say(f"plan of {said_catalog(catalog, root)} in {cloud.name}")
    check_tools()
    if not has_bucket(cloud.project, cloud.state_bucket, hidden_is_none=True):
        say_folded(f"Nothing is deployed there yet: a deploy makes everything. Do it: {make('deploy')}")
        ctx.exit(CHANGES)
    synthesize_if_changed(cloud, root, force=synth, verbose=verbose)
    if on or off:
        covered = frozenset(job for name in (on or off) for job in scopes(catalog)[f"backfill/{name}"])
        stacks = stacks_with(catalog, on or off, covered)
    else:
        left = write_leftovers(cloud, catalog, states_of(cloud))
        say_leftovers(left, catalog)
        stacks = [*stacks_of(catalog), *left]
    if not has_bucket(cloud.project, cloud.bucket, hidden_is_none=True):  # which the others list as they are planned
        first, *others = stacks_of(catalog)
        stacks = [first]
        say_folded(f"The bucket {cloud.bucket} is not there: {in_a_row(others)} can be planned once {first} is deployed.")
    deploying = Deploying(environment=cloud, approving=None, verbose=verbose)
    with folder_of_plans() as folder:
        plans = deploying.plan(stacks, folder, _variables(on, off) if on or off else None)
        for planned in plans:
            StackLine(planned.stack.name).end(plan_summary(planned))
            for line in [*names_of(planned, Kind), *imported_and_changed(planned)]:
                say(line)
            if verbose:
                deploying.say_text(planned)
    if any(not planned.is_empty for planned in plans):
        read = [(one.plan, one.stack.folder) for one in plans if is_schedules(one.stack.name)]
        of_jobs = [(plan, declared_beside(folder)) for plan, folder in read if plan]
        say(f"Do it: {_do_it(on, off, catalog, of_jobs)}")
        ctx.exit(CHANGES)


def _variables(on: Sequence[str], off: Sequence[str]) -> dict[str, Json]:
    """Of the schedules, as `interlock backfill` sets them."""
    return {"backfill_mode": bool(on), "backfills": [*(on or off)]}


def _do_it(on: Sequence[str], off: Sequence[str], catalog: Catalog, schedules: Sequence[tuple[Plan, Collection[str]]]) -> str:
    """What does this and is not refused: the number of jobs that go with it, and what is no toggle before it."""
    lost = lost_together(lost_jobs(plan, elsewhere) for plan, elsewhere in schedules)
    deploy = make("deploy", **({"YES_DELETE": str(len(lost.jobs))} if lost.are_many else {}))
    if not (on or off):
        return deploy
    covered = {job for name in (on or off) for job in scopes(catalog)[f"backfill/{name}"]}
    toggle = make("backfill-on" if on else "backfill-off", NAME=" ".join(on or off))
    return f"{deploy} and then {toggle}" if any(beside_toggle(plan, covered).unasked for plan, _ in schedules) else toggle

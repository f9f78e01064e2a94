"""`interlock deploy`: what `make deploy` runs."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from interlock.catalog import Catalog
from interlock.gcp import CloudError
from interlock.gcp.project import GoogleProject
from interlock.gcp.storage import has_bucket
from interlock.pasted import LOCAL
from interlock.reading.files import load_catalog
from interlock.shares import is_schedules
from interlock.terminal import looked
from interlock.terminal.approving import Approving, yes_delete_option
from interlock.terminal.cdktf import check_tools, stacks_of, synth_option, synthesize_if_changed
from interlock.terminal.common import Place, catalog_option, env_option, paused_figures
from interlock.terminal.deploying import Deploying, said_catalog, said_origin, until_when
from interlock.terminal.leftovers import remove_ended_flags, say_leftovers, states_of, write_leftovers
from interlock.terminal.operating import ask_to_reconcile
from interlock.terminal.preparing import bootstrap, refuse_what_lacks
from interlock.terminal.printed import make
from interlock.terminal.tables import in_a_row, say, say_folded
from interlock.terraform.changes import Changes, together
from policies.from_files import plan_findings


@click.command()
@catalog_option
@env_option
@click.option("--yes", is_flag=True, help="Do not ask. The local target asks only where a rule is broken.")
@yes_delete_option
@synth_option
@click.option("-v", "--verbose", is_flag=True, help="Also Terraform's own text.")
def command(root: Path, env_name: str, yes: bool, yes_delete: int | None, synth: bool, verbose: bool) -> None:
    """Synthesize once, plan every stack, and apply these plans in order.

    Backfills that are on stay on, and those whose end has passed are ended: deploying is always safe to repeat. What breaks
    one of the rules about plans (a job that is deleted or replaced, a schedule that changes with a pause) is refused; on the
    local target it is asked about.
    """
    cloud, catalog = Place(env_name).cloud_and(partial(load_catalog, root))
    check_tools()
    if cloud.name == LOCAL:
        bootstrap(cloud, GoogleProject(cloud.project))
    elif not has_bucket(cloud.project, cloud.state_bucket, hidden_is_none=True):
        raise CloudError(f"there is no state bucket {cloud.state_bucket}; run: {make('bootstrap')}")
    is_first = not has_bucket(cloud.project, cloud.bucket, hidden_is_none=True)
    if is_first:  # later ones are told by Google: who only changes jobs need not have all
        refuse_what_lacks(cloud, GoogleProject(cloud.project))
    say(f"deploy of {said_catalog(catalog, root)} to {cloud.name}")
    synthesize_if_changed(cloud, root, force=synth, verbose=verbose)
    approving = Approving(catalog=said_origin(catalog, root), judge=plan_findings, yes_delete=yes_delete)
    deploying = Deploying(environment=cloud, approving=approving, yes=yes, verbose=verbose)
    left = write_leftovers(cloud, catalog, states := states_of(cloud))
    say_leftovers(left, catalog)
    first, *others = [*stacks_of(catalog), *left]
    if not is_first:
        applied = deploying.bring_about([first, *others])
    else:  # the others list its bucket as they are planned
        say_folded(f"Nothing is deployed here yet: {in_a_row(others)} are planned when {first} is there.")
        deploying.bring_about([first])
        applied = deploying.bring_about(others)
    if left:
        remove_ended_flags(cloud, datetime.now(UTC))
    try:
        if is_first or any(not one.planned.is_empty for one in applied.values()):
            states = states_of(cloud)
        if looked.has_looked(cloud, states):
            if verbose:
                say("nothing is applied, and the coordinator has looked at what is deployed before, so it is not asked again")
        elif ask_to_reconcile(cloud):
            looked.note(cloud, states)
    finally:  # also when somebody stops that: Terraform is done
        after = together(one.planned.changes for name, one in applied.items() if is_schedules(name))
        _say_figures(catalog, after, datetime.now(UTC))


def _say_figures(catalog: Catalog, after: Changes, now: datetime) -> None:
    paused = {job for job, is_paused in after.jobs.items() if is_paused}
    declared = {name for name, job in catalog.jobs.items() if job.paused}
    undecided = {name for name, job in catalog.jobs.items() if job.undecided}
    how = paused_figures(
        held=len(paused - declared - undecided), declared=len(paused & declared), undecided=len(paused & undecided)
    )
    say(f"{len(after.jobs)} jobs: {len(after.jobs) - len(paused)} enabled, {len(paused)} paused{how}")
    on = until_when(after, catalog, now)
    for backfill, end in on.items():
        say_folded(f"{backfill} is on until {end}")
    say(f"Look at them: {make('status')}")

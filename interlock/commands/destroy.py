"""`interlock destroy`: what `make destroy` runs."""

from __future__ import annotations

from pathlib import Path

import click

from interlock.gcp import CloudError
from interlock.gcp.storage import has_bucket, remove_state_bucket
from interlock.pasted import LOCAL
from interlock.reading.files import load_catalog
from interlock.terminal.cdktf import check_tools, stacks_of, synth_option, synthesize_if_changed
from interlock.terminal.common import Place, catalog_option, env_option
from interlock.terminal.deploying import Deploying, said_catalog
from interlock.terminal.leftovers import states_of, write_leftovers
from interlock.terminal.printed import make
from interlock.terminal.tables import say, say_folded
from interlock.terraform.imports import INVOKER

ROLES_STAY = (
    "Google keeps the ids of the custom roles: a deploy within 7 days takes the roles up again; later it fails until day 37."
)
"""https://cloud.google.com/iam/docs/creating-custom-roles#deleting-custom-role"""


@click.command()
@catalog_option
@env_option
@click.option("--yes", is_flag=True, help="Do not ask. The local target never asks.")
@synth_option
@click.option("-v", "--verbose", is_flag=True, help="Also Terraform's own text.")
def command(root: Path, env_name: str, yes: bool, synth: bool, verbose: bool) -> None:
    """Destroy the alerts, every job, the coordinator, the bucket with all versions of flags and holds, and the state.

    The account as which jobs call services stays: it may have been there before, and others may use it.
    """
    cloud = Place(env_name).cloud
    if not cloud.allow_destroy:
        raise CloudError(
            f"{cloud.name} does not allow it; set allow_destroy: true in environments/{cloud.name}.yaml, deploy, and try again"
        )
    if cloud.name != LOCAL:
        say_folded(ROLES_STAY)
    if not yes and cloud.name != LOCAL:
        click.confirm(f"Destroy everything that Interlock made in {cloud.project}?", abort=True)
    check_tools()
    if not has_bucket(cloud.project, cloud.state_bucket):
        say(f"nothing is deployed in {cloud.project}: there is no state bucket {cloud.state_bucket}")
        return
    catalog = load_catalog(root)
    say(f"destroy of what was deployed by {said_catalog(catalog, root)}, in {cloud.name}")
    synthesize_if_changed(cloud, root, force=synth, verbose=verbose)
    deploying = Deploying(environment=cloud, approving=None, yes=True, verbose=verbose)
    gone = 0
    if deploying.let_go("coordination", INVOKER):
        say_folded(f"The account {cloud.invoker} stays, as others may use it.")
    first, *others = stacks_of(catalog)
    stacks = [first, *write_leftovers(cloud, catalog, states_of(cloud)), *others]
    for stack in reversed(stacks):  # planned one by one: a plan lists the bucket, which is in the last of them
        gone += len(deploying.bring_about([stack], destroy=True)[stack].done)
    remove_state_bucket(cloud.project, cloud.state_bucket)
    say(f"Everything that Interlock made in {cloud.project} is gone: {gone} resources, and the state.")
    say(f"Make it again: {make('deploy')}")

"""`interlock deploy`: what `make deploy` runs."""

from __future__ import annotations

from pathlib import Path

import click

from interlock.commands import status
from interlock.environment import LOCAL
from interlock.gcp import CloudError
from interlock.gcp.storage import ensure_state_bucket, has_bucket
from interlock.reading.files import load_catalog
from interlock.terminal.cdktf import STACKS, check_tools, deploy_stack, synthesize
from interlock.terminal.common import Place, catalog_option, env_option
from interlock.terminal.operating import ask_to_reconcile


@click.command()
@catalog_option
@env_option
@click.option("--yes", is_flag=True, help="Do not ask. The local target never asks.")
@click.pass_context
def command(ctx: click.Context, root: Path, env_name: str, yes: bool) -> None:
    """Synthesize once, then deploy the stacks in order, and show the deployed jobs.

    Backfills that are on stay on, and those whose end has passed are ended: deploying is always safe to repeat.
    """
    cloud = Place(env_name).cloud
    load_catalog(root)
    check_tools()
    if cloud.name == LOCAL:
        ensure_state_bucket(cloud.project, cloud.state_bucket, cloud.location)
    elif not has_bucket(cloud.project, cloud.state_bucket):
        raise CloudError(f"there is no state bucket {cloud.state_bucket}; run: make bootstrap ENV={cloud.name}")
    synthesize(cloud, root)
    for stack in STACKS:
        # cdktf also succeeds when its plan is dismissed, and each stack needs what those before it have made.
        if stack != STACKS[0] and not yes and cloud.name != LOCAL:
            click.confirm(f"Go on with {stack}? Only if what came before was applied, or had no changes", abort=True)
        deploy_stack(cloud, stack, {}, yes=yes)
    ask_to_reconcile(cloud)
    ctx.invoke(status.command, root=root, env_name=env_name, style="table", everything=True)

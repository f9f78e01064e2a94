"""`interlock destroy`: what `make destroy` runs."""

from __future__ import annotations

from pathlib import Path

import click

from interlock.environment import LOCAL
from interlock.gcp import CloudError
from interlock.gcp.storage import remove_state_bucket
from interlock.terminal.cdktf import STACKS, check_tools, run_cdktf, say_lock, synthesize
from interlock.terminal.common import Place, catalog_option, env_option


@click.command()
@catalog_option
@env_option
@click.option("--yes", is_flag=True, help="Do not ask. The local target never asks.")
@click.pass_context
def command(ctx: click.Context, root: Path, env_name: str, yes: bool) -> None:
    """Destroy the alerts, every job, the coordinator, the bucket with all versions of flags and holds, and the state."""
    cloud = Place(env_name).cloud
    if not cloud.allow_destroy:
        raise CloudError(
            f"{cloud.name} does not allow it; set allow_destroy: true in environments/{cloud.name}.yaml, deploy, and try again"
        )
    if not yes and cloud.name != LOCAL:
        click.confirm(f"Destroy everything that Interlock made in {cloud.project}?", abort=True)
    check_tools()
    synthesize(cloud, root)
    for stack in reversed(STACKS):
        if code := run_cdktf(cloud, "destroy", stack, "--skip-synth", "--auto-approve"):
            say_lock(cloud, stack)
            ctx.exit(code)
    remove_state_bucket(cloud.project, cloud.state_bucket)

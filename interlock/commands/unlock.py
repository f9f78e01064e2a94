"""`interlock unlock`: releases the state lock that a killed deploy left."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from interlock.environment import LOCAL
from interlock.gcp.storage import read_lock
from interlock.terminal.cdktf import STACKS, check_tools, output_folder, run, state_prefix, synthesize
from interlock.terminal.common import Place, catalog_option, env_option


@click.command()
@click.argument("stack", type=click.Choice(STACKS))
@catalog_option
@env_option
@click.option("--yes", is_flag=True, help="Do not ask. The local target never asks.")
@click.pass_context
def command(ctx: click.Context, stack: str, root: Path, env_name: str, yes: bool) -> None:
    """Release the state lock of STACK. Only when the deploy that holds it is gone: two at once would undo each other."""
    cloud = Place(env_name).cloud
    lock = read_lock(cloud.project, cloud.state_bucket, state_prefix(cloud, stack))
    if lock is None:
        click.echo(f"the state of {stack} is not locked")
        return
    click.echo(f"locked: {lock.operation} by {lock.who} since {lock.created}")
    if not yes and cloud.name != LOCAL:
        click.confirm("Is that deploy gone for sure?", abort=True)
    check_tools()
    folder = output_folder(cloud) / "stacks" / stack
    if not folder.is_dir():
        synthesize(cloud, root)
    environ = {**os.environ, "CHECKPOINT_DISABLE": "1"}
    terraform, plain = (
        [os.environ.get("TERRAFORM_BINARY_NAME", "terraform"), f"-chdir={folder}"],
        [] if sys.stdout.isatty() else ["-no-color"],
    )
    code = run([*terraform, "init", "-input=false", *plain], environ)
    ctx.exit(code or run([*terraform, "force-unlock", "-force", *plain, lock.id], environ))

"""`interlock unlock`: releases the state lock that a killed deploy left."""

from __future__ import annotations

from pathlib import Path

import click

from interlock.gcp.storage import read_lock
from interlock.pasted import LOCAL
from interlock.reading.files import load_catalog
from interlock.shares import is_schedules
from interlock.terminal.cdktf import check_tools, stacks_of, synthesize
from interlock.terminal.common import Place, catalog_option, env_option
from interlock.terminal.leftovers import states_of, write_leftovers
from interlock.terminal.printed import make
from interlock.terminal.tables import say
from interlock.terminal.terraform import Stack, TerraformFailed, force_unlock


@click.command()
@click.argument("name", metavar="STACK", type=str)
@catalog_option
@env_option
@click.option("--yes", is_flag=True, help="Do not ask. The local target never asks.")
@click.pass_context
def command(ctx: click.Context, name: str, root: Path, env_name: str, yes: bool) -> None:
    """Release the state lock of STACK. Only when the deploy that holds it is gone: two at once would undo each other."""
    stacks = stacks_of(load_catalog(root))
    if name not in stacks and not is_schedules(name):  # one of the schedules may be of a platform that is gone
        [typed] = [one for one in ctx.command.params if one.name == "name"]
        raise click.BadParameter(f"{name!r} is not one of {', '.join(map(repr, stacks))}", param=typed)
    cloud = Place(env_name).cloud
    stack = Stack(environment=cloud, name=name)
    lock = read_lock(cloud.project, cloud.state_bucket, stack.state_prefix)
    if lock is None:
        say(f"the state of {name} is not locked")
        return
    say(f"locked: {lock.operation} by {lock.who} since {lock.created}")
    if not yes and cloud.name != LOCAL:
        click.confirm("Is that deploy gone for sure?", abort=True)
    check_tools()
    if not stack.folder.is_dir():
        synthesize(cloud, root)
        write_leftovers(cloud, load_catalog(root), states_of(cloud))
    try:
        force_unlock(stack, lock.id)
    except TerraformFailed as failed:
        for line in failed.text:
            say(line, err=True)
        ctx.exit(1)
    say(f"The lock is released. Deploy again: {make('deploy')}")

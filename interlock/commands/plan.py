"""`interlock plan`: what `make plan` runs."""

from __future__ import annotations

from pathlib import Path

import click

from interlock.gcp.storage import has_bucket
from interlock.reading.files import load_catalog
from interlock.terminal.cdktf import STACKS, check_tools, synthesize
from interlock.terminal.common import Place, catalog_option, env_option
from interlock.terminal.deploying import Deploying, names_of, plan_summary, said_catalog
from interlock.terminal.printed import make
from interlock.terminal.progress import StackLine
from interlock.terminal.tables import say, say_lines
from interlock.terminal.terraform import CHANGES, forget, shown
from interlock.terraform.changes import Kind


@click.command()
@catalog_option
@env_option
@click.option("-v", "--verbose", is_flag=True, help="Also Terraform's own text.")
@click.pass_context
def command(ctx: click.Context, root: Path, env_name: str, verbose: bool) -> None:
    """What a deploy would do to each stack: what it pauses, resumes, creates, changes and deletes, by name.

    Exit code 0: nothing to do, 2: changes, 1: it can't be planned.
    """
    cloud = Place(env_name).cloud
    say(f"plan of {said_catalog(load_catalog(root), root)}, in {cloud.name}")
    check_tools()
    ready = has_bucket(cloud.project, cloud.state_bucket) and has_bucket(cloud.project, cloud.bucket)
    if not ready:
        say(f"Nothing is deployed yet: a deploy makes everything. Do it: {make('deploy')}")
        ctx.exit(CHANGES)
    synthesize(cloud, root)
    deploying = Deploying(environment=cloud, verbose=verbose)
    plans = deploying.plan(STACKS)
    for planned in plans:
        StackLine(planned.stack.name).end(plan_summary(planned))
        for line in names_of(planned, Kind):
            say(line)
        if verbose and not planned.is_empty:
            say_lines(shown(planned.stack, "-no-color"))
        forget(planned)
    if all(planned.is_empty for planned in plans):
        return
    say(f"Do it: {make('deploy')}")
    ctx.exit(CHANGES)

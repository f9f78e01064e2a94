"""`interlock synth`: what `make synth` runs."""

from __future__ import annotations

from pathlib import Path

import click

from interlock.reading.files import load_catalog
from interlock.terminal.cdktf import STACKS, check_tools, output_folder, synthesize
from interlock.terminal.common import Place, catalog_option, env_option
from interlock.terminal.printed import interlock
from interlock.terminal.tables import say


@click.command()
@catalog_option
@env_option
def command(root: Path, env_name: str) -> None:
    """Write the stacks as Terraform's JSON. No cloud is asked."""
    environment = Place(env_name).environment
    load_catalog(root)
    check_tools()
    synthesize(environment, root)
    for stack in STACKS:
        say(f"{output_folder(environment)}/stacks/{stack}/cdk.tf.json")
    say(f"What they would change: {interlock('plan')}")

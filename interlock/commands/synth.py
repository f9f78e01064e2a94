"""`interlock synth`: what `make synth` runs."""

from __future__ import annotations

from pathlib import Path

import click

from interlock.reading.files import load_catalog
from interlock.terminal.cdktf import check_tools, stacks_of, synthesize, synthesize_if_changed
from interlock.terminal.common import Place, catalog_option, env_option
from interlock.terminal.importing import read_known, read_synthesized, write_imports
from interlock.terminal.leftovers import say_leftovers, states_of, write_leftovers
from interlock.terminal.printed import interlock
from interlock.terminal.tables import say
from interlock.terminal.terraform import STACK_FILE, Stack
from interlock.terraform.imports import FILE


@click.command()
@click.option("--imports", is_flag=True, help=f"Also {FILE}, of what is there already and in no state. Reads the cloud.")
@catalog_option
@env_option
def command(imports: bool, root: Path, env_name: str) -> None:
    """Write the stacks as Terraform's JSON. No cloud is asked, but for --imports.

    Terraform then takes over what is there, instead of making it again: `npx cdktf deploy --skip-synth`. A synth without
    --imports, also that of a plain `npx cdktf deploy`, leaves no import behind.
    """
    place = Place(env_name)
    environment = place.cloud if imports else place.environment
    catalog = load_catalog(root)
    check_tools()
    if imports:
        synthesize_if_changed(environment, root)
    else:
        synthesize(environment, root)
    left = write_leftovers(environment, catalog, states_of(environment)) if imports else []
    say_leftovers(left, catalog)
    for name in [*stacks_of(catalog), *left]:
        stack = Stack(environment=environment, name=name)
        say(f"{stack.folder / STACK_FILE}")
        if imports and (found := write_imports(stack, read_synthesized(stack.folder), read_known(stack))):
            say(f"{stack.folder / FILE}: {len(found)} to import")
    say(f"What they would change: {interlock('plan')}")

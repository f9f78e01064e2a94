"""`interlock bootstrap`: what must exist before the first deploy."""

from __future__ import annotations

import click

from interlock.gcp.project import GoogleProject
from interlock.terminal.common import Place, env_option
from interlock.terminal.preparing import bootstrap
from interlock.terminal.printed import make
from interlock.terminal.tables import say, say_folded


@click.command()
@env_option
def command(env_name: str) -> None:
    """Turn on the APIs that Terraform needs to turn on the others, and make the bucket for its state: versioned, uniform
    access, never public. What is there already stays as it is.
    """
    cloud = Place(env_name).cloud
    turned_on, made = bootstrap(cloud, GoogleProject(cloud.project))
    say_folded(f"APIs: {', '.join(turned_on) + ' turned on' if turned_on else 'on already'}")
    say(f"state bucket gs://{cloud.state_bucket}: {'made' if made else 'there already'}")
    say(f"Then: {make('deploy')}")

"""`interlock bootstrap`: the one thing that must exist before the first deploy."""

from __future__ import annotations

import click

from interlock.gcp.storage import ensure_state_bucket
from interlock.terminal.common import Place, env_option
from interlock.terminal.printed import make
from interlock.terminal.tables import say


@click.command()
@env_option
def command(env_name: str) -> None:
    """Make the bucket for Terraform's state: versioned, uniform access, never public. Does nothing when it is there."""
    cloud = Place(env_name).cloud
    made = ensure_state_bucket(cloud.project, cloud.state_bucket, cloud.location)
    say(f"state bucket gs://{cloud.state_bucket}: {'made' if made else 'there already'}")
    say(f"Then: {make('deploy')}")

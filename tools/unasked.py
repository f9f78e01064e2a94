"""What a plan of the workflow `deploy` would do that its form did not ask for: refused, as `interlock backfill` refuses it.

Reads WITH_CHANGES and YES_DELETE from the environment, as the form has them; of what it is a toggle the plan says.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from interlock.gcp import CloudError
from interlock.graph import scopes
from interlock.reading.files import load_catalog
from interlock.terminal.approving import Approving, Toggle
from interlock.terminal.common import catalog_option, env_option
from interlock.terminal.deploying import said_origin
from interlock.terraform.plan import Plan, PlanError, load_plan
from tools.plan_variables import FormError, yes_delete

REFUSED = 2


def toggle_of(plan: Plan, known: Mapping[str, tuple[str, ...]], *, with_changes: bool) -> Toggle | None:
    """What a plan was asked to turn on or off, by its variables; `known` are the scopes of the catalog. None for a plan that
    keeps what is on."""
    mode, said = plan.variables.get("backfill_mode"), plan.variables.get("backfills")
    if mode is None:
        return None
    every = [scope.removeprefix("backfill/") for scope in known if scope.startswith("backfill/")]
    names = sorted(map(str, said)) if isinstance(said, list) and said else every
    covered = frozenset(job for name in names for job in known.get(f"backfill/{name}", ()))
    return Toggle(names=names, mode="on" if mode in (True, "true") else "off", covered=covered, with_changes=with_changes)


@click.command()
@click.argument("plan_file", metavar="PLAN", type=click.Path(path_type=Path))
@catalog_option
@env_option
@click.pass_context
def main(ctx: click.Context, plan_file: Path, root: Path, env_name: str) -> None:
    """Refuse what the plan in PLAN (terraform show -json) does beside what was asked for."""
    del env_name  # the commands that are printed are for it
    try:
        catalog, plan = load_catalog(root), load_plan(plan_file)
        toggle = toggle_of(plan, scopes(catalog), with_changes=os.environ.get("WITH_CHANGES") == "true")
        approving = Approving(
            catalog=said_origin(catalog, root), judge=lambda *_: (), yes_delete=yes_delete(os.environ), toggle=toggle
        )
        approving.refuse_unasked(plan)
    except (CloudError, PlanError, FormError) as error:
        print(error, file=sys.stderr)
        ctx.exit(REFUSED)


if __name__ == "__main__":
    main()

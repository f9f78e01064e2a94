"""What a plan of the workflow `deploy` would do that its form did not ask for: refused, as `interlock backfill` refuses it.

Reads WITH_CHANGES and YES_DELETE from the environment, as the form has them; of what it is a toggle the plan says. A plan of
a stack without schedules takes nothing away uncounted: a bucket, an account or a policy that is made again is another one.
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
from interlock.shares import is_schedules
from interlock.terminal.approving import Approving, Toggle
from interlock.terminal.common import catalog_option, env_option
from interlock.terminal.deploying import said_origin
from interlock.terminal.importing import declared_beside
from interlock.terraform.changes import Kind, changes_of
from interlock.terraform.plan import Plan, PlanError, load_plan
from tools.plan_variables import FormError, yes_delete

REFUSED = 2
SHOWN_NAMES = 5
GOES = frozenset({Kind.REPLACE, Kind.DELETE, Kind.FORGET})
RIGHT, OBJECT = "_iam_member", "google_storage_bucket_object"
"""What comes and goes with operators, and with each new archive of the coordinator."""


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


def going(plan: Plan) -> list[str]:
    """The resources that a plan of another stack deletes, replaces or lets go of, but for rights and objects."""
    found = (one for one in changes_of(plan).changes if one.kind in GOES)
    return sorted(one.address for one in found if one.type != OBJECT and not one.type.endswith(RIGHT))


def refuse_going(plan: Plan, said: int | None) -> None:
    """CloudError for a plan that takes away another number of resources than somebody has said."""
    names = going(plan)
    if len(names) == (said or 0):
        return
    shown = ", ".join(names[:SHOWN_NAMES]) + (f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else "")
    would = f"{len(names)} would be deleted, replaced or let go of{f': {shown}' if names else ''}"
    if said is None:
        raise CloudError(f"{would}; nothing is done. If that is meant, say how many: yes_delete {len(names)}")
    raise CloudError(f"{would}; not {said}, as yes_delete says; nothing is done. Look again what this is about to do")


@click.command()
@click.argument("plan_file", metavar="PLAN", type=click.Path(path_type=Path))
@catalog_option
@env_option
@click.pass_context
def main(ctx: click.Context, plan_file: Path, root: Path, env_name: str) -> None:
    """Refuse what the plan in PLAN (terraform show -json) does beside what was asked for."""
    del env_name  # the commands that are printed are for it
    try:
        plan = load_plan(plan_file)
        if not is_schedules(os.environ.get("NAME", "")):
            refuse_going(plan, yes_delete(os.environ))
            return
        catalog = load_catalog(root)
        toggle = toggle_of(plan, scopes(catalog), with_changes=os.environ.get("WITH_CHANGES") == "true")
        approving = Approving(
            catalog=said_origin(catalog, root), judge=lambda *_: (), yes_delete=yes_delete(os.environ), toggle=toggle
        )
        approving.refuse_unasked([(plan, declared_beside(plan_file.parent))])
    except (CloudError, PlanError, FormError) as error:
        print(error, file=sys.stderr)
        ctx.exit(REFUSED)


if __name__ == "__main__":
    main()

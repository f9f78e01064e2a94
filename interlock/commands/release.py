"""`interlock release`: ends a hold before its end."""

from __future__ import annotations

from pathlib import Path

import click

from interlock.holds import Hold
from interlock.terminal.common import catalog_option, cell, env_option, new_table, print_table
from interlock.terminal.operating import asking_options, confirm, own_name, request, say_end, the_hold
from interlock.terminal.site import Site, asking, see
from interlock.terminal.uncovered import print_uncovered
from interlock.timing.effect import made_up_for


@click.command()
@click.argument("scope")
@click.argument("id", required=False)
@click.option("--reason", default="released", show_default=True, help="Why; the log keeps it.")
@asking_options
@catalog_option
@env_option
@click.pass_context
def command(
    ctx: click.Context, scope: str, id: str | None, reason: str, yes: bool, direct: bool, root: Path, env_name: str
) -> None:
    """End the hold ID of SCOPE now; its jobs run again, except what something else holds or the catalog declares paused.

    ID is needed when SCOPE has several holds. An opening of a window that is released stays closed until its end.
    """
    site = see(env_name)
    hold = the_hold(site, scope, id)
    with asking(site.environment):
        _print_effect(site, hold)
        print_uncovered(site, (job.name for job in site.covered(hold)), root)
    confirm(site.environment, f"Release {scope} {hold.id}?", yes=yes)
    content = {"scope": scope, "id": hold.id, "reason": reason, "owner": own_name() or "unknown"}
    ctx.exit(0 if request(site, {"action": "release", **content}, direct=direct) else 1)


def _print_effect(site: Site, hold: Hold) -> None:
    rest, covered = site.holding.without(hold), site.covered(hold)
    if covered:
        table = new_table(["job", "then", "missed so far", "afterwards"])
        for job in covered:
            still, missed = rest.of(job).held_until, site.missed_so_far(job)
            then = "paused by declaration" if job.paused else f"held until {say_end(still, site.now)}" if still else "runs"
            table.add_row(cell(job.name), then, str(missed), made_up_for(job, missed))
        print_table(table)
    click.echo(
        f"{hold.scope} {hold.id}, held by {hold.owner or 'unknown'} ({hold.reason or 'no reason is known'}) until ", nl=False
    )
    click.echo(say_end(hold.end, site.now))

"""`interlock release`: ends a hold before its end."""

from __future__ import annotations

from pathlib import Path

import click

from interlock.declaration import DeclaredJob
from interlock.holds import Hold
from interlock.names import MAX_TEXT, count, plain
from interlock.terminal.common import catalog_option, env_option
from interlock.terminal.operating import after, asking_options, confirm, own_name, request, say_end, the_hold, typed_text
from interlock.terminal.site import Site, asking, see
from interlock.terminal.tables import grouped, say_folded, say_names
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
    reason = typed_text("reason", reason)
    site = see(env_name)
    hold = the_hold(site, scope, id)
    with asking(site.environment):
        _print_effect(site, hold)
        print_uncovered(site, (job.name for job in site.covered(hold)), root)
    confirm(site.environment, f"Release {scope} {hold.id}?", yes=yes)
    content = {"scope": scope, "id": hold.id, "reason": reason, "owner": own_name() or "unknown"}
    ctx.exit(0 if request(site, {"action": "release", **content}, direct=direct) else 1)


def _print_effect(site: Site, hold: Hold) -> None:
    rest, missed = site.holding.without(hold), {job.name: site.missed_so_far(job) for job in site.covered(hold)}

    def what_then(job: DeclaredJob) -> str:
        if job.paused:
            return "paused by declaration"
        still = rest.of(job).held_until
        then = f"held still, until {say_end(still, site.now)}" if still else "not held any more"
        return f"{then}; {after(made_up_for(job, missed[job.name]))}"

    for said, jobs in grouped(site.covered(hold), what_then).items():
        say_folded(f"{count(len(jobs), 'job')}: {said}")
        say_names(f"{job.name} ({count(missed[job.name], 'run')})" if missed[job.name] else job.name for job in jobs)
    owner, why = plain(hold.owner or "unknown", MAX_TEXT), plain(hold.reason or "no reason is known", MAX_TEXT)
    say_folded(f"{hold.scope} {hold.id}, held by {owner} ({why}) until {say_end(hold.end, site.now)}")

"""`interlock release`: ends a hold before its end."""

from __future__ import annotations

from pathlib import Path

import click

from interlock.declaration import DeclaredJob
from interlock.holds import Hold
from interlock.names import MAX_TEXT, count, plain
from interlock.runtime.events import JOB_RESUMED
from interlock.terminal.common import catalog_option, env_option
from interlock.terminal.operating import (
    MOST_LINES,
    Foreseen,
    after,
    asking_options,
    confirm,
    own_name,
    request,
    the_hold,
    typed_text,
)
from interlock.terminal.printed import interlock
from interlock.terminal.site import Site, asking, said_ahead, see
from interlock.terminal.tables import grouped, say, say_folded, say_names
from interlock.terminal.uncovered import print_uncovered
from interlock.timing.effect import made_up_for

NOT_HELD = "not held any more"


@click.command()
@click.argument("scope")
@click.argument("id", required=False)
@click.option("--reason", default="released", show_default=True, help="Why; the log keeps it.")
@asking_options
@catalog_option
@env_option
@click.pass_context
def command(
    ctx: click.Context,
    scope: str,
    id: str | None,
    reason: str,
    yes: bool,
    direct: bool,
    with_force: bool,
    root: Path,
    env_name: str,
) -> None:
    """End the hold ID of SCOPE now; its jobs run again, except what something else holds or the catalog declares paused.

    ID is needed when SCOPE has several holds. An opening of a window that is released stays closed until its end.
    """
    reason = typed_text("reason", reason)
    site = see(env_name, to_ask=not direct)
    hold = the_hold(site, scope, id, ahead=True)
    with asking(site.environment):
        foreseen = _print_effect(site, hold)
        if hold not in site.holding.ahead:
            print_uncovered(site, (job.name for job in site.covered(hold)), root)
    confirm(site.environment, f"Release {scope} {hold.id}?", yes=yes)
    content = {"scope": scope, "id": hold.id, "reason": reason, "owner": own_name() or "unknown"}
    done = request(site, {"action": "release", **content}, foreseen, direct=direct, with_force=with_force)
    say(f"What is held now: {interlock('holds')}")
    ctx.exit(0 if done else 1)


def _print_effect(site: Site, hold: Hold) -> Foreseen:
    """What becomes of each job. Returns those that will resume."""
    if hold in site.holding.ahead:
        say_folded(said_ahead(site, hold))
        return {}
    rest, missed = site.holding.without(hold), {job.name: site.missed_so_far(job) for job in site.covered(hold)}

    def alike(job: DeclaredJob) -> tuple[str, str]:
        if job.paused:
            return "paused by declaration", ""
        still = rest.of(job).held_until
        return f"held still, until {site.say_end(still)}" if still else NOT_HELD, made_up_for(job, missed[job.name])

    groups = grouped(site.covered(hold), alike)
    for (then, _), jobs in groups.items():
        number, first = len(jobs), jobs[0]
        runs = "" if first.paused else f"; {after(first, missed[first.name], number)}"
        say_folded(f"{count(number, 'job')} {'is' if number == 1 else 'are'} {then}{runs}:")
        named = (f"{job.name} ({count(missed[job.name], 'run')})" if missed[job.name] else job.name for job in jobs)
        say_names(named, MOST_LINES)
    owner, why = plain(hold.said_by or "unknown", MAX_TEXT), plain(hold.reason or "no reason is known", MAX_TEXT)
    say_folded(f"{hold.scope} {hold.id}, held by {owner} ({why}) until {site.say_end(hold.end)}")
    return {JOB_RESUMED: frozenset(job.name for (then, _), jobs in groups.items() if then == NOT_HELD for job in jobs)}

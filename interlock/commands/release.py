"""`interlock release`: ends a hold before its end."""

from __future__ import annotations

from pathlib import Path

import click

from interlock.declaration import DeclaredJob
from interlock.holds import Hold, covers
from interlock.names import count
from interlock.runtime.ledger import held_since
from interlock.terminal.common import catalog_option, env_option
from interlock.terminal.operating import Site, after, asking, asking_options, confirm, own_name, request, say_end, see, the_hold
from interlock.terminal.tables import grouped, say_folded, say_names
from interlock.terminal.uncovered import print_uncovered
from interlock.timing.effect import fires, made_up_for


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
        covered = (job for job in sorted(site.declaration.jobs) if covers(hold, job, site.declaration.scopes))
        print_uncovered(site, covered, root)
    confirm(site.environment, f"Release {scope} {hold.id}?", yes=yes)
    content = {"scope": scope, "id": hold.id, "reason": reason, "owner": own_name() or "unknown"}
    ctx.exit(0 if request(site, {"action": "release", **content}, direct=direct) else 1)


def _print_effect(site: Site, hold: Hold) -> None:
    declaration, others = site.declaration, [other for other in site.objects.active if other != hold]
    covered = [job for name, job in sorted(declaration.jobs.items()) if covers(hold, name, declaration.scopes)]

    def what_then(job: DeclaredJob) -> tuple[str, int]:
        still = max((other.end for other in others if covers(other, job.name, declaration.scopes)), default=None)
        mark = site.objects.marks.get(job.name)
        since = held_since(site.reader.content(mark) or b"") if mark and not job.paused else None
        missed = fires(job, since, site.now) if since else 0
        if job.paused:
            return "paused by declaration", missed
        then = f"held still, until {say_end(still, site.now)}" if still else "not held any more"
        return f"{then}; {after(made_up_for(job, missed))}", missed

    seen = {job.name: what_then(job) for job in covered}
    for said, names in grouped(seen, lambda name: seen[name][0]).items():
        say_folded(f"{count(len(names), 'job')}: {said}")
        say_names(f"{name} ({count(seen[name][1], 'run')})" if seen[name][1] else name for name in names)
    say_folded(
        f"{hold.scope} {hold.id}, held by {hold.owner or 'unknown'} ({hold.reason or 'no reason is known'}) "
        f"until {say_end(hold.end, site.now)}"
    )

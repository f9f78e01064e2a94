"""`interlock extend`: lets a hold end later."""

from __future__ import annotations

import click

from interlock.gcp import CloudError
from interlock.holds import format_instant
from interlock.runtime.checking import checked_extension
from interlock.runtime.requests import ExtendRequest, Rejected
from interlock.terminal.common import env_option
from interlock.terminal.ends import end_options, typed_end
from interlock.terminal.operating import (
    asking_options,
    confirm,
    print_effects,
    request,
    the_hold,
)
from interlock.terminal.printed import interlock
from interlock.terminal.site import see
from interlock.terminal.tables import say_command, say_folded
from interlock.timing.effect import effects


@click.command()
@click.argument("scope")
@click.argument("id", required=False)
@end_options
@asking_options
@env_option
@click.pass_context
def command(
    ctx: click.Context,
    scope: str,
    id: str | None,
    duration: str | None,
    until: str | None,
    yes: bool,
    direct: bool,
    with_force: bool,
    env_name: str,
) -> None:
    """Let the hold ID of SCOPE end later: at an end counted from now, not from its old one.

    ID is needed when SCOPE has several holds.
    """
    site = see(env_name, to_ask=not direct)
    hold = the_hold(site, scope, id)
    end = typed_end(duration, until, site.now)
    asked = ExtendRequest(scope=scope, id=hold.id, until=end)
    try:
        checked_extension(asked, site.declaration, site.holding.active, site.now)
    except Rejected as rejected:
        raise CloudError(str(rejected)) from None
    covered = [job.name for job in site.covered(hold)]
    foreseen = print_effects(site, effects(site.declaration, covered, site.holding, end))
    ends = f"until {site.say_end(end)} instead of {site.say_end(hold.end)}"
    confirm(site.environment, f"Extend {scope} {hold.id}, {ends}?", yes=yes)
    content = {"scope": scope, "id": hold.id, "until": format_instant(end)}
    done = request(site, {"action": "extend", **content}, foreseen, direct=direct, with_force=with_force)
    say_folded(f"{scope} {hold.id} is held {ends}; to end it before:")
    say_command(interlock("release", scope, hold.id))
    ctx.exit(0 if done else 1)

"""`interlock hold`: keeps the jobs of a scope from firing, until an end."""

from __future__ import annotations

import secrets

import click

from interlock.gcp import CloudError
from interlock.gcp.coordinator import RequestRefused
from interlock.holds import format_instant
from interlock.runtime.checking import checked_hold
from interlock.runtime.requests import HoldRequest, Rejected
from interlock.terminal.common import env_option
from interlock.terminal.draining import wait_for_drain
from interlock.terminal.empty import even_if_empty_option, refuse_empty_hold
from interlock.terminal.ends import end_options, typed_end
from interlock.terminal.operating import (
    asking_options,
    confirm,
    own_name,
    print_effects,
    request,
    typed_text,
)
from interlock.terminal.printed import interlock
from interlock.terminal.site import see
from interlock.terminal.tables import say_command, say_folded
from interlock.timing.effect import effects

TAKEN = 409


@click.command()
@click.argument("scope")
@end_options
@click.option("--reason", required=True, help="Why; others read it.")
@click.option("--owner", help="Who answers for it. Default: you. [env: INTERLOCK_OWNER]")
@even_if_empty_option
@click.option("--wait", is_flag=True, help="Then wait until no run of its jobs is under way.")
@asking_options
@env_option
@click.pass_context
def command(
    ctx: click.Context,
    scope: str,
    duration: str | None,
    until: str | None,
    reason: str,
    owner: str | None,
    even_if_empty: bool,
    wait: bool,
    yes: bool,
    direct: bool,
    with_force: bool,
    env_name: str,
) -> None:
    """Hold SCOPE until an end: its jobs pause, and run again when nothing holds them any more.

    SCOPE is job/<name>, service/<name>, table/<dataset.table>, platform/<name>, window/<name>, backfill/<name> or all. Runs
    that are under way go on: --wait waits for them. Exit code 1: not everything is done yet, or still drained.
    """
    reason, owner = typed_text("reason", reason), typed_text("owner", owner or own_name())
    site = see(env_name, to_ask=not direct)
    end = typed_end(duration, until, site.now)
    asked = HoldRequest(scope=scope, until=end, reason=reason, owner=owner)
    try:
        id, end = checked_hold(asked, site.declaration, site.holding.active, site.objects.released, site.now)
    except Rejected as rejected:
        raise CloudError(str(rejected)) from None
    covered = site.declaration.scopes[scope]
    found = effects(site.declaration, covered, site.holding, end)
    refuse_empty_hold(scope, found, allowed=even_if_empty)
    foreseen = print_effects(site, found)
    confirm(site.environment, f"Hold {scope} until {site.say_end(end)}, as {owner}?", yes=yes)
    content = {"action": "hold", "scope": scope, "until": format_instant(end), "reason": reason, "owner": owner}

    def ask(id: str) -> bool:
        return request(site, {**content, "id": id}, foreseen, direct=direct, with_force=with_force)

    try:
        done = ask(id)
    except RequestRefused as refusal:
        if refusal.status != TAKEN:
            raise
        id = f"{id}-{secrets.token_hex(4)}"  # somebody else was as fast, and has the id of this second
        done = ask(id)
    say_folded(f"{scope} is held until {site.say_end(end)}; to end it before:")
    say_command(interlock("release", scope, id))
    drained = not wait or wait_for_drain(site, covered)
    ctx.exit(0 if done and drained else 1)

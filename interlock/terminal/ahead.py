"""Backfills that are turned on at a time: asked of the coordinator ahead, and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import click

from interlock.catalog import Catalog, Json
from interlock.gcp import CloudError
from interlock.holds import Hold, format_instant
from interlock.names import count
from interlock.runtime.checking import checked_plan
from interlock.runtime.events import JOB_RESUMED
from interlock.runtime.requests import HoldRequest, Rejected
from interlock.terminal.empty import refuse_empty_hold
from interlock.terminal.ends import own_zone, perhaps_typed_end
from interlock.terminal.operating import confirm, own_name, request
from interlock.terminal.printed import interlock, make
from interlock.terminal.site import Site
from interlock.terminal.tables import say_command, say_folded
from interlock.timing.effect import Effect, fires
from interlock.timing.until import parse_end
from interlock.windows import begun_at


def plan_ahead(
    site: Site,
    catalog: Catalog,
    names: Sequence[str],
    *,
    at: str,
    duration: str | None,
    until: str | None,
    reason: str,
    owner: str,
    even_if_empty: bool,
    yes: bool,
) -> bool:
    """Has the coordinator turn backfills on at that time, as people type it. True when all is done."""
    try:
        start = parse_end(at, site.now, own_zone())
    except (ValueError, OverflowError) as error:
        raise click.UsageError(f"--at: {error}") from None
    asked = [_request(site, catalog, name, start, perhaps_typed_end(duration, until, start), reason, owner) for name in names]
    for one, (_, end) in asked:
        if not even_if_empty:
            refuse_empty_hold(one.scope, _effects(site, one.scope, start, end), allowed=False)
    said = ", ".join(f"{one.scope} from {site.say_end(start)} until {site.say_end(end)}" for one, (_, end) in asked)
    confirm(site.environment, f"Plan {said}?", yes=yes)
    done = True
    for one, (_, end) in asked:
        content: dict[str, Json] = {
            "action": "hold",
            "scope": one.scope,
            "at": format_instant(start),
            "until": format_instant(end),
            "reason": one.reason,
            "owner": one.owner,
        }
        done = request(site, content, direct=False, with_force=False) and done
        found = _effects(site, one.scope, start, end)
        pausing = sum(1 for effect in found if not effect.job.paused)
        missed = sum(effect.missed for effect in found)
        say_folded(
            f"{one.scope} is held from {site.say_end(start)} on, until {site.say_end(end)}: {count(pausing, 'job')} will pause"
            f" when the coordinator looks next, and miss {count(missed, 'run')}. To take it back:"
        )
        say_command(make("backfill-off", NAME=one.scope.partition("/")[2]))
    return done


def take_back(site: Site, names: Iterable[str]) -> tuple[int, bool]:
    """Ends what the coordinator has of these backfills: what is planned, what was, and what a failed command has left. How many
    that were, and whether all is done. What a command holds that runs is named, and left to that."""
    scopes = {f"backfill/{name}" for name in names}
    holds = [hold for hold in (*site.holding.active, *site.holding.ahead) if hold.scope in scopes and not hold.is_flag]
    number, done = 0, True
    for hold in holds:
        if hold.run is not None and hold.failed is None:
            say_folded(f"{hold.scope} is run on {hold.run}; stop that command, or end its hold:", err=True)
            say_command(interlock("release", hold.scope, hold.id), err=True)
        elif hold.failed is not None or begun_at(hold) is not None:
            done = _release(site, hold) and done
            number += 1
    return number, done


def _release(site: Site, hold: Hold) -> bool:
    covered = frozenset(job.name for job in site.covered(hold)) if hold in site.holding.active else frozenset[str]()
    rest = site.holding.without(hold)
    resumes = frozenset(name for name in covered if not rest.is_held(name) and not site.declaration.jobs[name].paused)
    content: dict[str, Json] = {"scope": hold.scope, "id": hold.id, "reason": "ended", "owner": own_name() or "unknown"}
    return request(site, {"action": "release", **content}, {JOB_RESUMED: resumes}, direct=False, with_force=False)


def _request(
    site: Site, catalog: Catalog, name: str, start: datetime, end: datetime | None, reason: str, owner: str
) -> tuple[HoldRequest, tuple[datetime, datetime]]:
    backfill = catalog.backfills[name]
    asked = HoldRequest(
        scope=f"backfill/{name}",
        at=start,
        until=end or start + min(backfill.default_end, site.declaration.max_hold),
        reason=reason or backfill.description,
        owner=owner or own_name() or backfill.owner,
    )
    try:
        return asked, checked_plan(asked, site.declaration, (), site.objects.released, site.now)
    except Rejected as rejected:
        raise CloudError(str(rejected)) from None


def _effects(site: Site, scope: str, start: datetime, end: datetime) -> list[Effect]:
    """What it does to each job: the runs of then that nothing known holds."""
    jobs = [site.declaration.jobs[name] for name in site.declaration.scopes[scope] if name in site.declaration.jobs]
    found = []
    for job in jobs:
        held_until = site.holding.of(job, start).held_until
        missed = 0 if job.paused else fires(job, max(start, held_until or start), end)
        found.append(Effect(job=job, held_until=held_until, missed=missed))
    return found

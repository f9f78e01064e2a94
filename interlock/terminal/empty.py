"""Refuses to hold what holds nothing: everybody would think that tables are kept still, and no job would be paused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click

from interlock.catalog import Catalog
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.graph import scopes
from interlock.names import count
from interlock.terminal.common import F
from interlock.terminal.printed import again, interlock
from interlock.terminal.site import Site, look
from interlock.timing.effect import Effect, effects

OPTION = "--even-if-empty"


def even_if_empty_option(command: F) -> F:
    """--even-if-empty."""
    return click.option(OPTION, is_flag=True, help="Also where no job would be paused by it.")(command)


def refuse_empty_backfills(
    catalog: Catalog, environment: Environment, chosen: Sequence[str], end: datetime | None, now: datetime, *, allowed: bool
) -> None:
    """CloudError for a backfill that covers no job that would be paused by it: there is none, or all are paused by declaration
    or by other holds until its end."""
    for name in chosen if not allowed else ():
        scope, last = f"backfill/{name}", end or now + catalog.backfills[name].default_end
        covered = scopes(catalog)[scope]
        running = [job for job in covered if catalog.jobs[job].paused is None]
        why = _held(environment, scope, running, last) if running else _none(scope, len(covered))
        if why:
            raise CloudError(
                f"{why}; nothing is done. Why: {interlock('affected', name)}; to go on all the same: {again(OPTION)}"
            )


def refuse_empty_hold(scope: str, found: Sequence[Effect], *, allowed: bool) -> None:
    """CloudError for a hold of a scope without a job that would pause. A table is kept still for more than jobs: for whoever
    asks before writing."""
    if not allowed and not scope.startswith("table/") and all(effect.job.paused for effect in found):
        raise CloudError(f"{_none(scope, len(found))}; nothing is done. To go on all the same: {again(OPTION)}")


def _none(scope: str, covered: int) -> str:
    if not covered:
        return f"{scope} covers 0 jobs, so nothing would be paused"
    return f"{scope} covers {count(covered, 'job')}, paused by declaration without it, so nothing would be paused"


def _held(environment: Environment, scope: str, running: Sequence[str], end: datetime) -> str | None:
    """Why nothing changes where other holds have all its jobs until its end; nothing where that can't be told, as before the
    first deploy."""
    try:
        site = look(environment)
    except CloudError:
        return None
    return _all_held(site, scope, running, end)


def _all_held(site: Site, scope: str, running: Sequence[str], end: datetime) -> str | None:
    if any(hold.scope == scope for hold in site.holding.active):  # it is on already, and gets another end
        return None
    found = effects(site.declaration, running, site.holding, end)
    if len(found) < len(running) or not all(effect.held_until and effect.held_until >= end for effect in found):
        return None
    return f"all of {scope} is held until {site.say_end(end)} already by other holds, so nothing would be paused"

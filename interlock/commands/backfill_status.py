"""`interlock backfill status`: which backfills are on, by what until when, planned, run by whom, and how their commands do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import click

from interlock.catalog import Json
from interlock.commands.holds import how_to_end
from interlock.holds import Hold, format_instant, hold_json, until
from interlock.names import MAX_TEXT, count, did_you_mean, plain
from interlock.terminal.common import Format, env_option, format_option, print_json
from interlock.terminal.own_runs import OVER, SUCCEEDED, OwnRun, own_runs
from interlock.terminal.site import Site, said_ahead, see
from interlock.terminal.tables import say, say_command, say_folded
from interlock.windows import begun_at

BACKFILL = "backfill/"


@click.command("status")
@click.argument("name", metavar="NAME", required=False)
@env_option
@format_option
def command(name: str | None, env_name: str, style: Format) -> None:
    """Each backfill, or NAME alone: on by its flag, held, planned for a time, run by whom since when, failed; and the last run
    on this machine, with its log."""
    site = see(env_name)
    names = _names(site, name)
    here: dict[str, OwnRun] = {}
    for run in own_runs(site.environment):
        here.setdefault(run.backfill, run)
    if style == "json":
        print_json(_as_json(site, names, here))
        return
    off = [each for each in names if not _of(site, each) and each not in here]
    for each in names:
        if each not in off:
            _print(site, each, here.get(each))
    if off:
        say_folded(f"{count(len(off), 'backfill')} {'is' if len(off) == 1 else 'are'} off: {', '.join(off)}")


def _names(site: Site, name: str | None) -> list[str]:
    known = sorted(scope.removeprefix(BACKFILL) for scope in site.declaration.scopes if scope.startswith(BACKFILL))
    if name is None:
        return known
    if name not in known:
        raise click.UsageError(f"nothing deployed knows the backfill {name}{did_you_mean(name, known)}")
    return [name]


def _of(site: Site, name: str) -> list[Hold]:
    """What holds it, and what is planned."""
    return [hold for hold in (*site.holding.active, *site.holding.ahead) if hold.scope == f"{BACKFILL}{name}"]


def _print(site: Site, name: str, own: OwnRun | None) -> None:
    holds = _of(site, name)
    say(name if holds else f"{name} is off", style="bold")
    for hold in holds:
        say_folded(_said(site, hold), indent="  ")
        say_command(f"  {how_to_end(hold)}")
    for line in _said_here(own) if own else ():
        say_folded(line, indent="  ")


def _said(site: Site, hold: Hold) -> str:
    ends, reason = until(hold, site.clock, site.now), plain(hold.reason or "no reason is known", MAX_TEXT)
    who = plain(hold.said_by or "unknown", MAX_TEXT)
    since = f" since {site.say_end(hold.start)}" if hold.start else ""
    if hold.run is not None and hold.failed is not None:
        failed = plain(hold.failed, MAX_TEXT)
        return f"run by {who} on {plain(hold.run, MAX_TEXT)}{since}, failed: {failed}; held {ends}; to end it:"
    if hold.run is not None:
        return f"run by {who} on {plain(hold.run, MAX_TEXT)}{since}, held {ends}: {reason}; is it gone, end it:"
    if hold in site.holding.ahead:
        return f"{said_ahead(site, hold)}; to take it back:"
    what = "on" if hold.is_flag or begun_at(hold) else "held"
    return f"{what} by {who}{since}, {ends}: {reason}; to end it:"


def _said_here(own: OwnRun) -> Iterator[str]:
    known = own.is_alive or own.phase in OVER
    if known:
        code = f", exit code {own.code}" if own.code is not None and own.phase != SUCCEEDED else ""
        process = f", process {own.pid}" if own.is_alive else ""
        yield f"here: {own.phase}{code}{process}, begun {own.began}"
    else:
        yield f"here: its process {own.pid} is gone, and said nothing; begun {own.began}"
    if own.log and own.has_log:
        yield f"log: {own.log}"


def _as_json(site: Site, names: Sequence[str], here: dict[str, OwnRun]) -> Json:
    def one(name: str) -> Json:
        own = here.get(name)
        return {
            "name": name,
            "holds": [
                {**hold_json(hold), "start": format_instant(hold.start) if hold.start else None, "end_with": how_to_end(hold)}
                for hold in _of(site, name)
            ],
            "here": {**asdict(own), "alive": own.is_alive} if own else None,
        }

    return {"now": format_instant(site.now), "backfills": [one(name) for name in names]}

"""`interlock backfill on|off`: what `make backfill-on` and `make backfill-off` run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from interlock.catalog import Catalog, Json
from interlock.environment import LOCAL, Environment
from interlock.gcp import CloudError
from interlock.gcp.storage import list_flags, remove_flags
from interlock.graph import scopes
from interlock.holds import format_instant, parse_instant
from interlock.reading.files import load_catalog
from interlock.terminal.cdktf import check_tools, deploy_stack, synthesize
from interlock.terminal.common import Place, catalog_option, env_option
from interlock.terminal.operating import ask_to_reconcile
from interlock.terminal.site import look
from interlock.terminal.typed import asked_by_make
from interlock.terminal.uncovered import print_uncovered


@click.command()
@click.argument("mode", type=click.Choice(["on", "off"]))
@click.argument("names", metavar="NAME...", nargs=-1)
@click.option("--every", is_flag=True, help="All backfills that the catalog declares.")
@click.option("--reason", default="", help="Why; kept with the flag. Default: the backfill's description.")
@click.option("--owner", default="", help="Who answers for it. Default: the backfill's owner.")
@click.option(
    "--until", default="", metavar="INSTANT", help="Its end, as 2026-01-07T18:00:00Z. Default: 1.5 x what is expected."
)
@click.option("--yes", is_flag=True, help="Do not ask. The local target never asks.")
@catalog_option
@env_option
def command(
    mode: str, names: tuple[str, ...], every: bool, reason: str, owner: str, until: str, yes: bool, root: Path, env_name: str
) -> None:
    """Turn backfills on (or extend them), or off: deploys the schedules stack with its variables.

    On pauses the jobs that lead to a writer of what the backfill protects, until its end at the latest. Off gives back exactly
    these, except what another hold covers or the catalog declares paused.
    """
    cloud = Place(env_name).cloud
    catalog = load_catalog(root)
    chosen = _chosen(catalog, names, every)
    _check_end(until, cloud, datetime.now(UTC))
    check_tools()
    _say_effect(catalog, mode, chosen)
    variables: dict[str, Json] = {"backfill_mode": mode == "on", "backfills": [*chosen]}
    if mode == "on":
        variables |= {"backfill_until": until, "backfill_reason": reason, "backfill_owner": owner}
    synthesize(cloud, root)
    if mode == "off":
        _say_uncovered(cloud, chosen, root)
    deploy_stack(cloud, "schedules", variables, yes=yes)
    if mode == "off":
        _remove_what_is_left(cloud, chosen, asks=not yes and cloud.name != LOCAL)
    ask_to_reconcile(cloud)


def _say_uncovered(cloud: Environment, chosen: list[str], root: Path) -> None:
    """Days that no run will cover, while the ledger still tells. If it can't be told, the backfill ends all the same."""
    try:
        site = look(cloud)
        print_uncovered(
            site, sorted({job for name in chosen for job in site.declaration.scopes.get(f"backfill/{name}", ())}), root
        )
    except CloudError as error:
        click.echo(f"Which days no run will cover can't be told: {error}", err=True)


def _remove_what_is_left(cloud: Environment, chosen: list[str], *, asks: bool) -> None:
    """Flags that a killed deploy left are not in Terraform's state, so ending their backfill leaves them. But cdktf also
    succeeds when its plan is dismissed, and then the backfill stays on: who is asked there is asked here."""
    left = list_flags(cloud.project, cloud.bucket, chosen)
    if left and asks:
        click.echo(f"Still there: {', '.join(left)}. Was the plan dismissed? Then leave them: the backfill stays on.", err=True)
        if not click.confirm("Was it applied, and are these left over from a deploy that was killed? Remove them?"):
            return
    for name in remove_flags(cloud.project, cloud.bucket, left):
        click.echo(f"removed gs://{cloud.bucket}/{name}: a deploy that was killed had left it", err=True)


def _chosen(catalog: Catalog, names: tuple[str, ...], every: bool) -> list[str]:
    known = ", ".join(catalog.backfills)
    if every == bool(names):
        say = "NAME= is missing" if asked_by_make() else "name the backfills, or say --every"
        raise click.UsageError(f"{say}; the catalog declares {known}")
    if unknown := sorted(set(names) - catalog.backfills.keys()):
        raise click.UsageError(f"unknown backfill {', '.join(unknown)}; known: {known}")
    return sorted(set(names) or catalog.backfills)


def _check_end(until: str, cloud: Environment, now: datetime) -> None:
    """Says what the plan would say (stacks/guards.py), before anything is synthesized."""
    if not until:
        return
    limit = now + cloud.max_hold
    if (end := parse_instant(until)) is None:
        raise click.UsageError(
            f"{until} is no end: write UTC with whole seconds, like {format_instant(now + timedelta(days=1))}"
        )
    if end <= now:
        raise click.UsageError(f"the end {until} has passed: it is {format_instant(now)} now")
    if end > limit:
        raise click.UsageError(f"the end {until} is too far away: {cloud.name} allows none after {format_instant(limit)}")


def _say_effect(catalog: Catalog, mode: str, chosen: list[str]) -> None:
    covered = {job for name in chosen for job in scopes(catalog)[f"backfill/{name}"]}
    lost = sorted(job for job in covered if not catalog.jobs[job].recoverable)
    for name in chosen:
        if mode == "off":
            click.echo(
                f"Ends {name}; its jobs run again, except what another hold covers or is paused by declaration.", err=True
            )
        else:
            click.echo(
                f"{name} covers {len(scopes(catalog)[f'backfill/{name}'])} jobs; why: interlock affected {name}", err=True
            )
    if mode == "on" and lost:
        click.echo(f"Runs of these that are missed can't be caught up later: {', '.join(lost)}", err=True)

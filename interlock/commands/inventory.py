"""`interlock inventory`: jobs, functions and Cloud Run services side by side, and the services that no job leads to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from interlock.actual import ENABLED, ActualJob
from interlock.catalog import Json
from interlock.drawing.markdown import plain
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.services import Services
from interlock.inventory import Call, Deployed, DeployedRow, Inventory, take_inventory
from interlock.names import REGION, count
from interlock.reading.files import load_catalog
from interlock.terminal.common import (
    Format,
    Place,
    catalog_option,
    cell,
    env_option,
    format_option,
    new_table,
    print_json,
    print_table,
)
from interlock.terminal.site import asking, reader_of

if TYPE_CHECKING:
    from rich.table import Table

T = TypeVar("T")
MAX_TEXT = 200
"""Characters of a stranger's text in a cell."""


@click.command()
@click.option("--region", "more", multiple=True, metavar="REGION", help="Look there too. Default: where the catalog has jobs.")
@click.option("--unled", is_flag=True, help="Only what no job leads to.")
@catalog_option
@env_option
@format_option
@click.pass_context
def command(ctx: click.Context, more: tuple[str, ...], unled: bool, root: Path, env_name: str, style: Format) -> None:
    """Jobs, functions and Cloud Run services side by side, and which services no job leads to.

    Functions are looked for in every region; jobs and Cloud Run services where the catalog has jobs, where there are functions,
    and in each --region. A job leads to what it calls, to what its topic starts, and by the catalog to what its processors are.
    What else calls a service (people, subscriptions, other projects) is not looked at.

    Exit code 1: something could not be listed, so that what is missing here may be there.
    """
    place = Place(env_name)
    catalog = load_catalog(root)
    environment = place.cloud
    for region in more:
        _check_region(region)
    listing = _Listing()
    services = Services(environment.project)
    deployed, jobs = list[Deployed](), list[ActualJob]()
    for functions, unreachable in listing.attempt(services.functions):
        deployed += functions
        listing.problems += [f"Cloud Functions in {plain(region)} did not answer" for region in unreachable]
    used = {job.region for job in catalog.jobs.values()} | {each.region for each in deployed if each.region}
    regions = sorted(used | {environment.coordinator.region, *more})
    for region in regions:
        deployed += chain.from_iterable(listing.attempt(partial(services.services, region)))
        jobs += chain.from_iterable(listing.attempt(partial(_jobs_of, environment, region)))
    found = take_inventory(catalog, environment, jobs, deployed)
    if style == "json":
        print_json(as_json(found, regions, listing.problems))
    else:
        _print(found, regions, listing.problems, only_unled=unled)
    ctx.exit(1 if listing.problems else 0)


def _jobs_of(environment: Environment, region: str) -> list[ActualJob]:
    with asking(environment):
        return reader_of(environment).all_jobs([region])


class _Listing:
    """Lists one thing after the other; what can't be listed keeps nothing else from being shown."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def attempt(self, call: Callable[[], T]) -> list[T]:
        """What `call` gives; nothing when it can't be had."""
        try:
            return [call()]
        except CloudError as error:
            self.problems.append(plain(str(error), MAX_TEXT))
            return []


def _check_region(region: str) -> None:
    if not re.fullmatch(REGION, region):
        raise click.UsageError(f"--region {region[:MAX_TEXT]!a} is no region; write one like us-west2")


def as_json(found: Inventory, regions: Sequence[str], problems: Sequence[str]) -> Json:
    """The inventory for programs."""
    return {
        "regions": [*regions],
        "problems": [*problems],
        "jobs": [_call_json(call) for call in found.calls],
        "services": [_row_json(row) for row in found.rows],
        "unled": [_place(row.deployed) for row in found.unled],
        "not_there": [*found.not_there],
    }


def _call_json(call: Call) -> Json:
    return {
        "name": call.job.name,
        "region": call.job.region,
        "state": call.job.state,
        "declared": call.declared,
        "target": call.target or None,
        "reaches": [_place(each) for each in call.reaches],
        "why_not": call.why or None,
    }


def _row_json(row: DeployedRow) -> Json:
    each = row.deployed
    return {
        "name": each.name,
        "region": each.region,
        "form": each.form.value,
        "state": each.state or None,
        "urls": [*each.urls],
        "topic": each.topic or None,
        "declared": row.declared,
        "own": row.own,
        "called_by": [job.name for job in row.called_by],
        "led_to_by": [job.name for job in row.led_to_by],
    }


def _print(found: Inventory, regions: Sequence[str], problems: Sequence[str], *, only_unled: bool) -> None:
    click.echo(f"Jobs and Cloud Run services in {', '.join(regions)}; functions in every region")
    rows = found.unled if only_unled else found.rows
    if rows:
        print_table(_services_table(rows))
    astray = [call for call in found.calls if call.why]
    if astray and not only_unled:
        print_table(_astray_table(astray))
    if found.not_there and not only_unled:
        click.echo(f"The catalog declares, and none of the name was found: {', '.join(found.not_there)}")
    click.echo(f"No job leads to: {', '.join(_said(row.deployed) for row in found.unled) or 'none of what was found'}")
    if found.unseen:
        click.echo(f"Unless it is one of these, whose target you may not see: {', '.join(map(plain, found.unseen))}")
    for problem in problems:
        click.echo(f"not listed: {problem}")
    click.echo(
        f"{count(len(found.calls), 'job')}, {len(astray)} of them to no service that was found; "
        f"{count(len(found.rows), 'service')}, {len(found.unled)} of them without a job"
    )


def _services_table(rows: Iterable[DeployedRow]) -> Table:
    table = new_table(["service", "what", "region", "state", "catalog", "called by", "led to by"])
    for row in rows:
        each = row.deployed
        known = "Interlock's own" if row.own else "declared" if row.declared else "unknown"
        cells = [each.name, each.form, each.region, each.state, known, _jobs(row.called_by), _jobs(row.led_to_by)]
        table.add_row(*(cell(plain(text)) for text in cells))
    return table


def _astray_table(calls: Iterable[Call]) -> Table:
    table = new_table(["job", "region", "state", "calls", "and reaches nothing, as"])
    for call in calls:
        cells = [call.job.name, call.job.region, call.job.state, call.target, call.why]
        table.add_row(*(cell(plain(text, MAX_TEXT)) for text in cells))
    return table


def _jobs(jobs: Iterable[ActualJob]) -> str:
    return ", ".join(job.name if job.state == ENABLED else f"{job.name} ({job.state})" for job in jobs)


def _place(each: Deployed) -> str:
    return f"{each.region}/{each.name}"


def _said(each: Deployed) -> str:
    return f"{plain(each.name)} ({plain(each.region)})"

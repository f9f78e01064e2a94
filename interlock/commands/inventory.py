"""`interlock inventory`: jobs, functions and Cloud Run services side by side, and the services that no job leads to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

import click

from interlock.actual import ENABLED, ActualJob
from interlock.catalog import Json
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.services import Services
from interlock.inventory import Call, Deployed, DeployedRow, Inventory, take_inventory
from interlock.names import REGION, count, plain
from interlock.reading.files import load_catalog
from interlock.terminal.common import Format, Place, catalog_option, env_option, format_option, print_json
from interlock.terminal.site import asking, reader_of
from interlock.terminal.tables import Table, at_most, folded, grouped, names_in_columns, prose, room, say, say_folded

T = TypeVar("T")
MAX_TEXT = 200
"""Characters of a stranger's text in a cell."""
INDENT = "  "
MOST_ALONE, MOST_SERVICES, MOST_ASTRAY, MOST_ABSENT, MOST_UNLED = 40, 24, 16, 6, 6
"""Lines of a part, unless all is asked for."""
FEW_PARTS = 4
"""Figures that a sentence adds up."""
SHOWN_JOBS, SHOWN_TARGETS = 3, 8
"""Of the jobs that call a service, and of those whose targets are said, unless all is asked for."""


@click.command()
@click.option("--region", "more", multiple=True, metavar="REGION", help="Look there too. Default: where the catalog has jobs.")
@click.option("--unled", is_flag=True, help="Only what no job leads to.")
@click.option("--all", "everything", is_flag=True, help="All services and jobs, however many there are.")
@catalog_option
@env_option
@format_option
@click.pass_context
def command(
    ctx: click.Context, more: tuple[str, ...], unled: bool, everything: bool, root: Path, env_name: str, style: Format
) -> None:
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
        _print(found, regions, listing.problems, only_unled=unled, everything=everything)
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


def _print(found: Inventory, regions: Sequence[str], problems: Sequence[str], *, only_unled: bool, everything: bool) -> None:
    def part(lines: Sequence[str], most: int, *, empty_line: bool = True) -> None:
        for line in lines if everything else at_most(lines, most):
            say(line)
        if lines and empty_line:
            say()

    say_folded(f"Jobs and Cloud Run services in {', '.join(regions)}; functions in every region")
    say()
    rows, most = (found.unled, MOST_ALONE) if only_unled else (found.rows, MOST_SERVICES)
    part(_services_table(rows, everything=everything).lines(room()), most)
    astray = [call for call in found.calls if call.why]
    if not only_unled:
        part([*_astray_lines(astray, len(found.calls), everything=everything)], MOST_ASTRAY)
        part([*_absent_lines(found)], MOST_ABSENT)
    unled = ", ".join(_said(row.deployed) for row in found.unled)
    all_led = "A job leads to each service that was found" if found.rows else "No service was found"
    part(folded(f"No job leads to: {unled}" if unled else all_led, room()), MOST_UNLED, empty_line=False)
    if found.unseen:
        say_folded(f"Unless it is one of these, whose target you may not see: {', '.join(map(plain, found.unseen))}")
    for problem in problems:
        say_folded(f"not listed: {problem}")
    say_folded(
        f"{count(len(found.calls), 'job')}: {len(found.calls) - len(astray)} lead to a service that was found, "
        f"{len(astray)} to none; {count(len(found.rows), 'service')}: {len(found.unled)} without a job"
    )


def _services_table(rows: Iterable[DeployedRow], *, everything: bool) -> Table:
    table = Table("service", "what", "region", "state", "catalog", prose("called by"), prose("led to by"))
    for row in rows:
        each = row.deployed
        known = "Interlock's own" if row.own else "declared" if row.declared else "unknown"
        jobs = (_jobs(row.called_by, everything=everything), _jobs(row.led_to_by, everything=everything))
        cells = (each.name, each.form, each.region, each.state, known, *jobs)
        table.row(*(plain(text) for text in cells))
    return table


def _astray_lines(calls: Sequence[Call], total: int, *, everything: bool) -> Iterator[str]:
    """The jobs that reach no service, those with the same reason together. Of few, and where it is the same, what they call."""
    groups = grouped(calls, lambda call: (call.why, call.job.state))
    if groups:
        parts = f" ({' + '.join(str(len(alike)) for alike in groups.values())})" if 1 < len(groups) <= FEW_PARTS else ""
        yield from folded(f"{len(calls)} of {count(total, 'job')} lead to no service that was found{parts}:", room())
    for (why, state), alike in groups.items():
        those = "" if state == ENABLED else f" ({plain(state)})"
        targets = {call.target for call in alike}
        same = f"; all call {plain(target)}" if len(alike) > 1 and len(targets) == 1 and (target := alike[0].target) else ""
        yield from folded(f"{count(len(alike), 'job')}{those}: {plain(why, MAX_TEXT)}{same}", room())
        if not same and (everything or len(alike) <= SHOWN_TARGETS):
            table = Table("job", "calls")
            for call in alike:
                table.row(plain(call.job.name), plain(call.target))
            yield from (f"{INDENT}{line}" for line in table.lines(room() - len(INDENT)))
        else:
            yield from names_in_columns([plain(call.job.name) for call in alike], room())


def _absent_lines(found: Inventory) -> Iterator[str]:
    if found.not_there:
        were = "was" if len(found.not_there) == 1 else "were"
        yield f"The catalog declares {count(len(found.not_there), 'service')} that {were} not found:"
        yield from names_in_columns([*map(plain, found.not_there)], room())


def _jobs(jobs: Sequence[ActualJob], *, everything: bool) -> str:
    shown = jobs if everything or len(jobs) <= SHOWN_JOBS else jobs[: SHOWN_JOBS - 1]
    more = f", and {len(jobs) - len(shown)} more" if len(shown) < len(jobs) else ""
    return f"{', '.join(job.name if job.state == ENABLED else f'{job.name} ({job.state})' for job in shown)}{more}"


def _place(each: Deployed) -> str:
    return f"{each.region}/{each.name}"


def _said(each: Deployed) -> str:
    return f"{plain(each.name)} ({plain(each.region)})"

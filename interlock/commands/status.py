"""`interlock status`: what is held by what until when, what is paused by declaration, and what is not as it should be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from interlock.actual import ENABLED, MISSING, PAUSED, Comparison, JobStatus, compare
from interlock.catalog import Catalog, Json
from interlock.cron import zone
from interlock.environment import Environment
from interlock.graph import scopes
from interlock.holds import Hold, format_end, format_instant
from interlock.reading.files import load_catalog
from interlock.runtime.ledger import Claim, unresolved
from interlock.terminal.common import (
    Format,
    Place,
    catalog_option,
    cell,
    env_option,
    format_option,
    hold_json,
    new_table,
    print_json,
    print_table,
)
from interlock.terminal.site import asking, reader_of


@click.command()
@catalog_option
@env_option
@format_option
@click.option("--all", "everything", is_flag=True, help="Also the jobs that run as they should.")
@click.pass_context
def command(ctx: click.Context, root: Path, env_name: str, style: Format, everything: bool) -> None:
    """Declared against actual: state, schedule, what holds each job until when, last attempt.

    Exit code 1: something is not as it should be (drift, an object that states no hold, or a catch-up
    run of which nobody knows whether it was made).
    """
    environment = Place(env_name).cloud
    catalog = load_catalog(root)
    with asking(environment):
        reader = reader_of(environment)
        objects = reader.objects()
        jobs = reader.all_jobs({job.region for job in catalog.jobs.values()})
        claims = reader.claims(objects)
    holding = objects.holding(scopes(catalog), catalog.windows)
    result = compare(catalog, jobs, holding, environment.tick)
    trouble = [_object(environment, name, "its name states no flag or hold; it covers nothing") for name in objects.malformed]
    trouble += [
        _object(environment, hold.object_name, f"the catalog knows no scope {hold.scope}; plans are refused")
        for hold in holding.active
        if hold.scope not in holding.scopes
    ]
    marks = {(job, item.generation) for job, item in objects.marks.items()}
    trouble += [_said(claim, catalog, environment) for claim in unresolved(claims, marks, objects.now)]
    if style == "json":
        print_json(as_json(result, holding.active, trouble))
    else:
        _print(result, holding.active, trouble, everything, objects.now)
    ctx.exit(1 if result.drifted or trouble else 0)


def _object(environment: Environment, name: str, wrong: str) -> str:
    return f"gs://{environment.bucket}/{name}: {wrong}"


def _said(claim: Claim, catalog: Catalog, environment: Environment) -> str:
    job = catalog.jobs.get(claim.job)
    fire = format_instant(claim.fire) if claim.fire else "an unknown time"
    return (
        f"{claim.job}: the catch-up of its run of {fire} may or may not have been made; nobody but you may run it again.\n"
        f"  if it was not: gcloud scheduler jobs run {claim.job} --project={environment.project} "
        f"--location={job.region if job else 'REGION'}\n"
        f"  then:          gcloud storage rm gs://{environment.bucket}/{claim.object_name}"
    )


def _iso(instant: datetime | None) -> str | None:
    return format_instant(instant) if instant else None


def as_json(result: Comparison, in_force: Sequence[Hold], trouble: list[str]) -> Json:
    """The comparison for programs."""
    return {
        "jobs": [
            {
                "name": status.job.name,
                "region": status.job.region,
                "state": status.state,
                "schedule": status.job.schedule.text,
                "time_zone": status.job.time_zone,
                "declared_paused": status.job.paused is not None,
                "held_by": [hold_json(hold) for hold in status.effective.held_by],
                "last_attempt": _iso(status.actual.last_attempt) if status.actual else None,
                "drift": list(status.drift),
            }
            for status in result.jobs
        ],
        "unknown": [{"name": job.name, "region": job.region, "state": job.state} for job in result.unknown],
        "holds": [hold_json(hold) for hold in in_force],
        "trouble": [*trouble],
    }


def _print(result: Comparison, in_force: Sequence[Hold], trouble: list[str], everything: bool, now: datetime) -> None:
    if in_force:
        table = new_table(["hold", "until", "owner", "reason"], title="Active holds")
        for hold in in_force:
            until = format_end(hold.end, zone("Etc/UTC"), now)
            table.add_row(cell(hold.scope), until, cell(hold.owner or ""), cell(hold.reason or ""))
        print_table(table)
    shown = [status for status in result.jobs if everything or status.effective.paused or status.drift]
    if shown:
        table = new_table(["job", "state", "why", "drift", "schedule", "zone", "last attempt"])
        for status in shown:
            table.add_row(*_cells(status, now))
        print_table(table)
    for job in result.unknown:
        click.echo(f"unknown to the catalog: {job.name} in {job.region}, {job.state}")
    for line in trouble:
        click.echo(line)
    states = [status.state for status in result.jobs]
    held = sum(1 for status in result.jobs if status.effective.held_by)
    declared = sum(1 for status in result.jobs if status.job.paused)
    missing = f", {states.count(MISSING)} missing" if MISSING in states else ""
    drifted = sum(1 for status in result.jobs if status.drift) + len(result.unknown)
    click.echo(
        f"{len(states)} jobs: {states.count(ENABLED)} enabled, {states.count(PAUSED)} paused "
        f"({declared} by declaration, {held} held){missing}; "
        f"{f'{drifted} not as they should be' if drifted else 'no drift'}"
    )


def _cells(status: JobStatus, now: datetime) -> list[str]:
    attempt = status.actual.last_attempt if status.actual else None
    return [
        cell(status.job.name),
        status.state,
        cell(status.effective.explain(zone(status.job.time_zone), now)) if status.effective.paused else "",
        cell("; ".join(status.drift)),
        status.job.schedule.text,
        status.job.time_zone,
        f"{attempt:%Y-%m-%d %H:%M} UTC" if attempt else "never",
    ]

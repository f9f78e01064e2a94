"""`interlock status`: what is held by what until when, what is paused by declaration, and what is not as it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from interlock.actual import ENABLED, MISSING, PAUSED, Comparison, Difference, JobStatus, Kind, compare
from interlock.catalog import Catalog, Json
from interlock.environment import Environment
from interlock.graph import scopes
from interlock.holds import Hold, format_end, format_instant
from interlock.names import MAX_TEXT, count, plain
from interlock.reading.files import load_catalog
from interlock.runtime.ledger import Claim, unresolved
from interlock.terminal.common import (
    Format,
    Place,
    catalog_option,
    env_option,
    format_option,
    hold_json,
    paused_figures,
    print_json,
)
from interlock.terminal.ends import clock_of_readers
from interlock.terminal.site import asking, reader_of
from interlock.terminal.tables import Table, grouped, say, say_command, say_folded, say_names


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What people must see to, with the commands for it, each with when it is due."""

    what: str
    commands: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return "\n".join([self.what, *(f"  {when + ':':<14} {command}" for when, command in self.commands.items())])


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
    holding = objects.holding(scopes(catalog), catalog.windows, catalog.identities)
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


def _object(environment: Environment, name: str, wrong: str) -> Trouble:
    return Trouble(what=f"gs://{environment.bucket}/{name}: {wrong}")


def _said(claim: Claim, catalog: Catalog, environment: Environment) -> Trouble:
    job = catalog.jobs.get(claim.job)
    fire = format_instant(claim.fire) if claim.fire else "an unknown time"
    region, name = (job.region, job.scheduler_name) if job else ("REGION", claim.job)
    return Trouble(
        what=f"{claim.job}: the catch-up of its run of {fire} may or may not have been made; nobody but you may run it again.",
        commands={
            "if it was not": f"gcloud scheduler jobs run {name} --project={environment.project} --location={region}",
            "then": f"gcloud storage rm gs://{environment.bucket}/{claim.object_name}",
        },
    )


def _iso(instant: datetime | None) -> str | None:
    return format_instant(instant) if instant else None


def as_json(result: Comparison, in_force: Sequence[Hold], trouble: Sequence[Trouble]) -> Json:
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
                "drift": [*map(str, status.drift)],
            }
            for status in result.jobs
        ],
        "unknown": [{"name": job.name, "region": job.region, "state": job.state} for job in result.unknown],
        "holds": [hold_json(hold) for hold in in_force],
        "trouble": [*map(str, trouble)],
    }


def _print(result: Comparison, in_force: Sequence[Hold], trouble: Sequence[Trouble], everything: bool, now: datetime) -> None:
    """What is not as it should be, what is held, what is paused by declaration; with --all every job; then the sum."""
    place = clock_of_readers(status.job for status in result.jobs)
    _print_drift(result, place, now)
    for each in trouble:
        say_folded(each.what, style="red")
        for when, command in each.commands.items():
            say(f"  {when}:")
            say_command(f"  {command}")
    for hold in in_force:
        owner, why = plain(hold.owner or "unknown", MAX_TEXT), plain(hold.reason or "no reason is known", MAX_TEXT)
        say_folded(f"{hold.scope} holds until {format_end(hold.end, place, now)}, by {owner}: {why}", style="bold")
    for reasons, alike in grouped(_paused(result), lambda status: status.effective.reasons).items():
        say_folded(f"{count(len(alike), 'job')} {'; '.join(plain(reason, MAX_TEXT) for reason in reasons)}")
        say_names(status.job.name for status in alike)
    if everything:
        say()
        _table(result.jobs).say()
    say_folded(_sum(result))


def _print_drift(result: Comparison, place: ZoneInfo, now: datetime) -> None:
    """What is wrong in a sentence for all the jobs of which it is true, then their names."""
    wrong = [(status, difference) for status in result.jobs for difference in status.drift]
    for (difference, why), alike in grouped(wrong, lambda one: (one[1], _why_paused(one[0], place, now))).items():
        say_folded(f"{count(len(alike), 'job')} {plain(is_wrong(difference, why, one=len(alike) == 1))}:", style="red")
        say_names(status.job.name for status, _ in alike)
    for job in result.unknown:
        say_folded(f"the catalog does not know the job {job.name} in {job.region}, {job.state}", style="red")


def _why_paused(status: JobStatus, place: ZoneInfo, now: datetime) -> tuple[tuple[str, str], ...]:
    """What pauses it, as what comes before and after `it` or `them`; empty when nothing does."""
    effective = status.effective
    reason = f" ({plain(status.job.paused.reason, MAX_TEXT)})" if status.job.paused else ""
    declared = (("the catalog pauses", reason),) if effective.declared else ()
    return (*declared, *((f"{hold.scope} holds", f" until {format_end(hold.end, place, now)}") for hold in effective.held_by))


def is_wrong(difference: Difference, why: Sequence[tuple[str, str]], *, one: bool) -> str:
    """The rest of a sentence that begins with the number of jobs."""
    them, are, have = ("it", "is", "has") if one else ("them", "are", "have")
    if difference.kind is Kind.MISSING:
        return f"{are} missing in {difference.wanted}"
    if difference.kind is not Kind.STATE:
        return f"{have} the {difference.kind.value} {difference.found}, and the catalog says {difference.wanted}"
    state = (
        ("runs" if one else "run")
        if difference.found == ENABLED
        else f"{are} {'paused' if difference.found == PAUSED else difference.found}"
    )
    if difference.wanted == ENABLED:
        return f"{state} although nothing holds {them}"
    return f"{state} although {' and '.join(f'{who} {them}{how}' for who, how in why)}"


def _paused(result: Comparison) -> list[JobStatus]:
    """What should be paused, held ones first."""
    return sorted(
        (status for status in result.jobs if status.effective.paused), key=lambda status: not status.effective.held_by
    )


def _table(statuses: Sequence[JobStatus]) -> Table:
    table = Table("job", "state", "schedule", "zone", "last attempt")
    for status in statuses:
        attempt = status.actual.last_attempt if status.actual else None
        last = f"{attempt:%Y-%m-%d %H:%M} UTC" if attempt else "never"
        table.row(status.job.name, status.state, status.job.schedule.text, status.job.time_zone, last)
    return table


def _sum(result: Comparison) -> str:
    """The jobs by state; the parts of those that are paused add up."""
    states = [status.state for status in result.jobs]
    paused = [status.effective for status in result.jobs if status.state == PAUSED]
    how = paused_figures(
        held=sum(1 for each in paused if each.held_by and not each.declared),
        declared=sum(1 for each in paused if each.declared),
        unknown=sum(1 for each in paused if not each.paused),
    )
    missing = f", {states.count(MISSING)} missing" if MISSING in states else ""
    drifted = sum(1 for status in result.jobs if status.drift) + len(result.unknown)
    by_state = f"{states.count(ENABLED)} enabled, {len(paused)} paused{how}{missing}"
    return f"{count(len(states), 'job')}: {by_state}; {f'{drifted} not as they should be' if drifted else 'no drift'}"

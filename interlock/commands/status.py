"""`interlock status`: what is held by what until when, what is paused by declaration, and what is not as it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from interlock.actual import ENABLED, MISSING, PAUSED, UNSEEN
from interlock.catalog import Catalog, Json
from interlock.environment import Environment
from interlock.graph import scopes
from interlock.holds import Hold, format_end, format_instant, hold_json, planned_json, until
from interlock.names import MAX_TEXT, count, plain
from interlock.reading.files import load_catalog
from interlock.runtime.alarms import SHOWN
from interlock.runtime.ledger import Claim, unresolved
from interlock.runtime.snapshot import Objects
from interlock.terminal.common import Format, Place, catalog_option, env_option, format_option, paused_figures, print_json
from interlock.terminal.drift_output import left_out_json, print_drift, print_strangers, print_undecided, print_unseen
from interlock.terminal.ends import clock_of_readers
from interlock.terminal.everywhere import Everywhere, look_everywhere
from interlock.terminal.site import asking, reader_of
from interlock.terminal.tables import Table, grouped, say, say_command, say_folded, say_names
from interlock.terraform.drift import Comparison, JobStatus, compare
from interlock.zones import release


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
    """Declared against actual, in all regions: what holds each job until when, and what is not as declared.

    Exit code 1: something is not as it should be (drift, a job that the catalog does not know, an object
    that states no hold, a catch-up run of which nobody knows whether it was made), or a region could not
    be looked at.
    """
    environment, catalog = Place(env_name).cloud_beside(partial(load_catalog, root))
    with asking(environment):
        reader = reader_of(environment)
        objects = reader.objects()
        seen = look_everywhere(environment.project, reader.outside, {job.region for job in catalog.jobs.values()})
        claims = reader.claims(objects)
    holding = objects.holding(scopes(catalog), catalog.timed, catalog.identities)
    result = compare(catalog, environment, seen.jobs, holding, seen.failed)
    trouble = _of_objects(environment, objects)
    trouble += [
        _object(environment, hold.object_name, f"the catalog knows no scope {hold.scope}; plans are refused")
        for hold in holding.active
        if hold.scope not in holding.scopes
    ]
    marks = {(job, item.generation) for job, item in objects.marks.items()}
    trouble += [_said(claim, catalog, environment) for claim in unresolved(claims, marks, objects.now)]
    if style == "json":
        print_json(as_json(result, seen, holding.active, trouble, holding.ahead))
    else:
        say(f"zone data {release()}", err=True)
        _print(result, seen, (*holding.active, *holding.ahead), trouble, everything, objects.now)
    ctx.exit(1 if result.drifted or trouble or seen.failed or seen.unlisted else 0)


def _of_objects(environment: Environment, objects: Objects) -> list[Trouble]:
    """What is wrong with objects by themselves; of any amount of one kind the first, and how many there are besides."""
    kinds = [
        [(name, "its name states no flag or hold; it covers nothing") for name in objects.malformed],
        [(name, "its name states no mark or claim; it is ignored") for name in objects.strange],
        [(name, f"it can't be read, and holds by its name alone: {why}") for name, why in sorted(objects.unread.items())],
    ]
    found = []
    for kind in kinds:
        found += [_object(environment, name, wrong) for name, wrong in kind[:SHOWN]]
        if len(kind) > SHOWN:
            name, wrong = kind[SHOWN]
            found.append(_object(environment, name, f"{wrong}; and {count(len(kind) - SHOWN - 1, 'more object')} like it"))
    return found


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


def as_json(
    result: Comparison,
    seen: Everywhere,
    in_force: Sequence[Hold],
    trouble: Sequence[Trouble],
    ahead: Sequence[Hold] = (),
) -> Json:
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
                "parts": [*status.parts],
                "target_shown": status.target_shown,
                "undecided_until": status.job.undecided.review.isoformat() if status.job.undecided else None,
            }
            for status in result.jobs
        ],
        "unknown": [{"name": job.name, "region": job.region, "state": job.state} for job in result.unknown],
        "left_out": [left_out_json(each) for each in result.left_out],
        "not_looked_at": {region: str(failure) for region, failure in seen.failed.items()},
        "regions_not_listed": str(seen.unlisted) if seen.unlisted else None,
        "holds": [hold_json(hold) for hold in in_force],
        "planned": [planned_json(hold) for hold in ahead],
        "trouble": [*map(str, trouble)],
        "zone_data": release(),
    }


def _print(
    result: Comparison,
    seen: Everywhere,
    in_force: Sequence[Hold],
    trouble: Sequence[Trouble],
    everything: bool,
    now: datetime,
) -> None:
    """What is not as it should be, what is held, what is paused by declaration; with --all every job; then the sum."""
    place = clock_of_readers(status.job for status in result.jobs)
    print_drift(result, place, now)
    print_strangers(result)
    print_unseen(seen, result)
    for each in trouble:
        say_folded(each.what, style="red")
        for when, command in each.commands.items():
            say(f"  {when}:")
            say_command(f"  {command}")
    for hold in in_force:
        owner, why = plain(hold.said_by or "unknown", MAX_TEXT), plain(hold.reason or "no reason is known", MAX_TEXT)
        start = hold.start if hold.start and hold.start > now else None
        holds = f"will hold from {format_end(start, place, now)} on," if start else "holds"
        failed = f"; its command failed: {plain(hold.failed, MAX_TEXT)}" if hold.failed else ""
        say_folded(f"{hold.scope} {holds} {until(hold, place, now)}, by {owner}: {why}{failed}", style="bold")
    for reasons, alike in grouped(_paused(result), lambda status: status.effective.reasons).items():
        say_folded(f"{count(len(alike), 'job')} {'; '.join(plain(reason, MAX_TEXT) for reason in reasons)}")
        say_names(status.job.name for status in alike)
    print_undecided(result, now.date())
    if everything:
        say()
        _table(result.jobs).say()
    say_folded(_sum(result))


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
    paused = [status for status in result.jobs if status.state == PAUSED]
    not_held = [status.job for status in paused if not status.effective.paused]
    how = paused_figures(
        held=sum(1 for each in paused if each.effective.held_by and not each.effective.declared),
        declared=sum(1 for each in paused if each.effective.declared),
        undecided=sum(1 for job in not_held if job.undecided),
        unknown=sum(1 for job in not_held if not job.undecided),
    )
    missing = "".join(f", {states.count(what)} {what.lower()}" for what in (MISSING, UNSEEN) if what in states)
    drifted = result.number_drifted
    by_state = f"{states.count(ENABLED)} enabled, {len(paused)} paused{how}{missing}"
    return f"{count(len(states), 'job')}: {by_state}; {f'{drifted} not as they should be' if drifted else 'no drift'}"

"""`interlock backfill on|off`: what `make backfill-on` and `make backfill-off` run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from interlock.catalog import Catalog, Json
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.storage import has_bucket, list_flags, remove_flags
from interlock.graph import scopes
from interlock.holds import format_instant
from interlock.names import count
from interlock.reading.files import load_catalog
from interlock.shares import stacks_with
from interlock.terminal.ahead import plan_ahead, take_back
from interlock.terminal.approving import Approving, Toggle, yes_delete_option
from interlock.terminal.cdktf import check_tools, synth_option, synthesize_if_changed
from interlock.terminal.common import Place, catalog_option, env_option, known_backfills
from interlock.terminal.deploying import Deploying, said_catalog, said_origin, until_when
from interlock.terminal.empty import even_if_empty_option, refuse_empty_backfills
from interlock.terminal.ends import end_options, perhaps_typed_end
from interlock.terminal.operating import ask_to_reconcile, typed_text
from interlock.terminal.printed import make
from interlock.terminal.site import Site, look, see
from interlock.terminal.tables import folded, room, say, say_folded
from interlock.terminal.terraform import Applied
from interlock.terminal.typed import asked_by_make
from interlock.terminal.uncovered import print_uncovered
from interlock.terraform.changes import Kind, together
from policies.from_files import plan_findings


@click.command()
@click.argument("mode", type=click.Choice(["on", "off"]))
@click.argument("names", metavar="NAME...", nargs=-1)
@click.option("--every", is_flag=True, help="All backfills that the catalog declares.")
@click.option("--reason", default="", help="Why; kept with the flag. Default: the backfill's description.")
@click.option(
    "--owner", default="", help="Whose it is; to end one in production, too. Default, turning it on: the backfill's owner."
)
@end_options
@click.option("--at", metavar="WHEN", help="Not now but then, by the coordinator: 02:24, 2026-11-24 07:00, or RFC 3339.")
@even_if_empty_option
@click.option("--with-changes", is_flag=True, help="Also do whatever else a deploy of this catalog would do.")
@yes_delete_option
@click.option("--yes", is_flag=True, help="Do not ask. The local target asks only where a rule is broken.")
@synth_option
@click.option("-v", "--verbose", is_flag=True, help="Also Terraform's own text.")
@catalog_option
@env_option
@click.pass_context
def command(
    ctx: click.Context,
    mode: str,
    names: tuple[str, ...],
    every: bool,
    reason: str,
    owner: str,
    duration: str | None,
    until: str | None,
    at: str | None,
    even_if_empty: bool,
    with_changes: bool,
    yes_delete: int | None,
    yes: bool,
    synth: bool,
    verbose: bool,
    root: Path,
    env_name: str,
) -> None:
    """Turn backfills on (or extend them), or off: deploys the schedules of the platforms whose jobs they cover.

    On pauses the jobs that lead to a writer of what the backfill protects, until its end: 1.5 times what it is expected to
    take, unless --for or --until says another. Off gives back exactly these, except what another hold covers or the catalog
    declares paused. When that misses the least: interlock backfill plan NAME.

    With --at the coordinator turns it on then, without Terraform; --for counts from then. Off takes that back, before or after.

    A toggle changes pauses: where the plan would do anything else, it says what and does nothing. Deploy that first.
    """
    reason, owner = (typed_text(key, said) if said else "" for key, said in (("reason", reason), ("owner", owner)))
    cloud, catalog = Place(env_name).cloud_and(partial(load_catalog, root))
    chosen = _chosen(catalog, names, every)
    if at is not None:
        if mode == "off":
            raise click.UsageError("--at is for on; what is planned is taken back by off, now")
        planned = plan_ahead(
            see(env_name, to_ask=True),
            catalog,
            chosen,
            at=at,
            duration=duration,
            until=until,
            reason=reason,
            owner=owner,
            even_if_empty=even_if_empty,
            yes=yes,
        )
        ctx.exit(0 if planned else 1)
    there = _look(cloud) if mode == "off" else None
    if isinstance(there, Site) and _taken_back(ctx, there, chosen):
        return
    asked_end = perhaps_typed_end(duration, until, now := datetime.now(UTC))
    end = _checked_end(asked_end, cloud, now)
    if mode == "on":
        refuse_empty_backfills(catalog, cloud, chosen, asked_end, now, allowed=even_if_empty)
    check_tools()
    if not has_bucket(cloud.project, cloud.bucket):
        raise CloudError(f"nothing is deployed in {cloud.name} yet, so nothing can be turned {mode}; run: {make('deploy')}")
    say(f"{', '.join(chosen)} {mode} in {cloud.name}, by {said_catalog(catalog, root)}")
    variables: dict[str, Json] = {"backfill_mode": mode == "on", "backfills": [*chosen]}
    if mode == "on":
        _say_lost(catalog, chosen)
        variables |= {"backfill_until": end, "backfill_reason": reason}
    if mode == "on" or owner:  # who ends one names whose it is (policies/rules/changes.py)
        variables |= {"backfill_owner": owner}
    synthesize_if_changed(cloud, root, force=synth, verbose=verbose)
    if there is not None:
        _say_uncovered(there, chosen, root)
    covered = frozenset(job for name in chosen for job in scopes(catalog)[f"backfill/{name}"])
    approving = Approving(
        catalog=said_origin(catalog, root),
        judge=plan_findings,
        yes_delete=yes_delete,
        toggle=Toggle(names=chosen, mode=mode, covered=covered, with_changes=with_changes),
    )
    deploying = Deploying(environment=cloud, approving=approving, yes=yes, verbose=verbose)
    applied = [*deploying.bring_about(stacks_with(catalog, chosen, covered), variables).values()]
    if mode == "off":
        for name in remove_flags(cloud.project, cloud.bucket, list_flags(cloud.project, cloud.bucket, chosen)):
            say(f"removed gs://{cloud.bucket}/{name}: a deploy that was killed had left it", err=True)
    try:
        ask_to_reconcile(cloud)
    finally:  # also when somebody stops that: Terraform is done
        _say_what_is_on(catalog, chosen, applied) if mode == "on" else _say_what_is_off(chosen, applied)


def _look(cloud: Environment) -> Site | CloudError:
    """What is there, or why that can't be seen."""
    try:
        return look(cloud)
    except CloudError as error:
        return error


def _taken_back(ctx: click.Context, site: Site, chosen: Sequence[str]) -> bool:
    """Whether that is all: the coordinator had these backfills on, or was to, and no flag of Terraform's is there. It takes no
    more than operators have. Where the coordinator can't be asked, the flags go all the same."""
    try:
        number, done = take_back(site, chosen)
    except CloudError as error:
        say(f"What the coordinator has of {', '.join(chosen)} can't be taken back: {error}", err=True)
        return False
    if not number or any(hold.is_flag and hold.scope.removeprefix("backfill/") in chosen for hold in site.objects.holds):
        return False
    say(f"{', '.join(chosen)} {'is' if len(chosen) == 1 else 'are'} off: no flag was there, so nothing is deployed.")
    if not done:
        ctx.exit(1)
    return True


def _say_what_is_on(catalog: Catalog, chosen: Sequence[str], applied: Sequence[Applied]) -> None:
    ends = until_when(together(one.planned.changes for one in applied), catalog, datetime.now(UTC))
    paused = {change.job for one in applied for change in one.done if change.kind is Kind.PAUSE}
    for name in chosen:
        covered = scopes(catalog)[f"backfill/{name}"]
        now_paused = paused.intersection(covered)
        before = len(covered) - len(now_paused)
        said = f" ({before} of the {len(covered)} that it covers were paused already)" if before else ""
        say_folded(f"{name} is on until {ends.get(name)}: {count(len(now_paused), 'job')} paused, 0 failed{said}.")
    say(f"End it: {make('backfill-off', NAME=' '.join(chosen))}")


def _say_what_is_off(chosen: Sequence[str], applied: Sequence[Applied]) -> None:
    done = [change for one in applied for change in one.done]
    names, one = ", ".join(chosen), len(chosen) == 1
    if not done:
        say(f"{names} {'was' if one else 'were'} off already.")
        return
    resumed = sum(1 for change in done if change.kind is Kind.RESUME)
    say(f"{names} {'is' if one else 'are'} off: {count(resumed, 'job')} resumed, 0 failed.")
    say(f"Are their tables written again? {make('verify')}")


def _say_uncovered(there: Site | CloudError, chosen: Sequence[str], root: Path) -> None:
    """Days that no run will cover, while the ledger still tells. If it can't be told, the backfill ends all the same."""
    try:
        if isinstance(there, CloudError):
            raise there
        covered = {job for name in chosen for job in there.declaration.scopes.get(f"backfill/{name}", ())}
        print_uncovered(there, sorted(covered), root)
    except CloudError as error:
        say(f"Which days no run will cover can't be told: {error}", err=True)


def _say_lost(catalog: Catalog, chosen: Sequence[str]) -> None:
    covered = {job for name in chosen for job in scopes(catalog)[f"backfill/{name}"]}
    jobs = (catalog.jobs[name] for name in sorted(covered))
    if lost := [job.name for job in jobs if not job.recoverable and not job.paused]:
        for line in folded(f"Missed runs of these can't be fetched later: {', '.join(lost)}", room()):
            say(line, err=True)


def _chosen(catalog: Catalog, names: tuple[str, ...], every: bool) -> list[str]:
    if every == bool(names):
        say = "NAME= is missing" if asked_by_make() else "name the backfills, or say --every"
        raise click.UsageError(f"{say}; the catalog declares {', '.join(catalog.backfills)}")
    return known_backfills(catalog, names or catalog.backfills)


def _checked_end(end: datetime | None, cloud: Environment, now: datetime) -> str:
    """The end as Terraform takes it, empty where none is said. Says what the plan would say (stacks/guards.py), before anything
    is synthesized."""
    if end is None:
        return ""
    if end <= now:
        raise click.UsageError(f"the end {format_instant(end)} has passed: it is {format_instant(now)} now")
    if end > (limit := now + cloud.max_hold):
        raise click.UsageError(
            f"the end {format_instant(end)} is too far away: {cloud.name} allows none after {format_instant(limit)}"
        )
    return format_instant(end)

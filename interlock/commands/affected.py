"""`interlock affected`: which jobs a backfill or scope covers, and why."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import click

from interlock.access import Severity
from interlock.catalog import Catalog, Job, Json
from interlock.commands.common import (
    Format,
    catalog_option,
    cell,
    format_option,
    new_table,
    print_json,
    print_table,
    say_offline,
)
from interlock.graph import Chain, Coverage, NearMiss, Reason, coverage, scopes


@click.command()
@click.argument("scope", metavar="NAME|SCOPE")
@catalog_option
@format_option
def command(scope: str, root: Path, style: Format) -> None:
    """The jobs that a backfill or scope covers, each with the chain that makes it so.

    NAME is a backfill. SCOPE is backfill/<name>, table/<dataset.table>, job/<name>, service/<name>, platform/<name> or all.
    `would change` tells whether a hold of this scope pauses the job, or why not. It is computed from the catalog alone.
    """
    catalog = say_offline(root)
    covered = _coverage(catalog, scope if "/" in scope or scope == "all" else f"backfill/{scope}")
    if style == "json":
        print_json(as_json(catalog, covered))
    else:
        _print(catalog, covered)


def _coverage(catalog: Catalog, scope: str) -> Coverage:
    try:
        return coverage(catalog, scope)
    except KeyError:
        near = get_close_matches(scope, scopes(catalog), n=1)
        hint = f"; did you mean {near[0].removeprefix('backfill/')}?" if near else ""
        known = ", ".join(catalog.backfills)
        raise click.UsageError(f"the catalog knows no scope {scope!r}{hint}\nIts backfills: {known}") from None


def would_change(job: Job) -> str:
    """`yes`, or why a hold changes nothing."""
    return f"no: paused by declaration: {job.paused.reason}" if job.paused else "yes"


def _severity(reason: Reason) -> Severity:
    return reason.conflict.severity if reason.conflict else Severity.NONE


def _chain_json(chain: Chain) -> dict[str, Json]:
    return {
        "processors": list(chain.processors),
        "table": chain.table,
        "access": [kind.value for kind in sorted(chain.access)],
        "over_messages": chain.over_messages,
    }


def as_json(catalog: Catalog, covered: Coverage) -> Json:
    """The coverage for programs."""
    return {
        "scope": covered.scope,
        "jobs": [
            {
                "name": name,
                "would_change": catalog.jobs[name].paused is None,
                "why_not": would_change(catalog.jobs[name]).removeprefix("no: ") if catalog.jobs[name].paused else None,
                "recoverable": catalog.jobs[name].recoverable,
                "reasons": [
                    {
                        **_chain_json(reason.chain),
                        "protects": reason.protects,
                        "severity": _severity(reason).label,
                        "why": reason.conflict.why if reason.conflict else None,
                    }
                    for reason in reasons
                ],
            }
            for name, reasons in covered.jobs.items()
        ],
        "near_misses": [
            {"name": name, "reasons": [{**_chain_json(near.chain), "why": near.why} for near in nears]}
            for name, nears in covered.near_misses.items()
        ],
        "not_stopped": list(covered.not_stopped),
    }


def _print(catalog: Catalog, covered: Coverage) -> None:
    changing = sum(1 for name in covered.jobs if catalog.jobs[name].paused is None)
    click.echo(f"{covered.scope} covers {len(covered.jobs)} jobs; turning it on would pause {changing} of them.\n")
    table = new_table(["job", "would change", "chain", "protects", "severity", "why"])
    for name, reasons in covered.jobs.items():
        first = True
        for reason in reasons or (None,):
            head = [cell(name), cell(would_change(catalog.jobs[name]))] if first else ["", ""]
            table.add_row(*head, *(_reason_cells(reason) if reason else ("", "", "", "")))
            first = False
    print_table(table)
    if covered.near_misses:
        table = new_table(["left running", "chain", "why"], title="Near misses")
        for name, nears in covered.near_misses.items():
            for index, near in enumerate(_worth_showing(nears)):
                table.add_row(cell(name) if index == 0 else "", cell(str(near.chain).partition(" -> ")[2]), cell(near.why))
        print_table(table)
    if covered.not_stopped:
        click.echo("What pausing does not stop:")
        for line in covered.not_stopped:
            click.echo(f"  - {line}")
    unrecoverable = [name for name in covered.jobs if not catalog.jobs[name].recoverable]
    if unrecoverable:
        click.echo(f"Runs that can't be caught up later: {', '.join(unrecoverable)}")


def _reason_cells(reason: Reason) -> tuple[str, str, str, str]:
    chain = cell(str(reason.chain).partition(" -> ")[2])
    if reason.conflict is None:
        return chain, "", "", ""
    why = reason.conflict.why
    if reason.protects == "inputs":
        why = f"no conflict is expected; the backfill asked for inputs that stand still. {why}"
    return chain, reason.protects or "", reason.conflict.severity.label, cell(why)


def _worth_showing(nears: tuple[NearMiss, ...]) -> tuple[NearMiss, ...]:
    """Direct chains say more than those over messages; with none of them, all."""
    return tuple(near for near in nears if not near.chain.over_messages) or nears

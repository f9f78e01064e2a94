"""`interlock affected`: which jobs a backfill or scope covers, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from interlock.access import Severity, is_real
from interlock.catalog import Catalog, Job, Json
from interlock.graph import Chain, Coverage, Reason, coverage, scopes
from interlock.names import count, did_you_mean, exact
from interlock.terminal.common import (
    Format,
    catalog_option,
    cell,
    format_option,
    new_table,
    print_json,
    print_table,
    say_offline,
)

if TYPE_CHECKING:
    from rich.table import Table

SEVERITY_STYLES = {Severity.ERROR: "red", Severity.BLOCKED: "red", Severity.DATA_LOSS: "red", Severity.INFO: "yellow"}


@click.command()
@click.argument("scope", metavar="NAME|SCOPE")
@catalog_option
@format_option
def command(scope: str, root: Path, style: Format) -> None:
    """The jobs that a backfill or scope covers, each with the chain that makes it so.

    NAME is a backfill. SCOPE is backfill/<name>, window/<name>, table/<dataset.table>, job/<name>, service/<name>,
    platform/<name> or all.
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
        raise click.UsageError(f"the catalog knows no scope {scope!r}{_hint(catalog, scope)}") from None


def _hint(catalog: Catalog, scope: str) -> str:
    """What was meant perhaps: something of that name but of another kind, or a name that is near."""
    known = scopes(catalog)
    name = scope.partition("/")[2]
    alike = [other for other in known if other.partition("/")[2] == name]
    hint = f"; did you mean {' or '.join(alike)}?" if alike else did_you_mean(scope, known)
    return f"{hint}\nIts backfills: {', '.join(catalog.backfills) or 'none'}"


def why_not(job: Job) -> str | None:
    """Why a hold changes nothing for `job`, or None when it does."""
    return f"paused by declaration: {job.paused.reason}" if job.paused else None


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
                "why_not": why_not(catalog.jobs[name]),
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


class _Notes:
    """Sentences that many rows share, numbered in the order in which they come up."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, sentence: str) -> str:
        return f"({self._numbers.setdefault(sentence, len(self._numbers) + 1)})"

    def lines(self) -> list[str]:
        return [f"({number}) {sentence}" for sentence, number in self._numbers.items()]


def _print(catalog: Catalog, covered: Coverage) -> None:
    _print_summary(catalog, covered)
    notes = _Notes()
    if covered.jobs:
        print_table(_jobs_table(catalog, covered, notes))
    if covered.near_misses:
        print_table(_near_misses_table(covered, notes))
    for line in notes.lines():
        click.echo(line)
    if covered.not_stopped:
        click.echo("\nWhat pausing does not stop:")
        for line in covered.not_stopped:
            click.echo(f"  - {line}")
    if lost := [name for name in covered.jobs if not catalog.jobs[name].recoverable]:
        click.echo(f"\nWhat these would fetch while they are held can't be fetched later: {', '.join(lost)}")


def _print_summary(catalog: Catalog, covered: Coverage) -> None:
    changing = sum(1 for name in covered.jobs if catalog.jobs[name].paused is None)
    click.echo(f"{covered.scope} covers {count(len(covered.jobs), 'job')}; holding it pauses {changing} of them.")
    if (backfill := catalog.backfills.get(covered.scope.removeprefix("backfill/"))) and covered.scope.startswith("backfill/"):
        expect, end = exact(backfill.expect), exact(backfill.default_end)
        click.echo(
            f"{backfill.description} ({backfill.owner}): expected to take {expect}; held for {end} unless you say until when."
        )
    if (window := catalog.windows.get(covered.scope.removeprefix("window/"))) and covered.scope.startswith("window/"):
        when = f'"{window.schedule}" in {window.time_zone} for {exact(window.duration)}'
        click.echo(f"{window.reason} ({window.owner}): opens {when}; it covers {', '.join(window.covers)}.")


def _jobs_table(catalog: Catalog, covered: Coverage, notes: _Notes) -> Table:
    """A row for each job and protected table: its worst conflict over its shortest chain, and how many more there are."""
    found = [reason for reasons in covered.jobs.values() for reason in reasons]
    explained = ["leads over"] * bool(found) + ["severity"] * any(reason.conflict for reason in found)
    table = new_table(["job", "would\nchange", *explained])
    for name, reasons in covered.jobs.items():
        unchanged = why_not(catalog.jobs[name])
        head = [cell(name), f"no {notes.number(unchanged)}" if unchanged else "yes"]
        for best, more in _best_by_table(reasons):
            table.add_row(*head, *_reason_cells(best, more, notes))
            head = ["", ""]
        if not reasons:
            table.add_row(*head)
    return table


def _best_by_table(reasons: tuple[Reason, ...]) -> list[tuple[Reason, int]]:
    """For each table its strongest reason, of equal ones the one with the shortest chain, and the number of the others."""
    by_table: dict[str, list[Reason]] = {}
    for reason in sorted(reasons, key=lambda r: (-_severity(r), len(r.chain.processors))):
        by_table.setdefault(reason.chain.table, []).append(reason)
    return [(same[0], len(same) - 1) for same in by_table.values()]


def _reason_cells(reason: Reason, more: int, notes: _Notes) -> list[str]:
    chain = cell(reason.chain.way) + (f" (and {more} more)" if more else "")
    if reason.conflict is None:
        return [chain]
    asked = (
        ""
        if is_real(reason.conflict.severity)
        else "no conflict is expected, but the backfill asked for inputs that stand still. "
    )
    number = notes.number(f"{reason.protects}: {asked}{reason.conflict.why}")
    style = SEVERITY_STYLES.get(reason.conflict.severity, "default")
    return [chain, f"[{style}]{reason.conflict.severity.label}[/] {number}"]


def _near_misses_table(covered: Coverage, notes: _Notes) -> Table:
    """A row for each job that is left running: its shortest chain, and how many more there are."""
    table = new_table(["left running", "leads over", "why"], title="Near misses")
    for name, nears in covered.near_misses.items():
        shortest = min(nears, key=lambda near: len(near.chain.processors))
        more = f" (and {len(nears) - 1} more)" if len(nears) > 1 else ""
        table.add_row(cell(name), cell(shortest.chain.way) + more, notes.number(shortest.why))
    return table

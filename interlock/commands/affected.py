"""`interlock affected`: which jobs a backfill or scope covers, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from interlock.access import Severity, is_real
from interlock.catalog import Catalog, Job, Json
from interlock.cron import zone
from interlock.graph import Chain, Coverage, Reason, coverage, left_running, scopes
from interlock.names import count, did_you_mean, exact
from interlock.terminal.common import Format, catalog_option, format_option, print_json, say_offline
from interlock.terminal.printed import interlock
from interlock.terminal.tables import HARD_SPACE, arrows, at_most, folded, grouped, names_in_columns, room, say, whole
from interlock.timing.backfill_starts import BackfillStarts
from interlock.timing.timeline import usual_zone

LINES = 58
"""Unless all is asked for: what two screens show. The ways give way to what is said of them."""
MOST_NEAR, MOST_NOT_STOPPED, LEAST_WAYS = 10, 8, 12
A_WEEK = timedelta(days=7)
INDENT = "  "


@click.command()
@click.argument("scope", metavar="NAME|SCOPE")
@click.option("--all", "everything", is_flag=True, help="All jobs and ways, however many there are.")
@catalog_option
@format_option
def command(scope: str, everything: bool, root: Path, style: Format) -> None:
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
        _print(catalog, covered, everything=everything)
        kind, _, name = covered.scope.partition("/")
        for line in _when(catalog, name) if kind == "backfill" else ():
            say(line, err=True)  # it depends on the day, as nothing else here


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
        "decided": chain.decided,
    }


def as_json(catalog: Catalog, covered: Coverage) -> Json:
    """The coverage for programs."""
    alone = left_running(catalog, covered.jobs)
    return {
        "scope": covered.scope,
        "jobs": [
            {
                "name": name,
                "would_change": catalog.jobs[name].paused is None,
                "why_not": why_not(catalog.jobs[name]),
                "recoverable": catalog.jobs[name].recoverable,
                "pair_left_running": list[Json](alone.get(name, ())),
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
    """Sentences that many ways share, numbered in the order in which they come up."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, sentence: str) -> str:
        return f"({self._numbers.setdefault(sentence, len(self._numbers) + 1)})"

    def lines(self) -> Iterator[str]:
        for sentence, number in self._numbers.items():
            yield from folded(f"({number}) {sentence}", room())


def _print(catalog: Catalog, covered: Coverage, *, everything: bool) -> None:
    """What counts first, each part cut to its lines; the notes last, with the numbers that the parts show."""
    notes = _Notes()
    head = [*_summary(catalog, covered), *_cost(catalog, covered)]
    ways, near = [*_way_lines(covered, notes)], [*_near_miss_lines(covered, notes)]
    if not everything:
        near = at_most(near, MOST_NEAR)
    foot = ["", *notes.lines()] if near or covered.jobs else []
    if covered.not_stopped:
        stopped = [line for each in covered.not_stopped for line in folded(f"- {each}", room(), INDENT)]
        foot += ["What pausing does not stop:", *(stopped if everything else at_most(stopped, MOST_NOT_STOPPED))]
    if near:
        near = ["", "Left running, although they lead to its tables:", *near]
    if not everything:
        ways = at_most(ways, max(LEAST_WAYS, LINES - len(head) - len(near) - len(foot)))
    for line in (*head, *([""] if ways else []), *ways, *near, *foot):
        say(line)


def _summary(catalog: Catalog, covered: Coverage) -> Iterator[str]:
    paused = sum(1 for name in covered.jobs if catalog.jobs[name].paused)
    jobs = count(len(covered.jobs), "job")
    yield from folded(f"{covered.scope} covers {jobs}; a hold of it pauses {len(covered.jobs) - paused} of them.", room())
    kind, _, name = covered.scope.partition("/")
    if kind == "backfill" and (backfill := catalog.backfills.get(name)):
        expect, end = exact(backfill.expect), exact(backfill.default_end)
        said = f"{backfill.description} ({backfill.owner}): takes about {expect}; held for {end} unless you say until when."
        yield from folded(said, room())
    if kind == "season" and (season := catalog.seasons.get(name)):
        declared = (f"{one.first} to {one.last}" for one in catalog.season_entries.values() if one.season == season.name)
        yield from folded(f"It is open on these days, and closed on all others: {', '.join(declared)}.", room())
    if kind == "window" and (window := catalog.windows.get(name)):
        opens = whole(f'"{window.schedule}"')
        when = f"{opens} in {window.time_zone} for {exact(window.duration)}"
        yield from folded(f"{window.reason} ({window.owner}): opens {when}; it covers {', '.join(window.covers)}.", room())


def _when(catalog: Catalog, name: str) -> Iterator[str]:
    """The two best starts of the next seven days."""
    place = zone(usual_zone(catalog))
    starts = BackfillStarts(catalog, name, datetime.now(UTC), A_WEEK).best(most=2)
    first, *others = (f"{start.at.astimezone(place):%a %H:%M}" for start in starts)
    lost = starts[0].lost
    yield f"Best started {first} ({place.key}): {count(lost.jobs, 'job')} miss a run, {lost.unrecoverable} for good"
    for other in others:
        lost = starts[1].lost
        yield f"or {other}: {lost.jobs} and {lost.unrecoverable}; more: {interlock('backfill', 'plan', name)}"


def _cost(catalog: Catalog, covered: Coverage) -> Iterator[str]:
    """What is lost for good, whose pair goes on without it, and whom a hold changes nothing for."""
    jobs = [catalog.jobs[name] for name in covered.jobs]
    if lost := [job.name for job in jobs if not job.recoverable and not job.paused]:
        yield from folded(f"CAN'T BE FETCHED LATER, what these would fetch while they are held: {', '.join(lost)}", room())
    for name, others in left_running(catalog, covered.jobs).items():
        keeps = "keeps" if len(others) == 1 else "keep"
        yield from folded(f"{name}: its pair {' and '.join(others)} {keeps} running", room())
    for reason, alike in grouped((job for job in jobs if job.paused), why_not).items():
        yield from folded(f"{reason}: {', '.join(job.name for job in alike)}", room())


def _way_lines(covered: Coverage, notes: _Notes) -> Iterator[str]:
    """The covered jobs, those together that lead to the same tables on the same ways."""
    by_ways = grouped(covered.jobs, lambda name: tuple(_ways(covered.jobs[name], notes)))
    for ways, names in by_ways.items():
        yield f"{count(len(names), 'job')}{' over' if ways else ''}"
        for way in ways:
            yield from folded(way, room(), INDENT)
        yield from names_in_columns(names, room(), 2 * INDENT)


def _ways(reasons: tuple[Reason, ...], notes: _Notes) -> Iterator[str]:
    """For each protected table the worst conflict over the shortest chain, and how many more chains there are."""
    for best, more in _best_by_table(reasons):
        chain = arrows(best.chain.way) + (f" (and {more} more)" if more else "")
        if best.conflict is None:
            yield chain
            continue
        asked = (
            ""
            if is_real(best.conflict.severity)
            else "no conflict is expected, but the backfill asked for inputs that stand still. "
        )
        number = notes.number(f"{best.protects}: {asked}{best.conflict.why}")
        yield f"{chain}: {best.conflict.severity.label}{HARD_SPACE}{number}"


def _best_by_table(reasons: tuple[Reason, ...]) -> list[tuple[Reason, int]]:
    """For each table its strongest reason, of equal ones the one with the shortest chain, and the number of the others."""
    by_table = grouped(
        sorted(reasons, key=lambda reason: (-_severity(reason), len(reason.chain.processors))),
        lambda reason: reason.chain.table,
    )
    return [(same[0], len(same) - 1) for same in by_table.values()]


def _near_miss_lines(covered: Coverage, notes: _Notes) -> Iterator[str]:
    """The jobs that are left running, those together whose shortest chain and reason are the same."""

    def way(name: str) -> str:
        nears = covered.near_misses[name]
        shortest = min(nears, key=lambda near: len(near.chain.processors))
        more = f" (and {len(nears) - 1} more)" if len(nears) > 1 else ""
        return f"{arrows(shortest.chain.way)}{more} {notes.number(shortest.why)}"

    for said, names in grouped(covered.near_misses, way).items():
        yield from folded(said, room(), INDENT)
        yield from names_in_columns(names, room(), 2 * INDENT)

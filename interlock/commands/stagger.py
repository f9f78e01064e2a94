"""`interlock stagger`: other minutes for the jobs, so that fewer conflicts are expected, as a diff; written if asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from interlock.catalog import Catalog, Json
from interlock.commands import BAD_INPUT
from interlock.commands.show import find_job
from interlock.commands.timeline import parsed_day
from interlock.names import count
from interlock.reading.splice import Rewrite, SpliceError, rescheduled
from interlock.review.net import ratio, times
from interlock.review.staggering import Move, Proposal, Staggering
from interlock.terminal.common import Format, catalog_option, format_option, print_json, say_offline
from interlock.terminal.tables import folded, room, say, say_folded
from interlock.terminal.written import write as write_file
from interlock.timing.risk import RiskSearch
from interlock.timing.shifts import shifted
from interlock.timing.year import Year
from policies.staggering import StaggerLimits

INDENT = "    "
NAMED = 4
"""Jobs that a move no longer meets, or meets, that are named."""


@click.command()
@click.option("--job", "jobs", metavar="JOB", multiple=True, help="Move only that one; may be said several times.")
@click.option("--max-moves", "most", type=click.IntRange(min=1), metavar="N", help="At most so many, those that help most.")
@click.option("--write", is_flag=True, help="Write them into the files of the catalog: the schedules, and `was`.")
@click.option("--day", "day_text", metavar="DAY", help="Look at the year from that day on. Default: today.")
@catalog_option
@format_option
@click.pass_context
def command(
    ctx: click.Context, jobs: tuple[str, ...], most: int | None, write: bool, day_text: str | None, root: Path, style: Format
) -> None:
    """Other minutes within their hours for jobs that meet over tables, or start before what they read. Rules are kept."""
    catalog = say_offline(root)
    day = parsed_day(day_text, "--day") if day_text else datetime.now(UTC).date()
    named = {find_job(catalog, name).name for name in jobs} or None
    search = Staggering(catalog, day, StaggerLimits(catalog, day))
    proposal = search.propose(named, most)
    texts, why_not = dict[Path, str](), ""
    try:
        texts = _texts(catalog, proposal.moves, root)
    except SpliceError as error:
        why_not = str(error)
    if why_not and write:
        say_folded(f"Error: {why_not}", err=True)
        say("nothing was written.", err=True)
        ctx.exit(BAD_INPUT)
    span = Year(first=day).span
    before, after = (RiskSearch(one).over(span) for one in (catalog, proposal.after))
    if style == "json":
        print_json(as_json(proposal, ratio(after.total, before.total), ratio(after.too_early, before.too_early)))
    else:
        for line in _lines(catalog, proposal, search, named):
            say(line)
        if proposal.moves:
            say_folded(
                f"Conflicts expected: {times(after.total, before.total)} of today's; consumers that start too early: "
                f"{times(after.too_early, before.too_early)}."
            )
    if write:
        for path, text in texts.items():
            write_file(path.resolve(), text)
            say(f"wrote {path}", err=True)
    elif why_not:
        say_folded(f"Nothing is written, and --write could not: {why_not}.", err=style == "json")
    elif proposal.moves and style != "json":
        say("Nothing is written; the same with --write writes it.")


def _texts(catalog: Catalog, moves: Sequence[Move], root: Path) -> dict[Path, str]:
    """By file, its text with the moves."""
    by_file: dict[str, dict[str, Rewrite]] = {}
    for move in moves:
        by_file.setdefault(catalog.jobs[move.job].source.file, {})[move.job] = partial(shifted, by=move.by)
    found = {}
    for file, those in by_file.items():
        path = root.parent / file if (root.parent / file).is_file() else root / Path(file).relative_to(Path(file).parts[0])
        found[path] = rescheduled(path.read_bytes().decode(), those)
    return found


def as_json(proposal: Proposal, conflicts: float | None, too_early: float | None) -> Json:
    """For programs."""
    return {
        "moves": [
            {
                "job": move.job,
                "minutes": move.by,
                "old": move.old,
                "new": move.new,
                "gain": round(move.gain, 4),
                "no_longer_meets": list[Json](move.leaves),
                "follows_again": list[Json](move.follows),
                "followed_again_by": list[Json](move.followed),
                "meets": list[Json](move.meets),
                "too_early_more_a_week": round(move.too_early, 2),
                "better_minutes": move.better,
                "forbidden_by": move.forbidden or None,
            }
            for move in proposal.moves
        ],
        "conflicts_ratio": conflicts,
        "too_early_ratio": too_early,
    }


def _lines(catalog: Catalog, proposal: Proposal, search: Staggering, named: set[str] | None) -> Iterator[str]:
    moves = proposal.moves
    if not moves:
        yield "No move is worth it within the rules."
        for name in sorted(named or ()):
            yield from folded(f"{name}: {_best_without(search, name)}", room())
        return
    few = next(
        (n for n in range(1, len(moves)) if sum(m.gain for m in moves[:n]) >= 0.5 * sum(m.gain for m in moves)), len(moves)
    )
    part = sum(move.gain for move in moves[:few])
    yield from folded(
        f"{count(len(moves), 'move')}, best first. {_first(few)} away {part:.0%} of what is expected.",
        room(),
    )
    for move in moves:
        yield ""
        yield from _move(catalog, move)
    yield ""


def _first(few: int) -> str:
    return "The first one takes" if few == 1 else f"The first {few} take"


def _move(catalog: Catalog, move: Move) -> Iterator[str]:
    job = catalog.jobs[move.job]
    yield from folded(f"{move.job} ({job.source}): takes {move.gain:.1%} away", room())
    yield f'-{INDENT}schedule: "{move.old}"'
    yield f'+{INDENT}schedule: "{move.new}"'
    if job.was is None:
        yield f'+{INDENT}was: "{move.old}"'
    said = [f"{abs(move.by)} minutes {'later' if move.by > 0 else 'earlier'}"]
    said += [f"no longer meets {_named(move.leaves)}"] * bool(move.leaves)
    said += [f"no longer starts before {_named(move.follows)} that it reads"] * bool(move.follows)
    said += [f"no longer starts after {_named(move.followed)} that read it"] * bool(move.followed)
    said += [f"meets {_named(move.meets)} instead"] * bool(move.meets)
    if abs(move.too_early) >= 0.05:
        more = "more" if move.too_early > 0 else "fewer"
        said.append(f"{abs(move.too_early):.1f} {more} consumers a week start before a producer is done")
    yield from folded("; ".join(said), room(), INDENT, INDENT)
    if move.better is not None:
        yield from folded(_better(move.better, move.forbidden), room(), INDENT, INDENT)


def _better(by: int, why: str) -> str:
    return f"{abs(by)} minutes {'later' if by > 0 else 'earlier'} would be better still; {why} forbids it"


def _best_without(search: Staggering, name: str) -> str:
    better, why = search.better(name, {})
    if better is None:
        return "it is where the fewest conflicts are expected"
    return _better(better, why) if why else "another minute is better, and not by enough to be worth a change"


def _named(jobs: Sequence[str]) -> str:
    more = f" and {len(jobs) - NAMED} more" if len(jobs) > NAMED else ""
    return ", ".join(jobs[:NAMED]) + more

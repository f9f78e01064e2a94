"""`interlock risk`: how many conflicts the schedules are expected to bring, by pair, table and job, beside another catalog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Literal

import click

from interlock.catalog import Catalog, Json
from interlock.commands.timeline import parsed_day
from interlock.drawing.stagger import with_former_crons
from interlock.names import count
from interlock.reading.problems import SourceError
from interlock.review.net import ratio, times
from interlock.terminal.common import Format, catalog_option, format_option, print_json, say_offline
from interlock.terminal.refs import RefError, catalog_at
from interlock.terminal.tables import Table, kept, prose, say, say_folded
from interlock.timing.minutes import DAY, Span
from interlock.timing.risk import ACTIVE, EXPECT, MOST_ASSUMED, PARTITION, STATEMENTS, Risk, RiskSearch
from interlock.timing.year import Year

By = Literal["pair", "table", "job"]
SHOWN = 10
LONGEST = timedelta(days=366)
A_WEEK = timedelta(days=7)
MEANS = {
    ACTIVE: "active (the share of a job's starts that write)",
    STATEMENTS: "dml (how long the statements of a processor take)",
    EXPECT: "expect (how long a processor takes)",
    PARTITION: "named_by (which partition a run changes)",
}


@click.command()
@click.option("--by", type=click.Choice(["pair", "table", "job"]), default="pair", show_default=True, help="What to list.")
@click.option("--base", metavar="REF|FOLDER", help="Beside that: a git ref, or a folder.")
@click.option("--was", is_flag=True, help="Beside the schedules that `was` of the catalog keeps.")
@click.option("--week", metavar="DAY", help="The seven days from that one on.")
@click.option("--from", "start_text", metavar="DAY", help="From that day on, in UTC. Default: today.")
@click.option("--to", "end_text", metavar="DAY", help="Until before that day. Default: a year later.")
@click.option("--all", "everything", is_flag=True, help=f"All of them, not the first {SHOWN}.")
@catalog_option
@format_option
def command(
    by: By,
    base: str | None,
    was: bool,
    week: str | None,
    start_text: str | None,
    end_text: str | None,
    everything: bool,
    root: Path,
    style: Format,
) -> None:
    """Conflicts that the schedules are expected to bring in a week, on average, weighted by what comes of each.

    While a tenth of the figure rests on what nobody measured, only shares and ratios are shown: these hold all the same.
    """
    if base is not None and was:
        raise click.UsageError("--base and --was are two things to look beside; name one of them")
    span = _span(week, start_text, end_text)
    catalog = say_offline(root)
    found = _Found(span=span, now=RiskSearch(catalog).over(span), beside=None, name="")
    if base is not None or was:
        other = with_former_crons(catalog) if base is None else _other(base, root)
        name = "the schedules before the stagger (`was`)" if base is None else base
        found = _Found(span=span, now=found.now, beside=RiskSearch(other).over(span), name=name)
    if style == "json":
        print_json(as_json(found, by))
    else:
        _print(found, by, None if everything else SHOWN)


def _other(base: str, root: Path) -> Catalog:
    try:
        return catalog_at(base, root, past=True)
    except RefError as error:
        raise click.UsageError(f"--base: {error}") from None
    except SourceError as error:
        raise click.UsageError(f"--base: {base} has no catalog that can be read: {error.problems[0]}") from None


def _span(week: str | None, start_text: str | None, end_text: str | None) -> Span:
    """The days that are asked for, in UTC."""
    if week is not None and (start_text is not None or end_text is not None):
        raise click.UsageError("--week names seven days by itself; leave it out, or --from and --to")
    if week is not None:
        first = parsed_day(week, "--week")
        return _days(first, first + A_WEEK)
    first = parsed_day(start_text, "--from") if start_text else datetime.now(UTC).date()
    end = parsed_day(end_text, "--to") if end_text else Year(first=first).end
    if not first < end <= first + LONGEST:
        raise click.UsageError(f"{first} to {end} is no time of up to {LONGEST.days} days; --to is after --from")
    return _days(first, end)


def _days(first: date, end: date) -> Span:
    return Span(start=datetime.combine(first, time(), UTC), end=datetime.combine(end, time(), UTC))


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What is expected in a span, and of what it stands beside."""

    span: Span
    now: Risk
    beside: Risk | None
    name: str

    @property
    def is_known(self) -> bool:
        """Whether each figure says something by itself."""
        return self.now.is_known and (self.beside is None or self.beside.is_known)

    @property
    def days(self) -> str:
        """The first and the last day."""
        return f"{self.span.start:%Y-%m-%d} to {self.span.end - DAY:%Y-%m-%d}, UTC"


def rows_of(found: Risk, by: By) -> dict[tuple[str, ...], float]:
    """What is expected by pair, table or job, the worst first."""
    if by == "pair":
        return {tuple(pair): number for pair, number in found.by_pair().items()}
    return {(name,): number for name, number in (found.by_table() if by == "table" else found.by_job()).items()}


def as_json(found: _Found, by: By) -> Json:
    """For programs. Absolute figures are null while they rest on assumptions."""
    now, beside = found.now, found.beside
    before = rows_of(beside, by) if beside else {}
    return {
        "from": f"{found.span.start:%Y-%m-%d}",
        "to": f"{found.span.end:%Y-%m-%d}",
        "by": by,
        "a_week": _figure(now.total, known=found.is_known),
        "with_itself_a_week": _figure(now.own, known=found.is_known),
        "too_early_a_week": _figure(now.too_early, known=found.is_known),
        "ratio": ratio(now.total, beside.total) if beside else None,
        "too_early_ratio": ratio(now.too_early, beside.too_early) if beside else None,
        "beside": found.name or None,
        "assumed_share": round(now.assumed, 4),
        "assumed_keys": {key: round(share, 4) for key, share in missing(now).items()},
        "is_known": found.is_known,
        "rows": [
            {
                "names": list[Json](names),
                "share": number / now.total,
                "a_week": _figure(number, known=found.is_known),
                "ratio": ratio(number, before.get(names, 0.0)) if beside else None,
            }
            for names, number in rows_of(now, by).items()
        ],
    }


def _figure(number: float, *, known: bool) -> float | None:
    return round(number, 4) if known else None


def missing(found: Risk) -> dict[str, float]:
    """By key that nobody wrote, the share of the figure that rests on it, most first."""
    shares: dict[str, float] = {}
    for one in found.between:
        for key in one.because:
            shares[key] = shares.get(key, 0.0) + one.assumed / found.total
    return dict(sorted(shares.items(), key=lambda one: (-one[1], one[0])))


def _print(found: _Found, by: By, most: int | None) -> None:
    now, beside = found.now, found.beside
    for line in _summary(found):
        say_folded(line)
    say()
    rows, before = rows_of(now, by), rows_of(beside, by) if beside else {}
    table = Table(prose(by), kept("share"), *([kept("a week")] * found.is_known), *([kept("beside it")] * bool(beside)))
    for names, number in [*rows.items()][:most]:
        figures = [f"{number:.2f}"] * found.is_known
        against = [times(number, before.get(names, 0.0))] if beside else []
        table.row(" and ".join(names), f"{number / now.total:.1%}", *figures, *against)
    table.say()
    if most is not None and len(rows) > most:
        say(f"{len(rows) - most} more; --all shows them")


def _summary(found: _Found) -> Iterator[str]:
    now, beside = found.now, found.beside
    if not now.total:
        yield f"No conflict between jobs is expected, {found.days}."
    elif found.is_known:
        yield f"{now.total:.2f} conflicts between jobs are expected in a week, {found.days}, weighted by what comes of each."
    else:
        yield f"Conflicts between jobs that are expected in a week, {found.days}: shares and ratios only."
    if beside:
        yield f"{times(now.total, beside.total)} of {found.name}; consumers too early {times(now.too_early, beside.too_early)}."
    if now.total and now.assumed:
        yield from assumptions(now)
    if now.itself:
        jobs = {one.jobs[0] for one in now.itself}
        yield f"Not in it: {count(len(jobs), 'job')} may conflict with their own runs, which no other minute changes."


def assumptions(now: Risk) -> Iterator[str]:
    """What the figures rest on that nobody wrote, for people."""
    keys = "; ".join(f"{share:.0%} on {MEANS[key]}" for key, share in missing(now).items())
    yield f"{now.assumed:.0%} of it rests on what nobody wrote into the catalog: {keys}."
    if not now.is_known:
        can_be_found = missing(now).keys() & {ACTIVE, STATEMENTS}
        measured = f"; verify --measure finds {ACTIVE} and {STATEMENTS}" if can_be_found else ""
        yield f"With at most {MOST_ASSUMED:.0%} the figure itself is shown{measured}."

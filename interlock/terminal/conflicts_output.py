"""What `interlock verify --conflicts` asks of BigQuery, and prints: how many by week and table, beside what is expected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from interlock.catalog import Catalog, Json
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.adoption.jobs import Jobs
from interlock.gcp.verify.bigquery import endpoint_of
from interlock.names import count, plain
from interlock.terminal.tables import Table, kept, prose, say, say_folded
from interlock.timing.minutes import Span
from interlock.timing.risk import Risk, RiskSearch
from interlock.verify.conflicts import WEEK, Conflicts, found_in, monday
from interlock.verify.measured import LABEL, MOST_ROWS, Measured, Statement, measured

WEEKS = 4
"""Whole ones before this one, unless somebody says since when."""
SHOWN = 10
LABELS = {"interlock": "verify"}
NO_TABLE = "(the message names no table)"


def first_day(now: datetime) -> date:
    """From which day on, if nobody says so."""
    return monday(now.astimezone(UTC).date()) - WEEKS * WEEK


def read_conflicts(environment: Environment, since: date, now: datetime, says: Callable[[str], None]) -> Conflicts:
    """What BigQuery refused since a day, wherever the project has datasets. CloudError."""
    jobs = Jobs(environment.project, endpoint_of(environment), says, LABELS)
    rows = [row for location in jobs.locations() for row in jobs.refused(location, since)]
    return Conflicts(since=since, now=now, refused=found_in(rows))


def expected_in(catalog: Catalog, since: date, now: datetime) -> Risk:
    """What today's schedules make one expect of these days."""
    start = datetime.combine(since, time(), UTC)
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    return RiskSearch(catalog).over(Span(start=start, end=max(today, start + timedelta(days=1))))


def read_measured(
    environment: Environment, catalog: Catalog, since: date, now: datetime, says: Callable[[str], None]
) -> list[Measured]:
    """What the history since a day, until today, says of what the risk assumes. CloudError."""
    jobs = Jobs(environment.project, endpoint_of(environment), says, LABELS)
    until = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    found = list[Statement]()
    for location in jobs.locations():
        listed = jobs.labelled(location, since)
        if len(listed) >= MOST_ROWS:
            raise CloudError(f"BigQuery in {location} has {MOST_ROWS:,} statements or more; ask for fewer days: --since")
        found += listed
    return [*measured(catalog, found, datetime.combine(since, time(), UTC), until)]


def print_measured(found: Sequence[Measured], since: date) -> None:
    """For people: what to write where; nothing is written."""
    if not found:
        say_folded(
            f"Nothing can be measured since {since}: no job of the catalog has enough starts of which statements with the "
            f"label {LABEL} tell."
        )
        return
    say_folded(f"Measured in BigQuery's job history since {since}; copy what is right into the catalog, nothing is written.")
    for one in found:
        say()
        say_folded(f"{one.entry} ({one.source}): {one.why}")
        if one.said is not None:
            say(f"-    {one.key}: {one.said}")
        say(f"+    {one.key}: {one.value}")


def print_conflicts(found: Conflicts, expected: Risk, assumptions: Iterable[str], *, everything: bool) -> None:
    """For people."""
    days = f"{found.since} to {found.now:%Y-%m-%d}, UTC"
    if not found.total:
        say_folded(f"No conflict is in BigQuery's job history, {days}.")
    else:
        say_folded(f"{count(found.total, 'conflict')} in BigQuery's job history, {days}.")
    say()
    weeks = Table(prose("week of"), kept("conflicts"))
    for week, times in found.by_week.items():
        part = "" if week >= found.since else f", from {found.since}"
        part += ", so far" if found.now.astimezone(UTC).date() - week < WEEK else ""
        weeks.row(f"{week}{part}", str(times))
    weeks.say()
    _print_tables(found, expected, None if everything else SHOWN)
    say_folded(
        "Expected is what today's schedules bring between two jobs, weighted by what comes of each; the history has what was "
        "refused, whoever started it, and nothing of rows that were lost without an error."
    )
    for line in assumptions:
        say_folded(line)


def _print_tables(found: Conflicts, expected: Risk, most: int | None) -> None:
    by_table = expected.by_table()
    names = [*found.by_table, *(table for table in by_table if table not in found.by_table)]
    if not names:
        return
    table = Table(prose("table"), kept("conflicts"), kept("share"), kept("expected"), *([kept("a week")] * expected.is_known))
    for name in names[:most]:
        times, share = found.by_table.get(name, 0), by_table.get(name, 0.0)
        figures = [f"{share:.2f}"] * expected.is_known
        table.row(
            plain(name) or NO_TABLE,
            str(times),
            f"{times / found.total:.0%}" if found.total else "-",
            f"{share / expected.total:.0%}" if expected.total else "-",
            *figures,
        )
    table.say()
    if most is not None and len(names) > most:
        say(f"{len(names) - most} more; --all shows them")


def conflicts_json(found: Conflicts, expected: Risk) -> Json:
    """For programs. What is expected is null while it rests on assumptions; its shares hold all the same."""
    by_table = expected.by_table()
    return {
        "since": f"{found.since}",
        "conflicts": found.total,
        "weeks": [{"week": f"{week}", "conflicts": times} for week, times in found.by_week.items()],
        "expected_a_week": round(expected.total, 4) if expected.is_known else None,
        "assumed_share": round(expected.assumed, 4),
        "tables": [
            {
                "table": name or None,
                "conflicts": found.by_table.get(name, 0),
                "share": found.by_table.get(name, 0) / found.total if found.total else None,
                "expected_share": by_table.get(name, 0.0) / expected.total if expected.total else None,
            }
            for name in [*found.by_table, *(table for table in by_table if table not in found.by_table)]
        ],
    }


def measured_json(found: Sequence[Measured], since: date) -> Json:
    """For programs."""
    return {
        "since": f"{since}",
        "measured": [
            {
                "entry": one.entry,
                "source": f"{one.source}",
                "key": one.key,
                "said": one.said,
                "value": one.value,
                "why": one.why,
            }
            for one in found
        ],
    }

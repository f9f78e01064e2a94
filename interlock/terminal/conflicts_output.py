"""What `interlock verify --conflicts` asks of BigQuery, and prints: how many by week and table, beside what is expected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from interlock.apis import enable_command
from interlock.catalog import Catalog, Json
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.adoption.jobs import Jobs
from interlock.gcp.session import FORBIDDEN, NOT_FOUND, Refusal
from interlock.gcp.verify.bigquery import endpoint_of
from interlock.gcp.verify.monitoring import API as MONITORING
from interlock.gcp.verify.monitoring import logged
from interlock.labels import LABEL
from interlock.names import count, plain
from interlock.terminal.printed import interlock, make
from interlock.terminal.tables import Table, kept, prose, say, say_folded
from interlock.timing.minutes import Span
from interlock.timing.risk import Risk, RiskSearch
from interlock.verify.conflicts import METRIC, WEEK, Conflicts, found_in, monday
from interlock.verify.measured import MOST_ROWS, Measured, Statement, measured

WEEKS = 4
"""Whole ones before this one, unless somebody says since when."""
SHOWN = 10
LABELS = {"interlock": "verify"}
NO_TABLE = "(the message names no table)"


def first_day(now: datetime) -> date:
    """From which day on, if nobody says so."""
    return monday(now.astimezone(UTC).date()) - WEEKS * WEEK


def read_conflicts(environment: Environment, since: date, now: datetime, says: Callable[[str], None]) -> Conflicts:
    """What BigQuery refused since a day, wherever the project has datasets, and what the log metric counted. CloudError where
    the first can't be told."""
    jobs = Jobs(environment.project, endpoint_of(environment), says, LABELS)
    rows = [row for location in jobs.locations() for row in jobs.refused(location, since)]
    counted, unread = None, ""
    try:
        counted = logged(environment.project, since, now, says)
    except CloudError as error:
        unread = f"{error}".rstrip(".") + _next(error, environment.project)
    return Conflicts(since=since, now=now, refused=found_in(rows), logged=counted, unread=unread)


def _next(error: CloudError, project: str) -> str:
    """What to do where the log metric can't be read."""
    if not isinstance(error, Refusal):
        return ""
    if error.is_off:
        return f"; turn the API on: {enable_command((MONITORING,), project)}"
    if error.status == FORBIDDEN and not error.wants_quota_project:
        return f"; what it takes: {interlock('roles', '--actor', 'verifier', '--format', 'gcloud')}"
    if error.status == NOT_FOUND:
        return f"; the metric counts from when it is made: {make('deploy')}"
    return ""


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
    _print_weeks(found, expected)
    _print_tables(found, expected, None if everything else SHOWN)
    say_folded(
        "Expected is what today's schedules bring between two jobs, weighted by what comes of each; the history has what was "
        "refused, whoever started it, and nothing of rows that were lost without an error."
    )
    for line in assumptions:
        say_folded(line)


def _print_weeks(found: Conflicts, expected: Risk) -> None:
    metric = [kept("log metric")] * (found.logged is not None)
    weeks = Table(prose("week of"), kept("conflicts"), *metric, *([kept("expected")] * expected.is_known))
    for week, times in found.by_week.items():
        part = "" if week >= found.since else f", from {found.since}"
        part += ", so far" if found.now.astimezone(UTC).date() - week < WEEK else ""
        counted = found.logged_by_week[week]
        figures = [] if found.logged is None else ["-" if counted is None else str(counted)]
        figures += [f"{expected.total * found.days_of(week) / WEEK.days:.2f}"] * expected.is_known
        weeks.row(f"{week}{part}", str(times), *figures)
    weeks.say()
    if found.unread:
        say_folded(f"The log metric {METRIC} can't be read: {found.unread}")
    elif not found.logged:
        say_folded(f"The log metric {METRIC} has no value of these days: nothing was counted, or it was not there yet.")
    elif any((counted or 0) != found.by_week[week] for week, counted in found.logged_by_week.items()):
        say_folded(
            f"The log metric {METRIC} counts what the audit log says from when the metric was made, by when a statement ended "
            "and up to ten minutes late; the history goes by when one was created, where the project has datasets now. Of a "
            "week with - it has no value: nothing was counted, or it was not there yet."
        )
    say()


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
        "weeks": [
            {"week": f"{week}", "conflicts": times, "log_metric": found.logged_by_week[week]}
            for week, times in found.by_week.items()
        ],
        "log_metric_unread": found.unread or None,
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

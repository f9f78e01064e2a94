"""The conflicts that there were, by BigQuery's history of jobs and by the log metric: what to ask, and the answers by week and
table. Pure.

Two statements that change one table at once don't fail both: the one that BigQuery refuses says so, with the name of the table.
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-manipulation-language#dml-limitations
Writes that overwrite each other without an error are in no history.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from interlock.names import LOCATION, PROJECT, TABLE

WEEK = timedelta(days=7)
MOST_ROWS = 20_000
SAID = ("Could not serialize access to table", "aborted due to concurrent update")
"""How BigQuery says it, of a statement and of a transaction."""
METRIC, RESOURCE = "interlock-conflicts", "bigquery_project"
"""The log metric that counts what says so in the audit log, and the monitored resource of these entries."""
NAMED = "[A-Za-z0-9.:-]+[:.][A-Za-z0-9_]+[.][A-Za-z0-9_$-]+"
"""The table in such a message, with its project."""


class NoQuery(ValueError):
    """A name that is none of Google's, and gets into no statement; for people."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Statements of one day that BigQuery refused, as another one changed the same table."""

    day: date
    table: str
    """`dataset.table`; empty where the message names none."""
    times: int


@dataclass(frozen=True, kw_only=True)
class Conflicts:
    """What was refused from a day on, until now."""

    since: date
    now: datetime
    refused: tuple[Refused, ...]
    logged: Mapping[date, int] | None = None
    """What the log metric counted, by day, of those days that it has a value for; None where it can't be read."""
    unread: str = ""
    """Why that is; for people."""

    @property
    def total(self) -> int:
        """Of all tables and days."""
        return sum(one.times for one in self.refused)

    @cached_property
    def by_week(self) -> dict[date, int]:
        """By its Monday, in order; weeks without any, too."""
        found = Counter[date]()
        for one in self.refused:
            found[monday(one.day)] += one.times
        return {week: found[week] for week in self._weeks()}

    @cached_property
    def logged_by_week(self) -> dict[date, int | None]:
        """The same of the log metric; None for a week of which it has no value."""
        found = Counter[date]()
        for day, times in (self.logged or {}).items():
            found[monday(day)] += times
        return {week: found.get(week) for week in self._weeks()}

    def days_of(self, week: date) -> float:
        """How many days of a week are in question, the last one until now."""
        start = datetime.combine(max(week, self.since), time(), UTC)
        end = min(datetime.combine(week + WEEK, time(), UTC), self.now)
        return (end - start) / timedelta(days=1)

    def _weeks(self) -> Iterator[date]:
        first, last = monday(self.since), monday(self.now.astimezone(UTC).date())
        yield from (first + number * WEEK for number in range((last - first) // WEEK + 1))

    @cached_property
    def by_table(self) -> dict[str, int]:
        """The most first."""
        found = Counter[str]()
        for one in self.refused:
            found[one.table] += one.times
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def monday(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def table_of(named: str | None) -> str:
    """`dataset.table` of a table with its project, without the decorator of a partition; empty where nothing is named."""
    found = re.search(rf"(?P<table>{TABLE})$", (named or "").rpartition(":")[2].partition("$")[0])
    return found["table"] if found else ""


def refusals(project: str, location: str, since: date) -> str:
    """The statements of a project in a location that were refused since a day, by day and table. The parents of scripts, which
    repeat what their children say, are left out."""
    if not re.fullmatch(PROJECT, project):
        raise NoQuery(f"{project[:100]!a} is no project")
    region = location.lower()
    if not re.fullmatch(LOCATION, region):
        raise NoQuery(f"{location[:100]!a} is no location of BigQuery")
    said = " OR ".join(f'STRPOS(error_result.message, "{text}") > 0' for text in SAID)
    return (
        f'SELECT\n  CAST(creation_time AS DATE) AS day,\n  REGEXP_EXTRACT(error_result.message, "{NAMED}") AS named,\n'
        "  COUNT(*) AS times\n"
        f"FROM `{project}`.`region-{region}`.INFORMATION_SCHEMA.JOBS\n"
        f'WHERE creation_time >= TIMESTAMP "{since.isoformat()} 00:00:00+00" AND state = "DONE"\n'
        f'  AND COALESCE(statement_type, "") != "SCRIPT" AND ({said})\n'
        "GROUP BY day, named\nORDER BY day DESC, named"
    )


def found_in(rows: Iterable[tuple[date, str | None, int]]) -> tuple[Refused, ...]:
    """What the answers of all locations say."""
    times = Counter[tuple[date, str]]()
    for day, named, number in rows:
        times[day, table_of(named)] += number
    return tuple(Refused(day=day, table=table, times=number) for (day, table), number in sorted(times.items()))

"""What `interlock verify` prints: tables for people, statements for a shell, JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from interlock.catalog import Json
from interlock.drawing.markdown import plain
from interlock.environment import Environment
from interlock.holds import format_instant
from interlock.names import count
from interlock.terminal.common import cell, new_table, print_json, print_table, table_lines
from interlock.terminal.operating import say_end
from interlock.verify.columns import Columns, Said
from interlock.verify.queries import columns_of, for_bq, recent_inserts, recent_partitions
from interlock.verify.verdict import Aftermath, CountedDay, Looked, Verdict, Written

if TYPE_CHECKING:
    from rich.table import Table

SHOWN_DAYS = 4
"""Of the rows of a table; JSON has all."""
MAX_PROBLEM = 300
"""Characters of what BigQuery says of a table."""
VERDICT_STYLES = {Verdict.WRITTEN: "green", Verdict.NOT_WRITTEN: "red", Verdict.UNKNOWN: "red"}


def print_looked(aftermath: Aftermath, looked: Sequence[Looked]) -> None:
    """What was held, and the tables as BigQuery shows them."""
    _print_held(aftermath)
    if looked:
        print_table(_looked_table(aftermath, looked))
        for each in looked:
            if each.problem:
                click.echo(f"{each.written.table}: {plain(each.problem, MAX_PROBLEM)}")
        click.echo("Whose rows they are the tables do not say: a job that was not held may write them too.")
    for line in _remarks(aftermath):
        click.echo(line)
    if looked:
        verdicts = [each.verdict(aftermath.now) for each in looked]
        counted = (f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict if verdict in verdicts)
        click.echo(f"{count(len(looked), 'table')}: {', '.join(counted)}")


def print_statements(environment: Environment, aftermath: Aftermath, said: Said, why: str) -> None:
    """The same questions for who pastes them: all that is printed is text of a shell, comments and commands."""
    lines = ["BigQuery is not asked: " + plain(why, MAX_PROBLEM), _held_line(aftermath)]
    if aftermath.held:
        lines += table_lines(_held_table(aftermath))
    lines += _remarks(aftermath)
    for line in lines:
        _comment(line)
    tables = [written.table for written in aftermath.tables]
    unsaid = [table for table in tables if said.unseen(table).day is None]
    for sql in columns_of(environment.project, unsaid):
        _command(environment, sql, "Which columns there are, to be named by --day-column and --inserted-column:")
    for written in aftermath.tables:
        columns = said.unseen(written.table)
        shows = "rows by day" if columns.day else "partitions that were written since; name its columns for rows by day"
        expected = _expectation(written, aftermath.now)
        _command(
            environment, statement(environment, aftermath, written.table, columns), f"{written.table}: {shows}. {expected}"
        )


def statement(environment: Environment, aftermath: Aftermath, table: str, columns: Columns) -> str:
    """What to ask of a table that was not looked at: by the columns that were said, else what needs none."""
    if columns.day is None:
        return recent_partitions(environment.project, table, aftermath.since)
    return recent_inserts(environment.project, table, columns, aftermath.first_day)


def verify_json(environment: Environment, aftermath: Aftermath, said: Said, looked: Sequence[Looked], why: str) -> None:
    """Everything, for programs."""
    shown = {each.written.table: each for each in looked}
    print_json(
        {
            "since": format_instant(aftermath.since),
            "now": format_instant(aftermath.now),
            "not_asked": why or None,
            "gaps": [*aftermath.gaps],
            "unknown_jobs": [*aftermath.unknown],
            "jobs": [
                {
                    "name": job.name,
                    "held_by": [*job.scopes],
                    "since": format_instant(job.since),
                    "free": _iso(job.free),
                }
                for job in aftermath.held
            ],
            "tables": [
                _looked_json(shown[written.table], written, aftermath)
                if written.table in shown
                else _written_json(written, aftermath)
                | {"query": statement(environment, aftermath, written.table, said.unseen(written.table))}
                for written in aftermath.tables
            ],
        }
    )


def _written_json(written: Written, aftermath: Aftermath) -> dict[str, Json]:
    return {
        "table": written.table,
        "writers": [writer.held.name for writer in written.writers],
        "resumed": _iso(written.resumed),
        "runs_due": written.due(aftermath.now),
        "verdict": None,
    }


def _looked_json(each: Looked, written: Written, aftermath: Aftermath) -> dict[str, Json]:
    return _written_json(written, aftermath) | {
        "verdict": each.verdict(aftermath.now).name.lower(),
        "problem": each.problem or None,
        "day_column": each.columns.day,
        "inserted_column": each.columns.inserted,
        "last_insert": _iso(each.last_insert),
        "last_change": _iso(each.shape.modified) if each.shape else None,
        "rows": [
            {"day": day.day.isoformat() if day.day else None, "rows": day.rows, "last_insert": _iso(day.last_insert)}
            for day in each.days
        ],
        "query": each.sql or None,
    }


def _held_line(aftermath: Aftermath) -> str:
    jobs = count(len(aftermath.held), "job")
    return f"Held at any time since {_when(aftermath.since)}: {jobs}, which write {count(len(aftermath.tables), 'table')}"


def _print_held(aftermath: Aftermath) -> None:
    click.echo(_held_line(aftermath))
    if aftermath.held:
        print_table(_held_table(aftermath))


def _held_table(aftermath: Aftermath) -> Table:
    table = new_table(["job", "held by", "since", "free since"])
    off = {writer.held.name for written in aftermath.tables for writer in written.writers if writer.declared.paused}
    for job in aftermath.held:
        free = "paused by declaration" if job.name in off else say_end(job.free, aftermath.now) if job.free else "held still"
        by = ", ".join(job.scopes) or "by the ledger alone"
        table.add_row(cell(plain(job.name)), cell(plain(by)), say_end(job.since, aftermath.now), free)
    return table


def _looked_table(aftermath: Aftermath, looked: Sequence[Looked]) -> Table:
    now = aftermath.now
    table = new_table(
        ["table", "verdict", "writers free since", "runs due", "last insert", "last change", "rows by day", "goes by"]
    )
    for each in looked:
        verdict, resumed = each.verdict(now), each.written.resumed
        style = VERDICT_STYLES.get(verdict)
        table.add_row(
            cell(each.written.table),
            f"[{style}]{verdict}[/{style}]" if style else str(verdict),
            say_end(resumed, now) if resumed else "",
            str(each.written.due(now)),
            say_end(each.last_insert, now) if each.last_insert else "",
            say_end(each.shape.modified, now) if each.shape and each.shape.modified else "",
            cell(_rows(each.days)),
            cell(_basis(each)),
        )
    return table


def _rows(days: Sequence[CountedDay]) -> str:
    shown = ", ".join(f"{day.day or 'not in a partition yet'}: {day.rows}" for day in days[:SHOWN_DAYS])
    return f"{shown}, ..." if len(days) > SHOWN_DAYS else shown


def _basis(each: Looked) -> str:
    """By what it goes, as the choice may be wrong."""
    if each.shape is None:
        return ""
    columns = each.columns
    inserted = f"last insert by {plain(columns.inserted)}" if columns.inserted else "last change, whatever it was"
    return f"{f'{plain(columns.day)}; ' if columns.day else ''}{inserted}"


def _remarks(aftermath: Aftermath) -> list[str]:
    """What is not known."""
    lines = [f"the catalog has no job {plain(name)}: what it writes is not known" for name in aftermath.unknown]
    return [*lines, *(f"not known: {gap}" for gap in aftermath.gaps)]


def _expectation(written: Written, now: datetime) -> str:
    writers = ", ".join(writer.held.name for writer in written.writers)
    if (resumed := written.resumed) is None:
        return f"Its writers are held or paused: {writers}"
    return f"Free since {_when(resumed)}, {count(written.due(now), 'run')} due by now: {writers}"


def _command(environment: Environment, sql: str, about: str) -> None:
    click.echo("")
    _comment(about)
    click.echo(for_bq(environment.project, sql))


def _comment(line: str) -> None:
    click.echo(f"# {line}".rstrip())


def _when(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _iso(instant: datetime | None) -> str | None:
    return format_instant(instant) if instant else None

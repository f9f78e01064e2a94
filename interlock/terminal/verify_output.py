"""What `interlock verify` prints: tables for people, statements for a shell, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from interlock.catalog import Json
from interlock.environment import Environment
from interlock.holds import format_end, format_instant
from interlock.names import count, plain
from interlock.terminal.common import print_json
from interlock.terminal.tables import (
    Table,
    at_most,
    folded,
    grouped,
    kept,
    names_in_columns,
    prose,
    room,
    say,
    say_folded,
    whole,
)
from interlock.verify.columns import Columns, Said
from interlock.verify.history import HeldJob
from interlock.verify.queries import columns_of, for_bq, recent_inserts, recent_partitions
from interlock.verify.verdict import Aftermath, CountedDay, Looked, Verdict, Written

SHOWN_DAYS = 4
"""Of the rows of a table; JSON has all."""
MAX_PROBLEM = 300
"""Characters of what BigQuery says of a table."""
COMMENT = "# "
FEW_TABLES = 4
"""Whose statements are printed unasked; a statement takes ten lines, and a backfill's jobs write dozens of tables."""
MOST_HELD, MOST_BAD, MOST_FINE, MOST_EXPECTED = 14, 20, 16, 30
"""Lines of a part, unless all is asked for."""
BAD = (Verdict.NOT_WRITTEN, Verdict.UNKNOWN)
VERDICT_STYLES = {Verdict.WRITTEN: "green", Verdict.NOT_WRITTEN: "red", Verdict.UNKNOWN: "red"}


def print_looked(aftermath: Aftermath, looked: Sequence[Looked], *, everything: bool) -> None:
    """What was held, and the tables as BigQuery shows them: first those that nobody wrote, or that can't be told."""
    held = [*_held_lines(aftermath, room())]
    for line in held if everything else at_most(held, MOST_HELD):
        say(line)
    by_verdict = grouped(looked, lambda each: each.verdict(aftermath.now))
    for verdict in sorted(by_verdict, key=lambda verdict: (verdict not in BAD, [*Verdict].index(verdict))):
        say()
        say(f"{count(len(by_verdict[verdict]), 'table')} {verdict}", style=VERDICT_STYLES.get(verdict))
        lines = [*_looked_lines(aftermath, by_verdict[verdict])]
        for line in lines if everything else at_most(lines, MOST_BAD if verdict in BAD else MOST_FINE):
            say(line)
    if looked:
        say()
        say_folded("Whose rows they are the tables do not say: a job that was not held may write them too.")
    for line in _remarks(aftermath, room()):
        say(line)
    if looked:
        counted = (f"{len(by_verdict[verdict])} {verdict}" for verdict in Verdict if verdict in by_verdict)
        say_folded(f"{count(len(looked), 'table')}: {', '.join(counted)}")


def print_statements(
    environment: Environment, aftermath: Aftermath, said: Said, why: str, *, everything: bool, again: str
) -> None:
    """The same questions for who pastes them: all that is printed is text of a shell, comments and commands. More than a few
    are printed only when all is asked for, or by the command `again`."""
    columns = room() - len(COMMENT)
    held = [*_held_lines(aftermath, columns)]
    for line in folded("BigQuery is not asked: " + plain(why, MAX_PROBLEM), columns):
        _comment(line)
    for line in (*(held if everything else at_most(held, MOST_HELD)), *_remarks(aftermath, columns)):
        _comment(line)
    if everything or len(aftermath.tables) <= FEW_TABLES:
        for statement_lines in _statements(environment, aftermath, said, columns):
            for line in statement_lines:
                say(line)
        return
    for line in at_most([*_expected_lines(aftermath, columns)], MOST_EXPECTED):
        _comment(line)
    _comment(f"The {len(aftermath.tables)} statements for a shell:")
    _comment(f"  {again}")


def _statements(environment: Environment, aftermath: Aftermath, said: Said, columns: int) -> Iterator[list[str]]:
    tables = [written.table for written in aftermath.tables]
    unsaid = [table for table in tables if said.unseen(table).day is None]
    for sql in columns_of(environment.project, unsaid):
        about = "Which columns there are, to be named by --day-column and --inserted-column:"
        yield _command(environment, sql, folded(about, columns))
    for written in aftermath.tables:
        seen = said.unseen(written.table)
        shows = "rows by day" if seen.day else "partitions that were written since; name its columns for rows by day"
        about = f"{written.table}: {shows}. {_expectation(written)}"
        yield _command(environment, statement(environment, aftermath, written.table, seen), folded(about, columns))


def _expected_lines(aftermath: Aftermath, columns: int) -> Iterator[str]:
    """When the writers of each table are free, and how many runs are due, instead of statements."""
    table = Table("table", "writers", kept("runs due"))
    for written in aftermath.tables:
        free = f"free since {_said(written.resumed, aftermath)}" if written.resumed else "held or paused"
        table.row(written.table, free, str(written.due(aftermath.now)))
    yield from table.lines(columns)


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


def _held_lines(aftermath: Aftermath, columns: int) -> Iterator[str]:
    """What was held, the jobs together that the same held over the same time."""
    jobs = count(len(aftermath.held), "job")
    what = f"{jobs}, which write {count(len(aftermath.tables), 'table')}"
    yield from folded(f"Held at any time since {whole(_when(aftermath.since))}: {what}", columns)
    off = {writer.held.name for written in aftermath.tables for writer in written.writers if writer.declared.paused}

    def how(job: HeldJob) -> str:
        by = plain(", ".join(job.scopes)) or "by the ledger alone"
        free = f"free since {whole(_said(job.free, aftermath))}" if job.free else "held still"
        return f"{by} since {whole(_said(job.since, aftermath))}, {'paused by declaration' if job.name in off else free}"

    for said, alike in grouped(aftermath.held, how).items():
        yield from folded(f"{count(len(alike), 'job')}: {said}", columns)
        yield from names_in_columns([plain(job.name) for job in alike], columns)


def _looked_lines(aftermath: Aftermath, looked: Sequence[Looked]) -> Iterator[str]:
    """The tables of one verdict; what BigQuery says against one below."""
    now = aftermath.now
    table = Table(
        "table", "writers free since", kept("runs due"), "last insert", "last change", prose("rows by day"), prose("goes by")
    )
    for each in looked:
        resumed = each.written.resumed
        table.row(
            each.written.table,
            _said(resumed, aftermath) if resumed else "",
            str(each.written.due(now)),
            _said(each.last_insert, aftermath) if each.last_insert else "",
            _said(each.shape.modified, aftermath) if each.shape and each.shape.modified else "",
            _rows(each.days),
            _basis(each),
        )
    yield from table.lines(room())
    for each in looked:
        if each.problem:
            yield from folded(f"{each.written.table}: {plain(each.problem, MAX_PROBLEM)}", room())


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


def _remarks(aftermath: Aftermath, columns: int) -> Iterator[str]:
    """What is not known."""
    for name in aftermath.unknown:
        yield from folded(f"the catalog has no job {plain(name)}: what it writes is not known", columns)
    for gap in aftermath.gaps:
        yield from folded(f"not known: {gap}", columns)


def _expectation(written: Written) -> str:
    writers = ", ".join(writer.held.name for writer in written.writers)
    if (resumed := written.resumed) is None:
        return f"Its writers are held or paused: {writers}"
    return f"Its writers are free since {_when(resumed)}: {writers}"


def _command(environment: Environment, sql: str, about: Sequence[str]) -> list[str]:
    return ["", *(f"{COMMENT}{line}" for line in about), *for_bq(environment.project, sql).split("\n")]


def _comment(line: str) -> None:
    say(f"{COMMENT}{line}")


def _said(instant: datetime, aftermath: Aftermath) -> str:
    return format_end(instant, aftermath.place, aftermath.now)


def _when(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _iso(instant: datetime | None) -> str | None:
    return format_instant(instant) if instant else None

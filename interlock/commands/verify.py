"""`interlock verify`: whether the tables of the jobs that were held are written again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import click
from click.core import ParameterSource

from interlock.catalog import Catalog
from interlock.commands.risk import assumptions
from interlock.declare import declare
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.clock import clock
from interlock.gcp.verify.bigquery import CantTell, NoCredentials, Warehouse, endpoint_of
from interlock.gcp.verify.history import keeps_versions, read_contents, read_versions
from interlock.graph import chains, scopes
from interlock.names import did_you_mean
from interlock.reading.files import load_catalog
from interlock.terminal.common import Format, Place, catalog_option, env_option, format_option, print_json
from interlock.terminal.conflicts_output import (
    conflicts_json,
    expected_in,
    first_day,
    measured_json,
    print_conflicts,
    print_measured,
    read_conflicts,
    read_measured,
)
from interlock.terminal.ends import clock_of_readers, own_zone
from interlock.terminal.printed import again, make
from interlock.terminal.tables import say
from interlock.terminal.verify_output import BAD, print_looked, print_statements, verify_json
from interlock.timing.until import parse_since
from interlock.verify.columns import NoSuchColumn, Said, choose, parse_said
from interlock.verify.history import HeldJob, gaps, held_jobs, holds_between, marks_between
from interlock.verify.queries import Unquotable, recent_inserts
from interlock.verify.verdict import Aftermath, Looked, Written, written_tables

MAX_CONCURRENT = 8
GIB = 2**30


@click.command()
@click.option("--since", default="24h", show_default=True, metavar="T", help="24h, 23:00, 2026-11-24 07:00, or RFC 3339.")
@click.option(
    "--scope",
    "named",
    multiple=True,
    metavar="SCOPE",
    help="Taken as held until T, which --since must say; no bucket is asked.",
)
@click.option(
    "--day-column", "days", multiple=True, metavar="[TABLE=]COLUMN", help="What a table's day is. Default: its partition."
)
@click.option(
    "--inserted-column", "inserted", multiple=True, metavar="[TABLE=]COLUMN", help="What says when a row was inserted."
)
@click.option("--conflicts", is_flag=True, help="Instead: conflicts in BigQuery's history by week, beside what is expected.")
@click.option("--measure", is_flag=True, help="Instead: `active`, `dml` and `expect` by BigQuery's history, for the catalog.")
@click.option("--print", "only_print", is_flag=True, help="Print the statements for bq; BigQuery is not asked.")
@click.option("--all", "everything", is_flag=True, help="Every job, table and statement, however many there are.")
@click.option("--max-gib", default=10, show_default=True, type=click.IntRange(1, 10_000), help="What one query may scan.")
@catalog_option
@env_option
@format_option
@click.pass_context
def command(
    ctx: click.Context,
    since: str,
    named: tuple[str, ...],
    days: tuple[str, ...],
    inserted: tuple[str, ...],
    conflicts: bool,
    measure: bool,
    only_print: bool,
    everything: bool,
    max_gib: int,
    root: Path,
    env_name: str,
    style: Format,
) -> None:
    """After a resume: rows by day and the last insert of each table that the jobs which were held since T write.

    What was held is told by the old versions of the bucket's flags, holds and ledger, which are kept for 90 days.
    A table's day is the column that partitions it, and the time of insertion is found by its name (created_at, ...); say it
    where that is wrong. Where BigQuery can't be asked the statements are printed, ready for a shell; those of many tables by
    --print only.

    With --conflicts, by default of the last four weeks: the statements that BigQuery refused since another one changed the
    same table at once. With --measure, likewise: by the statements that have the label of their job, which share of its
    starts write, and how long its processors and their statements take.

    Exit code 1: a table was not written although a run was due, or can't be told.
    """
    place = Place(env_name)
    if named and ctx.get_parameter_source("since") is ParameterSource.DEFAULT:
        raise click.UsageError(
            f"--scope needs --since: it asks no bucket, so only you can say when the jobs were free again; without --scope "
            f"the bucket tells both: {make('verify')}"
        )
    if conflicts or measure:
        if conflicts and measure:
            raise click.UsageError("--conflicts and --measure are two questions; ask one of them")
        if named or days or inserted or only_print:
            asked = "--conflicts" if conflicts else "--measure"
            raise click.UsageError(f"{asked} asks of all tables: no --scope, --day-column, --inserted-column or --print")
        is_default = ctx.get_parameter_source("since") is ParameterSource.DEFAULT
        catalog, begin = load_catalog(root), None if is_default else since
        if conflicts:
            _conflicts(place.cloud, catalog, begin, style, everything=everything)
        else:
            _measure(place.environment, catalog, begin, style, everything=everything)
        return
    said = _said(days, inserted)
    catalog = load_catalog(root)
    environment = place.environment if named else place.cloud
    now = clock()
    period = _period(since, now)
    aftermath = _aftermath(environment, catalog, period, now, named)
    why = "--print" if only_print else ""
    looked: Sequence[Looked] = ()
    if not why and aftermath.tables:
        try:
            warehouse = Warehouse(environment.project, endpoint_of(environment), max_gib * GIB)
            looked = _look(environment, warehouse, aftermath, said)
        except NoCredentials as error:
            why = str(error)
    if style == "json":
        verify_json(environment, aftermath, said, looked, why)
    elif why:
        print_statements(environment, aftermath, said, why, everything=everything or only_print, again=f"{again()} --print")
    else:
        print_looked(aftermath, looked, everything=everything)
    ctx.exit(1 if any(table.verdict(now) in BAD for table in looked) else 0)


def _period(since: str, now: datetime) -> datetime:
    try:
        return parse_since(since, now, own_zone())
    except (ValueError, OverflowError) as error:
        raise click.UsageError(f"--since: {error}") from None


def _conflicts(environment: Environment, catalog: Catalog, since: str | None, style: Format, *, everything: bool) -> None:
    now = clock()
    day = first_day(now) if since is None else _period(since, now).astimezone(UTC).date()
    found = read_conflicts(environment, day, now, lambda line: say(line, err=True))
    expected = expected_in(catalog, day, now)
    if style == "json":
        print_json(conflicts_json(found, expected))
    else:
        print_conflicts(found, expected, assumptions(expected) if expected.total else (), everything=everything)


def _measure(environment: Environment, catalog: Catalog, since: str | None, style: Format, *, everything: bool) -> None:
    del everything  # each line is one to copy
    now = clock()
    day = first_day(now) if since is None else _period(since, now).astimezone(UTC).date()
    if day >= now.astimezone(UTC).date():
        raise click.UsageError("--since: only whole days are measured; say 48h or more")
    found = read_measured(environment, catalog, day, now, lambda line: say(line, err=True))
    if style == "json":
        print_json(measured_json(found, day))
    else:
        print_measured(found, day)


def _said(days: Sequence[str], inserted: Sequence[str]) -> Said:
    try:
        return Said(day=parse_said(days), inserted=parse_said(inserted))
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _aftermath(environment: Environment, catalog: Catalog, since: datetime, now: datetime, named: Sequence[str]) -> Aftermath:
    known = scopes(catalog)
    if named:
        held, unsure = (
            _named(known, named, since),
            ["when the jobs were held: they are taken as free since then, as --scope says"],
        )
    else:
        held, unsure = _held(environment, known, since, now)
    tables = written_tables(chains(catalog), declare(catalog, environment).jobs, held)
    unknown = tuple(job.name for job in held if job.name not in catalog.jobs)
    return Aftermath(
        since=since,
        now=now,
        place=clock_of_readers(catalog.jobs.values()),
        held=tuple(held),
        tables=tuple(tables),
        unknown=unknown,
        gaps=tuple(unsure),
    )


def _held(
    environment: Environment, known: Mapping[str, tuple[str, ...]], since: datetime, now: datetime
) -> tuple[list[HeldJob], list[str]]:
    """What the bucket tells, and where that ends."""
    project, bucket = environment.project, environment.bucket
    try:
        versions = read_versions(project, bucket)
        holds = read_contents(project, bucket, holds_between(versions, since, now))
    except CloudError as error:
        raise CloudError(f"{error}; without it, say what was held, and until when: --scope backfill/NAME --since T") from error
    held = held_jobs(holds, marks_between(versions, since, now), known, now)
    return held, gaps(since, now, keeps_versions(project, bucket))


def _named(known: Mapping[str, tuple[str, ...]], named: Sequence[str], since: datetime) -> list[HeldJob]:
    """The jobs of the scopes that somebody named, as if they had been held until `since`."""
    by_job: dict[str, set[str]] = {}
    for scope in named:
        if scope not in known:
            raise click.UsageError(f"the catalog knows no scope {scope[:100]!a}{did_you_mean(scope, list(known))}")
        for job in known[scope]:
            by_job.setdefault(job, set()).add(scope)
    return [HeldJob(name=job, since=since, free=since, scopes=tuple(sorted(by))) for job, by in sorted(by_job.items())]


def _look(environment: Environment, warehouse: Warehouse, aftermath: Aftermath, said: Said) -> list[Looked]:
    """Every table, several at a time."""
    look = partial(_look_at, environment, warehouse, aftermath.first_day, said)
    with ThreadPoolExecutor(max_workers=MAX_CONCURRENT) as pool:
        return list(pool.map(look, aftermath.tables))


def _look_at(environment: Environment, warehouse: Warehouse, since: date, said: Said, written: Written) -> Looked:
    """One table; what is wrong with it keeps no other from being looked at."""
    looked = Looked(written=written)
    try:
        shape = warehouse.shape(written.table)
        columns = choose(shape, said.of(written.table))
        looked = Looked(written=written, shape=shape, columns=columns)
        if columns.day is None:
            return looked
        sql = recent_inserts(environment.project, written.table, columns, since)
        found = warehouse.days(sql, shape.location)
        return Looked(written=written, shape=shape, columns=columns, days=tuple(found), sql=sql)
    except (CantTell, NoSuchColumn, Unquotable) as error:
        return Looked(written=written, shape=looked.shape, columns=looked.columns, problem=str(error))

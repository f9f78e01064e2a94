"""What a BigQuery job does to a table, by its type and its statement: kinds of access. Pure.

INFORMATION_SCHEMA.JOBS has neither write dispositions nor what a DDL statement did; jobs.get has both, so one job of a kind is
read there (a `Sample`). Where that can't be had, the kinds are all that it may have been: a table too many is held, not one too
few. https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationLoad (writeDisposition),
https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics2 (statementType, ddlOperationPerformed)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from interlock.access import Kind

QUERY, LOAD, COPY = "QUERY", "LOAD", "COPY"
TRUNCATE = "TRUNCATE_TABLE"
READS: frozenset[Kind] = frozenset({Kind.READ})
NOTHING: frozenset[Kind] = frozenset()
EITHER: frozenset[Kind] = frozenset({Kind.APPEND, Kind.TRUNCATE})

_BY_STATEMENT: Mapping[str, frozenset[Kind]] = {
    "INSERT": frozenset({Kind.INSERT}),
    "UPDATE": frozenset({Kind.MUTATE}),
    "DELETE": frozenset({Kind.MUTATE}),
    "MERGE": frozenset({Kind.MUTATE}),
    TRUNCATE: frozenset({Kind.TRUNCATE}),
    "CREATE_TABLE_AS_SELECT": frozenset({Kind.TRUNCATE}),
    "CREATE_SNAPSHOT_TABLE": frozenset({Kind.TRUNCATE}),
    "DROP_TABLE": frozenset({Kind.TRUNCATE}),
    "LOAD_DATA": EITHER,
}
"""By statement, what it does to its destination. Of others (views, functions, models, ALTER) no row changes."""
_BY_DISPOSITION: Mapping[str, frozenset[Kind]] = {
    "WRITE_APPEND": frozenset({Kind.APPEND}),
    "WRITE_EMPTY": frozenset({Kind.APPEND}),
    "WRITE_TRUNCATE": frozenset({Kind.TRUNCATE}),
    "WRITE_TRUNCATE_DATA": frozenset({Kind.TRUNCATE}),
}
_BY_DDL: Mapping[str, frozenset[Kind]] = {
    "CREATE": NOTHING,
    "SKIP": NOTHING,
    "REPLACE": frozenset({Kind.TRUNCATE}),
}
"""Of CREATE TABLE without a query; IF NOT EXISTS on a table that is there is a SKIP."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What jobs.get says of one job and JOBS does not."""

    disposition: str = ""
    ddl: str = ""
    sources: tuple[tuple[str, str, str], ...] = ()
    """Project, dataset and table of what a copy or an extract reads."""


UNKNOWN = Sample()


def needs_sample(job_type: str, statement: str) -> bool:
    """Whether JOBS leaves open what such a job does to its destination, or what it reads."""
    return job_type in (LOAD, COPY) or (job_type == QUERY and statement in ("SELECT", "CREATE_TABLE"))


def kinds_of(job_type: str, statement: str, sample: Sample = UNKNOWN) -> frozenset[Kind]:
    """What such a job does to its destination; empty for what changes no row of it."""
    if job_type in (LOAD, COPY) or (job_type, statement) == (QUERY, "SELECT"):
        return _BY_DISPOSITION.get(sample.disposition, EITHER)
    if job_type != QUERY:
        return NOTHING
    if statement == "CREATE_TABLE":
        return _BY_DDL.get(sample.ddl, frozenset({Kind.TRUNCATE}))
    return _BY_STATEMENT.get(statement, NOTHING)


def said(job_type: str, statement: str, sample: Sample = UNKNOWN) -> str:
    """The job in a word or two, as BigQuery names it: `MERGE`, `LOAD WRITE_APPEND`."""
    name = statement if job_type == QUERY else job_type
    more = sample.disposition if name in (LOAD, COPY, "SELECT") else sample.ddl if name == "CREATE_TABLE" else ""
    return f"{name} {more}".strip()

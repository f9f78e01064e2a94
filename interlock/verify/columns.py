"""Which column of a table is its day, and which has the time of insertion: as somebody said, or as BigQuery describes it.

The catalog has no columns. The day is the column that the table is partitioned by; a table without partitions of time goes by
the day of insertion. BigQuery marks no column as the time of insertion, so that one is found by its name, and the output says
by which.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from interlock.names import TABLE, did_you_mean

COLUMN = r"[A-Za-z_][A-Za-z0-9_]{0,299}"
"""Of the names that BigQuery takes, those that need no flexible column names:
https://cloud.google.com/bigquery/docs/schemas#column_names"""
PARTITION_TIME = "_PARTITIONTIME"
"""The pseudo column of a table that is partitioned by ingestion time; NULL for rows in the streaming buffer:
https://cloud.google.com/bigquery/docs/querying-partitioned-tables#query_an_ingestion-time_partitioned_table"""
DAY_TYPES = frozenset({"DATE", "DATETIME", "TIMESTAMP"})
INSTANT_TYPES = ("TIMESTAMP", "DATETIME")
"""Types that can state when; a DATETIME is read as UTC."""
INSERTED = ("created_at", "inserted_at", "ingested_at", "loaded_at", "processed_at", "updated_at")
"""Names that columns of the time of insertion have, the surest first; an update may move the last two."""

SHOWN = 100
"""Characters of a wrong name in a message."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What BigQuery describes of a table without a query. `columns` maps the names of its top-level columns to their types."""

    columns: Mapping[str, str]
    partitioned_by: str | None
    """The column of time partitioning, or the pseudo column of ingestion time; None for a table without."""
    rows: int | None
    """Without those in the streaming buffer; None for a view."""
    modified: datetime | None
    """When its data or its schema last changed."""
    location: str | None = None
    """Where BigQuery keeps it; queries run there."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What a query goes by; None for what is not known."""

    day: str | None = None
    inserted: str | None = None


class NoSuchColumn(ValueError):
    """A column that somebody named is not there, or can't be used; for people."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What was said on the command line: for all tables under the key None, or for one."""

    day: Mapping[str | None, str]
    inserted: Mapping[str | None, str]

    def of(self, table: str) -> Columns:
        """What was said of `table`: what names it comes before what names none."""
        return Columns(day=self.day.get(table, self.day.get(None)), inserted=self.inserted.get(table, self.inserted.get(None)))

    def unseen(self, table: str) -> Columns:
        """The same for a table that can't be read: without a day its rows go by the day of insertion."""
        said = self.of(table)
        return Columns(day=said.day or said.inserted, inserted=said.inserted)


def parse_said(words: Sequence[str]) -> dict[str | None, str]:
    """Options of the form COLUMN or DATASET.TABLE=COLUMN, by table. ValueError with a sentence for people."""
    said: dict[str | None, str] = {}
    for word in words:
        table, equals, column = word.rpartition("=")
        if equals and not re.fullmatch(TABLE, table):
            raise ValueError(f"{table[:SHOWN]!a} is no table; write DATASET.TABLE=COLUMN, or COLUMN for all tables")
        if not re.fullmatch(COLUMN, column):
            raise ValueError(f"{column[:SHOWN]!a} is no name of a column; write DATASET.TABLE=COLUMN, or COLUMN for all tables")
        said[table or None] = column
    return said


def choose(shape: Shape, said: Columns) -> Columns:
    """The columns to go by in a table that looks like `shape`. NoSuchColumn when one that was named does not fit."""
    by_name = {name.lower(): name for name, kind in shape.columns.items() if kind in INSTANT_TYPES}
    found = next((by_name[name] for name in INSERTED if name in by_name), None)
    inserted = _checked(shape, said.inserted, INSTANT_TYPES) if said.inserted else found
    day = _checked(shape, said.day, DAY_TYPES) if said.day else shape.partitioned_by
    return Columns(day=day or inserted, inserted=inserted)


def _checked(shape: Shape, column: str, kinds: Sequence[str] | frozenset[str]) -> str:
    """The column as the table spells it; BigQuery takes upper and lower case for the same."""
    named = {name.lower(): name for name in shape.columns}
    if column.upper() == PARTITION_TIME == shape.partitioned_by:
        return PARTITION_TIME
    if column.lower() not in named:
        raise NoSuchColumn(f"it has no column {column}{did_you_mean(column, list(shape.columns))}")
    name = named[column.lower()]
    if (kind := shape.columns[name]) not in kinds:
        raise NoSuchColumn(f"its column {name} is a {kind}, no {' or '.join(sorted(kinds))}")
    return name

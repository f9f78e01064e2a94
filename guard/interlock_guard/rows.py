"""Rows as BigQuery takes them: checked before anything is sent, so that a bad row costs no job. Pure."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TypeAlias

Row = Mapping[str, object]
Comparable: TypeAlias = "str | int | date"

COMPARABLE: dict[str, type[Comparable]] = {"STRING": str, "INTEGER": int, "INT64": int, "DATE": date}
"""Types of columns that keys and partitions may have, and what a value is in Python: equality means the same in both."""
LARGEST_EXACT = 2**53 - 1
"""The largest integer that is itself as a floating-point number, and so is the next."""
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
"""What a load job takes for a DATE. `date.fromisoformat` takes other forms since Python 3.11."""
PARTITION_TYPES = ("DATE", "INTEGER", "INT64")


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column whose values are compared: a key's or the partition's."""

    name: str
    type: str
    """BigQuery's: STRING, INTEGER, DATE."""


def plain(rows: Iterable[Row]) -> list[dict[str, object]]:
    """The rows with only what JSON has: instants, dates, times and decimals as BigQuery writes them, bytes in base64.

    A value that JSON has no word for, NaN included, is a ValueError that names the row, from 0.
    """
    made = []
    for number, row in enumerate(rows):
        try:
            made.append(json.loads(json.dumps(dict(row), default=_as_text, allow_nan=False)))
        except (TypeError, ValueError) as error:
            raise ValueError(f"row {number} can't be written as JSON: {error}") from error
    return made


def newline_delimited(rows: Iterable[Row], documents: Collection[str] = ()) -> bytes:
    """One JSON object a line, as load jobs read it; `documents` as of `with_large_integers_as_text`."""
    said = (with_large_integers_as_text(row, documents) for row in rows)
    return b"".join(json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n" for row in said)


def with_large_integers_as_text(row: Row, documents: Collection[str] = ()) -> dict[str, object]:
    """The row with integers beyond 2**53 as text: as numbers of JSON they may lose their last digits on the way
    (docs.cloud.google.com/bigquery/docs/loading-data-cloud-storage-json#limitations). Columns of type JSON, which
    `documents` names (`a.b` for one inside a record), keep their numbers: text is something else there."""
    return {name: _as_text_if_large(value, name, documents) for name, value in row.items()}


def _as_text_if_large(value: object, path: str, documents: Collection[str]) -> object:
    if path in documents:
        return value
    if isinstance(value, dict):
        return {name: _as_text_if_large(inner, f"{path}.{name}", documents) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_text_if_large(inner, path, documents) for inner in value]
    if isinstance(value, int) and abs(value) > LARGEST_EXACT:
        return str(value)
    return value


def columns_of(rows: Iterable[Row], known: Sequence[str], table: str) -> tuple[str, ...]:
    """The columns that any row fills, in the table's order. One that the table has not is an error."""
    used = {name for row in rows for name in row}
    if unknown := sorted(used.difference(known)):
        names = ", ".join(f"{name!r:.80}" for name in unknown[:5])
        raise ValueError(f"{table} has no column {names}; its columns are {', '.join(known[:50])}")
    return tuple(name for name in known if name in used)


def values_of(rows: Sequence[Row], columns: Sequence[Column], table: str) -> list[tuple[Comparable, ...]]:
    """The distinct values of these columns, in the order in which the rows have them. Each row must have them all."""
    found: dict[tuple[Comparable, ...], None] = {}
    for number, row in enumerate(rows):
        found[tuple(_value(row, column, f"{table}: row {number}") for column in columns)] = None
    return list(found)


def _value(row: Row, column: Column, where: str) -> Comparable:
    value = row.get(column.name)
    if column.type == "DATE" and isinstance(value, str):
        try:
            value = date.fromisoformat(value if DATE.fullmatch(value) else "")
        except ValueError:
            raise ValueError(f"{where}: {column.name} is {value!r:.80}; a DATE is written 2026-01-31") from None
    if isinstance(value, bool) or not isinstance(value, COMPARABLE[column.type]) or isinstance(value, datetime):
        raise ValueError(
            f"{where}: {column.name} is {value!r:.80}, but it says what is replaced: it must be a {column.type} in every row"
        )
    return value


def _as_text(value: object) -> str:
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} {value!r:.80}")

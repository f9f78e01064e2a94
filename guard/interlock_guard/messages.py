"""Rows as the protobuf messages of the Storage Write API, with the descriptor that explains them. Pure.

Which protobuf type says which type of BigQuery: docs.cloud.google.com/bigquery/docs/supported-data-types ("Supported protocol
buffer data types"). Of those that a type may have this takes one, the preferred one where the page names one. What a row says
that its column can't hold is a ValueError here, before anything is sent: a pending stream need not be begun to learn it.

Needs the extra: `pip install "interlock-guard[bigquery]"`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from google.cloud.bigquery import SchemaField
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.message import Message

from interlock_guard import values
from interlock_guard.rows import Row, columns_of

RECORDS = ("RECORD", "STRUCT")

_ROW = "Row"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
"""Names that protobuf has. BigQuery's annotation for others is experimental, and not in google-cloud-bigquery-storage."""

_PROTOBUF_TYPES: dict[str, FieldDescriptorProto.Type.ValueType] = {
    "int64": FieldDescriptorProto.TYPE_INT64,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
}


@dataclass(frozen=True, kw_only=True)
class Messages:
    """A descriptor that stands alone, and rows that were written by it."""

    descriptor: DescriptorProto
    rows: tuple[bytes, ...]
    nulls: tuple[str, ...]
    """Columns with a default value of which a row without one means NULL, because the rows say None."""


def messages_of(table: str, schema: Sequence[SchemaField], rows: Sequence[Row]) -> Messages:
    """The rows, which `rows.plain` made, as messages. The descriptor has the columns that any row fills, and those with a
    default value: BigQuery fills in a default only for a column that the descriptor has and the row has not.

    ValueError for a column, type or value that can't be said: it names table, row (from 0) and column.
    """
    used = set(columns_of(rows, [field.name for field in schema], table))
    for field in schema:
        if field.name not in used and _needed(field):
            raise ValueError(f"{table}: no row has {field.name}, which is REQUIRED")
    fields = [field for field in schema if field.name in used or field.default_value_expression]
    descriptor = _descriptor(table, fields)
    make = _class(descriptor)
    said = []
    for number, row in enumerate(rows):
        message = make(**_content(fields, row, f"{table}: row {number}", ""))
        said.append(message.SerializeToString(deterministic=True))
    return Messages(descriptor=descriptor, rows=tuple(said), nulls=_nulls(table, fields, rows))


def _needed(field: SchemaField) -> bool:
    return str(field.mode) == "REQUIRED" and not field.default_value_expression


def _nulls(table: str, fields: Sequence[SchemaField], rows: Sequence[Row]) -> tuple[str, ...]:
    """A message has no value or one; whether no value is NULL or the default is said for a whole column."""
    found = []
    for field in fields:
        if not field.default_value_expression:
            continue
        absent = sum(field.name not in row for row in rows)
        null = sum(field.name in row and row[field.name] is None for row in rows)
        if null and absent:
            raise ValueError(
                f"{table}: {field.name} has a default value, and is None in {null} rows but left out of {absent}: the Storage"
                " Write API can't tell the two apart in one append, so append them separately"
            )
        if null:
            found.append(field.name)
    return tuple(found)


# The descriptor


def _descriptor(table: str, fields: Sequence[SchemaField]) -> DescriptorProto:
    """All messages of records are nested in the first one, side by side: a descriptor must not need another."""
    root = DescriptorProto(name=_ROW)
    names = _names(table, fields)
    _add(root, root, table, fields, names, "")
    return root


def _add(
    root: DescriptorProto,
    message: DescriptorProto,
    table: str,
    fields: Sequence[SchemaField],
    names: set[str],
    within: str,
) -> None:
    for number, field in enumerate(fields, start=1):
        said = message.field.add(name=field.name, number=number, label=_label(field))
        kind = str(field.field_type)
        if kind in RECORDS:
            said.type = FieldDescriptorProto.TYPE_MESSAGE
            said.type_name = _free_name(names)
            nested = root.nested_type.add(name=said.type_name)
            _add(root, nested, table, field.fields, names, f"{within}{field.name}.")
        elif kind in values.KINDS:
            said.type = _PROTOBUF_TYPES[values.KINDS[kind].protobuf]
        else:
            raise ValueError(
                f"{table}: {within}{field.name} is a {kind}, which is not written through the Storage Write API here;"
                ' method="load" takes it'
            )


def _label(field: SchemaField) -> FieldDescriptorProto.Label.ValueType:
    if str(field.mode) == "REPEATED":
        return FieldDescriptorProto.LABEL_REPEATED
    return FieldDescriptorProto.LABEL_REQUIRED if _needed(field) else FieldDescriptorProto.LABEL_OPTIONAL


def _names(table: str, fields: Sequence[SchemaField]) -> set[str]:
    """The names of all columns, those in records too; each must be one that protobuf has."""
    names: set[str] = set()
    for field in fields:
        if not _NAME.fullmatch(field.name):
            raise ValueError(f'{table}: protobuf has no field named {field.name!r:.80}; method="load" takes such columns')
        names |= {field.name, *_names(table, field.fields)}
    return names


def _free_name(names: set[str]) -> str:
    """For a message: one that no column and no other message has."""
    number = 1
    while f"Record{number}" in names:
        number += 1
    names.add(f"Record{number}")
    return f"Record{number}"


def _class(descriptor: DescriptorProto) -> type[Message]:
    """The class of the rows' messages. proto2, as BigQuery reads them (types/protobuf.py: "adhere to proto2 semantics")."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(FileDescriptorProto(name="rows.proto", syntax="proto2", message_type=[descriptor]))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(_ROW))


# The rows


def _content(fields: Sequence[SchemaField], row: Mapping[str, object], where: str, within: str) -> dict[str, object]:
    """What a message of these fields is made from: nested for records; without what the row has not or says None of."""
    content: dict[str, object] = {}
    for field in fields:
        value, column = row.get(field.name), f"{within}{field.name}"
        if str(field.mode) == "REPEATED":
            content[field.name] = _several(field, value, where, column)
        elif value is not None:
            content[field.name] = _single(field, value, where, column)
        elif _needed(field) or (field.name in row and str(field.mode) == "REQUIRED"):
            raise ValueError(f"{where}: {column} is missing, but it is REQUIRED")
    return content


def _several(field: SchemaField, value: object, where: str, column: str) -> list[object]:
    """None is an empty array, as it is for a load job."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{where}: {column} is {value!r:.80}, but it is REPEATED, so it must be a list")
    return [_single(field, item, where, f"{column}[{index}]") for index, item in enumerate(value)]


def _single(field: SchemaField, value: object, where: str, column: str) -> object:
    if str(field.field_type) in RECORDS:
        if not isinstance(value, dict):
            raise ValueError(f"{where}: {column} is {value!r:.80}, but it is a RECORD, so it must be a mapping")
        known = {nested.name for nested in field.fields}
        if unknown := sorted(set(value) - known):
            raise ValueError(f"{where}: {column} has no field {unknown[0]!r:.80}")
        return _content(field.fields, value, where, f"{column}.")
    kind = values.KINDS[str(field.field_type)]
    if value is None:
        raise ValueError(f"{where}: {column} is None, but an array holds no NULL")
    try:
        return kind.said(value)
    except (ValueError, OverflowError):
        raise ValueError(f"{where}: {column} is {value!r:.80}, but {kind.wanted}") from None

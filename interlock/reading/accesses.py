"""How a table is touched, as it is written -> the kinds of access, and the partition that is named."""

from __future__ import annotations

from collections.abc import Mapping

from interlock.access import Kind
from interlock.catalog import Partition
from interlock.reading.schema import AccessEntry, ProcessorAccessEntry

STATEMENTS: Mapping[str, Kind] = {
    "load": Kind.APPEND,
    "delete": Kind.MUTATE,
    "update": Kind.MUTATE,
    "merge": Kind.MUTATE,
}
"""The kind of access of a statement that is not called as its kind is."""
REMOVES, ADDS = {"delete", "truncate"}, {"append", "load", "insert", "stream", "storage_write"}


def _kinds(access: tuple[Kind, ...] | AccessEntry) -> frozenset[Kind]:
    """The kinds of access; statements that remove rows and then add some are a replacement."""
    if not isinstance(access, AccessEntry):
        return frozenset(access)
    found = {Kind.READ} if access.read else set[Kind]()
    for number, statement in enumerate(access.write):
        if statement in REMOVES and ADDS & {*access.write[number:]}:
            found.add(Kind.REPLACE)
        if not (statement == "delete" and Kind.REPLACE in found) and not (statement in ADDS and Kind.REPLACE in found):
            found.add(STATEMENTS.get(statement) or Kind(statement))
    return frozenset(found)


def accesses(tables: Mapping[str, tuple[Kind, ...] | AccessEntry]) -> dict[str, frozenset[Kind]]:
    """How each table is touched."""
    return {table: _kinds(access) for table, access in sorted(tables.items())}


def partitions(tables: Mapping[str, tuple[Kind, ...] | ProcessorAccessEntry]) -> dict[str, Partition]:
    """The tables that are changed with a predicate on the partition."""
    return {
        table: Partition(column=access.partition, named_by=access.named_by or "")
        for table, access in sorted(tables.items())
        if isinstance(access, ProcessorAccessEntry) and access.partition is not None
    }

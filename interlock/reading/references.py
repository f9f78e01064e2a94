"""References that take all entries to check, and lists that name a thing twice.

A table that is misspelled in a backfill protects nothing, and nothing else would say so: no job is held for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from interlock.catalog import Source
from interlock.names import did_you_mean
from interlock.reading.entries import EntryReader, Written
from interlock.reading.schema import BackfillEntry, Entry, JobEntry, KeepEntry, ProcessorAccessEntry

Listed = tuple[tuple[str | int, ...], tuple[object, ...]]
"""A list of an entry, and where it stands in it."""


def check_references(reader: EntryReader) -> None:
    """Complains about tables of backfills that no processor touches, jobs that are paired with themselves, and repetitions."""
    for section in reader.entries.values():
        for written in section.values():
            _check_repeated(reader, written)
    for written in reader.entries["jobs"].values():
        _check_pairs(reader, written)
    _check_partitions(reader)
    # The tables of a processor with a mistake in it are not known, and the mistake has been said.
    if reader.entries["processors"].keys() == reader.names["processors"].keys():
        touched: dict[str, Source] = {}
        for written in reader.entries["processors"].values():
            for table in written.value.tables:
                touched.setdefault(table, written.at("tables", table))
        for written in reader.entries["backfills"].values():
            _check_tables(reader, written, touched)


def _check_partitions(reader: EntryReader) -> None:
    """Complains about a table of which two processors name two columns: it is partitioned by one
    (cloud.google.com/bigquery/docs/partitioned-tables#limitations), and days of two columns are never told apart."""
    first: dict[str, tuple[str, Source]] = {}
    for written in reader.entries["processors"].values():
        for table, access in written.value.tables.items():
            column = access.partition if isinstance(access, ProcessorAccessEntry) else None
            if column is None:
                continue
            where = ("tables", table, "partition")
            known, source = first.setdefault(table, (column, written.at(*where)))
            if column != known:
                message = f"{written.where(*where)}: is {column}, and {known} in {source}; a table has one partition column"
                reader.complain(written.at(*where), message)


def _check_tables(reader: EntryReader, written: Written[BackfillEntry], touched: Mapping[str, Source]) -> None:
    entry = written.value
    for table in entry.tables:
        if table not in touched and table not in entry.untouched:
            harm = f"{written.where('tables', table)}: no processor touches it, so no job is held for it"
            hint = _meant(table, {**dict.fromkeys(entry.untouched, written.at("untouched")), **touched})
            message = f"{harm}{hint}{' If' if hint else '; if'} that is meant, write untouched: [{table}]"
            reader.complain(written.at("tables", table), message)
    for index, table in enumerate(entry.untouched):
        where = written.where("untouched", index)
        if table not in entry.tables:
            hint = did_you_mean(table, sorted(entry.tables))
            reader.complain(written.at("untouched", index), f"{where}: the backfill has no table {table!r}{hint}")
        elif table in touched:
            reader.complain(written.at("untouched", index), f"{where}: a processor touches {table}; take it out here")


def _meant(table: str, known: Mapping[str, Source]) -> str:
    """A hint with its place: either of the two may be the one that is misspelled. The names in a dataset are compared without
    it, which would make all of them near."""
    dataset, _, name = table.partition(".")
    same = {one.partition(".")[2]: one for one in sorted(known) if one.startswith(f"{dataset}.")}
    for names in (same, {one.partition(".")[2]: one for one in sorted(known)}):
        if near := next((one for one in names if did_you_mean(name, [*names]) == f"; did you mean {one}?"), None):
            return f"; did you mean {names[near]}, of {known[names[near]]}?"
    return ""


def _check_pairs(reader: EntryReader, written: Written[JobEntry]) -> None:
    for index, other in enumerate(written.value.pair_with):
        if other == written.name:
            message = f"{written.where('pair_with', index)}: is the job itself; name the other one"
            reader.complain(written.at("pair_with", index), message)


def _check_repeated(reader: EntryReader, written: Written[Entry]) -> None:
    """A list names things; one that is named twice was meant to be another."""
    for path, listed in _lists(written.value):
        names = [one.job if isinstance(one, KeepEntry) else one for one in listed]
        for index, name in enumerate(names):
            if isinstance(name, str) and name in names[:index]:
                where = (*path, index)
                reader.complain(written.at(*where), f"{written.where(*where)}: names {str(name)!r} twice; leave one out")


def _lists(entry: Entry) -> Iterator[Listed]:
    """Every list of an entry, those of its tables among them."""
    for key in type(entry).model_fields:
        value = getattr(entry, key)
        if isinstance(value, tuple):
            yield (key,), value
        elif isinstance(value, dict):
            yield from (((key, name), inner) for name, inner in value.items() if isinstance(inner, tuple))

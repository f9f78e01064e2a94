"""What is a table's name. Pure.

Names of tables have letters of any alphabet, marks, numbers, connectors, dashes and spaces, 1,024 bytes of UTF-8 at most; those
of datasets letters without accents, digits and underscores (docs.cloud.google.com/bigquery/docs/tables#table_naming and
.../datasets#dataset-naming). What holds and catalog name is narrower: `objects.TABLE`.
"""

from __future__ import annotations

import re
import unicodedata

from interlock_guard.objects import TABLE

_DATASET = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_PARTITION = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_KINDS = frozenset({"Pc", "Pd", "Zs"})
NAME_BYTES = 1024


def is_table(name: str) -> bool:
    """Whether it is `dataset.table`, or a partition of one, `dataset.table$20260106`."""
    dataset, dot, rest = name.partition(".")
    table, dollar, partition = rest.partition("$")
    named = bool(dot and _DATASET.fullmatch(dataset) and is_table_id(table))
    if re.fullmatch(TABLE, name):  # what a hold may be of
        return _fits(name)
    return named and (not dollar or bool(_PARTITION.fullmatch(partition)))


def is_table_id(name: str) -> bool:
    """Whether a table may be called so, in its dataset."""
    return bool(name) and _fits(name) and all(_is_word(character) for character in name)


def is_column(name: str) -> bool:
    """Whether it can stand between backticks: columns may have more than words (BigQuery, "flexible column names"), but no
    backtick, no point and no line break."""
    letters = all(_is_word(character) or character in "&%=+:'<>#|" for character in name)
    return letters and _fits(name) and not name[:1].isdigit() and bool(name.strip())


def _is_word(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind[0] in "LMN" or kind in _KINDS


def _fits(name: str) -> bool:
    return len(name.encode(errors="replace")) <= NAME_BYTES

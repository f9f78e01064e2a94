"""How a table is touched: the two forms, and what statements come to."""

import pytest

from interlock.access import Kind
from interlock.catalog import Partition, Processor
from tests.interlock.catalogs import load, problems

CATALOG = """\
services:
  web: {kind: run}
processors:
  load: {service: web, tables: {raw.games: %s}}
"""


def processor(access: str) -> Processor:
    return load(CATALOG % access).processors["load"]


@pytest.mark.parametrize(
    ("access", "kinds"),
    [
        pytest.param("[read]", {Kind.READ}, id="a list of kinds says these"),
        pytest.param("[truncate, append]", {Kind.TRUNCATE, Kind.APPEND}, id="a list of kinds has no order"),
        pytest.param("[replace]", {Kind.REPLACE}, id="a replacement is a kind, too"),
        pytest.param("{read: true}", {Kind.READ}, id="in full, a read"),
        pytest.param("{write: [load]}", {Kind.APPEND}, id="a load appends"),
        pytest.param("{write: [merge]}", {Kind.MUTATE}, id="a MERGE mutates"),
        pytest.param("{read: true, write: [update]}", {Kind.READ, Kind.MUTATE}, id="it reads, and an UPDATE mutates"),
        pytest.param("{write: [delete]}", {Kind.MUTATE}, id="a DELETE that nothing follows mutates"),
        pytest.param("{write: [delete, load]}", {Kind.REPLACE}, id="a DELETE and a load are a replacement"),
        pytest.param("{write: [delete, insert]}", {Kind.REPLACE}, id="a DELETE and an INSERT are one"),
        pytest.param(
            "{write: [delete, storage_write]}", {Kind.REPLACE}, id="a DELETE and rows of the Storage Write API are one"
        ),
        pytest.param("{write: [load, delete]}", {Kind.APPEND, Kind.MUTATE}, id="a load and then a DELETE leave no hole"),
        pytest.param("{write: [delete, load, merge]}", {Kind.REPLACE, Kind.MUTATE}, id="what else is done is said as well"),
        pytest.param("{write: [truncate, load]}", {Kind.REPLACE, Kind.TRUNCATE}, id="a TRUNCATE and a load are both"),
    ],
)
def test_what_is_written_comes_to_kinds(access: str, kinds: set[Kind]) -> None:
    assert processor(access).tables == {"raw.games": kinds}


def test_a_partition_is_known_with_what_names_its_day() -> None:
    assert processor("{write: [merge], partition: game_date, named_by: date}").partitions == {
        "raw.games": Partition(column="game_date", named_by="date")
    }
    assert processor("{write: [merge], partition: game_date}").partitions["raw.games"].named_by == ""
    assert processor("[mutate]").partitions == {}


def test_a_table_has_one_partition_column() -> None:
    other = "  more: {service: web, tables: {raw.games: {write: [merge], partition: %s}}}\n"
    first = CATALOG % "{write: [merge], partition: game_date, named_by: date}"
    assert [problem.partition(": ")[2] for problem in problems(first + other % "game_dat")] == [
        "processors.more.tables.raw.games.partition: is game_dat, and game_date in catalog/p/a.yaml:4; a table has one "
        "partition column"
    ]
    assert problems(first + other % "game_date") == []

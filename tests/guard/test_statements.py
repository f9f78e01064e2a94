"""The text of the statements, pinned: what BigQuery is asked to do is reviewed as SQL."""

from __future__ import annotations

from dataclasses import replace

import pytest
from interlock_guard.statements import Replacement, count, merge, transaction

from tests.golden import golden

ONE_GAME = Replacement(
    table="acme.nba_raw.nbac_gamebook_player_stats",
    staging="acme.nba_raw.interlock_staging_nbac_gamebook_player_stats_0123456789abcdef",
    columns=("game_id", "game_date", "player", "points"),
    key=("game_id",),
    partition="game_date",
    partitions=1,
)
CASES = {
    "one-game": ONE_GAME,
    "two-dates-by-row": replace(ONE_GAME, key=("game_id", "player"), partitions=2),
    "no-partition": replace(ONE_GAME, partition=None, partitions=0),
}


@pytest.mark.golden
@pytest.mark.parametrize("name", CASES)
def test_the_statements_of(name: str) -> None:
    of = CASES[name]
    text = "\n\n".join(
        (f"-- merge\n{merge(of)};", f"-- delete_append\n{transaction(of)}", f"-- the count after either\n{count(of)};")
    )
    golden(f"guard/replace-{name}.sql", text + "\n")


@pytest.mark.parametrize("statement", [merge, transaction, count])
def test_every_statement_names_the_partition_and_the_key(statement: object) -> None:
    assert "T.`game_date` IN (@partition_0) AND T.`game_id` IN UNNEST(@keys)" in statement(ONE_GAME)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param({"table": "games"}, "'games' is not a table", id="no dataset"),
        pytest.param({"table": "d.t` WHERE TRUE; --"}, "is not a table", id="a table with a backtick"),
        pytest.param({"staging": "d.t\n"}, "is not a table", id="a table with a line break"),
        pytest.param({"columns": ("game_id", "a` = b")}, "is not the name of a column", id="a column with a backtick"),
        pytest.param({"key": ("1",)}, "is not the name of a column", id="a column that is a number"),
        pytest.param({"key": ()}, "a key", id="no key, which would replace every row"),
        pytest.param({"columns": ()}, "columns", id="no columns"),
        pytest.param({"partitions": 0}, "partitions", id="a partition column without partitions"),
    ],
)
def test_what_would_say_something_else_is_refused(changed: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(ONE_GAME, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "table", ["d.игры", "d.試合", "d.खेल", "d.เกม", "d.матч дня", "d.a-b", "example.com:p.d.jeux_é", "d.١٢٣"]
)
def test_a_table_of_any_alphabet_is_one(table: str) -> None:
    assert f"MERGE INTO `{table}`" in merge(replace(ONE_GAME, table=table))


@pytest.mark.parametrize(
    "table", ["d.", ".t", "d.t`", "d.t\u2028", "d.t\x00", "d.t\\", "d.t;", "d.t$20260106", "d.😀", "é.t", "d." + "x" * 1025]
)
def test_what_bigquery_calls_no_table_is_none(table: str) -> None:
    with pytest.raises(ValueError, match="is not a table"):
        replace(ONE_GAME, table=table)


@pytest.mark.parametrize("column", ["точки", "खेल", "points %", "a:b", "得点"])
def test_a_column_of_any_alphabet_is_one(column: str) -> None:
    assert f"T.`{column}` IN UNNEST" in merge(replace(ONE_GAME, key=(column,)))


@pytest.mark.parametrize("column", ["a`", "a\nb", "a.b", "a\\", " ", "2nd", "a;b", "a\u2028"])
def test_what_is_no_column_is_none(column: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a column"):
        replace(ONE_GAME, key=(column,))

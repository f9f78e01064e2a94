"""Which columns a table goes by: what was said, else what partitions it and what its columns are called."""

from __future__ import annotations

import pytest

from interlock.verify.columns import Columns, NoSuchColumn, Said, Shape, choose, parse_said


def shape(partitioned_by: str | None = None, **columns: str) -> Shape:
    return Shape(columns=columns, partitioned_by=partitioned_by, rows=0, modified=None)


GAMES = shape("game_date", game_date="DATE", game_id="STRING", created_at="TIMESTAMP", processed_at="TIMESTAMP")
NOTHING = Columns()


@pytest.mark.parametrize(
    ("table", "said", "chosen"),
    [
        pytest.param(GAMES, NOTHING, Columns(day="game_date", inserted="created_at"), id="what partitions it, the surest name"),
        pytest.param(GAMES, Columns(inserted="processed_at"), Columns(day="game_date", inserted="processed_at"), id="as said"),
        pytest.param(GAMES, Columns(inserted="PROCESSED_AT"), Columns(day="game_date", inserted="processed_at"),
                     id="said in capitals: BigQuery does not tell them apart"),
        pytest.param(shape("d", d="DATE"), NOTHING, Columns(day="d"), id="nothing says when a row was inserted"),
        pytest.param(shape("d", d="DATE", created_at="STRING"), NOTHING, Columns(day="d"), id="a text is no time"),
        pytest.param(shape(Created_At="DATETIME"), NOTHING, Columns(day="Created_At", inserted="Created_At"),
                     id="not partitioned: by the day of insertion"),
        pytest.param(shape("_PARTITIONTIME", x="STRING"), NOTHING, Columns(day="_PARTITIONTIME"), id="by ingestion time"),
        pytest.param(shape("_PARTITIONTIME", x="STRING"), Columns(day="_partitiontime"), Columns(day="_PARTITIONTIME"),
                     id="the pseudo column, said"),
        pytest.param(shape(), NOTHING, NOTHING, id="a table without columns"),
    ],
)  # fmt: skip
def test_the_columns_of_a_table(table: Shape, said: Columns, chosen: Columns) -> None:
    assert choose(table, said) == chosen


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param(Columns(day="game_dat"), "it has no column game_dat; did you mean game_date?", id="no such day"),
        pytest.param(Columns(day="game_id"), "its column game_id is a STRING, no DATE or DATETIME or TIMESTAMP", id="no day"),
        pytest.param(
            Columns(inserted="game_date"), "its column game_date is a DATE, no DATETIME or TIMESTAMP", id="no instant"
        ),
        pytest.param(Columns(day="_PARTITIONTIME"), "it has no column _PARTITIONTIME", id="not partitioned so"),
    ],
)
def test_a_column_that_was_said_and_does_not_fit_is_named(said: Columns, why: str) -> None:
    with pytest.raises(NoSuchColumn) as refused:
        choose(GAMES, said)
    assert str(refused.value) == why


def test_what_names_a_table_comes_before_what_names_none() -> None:
    said = Said(day=parse_said(["day", "raw.games=game_date"]), inserted=parse_said([]))
    assert (said.of("raw.games"), said.of("raw.lines")) == (Columns(day="game_date"), Columns(day="day"))


@pytest.mark.parametrize(
    "word", ["", "a b", "x`", "raw=x", "raw.games=", "=x", "a.b.c=x", "raw.games=x\n", "\x1b[31m", "x" * 400]
)
def test_an_option_that_is_no_column_is_refused_in_one_line(word: str) -> None:
    with pytest.raises(ValueError, match=r"write DATASET\.TABLE=COLUMN") as refused:
        parse_said([word])
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 250

"""The statements, byte by byte, and that no name of a stranger gets into one."""

from __future__ import annotations

import re
import shlex
import string
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.verify.columns import PARTITION_TIME, Columns
from interlock.verify.queries import Unquotable, columns_of, for_bq, recent_inserts, recent_partitions
from tests.golden import golden
from tests.interlock.cloud import at

P, SINCE = "shop-data", date(2026, 1, 5)
ORDER_LINES = "shop_raw.order_lines"


@pytest.mark.golden
def test_the_statements() -> None:
    texts = {
        "by its partition column": recent_inserts(P, ORDER_LINES, Columns(day="game_date", inserted="created_at"), SINCE),
        "without a time of insertion": recent_inserts(P, ORDER_LINES, Columns(day="game_date"), SINCE),
        "partitioned by ingestion time": recent_inserts(P, "d.t", Columns(day=PARTITION_TIME, inserted="loaded_at"), SINCE),
        "whatever its columns are": recent_partitions(P, ORDER_LINES, at("2026-01-06 10:25:43")),
    }
    texts |= {f"columns, {n}": sql for n, sql in enumerate(columns_of(P, [ORDER_LINES, "shop_raw.b", "mart.c$20260105"]), 1)}
    golden("verify/statements.sql", "".join(f"-- {what}\n{sql};\n\n" for what, sql in texts.items()))


def test_a_command_is_one_line_of_a_shell_that_says_the_statement_and_nothing_else() -> None:
    sql = recent_partitions(P, ORDER_LINES, at("2026-01-06 10:25:43"))
    command = for_bq(P, sql)
    assert command == f"bq query --project_id=shop-data --use_legacy_sql=false '{sql}'"
    assert shlex.split(command)[-1] == sql


BAD_TABLES = ["t", "a.b.c", "a.b`", "a.`; DROP TABLE x; --", "a.b\n", "ä.b", "a.b'", 'a.b"', "`a.b`", "a.b c"]
BAD_PROJECTS = ["", "p`", "my project", "Proj-ect", "p; rm -rf x", "proj\n", "-project", "--flag=x1"]
BAD_COLUMNS = ["", "a`b", "a\\b", "a\nb", 'a"b', "a'b", "a\x00b", "a\x7fb"]


@pytest.mark.parametrize(
    "made",
    [
        *(pytest.param(lambda t=t: recent_inserts(P, t, Columns(day="d"), SINCE), id=f"table {t!a}") for t in BAD_TABLES),
        *(pytest.param(lambda t=t: recent_partitions(P, t, at("2026-01-06")), id=f"partitions of {t!a}") for t in BAD_TABLES),
        *(pytest.param(lambda t=t: columns_of(P, [t]), id=f"columns of {t!a}") for t in BAD_TABLES),
        *(pytest.param(lambda p=p: recent_partitions(p, "a.b", at("2026-01-06")), id=f"project {p!a}") for p in BAD_PROJECTS),
        *(pytest.param(lambda p=p: for_bq(p, "SELECT 1"), id=f"bq, project {p!a}") for p in BAD_PROJECTS),
        *(pytest.param(lambda c=c: recent_inserts(P, "a.b", Columns(day=c), SINCE), id=f"day {c!a}") for c in BAD_COLUMNS),
        *(
            pytest.param(lambda c=c: recent_inserts(P, "a.b", Columns(day="d", inserted=c), SINCE), id=f"insert {c!a}")
            for c in BAD_COLUMNS
        ),
        pytest.param(lambda: recent_inserts(P, "a.b", Columns(inserted="i"), SINCE), id="no day"),
    ],
)  # fmt: skip
def test_a_name_that_is_none_gets_into_no_statement(made: Callable[[], object]) -> None:
    with pytest.raises(Unquotable) as refused:
        made()
    assert str(refused.value).isprintable()


@given(st.text(st.sampled_from(string.printable + "`é\u202e")), st.text(st.sampled_from(string.printable + "`é\u202e")))
def test_whatever_a_name_is_it_stays_one_identifier(table: str, column: str) -> None:
    try:
        sql = recent_inserts(P, f"a.{table}", Columns(day=column), SINCE)
    except Unquotable:
        return
    outside = re.sub(r"`[^`\\]*`", "`x`", sql)
    assert outside == "SELECT\n  CAST(`x` AS DATE) AS day,\n  COUNT(*) AS row_count\nFROM `x`\n" + (
        'WHERE `x` >= "2026-01-05"\nGROUP BY day\nORDER BY day DESC'
    )

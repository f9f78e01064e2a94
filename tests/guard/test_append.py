"""Two ways to append through the real client, a load and insertAll, and what all three have in common."""

from __future__ import annotations

from typing import Any

import pytest
from interlock_guard.append import append_rows
from interlock_guard.errors import ConflictsExhausted, HeldTable, RowsRefused
from interlock_guard.jobs import Written

from tests.guard.appending import FULL, TABLE, games
from tests.guard.bigquery_server import Failure, Server

CONFLICT = Failure("invalidQuery", f"Could not serialize access to table acme:{TABLE} due to concurrent update")


# All three


@pytest.mark.parametrize("method", ["load", "storage_write", "insert_all"])
def test_no_rows_ask_nothing(server: Server, method: Any) -> None:
    assert append_rows(TABLE, [], method=method, held=False, client=server.client()) == Written(table=TABLE, rows=0)
    assert server.requests == []


def test_another_way_is_refused_by_name(server: Server) -> None:
    with pytest.raises(ValueError, match=r"'stream' is no way to append; load, storage_write and insert_all are"):
        append_rows(TABLE, games(1), method="stream", client=server.client())  # type: ignore[arg-type]
    assert server.requests == []


# A load job


def test_a_load_is_one_job_that_only_appends(server: Server) -> None:
    assert append_rows(TABLE, games(1_200), method="load", client=server.client()) == Written(table=TABLE, rows=1_200)
    (load,) = server.submissions("load")
    assert (load["writeDisposition"], load["createDisposition"]) == ("WRITE_APPEND", "CREATE_NEVER")


def test_a_load_that_met_a_conflict_is_submitted_again(server: Server, pauses: list[float]) -> None:
    server.engine.failures = [CONFLICT, CONFLICT]
    append_rows(TABLE, games(3), method="load", client=server.client())
    assert len(server.submissions("load")) == 3
    assert len(pauses) == 2


def test_a_load_gives_up_after_the_tries_it_was_given(server: Server, pauses: list[float]) -> None:
    server.engine.failures = [CONFLICT] * 3
    with pytest.raises(ConflictsExhausted, match=r"gave up after 2 tries"):
        append_rows(TABLE, games(3), method="load", client=server.client(), tries=2)
    assert len(server.submissions("load")) == 2
    assert len(pauses) == 1


# insertAll


def test_insert_all_on_a_held_table_is_refused_before_anything_is_sent(server: Server) -> None:
    with pytest.raises(HeldTable, match=rf'^{TABLE} is held: a backfill rewrites it.*method="load" or "storage_write"'):
        append_rows(TABLE, games(1), method="insert_all", held=[object()], client=server.client())
    assert server.requests == []


def test_insert_all_must_be_told_whether_the_table_is_held(server: Server) -> None:
    with pytest.raises(ValueError, match=r'"insert_all" needs held=active_holds'):
        append_rows(TABLE, games(1), method="insert_all", client=server.client())
    assert server.requests == []


def test_a_load_may_append_to_a_held_table(server: Server) -> None:
    append_rows(TABLE, games(1), method="load", held=[object()], client=server.client())
    assert len(server.submissions("load")) == 1


def test_insert_all_sends_500_rows_a_request_each_with_its_id(server: Server) -> None:
    append_rows(TABLE, games(1_100), method="insert_all", held=[], client=server.client())
    assert [len(request.body["rows"]) for request in server.requests] == [500, 500, 100]
    assert [row["json"] for row in server.streamed[FULL]] == [{**row} for row in games(1_100)]
    assert len({row["insertId"] for row in server.streamed[FULL]}) == 1_100


def test_rows_that_insert_all_refuses_are_named_by_their_place_in_all_rows(server: Server) -> None:
    server.refuses = lambda row: "no such field: bad." if row["points"] == 501 else ""
    with pytest.raises(RowsRefused, match=rf"^{TABLE}: insertAll refused 100 of 600 rows, 500 were written before: ") as caught:
        append_rows(TABLE, games(600), method="insert_all", held=False, client=server.client())
    assert "row 501: " in str(caught.value)
    assert "no such field: bad." in str(caught.value)
    assert len(server.streamed[FULL]) == 500

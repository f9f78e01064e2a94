"""Two ways to append through the real client, a load and insertAll, and what all three have in common."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from google.api_core.exceptions import GoogleAPICallError
from interlock_guard import answer_when_held, job_labels, long_run, skip_when_held
from interlock_guard.append import append_rows
from interlock_guard.errors import ConflictsExhausted, HeldTable, RowsRefused
from interlock_guard.jobs import Loading, Written
from interlock_guard.rows import with_large_integers_as_text

from tests.guard.appending import FULL, SCHEMA, TABLE, games
from tests.guard.bigquery_server import PROJECT, Failure, Server

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


@pytest.mark.parametrize("location", ["US", "us-west2", "EU", "europe-west1"])
def test_a_load_whose_answer_was_lost_is_found_where_its_table_is(server: Server, location: str, pauses: list[float]) -> None:
    server.location, server.lost_answers = location, 1
    assert append_rows(TABLE, games(3), method="load", client=server.client()) == Written(table=TABLE, rows=3)
    assert len(server.jobs) == 1
    assert len(pauses) == 1


def test_a_load_whose_answer_does_not_say_where_it_is_is_looked_for_where_its_table_is(
    server: Server, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.location, server.lost_answers = "us-west2", 1
    server.declare("raw.west", SCHEMA)
    server.tables[f"{PROJECT}.raw.west"]["location"] = "us-west2"
    taken = server.insert_job

    def in_other_words(*args: Any) -> Any:
        try:
            return taken(*args)
        except Failure:
            raise Failure("duplicate", "Already Exists: Job", when="submit") from None

    monkeypatch.setattr(server, "insert_job", in_other_words)
    append_rows("raw.west", games(3), method="load", client=server.client())
    assert (len(server.jobs), len(pauses)) == (1, 1)


RATE = "Exceeded rate limits: too many table update operations for this table. For more information, see https://x"


@pytest.mark.parametrize("when", ["submit", "poll"])
@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("rateLimitExceeded", RATE),
        ("backendError", "Error encountered during execution. Retrying may solve the problem."),
        ("jobInternalError", "The job encountered an internal error during execution."),
    ],
)
def test_a_load_that_met_what_passes_is_submitted_again_and_its_rows_are_there_once(
    server: Server, pauses: list[float], reason: str, message: str, when: Any
) -> None:
    written: list[list[dict[str, Any]]] = []
    server.engine.load = lambda _table, rows: server.engine._next() or written.append(rows) or 1  # type: ignore[func-returns-value, method-assign]
    server.engine.failures = [Failure(reason, message, when)]
    append_rows(TABLE, games(3), method="load", client=server.client())
    assert [len(rows) for rows in written] == [3]
    assert len(server.submissions("load")) == 2
    assert len(pauses) == 1
    assert (pauses[0] >= 5) is (message == RATE)


@pytest.mark.parametrize("reason", ["quotaExceeded", "invalid", "notFound"])
def test_a_load_that_met_what_stays_is_submitted_once(server: Server, pauses: list[float], reason: str) -> None:
    server.engine.failures = [Failure(reason, "Quota exceeded: it stays so")]
    with pytest.raises(GoogleAPICallError, match="it stays so"):
        append_rows(TABLE, games(3), method="load", client=server.client())
    assert (len(server.submissions("load")), pauses) == (1, [])


def test_a_load_that_fails_at_each_try_raises_what_bigquery_says(server: Server, pauses: list[float]) -> None:
    server.engine.failures = [Failure("jobInternalError", "The job encountered an internal error.")] * 5
    with pytest.raises(GoogleAPICallError, match="internal error"):
        append_rows(TABLE, games(3), method="load", client=server.client())
    assert (len(server.submissions("load")), len(pauses)) == (5, 4)


def test_a_load_of_which_nobody_knows_is_asked_for_by_its_id_and_never_loaded_twice(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is done, but to wait for it failed, and so did asking for what became of it."""
    loading = Loading(server.client(), games(3), TABLE)
    answers = iter([Failure("notFound", "Not found: Job", when="submit")])
    found = server.job

    def unknown_first(job_id: str, begun: bool = False) -> Any:
        if not begun and (failure := next(answers, None)):
            raise failure
        return found(job_id, begun)

    monkeypatch.setattr(server, "job", unknown_first)
    with pytest.raises(GoogleAPICallError):
        loading()
    loading()
    assert len(server.jobs) == 1
    assert len(server.submissions("load")) == 2


def test_integers_beyond_what_a_json_number_keeps_are_sent_as_text(server: Server) -> None:
    rows = [{"game_id": "1", "points": value} for value in (2**53 - 1, 2**53, -(2**63))]
    taken: list[dict[str, Any]] = []
    server.engine.load = lambda _table, sent: taken.extend(sent) or 1  # type: ignore[func-returns-value, method-assign]
    append_rows(TABLE, rows, method="load", client=server.client())
    assert [row["points"] for row in taken] == [9007199254740991, "9007199254740992", "-9223372036854775808"]
    append_rows(TABLE, rows, method="insert_all", held=False, client=server.client())
    assert [row["json"]["points"] for row in server.streamed[FULL]] == [row["points"] for row in taken]


# Labels


@pytest.mark.parametrize(
    ("job", "label"),
    [
        ("nba-gamebook-scraper", "nba-gamebook-scraper"),
        ("projects/p/locations/us-west2/jobs/Fetch_Odds", "fetch_odds"),
        ("x" * 99, "x" * 63),
        ("what is this?", "what_is_this_"),
        ("матч", "матч"),
    ],
)
def test_a_load_is_labelled_with_the_job_of_the_scheduler(server: Server, job: str, label: str) -> None:
    append_rows(TABLE, games(1), method="load", client=server.client(), job=job)
    assert job_labels(job) == {"scheduler_job": label}
    assert [request.body["configuration"]["labels"] for request in server.requests if request.body] == [
        {"scheduler_job": label}
    ]


class Header:
    """As much of a request as is looked at."""

    headers: ClassVar = {"X-CloudScheduler-JobName": "from-header"}


def test_the_job_is_known_from_who_was_asked_about_it(server: Server) -> None:
    """By the decorator, by Cloud Scheduler's header, by the long run; and by nobody outside of them."""

    class Free:
        def active(self) -> list[object]:
            return []

    free: Any = Free()

    def write(_request: object = None) -> dict[str, str]:
        append_rows(TABLE, games(1), method="load", client=server.client())
        return job_labels()

    assert skip_when_held(free, job="by-decorator", on_error="run")(write)() == {"scheduler_job": "by-decorator"}
    assert answer_when_held(free, tables=TABLE, on_error="run")(write)(Header()) == {"scheduler_job": "from-header"}
    with long_run(free, job="by-run", on_error="run"):
        assert write() == {"scheduler_job": "by-run"}
    assert write() == {}
    said = [request.body["configuration"].get("labels") for request in server.requests if "configuration" in request.body]
    assert [(labels or {}).get("scheduler_job") for labels in said] == ["by-decorator", "from-header", "by-run", None]


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


def test_insert_all_sends_no_more_bytes_a_request_than_it_takes(server: Server) -> None:
    rows = [
        {"game_id": f"{number:03}", "points": number, "raw": "x" * (30_000 if number > 499 else 1)} for number in range(1000)
    ]
    append_rows(TABLE, rows, method="insert_all", held=False, client=server.client())
    assert [row["json"] for row in server.streamed[FULL]] == rows
    assert [len(request.body["rows"]) for request in server.requests] == [500, 315, 185]


def test_insert_all_counts_bytes_as_they_are_sent(server: Server) -> None:
    """A letter that is not in ASCII takes six bytes or twelve."""
    rows = [{"game_id": "😀" * 90_000} for _ in range(12)]
    append_rows(TABLE, rows, method="insert_all", held=False, client=server.client())
    assert len(server.streamed[FULL]) == 12


def test_a_row_that_no_request_takes_is_refused_before_anything_is_sent(server: Server) -> None:
    rows: list[dict[str, object]] = [{"game_id": "1"}] * 600 + [{"game_id": "x" * 9_500_000}]
    with pytest.raises(ValueError, match=r'row 600 has 9,500,\d+ bytes, more than insertAll takes; append with method="load"'):
        append_rows(TABLE, rows, method="insert_all", held=False, client=server.client())
    assert server.requests == []


def test_a_document_inside_a_record_keeps_its_numbers() -> None:
    large = 2**53 + 1
    row = {"at": {"document": {"id": large}, "id": large}, "many": [{"document": [large], "id": large}]}
    said = with_large_integers_as_text(row, {"at.document", "many.document"})
    assert said == {
        "at": {"document": {"id": large}, "id": str(large)},
        "many": [{"document": [large], "id": str(large)}],
    }

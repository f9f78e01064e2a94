"""`replace_rows` against a real database: the same table after a crash anywhere, a second run, and two runs at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Literal

import pytest
import requests
from google.api_core.exceptions import BadRequest
from interlock_guard.errors import ConflictsExhausted, StreamingBufferBlocked
from interlock_guard.replace import replace_rows

from tests.guard.bigquery_server import PROJECT, Failure, Server, serving
from tests.guard.duckdb_engine import DuckDBEngine

Method = Literal["merge", "delete_append"]
METHODS: tuple[Method, ...] = ("merge", "delete_append")
TABLE = "nba_raw.nbac_gamebook_player_stats"
FULL = f"{PROJECT}.{TABLE}"
SCHEMA = [
    {"name": "game_id", "type": "STRING", "mode": "REQUIRED"},
    {"name": "game_date", "type": "DATE", "mode": "REQUIRED"},
    {"name": "player", "type": "STRING"},
    {"name": "points", "type": "INTEGER"},
]
BY_DATE = {"timePartitioning": {"type": "DAY", "field": "game_date"}}
DAY, NEXT_DAY = "2026-01-05", "2026-01-06"

Row = dict[str, object]


def game(game_id: str, *players: tuple[str, int], day: str = DAY) -> list[Row]:
    return [{"game_id": game_id, "game_date": day, "player": player, "points": points} for player, points in players]


def as_stored(*rows: Row) -> list[tuple[object, ...]]:
    return sorted((row["game_id"], date.fromisoformat(str(row["game_date"])), row["player"], row["points"]) for row in rows)


OLD = game("512", ("Smith", 7), ("Traded", 9))
NEW = game("512", ("Smith", 8), ("Jones", 20), ("Jones", 20))
OTHERS = [*game("513", ("Brown", 3)), *game("512", ("Smith", 1), day=NEXT_DAY)]


@pytest.fixture
def engine() -> DuckDBEngine:
    return DuckDBEngine()


@pytest.fixture
def server(engine: DuckDBEngine) -> Iterator[Server]:
    with serving(engine) as running:
        running.declare(TABLE, SCHEMA, **BY_DATE)
        yield running


def replace(
    server: Server, rows: list[Row], method: Method = "merge", session: requests.Session | None = None, **more: Any
) -> None:
    arguments: dict[str, Any] = {"key": "game_id", "partition": "game_date", **more}
    replace_rows(TABLE, rows, method=method, client=server.client(session), **arguments)


def staging(server: Server) -> list[str]:
    return [name for name in server.tables if name != FULL]


@pytest.mark.parametrize("method", METHODS)
def test_the_rows_of_a_key_are_replaced_and_no_others(server: Server, engine: DuckDBEngine, method: Method) -> None:
    engine.load(FULL, [*OLD, *OTHERS])
    replace(server, NEW, method)
    assert engine.rows(FULL) == as_stored(*NEW, *OTHERS)
    assert staging(server) == []


@pytest.mark.parametrize("method", METHODS)
def test_run_again_it_changes_nothing(server: Server, engine: DuckDBEngine, method: Method) -> None:
    for _ in range(3):
        replace(server, NEW, method)
    assert engine.rows(FULL) == as_stored(*NEW)


@pytest.mark.parametrize("method", METHODS)
def test_duplicates_from_earlier_go(server: Server, engine: DuckDBEngine, method: Method) -> None:
    engine.load(FULL, [*NEW, *NEW, *OTHERS])
    replace(server, NEW, method)
    assert engine.rows(FULL) == as_stored(*NEW, *OTHERS)


@pytest.mark.parametrize("method", METHODS)
def test_several_keys_columns_and_partitions_at_once(server: Server, engine: DuckDBEngine, method: Method) -> None:
    """A key of the rows goes in every partition of the rows: where it was before it moved, too, if that is one of them."""
    engine.load(FULL, [*OLD, *OTHERS, *game("514", ("Green", 2))])
    rows = [*game("512", ("Smith", 8)), *game("513", ("Brown", 4), day=NEXT_DAY)]
    replace(server, rows, method, key=("game_id", "player"))
    assert engine.rows(FULL) == as_stored(*rows, *game("512", ("Traded", 9)), *game("514", ("Green", 2)))


def test_columns_that_no_row_has_are_left_to_the_table(server: Server, engine: DuckDBEngine) -> None:
    replace(server, [{"game_id": "512", "game_date": DAY}])
    assert engine.rows(FULL) == [("512", date(2026, 1, 5), None, None)]
    assert "points" not in server.submissions()[0]["query"]


def test_no_rows_are_no_keys_and_nothing_is_asked(server: Server) -> None:
    replace(server, [])
    assert server.requests == []


# A crash at every step


class Crash(BaseException):
    """The process is gone: nothing that would clean up may reach the server any more."""


class DyingSession(requests.Session):
    """Dies at its nth request: before it is sent, or after it was answered and before anybody read the answer."""

    def __init__(self, at: int, after: bool) -> None:
        super().__init__()
        self.at, self.after, self.sent = at, after, 0

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        if self.sent > self.at or (self.sent == self.at and not self.after):
            raise Crash
        self.sent += 1
        answer = super().request(*args, **kwargs)
        if self.sent > self.at:
            raise Crash
        return answer


STEPS = [
    "GET datasets/tables",
    "POST datasets/tables", "POST jobs", "GET jobs",  # the staging table, loaded
    "POST jobs", "GET jobs", "GET queries",  # the statement
    "POST jobs", "GET jobs", "GET queries",  # the count
    "DELETE datasets/tables",
]  # fmt: skip
"""The requests of a run that meets nobody."""


def steps(server: Server) -> list[str]:
    found = []
    for request in server.requests:
        collections = [part for part in request.path.split("/") if part in ("datasets", "tables", "jobs", "queries")]
        found.append(f"{request.method} {'/'.join(collections)}")
    return found


@pytest.mark.parametrize("method", METHODS)
def test_after_a_crash_at_any_step_the_next_run_makes_it_right(server: Server, engine: DuckDBEngine, method: Method) -> None:
    before, after = as_stored(*OLD, *OTHERS), as_stored(*NEW, *OTHERS)
    left = []
    for at in range(len(STEPS)):
        for answered in (False, True):
            engine.empty(FULL)
            engine.load(FULL, [*OLD, *OTHERS])
            with pytest.raises(Crash):
                replace(server, NEW, method, session=DyingSession(at, answered))
            left.append(engine.rows(FULL))
            server.requests.clear()
            replace(server, NEW, method)
            assert engine.rows(FULL) == after
            assert steps(server) == STEPS
    committed = STEPS.index("POST jobs", 4) * 2 + 1  # once the statement was submitted; what a crash leaves is all or nothing
    assert left == [before] * committed + [after] * (2 * len(STEPS) - committed)


@pytest.mark.parametrize(
    ("method", "step"),
    [("merge", "MERGE"), ("merge", "COMMIT"), *(("delete_append", step) for step in ("DELETE", "INSERT", "COMMIT"))],
)
def test_a_failure_inside_the_statement_leaves_the_table_as_it_was(
    server: Server, engine: DuckDBEngine, method: Method, step: str, pauses: list[float]
) -> None:
    engine.load(FULL, [*OLD, *OTHERS])

    def fail(statement: str) -> None:
        if statement.startswith(step):
            raise Failure("invalidQuery", "Division by zero")

    engine.hold = fail
    with pytest.raises(BadRequest, match="Division by zero"):
        replace(server, NEW, method)
    assert engine.rows(FULL) == as_stored(*OLD, *OTHERS)
    assert (staging(server), pauses) == ([], [])


# Two runs at once


def at_once(*runs: Callable[[], None]) -> list[BaseException]:
    failed: list[BaseException] = []

    def caught(run: Callable[[], None]) -> None:
        try:
            run()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=caught, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


MEETING_SECONDS = 60
"""For how long a run waits for the other: long, on a machine that is busy with other tests."""


def conflicts_logged(caplog: pytest.LogCaptureFixture) -> int:
    lines = [json.loads(record.message) for record in caplog.records if record.name == "interlock_guard"]
    return sum(line["event"] == "bigquery_serialization_conflict" for line in lines)


def meet_once(engine: DuckDBEngine, step: str, runs: int = 2) -> None:
    """Let the first statement of each run begin before any commits: each has a snapshot without the other's rows."""
    together = threading.Barrier(runs, timeout=MEETING_SECONDS)
    waiting = [None] * runs

    def hold(statement: str) -> None:
        if statement.startswith(step) and waiting:
            waiting.pop()
            together.wait()

    engine.hold = hold


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("method", METHODS)
def test_two_runs_that_rewrite_the_same_rows_conflict_and_the_loser_runs_again(
    server: Server, engine: DuckDBEngine, method: Method, caplog: pytest.LogCaptureFixture
) -> None:
    engine.load(FULL, [*OLD, *OTHERS])
    meet_once(engine, "MERGE" if method == "merge" else "DELETE")
    assert at_once(*[lambda: replace(server, NEW, method)] * 2) == []
    assert engine.rows(FULL) == as_stored(*NEW, *OTHERS)
    assert engine.conflicts
    assert conflicts_logged(caplog) == len(engine.conflicts)


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("method", METHODS)
def test_two_first_runs_only_insert_so_they_meet_no_conflict_and_the_count_finds_it(
    server: Server, engine: DuckDBEngine, method: Method, caplog: pytest.LogCaptureFixture
) -> None:
    """As BigQuery documents: a MERGE whose DELETE is not invoked conflicts with nothing, so both commit the same rows."""
    meet_once(engine, "COMMIT")
    assert at_once(*[lambda: replace(server, NEW, method)] * 2) == []
    assert conflicts_logged(caplog) > len(engine.conflicts)  # one of them, or both, saw twice the rows and replaced them
    assert engine.rows(FULL) == as_stored(*NEW)


def test_without_the_count_two_first_runs_leave_every_row_twice(
    server: Server, engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interlock_guard.statements.count", lambda _of: "SELECT 0 AS found")
    meet_once(engine, "COMMIT")
    assert at_once(*[lambda: replace(server, NEW)] * 2) == []
    assert engine.rows(FULL) == as_stored(*NEW, *NEW)


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("method", METHODS)
def test_two_runs_with_different_rows_end_with_the_rows_of_one(
    server: Server, engine: DuckDBEngine, method: Method, caplog: pytest.LogCaptureFixture
) -> None:
    meet_once(engine, "COMMIT")
    assert at_once(lambda: replace(server, OLD, method), lambda: replace(server, NEW, method)) == []
    assert engine.rows(FULL) in (as_stored(*OLD), as_stored(*NEW))
    assert conflicts_logged(caplog)


def test_a_run_that_always_conflicts_says_so_and_drops_its_staging_table(
    server: Server, engine: DuckDBEngine, pauses: list[float]
) -> None:
    engine.failures = [
        Failure("invalidQuery", f"Could not serialize access to table acme:{TABLE} due to concurrent update")
    ] * 5
    with pytest.raises(ConflictsExhausted, match=f"{FULL}: gave up after 5 tries"):
        replace(server, NEW)
    assert len(pauses) == 4
    assert (engine.rows(FULL), staging(server)) == ([], [])
    assert len(server.submissions("load")) == 1  # loaded once, merged five times


def test_rows_in_the_streaming_buffer_are_explained(server: Server, engine: DuckDBEngine) -> None:
    message = f"UPDATE or MERGE statement over table {TABLE} would affect rows in the streaming buffer, which is not supported"
    engine.failures = [Failure("invalidQuery", message)]
    with pytest.raises(StreamingBufferBlocked, match="30 minutes"):
        replace(server, NEW)
    assert len(server.submissions()) == 1


# What is refused before any job


@pytest.mark.parametrize(
    ("rows", "more", "says"),
    [
        pytest.param(NEW, {"partition": None}, "has the partition column 'game_date'", id="the incident: no predicate on it"),
        pytest.param(NEW, {"partition": "points"}, "has the partition column 'game_date'", id="another column"),
        pytest.param(NEW, {"key": ()}, "key is empty", id="no key"),
        pytest.param(NEW, {"key": "gameid"}, "no column 'gameid'", id="a key that is not there"),
        pytest.param([{**NEW[0], "pints": 1}], {}, "no column 'pints'", id="a column that is not there"),
        pytest.param([{**NEW[0], "game_id": None}], {}, "row 0: game_id is None", id="a row without its key"),
        pytest.param([NEW[0], {**NEW[0], "game_id": 512}], {}, "row 1: game_id is 512", id="a key of another type"),
        pytest.param([{**NEW[0], "points": True}], {"key": "points"}, "row 0: points is True", id="a bool is no integer"),
        pytest.param([{**NEW[0], "game_date": "5 January"}], {}, "a DATE is written 2026-01-31", id="a date in words"),
        pytest.param([{**NEW[0], "points": float("nan")}], {}, "row 0 can't be written as JSON", id="NaN"),
        pytest.param([{**NEW[0], "points": object()}], {}, "row 0 can't be written as JSON", id="an object"),
        *(pytest.param([{**NEW[0], "game_date": written}], {}, "a DATE is written 2026-01-31", id=f"a date written {written}")
          for written in ("20260105", "2026-W02-1", "2026-1-5", "2026-01-05T00:00:00", " 2026-01-05", "\u0662026-01-05")),
        pytest.param([{**NEW[0], "game_id": "x" * 9_500_000}], {}, "keys take 9,5.* replace fewer at once", id="a huge key"),
        pytest.param(NEW, {"method": "update"}, "'update' is no way to replace rows", id="another method"),
    ],
)  # fmt: skip
def test_what_can_t_be_right_is_refused_before_any_job(
    server: Server, rows: list[Row], more: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        replace(server, rows, **more)
    assert server.jobs == {}
    assert staging(server) == []


def test_a_table_without_partitions_is_replaced_by_key_alone(engine: DuckDBEngine) -> None:
    with serving(engine) as server:
        server.declare(TABLE, SCHEMA)
        engine.load(FULL, [*OLD, *OTHERS])
        replace(server, NEW, partition=None)
        assert engine.rows(FULL) == as_stored(*NEW, *game("513", ("Brown", 3)))


def test_values_of_python_are_written_as_bigquery_reads_them(server: Server, engine: DuckDBEngine) -> None:
    replace(server, [{"game_id": "it's `512`; --", "game_date": date(2026, 1, 5), "player": "Jokić\n\u2028", "points": 2**53}])
    assert engine.rows(FULL) == [("it's `512`; --", date(2026, 1, 5), "Jokić\n\u2028", 2**53)]

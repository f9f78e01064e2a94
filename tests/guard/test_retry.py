"""Which unit is submitted how often, after which delays, and what its caller gets: the real client against a local server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from google.api_core.exceptions import BadRequest, Conflict, GoogleAPICallError
from google.cloud import bigquery
from interlock_guard.errors import ConflictsExhausted, StreamingBufferBlocked
from interlock_guard.jobs import load, query
from interlock_guard.retry import JITTER, serialization_retry

from tests.guard.bigquery_server import Engine, Failure, Server, When, serving

TABLE = "nba_raw.nbac_gamebook_player_stats"
DELETE = f"DELETE FROM {TABLE} WHERE game_date = '2026-01-05' AND game_id = '0022500512'"  # noqa: S608 (constants)
SERIALIZATION = f"Could not serialize access to table acme:{TABLE} due to concurrent update"
ABORTED = f"Transaction is aborted due to concurrent update against table acme:{TABLE}. Transaction ID: 1. Blocking job: 2"
QUEUE = (
    f"Resources exceeded during query execution: Too many DML statements outstanding against table acme:{TABLE}, limit is 20."
)
BUFFER = f"UPDATE or DELETE statement over table {TABLE} would affect rows in the streaming buffer, which is not supported"
SCHEMA = "Unrecognized name: game_idd; Did you mean game_id? at [1:40]"


def conflict(when: When = "poll", message: str = SERIALIZATION) -> Failure:
    return Failure("invalidQuery", message, when)


@pytest.fixture
def pauses(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The delays that were slept, without the sleep; with the jitter out of the way."""
    monkeypatch.setattr("interlock_guard.retry.JITTER", 0.0)
    return pauses


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Engine()) as running:
        yield running


def statement(server: Server, text: str = DELETE, table: str = TABLE) -> Callable[[], object]:
    client = server.client()
    return serialization_retry(table=table)(lambda: query(client, text))


@pytest.mark.parametrize(
    "when",
    [
        pytest.param("submit", id="the submission is refused"),
        pytest.param("poll", id="the job is done and failed"),
        pytest.param("result", id="asking for the result is refused"),
    ],
)
def test_four_conflicts_then_success_are_five_submissions(server: Server, pauses: list[float], when: When) -> None:
    server.engine.failures = [conflict(when)] * 4
    statement(server)()
    assert [job["query"] for job in server.submissions()] == [DELETE] * 5
    assert pauses == [1, 2, 4, 8]


def test_each_submission_is_a_job_of_its_own(server: Server, pauses: list[float]) -> None:
    server.engine.failures = [conflict()] * 4
    statement(server)()
    assert len(server.jobs) == 5
    assert len(pauses) == 4


def test_five_conflicts_are_one_clear_error(server: Server, pauses: list[float]) -> None:
    server.engine.failures = [conflict()] * 5
    with pytest.raises(ConflictsExhausted) as caught:
        statement(server)()
    assert len(server.submissions()) == 5
    assert pauses == [1, 2, 4, 8]
    assert (caught.value.table, caught.value.tries, caught.value.last_message) == (TABLE, 5, SERIALIZATION)
    assert isinstance(caught.value.__cause__, BadRequest)
    assert str(caught.value) == (
        f"{TABLE}: gave up after 5 tries, each met a conflict. Last message: {SERIALIZATION}."
        " Another writer changes the table: see which jobs ran then."
    )


def test_without_a_name_the_error_names_the_table_of_the_message(server: Server, pauses: list[float]) -> None:
    server.engine.failures = [conflict()] * 5
    with pytest.raises(ConflictsExhausted, match=f"^acme:{TABLE}: gave up"):
        statement(server, table="")()
    assert len(pauses) == 4


def test_a_schema_error_is_one_submission_and_comes_as_it_is(server: Server, pauses: list[float]) -> None:
    server.engine.failures = [Failure("invalidQuery", SCHEMA)]
    with pytest.raises(BadRequest, match="Unrecognized name"):
        statement(server)()
    assert len(server.submissions()) == 1
    assert pauses == []


def test_a_schema_error_after_conflicts_comes_as_it_is(server: Server, pauses: list[float]) -> None:
    server.engine.failures = [conflict(), conflict(), Failure("invalidQuery", SCHEMA)]
    with pytest.raises(BadRequest, match="Unrecognized name"):
        statement(server)()
    assert len(server.submissions()) == 3
    assert pauses == [1, 2]


def test_rows_in_the_streaming_buffer_are_explained_after_one_submission(server: Server, pauses: list[float]) -> None:
    server.engine.failures = [conflict(message=BUFFER)]
    with pytest.raises(StreamingBufferBlocked, match="30 minutes") as caught:
        statement(server)()
    assert caught.value.table == TABLE
    assert len(server.submissions()) == 1
    assert pauses == []


def test_a_full_queue_is_waited_for_longer(server: Server, pauses: list[float]) -> None:
    server.engine.failures = [Failure("resourcesExceeded", QUEUE)] * 4
    statement(server)()
    assert len(server.submissions()) == 5
    assert pauses == [8, 16, 32, 64]


def test_an_aborted_transaction_repeats_the_whole_unit(server: Server, pauses: list[float]) -> None:
    """A transaction over several queries of a session: after the abort its earlier statements are gone, too."""
    server.engine.failures = [None, None, conflict(message=ABORTED)]
    client = server.client()

    @serialization_retry(table=TABLE)
    def unit() -> None:
        for text in ("BEGIN TRANSACTION", DELETE, "COMMIT TRANSACTION"):
            query(client, text)

    unit()
    assert [job["query"] for job in server.submissions()] == ["BEGIN TRANSACTION", DELETE, "COMMIT TRANSACTION"] * 2
    assert pauses == [1]


def test_a_load_that_fails_by_a_conflict_is_submitted_again(server: Server, pauses: list[float]) -> None:
    """The fix that was applied asked `load_job.result` again, which repeats the answer of a job that is over."""
    server.engine.failures = [conflict()] * 4
    server.declare(TABLE, [{"name": "game_id", "type": "STRING"}])
    client = server.client()
    serialization_retry(table=TABLE)(load)(client, [{"game_id": "1"}], TABLE)
    assert len(server.submissions("load")) == 5
    assert pauses == [1, 2, 4, 8]


def test_asking_a_failed_job_again_submits_nothing(server: Server, pauses: list[float]) -> None:
    server.engine.failures = [conflict()]
    job = server.client().query(DELETE)
    with pytest.raises(ConflictsExhausted):
        serialization_retry(table=TABLE)(job.result)()
    assert len(server.submissions()) == 1
    assert len(pauses) == 4


@pytest.mark.parametrize("message", [f"Query error: {SERIALIZATION} at [3:1]", f"Query error: {ABORTED} at [24:9]"])
def test_a_script_is_not_run_again_unless_its_author_says_so(
    server: Server, pauses: list[float], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.engine.failures = [conflict(message=message)]
    with pytest.raises(BadRequest, match="due to concurrent update"):
        statement(server)()
    assert (len(server.submissions()), pauses) == (1, [])
    [line] = [json.loads(record.message) for record in caplog.records if record.name == "interlock_guard"]
    assert line["event"] == "bigquery_script_not_repeated"
    assert "serialization_retry(scripts=True)" in line["message"]
    server.engine.failures = [conflict(message=message)] * 2
    client = server.client()
    serialization_retry(table=TABLE, scripts=True)(lambda: query(client, DELETE))()
    assert (len(server.submissions()), pauses) == (4, [1, 2])
    server.engine.failures = [conflict(message=message)] * 2
    with pytest.raises(ConflictsExhausted):
        serialization_retry(table=TABLE, scripts=True, tries=2)(lambda: query(client, DELETE))()


def test_a_unit_that_gives_its_job_an_id_of_its_own_still_says_what_it_met(server: Server, pauses: list[float]) -> None:
    """Its second submission is told that there is such a job, which is no news to anybody."""
    server.engine.failures = [conflict()]
    client = server.client()
    with pytest.raises(ConflictsExhausted) as caught:
        serialization_retry(table=TABLE)(lambda: client.query(DELETE, job_id="mine", job_retry=None).result())()
    assert caught.value.last_message == SERIALIZATION
    assert isinstance(caught.value.__cause__, BadRequest)
    assert (len(server.jobs), pauses) == (1, [1])


def test_a_job_that_was_there_before_is_no_conflict(server: Server, pauses: list[float]) -> None:
    client = server.client()
    client.query(DELETE, job_id="mine", job_retry=None).result()
    with pytest.raises(Conflict, match="Already Exists: Job"):
        serialization_retry(table=TABLE)(lambda: client.query(DELETE, job_id="mine", job_retry=None).result())()
    assert pauses == []


def test_no_try_is_begun_after_the_deadline(server: Server, pauses: list[float]) -> None:
    server.engine.failures = [Failure("resourcesExceeded", QUEUE)] * 5
    client = server.client()
    with pytest.raises(ConflictsExhausted, match="after 1 try"):
        serialization_retry(table=TABLE, deadline=5)(lambda: query(client, DELETE))()
    assert (len(server.submissions()), pauses) == (1, []), "the first delay of a full queue would be 8 s"
    server.engine.failures = [conflict()] * 5
    with pytest.raises(ConflictsExhausted):
        serialization_retry(table=TABLE, deadline=1.5)(lambda: query(client, DELETE))()
    assert pauses == [1]
    with pytest.raises(ValueError, match="deadline is -1"):
        serialization_retry(deadline=-1)


def test_google_s_own_retries_stay_on_underneath(server: Server, pauses: list[float]) -> None:
    server.unavailable = 2
    statement(server)()
    assert len(server.submissions()) == 3
    assert len(server.jobs) == 1
    assert len(pauses) == 2


def test_a_load_whose_answer_was_lost_is_found_and_not_loaded_twice(server: Server) -> None:
    """The first submission arrives, its answer does not: the client sends the same job again and is told 409."""
    server.declare(TABLE, [{"name": "game_id", "type": "STRING"}])
    loads = []
    server.engine.load = lambda _table, rows: loads.append(rows) or 1  # type: ignore[method-assign]
    client = server.client()
    upload = bigquery.Client.load_table_from_file

    def twice(*args: object, **kwargs: object) -> object:
        upload(client, *args, **kwargs)
        args[0].seek(0)  # type: ignore[attr-defined]
        return upload(client, *args, **kwargs)

    client.load_table_from_file = twice  # type: ignore[method-assign]
    load(client, [{"game_id": "1"}], TABLE)
    assert loads == [[{"game_id": "1"}]]


def test_delays_differ_by_up_to_half(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interlock_guard.retry.JITTER", JITTER)
    for _ in range(50):
        with pytest.raises(ConflictsExhausted):
            serialization_retry(raises(SERIALIZATION))()
    for steady, drawn in zip((1, 2, 4, 8), (pauses[n::4] for n in range(4)), strict=True):
        assert all(steady * 0.5 <= seconds <= steady * 1.5 for seconds in drawn)
        assert len(set(drawn)) > 40


def raises(message: str) -> Callable[[], None]:
    def unit() -> None:
        raise BadRequest(message, errors=[{"reason": "invalidQuery", "message": message}])

    return unit


def test_an_exhausted_unit_inside_another_is_not_multiplied(pauses: list[float]) -> None:
    inner = serialization_retry(raises(SERIALIZATION))
    with pytest.raises(ConflictsExhausted):
        serialization_retry(inner)()
    assert pauses == [1, 2, 4, 8]


def test_arguments_result_and_name_pass_through() -> None:
    @serialization_retry
    def unit(a: int, *, b: int) -> int:
        """Adds."""
        return a + b

    assert (unit(1, b=2), unit.__name__, unit.__doc__) == (3, "unit", "Adds.")


def test_tries_can_be_fewer_and_one_means_once(pauses: list[float]) -> None:
    with pytest.raises(ConflictsExhausted, match="after 1 try,"):
        serialization_retry(table=TABLE, tries=1)(raises(SERIALIZATION))()
    assert pauses == []
    with pytest.raises(ValueError, match="tries is 0"):
        serialization_retry(table=TABLE, tries=0)


def test_what_ends_before_its_work_is_refused() -> None:
    async def later() -> None: ...

    def stream() -> Iterator[int]:
        yield 1

    for unit in (later, stream):
        with pytest.raises(TypeError, match="wrap a plain function"):
            serialization_retry(unit)


def test_every_conflict_and_the_outcome_are_a_line_of_json(
    server: Server, pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    server.engine.failures = [conflict()]
    statement(server)()
    server.engine.failures = [conflict()] * 5
    with pytest.raises(ConflictsExhausted):
        statement(server)()
    assert len(pauses) == 5
    lines = [json.loads(record.message) for record in caplog.records if record.name == "interlock_guard"]
    assert [(line["event"], line["severity"], line["attempt"]) for line in lines] == [
        ("bigquery_serialization_conflict", "WARNING", 1),
        ("bigquery_retry_success", "NOTICE", 2),
        *(("bigquery_serialization_conflict", "WARNING", number) for number in (1, 2, 3, 4)),
        ("bigquery_retry_exhausted", "ERROR", 5),
    ]
    assert lines[-1] == {
        "severity": "ERROR",
        "message": f"{TABLE}: try 5 of 5 met a conflict and was the last",
        "event": "bigquery_retry_exhausted",
        "table": TABLE,
        "attempt": 5,
        "kind": "serialization conflict",
        "error": SERIALIZATION,
    }


def test_an_interrupt_is_not_a_conflict(pauses: list[float]) -> None:
    def unit() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serialization_retry(unit)()
    assert pauses == []


def test_an_error_keeps_its_cause() -> None:
    cause = OSError("no route")

    def unit() -> None:
        raise GoogleAPICallError("failed") from cause

    with pytest.raises(GoogleAPICallError) as caught:
        serialization_retry(unit)()
    assert caught.value.__cause__ is cause

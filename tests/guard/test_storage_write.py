"""The third way to append, the Storage Write API: what is sent, what is refused, and what is in the table after a crash."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from google.api_core.exceptions import InvalidArgument, RetryError, ServiceUnavailable
from google.cloud.bigquery_storage_v1 import BigQueryWriteClient, types
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
from google.protobuf.json_format import MessageToDict
from interlock_guard import storage_write
from interlock_guard.append import append_rows
from interlock_guard.errors import NotCommitted, RowsRefused
from interlock_guard.jobs import Written

from tests.guard.appending import SCHEMA, TABLE, games
from tests.guard.bigquery_server import PROJECT, Server
from tests.guard.write_server import INVALID_ARGUMENT, UNAVAILABLE, Code, WriteServer, Writing, writing

PATH = f"projects/{PROJECT}/datasets/raw/tables/games"
STEPS = ["CreateWriteStream", "AppendRows", "FinalizeWriteStream", "BatchCommitWriteStreams"]


@pytest.fixture(scope="module")
def storage() -> Iterator[Writing]:
    with writing() as running:
        yield running


@pytest.fixture
def api(storage: Writing) -> WriteServer:
    """A server of this test."""
    storage.server = WriteServer()
    return storage.server


@pytest.fixture
def append(server: Server, api: WriteServer, storage: Writing) -> Callable[[list[dict[str, object]]], Written]:
    """Appends with the Storage Write API."""
    assert api is storage.server
    return lambda rows: append_rows(TABLE, rows, method="storage_write", client=server.client(), writer=storage.client)


Append = Callable[[list[dict[str, object]]], Written]


# What is sent


def test_rows_are_there_after_create_append_finalize_and_commit(append: Append, api: WriteServer) -> None:
    assert append(games(3)) == Written(table=TABLE, rows=3)
    assert api.calls == STEPS
    assert [(row.game_id, row.points) for row in api.tables[PATH]] == [("0000", 0), ("0001", 1), ("0002", 2)]  # type: ignore[attr-defined]
    assert api.routes == [f"write_stream={PATH}/streams/s0"]


def test_a_table_of_another_alphabet_is_appended_to(server: Server, api: WriteServer, storage: Writing) -> None:
    """The routing header goes as ASCII."""
    server.declare("raw.игры", SCHEMA)
    append_rows("raw.игры", games(2), method="storage_write", client=server.client(), writer=storage.client)
    assert len(api.tables["projects/acme/datasets/raw/tables/игры"]) == 2
    [route] = api.routes
    assert route == "write_stream=projects/acme/datasets/raw/tables/%D0%B8%D0%B3%D1%80%D1%8B/streams/s0"


def test_requests_stay_under_the_limit_and_say_their_offsets(append: Append, api: WriteServer) -> None:
    """The server takes no request above 10 MB."""
    append([{"game_id": f"{number}" + "x" * 1_000_000, "points": number} for number in range(20)])
    assert [request.offset for request in api.appends] == [0, 9, 18]
    assert ["writer_schema" in request.proto_rows for request in api.appends] == [True, False, False]
    assert [row.points for row in api.rows()] == list(range(20))  # type: ignore[attr-defined]


def test_a_row_that_fits_no_request_is_refused_before_a_stream_is_begun(append: Append, api: WriteServer) -> None:
    with pytest.raises(ValueError, match=rf"^{TABLE}: row 1 has 9600\d+ bytes, more than a request"):
        append([*games(1), {"game_id": "x" * 9_600_000}])
    assert api.calls == []


T = Field.Type
ZONE = timezone(timedelta(hours=-5))
SAID = [
    ("STRING", "é\n", T.TYPE_STRING, "é\n"),
    ("INTEGER", -(2**63), T.TYPE_INT64, -(2**63)),
    ("INT64", "7", T.TYPE_INT64, 7),
    ("FLOAT", 0.1, T.TYPE_DOUBLE, 0.1),
    ("FLOAT64", Decimal("1.5"), T.TYPE_DOUBLE, 1.5),
    ("FLOAT", "1e-3", T.TYPE_DOUBLE, 0.001),
    ("FLOAT", "-Infinity", T.TYPE_DOUBLE, float("-inf")),
    ("BOOLEAN", False, T.TYPE_BOOL, False),
    ("BYTES", b"\x00\xff", T.TYPE_BYTES, b"\x00\xff"),
    ("DATE", date(1969, 12, 31), T.TYPE_INT32, -1),
    ("DATE", "0001-01-01", T.TYPE_INT32, -719_162),
    ("DATE", "9999-12-31", T.TYPE_INT32, 2_932_896),
    ("TIME", "6:05:04.5", T.TYPE_STRING, "06:05:04.500000"),
    ("DATETIME", datetime(2026, 1, 5, 6, 0, 0, 1), T.TYPE_STRING, "2026-01-05T06:00:00.000001"),
    ("DATETIME", "2026-1-5", T.TYPE_STRING, "2026-01-05T00:00:00"),
    ("TIMESTAMP", datetime(1970, 1, 1, 1, tzinfo=ZONE), T.TYPE_INT64, 6 * 3_600_000_000),
    ("TIMESTAMP", "1970-01-01 00:00:00.000001 UTC", T.TYPE_INT64, 1),
    ("TIMESTAMP", "1969-12-31T23:59:59Z", T.TYPE_INT64, -1_000_000),
    ("TIMESTAMP", "1970-01-01T05:30:00+05:30", T.TYPE_INT64, 0),
    ("NUMERIC", Decimal("12345678901234567890123456789.123456789"), T.TYPE_STRING, "12345678901234567890123456789.123456789"),
    ("NUMERIC", 1e-9, T.TYPE_STRING, "0.000000001"),
    ("NUMERIC", "1.1000000000000", T.TYPE_STRING, "1.1000000000000"),
    ("BIGNUMERIC", Decimal("1e-38"), T.TYPE_STRING, f"0.{'0' * 37}1"),
    ("JSON", {"a": [1, None]}, T.TYPE_STRING, '{"a": [1, null]}'),
    ("JSON", "text", T.TYPE_STRING, '"text"'),
    ("GEOGRAPHY", "POINT(1 2)", T.TYPE_STRING, "POINT(1 2)"),
]  # fmt: skip


def test_each_type_is_said_as_its_documentation_has_it(append: Append, api: WriteServer, server: Server) -> None:
    """All types in one row, so that one append shows them all: what was written, by which type, and what arrived."""
    schema = [{"name": f"c{number}", "type": kind} for number, (kind, *_) in enumerate(SAID)]
    server.tables.clear()
    server.declare(TABLE, schema)
    append([{f"c{number}": value for number, (_, value, *_) in enumerate(SAID)}])
    (row,) = api.rows()
    types_sent = {field.name: field.type for field in row.DESCRIPTOR.fields}
    for number, (kind, value, protobuf, arrived) in enumerate(SAID):
        assert (types_sent[f"c{number}"], getattr(row, f"c{number}")) == (protobuf, arrived), (kind, value)


NESTED = [
    {"name": "class", "type": "RECORD", "mode": "REPEATED", "fields": [
        {"name": "Record1", "type": "DATE"},
        {"name": "tags", "type": "STRING", "mode": "REPEATED"},
        {"name": "Clear", "type": "STRUCT", "fields": [{"name": "x", "type": "INTEGER", "mode": "REQUIRED"}]},
    ]},
    {"name": "Row", "type": "INTEGER", "mode": "REPEATED"},
    {"name": "self", "type": "STRING"},
    {"name": "left_out", "type": "RANGE"},
]  # fmt: skip


def test_records_and_arrays_nest_whatever_their_columns_are_named(append: Append, api: WriteServer, server: Server) -> None:
    """Names that Python or protobuf has a use for; a column that no row fills is not in the descriptor."""
    server.tables.clear()
    server.declare(TABLE, NESTED)
    append(
        [
            {"class": [{"Record1": "1970-01-02", "tags": ["a", "b"], "Clear": {"x": 0}}, {}], "Row": [1, 2], "self": ""},
            {"class": None, "Row": []},
        ]
    )
    assert [MessageToDict(row, preserving_proto_field_name=True) for row in api.rows()] == [
        {"class": [{"Record1": 1, "tags": ["a", "b"], "Clear": {"x": "0"}}, {}], "Row": ["1", "2"], "self": ""},
        {},
    ]
    descriptor = api.appends[0].proto_rows.writer_schema.proto_descriptor
    assert [field.name for field in descriptor.field] == ["class", "Row", "self"]
    assert {nested.name for nested in descriptor.nested_type} == {"Record2", "Record3"}


def test_null_and_zero_and_empty_text_are_told_apart(append: Append, api: WriteServer) -> None:
    append([{"game_id": "", "points": 0}, {"game_id": "1", "points": None}, {"game_id": "2"}])
    assert [row.HasField("points") for row in api.rows()] == [True, False, False]
    assert api.rows()[0].HasField("game_id")


DEFAULT = [*SCHEMA, {"name": "seen", "type": "DATE", "mode": "REQUIRED", "defaultValueExpression": "CURRENT_DATE()"}]
NULLABLE = [*SCHEMA, {"name": "seen", "type": "DATE", "defaultValueExpression": "CURRENT_DATE()"}]


def with_seen(*days: object) -> list[dict[str, object]]:
    return [{"game_id": "1"} if day == "left out" else {"game_id": "1", "seen": day} for day in days]


@pytest.mark.parametrize(
    ("schema", "days", "nulls"),
    [
        pytest.param(DEFAULT, ["left out"], {}, id="left out it gets the default, though it is REQUIRED"),
        pytest.param(NULLABLE, ["left out", "2026-01-05"], {}, id="left out of some rows, those get the default"),
        pytest.param(NULLABLE, [None, "2026-01-05"], {"seen": 1}, id="None stays NULL"),
    ],
)
def test_a_column_with_a_default(
    append: Append, api: WriteServer, server: Server, schema: Any, days: list[object], nulls: dict[str, int]
) -> None:
    server.tables.clear()
    server.declare(TABLE, schema)
    append(with_seen(*days))
    (request,) = api.appends
    assert "seen" in [field.name for field in request.proto_rows.writer_schema.proto_descriptor.field]
    assert request.default_missing_value_interpretation == types.AppendRowsRequest.MissingValueInterpretation.DEFAULT_VALUE
    assert dict(request.missing_value_interpretations) == nulls


# What can't be said

REFUSED = [
    ("STRING", 5, "it must be text"),
    ("STRING", "\ud800", "it must be text"),
    ("INTEGER", True, "it must be a whole number of 64 bits"),
    ("INTEGER", 2**63, "it must be a whole number of 64 bits"),
    ("INTEGER", 1.0, "it must be a whole number of 64 bits"),
    ("FLOAT", "seven", "it must be a number"),
    ("FLOAT", 10**400, "it must be a number"),
    ("FLOAT", "1_000", "it must be a number"),
    ("FLOAT", "\u0661", "it must be a number"),
    ("FLOAT", " 1", "it must be a number"),
    ("NUMERIC", "1_000", "a NUMERIC has at most 29 digits before the point and 9 after it"),
    ("BIGNUMERIC", "\u0661", "a BIGNUMERIC has at most 38 digits before the point and after it"),
    ("INTEGER", "1_000", "it must be a whole number of 64 bits"),
    ("BOOLEAN", 1, "it must be true or false"),
    ("BYTES", "a*b", "it must be bytes, or text in base64"),
    ("DATE", "2026-02-30", "a DATE is written 2026-01-31"),
    ("DATE", "2026-01-05T00:00:00", "a DATE is written 2026-01-31"),
    ("TIME", "24:00:00", "a TIME is written 23:59:59.999999"),
    ("DATETIME", "2026-01-05T00:00:00Z", "a DATETIME is written 2026-01-31T23:59:59.999999, without an offset"),
    ("TIMESTAMP", 1_767_571_200, "a TIMESTAMP is written 2026-01-31T23:59:59.999999Z, or with an offset"),
    ("TIMESTAMP", "2026-01-05T00:00:00.1234567Z", "a TIMESTAMP is written 2026-01-31T23:59:59.999999Z, or with an offset"),
    ("TIMESTAMP", "0001-01-01T00:00:00+01:00", "a TIMESTAMP is written 2026-01-31T23:59:59.999999Z, or with an offset"),
    ("NUMERIC", "0.1234567891", "a NUMERIC has at most 29 digits before the point and 9 after it"),
    ("NUMERIC", 10**29, "a NUMERIC has at most 29 digits before the point and 9 after it"),
    ("NUMERIC", "NaN", "a NUMERIC has at most 29 digits before the point and 9 after it"),
    ("BIGNUMERIC", "1e999999999", "a BIGNUMERIC has at most 38 digits before the point and after it"),
    ("BIGNUMERIC", "1e-999999999", "a BIGNUMERIC has at most 38 digits before the point and after it"),
    ("GEOGRAPHY", {"type": "Point"}, "it must be text, WKT or GeoJSON"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value", "wanted"), [pytest.param(*case, id=f"{case[0]} is not {str(case[1])[:40]!a}") for case in REFUSED]
)
def test_a_value_that_its_column_has_not_is_refused_before_a_stream_is_begun(
    append: Append, api: WriteServer, server: Server, kind: str, value: object, wanted: str
) -> None:
    server.tables.clear()
    server.declare(TABLE, [{"name": "n", "type": "INTEGER"}, {"name": "c", "type": kind}])
    with pytest.raises(ValueError, match=rf"^{TABLE}: row 1: c is ") as caught:
        append([{"n": 1}, {"c": value}])
    assert str(caught.value).endswith(f"but {wanted}")
    assert len(str(caught.value)) < 300
    assert api.calls == []


REQUIRED = [{"name": "r", "type": "RECORD", "fields": [{"name": "x", "type": "DATE", "mode": "REQUIRED"}]},
            {"name": "a", "type": "DATE", "mode": "REPEATED"}]  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "rows", "says"),
    [
        pytest.param(SCHEMA, [{"points": 1}], "no row has game_id, which is REQUIRED", id="no REQUIRED column"),
        pytest.param(SCHEMA, [*games(1), {}], "row 1: game_id is missing, but it is REQUIRED", id="no REQUIRED value"),
        pytest.param(
            DEFAULT, with_seen(None), "row 0: seen is missing, but it is REQUIRED", id="a REQUIRED value is None: no default"
        ),
        pytest.param(
            NULLABLE, with_seen(None, "left out"),
            "seen has a default value, and is None in 1 rows but left out of 1: the Storage Write"
            " API can't tell the two apart in one append, so append them separately", id="None and the default in one"
        ),
        pytest.param(
            SCHEMA, [{"game": 1}], "raw.games has no column 'game'; its columns are game_id, points", id="no such column"
        ),
        pytest.param(REQUIRED, [{"r": {}}], "row 0: r.x is missing, but it is REQUIRED", id="REQUIRED in a record"),
        pytest.param(REQUIRED, [{"r": {"y": 1}}], "row 0: r has no field 'y'", id="no such field in a record"),
        pytest.param(REQUIRED, [{"r": 1}], "row 0: r is 1, but it is a RECORD, so it must be a mapping", id="no record"),
        pytest.param(
            REQUIRED, [{"a": "2026-01-05"}], "row 0: a is '2026-01-05', but it is REPEATED, so it must be a list", id="no array"
        ),
        pytest.param(
            REQUIRED, [{"a": ["2026-01-05", None]}], "row 0: a[1] is None, but an array holds no NULL", id="NULL in an array"
        ),
        pytest.param(
            REQUIRED, [{"a": ["today"]}], "row 0: a[0] is 'today', but a DATE is written 2026-01-31", id="a bad item"
        ),
        pytest.param(
            [{"name": "r", "type": "RECORD", "fields": [{"name": "v", "type": "INTERVAL"}]}], [{"r": {"v": "1-2"}}],
            'r.v is a INTERVAL, which is not written through the Storage Write API here; method="load" takes it', id="a type",
        ),
        pytest.param(
            [{"name": "größe", "type": "FLOAT"}], [{"größe": 1}],
            "protobuf has no field named 'größe'; method=\"load\" takes such columns", id="a name that protobuf has not",
        ),
    ],
)  # fmt: skip
def test_rows_that_the_table_has_no_place_for_are_refused_before_a_stream_is_begun(
    append: Append, api: WriteServer, server: Server, schema: Any, rows: list[dict[str, object]], says: str
) -> None:
    server.tables.clear()
    server.declare(TABLE, schema)
    with pytest.raises(ValueError, match=r"^raw\.games") as caught:
        append(rows)
    assert str(caught.value).removeprefix(f"{TABLE}: ") == says
    assert api.calls == []


def test_a_partition_is_no_place_for_a_stream(server: Server) -> None:
    with pytest.raises(ValueError, match=r"'raw.games\$20260105': a stream appends to a whole table"):
        append_rows(f"{TABLE}$20260105", games(1), method="storage_write", client=server.client())
    assert server.requests == []


# All or none


class Crash(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_before_the_commit_leaves_no_row_and_the_next_run_is_whole(
    append: Append, api: WriteServer, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """It dies when it is about to make this call; the stream that it began is never committed."""
    method = re.sub(r"(?<!^)([A-Z])", r"_\1", step).lower()

    def die(*_: object, **__: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(BigQueryWriteClient, method, die)
        with pytest.raises(Crash):
            append(games(3))
    assert api.calls == STEPS[: STEPS.index(step)]
    assert api.rows() == []
    append(games(3))
    assert len(api.rows()) == 3


def test_a_crash_between_two_requests_leaves_no_row(append: Append, api: WriteServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_write, "REQUEST_BYTES", 150)
    seen: list[object] = []

    def die_at_the_second(*_: object) -> None:
        seen.append(None)
        if len(seen) == 2:
            raise Crash

    monkeypatch.setattr(storage_write, "_check", die_at_the_second)
    with pytest.raises(Crash):
        append(games(30))
    assert api.rows() == []
    assert "FinalizeWriteStream" not in api.calls


def test_refused_rows_are_named_by_their_place_in_all_rows_and_none_is_written(
    append: Append, api: WriteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_write, "REQUEST_BYTES", 150)
    api.refuses = lambda row: "Bad\nvalue." if row.points == 13 else ""  # type: ignore[attr-defined]
    with pytest.raises(RowsRefused, match=r"^raw\.games: .* refused 1 rows .*; no row was written: row 13: Bad value\.$"):
        append(games(30))
    assert len(api.appends) > 1
    assert api.rows() == []
    assert "BatchCommitWriteStreams" not in api.calls


@pytest.mark.parametrize("interruption", ["before", "after", "ends"])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_an_interrupted_append_goes_on_where_it_was_and_each_row_is_there_once(
    append: Append, api: WriteServer, pauses: list[float], monkeypatch: pytest.MonkeyPatch, interruption: str, at: int
) -> None:
    """Before the rows of the request arrived, or after, when only their answer is lost; with an error or without."""
    monkeypatch.setattr(storage_write, "REQUEST_BYTES", 150)
    api.interruptions = {at: interruption}
    append(games(24))
    assert [row.points for row in api.rows()] == list(range(24))  # type: ignore[attr-defined]
    assert api.calls == ["CreateWriteStream", "AppendRows", "AppendRows", "FinalizeWriteStream", "BatchCommitWriteStreams"]
    assert len(pauses) == 1


@pytest.mark.parametrize("call", ["FinalizeWriteStream", "BatchCommitWriteStreams"])
def test_a_lost_answer_is_asked_for_again_and_the_rows_are_there_once(
    append: Append, api: WriteServer, pauses: list[float], call: str
) -> None:
    api.lost_answers = [call]
    append(games(3))
    assert len(api.rows()) == 3
    assert api.calls.count(call) == 2
    assert len(pauses) == 1


@pytest.mark.parametrize(
    ("commit_errors", "miscounts", "says"),
    [
        pytest.param(
            [types.StorageError(code=Code.INVALID_STREAM_STATE, error_message="garbage")], 0,
            "BigQuery did not commit the rows, none was written: INVALID_STREAM_STATE: garbage", id="the commit is refused",
        ),
        pytest.param(
            [], 1, "the stream has 2 rows, 3 were sent; it was not committed, no row was written", id="rows are missing"
        ),
    ],
)  # fmt: skip
def test_rows_that_were_taken_but_not_committed(
    append: Append, api: WriteServer, commit_errors: list[types.StorageError], miscounts: int, says: str
) -> None:
    api.commit_errors, api.miscounts = commit_errors, miscounts
    with pytest.raises(NotCommitted) as caught:
        append(games(3))
    assert str(caught.value) == f"{TABLE}: {says}"
    assert api.rows() == []


def refusing(api: WriteServer, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    answer = types.AppendRowsResponse(error={"code": code, "message": "Schema mismatch"})
    monkeypatch.setattr(api, "_taken", lambda *_: answer)


def test_an_error_of_the_request_is_raised_as_it_came(
    append: Append, api: WriteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(api, monkeypatch, INVALID_ARGUMENT)
    with pytest.raises(InvalidArgument, match="Schema mismatch"):
        append(games(3))
    assert api.calls == STEPS[:2]


def test_a_service_that_stays_away_is_given_up(append: Append, api: WriteServer, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(api, monkeypatch, UNAVAILABLE)
    monkeypatch.setattr(storage_write, "RESUME_SECONDS", 0.0)
    with pytest.raises(RetryError) as caught:
        append(games(3))
    assert isinstance(caught.value.cause, ServiceUnavailable)
    assert api.rows() == []


def test_the_writer_is_made_with_the_clients_credentials_and_closed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    class Writer:
        def __init__(self, *, credentials: object) -> None:
            made.append(credentials)

        def __enter__(self) -> None:
            """As the client of the API, which closes its transport at the end."""

        def __exit__(self, *_: object) -> None:
            made.append("closed")

        def table_path(self, *_: str) -> str:
            raise Crash

    monkeypatch.setattr(storage_write, "BigQueryWriteClient", Writer)
    client = server.client()
    with pytest.raises(Crash):
        append_rows(TABLE, games(1), method="storage_write", client=client)
    assert made == [client._credentials, "closed"]

"""Append rows through a pending stream of the Storage Write API: all rows or none, each once.

The steps are those of docs.cloud.google.com/bigquery/docs/write-api-batch: create a stream of type PENDING, append at offsets,
finalize, commit. Until the commit nobody sees a row; a stream that is never committed leaves none.

google-cloud-bigquery-storage has a manager for the connection (writer.AppendRowsStream). It is not used: it is for writers that
stay, with two threads, an opening that sleeps, and results that are polled once a second. This sends what it has and reads as
many answers.

Needs the extra: `pip install "interlock-guard[bigquery]"`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

from google.api_core.exceptions import (
    Aborted,
    AlreadyExists,
    GoogleAPICallError,
    InternalServerError,
    ServiceUnavailable,
    from_grpc_status,
)
from google.api_core.retry import Retry, if_exception_type

from interlock_guard.errors import NotCommitted, RowsRefused, one_line
from interlock_guard.jobs import bigquery
from interlock_guard.messages import Messages, messages_of
from interlock_guard.rows import Row

try:
    from google.cloud.bigquery_storage_v1 import BigQueryWriteClient, types
except ImportError as error:
    raise ImportError('google-cloud-bigquery-storage is missing: pip install "interlock-guard[bigquery]"') from error

REQUEST_BYTES = 9_500_000
"""Of rows and descriptor in one request; 10 MB is the limit (docs.cloud.google.com/bigquery/quotas#write-api-limits)."""
ROW_OVERHEAD_BYTES = 6
"""What a row takes in its request beyond its own bytes: a tag and its length."""
RESUME_SECONDS = 60.0
"""For so long an append that was interrupted is taken up again."""
SHOWN_ERRORS = 3
TRACE_ID = "interlock-guard"

_Missing = types.AppendRowsRequest.MissingValueInterpretation


@dataclass(frozen=True, kw_only=True)
class _Chunk:
    """The rows of one request; `offset` is the number of the first one in the stream."""

    offset: int
    rows: Sequence[bytes]


def append_atomically(
    client: bigquery.Client, table: str, rows: Sequence[Row], *, writer: BigQueryWriteClient | None = None
) -> None:
    """Append rows, as `rows.plain` leaves them, to a table that is there. When it raises, none of them is in the table, but
    for one case: the commit's own answer was lost for ten minutes.

    `writer` is for another endpoint or for many appends; without it one is made with the credentials of `client`, and closed.
    Columns with a default value get it in rows that leave them out. Raises ValueError, before a stream is begun, for what the
    table can't hold or protobuf can't say; `RowsRefused` with BigQuery's reasons; `NotCommitted`; what BigQuery says otherwise.
    """
    if not rows:
        return
    if "$" in table or "@" in table:
        raise ValueError(f"{table!r:.80}: a stream appends to a whole table, each row goes to its own partition")
    found = client.get_table(table)
    messages = messages_of(table, found.schema, rows)
    chunks = _chunks(table, messages)
    with _open(client, writer) as to:
        parent = to.table_path(found.project, found.dataset_id, found.table_id)
        kind = types.WriteStream(type_=types.WriteStream.Type.PENDING)
        stream = to.create_write_stream(parent=parent, write_stream=kind).name
        _append(to, stream, table, messages, chunks)
        _commit(to, stream, parent, table, len(rows))


@contextmanager
def _open(client: bigquery.Client, writer: BigQueryWriteClient | None) -> Iterator[BigQueryWriteClient]:
    if writer is not None:
        yield writer
        return
    # Client has no public name for its credentials; its own clients of the Storage API are made from these, too.
    own = BigQueryWriteClient(credentials=client._credentials)
    with own:
        yield own


def _chunks(table: str, messages: Messages) -> list[_Chunk]:
    """As many rows a request as fit beside the descriptor, which the first request of a connection has."""
    room = REQUEST_BYTES - messages.descriptor.ByteSize()
    made: list[_Chunk] = []
    start, size = 0, 0
    for number, row in enumerate(messages.rows):
        more = len(row) + ROW_OVERHEAD_BYTES
        if more > room:
            raise ValueError(f"{table}: row {number} has {len(row)} bytes, more than a request of the Storage Write API takes")
        if size + more > room:
            made.append(_Chunk(offset=start, rows=messages.rows[start:number]))
            start, size = number, 0
        size += more
    return [*made, _Chunk(offset=start, rows=messages.rows[start:])]


def _append(to: BigQueryWriteClient, stream: str, table: str, messages: Messages, chunks: Sequence[_Chunk]) -> None:
    """Send the chunks, and read an answer for each. An interrupted connection is taken up at the first unanswered one.

    Offsets make that safe: rows that arrived though their answer did not are ALREADY_EXISTS (types/storage.py,
    AppendRowsResponse.error).
    """
    answered = 0

    def send_rest() -> None:
        nonlocal answered
        rest = chunks[answered:]
        answers = to.append_rows(
            requests=(_request(stream, messages, chunk, first=chunk is rest[0]) for chunk in rest),
            retry=None,  # it would go on in the middle of the requests that were used up
            timeout=None,
            metadata=[("x-goog-request-params", f"write_stream={quote(stream, safe='/')}")],
        )
        try:
            for chunk, answer in zip(rest, answers):  # noqa: B905 (a connection may end early)
                _check(answer, table, chunk)
                answered += 1
        finally:
            cast(Any, answers).cancel()
        if answered < len(chunks):
            raise ServiceUnavailable(f"the connection ended after {answered} of {len(chunks)} requests")

    transient = if_exception_type(ServiceUnavailable, InternalServerError, Aborted)
    Retry(predicate=transient, initial=0.1, maximum=10.0, timeout=RESUME_SECONDS)(send_rest)()


def _request(stream: str, messages: Messages, chunk: _Chunk, *, first: bool) -> types.AppendRowsRequest:
    data = types.AppendRowsRequest.ProtoData(rows=types.ProtoRows(serialized_rows=chunk.rows))
    if first:
        data.writer_schema = types.ProtoSchema(proto_descriptor=messages.descriptor)
    return types.AppendRowsRequest(
        write_stream=stream,
        offset=chunk.offset,
        proto_rows=data,
        trace_id=TRACE_ID if first else "",
        default_missing_value_interpretation=_Missing.DEFAULT_VALUE,
        missing_value_interpretations=dict.fromkeys(messages.nulls, _Missing.NULL_VALUE),
    )


def _check(answer: types.AppendRowsResponse, table: str, chunk: _Chunk) -> None:
    if answer.row_errors:
        shown = "; ".join(
            one_line(f"row {chunk.offset + refused.index}: {refused.message}") for refused in answer.row_errors[:SHOWN_ERRORS]
        )
        raise RowsRefused(
            f"{table}: the Storage Write API refused {len(answer.row_errors)} rows of a request of {len(chunk.rows)}; no row"
            f" was written: {shown}"
        )
    if answer.error.code:
        failure: GoogleAPICallError = from_grpc_status(answer.error.code, answer.error.message, response=answer)
        if not isinstance(failure, AlreadyExists):
            raise failure


def _commit(to: BigQueryWriteClient, stream: str, parent: str, table: str, rows: int) -> None:
    """Make the rows visible, all at once. "Already committed" answers a commit that the client sent twice."""
    counted = to.finalize_write_stream(name=stream).row_count
    if counted != rows:
        raise NotCommitted(
            f"{table}: the stream has {counted} rows, {rows} were sent; it was not committed, no row was written"
        )
    request = types.BatchCommitWriteStreamsRequest(parent=parent, write_streams=[stream])
    answer = to.batch_commit_write_streams(request=request)
    again = types.StorageError.StorageErrorCode.STREAM_ALREADY_COMMITTED
    failed = [error for error in answer.stream_errors if error.code != again]
    if failed or not (answer.commit_time or answer.stream_errors):
        why = one_line("; ".join(f"{error.code.name}: {error.error_message}" for error in failed)) or "it gave no time of it"
        raise NotCommitted(f"{table}: BigQuery did not commit the rows, none was written: {why}")

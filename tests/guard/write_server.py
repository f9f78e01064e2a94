"""A small server of the Storage Write API on the loopback: as much as a pending stream needs, and as strict as the real one.

Rows are decoded with the descriptor that came with them, not with what the test knows. Rules and codes are those of the API's
own comments (google.cloud.bigquery_storage_v1.types.storage): an append only at the end of the stream, no rows of a request
that has a bad one, nothing after finalizing, nothing visible before BatchCommitWriteStreams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.cloud.bigquery_storage_v1 import BigQueryWriteClient, types
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import BigQueryWriteGrpcTransport
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto
from google.protobuf.message import Message

REQUEST_LIMIT_BYTES = 10_000_000
SERVICE = "google.cloud.bigquery.storage.v1.BigQueryWrite"
INVALID_ARGUMENT, ALREADY_EXISTS, OUT_OF_RANGE, UNAVAILABLE = 3, 6, 11, 14

Code = types.StorageError.StorageErrorCode


@dataclass
class Stream:
    parent: str
    rows: list[Message] = field(default_factory=list)
    finalized: bool = False
    committed: bool = False


class WriteServer:
    """A server as one test has it: streams, what was committed, and what it was asked."""

    def __init__(self) -> None:
        self.streams: dict[str, Stream] = {}
        self.tables: dict[str, list[Message]] = {}
        """The committed rows by the table's path."""
        self.calls: list[str] = []
        self.appends: list[types.AppendRowsRequest] = []
        self.routes: list[object] = []
        """The routing header of each connection. The client adds an empty one of its own to what it is given."""
        self.refuses: Callable[[Message], str] = lambda _row: ""
        """Why a row is refused; empty when it is not."""
        self.interruptions: dict[int, str] = {}
        """By the number of an append, from 0: the connection breaks "before" the rows are taken or "after", or "ends"."""
        self.lost_answers: list[str] = []
        """Calls that are carried out, but whose answer is UNAVAILABLE: once each."""
        self.commit_errors: list[types.StorageError] = []
        self.miscounts = 0

    def rows(self) -> list[Message]:
        """All committed rows."""
        return [row for rows in self.tables.values() for row in rows]

    # What the API does

    def create(self, request: types.CreateWriteStreamRequest, _context: grpc.ServicerContext) -> types.WriteStream:
        assert request.write_stream.type_ == types.WriteStream.Type.PENDING
        name = f"{request.parent}/streams/s{len(self.streams)}"
        self.streams[name] = Stream(request.parent)
        return types.WriteStream(name=name, type_=types.WriteStream.Type.PENDING)

    def append(
        self, requests: Iterator[types.AppendRowsRequest], context: grpc.ServicerContext
    ) -> Iterator[types.AppendRowsResponse]:
        self.routes += [value for key, value in context.invocation_metadata() if key == "x-goog-request-params" and value]
        make: type[Message] | None = None
        for request in requests:
            number = len(self.appends)
            self.appends.append(request)
            interruption = self.interruptions.pop(number, "")
            if interruption == "before":
                context.abort(grpc.StatusCode.UNAVAILABLE, "the connection broke")
            if "writer_schema" in request.proto_rows:
                make = _class(types.ProtoSchema.pb(request.proto_rows.writer_schema).proto_descriptor)
            answer = self._taken(request, make)
            if interruption == "after":
                context.abort(grpc.StatusCode.UNAVAILABLE, "the connection broke")
            if interruption == "ends":
                return
            yield answer

    def _taken(self, request: types.AppendRowsRequest, make: type[Message] | None) -> types.AppendRowsResponse:
        stream, offset = self.streams[request.write_stream], request.offset
        if stream.finalized or make is None or offset is None:
            return _error(INVALID_ARGUMENT, "finalized, or without a schema or an offset")
        if offset != len(stream.rows):
            code = ALREADY_EXISTS if offset < len(stream.rows) else OUT_OF_RANGE
            return _error(code, f"offset {offset}, expected {len(stream.rows)}")
        rows = [make.FromString(row) for row in request.proto_rows.rows.serialized_rows]
        refused = [
            types.RowError(index=index, code=1, message=why) for index, row in enumerate(rows) if (why := self.refuses(row))
        ]
        if refused:
            return _error(INVALID_ARGUMENT, "Errors found while processing rows.", refused)
        stream.rows += rows
        return types.AppendRowsResponse(append_result={"offset": offset})

    def finalize(
        self, request: types.FinalizeWriteStreamRequest, _context: grpc.ServicerContext
    ) -> types.FinalizeWriteStreamResponse:
        stream = self.streams[request.name]
        stream.finalized = True
        return types.FinalizeWriteStreamResponse(row_count=len(stream.rows) - self.miscounts)

    def commit(
        self, request: types.BatchCommitWriteStreamsRequest, _context: grpc.ServicerContext
    ) -> types.BatchCommitWriteStreamsResponse:
        errors = list(self.commit_errors)
        for name in request.write_streams:
            stream = self.streams[name]
            assert stream.parent == request.parent
            if stream.committed or not stream.finalized:
                code = Code.STREAM_ALREADY_COMMITTED if stream.committed else Code.INVALID_STREAM_STATE
                errors.append(types.StorageError(code=code, entity=name, error_message=code.name.lower()))
        if errors:
            return types.BatchCommitWriteStreamsResponse(stream_errors=errors)
        for name in request.write_streams:
            self.streams[name].committed = True
            self.tables.setdefault(request.parent, []).extend(self.streams[name].rows)
        return types.BatchCommitWriteStreamsResponse(commit_time="2026-01-05T06:00:00Z")


@dataclass
class Writing:
    """An address that serves one after the other. What a call finds when it begins it keeps: one that was cancelled may go on
    while the next test has a server of its own."""

    server: WriteServer
    client: BigQueryWriteClient

    def handlers(self) -> grpc.GenericRpcHandler:
        calls = {
            "CreateWriteStream": (WriteServer.create, types.CreateWriteStreamRequest, types.WriteStream),
            "FinalizeWriteStream": (
                WriteServer.finalize, types.FinalizeWriteStreamRequest, types.FinalizeWriteStreamResponse,
            ),
            "BatchCommitWriteStreams": (
                WriteServer.commit, types.BatchCommitWriteStreamsRequest, types.BatchCommitWriteStreamsResponse,
            ),
        }  # fmt: skip
        made = {
            name: grpc.unary_unary_rpc_method_handler(
                self._noted(name, act), request_deserializer=request.deserialize, response_serializer=response.serialize
            )
            for name, (act, request, response) in calls.items()
        }
        made["AppendRows"] = grpc.stream_stream_rpc_method_handler(
            self._noted("AppendRows", WriteServer.append),
            request_deserializer=types.AppendRowsRequest.deserialize,
            response_serializer=types.AppendRowsResponse.serialize,
        )
        return grpc.method_handlers_generic_handler(SERVICE, made)

    def _noted(
        self, name: str, act: Callable[[WriteServer, Any, grpc.ServicerContext], Any]
    ) -> Callable[[Any, grpc.ServicerContext], Any]:
        def call(request: Any, context: grpc.ServicerContext) -> Any:
            server = self.server
            server.calls.append(name)
            answer = act(server, request, context)
            if name in server.lost_answers:
                server.lost_answers.remove(name)
                context.abort(grpc.StatusCode.UNAVAILABLE, "the answer was lost")
            return answer

        return call


@contextmanager
def writing() -> Iterator[Writing]:
    """A free port of the loopback."""
    with ThreadPoolExecutor(4) as threads:
        running = grpc.server(threads, options=[("grpc.max_receive_message_length", REQUEST_LIMIT_BYTES)])
        address = f"127.0.0.1:{running.add_insecure_port('127.0.0.1:0')}"
        with grpc.insecure_channel(address) as channel:
            client = BigQueryWriteClient(transport=BigQueryWriteGrpcTransport(channel=channel))
            found = Writing(server=WriteServer(), client=client)
            running.add_generic_rpc_handlers((found.handlers(),))
            running.start()
            try:
                yield found
            finally:
                running.stop(None).wait()


def _class(descriptor: DescriptorProto) -> type[Message]:
    pool = descriptor_pool.DescriptorPool()
    pool.Add(FileDescriptorProto(name="received.proto", syntax="proto2", message_type=[descriptor]))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(descriptor.name))


def _error(code: int, message: str, rows: list[types.RowError] | None = None) -> types.AppendRowsResponse:
    return types.AppendRowsResponse(error={"code": code, "message": message}, row_errors=rows or [])

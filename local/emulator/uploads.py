"""The three ways to upload an object: media, multipart and resumable."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from urllib.parse import urlencode

from local.emulator.model import ApiError, JsonObject, Request, Response

_RANGE = re.compile(r"bytes (\*|(\d+)-(\d+))/(\*|\d+)")


@dataclass(frozen=True, kw_only=True)
class Upload:
    """What a client uploads: metadata as sent, content, and the content type that came with it."""

    meta: JsonObject
    content: bytes
    content_type: str | None


@dataclass
class Sessions:
    """Resumable uploads under way; they end with the process, and clients then begin anew."""

    _open: dict[str, tuple[JsonObject, str | None, bytearray]] = field(default_factory=dict)

    def receive(self, request: Request) -> Upload | Response:
        """The finished upload, or what to answer while it isn't."""
        kind = request.query.get("uploadType")
        if "upload_id" in request.query:
            return self._resume(request, request.query["upload_id"])
        if kind == "multipart":
            return _multipart(request)
        if kind == "resumable":
            return self._begin(request)
        if kind == "media":
            return Upload(meta={}, content=request.body, content_type=request.headers.get("content-type"))
        raise ApiError(400, f"Invalid upload type: {kind!r}. Use media, multipart or resumable.")

    def _begin(self, request: Request) -> Response:
        upload_id = secrets.token_urlsafe(16)
        content_type = request.headers.get("x-upload-content-type")
        self._open[upload_id] = (_metadata(request.body), content_type, bytearray())
        query = urlencode([*request.query.items(), ("upload_id", upload_id)])
        return Response(headers={"Location": f"http://{request.headers.get('host')}{request.path}?{query}"})

    def _resume(self, request: Request, upload_id: str) -> Upload | Response:
        if upload_id not in self._open:
            raise ApiError(404, "No such upload session.")
        meta, content_type, received = self._open[upload_id]
        total = "*"
        if sent := request.headers.get("content-range"):
            parts = _RANGE.fullmatch(sent)
            if parts is None:
                raise ApiError(400, f"Failed to parse Content-Range header: {sent}")
            total = parts[4]
            if parts[2] is not None:
                if int(parts[2]) > len(received):
                    raise ApiError(503, "A chunk is missing; ask for the status and resume.")
                del received[int(parts[2]) :]
                received += request.body
        else:
            received[:] = request.body
            total = str(len(received))
        if total == str(len(received)):
            del self._open[upload_id]
            return Upload(meta=meta, content=bytes(received), content_type=content_type)
        request.query.items()  # what they ask for is done at the end
        headers = {"Range": f"bytes=0-{len(received) - 1}"} if received else {}
        # gcloud and the Go client ask for 200 with this header where a proxy would misread 308.
        if request.headers.get("x-guploader-no-308") == "yes":
            return Response(headers=headers | {"X-Http-Status-Code-Override": "308"})
        return Response(status=308, headers=headers)


def _multipart(request: Request) -> Upload:
    """multipart/related: JSON metadata, then the content, which is cut out as it is (an email parser would touch it)."""
    # gcloud puts the boundary in single quotes, which are no part of it, and ends lines with \n alone.
    boundary = _headers(f"Content-Type: {request.headers.get('content-type', '')}".encode()).get_boundary("")
    delimiter = rb"(?:^|\r?\n)--" + re.escape(str(boundary).strip("'").encode()) + rb"(?:--)?[ \t]*(?=\r?\n|$)"
    parts = re.split(delimiter, request.body)
    if not boundary or len(parts) != 4 or not all(re.search(rb"\r?\n\r?\n", part) for part in parts[1:3]):
        raise ApiError(400, "A multipart upload has two parts, metadata and content, between boundaries.")
    (_, meta), (headers, content) = (re.split(rb"\r?\n\r?\n", part, maxsplit=1) for part in parts[1:3])
    return Upload(meta=_metadata(meta), content=content, content_type=_headers(headers.lstrip()).get("content-type"))


def _headers(lines: bytes) -> Message:
    return BytesParser().parsebytes(lines + b"\r\n\r\n", headersonly=True)


def _metadata(body: bytes) -> JsonObject:
    try:
        meta = json.loads(body or b"{}")
    except ValueError:
        meta = None
    if not isinstance(meta, dict):
        raise ApiError(400, "The metadata of the upload is not a JSON object.")
    return meta

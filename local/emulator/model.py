"""What passes between the HTTP server and the services: requests, responses and Google's error shapes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

# Resources as JSON objects. What is inside was checked against the discovery documents before a handler sees it.
JsonObject = dict[str, Any]

_JSON_PATH = re.compile(r"/(v\d\w*|_local)/")
# HTTP status -> (google.rpc code, the older `reason` that the storage API uses, code in the XML API)
ERRORS: Mapping[int, tuple[str, str, str]] = {
    304: ("NOT_MODIFIED", "notModified", "NotModified"),
    400: ("INVALID_ARGUMENT", "invalid", "InvalidArgument"),
    401: ("UNAUTHENTICATED", "authError", "AuthenticationRequired"),
    403: ("PERMISSION_DENIED", "forbidden", "AccessDenied"),
    404: ("NOT_FOUND", "notFound", "NoSuchKey"),
    409: ("ABORTED", "conflict", "Conflict"),
    412: ("FAILED_PRECONDITION", "conditionNotMet", "PreconditionFailed"),
    416: ("OUT_OF_RANGE", "requestedRangeNotSatisfiable", "InvalidRange"),
    429: ("RESOURCE_EXHAUSTED", "rateLimitExceeded", "SlowDown"),
    500: ("INTERNAL", "internalError", "InternalError"),
    501: ("UNIMPLEMENTED", "notImplemented", "NotImplemented"),
    503: ("UNAVAILABLE", "backendError", "ServiceUnavailable"),
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request; header names in lower case, `path` still quoted, `now` an aware UTC instant."""

    http: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    now: datetime
    query_string: str = ""  # as it was sent


@dataclass(frozen=True, kw_only=True)
class Response:
    """One HTTP response."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)


def json_response(value: object, *, status: int = 200) -> Response:
    """`value` as a JSON response."""
    return Response(status=status, body=json.dumps(value).encode())


class ApiError(Exception):
    """An error that the API answers with; `status` overrides the google.rpc code that goes with the HTTP code."""

    def __init__(
        self, code: int, message: str, *, status: str | None = None, field: str | None = None, info: JsonObject | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        default_status, self.reason, self.xml_code = ERRORS.get(code, ("UNKNOWN", "unknown", "Unknown"))
        self.status = status or default_status
        self.field = field
        self.info = info  # google.rpc.ErrorInfo

    def response(self, path: str) -> Response:
        """The error as the API that serves `path` writes it."""
        if self.code == 304:
            return Response(status=304)
        error: JsonObject = {"code": self.code, "message": self.message}
        if "/storage/v1/" in path:
            error["errors"] = [{"message": self.message, "domain": "global", "reason": self.reason}]
        elif _JSON_PATH.match(path):
            error["status"] = self.status
            if self.field is not None:
                violation = {"field": self.field, "description": self.message}
                error["details"] = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]
            if self.info is not None:
                error["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo"} | self.info]
        else:
            text = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{self.xml_code}</Code>"
            text += f"<Message>{escape(self.message)}</Message></Error>"
            return Response(status=self.code, body=text.encode(), content_type="application/xml; charset=UTF-8")
        return json_response({"error": error}, status=self.code)


def denied(permission: str, resource: str) -> ApiError:
    """The refusal of a caller who may not, in the words that Cloud Scheduler has for it."""
    lacks = f'The principal (user or service account) lacks IAM permission "{permission}"'
    return ApiError(403, f'{lacks} for the resource "{resource}" (or the resource may not exist).')


def timestamp(instant: datetime) -> str:
    """RFC 3339 in UTC with microseconds, as Google's servers write instants."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

"""HTTP to the emulator: one kept-alive connection a thread and origin, and the retries of hashicorp/google.

The retries are those of google/transport/retry_transport.go: common codes and broken connections, waiting 0.5, 1, 1.5, 2.5, ...
seconds for at most 90. A 500 is not among them here, as it is there: from the emulator it is a crash to report at once.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

RETRIED_STATUSES = frozenset({429, 502, 503})
FIRST_BACKOFF_SECONDS = 0.5
RETRY_BUDGET_SECONDS = 90.0
TIMEOUT_SECONDS = 60.0
_BROKEN = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, TimeoutError)
QUEUE_MESSAGE = "sync mutate calls cannot be queued"  # Cloud Scheduler's 409 for two changes of a job at once


class ApiError(Exception):
    """An answer that is not a success, or no answer (status 0); its text is what a user of the real provider sees."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(f"googleapi: Error {status}: {message}" if status else message)


class Interrupted(Exception):
    """The caller is gone or is ending."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """The RPC that a request is made for: when it was told to stop, and whether anybody still waits for the answer."""

    stopping: threading.Event
    is_active: Callable[[], bool] = lambda: True

    def check(self) -> None:
        """Raise Interrupted when Terraform is gone (killed): no write may follow its end."""
        if not self.is_active():
            raise Interrupted("terraform has gone away; nothing further was sent")

    def wait(self, seconds: float) -> None:
        """Sleep between two tries; raises Interrupted when Terraform stops the provider meanwhile."""
        if self.stopping.wait(seconds):
            raise Interrupted("interrupted while waiting to retry")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A successful answer."""

    status: int
    body: bytes

    def json(self) -> dict[str, object]:
        """The body as a JSON object; {} if it is empty."""
        value = json.loads(self.body) if self.body else {}
        return value if isinstance(value, dict) else {}


def check_loopback(url: str) -> None:
    """Raise ValueError unless the URL is plain HTTP to this machine: the stand-in must never reach Google Cloud."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if parts.scheme != "http" or not loopback:
        raise ValueError(f"the local stand-in for hashicorp/google talks to this machine only, not to {url!r}")


class Rest:
    """Sends requests; safe to share between threads."""

    def __init__(self, token: str = "") -> None:
        """`token`: what every request carries; "" for none."""
        self._local = threading.local()
        self._identity = {"Authorization": f"Bearer {token}"} if token else {}

    def send(
        self,
        method: str,
        url: str,
        *,
        call: Call,
        query: Mapping[str, str] | None = None,
        body: bytes | dict[str, object] | None = None,
        content_type: str = "application/json",
        retry_queue: bool = False,
    ) -> Reply:
        """One request with its retries. `retry_queue` also retries Cloud Scheduler's 409 of a job that is being changed.

        Raises ApiError for any other failure, Interrupted when the caller is gone or stops.
        """
        check_loopback(url)
        parts = urlsplit(url)
        queries = "&".join(filter(None, (parts.query, urlencode(query or {}))))
        target = parts.path + (f"?{queries}" if queries else "")
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        headers = {"Accept": "application/json"} | self._identity | ({"Content-Type": content_type} if data is not None else {})
        deadline = time.monotonic() + RETRY_BUDGET_SECONDS
        backoff = following = FIRST_BACKOFF_SECONDS
        while True:
            call.check()
            try:
                return self._once(method, parts.netloc, target, data, headers)
            except ApiError as error:
                queued = retry_queue and error.status == 409 and QUEUE_MESSAGE in str(error)
                if not (queued or error.status in RETRIED_STATUSES) or time.monotonic() + backoff > deadline:
                    raise
            except (*_BROKEN, http.client.HTTPException) as error:
                if time.monotonic() + backoff > deadline:
                    raise ApiError(0, f"{method} {url}: {error!r}") from error
            except OSError as error:  # refused: nobody listens, so waiting would not help
                raise ApiError(0, f"{method} {url}: {error}; is the local target still running?") from error
            call.wait(backoff)
            backoff, following = backoff + following, backoff

    def _once(self, method: str, origin: str, target: str, data: bytes | None, headers: dict[str, str]) -> Reply:
        connections: dict[str, http.client.HTTPConnection] = self._local.__dict__.setdefault("connections", {})
        kept = connections.pop(origin, None)
        connection = kept or http.client.HTTPConnection(origin, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, target, body=data, headers=headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            if kept is None:
                raise
            return self._once(method, origin, target, data, headers)  # it had been closed since: once more on a new one
        connections[origin] = connection
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise ApiError(response.status, _message(content) or response.reason)
        return Reply(status=response.status, body=content)


def _message(content: bytes) -> str:
    """The body of a Google error: {"error": {"message": ..., "errors": [{"reason": ...}]}}."""
    try:
        error = json.loads(content)["error"]
        reasons = [entry["reason"] for entry in error.get("errors", []) if "reason" in entry]
        return ", ".join([error["message"], *reasons[:1]])
    except (ValueError, KeyError, TypeError):
        return content.decode(errors="replace")[:500]

"""Google's APIs over REST, of a project or of the stand-in: the same calls, and the one difference, how time passes.

On a real project time passes by itself. The stand-in's clock is moved on, and its alert policies are evaluated when they are
asked to, so that nobody waits (local/emulator/pages.py).
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from conformance.stop import Stop
from interlock.environment import Environment
from interlock.gcp import local_url

if TYPE_CHECKING:
    from requests import Session

JsonObject = dict[str, Any]
"""Google's JSON, as their discovery documents describe it."""
T = TypeVar("T")
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
CALL_SECONDS = 60
TOKEN_VARIABLE = "GOOGLE_OAUTH_ACCESS_TOKEN"  # noqa: S105 - a name
HOSTS = {"storage": "storage.googleapis.com", "bigquery": "bigquery.googleapis.com"}
AGAIN = frozenset({429, 500, 502, 503, 504})
PAUSES_SECONDS = (1, 3, 8)
"""Before a read is asked again."""
STEP_SECONDS = 30
"""Between two looks at what takes minutes."""
MOST_PAGES = 100


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a call was answered."""

    status: int
    body: JsonObject

    @property
    def said(self) -> str:
        """The error's message, or nothing."""
        error = self.body.get("error")
        return str(error.get("message", "")) if isinstance(error, dict) else str(error or "")


class CallError(Exception):
    """A call that the suite needs was refused: which, and what was said."""


class Cloud:
    """A project's APIs. One session a thread."""

    def __init__(self, environment: Environment, stop: Stop) -> None:
        self.environment = environment
        self.stop = stop
        self.local = local_url()
        self._sessions = threading.local()

    @property
    def project(self) -> str:
        """The project's id."""
        return self.environment.project

    @property
    def region(self) -> str:
        """Where the coordinator and the jobs are."""
        return self.environment.coordinator.region

    def call(
        self,
        method: str,
        api: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        token: str = "",
        content: bytes | None = None,
    ) -> Reply:
        """One call; reads are asked again where a server fails. `token` is another account's."""
        url = f"{self.local or 'https://' + HOSTS.get(api, f'{api}.googleapis.com')}/{path.lstrip('/')}"
        data = content if content is not None else None if body is None else json.dumps(body).encode()
        kind = "application/octet-stream" if content is not None else "application/json"
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {token}"} if token else {})
        session = self._other_session() if token else self._session()
        for pause in (*PAUSES_SECONDS, None):
            answer = session.request(
                method, url, params=dict(query or {}), data=data, headers=headers, timeout=CALL_SECONDS, allow_redirects=False
            )
            if method != "GET" or answer.status_code not in AGAIN or pause is None:
                break
            time.sleep(pause)
        try:
            found = answer.json() if answer.content else {}
        except ValueError:
            found = {"error": {"message": answer.text[:300]}}
        return Reply(status=answer.status_code, body=found if isinstance(found, dict) else {"items": found})

    def get(self, api: str, path: str, query: Mapping[str, str] | None = None) -> JsonObject:
        """What a read answers. CallError when it refuses."""
        return self._good("GET", api, path, self.call("GET", api, path, query=query))

    def post(self, api: str, path: str, body: object = None, query: Mapping[str, str] | None = None) -> JsonObject:
        """What a POST answers. CallError when it refuses."""
        return self._good("POST", api, path, self.call("POST", api, path, body if body is not None else {}, query=query))

    def pages(self, api: str, path: str, key: str, query: Mapping[str, str] | None = None) -> list[JsonObject]:
        """All that a list has under `key`; nothing where the place isn't there. CallError, also where the API is off."""
        found: list[JsonObject] = []
        token = ""
        for _ in range(MOST_PAGES):
            reply = self.call("GET", api, path, query={**(query or {}), **({"pageToken": token} if token else {})})
            if reply.status == 404:
                return found
            page = self._good("GET", api, path, reply)
            found += page.get(key) or []
            token = page.get("nextPageToken") or ""
            if not token:
                return found
        raise CallError(f"{api}: {path} has more than {MOST_PAGES} pages")

    def entries(self, filter_: str) -> list[JsonObject]:
        """The newest log entries that a filter finds, newest first; one page."""
        body = {"resourceNames": [f"projects/{self.project}"], "filter": filter_, "orderBy": "timestamp desc", "pageSize": 500}
        return list(self.post("logging", "v2/entries:list", body).get("entries") or [])

    def entries_from_now(self) -> str:
        """A filter of the entries that are written from now on."""
        return f'timestamp>="{datetime.fromtimestamp(self.now(), UTC).isoformat()}"'

    def now(self) -> float:
        """The cloud's clock: seconds since 1970."""
        if self.local is None:
            return time.time()
        return datetime.fromisoformat(str(self.page("GET", "clock")["now"])).timestamp()

    def pass_time(self, seconds: float) -> None:
        """Let time pass. `Stopped` when somebody ends the suite meanwhile."""
        self.stop.check()
        if self.local is None:
            self.stop.wait(seconds)
            return
        self.page("POST", "clock", {"advance": f"{seconds:g}s"})
        self.page("POST", "evaluate", {})

    def wait(self, look: Callable[[], T | None], limit: float, step: float = STEP_SECONDS) -> T | None:
        """What `look` finds, looked for every `step` seconds until `limit` has passed; None when there was nothing."""
        if self.local is not None:
            self.page("POST", "settle", {})
        end = self.now() + limit
        while (found := look()) is None and self.now() < end:
            self.pass_time(step)
        return found

    def go_with_the_real_clock(self) -> None:
        """Of the stand-in, whose clock stands still once it was moved."""
        if self.local is not None:
            self.page("POST", "clock", {"set": None})

    def page(self, method: str, name: str, body: object = None) -> JsonObject:
        """One of the stand-in's own pages."""
        if self.local is None:
            raise CallError(f"only the stand-in has a page {name}")
        return self._good(method, "local", name, self.call(method, "", f"_local/{name}", body))

    def _good(self, method: str, api: str, path: str, reply: Reply) -> JsonObject:
        if reply.status >= 300:
            raise CallError(f"{method} {api} {path}: {reply.status} {reply.said}")
        return reply.body

    def _session(self) -> Session:
        if (known := getattr(self._sessions, "own", None)) is None:
            known = self._sessions.own = self._new_session()
        return known

    def _other_session(self) -> Session:
        from requests import Session

        session = Session()
        session.trust_env = self.local is None
        return session

    def _new_session(self) -> Session:
        import google.auth
        from google.auth.transport.requests import AuthorizedSession

        if self.local is not None:
            session = self._other_session()
            session.headers["Authorization"] = f"Bearer {os.environ.get(TOKEN_VARIABLE, '')}"
            return session
        credentials, _ = google.auth.default(scopes=[SCOPE], quota_project_id=self.project)
        return AuthorizedSession(credentials)

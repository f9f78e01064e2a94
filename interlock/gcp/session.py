"""A session with Google's REST APIs, or with the stand-in: credentials, waits for a quota, and what an API refuses.

A few calls are no reason for a library an API: Google's session adds the credentials, and the shapes are those of the discovery
documents, https://www.googleapis.com/discovery/v1/apis
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from interlock.catalog import Json
from interlock.gcp import CloudError, local_url
from interlock.gcp.credentials import local_credentials, send_as_asked

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.auth.transport.requests import AuthorizedSession
    from requests import Response

CALL_SECONDS = 20
MAX_PAGES = 100
"""More than a project may have; a server that always names a next page is not followed for ever."""
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
OK, FORBIDDEN, NOT_FOUND, TOO_MANY = 200, 403, 404, 429
WAITS_SECONDS = (2, 5, 15, 40)
"""Quotas of these APIs are counted by the minute."""
SHOWN = 300
"""Characters of an answer that refuses."""
OFF = re.compile("has not been used in project|it is disabled")
"""What an API answers that is not turned on, beside 403."""
NO_QUOTA_PROJECT = re.compile("requires a quota project")
"""What many APIs answer to a person's credentials that name no project to count their calls for:
https://cloud.google.com/docs/authentication/troubleshoot-adc#user-creds-client-based"""


class Refusal(CloudError):
    """An API that says no."""

    def __init__(self, api: str, status: int, said: str) -> None:
        super().__init__(f"{api}.googleapis.com says no ({status}): {said}")
        self.api, self.status = api, status
        self.is_off = status == FORBIDDEN and OFF.search(said) is not None
        """Whether it says so because nobody has turned it on in the project."""
        self.wants_quota_project = status == FORBIDDEN and NO_QUOTA_PROJECT.search(said) is not None


class Session:
    """Calls, each made again while a quota refuses it. A call that writes must do no harm when it is made twice."""

    def __init__(self, says: Callable[[str], None] = lambda _: None, sleep: Callable[[float], None] = time.sleep) -> None:
        """CloudError without credentials. `says` hears of each wait for a quota."""
        from google.auth.transport.requests import AuthorizedSession

        self._says, self._sleep = says, sleep
        self.credentials = _credentials()
        self._session: AuthorizedSession = AuthorizedSession(self.credentials)
        send_as_asked(self._session)

    def get(self, api: str, path: str, parameters: Mapping[str, str | list[str]] | None = None) -> Mapping[str, object]:
        """What a GET answers. Refusal; CloudError where nothing answers."""
        return self._call("GET", api, path, parameters or {}, None)

    def post(self, api: str, path: str, body: Mapping[str, Json]) -> Mapping[str, object]:
        """The same of a POST."""
        return self._call("POST", api, path, {}, body)

    def pages(
        self, api: str, path: str, parameters: Mapping[str, str] | None = None, *, size: int = 1000
    ) -> Iterator[Mapping[str, object]]:
        """Every page of a list, of `size` at most. CloudError, also for pages without end."""
        token = ""
        for _ in range(MAX_PAGES):
            page = self.get(api, path, {**(parameters or {}), "pageSize": str(size)} | ({"pageToken": token} if token else {}))
            yield page
            token = text_of(page, "nextPageToken")
            if not token:
                return
        raise CloudError(f"{api}.googleapis.com names more than {MAX_PAGES} pages; this is not followed further")

    def _call(
        self, http: str, api: str, path: str, parameters: Mapping[str, str | list[str]], body: Mapping[str, Json] | None
    ) -> Mapping[str, object]:
        from google.auth.exceptions import GoogleAuthError

        host = local_url() or f"https://{api}.googleapis.com"
        try:
            answer = self._answer(http, f"{host}/{path}", parameters, body, api)
            content = answer.json() if answer.status_code == OK else None
        except (GoogleAuthError, OSError, ValueError) as error:  # OSError: requests
            raise CloudError(f"{api}.googleapis.com can't be asked: {error}") from error
        if not isinstance(content, dict):
            raise Refusal(api, answer.status_code, _said(answer.text))
        return content

    def _answer(
        self,
        http: str,
        url: str,
        parameters: Mapping[str, str | list[str]],
        body: Mapping[str, Json] | None,
        api: str,
    ) -> Response:
        """What a call answers; one that a quota refuses is made again, and the last refusal is the answer."""
        for seconds in (*WAITS_SECONDS, None):
            answer: Response = self._session.request(
                http, url, params=parameters, json=body, timeout=CALL_SECONDS, allow_redirects=False
            )
            if answer.status_code != TOO_MANY or seconds is None:
                break
            self._says(f"{api}.googleapis.com refuses for now ({TOO_MANY}); waiting {seconds} seconds")
            self._sleep(seconds)
        return answer


def _credentials() -> Credentials:
    import google.auth
    from google.auth.exceptions import GoogleAuthError

    try:
        return local_credentials() if local_url() else google.auth.default(scopes=[SCOPE])[0]
    except GoogleAuthError as error:
        raise CloudError(f"no credentials for Google Cloud: {error}") from error


def _said(text: str) -> str:
    """An answer in a line: Google's message, else its beginning."""
    try:
        error = json.loads(text)["error"]
        return str(error["message"])[:SHOWN]
    except (ValueError, KeyError, TypeError):
        return f"{text[:SHOWN]!a}"


def text_of(content: Mapping[str, object], key: str) -> str:
    """A field that is a text; empty for anything else."""
    value = content.get(key)
    return value if isinstance(value, str) else ""


def object_of(content: Mapping[str, object], key: str) -> Mapping[str, object]:
    """A field that is an object; empty for anything else."""
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def objects_of(content: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    """The objects of a field that is a list."""
    value = content.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def texts_of(content: Mapping[str, object], key: str) -> list[str]:
    """The texts of a field that is a list."""
    value = content.get(key)
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []

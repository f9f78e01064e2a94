"""A plain HTTP client, for what the real clients don't send."""

from __future__ import annotations

import http
import http.client
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from local.emulator.store import Store


@dataclass(frozen=True)
class Answer:
    """Status, headers and body of an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """The message of an error."""
        return str(self.json["error"]["message"])


@dataclass(frozen=True)
class Rest:
    """Requests to the emulator, as they are written here."""

    url: str
    _idle: list[http.client.HTTPConnection] = field(default_factory=list, repr=False, compare=False)
    """Connections for the next requests: to make one takes as long as to answer."""

    def __call__(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, path, body=data, headers=dict(headers or {}))
            response = connection.getresponse()
            answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        except BaseException:
            connection.close()
            raise
        if answer.status < http.HTTPStatus.BAD_REQUEST:
            self._idle.append(connection)
        else:  # the emulator ends one on which it refused something
            connection.close()
        return answer


def copy_object(store: Store, bucket: str, name: str, names: Iterable[str]) -> None:
    """Has the object under these names too: a request for each of a thousand takes seconds."""
    with store.transaction():
        found = store.object(bucket, name)
        assert found is not None
        for other in names:
            store.put_object(found[0] | {"name": other}, found[1])

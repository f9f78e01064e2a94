"""What a job calls, as written: the keys that belong to a kind of service, the bytes that are sent, and as whom."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from interlock.catalog import (
    CLOUD_PLATFORM,
    OVER_HTTP,
    SERVICE_URL,
    WITHOUT_PATH,
    Json,
    OAuth,
    Oidc,
    Service,
    ServiceKind,
    Source,
    Target,
    Token,
    json_bytes,
)
from interlock.live import AUTHORIZATION, is_googles_own
from interlock.payload import read_json
from interlock.reading.entries import Written
from interlock.reading.located import Path, dotted
from interlock.reading.plain import misread
from interlock.reading.schema import ServiceEntry, TargetEntry, TokenEntry

DEFAULT_TOKENS: Mapping[ServiceKind, Token] = {
    ServiceKind.RUN: Oidc(),
    ServiceKind.FUNCTION: Oidc(),
    ServiceKind.RUN_JOB: OAuth(),
    ServiceKind.API: OAuth(),
}
"""Cloud Run services and functions check an identity token for their audience; Google's own APIs want an access token. Any
other host gets none: it could pass it on. https://cloud.google.com/scheduler/docs/http-target-auth"""
GOOGLES_OWN = "is what Google writes itself, so that no plan would be empty; leave it out"
CONTENTS = ("body", "text", "base64")
WITH_BODY = ("POST", "PUT", "PATCH")
"""https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#HttpTarget.FIELDS.body"""
OF_KIND: Mapping[str, frozenset[ServiceKind]] = {
    "url": OVER_HTTP - {ServiceKind.RUN_JOB},
    "topic": frozenset({ServiceKind.TOPIC}),
    "app_engine": frozenset({ServiceKind.APP_ENGINE}),
    "token": OVER_HTTP,
    "path": frozenset(ServiceKind) - WITHOUT_PATH,
    "method": frozenset(ServiceKind) - {ServiceKind.TOPIC},
    "headers": frozenset(ServiceKind) - {ServiceKind.TOPIC},
    "attributes": frozenset({ServiceKind.TOPIC}),
}
"""The keys of services and targets that mean something for some kinds only."""


def token_of(entry: TokenEntry | None, default: Token) -> Token:
    """As whom a job calls, by what is written; `default` where nothing is."""
    if entry is None:
        return default
    if entry.oidc is not None:
        audience = entry.oidc.audience
        return Oidc(account=entry.oidc.account or "", audience=SERVICE_URL if audience is None else audience)
    if entry.oauth is not None:
        return OAuth(
            account=entry.oauth.account or "", scope=CLOUD_PLATFORM if entry.oauth.scope is None else entry.oauth.scope
        )
    return None


class TargetReader:
    """Makes the target of one entry, and complains about what in it can't be."""

    def __init__(self, written: Written[Any], complain: Callable[[Source, str], None]) -> None:
        self._written = written
        self._complain_at = complain

    def check_service(self) -> None:
        """Complains about keys of a service that its kind does not have."""
        entry: ServiceEntry = self._written.value
        self._only_of_kind(entry, entry.kind, (), f"a {entry.kind}")
        self._one_token(entry.token, ())

    def target(self, service: Service) -> Target:
        """What the job calls of `service`."""
        entry: TargetEntry = self._written.value.target
        self._only_of_kind(entry, service.kind, ("target",), f"{service.name}, a {service.kind},")
        self._one_token(entry.token, ("target",))
        given = [key for key in CONTENTS if getattr(entry, key) is not None]
        for key in given[1:]:
            self._complain(("target", key), f"is said beside {given[0]}; write one of {', '.join(CONTENTS)}")
        method = entry.method or "POST"
        if given and method not in WITH_BODY and service.kind is not ServiceKind.TOPIC:
            self._complain(("target", given[0]), f"a {method} has none; leave it out, or use one of {', '.join(WITH_BODY)}")
        token = token_of(entry.token, service.token)
        for name, text in entry.headers.items():
            if is_googles_own(name, text) or (token and name.lower() == AUTHORIZATION):
                self._complain(("target", "headers", name), GOOGLES_OWN)
        for name in _doubled(entry.headers):
            self._complain(("target", "headers", name), "is said twice: upper and lower case are the same header")
        return Target(
            service=service,
            path=entry.path or "",
            method=method,
            headers=dict(sorted(entry.headers.items())),
            attributes=dict(sorted(entry.attributes.items())),
            token=token,
            **self._content(entry, service),
        )

    def _content(self, entry: TargetEntry, service: Service) -> dict[str, Any]:
        for path, why in misread(self._written.document, entry.body, self._written.path("target", "body")):
            self._complain_at(self._written.document.at(path), f"{dotted(path)}: {why}")
        if entry.text is not None or entry.base64 is not None:
            content = entry.text.encode() if entry.text is not None else b64decode(entry.base64 or "")
            return {"content": content or None, "body": read_json(content), "as_json": False}
        body = cast(Json, entry.body)
        if body is None and service.kind is ServiceKind.TOPIC and not entry.attributes:
            return {"content": json_bytes({}), "body": None, "as_json": True}  # a message has data or attributes
        return {"content": None if body is None else self._bytes(body), "body": body, "as_json": True}

    def _bytes(self, body: Json) -> bytes | None:
        try:
            return json_bytes(body)
        except (TypeError, ValueError):  # what has no form in JSON has been said
            return None

    def _only_of_kind(self, entry: ServiceEntry | TargetEntry, kind: ServiceKind, at: Path, what: str) -> None:
        for key in OF_KIND.keys() & entry.model_fields_set:
            if kind not in OF_KIND[key]:
                self._complain((*at, key), f"{what} has no {key}; leave it out")

    def _one_token(self, entry: TokenEntry | None, at: Path) -> None:
        if entry is not None and entry.oidc is not None and entry.oauth is not None:
            self._complain((*at, "token"), "holds both oidc and oauth; write one of the two")

    def _complain(self, path: Path, message: str) -> None:
        self._complain_at(self._written.at(*path), f"{self._written.where(*path)}: {message}")


def _doubled(headers: Mapping[str, str]) -> Iterator[str]:
    """The names that another one before equals but for case."""
    seen: set[str] = set()
    for name in headers:
        if name.lower() in seen:
            yield name
        seen.add(name.lower())

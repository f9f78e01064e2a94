"""What an operation of a type works with: the provider's settings, and requests to the emulator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from local.provider.rest import ApiError, Call, Reply, Rest
from local.provider.values import Object, mapping, text

OPERATION_POLL_SECONDS = 0.5
PLACE = re.compile(r"\{(?P<path>\+?)(?P<name>\w+)\}")


class Failure(Exception):
    """An operation failed; `state` is what is known to exist nevertheless (Terraform then marks a create as tainted)."""

    def __init__(self, message: str, *, state: Object | None = None) -> None:
        self.state = state
        super().__init__(message)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The provider block, with defaults filled in. `endpoints` maps a service to the URL that its paths follow."""

    project: str
    region: str
    default_labels: Mapping[str, object]
    attribution: str = ""
    """When the label of attribution is added: local/provider/labels.py."""
    endpoints: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """What an operation works with: the settings, the connection, and the RPC it runs in."""

    settings: Settings
    rest: Rest
    call: Call

    def url(self, service: str, template: str, values: Mapping[str, object]) -> str:
        """The endpoint of the service followed by the template, its {names} filled in and quoted."""
        return self.settings.endpoints[service] + fill(template, values, quoted=True)

    def finished(self, service: str, reply: Object) -> Object:
        """The result of a long-running operation, waited for; a reply that is none is the result itself."""
        while "/operations/" in "/" + text(reply, "name"):
            if reply.get("done") is True:
                if error := mapping(reply, "error"):
                    raise ApiError(0, f"Error code {error.get('code')}, message: {error.get('message')}")
                return mapping(reply, "response")
            self.call.wait(OPERATION_POLL_SECONDS)
            reply = self.send("GET", self.url(service, "{+name}", reply)).json()
        return reply

    def send(
        self,
        method: str,
        url: str,
        body: bytes | Object | None = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        retry_queue: bool = False,
    ) -> Reply:
        """One request, retried as the provider does. Raises ApiError, Interrupted."""
        return self.rest.send(
            method, url, call=self.call, query=query, body=body, content_type=content_type, retry_queue=retry_queue
        )


def fill(template: str, values: Mapping[str, object], *, quoted: bool = False) -> str:
    """The template with each {name} replaced by that value; {+name} is a path, whose slashes stay (as in RFC 6570).

    Raises Failure for a value that is missing.
    """

    def value(match: re.Match[str]) -> str:
        found = text(values, match["name"])
        if not found:
            name = match["name"]
            raise Failure(f"{name}: required field is not set in the resource and has no default in the provider")
        return quote(found, safe="/" if match["path"] else "") if quoted else found

    return PLACE.sub(value, template)

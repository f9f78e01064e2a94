"""Nothing that a request carries is dropped without a word: it is acted on, kept and shown, or refused by name.

What Google keeps and we lose makes a plan that never rests, and what Google acts on and we ignore makes a test that says
nothing. So each answer is held against its request, whichever service gave it:

* a resource in a request (the message that the method answers with, or what its operation ends in) has all its fields in
  the answer. A zero may be missing, as proto3 JSON leaves it out, and so may what an update mask doesn't name.
* every other field of a request, and every parameter of the query, was read by whoever answered.

Only presence is checked: the server may write a value its own way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from local.emulator.discovery import Api, Method, Path, camel
from local.emulator.model import ApiError, JsonObject, Response

if TYPE_CHECKING:
    from local.emulator.rest import Call

# What Google takes and doesn't show either, by message; a part that ends in * stands for all below it.
_NOT_SHOWN: Mapping[str, frozenset[str]] = {
    # local/emulator/targets.py has the source of each.
    "cloudscheduler.Job": frozenset({"attemptDeadline", "httpTarget.headers*", "appEngineHttpTarget.headers*"})
    | {"appEngineHttpTarget.appEngineRouting*"},
    # The server's own, which who writes back what was read has in it; the document doesn't call it output.
    "storage.Object": frozenset({"retentionExpirationTime"}),
}
# What needs no act here, by message. Each entry is taken or the whole request is refused, so none is left to be written alone.
_NO_MATTER: Mapping[str, frozenset[str]] = {
    "logging.WriteLogEntriesRequest": frozenset({"partialSuccess"}),
    # No service depends on another here, and none is in use.
    "serviceusage.DisableServiceRequest": frozenset({"disableDependentServices", "checkIfServiceHasUsage"}),
    # gcloud asks about a resource before it makes a role: the answer is that nothing is to warn of.
    "iam.QueryTestablePermissionsRequest": frozenset({"fullResourceName", "pageSize", "pageToken"}),
}
_SAYS_NOTHING: tuple[object, ...] = ("", "false", "False", "0", None, False, 0, [], {})
# How an answer is written, not what is done. No ACL is served, so `full` shows none.
_PRESENTATION = frozenset({"projection"})


class Noted(dict[str, Any]):
    """A JSON object or a query that notes which of its fields were looked at."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        super().__init__(given)
        self.noted: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self.noted.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.noted.add(str(key))
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The field, noted whether it is there or not."""
        self.noted.add(key)
        return super().get(key, default)

    def __iter__(self) -> Iterator[str]:
        self.noted.update(super().keys())
        return super().__iter__()

    def keys(self) -> Any:
        """All of them, noted."""
        self.noted.update(super().keys())
        return super().keys()

    def values(self) -> Any:
        """All of them, noted."""
        self.noted.update(super().keys())
        return super().values()

    def items(self) -> Any:
        """All of them, noted."""
        self.noted.update(super().keys())
        return super().items()

    def left(self) -> list[str]:
        """The fields that nobody looked at and that say something: zeros and empty values don't."""
        return [name for name, value in super().items() if name not in self.noted and value not in _SAYS_NOTHING]


def noted_query(api: Api, query: Mapping[str, str]) -> Noted:
    """The query with its parameters in the spelling of the documents; Google's parsers take both."""
    return Noted(query if api.is_storage else {camel(name): value for name, value in query.items()})


def check(call: Call, answer: JsonObject | Response) -> None:
    """ApiError 400 with the name of what the request carries and the answer has lost, or nobody has looked at."""
    method, query = call.method, call.query
    ours = method.query - call.api.common - _PRESENTATION - set(call.path)
    if isinstance(query, Noted) and (left := [name for name in query.left() if name in ours]):
        raise ApiError(400, f"The local stand-in does not act on the parameter {left[0]!r} of {method.id}.", field=left[0])
    if isinstance(answer, Response) or not method.request or not call.body:
        return
    envelope, shown = _resource(call.api, method, answer)
    if shown is None:
        _check_read(call, ())
    elif envelope:
        _check_read(call, (envelope,))
        resource = call.api.property(method.request, envelope)
        check_resource(call.api, resource, call.body.get(envelope) or {}, shown, _mask(call, resource))
    else:
        check_resource(call.api, method.request, call.body, shown, _mask(call, method.request))


def check_resource(api: Api, schema: str, given: JsonObject, shown: JsonObject, mask: Iterable[Path] = ()) -> None:
    """ApiError 400 with the name of a field of `given` that `shown` doesn't have."""
    hidden = _NOT_SHOWN.get(f"{api.name}.{schema}", frozenset())
    named = tuple(mask)
    has = set(api.carried(schema, shown, zeros=True))
    for path in api.carried(schema, given):
        if path in has or (named and not any(path[: len(one)] == one for one in named)):
            continue
        name = ".".join(path)
        if not any(name.startswith(part[:-1]) if part.endswith("*") else name == part for part in hidden):
            raise ApiError(400, f"The local stand-in does not act on the field {name!r} of {schema}.", field=name)


def _resource(api: Api, method: Method, answer: JsonObject) -> tuple[str, JsonObject | None]:
    """Where the request has the resource ("" for all of it), and the resource in the answer; None if it has none."""
    request, response = str(method.request), method.response or ""
    if request == response:
        return "", answer
    if response.endswith("Operation"):
        return "", None if request.endswith("Request") else answer.get("response")
    if inner := api.holder(response, request):
        return "", answer.get(inner)
    envelope = api.holder(request, response)
    return envelope, answer if envelope else None


def _check_read(call: Call, resources: tuple[str, ...]) -> None:
    body, request = call.body, str(call.method.request)
    spared = {*resources, *_NO_MATTER.get(f"{call.api.name}.{request}", ())}
    left = [name for name in body.left() if name not in spared] if isinstance(body, Noted) else []
    if left:
        raise ApiError(400, f"The local stand-in does not act on the field {left[0]!r} of {request}.", field=left[0])


def _mask(call: Call, schema: str) -> tuple[Path, ...]:
    mask = call.query.get("updateMask") or call.body.get("updateMask") or ""
    return call.api.mask(schema, mask) if isinstance(mask, str) else ()

"""Generic resources: create, get, list, patch, update and delete of anything a discovery document describes.

A new service is a row in local/emulator/services.py; a new kind of resource is one `Collection` in it:

* `path`: its place in the discovery document, such as `projects.locations.workflows`.
* `id_parameter`: the query parameter (or field beside the envelope) that carries the id at creation (`workflowId`), if the
  body's `name` doesn't.
* `envelope`: the field that holds the resource in requests that wrap it, such as `{topic, updateMask}`.
* `short_name`: the body's `name` is the id alone (logging metrics), not the full path.
* `replaced`: a PATCH without a mask puts the body in the place of all that was (alert policies); else of the fields it has.
* `created` and `changed`: add what the server adds (defaults, times) and refuse what the server refuses.
* `shown`: fields that depend on the moment of reading.
* `verbs`: custom methods such as `:pause`.

A handler reads each parameter and each field beside the resource that it acts on, whatever the case: what nobody has read is
refused by name, and so is a field of a resource that the answer lacks (local/emulator/kept.py).

Methods whose response is an Operation are answered with one that is done. What doesn't fit (uploads, policies) is a
handler of its own under the method's id. Everything else in the document answers 501 and names the method.
Services share one host: of two that serve the same path (`v1/{+name}/locations`), the first row wins.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from local.emulator.discovery import Api, Method, Path
from local.emulator.faults import Faults
from local.emulator.model import ApiError, JsonObject, Request, Response
from local.emulator.runtime import Runtime
from local.emulator.store import Store, policy_kind

_DEFAULT_PAGE = 500
_GENERIC = frozenset({"create", "insert", "get", "list", "patch", "update", "delete"})


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of one method; `body` is the checked JSON body ({} if there is none, or if it is an upload)."""

    api: Api
    method: Method
    path: Mapping[str, str]
    request: Request
    body: JsonObject
    runtime: Runtime
    faults: Faults = field(default_factory=Faults)
    enabled: frozenset[str] = frozenset()
    """The APIs that every project has enabled beside those of a new one (`run.googleapis.com`)."""
    caller: str | None = None  # the e-mail address of who calls, None for the owner

    @property
    def store(self) -> Store:
        """The state, within this call's transaction."""
        return self.runtime.store

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters."""
        return self.request.query


Row = TypeVar("Row")
Handler = Callable[[Call], JsonObject | Response]


def _same(_old: JsonObject, new: JsonObject, _call: Call) -> JsonObject:
    return new


@dataclass(frozen=True, kw_only=True)
class Collection:
    """A kind of resource; the module's docstring describes each field."""

    path: str
    id_parameter: str | None = None
    envelope: str | None = None
    short_name: bool = False
    replaced: bool = False
    created: Callable[[JsonObject, Call], JsonObject] = lambda new, _call: new
    changed: Callable[[JsonObject, JsonObject, Call], JsonObject] = _same
    shown: Callable[[JsonObject, Call], JsonObject] = lambda resource, _call: resource
    verbs: Mapping[str, Callable[[JsonObject, Call], JsonObject]] = field(default_factory=dict)

    def handler(self, method: Method) -> Callable[[Call], JsonObject] | None:
        """What serves the method, or None."""
        if method.collection != self.path:
            return None
        if method.verb in self.verbs:
            return lambda call: self._change(call, self.verbs[method.verb](self._find(call), call))
        if method.verb not in _GENERIC:
            return None
        return {
            "create": self._create,
            "insert": self._create,
            "get": lambda call: self.shown(self._find(call), call),
            "list": self._list,
            "patch": self._update,
            "update": self._update,
            "delete": self._delete,
        }[method.verb]

    def answer(self, call: Call) -> JsonObject:
        """What the collection itself answers; for handlers that add to it."""
        handler = self.handler(call.method)
        if handler is None:
            raise ApiError(501, f"The local stand-in does not serve {call.method.id}.")
        return handler(call)

    def _kind(self, call: Call) -> str:
        return f"{call.api.name}.{self.path}"

    def _name(self, call: Call) -> str:
        """The full name in the path: of the resource, or of the parent in a call on the collection."""
        return next(iter(call.path.values()))

    def _find(self, call: Call) -> JsonObject:
        found = call.store.get(self._kind(call), self._name(call))
        if found is None:
            gets = (method.response for method in call.api.methods if method.id == f"{self._kind(call)}.get")
            noun = next(gets, None) or "Resource"
            raise ApiError(404, f"{noun} not found.")
        return found

    def _create(self, call: Call) -> JsonObject:
        body = {key: value for key, value in self._inner(call).items() if value is not None}
        stem = f"{self._name(call)}/{self.path.rpartition('.')[2]}/"
        if not call.method.template.endswith("}"):  # on the collection: POST v1/{+parent}/jobs
            beside = self.id_parameter or ""
            given = call.query.get(beside) or call.body.get(beside) or body.get("name") or str(secrets.randbits(60))
            name = given if given.startswith(stem) else stem + given
            if "/" in name.removeprefix(stem) and not self.short_name:
                raise ApiError(400, f"The name must be formatted {stem}ID.", field="name")
        else:
            name = self._name(call)  # created under its own name: PUT v1/{+name}
        body["name"] = name.removeprefix(stem) if self.short_name else name
        if call.store.get(self._kind(call), name) is not None:
            raise ApiError(409, f"{call.method.request} {name} already exists.", status="ALREADY_EXISTS")
        created = self.created(body, call)
        call.store.put(self._kind(call), name, created)
        return _operation(self.shown(created, call), call)

    def _inner(self, call: Call) -> JsonObject:
        inner: JsonObject = call.body.get(self.envelope or "", call.body)
        return inner

    def _change(self, call: Call, new: JsonObject) -> JsonObject:
        call.store.put(self._kind(call), self._name(call), new)
        return _operation(self.shown(new, call), call)

    def _update(self, call: Call) -> JsonObject:
        """PUT replaces. PATCH replaces the fields of updateMask; without one those that the body has, or all of them."""
        old = self._find(call)
        name = {"name": old["name"]}
        if call.method.http == "PUT":
            return self._change(call, self.changed(old, call.body | name, call))
        body = self._inner(call)
        mask = call.query.get("updateMask") or (call.body.get("updateMask") if body is not call.body else "")
        paths = call.api.mask(self._schema(call), mask or "") or tuple((field,) for field in body)
        new = {} if self.replaced and not mask else old
        for path in paths:
            new = laid(new, body, path)
        return self._change(call, self.changed(old, new | name, call))

    def _schema(self, call: Call) -> str:
        """The message that the resource is."""
        request = str(call.method.request)
        return call.api.property(request, self.envelope or "") or request

    def _delete(self, call: Call) -> JsonObject:
        self._find(call)
        call.store.drop(self._kind(call), self._name(call))
        call.store.drop(policy_kind(self._kind(call)), self._name(call))
        return _operation({}, call)

    def _list(self, call: Call) -> JsonObject:
        prefix = f"{self._name(call)}/{self.path.rpartition('.')[2]}/"
        rows = [(name, self.shown(resource, call)) for name, resource in call.store.under(self._kind(call), prefix)]
        page, token = paged(rows, call.query, key=lambda row: row[0], size_parameter="pageSize")
        out: JsonObject = {call.api.list_field(call.method): [resource for _, resource in page]} if page else {}
        return out | ({"nextPageToken": token} if token else {})


def laid(old: JsonObject, given: JsonObject, path: Path) -> JsonObject:
    """`old` with the field at `path` as `given` has it, without it where `given` has none."""
    name, *below = path
    value = given.get(name)
    if below and value is not None:
        before = old.get(name)
        value = laid(before if isinstance(before, dict) else {}, value, tuple(below))
    elif below and isinstance(old.get(name), dict):
        value = laid(old[name], {}, tuple(below))
    rest = {key: kept for key, kept in old.items() if key != name}
    return rest if value is None else rest | {name: value}


def paged(
    rows: list[Row], query: Mapping[str, str], *, key: Callable[[Row], str], size_parameter: str
) -> tuple[list[Row], str | None]:
    """One page of `rows` (in the order of `key`) and the token of the next; it stays right when rows come and go."""
    try:
        size = int(query.get(size_parameter) or query.get("page_size") or 0)
        token = query.get("pageToken") or query.get("page_token") or ""
        after = base64.urlsafe_b64decode(token).decode()
    except (ValueError, binascii.Error):
        raise ApiError(400, "The page size or page token is invalid.") from None
    if size < 0:
        raise ApiError(400, "The page size must not be negative.")
    left = [row for row in rows if not token or key(row) > after]
    page = left[: min(size or _DEFAULT_PAGE, _DEFAULT_PAGE)]
    more = len(left) > len(page)
    return page, base64.urlsafe_b64encode(key(page[-1]).encode()).decode() if more else None


def _operation(resource: JsonObject, call: Call) -> JsonObject:
    """The resource as the API answers: wrapped in a finished operation, or as nothing where it says nothing."""
    if call.method.response == "Empty":
        return {}
    if not (call.method.response or "").endswith("Operation"):
        return resource
    location = "/".join(next(iter(call.path.values())).split("/")[:4])  # projects/P/locations/L
    return {"name": f"{location}/operations/{secrets.token_hex(8)}", "done": True, "response": resource}

"""Google's discovery documents, read from the installed google-api-python-client: routes, and checks of what is sent.

The documents are the only source of shapes: a path that they don't have, a field, an enum value or a query parameter
that they don't have is refused here with Google's words, so that a misspelled field fails on this machine too.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any, TypeAlias
from urllib.parse import unquote

from local.emulator.model import ApiError, JsonObject

Path: TypeAlias = tuple[str, ...]
"""The way to a field of a message, in camelCase; of a list it leads into every element."""

_DURATION = re.compile(r"-?\d+(\.\d{1,9})?s")
_STANDARD_BASE64 = str.maketrans("-_", "+/")
_INT_BITS = {"int32": 31, "uint32": 32, "int64": 63, "uint64": 64}
_PERMISSIONS = {"patch": "update", "resume": "enable"}  # where a method's isn't called as the method is
# Parameters that every Google front end takes but the documents don't list.
_COMMON_PARAMETERS = frozenset({"$alt", "upload_id", "userProject", "requestId", "$prettyPrint"})


@dataclass(frozen=True, kw_only=True)
class Method:
    """One method of a discovery document."""

    id: str  # such as cloudscheduler.projects.locations.jobs.pause
    collection: str  # such as projects.locations.jobs
    verb: str  # such as pause
    http: str
    template: str  # such as v1/{+name}:pause
    route: str  # a pattern over the quoted path, one group a path parameter
    upload: bool  # the upload form of the method
    request: str | None  # schema names
    response: str | None
    query: frozenset[str]

    @property
    def writes(self) -> bool:
        """Whether the method changes something."""
        return self.http not in {"GET", "HEAD"}

    @property
    def permission(self) -> str:
        """The permission that the method needs: `cloudscheduler.jobs.update` for a job's patch."""
        noun = self.collection.rpartition(".")[2]
        return f"{self.id.partition('.')[0]}.{noun}.{_PERMISSIONS.get(self.verb, self.verb)}"


class Api:
    """One discovery document."""

    def __init__(self, name: str, version: str) -> None:
        source = files("googleapiclient.discovery_cache.documents") / f"{name}.{version}.json"
        document = json.loads(source.read_text(encoding="utf-8"))
        self.name = name
        self.title = str(document["title"])
        self.is_storage = name == "storage"  # an older stack: other error shape, ignores unknown parameters
        self._schemas: dict[str, Any] = document["schemas"]
        self.common = frozenset(document["parameters"]) | _COMMON_PARAMETERS  # parameters of every method
        # The most literal route first: "v1/{+name}:export" before "v1/{+name}".
        methods = list(self._methods(document, document["servicePath"]))
        self.methods = tuple(sorted(methods, key=lambda m: -len(re.sub(r"\{.*?\}", "", m.template))))

    def _methods(self, node: JsonObject, base: str, collection: str = "") -> Iterator[Method]:
        for verb, spec in node.get("methods", {}).items():
            templates = [(base + spec["path"], False)]
            for protocol in spec.get("mediaUpload", {}).get("protocols", {}).values():
                templates.append((protocol["path"].lstrip("/"), True))
            for template, upload in templates:
                yield Method(
                    id=f"{self.name}.{collection}.{verb}",
                    collection=collection,
                    verb=verb,
                    http=spec["httpMethod"],
                    template=template,
                    route=_route(template, spec.get("parameters", {})),
                    upload=upload,
                    request=spec.get("request", {}).get("$ref"),
                    response=spec.get("response", {}).get("$ref"),
                    query=self.common | set(spec.get("parameters", {})),
                )
        for name, child in node.get("resources", {}).items():
            yield from self._methods(child, base, f"{collection}.{name}".lstrip("."))

    def list_field(self, method: Method) -> str:
        """The field of a list response that holds the resources, such as `jobs`."""
        properties: JsonObject = self._schemas[method.response or ""]["properties"]
        return next(name for name, spec in properties.items() if "$ref" in spec.get("items", {}))

    def schema(self, spec: JsonObject) -> JsonObject:
        """What a reference to a message stands for; anything else stands for itself."""
        found: JsonObject = self._schemas[spec["$ref"]] if "$ref" in spec else spec
        return found

    def property(self, schema: str, name: str) -> str:
        """The message that a property of a message is; "" if it is none."""
        return str(self._schemas.get(schema, {}).get("properties", {}).get(name, {}).get("$ref", ""))

    def holder(self, schema: str, wanted: str) -> str:
        """The property of a message that is the message `wanted`; "" if there is none."""
        properties = self._schemas.get(schema, {}).get("properties", {})
        return next((name for name, spec in properties.items() if spec.get("$ref") == wanted), "")

    def mask(self, schema: str, text: str) -> tuple[Path, ...]:
        """The paths of an update mask, which may be written display_name or displayName; `*` names all of the message.

        ApiError 400 for a path that the message doesn't have.
        """
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if parts == ["*"]:
            return tuple((name,) for name in self._schemas[schema]["properties"])
        return tuple(self._masked(schema, part) for part in parts)

    def _masked(self, schema: str, text: str) -> Path:
        spec: JsonObject = {"$ref": schema}
        path: list[str] = []
        for part in text.split("."):
            message = self.schema(spec)
            properties = message.get("properties", {})
            name = part if part in properties else camel(part)
            if name in properties:
                path.append(name)
                spec = properties[name]
            elif "additionalProperties" in message:
                path.append(part)
                spec = message["additionalProperties"]
            else:
                raise ApiError(400, f"Invalid field mask: {schema} has no field {text!r}.", field="update_mask")
        return tuple(path)

    def carried(self, schema: str, value: object, *, zeros: bool = False) -> Iterator[Path]:
        """The path of every field that a message has; without `zeros`, of those that proto3 JSON would write."""
        yield from self._carried({"$ref": schema}, value, (), zeros=zeros)

    def _carried(self, spec: JsonObject, value: object, path: Path, *, zeros: bool) -> Iterator[Path]:
        spec = self.schema(spec)
        if isinstance(value, list):
            for item in value:
                yield from self._carried(spec.get("items", {}), item, path, zeros=zeros)
        elif isinstance(value, dict):
            for key, item in value.items():
                inner = spec.get("properties", {}).get(key) or spec.get("additionalProperties", {})
                if zeros or not _is_zero(inner, item):
                    yield (*path, key)
                    yield from self._carried(inner, item, (*path, key), zeros=zeros)

    def check_query(self, method: Method, query: Mapping[str, str]) -> None:
        """Refuse a query parameter that the method doesn't have."""
        # A PATCH takes its mask in the query where the document has it in the body too: so the Terraform provider sends it.
        known = method.query | ({"updateMask"} if method.http == "PATCH" else set())
        for name in () if self.is_storage else query:
            if name not in known and camel(name) not in known:
                raise ApiError(
                    400,
                    f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
                    f"Field '{name}' could not be found in request message.",
                )

    def check_body(self, schema: str, body: object) -> JsonObject:
        """`body` with enum numbers as names and output-only fields left out; ApiError 400 for what doesn't fit."""
        root = re.sub(r"(?<!^)(?=[A-Z])", "_", schema).lower()
        checked = self._check({"$ref": schema}, body, "" if schema.endswith("Request") else root)
        if not isinstance(checked, dict):
            raise ApiError(400, f"Invalid JSON payload received. Root element must be a message: {schema}.")
        return checked

    def _check(self, spec: JsonObject, value: Any, where: str) -> Any:
        if "$ref" in spec:
            return self._check(self._schemas[spec["$ref"]] | {"type": "object"}, value, where)
        if value is None:
            return None
        kind = spec.get("type", "any")
        if kind == "array":
            if not isinstance(value, list):
                raise _bad_value(where, "a list", value)
            return [self._check(spec["items"], item, f"{where}[{i}]") for i, item in enumerate(value)]
        if kind == "object":
            return self._check_object(spec, value, where)
        return _check_scalar(kind, spec, value, where)

    def _check_object(self, spec: JsonObject, value: Any, where: str) -> JsonObject:
        if not isinstance(value, dict):
            raise _bad_value(where, "an object", value)
        properties = spec.get("properties", {})
        out: JsonObject = {}
        for key, item in value.items():
            name = key if key in properties else camel(key)
            if item is None and not self.is_storage:
                continue  # null is absent; the storage API alone takes it as "remove"
            if name in properties:
                if not properties[name].get("readOnly"):
                    out[name] = self._check(properties[name], item, f"{where}.{_snake(name)}".lstrip("."))
            elif "additionalProperties" in spec:
                out[key] = self._check(spec["additionalProperties"], item, f"{where}[{key}]")
            else:
                place = f" at '{where}'" if where else ""
                message = f'Invalid JSON payload received. Unknown name "{key}"{place}: Cannot find field.'
                raise ApiError(400, message, field=where)
        return out


def _is_zero(spec: JsonObject, value: object) -> bool:
    """Whether proto3 JSON leaves the value out: nothing, the zero of its type, or the first name of an enum."""
    return value in (None, "", "0", 0, False, [], {}) or (bool(spec.get("enum")) and value == spec["enum"][0])


def _route(template: str, parameters: JsonObject) -> str:
    """The pattern of `v1/{+name}:pause`, in which no group is but those of the path parameters."""
    out = "/"
    for part in re.split(r"(\{\+?\w+\})", template):
        if part.startswith("{"):
            name = part.strip("{+}")
            out += f"(?P<{name}>{parameters[name].get('pattern', '[^/]+').strip('^$')})"
        else:
            out += re.escape(part)
    return out


class Routes:
    """Which of some methods serves a request. One pattern asks for all of a verb: asking hundreds of them in turn was a quarter
    of what an answer takes."""

    def __init__(self, methods: Iterable[Method]) -> None:
        self._methods: dict[str, list[Method]] = {}
        for method in methods:
            # A resumable upload is begun with POST and continued with PUT on the same path.
            for http in {method.http, "PUT" if method.upload else method.http}:
                self._methods.setdefault(http, []).append(method)
        self._patterns: dict[str, re.Pattern[str]] = {}

    def find(self, http: str, path: str) -> tuple[Method, dict[str, str]] | None:
        """The first method that serves `http path`, and its unquoted path parameters."""
        if http not in self._patterns:
            nameless = (re.sub(r"\(\?P<\w+>", "(?:", method.route) for method in self._methods.get(http, ()))
            self._patterns[http] = re.compile("|".join(f"({route})" for route in nameless))
        found = self._patterns[http].fullmatch(path)
        if not found or found.lastindex is None:
            return None
        method = self._methods[http][found.lastindex - 1]
        named = re.fullmatch(method.route, path)
        return (method, {name: unquote(value) for name, value in named.groupdict().items()}) if named else None


def _check_scalar(kind: str, spec: JsonObject, value: Any, where: str) -> Any:
    form = spec.get("format", "")
    if "enum" in spec:
        # Proto clients send numbers; the documents list the names in the order of the numbers.
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(spec["enum"]):
            return spec["enum"][value]
        if value not in spec["enum"]:
            raise _bad_value(where, f"one of {', '.join(spec['enum'])}", value)
        return value
    if form in _INT_BITS:
        return _check_int(kind, form, value, where)
    expected = {"string": str, "boolean": bool, "integer": int, "number": (int, float)}.get(kind)
    if expected is not None and not isinstance(value, expected):  # type: ignore[arg-type]
        raise _bad_value(where, f"a {kind}", value)
    if form == "google-duration":
        return _check_duration(value, where)
    if form in {"google-datetime", "date-time"}:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            raise _bad_value(where, "an RFC 3339 instant", value) from None
    return _check_bytes(value, where) if form == "byte" else value


def _check_duration(value: str, where: str) -> str:
    """The duration as proto3 JSON writes it: with 0, 3, 6 or 9 digits after the point.

    https://protobuf.dev/programming-guides/json/
    """
    if not _DURATION.fullmatch(value):
        raise _bad_value(where, "a duration such as 180s", value)
    whole, _, fraction = value.removesuffix("s").partition(".")
    fraction = fraction.rstrip("0")
    digits = -(-len(fraction) // 3) * 3
    whole = "0" if whole == "-0" and not digits else whole
    return whole + (f".{fraction.ljust(digits, '0')}" if digits else "") + "s"


def _check_bytes(value: str, where: str) -> str:
    """Bytes as proto3 JSON writes them: in the standard alphabet and padded; both alphabets are read, padded or not."""
    text = value.rstrip("=").translate(_STANDARD_BASE64)
    try:
        padded = text + "=" * (-len(text) % 4)
        return base64.b64encode(base64.b64decode(padded, validate=True)).decode()
    except ValueError:  # binascii.Error is one, and so is what is not ASCII
        raise _bad_value(where, "base64", value) from None


def _check_int(kind: str, form: str, value: Any, where: str) -> Any:
    try:
        number = int(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is None or abs(number) >= 2 ** _INT_BITS[form]:
        raise _bad_value(where, f"an {form}", value)
    return str(number) if kind == "string" else number  # 64-bit integers travel as strings


def _bad_value(where: str, expected: str, value: object) -> ApiError:
    return ApiError(400, f"Invalid value at '{where}' (expected {expected}), {json.dumps(value)}", field=where)


def camel(name: str) -> str:
    """`update_mask` -> `updateMask`; what is camelCase already stays."""
    return re.sub(r"_([a-z])", lambda m: m[1].upper(), name)


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda m: "_" + m[1].lower(), name)

"""What proto3 JSON doesn't keep: a field whose value is the default of its kind (0, "", false, [], an enum's zero).

Such a field is as if it had never been sent, and no answer has it: https://protobuf.dev/programming-guides/json/. A message
keeps its presence, so `{}`, and "0s" of a duration, stay. The discovery documents don't say which scalars are wrapped and so
keep their presence too (`enabled` of a channel): only for messages without such.
"""

from __future__ import annotations

from typing import Any

from local.emulator.discovery import Api
from local.emulator.model import JsonObject

_MESSAGES = frozenset({"google-duration", "google-datetime", "date-time", "google-fieldmask"})  # strings, in JSON only


def without_defaults(api: Api, schema: str, message: JsonObject) -> JsonObject:
    """The message of that schema as the API keeps it. Enums have their zero first in the documents."""
    kept = _kept(api, {"$ref": schema}, message)
    return kept if isinstance(kept, dict) else message


def _kept(api: Api, spec: JsonObject, value: Any) -> Any:
    spec = api.schema(spec)
    if isinstance(value, list):
        return [_kept(api, spec.get("items", {}), item) for item in value]
    if not isinstance(value, dict):
        return value
    if "additionalProperties" in spec:
        return {key: _kept(api, spec["additionalProperties"], item) for key, item in value.items()}
    fields: JsonObject = spec.get("properties", {})
    return {
        key: _kept(api, fields.get(key, {}), item)
        for key, item in value.items()
        if key not in fields or not _is_default(fields[key], item)
    }


def _is_default(spec: JsonObject, value: Any) -> bool:
    if "enum" in spec:
        return bool(value == spec["enum"][0])
    if "$ref" in spec or spec.get("format") in _MESSAGES:
        return False
    if "additionalProperties" in spec or spec.get("type") in {"array", "string", "boolean", "integer", "number"}:
        return value in ("", 0, [], {}) or (value == "0" and spec.get("format", "").endswith("64"))
    return False

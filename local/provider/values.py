"""Terraform's values as plain Python, and their msgpack form on the wire.

null is None, an unknown value is UNKNOWN; lists and sets are lists; maps, objects and single blocks are dicts. Refinements
of unknown values ("not null") are read and dropped, which Terraform allows. The encoding is described in
docs/plugin-protocol/object-wire-format.md of hashicorp/terraform. A number that no float is equal to, such as 0.01, is a string
there, of its decimals: as such it comes, and as such a float goes back, or Terraform would take it for another number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, TypeAlias

import msgpack  # type: ignore[import-untyped]

from local.provider import wire
from local.provider.schema import Block

Object: TypeAlias = dict[str, object]
_UNKNOWN_EXTENSION = 0


class _Unknown:
    """A value that is known only after the apply."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


def _to_msgpack(value: object) -> object:
    if value is UNKNOWN:
        return msgpack.ExtType(_UNKNOWN_EXTENSION, b"\x00")
    raise TypeError(f"no msgpack form for {type(value).__name__}")


def decode(dynamic: Any) -> Object | None:
    """The object in a DynamicValue message; None for null or an absent one."""
    if not dynamic.msgpack:
        return json.loads(dynamic.json) if dynamic.json else None
    value = msgpack.unpackb(dynamic.msgpack, ext_hook=lambda _code, _data: UNKNOWN, strict_map_key=False)
    return value if isinstance(value, dict) else None


def encode(value: object) -> Any:
    """A DynamicValue message."""
    return wire.message("DynamicValue")(msgpack=msgpack.packb(_decimals(value), default=_to_msgpack))


def _decimals(value: object) -> object:
    if isinstance(value, dict):
        return {name: _decimals(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_decimals(inner) for inner in value]
    return repr(value) if isinstance(value, float) and Decimal(repr(value)) != Decimal(value) else value


def conform(block: Block, raw: Mapping[str, object]) -> Object:
    """A stored state in the shape of the schema: unknown names dropped, missing ones null or an empty list of blocks."""
    value: Object = {name: raw.get(name) for name in block.attrs}
    for name, inner in block.blocks.items():
        stored = raw.get(name)
        if inner.nest == "single":
            value[name] = conform(inner, stored) if isinstance(stored, dict) else None
        else:
            elements = stored if isinstance(stored, list) else []
            value[name] = [conform(inner, element) for element in elements if isinstance(element, dict)]
    return value


def is_empty(value: object) -> bool:
    """Null or the zero value of its type: SDKv2 keeps no difference between the two in an optional argument."""
    return value is None or (value is not UNKNOWN and value in ("", 0, False, [], {}))


def text(value: Mapping[str, object], name: str) -> str:
    """A string of an object; "" if it is null or unknown."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def mapping(value: Mapping[str, object], name: str) -> Object:
    """A map or object of an object; {} if it is null or unknown."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def only(value: Mapping[str, object], name: str) -> Object:
    """The single element of a block that may occur once; {} if there is none."""
    found = value.get(name)
    return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}


def known(value: Object, *, instead: Mapping[str, object] | None = None) -> Object:
    """The object with every unknown in it replaced: by what stands in the same place of `instead`, or by null."""
    before = instead or {}
    return {name: _known(inner, before.get(name)) for name, inner in value.items()}


def _known(value: object, before: object) -> object:
    if value is UNKNOWN:
        return None if before is UNKNOWN else before
    if isinstance(value, dict):
        return known(value, instead=before if isinstance(before, dict) else None)
    if isinstance(value, list):
        old = before if isinstance(before, list) else []
        return [_known(inner, old[i] if i < len(old) else None) for i, inner in enumerate(value)]
    return value

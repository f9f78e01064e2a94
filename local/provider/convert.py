"""Between Terraform's values and the JSON of Google's APIs: expand (to send) and flatten (what came back).

The rules that the provider's generated code follows everywhere: snake_case becomes camelCase, a block that may occur once
is an object, other blocks are arrays, int64 comes as a string, and what is empty is not sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from local.provider.schema import Attribute, Block
from local.provider.values import UNKNOWN, Object, is_empty


def camel(name: str) -> str:
    """`max_retry_duration` -> `maxRetryDuration`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def expand(
    block: Block, value: Mapping[str, object], *, skip: Collection[str] = (), renames: Mapping[str, str] | None = None
) -> Object:
    """The JSON body for a value. `renames` gives a field another name than its camelCase."""
    named = renames or {}
    body: Object = {}
    for name in block.names:
        found = value.get(name)
        inner, attribute = block.blocks.get(name), block.attrs.get(name)
        exported = attribute is not None and not (attribute.required or attribute.optional)
        if exported or name in skip or name == "timeouts" or found is UNKNOWN or is_empty(found):
            continue
        body[named.get(name, camel(name))] = _expand_blocks(inner, found) if inner else _number(attribute, found)
    return body


def _number(attribute: Attribute | None, found: object) -> object:
    """Numbers as JSON has them: one with decimals may be a string in Terraform's encoding."""
    if attribute is None or attribute.type not in ("number", ["list", "number"]):
        return found
    if isinstance(found, list):
        return [_number(attribute, one) for one in found]
    return float(found) if isinstance(found, str) else found


def _expand_blocks(block: Block, found: object) -> object:
    elements = [expand(block, e) for e in found if isinstance(e, dict)] if isinstance(found, list) else []
    return elements[0] if block.max == 1 and elements else elements


def flatten(
    block: Block, body: Mapping[str, object], *, skip: Collection[str] = (), renames: Mapping[str, str] | None = None
) -> Object:
    """The value for a JSON body: every name of the schema but the skipped ones, null where the body has nothing."""
    named = renames or {}
    value: Object = {}
    for name in block.names:
        if name in skip or name == "timeouts":
            continue
        found = body.get(named.get(name, camel(name)))
        inner = block.blocks.get(name)
        value[name] = _flatten_blocks(inner, found) if inner else _flatten(block.attrs[name], found)
    return value


_ZEROS: Mapping[str, object] = {"number": 0, "bool": False}


def _flatten_blocks(block: Block, found: object) -> list[Object]:
    """Elements of a block; what one of them lacks is zero, not null (SDKv2's readObjectField), as a retry_count of 0."""
    elements = found if isinstance(found, list) else [found] if found else []
    flat = [flatten(block, element) for element in elements if isinstance(element, dict)]
    for element in flat:
        zeros = {name: _ZEROS.get(a.kind) for name, a in block.attrs.items() if element[name] is None}
        element |= zeros
    return flat


def _flatten(attribute: Attribute, found: object) -> object:
    if found is None:
        return None
    if attribute.kind == "number" and isinstance(found, str):
        return int(found)
    if attribute.kind == "string" and not isinstance(found, str):
        return str(found)
    return found

"""Our schema beside that of the real provider, as `terraform providers schema -json` shows it, attribute by attribute.

Ours may have less: schema.json leaves out what this stand-in doesn't act on. What it has must be the same, and nothing that the
real one requires may be missing. The format: https://developer.hashicorp.com/terraform/cli/commands/providers/schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from local.provider.schema import Attribute, Block, load

FLAGS = ("required", "optional", "computed", "sensitive")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that is not the same in both; `where` is a type and a path in it."""

    where: str
    ours: object
    real: object

    def __str__(self) -> str:
        return f"{self.where}: {self.ours} here, {self.real} in the real provider"


def differences(shown: Mapping[str, object]) -> list[Difference]:
    """What is not the same, in the order of schema.json. ValueError if `shown` has no hashicorp/google."""
    providers = _mapping(shown, "provider_schemas")
    name = next((name for name in providers if name.endswith("/hashicorp/google")), None)
    if name is None:
        raise ValueError("these are no schemas of hashicorp/google")
    real, ours = _mapping(providers, name), load()
    found = [*_block("provider", ours.provider, _mapping(_mapping(real, "provider"), "block"))]
    for kind, types in (("resource_schemas", ours.resources), ("data_source_schemas", ours.data)):
        theirs = _mapping(real, kind)
        for type_name, block in types.items():
            if type_name not in theirs:
                found.append(Difference(where=type_name, ours="there", real="absent"))
                continue
            schema = _mapping(theirs, type_name)
            if block.version != schema.get("version"):
                found.append(Difference(where=f"{type_name}, its version", ours=block.version, real=schema.get("version")))
            found += _block(type_name, block, _mapping(schema, "block"))
    return found


def _block(where: str, ours: Block, real: Mapping[str, object]) -> Iterator[Difference]:
    attributes, blocks = _mapping(real, "attributes"), _mapping(real, "block_types")
    for name, attribute in ours.attrs.items():
        if name not in attributes:
            yield Difference(where=f"{where}.{name}", ours="an attribute", real="a block" if name in blocks else "absent")
        elif (mine := _facts(attribute)) != (theirs := _shown_facts(_mapping(attributes, name))):
            yield Difference(where=f"{where}.{name}", ours=mine, real=theirs)
    for name, block in ours.blocks.items():
        if name not in blocks:
            yield Difference(where=f"{where}.{name}", ours="a block", real="an attribute" if name in attributes else "absent")
            continue
        shown = _mapping(blocks, name)
        nesting = {"nesting": block.nest, "min": block.min, "max": block.max}
        theirs = {"nesting": shown.get("nesting_mode"), "min": shown.get("min_items", 0), "max": shown.get("max_items", 0)}
        if nesting != theirs:
            yield Difference(where=f"{where}.{name}", ours=nesting, real=theirs)
        yield from _block(f"{where}.{name}", block, _mapping(shown, "block"))
    wanted = [name for name in attributes if _mapping(attributes, name).get("required")]
    wanted += [name for name in blocks if _mapping(blocks, name).get("min_items", 0)]
    for name in wanted:
        if name not in ours.names:
            yield Difference(where=f"{where}.{name}", ours="absent", real="required")


def _facts(attribute: Attribute) -> dict[str, object]:
    return {"type": attribute.type, **{flag: getattr(attribute, flag) for flag in FLAGS}}


def _shown_facts(attribute: Mapping[str, object]) -> dict[str, object]:
    return {"type": attribute.get("type"), **{flag: attribute.get(flag, False) for flag in FLAGS}}


def _mapping(values: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}

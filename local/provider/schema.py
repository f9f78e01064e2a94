"""What hashicorp/google declares about its types: schema.json as frozen dataclasses, and as protocol messages.

schema.json holds facts of the release that its `tag` names, read from the provider's Go source: `t` type, `r` required, `o`
optional, `c` computed, `s` sensitive, `force` = a change forces replacement, `default`. It holds the types that our stacks
use, and of these the arguments that this stand-in acts on: Terraform itself refuses any other argument as unsupported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from local.provider import wire


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """One argument or exported value. `type` is cty's JSON type: "string", ["map", "string"] and so on."""

    type: object
    required: bool = False
    optional: bool = False
    computed: bool = False
    sensitive: bool = False
    force: bool = False
    default: object = None

    @property
    def kind(self) -> str:
        """The outermost type: string, number, bool, list, set, map or object."""
        return self.type if isinstance(self.type, str) else str(self.type[0])  # type: ignore[index]


@dataclass(frozen=True, kw_only=True)
class Block:
    """A group of attributes and nested blocks: a whole resource, or one block in it. `max` 0 means any number."""

    attrs: Mapping[str, Attribute]
    blocks: Mapping[str, Block] = field(default_factory=dict)
    nest: str = "list"
    min: int = 0
    max: int = 0
    computed: bool = False
    force: bool = False
    version: int = 0

    @property
    def names(self) -> list[str]:
        """Every attribute and block."""
        return [*self.attrs, *self.blocks]

    def to_message(self) -> Any:
        """The protocol's Schema.Block."""
        return wire.message("Schema.Block")(
            version=self.version,
            attributes=[
                wire.message("Schema.Attribute")(
                    name=name,
                    type=json.dumps(a.type).encode(),
                    required=a.required,
                    optional=a.optional,
                    computed=a.computed,
                    sensitive=a.sensitive,
                )
                for name, a in self.attrs.items()
            ],
            block_types=[
                wire.message("Schema.NestedBlock")(
                    type_name=name,
                    block=b.to_message(),
                    nesting=wire.NESTING[b.nest],
                    min_items=b.min,
                    max_items=b.max,
                )
                for name, b in self.blocks.items()
            ],
        )


def _attribute(raw: Mapping[str, Any]) -> Attribute:
    flags = {"required": "r", "optional": "o", "computed": "c", "sensitive": "s", "force": "force"}
    return Attribute(type=raw["t"], default=raw.get("default"), **{name: raw.get(key, False) for name, key in flags.items()})


def _block(raw: Mapping[str, Any]) -> Block:
    plain = {key: raw[key] for key in ("nest", "min", "max", "computed", "force", "version") if key in raw}
    return Block(
        attrs={name: _attribute(a) for name, a in raw.get("attrs", {}).items()},
        blocks={name: _block(b) for name, b in raw.get("blocks", {}).items()},
        **plain,
    )


@dataclass(frozen=True, kw_only=True)
class Schemas:
    """Everything schema.json holds."""

    provider: Block
    resources: Mapping[str, Block]
    data: Mapping[str, Block]
    tag: str
    """Of the provider's source that it was read from, such as v7.45.0."""


@cache
def load() -> Schemas:
    """Read schema.json, once a process."""
    raw = json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8"))
    return Schemas(
        provider=_block(raw["provider"]),
        resources={name: _block(b) for name, b in raw["resources"].items()},
        data={name: _block(b) for name, b in raw["data"].items()},
        tag=raw["tag"],
    )

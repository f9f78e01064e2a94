"""The published format of flags and holds, and a check against it.

As much of JSON Schema as docs/flags.schema.json uses; any other keyword is an error here, so that nothing passes unchecked.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA: dict[str, Any] = json.loads((DOCS / "flags.schema.json").read_text(encoding="utf-8"))
TYPES = {"object": dict, "array": list, "string": str}
PERHAPS = {"asked_by", "extended_by", "run", "failed"}
NOTES = {"$schema", "$defs", "title", "description"}
KEYWORDS = {"$ref", "anyOf", "items", "pattern", "properties", "required", "type", "uniqueItems"}


def faults(value: object, schema: dict[str, Any], where: str = "content") -> list[str]:
    """What is wrong with a value; empty when it keeps the schema."""
    assert schema.keys() <= NOTES | KEYWORDS, schema.keys()
    if "$ref" in schema:
        return faults(value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], where)
    if "anyOf" in schema:
        found = [faults(value, choice, where) for choice in schema["anyOf"]]
        return [] if [] in found else [fault for faults in found for fault in faults]
    if not isinstance(value, TYPES[schema["type"]]):
        return [f"{where} is no {schema['type']}"]
    if isinstance(value, str):
        return [] if re.search(schema.get("pattern", ""), value) else [f"{where} does not match"]
    if isinstance(value, list):
        twice = [f"{where} has something twice"] if schema["uniqueItems"] and len(set(map(str, value))) < len(value) else []
        return [*twice, *(fault for item in value for fault in faults(item, schema["items"], f"{where}[]"))]
    assert isinstance(value, dict)
    missing = [f"{where} has no {key}" for key in schema["required"] if key not in value]
    inner = (faults(value[key], part, f"{where}.{key}") for key, part in schema["properties"].items() if key in value)
    return [*missing, *(fault for some in inner for fault in some)]


def faults_of(kind: str, content: str | bytes) -> list[str]:
    """What is wrong with the content of a `flag`, a `hold` or a `planned` one that we write: it has every key that is
    published, and no other. Who asked is said where somebody did, and where a command runs, of one that is for a command."""
    schema = SCHEMA["$defs"][kind]
    says = json.loads(content)
    differing = (says.keys() ^ schema["properties"].keys()) - (PERHAPS - says.keys())
    unpublished = [f"{key} is not both published and written" for key in sorted(differing)]
    return [*faults(says, SCHEMA), *faults(says, schema), *unpublished]

"""What a job sends, read as JSON where it is that."""

from __future__ import annotations

import json

from interlock.catalog import Json


def read_json(content: bytes | None) -> Json:
    """The JSON that some bytes are; None for others, and for nothing."""
    try:
        found: Json = json.loads(content) if content else None
    except (ValueError, RecursionError):
        return None
    return found

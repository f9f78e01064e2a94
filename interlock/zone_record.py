"""The record of the zone data that a catalog was written under: what the clocks of its zones do in some years.

A process has one release of the tz database, and a review compares two commits. So the record stands beside the catalog, in a
file that `interlock validate --clocks` writes, and a new release shows in it as any other change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from interlock.catalog import Source
from interlock.holds import format_instant

RECORD_FILE = "clocks.json"
"""Beside the platforms' folders."""
ANEW = ".venv/bin/interlock validate --clocks"
"""What writes it."""

Offsets = tuple[tuple[datetime, int], ...]
"""From when on, and by how many minutes the clocks are ahead of UTC, in order; the first is from the record's start on."""


@dataclass(frozen=True, kw_only=True)
class ZoneRecord:
    """What the clocks of zones do from `start` until before `end`, aware UTC, by a release of the tz database, as 2026f."""

    release: str
    start: datetime
    end: datetime
    zones: Mapping[str, Offsets]
    sources: Mapping[str, Source] = field(default_factory=dict, compare=False)
    """Where its keys stand, and its zones."""


def text_of(record: ZoneRecord) -> str:
    """The file that holds it: the same bytes for the same record."""
    written = {
        "written_by": ANEW.removeprefix(".venv/bin/"),
        "zone_data": record.release,
        "start": format_instant(record.start),
        "end": format_instant(record.end),
        "minutes_ahead_of_utc": {
            name: {format_instant(at): minutes for at, minutes in offsets} for name, offsets in sorted(record.zones.items())
        },
    }
    return json.dumps(written, indent=2) + "\n"

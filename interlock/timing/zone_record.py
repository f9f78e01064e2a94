"""The record of a catalog's zone data: what it has to say, what is wrong with it, and a zone as it was recorded. Pure."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

from interlock.catalog import Catalog, Source
from interlock.findings import Finding
from interlock.names import count
from interlock.timing.clock_changes import changes, offset
from interlock.timing.minutes import MINUTE
from interlock.zone_record import ANEW, Offsets, ZoneRecord
from interlock.zones import release, zone

CLOCKS = "clocks"
"""What a finding about the record is called."""
YEARS = 3
"""From the year of the release on: who writes a record under the same release writes the same, whatever the day."""


def recorded(catalog: Catalog) -> ZoneRecord:
    """The record of the zones in which the catalog's jobs fire and its windows open, by the data in use."""
    year = int(release()[:4])
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + YEARS, 1, 1, tzinfo=UTC)
    zones = {name: _offsets(zone(name), start, end) for name in sorted(_used(catalog))}
    return ZoneRecord(release=release(), start=start, end=end, zones=zones)


def _used(catalog: Catalog) -> Counter[str]:
    """The zones, each with how many jobs and windows it has."""
    return Counter(job.time_zone for job in catalog.jobs.values()) + Counter(
        window.time_zone for window in catalog.windows.values()
    )


def _offsets(place: ZoneInfo, start: datetime, end: datetime) -> Offsets:
    instants = [start, *(change.at for change in changes(place, start, end) if change.at > start)]
    return tuple((at, offset(at, place) // MINUTE) for at in instants)


def mistakes(catalog: Catalog) -> Iterator[Finding]:
    """Where the record is not what the data in use say; nothing of a catalog that has none. A zone too many does no harm."""
    found = catalog.zone_record
    if found is None:
        return
    wanted = recorded(catalog)
    if found.release != wanted.release:
        yield _mistake(found, "zone_data", f"was written with zone data {found.release}, and {wanted.release} are in use")
    elif (found.start, found.end) != (wanted.start, wanted.end):
        yield _mistake(found, "start", f"is not from {wanted.start:%Y-%m-%d} to {wanted.end:%Y-%m-%d}")
    else:
        used = _used(catalog)
        for name, offsets in wanted.zones.items():
            if name not in found.zones:
                said = f"does not have {name}, in which {count(used[name], 'schedule')} {'is' if used[name] == 1 else 'are'}"
                yield _mistake(found, "minutes_ahead_of_utc", said)
            elif found.zones[name] != offsets:
                yield _mistake(found, name, f"says of {name} what zone data {wanted.release} do not say")


def _mistake(record: ZoneRecord, key: str, said: str) -> Finding:
    source = record.sources.get(key, Source(file="", line=1))
    return Finding(rule=CLOCKS, subject=f"{CLOCKS}.{key}", message=f"the record {said}; write it anew: {ANEW}", source=source)


def as_zone(name: str, offsets: Offsets) -> ZoneInfo:
    """The zone as it was recorded: before the record as at its start, after it as at its end."""
    minutes = sorted({ahead for _, ahead in offsets}, key=lambda ahead: ahead != offsets[0][1])  # the first is that before all
    counts = struct.pack(">6l", 0, 0, 0, len(offsets), len(minutes), len(name) + 1)
    instants = b"".join(struct.pack(">q", int(at.timestamp())) for at, _ in offsets)
    indexes = bytes(minutes.index(ahead) for _, ahead in offsets)
    kinds = b"".join(struct.pack(">lbb", ahead * 60, 0, 0) for ahead in minutes)
    head, empty = b"TZif2" + bytes(15), bytes(24)
    # https://www.rfc-editor.org/rfc/rfc8536: an empty block of version 1, then one of version 2, without a rule for later
    content = head + empty + head + counts + instants + indexes + kinds + name.encode() + b"\0\n\n"
    return ZoneInfo.from_file(BytesIO(content), key=name)

"""From the text of clocks.json to a record of zone data; what it should say is for `timing/zone_record.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated

from pydantic import Field, Strict, ValidationError

from interlock.catalog import Source
from interlock.reading.fields import Text, matching
from interlock.reading.located import Document, Path, dotted, parse
from interlock.reading.problems import Problem
from interlock.reading.refused import problems_of
from interlock.reading.schema import Entry
from interlock.zone_record import ANEW, Offsets, ZoneRecord

ZONES = "minutes_ahead_of_utc"
AGAIN = f"write the file anew: {ANEW}"
RELEASE = r"20[0-9]{2}[a-z]{1,2}"
INSTANT = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:00Z"
"""In UTC, on a whole minute."""
MAX_MINUTES = 24 * 60

Instant = Annotated[str, matching(INSTANT, f"is no whole minute in UTC; {AGAIN}")]
Minutes = Annotated[int, Strict(), Field(ge=-MAX_MINUTES, le=MAX_MINUTES)]


class RecordEntry(Entry):
    """The whole file."""

    written_by: Text
    zone_data: Annotated[str, matching(RELEASE, f"is no release of the tz database; {AGAIN}")]
    start: Instant
    end: Instant
    minutes_ahead_of_utc: Mapping[Text, Mapping[Instant, Minutes]]


def read_record(text: str, file: str) -> tuple[ZoneRecord | None, list[Problem]]:
    """The record in the text of the file called `file`, or what is wrong with it."""
    document, problems = parse(text, file)
    if problems:
        return None, problems
    try:
        entry = RecordEntry.model_validate(document.data)
        start, end = datetime.fromisoformat(entry.start), datetime.fromisoformat(entry.end)
        zones = {name: _offsets(written) for name, written in entry.minutes_ahead_of_utc.items()}
    except ValidationError as error:
        return None, list(problems_of(error, document, (), RecordEntry))
    except ValueError as error:  # 31 November
        return None, [Problem(source=document.at(()), message=f"{error}; {AGAIN}")]
    if wrong := list(_unordered(document, start, end, zones)):
        return None, wrong
    places: dict[str, Path] = {**{key: (key,) for key in RecordEntry.model_fields}, **{name: (ZONES, name) for name in zones}}
    sources: dict[str, Source] = {key: document.at(path) for key, path in places.items()}
    return ZoneRecord(release=entry.zone_data, start=start, end=end, zones=zones, sources=sources), []


def _offsets(written: Mapping[str, int]) -> Offsets:
    return tuple((datetime.fromisoformat(at), minutes) for at, minutes in written.items())


def _unordered(document: Document, start: datetime, end: datetime, zones: Mapping[str, Offsets]) -> Iterator[Problem]:
    """What can't be told in order: each zone has to begin at the start, and go on until before the end."""
    if end <= start:
        yield Problem(source=document.at(("end",)), message=f"end: is not after start; {AGAIN}")
    for name, offsets in zones.items():
        instants = [at for at, _ in offsets]
        if instants[:1] != [start] or instants != sorted(instants) or instants[-1] >= end:
            message = f"{dotted((ZONES, name))}: does not go from start to end, in order; {AGAIN}"
            yield Problem(source=document.at((ZONES, name)), message=message)

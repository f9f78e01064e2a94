"""The board in the bucket: when the coordinator writes it, and where people find it.

It is written when what it shows has changed, at most once a request, and otherwise at every other tick. So one that is older
than two ticks says that the coordinator is late, and a tick with nothing to do writes nothing. The page is written last and
says in its metadata what it shows: who dies in between writes it at the next look. Nobody waits for it and nothing fails with
it: what can't be written is logged.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from interlock.board.as_json import digest, to_text
from interlock.board.board import Board, board
from interlock.board.history import LASTING, TOLD, History, parse_history
from interlock.board.page import page
from interlock.holds import decode, format_instant, parse_instant
from interlock.names import BOARD_PAGE
from interlock.runtime.report import Report
from interlock.zones import zone

PREFIX = "board/"
PAGE, DATA = BOARD_PAGE, f"{PREFIX}board.json"
TYPES = {PAGE: "text/html; charset=utf-8", DATA: "application/json"}
SHOWS, MADE = "interlock-shows", "interlock-made"
"""Metadata of the page: the digest of what it shows, and when it was made."""
DUE = 1.5
"""Ticks after which it is written anew whatever happens: at every other tick, though ticks come some seconds early or late."""
TRIES = 2
"""How often it is written when somebody else has written it meanwhile."""
LEVEL = 6


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An object of the board as it is in the bucket."""

    name: str
    generation: int
    metadata: Mapping[str, str]

    @property
    def made(self) -> datetime | None:
        """When it was made, by its metadata."""
        return parse_instant(self.metadata.get(MADE, ""))


class Shelf(Protocol):
    """Where the board lies. Each call may raise Refused or Unknown of `runtime/ports.py`."""

    def look(self) -> Mapping[str, Stored]:
        """The board's objects, by name."""

    def read(self, stored: Stored) -> bytes | None:
        """The content of that generation, unpacked; None when it is gone."""

    def write(self, name: str, content: bytes, content_type: str, metadata: Mapping[str, str], generation: int) -> bool:
        """Replaces that generation, 0 for none, with gzip's `content`; False when there is another one by now."""


def keep(shelf: Shelf, report: Report, project: str) -> bool:
    """Writes the board of what a request has seen and done, if that is due; whether it was. Refused and Unknown."""
    if report.seen is None:
        return False
    drawn = drawn_by(report, project)
    shows = digest(drawn)
    news = any(record.event in TOLD.keys() - LASTING for record in report.records)
    for found in _looks(shelf, report):
        if not news and not _is_due(found.get(PAGE), shows, drawn):
            return False
        history = history_of(shelf, found).then(report.records, drawn.now)
        if _written(shelf, found, replace(drawn, history=history), shows):
            return True
    return False


def _looks(shelf: Shelf, report: Report) -> Iterator[Mapping[str, Stored]]:
    """The board's objects: as the reconcile has listed them, which costs no call, and then anew for each try."""
    if report.listed is not None:
        ours = [item for item in report.listed if item.name.startswith(PREFIX)]
        yield {item.name: Stored(name=item.name, generation=item.generation, metadata=item.metadata) for item in ours}
    for _ in range(TRIES):
        yield shelf.look()


def drawn_by(report: Report, project: str) -> Board:
    """The board of a report, without what was before."""
    assert report.seen is not None  # noqa: S101
    return board(
        report.seen,
        records=report.records,
        trouble=[record for record in report.records if record.event in LASTING],
        history=History(),
        looked=report.seen.now,
        zone=usual_zone(job.time_zone for job in report.seen.declaration.jobs.values()),
        project=project,
    )


def history_of(shelf: Shelf, found: Mapping[str, Stored]) -> History:
    """What the board in the bucket remembers."""
    content = shelf.read(found[DATA]) if DATA in found else None
    return parse_history(decode(content)) if content else History()


def usual_zone(zones: Iterable[str]) -> ZoneInfo:
    """The zone of most jobs; the first by name of equal ones, UTC without jobs."""
    known = Counter(zones)
    return zone(min(known, key=lambda name: (-known[name], name), default="Etc/UTC"))


def packed(content: str) -> bytes:
    """With gzip, the same bytes for the same content."""
    return gzip.compress(content.encode(errors="backslashreplace"), compresslevel=LEVEL, mtime=0)


def _is_due(stored: Stored | None, shows: str, drawn: Board) -> bool:
    if stored is None or stored.made is None or stored.metadata.get(SHOWS) != shows:
        return True
    return drawn.now >= stored.made + timedelta(seconds=DUE * drawn.tick.total_seconds())


def _written(shelf: Shelf, found: Mapping[str, Stored], drawn: Board, shows: str) -> bool:
    metadata = {SHOWS: shows, MADE: format_instant(drawn.now)}
    for name, content in ((DATA, to_text(drawn)), (PAGE, page(drawn))):
        generation = found[name].generation if name in found else 0
        if not shelf.write(name, packed(content), TYPES[name], metadata, generation):
            return False
    return True

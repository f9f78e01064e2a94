"""`make replay`: a night that went wrong, played again with the catalog that lies here, on simulated time.

The night is a file, docs/incident.json unless another is named. It is played as it was, and with what could have been done:
other minutes, holds, tries again, one writer. Chance decides the rest, so each plan gets many nights, the same ones always.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from interlock.catalog import Catalog
from interlock.cron import zone
from interlock.drawing.nights import HEAD, picture, rows
from interlock.drawing.stagger import with_former_crons
from interlock.names import count
from interlock.reading.files import load_catalog
from interlock.reading.problems import SourceError
from interlock.terminal.tables import Table, kept, say, say_folded
from interlock.timing.bigquery import Retry
from interlock.timing.minutes import Span
from interlock.timing.nights import nights
from interlock.timing.replay import Night, Plan, Rewrite

FILE = Path("docs/incident.json")
RUNS = 1_000
BAD_INPUT = 2


class BadNight(Exception):
    """The file can't be played; the message says what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Incident:
    """A night as its file has it."""

    night: Night
    place: ZoneInfo
    at: datetime | None
    """When the error came."""
    moved_then: tuple[str, ...]
    """Jobs that somebody wanted to start at other minutes: those of the catalog."""
    one_writer: tuple[str, ...]
    """Processors whose runs of one start would be one."""


def main(words: Sequence[str]) -> int:
    """Plays it and prints what each plan brings; SVG= names a file for the picture."""
    file = Path(words[0]) if words else FILE
    try:
        runs = _number(os.environ.get("RUNS") or str(RUNS))
        catalog = load_catalog(Path(os.environ.get("INTERLOCK_CATALOG") or "catalog"))
        incident = read(file.read_text(encoding="utf-8"), catalog)
    except SourceError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except (BadNight, OSError, UnicodeDecodeError) as error:
        print(f"{file}: {error}; docs/incident.md says what a night is made of", file=sys.stderr)
        return BAD_INPUT
    found = [nights(incident.night, plan, range(runs)) for plan in plans(catalog, incident)]
    table = Table(*(kept(name) for name in HEAD[:4]))
    for row in rows(found):
        table.row(*row[:4])
    table.say()
    say_folded(f"{count(runs, 'night')} a plan. Numbers are beside the first plan's: what they rest on is assumed.")
    if svg := os.environ.get("SVG"):
        Path(svg).write_text(picture(incident.night, found, incident.place, incident.at, runs), encoding="utf-8")
        say(f"wrote {svg}")
    return 0


def plans(catalog: Catalog, incident: Incident) -> Iterator[Plan]:
    """What was, and what could have been done about it."""
    was = with_former_crons(catalog)
    then = replace(was, jobs={**was.jobs, **{name: catalog.jobs[name] for name in incident.moved_then}})
    yield Plan(name="as it was", catalog=was)
    if incident.moved_then:
        yield Plan(name="the report's stagger", catalog=then)
    yield Plan(name="the stagger of today", catalog=catalog)
    yield Plan(name="holds", catalog=was, holds=True)
    yield Plan(name="the guard's retry", catalog=was, retry=Retry())
    if incident.one_writer:
        yield Plan(name="one writer", catalog=_single(was, incident.one_writer))
    yield Plan(name="stagger, holds, retry", catalog=catalog, holds=True, retry=Retry())


def _single(catalog: Catalog, names: Collection[str]) -> Catalog:
    """The catalog as if a start brought about one run of each of these."""
    return replace(
        catalog, processors={n: replace(one, burst=1) if n in names else one for n, one in catalog.processors.items()}
    )


def uncounted(incident: Incident) -> Night:
    """The same night, with nothing counted: jobs write as often as the catalog assumes."""
    return replace(incident.night, comes_a_day={})


def read(text: str, catalog: Catalog) -> Incident:
    """The night of a file, with what the backfills touch among its tables. BadNight says what is wrong."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise BadNight(f"is no JSON: {error}") from None
    entry = _Entry(content, "the night")
    try:
        span = Span(start=entry.instant("from"), end=entry.instant("until"))
        place = zone(entry.text("time_zone"))
    except (ValueError, KeyError) as error:
        raise BadNight(str(error)) from None
    rewrites = tuple(_rewrite(one, catalog) for one in entry.entries("backfills"))
    touched = [table for one in rewrites for table in sorted(catalog.backfills[one.backfill].tables)]
    counted = entry.numbers("comes_a_day")
    tables = (*entry.known("tables", catalog.tables), *touched)
    if unlooked := sorted(counted.keys() - {*tables}):
        raise BadNight(f"comes_a_day counts {unlooked[0]}, which is none of its tables")
    return Incident(
        night=Night(span=span, rewrites=rewrites, tables=tuple(dict.fromkeys(tables)), comes_a_day=counted),
        place=place,
        at=entry.instant("at") if entry.has("at") else None,
        moved_then=entry.known("moved_then", catalog.jobs),
        one_writer=entry.known("one_writer", catalog.processors),
    )


def _rewrite(entry: _Entry, catalog: Catalog) -> Rewrite:
    name = entry.text("name")
    if name not in catalog.backfills:
        raise BadNight(f"there is no backfill {name!r}; the catalog has {', '.join(sorted(catalog.backfills)) or 'none'}")
    pace, dates = entry.number("dates_a_minute"), entry.number("dates")
    return Rewrite(backfill=name, start=entry.instant("start"), dates=int(dates), dates_a_minute=pace)


class _Entry:
    """A mapping of the file; what is missing or of another kind is BadNight."""

    def __init__(self, content: object, where: str) -> None:
        if not isinstance(content, dict):
            raise BadNight(f"{where} is no mapping")
        self._content: dict[str, object] = content
        self._where = where

    def has(self, key: str) -> bool:
        return key in self._content

    def text(self, key: str) -> str:
        value = self._content.get(key)
        if not isinstance(value, str):
            raise BadNight(f"{key} of {self._where} is no text")
        return value

    def instant(self, key: str) -> datetime:
        text = self.text(key)
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise BadNight(f"{key} is {text!r}, which is no instant such as 2026-01-06T10:25:43Z") from None
        if found.tzinfo is None:
            raise BadNight(f"{key} is {text!r}, without an offset; Z is UTC")
        return found.astimezone(UTC)

    def number(self, key: str) -> float:
        return _positive(self._content.get(key), f"{key} of {self._where}")

    def numbers(self, key: str) -> Mapping[str, float]:
        found = self._content.get(key, {})
        if not isinstance(found, dict):
            raise BadNight(f"{key} is no mapping")
        return {name: _positive(value, f"{key} of {name}") for name, value in found.items()}

    def entries(self, key: str) -> Iterator[_Entry]:
        return (_Entry(one, f"an entry of {key}") for one in self._listed(key))

    def known(self, key: str, names: Collection[str]) -> tuple[str, ...]:
        found = [str(name) for name in self._listed(key)]
        if unknown := [name for name in found if name not in names]:
            raise BadNight(f"{key} has {unknown[0]!r}, which the catalog has not")
        return tuple(found)

    def _listed(self, key: str) -> Sequence[object]:
        found = self._content.get(key, [])
        if not isinstance(found, list):
            raise BadNight(f"{key} of {self._where} is no list")
        return found


def _positive(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise BadNight(f"{what} is no number above 0")
    return float(value)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise BadNight(f"RUNS is {text!r}, which is no number of nights")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

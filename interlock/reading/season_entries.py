"""From the entries of `seasons` to seasons: which entries are one, whether their days go together, and who uses them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from itertools import pairwise

from interlock.catalog import SeasonEntry, Waiver
from interlock.names import did_you_mean
from interlock.reading.entries import EntryReader, Written
from interlock.reading.schema import JobEntry
from interlock.reading.schema import SeasonEntry as SeasonModel
from interlock.seasons import MonthDay, Season, dated, days, is_endless, season_of, yearly


class SeasonReader:
    """The seasons of each platform's folder. A season has the name of its entries, without their year."""

    def __init__(self, reader: EntryReader) -> None:
        self._complain, self._lacks = reader.complain, reader.lacks
        self._written: dict[tuple[str, str], list[Written[SeasonModel]]] = {}
        for _, written in sorted(reader.entries["seasons"].items()):
            self._written.setdefault((written.platform, season_of(written.name)), []).append(written)
        # What is declared with a mistake in it counts as declared: the mistake has been said.
        self._declared = {
            (platform, season_of(name)) for platform, _, name in (key.partition("/") for key in reader.names["seasons"])
        }
        platforms = Counter(name for _, name in self._written)
        self._names = {
            (platform, name): name if platforms[name] == 1 else f"{platform}/{name}" for platform, name in self._written
        }
        self._used: set[tuple[str, str]] = set()
        self._labels = Counter(written.name for written in reader.entries["seasons"].values())
        self.entries: dict[str, SeasonEntry] = {}
        """By name, with the platform where another one has an entry of that name."""
        self._seasons: dict[tuple[str, str], Season] = {}
        for key, several in self._written.items():
            if (season := self._season(key, several)) is not None:
                self._seasons[key] = season

    @property
    def by_name(self) -> dict[str, Season]:
        """Every season that could be made out, as its scope names it."""
        return {season.name: season for season in sorted(self._seasons.values(), key=lambda season: season.name)}

    def of(self, written: Written[JobEntry]) -> Season | None:
        """The season of a job; complains when there is none of that name in its platform."""
        name = written.value.season
        if name is None:
            return None
        key = (written.platform, name)
        self._used.add(key)
        if key not in self._declared:
            known = sorted(season for platform, season in self._declared if platform == written.platform)
            near = season_of(name) if season_of(name) in known else name
            message = f"{written.where('season')}: {written.platform} has no season {name!r}{did_you_mean(near, known)}"
            self._complain(written.at("season"), message)
        return self._seasons.get(key)

    def check_used(self) -> None:
        """Complains about seasons of which no job is: somebody believes that they keep something still."""
        for key, several in self._written.items():
            if key not in self._used:
                first = several[0]
                message = f"{first.where()}: no job of {first.platform} says `season: {key[1]}`; add that to one, or remove it"
                self._complain(first.at(), message)

    def _season(self, key: tuple[str, str], several: list[Written[SeasonModel]]) -> Season | None:
        entries = [entry for written in several if (entry := self._entry(written, self._names[key])) is not None]
        if not entries or len(entries) < len(several):
            return None
        of_every_year = [entry for entry in entries if isinstance(entry.first, MonthDay)]
        if of_every_year and len(entries) > 1:
            other = next(entry for entry in entries if entry is not of_every_year[0])
            self._wrong(
                several, of_every_year[0], f"is of every year, and {other.source} is of the same season; keep one of them"
            )
            return None
        if of_every_year:
            one = of_every_year[0]
            assert isinstance(one.first, MonthDay)  # noqa: S101
            assert isinstance(one.last, MonthDay)  # noqa: S101
            season = yearly(one.season, one.first, one.last, one.time_zone)
            if is_endless(season):
                self._wrong(several, one, "never closes; write other days, or leave it out")
                return None
            return season
        return self._dated(several, entries)

    def _dated(self, several: list[Written[SeasonModel]], entries: list[SeasonEntry]) -> Season | None:
        opened = sorted(
            ((start, end, entry) for entry in entries for start, end in days(entry.first, entry.last, entry.time_zone)),
            key=lambda one: one[:2],
        )
        for (_, end, earlier), (start, _, later) in pairwise(opened):
            if start < end:
                self._wrong(several, later, f"begins on {later.first}, before {earlier.name} in {earlier.source} is over")
                return None
        return dated(entries[0].season, [(start, end) for start, end, _ in opened])

    def _entry(self, written: Written[SeasonModel], season: str) -> SeasonEntry | None:
        first, last = written.value.first, written.value.until
        if isinstance(first, date) != isinstance(last, date):
            message = f"{written.where('until')}: {last} is of {_kind(last)}, and `from` of {_kind(first)}; write both alike"
            self._complain(written.at("until"), message)
            return None
        if isinstance(first, date) and isinstance(last, date) and last < first:
            self._complain(
                written.at("until"), f"{written.where('until')}: {last} is before `from`, {first}; write a later day"
            )
            return None
        time_zone = written.value.time_zone or (written.defaults.time_zone if written.defaults else None)
        if time_zone is None:
            if written.defaults is not None:
                self._lacks(written, "time_zone")
            return None
        entry = SeasonEntry(
            name=written.name,
            season=season,
            platform=written.platform,
            first=first,
            last=last,
            time_zone=time_zone,
            waivers=tuple(Waiver(**dict(waiver)) for waiver in written.value.waive),
            source=written.at(),
        )
        unique = self._labels[written.name] == 1
        self.entries[written.name if unique else f"{written.platform}/{written.name}"] = entry
        return entry

    def _wrong(self, several: Iterable[Written[SeasonModel]], entry: SeasonEntry, message: str) -> None:
        written = next(one for one in several if one.name == entry.name)
        self._complain(entry.source, f"{written.where()}: {message}")


def _kind(day: date | MonthDay) -> str:
    return "one year" if isinstance(day, date) else "every year"

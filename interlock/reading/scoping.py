"""Which entry a name means: that of its own platform's folder, or, with the platform's name before it, that of another one."""

from __future__ import annotations

from interlock.names import did_you_mean
from interlock.reading.entries import OF_A_PLATFORM, SECTIONS, EntryReader


class References:
    """What the files of all platforms declare, to be looked up from the files of one. Make it when all have been read."""

    def __init__(self, reader: EntryReader) -> None:
        self._past = reader.past
        self._full = {section: _full(section, reader) for section in SECTIONS}
        self._named: dict[str, dict[str, list[str]]] = {section: {} for section in SECTIONS}
        for section, entries in self._full.items():
            for one in sorted(entries):
                self._named[section].setdefault(one.partition("/")[2], []).append(one)

    def key(self, section: str, platform: str, name: str) -> str:
        """What the catalog calls an entry: its name, with its platform before it where two platforms have one of that name."""
        several = section in OF_A_PLATFORM and len(self._with_name(section, name)) > 1
        return f"{platform}/{name}" if several else name

    def find(self, section: str, platform: str, reference: str) -> str | None:
        """The key of the entry that a file of `platform` means, or None when there is none."""
        whole = reference if "/" in reference else f"{platform}/{reference}"
        if whole not in self._full[section]:
            # Before names were those of a folder, one meant that of any folder.
            others = self._with_name(section, reference) if self._past else []
            whole = others[0] if others else ""
        at, _, name = whole.partition("/")
        return self.key(section, at, name) if whole else None

    def missing(self, section: str, platform: str, reference: str) -> str:
        """That there is no such entry, and what was meant perhaps; for people."""
        said = f"there is no {SECTIONS[section][0]} {reference!r}"
        own = sorted(one.partition("/")[2] for one in self._full[section] if one.startswith(f"{platform}/"))
        others = [one for one in sorted(self._full[section]) if not one.startswith(f"{platform}/")]
        if "/" in reference:
            return said + did_you_mean(reference, [*others, *(f"{platform}/{name}" for name in own)])
        near = did_you_mean(reference, own)
        if holders := self._with_name(section, reference):
            at = holders[0].partition("/")[0]
            return f"{said} in {platform}{near.rstrip('?')}{'?' if near else ';'} {at} has one: write {at}/{reference}"
        platforms = sorted({one.partition("/")[0] for one in others})
        hints = (did_you_mean(f"{at}/{reference}", [one for one in others if one.startswith(f"{at}/")]) for at in platforms)
        return said + (near or next(filter(None, hints), ""))

    def _with_name(self, section: str, name: str) -> list[str]:
        """The entries of this name, each with its platform."""
        return self._named[section].get(name, [])


def _full(section: str, reader: EntryReader) -> frozenset[str]:
    """Every entry of a section as `platform/name`, those with a mistake in them, too."""
    names = reader.names[section]
    return frozenset(names if section in OF_A_PLATFORM else (f"{reader.owners[section][name]}/{name}" for name in names))

"""From YAML files to entries by section and name, each checked on its own; references are for `resolve.py`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from interlock.baseline import BASELINE_FILE
from interlock.catalog import Accepted, Source
from interlock.names import IDENTITY, IDENTITY_RULE, NAME, NAME_RULE, OWN_PREFIX
from interlock.reading.located import Document, Path, dotted, parse
from interlock.reading.problems import Problem
from interlock.reading.refused import GONE, one_of, problems_of
from interlock.reading.schema import (
    AcceptedEntry,
    BackfillEntry,
    CatalogFile,
    DefaultsEntry,
    Entry,
    JobEntry,
    ProcessorEntry,
    RemovedEntry,
    RetryEntry,
    RulesEntry,
    SeasonEntry,
    ServiceEntry,
    UnmanagedEntry,
    WindowEntry,
)

SECTIONS: Mapping[str, tuple[str, type[Entry]]] = {
    "retry_profiles": ("retry profile", RetryEntry),
    "services": ("service", ServiceEntry),
    "processors": ("processor", ProcessorEntry),
    "jobs": ("job", JobEntry),
    "backfills": ("backfill", BackfillEntry),
    "windows": ("window", WindowEntry),
    "seasons": ("season", SeasonEntry),
    "removed": ("removed job", RemovedEntry),
    "unmanaged": ("job outside of the catalog", UnmanagedEntry),
}

WITHOUT_RETRY = "unset"
"""What a job says that has no retry settings, and so no name for a profile."""
OF_A_PLATFORM = frozenset({"retry_profiles", "processors", "seasons"})
"""Sections whose names are those of one platform's folder: another one may use them too, and its entries are others."""
OF_ALL = {
    "services": "a service is a scope of the whole catalog",
    "jobs": "a job is a scope of the whole catalog, and an address in Terraform",
    "backfills": "a backfill is a scope of the whole catalog",
    "windows": "a window is a scope of the whole catalog",
}
"""Why a name of a section is used once, whatever the platform."""
RULES = "rules"
"""The section of which a platform has one."""
BASELINE = "baseline"
"""The section that is a list: what it holds has no names."""

EMPTY = "declares nothing; write what belongs in it, or remove the file"

E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file of the catalog: its name for people, the platform (its folder) and its text."""

    name: str
    platform: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Written(Generic[E]):
    """An entry as written, and where."""

    section: str
    name: str
    value: E
    document: Document
    platform: str
    defaults: DefaultsEntry | None
    """None when they were refused, which has been reported once."""

    def path(self, *path: str | int) -> Path:
        """Of the entry in its document, or of a key in it."""
        return (self.section, self.name, *path)

    def at(self, *path: str | int) -> Source:
        """Where the entry stands, or a key in it."""
        return self.document.at((self.section, self.name, *path))

    def where(self, *path: str | int) -> str:
        """The entry or a key in it, for people."""
        return dotted((self.section, self.name, *path))


@cache
def _optional(model: type[Entry]) -> tuple[str, ...]:
    """The keys that may be left out."""
    return tuple(key for key, field in model.model_fields.items() if field.default is None)


class EntryReader:
    """Reads files into entries by section and name, and collects what is wrong with each on its own."""

    def __init__(self, problems: Iterable[Problem], *, past: bool = False) -> None:
        self.problems = list(problems)
        self.past = past
        self.entries: dict[str, dict[str, Written[Any]]] = {section: {} for section in SECTIONS}
        self.names: dict[str, dict[str, Source]] = {section: {} for section in SECTIONS}
        """Those of `OF_A_PLATFORM` with their platform before them, as in `entries`."""
        self.owners: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
        """By section and name as in `names`, the platform."""
        self.rules: dict[str, tuple[RulesEntry | None, Source]] = {}
        """By platform; None when they were refused, which has been reported."""
        self.accepted: dict[tuple[str, str], Accepted] = {}
        self._lacking: dict[tuple[str, str], list[Written[Any]]] = {}
        """By file and key, the entries that have no value for it."""
        self._defaults: list[tuple[str, DefaultsEntry, Document]] = []
        """With the platform, of each file that has some."""

    def read(self, file: SourceFile) -> None:
        document, problems = parse(file.text, file.name)
        self.problems += problems
        if document.data is None:
            self._check_empty(document, file, is_empty=not problems)
            return
        sections = list(CatalogFile.model_fields)
        if not isinstance(document.data, dict):
            self.complain(document.at(()), f"holds no sections; allowed: {', '.join(sections)}")
            return
        for key in (unknown := sorted(document.data.keys() - set(sections))):
            self.complain(document.at((key,)), f"{dotted((key,))}: unknown section{one_of(key, sections)}")
        defaults = self._validated(DefaultsEntry, document.data.get("defaults") or {}, document, ("defaults",))
        if defaults is not None:
            self._defaults.append((file.platform, defaults, document))
        self._read_rules(document, file.platform)
        for section in SECTIONS:
            self._read_section(section, document, file.platform, defaults)
        self._read_baseline(document, file)
        self._check_empty(document, file, is_empty=not unknown and not any(document.data.values()))

    def _check_empty(self, document: Document, file: SourceFile, *, is_empty: bool) -> None:
        """A file without anything in it was cut off, or never filled: its jobs would be gone without a word."""
        if is_empty and not file.name.endswith(f"/{BASELINE_FILE}"):  # where all is mended, nothing is left to accept
            self.complain(document.at(()), EMPTY)

    def _read_rules(self, document: Document, platform: str) -> None:
        """The section `rules`, which one file of a platform may have."""
        raw, here = document.data.get(RULES) if isinstance(document.data, dict) else None, document.at((RULES,))
        if raw is None:
            return
        if platform in self.rules:
            message = (
                f"{RULES}: {platform} has its rules already, in {self.rules[platform][1]}; write them in one of the two files"
            )
            self.complain(here, message)
            return
        self.rules[platform] = self._validated(RulesEntry, raw, document, (RULES,)), here

    def _read_section(self, section: str, document: Document, platform: str, defaults: DefaultsEntry | None) -> None:
        data = document.data
        entries = (data.get(section) if isinstance(data, dict) else None) or {}
        if not isinstance(entries, dict):
            self.complain(document.at((section,)), f"{section}: holds no entries by name; write them as name: {{...}}")
            return
        kind, model = SECTIONS[section]
        for name, raw in entries.items():
            here = document.at((section, name))
            key = f"{platform}/{name}" if section in OF_A_PLATFORM else name
            if (first := self.names[section].setdefault(key, here)) is not here:
                elsewhere = self.owners[section][key] != platform and section in OF_ALL
                why = f"; {OF_ALL[section]}, so choose another" if elsewhere else ""
                self.complain(here, f"{section}.{name}: there is a {kind} of this name already, in {first}{why}")
                continue
            self.owners[section][key] = platform
            self._check_name(dotted((section, name)), kind, name, here)
            value = self._validated(model, raw, document, (section, name))
            if value is not None:
                self.entries[section][key] = Written(
                    section=section, name=name, value=value, document=document, platform=platform, defaults=defaults
                )

    def _read_baseline(self, document: Document, file: SourceFile) -> None:
        """The section `baseline`, in a file of its own: that is written anew as a whole."""
        written = document.data if isinstance(document.data, dict) else {}
        is_its_own = file.name.split("/")[1:] == [file.platform, BASELINE_FILE]
        for section in written if is_its_own else ():
            if section != BASELINE:
                message = f"{dotted((section,))}: {BASELINE_FILE} is written anew as a whole; move the section to another file"
                self.complain(document.at((section,)), message)
        entries, here = written.get(BASELINE) or [], document.at((BASELINE,))
        if not isinstance(entries, list):
            self.complain(here, f"{BASELINE}: is no list; write one like [{{rule, subject, since, until, owner}}]")
        elif entries and not is_its_own:
            self.complain(here, f"{BASELINE}: stands in {BASELINE_FILE} of the platform's folder only; move it there")
        else:
            for number, raw in enumerate(entries):
                self._read_accepted(raw, document, (BASELINE, number))

    def _read_accepted(self, raw: object, document: Document, at: Path) -> None:
        entry, here = self._validated(AcceptedEntry, raw, document, at), document.at(at)
        if entry is None:
            return
        if entry.until < entry.since:
            message = f"{dotted((*at, 'until'))}: {entry.until} is before since, {entry.since}; write a later day"
            self.complain(document.at((*at, "until")), message)
        found = Accepted(source=here, **dict(entry))
        if (first := self.accepted.setdefault((found.rule, found.subject), found)) is not found:
            message = f"{found.rule} of {found.subject} is accepted already, in {first.source}; keep one of the two"
            self.complain(here, f"{dotted(at)}: {message}")

    def _check_name(self, where: str, kind: str, name: str, here: Source) -> None:
        if kind == SECTIONS["unmanaged"][0]:
            if not re.fullmatch(IDENTITY, name):
                self.complain(here, f"{where}: is no job; {IDENTITY_RULE}")
        elif not re.fullmatch(NAME, name):
            self.complain(here, f"{where}: is no name for a {kind}; allowed: {NAME_RULE}")
        elif name.startswith(OWN_PREFIX):
            self.complain(here, f"{where}: names that begin with {OWN_PREFIX} are kept for Interlock's own jobs")
        elif kind == SECTIONS["retry_profiles"][0] and name == WITHOUT_RETRY:
            self.complain(here, f"{where}: stands for no retry settings at all; call the profile something else")

    def _validated(self, model: type[E], raw: object, document: Document, at: Path) -> E | None:
        if self.past and isinstance(raw, dict):
            raw = {key: value for key, value in raw.items() if (model, key) not in GONE}
        written = raw if isinstance(raw, dict) else {}
        for key in _optional(model) if None in written.values() else ():
            # What is left blank by mistake must not read as "not said": `paused:` would make a job run.
            if written.get(key, "") is None:
                self.complain(document.at((*at, key)), f"{dotted((*at, key))}: has no value; write one, or leave the key out")
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            self.problems += problems_of(error, document, at, model)
            return None

    def lacks(self, written: Written[Any], key: str) -> None:
        """Neither the entry nor its file's defaults have the key; said by `complain_of_lacking`, once of a file."""
        self._lacking.setdefault((written.at().file, key), []).append(written)

    def complain_of_lacking(self) -> None:
        """Says of each file which keys its entries lack, and where defaults are that do not count for it: whoever writes those
        once for a folder would read it of every key of every job."""
        for (_, key), lacking in self._lacking.items():
            first = min(lacking, key=lambda written: written.at().line)
            several = len(lacking) > 1
            who = f"{first.where()} and {len(lacking) - 1} more: " if several else f"{first.where()}: "
            where = f"write it {'in each' if several else 'here'} or in the defaults of the file"
            others = (
                document.at(("defaults", key))
                for platform, defaults, document in self._defaults
                if platform == first.platform and getattr(defaults, key) is not None
            )
            elsewhere = next((f"; those in {other} count for that file alone" for other in others), "")
            self.complain(first.at(), f"{who}missing key {key}; {where}{elsewhere}")

    def complain(self, source: Source, message: str) -> None:
        self.problems.append(Problem(source=source, message=message))

"""A catalog as data, so that tests can change one value of it: where each value stands, and what is wrong in it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml

from interlock.catalog import Catalog
from interlock.reading.entries import SourceFile
from interlock.reading.located import Path, parse
from interlock.reading.problems import SourceError
from interlock.reading.resolve import resolve_catalog
from policies.from_catalog import findings

TODAY = date(2026, 11, 23)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # in C it takes a tenth of the time


@dataclass(frozen=True)
class Said:
    """An error or a finding: where, and what."""

    file: str
    line: int
    text: str


@dataclass
class Files:
    """The files of a catalog as data, by name."""

    data: dict[str, Any]
    catalog: Catalog | None = field(default=None, init=False)
    """None where it is refused."""

    def copy(self) -> Files:
        return Files(copy.deepcopy(self.data))

    def text(self, file: str) -> str:
        text: str = yaml.dump(self.data[file], Dumper=_DUMPER, sort_keys=False, width=10_000, allow_unicode=True)
        return text

    def line(self, file: str, path: Path) -> int:
        """Where a value stands, or what is nearest around it."""
        return parse(self.text(file), file)[0].at(path).line

    def lines(self, file: str, path: Path) -> set[int]:
        """All the lines on which something of a value stands."""
        document = parse(self.text(file), file)[0]
        return {document.at(path).line, *(line for at, line in document.lines.items() if at[: len(path)] == path)}

    def said(self) -> set[Said]:
        """Every error; of what is well formed every finding."""
        sources = [SourceFile(name=f"catalog/p/{name}", platform="p", text=self.text(name)) for name in self.data]
        try:
            self.catalog = resolve_catalog(sources)
        except SourceError as error:
            return {Said(one.source.file.removeprefix("catalog/p/"), one.source.line, one.message) for one in error.problems}
        return {
            Said(one.source.file.removeprefix("catalog/p/"), one.source.line, f"{one.rule}: {one.message}")
            for one in findings(self.catalog, TODAY)
        }

    def places(self) -> Iterator[tuple[str, Path]]:
        """Every value, and every key of a mapping, in the order of the files; both by the path of the value."""
        for file, data in self.data.items():
            yield from ((file, path) for path in _paths(data, ()))

    def around(self, file: str, path: Path) -> Any:
        """The mapping or list in which a value stands."""
        found = self.data[file]
        for part in path[:-1]:
            found = found[part]
        return found

    def rename(self, file: str, path: Path, name: str) -> Path:
        """Gives a key another name, in its place."""
        inside = self.around(file, path)
        entries = [(name if key == path[-1] else key, value) for key, value in inside.items()]
        inside.clear()
        inside.update(entries)
        return (*path[:-1], name)


def _paths(value: Any, path: Path) -> Iterator[Path]:
    keyed: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in keyed:
        yield (*path, key)
        yield from _paths(inner, (*path, key))

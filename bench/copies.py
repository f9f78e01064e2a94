"""A catalog of many platforms, each a copy of one that is there: how Interlock grows is measured on it.

Names of the whole catalog and of tables get the number of the copy; what is only the folder's own stays as it is.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import yaml

OF_ALL = ("jobs", "services", "backfills", "windows")
"""Sections whose names are used once in a catalog."""


def write_copies(platform: Path, number: int, into: Path) -> Path:
    """Writes so many copies of the folder of a platform, each as a platform of its own; returns the root of the new catalog."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in sorted(platform.glob("*.yaml"))}
    sections = [yaml.safe_load(text) or {} for text in texts.values()]
    names = sorted({name for one in sections for section in OF_ALL for name in one.get(section) or {}}, key=len, reverse=True)
    tables = sorted({table for one in sections for table in _tables(one)}, key=len, reverse=True)
    word = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, names))})(?![\w-])")
    table = re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, tables))})(?!\w)") if tables else None
    shutil.rmtree(into, ignore_errors=True)
    for copy in range(1, number + 1):
        folder = into / f"{platform.name}{copy}"
        folder.mkdir(parents=True)
        for name, text in texts.items():
            numbered = word.sub(rf"\g<0>-{copy}", text)
            if table:
                numbered = table.sub(rf"\g<0>_{copy}", numbered)
            (folder / name).write_text(numbered.replace(f"{platform.name}/", f"{folder.name}/"), encoding="utf-8")
    return into


def _tables(sections: dict[str, object]) -> set[str]:
    found = set[str]()
    for section in ("processors", "backfills"):
        entries = sections.get(section)
        for entry in entries.values() if isinstance(entries, dict) else ():
            if isinstance(entry, dict) and isinstance(entry.get("tables"), dict):
                found.update(map(str, entry["tables"]))
    return found

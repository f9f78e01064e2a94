"""Golden files: texts that people review, compared byte for byte. `make golden` writes them anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"
DOCS = Path(__file__).parents[1] / "docs"
README = Path(__file__).parents[1] / "README.md"
REWRITE = "INTERLOCK_GOLDEN"


def golden(name: str, text: str, folder: Path = FOLDER) -> None:
    """Fail unless `text` is what the golden file `name` says; with INTERLOCK_GOLDEN=1 write it instead."""
    path = folder / name
    if os.environ.get(REWRITE) == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} is missing; `make golden` writes it"
    assert path.read_text(encoding="utf-8") == text, f"{path.name} differs; `make golden` writes it anew, then read the diff"


def output_in(document: Path, block: str, text: str, told: Callable[[str], str] = str) -> None:
    """Fail unless a document's block shows this text, as far as `told` leaves it; with INTERLOCK_GOLDEN=1 write it instead."""
    shown_in(document, f"output: {block}", f"```\n{text}\n```\n", told)


def shown_in(document: Path, block: str, expected: str, told: Callable[[str], str] = str) -> None:
    """The same of all that is written between `<!-- BLOCK -->` and `<!-- end -->`."""
    name, begin, end = document.name, f"<!-- {block} -->\n", "<!-- end -->"
    before, found, rest = document.read_text(encoding="utf-8").partition(begin)
    assert found, f"{name} has no block {block}"
    shown, _, after = rest.partition(end)
    if os.environ.get(REWRITE) == "1" and told(shown) != told(expected):
        document.write_text(f"{before}{begin}{expected}{end}{after}", encoding="utf-8")
        shown = expected
    assert told(shown) == told(expected), f"{name} differs; `make golden` writes it anew, then read the diff"

"""Golden files: texts that people review, compared byte for byte. `make golden` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"
DOCS = Path(__file__).parents[1] / "docs"
REWRITE = "INTERLOCK_GOLDEN"


def golden(name: str, text: str, folder: Path = FOLDER) -> None:
    """Fail unless `text` is what the golden file `name` says; with INTERLOCK_GOLDEN=1 write it instead."""
    path = folder / name
    if os.environ.get(REWRITE) == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} is missing; `make golden` writes it"
    assert path.read_text(encoding="utf-8") == text, f"{path.name} differs; `make golden` writes it anew, then read the diff"

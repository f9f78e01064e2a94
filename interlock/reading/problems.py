"""What is wrong in what people wrote, with its place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from interlock.catalog import Source

MAX_FILE_CHARACTERS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something wrong in a file, for people: where, what was found and what is allowed."""

    source: Source
    message: str

    def __str__(self) -> str:
        return f"{self.source}: {self.message}"


class SourceError(Exception):
    """One or more problems in what people wrote, sorted by place. All are reported at once. `root` is the folder that was read,
    if it was one of this disk."""

    def __init__(self, problems: list[Problem], root: Path | None = None) -> None:
        self.root = root
        self.problems = sorted(set(problems), key=lambda p: (p.source.file, p.source.line, p.message))
        super().__init__("\n".join(str(problem) for problem in self.problems))

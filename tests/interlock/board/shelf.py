"""A shelf in memory, which can fail and whose objects somebody else may write."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from interlock.board.keeping import DATA, PAGE, Stored


@dataclass
class MemoryShelf:
    """A `keeping.Shelf`. `fails(call)` is asked before each call, and may raise."""

    objects: dict[str, tuple[Stored, bytes]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    fails: Callable[[str], object] = str
    generation: int = 0

    def look(self) -> Mapping[str, Stored]:
        self._called("look")
        return {name: stored for name, (stored, _) in self.objects.items()}

    def read(self, stored: Stored) -> bytes | None:
        self._called(f"read {stored.name}")
        found = self.objects.get(stored.name)
        return gzip.decompress(found[1]) if found and found[0] == stored else None

    def write(self, name: str, content: bytes, content_type: str, metadata: Mapping[str, str], generation: int) -> bool:
        assert content_type.startswith(("text/html", "application/json"))
        self._called(f"write {name}")
        there = self.objects[name][0].generation if name in self.objects else 0
        if there != generation:
            return False
        self.put(name, content, metadata)
        return True

    def put(self, name: str, content: bytes, metadata: Mapping[str, str]) -> None:
        """Writes an object, whoever may."""
        self.generation += 1
        self.objects[name] = (Stored(name=name, generation=self.generation, metadata=metadata), content)

    @property
    def writes(self) -> int:
        """How often an object was written."""
        return sum(1 for call in self.calls if call.startswith("write"))

    @property
    def page(self) -> str:
        """The page that lies there."""
        return gzip.decompress(self.objects[PAGE][1]).decode()

    @property
    def data(self) -> dict[str, Any]:
        """Its JSON."""
        found: dict[str, Any] = json.loads(gzip.decompress(self.objects[DATA][1]))
        return found

    def _called(self, call: str) -> None:
        self.calls.append(call)
        self.fails(call)

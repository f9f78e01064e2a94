"""A bucket that remembers what it has read: the content of a generation never changes, so one read serves every later request
of an instance. Only contents are remembered; what is there is listed anew each time.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from interlock.runtime.ports import Bucket, Item

MAX_BYTES = 32 * 2**20
"""Of all that is remembered. The coordinator has 512 MiB, and the declaration of 5,000 jobs is some 4."""


@dataclass
class Remembering:
    """A `ports.Bucket` that asks `bucket`, for each content once, unless much else was read since."""

    bucket: Bucket
    max_bytes: int = MAX_BYTES
    _known: OrderedDict[Item, bytes] = field(default_factory=OrderedDict)
    remembered: int = 0
    """Bytes."""
    _lock: Lock = field(default_factory=Lock)

    def list(self, prefix: str) -> list[Item]:
        """See `ports.Bucket`."""
        return self.bucket.list(prefix)

    def read(self, item: Item) -> bytes | None:
        """What that generation holds, or held when it was read first; None when it is gone and nobody has read it."""
        with self._lock:
            if item in self._known:
                self._known.move_to_end(item)
                return self._known[item]
        content = self.bucket.read(item)
        if content is not None:
            self._remember(item, content)
        return content

    def create(self, name: str, content: bytes) -> bool:
        """See `ports.Bucket`."""
        return self.bucket.create(name, content)

    def delete(self, item: Item) -> bool:
        """See `ports.Bucket`."""
        return self.bucket.delete(item)

    def _remember(self, item: Item, content: bytes) -> None:
        with self._lock:
            if item in self._known:
                return
            self._known[item] = content
            self.remembered += len(content)
            while self.remembered > self.max_bytes:
                self.remembered -= len(self._known.popitem(last=False)[1])

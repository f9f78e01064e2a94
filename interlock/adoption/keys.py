"""Names for what is adopted: keys of the catalog, made from what others have called their things. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256

from interlock.names import NAME, OWN_PREFIX

MAX_KEY = 100
DIGEST = 8
"""Characters that tell long names apart of which the rest is cut off."""


def key_of(name: str, what: str = "job") -> str:
    """A key that reads like `name`; `what` goes before one that does not begin with a letter."""
    key = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    while key.startswith(OWN_PREFIX):
        key = key.removeprefix(OWN_PREFIX)
    if not re.match(r"[a-z]", key):
        key = f"{what}-{key}".rstrip("-")
    return key if len(key) <= MAX_KEY else f"{key[: MAX_KEY - DIGEST - 1]}-{sha256(name.encode()).hexdigest()[:DIGEST]}"


def with_suffix(key: str, suffix: str) -> str:
    """A key that says more, no longer than it may be."""
    return f"{key[: MAX_KEY - len(suffix) - 1]}-{suffix}"


def is_key(name: str) -> bool:
    """Whether a name can be a key as it is."""
    return re.fullmatch(NAME, name) is not None and not name.startswith(OWN_PREFIX)


class Keys:
    """The keys of one section of the catalog."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def is_free(self, key: str) -> bool:
        """Whether nothing is called so."""
        return key not in self._taken

    def take(self, *wanted: str) -> str:
        """The first of `wanted` that is free, else the last with a number."""
        found = next((key for key in wanted if self.is_free(key)), "")
        number = 2
        while not found:
            numbered = with_suffix(wanted[-1], str(number))
            found, number = (numbered if self.is_free(numbered) else ""), number + 1
        self._taken.add(found)
        return found

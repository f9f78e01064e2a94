"""Names that differ by a slip of the keyboard, and names that belong together: `games` and `gmaes`, not `odds_2026` and
`odds_2027`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

LONG, VERY_LONG = 5, 8
"""Letters of a word in which one slip is one, and in which two are. Short words are too much like others: nba and wnba."""
SHORT = 3
"""Of fewer letters nothing is said: us and eu."""
MOST_LETTERS = 4
"""By so many letters two such names differ in length: two slips in each of two words."""
MOST_WORDS = 2
"""In so many words of a name there may be a slip."""
_PARTS = re.compile(r"[^a-z0-9]+")
_DIGITS = re.compile(r"[0-9]+")


def is_near(one: str, other: str) -> bool:
    """Whether one of two names is probably the other, misspelled: a letter missing, doubled, wrong or in the wrong place, or
    the same letters otherwise divided or in capitals. Names that differ by numbers alone are a family."""
    if one == other or abs(len(one) - len(other)) > MOST_LETTERS:
        return False
    words, others = _words(one), _words(other)
    if "".join(words) == "".join(others):
        return True
    if len(words) != len(others):
        return False
    differ = [pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]]
    return len(differ) <= MOST_WORDS and all(_is_slip(*pair) for pair in differ)


class Names:
    """Names among which those that are near another are looked for, without comparing it with each of them.

    Where at most `MOST_WORDS` words of as many differ, and the words are in one group more than that, one group is the same.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._order = {name: place for place, name in enumerate(names)}
        self._alike: dict[object, list[str]] = {}
        for name in self._order:
            for key in _keys(name):
                self._alike.setdefault(key, []).append(name)

    def near(self, name: str) -> list[str]:
        """Those that `is_near` finds, in their order."""
        found = {one for key in _keys(name) for one in self._alike.get(key, ()) if is_near(name, one)}
        return sorted(found, key=self._order.__getitem__)


def _keys(name: str) -> Iterator[object]:
    """What names that are near each other have in common, at least one of it."""
    words, groups = _words(name), MOST_WORDS + 1
    yield "".join(words)
    yield from ((len(words), group, words[group::groups]) for group in range(groups))


@lru_cache(None)
def _words(name: str) -> tuple[str, ...]:
    return tuple(_PARTS.split(name.lower()))


@lru_cache(None)
def _is_slip(one: str, other: str) -> bool:
    longer, shorter = max(len(one), len(other)), min(len(one), len(other))
    if shorter < SHORT or longer - shorter > 2 or _DIGITS.sub("", one) == _DIGITS.sub("", other):
        return False
    slips = _slips(one, other)
    is_turned, same_length = sorted(one) == sorted(other), longer == shorter
    if slips == 1:
        return longer >= LONG or is_turned or (not same_length and one[0] == other[0])
    # Two other letters make another word, as offense of defense.
    return slips == 2 and longer >= VERY_LONG and (is_turned or not same_length)


def _slips(one: str, other: str) -> int:
    """Letters that are missing, too many, wrong, or turned with the next one: the optimal string alignment distance."""

    @lru_cache(None)
    def between(i: int, j: int) -> int:
        if not (i and j):
            return i + j
        ways = [between(i - 1, j) + 1, between(i, j - 1) + 1, between(i - 1, j - 1) + (one[i - 1] != other[j - 1])]
        if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
            ways.append(between(i - 2, j - 2) + 1)
        return min(ways)

    return between(len(one), len(other))

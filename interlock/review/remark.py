"""What a review has to say about one thing: a finding, which somebody should look at before the merge, or a note."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

_PLACE = re.compile(r"[^\s(]+\.ya?ml:\d+")
_JOINED = re.compile(r"(\s|,|\band\b|\b0 more\b)+")
_QUOTED = re.compile(r'"[^"]*"')
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[A-Za-z][\w./$-]*\w")


class Topic(StrEnum):
    """What a remark is about, most important first: the order in which a review says them."""

    DELETED = "job deleted"
    RENAMED = "job renamed"
    HELD = "held, and gone from the catalog"
    PLAN = "plan"
    DRIFT = "changed outside of Terraform"
    UNWRITTEN = "table that nothing writes any more"
    ZONE_DATA = "zone data"
    COLLISION = "new collision"
    ALWAYS_HELD = "never runs"
    INVERTED = "before what it reads"
    ORDER = "too soon after what it reads"
    PAIR = "pair changed alone"
    RULE = "broken rule"
    WAIVER = "waiver ended"
    BASELINE = "baseline"
    REMOVAL = "entry under removed"
    PAUSED = "paused by declaration"
    RESUMED = "runs again"
    SEASON = "season"
    FREQUENCY = "fires more or less often"
    MORE_DAYS = "collides on more days"
    COVERAGE = "coverage"
    BETTER = "a better minute"


@dataclass(frozen=True, kw_only=True)
class Remark:
    """One of them, in a sentence for people. `subject` is a job, a scope or an entry of the catalog."""

    topic: Topic
    subject: str
    text: str
    is_finding: bool = True


def listed(names: list[str], most: int = 3) -> str:
    """Names for a sentence; beyond `most` only how many more there are."""
    shown = names if len(names) <= most + 1 else names[:most]
    rest = len(names) - len(shown)
    more = [f"{rest} more"] if rest else []
    *first, last = [*shown, *more] or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last


def shape(text: str, names: Collection[str] = ()) -> str:
    """What a sentence says whatever it is about: without what it quotes, its numbers, the `names` in it and how many they are,
    and where it is written."""
    bare = _PLACE.sub("", _QUOTED.sub('""', text))
    bare = _WORD.sub(lambda found: "" if found[0] in names else found[0], bare)
    return _JOINED.sub(" ", _NUMBER.sub("0", bare))

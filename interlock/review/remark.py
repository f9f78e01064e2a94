"""What a review has to say about one thing: a finding, which somebody should look at before the merge, or a note."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
    ORDER = "too soon after what it reads"
    PAIR = "pair changed alone"
    RULE = "broken rule"
    WAIVER = "waiver ended"
    BASELINE = "baseline"
    PAUSED = "paused by declaration"
    RESUMED = "runs again"
    FREQUENCY = "fires more or less often"
    COVERAGE = "coverage"


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

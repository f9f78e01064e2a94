"""What the suite asks: a check with the answer that is expected, and what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """What came of a check."""

    SAME = "as expected"
    ASSUMED = "as assumed"
    DIFFERS = "DIFFERS"
    UNANSWERED = "not answered"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One question. `expected` is what the stand-in was written for; it is `assumed` where no document and no run of the real
    thing has said it, and `source` is where it comes from."""

    key: str
    topic: str
    """Its part of the report."""
    lane: str
    """With which others it is asked."""
    question: str
    expected: str
    source: str
    assumed: bool = False
    creates: Mapping[str, int] = field(default_factory=dict)
    """How many of each type of Terraform's."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was seen of a check. `seen` is empty where nothing was, and `detail` then says why. Seconds of the cloud's clock."""

    check: Check
    seen: str
    seconds: float = 0.0
    detail: str = ""

    @property
    def status(self) -> Status:
        """How it compares."""
        if not self.seen:
            return Status.UNANSWERED
        if self.seen != self.check.expected:
            return Status.DIFFERS
        return Status.ASSUMED if self.check.assumed else Status.SAME

    @property
    def is_good(self) -> bool:
        """Whether it is what was expected."""
        return self.status in (Status.SAME, Status.ASSUMED)

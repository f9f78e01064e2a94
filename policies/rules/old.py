"""The baseline, as it stands beside a resource: findings that are old until a day."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from policies.rules.estate import Resource
from policies.rules.values import Malformed, Unresolved

OLD = "old since "
"""How a message begins that says who accepts a finding: by it a reader of checkov's report tells it from what is waived."""


@dataclass(frozen=True, kw_only=True)
class Old:
    """`count` findings of a rule, accepted by `owner` since a day, up to and including another."""

    since: date
    until: date
    owner: str
    count: int

    def covers(self, number: int, today: date) -> bool:
        """Whether so many findings are old today."""
        return number <= self.count and today <= self.until

    @property
    def says(self) -> str:
        """Who accepts it until when."""
        return f"{OLD}{self.since}, accepted by {self.owner} until {self.until}"

    def why_not(self, number: int, today: date) -> str:
        """Why so many findings are not old today, for behind what is wrong."""
        if today > self.until:
            return f"{OLD}{self.since}, and accepted until {self.until}, no longer"
        return f"one of {number}, and {self.count} accepted until {self.until}"


def old_of(resource: Resource, rule: str) -> Old | None:
    """What the baseline says of a rule and a resource. What is not written as it must be accepts nothing."""
    with suppress(Malformed, Unresolved):
        for one in resource.facts.blocks("baseline"):
            if one.text("rule") == rule and (owner := one.text("owner")):
                with suppress(ValueError):
                    since, until = (date.fromisoformat(one.text(name) or "") for name in ("since", "until"))
                    number = one.number("count")
                    return Old(since=since, until=until, owner=owner, count=1 if number is None else number)
    return None

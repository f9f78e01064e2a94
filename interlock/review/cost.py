"""What the jobs cost a month. Pure.

Cloud Scheduler bills jobs, not runs: $0.10 a job and month, paused ones too, but for three free ones of each billing account
(cloud.google.com/scheduler/pricing). The free ones are not counted: other projects of the account may use them.
"""

from __future__ import annotations

from dataclasses import dataclass

from interlock.catalog import Catalog

CENTS_A_JOB = 10
TIMERS_A_WINDOW = 2
"""One that opens it and one that closes it: stacks/timers.py."""
OTHER_TIMERS = 1
"""Interlock's tick."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """How many jobs are billed before and after, Interlock's own timers among them."""

    before: int
    after: int

    @property
    def cents(self) -> int:
        """By how much a month becomes dearer, in US cents; negative for cheaper."""
        return (self.after - self.before) * CENTS_A_JOB


def cost(before: Catalog, after: Catalog) -> Cost:
    """What the change does to the bill."""
    return Cost(before=_billed(before), after=_billed(after))


def _billed(catalog: Catalog) -> int:
    return len(catalog.jobs) + TIMERS_A_WINDOW * len(catalog.windows) + OTHER_TIMERS

"""What a change of the schedules does altogether, before anything is said of single meetings. Pure.

A change that takes ten thousand meetings away makes five new ones: it is better, and says so first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from interlock.catalog import Catalog
from interlock.review.collisions import CollisionChange
from interlock.timing.collisions import CollisionKind
from interlock.timing.risk import Risk, risk
from interlock.timing.year import Year

WORSE = 0.001
"""Of what was expected: less more is as before."""
LEAST, MOST = 0.01, 100.0
"""Ratios beyond say only that there was nearly nothing, or is."""


@dataclass(frozen=True, kw_only=True)
class Net:
    """What is expected in a week of the year of a review, before and after. `tables` and `order` are how many more meetings
    over tables there are in the year, and starts of consumers too soon after their producers; negative for fewer."""

    before: Risk
    after: Risk
    tables: int
    order: int

    @property
    def is_worse_over_tables(self) -> bool:
        """Whether more conflicts are expected."""
        return self.after.total > self.before.total * (1 + WORSE) + 1e-9

    @property
    def is_worse_in_order(self) -> bool:
        """Whether more consumers are expected to start before their producers are done, or start too soon after them."""
        return self.order > 0 or self.after.too_early > self.before.too_early * (1 + WORSE) + 1e-9

    def excuses(self, change: CollisionChange) -> bool:
        """Whether a new meeting is no finding, as there are fewer of its kind altogether."""
        if change.kind is CollisionKind.TABLE:
            return not self.is_worse_over_tables
        return change.kind is CollisionKind.ORDER and not self.is_worse_in_order

    def __str__(self) -> str:
        """`0.54 x of the conflicts expected before; 14,319 fewer meetings over tables a year; ...`, for people."""
        said = [
            _said(self.after.total, self.before.total, "of the conflicts expected before", "conflicts where none were expected")
        ]
        said += [f"{_more(self.tables, 'meeting')} over tables a year"] * bool(self.tables)
        said += [f"{_more(self.order, 'start')} too soon after a producer"] * bool(self.order)
        said.append(_said(self.after.too_early, self.before.too_early, "as many consumers too early", "consumers too early"))
        return "; ".join(filter(None, said))


def _said(now: float, before: float, of: str, new: str) -> str:
    """How many times as much, or that it is new; nothing where there is none."""
    return f"{times(now, before)} {of}" if before else new * bool(now)


def ratio(now: float, before: float) -> float | None:
    """How many times as much; None where there was nothing."""
    return now / before if before else None


def times(now: float, before: float) -> str:
    """The same for people."""
    found = ratio(now, before)
    if found is None:
        return "new" if now else "none"
    if found > MOST:
        return f"> {MOST:.0f} x"
    return f"{found:.2f} x" if found >= LEAST or not now else f"< {LEAST} x"


def _more(number: int, what: str) -> str:
    """`14,319 fewer meetings`."""
    return f"{abs(number):,} {'more' if number > 0 else 'fewer'} {what}{'s' * (abs(number) != 1)}"


def net_effect(before: Catalog, after: Catalog, at: datetime, changes: Sequence[CollisionChange]) -> Net | None:
    """What the change does in the year of `at`; None where neither meetings
    over tables nor the order of jobs change."""
    if not any(change.kind in (CollisionKind.TABLE, CollisionKind.ORDER) for change in changes):
        return None
    span = Year.of(at).span
    more: Mapping[CollisionKind, int] = {
        kind: sum(change.after.times - change.before.times for change in changes if change.kind is kind)
        for kind in (CollisionKind.TABLE, CollisionKind.ORDER)
    }
    return Net(
        before=risk(before, span),
        after=risk(after, span),
        tables=more[CollisionKind.TABLE],
        order=more[CollisionKind.ORDER],
    )

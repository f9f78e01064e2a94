"""The platform's minutes: what the first stagger cost is taken back, its order is kept, and nothing more is to be proposed."""

from __future__ import annotations

from datetime import UTC, date, datetime

from interlock.catalog import Catalog
from interlock.drawing.stagger import with_former_crons
from interlock.review.order import inversions
from interlock.review.staggering import Staggering
from interlock.timing.collisions import CollisionKind, collisions
from interlock.timing.minutes import Span
from policies.from_catalog import findings
from policies.staggering import StaggerLimits

TODAY = date(2026, 11, 30)
WINTER = Span(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 8, tzinfo=UTC))
FIRST_STAGGER = 21_652
"""Times over tables of pairs of jobs in that week, as the first stagger had them."""


def test_pairs_of_jobs_meet_over_tables_a_third_as_often_as_after_the_first_stagger(nba: Catalog) -> None:
    met = [one for one in collisions(nba, WINTER) if one.kind is CollisionKind.TABLE and len(one.jobs) == 2]
    assert 0 < sum(len(one.times) for one in met) <= 0.35 * FIRST_STAGGER


def test_no_rule_is_broken_and_nothing_more_is_proposed(nba: Catalog) -> None:
    assert findings(nba, TODAY) == []
    assert Staggering(nba, TODAY, StaggerLimits(nba, TODAY)).propose().moves == ()


def test_no_consumer_starts_before_a_producer_that_it_followed(nba: Catalog) -> None:
    at = datetime(2026, 11, 30, tzinfo=UTC)
    found = inversions(with_former_crons(nba), nba, at, {})
    assert [(one.producer, one.consumer) for one in found] == []

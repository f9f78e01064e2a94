"""The day after each change whose picture is another: what GitHub shows beside the day before."""

from __future__ import annotations

from datetime import date

import pytest

from interlock.cron import zone
from interlock.drawing.svg import svg
from interlock.timing.minutes import Day
from interlock.timing.timeline import Timeline, timeline
from tests.golden import golden
from tests.interlock.catalogs import load
from tests.interlock.review.cases import AT, CASES, Case

WINTER, SUMMER = date(2026, 1, 6), date(2026, 7, 7)
SEASON = {"collision-only-in-winter": WINTER, "collision-only-in-summer": SUMMER}
"""Days on which a case shows; the others on the day of the review."""
SAME_PICTURE = {"nothing-changed", "waived", "new-link-in-a-chain", "new-job"}
"""Cases in which nothing of the day changes: rosters are fetched on Mondays."""


def drawn(text: str, on: date) -> Timeline:
    return timeline(load(text), Day(date=on, zone=zone("America/New_York")))


def picture(text: str, on: date) -> str:
    return svg(drawn(text, on))


@pytest.mark.golden
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_change_of_the_day_is_seen_in_its_picture(case: Case) -> None:
    on = SEASON.get(case.name, AT.date())
    after = picture(case.after, on)
    assert (after == picture(case.before, on)) == (case.name in SAME_PICTURE)
    if case.name not in SAME_PICTURE:
        golden(f"review/{case.name}.svg", after)


@pytest.mark.parametrize(("name", "other"), [("collision-only-in-winter", SUMMER), ("collision-only-in-summer", WINTER)])
def test_a_collision_of_one_season_is_in_the_picture_of_that_season_alone(name: str, other: date) -> None:
    (after,) = (case.after for case in CASES if case.name == name)
    marked = [len(drawn(after, on).clashes) for on in (SEASON[name], other)]
    assert marked[0] > 0
    assert marked[1] == 0

"""A season that is closed: what a deploy of it does, that the next plan is empty, and how its jobs run again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from tests.e2e.deployment import Deployment, parsed
from tests.e2e.test_flags import DECLARED

ODDS = "    description: Odds\n"


def seasonal(small_text: str, first: int, last: int) -> str:
    """The small catalog, with a job of a season that lasts from so many days after today until so many."""
    today = datetime.now(UTC).date()
    days = [today + timedelta(days=number) for number in (first, last)]
    return small_text.replace(ODDS, f"{ODDS}    season: cup\n", 1) + f"seasons:\n  cup: {{from: {days[0]}, until: {days[1]}}}\n"


def test_a_closed_season_pauses_its_jobs_and_an_extension_wakes_them(small: Deployment, small_text: str) -> None:
    small.merge(parsed(seasonal(small_text, -90, -10)))
    assert small.plan().jobs == {"odds": "pause"}
    before = small.objects()
    small.deploy()
    assert small.paused() == {*DECLARED, "odds"}
    assert small.objects() == before, "no object says so"
    status = small.interlock("holds", "--format", "json")
    (held,) = json.loads(status.raw.partition("\n")[2])["holds"]
    assert (held["scope"], held["jobs"]) == ("season/cup", ["odds"])
    small.merge(parsed(seasonal(small_text, -90, 10)))
    assert small.plan().jobs == {"odds": "resume"}
    small.deploy()
    assert small.paused() == DECLARED

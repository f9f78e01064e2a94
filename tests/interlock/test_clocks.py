"""What moves while a reconcile is at work, and clocks that differ: mistakes that the model found, at their smallest."""

from __future__ import annotations

from datetime import timedelta

import pytest

from interlock.runtime.ledger import MAX_CLOCK_SKEW, held_content, held_name
from tests.interlock.cloud import Cloud, at

FLAG = "backfills/mart@2026-03-10T06:30:00Z.json"


def test_a_job_that_is_paused_as_its_flag_ends_is_resumed_though_no_object_moved() -> None:
    sky = Cloud(now=at("2026-03-10 06:29"))
    sky.put(FLAG)

    def fails(call: tuple[str, str]) -> None:
        if call == ("pause", "mart"):
            sky.now = at("2026-03-10 06:31")

    sky.fails = fails
    report = sky.reconcile()
    assert (report.settled, sky.paused()) == (True, {"off"})


@pytest.mark.parametrize(
    "since",
    [
        pytest.param(timedelta(0), id="a hold that ends at the instant of a fire"),
        pytest.param(MAX_CLOCK_SKEW, id="a mark by an instance that was ahead of the fire"),
    ],
)
def test_a_fire_at_the_edge_of_a_hold_is_not_forgotten(since: timedelta) -> None:
    fire = at("2026-03-10 06:15")
    sky = Cloud(now=fire)
    sky.put(held_name("fetch"), held_content("fetch", fire + since if since else fire - timedelta(minutes=30)))
    sky.reconcile()
    assert sky.runs == []
    sky.reconcile("2026-03-10 06:25")
    assert (sky.runs, sky.names()) == (["fetch"], [])


def test_a_fire_at_the_end_of_a_hold_that_was_made_after_all_is_not_made_up_for() -> None:
    sky = Cloud(now=at("2026-03-10 06:15"))
    sky.put(held_name("fetch"), held_content("fetch", at("2026-03-10 05:45")))
    sky.reconcile()
    sky.fire("fetch", "2026-03-10 06:15")
    sky.reconcile("2026-03-10 06:25")
    assert (sky.runs, sky.names()) == ([], [])

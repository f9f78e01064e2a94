"""What played nights look like: beside the first plan, never a number of conflicts by itself; and no text that could act."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from interlock.drawing.nights import beside, picture, rows, tables
from interlock.timing.nights import Average, nights
from interlock.timing.replay import Met, Plan
from interlock.zones import zone
from tests.interlock.cloud import at
from tests.interlock.timing.test_replay import BURST, REWRITE, night, platform

HOSTILE = "<script>x</script> | @somebody `\x00"
CATALOG = platform(BURST, "a|0 3 * * *", "b|45 * * * *")
WAS, HELD = (nights(night(REWRITE), Plan(name="was", catalog=CATALOG, holds=holds), range(10)) for holds in (False, True))
NOTHING = replace(WAS, conflicts=Average(mean=0.0, error=0.0), lost=Average(mean=0.0, error=0.0), slots={}, met={})


@pytest.mark.parametrize(
    ("one", "first", "said"),
    [
        pytest.param((3.0, 0.3), (2.0, 0.1), "1.50 ± 0.34", id="both have some"),
        pytest.param((0.0, 0.0), (2.0, 0.1), "0", id="none, of some"),
        pytest.param((0.0, 0.0), (0.0, 0.0), "none", id="neither has any"),
        pytest.param((3.0, 0.3), (0.0, 0.0), "some, of none", id="some, of none"),
    ],
)
def test_a_number_is_said_beside_the_first_one(one: tuple[float, float], first: tuple[float, float], said: str) -> None:
    assert beside(Average(mean=one[0], error=one[1]), Average(mean=first[0], error=first[1])) == said


def test_the_first_plan_is_what_the_others_are_measured_by() -> None:
    first, second = rows([WAS, HELD])
    assert first[:4] == ("was", "1", "1", "1")
    assert first[4:] == ("0", "0", "0")
    assert second[4:] == ("4", "2", "0")


def drawn() -> ET.Element:
    text = picture(night(REWRITE), [WAS, HELD], zone("Europe/Berlin"), at("2026-01-05T03:00Z"), 10)
    return ET.fromstring(text)  # noqa: S314 (our own)


def test_a_backfill_and_what_it_holds_are_as_long_as_it_is() -> None:
    boxes = {part.get("class") or part.get("fill"): part for part in drawn().iter("{http://www.w3.org/2000/svg}rect")}
    ran, hatched = boxes["crowd"], boxes["url(#shut)"]
    assert (ran.get("x"), ran.get("width")) == (hatched.get("x"), hatched.get("width"))
    assert float(ran.get("width", "0")) == pytest.approx((1000 - 200 - 110) * 2.5 / 24, abs=0.1)


def test_nights_without_a_conflict_are_drawn_and_told_too() -> None:
    text = picture(night(REWRITE), [NOTHING], zone("UTC"), None, 10)
    assert 'class="bad"' not in text
    assert "| a backfill | - |" in tables([NOTHING], [NOTHING])


def test_nothing_is_told_apart_from_next_to_nothing() -> None:
    told = tables([replace(WAS, met={Met.ITSELF: 996, Met.JOB: 4})], [WAS])
    shares = [line.split(" | ")[1].rstrip(" |") for line in told.splitlines() if line.startswith(("| another", "| a "))]
    assert shares == ["100 %", "< 1 %", "0", "0"]


def test_names_are_text_wherever_they_stand() -> None:
    hostile = replace(WAS, plan=replace(WAS.plan, name=HOSTILE))
    text = picture(night(REWRITE), [hostile], zone("UTC"), None, 10)
    ET.fromstring(text)  # noqa: S314 (our own)
    assert "<script" not in text
    told = tables([hostile], [hostile])
    assert "<script" not in told.replace("\\<", "")
    assert "@somebody" not in told

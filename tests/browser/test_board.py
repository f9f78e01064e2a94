"""The board in a real Chromium: it says what the commands say, asks for nothing, and can be read by everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import pytest

from interlock.board.as_json import as_json
from interlock.board.board import Board
from interlock.names import MAX_TEXT, plain
from tests.browser.conftest import DESK, PHONE, Opens
from tests.interlock.board.test_page import many
from tests.interlock.board.worlds import NOW, WORLDS, busy, drawn, flag, hostile, quiet, snapshot

pytestmark = pytest.mark.browser


def thousand() -> Board:
    """A platform of 1,000 jobs with a backfill on."""
    return drawn(snapshot([flag()], declaration=many(1_000)))


BOARDS: dict[str, Callable[[], Board]] = {**WORLDS, "thousand": thousand}
SCHEMES = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])


@pytest.mark.parametrize("name", BOARDS)
def test_a_page_opens_without_an_error_and_asks_for_nothing(opens: Opens, name: str) -> None:
    seen = opens(BOARDS[name]())
    seen.page.wait_for_timeout(200)
    assert (seen.said, seen.asked) == ([], [])


@pytest.mark.parametrize("name", WORLDS)
@SCHEMES
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_objects_to_nothing(opens: Opens, name: str, dark: bool, size: dict[str, int]) -> None:
    assert opens(WORLDS[name](), dark=dark, size=size).violations() == []


@pytest.mark.parametrize("name", BOARDS)
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_phone_never_scrolls_sideways(opens: Opens, name: str, scripts: bool) -> None:
    seen = opens(BOARDS[name](), size=PHONE, scripts=scripts)
    if scripts:
        seen.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    box = seen.page.locator("main").bounding_box()
    assert box["width"] <= PHONE["width"]


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_each_hold_reads_as_the_json_of_the_same_board_has_it(opens: Opens, name: str, scripts: bool) -> None:
    board = WORLDS[name]()
    seen, told = opens(board, scripts=scripts), as_json(board)
    cards = seen.page.locator("article")
    assert isinstance(told["holds"], list)
    assert cards.count() == len(told["holds"])
    for place, one in enumerate(told["holds"]):
        assert isinstance(one, dict)
        said = " ".join(cards.nth(place).inner_text().split())
        for text in (one["scope"], one["reason"], one["owner"], one["end_with"]):
            assert plain(str(text), MAX_TEXT if text != one["end_with"] else None) in said
        assert cards.nth(place).locator(".until time").get_attribute("datetime") == one["until"]
    figures = seen.text(".figures")
    assert isinstance(told["jobs"], list)
    assert figures.startswith(f"{len(told['jobs'])} jobs")


def test_instants_are_in_the_reader_s_zone_and_those_who_read_utc_keep_the_platform_s(opens: Opens) -> None:
    assert "until 22:13 EST (03:13 UTC)" in seen_of(opens, "America/New_York").replace("GMT-5", "EST")
    assert "until 04:13 CET (03:13 UTC)" in seen_of(opens, "UTC")


def seen_of(opens: Opens, zone: str) -> str:
    return opens(busy(), zone=zone).text("#now")


def test_a_hold_counts_down_and_says_when_its_end_has_passed(opens: Opens) -> None:
    assert "1 h 59 min left" in opens(busy()).text("#now")
    assert "its end has passed" in opens(busy(), at=NOW + timedelta(hours=3)).text("#now")


def test_a_page_that_is_older_than_two_ticks_says_so_in_red_by_the_clock(opens: Opens) -> None:
    assert opens(quiet(), at=NOW + timedelta(minutes=20)).hidden("#late")
    late = opens(quiet(), at=NOW + timedelta(minutes=22))
    assert late.page.locator("#late").is_visible()
    assert "This is old" in late.text("#late")


def test_a_page_of_a_coordinator_that_is_out_of_reach_says_so_without_scripts_too(opens: Opens) -> None:
    assert "This is old" in opens(hostile(), scripts=False).text("#late")


def test_without_scripts_all_of_it_is_there_and_nothing_that_does_nothing(opens: Opens) -> None:
    seen = opens(busy(), scripts=False)
    for said in ("until 04:13 CET (03:13 UTC)", "orders-import", "window/night-deploys begins", "a new till is connected"):
        assert said in seen.text()
    assert seen.hidden("form")
    assert seen.page.locator(".cmd button").first.is_hidden()


def test_search_and_filters_find_jobs_and_are_kept_in_the_address(opens: Opens) -> None:
    seen = opens(busy())
    seen.page.locator("input[name=q]").fill("orders")
    seen.page.locator("select[name=state]").select_option("held")
    assert seen.text("#found") == "4 of 12 jobs"
    assert seen.page.url.partition("#")[2] == "q=orders&state=held"
    again = opens(busy(), anchor="#q=orders&state=held")
    assert again.text("#found") == "4 of 12 jobs"
    assert again.page.locator(".job:visible").count() == 4


def test_an_anchor_opens_its_job(opens: Opens) -> None:
    seen = opens(busy(), anchor=f"#{quote('job/stock-import')}")
    assert seen.page.locator("[id='job/stock-import']").get_attribute("open") is not None
    assert "Stock of each store" in seen.text("[id='job/stock-import']")


def test_all_of_it_works_by_the_keyboard(opens: Opens) -> None:
    seen = opens(busy())
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.textContent") == "Now"
    seen.page.locator("[id='job/orders-import'] summary").focus()
    seen.page.keyboard.press("Enter")
    assert seen.page.locator("[id='job/orders-import']").get_attribute("open") is not None
    seen.page.keyboard.press("ArrowRight")
    said = seen.text("#tip")
    assert said == "orders-import is held: 20:15 EST (01:15 UTC)"
    seen.page.keyboard.press("ArrowRight")
    assert seen.text("#tip") != said
    seen.page.keyboard.press("Escape")
    assert seen.hidden("#tip")


def test_pointing_at_a_strip_says_the_nearest_start(opens: Opens) -> None:
    seen = opens(busy())
    strip = seen.page.locator("[id='job/uptime-check'] .strip")
    strip.scroll_into_view_if_needed()
    strip.hover()
    assert seen.text("#tip").startswith("uptime-check starts: ")


def test_text_of_strangers_acts_in_no_way(opens: Opens) -> None:
    seen = opens(hostile())
    seen.page.wait_for_timeout(200)
    assert seen.said == []
    assert seen.page.locator("img").count() == 0

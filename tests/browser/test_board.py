"""The board in a real Chromium: it says what the commands say, asks for nothing, and can be read by everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from interlock.board.as_json import as_json
from interlock.board.board import Board
from interlock.board.compared import POLICY as DAYS_POLICY
from interlock.board.compared import page as compared_page
from interlock.board.page import POLICY
from interlock.board.page import page as page_of
from interlock.names import MAX_TEXT, plain
from interlock.zones import zone as named
from tests.browser.conftest import DESK, PHONE, Opens, Seen
from tests.interlock.board.test_about import CLASHING
from tests.interlock.board.test_compared import LATER, found
from tests.interlock.board.test_page import many
from tests.interlock.board.worlds import HOSTILE, NOW, WORLDS, busy, drawn, flag, hostile, quiet, snapshot

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


@pytest.mark.parametrize(
    "anchor",
    [
        "#q=<script>alert(1)</script>",
        "#length=1&item=2&__proto__=3&submit=4",
        "#%E0%A4%A",
        "#state=<b>&q=%00",
        "?q=<img>#=",
        "#" + "a" * 5000,
    ],
)
def test_an_address_that_somebody_made_up_breaks_nothing(opens: Opens, anchor: str) -> None:
    seen = opens(busy(), anchor=anchor)
    assert seen.page.locator(".job .strip[data-name]").count() == 12, "what comes last in the script has run"
    assert seen.said == []
    assert seen.page.locator("script").count() == 1


INJECTED = (
    "<script>document.title = 'run'</script><img src=there.svg onload=\"document.title = 'run'\">"
    "<style>h1 { display: none }</style><p style='top: 0'>x</p><a href=\"javascript:void(document.title = 'run')\">x</a>"
    "<iframe srcdoc='x'></iframe>"
)


def test_the_policy_stops_what_would_get_through_an_escape_that_is_missing(chromium: Any, tmp_path: Path) -> None:
    html = page_of(busy()).replace("<main>", f"<main>{INJECTED}")
    acted = [_what_acted(chromium, tmp_path / "board.html", one) for one in (html, html.replace(POLICY, ""))]
    assert acted == [set(), {"a script", "a style", "a request"}], "what acts without the policy does not with it"


def _what_acted(chromium: Any, file: Path, html: str) -> set[str]:
    file.write_text(html, encoding="utf-8")
    file.with_name("there.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    context = chromium.new_context()
    tab, asked = context.new_page(), []
    tab.on("requestfinished", lambda one: asked.append(one.url))
    tab.goto(file.as_uri())
    found = {"a style"} if not tab.locator("h1").is_visible() else set()
    tab.evaluate("document.querySelector('main > a').click()")
    tab.wait_for_timeout(200)
    found |= {"a script"} if tab.title() == "run" else set()
    found |= {"a request"} if [url for url in asked if url != file.as_uri() and not url.startswith("about:")] else set()
    context.close()
    return found


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_day_before_and_after_reads_on_a_phone_and_axe_objects_to_nothing(chromium: Any, tmp_path: Path, dark: bool) -> None:
    file = tmp_path / "days.html"
    file.write_text(compared_page(found(CLASHING, LATER, what=HOSTILE)), encoding="utf-8")
    context = chromium.new_context(viewport=PHONE, color_scheme="dark" if dark else "light")
    seen = Seen(page=context.new_page())
    seen.page.goto(file.as_uri())
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert "after: At 05:19 and 09:19" in seen.text("article")
    # axe is a script, which the policy of this page lets nobody run: it looks at the same page without it.
    file.write_text(compared_page(found(CLASHING, LATER, what=HOSTILE)).replace(DAYS_POLICY, ""), encoding="utf-8")
    seen.page.reload()
    assert seen.violations() == []
    context.close()


def test_a_reader_whose_clock_is_behind_is_told_so(opens: Opens) -> None:
    assert "1 h 0 min from now by your clock, which is behind" in opens(busy(), at=NOW - timedelta(hours=1)).text("header")


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Kiritimati", "America/St_Johns"])
def test_every_zone_of_a_reader_has_its_clock(opens: Opens, zone: str) -> None:
    seen = opens(busy(), zone=zone)
    at = NOW.replace(second=0) + timedelta(hours=2)
    assert f"{at.astimezone(named(zone)):%H:%M}" in seen.text("article >> nth=1 >> .until")
    assert seen.said == []


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

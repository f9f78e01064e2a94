"""Names that may be meant: near enough to help, and no guesses."""

from __future__ import annotations

import pytest

from interlock.names import did_you_mean, plain, printable, unseen

SCOPES = ("all", "backfill/tdza", "job/fetch", "platform/shop", "service/web-scrapers", "service/web", "table/marts.games")


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        pytest.param("service/nope", SCOPES, "", id="the kind alone makes nothing near"),
        pytest.param("backfill/nope", SCOPES, "", id="nor does it where it is long"),
        pytest.param("service/web-scraper", SCOPES, "service/web-scrapers", id="a letter is missing"),
        pytest.param("service/wbe", SCOPES, "service/web", id="letters change places"),
        pytest.param("table/mart.games", SCOPES, "table/marts.games", id="a table"),
        pytest.param("services/web", SCOPES, "service/web", id="a kind with a mistake"),
        pytest.param("fetsh", ("fetch", "mart"), "fetch", id="a name without a kind"),
        pytest.param("nope", ("tdza", "none"), "none", id="one letter of four"),
        pytest.param("nope", ("tdza", "mope-up", "note-book"), "", id="too far off"),
        pytest.param("America/NewYork", ("America/New_York", "Europe/London"), "America/New_York", id="a time zone"),
        pytest.param("", SCOPES, "", id="nothing typed"),
        pytest.param("x", (), "", id="nothing known"),
    ],
)
def test_a_name_is_meant_when_it_is_near(name: str, known: tuple[str, ...], meant: str) -> None:
    assert did_you_mean(name, known) == (f"; did you mean {meant}?" if meant else "")


FAMILY, FLAG, HINDI, PERSIAN = (
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f3f3\ufe0f\u200d\U0001f308",
    "\u0915\u094d\u200d\u0937",
    "\u0645\u06cc\u200c\u062e\u0648",
)
SKIN = "\U0001f468\U0001f3fd\u200d\U0001f680"


@pytest.mark.parametrize(
    "text", ["plain", "", "\u00fcber \u65e5\u672c", FAMILY, FLAG, SKIN, HINDI, PERSIAN, f"deploy {FAMILY} done"]
)
def test_a_line_of_text_may_have_what_is_joined(text: str) -> None:
    assert unseen(text) is None
    assert printable(text) == text
    assert plain(text) == text


UNSEEN = {
    "a line break": "a\nb",
    "a line of Unicode": "a\u2028b",
    "a tab": "a\tb",
    "a colour": "a\x1b[31mb",
    "the title of a window": "\x1b]0;x\x07",
    "one byte of control": "a\x9b31mb",
    "text that runs to the left": "a\u202eb",
    "an isolate": "a\u2066b",
    "a space that nobody sees": "a\u200bb",
    "a hard space": "a\u00a0b",
    "a joiner at the beginning": f"\u200d{FAMILY}",
    "a joiner at the end": f"{FAMILY}\u200d",
    "two joiners": "\U0001f468\u200d\u200d\U0001f469",
    "a joiner between letters of ours": "adm\u200din",
    "a joiner beside a space": "\U0001f468\u200d \U0001f469",
    "half a pair": "a\ud83d",
    "a letter of private use": "a\ue000",
    "a tag": "\U0001f3f4\U000e0067\U000e007f",
}


@pytest.mark.parametrize("text", UNSEEN.values(), ids=UNSEEN)
def test_what_nobody_sees_is_found_and_not_shown(text: str) -> None:
    wrong = unseen(text)
    assert wrong is not None
    assert wrong in text
    assert unseen(printable(text)) is None
    assert unseen(plain(text)) is None

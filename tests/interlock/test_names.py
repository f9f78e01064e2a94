"""Names that may be meant: near enough to help, and no guesses."""

from __future__ import annotations

import pytest

from interlock.names import did_you_mean

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

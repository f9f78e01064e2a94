"""A day before and after a change as a page: what moves, what collides anew, and nothing of a stranger that acts."""

from __future__ import annotations

from datetime import datetime

import pytest

from interlock.board.compared import Compared, page
from interlock.review.comment import in_words
from interlock.review.days import compared
from interlock.review.review import review
from policies.from_catalog import findings
from tests.golden import golden
from tests.interlock.board.test_about import CLASHING
from tests.interlock.board.test_page import ALLOWED, Read
from tests.interlock.board.worlds import HOSTILE
from tests.interlock.catalogs import load

AT = datetime.fromisoformat("2026-11-24T08:30:00Z")
LATER = CLASHING.replace('schedule: "17 5,9 * * MON-FRI"', 'schedule: "19 5,9 * * MON-FRI"')


def found(before: str, after: str, what: str = "base compared with head") -> Compared:
    old, new = load(before), load(after)
    said = review(old, new, AT, rules=findings)
    return compared(old, new, said, verdict=in_words(said), what=what)


def text(one: Compared) -> str:
    return " ".join("".join(Read(page(one)).text).split())


@pytest.mark.golden
def test_a_day_before_and_after_is_as_reviewed() -> None:
    golden("board/compared.html", page(found(CLASHING, LATER)))


def test_a_job_is_shown_as_it_was_and_as_it_is() -> None:
    said = text(found(CLASHING, LATER))
    assert "marts changed" in said
    assert "before: At 05:17 and 09:17 on Monday through Friday, 17 5,9 * * MON-FRI America/New_York; first 05:17 EST" in said
    assert "after: At 05:19 and 09:19 on Monday through Friday, 19 5,9 * * MON-FRI America/New_York; first 05:19 EST" in said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param(CLASHING, CLASHING, "Jobs that change None.", id="nothing changes"),
        pytest.param(CLASHING, CLASHING.replace("  marts:", "  marts-two:"), "before as marts: ", id="another name"),
        pytest.param(CLASHING.replace("  off:", "  gone:").replace("fetch: {", "fetch2: {"), CLASHING, "off", id="a new job"),
        pytest.param(CLASHING, LATER.replace('"15 * * * *", target', '"16 * * * *", target'), "2 jobs changed", id="two"),
        pytest.param(CLASHING, CLASHING.replace('"5 */3 * * *"', '"14 */3 * * *"'), "as before.", id="one that collides"),
    ],
)
def test_each_kind_of_change_has_its_words(before: str, after: str, said: str) -> None:
    assert said in text(found(before, after))


def test_what_collides_anew_and_no_longer_is_told_apart() -> None:
    said = text(found(CLASHING.replace('"5 */3 * * *"', '"30 */3 * * *"'), CLASHING))
    assert "fetch and repair, over d.raw" in said.partition("new ")[2].partition(" gone ")[0]
    turned = text(found(CLASHING, CLASHING.replace('"5 */3 * * *"', '"30 */3 * * *"')))
    assert "fetch and repair, over d.raw" in turned.partition(" gone ")[2]


def test_the_page_has_no_script_and_asks_for_nothing() -> None:
    read = Read(page(found(CLASHING, LATER, what=HOSTILE)))
    tags = [tag for tag, _ in read.elements]
    assert {*tags} <= ALLOWED - {"script", "form"}
    assert not [given for _, given in read.elements if given.keys() & {"href", "src", "action", "style"}]
    [policy] = [given["content"] for _, given in read.elements if given.get("http-equiv") == "Content-Security-Policy"]
    assert str(policy).startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src" not in str(policy)
    assert page(found(CLASHING, LATER)) == page(found(CLASHING, LATER))

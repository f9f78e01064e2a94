"""Whether a job runs, who says why it doesn't, and what it is for."""

from __future__ import annotations

import pytest

from policies.rules.estate import Origin
from policies.rules.judge import Outcome
from tests.policies.estates import ABSENT, Some, estate, job, said, verdict, waive

EXPRESSION = '${contains(local.held, "fetch")}'
PAUSE = {"reason": "off-season", "owner": "data", "review": "2027-04-01"}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param(False, None, id="false"),
        pytest.param(True, None, id="true"),
        pytest.param("true", None, id="a text that Terraform reads as true"),
        pytest.param(EXPRESSION, None, id="an expression"),
        pytest.param(ABSENT, "does not say whether it is paused; write paused = true, false or an expression", id="nothing"),
        pytest.param(None, "does not say whether it is paused", id="null"),
        pytest.param("maybe", 'paused is "maybe", which is not true or false; write that', id="another text"),
        pytest.param(1, "paused is 1, which is not true or false", id="a number"),
    ],
)
def test_a_job_says_whether_it_is_paused(value: Some, found: str | None) -> None:
    messages = said("paused", job(paused=value))
    assert [found in message for message in messages] == ([True] if found else []), messages


def test_in_a_plan_the_pause_is_known() -> None:
    assert said("paused", job(paused=True), origin=Origin.PLAN) == []
    assert said("paused", job(paused=None), origin=Origin.PLAN) != []


@pytest.mark.parametrize(
    ("said_of_it", "found"),
    [
        pytest.param(PAUSE, None, id="a reason, an owner and a day"),
        pytest.param(ABSENT, "is always paused and nobody says why; declare paused: {reason, owner, review}", id="nothing"),
        pytest.param({**PAUSE, "reason": " "}, "is paused by declaration with no reason; write them", id="no reason"),
        pytest.param({**PAUSE, "owner": ABSENT}, "with no owner; write them", id="no owner"),
        pytest.param({"reason": "off-season"}, "with no owner and no review; write them", id="a reason alone"),
        pytest.param({**PAUSE, "review": "spring"}, 'is to be reviewed on "spring", which is no date', id="a season for a day"),
        pytest.param({**PAUSE, "review": 2027}, "paused.review is 2027, which is not a text", id="a number for a day"),
        pytest.param("off-season", 'paused is "off-season", which is not a block', id="a text alone"),
    ],
)
def test_a_declared_pause_says_why_whose_and_when_to_look_again(said_of_it: Some, found: str | None) -> None:
    if isinstance(said_of_it, dict):
        said_of_it = {key: value for key, value in said_of_it.items() if value is not ABSENT}
    messages = said("declared-pause", job(paused=True, facts={"paused": said_of_it}))
    assert [found in message for message in messages] == ([True] if found else []), messages


@pytest.mark.parametrize("value", [False, EXPRESSION])
def test_a_job_that_is_not_always_paused_declares_nothing(value: Some) -> None:
    assert said("declared-pause", job(paused=value)) == []


def test_in_a_plan_a_hold_may_pause_a_job_that_declares_nothing() -> None:
    assert said("declared-pause", job(paused=True), origin=Origin.PLAN) == []


@pytest.mark.parametrize(
    ("review", "due"),
    [
        pytest.param("2026-11-22", True, id="yesterday"),
        pytest.param("2026-11-23", False, id="today"),
        pytest.param("2026-11-24", False, id="tomorrow"),
        pytest.param("soon", False, id="no day, which another rule says"),
        pytest.param(ABSENT, False, id="none, which another rule says"),
    ],
)
def test_a_declared_pause_is_reviewed_by_its_day(review: Some, due: bool) -> None:
    pause = {key: value for key, value in {**PAUSE, "review": review}.items() if value is not ABSENT}
    what = f"paused by declaration (off-season); review was due on {review}; look again, and write another day"
    assert said("review", job(paused=True, facts={"paused": pause})) == ([what] if due else [])


def test_a_reason_that_a_terminal_would_obey_is_shown_harmless() -> None:
    [found] = said("review", job(facts={"paused": {**PAUSE, "reason": "\x1b[2J\nok" + "x" * 9_000, "review": "2020-01-01"}}))
    assert found.isprintable()
    assert len(found) <= 2_000


@pytest.mark.parametrize(
    ("description", "owner", "found"),
    [
        pytest.param("Fetches games", "data", [], id="both"),
        pytest.param("100 $${cost}", "data", [], id="with what looks like an expression"),
        pytest.param(ABSENT, "data", ["has no description"], id="no description"),
        pytest.param("  ", "data", ["has no description"], id="blanks"),
        pytest.param("Fetches games", ABSENT, ["has no owner"], id="no owner"),
        pytest.param("", "", ["has no description", "has no owner"], id="neither"),
        pytest.param("Fetches games", ["data"], ["owner is ['data'], which is not a text"], id="a list of owners"),
    ],
)
def test_a_job_says_what_it_is_for_and_whose(description: Some, owner: Some, found: list[str]) -> None:
    messages = said("described", job(description=description, facts={"owner": owner}))
    assert len(messages) == len(found)
    assert all(part in message for part, message in zip(found, messages, strict=True)), messages


def test_a_description_that_is_an_expression_waits_for_the_plan() -> None:
    found = verdict("described", estate(job(description="${var.what}")))
    assert found is not None
    assert found.outcome is Outcome.DEFERRED


RESTS = {"paused": PAUSE}
OPEN = {"undecided": {"review": "2099-01-01"}}


@pytest.mark.parametrize(
    ("mine", "theirs", "found"),
    [
        pytest.param({}, {}, None, id="both run, and nothing holds one alone"),
        pytest.param(RESTS, RESTS, None, id="both are paused"),
        pytest.param(
            RESTS,
            {},
            "is paused by declaration, and decide, its pair, is not; pause both, or waive the rule",
            id="one is paused",
        ),
        pytest.param({}, RESTS, None, id="said of the one that is paused"),
        pytest.param(RESTS, OPEN, None, id="nobody has decided about the other one"),
        pytest.param(
            {"pairs": {"decide": ["backfill/tdza", "window/w"]}},
            {},
            "is held by backfill/tdza and window/w, which leaves decide, its pair, running; cover both, or waive the rule",
            id="one is held",
        ),
        pytest.param({"pairs": {"decide": "all"}}, {}, 'pairs.decide is "all", which is not a list; write that', id="no list"),
        pytest.param({"pairs": {"gone": ["window/w"]}}, {}, None, id="one that is not there"),
    ],
)
def test_a_pair_is_held_and_paused_together(mine: dict[str, Some], theirs: dict[str, Some], found: str | None) -> None:
    pair = (
        job("carry-out", facts={"pairs": {"decide": []}, **mine}),
        job("decide", facts={"pairs": {"carry-out": []}, **theirs}),
    )
    assert said("pair", *pair) == ([found] if found else [])


def test_a_waiver_of_the_other_one_of_a_pair_counts() -> None:
    resting = job("a", facts={"pairs": {"b": []}, **RESTS})
    assert said("pair", resting, job("b", facts=waive("pair"))) == []
    assert said("pair", resting, job("b", facts=waive("gap"))) != []

"""At which minutes writers of what backfills change start, and what a platform says about that."""

from __future__ import annotations

import pytest

from policies.rules.estate import Resource
from policies.rules.stagger import often
from tests.policies.estates import ABSENT, Some, estate, job, said, waive

GAMES = {"writes": {"raw.games": ["mutate"]}, "backfilled": ["raw.games"], "platform": "shop"}
PAUSE = {"reason": "off-season", "owner": "data", "review": "2027-01-01"}


def rules(**said: Some) -> dict[str, Some]:
    """Facts of a stack in which the shop has rules of its own."""
    return {"rules": {"shop": said}}


def writer(schedule: str, name: str = "fetch", **facts: Some) -> Resource:
    return job(name, schedule=schedule, facts={**GAMES, **facts})


def outside(schedule: str, where: str) -> str:
    return f'"{schedule}" starts a writer of raw.games outside {where}; move it, or waive the rule'


@pytest.mark.parametrize(
    ("schedule", "facts", "found"),
    [
        pytest.param("15 * * * *", {}, False, id="at a quarter past"),
        pytest.param("15,45 8 * * *", {}, False, id="at both"),
        pytest.param("0 * * * *", {}, True, id="at the full hour"),
        pytest.param("0,20 * * * *", {}, True, id="twice an hour, at others"),
        pytest.param("15,20 * * * *", {}, True, id="at one that is and one that is not"),
        pytest.param("*/15 * * * *", {}, False, id="more often than there are such minutes"),
        pytest.param("0,10,20 3 * * *", {}, False, id="three times in one hour a day"),
        pytest.param("0 * * * *", {"backfilled": ABSENT}, False, id="of what no backfill minds"),
        pytest.param("0 * * * *", {"backfilled": ["raw.other"]}, False, id="of another table than the backfill"),
        pytest.param("0 * * * *", {"writes": {}}, False, id="of no table"),
        pytest.param("0 * * * *", {"writes": ABSENT}, False, id="of nothing that is known"),
        pytest.param("0 * * * *", {"paused": PAUSE}, False, id="paused by declaration"),
        pytest.param("0 * * * *", {"undecided": {"review": "2027-01-01"}}, False, id="nobody has decided"),
    ],
)
def test_writers_of_what_a_backfill_changes_start_at_15_and_45(schedule: str, facts: dict[str, Some], found: bool) -> None:
    what = outside(schedule, "minutes 15 and 45 of shop's rules")
    assert said("stagger", writer(schedule, **facts)) == ([what] if found else [])


def test_a_job_of_no_platform_is_judged_by_what_goes_everywhere() -> None:
    assert said("stagger", writer("0 * * * *", platform=ABSENT)) == [outside("0 * * * *", "minutes 15 and 45")]
    assert said("stagger", writer("0 * * * *", platform="other"), facts=rules(stagger=[0])) != []


@pytest.mark.parametrize(
    ("schedule", "own", "where"),
    [
        pytest.param("0 * * * *", {"stagger": [0, 30]}, None, id="at its own minutes"),
        pytest.param("15 * * * *", {"stagger": [0, 30]}, "minutes 0 and 30", id="not at the minutes of others"),
        pytest.param("0 * * * *", {"stagger": []}, None, id="off"),
        pytest.param("12 * * * *", {"stagger": [15, 45], "within_s": 300}, None, id="near enough"),
        pytest.param("0 * * * *", {"stagger": [15, 45], "within_s": 300}, "minutes 10-20 and 40-50", id="too far"),
        pytest.param("58 * * * *", {"stagger": [0], "within_s": 180}, None, id="near enough over the full hour"),
        pytest.param("50 * * * *", {"stagger": [0], "within_s": 180}, "minutes 57-3", id="too far before the full hour"),
        pytest.param("0,30 * * * *", {"stagger": [7]}, None, id="twice an hour, where once is all that there is"),
        pytest.param("0 * * * *", {"apart_s": 60}, "minutes 15 and 45", id="what it doesn't say is as everywhere"),
    ],
)
def test_a_platform_has_minutes_of_its_own(schedule: str, own: dict[str, Some], where: str | None) -> None:
    expected = [outside(schedule, f"{where} of shop's rules")] if where else []
    assert said("stagger", writer(schedule), facts=rules(**own)) == expected


@pytest.mark.parametrize(
    "own",
    [
        pytest.param({"stagger": [60]}, id="a minute that is none"),
        pytest.param({"stagger": [True]}, id="a truth for a minute"),
        pytest.param({"stagger": "off"}, id="a text for minutes"),
        pytest.param({"within_s": -1}, id="a tolerance below nothing"),
        pytest.param({"apart_s": 10**9}, id="a gap of years"),
        pytest.param({"was": "never"}, id="another policy"),
    ],
)
def test_rules_that_are_none_are_said_of_the_jobs_of_their_platform_and_no_other(own: dict[str, Some]) -> None:
    wrong, good = writer("0 * * * *", "wrong"), writer("15 * * * *", "good", platform="other")
    [found] = said("stagger", wrong, good, facts=rules(**own))
    assert found.startswith("rules.shop")
    assert found.endswith("; write that")
    assert said("stagger", good, wrong, facts=rules(**own)) == []
    assert said("budget", good, wrong, facts=rules(**own)) == []


@pytest.mark.parametrize(
    ("was", "now", "wrong"),
    [
        pytest.param("0 * * * *", "15 * * * *", None, id="later in the hour"),
        pytest.param("50 6 * * *", "45 6 * * *", None, id="earlier in the hour"),
        pytest.param("0 9 * * *", "45 8 * * *", None, id="into the hour before"),
        pytest.param("*/30 * * * *", "15,45 * * * *", None, id="twice an hour"),
        pytest.param("0 9 * * *", "15 9 * * 1", "the days differ", id="other days"),
        pytest.param("0 9 * * *", "15 9 * 1-6 *", "the days differ", id="other months"),
        pytest.param("0 9 * * *", "15,45 9 * * *", "1 runs a day became 2", id="more often"),
        pytest.param("0 9 * * *", "15 10 * * *", "a run moved by 60 minutes or more, or across midnight", id="too far"),
        pytest.param("0 0 * * *", "45 23 * * *", "a run moved by 60 minutes or more, or across midnight", id="across midnight"),
        pytest.param("hourly", "15 * * * *", "'hourly'", id="from what is no schedule"),
    ],
)
def test_what_a_staggered_schedule_replaces(was: str, now: str, wrong: str | None) -> None:
    found = said("stagger", job(schedule=now, facts={"was": was}))
    assert [f'"{was}" became "{now}": ' in one and str(wrong) in one for one in found] == ([True] if wrong else [])


@pytest.mark.parametrize(
    ("policy", "now", "found"),
    [
        pytest.param("same", "15 9,17 * * *", True, id="more often, where all stays"),
        pytest.param("days", "15 9,17 * * *", False, id="more often, where days stay"),
        pytest.param("days", "15 9 * * 1", True, id="other days, where days stay"),
        pytest.param("free", "15 9 * * 1", False, id="other days, where nothing stays"),
    ],
)
def test_a_platform_says_what_a_schedule_keeps_of_the_one_before(policy: str, now: str, found: bool) -> None:
    moved = job(schedule=now, facts={"was": "0 9 * * *", "platform": "shop"})
    assert bool(said("stagger", moved, facts=rules(was=policy))) is found


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"writes": "raw.games"}, id="writes that are no block"),
        pytest.param({"writes": {"raw.games": "mutate"}}, id="accesses that are no list"),
        pytest.param({"writes": {"raw.games": ["mutat"]}}, id="an access that is none"),
        pytest.param({"was": ["0 * * * *"]}, id="a list of what it replaces"),
        pytest.param({"backfilled": "raw.games"}, id="a text for backfilled tables"),
        pytest.param({"platform": ["shop"]}, id="a list for a platform"),
    ],
)
def test_facts_that_are_wrong_are_a_finding_of_the_stagger(facts: dict[str, Some]) -> None:
    [found] = said("stagger", job(facts=facts))
    assert found.endswith("; write that")


def test_jobs_that_start_too_often_for_a_stagger_are_known_by_platform() -> None:
    many = [
        writer("*/10 * * * *", "b"),
        writer("*/15 * * * *", "a"),
        writer("*/15 * * * *", "elsewhere", platform="other"),
        writer("*/15 * * * *", "resting", paused=PAUSE),
        writer("*/15 * * * *", "waiving", **waive("stagger")),
        writer("*/15 * * * *", "apart", backfilled=ABSENT),
        writer("0 * * * *", "hourly"),
    ]
    assert often(estate(*many)) == {"shop": ["a", "b"], "other": ["elsewhere"]} == dict(often(estate(*reversed(many))))
    assert often(estate(*many, facts=rules(stagger=[]))) == {"other": ["elsewhere"]}

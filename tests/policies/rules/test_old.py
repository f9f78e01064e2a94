"""Old findings: what the baseline beside a resource excuses, until when, and how much of it."""

from __future__ import annotations

import pytest

from policies.rules import RULES
from policies.rules.estate import Origin
from policies.rules.judge import Outcome
from policies.rules.rule import PLANNED
from tests.policies.estates import ABSENT, BY_NAME, Some, estate, job, said, verdict, waive

WRITES = {"writes": {"raw.games": ["mutate"]}, "backfilled": ["raw.games"]}
FOUND = '"0 * * * *" starts a writer of raw.games outside minutes 15 and 45; move it, or waive the rule'


def baseline(rule: str = "stagger", **changed: Some) -> dict[str, Some]:
    """Facts with one entry, good but for what is changed."""
    entry = {"rule": rule, "count": 1, "owner": "data", "since": "2026-11-01", "until": "2026-12-31", **changed}
    return {"baseline": [{key: value for key, value in entry.items() if value is not ABSENT}]}


def outcome(origin: Origin = Origin.STACK, **facts: Some) -> tuple[Outcome, tuple[str, ...]]:
    """Of a job that breaks the stagger."""
    found = verdict("stagger", estate(job(schedule="0 * * * *", facts={**WRITES, **facts}), origin=origin))
    assert found is not None
    return found.outcome, found.messages


@pytest.mark.parametrize("origin", Origin)
@pytest.mark.parametrize("until", ["2026-11-23", "2099-01-01"], ids=["its last day", "long"])
def test_an_old_finding_is_no_failure_up_to_and_including_its_day(origin: Origin, until: str) -> None:
    assert outcome(origin, **baseline(until=until)) == (
        Outcome.OLD,
        (f"old since 2026-11-01, accepted by data until {until}", FOUND),
    )


def test_an_old_finding_fails_again_after_its_day_and_says_since_when_it_is_old() -> None:
    assert outcome(**baseline(until="2026-11-22")) == (
        Outcome.FAILED,
        (f"{FOUND} (old since 2026-11-01, and accepted until 2026-11-22, no longer)",),
    )


def test_one_more_finding_of_the_rule_fails() -> None:
    """A second mistake does not hide behind a first one that is accepted."""
    twice = {**WRITES, "was": "0,30 * * * *"}
    about = {number: job(schedule="0 * * * *", facts={**twice, **baseline(count=number)}) for number in (1, 2)}
    outcomes = {number: verdict("stagger", estate(one)) for number, one in about.items()}
    one, two = outcomes[1], outcomes[2]
    assert one is not None
    assert two is not None
    assert (one.outcome, two.outcome) == (Outcome.FAILED, Outcome.OLD)
    assert [message.endswith("(one of 2, and 1 accepted until 2026-12-31)") for message in one.messages] == [True, True]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"rule": "gap"}, id="another rule"),
        pytest.param({"until": "soon"}, id="no day"),
        pytest.param({"until": ABSENT}, id="no end"),
        pytest.param({"since": 20261101}, id="a number for a day"),
        pytest.param({"owner": ""}, id="nobody"),
        pytest.param({"count": "many"}, id="no number"),
        pytest.param({"count": 0}, id="none"),
    ],
)
def test_what_is_not_written_as_it_must_be_accepts_nothing(changed: dict[str, Some]) -> None:
    assert outcome(**baseline(**changed))[0] is Outcome.FAILED
    assert outcome(baseline="all of it")[0] is Outcome.FAILED


def test_what_is_meant_to_be_is_waived_and_not_old() -> None:
    assert outcome(**baseline(), **waive())[0] is Outcome.WAIVED


def test_what_keeps_the_rule_is_not_old() -> None:
    found = verdict("stagger", estate(job(schedule="15 * * * *", facts={**WRITES, **baseline()})))
    assert found is not None
    assert found.outcome is Outcome.PASSED


def test_a_secret_is_never_old() -> None:
    about = job(facts=baseline("secret"), http_target={"uri": "https://a.run.app/?api_key=abc", "http_method": "POST"})
    assert said("secret", about)


def test_what_may_never_be_old() -> None:
    """A secret, the state of Interlock's own resources, and what a plan does: that is new each time."""
    jobs = [rule for rule in RULES if "google_cloud_scheduler_job" in rule.kinds]
    assert not [rule.name for rule in jobs if rule.origins == PLANNED and rule.may_be_old]
    never = {rule.name for rule in jobs if rule.origins != PLANNED and not rule.may_be_old}
    assert never == {"secret", "paused", "window", "timer", "waiver", "waiver-ended"}


def test_an_old_finding_of_one_job_is_none_of_another_that_comes_too_near() -> None:
    near = {**WRITES, "gap_s": 900}
    old, new = job("old", facts={**near, **baseline("gap")}), job("new", schedule="25 8 * * *", facts=near)
    assert [verdict("gap", estate(*pair)).outcome for pair in ((old, new), (new, old))] == [Outcome.OLD, Outcome.FAILED]  # type: ignore[union-attr]
    assert BY_NAME["gap"].may_be_old

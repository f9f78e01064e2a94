"""How long an attempt may take, and how often it is tried again."""

from __future__ import annotations

import pytest

from policies.rules.estate import Origin
from tests.policies.estates import ABSENT, RETRY, Some, job, said

TOPIC = {"http_target": ABSENT, "pubsub_target": {"topic_name": "projects/p/topics/t"}}


@pytest.mark.parametrize(
    ("limit", "expected", "found"),
    [
        pytest.param("180s", ABSENT, [], id="three minutes"),
        pytest.param("15s", ABSENT, [], id="the shortest"),
        pytest.param("1800s", ABSENT, [], id="the longest"),
        pytest.param("180.5s", 180, [], id="with a fraction"),
        pytest.param("240s", 240, [], id="as long as the run is expected to take"),
        pytest.param("14s", ABSENT, ["is 14s; allowed: 15s to 30m"], id="a second too short"),
        pytest.param("1801s", ABSENT, ["is 30m1s; allowed: 15s to 30m"], id="a second too long"),
        pytest.param("180s", 246, ["is 3m, and the run is expected to take 4m6s; let it have longer"], id="less than the run"),
        pytest.param("5s", 20, ["allowed: 15s to 30m", "expected to take 20s"], id="both"),
        pytest.param(ABSENT, ABSENT, ["has no attempt_deadline; write one, 15s to 1800s"], id="none"),
        pytest.param("3m", ABSENT, ['attempt_deadline is "3m", which is not a duration as Google writes it'], id="minutes"),
        pytest.param(180, ABSENT, ["attempt_deadline is 180, which is not a text"], id="a number"),
        pytest.param("-5s", ABSENT, ["which is not a duration"], id="before it begins"),
        pytest.param("9" * 40 + "s", ABSENT, ["which is not a duration"], id="for ever"),
        pytest.param("180s", "4m", ["expect_s is \"4m\", which is not a whole number"], id="an expectation that is no number"),
    ],
)  # fmt: skip
def test_an_attempt_may_take_15_seconds_to_half_an_hour(limit: Some, expected: Some, found: list[str]) -> None:
    messages = said("deadline", job(attempt_deadline=limit, facts={"expect_s": expected}))
    assert len(messages) == len(found)
    assert all(part in message for part, message in zip(found, messages, strict=True)), messages


@pytest.mark.parametrize(
    ("limit", "origin", "found"),
    [
        pytest.param(ABSENT, Origin.STACK, False, id="none"),
        pytest.param("180s", Origin.STACK, True, id="one that somebody wrote"),
        pytest.param("180s", Origin.PLAN, False, id="the one that the provider plans when nothing is written"),
        pytest.param("600s", Origin.PLAN, True, id="another one, in a plan"),
    ],
)
def test_a_topic_has_no_deadline(limit: Some, origin: Origin, found: bool) -> None:
    messages = said("deadline", job(attempt_deadline=limit, **TOPIC), origin=origin)
    assert [message.startswith("publishes to a topic and has an attempt_deadline of") for message in messages] == [True] * found


def test_a_plan_shows_the_other_target_as_an_empty_list() -> None:
    assert said("deadline", job(pubsub_target=[]), origin=Origin.PLAN) == []


@pytest.mark.parametrize("missing", RETRY)
def test_all_five_numbers_of_the_retries_are_said(missing: str) -> None:
    some = {name: value for name, value in RETRY.items() if name != missing}
    assert said("retry", job(retry_config=some)) == [f"its retry_config has no {missing}; write all five"]
    assert said("retry", job(retry_config={**RETRY, missing: None})) == said("retry", job(retry_config=some))


@pytest.mark.parametrize(
    ("config", "found"),
    [
        pytest.param(RETRY, None, id="all five"),
        pytest.param([RETRY], None, id="in a list, as a plan has them"),
        pytest.param({**RETRY, "retry_count": 0, "max_retry_duration": "0s"}, None, id="never again"),
        pytest.param({**RETRY, "retry_count": "5"}, None, id="the most, as a text"),
        pytest.param(ABSENT, "has no retry_config; write all five: retry_count, min_backoff_duration", id="none"),
        pytest.param([], "has no retry_config", id="none, in a plan"),
        pytest.param({}, "has no retry_count and no min_backoff_duration", id="an empty block"),
        pytest.param({**RETRY, "retry_count": 6}, "its retry_count is 6; allowed: 0 to 5", id="too often"),
        pytest.param({**RETRY, "retry_count": -1}, "its retry_count is -1; allowed: 0 to 5", id="less than never"),
        pytest.param({**RETRY, "max_doublings": -1}, "its max_doublings is -1; allowed: 0 and more", id="halvings"),
        pytest.param(
            {**RETRY, "min_backoff_duration": "301s"}, "waits 5m1s at least and 5m at most; swap them", id="turned round"
        ),
        pytest.param({**RETRY, "max_retry_duration": "ten minutes"}, "retry_config.max_retry_duration is", id="in words"),
        pytest.param(
            {**RETRY, "retry_count": True}, "retry_config.retry_count is True, which is not a whole number", id="a flag"
        ),
        pytest.param({**RETRY, "retry_count": 1.5}, "retry_config.retry_count is 1.5", id="one and a half"),
        pytest.param([RETRY, RETRY], 'retry_config is "2 blocks", which is not one block', id="two blocks"),
        pytest.param("standard", 'retry_config is "standard", which is not a block', id="a profile's name"),
    ],
)
def test_retries_are_complete_and_possible(config: Some, found: str | None) -> None:
    messages = said("retry", job(retry_config=config))
    assert [found in message for message in messages] == ([True] if found else []), messages


@pytest.mark.parametrize(
    ("count", "unsafe", "found"),
    [
        pytest.param(0, ["mail", "pay"], False, id="not tried again"),
        pytest.param(3, [], False, id="nothing that must not run twice"),
        pytest.param(3, ABSENT, False, id="nothing known"),
        pytest.param(3, ["mail", "pay"], True, id="tried again"),
    ],
)
def test_what_must_not_run_twice_is_not_tried_again(count: int, unsafe: Some, found: bool) -> None:
    config = {**RETRY, "retry_count": count, "max_retry_duration": "600s" if count else "0s"}
    about = job(retry_config=config, facts={"not_idempotent": unsafe})
    what = "is tried again 3 times and starts mail, pay, not idempotent; write retry: none"
    assert said("idempotent", about) == ([what] if found else [])


def test_with_no_retries_and_a_time_to_retry_in_it_is_tried_again_too() -> None:
    [found] = said("idempotent", job(retry_config={**RETRY, "retry_count": 0}, facts={"not_idempotent": ["mail"]}))
    assert found.startswith("is tried again for 10m (max_retry_duration)")


@pytest.mark.parametrize("unsafe", ["mail", [5], {"mail": True}])
def test_names_of_what_must_not_run_twice_are_a_list_of_texts(unsafe: Some) -> None:
    [found] = said("idempotent", job(facts={"not_idempotent": unsafe}))
    assert found.startswith("not_idempotent")

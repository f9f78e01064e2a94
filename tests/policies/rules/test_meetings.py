"""Jobs beside each other: minutes, budgets, gaps, twins."""

from __future__ import annotations

import pytest

from policies.rules.estate import Resource
from policies.rules.judge import Outcome
from tests.policies.estates import ABSENT, Some, encoded, estate, http, job, said, verdict, waive

DAILY = "15 8 * * *"
CONFLICT = (
    'Two UPDATE, DELETE or MERGE statements that change the same partition at once fail with "Could not serialize access"'
)


def writer(
    name: str, schedule: str, *kinds: str, table: str = "raw.games", in_zone: str = "America/New_York", **facts: Some
) -> Resource:
    known = {"writes": {table: list(kinds or ("mutate",))}, "service": name, **facts}
    return job(name, schedule=schedule, time_zone=in_zone, facts=known)


@pytest.mark.parametrize(
    ("one", "other", "bears", "found"),
    [
        pytest.param(DAILY, DAILY, 1, True, id="two at once where one may"),
        pytest.param(DAILY, DAILY, ABSENT, True, id="two at once where nobody says how many may"),
        pytest.param(DAILY, DAILY, 2, False, id="two at once where two may"),
        pytest.param(DAILY, "16 8 * * *", 1, False, id="a minute apart"),
        pytest.param("*/5 * * * *", DAILY, 1, True, id="once a day among many"),
        pytest.param("15 8 * * MON", "15 8 * * TUE", 1, False, id="never on one day"),
    ],
)
def test_a_service_bears_so_many_starts_a_minute(one: str, other: str, bears: Some, found: bool) -> None:
    facts = {"starts_per_minute": bears}
    a, b = job("a", schedule=one, facts=facts), job("b", schedule=other, facts=facts)
    limit = "1 start" if bears in (1, ABSENT) else "2 starts"
    what = f"web takes {limit} a minute; move one, or say in starts_per_minute what was measured"
    assert said("budget", a, b) == ([f"starts in the same minute as b, and {what}"] if found else [])
    assert said("budget", b, a) == ([f"starts in the same minute as a, and {what}"] if found else [])


def test_jobs_of_two_services_may_start_at_once() -> None:
    assert said("budget", job("a"), job("b", facts={"service": "other"})) == []


def test_the_same_instant_in_two_zones_is_one_minute() -> None:
    there = job("b", schedule="20 14 * * *", time_zone="Europe/Berlin")
    assert said("budget", job("a", schedule="20 8 * * *"), there) != []
    assert said("budget", job("a", schedule="20 8 * * *"), job("b", schedule="20 14 * * *", time_zone="Asia/Tokyo")) == []


def test_a_job_that_is_paused_by_declaration_starts_with_nobody() -> None:
    resting = {"paused": {"reason": "off-season", "owner": "data", "review": "2027-01-01"}}
    assert said("budget", job("a"), job("b", facts=resting)) == []
    assert said("budget", job("b", facts=resting), job("a")) == []


def test_a_job_of_another_stack_counts() -> None:
    assert said("budget", job("a"), neighbours=(job("b"),)) != []


def test_a_crowd_is_named_in_part() -> None:
    many = [job(f"j{number}") for number in range(6)]
    [found] = said("budget", *many)
    assert found.startswith("starts in the same minute as j1, j2, j3 and 2 more jobs, and web takes 1 start a minute")


@pytest.mark.parametrize("bears", [0, -5, 10**30, "many", 1.5, True, [1]])
def test_a_number_of_starts_that_is_none_is_said_of_its_job_and_no_other(bears: Some) -> None:
    wrong, good = job("wrong", facts={"starts_per_minute": bears}), job("good")
    [found] = said("budget", wrong, good)
    assert found.startswith("starts_per_minute is ")
    assert said("budget", good, wrong) == []


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        pytest.param(("15 8 * * *", "mutate"), ("15 8 * * *", "mutate"), True, id="at once"),
        pytest.param(("15 8 * * *", "mutate"), ("29 8 * * *", "mutate"), True, id="14 minutes apart"),
        pytest.param(("15 8 * * *", "mutate"), ("30 8 * * *", "mutate"), False, id="15 minutes apart"),
        pytest.param(("55 23 * * *", "mutate"), ("5 0 * * *", "mutate"), True, id="over midnight"),
        pytest.param(("15 8 * * *", "append"), ("15 8 * * *", "append"), False, id="appends, which do not conflict"),
        pytest.param(("15 8 * * *", "mutate"), ("15 8 * * *", "read"), False, id="a writer and a reader of a snapshot"),
    ],
)
def test_writers_of_one_table_with_a_conflict_start_15_minutes_apart(
    one: tuple[str, str], other: tuple[str, str], found: bool
) -> None:
    a, b = writer("a", *one), writer("b", *other)
    for mine, theirs, name in ((a, b, "b"), (b, a, "a")):
        messages = said("gap", mine, theirs)
        assert len(messages) == found
        assert all(m.startswith(f"starts less than 15m from {name}, and both write raw.games: {CONFLICT}") for m in messages)
        assert all(m.endswith("; move one, or waive the rule") for m in messages)


NEW_YORK, UTC = "America/New_York", "Etc/UTC"


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        pytest.param(("15 8 * * *", NEW_YORK, 0), ("20 8 * * *", NEW_YORK, 0), "b", id="of one day"),
        pytest.param(("15 8 * * *", NEW_YORK, 0), ("20 8 * * *", NEW_YORK, -1), None, id="of two days"),
        pytest.param(("55 23 * * *", NEW_YORK, 0), ("5 0 * * *", NEW_YORK, -1), "b", id="today, and after midnight yesterday"),
        pytest.param(("55 23 * * *", NEW_YORK, 0), ("5 0 * * *", NEW_YORK, 0), None, id="today, and after midnight today"),
        pytest.param(("0 21 * * *", NEW_YORK, 0), ("5 2 * * *", UTC, -1), "b in winter", id="today and yesterday of UTC"),
        pytest.param(("0 21 * * *", NEW_YORK, 0), ("5 2 * * *", UTC, 0), None, id="today and today of UTC, in the evening"),
        pytest.param(("0 9 * * *", NEW_YORK, 0), ("5 14 * * *", UTC, 0), "b in winter", id="today and today of UTC"),
    ],
)
def test_writers_of_a_day_each_are_too_near_where_it_is_the_same_one(
    one: tuple[str, str, int], other: tuple[str, str, int], found: str | None
) -> None:
    a, b = (
        writer(name, schedule, days={"raw.games": {"column": "day", "from_start": day}}, in_zone=in_zone)
        for name, (schedule, in_zone, day) in (("a", one), ("b", other))
    )
    messages = said("gap", a, b)
    assert [message.partition(", and both")[0] for message in messages] == (
        [f"starts less than 15m from {found}"] if found else []
    )


def test_a_service_wants_its_gap_between_writers_of_two_days_too() -> None:
    a, b = (
        writer(name, schedule, days={"raw.games": {"column": "day", "from_start": day}}, gap_s=300, service="web")
        for name, schedule, day in (("a", "15 8 * * *", 0), ("b", "18 8 * * *", -1))
    )
    assert said("gap", a, b) == ["starts less than 5m from b, the gap that web wants; move one, or waive the rule"]


def test_writers_of_two_tables_need_no_gap() -> None:
    assert said("gap", writer("a", DAILY), writer("b", DAILY, table="raw.odds")) == []


@pytest.mark.parametrize(
    ("gap", "minute", "found"),
    [
        pytest.param(300, 19, True, id="4 of 5 minutes apart"),
        pytest.param(300, 20, False, id="5 of 5 minutes apart"),
        pytest.param(0, 15, False, id="no gap is wanted"),
        pytest.param(ABSENT, 15, False, id="nobody says"),
    ],
)
def test_a_service_may_want_a_gap(gap: Some, minute: int, found: bool) -> None:
    a, b = job("a", schedule=DAILY, facts={"gap_s": gap}), job("b", schedule=f"{minute} 8 * * *", facts={"gap_s": gap})
    what = "starts less than 5m from b, the gap that web wants; move one, or waive the rule"
    assert said("gap", a, b) == ([what] if found else [])


@pytest.mark.parametrize("gap", [-1, 10**11, 10**40, "5m", {}])
def test_a_gap_that_is_none_is_said_of_its_job_and_no_other(gap: Some) -> None:
    wrong, good = job("wrong", facts={"gap_s": gap}), job("good")
    [found] = said("gap", wrong, good)
    assert found.startswith("gap_s is ")
    assert said("gap", good, wrong) == []


@pytest.mark.parametrize(
    ("other", "found"),
    [
        pytest.param({}, True, id="the same at the same time"),
        pytest.param({"schedule": "20 * * * *"}, True, id="the same, and at that time too"),
        pytest.param({"schedule": "21 8 * * *"}, False, id="the same at another time"),
        pytest.param({"http_target": http(uri="https://web-1.us-west2.run.app/other")}, False, id="another URL"),
        pytest.param({"http_target": http(http_method="GET")}, False, id="another method"),
        pytest.param({"http_target": http(body=encoded({"day": "TODAY"}))}, False, id="another body"),
        pytest.param({"http_target": http(body=encoded({}))}, True, id="an empty body, which is none"),
        pytest.param({"time_zone": "Nowhere/Land"}, False, id="one that never fires"),
    ],
)
def test_no_two_jobs_are_twins(other: dict[str, Some], found: bool) -> None:
    twin = job("b", **other)
    what = "does what {} does, with the same body, and sometimes in the same minute; remove one of them"
    assert said("twin", job("a"), twin) == ([what.format("b")] if found else [])
    assert said("twin", twin, job("a")) == ([what.format("a")] if found else [])


@pytest.mark.parametrize(
    ("schedule", "when"),
    [
        pytest.param("20 13 * * *", "in winter", id="at its instants in winter only"),
        pytest.param("20 12 * 7 *", "in July", id="at its instants in one month"),
    ],
)
def test_twins_in_two_zones_that_meet_on_some_days_say_on_which(schedule: str, when: str) -> None:
    there = job("b", schedule=schedule, time_zone="Etc/UTC")
    what = f"with the same body, and in the same minute {when}; remove one of them"
    assert said("twin", job("a"), there) == [f"does what b does, {what}"]
    assert said("twin", there, job("a")) == [f"does what a does, {what}"]


@pytest.mark.parametrize(
    ("other", "found"),
    [
        pytest.param({"time_zone": "Etc/UTC"}, True, id="in another zone"),
        pytest.param({"time_zone": "Etc/UTC", "schedule": "20 08 * * *"}, True, id="written otherwise"),
        pytest.param({"time_zone": "Asia/Kolkata", "schedule": "20 8 * JAN-DEC 0-6"}, True, id="written otherwise altogether"),
        pytest.param({"time_zone": "Etc/UTC", "schedule": "20 8 * * 1-5"}, False, id="on fewer days"),
        pytest.param({"time_zone": "Etc/UTC", "schedule": "25 8 * * *"}, False, id="at another time"),
        pytest.param({"time_zone": "Etc/UTC", "http_target": http(body=encoded({"a": 1}))}, False, id="another body"),
    ],
)
def test_the_same_at_one_time_of_the_day_in_two_zones_is_a_twin(other: dict[str, Some], found: bool) -> None:
    """The same work twice a day, at different instants."""
    one, two = job("a"), job("b", **other)
    what = "does what {} does, with the same body, at the same wall time in another zone; remove one of them"
    assert said("twin", one, two) == ([what.format("b")] if found else [])
    assert said("twin", two, one) == ([what.format("a")] if found else [])


def test_of_several_twins_each_names_the_others() -> None:
    there = {"time_zone": "Etc/UTC"}
    three = [job("a"), job("b"), job("c", **there)]
    assert said("twin", three[0], *three[1:]) == [
        "does what b does, with the same body, and sometimes in the same minute; remove one of them",
        "does what c does, with the same body, at the same wall time in another zone; remove one of them",
    ]
    assert said("twin", three[2], *three[:2]) == [
        "does what a, b do, with the same body, at the same wall time in another zone; remove one of them"
    ]


def test_a_body_is_the_same_in_whatever_order_it_is_written() -> None:
    one, other = (http(body=encoded(body)) for body in ({"a": 1, "b": 2}, {"b": 2, "a": 1}))
    assert said("twin", job("a", http_target=one), job("b", http_target=other)) != []


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        pytest.param({"data": encoded({})}, {"data": encoded({})}, True, id="the same message"),
        pytest.param({"attributes": {"type": "a"}}, {"attributes": {"type": "b"}}, False, id="another attribute"),
        pytest.param({"data": encoded({"a": 1})}, {"data": encoded({"a": 2})}, False, id="other data"),
    ],
)
def test_jobs_that_publish_are_twins_by_message(one: dict[str, Some], other: dict[str, Some], found: bool) -> None:
    a, b = (
        job(name, http_target=ABSENT, attempt_deadline=ABSENT, pubsub_target={"topic_name": "projects/p/topics/t", **target})
        for name, target in (("a", one), ("b", other))
    )
    assert (said("twin", a, b) != []) is found


def test_in_a_catalog_twins_call_the_same_path_of_a_service() -> None:
    a, b, c = (
        job(name, http_target={"body": None}, facts={"path": path}) for name, path in (("a", "/x"), ("b", "/x"), ("c", "/y"))
    )
    assert said("twin", a, b, c) == [
        "does what b does, with the same body, and sometimes in the same minute; remove one of them"
    ]


@pytest.mark.parametrize("rule", ["gap", "twin"])
@pytest.mark.parametrize(
    ("waiver", "accepted"),
    [
        pytest.param({}, True, id="one that holds"),
        pytest.param({"until": "2026-11-23"}, True, id="on its last day"),
        pytest.param({"until": "2026-11-22"}, False, id="on the day after"),
        pytest.param({"reason": ABSENT}, False, id="without a reason"),
        pytest.param({"rule": "budget"}, False, id="of another rule"),
    ],
)
def test_a_waiver_of_either_of_a_pair_counts_for_both(rule: str, waiver: dict[str, Some], accepted: bool) -> None:
    facts = {"writes": {"raw.games": ["mutate"]}}
    waiving = job("a", facts={**facts, **waive(**{"rule": rule, **waiver})})
    other = job("b", facts=facts)
    mine = verdict(rule, estate(waiving, other))
    assert mine is not None
    assert mine.outcome is (Outcome.WAIVED if accepted else Outcome.FAILED)
    assert (said(rule, other, waiving) == []) is accepted


@pytest.mark.parametrize(
    "target",
    [
        pytest.param({"uri": "${var.url}"}, id="a URL"),
        pytest.param({"uri": "https://web-1/run", "body": "${base64encode(var.body)}"}, id="a body"),
    ],
)
def test_a_twin_that_is_an_expression_waits_for_the_plan(target: dict[str, Some]) -> None:
    hidden = job("a", http_target=target)
    found = verdict("twin", estate(hidden, job("b")))
    assert found is not None
    assert found.outcome is Outcome.DEFERRED
    assert said("twin", job("b"), hidden) == []

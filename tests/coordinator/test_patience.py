"""How long a request waits for what fails: a little for one job, not long in all, and a quarter of it for people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from interlock.actual import ENABLED, PAUSED
from interlock.runtime.outside import LONGEST_REQUEST, OF_ONE, OF_OPERATORS, PATIENCE
from interlock.runtime.ports import Refused, Unknown
from stacks.function import TIMEOUT_SECONDS
from tests.coordinator.conftest import Ask
from tests.coordinator.memory import NOW, Call, World, nothing_fails
from tests.coordinator.test_requests import HOLD

RECONCILE = {"action": "reconcile"}
ALL = {**HOLD, "scope": "all", "id": "all"}
SHORTEST_TICK = timedelta(minutes=5)
ATTEMPTS = 4
"""Of a timer: one, and three repetitions."""


def always(kind: str, about: str | None, failure: Exception, takes: timedelta = timedelta()) -> Callable[[World], None]:
    def plant(world: World) -> None:
        def fail(call: Call) -> None:
            if call.kind in (kind, "resume" if kind == "pause" else kind) and about in (None, call.about):
                world.now += takes
                raise failure

        world.fail = fail

    return plant


def took(world: World, ask: Ask, request: dict[str, object]) -> timedelta:
    before = world.now
    ask(request)
    return world.now - before


@pytest.mark.parametrize("code", [409, 429, 500, 503])
def test_people_hold_and_release_within_seconds_though_one_job_refuses_for_ever(ask: Ask, world: World, code: int) -> None:
    before = world.states()
    always("pause", "repair", Refused(code, "sync mutate calls cannot be queued"))(world)
    assert took(world, ask, ALL) < timedelta(seconds=5)
    assert {name for name, state in world.states().items() if state == ENABLED} == {"repair"}
    assert took(world, ask, HOLD) < timedelta(seconds=5)
    assert took(world, ask, RECONCILE) < SHORTEST_TICK / ATTEMPTS / 2
    for scope, id in (("service/scrapers", "d1"), ("all", "all")):
        assert took(world, ask, {"action": "release", "scope": scope, "id": id}) < timedelta(seconds=5)
    assert world.states() == before


def test_what_was_left_is_reported_by_name_and_done_by_the_next_tick(ask: Ask, world: World) -> None:
    always("pause", "repair", Refused(409, "sync mutate calls cannot be queued"))(world)
    assert ask(ALL)[0] == 503
    assert {record.job for record in world.records if record.event == "action_failed"} == {"repair"}
    world.fail = nothing_fails
    world.now += timedelta(minutes=10)
    assert ask(RECONCILE)[0] == 200
    assert world.states()["repair"] == PAUSED


@pytest.mark.parametrize("failure", [Refused(503, "unavailable"), Unknown("no answer")])
@pytest.mark.parametrize("kind", ["pause", "create", "read", "delete", "list", "jobs"])
def test_a_request_ends_in_time_whatever_fails_for_ever(ask: Ask, world: World, kind: str, failure: Exception) -> None:
    for number in range(50):
        world.put(f"holds/job/repair/x{number}@2026-03-10T18:00:00Z.json")
        world.put(f"holds/job/repair/old{number}@2026-03-10T08:00:00Z.json")
    for request, patience in ((RECONCILE, PATIENCE), (ALL, PATIENCE / OF_OPERATORS)):
        always(kind, None, failure)(world)
        # An operation and the reconcile after it have one patience.
        assert took(world, ask, request) <= patience
        world.fail = nothing_fails


def test_calls_that_hang_are_given_up_too(ask: Ask, world: World) -> None:
    """Each takes as long as a call may; one that has begun is waited for."""
    takes = timedelta(seconds=20)
    for number in range(50):
        world.put(f"holds/job/repair/old{number}@2026-03-10T08:00:00Z.json")
    always("delete", None, Unknown("timed out"), takes)(world)
    assert took(world, ask, RECONCILE) <= PATIENCE + 2 * takes


def test_a_timer_and_its_repetitions_leave_people_more_than_half_of_the_shortest_tick() -> None:
    assert PATIENCE / OF_ONE * ATTEMPTS < SHORTEST_TICK / 2
    assert PATIENCE <= SHORTEST_TICK / 5
    assert LONGEST_REQUEST.total_seconds() == TIMEOUT_SECONDS


def test_a_request_that_has_outlived_its_timeout_changes_no_job(ask: Ask, world: World) -> None:
    """Frozen between what it saw and what it does: others have been at work since."""
    world.put("holds/job/repair/x@2026-03-10T18:00:00Z.json")
    states = world.states()

    def fail(call: Call) -> None:
        if call.kind == "create" and call.about == "ledger/held/repair.json":
            world.now = NOW + timedelta(hours=3)

    world.fail = fail
    assert ask(RECONCILE)[0] == 503
    assert world.states() == states
    assert [record.job for record in world.records if record.event == "action_failed"] == ["repair"]
    world.fail = nothing_fails
    assert ask(RECONCILE)[0] == 200
    assert world.states()["repair"] == PAUSED


def test_a_hold_that_was_asked_for_long_ago_is_not_written_any_more(ask: Ask, world: World) -> None:
    """Who asked was told that it failed."""

    def fail(call: Call) -> None:
        if call.kind == "list" and call.about == "ledger/":
            world.now = NOW + timedelta(hours=1)

    world.fail = fail
    assert ask(HOLD)[0] == 503
    assert world.names("holds/") == []

"""What fails: the coordinator is killed, the bucket or a job refuses, objects are broken. The next request converges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from interlock.actual import PAUSED
from interlock.runtime.declaration_file import OBJECT
from interlock.runtime.ports import Refused
from tests.coordinator.conftest import Ask
from tests.coordinator.memory import NOW, Call, World, nothing_fails
from tests.coordinator.test_requests import COVERED, HOLD

RECONCILE = {"action": "reconcile"}
RELEASE = {"action": "release", "scope": "service/scrapers", "id": "d1"}


class Killed(BaseException):
    """The instance is gone."""


def kill_before(number: int, world: World) -> None:
    """Lets the instance die before the call of that number."""
    first = world.calls

    def fail(_: Call) -> None:
        if world.calls - first > number:
            raise Killed

    world.fail = fail


def killed_at_every_call(ask: Ask, world: World, request: dict[str, object]) -> int:
    """Asks and is killed, one call later each time, until it comes to its end; the number of the kills."""
    for call in range(1000):
        kill_before(call, world)
        try:
            status, _ = ask(request)
        except Killed:
            continue
        assert status in (200, 404)  # 404: an instance that was killed has released it
        return call
    raise AssertionError("it never comes to its end")


def test_a_hold_that_is_killed_at_every_call_pauses_its_jobs(ask: Ask, world: World) -> None:
    assert killed_at_every_call(ask, world, HOLD) > 8
    assert [world.states()[job] for job in COVERED] == [PAUSED] * 2
    assert len(world.names("ledger/held/")) == 2


def test_a_release_that_is_killed_at_every_call_gives_back_what_was_declared(ask: Ask, world: World) -> None:
    before = world.states()
    ask(HOLD)
    killed_at_every_call(ask, world, RELEASE)
    world.fail = nothing_fails
    assert ask(RECONCILE)[0] == 200
    assert (world.states(), world.names("holds/"), world.names("ledger/")) == (before, [], [])


def test_killed_between_write_and_pause_the_next_tick_pauses(ask: Ask, world: World) -> None:
    def fail(call: Call) -> None:
        if call.kind == "pause":
            raise Killed

    world.fail = fail
    with pytest.raises(Killed):
        ask(HOLD)
    world.fail = nothing_fails
    assert ask(RECONCILE)[0] == 200
    assert [world.states()[job] for job in COVERED] == [PAUSED] * 2


def test_a_bucket_that_answers_503_is_asked_again_later(ask: Ask, world: World) -> None:
    def fail(call: Call) -> None:
        if call.kind in ("list", "read", "create", "delete"):
            raise Refused(503, "The service is currently unavailable.")

    states, world.fail = world.states(), fail
    status, answer = ask(HOLD)
    assert (status, answer["ok"]) == (503, False)
    assert world.states() == states
    world.fail = nothing_fails
    assert ask(HOLD)[0] == 200


def test_a_bucket_that_answers_503_for_a_few_seconds_costs_only_these(ask: Ask, world: World) -> None:
    def fail(call: Call) -> None:
        if call.kind == "list" and (world.now - NOW).total_seconds() < 5:
            raise Refused(503, "The service is currently unavailable.")

    world.fail = fail
    assert ask(HOLD)[0] == 200
    assert [world.states()[job] for job in COVERED] == [PAUSED] * 2


@pytest.mark.parametrize("seconds", [2, 10_000])
def test_a_job_that_answers_409_does_not_stop_the_others(ask: Ask, world: World, seconds: int) -> None:
    def fail(call: Call) -> None:
        if (call.kind, call.about) == ("pause", COVERED[0]) and (world.now - NOW).total_seconds() < seconds:
            raise Refused(409, "sync mutate calls cannot be queued")

    world.fail = fail
    status, answer = ask(HOLD)
    assert world.states()[COVERED[1]] == PAUSED
    if seconds == 2:
        assert (status, world.states()[COVERED[0]]) == (200, PAUSED)
        return
    assert (status, answer["ok"]) == (503, False)
    assert next(record.job for record in world.records if record.event == "action_failed") == COVERED[0]
    world.fail = nothing_fails
    assert ask(RECONCILE)[0] == 200
    assert world.states()[COVERED[0]] == PAUSED


@pytest.mark.parametrize(
    "name",
    ["holds/nonsense.json", "holds/job/line-scraper/x@tomorrow.json", "backfills/marts.json", "holds/job/../../x@y.json"],
)
def test_an_object_with_a_broken_name_covers_nothing_and_is_said(ask: Ask, world: World, name: str) -> None:
    before = world.states()
    world.put(name)
    assert ask(RECONCILE)[0] == 200
    assert world.states() == before
    assert name in world.objects
    assert [record.hold for record in world.records if record.event == "object_unreadable"] == [name]


def test_a_hold_of_an_unknown_scope_covers_what_it_named_and_is_said(ask: Ask, world: World) -> None:
    name = "holds/window/gone/x@2026-03-10T18:00:00Z.json"
    world.put(name, b'{"jobs": ["repair", "no-such-job"]}')
    assert ask(RECONCILE)[0] == 200
    assert world.states()["repair"] == PAUSED
    assert [record.hold for record in world.records if record.event == "object_unreadable"] == [name]


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"version": 99}'])
def test_without_a_declaration_that_is_understood_nothing_is_touched(ask: Ask, world: World, content: bytes | None) -> None:
    ask(HOLD)
    del world.objects[OBJECT]
    if content is not None:
        world.put(OBJECT, content)
    world.jobs["repair"] = replace(world.jobs["repair"], state=PAUSED)
    objects, states = dict(world.objects), world.states()
    status, answer = ask(RECONCILE)
    assert (status, answer["ok"]) == (503, False)
    assert ask({**HOLD, "id": "d2"})[0] == 409
    assert (world.objects, world.states()) == (objects, states)

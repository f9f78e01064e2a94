"""One object, mark, claim, job or region that is bad is reported by its name and left out; everything else goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from interlock.actual import ENABLED, PAUSED
from interlock.runtime.ledger import held_content, held_name
from interlock.runtime.ports import Refused, Unknown
from tests.coordinator.conftest import Ask
from tests.coordinator.memory import NOW, Call, World, nothing_fails
from tests.coordinator.test_requests import COVERED, HOLD, OBJECT

RECONCILE = {"action": "reconcile"}
RELEASE = {"action": "release", "scope": "service/scrapers", "id": "d1"}
BAD = "holds/job/repair/bad@2026-03-10T20:00:00Z.json"
WHYS = [
    pytest.param(Refused(400, "The requested object is encrypted by a customer-supplied key."), id="of another key"),
    pytest.param(Refused(403, "no permission"), id="not for us"),
    pytest.param(Refused(503, "unavailable"), id="for now"),
    pytest.param(Unknown("no answer"), id="without an answer"),
]


def unreadable(world: World, name: str, why: Exception) -> None:
    """Reads of that object fail from now on."""

    def fail(call: Call) -> None:
        if (call.kind, call.about) == ("read", name):
            raise why

    world.fail = fail


def said(world: World, event: str) -> list[str | None]:
    return [record.hold or record.job for record in world.records if record.event == event]


@pytest.mark.parametrize("why", WHYS)
def test_a_hold_that_can_t_be_read_holds_by_its_name_and_the_others_hold_end_and_are_released(
    ask: Ask, world: World, why: Exception
) -> None:
    before = world.states()
    world.put("holds/job/line-scraper/short@2026-03-10T12:30:00Z.json")
    world.put(BAD)
    unreadable(world, BAD, why)
    ask(HOLD)
    assert {name for name in (*COVERED, "repair") if world.states()[name] == PAUSED} == {*COVERED, "repair"}
    ask(RELEASE)
    world.now = NOW + timedelta(minutes=30)
    ask(RECONCILE)
    assert world.states() == before | {"repair": PAUSED}, "the others are given back"
    assert BAD in said(world, "object_unreadable")
    ask({"action": "release", "scope": "job/repair", "id": "bad"})
    assert (world.states(), world.names("holds/")) == (before, [])


@pytest.mark.parametrize("why", WHYS)
def test_all_can_be_held_beside_an_object_that_can_t_be_read(ask: Ask, world: World, why: Exception) -> None:
    world.put(BAD)
    unreadable(world, BAD, why)
    ask({**HOLD, "scope": "all"})
    assert set(world.states().values()) == {PAUSED}


def test_an_object_of_no_json_holds_by_its_name_which_says_all_that_is_needed(ask: Ask, world: World) -> None:
    world.put(BAD, b"\xff{ no JSON")
    assert ask(RECONCILE)[0] == 200
    assert world.states()["repair"] == PAUSED
    assert said(world, "object_unreadable") == []


def test_a_hold_that_is_extended_between_list_and_read_is_never_taken_for_empty(ask: Ask, world: World) -> None:
    """Only its content holds this job: its scope is another by now."""
    content, longer = json.dumps({"jobs": ["repair"]}).encode(), "holds/window/gone/x@2026-03-10T19:00:00Z.json"
    shorter = "holds/window/gone/x@2026-03-10T18:00:00Z.json"
    world.put(shorter, content)
    assert ask(RECONCILE)[0] == 200
    assert world.states()["repair"] == PAUSED
    woken = []

    def fail(call: Call) -> None:
        if (call.kind, call.about) == ("read", shorter) and shorter in world.objects:
            world.put(longer, content)
            del world.objects[shorter]
        if call.kind == "resume":
            woken.append(call.about)

    world.fail = fail
    assert ask(RECONCILE)[0] == 200
    assert (woken, world.states()["repair"]) == ([], PAUSED)


def test_a_hold_whose_every_generation_is_gone_as_it_is_read_keeps_what_it_held(ask: Ask, world: World) -> None:
    content = json.dumps({"jobs": ["repair"]}).encode()
    name = "holds/window/gone/x@2026-03-10T18:00:00Z.json"
    world.put(name, content)
    ask(RECONCILE)
    declared = world.written["declaration/current.json"]
    world.written["declaration/current.json"] = NOW + timedelta(seconds=1)  # a deploy has taken the window away

    def fail(call: Call) -> None:
        if (call.kind, call.about) == ("read", name):
            world.put(name, content)

    world.fail = fail
    status, _ = ask(RECONCILE)
    assert (status, world.states()["repair"]) == (503, PAUSED)
    world.fail, world.written["declaration/current.json"] = nothing_fails, declared
    assert ask(RECONCILE)[0] == 200
    assert world.states()["repair"] == PAUSED


@pytest.mark.parametrize("code", [503, 429])
def test_what_may_be_read_at_the_next_look_wakes_no_job_that_it_may_name(ask: Ask, world: World, code: int) -> None:
    name = "holds/window/gone/x@2026-03-10T18:00:00Z.json"
    world.put(name, json.dumps({"jobs": ["repair"]}).encode())
    ask(RECONCILE)
    world.written["declaration/current.json"] = NOW + timedelta(seconds=1)
    unreadable(world, name, Refused(code, "later"))
    assert ask(RECONCILE)[0] == 503
    assert world.states()["repair"] == PAUSED
    world.fail = nothing_fails
    assert ask(RECONCILE)[0] == 200
    del world.objects[name]
    assert ask(RECONCILE)[0] == 200
    assert world.states()["repair"] == ENABLED


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"no JSON", b'{"since": 7}', b'{"since": "0001-01-01T00:00:00Z"}', b'{"since": "9999-12-31T23:59:59Z"}'],
)
def test_a_mark_that_states_nothing_is_said_and_counts_from_when_it_was_written(ask: Ask, world: World, content: bytes) -> None:
    """`repair` fires at 45 past each hour: two runs are missed, and one is made."""
    world.jobs["repair"] = replace(world.jobs["repair"], state=PAUSED, last_attempt=NOW - timedelta(minutes=20))
    world.put(held_name("repair"), content)
    world.now = NOW + timedelta(hours=2)
    assert ask(RECONCILE)[0] == 200
    assert (world.runs, world.names("ledger/")) == (["repair"], [])
    assert [record.job for record in world.records if record.event == "object_unreadable"] == ["repair"]
    [run] = [record for record in world.records if record.event == "run_caught_up"]
    assert run.numbers == (("missed", 2),)


@pytest.mark.parametrize("since", ["2027-01-01T00:00:00Z", "2090-01-01T00:00:00Z"])
def test_a_mark_of_a_time_to_come_is_said_and_loses_no_run(ask: Ask, world: World, since: str) -> None:
    """Only of a job with a season it says when that opens."""
    world.jobs["repair"] = replace(world.jobs["repair"], state=PAUSED, last_attempt=NOW - timedelta(minutes=20))
    world.put(held_name("repair"), json.dumps({"since": since}).encode())
    world.now = NOW + timedelta(hours=2)
    assert ask(RECONCILE)[0] == 200
    assert (world.runs, world.names("ledger/")) == (["repair"], [])
    assert said(world, "object_unreadable") == [held_name("repair")]
    [run] = [record for record in world.records if record.event == "run_caught_up"]
    assert run.numbers == (("missed", 2),)


@pytest.mark.parametrize("why", WHYS)
def test_a_mark_that_can_t_be_read_keeps_no_other_job_from_its_run(ask: Ask, world: World, why: Exception) -> None:
    for job in ("repair", "line-scraper"):
        world.jobs[job] = replace(world.jobs[job], state=PAUSED, last_attempt=NOW - timedelta(hours=1))
        world.put(held_name(job), held_content(job, NOW))
    world.now = NOW + timedelta(hours=2)
    unreadable(world, held_name("repair"), why)
    ask(RECONCILE)
    assert "line-scraper" in world.runs
    wrong = [record for record in world.records if record.event in ("object_unreadable", "action_failed")]
    assert {record.job for record in wrong} == {"repair"}
    world.fail = nothing_fails
    world.now += timedelta(minutes=10)
    ask(RECONCILE)
    assert sorted(world.runs) == ["line-scraper", "repair"]


def test_a_mark_whose_name_states_nothing_is_said(ask: Ask, world: World) -> None:
    world.put("ledger/held/No Such Job.json")
    assert ask(RECONCILE)[0] == 200
    assert said(world, "object_unreadable") == ["ledger/held/No Such Job.json"]


def test_a_claim_of_a_time_to_come_is_of_nobody_at_work(ask: Ask, world: World) -> None:
    world.jobs["repair"] = replace(world.jobs["repair"], state=PAUSED, last_attempt=NOW - timedelta(hours=1))
    world.put(held_name("repair"), held_content("repair", NOW))
    generation = world.objects[held_name("repair")][0]
    world.put(f"ledger/claims/repair@2026-03-10T12:05:00Z.{generation}.json", b'{"claimed": "9999-01-01T00:00:00Z"}')
    world.now = NOW + timedelta(hours=2)
    assert ask(RECONCILE)[0] == 200
    assert (world.runs, world.names("ledger/")) == (["repair"], [])


@pytest.mark.parametrize("count", [10_000])
def test_a_bucket_of_rubbish_works_and_is_said_in_a_few_lines(ask: Ask, world: World, count: int) -> None:
    before = world.states()
    for number in range(count):
        world.put(f"holds/rubbish-{number}")
        if number % 4 == 0:
            world.put(f"ledger/held/{number}!")
            world.put(f"holds/job/gone-{number}/x@2026-03-10T18:00:00Z.json", b"\xff")
            world.put(f"holds/job/repair/old-{number}@2026-03-09T18:00:00Z.json", b"\xff")
    assert ask(HOLD)[0] == 200
    assert ask(RELEASE)[0] == 200
    assert world.states() == before
    lines = [record for record in world.records if record.event == "object_unreadable"]
    assert 3 * 20 <= len(lines) < 400
    assert any("9,979 more like it" in record.why for record in lines)


@pytest.mark.parametrize("name", ["ledger/claims/gone-{0}@2026-03-10T12:05:00Z.{0}.json", "ledger/held/gone-{0}.json"])
def test_a_ledger_of_rubbish_that_looks_right_takes_no_more_than_a_bounded_time(ask: Ask, world: World, name: str) -> None:
    """Every read and delete takes its time, and every line its place in the log."""
    for number in range(10_000):
        world.put(name.format(number), b"\xff")
    world.now += timedelta(hours=1)
    world.calls = 0
    assert ask(HOLD)[0] == 200
    assert world.calls < 2_100
    lines = [record for record in world.records if record.event == "unresolved_claim"]
    assert len(lines) in (0, 21)
    assert not lines or "and 9,979 more like it" in lines[-1].why


def test_contents_that_are_too_many_or_too_long_are_not_read_the_oldest_first(world: World, ask: Ask) -> None:
    from interlock.runtime.snapshot import MAX_READ, Reader

    world.put("holds/job/repair/first@2026-03-10T18:00:00Z.json", b'{"reason": "the first"}')
    world.now += timedelta(seconds=1)
    for number in range(MAX_READ):
        world.put(f"holds/job/line-scraper/a{number}@2026-03-10T18:00:00Z.json")
    objects = Reader(world.outside()).objects()
    assert len(objects.unread) == 1
    assert next(hold.reason for hold in objects.holds if hold.id == "first") == "the first"
    assert ask(RECONCILE)[0] == 200


def test_people_have_a_thousand_holds_and_the_next_is_refused_with_what_to_do(ask: Ask, world: World) -> None:
    for number in range(1000):
        world.put(f"holds/job/repair/a{number}@2026-03-10T18:00:00Z.json")
    status, answer = ask(HOLD)
    assert status == 409
    assert "there are 1,000 holds" in str(answer["error"])
    assert ask({"action": "extend", "scope": "job/repair", "id": "a7", "for_s": 7 * 3600})[0] == 200
    assert ask({"action": "release", "scope": "job/repair", "id": "a8"})[0] == 200
    assert ask(HOLD)[0] == 200
    assert OBJECT in world.objects


@pytest.mark.parametrize("failure", [Refused(403, "no permission"), Refused(503, "unavailable"), Unknown("no answer")])
def test_a_region_that_can_t_be_listed_is_left_alone_and_the_other_is_not(
    two_regions: World, ask_two: Callable[[dict[str, object]], int], failure: Exception
) -> None:
    def fail(call: Call) -> None:
        if (call.kind, call.about) == ("jobs", "us-east1"):
            raise failure

    two_regions.fail = fail
    two_regions.put("holds/all/x@2026-03-10T18:00:00Z.json")
    assert ask_two(RECONCILE) == 503
    assert two_regions.states() == {"west": PAUSED, "east": ENABLED}
    assert not [record for record in two_regions.records if record.event == "job_broken"]
    assert "us-east1" in said(two_regions, "action_failed")
    two_regions.fail = nothing_fails
    assert ask_two(RECONCILE) == 200
    assert two_regions.states() == {"west": PAUSED, "east": PAUSED}


@pytest.fixture
def two_regions() -> World:
    from tests.interlock.cloud import HEAD, declaration

    jobs = """\
jobs:
  west: {description: d, schedule: "15 * * * *", target: {service: scrapers}, runs: [raw]}
  east: {description: d, schedule: "45 * * * *", target: {service: marts}, region: us-east1, runs: [mart]}
"""
    world = World()
    world.declare(declaration(HEAD + jobs))
    return world


@pytest.fixture
def ask_two(two_regions: World) -> Callable[[dict[str, object]], int]:
    from coordinator.main import answer

    return lambda request: answer("POST", "application/json", json.dumps(request).encode(), two_regions.outside)[0]

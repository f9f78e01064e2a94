"""Ends that no hold may have, and holds that are made longer and longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from interlock.actual import PAUSED
from interlock.holds import Hold, format_end, format_instant, hold_content, parse_instant
from interlock.runtime.snapshot import Reader
from interlock.zones import zone
from tests.coordinator.conftest import Ask
from tests.coordinator.memory import NOW, World
from tests.coordinator.test_requests import COVERED, HOLD, incident

RECONCILE = {"action": "reconcile"}
LAST = "9999-12-31T23:59:59Z"
MAX_HOLD = timedelta(days=4)
OFTEN = timedelta(minutes=20)
"""Before a breaker's hold ends."""
"""Of the local environment."""


@pytest.mark.parametrize("end", [LAST, "9001-01-01T00:00:00Z", "2099-01-01T00:00:00Z"])
@pytest.mark.parametrize("name", ["holds/service/scrapers/x@{}.json", "backfills/marts@{}.json"])
def test_an_end_beyond_the_longest_hold_counts_for_that_long_and_is_reported(
    ask: Ask, world: World, name: str, end: str
) -> None:
    world.put(name.format(end))
    assert ask(RECONCILE)[0] == 200
    assert [world.states()[job] for job in COVERED] == [PAUSED] * 2
    [wrong] = [record for record in world.records if record.event == "object_unreadable"]
    assert (wrong.hold, wrong.until) == (name.format(end), world.now + MAX_HOLD)
    reader = Reader(world.outside())
    [hold] = reader.objects().holding_by(reader.declaration()[0]).active
    assert hold.end == world.now + MAX_HOLD


def test_what_ends_too_late_can_be_released(ask: Ask, world: World) -> None:
    before = world.states()
    world.put(f"holds/service/scrapers/x@{LAST}.json")
    ask(RECONCILE)
    assert ask({"action": "release", "scope": "service/scrapers", "id": "x"})[0] == 200
    assert (world.states(), world.names("holds/")) == (before, [])


def test_a_tombstone_of_the_last_year_goes_when_no_opening_can_be_left(ask: Ask, world: World) -> None:
    world.put(f"holds/window/tuesdays/20260310T080000Z@{LAST}.json")
    assert ask({"action": "release", "scope": "window/tuesdays", "id": "20260310T080000Z"})[0] == 200
    assert len(world.names("ledger/released/")) == 1
    world.now += MAX_HOLD + timedelta(minutes=1)
    ask(RECONCILE)
    assert world.names("ledger/released/") == []


def test_however_often_a_hold_is_extended_it_ends_within_the_longest(ask: Ask, world: World) -> None:
    """Also when what its object says of its beginning is nonsense."""
    ask(HOLD)
    statuses = []
    for _ in range(34):
        world.now += timedelta(hours=3)
        statuses.append(ask({"action": "extend", "scope": "service/scrapers", "id": "d1", "for_s": 6 * 3600})[0])
    assert statuses == [200] * 30 + [400] + [404] * 3
    ask(RECONCILE)
    assert world.names("holds/") == []


def test_an_extension_past_the_longest_hold_says_until_when_it_may_last(ask: Ask, world: World) -> None:
    ask({**HOLD, "until": format_instant(NOW + timedelta(days=3))})
    world.now += timedelta(days=2)
    status, answer = ask({"action": "extend", "scope": "service/scrapers", "id": "d1", "for_s": 3 * 86400})
    assert status == 400
    assert "no hold may be longer than 4d in all, and this one began at 2026-03-10T12:05:00Z" in str(answer["error"])


@pytest.mark.parametrize("start", [None, "9999-01-01T00:00:00Z", "2026-03-12T12:05:00Z"])
def test_a_beginning_that_an_object_makes_up_gives_no_more_time(ask: Ask, world: World, start: str | None) -> None:
    end = NOW + timedelta(days=3)
    hold = Hold(scope="job/repair", id="x", end=end, object_name="", start=parse_instant(start) if start else None)
    world.put(f"holds/job/repair/x@{format_instant(end)}.json", hold_content(hold))
    world.now += timedelta(days=2)
    assert ask({"action": "extend", "scope": "job/repair", "id": "x", "for_s": 3 * 86400})[0] == 400
    assert ask({"action": "extend", "scope": "job/repair", "id": "x", "for_s": 36 * 3600})[0] == 200


def test_new_incidents_make_the_breakers_hold_no_longer_than_any_may_be(ask: Ask, world: World) -> None:
    ends = set()
    for number in range(MAX_HOLD // OFTEN):
        push = incident(incident_id=f"0.{number}", started_at=int(world.now.timestamp()))
        assert ask(push)[0] == 200
        ends |= {name.rpartition("@")[2].removesuffix(".json") for name in world.names("holds/table/")}
        world.now += OFTEN
    assert max(ends) == format_instant(NOW + MAX_HOLD)


@pytest.mark.parametrize(("lasts", "every"), [(timedelta(days=2), OFTEN), (timedelta(days=20), 9 * OFTEN)])
def test_an_incident_that_does_not_say_when_it_opened_and_comes_again_for_ever_lets_go(
    ask: Ask, world: World, lasts: timedelta, every: timedelta
) -> None:
    before = world.states()
    for _ in range(lasts // every):
        assert ask(incident())[0] == 200
        if world.now > NOW + timedelta(hours=1, minutes=10):
            assert world.names("holds/table/") == []
        world.now += every
    assert lasts > timedelta(days=2) or world.states() == before


def test_what_pub_sub_says_of_when_it_got_a_message_tells_when_an_incident_opened(ask: Ask, world: World) -> None:
    push = incident()
    message = push["message"]
    assert isinstance(message, dict)
    message["publishTime"] = "2026-03-10T12:00:00.123Z"
    for _ in range(3):
        ask(push)
        assert world.names("holds/") == ["holds/table/raw.games/breaker@2026-03-10T12:30:00Z.json"]
        world.now += timedelta(minutes=5)
    world.now += timedelta(hours=1)
    ask(push)
    assert world.names("holds/") == []


def test_an_incident_that_has_ended_holds_nothing(ask: Ask, world: World) -> None:
    assert ask(incident(ended_at=int(NOW.timestamp())))[0] == 200
    assert world.names("holds/") == []


@pytest.mark.parametrize("place", ["Asia/Tokyo", "Pacific/Kiritimati", "America/Los_Angeles", "UTC"])
@pytest.mark.parametrize("end", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
def test_the_first_and_the_last_instant_are_said_in_any_zone(place: str, end: datetime) -> None:
    assert f"{end:%H:%M}" in format_end(end, zone(place), NOW)
    assert parse_instant(format_instant(end)) == end.replace(microsecond=0)

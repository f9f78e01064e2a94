"""When the coordinator writes the board: when it would differ, at every other tick, and never at the price of anything else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from interlock.board.history import A_WEEK, LINE, MOST, parse_history
from interlock.board.keeping import DATA, PAGE, keep, packed
from interlock.board.page import page
from interlock.holds import format_instant
from interlock.runtime import events
from interlock.runtime.ports import Item, Unknown
from interlock.runtime.report import Record, Report
from interlock.runtime.snapshot import Snapshot
from tests.interlock.board.shelf import MemoryShelf
from tests.interlock.board.worlds import NOW, flag, quiet, snapshot

TICK = timedelta(minutes=10)
HELD = Record(event=events.HOLD_WRITTEN, hold="backfill/orders", why="reporting: all of 2025 again (id flag)")


def report(seen: Snapshot, *records: Record) -> Report:
    return Report(settled=True, rounds=1, records=records, seen=seen)


def test_a_first_board_is_written_and_a_tick_with_nothing_to_do_writes_nothing() -> None:
    shelf = MemoryShelf()
    assert keep(shelf, report(snapshot()), "acme-shop")
    assert shelf.calls == ["look", f"write {DATA}", f"write {PAGE}"]
    shelf.calls.clear()
    assert not keep(shelf, report(snapshot(now=NOW + TICK)), "acme-shop")
    assert shelf.calls == ["look"]


@pytest.mark.parametrize("late", [timedelta(), timedelta(seconds=-40), timedelta(seconds=40)], ids=str)
def test_every_other_tick_writes_it_so_that_what_is_older_than_two_is_late(late: timedelta) -> None:
    shelf = MemoryShelf()
    written = [keep(shelf, report(snapshot(now=NOW + number * TICK + late * (number % 2))), "p") for number in range(7)]
    assert written == [True, False, True, False, True, False, True]


def test_what_changes_is_written_at_once_and_once() -> None:
    shelf = MemoryShelf()
    keep(shelf, report(snapshot()), "p")
    assert keep(shelf, report(snapshot([flag()]), HELD), "p")
    assert "backfill/orders" in shelf.page
    assert not keep(shelf, report(snapshot([flag()])), "p")
    assert shelf.writes == 4, "two objects, twice"


@pytest.mark.parametrize(
    "states",
    [["order-tick=PAUSED"], ["uptime-check=GONE"], ["stock-import=DISABLED"]],
    ids=["paused by hand", "gone", "in another state"],
)
def test_a_job_that_is_not_as_it_was_is_a_change(states: list[str]) -> None:
    shelf = MemoryShelf()
    keep(shelf, report(snapshot()), "p")
    assert keep(shelf, report(snapshot(states=states)), "p")
    assert "Not as it should be: 1 thing" in shelf.page


def test_what_a_request_has_just_done_is_shown_though_the_jobs_were_seen_before() -> None:
    shelf = MemoryShelf()
    seen = snapshot([flag()], states=["orders-import=ENABLED"])
    paused = Record(event=events.JOB_PAUSED, job="orders-import", why="held by backfill/orders")
    keep(shelf, report(seen, paused), "p")
    assert {one["name"]: one["state"] for one in shelf.data["jobs"]}["orders-import"] == "PAUSED"
    assert "Not as it should be" not in shelf.page


def test_the_week_is_carried_on_and_what_is_older_is_dropped() -> None:
    shelf = MemoryShelf()
    keep(shelf, report(snapshot([flag()]), HELD), "p")
    missed = Record(event=events.RUN_MISSED, job="stock-import", why="it should have fired at 04:25")
    for tick in (1, 2):  # said for as long as it lasts, and happened once
        keep(shelf, report(snapshot([flag()], now=NOW + tick * TICK), missed), "p")
    assert [line["event"] for line in shelf.data["history"]] == ["run_missed", "hold_written"]
    keep(shelf, report(snapshot(now=NOW + A_WEEK + timedelta(minutes=5)), HELD), "p")
    assert [line["event"] for line in shelf.data["history"]] == ["hold_written", "run_missed"]
    assert shelf.data["history_since"] == "2026-11-24T01:18:07Z", "so far back anybody looks"


def test_what_nobody_can_read_is_no_history_and_no_failure() -> None:
    shelf = MemoryShelf()
    shelf.put(DATA, packed("{]"), {})
    assert keep(shelf, report(snapshot(), HELD), "p")
    assert len(shelf.data["history"]) == 1


def test_of_a_history_that_somebody_made_up_what_can_be_is_kept_and_cut() -> None:
    line = {"at": format_instant(NOW - TICK), "event": "<b>", "why": "x" * 9_999 + "\ud800", "job": ["a"], "hold": "\0y"}
    future = {**line, "at": "9999-12-31T23:59:59Z"}
    made_up = {"history": [future, line, None, {"at": 7}, *[line] * 9_999], "history_since": "9999-12-31T23:59:59Z"}
    history = parse_history(made_up).then([], NOW)
    assert history.since == NOW
    assert MOST - 3 == len(history.lines) < MOST
    assert {(one.at, len(one.why), one.job) for one in history.lines} == {(NOW - TICK, LINE, "")}
    assert "&lt;b&gt;: " in page(replace(quiet(), history=history))


def test_two_at_once_lose_nothing_of_what_happened() -> None:
    shelf, other = MemoryShelf(), Record(event=events.HOLD_RELEASED, hold="job/order-tick", why="ana: done")
    keep(shelf, report(snapshot()), "p")

    def meanwhile(call: str) -> None:
        if call == f"write {DATA}":
            shelf.fails = str
            keep(shelf, report(snapshot(), other), "p")

    shelf.fails = meanwhile
    assert keep(shelf, report(snapshot([flag()]), HELD), "p")
    assert {line["event"] for line in shelf.data["history"]} == {"hold_written", "hold_released"}


def test_who_dies_between_the_two_writes_both_at_the_next_look() -> None:
    shelf = MemoryShelf()
    keep(shelf, report(snapshot()), "p")

    def die(call: str) -> None:
        if call == f"write {PAGE}":
            raise Unknown("no answer")

    shelf.fails = die
    with pytest.raises(Unknown):
        keep(shelf, report(snapshot([flag()]), HELD), "p")
    assert "Nothing is held" in shelf.page, "the old page, which says its age"
    shelf.fails = str
    assert keep(shelf, report(snapshot([flag()], now=NOW + TICK)), "p")
    assert "backfill/orders" in shelf.page


def as_listed(shelf: MemoryShelf) -> list[Item]:
    """The board's objects as a list of the whole bucket has them."""
    stored = [one for one, _ in shelf.objects.values()]
    return [Item(name=one.name, generation=one.generation, metadata=one.metadata) for one in stored]


def test_who_has_listed_the_whole_bucket_asks_nothing_to_see_that_the_board_is_as_it_should_be() -> None:
    shelf = MemoryShelf()
    keep(shelf, report(snapshot()), "p")
    shelf.calls.clear()
    assert not keep(shelf, replace(report(snapshot(now=NOW + TICK)), listed=as_listed(shelf)), "p")
    assert shelf.calls == []
    assert keep(shelf, replace(report(snapshot([flag()])), listed=as_listed(shelf)), "p")
    assert shelf.calls == [f"read {DATA}", f"write {DATA}", f"write {PAGE}"]


def test_a_board_that_was_written_since_the_bucket_was_listed_loses_nothing() -> None:
    shelf, other = MemoryShelf(), Record(event=events.HOLD_RELEASED, hold="job/order-tick", why="ana: done")
    keep(shelf, report(snapshot()), "p")
    before = as_listed(shelf)
    keep(shelf, report(snapshot(), other), "p")
    assert keep(shelf, replace(report(snapshot([flag()]), HELD), listed=before), "p")
    assert {line["event"] for line in shelf.data["history"]} == {"hold_written", "hold_released"}


def test_a_look_that_saw_nothing_leaves_the_board_as_it_is() -> None:
    shelf = MemoryShelf()
    assert not keep(shelf, Report(settled=False, rounds=1, records=()), "p")
    assert shelf.calls == []


def test_the_same_page_is_stored_as_the_same_bytes() -> None:
    assert packed("a" * 1000) == packed("a" * 1000)

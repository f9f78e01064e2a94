"""What the guard says when something is wrong: with the bucket, with the network, with one object, with the configuration."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from interlock_guard import BucketUnreadable, HoldBucket, active_holds, check, long_run, skip_when_held
from interlock_guard.asking import ABOUT_NOTHING
from interlock_guard.reading import Found, Reading

from tests.guard.conftest import FLAG, FLAG_CONTENT, NOW, UNTIL_EIGHT, scopes
from tests.guard.storage_server import Answer, Bucket, serving

Lines = Callable[[], list[dict[str, object]]]
TABLE_HOLD = f"holds/table/d.mart/x@{UNTIL_EIGHT}.json"
REFUSED: Answer = (400, b'{"error": {"message": "The target object is encrypted by a customer-supplied encryption key."}}')


class Clocks:
    """Both clocks, moved on by hand."""

    def __init__(self) -> None:
        self.now, self.ticks = NOW, 0.0

    def pass_by(self, seconds: float) -> None:
        self.now, self.ticks = self.now + timedelta(seconds=seconds), self.ticks + seconds


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as running:
        yield running


SHORT = 1.0
"""The patience where nothing comes of it, in seconds: a 503 is tried again until it is over."""


def reader(bucket: Bucket, clocks: Clocks, **settings: float) -> HoldBucket:
    settings = {"patience_s": 30.0, **settings}
    clock: dict[str, Any] = {"clock": lambda: clocks.now, "monotonic": lambda: clocks.ticks}
    return HoldBucket("coordination", client=bucket.client(), **clock, **settings)


# What was known


@pytest.mark.parametrize("failing", [pytest.param((503, b"{}"), id="503"), pytest.param(None, id="no answer in time")])
@pytest.mark.parametrize("known", [False, True], ids=["first seen", "an earlier one was seen"])
def test_a_name_that_was_listed_counts_where_time_is_over_before_its_content_comes(
    bucket: Bucket, clocks: Clocks, failing: Answer | None, known: bool
) -> None:
    over = threading.Event()

    def read(_: str) -> Answer | None:
        if failing is None:
            over.wait(20)
        return failing

    asks = reader(bucket, clocks)
    if known:
        bucket.put(FLAG, **FLAG_CONTENT)
        assert not check(asks, tables="d.other", on_error="run").held
        clocks.pass_by(10)
    bucket.put(TABLE_HOLD, tables=["d.mart"])
    bucket.on_read = read
    verdict = check(asks, tables="d.mart", on_error="run", deadline=1)
    assert (verdict.held, bool(verdict.error)) == (True, True)
    assert TABLE_HOLD in [hold.object_name for hold in verdict.holds]
    assert not check(asks, tables="d.other", on_error="run", deadline=1).held
    bucket.on_read = lambda _: None
    over.set()
    clocks.pass_by(10)
    assert not check(asks, tables="d.other", on_error="run").error


@pytest.mark.parametrize(
    "failing",
    [
        pytest.param((503, b"{}"), id="503"),
        pytest.param((403, b"{}"), id="403"),
        pytest.param((404, b"{}"), id="404"),
        pytest.param((200, b"<html>"), id="a proxy's page"),
        pytest.param((200, b"[]"), id="a list that is no object"),
        pytest.param((200, b'{"items": 7}'), id="items that are none"),
        pytest.param((200, b'{"items": ["x"]}'), id="an item that is no object"),
        pytest.param((200, b'{"items": [{"generation": "1"}]}'), id="an item without a name"),
        pytest.param((200, b'{"items": [{"name": 7}]}'), id="a name that is no text"),
        pytest.param((200, b'{"items": null, "nextPageToken": "x"}'), id="pages without an end"),
    ],
)
def test_a_hold_that_was_seen_counts_until_it_ends_whatever_fails_since(
    bucket: Bucket, clocks: Clocks, lines: Lines, failing: Answer
) -> None:
    asks = reader(bucket, clocks, patience_s=SHORT)
    bucket.put(TABLE_HOLD, reason="reprocess", tables=["d.mart"])
    assert check(asks, tables="d.mart", on_error="run").held
    bucket.on_list = lambda _: failing
    for seconds in (5, 2 * 3600 - 6):
        clocks.pass_by(seconds)
        held = check(asks, tables="d.mart", on_error="run")
        assert held.held
        assert held.reason == "held by table/d.mart until 2026-03-10 08:00:00 UTC (reprocess)"
        assert held.error.startswith("the bucket coordination can't be read: ")
        assert scopes(active_holds(asks, tables="d.mart")) == ["table/d.mart"]
        assert not check(asks, tables="d.other", on_error="run").held
        assert check(asks, tables="d.other", on_error="skip").held
    clocks.pass_by(1)
    assert not check(asks, tables="d.mart", on_error="run").held
    with pytest.raises(BucketUnreadable):
        active_holds(asks, tables="d.mart")
    assert "held by what was known before" in str(lines()[0]["message"])


def test_a_hold_that_a_good_reading_does_not_find_any_more_is_forgotten(bucket: Bucket, clocks: Clocks) -> None:
    asks = reader(bucket, clocks)
    bucket.put(TABLE_HOLD)
    assert check(asks, tables="d.mart", on_error="run").held
    bucket.objects.clear()
    clocks.pass_by(5)
    assert not check(asks, tables="d.mart", on_error="run").held
    bucket.on_list = lambda _: (403, b"{}")
    clocks.pass_by(5)
    assert not check(asks, tables="d.mart", on_error="run").held


def test_a_reading_that_never_was_is_on_errors_to_decide(bucket: Bucket, clocks: Clocks) -> None:
    bucket.on_list = lambda _: (503, b"{}")
    asks = reader(bucket, clocks, patience_s=SHORT)
    assert not check(asks, tables="d.mart", on_error="run").held
    assert check(asks, tables="d.mart", on_error="skip").held


# How old an answer is


def test_the_age_of_an_answer_counts_from_before_the_listing(bucket: Bucket, clocks: Clocks) -> None:
    """A hold that comes while 4 s of reading have begun is seen 5 s after that beginning, not after the end."""
    asks = reader(bucket, clocks)
    seconds = iter([4.0])

    def slow(_: str) -> Answer | None:
        clocks.pass_by(next(seconds, 0.0))
        return None

    bucket.put(FLAG, **FLAG_CONTENT)
    bucket.on_read = slow
    assert not check(asks, tables="d.new", on_error="run").held
    bucket.put(f"holds/table/d.new/x@{UNTIL_EIGHT}.json")
    clocks.pass_by(0.9)
    assert not check(asks, tables="d.new", on_error="run").held
    clocks.pass_by(0.1)
    assert check(asks, tables="d.new", on_error="run").held


def test_an_instance_that_was_frozen_reads_anew(bucket: Bucket, clocks: Clocks) -> None:
    """The monotonic clock need not go on meanwhile, as where a machine sleeps."""
    asks = reader(bucket, clocks)
    assert not check(asks, tables="d.mart", on_error="run").held
    bucket.put(TABLE_HOLD)
    clocks.now += timedelta(hours=1)
    assert check(asks, tables="d.mart", on_error="run").held


def test_who_asks_while_an_older_reading_is_under_way_gets_a_new_one(bucket: Bucket, clocks: Clocks) -> None:
    asks, listed, go_on = reader(bucket, clocks, patience_s=60), threading.Event(), threading.Event()

    def wait(_: str) -> Answer | None:
        if not go_on.is_set():
            listed.set()
            assert go_on.wait(30)
            return 200, b'{"items": []}'
        return None

    bucket.on_list = wait
    first = threading.Thread(target=lambda: asks.active())
    first.start()
    assert listed.wait(30)
    clocks.pass_by(6)
    bucket.put(TABLE_HOLD)
    found: list[bool] = []
    second = threading.Thread(target=lambda: found.append(check(asks, tables="d.mart", on_error="run").held))
    second.start()
    go_on.set()
    first.join(30)
    second.join(30)
    assert found == [True]


# One object


@pytest.mark.parametrize("failing", [REFUSED, (403, b"{}"), (503, b"{}"), (200, b""), (416, b"{}")])
def test_one_object_that_cannot_be_read_counts_by_its_name_and_stops_nothing_else(
    bucket: Bucket, clocks: Clocks, failing: Answer
) -> None:
    bad = f"holds/table/d.bad/x@{UNTIL_EIGHT}.json"
    bucket.put(bad, tables=["d.bad"])
    bucket.put(TABLE_HOLD, reason="known", tables=["d.mart"])
    bucket.on_read = lambda name: failing if name == bad else None
    asks = reader(bucket, clocks, patience_s=SHORT)
    for on_error in ("run", "skip"):
        assert check(asks, tables="d.bad", on_error=on_error).held  # type: ignore[arg-type]
        assert check(asks, tables="d.mart", on_error=on_error).reason.endswith("(known)")  # type: ignore[arg-type]
        assert not check(asks, tables="d.other", on_error=on_error).held  # type: ignore[arg-type]
    assert scopes(active_holds(asks, tables="d.bad")) == ["table/d.bad"]
    assert active_holds(asks, tables="d.other") == []


@pytest.mark.parametrize(
    ("name", "asked", "unsure"),
    [
        (FLAG, {"tables": "d.any"}, True),
        (FLAG, {"job": "any"}, True),
        (FLAG, {"job": "any", "part_of": "backfill/tdza"}, False),
        (f"holds/window/w/x@{UNTIL_EIGHT}.json", {"tables": "d.any"}, True),
        (f"holds/service/web/x@{UNTIL_EIGHT}.json", {"job": "any"}, True),
        (f"holds/service/web/x@{UNTIL_EIGHT}.json", {"tables": "d.any"}, False),
        (f"holds/table/d.t/x@{UNTIL_EIGHT}.json", {"job": "any"}, True),
        (f"holds/table/d.t/x@{UNTIL_EIGHT}.json", {"tables": "d.any"}, False),
        (f"holds/job/other/x@{UNTIL_EIGHT}.json", {"job": "any"}, False),
        ("holds/table/d.t/x@2026-03-10T06:00:00Z.json", {"job": "any"}, False),
    ],
)
def test_what_an_unreadable_object_may_cover_is_on_errors_to_decide_and_nothing_else_is(
    bucket: Bucket, clocks: Clocks, name: str, asked: dict[str, str], unsure: bool
) -> None:
    bucket.put(name)
    bucket.on_read = lambda _: REFUSED
    asks = reader(bucket, clocks)
    verdicts = [check(asks, on_error=on_error, **asked) for on_error in ("run", "skip")]  # type: ignore[arg-type]
    assert [verdict.held for verdict in verdicts] == [False, unsure]
    if unsure:
        assert verdicts[1].reason.startswith(f"{name} can't be read: 400 ")
        with pytest.raises(BucketUnreadable, match=r"can't be read: 400"):
            active_holds(asks, **asked)  # type: ignore[arg-type]
    else:
        assert active_holds(asks, **asked) == []  # type: ignore[arg-type]


def test_what_an_object_said_before_its_extension_could_not_be_read_counts(bucket: Bucket, clocks: Clocks) -> None:
    asks = reader(bucket, clocks)
    bucket.put(FLAG, **FLAG_CONTENT)
    assert check(asks, job="fetch", on_error="run").held
    bucket.objects.clear()
    bucket.put(FLAG.replace("T08", "T09"), **FLAG_CONTENT)
    bucket.on_read = lambda _: REFUSED
    clocks.pass_by(5)
    verdict = check(asks, job="fetch", on_error="run")
    assert verdict.reason == "held by backfill/tdza until 2026-03-10 09:00:00 UTC (ann; reprocess)"


def test_an_object_that_is_always_gone_when_it_is_read_is_not_taken_for_an_empty_one(bucket: Bucket, clocks: Clocks) -> None:
    bucket.put(FLAG)
    bucket.on_read = lambda _: (404, b"{}")
    asks = reader(bucket, clocks)
    assert check(asks, job="fetch", on_error="skip").held
    assert bucket.asked.count("list holds/") == 3


def test_objects_that_cannot_be_read_are_logged_once_by_name(bucket: Bucket, clocks: Clocks, lines: Lines) -> None:
    bucket.put(TABLE_HOLD)
    bucket.on_read = lambda _: REFUSED
    asks = reader(bucket, clocks)
    for _ in range(2):
        assert check(asks, tables="d.mart", on_error="run").held
        clocks.pass_by(5)
    [line] = lines()
    assert (line["event"], line["objects"]) == ("guard_content_unreadable", [TABLE_HOLD])


# Configuration


class Broken:
    """A reader of somebody's own."""

    def active(self) -> list[object]:
        raise IndexError("list index out of range")


@pytest.mark.parametrize("wrong", ["", None, " ", "a/b", "x" * 300, "\x00", 7, Broken(), HoldBucket(""), HoldBucket(None)])
@pytest.mark.parametrize(("on_error", "held"), [("run", False), ("skip", True)])
def test_a_bucket_that_is_none_is_on_errors_to_decide(
    wrong: Any, on_error: Any, held: bool, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    """A variable that isn't set is one, when the decorator runs at the import."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket.url)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    bucket.on_list = lambda _: (404, b"{}")
    verdict = check(wrong, job="fetch", on_error=on_error, deadline=5)
    assert (verdict.held, verdict.holds) == (held, ())
    assert verdict.error.startswith("the bucket ")
    assert [line["event"] for line in lines()] == ["guard_bucket_unreadable"]
    ran = skip_when_held(wrong, job="fetch", on_error=on_error)(lambda: True)()
    assert bool(ran) is not held
    with pytest.raises(BucketUnreadable):
        active_holds(wrong, job="fetch")


def test_no_client_that_can_be_made_is_on_errors_to_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("no project")

    monkeypatch.setattr("google.cloud.storage.Client", broken)
    verdict = check(HoldBucket("b"), job="j", on_error="skip")
    assert verdict.held
    assert verdict.error == "the bucket b can't be read: RuntimeError: no project"


def test_no_thread_that_can_be_started_is_on_errors_to_decide(
    bucket: Bucket, clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    asks = reader(bucket, clocks)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert not check(asks, job="j", on_error="run").held


@pytest.mark.parametrize(("on_error", "ran"), [("run", True), ("skip", False)])
def test_a_run_that_names_neither_job_nor_table_is_on_errors_to_decide_unless_all_is_held(
    bucket: Bucket, clocks: Clocks, on_error: Any, ran: bool, lines: Lines
) -> None:
    """As a request by hand, without Cloud Scheduler's header."""
    asks = reader(bucket, clocks)
    process = skip_when_held(asks, job=lambda: None, on_error=on_error)(lambda: True)
    assert bool(process()) is ran
    assert ABOUT_NOTHING in str(lines()[0]["message"])
    bucket.put(f"holds/all/x@{UNTIL_EIGHT}.json")
    clocks.pass_by(5)
    assert not process()


# Time


def elapsed(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def test_a_list_that_trickles_does_not_outlast_the_patience(bucket: Bucket, clocks: Clocks) -> None:
    """A byte each 0.1 s: no attempt times out, and all of it would take most of a minute."""
    for number in range(9):
        bucket.put(f"holds/job/j{number}/x@{UNTIL_EIGHT}.json")
    bucket.trickle_s = 0.1
    asks = reader(bucket, clocks, patience_s=SHORT)
    verdict = check(asks, job="j", on_error="skip")
    assert verdict.error.endswith("no answer within 1 s")
    assert bucket.asked.count("list holds/") == 1
    assert check(asks, job="j", on_error="skip").error == verdict.error
    assert bucket.asked.count("list holds/") == 1, "left alone for some seconds"
    bucket.trickle_s = 0.0
    clocks.pass_by(5)
    assert check(asks, job="j1", on_error="run").held, "another connection"


def test_a_question_has_a_budget_of_its_own(bucket: Bucket, clocks: Clocks) -> None:
    go_on = threading.Event()

    def wait(_: str) -> None:
        go_on.wait(30)

    bucket.put(TABLE_HOLD)
    bucket.on_list = wait
    asks = reader(bucket, clocks, patience_s=60)
    verdict = check(asks, tables="d.mart", on_error="skip", deadline=0.2)
    assert verdict.error.endswith("no answer within 0.2 s")
    with pytest.raises(BucketUnreadable, match=r"within 0\.1 s"):
        active_holds(asks, tables="d.mart", deadline=0.1)
    with long_run(asks, tables="d.mart", on_error="skip", deadline=0.1) as run:
        run.stop_if_held()
    assert run.stopped
    go_on.set()
    assert check(asks, tables="d.mart", on_error="run", deadline=30).held, "the reading went on meanwhile"
    assert bucket.asked.count("list holds/") == 1


def test_readings_that_never_end_are_not_begun_without_limit(
    bucket: Bucket, clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = [], threading.Event()

    def read(_: Reading) -> Found:
        begun.append(threading.current_thread())
        go_on.wait(60)
        return Found(holds=(), contents={}, ignored={})

    monkeypatch.setattr("interlock_guard.bucket.MOST_GIVEN_UP", 2)
    monkeypatch.setattr(Reading, "read", read)
    asks = reader(bucket, clocks, patience_s=0.1)
    for _ in range(4):
        assert check(asks, tables="d.mart", on_error="skip").held
        clocks.pass_by(5)
    assert len(begun) == 2
    assert check(asks, tables="d.mart", on_error="run").error.endswith("2 readings of it have not ended")
    go_on.set()
    for thread in begun:
        thread.join(60)
    assert not check(asks, tables="d.mart", on_error="skip").held
    assert len(begun) == 3


def test_many_holds_are_read_in_several_readings_if_need_be(bucket: Bucket, clocks: Clocks) -> None:
    """What one reading got is not read again."""
    end = datetime(2099, 1, 1, tzinfo=UTC)
    for number in range(40):
        bucket.objects[f"holds/service/s{number:02}/x@{end:%Y-%m-%dT%H:%M:%SZ}.json"] = json.dumps(
            {"jobs": [f"j{number}"]}
        ).encode()
    bucket.on_read = lambda _: time.sleep(0.1)  # type: ignore[func-returns-value]
    asks = reader(bucket, clocks, patience_s=0.4)
    for _ in range(40):
        if check(asks, job="j39", on_error="run").held:
            break
        clocks.pass_by(5)
    assert check(asks, job="j39", on_error="run").held


def test_ten_thousand_objects_of_rubbish_hide_no_hold_and_are_one_line_of_the_log(
    bucket: Bucket, clocks: Clocks, lines: Lines
) -> None:
    for number in range(5_000):
        bucket.objects[f"holds/rubbish-{number}"] = b"x"
        bucket.objects[f"backfills/{number}@9999-99-99T00:00:00Z.json"] = b"x"
    bucket.put(TABLE_HOLD)
    asks = reader(bucket, clocks, patience_s=60)
    for _ in range(3):
        assert check(asks, tables="d.mart", on_error="run").held
        assert not check(asks, tables="d.other", on_error="skip").held
        clocks.pass_by(5)
    assert bucket.asked.count(f"read {TABLE_HOLD}") == 1
    assert len(bucket.asked) == 3 * 2 + 1
    [line] = lines()
    assert (line["count"], len(str(line)) < 1_000) == (10_000, True)

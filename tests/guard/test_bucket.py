"""Reading the bucket, against the local target: how many calls it takes, what is kept, what is ignored, and what fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from google.cloud import storage
from interlock_guard import BucketUnreadable, HoldBucket, active_holds, check
from interlock_guard.bucket import MAX_CONTENT_BYTES

from tests.guard.conftest import BUCKET, FLAG, FLAG_CONTENT, UNTIL_EIGHT, Cloud, scopes
from tests.local.plain import copy_object

Lines = Callable[[], list[dict[str, object]]]
OBJECTS = 1000
LISTS = 2
"""Flags and holds, each by their prefix."""


def test_a_flag_is_found_by_its_jobs_and_by_its_tables_with_what_it_says(cloud: Cloud) -> None:
    cloud.put(FLAG, FLAG_CONTENT)
    [by_job] = active_holds(cloud.bucket(), job="fetch")
    [by_table] = active_holds(cloud.bucket(), tables=["p.d.mart"])
    assert by_job == by_table
    assert str(by_job) == "backfill/tdza until 2026-03-10 08:00:00 UTC (ann; reprocess)"
    assert active_holds(cloud.bucket(), job="other", tables=["d.raw"]) == []


def test_flags_and_holds_come_with_a_list_call_each_and_each_content_is_read_once(cloud: Cloud) -> None:
    bucket = cloud.bucket()
    cloud.put(FLAG, FLAG_CONTENT)
    cloud.put(f"holds/service/web/x@{UNTIL_EIGHT}.json", {"jobs": ["fetch"]})
    cloud.put("holds/job/fetch/over@2026-03-10T06:00:00Z.json", {"jobs": ["fetch"]})
    cloud.put("declaration/current.json")
    cloud.put("ledger/held/fetch.json")
    assert cloud.reads(lambda: active_holds(bucket, job="fetch")) == LISTS + 2
    assert cloud.reads(lambda: active_holds(bucket, tables=["d.mart"])) == 0
    cloud.pass_by(5)
    assert cloud.reads(lambda: active_holds(bucket, job="fetch")) == LISTS
    cloud.put(FLAG, {**FLAG_CONTENT, "jobs": []})  # another generation
    cloud.pass_by(5)
    assert cloud.reads(lambda: active_holds(bucket, job="fetch")) == LISTS + 1
    assert scopes(active_holds(bucket, job="fetch")) == ["service/web"]


def test_a_hold_is_seen_some_seconds_late_but_an_end_is_honoured_at_once(cloud: Cloud) -> None:
    bucket = cloud.bucket()
    assert bucket.active() == []
    cloud.put("holds/job/fetch/x@2026-03-10T06:00:08Z.json")
    cloud.pass_by(4.9)
    assert bucket.active() == []
    cloud.pass_by(0.1)
    assert scopes(bucket.active()) == ["job/fetch"]
    cloud.pass_by(2.9)
    assert scopes(bucket.active()) == ["job/fetch"]
    cloud.pass_by(0.1)
    assert cloud.reads(lambda: scopes(bucket.active())) == 0
    assert bucket.active() == []


def test_the_latest_end_of_a_hold_counts_while_it_is_being_extended(cloud: Cloud) -> None:
    cloud.put("holds/job/fetch/x@2026-03-10T07:00:00Z.json", {"reason": "old"})
    cloud.put("holds/job/fetch/x@2026-03-10T09:00:00Z.json", {"reason": "new"})
    [hold] = active_holds(cloud.bucket(), job="fetch")
    assert (hold.reason, f"{hold.end:%H:%M}") == ("new", "09:00")


def test_a_listing_of_a_thousand_objects_is_read_to_its_end(cloud: Cloud) -> None:
    cloud.put(first := "holds/job/j/x@2026-03-01T00:00:00Z.json")
    names = (f"holds/job/j{number:04}/x@2026-03-0{1 + number % 9}T00:00:00Z.json" for number in range(1, OBJECTS))
    copy_object(cloud.store, BUCKET, first, names)
    last = f"holds/table/d.mart/last@{UNTIL_EIGHT}.json"
    cloud.put(last, {"tables": ["d.mart"]})
    bucket = cloud.bucket()
    flags, holds = 1, 3  # pages of 500 here; Google's have 1,000
    assert cloud.reads(lambda: active_holds(bucket, tables=["d.mart"])) == flags + holds + 1
    assert scopes(active_holds(bucket, tables=["d.mart"])) == ["table/d.mart"]


def test_broken_names_hold_nothing_and_are_logged_once(cloud: Cloud, lines: Lines) -> None:
    broken = [
        "backfills/tdza.json",
        "backfills/tdza@2026-02-30T00:00:00Z.json",
        "holds/all@2099-01-01T00:00:00Z.json",
        "holds/nope/x/id@2099-01-01T00:00:00Z.json",
        "holds/\u202eall/\x1b[31mx@2099-01-01T00:00:00Z.json",
        "holds/all/id@2099-01-01T00:00:00+00:00.json",
    ]
    for name in broken:
        cloud.put(name, FLAG_CONTENT)
    bucket = cloud.bucket()
    for _ in range(2):
        assert active_holds(bucket, job="fetch", tables=["d.mart"]) == []
        cloud.pass_by(5)
    [line] = lines()
    assert (line["event"], line["severity"], line["count"]) == ("guard_objects_ignored", "WARNING", 6)
    assert line["objects"] == sorted(broken)[:5]
    cloud.put("backfills/another", FLAG_CONTENT)
    bucket.active()
    assert [line["count"] for line in lines()] == [6, 7]


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe{", b"[]", b"{" * 200_000, b'{"jobs": ["fetch"], "pad": "' + b"x" * MAX_CONTENT_BYTES + b'"}']
)
def test_of_broken_content_only_the_name_counts_and_it_is_logged(cloud: Cloud, lines: Lines, content: bytes) -> None:
    name = f"holds/table/d.mart/x@{UNTIL_EIGHT}.json"
    cloud.put(name, content)
    bucket = cloud.bucket()
    assert scopes(active_holds(bucket, tables=["d.mart"])) == ["table/d.mart"]
    assert active_holds(bucket, job="fetch") == []
    [line] = lines()
    assert (line["event"], line["objects"]) == ("guard_content_ignored", [name])


def test_an_object_that_is_gone_before_it_is_read_is_looked_for_again(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """An extension between the listing and the reading."""
    old, new = (f"holds/service/web/x@2026-03-10T0{hour}:00:00Z.json" for hour in (7, 9))
    cloud.put(old, {"jobs": ["fetch"]})
    bucket, listed = cloud.bucket(), storage.Client.list_blobs

    def list_then_extend(*args: object, **kwargs: object) -> object:
        found = list(listed(*args, **kwargs))
        if found and found[0].name == old:
            cloud.put(new, {"jobs": ["fetch"]})
            cloud.delete(old)
        return found

    monkeypatch.setattr(storage.Client, "list_blobs", list_then_extend)
    assert [hold.object_name for hold in active_holds(bucket, job="fetch")] == [new]


def test_a_hundred_threads_ask_the_bucket_once(cloud: Cloud) -> None:
    cloud.put(FLAG, FLAG_CONTENT)
    bucket, together = cloud.bucket(), threading.Barrier(20)

    def ask(_: int) -> list[str]:
        together.wait()
        return scopes(active_holds(bucket, job="fetch"))

    def ask_all() -> None:
        with ThreadPoolExecutor(20) as pool:
            assert list(pool.map(ask, range(100))) == [["backfill/tdza"]] * 100

    assert cloud.reads(ask_all) == LISTS + 1


@pytest.mark.parametrize(("on_error", "held"), [("run", False), ("skip", True)])
def test_what_happens_when_the_bucket_cannot_be_read_is_said_and_logged(
    cloud: Cloud, lines: Lines, on_error: str, held: bool
) -> None:
    bucket = HoldBucket("no-such-bucket", client=cloud.client)
    verdict = check(bucket, job="fetch", tables=["d.mart"], on_error=on_error)  # type: ignore[arg-type]
    assert verdict.held is held
    assert verdict.until is None
    assert verdict.reason.startswith("the bucket no-such-bucket can't be read: 404")
    [line] = lines()
    assert (line["event"], line["on_error"], line["job"], line["tables"]) == (
        "guard_bucket_unreadable",
        on_error,
        "fetch",
        ["d.mart"],
    )
    with pytest.raises(BucketUnreadable, match="no-such-bucket"):
        active_holds(bucket, job="fetch")


def test_that_it_could_not_be_read_is_kept_for_as_long_as_an_answer(cloud: Cloud) -> None:
    bucket = HoldBucket("made-later", client=cloud.client, clock=lambda: cloud.now, monotonic=lambda: cloud.ticks)

    def ask() -> None:
        with pytest.raises(BucketUnreadable):
            bucket.active()

    assert 1 <= cloud.reads(ask) <= LISTS, "the lists are asked for at once, and the first error ends it"
    cloud.client.create_bucket("made-later")
    cloud.pass_by(4.9)
    assert cloud.reads(ask) == 0
    cloud.pass_by(0.1)
    assert bucket.active() == []


def test_a_bucket_that_does_not_answer_is_given_up() -> None:
    nowhere = storage.Client(
        project="p",
        credentials=storage.Client.create_anonymous_client()._credentials,
        client_options={"api_endpoint": "http://127.0.0.1:9"},  # discard: nobody listens
    )
    bucket = HoldBucket(BUCKET, client=nowhere, patience_s=0.1)
    assert check(bucket, job="fetch", on_error="skip").held


def test_no_credentials_are_a_bucket_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent/key.json")
    with pytest.raises(BucketUnreadable, match=r"key\.json"):
        active_holds("any", job="fetch")

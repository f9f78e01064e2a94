"""What a reconcile reads: as little as it takes, and again where it has acted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.holds import FLAG_PREFIX, HOLD_PREFIX
from interlock.runtime.declaration_file import OBJECT, PREFIX
from interlock.runtime.ledger import LEDGER_PREFIX
from interlock.runtime.ports import Item, Refused
from interlock.runtime.reconcile import reconcile
from interlock.runtime.remembering import Remembering
from tests.interlock.cloud import REGION, Cloud, at

NOON = "2026-03-11 12:00"
WHOLE, JOBS = ("list", ""), ("jobs", REGION)


@pytest.fixture
def sky() -> Cloud:
    return Cloud(now=at(NOON), lists_all=True)


def test_a_tick_with_nothing_to_do_lists_the_bucket_twice_and_reads_no_content_twice(sky: Cloud) -> None:
    outside = replace(sky.outside(), bucket=Remembering(sky.outside().bucket))
    assert reconcile(outside).settled
    assert sky.calls == [WHOLE, ("read", OBJECT), JOBS, WHOLE]
    sky.calls.clear()
    assert reconcile(outside).settled
    assert sky.calls == [WHOLE, JOBS, WHOLE], "and once more, whether all stands still"


def test_who_has_paused_a_job_looks_again_whether_all_stands_still(sky: Cloud) -> None:
    sky.put("holds/job/fetch/me@2026-03-11T15:00:00Z.json")
    assert sky.reconcile().settled
    assert sky.paused() == {"fetch", "off"}
    assert sky.calls.index(("pause", "fetch")) < len(sky.calls) - 1 - sky.calls[::-1].index(WHOLE)


def test_a_hold_that_goes_while_its_job_is_paused_leaves_it_running(sky: Cloud) -> None:
    name = "holds/job/fetch/me@2026-03-11T15:00:00Z.json"
    sky.put(name)

    def released(call: tuple[str, str]) -> None:
        if call == ("pause", "fetch"):
            sky.objects.pop(name, None)

    sky.fails = released
    sky.reconcile()
    assert sky.paused() == {"off"}


def test_who_may_not_list_the_bucket_as_a_whole_lists_what_it_may(sky: Cloud) -> None:
    def refuses(call: tuple[str, str]) -> None:
        if call == WHOLE:
            raise Refused(403, "storage.objects.list")

    sky.fails = refuses
    sky.put("holds/job/fetch/me@2026-03-11T15:00:00Z.json")
    assert sky.reconcile().settled
    assert sky.paused() == {"fetch", "off"}
    assert {("list", prefix) for prefix in (PREFIX, FLAG_PREFIX, HOLD_PREFIX, LEDGER_PREFIX)} < {*sky.calls}


def test_another_refusal_of_that_list_stops_a_reconcile(sky: Cloud) -> None:
    def refuses(call: tuple[str, str]) -> None:
        if call == WHOLE:
            raise Refused(401, "who are you?")

    sky.fails = refuses
    assert not sky.reconcile().settled
    assert sky.calls == [WHOLE]


def test_what_is_remembered_is_of_one_generation(sky: Cloud) -> None:
    bucket = Remembering(sky.outside().bucket)
    sky.put("holds/a", b"old")
    [old] = bucket.list("holds/")
    assert bucket.read(old) == b"old"
    sky.put("holds/a", b"new")
    [new] = bucket.list("holds/")
    assert (bucket.read(new), bucket.read(old)) == (b"new", b"old")


def test_what_was_gone_when_it_was_read_first_is_not_remembered(sky: Cloud) -> None:
    bucket = Remembering(sky.outside().bucket)
    gone = Item(name="holds/gone", generation=1)
    assert bucket.read(gone) is None
    sky.objects["holds/gone"] = (1, b"back")
    assert bucket.read(gone) == b"back"


@given(sizes=st.lists(st.integers(0, 12), max_size=20))
def test_no_more_is_remembered_than_there_is_room_for(sizes: list[int]) -> None:
    sky = Cloud(now=at(NOON))
    bucket = Remembering(sky.outside().bucket, max_bytes=20)
    for number, size in enumerate(sizes):
        sky.put(f"holds/{number}", b"x" * size)
        [item] = bucket.list(f"holds/{number}")
        assert bucket.read(item) == b"x" * size
        assert bucket.remembered <= 20
        sky.calls.clear()
        assert bucket.read(item) == b"x" * size
        assert sky.calls == [], "what was read last is there still"

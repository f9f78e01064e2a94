"""The adapters of the run-time ports against the emulator, and against servers that refuse or fall silent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from google.cloud import scheduler_v1

from interlock.actual import UNREADABLE
from interlock.gcp.ports import GoogleBucket, GoogleScheduler
from interlock.gcp.scheduler import actual_job, rest_client
from interlock.gcp.storage import list_flags, remove_flags, storage_client
from interlock.runtime.ports import Item, Refused, Unknown
from local.emulator import Running, serve
from local.emulator.scheduler import REGIONS

PROJECT, BUCKET, REGION = "interlock-local", "interlock-local-coordination", "us-west2"
NAME = f"projects/{PROJECT}/locations/{REGION}/jobs/scraper"


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """An emulator with the bucket and one job."""
    with serve(tmp_path / "state") as running:
        monkeypatch.setenv("INTERLOCK_LOCAL_URL", running.url)
        storage_client(PROJECT).create_bucket(BUCKET)
        target = scheduler_v1.HttpTarget(uri="https://nothing.invalid/")
        job = scheduler_v1.Job(name=NAME, schedule="15 * * * *", time_zone="Etc/UTC", http_target=target)
        rest_client().create_job(parent=NAME.rpartition("/jobs/")[0], job=job)
        yield running


@pytest.fixture
def bucket(cloud: Running) -> GoogleBucket:
    """The adapter of the bucket."""
    del cloud
    return GoogleBucket(PROJECT, BUCKET)


@pytest.fixture
def scheduler(cloud: Running) -> GoogleScheduler:
    """The adapter of Cloud Scheduler."""
    del cloud
    return GoogleScheduler(PROJECT)


def test_an_object_is_made_once_and_read_and_deleted_by_its_generation(bucket: GoogleBucket) -> None:
    name = "holds/table/a.b$2026/breaker@2026-11-23T18:00:00Z.json"
    assert bucket.create(name, b"{}")
    assert not bucket.create(name, b"other")
    assert bucket.create("other/x.json", b"")
    [item] = bucket.list("holds/")
    assert item.name == name
    assert bucket.read(item) == b"{}"
    old = Item(name=name, generation=item.generation - 1)
    assert bucket.read(old) is None
    assert not bucket.delete(old)
    assert bucket.delete(item)
    assert not bucket.delete(item)
    assert bucket.read(item) is None
    assert bucket.list("holds/") == []
    [empty] = bucket.list("other/")
    assert bucket.read(empty) == b""


def test_a_listing_says_when_each_object_was_written_and_how_long_it_is(bucket: GoogleBucket) -> None:
    bucket.create("holds/x", b"12345")
    [item] = bucket.list("holds/")
    assert item.size == 5
    assert item.created is not None
    assert item.created.tzinfo is not None


def test_a_listing_says_what_a_writer_has_said_of_an_object(bucket: GoogleBucket) -> None:
    blob = storage_client(PROJECT).bucket(BUCKET).blob("board/x")
    blob.metadata = {"shows": "this"}
    blob.upload_from_string(b"")
    bucket.create("board/y", b"")
    assert [item.metadata for item in bucket.list("board/")] == [{"shows": "this"}, {}]


def test_a_flag_that_was_written_again_since_it_was_listed_stays(bucket: GoogleBucket) -> None:
    name, other = "backfills/marts@2026-11-23T18:00:00Z.json", "backfills/marts@2026-11-24T18:00:00Z.json"
    for each in (name, other):
        bucket.create(each, b"{}")
    listed = list_flags(PROJECT, BUCKET, ["marts"])
    storage_client(PROJECT).bucket(BUCKET).blob(name).upload_from_string(b"somebody turned it on again")
    assert remove_flags(PROJECT, BUCKET, listed) == [other]
    assert [item.name for item in bucket.list("backfills/")] == [name]


def test_a_job_in_a_state_of_a_later_api_is_told_apart_and_the_others_are_listed() -> None:
    job = scheduler_v1.Job(name=NAME, schedule="15 * * * *", time_zone="Etc/UTC")
    scheduler_v1.Job.pb(job).state = 99
    found = actual_job(job, REGION)
    assert (found.name, found.region, found.state) == ("scraper", REGION, UNREADABLE)


def test_an_old_generation_of_a_bucket_with_versions_is_gone(bucket: GoogleBucket) -> None:
    real = storage_client(PROJECT).get_bucket(BUCKET)
    real.versioning_enabled = True
    real.patch()
    bucket.create("x.json", b"old")
    [old] = bucket.list("")
    real.blob("x.json").upload_from_string(b"new")
    assert bucket.read(old) is None
    assert not bucket.delete(old)


def test_a_job_is_listed_paused_resumed_and_run(scheduler: GoogleScheduler) -> None:
    scheduler.pause(REGION, "scraper")
    assert [(job.name, job.region, job.state, job.last_attempt) for job in scheduler.list(REGION)] == [
        ("scraper", REGION, "PAUSED", None)
    ]
    scheduler.resume(REGION, "scraper")
    scheduler.run(REGION, "scraper")
    [job] = scheduler.list(REGION)
    assert job.state == "ENABLED"
    assert job.last_attempt is not None


def test_a_job_that_is_paused_already_is_paused_though_google_refuses_that(cloud: Running, scheduler: GoogleScheduler) -> None:
    cloud.faults.add("strict_pause")
    scheduler.pause(REGION, "scraper")
    scheduler.pause(REGION, "scraper")
    [job] = scheduler.list(REGION)
    assert job.state == "PAUSED"
    cloud.faults.add("POST :resume$ 400")
    with pytest.raises(Refused):
        scheduler.resume(REGION, "scraper")


def test_all_regions_are_listed(scheduler: GoogleScheduler) -> None:
    assert scheduler.regions() == sorted(REGIONS)


Call = Callable[[GoogleBucket, GoogleScheduler], object]
ITEM = Item(name="x", generation=7)
CALLS: dict[str, Call] = {
    "list objects": lambda bucket, _: bucket.list(""),
    "read": lambda bucket, _: bucket.read(ITEM),
    "create": lambda bucket, _: bucket.create("x", b""),
    "delete": lambda bucket, _: bucket.delete(ITEM),
    "list jobs": lambda _, scheduler: scheduler.list(REGION),
    "list regions": lambda _, scheduler: scheduler.regions(),
    "pause": lambda _, scheduler: scheduler.pause(REGION, "scraper"),
    "resume": lambda _, scheduler: scheduler.resume(REGION, "scraper"),
}
RUN: Call = lambda _, scheduler: scheduler.run(REGION, "scraper")  # noqa: E731


@pytest.mark.parametrize("code", [409, 429, 503])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_refusal_carries_its_status_and_is_not_tried_again(cloud: Running, call: Call, code: int) -> None:
    bucket, scheduler = GoogleBucket(PROJECT, BUCKET), GoogleScheduler(PROJECT)
    cloud.faults.add(f"* . {code} x1")
    with pytest.raises(Refused) as refused:
        call(bucket, scheduler)
    assert refused.value.code == code
    assert cloud.faults.describe()["faults"] == [{"fault": f"* . {code} x1", "hits": 1}]


@pytest.mark.parametrize(("code", "expected"), [(409, Refused), (429, Refused), (500, Unknown), (503, Unknown)])
def test_a_run_is_turned_down_for_sure_only_below_500(
    cloud: Running, scheduler: GoogleScheduler, code: int, expected: type[Exception]
) -> None:
    cloud.faults.add(f"POST :run$ {code} x1")
    with pytest.raises(expected):
        scheduler.run(REGION, "scraper")
    assert cloud.faults.describe()["faults"] == [{"fault": f"POST :run$ {code} x1", "hits": 1}]


@pytest.mark.parametrize("call", [*CALLS.values(), RUN], ids=[*CALLS, "run"])
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"], ids=["no answer", "500"])
def test_without_a_clear_answer_the_outcome_is_unknown(monkeypatch: pytest.MonkeyPatch, call: Call, answer: bytes) -> None:
    with _Rude(answer) as rude:
        monkeypatch.setenv("INTERLOCK_LOCAL_URL", rude.url)
        bucket, scheduler = GoogleBucket(PROJECT, BUCKET), GoogleScheduler(PROJECT)
        with pytest.raises(Unknown):
            call(bucket, scheduler)
    assert rude.requests == 1


def _answer(body: bytes, header: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{header}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"", b"null", b"\xff", b"[" * 100_000, b'{"items": null, "jobs": [null], "locations": 7}'],
    ids=["a proxy's page", "nothing", "null", "no text", "too deep", "other types"],
)
@pytest.mark.parametrize("kind", ["list objects", "list jobs", "list regions", "pause", "resume", "run"])
def test_an_answer_that_is_none_of_googles_is_no_outcome(monkeypatch: pytest.MonkeyPatch, kind: str, body: bytes) -> None:
    with _Rude(_answer(body)) as rude:
        monkeypatch.setenv("INTERLOCK_LOCAL_URL", rude.url)
        bucket, scheduler = GoogleBucket(PROJECT, BUCKET), GoogleScheduler(PROJECT)
        if b"items" in body and "list" not in kind:
            {**CALLS, "run": RUN}[kind](bucket, scheduler)  # what is unknown in an answer is left out
            return
        with pytest.raises(Unknown) as unknown:
            {**CALLS, "run": RUN}[kind](bucket, scheduler)
    assert str(unknown.value).isprintable()


def test_a_content_that_was_damaged_on_its_way_is_no_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    with _Rude(_answer(b"{}", "X-Goog-Hash: crc32c=AAAAAA==,md5=AAAAAAAAAAAAAAAAAAAAAA==\r\n")) as rude:
        monkeypatch.setenv("INTERLOCK_LOCAL_URL", rude.url)
        with pytest.raises(Unknown, match="Checksum mismatch"):
            GoogleBucket(PROJECT, BUCKET).read(ITEM)


def test_a_missing_bucket_is_refused_with_404(cloud: Running) -> None:
    del cloud
    with pytest.raises(Refused) as refused:
        GoogleBucket(PROJECT, "another-bucket").list("")
    assert refused.value.code == 404


class _Rude:
    """Takes each request, sends `answer`, and hangs up."""

    def __init__(self, answer: bytes) -> None:
        self._answer, self.requests = answer, 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> _Rude:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                self.requests += 1
                connection.sendall(self._answer)

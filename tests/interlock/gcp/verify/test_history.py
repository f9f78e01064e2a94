"""The versions of the bucket's objects through the real client: what is gone is there still, with its content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.gcp import CloudError
from interlock.gcp.storage import storage_client
from interlock.gcp.verify.history import keeps_versions, read_contents, read_versions
from interlock.verify.history import holds_between
from local.emulator import Running, serve
from tests.interlock.cloud import at
from tests.local.plain import Rest

PROJECT, BUCKET = "interlock-local", "interlock-local-coordination"
FLAG = "backfills/games@2026-03-10T20:00:00Z.json"


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with serve(tmp_path / "state") as running:
        monkeypatch.setenv("INTERLOCK_LOCAL_URL", running.url)
        yield running


def make(versions: bool) -> None:
    bucket = storage_client(PROJECT).bucket(BUCKET)
    bucket.versioning_enabled = versions
    storage_client(PROJECT).create_bucket(bucket)


def test_a_flag_that_was_deleted_says_when_and_what_it_held(cloud: Running) -> None:
    make(versions=True)
    bucket, rest = storage_client(PROJECT).bucket(BUCKET), Rest(cloud.url)
    rest("POST", "/_local/clock", {"set": "2026-03-10T08:00:00Z"})
    bucket.blob(FLAG).upload_from_string('{"jobs": ["fetch"], "owner": "ana"}')
    bucket.blob("holds/job/a/x@2026-03-10T09:00:00Z.json").upload_from_string("no JSON \x00")
    bucket.blob("ledger/held/fetch.json").upload_from_string("{}")
    bucket.blob("declaration/current.json").upload_from_string("{}")
    rest("POST", "/_local/clock", {"set": "2026-03-10T10:00:00Z"})
    bucket.blob(FLAG).delete()
    versions = read_versions(PROJECT, BUCKET)
    assert [(v.name, v.created, v.deleted) for v in versions] == [
        (FLAG, at("2026-03-10 08:00"), at("2026-03-10 10:00")),
        ("holds/job/a/x@2026-03-10T09:00:00Z.json", at("2026-03-10 08:00"), None),
        ("ledger/held/fetch.json", at("2026-03-10 08:00"), None),
    ]
    held = holds_between(versions, at("2026-03-09 12:00"), at("2026-03-10 12:00"))
    flag, broken = read_contents(PROJECT, BUCKET, held)
    assert (flag.hold.owner, flag.hold.jobs, flag.span.stop) == ("ana", {"fetch"}, at("2026-03-10 10:00"))
    assert broken.hold.owner is None
    assert keeps_versions(PROJECT, BUCKET) is True


def test_a_version_that_is_gone_between_two_looks_adds_nothing(cloud: Running) -> None:
    del cloud
    make(versions=False)
    assert keeps_versions(PROJECT, BUCKET) is False
    blob = storage_client(PROJECT).bucket(BUCKET).blob("backfills/games@2099-03-10T20:00:00Z.json")
    blob.upload_from_string("{}")
    [version] = read_versions(PROJECT, BUCKET)
    blob.delete()
    [past] = holds_between([version], version.created, at("2099-01-01"))
    assert read_contents(PROJECT, BUCKET, [past]) == [past]


def test_who_may_not_see_the_bucket_itself_is_not_told_whether_it_keeps_versions(cloud: Running) -> None:
    make(versions=True)
    Rest(cloud.url)("POST", "/_local/faults", {"faults": [f"GET /b/{BUCKET}$ 403"]})
    assert keeps_versions(PROJECT, BUCKET) is None


def test_a_bucket_that_is_not_there_is_said_with_the_next_command(cloud: Running) -> None:
    del cloud
    with pytest.raises(CloudError, match="deploy the coordination stack first: make deploy"):
        read_versions(PROJECT, BUCKET)

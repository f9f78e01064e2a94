"""The guard against the local target: an emulated bucket of its own for each test, read with the real google-cloud-storage."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.cloud import storage
from interlock_guard import HoldBucket
from interlock_guard.objects import Hold

from local import emulator as target
from local.emulator.store import Store
from tests.guard.appending import SCHEMA, TABLE
from tests.guard.bigquery_server import Engine, Server, serving
from tests.local.plain import Rest

BUCKET = "coordination"
NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)
UNTIL_EIGHT = "2026-03-10T08:00:00Z"
FLAG = f"backfills/tdza@{UNTIL_EIGHT}.json"
FLAG_CONTENT = {"backfill": "tdza", "until": UNTIL_EIGHT, "reason": "reprocess", "owner": "ann"}
FLAG_CONTENT |= {"jobs": ["fetch"], "tables": ["d.mart"]}  # type: ignore[dict-item]


@dataclass
class Cloud:
    """The emulated bucket, and clocks that stand where a test puts them."""

    rest: Rest
    client: storage.Client
    store: Store
    now: datetime = NOW
    ticks: float = 0.0
    """The monotonic clock, in seconds."""

    def bucket(self, **settings: float) -> HoldBucket:
        """A new reader of the bucket."""
        clocks = {"clock": lambda: self.now, "monotonic": lambda: self.ticks}
        return HoldBucket(BUCKET, client=self.client, **clocks, **settings)  # type: ignore[arg-type]

    def put(self, name: str, content: object = None) -> None:
        """Writes an object; content that is no bytes as JSON."""
        body = content if isinstance(content, bytes) else json.dumps(content or {}).encode()
        self.client.bucket(BUCKET).blob(name).upload_from_string(body)

    def delete(self, name: str) -> None:
        """Deletes one."""
        self.client.bucket(BUCKET).blob(name).delete()

    def pass_by(self, seconds: float) -> None:
        """Moves both clocks on."""
        self.now, self.ticks = self.now + timedelta(seconds=seconds), self.ticks + seconds

    def reads(self, act: Callable[[], object]) -> int:
        """How many calls the emulator answers meanwhile."""
        self.rest("DELETE", "/_local/requests")
        act()
        return int(self.rest("GET", "/_local/requests").json["reads"])


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An emulator with an empty bucket; the surroundings are those of `local run`."""
    with target.serve(tmp_path / "cloud") as running:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", running.url)
        # Else google-cloud-storage asks for the bucket itself once, in a thread of its own, and is counted now or later.
        monkeypatch.setenv("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
        client = storage.Client(project="p")
        client.create_bucket(BUCKET)
        yield Cloud(rest=Rest(running.url), client=client, store=running.runtime.store)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, object]]]:
    """What the guard has logged so far, each line read as JSON."""
    caplog.set_level(logging.WARNING, "interlock_guard")
    return lambda: [json.loads(record.getMessage()) for record in caplog.records if record.name == "interlock_guard"]


def scopes(holds: list[Hold]) -> list[str]:
    """The scopes of some holds."""
    return [hold.scope for hold in holds]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the retries of Google's library have slept: nothing, but they say how long. A thread that another test has left
    behind sleeps on: it would count here, and retry without a pause."""
    slept: list[float] = []
    others, sleep = set(threading.enumerate()) - {threading.current_thread()}, time.sleep

    def instead(seconds: float) -> None:
        (sleep if threading.current_thread() in others else slept.append)(seconds)

    monkeypatch.setattr("google.api_core.retry.retry_unary.time.sleep", instead)
    return slept


@pytest.fixture(scope="module")
def bigquery() -> Iterator[Server]:
    with serving(Engine()) as running:
        yield running


@pytest.fixture
def server(bigquery: Server) -> Server:
    """The one server of a module, as new."""
    url = bigquery.url
    bigquery.__init__(Engine())  # type: ignore[misc]
    bigquery.url = url
    bigquery.declare(TABLE, SCHEMA)
    return bigquery

"""Scrapers are deployed apart from Interlock: a guard of an earlier commit reads what is written now as this one does, and this
one reads what an earlier commit wrote.

`upgrade/objects_7fadadb.py` is that commit's reading, as it was: it is never changed.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from interlock_guard import objects

from tests.guard.published import SCHEMA, faults
from tests.guard.upgrade import objects_7fadadb as earlier
from tests.interlock.cloud import Cloud, at
from tests.interlock.runtime.test_operations import incident

NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)
SUBJECTS = [("fetch", ()), ("mart", ()), ("other", ("d.raw",)), (None, ("d.mart",)), (None, ("d.raw", "d.mart$20260310"))]
"""Jobs and tables to ask about."""
WRITTEN_THEN = {
    "backfills/tdza@2026-03-10T08:00:00Z.json": {
        "backfill": "tdza", "until": "2026-03-10T08:00:00Z", "reason": "r", "owner": "o", "jobs": ["fetch"],
        "tables": ["d.mart"]
    },
    "backfills/old@2026-03-10T08:00:00Z.json": {
        "backfill": "old", "until": "2026-03-10T08:00:00Z", "reason": "", "owner": "", "jobs": ["fetch", "mart"]
    },
    "holds/table/d.mart/breaker@2026-03-10T08:00:00Z.json": {
        "scope": "table/d.mart", "id": "breaker", "start": "2026-03-10T06:00:00Z", "until": "2026-03-10T08:00:00Z",
        "reason": "serialization conflicts", "owner": "circuit breaker", "jobs": ["mart"], "tables": ["d.mart"]
    },
    "holds/window/nightly/20260310T060000Z@2026-03-10T08:00:00Z.json": {
        "scope": "window/nightly", "id": "20260310T060000Z", "start": "2026-03-10T06:00:00Z", "until": "2026-03-10T08:00:00Z",
        "reason": "", "owner": "", "jobs": ["fetch"], "tables": ["d.raw"]
    },
    "holds/all/at-1@2026-03-10T08:00:00Z.json": {
        "scope": "all", "id": "at-1", "start": "2026-03-10T06:00:00Z", "until": "2026-03-10T08:00:00Z", "reason": "r",
        "owner": "o", "jobs": ["fetch", "mart"], "tables": ["d.mart", "d.raw"]
    },
}  # fmt: skip
"""Names and contents as that commit's stacks and coordinator have them; `old` is from before there were tables."""


def meaning(read: object, name: str, content: bytes) -> tuple[object, ...] | None:
    """What one of the two makes of an object."""
    named = read.parse_name(name)  # type: ignore[attr-defined]
    if named is None:
        return None
    full = read.with_content(named, content) or named  # type: ignore[attr-defined]
    said = (full.scope, full.id, full.end, full.reason, full.owner, full.jobs, full.tables)
    return (*said, *(full.covers(job, tables) for job, tables in SUBJECTS))


@pytest.mark.parametrize("name", WRITTEN_THEN)
def test_what_was_written_then_is_read_as_it_was(name: str) -> None:
    content = json.dumps(WRITTEN_THEN[name])
    assert faults(json.loads(content), SCHEMA) == []
    found = meaning(objects, name, content.encode())
    assert found == meaning(earlier, name, content.encode())
    assert found
    assert any(found[-len(SUBJECTS) :]), "it covers something that is asked about"


def test_what_is_written_now_means_the_same_to_a_guard_of_then() -> None:
    """Holds of every scope, a window's and the breaker's, as the coordinator writes them."""
    written: dict[str, bytes] = {}
    for scope in Cloud(now=NOW).declared.scopes:
        sky = Cloud(now=NOW)
        sky.ask(json.dumps({"action": "hold", "scope": scope, "for_s": 7200, "reason": "r", "owner": "o"}).encode())
        written |= {name: sky.objects[name][1] for name in sky.names("holds/")}
    window = Cloud(now=at("2026-03-10 08:00"))
    window.reconcile()
    broken = Cloud(now=NOW)
    broken.ask(incident())
    written |= {name: sky.objects[name][1] for sky in (window, broken) for name in sky.names("holds/")}
    assert {name.split("/")[1] for name in written} >= {"all", "backfill", "job", "service", "table", "window"}
    for name, content in written.items():
        found = meaning(earlier, name, content)
        assert found is not None, name
        assert found == meaning(objects, name, content)


@pytest.mark.parametrize("name", ["holds/nope/x/id@2099-01-01T00:00:00Z.json", "backfills/b@2026-02-30T00:00:00Z.json"])
def test_what_held_nothing_then_holds_nothing_now(name: str) -> None:
    assert meaning(earlier, name, b"{}") is meaning(objects, name, b"{}") is None

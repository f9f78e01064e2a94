"""What the coordinator asks of Google: for a tick with nothing to do, counted by the emulator, and how much of it at a time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Lock

import pytest

from coordinator import main
from interlock.actual import PAUSED
from interlock.declaration import Declaration
from interlock.declare import declare
from interlock.gcp.storage import storage_client
from interlock.holds import HOLD_PREFIX
from interlock.runtime import operations
from interlock.runtime.declaration_file import OBJECT, PARTS, to_json
from interlock.runtime.ledger import held_name
from interlock.runtime.requests import HoldRequest
from local.emulator import Running, serve
from local.emulator.attempts import JOBS
from tests.coordinator.memory import Call, World
from tests.interlock.cloud import environment
from tests.local.plain import Rest
from tests.shop import shop

PROJECT, BUCKET = "interlock-local", "interlock-local-coordination"
TICK = b'{"action": "reconcile"}'
LIST_JOBS, LIST, READ = "cloudscheduler.projects.locations.jobs.list", "storage.objects.list", "storage.objects.get"
PAGE = 500
"""Jobs: https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs/list"""


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """An emulator with the bucket; the coordinator is deployed there, and nothing of another one is remembered."""
    with serve(tmp_path / "state") as running:
        monkeypatch.setenv("INTERLOCK_LOCAL_URL", running.url)
        monkeypatch.setenv(main.PROJECT, PROJECT)
        monkeypatch.setenv(main.BUCKET, BUCKET)
        storage_client(PROJECT).create_bucket(BUCKET)
        for kept in (main.outside, main.shelf):
            kept.cache_clear()
        yield running
        for kept in (main.outside, main.shelf):
            kept.cache_clear()


def asked(cloud: Running) -> Counter[str]:
    """Which calls a tick makes that finds everything right."""
    rest = Rest(cloud.url)
    rest("DELETE", "/_local/requests")
    code, content = main.answer("POST", main.JSON_TYPE, TICK, main.outside, keep=main.keep_board)
    assert (code, content["ok"]) == (200, True)
    return Counter(rest("GET", "/_local/requests").json["methods"])


ONE, SEVEN = [OBJECT], [f"{PARTS}{name}.json" for name in "abcdefg"]


@pytest.mark.parametrize(
    ("platforms", "jobs"),
    [
        pytest.param(ONE, 3, id="one"),
        pytest.param(SEVEN, 3, id="seven"),
        pytest.param(ONE, PAGE + 1, id="more jobs than on a page"),
    ],
)
def test_a_tick_with_nothing_to_do_reads_the_jobs_and_two_lists_of_the_bucket(
    cloud: Running, platforms: list[str], jobs: int
) -> None:
    declared = many(jobs)
    for name in platforms:
        storage_client(PROJECT).bucket(BUCKET).blob(name).upload_from_string(to_json(declared))
    make(declared, cloud)
    pages = -(-jobs // PAGE)
    first = asked(cloud)
    assert first[READ] == len(platforms), "an instance reads each declaration once"
    assert asked(cloud) == {LIST_JOBS: pages, LIST: 2}, "and the board costs nothing while it is as it should be"


class Busy:
    """Sees how many calls of a world are under way. `each` pauses and as many marks have to be so at once, or it fails."""

    def __init__(self, world: World, each: int) -> None:
        self.world, self.each = world, each
        self.most, self.unmarked = Counter[str](), set[str]()
        self._now, self._begun, self._lock = Counter[str](), Counter[str](), Lock()
        self._meeting = Barrier(2 * each)

    def __call__(self, call: Call) -> None:
        if call.kind not in ("create", "pause") or call.about.startswith(HOLD_PREFIX):
            return
        if call.kind == "pause" and held_name(call.about) not in self.world.objects:
            self.unmarked.add(call.about)
        with self._lock:
            self._now[call.kind] += 1
            self._begun[call.kind] += 1
            self.most[call.kind] = max(self.most[call.kind], self._now[call.kind])
            first = {"create": self.each, "pause": 0}[call.kind]
            meets = first < self._begun[call.kind] <= first + self.each
        if meets:  # the first to be paused, and the next to be marked
            self._meeting.wait(timeout=60)
        time.sleep(0.001)  # long enough for one that is too many to come
        with self._lock:
            self._now[call.kind] -= 1


@pytest.mark.parametrize("each", [2, 5])
def test_while_jobs_are_paused_the_marks_of_the_next_are_written_and_no_api_gets_more_calls_than_it_may(each: int) -> None:
    world = World()
    world.declare(many(6 * each))
    world.fail = busy = Busy(world, each)
    request = HoldRequest(scope="all", until=timedelta(hours=2), reason="r", owner="o", id="at-once")
    assert operations.serve(replace(world.outside(), concurrent=each), request).settled
    assert {*world.states().values()} == {PAUSED}
    assert busy.most == {"create": each, "pause": each}
    assert busy.unmarked == set(), "no job is paused before the ledger says so"


def many(jobs: int) -> Declaration:
    """So many jobs of one region, each the same."""
    known = declare(shop(), environment())
    one = next(job for job in known.jobs.values() if not job.paused)
    named = {f"job-{number}": replace(one, name=f"job-{number}", scheduler_name=f"job-{number}") for number in range(jobs)}
    same = {name: replace(job, after=(), digests={}) for name, job in named.items()}
    return replace(known, jobs=same, scopes={"all": tuple(same)}, tables={}, windows={}, seasons={})


def make(declared: Declaration, cloud: Running) -> None:
    """The jobs: one as a deploy makes it, and the others like it."""
    store = cloud.runtime.store
    (name, job), *others = declared.jobs.items()
    parent = f"projects/{PROJECT}/locations/{job.region}/jobs"
    target = {"uri": "https://nothing.invalid/"}
    content = {"name": f"{parent}/{name}", "schedule": str(job.schedule), "timeZone": job.time_zone, "httpTarget": target}
    assert Rest(cloud.url)("POST", f"/v1/{parent}", content).status == 200
    with store.transaction():
        made = store.get(JOBS, f"{parent}/{name}")
        assert made is not None
        for other, _ in others:
            store.put(JOBS, f"{parent}/{other}", made | {"name": f"{parent}/{other}"})

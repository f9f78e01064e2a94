"""A bucket, a Cloud Scheduler and a clock in memory, whose calls can be made to fail, for the tests of the run-time core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from interlock.actual import ActualJob
from interlock.catalog import Json
from interlock.declaration import Declaration
from interlock.declare import declare
from interlock.environment import Environment
from interlock.reading.files import load_environment
from interlock.runtime.callers import DIRECTLY, Caller
from interlock.runtime.declaration_file import OBJECT, to_json
from interlock.runtime.operations import serve
from interlock.runtime.outside import Outside
from interlock.runtime.ports import Item, Refused
from interlock.runtime.reconcile import reconcile
from interlock.runtime.report import Record, Report
from interlock.runtime.requests import parse_request
from tests.interlock.catalogs import load

ROOT = Path(__file__).parents[2]
REGION = "us-west2"
TICK = timedelta(minutes=10)


def at(text: str) -> datetime:
    """An instant of UTC, as `2026-03-10 08:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def records(report: Report, event: str) -> list[Record]:
    """Those of one event."""
    return [record for record in report.records if record.event == event]


@cache
def environment() -> Environment:
    """The local one: ticks of 10 minutes, holds of at most 4 days, a breaker of 30 minutes."""
    return load_environment(ROOT / "environments", "local")


HEAD = """\
defaults: {owner: data, time_zone: Etc/UTC, region: us-west2, deadline: 60s, retry: once, catch_up: latest}
retry_profiles:
  once: {attempts: 0, min_backoff: 5s, max_backoff: 5s, doublings: 0, max_duration: 0s}
services:
  scrapers: {kind: run, starts_per_minute: 2}
  marts: {kind: run}
processors:
  raw: {service: scrapers, expect: 5m, tables: {d.raw: [append]}}
  mart: {service: marts, expect: 20m, tables: {d.raw: [read], d.mart: [mutate]}}
"""
JOBS = """\
jobs:
  fetch: {description: d, schedule: "15 * * * *", target: {service: scrapers}, runs: [raw]}
  also: {description: d, schedule: "45 * * * *", target: {service: scrapers}, catch_up: skip}
  mart: {description: d, schedule: "30 * * * *", target: {service: marts}, runs: [mart]}
  off: {description: d, schedule: "15 * * * *", target: {service: scrapers}, paused: {reason: r, owner: o, review: 2030-01-01}}
"""
WINDOWS = """\
windows:
  weekly: {schedule: "0 8 * * 2", duration: 2h, covers: [service/scrapers], reason: deploys}
"""
BACKFILLS = """\
backfills:
  mart: {description: d, expect: 2h, tables: {d.mart: [mutate]}, protect: [outputs]}
"""


@cache
def declaration(text: str = HEAD + JOBS + WINDOWS + BACKFILLS) -> Declaration:
    """What the catalog in `text` declares. Most tests are about a few of these."""
    return declare(load(text), environment())


def key(region: str, job: str) -> str:
    """How a job is called here."""
    return job if region == REGION else f"{region}/{job}"


@dataclass
class Cloud:
    """Everything outside. `fails((kind, subject))` is asked before each call, and may raise. Jobs go by their names, those of
    other regions than `REGION` with the region in front."""

    now: datetime
    declared: Declaration = field(default_factory=declaration)
    objects: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    attempts: dict[str, datetime] = field(default_factory=dict)
    resources: dict[str, dict[str, Json]] = field(default_factory=dict)
    """What else Cloud Scheduler says of a job."""
    runs: list[str] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    log: list[Record] = field(default_factory=list)
    slept: float = 0.0
    written: dict[str, datetime] = field(default_factory=dict)
    """When each object was."""
    fails: Callable[[tuple[str, str]], object] = str
    generation: int = 0
    lists_all: bool = False
    """Whether the bucket is listed as a whole, as the deployed coordinator does."""

    def __post_init__(self) -> None:
        self.put(OBJECT, to_json(self.declared).encode())
        self.written[OBJECT] -= timedelta(days=1)  # deployed yesterday
        for job in self.declared.jobs.values():
            self.states[key(job.region, job.scheduler_name)] = "PAUSED" if job.paused else "ENABLED"

    def put(self, name: str, content: bytes = b"{}") -> None:
        """Writes an object, whoever may do so."""
        self.generation += 1
        self.objects[name] = (self.generation, content)
        self.written[name] = self.now

    def names(self, prefix: str = "") -> list[str]:
        """The objects whose names begin with `prefix`, without the declaration."""
        return sorted(name for name in self.objects if name.startswith(prefix) and name != OBJECT)

    def outside(self) -> Outside:
        """As the core uses it: one call after the other, and no time spent asleep."""
        bucket, scheduler = MemoryBucket(self), MemoryScheduler(self)
        return Outside(
            bucket=bucket,
            scheduler=scheduler,
            clock=lambda: self.now,
            log=self.log.append,
            sleep=self._sleep,
            jitter=lambda: 1.0,
            lists_all=self.lists_all,
            concurrent=1,
        )

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds

    def reconcile(self, when: str | None = None) -> Report:
        """A reconcile, at `when` if it is said."""
        self.now = at(when) if when else self.now
        return reconcile(self.outside())

    def ask(self, body: bytes, when: str | None = None, *, caller: Caller = DIRECTLY) -> Report:
        """A request, of whoever may ask anything unless somebody is named."""
        self.now = at(when) if when else self.now
        return serve(self.outside(), parse_request("POST", body), caller)

    def fire(self, name: str, when: str) -> None:
        """Cloud Scheduler starts a run."""
        self.attempts[name] = at(when)

    def paused(self) -> set[str]:
        """The jobs that are."""
        return {name for name, state in self.states.items() if state == "PAUSED"}

    def call(self, kind: str, subject: str) -> None:
        """Notes a call, and fails it when the test wants that."""
        self.calls.append((kind, subject))
        self.fails((kind, subject))


@dataclass(frozen=True)
class MemoryBucket:
    """See `interlock.runtime.ports.Bucket`."""

    cloud: Cloud

    def list(self, prefix: str) -> list[Item]:
        self.cloud.call("list", prefix)
        cloud = self.cloud
        names = sorted(name for name in cloud.objects if name.startswith(prefix))
        return [Item(name=name, generation=cloud.objects[name][0], created=cloud.written[name]) for name in names]

    def read(self, item: Item) -> bytes | None:
        self.cloud.call("read", item.name)
        generation, content = self.cloud.objects.get(item.name, (0, b""))
        return content if generation == item.generation else None

    def create(self, name: str, content: bytes) -> bool:
        self.cloud.call("create", name)
        if name in self.cloud.objects:
            return False
        self.cloud.put(name, content)
        return True

    def delete(self, item: Item) -> bool:
        self.cloud.call("delete", item.name)
        if self.cloud.objects.get(item.name, (0, b""))[0] != item.generation:
            return False
        del self.cloud.objects[item.name]
        return True


@dataclass(frozen=True)
class MemoryScheduler:
    """See `interlock.runtime.ports.Scheduler`."""

    cloud: Cloud

    def list(self, region: str) -> list[ActualJob]:
        self.cloud.call("jobs", region)
        return [
            ActualJob(
                name=name.rpartition("/")[2],
                region=region,
                state=state,
                schedule="",
                time_zone="",
                last_attempt=self.cloud.attempts.get(name),
                last_status=0,
                resource=self.cloud.resources.get(name, {}),
            )
            for name, state in self.cloud.states.items()
            if name == key(region, name.rpartition("/")[2])
        ]

    def pause(self, region: str, job: str) -> None:
        self._change("pause", region, job, "ENABLED", "PAUSED")

    def resume(self, region: str, job: str) -> None:
        self._change("resume", region, job, "PAUSED", "ENABLED")

    def run(self, region: str, job: str) -> None:
        self._find("run", region, job)
        self.cloud.runs.append(key(region, job))
        self.cloud.attempts[key(region, job)] = self.cloud.now

    def _change(self, kind: str, region: str, job: str, old: str, new: str) -> None:
        self._find(kind, region, job)
        name = key(region, job)
        if self.cloud.states[name] != old:
            raise Refused(400, f"{name} is {self.cloud.states[name]}")
        self.cloud.states[name] = new

    def _find(self, kind: str, region: str, job: str) -> None:
        self.cloud.call(kind, job)
        if key(region, job) not in self.cloud.states:
            raise Refused(404, f"there is no {job} in {region}")

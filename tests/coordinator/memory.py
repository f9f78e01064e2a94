"""The outside in memory: a bucket with generations, Cloud Scheduler, a clock that sleeping moves, and calls that can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from interlock.actual import ENABLED, PAUSED, ActualJob
from interlock.declaration import Declaration
from interlock.runtime.declaration_file import OBJECT, to_json
from interlock.runtime.outside import Outside
from interlock.runtime.ports import Item
from interlock.runtime.report import Record

NOW = datetime(2026, 3, 10, 12, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Call:
    """A call that is about to happen: its kind, as `pause`, and the object or job that it is about."""

    kind: str
    about: str


@lru_cache(50_000)
def _item(name: str, generation: int, created: datetime) -> Item:
    """Every listing has most of those of the last one."""
    return Item(name=name, generation=generation, created=created)


def nothing_fails(_: Call) -> None:
    """Every call happens."""


@dataclass
class World:
    """Everything outside. It is its own bucket and Cloud Scheduler."""

    now: datetime = NOW
    objects: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    jobs: dict[str, ActualJob] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    calls: int = 0
    fail: Callable[[Call], None] = nothing_fails
    """Raises what a call shall raise."""
    written: dict[str, datetime] = field(default_factory=dict)
    """When each object was."""
    _generation: int = 0

    def outside(self) -> Outside:
        """As a reconcile gets it: one call at a time."""
        return Outside(
            bucket=self.Bucket(self),
            scheduler=self.Scheduler(self),
            clock=lambda: self.now,
            log=self.records.append,
            sleep=self.sleep,
            jitter=lambda: 0.5,
            concurrent=1,
        )

    def sleep(self, seconds: float) -> None:
        """Moves the clock."""
        self.now += timedelta(seconds=seconds)

    def declare(self, declaration: Declaration) -> None:
        """What the schedules stack does: the declaration, and each job as it is declared."""
        self.put(OBJECT, to_json(declaration).encode())
        self.written[OBJECT] -= timedelta(days=1)
        for job in declaration.jobs.values():
            self.jobs[job.name] = ActualJob(
                name=job.name,
                region=job.region,
                state=PAUSED if job.paused else ENABLED,
                schedule=job.schedule.text,
                time_zone=job.time_zone,
                last_attempt=None,
                last_status=0,
            )

    def put(self, name: str, content: bytes = b"{}") -> None:
        """Writes an object, as somebody else would."""
        self._generation += 1
        self.objects[name] = (self._generation, content)
        self.written[name] = self.now

    def names(self, prefix: str) -> list[str]:
        """The objects under `prefix`."""
        return sorted(name for name in self.objects if name.startswith(prefix))

    def states(self) -> dict[str, str]:
        """The state of each job."""
        return {name: job.state for name, job in self.jobs.items()}

    def called(self, kind: str, about: str) -> None:
        """Counts a call, which may fail."""
        self.calls += 1
        self.fail(Call(kind, about))

    @dataclass
    class Bucket:
        """A `ports.Bucket`."""

        world: World

        def list(self, prefix: str) -> list[Item]:
            self.world.called("list", prefix)
            world = self.world
            return [_item(name, world.objects[name][0], world.written[name]) for name in world.names(prefix)]

        def read(self, item: Item) -> bytes | None:
            self.world.called("read", item.name)
            generation, content = self.world.objects.get(item.name, (0, b""))
            return content if generation == item.generation else None

        def create(self, name: str, content: bytes) -> bool:
            self.world.called("create", name)
            if name in self.world.objects:
                return False
            self.world.put(name, content)
            return True

        def delete(self, item: Item) -> bool:
            self.world.called("delete", item.name)
            if self.world.objects.get(item.name, (0, b""))[0] != item.generation:
                return False
            del self.world.objects[item.name]
            return True

    @dataclass
    class Scheduler:
        """A `ports.Scheduler`."""

        world: World

        def list(self, region: str) -> list[ActualJob]:
            self.world.called("jobs", region)
            return [job for job in self.world.jobs.values() if job.region == region]

        def pause(self, region: str, job: str) -> None:
            self._change("pause", region, job, state=PAUSED)

        def resume(self, region: str, job: str) -> None:
            self._change("resume", region, job, state=ENABLED)

        def run(self, region: str, job: str) -> None:
            self.world.called("run", job)
            assert self.world.jobs[job].region == region
            self.world.runs.append(job)
            self.world.jobs[job] = replace(self.world.jobs[job], last_attempt=self.world.now)

        def _change(self, kind: str, region: str, job: str, *, state: str) -> None:
            self.world.called(kind, job)
            assert self.world.jobs[job].region == region
            self.world.jobs[job] = replace(self.world.jobs[job], state=state)

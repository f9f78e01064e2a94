"""An instance of the coordinator as the world sees it: a sequence of calls, between any two of which something may happen.

An instance has its own clock, off by its skew. It runs to its end, or is suspended before some call and stepped on later
(then in a thread of its own, one running at a time, so that every interleaving is a deterministic one), or dies. A call may
be refused, or may get no answer. Every call goes past the `Watcher`, which holds it against the invariants.
"""

from __future__ import annotations

from _thread import LockType, allocate_lock, start_new_thread
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from interlock.actual import ActualJob
from interlock.runtime.ports import Item, Refused, Unknown
from tests.model.watcher import Watcher
from tests.model.world import World

STATES = frozenset({"pause", "resume", "run"})
MUTATIONS = STATES | {"create", "delete"}
FOREVER = 10**9
LOST_AFTER = timedelta(minutes=5)
"""A call to Cloud Scheduler that an instance was frozen in for longer is not sent any more."""


class Died(BaseException):
    """The instance is killed: nothing that it would do afterwards happens."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """From the call number `at` on, `times` calls of one of `kinds` fail: with an HTTP status, or None for no answer."""

    at: int
    times: int = 1
    code: int | None = None
    happened: bool = False
    kinds: frozenset[str] = MUTATIONS | {"list", "read"}


def _locked() -> LockType:
    """Whoever acquires it waits until somebody else lets go."""
    lock = allocate_lock()
    lock.acquire()
    return lock


@dataclass(eq=False)
class Instance:
    """One request that is being served."""

    world: World
    operation: str
    identity: tuple[str, str] | None = None
    """The (scope, id) that the request is about."""
    incident: str = ""
    """That the request tells of."""
    skew: timedelta = timedelta()
    fault: Fault | None = None
    dies_at: int = FOREVER
    pace: timedelta = timedelta()
    """How long each of its calls takes."""
    stops: str = ""
    """It is suspended before its first call that begins so: `delete ledger/held/`."""
    lists_all: bool = False
    """It lists the bucket as a whole, as it may once that is granted; else each prefix."""
    calls: int = 0
    faulted: int = 0
    dead: bool = False
    done: bool = False
    clean: bool = False
    """Came to its end with nothing that it reports as failed."""
    overlapped: bool = False
    result: object = None
    error: BaseException | None = None
    started: datetime = field(init=False)
    clock_read: datetime = field(init=False)
    watcher: Watcher = field(init=False)
    was_suspended: bool = False
    """Or may have been: it runs in a thread of its own."""
    _budget: int = FOREVER
    # `threading` has the same in Python, and to hand over by that takes a sixth of the model's time.
    _go: LockType = field(default_factory=_locked)
    _back: LockType = field(default_factory=_locked)

    def __post_init__(self) -> None:
        self.started = self.world.now
        self.clock_read = self.now()
        self.watcher = Watcher(self.world, self)

    def now(self) -> datetime:
        """Its clock."""
        return self.world.now + self.skew

    def read_clock(self) -> datetime:
        """Its clock, as the code under test reads it. Between that and the call that comes next it may be frozen."""
        self._perhaps_suspended()
        self.clock_read = self.now()
        return self.clock_read

    def sleep(self, seconds: float) -> None:
        """Backing off: true time passes."""
        self.world.advance(timedelta(seconds=seconds))

    def start(self, work: Callable[[], object], budget: int | None = None) -> None:
        """Serves the request: to its end, or for `budget` calls and later on with `step`."""
        if budget is None:
            self._serve(work)
            self._raise_violation()
            return
        self._budget, self.was_suspended = budget, True
        start_new_thread(self._serve_in_thread, (work,))
        self._back.acquire()
        self._raise_violation()

    def step(self, budget: int = FOREVER) -> None:
        """Goes on for `budget` calls."""
        if self.done:
            return
        self._budget = budget
        self._go.release()
        self._back.acquire()
        self._raise_violation()

    def kill(self) -> None:
        """Dies before its next call."""
        self.dies_at = 0
        self.step()

    def _serve(self, work: Callable[[], object]) -> None:
        try:
            self.result = work()
        except Died:
            self.dead = True
        except (Exception, AssertionError) as error:
            self.error = error
        self.done = True

    def _serve_in_thread(self, work: Callable[[], object]) -> None:
        self._serve(work)
        self._back.release()

    def _raise_violation(self) -> None:
        if self.watcher.violation:
            raise self.watcher.violation

    def call(self, kind: str, effect: Callable[[], object], *subject: object) -> object:
        """One call to the outside."""
        before = self.world.now
        if self.stops:
            about = subject[0].name if isinstance(subject[0], Item) else str(subject[0])
            if f"{kind} {about}".startswith(self.stops):
                self._budget, self.stops = 0, ""
        self._perhaps_suspended()
        self._budget -= 1
        self.calls += 1
        if self.dead or self.calls > self.dies_at:
            self.dead = True
            raise Died
        if kind in STATES and self.world.now - before > LOST_AFTER:
            raise Unknown("no connection any more")
        self._fail(kind, effect, subject)
        result = self._done(kind, effect, subject)
        self.world.advance(self.pace)
        return result

    @property
    def is_late(self) -> bool:
        """Whether it is at it for longer than a request may take."""
        return self.world.now - self.started > LOST_AFTER

    def _perhaps_suspended(self) -> None:
        if self.was_suspended and self._budget <= 0 and not self.dead:
            self._back.release()
            self._go.acquire()

    def _done(self, kind: str, effect: Callable[[], object], subject: tuple[object, ...]) -> object:
        self.world.clock += 1
        self.watcher.before(kind, *subject)
        result = effect()
        self.watcher.after(kind, result, *subject)
        return result

    def _fail(self, kind: str, effect: Callable[[], object], subject: tuple[object, ...]) -> None:
        fault = self.fault
        if fault is None or kind not in fault.kinds or self.calls < fault.at or self.faulted >= fault.times:
            return
        self.faulted += 1
        if fault.code is not None:
            raise Refused(fault.code, "the model says no")
        if fault.happened and kind in MUTATIONS:
            self._done(kind, effect, subject)
        raise Unknown("no answer")


@lru_cache(4096)
def _item(name: str, generation: int, created: datetime) -> Item:
    """Every listing has most of those of the last one."""
    return Item(name=name, generation=generation, created=created)


@lru_cache(4096)
def _actual(name: str, region: str, state: str, schedule: str, zone: str, last_attempt: datetime | None) -> ActualJob:
    """The same of jobs."""
    return ActualJob(
        name=name,
        region=region,
        state=state,
        schedule=schedule,
        time_zone=zone,
        last_attempt=last_attempt,
        last_status=0,
    )


@dataclass(frozen=True)
class ModelBucket:
    """The bucket as an instance uses it."""

    instance: Instance

    def list(self, prefix: str) -> list[Item]:
        """See `interlock.runtime.ports.Bucket`."""
        objects, written = self.instance.world.objects, self.instance.world.written

        def effect() -> list[Item]:
            names = sorted(name for name in objects if name.startswith(prefix))
            return [_item(name, objects[name][0], written[name]) for name in names]

        return self.instance.call("list", effect, prefix)

    def read(self, item: Item) -> bytes | None:
        """See `interlock.runtime.ports.Bucket`."""
        objects = self.instance.world.objects

        def effect() -> bytes | None:
            generation, content = objects.get(item.name, (None, None))
            if generation == item.generation and item.name in self.instance.world.sealed:
                raise Refused(400, "the object is encrypted by a customer-supplied key")
            return content if generation == item.generation else None

        return self.instance.call("read", effect, item)

    def create(self, name: str, content: bytes) -> bool:
        """See `interlock.runtime.ports.Bucket`."""

        def effect() -> bool:
            if name in self.instance.world.objects:
                return False
            self.instance.world.put(name, content)
            return True

        return self.instance.call("create", effect, name, content)

    def delete(self, item: Item) -> bool:
        """See `interlock.runtime.ports.Bucket`."""

        def effect() -> bool:
            if self.instance.world.objects.get(item.name, (None,))[0] != item.generation:
                return False
            self.instance.world.take(item.name)
            return True

        return self.instance.call("delete", effect, item)


@dataclass(frozen=True)
class ModelScheduler:
    """Cloud Scheduler as an instance uses it."""

    instance: Instance

    def list(self, region: str) -> list[ActualJob]:
        """See `interlock.runtime.ports.Scheduler`."""

        def effect() -> list[ActualJob]:
            return [
                _actual(job.name, region, job.state, job.schedule, job.zone, job.last_attempt)
                for job in self.instance.world.jobs.values()
                if job.region == region and job.state != "ABSENT"
            ]

        return self.instance.call("list", effect, region)

    def pause(self, region: str, job: str) -> None:
        """See `interlock.runtime.ports.Scheduler`."""
        self._set("pause", region, job, "PAUSED")

    def resume(self, region: str, job: str) -> None:
        """See `interlock.runtime.ports.Scheduler`."""
        self._set("resume", region, job, "ENABLED")

    def run(self, region: str, job: str) -> None:
        """See `interlock.runtime.ports.Scheduler`."""

        def effect() -> None:
            self._find(region, job).attempt(self.instance.world.now, "catch-up")

        self.instance.call("run", effect, region, job)

    def _set(self, kind: str, region: str, job: str, state: str) -> None:
        def effect() -> None:
            found = self._find(region, job)
            if found.state not in ("ENABLED", "PAUSED"):
                raise Refused(400, f"{job} is {found.state}")
            self.instance.world.set_state(found.key, state, self.instance)

        self.instance.call(kind, effect, region, job)

    def _find(self, region: str, job: str):
        jobs = self.instance.world.jobs.values()
        found = next((each for each in jobs if (each.region, each.name) == (region, job)), None)
        if found is None or found.state == "ABSENT":
            raise Refused(404, f"no job {job} in {region}")
        return found

"""The outside in memory: a bucket, Cloud Scheduler, and true time. What happens here is the truth that invariants are about.

Everything is computed anew here, from names and contents: nothing of the code under test says what is true.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from interlock.cron import Cron
from interlock.declaration import Declaration, DeclaredJob, DeclaredWindow
from interlock.runtime import snapshot as seen
from interlock.runtime.declaration_file import parse
from interlock.zones import zone as named

START = datetime(2026, 3, 8, 5, 1, tzinfo=UTC)
"""Two hours before the clocks of New York spring forward."""
DECLARATION = "declaration/current.json"
HORIZON = timedelta(days=75)

T = TypeVar("T", DeclaredJob, DeclaredWindow)
Objects = Mapping[str, tuple[int, bytes]]
"""Objects of the bucket: name to generation and content."""


class Violation(AssertionError):
    """An invariant does not hold."""


@lru_cache
def fires(schedule: str, zone: str) -> list[datetime]:
    """When a schedule fires, from the start to the horizon."""
    return list(Cron.parse(schedule).fires_between(START - timedelta(days=2), START + HORIZON, named(zone)))


class TabledCron(Cron):
    """A schedule that looks its fires up: `Cron` has tests of its own, and most of the model's time went there."""

    @classmethod
    def of_one(cls, schedule: Cron) -> TabledCron:
        """The same schedule, of this kind: what `Cron.parse` returns is kept for every reader, and is of no subclass."""
        return cls(**{field.name: getattr(schedule, field.name) for field in fields(schedule)})

    def fires_between(self, start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """See `Cron`."""
        times = fires(self.text, zone.key)
        return iter(times[bisect_left(times, start) : bisect_left(times, end)])

    def next_fire(self, after: datetime, zone: ZoneInfo) -> datetime:
        """See `Cron`."""
        times = fires(self.text, zone.key)
        return times[bisect_right(times, after)]


@lru_cache
def with_tables(content: bytes, name: str) -> Declaration:
    """`declaration_file.parse`, once for each content and with schedules of that kind. Its errors are not kept."""
    parsed = parse(content, name)

    def tabled(entry: T) -> T:
        return replace(entry, schedule=TabledCron.of_one(entry.schedule))

    jobs = {name: tabled(job) for name, job in parsed.jobs.items()}
    return replace(parsed, jobs=jobs, windows={name: tabled(window) for name, window in parsed.windows.items()})


@contextmanager
def quickly() -> Iterator[None]:
    """Has the code under test read declarations so."""
    seen.parse = with_tables
    try:
        yield
    finally:
        seen.parse = parse


@dataclass(frozen=True)
class TrueHold:
    """A hold as the bucket has it: what its name says, and the jobs that its content names."""

    name: str
    scope: str
    id: str
    end: datetime
    jobs: frozenset[str]


@lru_cache(maxsize=4096)
def read_hold(name: str, content: bytes) -> TrueHold | None:
    """The hold that an object is, or None."""
    folder, _, rest = name.partition("/")
    identity, _, end_text = rest.removesuffix(".json").rpartition("@")
    try:
        end = datetime.strptime(end_text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    scope, _, own_id = identity.rpartition("/") if folder == "holds" else (f"backfill/{identity}", "", "flag")
    try:
        said = json.loads(content)
        jobs = frozenset(said["jobs"]) if isinstance(said.get("jobs"), list) else frozenset()
    except (ValueError, TypeError, AttributeError, KeyError):
        jobs = frozenset()
    return TrueHold(name, scope, own_id, end, jobs)


def active(objects: Objects, at: datetime) -> list[TrueHold]:
    """The holds and flags that are active: of each identity the one that ends last."""
    latest: dict[tuple[str, str, str], TrueHold] = {}
    for name, (_, content) in objects.items():
        if name.startswith(("backfills/", "holds/")) and (hold := read_hold(name, content)) and hold.end > at:
            key = (name.partition("/")[0], hold.scope, hold.id)
            if key not in latest or latest[key].end < hold.end:
                latest[key] = hold
    return list(latest.values())


@lru_cache(maxsize=256)
def _parsed(content: bytes) -> dict[str, object] | None:
    try:
        said = json.loads(content)
    except ValueError:
        return None
    return said if isinstance(said, dict) and {"jobs", "scopes"} <= said.keys() else None


def declaration(objects: Objects) -> dict | None:
    """The declaration as the bucket has it, or None when there is none to go by."""
    found = objects.get(DECLARATION)
    return _parsed(found[1]) if found else None


def covered(objects: Objects, at: datetime) -> frozenset[str]:
    """The jobs that some active hold covers: by its scope now, or by what it named at its creation."""
    said = declaration(objects)
    scopes = said["scopes"] if said else {}
    return frozenset(job for hold in active(objects, at) for job in (*scopes.get(hold.scope, ()), *hold.jobs))


@dataclass
class SimulatedJob:
    """A job of Cloud Scheduler and what became of each of its fires."""

    name: str
    region: str
    schedule: str
    zone: str
    state: str
    last_attempt: datetime | None = None
    namesake: bool = False
    """Of somebody else, with the name of one of ours, in another region."""
    attempts: list[tuple[datetime, str]] = field(default_factory=list)
    missed: dict[datetime, bool] = field(default_factory=dict)
    """Fires that found the job not enabled, and whether the ledger knew then that it was held."""

    @property
    def key(self) -> str:
        """What it is called in the world: a job of ours by its name."""
        return f"{self.region}/{self.name}" if self.namesake else self.name

    def attempt(self, at: datetime, cause: str) -> None:
        """A run starts."""
        self.attempts.append((at, cause))
        self.last_attempt = at


@dataclass
class World:
    """The truth, and a log of who wrote what when."""

    now: datetime = START
    objects: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    written: dict[str, datetime] = field(default_factory=dict)
    """When each object was."""
    jobs: dict[str, SimulatedJob] = field(default_factory=dict)
    job_writes: list[tuple[int, str, object]] = field(default_factory=list)
    """(when in order, job, who) of every pause and resume."""
    quiet_until: datetime = START
    """No schedule fires before."""
    clock: int = 0
    """Counts calls: the order of events that happen at one instant."""
    runs: dict[tuple[str, datetime], object] = field(default_factory=dict)
    """Catch-up runs: (job, the missed fire that it is for) to the instance that made it."""
    sealed: set[str] = field(default_factory=set)
    """Objects whose contents are refused to who would read them."""
    began: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """Since when each (scope, id) has held without a break."""
    clock_of_mark: dict[str, int] = field(default_factory=dict)
    """When the mark of each job was last deleted, in the order of events."""
    told: dict[str, datetime] = field(default_factory=dict)
    """When each incident was first delivered."""

    def put(self, name: str, content: bytes | Mapping[str, object]) -> None:
        """Writes an object, whatever was there."""
        self.clock += 1
        self.sealed.discard(name)
        self._note_beginning(name)
        data = content if isinstance(content, bytes) else json.dumps(content, sort_keys=True).encode()
        self.objects[name] = (self.clock, data)
        self.written[name] = self.now

    def seal(self, name: str) -> None:
        """Somebody writes an object anew, by a key that nobody else has."""
        self.put(name, b"\xff")
        self.sealed.add(name)

    def _note_beginning(self, name: str) -> None:
        hold = read_hold(name, b"") if name.startswith("holds/") else None
        if hold is None:
            return
        before = [h for h in active(self.objects, self.now) if (h.scope, h.id) == (hold.scope, hold.id)]
        if not [h for h in before if h.name.startswith("holds/")]:
            self.began[hold.scope, hold.id] = self.now

    def take(self, name: str) -> None:
        """Deletes an object."""
        self.clock += 1
        if name.startswith("ledger/held/"):
            self.clock_of_mark[name.removeprefix("ledger/held/").removesuffix(".json")] = self.clock
        del self.objects[name]

    def set_state(self, job: str, state: str, writer: object) -> None:
        """Somebody pauses, resumes or removes a job."""
        self.clock += 1
        self.jobs[job].state = state
        self.job_writes.append((self.clock, job, writer))

    def advance(self, step: timedelta) -> None:
        """Time passes, and schedules fire: those after the old instant, up to the new one."""
        if not step:  # nearly every call takes no time
            return
        before, self.now = self.now, self.now + step
        if self.now < self.quiet_until:
            return
        for at, job in sorted(self._due(before), key=lambda due: (due[0], due[1].name)):
            if job.state == "ENABLED":
                job.attempt(at, "schedule")
            else:
                job.missed[at] = f"ledger/held/{job.key}.json" in self.objects

    def _due(self, before: datetime) -> Iterator[tuple[datetime, SimulatedJob]]:
        self.quiet_until = START + HORIZON
        for job in self.jobs.values():
            times = fires(job.schedule, job.zone)
            end = bisect_right(times, self.now)
            self.quiet_until = min(self.quiet_until, *times[end : end + 1])
            for at in times[bisect_right(times, before, 0, end) : end]:
                yield at, job

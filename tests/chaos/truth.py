"""The invariants, from the bucket, the jobs and the attempts alone: nothing that the coordinator says is believed.

How jobs fire is asked of the stand-in's own reading of schedules, what an object's name says of the model's.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from interlock.runtime.ledger import MAX_CLOCK_SKEW
from local.emulator import schedules
from tests.model.world import Objects, active, covered, declaration, read_hold

SKEW = timedelta(seconds=6)
"""A little more than a clock is off."""
SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class State:
    """What there is at an instant."""

    now: datetime
    objects: Objects
    jobs: Mapping[str, str]
    """The state of each of the platform's jobs."""


def fires(schedule: str, zone: str, start: datetime, end: datetime) -> Iterator[datetime]:
    """Those in (start, end]."""
    at = schedules.next_fire(schedule, zone, start, start)
    while at <= end:
        yield at
        at = schedules.next_fire(schedule, zone, at, at)


@dataclass
class Runs:
    """What became of the fires of one job."""

    missed: list[datetime] = field(default_factory=list)
    """Those without an attempt, after the last attempt."""
    made_up: int = 0
    last: datetime | None = None


@dataclass
class Truth:
    """Is shown the attempts and the states as they come, and keeps what is wrong."""

    began: datetime
    violations: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    by_hand: set[tuple[str, datetime]] = field(default_factory=set)
    """Runs that a person has started."""
    runs: dict[str, Runs] = field(default_factory=lambda: defaultdict(Runs))
    _until: datetime | None = None
    _promised: dict[str, datetime] = field(default_factory=dict)
    """Of a job that was seen paused when all had settled: until when what held it then holds it, unless somebody lets go."""
    _promised_at: datetime | None = None

    def wrong(self, now: datetime, what: str) -> None:
        """Keeps a violation, once."""
        if what not in {known.partition(" ")[2].partition(" ")[2] for known in self.violations[-SHOWN:]}:
            self.violations.append(f"{now:%Y-%m-%d %H:%M:%S} {what}")

    def let_go(self) -> None:
        """Somebody is about to end a hold, or an old request goes on: what was promised at the last look is no more."""
        self._promised = {}

    def jump(self, now: datetime) -> None:
        """The clock is set, and nothing fires on the way."""
        self._until = now
        self.let_go()

    def attempts(self, said: dict, tried: Collection[tuple[str, datetime]], now: datetime) -> None:
        """The attempts of (until the last call, now], each a job and an instant."""
        start = self._until or self.began
        by_job: dict[str, list[datetime]] = defaultdict(list)
        for job, at in tried:
            by_job[job].append(at)
            self.counts["attempts"] += 1
            until = self._promised.get(job)
            if until is not None and self._promised_at is not None and self._promised_at < at < until - SKEW:
                self.wrong(at, f"{job} fires, though it is held until {until}")
        for name, job in said["jobs"].items():
            due = list(fires(job["schedule"], job["time_zone"], start, now))
            self._follow(name, due, sorted(by_job.get(name, [])))
        self._until = now

    def _follow(self, name: str, due: list[datetime], tried: list[datetime]) -> None:
        known, scheduled = self.runs[name], set(due)
        events = sorted([(at, 1, "due") for at in due] + [(at, 0, "tried") for at in tried])
        for at, _, what in events:
            if what == "due":
                if at in scheduled:
                    known.missed.append(at)
                continue
            if at in scheduled:
                scheduled.discard(at)
                self.counts["on schedule"] += 1
            elif (name, at) in self.by_hand:
                self.counts["by hand"] += 1
            elif known.missed:
                self.counts["made up"] += 1
                self.counts["missed runs made up for"] += len(known.missed)
                known.made_up += 1
            else:
                self.wrong(at, f"{name} runs, and has missed nothing since {known.last}: made up twice")
            known.missed, known.last = [], at

    def settled(self, state: State) -> None:
        """Everything has been looked at, nothing is under way, and all was reported as done."""
        self.counts["settled looks"] += 1
        said = declaration(state.objects)
        if said is None:
            self.wrong(state.now, "the declaration is gone")
            return
        sure = covered(state.objects, state.now + SKEW)
        perhaps = covered(state.objects, state.now - SKEW)
        for name, job in said["jobs"].items():
            self._job(name, job, state, sure=name in sure, perhaps=name in perhaps)
        for window, start, end in openings(said, state.now):
            names = f"holds/window/{window}/{start:%Y%m%dT%H%M%SZ}@", f"ledger/released/window/{window}/{start:%Y%m%dT%H%M%SZ}@"
            if not any(name.startswith(names) for name in state.objects):
                self.wrong(state.now, f"window/{window} is open until {end}, and nothing says so")
        for name in state.objects:
            hold = read_hold(name, b"{}") if name.startswith("holds/") else None
            if hold is not None and hold.end < state.now - MAX_CLOCK_SKEW - SKEW:
                self.wrong(state.now, f"{name} has ended, and is left")
        scopes = said["scopes"]
        ends: dict[str, datetime] = {}
        for hold in active(state.objects, state.now + SKEW):
            for job in (*scopes.get(hold.scope, ()), *hold.jobs):
                ends[job] = max(ends.get(job, hold.end), hold.end)
        self._promised, self._promised_at = ends, state.now

    def _job(self, name: str, job: dict, state: State, *, sure: bool, perhaps: bool) -> None:
        is_paused = state.jobs.get(name) == "PAUSED"
        if job.get("paused"):
            if not is_paused:
                self.wrong(state.now, f"{name} is paused by declaration, and runs")
            return
        if sure and not is_paused:
            self.wrong(state.now, f"{name} is held, and runs")
        if is_paused and not perhaps:
            self.wrong(state.now, f"{name} is paused, and nothing holds it")
        if sure or perhaps or job.get("catch_up", "latest") == "skip":
            return
        known = any(mark.startswith((f"ledger/held/{name}.json", f"ledger/claims/{name}@")) for mark in state.objects)
        if (missed := self.runs[name].missed) and not known and missed[-1] < state.now - SKEW:
            self.wrong(state.now, f"{name} has missed {missed[-1]}, nothing has made up for it, and nothing will")

    def left_over(self, state: State) -> None:
        """Nobody holds anything, and everything has settled."""
        owned = ("declaration/", "coordinator/", "board/", "ledger/drift/", "ledger/incidents/")
        for name in state.objects:
            if not name.startswith(owned):
                self.wrong(state.now, f"{name} is left, and is nobody's")


def openings(said: dict, now: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    """The name, start and end of each opening of a declared window that is open for sure."""
    for name, window in said["windows"].items():
        length = timedelta(seconds=window["duration_s"])
        for start in fires(window["schedule"], window["time_zone"], now - length + SKEW, now - SKEW):
            yield name, start, start + length


def claims(state: State) -> Iterator[tuple[str, str, datetime]]:
    """The name, job and time of each claim whose mark is gone."""
    for name, (_, content) in state.objects.items():
        if not name.startswith("ledger/claims/"):
            continue
        job, _, rest = name.removeprefix("ledger/claims/").partition("@")
        mark = state.objects.get(f"ledger/held/{job}.json")
        if mark is not None and str(mark[0]) == rest.split(".")[1]:
            continue
        yield name, job, datetime.fromisoformat(json.loads(content)["claimed"]).astimezone(UTC)

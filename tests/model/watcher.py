"""The invariants of every single call, held against the truth and against what the instance has seen of it.

An instance may act on what it saw and what has moved since; the next round puts that right. So a call is wrong only when it is
wrong by what is true now and also by what the instance last saw.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from interlock.runtime.ledger import CLAIM_PATIENCE, MAX_CLOCK_SKEW, RUN_WITHIN
from interlock.runtime.outside import LONGEST_REQUEST
from interlock.runtime.ports import Item
from tests.model.world import (
    DECLARATION,
    Objects,
    SimulatedJob,
    Violation,
    World,
    active,
    covered,
    declaration,
    fires,
    read_hold,
)

if TYPE_CHECKING:
    from tests.model.instance import Instance

SKEW = MAX_CLOCK_SKEW / 2
"""Clocks of instances are off from true time by at most this; so two of them differ by at most MAX_CLOCK_SKEW."""
WRITABLE = ("holds/", "ledger/")
BEGINNING = re.compile(r"[0-9]{8}T[0-9]{6}Z")
"""The id of what was planned: its first instant."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)
FOREVER_S = 10**9
"""For a declaration that was lost and says nothing of it."""


def windows_open(said: dict, at: datetime) -> list[tuple[str, datetime, datetime]]:
    """The openings of declared windows that contain `at`: name, start, end."""
    found = []
    for name, window in said["windows"].items():
        length = timedelta(seconds=window["duration_s"])
        times = fires(window["schedule"], window["time_zone"])
        found += [(name, start, start + length) for start in times[bisect_right(times, at - length) : bisect_right(times, at)]]
    return found


def producers(said: dict, job: str) -> set[str]:
    """The jobs that produce what `job` consumes, and so on."""
    found: set[str] = set()
    waiting = list(said["jobs"][job]["after"])
    while waiting:
        if (name := waiting.pop()) not in found and name in said["jobs"]:
            found.add(name)
            waiting += said["jobs"][name]["after"]
    return found - {job}


@dataclass(eq=False)
class Watcher:
    """What an instance has seen, and whether its calls keep the invariants. The first violation is kept and raised."""

    world: World
    instance: Instance
    seen: dict[str, tuple[int, bytes]] | None = None
    """The flags and the holds, each at their last listing."""
    seen_at: datetime | None = None
    seen_declaration: tuple[int, bytes] | None = None
    seen_jobs: dict[str, tuple[str, datetime | None]] = field(default_factory=dict)
    listed_jobs: dict[str, int] = field(default_factory=dict)
    """Region to when it was last listed."""
    saw_objects: datetime = LONG_AGO
    """When it began to list what it decides by, in true time."""
    saw_jobs: datetime = LONG_AGO
    """The same of what it saw when it last listed jobs."""
    listed_at: int = 0
    """Which of its calls last listed jobs."""
    looked_at: int = 0
    """Which of its calls last listed flags or holds."""
    looked: int = 0
    """When that was, in the order of events."""
    ledger_known: set[str] = field(default_factory=set)
    created: set[str] = field(default_factory=set)
    claims: dict[str, str] = field(default_factory=dict)
    own: set[tuple[str, int]] = field(default_factory=set)
    """The claims that it made, each with its generation."""
    claimed_at: dict[str, datetime] = field(default_factory=dict)
    """When it claimed the run of a job."""
    looked_at_holds: int = 0
    """When it last listed holds, in the order of events."""
    taken: set[str] = field(default_factory=set)
    """Jobs whose ledger object this instance deleted."""
    runs: dict[str, list[datetime]] = field(default_factory=dict)
    mutations: int = 0
    violation: Violation | None = None

    def before(self, kind: str, *subject: object) -> None:
        """Holds a call against the invariants."""
        check = getattr(self, f"_{kind}", None)
        if check is not None:
            self.mutations += 1
            check(*subject)

    def after(self, kind: str, result: object, *subject: object) -> None:
        """Takes in what the call showed to the instance."""
        if kind == "list":
            self._listed(str(subject[0]), result)
        elif kind == "create":
            name = str(subject[0])
            if name.startswith("ledger/held/"):
                self.ledger_known.add(name)
            if result:
                self.created.add(name)
            if result and name.startswith("ledger/claims/"):
                job = json.loads(subject[1])["job"]
                self.claims[job], self.claimed_at[job] = name, self.world.now
                self.own.add((name, self.world.objects[name][0]))
        elif kind == "delete" and result and subject[0].name.startswith("ledger/held/"):
            self.taken.add(subject[0].name)

    def _listed(self, what: str, result: list) -> None:
        if what == "":  # of all at once: nothing comes between
            for prefix in ("declaration/", "backfills/", "holds/", "ledger/"):
                self._listed(prefix, [item for item in result if item.name.startswith(prefix)])
            return
        if result and not isinstance(result[0], Item):
            self.listed_jobs[what], self.listed_at = self.world.clock, self.instance.calls
            self.saw_jobs = self.saw_objects
            said = declaration(self.world.objects) or declaration(self.seen or {})
            here = {name for name, job in said["jobs"].items() if job["region"] == what} if said else set()
            self.seen_jobs |= {job.name: (job.state, job.last_attempt) for job in result if job.name in here}
            return
        if what.startswith("declaration"):
            self.seen_declaration = self.world.objects.get(DECLARATION)
        self.ledger_known |= {item.name for item in result if item.name.startswith("ledger/held/")}
        if what.startswith(("holds", "backfills")):
            # Flags and holds are two listings, and something may come between them.
            before = {name: found for name, found in (self.seen or {}).items() if not name.startswith(what)}
            now = {name: found for name, found in self.world.objects.items() if name.startswith(what)}
            self.seen, self.seen_at = before | now, self.instance.clock_read
            self.looked, self.looked_at = self.world.clock, self.instance.calls
            if what.startswith("backfills"):
                self.saw_objects = self.world.now
            if what.startswith("holds"):
                self.looked_at_holds = self.world.clock
        if self.seen is not None:
            self.seen.pop(DECLARATION, None)
            if self.seen_declaration is not None:
                self.seen[DECLARATION] = self.seen_declaration

    def fail(self, message: str) -> None:
        """An invariant is violated; says so once, and to the instance's caller too, whatever the code under test does."""
        if self.violation is None:
            self.violation = Violation(f"{message} [{self.instance.operation}, call {self.instance.calls}, {self.world.now}]")
        self.instance.dead = True
        raise self.violation

    def answered_for(self) -> Objects:
        """The bucket as far as the instance can answer for it: without what came after it had looked again, once it has."""
        objects = self.world.objects
        if self.looked_at < self.listed_at:
            return objects
        return {
            name: (when, content) for name, (when, content) in objects.items() if when <= self.looked or name == DECLARATION
        }

    def _views(self) -> list[Objects]:
        return [self.world.objects] if self.seen is None else [self.world.objects, self.seen]

    def _may_touch(self, region: str, job: str) -> None:
        if job.startswith("interlock-"):
            self.fail(f"a timer is touched: {job}")
        declared = [said["jobs"][job] for view in self._views() if (said := declaration(view)) and job in said["jobs"]]
        if not any(said["region"] == region for said in declared):
            self.fail(f"a job that is not declared is touched: {job} in {region}")

    def _covered_in_every_view(self, job: str) -> bool:
        return all(job in covered(view, self.world.now + SKEW) for view in self._views())

    def _covered_in_some_view(self, job: str) -> bool:
        times = (self.world.now - SKEW, self.seen_at or self.world.now - SKEW)
        return any(job in covered(view, at) for view in self._views() for at in times)

    def _declared_paused(self, job: str, said: dict | None) -> bool:
        return bool(said and said["jobs"].get(job, {}).get("paused"))

    def _in_time(self, job: str) -> None:
        if self.world.now - self.instance.started > LONGEST_REQUEST + self.instance.pace:
            self.fail(f"a request that has outlived its timeout touches {job}")

    def _pause(self, region: str, job: str) -> None:
        self._may_touch(region, job)
        self._in_time(job)
        paused = [self._declared_paused(job, declaration(view)) for view in self._views()]
        if not any(paused) and not self._covered_in_some_view(job):
            self.fail(f"{job} is paused, but nothing holds it")
        if not any(paused) and f"ledger/held/{job}.json" not in self.ledger_known:
            self.fail(f"{job} is paused before the ledger says that it is held")

    def _resume(self, region: str, job: str) -> None:
        self._may_touch(region, job)
        self._in_time(job)
        if all(self._declared_paused(job, declaration(view)) for view in self._views()):
            self.fail(f"{job} is paused by declaration and is resumed")
        if self._covered_in_every_view(job):
            self.fail(f"{job} is covered and is resumed")

    def _create(self, name: str, content: bytes) -> None:
        self._writable(name)
        if name.startswith("holds/"):
            self._new_hold(name, content)

    def _writable(self, name: str) -> None:
        if not name.startswith(WRITABLE):
            self.fail(f"{name} is Terraform's, and is written")
        if all(declaration(view) is None for view in self._views()):
            self.fail(f"there is no declaration to go by, and {name} is written")

    def _new_hold(self, name: str, content: bytes) -> None:
        hold, now = read_hold(name, content), self.instance.now()
        said = declaration(self.world.objects) or declaration(self.seen or {})
        if hold is None:
            self.fail(f"{name} states no hold")
        if hold.scope.startswith("window/") and hold.id != "flag" and self.instance.identity != (hold.scope, hold.id):
            self._new_opening(hold, said)
            return
        if hold.scope.startswith("backfill/") and BEGINNING.fullmatch(hold.id) and self.instance.operation != "extend":
            self._new_beginning(hold)
            return
        longest = timedelta(seconds=said.get("max_hold_s", FOREVER_S))
        if hold.end > now + longest:
            self.fail(f"{name} ends later than any hold may")
        standing = [h for h in active(self.world.objects, self.world.now) if (h.scope, h.id) == (hold.scope, hold.id)]
        began = self.world.began.get((hold.scope, hold.id), self.world.now) if standing else self.world.now
        if hold.end > began + longest + 2 * SKEW:
            self.fail(f"{name} has held since {began}, and ends later than any hold may in all")
        told = self.world.told.get(self.instance.incident) if self.instance.incident else None
        if told is not None and hold.end > told + 2 * timedelta(seconds=said["breaker_hold_s"]) + 2 * SKEW:
            self.fail(f"an incident that was first told of at {told} holds until {hold.end}")
        same = f"holds/{hold.scope}/{hold.id}@"
        if hold.scope not in said["scopes"] and not any(other.startswith(same) for view in self._views() for other in view):
            self.fail(f"{name} is of an unknown scope")
        if hold.end <= now:
            self.fail(f"{name} is created after its end")

    def _new_opening(self, hold, said: dict) -> None:
        if hold.end <= self.world.now:  # made by a slow instance of an opening that has ended meanwhile: it holds nothing
            return
        window = hold.scope.removeprefix("window/")
        times = (self.world.now - SKEW, self.world.now, self.world.now + SKEW)
        says = [said, *(found for view in self._views() if (found := declaration(view)))]  # a deploy may have edited the window
        openings = [opening for each in says for at in times for opening in windows_open(each, at)]
        if (window, f"{hold.end:%Y%m%dT%H%M%SZ}") not in {(name, f"{end:%Y%m%dT%H%M%SZ}") for name, _, end in openings}:
            self.fail(f"{hold.name} does not end when the opening does")
        if (window, hold.id) not in {(name, f"{start:%Y%m%dT%H%M%SZ}") for name, start, _ in openings}:
            self.fail(f"{hold.name} is not the id of an opening")
        prefix = f"ledger/released/{hold.scope}/{hold.id}@"
        # Whoever lists holds and then the ledger sees the tombstone of what is gone from the holds.
        released = [when for name, (when, _) in self.world.objects.items() if name.startswith(prefix)]
        if released and min(released) < self.looked_at_holds:
            self.fail(f"{hold.name} was released early and opens again")

    def _new_beginning(self, hold) -> None:
        """Of a backfill that was planned."""
        start = datetime.strptime(hold.id, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if start > self.world.now + SKEW:
            self.fail(f"{hold.name} begins before its time")
        prefix = f"ledger/released/{hold.scope}/{hold.id}@"
        released = [when for name, (when, _) in self.world.objects.items() if name.startswith(prefix)]
        if released and min(released) < self.looked_at_holds:
            self.fail(f"{hold.name} was taken back and begins")

    def _delete(self, item: Item) -> None:
        self._writable(item.name)
        found = self.world.objects.get(item.name)
        if found is None or found[0] != item.generation:
            return
        if item.name.startswith("ledger/claims/"):
            self._delete_claim(item)
        if item.name.startswith("ledger/released/"):
            self._delete_tombstone(item)
        if not item.name.startswith("holds/"):
            return
        hold = read_hold(item.name, found[1])
        if hold is None or hold.end <= self.instance.now() or item.name in self.created:
            return
        if self.instance.operation == "release" and self.instance.identity == (hold.scope, hold.id):
            return
        if any(name.startswith(f"ledger/released/{hold.scope}/{hold.id}@") for name in self.world.objects):
            return
        rest = [h for h in active(self.world.objects, self.world.now) if (h.scope, h.id) == (hold.scope, hold.id)]
        longer = [other for other in rest if other.name != hold.name and other.end >= hold.end]
        if not longer:
            self.fail(f"{hold.name} is active, nobody released it, and it is deleted")
        if not any(other.jobs >= hold.jobs for other in longer):
            self.fail(f"{longer[0].name} covers fewer jobs than {hold.name}, which it extends")

    def _delete_claim(self, item: Item) -> None:
        if (item.name, item.generation) in self.own:
            return
        if self.world.now < self.world.written[item.name] + CLAIM_PATIENCE - 2 * SKEW:
            self.fail(f"{item.name} is of another instance, which may be at work, and is deleted")
        job, _, rest = item.name.removeprefix("ledger/claims/").partition("@")
        mark = self.world.objects.get(f"ledger/held/{job}.json", (None,))[0]
        if str(mark) != rest.split(".")[1] and self.looked_at_holds > self.world.clock_of_mark.get(job, 0):
            self.fail(f"{item.name} is all that tells of a run, and is deleted")

    def _delete_tombstone(self, item: Item) -> None:
        if item.name.startswith("ledger/released/backfill/"):
            end = datetime.strptime(item.name.rpartition("@")[2], "%Y-%m-%dT%H:%M:%SZ.json").replace(tzinfo=UTC)
            planned = item.name.replace("/released/", "/planned/") in self.world.objects
            if planned and end > self.world.now + SKEW:
                self.fail(f"{item.name} is deleted while what it took back could begin")
            return
        window, _, own_id = item.name.removeprefix("ledger/released/window/").partition("@")[0].partition("/")
        said = [found for view in self._views() if (found := declaration(view))]
        open_by_all = [
            any(
                (name, f"{start:%Y%m%dT%H%M%SZ}") == (window, own_id)
                for name, start, end in windows_open(each, self.world.now)
                if end > self.world.now + SKEW
            )
            for each in said
        ]
        if open_by_all and all(open_by_all):
            self.fail(f"{item.name} is deleted while its opening is still open")

    def _run(self, region: str, job: str) -> None:
        self._may_touch(region, job)
        if self.world.now - self.claimed_at.get(job, self.world.now) > RUN_WITHIN + self.instance.pace * 4:
            self.fail(f"{job} is run long after its run was claimed")
        claim = self.claims.get(job)
        if claim is None or claim not in self.world.objects:
            self.fail(f"{job} is run without a claim")
        if f"ledger/held/{job}.json" not in self.taken:
            self.fail(f"{job} is run, though this instance did not take it off the ledger")
        fire = datetime.fromisoformat(json.loads(self.world.objects[claim][1])["fire"])
        truth = self.world.jobs[job]
        self._missed_once(truth, fire)
        self._may_run_now(job, truth)

    def _missed_once(self, truth: SimulatedJob, fire: datetime) -> None:
        if (truth.name, fire) in self.world.runs:
            self.fail(f"the run that {truth.name} missed at {fire} is run twice")
        self.world.runs[truth.name, fire] = self.instance
        if fire not in truth.missed:
            self.fail(f"{truth.name} did not miss a run at {fire}, and it is run")
        last = self.seen_jobs.get(truth.name, ("", None))[1]
        if last is not None and last >= fire:
            self.fail(f"{truth.name} ran at {last}, and what it missed at {fire} is run again")

    def _may_run_now(self, job: str, truth: SimulatedJob) -> None:
        views = [(view, said) for view in self._views() if (said := declaration(view)) and job in said["jobs"]]
        if all(said["jobs"][job]["paused"] for _, said in views):
            self.fail(f"{job} is paused by declaration and is run")
        if all(said["jobs"][job]["catch_up"] == "skip" for _, said in views):
            self.fail(f"{job} skips what it missed, and is run")
        if self._covered_in_every_view(job):
            self.fail(f"{job} is covered and is run")
        if "ENABLED" not in (truth.state, self.seen_jobs.get(job, ("",))[0]):
            self.fail(f"{job} is {truth.state} and is run")
        if all(self._into_a_window(job, said) for _, said in views):
            self.fail(f"{job} is run into a window")
        if all(self._producer_waits(job, view, said) for view, said in views):
            self.fail(f"{job} is run before what produces its input")
        said = views[0][1]
        service = said["jobs"][job]["service"]
        lately = [at for at in self.runs.get(service, []) if at > self.world.now - timedelta(minutes=1)]
        self.runs[service] = [*lately, self.world.now]
        if len(self.runs[service]) > (said["services"].get(service, {}).get("starts_per_minute") or 1):
            self.fail(f"more runs of {service} are started at once than it may take")

    def _into_a_window(self, job: str, said: dict) -> bool:
        expect = said["jobs"][job]["expect_s"] or 0
        # It decides by when it saw the jobs: while it is slow, its run gets nearer to the window.
        now, margin = self.world.now, SKEW + timedelta(seconds=1) + (self.world.now - self.saw_jobs)
        for name, window in said["windows"].items():
            if job in said["scopes"][f"window/{name}"]:
                for start in fires(window["schedule"], window["time_zone"]):
                    if now + margin < start < now + timedelta(seconds=expect) - margin:
                        return True
        return False

    def _producer_waits(self, job: str, view: Objects, said: dict) -> bool:
        for name in producers(said, job):
            producer, last = said["jobs"][name], self.seen_jobs.get(name, ("", None))[1]
            since = last or datetime.min.replace(tzinfo=UTC)
            if any(key.startswith(f"ledger/claims/{name}@") for key in view):
                return True
            waits = f"ledger/held/{name}.json" in view and not producer["paused"] and producer["catch_up"] == "latest"
            if waits and any(since < fire < self.world.now - 2 * SKEW for fire in self.world.jobs[name].missed):
                return True
            if last and self.world.now + SKEW < last + timedelta(seconds=producer["expect_s"] or 0):
                return True
        return False

"""Terraform, as far as the coordination bucket and the jobs see it: a plan, and then its writes, one after the other.

A plan reads declaration, flags and holds; an apply writes the declaration, then new flags, then the jobs whose state differs
from what the plan saw, then deletes flags: turned on, a flag is there before the first job pauses; turned off, it goes last.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime, timedelta

from tests.model.world import SimulatedJob, World, active

MAX_HOLD = timedelta(hours=12)
TICK = timedelta(minutes=10)
BACKFILLS = ("tdza", "odds")
ZONE = "America/New_York"


def _job(region: str, schedule: str, zone: str, service: str, **more: object) -> dict[str, object]:
    job: dict[str, object] = {
        "region": region,
        "schedule": schedule,
        "time_zone": zone,
        "paused": False,
        "catch_up": "latest",
        "recoverable": True,
        "service": service,
        "deadline_s": 540,
        "expect_s": 900,
        "after": [],
        "relative_dates": False,
    }
    return job | more


WEST, EAST = "us-west2", "us-east1"
JOBS = {
    "scrape": _job(WEST, "15,45 * * * *", ZONE, "scrapers"),
    "load": _job(EAST, "50 */3 * * *", "Etc/UTC", "loaders", after=["scrape"]),
    "daily": _job(WEST, "30 3 * * *", ZONE, "scrapers"),  # noon would be too kind: near the change of clocks
    "counted": _job(WEST, "20 * * * *", "Etc/UTC", "scrapers", catch_up="skip"),
    "off": _job(EAST, "10 * * * *", "Etc/UTC", "loaders", paused=True),
}
SCOPES = {
    "backfill/tdza": ["daily", "load", "scrape"],
    "backfill/odds": ["counted", "load", "off"],
    "table/nba_raw.games": ["daily", "scrape"],
    "table/nba_raw.odds": ["daily"],
    "service/scrapers": ["counted", "daily", "scrape"],
    "platform/nba": ["daily", "load"],
    "window/morning": ["daily", "scrape"],
    "job/load": ["load"],
    "job/scrape": ["scrape"],
    "all": sorted(JOBS),
}
WINDOWS = {
    "morning": {
        "schedule": "30 2,8 * * *",
        "time_zone": ZONE,
        "duration_s": 2700,
        "covers": ["table/nba_raw.games"],
        "reason": "maintenance of the source",
        "owner": "data-platform",
    }
}
SERVICES: dict[str, dict[str, object]] = {"scrapers": {"starts_per_minute": None}, "loaders": {"starts_per_minute": 2}}


def first_declaration() -> dict:
    """What is declared at first. Whoever edits it edits a copy."""
    limits = {"max_hold_s": int(MAX_HOLD.total_seconds()), "tick_s": int(TICK.total_seconds()), "breaker_hold_s": 1800}
    return {"version": 1, "jobs": JOBS, "scopes": SCOPES, "windows": WINDOWS, "services": SERVICES} | limits


STRANGERS = {"interlock-tick": "ENABLED", "interlock-open-morning": "ENABLED", "legacy": "ENABLED", "legacy-off": "PAUSED"}
"""Jobs that are not declared: timers, and those of other people."""


NAMESAKES = {"load": (WEST, "PAUSED"), "scrape": (EAST, "ENABLED"), "off": (WEST, "ENABLED")}
"""And those of other people that are called as ours are, in another region."""


def first_world() -> World:
    """Everything deployed, nothing held."""
    world = World()
    world.put("declaration/current.json", first_declaration())
    for name, job in JOBS.items():
        state = "PAUSED" if job["paused"] else "ENABLED"
        world.jobs[name] = SimulatedJob(name, str(job["region"]), str(job["schedule"]), str(job["time_zone"]), state)
    for name, state in STRANGERS.items():
        world.jobs[name] = SimulatedJob(name, WEST, "5 * * * *", "Etc/UTC", state)  # when is nothing to us
    for name, (region, state) in NAMESAKES.items():
        job = SimulatedJob(name, region, "5 * * * *", "Etc/UTC", state, namesake=True)
        world.jobs[job.key] = job
    return world


def _edited(what: str, declared: dict) -> dict:
    """A copy with one edit of the catalog; every one of them twice is none."""
    declared = deepcopy(declared)
    jobs, scopes = declared["jobs"], declared["scopes"]
    if what == "pause":
        jobs["scrape"]["paused"] = not jobs["scrape"]["paused"]
    elif what == "wake":
        jobs["off"]["paused"] = not jobs["off"]["paused"]
    elif what == "skip":
        jobs["daily"]["catch_up"] = "skip" if jobs["daily"]["catch_up"] == "latest" else "latest"
    elif what == "widen":
        scopes["table/nba_raw.odds"] = ["daily"] if "load" in scopes["table/nba_raw.odds"] else ["daily", "load"]
    elif what == "narrow":
        scopes["backfill/tdza"] = ["load", "scrape"] if "daily" in scopes["backfill/tdza"] else ["daily", "load", "scrape"]
    elif what == "longer":  # the openings that have been released too
        declared["windows"]["morning"]["duration_s"] = 2700 if declared["windows"]["morning"]["duration_s"] > 2700 else 7200
    elif what == "remove" and "counted" in jobs:
        del jobs["counted"]
        for scope, covered in scopes.items():
            scopes[scope] = [job for job in covered if job != "counted"]
    elif what == "remove":
        jobs["counted"] = deepcopy(JOBS["counted"])
        for scope, covered in SCOPES.items():
            scopes[scope] = sorted({*scopes[scope], *({"counted"} & set(covered))})
    return declared


EDITS = ("pause", "wake", "skip", "widen", "narrow", "remove", "longer")


def flag_name(backfill: str, end: datetime) -> str:
    """The name of a flag."""
    return f"backfills/{backfill}@{end:%Y-%m-%dT%H:%M:%SZ}.json"


class Terraform:
    """One apply: planned when it is made; each `next` of `writes` is one write."""

    def __init__(
        self, world: World, declared: dict, *, mode: bool | None, names: tuple[str, ...] = (), end: datetime, edit: str = ""
    ) -> None:
        self.world = world
        self.declared = _edited(edit, declared) if edit else declared
        now = world.now
        flags = {hold.scope: hold for hold in active(world.objects, now) if hold.name.startswith("backfills/")}
        kept = {hold.name: hold.jobs for hold in flags.values()}
        new: dict[str, frozenset[str]] = {}
        for name in names:
            scope = f"backfill/{name}"
            if mode is not None and scope in flags:
                kept.pop(flags[scope].name)
            if mode:
                new[flag_name(name, end)] = frozenset(self.declared["scopes"][scope])
        self.wanted_flags = kept | new
        self.refused = self._loses_a_held_job()
        self.desired = self._states()
        self.planned = {name: world.jobs[name].state for name in self.desired}
        self.old_flags = sorted(n for n in world.objects if n.startswith("backfills/"))

    def _held(self) -> set[str]:
        held = {job for name, jobs in self.wanted_flags.items() for job in (*jobs, *self._scope(name))}
        for hold in active(self.world.objects, self.world.now):
            if not hold.name.startswith("backfills/"):
                held |= {*hold.jobs, *self.declared["scopes"].get(hold.scope, ())}
        return held

    def _scope(self, flag: str) -> list[str]:
        return self.declared["scopes"][f"backfill/{flag.removeprefix('backfills/').partition('@')[0]}"]

    def _states(self) -> dict[str, str]:
        held = self._held()
        states = {name: "PAUSED" if job["paused"] or name in held else "ENABLED" for name, job in self.declared["jobs"].items()}
        return {name: "ABSENT" for name in JOBS if name not in states} | states

    def _loses_a_held_job(self) -> bool:
        gone = set(JOBS) - set(self.declared["jobs"])
        return any(gone & self.world.jobs.keys() & self._held_now(hold) for hold in active(self.world.objects, self.world.now))

    def _held_now(self, hold) -> set[str]:
        was = json.loads(self.world.objects["declaration/current.json"][1])["scopes"]
        return {*hold.jobs, *was.get(hold.scope, ())}

    def writes(self) -> Iterator[None]:
        """The apply, a write at a time. Only what differs from what the plan saw is written."""
        world = self.world
        content = json.dumps(self.declared, sort_keys=True).encode()
        if world.objects.get("declaration/current.json", (0, b""))[1] != content:
            world.put("declaration/current.json", content)
            yield
        for name in sorted(self.wanted_flags):
            if name not in world.objects:
                world.put(name, {"backfill": name, "jobs": sorted(self.wanted_flags[name]), "reason": "r", "owner": "o"})
                yield
        for name, state in sorted(self.desired.items()):
            if state != self.planned[name]:
                if self.planned[name] == "ABSENT" and state == "PAUSED":
                    world.set_state(name, "ENABLED", self)  # for a moment: it is created, then paused
                    yield
                world.set_state(name, state, self)
                yield
        for name in self.old_flags:
            if name not in self.wanted_flags and name in world.objects:
                world.take(name)
                yield

"""A hold on 200 jobs against what people do by hand, with gcloud and with a client.

The reconcile is the coordinator's, in this process (as `--direct` has it), over Google's clients against the stand-in; jobs and
declaration are made up here.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from bench.measure import CLIENT, PROJECT, PYTHON, WORKERS, api, calls, medians, say, timed
from interlock.cron import Cron
from interlock.declaration import Declaration, DeclaredJob
from interlock.gcp.ports import GoogleBucket, GoogleScheduler
from interlock.runtime.declaration_file import OBJECT, to_json
from interlock.runtime.operations import serve
from interlock.runtime.outside import MAX_CONCURRENT, Outside
from interlock.runtime.remembering import Remembering
from interlock.runtime.report import Report
from interlock.runtime.requests import HoldRequest, ReconcileRequest, ReleaseRequest, Request
from interlock.runtime.snapshot import Reader
from interlock.terminal.draining import running

REGION, SCOPE, ID = "us-west2", "all", "bench"
HELD_JOBS = 200
GCLOUD_JOBS = 10
"""gcloud needs a process for each job: it is measured on so many, and multiplied, unless all are asked for."""
GCLOUD_WAYS = {f"gcloud, xargs -P {WORKERS}": WORKERS, "gcloud, one after the other": 1}
"""How many processes at a time."""
WRITES_A_MINUTE = 500
"""Cloud Scheduler's quota: https://cloud.google.com/scheduler/quotas"""
BUSY = timedelta(seconds=5)
"""How long a run takes that begins as somebody asks for the pause."""
POLL_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Platform:
    """So many jobs, enabled, and their declaration."""

    declaration: Declaration
    outside: Outside

    bucket: str

    def ask(self, request: Request) -> Report:
        """What the coordinator does when it is asked; nothing may be left to do."""
        report = serve(self.outside, request)
        if not report.settled:
            raise SystemExit(f"bench: the reconcile did not settle: {report.records[-1]}")
        return report

    def hold(self) -> None:
        self.ask(HoldRequest(scope=SCOPE, until=timedelta(hours=2), reason="bench", owner="bench", id=ID))

    def release(self) -> None:
        self.ask(ReleaseRequest(scope=SCOPE, id=ID, reason="bench", owner="bench"))

    def client(self, verb: str, jobs: int) -> list[str]:
        """The words of a plain client that pauses or resumes so many jobs."""
        names = [f"{REGION}/jobs/{name}" for name in list(self.declaration.jobs)[:jobs]]
        return [PYTHON, "-c", CLIENT, str(WORKERS), os.environ["INTERLOCK_LOCAL_URL"], PROJECT, verb, *names]

    def drained(self) -> None:
        """Waits until no run is under way."""
        reader = Reader(self.outside)
        while running(self.declaration, reader.jobs(self.declaration), self.declaration.jobs, self.outside.clock()):
            time.sleep(POLL_SECONDS)

    def run_all(self) -> None:
        """A run of every job begins now."""
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(lambda name: self.outside.scheduler.run(REGION, name), self.declaration.jobs))
        api("POST", "/_local/settle")


def gcloud_on_all(latency: str) -> None:
    """gcloud on every job, once, as it takes minutes: from the request to all jobs paused, and to the end of the runs."""
    platform = platform_of(HELD_JOBS)
    paused, drained = {}, {}
    for name, processes in GCLOUD_WAYS.items():
        platform.run_all()
        began = time.monotonic()
        timed(_gcloud(platform, processes, HELD_JOBS))
        paused[name] = time.monotonic() - began
        platform.drained()
        drained[name] = time.monotonic() - began
        timed(platform.client("resume", HELD_JOBS))
    base = next(iter(GCLOUD_WAYS))
    say(f"gcloud, one round: request to all of {HELD_JOBS} jobs paused, latency {latency}", paused, base)
    say(f"The same to drained, when runs of {BUSY.seconds} s had just begun", drained, base)


def pause_all(runs: int, latency: str) -> None:
    """From the request to all jobs paused, and to the end of the runs under way."""
    platform = platform_of(HELD_JOBS)

    def by_hand(pause: list[str] | str, jobs: int) -> float:
        seconds = timed(pause)
        timed(platform.client("resume", jobs))
        return seconds

    def held() -> float:
        seconds = _seconds(platform.hold)
        platform.release()
        return seconds

    def to_drained(pause: Callable[[], object], resume: Callable[[], object]) -> float:
        platform.run_all()
        began = time.monotonic()
        pause()
        platform.drained()
        seconds = time.monotonic() - began
        resume()
        return seconds

    base = f"hold and reconcile, {MAX_CONCURRENT} calls at a time"
    plain = f"Python client, {WORKERS} threads"
    ways: dict[str, Callable[[], float]] = {base: held, plain: lambda: by_hand(platform.client("pause", HELD_JOBS), HELD_JOBS)}
    notes = {}
    if shutil.which("gcloud"):
        for name, processes in GCLOUD_WAYS.items():
            ways[name] = partial(by_hand, _gcloud(platform, processes, GCLOUD_JOBS), GCLOUD_JOBS)
            notes[name] = f"measured on {GCLOUD_JOBS} jobs, times {HELD_JOBS // GCLOUD_JOBS}"
    measured = medians(ways, runs)
    measured |= {name: measured[name] * HELD_JOBS / GCLOUD_JOBS for name in notes}
    say(f"Request to all of {HELD_JOBS} jobs paused, latency {latency}", measured, base, notes)
    drains = {
        base: lambda: to_drained(platform.hold, platform.release),
        plain: lambda: to_drained(
            lambda: timed(platform.client("pause", HELD_JOBS)), lambda: timed(platform.client("resume", HELD_JOBS))
        ),
    }
    title = f"The same to drained, when runs of {BUSY.seconds} s had just begun"
    say(title, medians(drains, runs), base, {plain: "knows nothing of runs; drained by our own look"})
    print(f"\n  hold:    {calls(platform.hold)}")
    print(f"  no-op:   {calls(lambda: platform.ask(ReconcileRequest()))}")
    print(f"  release: {calls(platform.release)}")
    print(
        f"  {HELD_JOBS} pauses are {HELD_JOBS / WRITES_A_MINUTE:.0%} of the {WRITES_A_MINUTE} writes a minute that Cloud"
        " Scheduler takes; the rest goes to the bucket. Beyond them 429 is tried again with backoff."
    )


def platform_of(jobs: int, *, made: bool = False) -> Platform:
    """So many made-up jobs, with bucket and declaration; they are made, unless somebody has."""
    bucket = f"bench-{jobs}-jobs"
    parent = f"projects/{PROJECT}/locations/{REGION}/jobs"
    names = [f"bench-{jobs}-{number:04d}" for number in range(jobs)]
    declaration = Declaration(
        jobs={name: _job(name) for name in names},
        scopes={SCOPE: tuple(names)},
        tables={},
        windows={},
        services={"scrapers": 10},
        max_hold=timedelta(days=4),
        tick=timedelta(minutes=10),
        breaker_hold=timedelta(minutes=30),
    )
    outside = outside_of(PROJECT, bucket)
    platform = Platform(declaration=declaration, outside=outside, bucket=bucket)
    if made:
        return platform
    api("POST", f"/v1/projects/{PROJECT}/services/cloudscheduler.googleapis.com:enable", {})  # a new project has it off
    api("POST", f"/storage/v1/b?project={PROJECT}", {"name": bucket})
    outside.bucket.create(OBJECT, to_json(declaration).encode())

    def make(name: str) -> None:
        target = {"uri": "https://scrapers.invalid/", "httpMethod": "POST"}
        body = {"name": f"{parent}/{name}", "schedule": str(declaration.jobs[name].schedule), "httpTarget": target}
        api("POST", f"/v1/{parent}", body)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(make, names))
    return platform


def outside_of(project: str, bucket: str) -> Outside:
    """The outside as an instance of the coordinator has it."""
    return Outside(
        bucket=Remembering(GoogleBucket(project, bucket)),
        scheduler=GoogleScheduler(project),
        clock=lambda: datetime.now(UTC),
        log=lambda _record: None,
        sleep=time.sleep,
        jitter=random.random,
        lists_all=True,
    )


def _job(name: str) -> DeclaredJob:
    """One that misses nothing while it is measured."""
    return DeclaredJob(
        name=name,
        scheduler_name=name,
        undecided=False,
        region=REGION,
        schedule=Cron.parse("0 0 1 1 *"),
        time_zone="Etc/UTC",
        paused=False,
        catch_up="skip",
        recoverable=True,
        service="scrapers",
        deadline=None,
        expect=BUSY,
        after=(),
        relative_dates=False,
    )


def _gcloud(platform: Platform, processes: int, jobs: int) -> str:
    names = "\\n".join(list(platform.declaration.jobs)[:jobs])
    pause = f"gcloud -q scheduler jobs pause NAME --location={REGION}"
    return f"printf '{names}\\n' | xargs -P {processes} -I NAME {pause}"


def _seconds(call: Callable[[], object]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began

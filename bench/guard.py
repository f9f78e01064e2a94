"""The guard: what a question and a retried unit cost a scraper, and what importing it costs a fresh process."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from bench.measure import PYTHON, api, calls

GUARD = Path(__file__).parent.parent / "guard"
BUCKET = "bench-guard"
HELD, ENDED = 5, 995
"""Objects that are active, and that have had their time."""
QUESTIONS = 10_000
"""Of those that are answered from what is known already."""
US = 1e6
MS = 1e3


def measure(runs: int, latency: str) -> None:
    """Prints the three tables."""
    sys.path.insert(0, str(GUARD))
    _question(runs, latency)
    _retry(runs)
    _imports(runs)


def _question(runs: int, latency: str) -> None:
    from interlock_guard import HoldBucket, active_holds

    _fill()
    kept = HoldBucket(BUCKET, max_age_s=3600)

    def ask(bucket: HoldBucket) -> None:
        active_holds(bucket, job="fetch", tables=["d.mart"])

    def cold() -> None:
        ask(HoldBucket(BUCKET))

    again = HoldBucket(BUCKET, max_age_s=0)
    ask(kept)
    ask(again)
    print(f"\nA question of the guard: {HELD} active and {ENDED} ended objects in the bucket, latency {latency}\n")
    for name, seconds, note in (
        ("cached", _median(lambda: ask(kept), runs, QUESTIONS), calls(lambda: ask(kept))),
        ("asked anew, contents known", _median(lambda: ask(again), runs), calls(lambda: ask(again))),
        ("the first in a process, client included", _median(cold, runs), calls(cold)),
    ):
        shown = f"{seconds * US:8.1f} us" if seconds < 1 / MS else f"{seconds * MS:8.1f} ms"
        print(f"  {name:<44} {shown}  {note}")
    print("\n  A page of the stand-in's lists has 500 names, of Google's 1,000; flags and holds are listed apart, at once.")


def _retry(runs: int) -> None:
    """A unit that succeeds at once, and does nothing: what is left is the wrapper."""
    from interlock_guard import serialization_retry

    def unit() -> None:
        pass

    plain, wrapped = (_median(act, runs, QUESTIONS) for act in (unit, serialization_retry(table="d.mart")(unit)))
    print(f"\nserialization_retry around a unit that succeeds: {(wrapped - plain) * US:.2f} us more\n")


def _median(act: Callable[[], None], runs: int, times: int = 1) -> float:
    def once() -> float:
        began = time.perf_counter()
        for _ in range(times):
            act()
        return (time.perf_counter() - began) / times

    return statistics.median([once() for _ in range(runs + 1)][1:])


def _fill() -> None:
    api("POST", "/storage/v1/b?project=bench", {"name": BUCKET})
    now = datetime.now(UTC)
    ends = [now + timedelta(hours=2)] * HELD + [now - timedelta(hours=2)] * ENDED
    for number, end in enumerate(ends):
        name = f"holds/job/job-{number:04}/x@{end:%Y-%m-%dT%H:%M:%SZ}.json"
        content = {"jobs": [f"job-{number:04}"], "tables": [], "reason": "bench", "owner": "bench"}
        api("POST", f"/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={name}", content)


def _imports(runs: int) -> None:
    """In fresh processes, their own start taken off; with the guard alone on the path beside the environment's packages."""
    environ = {**os.environ, "PYTHONPATH": str(GUARD)}

    def start(code: str) -> None:
        subprocess.run([PYTHON, "-c", code], check=True, env=environ)

    start("import interlock_guard, google.cloud.storage")  # byte code
    base = _median(lambda: start("pass"), runs * 3)
    print("\nImports in a fresh process, beyond its start\n")
    for code in (
        "import interlock_guard",
        "from interlock_guard import skip_when_held, answer_when_held",
        "import google.cloud.storage",
    ):
        seconds = _median(partial(start, code), runs * 3) - base
        print(f"  {code:<64} {seconds * MS:8.1f} ms")

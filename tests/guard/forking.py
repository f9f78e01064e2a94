"""What `test_forks.py` has done in an interpreter of its own, as pytest's has libraries that don't live through a fork (gRPC).

`python -m tests.guard.forking` goes through every scenario, each in a fork of its own, and prints what came of it.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from interlock_guard import HoldBucket, check, forks

from tests.guard.storage_server import Bucket, serving

END = "2099-01-01T00:00:00Z"
WORKERS, QUESTIONS, THREADS = 8, 1000, 8
"""So many threads of a child ask at once, and share a reading: to read is what takes time."""
TABLES = 40
"""So many are asked about, and the first half of them is held."""
PATIENCE_S = 60.0
"""So much that a busy machine is no reason for an error."""


def fill(bucket: Bucket) -> None:
    """Holds of half of the tables, each with a reason of its own."""
    for number in range(TABLES // 2):
        bucket.put(f"holds/table/d.t{number}/x@{END}.json", tables=[f"d.t{number}"], reason=f"r{number}")


def expected(number: int) -> list[str]:
    """The reasons for which the table of that number is held."""
    return [f"r{number % TABLES}"] if number % TABLES < TABLES // 2 else []


def right(asks: HoldBucket, number: int) -> bool:
    """Whether the answer about a table is that about it and no other's."""
    verdict = check(asks, tables=f"d.t{number % TABLES}", on_error="skip")
    return not verdict.error and [hold.reason for hold in verdict.holds] == expected(number)


def in_child(act: Callable[[], object], seconds: float = 120.0) -> object:
    """What `act` gives in a fork of this process."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(write, json.dumps(act()).encode())
        except BaseException:
            os.write(write, json.dumps(traceback.format_exc()[-3000:]).encode())
        finally:
            os._exit(0)
    os.close(write)
    until = time.monotonic() + seconds
    while (ended := os.waitpid(pid, os.WNOHANG)) == (0, 0):
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return "hung"
        time.sleep(0.01)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    return json.loads(said) if said else f"died: {ended[1]}"


def under_load(_bucket: Bucket, asks: HoldBucket) -> object:
    """Forks while threads ask without a pause: how many answers of each child were right, and of the parent wrong."""
    over, share = threading.Event(), QUESTIONS // WORKERS

    def ask_until_over() -> int:
        wrong = 0
        while not over.is_set():
            wrong += not right(asks, 3)
        return wrong

    def ask() -> int:
        with ThreadPoolExecutor(THREADS) as pool:
            return sum(pool.map(lambda number: right(asks, number), range(share)))

    assert right(asks, 3)
    with ThreadPoolExecutor(3 + WORKERS) as pool:
        parents = [pool.submit(ask_until_over) for _ in range(3)]
        children = [pool.submit(in_child, ask) for _ in range(WORKERS)]
        said = [child.result() for child in children]
        over.set()
        return [said, [parent.result() for parent in parents]]


def while_reading(bucket: Bucket, asks: HoldBucket) -> object:
    """Forks while a reading of the parent is under way, which ends only after the child."""
    go_on, listed, once = threading.Event(), threading.Event(), iter([True])

    def wait(_: str) -> None:
        if next(once, False):
            listed.set()
            go_on.wait(60)

    assert right(asks, 3)
    bucket.on_list = wait
    asking = threading.Thread(target=right, args=(asks, 3))
    asking.start()
    assert listed.wait(60)
    said = in_child(lambda: [right(asks, 3), right(asks, 21)], 60)
    go_on.set()
    asking.join(60)
    return [said, right(asks, 4)]


def past_python(_bucket: Bucket, asks: HoldBucket) -> object:
    """A child for which nothing of Python's was run, as it may be where C forks."""
    assert right(asks, 3)
    forks._kept.clear()
    return in_child(lambda: right(asks, 3), 60)


def known(bucket: Bucket, asks: HoldBucket) -> object:
    """A child that can't read the bucket itself."""
    assert right(asks, 3)
    bucket.on_list = lambda _: (403, b"{}")
    return in_child(lambda: [check(asks, tables=f"d.t{number}", on_error="run").held for number in (3, 21)], 60)


SCENARIOS = {"under load": under_load, "while reading": while_reading, "past Python": past_python, "known": known}
CLIENTS = ("given", "own")
"""One that somebody gave to the bucket, or the bucket's own."""


def act(scenario: str, client: str) -> object:
    """What came of a scenario."""
    with serving() as bucket:
        fill(bucket)
        os.environ |= {"STORAGE_EMULATOR_HOST": bucket.url, "GOOGLE_CLOUD_PROJECT": "p"}
        given = bucket.client() if client == "given" else None
        asks = HoldBucket("b", client=given, max_age_s=0.0, patience_s=PATIENCE_S)
        return SCENARIOS[scenario](bucket, asks)


def main() -> None:
    """Nothing but imports has happened in the process that forks, and these only once."""
    cases = [(scenario, client) for scenario in SCENARIOS for client in CLIENTS]
    print(json.dumps([[*case, in_child(functools.partial(act, *case), 240)] for case in cases]))


if __name__ == "__main__":
    main()

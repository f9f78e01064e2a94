"""A first deploy to a new project, which refuses and delays as Google does: from nothing to the end in one go, and again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from tests.e2e.deployment import STACKS, Deployment
from tests.e2e.live import Live

STRICTEST = ("grants=60s", "metrics=10m", "api-enable=30s", "lag=10m", "strict_pause")
AT_A_TIME = timedelta(seconds=30)


@contextmanager
def quick_clock(cloud: Deployment) -> Iterator[None]:
    """The emulator's clock goes on by half a minute each half second."""
    live, done, now = Live(deployment=cloud), threading.Event(), datetime.now(UTC)
    live.stand_at(now)

    def go() -> None:
        at = now
        while not done.wait(0.5):
            at += AT_A_TIME
            live.stand_at(at)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_a_first_deploy_goes_through_in_one_go(nothing: Deployment) -> None:
    nothing.faults.add(*STRICTEST)
    with quick_clock(nothing):
        done = nothing.interlock("deploy")
    print(done.raw)
    done.succeeded()
    for stack in STACKS:
        assert nothing.plan(stack).changes == {}

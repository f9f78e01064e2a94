"""What happens later: deliveries and attempts, each due at an instant of the emulator's clock, run by a few threads.

Nothing here outlives the process: a message or a retry that is not delivered when the emulator ends is gone.
"""

from __future__ import annotations

import heapq
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import count

from local.emulator.clock import Clock

_THREADS = 8
_LONGEST_WAIT_SECONDS = 0.5  # between two readings of a clock that runs by itself

Work = Callable[[], None]


class Dispatcher:
    """Runs work when it is due. The threads start with the first piece of work."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: list[tuple[datetime, int, Work]] = []
        self._order = count()
        self._running = 0
        self._closed = False
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="emulator")  # threads come with work
        self._pump = threading.Thread(target=self._submit_due, daemon=True)
        clock.moved = self._wake

    def submit(self, due: datetime, work: Work) -> None:
        """Run `work` once it is due."""
        with self._changed:
            if self._closed:
                return
            if not self._pump.ident:
                self._pump.start()
            heapq.heappush(self._waiting, (due, next(self._order), work))
            self._changed.notify_all()

    def next_due(self) -> datetime | None:
        """When the first piece of waiting work is due, None if there is none."""
        with self._changed:
            return self._waiting[0][0] if self._waiting else None

    def settle(self, seconds: float) -> bool:
        """Wait until nothing runs and nothing is due; False if that took longer than `seconds`."""
        end = time.monotonic() + seconds
        with self._changed:
            while self._running or (self._waiting and self._waiting[0][0] <= self._clock.now()):
                left = end - time.monotonic()
                if left <= 0 or self._closed:
                    return False
                self._changed.wait(min(left, _LONGEST_WAIT_SECONDS))
        return True

    def close(self) -> None:
        """Drop what waits. What runs is left to its own timeouts."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _submit_due(self) -> None:
        with self._changed:
            while not self._closed:
                now = self._clock.now()
                while self._waiting and self._waiting[0][0] <= now:
                    self._running += 1
                    self._pool.submit(self._run, heapq.heappop(self._waiting)[2])
                # A clock that stands still notifies when it moves.
                self._changed.wait(_LONGEST_WAIT_SECONDS if self._waiting and not self._clock.stepped else None)

    def _run(self, work: Work) -> None:
        try:
            work()
        except Exception as error:  # a fault of ours: nothing else would report it
            if not self._closed:
                print(f"The local stand-in failed at a delivery: {error!r}", file=sys.stderr)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

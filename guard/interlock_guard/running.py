"""A run that takes long checks again between its batches: a hold may come while it is at work."""

from __future__ import annotations

import builtins
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from interlock_guard.asking import Bucket, OnError, Subject, Tables, Verdict, about, adecided, check_on_error, decided, log_held
from interlock_guard.budget import check_deadline
from interlock_guard.labels import running_for
from interlock_guard.logs import STOPPED


class _Stop(BaseException):
    """Leaves the block of one run. As with KeyboardInterrupt, what catches any Exception must not catch it: a batch's own
    handler would, and write on."""

    def __init__(self, run: LongRun) -> None:
        super().__init__("held: this leaves the block of interlock_guard.long_run")
        self.run = run


class LongRun:
    """What `long_run` gives: `stop_if_held()` between two batches leaves the block, and `stopped` says so afterwards."""

    def __init__(self, bucket: Bucket, subject: Subject, on_error: OnError, deadline: float | None = None) -> None:
        self._bucket, self._subject, self._on_error, self._deadline = bucket, subject, on_error, deadline
        self._labels = ExitStack()
        self.stopped: Verdict | None = None
        """Why the block was left, or None."""

    def check(self) -> Verdict:
        """Asks again; a call costs nothing for some seconds after the last answer."""
        return decided(self._subject, self._bucket, self._on_error, self._deadline)

    async def acheck(self) -> Verdict:
        """As `check`, for asyncio."""
        return await adecided(self._subject, self._bucket, self._on_error, self._deadline)

    def stop_if_held(self) -> None:
        """Leaves the `with` block of this run when something holds it by now. To be called where nothing is half done.

        It raises what `except Exception` does not catch. Where something catches it all the same (`except:`, `except
        BaseException`), the next call raises it again: a run that was told to stop stays stopped.
        """
        self._stop(self.stopped or self.check())

    async def astop_if_held(self) -> None:
        """As `stop_if_held`, for asyncio."""
        self._stop(self.stopped or await self.acheck())

    def _stop(self, verdict: Verdict) -> None:
        if not verdict.held:
            return
        if self.stopped is None:
            self.stopped = verdict
            log_held(STOPPED, "the run stopped between two batches", verdict, self._subject)
        raise _Stop(self)

    def __enter__(self) -> LongRun:
        self._labels.enter_context(running_for(self._subject.job))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        self._labels.close()
        return error is not None and self._is_its_own(error)

    async def __aenter__(self) -> LongRun:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        return self.__exit__(kind, error, trace)

    def _is_its_own(self, error: BaseException) -> bool:
        """Whether it is the stop of this run, or a group of nothing else: asyncio.TaskGroup makes one of what tasks raise."""
        group: Any = getattr(builtins, "BaseExceptionGroup", None)  # since Python 3.11
        if group is not None and isinstance(error, group):
            return all(self._is_its_own(part) for part in getattr(error, "exceptions", ()))
        return isinstance(error, _Stop) and error.run is self


def long_run(
    bucket: Bucket,
    *,
    job: str | None = None,
    tables: Tables = (),
    part_of: str | None = None,
    on_error: OnError,
    deadline: float | None = None,
) -> LongRun:
    """A context manager for a run that takes long, with `with` or `async with`. Parameters as those of `check`; ValueError when
    it is about nothing.

    with long_run(BUCKET, tables=["nba_raw.games"], on_error="run") as run:
        for date in dates:
            run.stop_if_held()
            load(date)
    if run.stopped:
        print(run.stopped.reason)
    """
    check_on_error(on_error)
    check_deadline(deadline)
    return LongRun(bucket, about(job, tables, part_of), on_error, deadline)

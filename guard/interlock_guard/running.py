"""A run that takes long checks again between its batches: a hold may come while it is at work."""

from __future__ import annotations

from types import TracebackType

from interlock_guard.asking import ABOUT_NOTHING, Bucket, OnError, Subject, Tables, Verdict, check, check_on_error, log_held
from interlock_guard.logs import STOPPED


class _Stop(Exception):
    """Leaves the block of one run."""

    def __init__(self, run: LongRun) -> None:
        super().__init__("held")
        self.run = run


class LongRun:
    """What `long_run` gives: `stop_if_held()` between two batches leaves the block, and `stopped` says so afterwards."""

    def __init__(self, bucket: Bucket, subject: Subject, on_error: OnError) -> None:
        self._bucket, self._subject, self._on_error = bucket, subject, on_error
        self.stopped: Verdict | None = None
        """Why the block was left, or None."""

    def check(self) -> Verdict:
        """Asks again; a call costs nothing for some seconds after the last answer."""
        subject = self._subject
        return check(self._bucket, job=subject.job, tables=subject.tables, part_of=subject.part_of, on_error=self._on_error)

    def stop_if_held(self) -> None:
        """Leaves the `with` block of this run when something holds it by now. To be called where nothing is half done."""
        verdict = self.check()
        if verdict.held:
            self.stopped = verdict
            log_held(STOPPED, "the run stopped between two batches", verdict, self._subject.job, self._subject.tables)
            raise _Stop(self)

    def __enter__(self) -> LongRun:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        return isinstance(error, _Stop) and error.run is self


def long_run(
    bucket: Bucket, *, job: str | None = None, tables: Tables = (), part_of: str | None = None, on_error: OnError
) -> LongRun:
    """A context manager for a run that takes long. Parameters as those of `check`; ValueError when it is about nothing.

    with long_run(BUCKET, tables=["nba_raw.games"], on_error="run") as run:
        for date in dates:
            run.stop_if_held()
            load(date)
    if run.stopped:
        print(run.stopped.reason)
    """
    check_on_error(on_error)
    subject = Subject.of(job, tables, part_of)
    if subject.job is None and not subject.tables:
        raise ValueError(ABOUT_NOTHING)
    return LongRun(bucket, subject, on_error)

"""What a scraper imports: is what I am about to write held, and how do I write it so that two writers do no harm?

Every name is imported when it is first used, and Google's libraries when they are: `import interlock_guard` costs nothing. What
works with BigQuery needs the extra: `pip install "interlock-guard[bigquery]"`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interlock_guard.append import append_rows
    from interlock_guard.asking import Verdict, aactive_holds, acheck, active_holds, check
    from interlock_guard.bucket import BucketUnreadable, HoldBucket
    from interlock_guard.errors import (
        ConflictsExhausted,
        GuardError,
        HeldTable,
        NotCommitted,
        RowsRefused,
        StreamingBufferBlocked,
        explain,
    )
    from interlock_guard.http import answer_when_held
    from interlock_guard.jobs import Written
    from interlock_guard.labels import job_labels
    from interlock_guard.objects import Hold
    from interlock_guard.replace import replace_rows
    from interlock_guard.retry import serialization_retry
    from interlock_guard.running import LongRun, long_run
    from interlock_guard.skip import Skipped, skip_when_held

__all__ = [
    "BucketUnreadable",
    "ConflictsExhausted",
    "GuardError",
    "HeldTable",
    "Hold",
    "HoldBucket",
    "LongRun",
    "NotCommitted",
    "RowsRefused",
    "Skipped",
    "StreamingBufferBlocked",
    "Verdict",
    "Written",
    "aactive_holds",
    "acheck",
    "active_holds",
    "answer_when_held",
    "append_rows",
    "check",
    "explain",
    "job_labels",
    "long_run",
    "replace_rows",
    "serialization_retry",
    "skip_when_held",
]

_MODULES = {
    "BucketUnreadable": "bucket",
    "ConflictsExhausted": "errors",
    "GuardError": "errors",
    "HeldTable": "errors",
    "Hold": "objects",
    "HoldBucket": "bucket",
    "LongRun": "running",
    "NotCommitted": "errors",
    "RowsRefused": "errors",
    "Skipped": "skip",
    "StreamingBufferBlocked": "errors",
    "Verdict": "asking",
    "Written": "jobs",
    "aactive_holds": "asking",
    "acheck": "asking",
    "active_holds": "asking",
    "answer_when_held": "http",
    "append_rows": "append",
    "check": "asking",
    "explain": "errors",
    "job_labels": "labels",
    "long_run": "running",
    "replace_rows": "replace",
    "serialization_retry": "retry",
    "skip_when_held": "skip",
}


def __getattr__(name: str) -> object:
    """The public name from its module, kept for the next time."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found

"""What a scraper imports: is what I am about to write held, and by whom, until when?

Every name is imported when it is first used, and Google's libraries when they are: `import interlock_guard` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interlock_guard.asking import Verdict, active_holds, check
    from interlock_guard.bucket import BucketUnreadable, HoldBucket
    from interlock_guard.http import answer_when_held
    from interlock_guard.objects import Hold
    from interlock_guard.running import LongRun, long_run
    from interlock_guard.skip import Skipped, skip_when_held

__all__ = [
    "BucketUnreadable",
    "Hold",
    "HoldBucket",
    "LongRun",
    "Skipped",
    "Verdict",
    "active_holds",
    "answer_when_held",
    "check",
    "long_run",
    "skip_when_held",
]

_MODULES = {
    "BucketUnreadable": "bucket",
    "Hold": "objects",
    "HoldBucket": "bucket",
    "LongRun": "running",
    "Skipped": "skip",
    "Verdict": "asking",
    "active_holds": "asking",
    "answer_when_held": "http",
    "check": "asking",
    "long_run": "running",
    "skip_when_held": "skip",
}


def __getattr__(name: str) -> object:
    """The public name from its module, kept for the next time."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found

"""The events that the coordinator logs and that log metrics count: one JSON object a line, its `event` one of these.

What lasts is logged at every reconcile while it lasts, so that an alert opens once and closes by itself.
"""

from __future__ import annotations

RECONCILED = "reconciled"
"""A reconcile that went through, with `held`, `paused` and `failed` as numbers of jobs: the heartbeat."""
RECONCILE_FAILED = "reconcile_failed"
"""One that did not: no readable declaration, or what is held never stood still."""
ACTION_FAILED = "action_failed"
"""`job` could not be paused, resumed or run, retries included."""
JOB_BROKEN = "job_broken"
"""`job` is declared and missing, disabled by the system, or its last update failed."""
RUN_MISSED = "run_missed"
"""`job` should have fired, nothing held it, and it did not."""
UNRESOLVED_CLAIM = "unresolved_claim"
"""A catch-up run of `job` may or may not have been made; nobody but a person may run it again."""
PAUSED_WITHOUT_HOLD = "paused_without_hold"
"""`job` was paused, though nothing holds it and it is not declared paused."""
ENABLED_WHILE_HELD = "enabled_while_held"
"""`job` was enabled, though something holds it."""
HOLD_ENDING = "hold_ending"
"""The backfill of `hold` is on and will end soon."""
HOLD_OVERDUE = "hold_overdue"
"""The object `hold` has passed its end and is still there."""
OBJECT_UNREADABLE = "object_unreadable"
"""The object `hold` holds nothing: its name or scope means nothing."""

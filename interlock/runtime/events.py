"""The events that the coordinator logs and that log metrics count: one JSON object a line, its `event` one of these.

What lasts is logged at every reconcile while it lasts, so that an alert opens once and closes by itself; but drift, which the
coordinator does not mend.
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
JOB_DRIFTED = "job_drifted"
"""`job` is not what was declared, in the parts that `why` names. Said once a day, and when others drift too."""
RUN_MISSED = "run_missed"
"""`job` should have fired, nothing held it, and it did not."""
UNRESOLVED_CLAIM = "unresolved_claim"
"""A catch-up run of `job` may or may not have been made; nobody but a person may run it again."""
PAUSED_WITHOUT_HOLD = "paused_without_hold"
"""`job` was paused, though nothing holds it and it is not declared paused."""
ENABLED_WHILE_HELD = "enabled_while_held"
"""`job` was enabled, though something holds it."""
HOLD_ENDING = "hold_ending"
"""The backfill of `hold` is on and will end soon, or its command runs, and nobody extends it any more."""
BACKFILL_FAILED = "backfill_failed"
"""The command that `hold` is for failed; the hold stays, until its end."""
HOLD_OVERDUE = "hold_overdue"
"""The flag of the backfill of `hold` has passed its end and is still there."""
OBJECT_UNREADABLE = "object_unreadable"
"""The name of the object `hold` means nothing, or its scope: then it holds what it did when it was written."""

HOLD_WRITTEN = "hold_written"
"""`hold` was written, or extended, until `until`; also the opening of a window."""
HOLD_PLANNED = "hold_planned"
"""`hold` will be held from a time on, until `until`."""
HOLD_RELEASED = "hold_released"
"""`hold` was released by a person before its end, or taken back before its beginning."""
HOLD_ENDED = "hold_ended"
"""The object of `hold`, whose end has passed, was deleted."""
JOB_PAUSED = "job_paused"
"""`job` was paused, since `hold` holds it or since it is declared paused."""
JOB_RESUMED = "job_resumed"
"""`job` was resumed: nothing holds it any more."""
RUN_CAUGHT_UP = "run_caught_up"
"""The latest run that `job` missed while it was held was made, once; `missed` counts all of them."""
RUN_SKIPPED = "run_skipped"
"""`job` missed `missed` runs while it was held, and none is made up for: its catch_up is skip, or it fired since."""
RUN_WAITING = "run_waiting"
"""The run that `job` missed will be made up for later."""
HOLD_FORCED = "hold_forced"
"""`hold` was held, extended or released with --force by somebody who may not otherwise: it is not theirs, or it is `all`."""
INCIDENT_IGNORED = "incident_ignored"
"""An incident of the conflict policy that holds nothing."""

BOARD_FAILED = "board_failed"
"""The board could not be written; whatever else was asked is done."""
REQUEST_REJECTED = "request_rejected"
"""A request was refused, and nothing changed."""
REQUEST_FAILED = "request_failed"
"""A request could not be served at all: what the coordinator needs was not there, or it is wrong itself."""

SEVERITIES = {
    REQUEST_FAILED: "ERROR",
    REQUEST_REJECTED: "WARNING",
    RECONCILE_FAILED: "ERROR",
    ACTION_FAILED: "ERROR",
    JOB_BROKEN: "ERROR",
    JOB_DRIFTED: "ERROR",
    UNRESOLVED_CLAIM: "ERROR",
    RUN_MISSED: "WARNING",
    PAUSED_WITHOUT_HOLD: "WARNING",
    ENABLED_WHILE_HELD: "WARNING",
    HOLD_OVERDUE: "WARNING",
    BACKFILL_FAILED: "ERROR",
    OBJECT_UNREADABLE: "WARNING",
    INCIDENT_IGNORED: "WARNING",
    HOLD_FORCED: "WARNING",
    BOARD_FAILED: "WARNING",
}
"""As Cloud Logging names them; what is not here is INFO."""

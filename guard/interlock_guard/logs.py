"""What the guard logs: one JSON object a line, as Cloud Logging takes it from a container's output.

The lines go to the logger `interlock_guard` at level WARNING, so that they are printed, and as they are, where nobody has set
up logging. The `severity` in them is what Cloud Logging shows. `json_fields` is for google-cloud-logging's own handler.
"""

from __future__ import annotations

import json
import logging
from typing import Literal

logger = logging.getLogger("interlock_guard")

Severity = Literal["NOTICE", "WARNING", "ERROR"]

SKIPPED = "guard_skipped"
"""A run was left out because something holds what it is about."""
STOPPED = "guard_stopped"
"""A long run was left between two batches."""
BUCKET_UNREADABLE = "guard_bucket_unreadable"
"""The bucket could not be read; `on_error` is what came of it."""
OBJECTS_IGNORED = "guard_objects_ignored"
"""Objects under the prefixes whose names state nothing."""
CONTENT_IGNORED = "guard_content_ignored"
"""Flags or holds whose content is no JSON object: only their names count."""
CONTENT_UNREADABLE = "guard_content_unreadable"
"""Flags or holds whose content could not be read."""
SCRIPT_NOT_REPEATED = "bigquery_script_not_repeated"
"""A statement of a script met a conflict; what the script did before may have been committed."""
CONFLICT = "bigquery_serialization_conflict"
"""A unit met a conflict and is tried again."""
LOAD_RETRIED = "bigquery_load_retried"
"""A load failed for what is transient, and is tried again."""
RETRY_SUCCESS = "bigquery_retry_success"
"""A unit that was tried again is done."""
RETRY_EXHAUSTED = "bigquery_retry_exhausted"
"""A unit failed so at its last try."""
STAGING_LEFT = "bigquery_staging_left"
"""A staging table could not be dropped; it expires."""


def log(event: str, severity: Severity, message: str, **fields: object) -> None:
    """One line. JSON escapes what a stranger's text may have in it."""
    line = {"severity": severity, "message": message, "event": event, **fields}
    logger.warning("%s", json.dumps(line, default=str), extra={"json_fields": line})

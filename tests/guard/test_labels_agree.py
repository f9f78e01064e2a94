"""The label that the guard writes is the one that Interlock reads in BigQuery's job history."""

from __future__ import annotations

from interlock_guard.labels import JOB_LABEL

from interlock.adoption.jobs_query import LABEL


def test_the_guard_writes_the_label_that_is_read() -> None:
    assert JOB_LABEL == LABEL

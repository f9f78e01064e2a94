"""Which job of Cloud Scheduler a BigQuery job ran for: the label that says so, and what it can hold of a name."""

from __future__ import annotations

import re
from collections.abc import Iterable

LABEL = "scheduler_job"
"""The key of the label, on the jobs of BigQuery or on the script that they are part of."""
MAX_LABEL = 63


def label_of(job: str) -> str:
    """A job's name as a label can hold it: lower case, digits, - and _, at most 63 characters.

    https://docs.cloud.google.com/bigquery/docs/labels-intro#requirements
    """
    return re.sub(r"[^a-z0-9_-]", "_", job.lower())[:MAX_LABEL]


def by_label(names: Iterable[str]) -> dict[str, str]:
    """The name that each label means. A label that may mean two means none."""
    found = dict[str, list[str]]()
    for name in dict.fromkeys(names):
        found.setdefault(label_of(name), []).append(name)
    return {label: several[0] for label, several in found.items() if len(several) == 1}

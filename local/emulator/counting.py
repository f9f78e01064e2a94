"""Log-based metrics: every written entry is tested with each metric's own filter, and counted by its extracted labels.

Only entries written after the metric's creation count, as in Cloud Logging. A point is kept for each entry, at the entry's own
time, with when it was received: the fault `lag` makes it seen so much later (local/emulator/conditions.py).
Stands in for Cloud Logging's counting of user metrics: counters (INT64), and of distributions each value by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache

from local.emulator import filters
from local.emulator.model import JsonObject, timestamp
from local.emulator.store import Store

METRICS = "logging.projects.metrics"
MAX_VALUE = 1024  # characters of a label
# https://cloud.google.com/logging/docs/logs-based-metrics/troubleshooting
MAX_AGE, MAX_AHEAD = timedelta(hours=24), timedelta(minutes=10)
TYPE = "logging.googleapis.com/user/"

Extractor = Callable[[JsonObject], str]


@lru_cache(maxsize=512)
def extractor(text: str) -> Extractor:
    """EXTRACT(field) or REGEXP_EXTRACT(field, "regex with one group"); "" where the entry has none. ApiError 400 else."""
    parser = filters.Parser(text)
    kind = parser.take("EXTRACT", "REGEXP_EXTRACT")
    if kind is None:
        raise parser.error("expected EXTRACT or REGEXP_EXTRACT")
    parser.expect("(")
    path = parser.path()
    pattern = None
    if kind.text == "REGEXP_EXTRACT":
        parser.expect(",")
        pattern = filters.regex(parser.value(), groups=1)
    parser.expect(")")
    parser.end()

    def extract(entry: JsonObject) -> str:
        value = next(iter(filters.field(entry, path)), "")
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        if pattern is not None:
            found = pattern.search(text)
            text = (found[1] or "") if found else ""
        return text[:MAX_VALUE]

    return extract


def check(metric: JsonObject) -> None:
    """ApiError 400 if the metric's filter or one of its extractors is outside what is served here."""
    filters.compiled(metric.get("filter", ""))
    for text in (metric.get("labelExtractors") or {}).values():
        extractor(text)
    if metric.get("valueExtractor"):
        extractor(metric["valueExtractor"])


def count(store: Store, project: str, entry: JsonObject, now: datetime) -> None:
    """Count the entry, at its timestamp, in the project's metrics; within a transaction. Too old or too new is dropped."""
    time = datetime.fromisoformat(entry["timestamp"])
    if not now - MAX_AGE <= time <= now + MAX_AHEAD:
        return
    for name, metric in store.under(METRICS, f"projects/{project}/metrics/"):
        if metric.get("disabled") or not filters.compiled(metric["filter"])(entry):
            continue
        labels = {key: extractor(text)(entry) for key, text in (metric.get("labelExtractors") or {}).items()}
        value = 1.0
        if metric.get("valueExtractor"):
            try:
                value = float(extractor(metric["valueExtractor"])(entry))
            except ValueError:  # not a number: no value
                continue
        resource = entry.get("resource") or {"type": "global"}
        store.add_point(name, time, {"metric": labels, "resource": resource, "value": value, "received": timestamp(now)})

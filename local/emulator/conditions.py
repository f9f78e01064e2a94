"""The conditions of alert policies, evaluated at an instant: which time series fire.

Stands in for Cloud Monitoring's evaluator, for what our policies use: condition_threshold and condition_absent on user log
metrics with one aggregation (ALIGN_DELTA, ALIGN_SUM or ALIGN_COUNT; REDUCE_SUM with group_by_fields, or no reducer) and a
trigger of one series; and condition_matched_log. Here the alignment window ends at the instant of the evaluation and slides
without steps, where Google's slides by the minute and is evaluated a minute or more later. Anything else is refused with 400.

A point counts at its entry's time, and is seen once it was received, and so much later as the fault `lag` says. Each window has
what was seen when it ended: what comes late counts in the windows that still reach back to it, and in no earlier one. So Google
is assumed to evaluate; nobody here has seen it. https://cloud.google.com/logging/docs/logs-based-metrics/troubleshooting
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from local.emulator import counting, filters, metric_filters
from local.emulator.model import ApiError, JsonObject
from local.emulator.refusals import seconds
from local.emulator.store import Store

METRICS = counting.METRICS
_ALIGNERS = frozenset({"ALIGN_DELTA", "ALIGN_SUM", "ALIGN_COUNT"})
_GROUP = re.compile(r"(metric|resource)\.labels?\.([A-Za-z0-9_]+)")
_FIELD = re.compile(r"(metric|resource)\.(type|label\.[A-Za-z0-9_]+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Point:
    """What an entry was counted as: at its `time`, and there to be seen since `seen`."""

    time: datetime
    seen: datetime
    value: float
    metric: Mapping[str, str]  # labels
    resource: JsonObject  # a MonitoredResource


@dataclass(frozen=True, kw_only=True)
class Series:
    """A time series as a condition sees it. `firing` None: no data, so nothing is known. `last`: of its newest data."""

    metric: Mapping[str, str]  # labels
    resource: Mapping[str, str]  # labels
    firing: bool | None
    value: float
    last: datetime

    @property
    def key(self) -> tuple[tuple[str, str], ...]:
        """What distinguishes it from the others of its condition."""
        return (*sorted(self.metric.items()), *((f"resource.{key}", value) for key, value in sorted(self.resource.items())))


def measured(
    store: Store, project: str, condition: JsonObject, now: datetime, *, since: datetime, lag: timedelta
) -> list[Series]:
    """The series of a conditionThreshold or conditionAbsent at `now`; within a transaction. `since`: when the policy was made
    or changed. ApiError 400 outside the subset."""
    spec = condition.get("conditionThreshold") or condition.get("conditionAbsent")
    if not spec or "conditionMatchedLog" in condition:
        raise _refused("only conditionThreshold, conditionAbsent and conditionMatchedLog are evaluated")
    wanted = equalities(spec.get("filter", ""))
    short = wanted["metric.type"].removeprefix(counting.TYPE)
    if short == wanted["metric.type"]:
        raise _refused(f"{wanted['metric.type']} is no user-defined log metric")
    aggregation = _aggregation(spec)
    if (spec.get("trigger") or {"count": 1}) != {"count": 1}:
        raise _refused("a trigger other than one series is not evaluated")
    groups: dict[tuple[tuple[str, str], ...], tuple[Series, list[Point]]] = {}
    for point in points(store, f"projects/{project}/metrics/{short}", now, lag):
        if matches(point, wanted):
            series = _series(point, aggregation)
            groups.setdefault(series.key, (series, []))[1].append(point)
    if "conditionThreshold" in condition:
        return [_threshold(spec, aggregation, series, own, now) for series, own in groups.values()]
    return [_absence(spec, series, own, now, since) for series, own in groups.values()]


def points(store: Store, metric: str, now: datetime, lag: timedelta) -> Iterator[Point]:
    """What can be seen of a metric at `now`, oldest first."""
    for time, kept in store.points(metric, _EPOCH, now):
        seen = max(time, datetime.fromisoformat(kept["received"])) + lag if "received" in kept else time
        if seen <= now:
            yield Point(time=time, seen=seen, value=kept["value"], metric=kept["metric"], resource=kept["resource"])


def matched(
    store: Store, project: str, condition: JsonObject, after: int, since: datetime
) -> Iterator[tuple[int, JsonObject, dict[str, str]]]:
    """(number, entry, extracted labels) of the entries above `after`, received from `since` on, that a conditionMatchedLog
    matches."""
    spec = condition["conditionMatchedLog"]
    test = filters.compiled(spec.get("filter", ""))
    extractors = {key: counting.extractor(text) for key, text in (spec.get("labelExtractors") or {}).items()}
    for number, entry in store.entries(project, after):
        if datetime.fromisoformat(entry["receiveTimestamp"]) >= since and test(entry):
            yield number, entry, {key: extract(entry) for key, extract in extractors.items()}


def equalities(text: str) -> dict[str, str]:
    """A filter that is a row of them: `metric.type="..." AND resource.type="..."` and equalities of labels, by field."""
    chosen = metric_filters.read(text)
    found = {term.field: term.values[0] for term in chosen.terms if term.op == "=" and not term.function}
    if not chosen.conjunction or len(found) != len(chosen.terms) or not all(map(_FIELD.fullmatch, found)):
        raise _refused(f"the filter {text!r} has more than equalities of types and labels, joined by AND")
    if not {"metric.type", "resource.type"} <= set(found):
        raise _refused(f"the filter {text!r} must name metric.type and resource.type")
    return found


def _aggregation(spec: JsonObject) -> JsonObject:
    aggregations = spec.get("aggregations") or []
    if len(aggregations) != 1:
        raise _refused("a condition needs exactly one aggregation")
    aggregation: JsonObject = aggregations[0]
    reducer = aggregation.get("crossSeriesReducer", "REDUCE_NONE")
    if aggregation.get("perSeriesAligner") not in _ALIGNERS or reducer not in ("REDUCE_SUM", "REDUCE_NONE"):
        raise _refused(f"of aggregations only {', '.join(sorted(_ALIGNERS))} and REDUCE_SUM are evaluated")
    return aggregation


def matches(point: Point, wanted: Mapping[str, str]) -> bool:
    """Whether a point has what the equalities say."""
    labels = {f"metric.label.{key}": value for key, value in point.metric.items()}
    labels |= {f"resource.label.{key}": value for key, value in (point.resource.get("labels") or {}).items()}
    labels["resource.type"] = point.resource.get("type", "")
    return all(labels.get(field) == value for field, value in wanted.items() if field != "metric.type")


def _series(point: Point, aggregation: JsonObject) -> Series:
    """The series that a point belongs to after the reduction."""
    metric, resource = dict(point.metric), dict(point.resource.get("labels") or {})
    if aggregation.get("crossSeriesReducer", "REDUCE_NONE") != "REDUCE_NONE":
        kept: dict[str, dict[str, str]] = {"metric": {}, "resource": {}}
        for field in aggregation.get("groupByFields") or []:
            found = _GROUP.fullmatch(field)
            if found is None:
                raise _refused(f"{field!r} is no label of a metric or a resource")
            kept[found[1]][found[2]] = str((metric if found[1] == "metric" else resource).get(found[2], ""))
        metric, resource = kept["metric"], kept["resource"]
    return Series(metric=metric, resource=resource, firing=None, value=0.0, last=_EPOCH)


def _threshold(spec: JsonObject, aggregation: JsonObject, series: Series, points: list[Point], now: datetime) -> Series:
    """Fires when every window that ends within the duration before `now`, at `now` included, is over the threshold."""
    period = timedelta(seconds=seconds(aggregation.get("alignmentPeriod", "60s")))
    since = now - timedelta(seconds=seconds(spec.get("duration", "0s")))
    counts = aggregation["perSeriesAligner"] == "ALIGN_COUNT"
    limit, over = float(spec.get("thresholdValue", 0)), spec["comparison"] == "COMPARISON_GT"

    def window(end: datetime) -> list[float]:
        return [1.0 if counts else one.value for one in points if end - period < one.time <= end and one.seen <= end]

    def violates(end: datetime) -> bool:
        values = window(end)
        return bool(values) and (sum(values) > limit if over else sum(values) < limit)

    # What a window holds changes only when a point comes into it, is seen or leaves it.
    changes = {end for one in points for end in (one.time, one.seen, one.time + period) if since < end < now}
    values = window(now)
    firing = all(map(violates, (since, *sorted(changes), now))) if values else None
    if firing is None and spec.get("evaluationMissingData") == "EVALUATION_MISSING_DATA_INACTIVE":
        firing = False
    return replace(series, firing=firing, value=sum(values), last=points[-1].time)


def _absence(spec: JsonObject, series: Series, points: list[Point], now: datetime, since: datetime) -> Series:
    """Fires when a series that had data has none for the duration. One that had none since the policy was made or changed
    can't: https://cloud.google.com/monitoring/alerts/metric-absence"""
    last = points[-1].time
    silent = now - last >= timedelta(seconds=seconds(spec.get("duration", "0s")))
    return replace(series, firing=silent if any(point.seen >= since for point in points) else None, last=last)


def _refused(what: str) -> ApiError:
    return ApiError(400, f"The local stand-in can't evaluate that: {what}.")

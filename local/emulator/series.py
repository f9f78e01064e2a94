"""Cloud Monitoring's list of time series: of user log metrics, each period summed, over all series of one resource type.

https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list. Periods are counted back from the end of the
interval, which is half open: (start, end]. A period without a point has none in the answer; that Google answers so, and writes
no zeros of its own, is assumed. Anything else is refused with 400.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from local.emulator import alert_conditions, conditions, metrics
from local.emulator.model import ApiError, JsonObject, timestamp
from local.emulator.refusals import seconds
from local.emulator.rest import Call, Handler, paged

_ASKED = {"view": "FULL", "aggregation.perSeriesAligner": "ALIGN_SUM", "aggregation.crossSeriesReducer": "REDUCE_SUM"}
LEAST_PERIOD = timedelta(minutes=1)


def _list(call: Call) -> JsonObject:
    """A page of points: the newest first, as Google has them."""
    project = call.path["name"].split("/")[1]
    for name, value in _ASKED.items():
        if call.query.get(name) != value:
            raise ApiError(400, f"The local stand-in lists time series with {name}={value} only.")
    wanted = conditions.equalities(call.query.get("filter", ""))
    name = wanted["metric.type"].removeprefix(metrics.TYPE)
    if metrics.find(call, project, name) is None:
        raise ApiError(404, alert_conditions.MISSING.format(type=wanted["metric.type"]))
    start, end = _instant(call, "interval.startTime"), _instant(call, "interval.endTime")
    period = timedelta(seconds=seconds(call.query.get("aggregation.alignmentPeriod") or "0s"))
    if start >= end or period < LEAST_PERIOD:
        raise ApiError(400, "The start must be before the end, and the alignment period 60s at least.")
    sums = Counter[int]()
    for point in conditions.points(
        call.store, f"projects/{project}/metrics/{name}", call.request.now, call.faults.delay("lag")
    ):
        if start < point.time <= end and conditions.matches(point, wanted):
            sums[(end - point.time) // period] += int(point.value)
    rows = [(f"{back:09}", _point(end - back * period, period, value)) for back, value in sorted(sums.items())]
    page, token = paged(rows, call.query, key=lambda row: row[0], size_parameter="pageSize")
    series = {
        "metric": {"type": wanted["metric.type"]},
        "resource": {"type": wanted["resource.type"], "labels": {"project_id": project}},
        "metricKind": "DELTA",
        "valueType": "INT64",
        "points": [point for _, point in page],
    }
    return ({"timeSeries": [series]} if page else {}) | ({"nextPageToken": token} if token else {})


def _point(end: datetime, period: timedelta, value: int) -> JsonObject:
    interval = {"startTime": timestamp(end - period), "endTime": timestamp(end)}
    return {"interval": interval, "value": {"int64Value": f"{value}"}}


def _instant(call: Call, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(call.query.get(name, ""))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ApiError(400, f"Field {name} had an invalid value: it must be an instant of RFC 3339.")
    return found


HANDLERS: Mapping[str, Handler] = {"monitoring.projects.timeSeries.list": _list}

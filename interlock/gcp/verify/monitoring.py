"""Cloud Monitoring: how many conflicts the log metric counted, by day. Reads only.

The metric, and not the log that it counts: whoever reads the entries of the audit log reads statements, and whose they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from interlock.gcp import CloudError
from interlock.gcp.session import Session, object_of, objects_of, text_of
from interlock.holds import format_instant
from interlock.verify.conflicts import METRIC, RESOURCE

API = "monitoring"
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def logged(project: str, since: date, now: datetime, says: Callable[[str], None] = lambda _: None) -> dict[date, int]:
    """What was counted since a day, by day of UTC; a day without a value is left out. Refusal, CloudError.

    https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list: periods end with the interval, so
    whole days are asked for until midnight, and today's part by itself. A sum: what ALIGN_DELTA interpolates was not counted.
    """
    found = Counter[date]()
    session = Session(says)
    start, now = datetime.combine(since, time(), UTC), now.astimezone(UTC).replace(second=0, microsecond=0)
    today = datetime.combine(now.date(), time(), UTC)
    for begun, end, period in ((start, today, DAY), (max(start, today), now, now - today)):
        if begun < end:
            for last, times in _sums(session, project, begun, end, period):
                found[(last - MINUTE).date()] += times
    return dict(found)


def _sums(session: Session, project: str, start: datetime, end: datetime, period: timedelta) -> Iterator[tuple[datetime, int]]:
    """The ends of the periods in (start, end], each with what was counted in it."""
    parameters = {
        "filter": f'metric.type="logging.googleapis.com/user/{METRIC}" AND resource.type="{RESOURCE}"',
        "interval.startTime": format_instant(start),
        "interval.endTime": format_instant(end),
        "aggregation.alignmentPeriod": f"{period // timedelta(seconds=1)}s",
        "aggregation.perSeriesAligner": "ALIGN_SUM",
        "aggregation.crossSeriesReducer": "REDUCE_SUM",
        "view": "FULL",
    }
    for page in session.pages(API, f"v3/projects/{project}/timeSeries", parameters):
        for series in objects_of(page, "timeSeries"):
            for point in objects_of(series, "points"):
                last, value = text_of(object_of(point, "interval"), "endTime"), text_of(object_of(point, "value"), "int64Value")
                try:
                    yield datetime.fromisoformat(last).astimezone(UTC), int(value)
                except ValueError:
                    raise CloudError(f"Cloud Monitoring has a point that is no count: {last[:40]!a} {value[:40]!a}") from None

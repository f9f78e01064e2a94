"""Time series of log metrics, as Cloud Monitoring lists them: sums by period, of what was counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:  # at run time `conftest` may be that of tests/local/provider, which has the same module name
    from tests.local.plain import Rest

PROJECT = "projects/p"
MIDNIGHT = "2026-03-10T00:00:00Z"
NOON = "2026-03-10T12:00:00Z"
ASKED = {
    "filter": 'metric.type="logging.googleapis.com/user/errors" AND resource.type="global"',
    "interval.startTime": "2026-03-08T00:00:00Z",
    "interval.endTime": MIDNIGHT,
    "aggregation.alignmentPeriod": "86400s",
    "aggregation.perSeriesAligner": "ALIGN_SUM",
    "aggregation.crossSeriesReducer": "REDUCE_SUM",
    "view": "FULL",
}


def listed(rest: Rest, **changes: str | None) -> Any:
    words = {**ASKED, **{name.replace("__", "."): value for name, value in changes.items()}}
    return rest("GET", f"/v3/{PROJECT}/timeSeries?{urlencode({name: value for name, value in words.items() if value})}")


@pytest.fixture
def counted(rest: Rest) -> Rest:
    """A metric by label: two errors late on the 8th, one at the last instant of the 9th and one on the 10th."""
    assert rest("POST", "/_local/clock", {"set": "2026-03-08T22:00:00Z"}).status == 200
    metric = {
        "name": "errors",
        "filter": "severity>=ERROR",
        "labelExtractors": {"who": "EXTRACT(jsonPayload.who)"},
        "metricDescriptor": {"labels": [{"key": "who"}]},
    }
    assert rest("POST", f"/v2/{PROJECT}/metrics", metric).status == 200
    for instant, who in (("2026-03-08T22:00:00Z", "ab"), (MIDNIGHT, "a"), (NOON, "b")):
        rest("POST", "/_local/clock", {"set": instant})
        entries = [{"severity": "ERROR", "jsonPayload": {"who": each}} for each in who]
        shared = {"logName": f"{PROJECT}/logs/x", "resource": {"type": "global"}}
        assert rest("POST", "/v2/entries:write", {**shared, "entries": entries}).status == 200
    return rest


def points(answer: Any) -> list[tuple[str, str, str]]:
    assert answer.status == 200, answer.body
    return [
        (point["interval"]["startTime"][:10], point["interval"]["endTime"][:10], point["value"]["int64Value"])
        for series in answer.json.get("timeSeries", [])
        for point in series["points"]
    ]


def test_all_series_of_a_metric_are_summed_by_day_and_the_end_is_within(counted: Rest) -> None:
    assert points(listed(counted)) == [("2026-03-09", "2026-03-10", "1"), ("2026-03-08", "2026-03-09", "2")]


def test_one_page_follows_another(counted: Rest) -> None:
    first = listed(counted, pageSize="1")
    assert points(first) == [("2026-03-09", "2026-03-10", "1")]
    second = listed(counted, pageSize="1", pageToken=first.json["nextPageToken"])
    assert points(second) == [("2026-03-08", "2026-03-09", "2")]
    assert "nextPageToken" not in second.json


def test_periods_without_a_point_have_none(counted: Rest) -> None:
    assert points(listed(counted, interval__startTime="2026-03-01T00:00:00Z", interval__endTime="2026-03-05T00:00:00Z")) == []


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        pytest.param({"filter": ASKED["filter"].replace("errors", "none")}, 404, "Cannot find metric", id="no such metric"),
        pytest.param({"filter": "metric.type"}, 400, "Could not parse filter", id="no filter"),
        pytest.param({"interval__endTime": None}, 400, "interval.endTime", id="no end"),
        pytest.param({"interval__endTime": "2026-03-01T00:00:00Z"}, 400, "before the end", id="an end before the start"),
        pytest.param({"aggregation__alignmentPeriod": "59s"}, 400, "60s at least", id="a period under a minute"),
        pytest.param({"aggregation__perSeriesAligner": "ALIGN_DELTA"}, 400, "ALIGN_SUM only", id="another aligner"),
        pytest.param({"aggregation__groupByFields": "metric.label.who"}, 400, "groupByFields", id="what nobody reads here"),
    ],
)
def test_what_is_not_served_is_refused(counted: Rest, changes: dict[str, str | None], status: int, said: str) -> None:
    answer = listed(counted, **changes)
    assert (answer.status, said in answer.message) == (status, True), answer.body

"""What Cloud Monitoring refuses of alert policies and channels, in its words where a source has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # at run time `conftest` may be that of tests/local/provider, which has the same module name
    from tests.local.plain import Answer, Rest

P = "projects/p"
CONFLICTS = 'metric.type="logging.googleapis.com/user/conflicts"'
FILTER = f'{CONFLICTS} AND resource.type="bigquery_project"'
RATE = {"notificationRateLimit": {"period": "300s"}}


def aggregation(**fields: object) -> dict[str, Any]:
    """How counts are summed."""
    summed = {"alignmentPeriod": "300s", "perSeriesAligner": "ALIGN_DELTA", "crossSeriesReducer": "REDUCE_SUM"}
    return {key: value for key, value in {**summed, **fields}.items() if value is not None}


def threshold(**fields: object) -> dict[str, Any]:
    """A condition of a threshold."""
    return {
        "displayName": "c",
        "conditionThreshold": {
            "filter": FILTER,
            "comparison": "COMPARISON_GT",
            "duration": "0s",
            "aggregations": [aggregation()],
            **fields,
        },
    }


def absent(**fields: object) -> dict[str, Any]:
    """A condition of an absence."""
    return {"displayName": "c", "conditionAbsent": {"filter": FILTER, "duration": "1800s", **fields}}


def matched(filter_: str = "severity>=ERROR", **fields: object) -> dict[str, Any]:
    """A condition of a matched log."""
    return {"displayName": "c", "conditionMatchedLog": {"filter": filter_, **fields}}


@pytest.fixture
def cloud(rest: Rest) -> Rest:
    """A project with a counter by table, and a distribution."""
    labels = {"labelExtractors": {"table": "EXTRACT(jsonPayload.table)"}, "metricDescriptor": {"labels": [{"key": "table"}]}}
    assert rest("POST", f"/v2/{P}/metrics", {"name": "conflicts", "filter": "x", **labels}).status == 200
    distribution = {
        "name": "held",
        "filter": "x",
        "valueExtractor": "EXTRACT(jsonPayload.held)",
        "metricDescriptor": {"metricKind": "DELTA", "valueType": "DISTRIBUTION"},
        "bucketOptions": {"explicitBuckets": {"bounds": [1]}},
    }
    assert rest("POST", f"/v2/{P}/metrics", distribution).status == 200
    return rest


def made(rest: Rest, condition: dict[str, Any], **fields: object) -> Answer:
    """The answer to a policy of one condition."""
    policy = {"displayName": "x", "combiner": "OR", "conditions": [condition], **fields}
    return rest("POST", f"/v3/{P}/alertPolicies", policy)


HELD = 'metric.type="logging.googleapis.com/user/held" resource.type="global"'
REFUSED = [
    pytest.param(
        threshold(filter=f'{CONFLICTS} AND resource.type="iam_role"'),
        "The filter contains unknown resource type: iam_role",
        id="a resource that Logging knows and Monitoring does not",
    ),
    pytest.param(
        absent(filter=f'{CONFLICTS} resource.type=one_of("global", "x")'),
        "The filter contains unknown resource type: x",
        id="one of several resources is unknown",
    ),
    pytest.param(
        absent(filter=CONFLICTS), 'must specify a restriction on "resource.type" in the filter; see', id="no resource"
    ),
    pytest.param(threshold(filter='resource.type="global"'), '"metric.type" in the filter', id="no metric"),
    pytest.param(threshold(filter=""), 'restriction on "resource.type"', id="no filter"),
    pytest.param(
        threshold(filter=f'{FILTER} resource.labels.project_id=~"p"'), "syntax error at line 1, column", id="=~ in a filter"
    ),
    pytest.param(absent(filter=f"{FILTER} AND"), "Could not parse filter", id="an absence whose filter stops short"),
    pytest.param(threshold(filter=f"({FILTER}"), "Could not parse filter", id="a parenthesis that stays open"),
    pytest.param(threshold(filter=f"{FILTER} AND severity=ERROR"), "token 'severity'", id="a field of log entries"),
    pytest.param(
        threshold(filter=f'{FILTER} metric.labels.job="a"'), "unknown metric label: job", id="a label that the metric lacks"
    ),
    pytest.param(
        threshold(filter=f'{FILTER} resource.label.job_id="a"'),
        "unknown resource label: job_id",
        id="a label that the resource lacks",
    ),
    pytest.param(
        threshold(filter=f"{FILTER} OR project=" + "x" * 2048), "must not exceed 2048 Unicode characters", id="a long filter"
    ),
    pytest.param(
        threshold(denominatorFilter=f'{CONFLICTS} resource.type="x"'), "unknown resource type", id="a denominator's resource"
    ),
    pytest.param(
        threshold(aggregations=[aggregation(alignmentPeriod="30s")]), "must be at least 60 seconds", id="half a minute"
    ),
    pytest.param(
        threshold(aggregations=[aggregation(alignmentPeriod="90s")]),
        'had an invalid value of "{"seconds":90}": alignment period must be in multiples of one minute',
        id="a period of a minute and a half",
    ),
    pytest.param(
        absent(aggregations=[aggregation(alignmentPeriod="90060s")]), "at most 90000 seconds", id="a period over 25 hours"
    ),
    pytest.param(
        threshold(aggregations=[aggregation(alignmentPeriod="86400s")], duration="7200s"),
        "together must be at most 90000 seconds",
        id="a day that lasts for two hours",
    ),
    pytest.param(
        threshold(aggregations=[aggregation(alignmentPeriod=None)]), "at least 60 seconds", id="an aligner of no period"
    ),
    pytest.param(
        threshold(aggregations=[{"alignmentPeriod": "60s", "crossSeriesReducer": "REDUCE_SUM"}]),
        "per_series_aligner must be specified",
        id="a reducer without an aligner",
    ),
    pytest.param(
        threshold(aggregations=[aggregation(groupByFields=["metric.label.job"])]),
        "the metric has no label job",
        id="a group by a label that the metric lacks",
    ),
    pytest.param(
        absent(aggregations=[aggregation(groupByFields=["resource.labels.job_id"])]),
        "the resource has no label job_id",
        id="a group by a label that the resource lacks",
    ),
    pytest.param(
        threshold(aggregations=[aggregation(groupByFields=["table"])]), "no field of a time series", id="a bare group"
    ),
    pytest.param(
        threshold(filter=HELD, aggregations=[aggregation(perSeriesAligner="ALIGN_RATE")]),
        "The aligner cannot be applied to metrics with kind DELTA and value type DISTRIBUTION.",
        id="the rate of a distribution",
    ),
    pytest.param(
        threshold(aggregations=[aggregation(perSeriesAligner="ALIGN_PERCENTILE_99")]),
        "with kind DELTA and value type INT64.",
        id="a percentile of a counter",
    ),
    pytest.param(threshold(duration="90s"), "must be in multiples of one minute", id="a duration of a minute and a half"),
    pytest.param(
        threshold(evaluationMissingData="EVALUATION_MISSING_DATA_INACTIVE"),
        "Conditions setting evaluation_missing_data must have a non-zero duration.",
        id="missing data without a duration",
    ),
    pytest.param(threshold(comparison="COMPARISON_GE"), "Only COMPARISON_LT and COMPARISON_GT", id="greater or equal"),
    pytest.param(threshold(trigger={"count": 1, "percent": 5}), "a count or a percent", id="two triggers"),
    pytest.param(
        threshold(forecastOptions={"forecastHorizon": "1800s"}), "from 1 hour to 60 hours", id="a forecast of half an hour"
    ),
    pytest.param(absent(duration="60s"), "The minimum value of this field is 120 seconds.", id="an absence of a minute"),
    pytest.param(absent(duration="150s"), "must be in multiples of one minute", id="an absence of half minutes"),
    pytest.param(absent(duration="84660s"), "23.5 hours", id="an absence over 23 hours and a half"),
    pytest.param(
        {"displayName": "c", "conditionPrometheusQueryLanguage": {"query": "vector(1)", "evaluationInterval": "45s"}},
        "multiple of 30 seconds",
        id="PromQL every 45 seconds",
    ),
    pytest.param({"displayName": "c", "conditionSql": {}}, "must not be empty", id="SQL of nothing"),
    pytest.param({"displayName": "c"}, "condition_case", id="a condition of no kind"),
]


@pytest.mark.parametrize(("condition", "message"), REFUSED)
def test_a_condition_that_cloud_monitoring_refuses(cloud: Rest, condition: dict[str, Any], message: str) -> None:
    answer = made(cloud, condition)
    assert (answer.status, message in answer.message) == (400, True), answer.message
    assert answer.message.startswith("Field "), "which field it is"


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        pytest.param(matched('resource.type="global'), "Unparseable filter", id="a quote that stays open"),
        pytest.param(matched("severity>=LOUD"), "is no severity", id="an unknown severity"),
        pytest.param(matched('jsonPayload.a=~"("'), "regular expression", id="a broken regular expression"),
        pytest.param(matched(""), "must not be empty", id="no filter"),
        pytest.param(matched(labelExtractors={"job": "EXTRACT("}), "Unparseable filter", id="a broken extractor"),
        pytest.param(
            matched(labelExtractors={"job": 'REGEXP_EXTRACT(jsonPayload.x, "a")'}), "1 group", id="an extractor of no group"
        ),
    ],
)
def test_a_broken_filter_of_entries_is_refused_as_it_is_written(rest: Rest, condition: dict[str, Any], message: str) -> None:
    answer = made(rest, condition, alertStrategy=RATE)
    assert (answer.status, message in answer.message) == (400, True), answer.message
    assert answer.message.startswith("Field alert_policy.conditions[0].filter had an invalid value of")


@pytest.mark.parametrize(
    ("condition", "fields", "message"),
    [
        pytest.param(
            threshold(),
            {"alertStrategy": {"notificationRateLimit": {"period": "3600s"}}},
            'Field alertStrategy.notificationRateLimit had an invalid value of "period { seconds: 3600 }": metric-based alert '
            "policies must not specify a notification rate limit",
            id="a rate limit of a threshold",
        ),
        pytest.param(matched(), {}, "must specify a notification rate limit", id="entries without a rate limit"),
        pytest.param(
            matched(), {"alertStrategy": {"notificationRateLimit": {}}}, "must specify a notification", id="a limit of nothing"
        ),
        pytest.param(threshold(), {"documentation": {"content": "x" * 8193}}, "8192 Unicode", id="a long documentation"),
        pytest.param(threshold(), {"documentation": {"content": "€" * 4000}}, "10240 bytes", id="one with many bytes"),
        pytest.param(threshold(), {"documentation": {"mimeType": "text/html"}}, "text/markdown", id="HTML"),
        pytest.param(threshold(), {"userLabels": {"Owner": "x"}}, "lowercase", id="a label with a capital"),
        pytest.param(threshold(), {"userLabels": {"owner": "a b"}}, "lowercase", id="a label's value with a blank"),
        pytest.param(threshold(), {"conditions": [threshold()] * 7}, "one to six", id="seven conditions"),
    ],
)
def test_a_policy_that_cloud_monitoring_refuses(
    cloud: Rest, condition: dict[str, Any], fields: dict[str, Any], message: str
) -> None:
    answer = made(cloud, condition, **fields)
    assert (answer.status, message in answer.message) == (400, True), answer.message


def test_a_policy_on_a_channel_that_is_not_there_is_refused(cloud: Rest) -> None:
    answer = made(cloud, threshold(), notificationChannels=[f"{P}/notificationChannels/1"])
    assert (answer.status, "notificationChannels/1" in answer.message) == (404, True)


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param(threshold(aggregations=[aggregation(groupByFields=["metric.label.table"])]), id="a group by a label"),
        pytest.param(
            threshold(aggregations=[aggregation(groupByFields=["resource.label.project_id", "project"])]),
            id="a group by what every resource of the kind has",
        ),
        pytest.param(threshold(filter=f'{CONFLICTS} resource.type=bigquery_project metric.label."table"!=x'), id="bare words"),
        pytest.param(threshold(filter=f'{FILTER} AND (metric.label.table=starts_with("a") OR project="p")'), id="functions"),
        pytest.param(threshold(filter=f'{CONFLICTS} resource.type="workflows.googleapis.com/Workflow"'), id="of a service"),
        pytest.param(
            threshold(filter='metric.type="run.googleapis.com/x" resource.type="cloud_run_job" metric.label.y="z"'),
            id="a metric of Google's, whose labels nobody here knows",
        ),
        pytest.param(
            threshold(filter=HELD, aggregations=[aggregation(perSeriesAligner="ALIGN_PERCENTILE_99")]),
            id="a percentile of a distribution",
        ),
        pytest.param(absent(duration="120s"), id="the shortest absence"),
        pytest.param(absent(duration="84600s"), id="the longest absence"),
        pytest.param(threshold(trigger={"percent": 10}), id="a part of the series"),
    ],
)
def test_a_condition_that_cloud_monitoring_takes(cloud: Rest, condition: dict[str, Any]) -> None:
    answer = made(cloud, condition)
    assert answer.status == 200, answer.body


@pytest.mark.parametrize(
    ("channel", "message"),
    [
        pytest.param({"type": "pubsub", "labels": {"topic": f"{P}/topics/none"}}, "does not exist", id="no such topic"),
        pytest.param({"type": "email", "labels": {"email_address": "a@b.c", "number": "1"}}, "no such label", id="a number"),
        pytest.param({"type": "carrier_pigeon"}, "Unknown notification channel type", id="no type of channel"),
        pytest.param(
            {"type": "email", "labels": {"email_address": "a@b.c"}, "userLabels": {"1": "x"}}, "letter", id="a label's key"
        ),
    ],
)
def test_a_channel_that_cloud_monitoring_refuses(rest: Rest, channel: dict[str, Any], message: str) -> None:
    answer = rest("POST", f"/v3/{P}/notificationChannels", channel)
    assert (answer.status, message in answer.message) == (400, True), answer.message


@pytest.mark.parametrize(
    "topic",
    [
        pytest.param(f"{P}/topics/incidents", id="of the project, and there"),
        pytest.param("projects/other/topics/relay", id="of another project, where nobody here can look"),
    ],
)
def test_a_channel_on_a_topic_is_taken(rest: Rest, topic: str) -> None:
    rest("PUT", f"/v1/{P}/topics/incidents", {})
    assert rest("POST", f"/v3/{P}/notificationChannels", {"type": "pubsub", "labels": {"topic": topic}}).status == 200

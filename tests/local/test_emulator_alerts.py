"""Entries counted by metrics, policies evaluated by a clock that stands, incidents pushed: the whole chain over REST."""

from __future__ import annotations

import base64
import json
from datetime import datetime

import pytest

PROJECT = "projects/p"
NOON = "2026-03-10T12:00:00Z"
MESSAGE = "protoPayload.metadata.jobChange.job.jobStatus.errorResult.message"
FILTER = f"""resource.type="bigquery_project"
protoPayload.serviceName="bigquery.googleapis.com"
{MESSAGE}=~"(Could not serialize access to table|aborted due to concurrent update)"
-protoPayload.metadata.jobChange.job.jobConfig.queryConfig.statementType="SCRIPT\""""
TABLE = f'REGEXP_EXTRACT({MESSAGE}, "table ([0-9A-Za-z_:.$-]*[:.][0-9A-Za-z_:.$-]*[0-9A-Za-z_])")'
TOPIC = f"{PROJECT}/topics/incidents"


def ok(answer):
    assert answer.status == 200, answer.body
    return answer.json


@pytest.fixture
def cloud(rest):
    """A standing clock, a metric of conflicts by table, and a Pub/Sub channel with a subscription."""
    ok(rest("POST", "/_local/clock", {"set": NOON}))
    labels = [{"key": "table"}, {"key": "principal"}]
    extractors = {"table": TABLE, "principal": "EXTRACT(protoPayload.authenticationInfo.principalEmail)"}
    metric = {"name": "conflicts", "filter": FILTER, "labelExtractors": extractors, "metricDescriptor": {"labels": labels}}
    ok(rest("POST", f"/v2/{PROJECT}/metrics", metric))
    ok(rest("PUT", f"/v1/{TOPIC}", {}))
    push = {"pushConfig": {"pushEndpoint": "https://elsewhere.example/"}, "topic": TOPIC}
    ok(rest("PUT", f"/v1/{PROJECT}/subscriptions/incidents", push))
    return rest


@pytest.fixture
def channels(cloud):
    pubsub = {"type": "pubsub", "labels": {"topic": TOPIC}}
    email = {"type": "email", "labels": {"email_address": "a@example.com"}}
    return [ok(cloud("POST", f"/v3/{PROJECT}/notificationChannels", body))["name"] for body in (pubsub, email)]


def write(rest, *messages, statement="UPDATE", principal="a@example.com", **fields):
    entries = [
        {
            "protoPayload": {
                "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                "serviceName": "bigquery.googleapis.com",
                "authenticationInfo": {"principalEmail": principal},
                "metadata": {
                    "jobChange": {
                        "job": {
                            "jobStatus": {"errorResult": {"code": 10, "message": message}},
                            "jobConfig": {"queryConfig": {"statementType": statement}},
                        }
                    }
                },
            },
            **fields,
        }
        for message in messages
    ]
    shared = {"logName": f"{PROJECT}/logs/cloudaudit.googleapis.com%2Fdata_access", "resource": {"type": "bigquery_project"}}
    return rest("POST", "/v2/entries:write", {**shared, "entries": entries})


def conflict(table):
    return f"Could not serialize access to table p:{table} due to concurrent update"


def threshold(above=2, **fields):
    aggregation = {
        "alignmentPeriod": "300s",
        "perSeriesAligner": "ALIGN_DELTA",
        "crossSeriesReducer": "REDUCE_SUM",
        "groupByFields": ["metric.label.table"],
    }
    return {
        "displayName": "too many",
        "conditionThreshold": {
            "filter": 'metric.type="logging.googleapis.com/user/conflicts" AND resource.type="bigquery_project"',
            "comparison": "COMPARISON_GT",
            "thresholdValue": above,
            "duration": "0s",
            "aggregations": [aggregation],
            **fields,
        },
    }


def policy(rest, condition, channels=(), **fields):
    body = {
        "displayName": "conflicts",
        "combiner": "OR",
        "conditions": [condition],
        "notificationChannels": list(channels),
        "userLabels": {"interlock": "breaker"},
        "severity": "CRITICAL",
        "documentation": {"content": "Look at ${metric.label.table}.", "mimeType": "text/markdown"},
        "alertStrategy": {"autoClose": "1800s"},
        **fields,
    }
    return ok(rest("POST", f"/v3/{PROJECT}/alertPolicies", body))["name"]


def evaluate(rest, advance=None):
    if advance:
        ok(rest("POST", "/_local/clock", {"advance": advance}))
    found = ok(rest("POST", "/_local/evaluate"))
    return len(found["opened"]), len(found["closed"])


def told(rest):
    return ok(rest("GET", "/_local/notifications"))["notifications"]


def test_entries_over_the_threshold_open_one_incident_a_table(cloud, channels):
    policy(cloud, threshold(above=2), channels)
    write(cloud, *[conflict("d.one")] * 2, conflict("d.two"))
    assert evaluate(cloud) == (0, 0)
    write(cloud, conflict("d.one"), principal="b@example.com")  # another series of the same table: they are summed
    assert evaluate(cloud) == (1, 0)
    assert evaluate(cloud) == (0, 0)
    (incident,) = ok(cloud("GET", "/_local/incidents"))["incidents"]
    assert incident["metric"]["labels"] == {"table": "p:d.one"}
    assert (incident["state"], incident["observed_value"], incident["threshold_value"]) == ("open", "3.000", "2")


def test_the_incident_reaches_the_topic_as_cloud_monitoring_writes_it(cloud, channels):
    policy(cloud, threshold(above=0), channels)
    write(cloud, conflict("d.one"))
    evaluate(cloud)
    assert [(item["type"], item["incident"]["state"]) for item in told(cloud)] == [("pubsub", "open"), ("email", "open")]
    (delivery,) = ok(cloud("GET", "/_local/deliveries"))["deliveries"]
    said = json.loads(base64.b64decode(delivery["message"]["data"]))
    incident = said["incident"]
    assert said["version"] == "1.2"
    assert incident["policy_user_labels"] == {"interlock": "breaker"}
    assert (incident["policy_name"], incident["severity"]) == ("conflicts", "CRITICAL")
    assert incident["started_at"] == int(datetime.fromisoformat(NOON).timestamp())
    assert incident["ended_at"] is None
    assert incident["documentation"]["content"] == "Look at p:d.one."
    assert incident["resource"] == {"type": "bigquery_project", "labels": {"project_id": "p"}}


def test_a_counter_that_goes_quiet_keeps_its_incident_until_auto_close(cloud, channels):
    policy(cloud, threshold(above=0), channels)
    write(cloud, conflict("d.one"))
    assert evaluate(cloud) == (1, 0)
    assert evaluate(cloud, advance="29m") == (0, 0)
    assert evaluate(cloud, advance="1m") == (0, 1)
    assert [item["incident"]["state"] for item in told(cloud) if item["type"] == "pubsub"] == ["open", "closed"]
    write(cloud, conflict("d.one"))
    assert evaluate(cloud) == (1, 0)  # the next one is another incident


def test_fewer_than_the_threshold_close_it_at_once(cloud):
    policy(cloud, threshold(above=1))
    write(cloud, *[conflict("d.one")] * 2)
    assert evaluate(cloud) == (1, 0)
    ok(cloud("POST", "/_local/clock", {"advance": "6m"}))
    write(cloud, conflict("d.one"))
    assert evaluate(cloud) == (0, 1)


def test_with_a_duration_it_has_to_last_so_long(cloud):
    policy(cloud, threshold(above=1, duration="120s"))
    write(cloud, *[conflict("d.one")] * 2)
    assert evaluate(cloud) == (0, 0)
    assert evaluate(cloud, advance="119s") == (0, 0)
    assert evaluate(cloud, advance="1s") == (1, 0)


def test_a_window_in_between_that_is_not_over_the_threshold_starts_the_duration_anew(cloud):
    """Two at noon leave the window of five minutes at 12:05; two at 12:06 are over it since then."""
    policy(cloud, threshold(above=1, duration="180s"))
    write(cloud, *[conflict("d.one")] * 2)
    ok(cloud("POST", "/_local/clock", {"advance": "6m"}))
    write(cloud, *[conflict("d.one")] * 2)
    assert evaluate(cloud, advance="2m") == (0, 0)
    assert evaluate(cloud, advance="1m") == (1, 0)


def test_missing_data_that_is_inactive_closes_the_incident_as_soon_as_its_window_is_empty(cloud):
    policy(cloud, threshold(above=0, duration="60s", evaluationMissingData="EVALUATION_MISSING_DATA_INACTIVE"))
    write(cloud, conflict("d.one"))
    assert evaluate(cloud, advance="1m") == (1, 0)
    assert evaluate(cloud, advance="239s") == (0, 0)
    assert evaluate(cloud, advance="1s") == (0, 1)
    write(cloud, conflict("d.one"))
    assert evaluate(cloud, advance="1m") == (1, 0)  # the next one is another incident


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"messages": ["Not found: Table p:d.one"]}, id="another error"),
        pytest.param({"messages": [conflict("d.one")], "statement": "SCRIPT"}, id="the parent of a script"),
        pytest.param({"messages": [conflict("d.one")], "resource": {"type": "global"}}, id="another resource"),
        pytest.param({"messages": [conflict("d.one")], "timestamp": "2026-03-09T11:00:00Z"}, id="older than a day"),
        pytest.param({"messages": [conflict("d.one")], "timestamp": "2026-03-10T11:54:00Z"}, id="before the window"),
    ],
)
def test_an_entry_that_does_not_count_opens_nothing(cloud, entry):
    policy(cloud, threshold(above=0))
    messages = entry.pop("messages")
    assert write(cloud, *messages, **entry).status == 200
    assert evaluate(cloud) == (0, 0)


def test_a_message_without_a_table_counts_with_an_empty_label(cloud):
    policy(cloud, threshold(above=0))
    write(cloud, "Query aborted due to concurrent update")
    assert evaluate(cloud) == (1, 0)
    assert ok(cloud("GET", "/_local/incidents"))["incidents"][0]["metric"]["labels"] == {"table": ""}


def test_only_entries_after_the_metrics_creation_count(rest):
    ok(rest("POST", "/_local/clock", {"set": NOON}))
    write(rest, conflict("d.one"))
    ok(rest("POST", f"/v2/{PROJECT}/metrics", {"name": "conflicts", "filter": FILTER}))
    condition = threshold(above=0)
    del condition["conditionThreshold"]["aggregations"][0]["groupByFields"]
    policy(rest, condition)
    assert evaluate(rest) == (0, 0)
    write(rest, conflict("d.one"))
    assert evaluate(rest) == (1, 0)


def test_a_heartbeat_that_stops_fires_and_one_that_comes_back_closes(cloud):
    ok(cloud("POST", f"/v2/{PROJECT}/metrics", {"name": "beats", "filter": 'jsonPayload.event="reconciled"'}))
    beat = {"entries": [{"logName": f"{PROJECT}/logs/x", "jsonPayload": {"event": "reconciled"}}]}
    absent = {
        "filter": 'metric.type="logging.googleapis.com/user/beats" AND resource.type="global"',
        "duration": "1800s",
        "aggregations": [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_DELTA", "crossSeriesReducer": "REDUCE_SUM"}],
    }
    policy(cloud, {"displayName": "silent", "conditionAbsent": absent})
    assert evaluate(cloud, advance="1h") == (0, 0)  # what never was can't be absent
    ok(cloud("POST", "/v2/entries:write", beat))
    assert evaluate(cloud, advance="29m") == (0, 0)
    assert evaluate(cloud, advance="1m") == (1, 0)
    ok(cloud("POST", "/v2/entries:write", beat))
    assert evaluate(cloud) == (0, 1)


def test_a_heartbeat_from_before_the_policy_was_made_or_changed_is_not_missed(cloud):
    """The first measurement has to come afterwards: https://cloud.google.com/monitoring/alerts/metric-absence"""
    ok(cloud("POST", f"/v2/{PROJECT}/metrics", {"name": "beats", "filter": "x"}))
    beat = {"entries": [{"logName": f"{PROJECT}/logs/x", "textPayload": "x"}]}
    absent = {"filter": 'metric.type="logging.googleapis.com/user/beats" AND resource.type="global"', "duration": "1800s"}
    absent["aggregations"] = [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_DELTA"}]
    ok(cloud("POST", "/v2/entries:write", beat))
    ok(cloud("POST", "/_local/clock", {"advance": "1m"}))
    name = policy(cloud, {"displayName": "silent", "conditionAbsent": absent})
    assert evaluate(cloud, advance="1h") == (0, 0)
    ok(cloud("POST", "/v2/entries:write", beat))
    ok(cloud("POST", "/_local/clock", {"advance": "1m"}))
    ok(cloud("PATCH", f"/v3/{name}?updateMask=displayName", {"displayName": "changed"}))
    assert evaluate(cloud, advance="1h") == (0, 0)
    ok(cloud("POST", "/v2/entries:write", beat))
    assert evaluate(cloud, advance="30m") == (1, 0)


def lag(rest, much):
    ok(rest("POST", "/_local/faults", {"faults": [f"lag={much}"]}))


def period(text):
    aggregation = {"alignmentPeriod": text, "perSeriesAligner": "ALIGN_DELTA", "crossSeriesReducer": "REDUCE_SUM"}
    return [aggregation | {"groupByFields": ["metric.label.table"]}]


def test_with_a_lag_entries_are_counted_late_and_at_their_own_time(cloud):
    policy(cloud, threshold(above=1, aggregations=period("900s")))
    lag(cloud, "10m")
    write(cloud, *[conflict("d.one")] * 2)
    assert evaluate(cloud, advance="9m") == (0, 0)
    assert evaluate(cloud, advance="1m") == (1, 0)
    assert evaluate(cloud, advance="4m") == (0, 0)
    write(cloud, conflict("d.one"))
    assert evaluate(cloud, advance="10m") == (0, 1), "the first two have left the window of 15 minutes at noon and 15"


def test_a_window_that_is_no_longer_than_the_lag_never_sees_a_thing(cloud):
    policy(cloud, threshold(above=0, aggregations=period("600s")))
    lag(cloud, "10m")
    write(cloud, conflict("d.one"))
    assert [evaluate(cloud, advance="1m") for _ in range(20)] == [(0, 0)] * 20


def test_what_comes_late_counts_in_no_window_that_has_ended(cloud):
    """A duration of two minutes begins when the entries are seen, not when they were written."""
    policy(cloud, threshold(above=0, duration="120s", aggregations=period("900s")))
    lag(cloud, "10m")
    write(cloud, conflict("d.one"))
    assert evaluate(cloud, advance="10m") == (0, 0)
    assert evaluate(cloud, advance="119s") == (0, 0)
    assert evaluate(cloud, advance="1s") == (1, 0)


def test_a_lag_that_ends_shows_what_was_held_back(cloud):
    policy(cloud, threshold(above=0))
    lag(cloud, "10m")
    write(cloud, conflict("d.one"))
    assert evaluate(cloud) == (0, 0)
    lag(cloud, "0s")
    assert evaluate(cloud) == (1, 0)


def test_a_lag_does_not_hold_back_a_matched_log(cloud):
    """Such a policy reads entries, and no metric."""
    lag(cloud, "10m")
    matched = {"displayName": "claims", "conditionMatchedLog": {"filter": "severity>=DEFAULT"}}
    policy(cloud, matched, alertStrategy={"notificationRateLimit": {"period": "3600s"}})
    write(cloud, conflict("d.one"))
    assert evaluate(cloud) == (1, 0)


def test_a_matched_log_is_told_at_most_once_a_period_for_each_label(cloud, channels):
    matched = {"filter": 'jsonPayload.event="claim"', "labelExtractors": {"job": "EXTRACT(jsonPayload.job)"}}
    strategy = {"notificationRateLimit": {"period": "3600s"}, "autoClose": "7200s"}
    documentation = {"content": "${log.extracted_label.job}"}
    condition = {"displayName": "claims", "conditionMatchedLog": matched}
    claim = lambda job: {"entries": [{"logName": f"{PROJECT}/logs/x", "jsonPayload": {"event": "claim", "job": job}}]}  # noqa: E731
    ok(cloud("POST", "/v2/entries:write", claim("before")))
    ok(cloud("POST", "/_local/clock", {"advance": "1s"}))
    policy(cloud, condition, channels[:1], alertStrategy=strategy, documentation=documentation)
    for job in ("tdza", "tdza", "other"):
        ok(cloud("POST", "/v2/entries:write", claim(job)))
    assert evaluate(cloud) == (2, 0)
    for minutes in ("30m", "30m"):
        ok(cloud("POST", "/_local/clock", {"advance": minutes}))
        ok(cloud("POST", "/v2/entries:write", claim("tdza")))
        assert evaluate(cloud) == (0, 0)
    said = [item["incident"]["documentation"]["content"] for item in told(cloud)]
    assert sorted(said) == ["other", "tdza", "tdza"]
    assert evaluate(cloud, advance="2h") == (0, 2)
    assert len(told(cloud)) == 3  # the end of a matched log is not told


def test_a_policy_that_is_off_or_gone_has_no_incidents(cloud):
    name = policy(cloud, threshold(above=0))
    write(cloud, conflict("d.one"))
    assert evaluate(cloud) == (1, 0)
    ok(cloud("PATCH", f"/v3/{name}?updateMask=enabled", {"enabled": False}))
    assert evaluate(cloud) == (0, 0)
    assert ok(cloud("GET", "/_local/incidents")) == {"incidents": []}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"trigger": {"count": 2}}, "trigger", id="two series at once"),
        pytest.param({"aggregations": []}, "one aggregation", id="no aggregation"),
        pytest.param(
            {"aggregations": [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_RATE"}]}, "ALIGN_DELTA", id="a rate"
        ),
        pytest.param({"filter": 'metric.type="a/b" resource.type="global"'}, "no user-defined", id="a metric of Google's"),
        pytest.param(
            {"filter": 'metric.type=starts_with("a") AND resource.type="global"'}, "more than equalities", id="a function"
        ),
    ],
)
def test_a_condition_outside_of_what_is_evaluated_is_refused_with_the_policys_name(cloud, fields, message):
    policy(cloud, threshold(**fields))
    answer = cloud("POST", "/_local/evaluate")
    assert answer.status == 400
    assert "conflicts: The local stand-in can't evaluate" in answer.message
    assert message in answer.message


def test_a_metric_whose_filter_is_not_understood_is_refused(rest):
    answer = rest("POST", f"/v2/{PROJECT}/metrics", {"name": "m", "filter": 'jsonPayload.a=~"(?=x)"'})
    assert (answer.status, "RE2" in answer.message) == (400, True)


def test_entries_are_listed_by_filter_and_page(cloud):
    write(cloud, conflict("d.one"), conflict("d.two"), "else")
    ask = {"resourceNames": [PROJECT], "filter": f'{MESSAGE}:"serialize"', "orderBy": "timestamp desc", "pageSize": 1}
    first = ok(cloud("POST", "/v2/entries:list", ask))
    second = ok(cloud("POST", "/v2/entries:list", {**ask, "pageToken": first["nextPageToken"]}))
    said = [page["entries"][0]["protoPayload"]["metadata"]["jobChange"]["job"] for page in (first, second)]
    assert [job["jobStatus"]["errorResult"]["message"] for job in said] == [conflict("d.two"), conflict("d.one")]
    assert "nextPageToken" not in second
    assert first["entries"][0]["timestamp"] == "2026-03-10T12:00:00.000000Z"


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        pytest.param("entries:write", {"entries": [{"textPayload": "x"}]}, "Log name", id="no log"),
        pytest.param("entries:write", {"logName": "projects/p/logs/a/b", "entries": [{}]}, "Log name", id="a slash"),
        pytest.param("entries:write", {"entries": [{"textPayloud": "x"}]}, "Cannot find field", id="a misspelled field"),
        pytest.param("entries:list", {"filter": "severity=ERROR"}, "resource_names", id="a list of no project"),
        pytest.param("entries:list", {"resourceNames": [PROJECT], "filter": "a=b"}, "unknown field", id="an unknown field"),
        pytest.param("entries:list", {"resourceNames": [PROJECT], "orderBy": "severity"}, "order_by", id="an odd order"),
        pytest.param("entries:list", {"resourceNames": [PROJECT], "pageToken": "x"}, "page token", id="an odd page"),
    ],
)
def test_what_the_logging_api_refuses(rest, path, body, message):
    answer = rest("POST", f"/v2/{path}", body)
    assert answer.status == 400
    assert message in answer.message

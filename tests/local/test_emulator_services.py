"""What Pub/Sub, IAM, Logging, Monitoring, functions and Service Usage refuse, and what hangs together between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local.sources import archive

if TYPE_CHECKING:  # at run time `conftest` may be that of tests/local/provider, which has the same module name
    from tests.local.plain import Rest

P = "projects/p"
METRIC = {"name": "conflicts", "filter": "severity>=ERROR"}
USER_METRIC = 'metric.type="logging.googleapis.com/user/conflicts"'
THRESHOLD = {"filter": f'{USER_METRIC} resource.type="global"', "comparison": "COMPARISON_GT", "duration": "0s"}
POLICY = {"displayName": "x", "combiner": "OR", "conditions": [{"displayName": "c", "conditionThreshold": THRESHOLD}]}
LOG_MATCH = {"displayName": "c", "conditionMatchedLog": {"filter": "x"}}
FUNCTION = {"buildConfig": {"runtime": "python312", "source": {"storageSource": {"bucket": "b", "object": "o"}}}}


def labelled(key: str, extractor: str, **more: object) -> object:
    """A metric with one label."""
    descriptor = {"metricKind": "DELTA", "valueType": "INT64", "labels": [{"key": key}]}
    return METRIC | {"labelExtractors": {"table": extractor}, "metricDescriptor": descriptor} | more


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        pytest.param("PUT", f"/v1/{P}/topics/x", {}, 400, "3 to 255", id="a topic with a short name"),
        pytest.param(
            "PUT", f"/v1/{P}/subscriptions/sub", {"topic": f"{P}/topics/none"}, 404, "resource=none", id="no such topic"
        ),
        pytest.param(
            "POST", f"/v1/{P}/serviceAccounts", {"accountId": "A"}, 400, "6 to 30", id="an account with a capital letter"
        ),
        pytest.param("POST", f"/v1/{P}/roles", {"roleId": "a-b", "role": {}}, 400, "role_id", id="a role with a hyphen"),
        pytest.param(
            "POST",
            f"/v1/{P}/roles",
            {"roleId": "abc", "role": {"includedPermissions": ["x"]}},
            400,
            "Permission x is not valid",
            id="a permission that is none",
        ),
        pytest.param("POST", f"/v2/{P}/metrics", {"name": "x"}, 400, "needs a filter", id="a metric without filter"),
        pytest.param(
            "POST", f"/v2/{P}/metrics", labelled("job", "EXTRACT(x)"), 400, "label extractor", id="a label without extractor"
        ),
        pytest.param(
            "POST", f"/v2/{P}/metrics", labelled("table", "x"), 400, "neither EXTRACT", id="an extractor that is none"
        ),
        pytest.param(
            "POST",
            f"/v3/{P}/notificationChannels",
            {"type": "pubsub", "labels": {"topic": "incidents"}},
            400,
            "projects/PROJECT/topics/TOPIC",
            id="a channel on a topic's short name",
        ),
        pytest.param(
            "POST", f"/v3/{P}/notificationChannels", {"type": "email"}, 400, "email_address", id="an email channel to nobody"
        ),
        pytest.param("POST", f"/v3/{P}/alertPolicies", POLICY, 404, "Cannot find metric(s)", id="a policy on no metric"),
        pytest.param(
            "POST", f"/v3/{P}/alertPolicies", POLICY | {"conditions": []}, 400, "one condition", id="a policy of nothing"
        ),
        pytest.param(
            "POST",
            f"/v3/{P}/alertPolicies",
            POLICY | {"conditions": [{"displayName": "c", "conditionThreshold": {"filter": USER_METRIC}}]},
            400,
            "resource.type",
            id="a threshold without a resource type",
        ),
        pytest.param(
            "POST",
            f"/v3/{P}/alertPolicies",
            POLICY | {"conditions": [LOG_MATCH]},
            400,
            "must specify a notification rate limit",
            id="a log match without a rate limit",
        ),
        pytest.param(
            "POST",
            f"/v3/{P}/alertPolicies",
            POLICY | {"conditions": [LOG_MATCH, LOG_MATCH], "alertStrategy": {"notificationRateLimit": {"period": "300s"}}},
            400,
            "can only have a single condition",
            id="two log matches",
        ),
        pytest.param(
            "POST",
            f"/v3/{P}/alertPolicies",
            POLICY | {"alertStrategy": {"autoClose": "60s"}},
            400,
            "at least 1800s",
            id="a policy that closes too soon",
        ),
        pytest.param("POST", f"/v1/{P}/dashboards", {"displayName": "x"}, 400, "exactly one", id="a dashboard of no layout"),
        pytest.param(
            "POST",
            f"/v2/{P}/locations/us-west2/functions?functionId=f",
            FUNCTION,
            400,
            "gs://b/o does not exist",
            id="a function of nothing",
        ),
        pytest.param(
            "POST", f"/v1/{P}/services:batchEnable", {"serviceIds": ["x"]}, 403, "permission denied", id="an API that is none"
        ),
    ],
)
def test_what_google_refuses_is_refused(rest: Rest, method: str, path: str, body: object, status: int, message: str) -> None:
    answer = rest(method, path, body)
    assert (answer.status, message in answer.message) == (status, True), answer.message


def test_a_new_metric_is_hidden_for_a_while_when_asked_for(rest: Rest) -> None:
    rest("POST", f"/v2/{P}/metrics", METRIC)
    hidden = rest("POST", "/_local/faults", {"faults": ["metrics=600s"]}).json["faults"]
    assert hidden == [{"fault": "metrics=600s"}]
    assert rest("POST", f"/v3/{P}/alertPolicies", POLICY).status == 404
    rest("DELETE", "/_local/faults")
    assert rest("POST", f"/v3/{P}/alertPolicies", POLICY).status == 200


def test_the_labels_of_a_metric_stay_and_others_may_come(rest: Rest) -> None:
    rest("POST", f"/v2/{P}/metrics", METRIC)
    added = rest("PUT", f"/v2/{P}/metrics/conflicts", labelled("table", "EXTRACT(jsonPayload.x)"))
    assert added.json["metricDescriptor"]["labels"] == [{"key": "table"}]
    removed = rest("PUT", f"/v2/{P}/metrics/conflicts", METRIC)
    assert (removed.status, "can't be changed" in removed.message) == (400, True)


def test_a_subscription_outlives_its_topic(rest: Rest) -> None:
    rest("PUT", f"/v1/{P}/topics/incidents", {})
    rest("PUT", f"/v1/{P}/subscriptions/pulled", {"topic": f"{P}/topics/incidents"})
    rest("DELETE", f"/v1/{P}/topics/incidents")
    assert rest("GET", f"/v1/{P}/subscriptions/pulled").json["topic"] == "_deleted-topic_"


def test_a_channel_in_use_is_deleted_by_force_only(rest: Rest) -> None:
    channels = f"/v3/{P}/notificationChannels"
    channel = rest("POST", channels, {"type": "email", "labels": {"email_address": "a@example.com"}}).json["name"]
    rest("POST", f"/v2/{P}/metrics", METRIC)
    policy = rest("POST", f"/v3/{P}/alertPolicies", POLICY | {"notificationChannels": [channel]}).json["name"]
    assert "in use" in rest("DELETE", f"/v3/{channel}").message
    assert rest("DELETE", f"/v3/{channel}?force=true").status == 200
    assert rest("GET", f"/v3/{policy}").json["notificationChannels"] == []


def test_a_channel_changes_its_type_with_its_labels(rest: Rest) -> None:
    made = rest("POST", f"/v3/{P}/notificationChannels", {"type": "email", "labels": {"email_address": "a@example.com"}}).json
    changed = rest("PATCH", f"/v3/{made['name']}", {"type": "sms", "labels": {"number": "+15550100"}}).json
    assert (changed["type"], changed["labels"]) == ("sms", {"number": "+15550100"})


def test_a_channel_of_another_type_keeps_no_secret_of_the_old_one(rest: Rest) -> None:
    slack = {"type": "slack", "labels": {"channel_name": "#a", "auth_token": "xoxb"}}
    made = rest("POST", f"/v3/{P}/notificationChannels", slack).json
    kept = rest("PATCH", f"/v3/{made['name']}", {"type": "slack", "labels": {"channel_name": "#b"}}).json
    assert set(kept["labels"]) == {"channel_name", "auth_token"}
    changed = rest("PATCH", f"/v3/{made['name']}", {"type": "email", "labels": {"email_address": "a@example.com"}}).json
    assert set(changed["labels"]) == {"email_address"}


def test_conditions_keep_their_names_over_an_update(rest: Rest) -> None:
    rest("POST", f"/v2/{P}/metrics", METRIC)
    made = rest("POST", f"/v3/{P}/alertPolicies", POLICY).json
    changed = rest("PATCH", f"/v3/{made['name']}?updateMask=conditions", {"conditions": made["conditions"]}).json
    assert [c["name"] for c in changed["conditions"]] == [c["name"] for c in made["conditions"]]
    assert changed["conditions"][0]["name"].startswith(f"{made['name']}/conditions/")


def test_a_policy_without_a_mask_replaces_the_old_one(rest: Rest) -> None:
    """https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies/patch"""
    rest("POST", f"/v2/{P}/metrics", METRIC)
    made = rest("POST", f"/v3/{P}/alertPolicies", POLICY | {"userLabels": {"a": "1"}}).json
    kept = rest("PATCH", f"/v3/{made['name']}?updateMask=display_name", {"displayName": "new"}).json
    assert (kept["displayName"], kept["userLabels"]) == ("new", {"a": "1"})
    replaced = rest("PATCH", f"/v3/{made['name']}", POLICY).json
    assert ("userLabels" in replaced, replaced["name"]) == (False, made["name"])


def test_the_service_of_a_function_goes_with_it(rest: Rest) -> None:
    rest("POST", "/storage/v1/b?project=p", {"name": "bucket"})
    rest("POST", "/upload/storage/v1/b/bucket/o?uploadType=media&name=o", archive())
    source = {"storageSource": {"bucket": "bucket", "object": "o"}}
    body = {"buildConfig": {"runtime": "python312", "entryPoint": "main", "source": source}}
    functions = f"/v2/{P}/locations/us-west2/functions"
    made = rest("POST", f"{functions}?functionId=f", body).json["response"]
    service = f"/v2/{made['serviceConfig']['service']}"
    assert made["serviceConfig"]["uri"] == "https://f-100000000000.us-west2.run.invalid"
    assert rest("GET", service).status == 200
    rest("DELETE", f"{functions}/f")
    assert rest("GET", service).status == 404

"""The stack `alerting`, and the metrics that it is about."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from interlock.environment import Environment
from interlock.reading.environment_file import TICKS
from interlock.reading.files import load_environment
from interlock.runtime import events
from local.emulator.defaults import without_defaults
from local.emulator.discovery import Api
from stacks.alert_policies import Policy, conflict_policy, policies
from stacks.alerting import documentation
from stacks.metrics import CONFLICT_MESSAGES, LABELLED_BY_HOLD, LABELLED_BY_JOB, LAG, LIMIT_MESSAGES, TABLE, UNLABELLED
from tests.stacks.conftest import ROOT, Stacks

Json = dict[str, Any]
MAX_DOCUMENTATION_BYTES = 8192
MIN_AUTO_CLOSE_SECONDS = 1800
MAX_BUCKETS = 200
MINUTE = timedelta(minutes=1)
METRIC = re.compile(r'metric\.type="logging\.googleapis\.com/user/([^"]+)"')
RESOURCE = re.compile(r'resource\.type="([^"]+)"')
MESSAGES = {
    "Could not serialize access to table acme:raw.games due to concurrent update": "acme:raw.games",
    "Could not serialize access to table acme-data:raw.games$20260101 due to concurrent update": "acme-data:raw.games$20260101",
    "Transaction is aborted due to concurrent update against table acme:raw.games. Transaction ID: x": "acme:raw.games",
    "Could not serialize access to table due to concurrent update": "",
}
LIMITS = [
    "Resources exceeded during query execution: Too many DML statements outstanding against table acme:raw.games, limit is 20.",
    "DML statement has been queued for too long",
    "Exceeded rate limits: too many table update operations for this table",
    "Quota exceeded: Your table exceeded quota for imports",
]


def metrics_of(stacks: Stacks) -> dict[str, Json]:
    return dict(stacks["coordination"]["resource"]["google_logging_metric"])


def policies_of(stacks: Stacks) -> dict[str, Json]:
    return dict(stacks["alerting"]["resource"]["google_monitoring_alert_policy"])


def condition_of(policy: Json) -> Json:
    (condition,) = policy["conditions"]
    (kind,) = condition.keys() - {"display_name"}
    return {"kind": kind, **condition[kind]}


def test_every_filter_of_a_policy_names_a_metric_that_exists_and_its_resource(shop: Stacks) -> None:
    known = metrics_of(shop)
    for key, policy in policies_of(shop).items():
        condition = condition_of(policy)
        if condition["kind"] == "condition_matched_log":
            assert condition["filter"] in {metric["filter"] for metric in known.values()}, key
            continue
        (name,) = METRIC.findall(condition["filter"])
        (resource,) = RESOURCE.findall(condition["filter"])
        assert f'resource.type="{resource}"' in known[name]["filter"], key
        labels = known[name].get("label_extractors", {})
        (aggregation,) = condition["aggregations"]
        assert set(aggregation.get("group_by_fields", ())) <= {f"metric.label.{label}" for label in labels}, key


def test_every_chart_of_the_dashboard_names_a_metric_that_exists_and_its_resource(shop: Stacks) -> None:
    known = metrics_of(shop)
    dashboard = json.loads(shop["alerting"]["resource"]["google_monitoring_dashboard"]["interlock"]["dashboard_json"])
    charts = [tile["widget"]["xyChart"] for tile in dashboard["mosaicLayout"]["tiles"]]
    series = [one["timeSeriesQuery"]["timeSeriesFilter"] for chart in charts for one in chart["dataSets"]]
    assert len(charts) >= 6
    for one in series:
        (name,) = METRIC.findall(one["filter"])
        (resource,) = RESOURCE.findall(one["filter"])
        assert f'resource.type="{resource}"' in known[name]["filter"]
        labels = known[name].get("label_extractors", {})
        assert set(one["aggregation"].get("groupByFields", ())) <= {f"metric.label.{label}" for label in labels}


def test_the_dashboard_has_nothing_that_the_api_would_not_keep(shop: Stacks) -> None:
    """Or the provider writes it again at each deploy: it compares all that is written here."""
    dashboard = json.loads(shop["alerting"]["resource"]["google_monitoring_dashboard"]["interlock"]["dashboard_json"])
    assert without_defaults(Api("monitoring", "v1"), "Dashboard", dashboard) == dashboard


def test_tiles_lie_beside_one_another(shop: Stacks) -> None:
    dashboard = json.loads(shop["alerting"]["resource"]["google_monitoring_dashboard"]["interlock"]["dashboard_json"])
    places = [(tile.get("xPos", 0), tile.get("yPos", 0)) for tile in dashboard["mosaicLayout"]["tiles"]]
    assert places[:4] == [(0, 0), (24, 0), (0, 16), (24, 16)]
    assert len(set(places)) == len(places)


def test_a_metric_of_values_has_buckets_and_no_other_does(shop: Stacks) -> None:
    metrics = metrics_of(shop)
    collecting = {name for name, metric in metrics.items() if metric["metric_descriptor"]["value_type"] == "DISTRIBUTION"}
    assert collecting == {name for name, metric in metrics.items() if "bucket_options" in metric} == {"interlock-held-jobs"}


@pytest.mark.parametrize(
    ("held", "within"),
    [
        pytest.param(0, 0, id="nothing, as on most days"),
        pytest.param(1, 0, id="one"),
        pytest.param(50, 0, id="fifty"),
        pytest.param(173, 0.05, id="a platform"),
        pytest.param(5000, 0.05, id="many platforms"),
    ],
)
def test_how_many_jobs_were_held_is_read_from_its_bucket(shop: Stacks, held: int, within: float) -> None:
    """The 99th percentile of one value, as https://cloud.google.com/monitoring/api/v3/distribution-metrics computes it."""
    bounds = metrics_of(shop)["interlock-held-jobs"]["bucket_options"]["explicit_buckets"]["bounds"]
    assert len(bounds) + 1 <= MAX_BUCKETS
    [(low, high)] = [(low, high) for low, high in pairwise(bounds) if low <= held < high]
    assert low + 0.99 * (high - low) == pytest.approx(held, rel=within, abs=0.01)


def _farthest(policy: Policy, tick: timedelta) -> timedelta:
    """How long ago what it needs may have been said, if that is counted as late as can be."""
    if policy.kind == "absent":
        return tick + LAG
    if policy.breaker:
        return LAG + MINUTE  # for which it has to last
    return LAG + (tick if policy.above == 1 else timedelta(0))  # twice, in two ticks


@pytest.mark.parametrize("tick", [pytest.param(tick, id=f"every {tick}") for tick in TICKS])
def test_no_condition_looks_back_less_far_than_entries_may_be_counted_late(env: Environment, tick: timedelta) -> None:
    short = {
        policy.key: policy.period
        for policy in policies(replace(env, tick=tick))
        if policy.kind != "each" and policy.period <= _farthest(policy, tick)
    }
    assert short == {}


@pytest.mark.parametrize("name", sorted(file.stem for file in (ROOT / "environments").glob("*.yaml")))
def test_no_breaker_of_an_environment_that_is_shipped_looks_back_less_far(name: str) -> None:
    assert load_environment(ROOT / "environments", name, unfilled=True).breaker.period > LAG + MINUTE


def test_every_policy_says_how_bad_it_is_whose_it_is_and_ends_by_itself(shop: Stacks, env: Environment) -> None:
    for policy in policies_of(shop).values():
        assert policy["severity"] in {"CRITICAL", "ERROR", "WARNING"}
        assert policy["user_labels"]["owner"] == env.alerts_owner
        assert int(policy["alert_strategy"]["auto_close"].removesuffix("s")) >= MIN_AUTO_CLOSE_SECONDS
        assert policy["notification_channels"][:2] == [
            "${google_monitoring_notification_channel.chat-relay.name}",
            "${google_monitoring_notification_channel.on-call.name}",
        ]


def test_only_the_breakers_incidents_close_as_soon_as_its_counter_is_silent(shop: Stacks) -> None:
    conditions = {key: condition_of(policy) for key, policy in policies_of(shop).items()}
    closing = {key for key, found in conditions.items() if "evaluation_missing_data" in found}
    assert closing == {"conflicts"}
    assert conditions["conflicts"]["evaluation_missing_data"] == "EVALUATION_MISSING_DATA_INACTIVE"
    assert conditions["conflicts"]["duration"] == "60s", "the shortest that the API takes with it"


def test_only_policies_that_match_entries_have_a_rate_limit_and_they_must(shop: Stacks) -> None:
    limited = {key for key, policy in policies_of(shop).items() if "notification_rate_limit" in policy["alert_strategy"]}
    matching = {key for key, policy in policies_of(shop).items() if condition_of(policy)["kind"] == "condition_matched_log"}
    assert limited == matching == {"unresolved-claim"}


def test_the_runbook_has_a_section_for_every_policy_and_none_else(shop: Stacks) -> None:
    sections = re.findall(r"^### (\S+)$", (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = [
        re.findall(r"docs/runbook\.md#(\S+)\. Owner", policy["documentation"]["content"])
        for policy in policies_of(shop).values()
    ]
    assert sorted(sections) == sorted(anchor for anchors in named for anchor in anchors)
    assert sections == [policy["user_labels"]["runbook"] for policy in _in_order(shop, sections)]


def _in_order(shop: Stacks, keys: list[str]) -> list[Json]:
    return [policies_of(shop)[key] for key in keys]


def test_every_policy_names_its_first_command_and_is_not_too_long(env: Environment) -> None:
    for policy in policies(env):
        text = documentation(policy, env)
        assert re.search(r"```\n(\.venv/bin/interlock|gcloud|make) ", text), policy.key
        assert len(text.encode()) <= MAX_DOCUMENTATION_BYTES
        assert not re.search(r"\{(?!metric\.label|log\.extracted_label)", text.replace("${", "{")), policy.key


def test_the_documentation_keeps_the_variables_of_cloud_monitoring_from_terraform(shop: Stacks) -> None:
    text = policies_of(shop)["conflicts"]["documentation"]["content"]
    assert "$${metric.label.table}" in text
    assert not re.search(r"(?<!\$)\$\{", text)


def test_of_all_policies_the_breaker_alone_reaches_the_coordinator(shop: Stacks, env: Environment) -> None:
    channel = "${google_monitoring_notification_channel.coordinator.name}"
    reaching = {key for key, policy in policies_of(shop).items() if channel in policy["notification_channels"]}
    labelled = {key for key, policy in policies_of(shop).items() if policy["user_labels"].get("interlock") == "breaker"}
    assert reaching == labelled == {"conflicts"}
    condition = condition_of(policies_of(shop)["conflicts"])
    assert (condition["threshold_value"], condition["duration"]) == (env.breaker.conflicts, "60s")
    assert condition["aggregations"][0]["alignment_period"] == f"{int(env.breaker.period.total_seconds())}s"
    assert condition["aggregations"][0]["group_by_fields"] == ["metric.label.table"]


def test_google_may_publish_alerts_once_the_channel_is_there(shop: Stacks, env: Environment) -> None:
    publisher = shop["alerting"]["resource"]["google_pubsub_topic_iam_member"]["publisher"]
    assert publisher["role"] == "roles/pubsub.publisher"
    assert env.project_number in publisher["member"]
    assert publisher["depends_on"] == ["google_monitoring_notification_channel.coordinator"]
    assert publisher["topic"] == shop["coordination"]["resource"]["google_pubsub_topic"]["alerts"]["name"]


def test_every_event_that_somebody_has_to_look_at_is_counted() -> None:
    counted = LABELLED_BY_JOB.keys() | LABELLED_BY_HOLD.keys() | UNLABELLED.keys()
    serious = {event for event, severity in events.SEVERITIES.items() if severity != "INFO"}
    assert serious - {events.INCIDENT_IGNORED, events.REQUEST_REJECTED} <= counted  # whoever asked was told


def test_the_filter_of_conflicts_is_the_measured_one(shop: Stacks) -> None:
    assert metrics_of(shop)["interlock-conflicts"]["filter"] == (
        'resource.type="bigquery_project"\n'
        'protoPayload.serviceName="bigquery.googleapis.com"\n'
        'protoPayload.metadata.jobChange.after="DONE"\n'
        "protoPayload.metadata.jobChange.job.jobStatus.errorResult.message"
        '=~"(Could not serialize access to table|aborted due to concurrent update)"\n'
        '-protoPayload.metadata.jobChange.job.jobConfig.queryConfig.statementType="SCRIPT"'
    )


@pytest.mark.parametrize(("message", "table"), MESSAGES.items())
def test_the_table_of_a_conflict(message: str, table: str) -> None:
    assert re.search(CONFLICT_MESSAGES, message)
    (pattern,) = re.findall(r'"(.*)"', TABLE)
    found = re.search(pattern, message)
    assert (found[1] if found else "") == table


@pytest.mark.parametrize("message", LIMITS)
def test_a_limit_is_no_conflict(message: str) -> None:
    assert re.search(LIMIT_MESSAGES, message)
    assert not re.search(CONFLICT_MESSAGES, message)


def test_the_conflict_policy_says_how_to_find_job_principal_and_statement(env: Environment) -> None:
    command = conflict_policy(env).command
    for field in ("protoPayload.resourceName", "principalEmail", "queryConfig.query"):
        assert field in command

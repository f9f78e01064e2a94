"""Alert policies, and the one that every table with colliding writers needs."""

from __future__ import annotations

import pytest

from interlock.catalog import Json
from policies.rules.alerts import CONFLICT
from policies.rules.estate import ALERT, METRIC, Origin, Resource
from policies.rules.judge import Outcome
from tests.policies.estates import ABSENT, Some, estate, resource, said, verdict

COUNTING = 'metric.type="logging.googleapis.com/user/conflicts" AND resource.type="bigquery_project"'
METRIC_FILTER = 'severity=ERROR AND "Could not serialize access"'
TABLES = ["mart.summary", "raw.games"]


def threshold(text: Some, name: str = "conflicts") -> dict[str, Some]:
    return {"display_name": name, "condition_threshold": {"filter": text}}


def policy(text: Some = COUNTING, **changed: Some) -> Resource:
    plain: dict[str, Some] = {
        "conditions": [threshold(text)],
        "notification_channels": ["${google_monitoring_notification_channel.on-call.name}"],
        "documentation": {"content": "Two writers met. First: interlock why JOB"},
        "alert_strategy": {"auto_close": "3600s"},
    }
    return resource(ALERT, "conflicts", **{**plain, **changed})


def metric(**changed: Some) -> Resource:
    return resource(METRIC, "conflicts", **{"name": "conflicts", "filter": METRIC_FILTER, **changed})


def without_alert(*resources: Resource) -> list[str]:
    """Which tables have no alert."""
    found = said("conflict-alert", *resources, address="google", facts={"mutated": TABLES})
    return [table for table in TABLES if any(table in message for message in found)]


def only(rest: str) -> str:
    return f"{COUNTING} AND metric.label.table{rest}"


@pytest.mark.parametrize(
    ("text", "without"),
    [
        pytest.param(COUNTING, [], id="of all tables"),
        pytest.param(only('="p:raw.games"'), ["mart.summary"], id="of one table"),
        pytest.param(only('="raw.games"'), ["mart.summary"], id="of one table, without its project"),
        pytest.param(only('!="p:raw.games"'), ["raw.games"], id="of all but one"),
        pytest.param(only(' = starts_with("p:raw.")'), ["mart.summary"], id="of one data set"),
        pytest.param(only(' = ends_with(".summary")'), ["raw.games"], id="of one ending"),
        pytest.param(only(' = has_substring("games")'), ["mart.summary"], id="with a part of a name"),
        pytest.param(only(' != has_substring("games")'), ["raw.games"], id="without a part of a name"),
        pytest.param(only(' = one_of("p:raw.games", "p:mart.summary")'), [], id="of a list with both"),
        pytest.param(only(' = one_of("p:raw.games")'), ["mart.summary"], id="of a list with one"),
        pytest.param(only(' = monitoring.regex.full_match(".*:raw\\\\..*")'), ["mart.summary"], id="by a regular expression"),
        pytest.param(only(' = monitoring.regex.full_match("(")'), TABLES, id="by a regular expression that is none"),
        pytest.param(only(' = monitoring.regex.full_match("(.*)*x")'), TABLES, id="by one that never comes to an end"),
        pytest.param(only(' = sounds_like("games")'), TABLES, id="by a function that we don't know"),
        pytest.param(only(' : "games"'), TABLES, id="by an operator that we don't know"),
        pytest.param(only(" = raw"), TABLES, id="without quotes"),
        pytest.param(COUNTING.replace("conflicts", "attempts"), TABLES, id="of another metric"),
        pytest.param(COUNTING.replace("conflicts", "conflicts2"), TABLES, id="of a metric that begins like it"),
        pytest.param(f'{COUNTING} AND metric.labels."table"="p:raw.games"', ["mart.summary"], id="with a label in quotes"),
    ],
)
def test_every_table_with_colliding_writers_has_an_alert(text: str, without: list[str]) -> None:
    assert without_alert(policy(text), metric()) == without


@pytest.mark.parametrize(
    "resources",
    [
        pytest.param([], id="no policy"),
        pytest.param([policy()], id="no metric"),
        pytest.param([metric()], id="a metric alone"),
        pytest.param([policy(), metric(filter="severity=ERROR")], id="a metric of something else"),
        pytest.param([policy(enabled=False), metric()], id="a policy that is off"),
        pytest.param([policy(conditions=[{"display_name": "x", "condition_sql": {"query": "select"}}]), metric()], id="SQL"),
    ],
)
def test_nothing_that_fires_is_no_alert(resources: list[Resource]) -> None:
    assert without_alert(*resources) == TABLES


@pytest.mark.parametrize(
    ("watched", "alert"),
    [
        pytest.param(metric(disabled=True), policy(), id="a metric that is off"),
        pytest.param(metric(filter=f'NOT textPayload:"{CONFLICT}"'), policy(), id="a metric of everything else"),
        pytest.param(
            metric(), policy(conditions=[{"condition_absent": {"filter": COUNTING}}]), id="only when nothing is counted"
        ),
        pytest.param(
            metric(),
            policy(conditions=[{"condition_threshold": {"filter": COUNTING, "comparison": "COMPARISON_LT"}}]),
            id="when there are few",
        ),
        pytest.param(metric(), policy(f'{COUNTING} AND NOT metric.label.table="p:{TABLES[0]}"'), id="for all but this"),
    ],
)
def test_a_policy_that_does_not_fire_on_a_conflict_is_no_alert(watched: Resource, alert: Resource) -> None:
    assert TABLES[0] in without_alert(watched, alert)


def test_what_is_missing_is_named_with_what_to_do() -> None:
    tables = [f"raw.t{number}" for number in range(5)]
    assert said("conflict-alert", address="google", facts={"mutated": tables}) == [
        'no alert policy fires on "Could not serialize access" for raw.t0, raw.t1, raw.t2 and 2 more tables; write one whose'
        " filter names a log metric of that message and resource.type"
    ]


def test_policies_and_metrics_of_other_stacks_count() -> None:
    assert said("conflict-alert", address="google", facts={"mutated": TABLES}, neighbours=(policy(), metric())) == []


def test_a_stack_without_such_tables_needs_none() -> None:
    assert verdict("conflict-alert", estate(), "google") is None


def test_a_metric_that_is_an_expression_waits_for_the_plan() -> None:
    found = verdict("conflict-alert", estate(policy(), metric(filter="${var.f}"), facts={"mutated": TABLES}), "google")
    assert found is not None
    assert found.outcome is Outcome.DEFERRED


@pytest.mark.parametrize(
    ("rule", "changed", "found"),
    [
        pytest.param("alert-channel", {}, None, id="reaches somebody"),
        pytest.param("alert-channel", {"notification_channels": ABSENT}, "has no notification_channels; name one", id="nobody"),
        pytest.param("alert-channel", {"notification_channels": []}, "has no notification_channels; name one",
                     id="no channels"),
        pytest.param("alert-channel", {"notification_channels": [""]}, "has no notification_channels", id="an empty channel"),
        pytest.param("alert-channel", {"notification_channels": "x"}, "is \"x\", which is not a list", id="channels in a text"),
        pytest.param("alert-channel", {"enabled": False}, "is not enabled; enable it, or remove it", id="off"),
        pytest.param("alert-channel", {"enabled": "${var.on}"}, None, id="on when a variable says so"),
        pytest.param("alert-documentation", {}, None, id="says what to do"),
        pytest.param("alert-documentation", {"documentation": ABSENT}, "has no documentation.content", id="says nothing"),
        pytest.param("alert-documentation", {"documentation": {"content": " \n"}}, "has no documentation.content",
                     id="says blanks"),
        pytest.param("alert-documentation", {"documentation": "x"}, 'documentation is "x", which is not a block',
                     id="no block"),
        pytest.param("alert-close", {}, None, id="closes after an hour"),
        pytest.param("alert-close", {"alert_strategy": {"auto_close": "1800s"}}, None, id="closes as soon as it can"),
        pytest.param("alert-close", {"alert_strategy": ABSENT}, 'has no alert_strategy.auto_close; write one, like "3600s"',
                     id="never closes"),
        pytest.param("alert-close", {"alert_strategy": {"auto_close": "1799s"}},
                     "its auto_close is 29m59s; allowed: 30m and more",
                     id="closes too soon"),
        pytest.param("alert-close", {"alert_strategy": {"auto_close": "1h"}}, "alert_strategy.auto_close is \"1h\"",
                     id="in hours"),
        pytest.param("alert-resource", {}, None, id="names the resource"),
        pytest.param("alert-resource", {"conditions": ABSENT}, "has no conditions, so it never fires; write one",
                     id="no condition"),
        pytest.param("alert-resource", {"conditions": []}, "has no conditions, so it never fires; write one",
                     id="none of them"),
        pytest.param("alert-resource", {"conditions": [threshold("metric.type=x")]},
                     'the filter of its condition "conflicts" names no resource.type', id="a metric alone"),
        pytest.param("alert-resource", {"conditions": [threshold('resource.type = one_of("a", "b")')]}, None, id="one of two"),
        pytest.param("alert-resource", {"conditions": [threshold(5)]}, "condition_threshold.filter is 5", id="a number"),
        pytest.param("alert-resource", {"conditions": ["x"]}, 'conditions is "x", which is not a block', id="a text"),
    ],
)  # fmt: skip
def test_a_policy(rule: str, changed: dict[str, Some], found: str | None) -> None:
    messages = said(rule, policy(**changed))
    assert [found in message for message in messages] == ([True] if found else []), messages


def test_each_condition_is_looked_at() -> None:
    absent = {"display_name": "silent", "condition_absent": {"filter": "metric.type=x"}}
    three = policy(conditions=[threshold(COUNTING), threshold("a", "second"), absent])
    assert [message.partition(" names")[0] for message in said("alert-resource", three)] == [
        'the filter of its condition "second"',
        'the filter of its condition "silent"',
    ]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        pytest.param({"condition_matched_log": {"filter": 'textPayload=~"took"'}}, [], id="log entries"),
        pytest.param({"condition_monitoring_query_language": {"query": "fetch x"}}, [], id="MQL"),
        pytest.param({"condition_prometheus_query_language": {"query": "up == 0"}}, [], id="PromQL"),
        pytest.param({"condition_sql": {"query": "SELECT 1"}}, [], id="SQL"),
        pytest.param({"condition_of_next_year": {"filter": "x"}}, [], id="a kind that nobody knows yet"),
        pytest.param({"condition_absent": {"filter": "metric.type=x"}}, ["filter"], id="a metric that is silent"),
        pytest.param(
            {"condition_threshold": {"filter": COUNTING, "denominator_filter": "metric.type=x"}},
            ["denominator_filter"],
            id="a ratio of metrics",
        ),
        pytest.param(
            {"condition_threshold": {"filter": COUNTING, "denominator_filter": COUNTING}}, [], id="a ratio that names both"
        ),
    ],
)
@pytest.mark.parametrize("in_lists", [False, True], ids=["written", "planned"])
def test_only_a_filter_on_a_metric_names_the_resource(condition: dict[str, Json], found: list[str], in_lists: bool) -> None:
    shown = {kind: [block] if in_lists else block for kind, block in condition.items()}
    messages = said("alert-resource", policy(conditions=[{"display_name": "c", **shown}]))
    assert [message.split(" of ")[0] for message in messages] == [f"the {name}" for name in found]


def test_channels_that_the_same_apply_makes_are_known_only_after_it_and_are_channels() -> None:
    """As the first plan of a stack shows them."""
    about = policy(notification_channels=[None, None])
    planned = resource(ALERT, templates=False, unknown={"notification_channels": [True, True]}, **about.attributes.values)
    assert said("alert-channel", planned, origin=Origin.PLAN) == []
    forgotten = resource(ALERT, templates=False, unknown={"notification_channels": [False]}, notification_channels=[None])
    assert said("alert-channel", forgotten, origin=Origin.PLAN) != []

"""Alert policies: one for what hurts most, each can fire, and reaches somebody who then knows what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from interlock.names import count, rounded
from policies.rules.estate import ALERT, METRIC, STACK, Estate, Resource
from policies.rules.rule import DEPLOYED, rule
from policies.rules.values import NOTHING, Attributes, Malformed, Unresolved

CONFLICT = "Could not serialize access"
"""How BigQuery says that two writers changed one table at once
(cloud.google.com/bigquery/docs/troubleshoot-queries): what a metric has to look for."""
SHORTEST_AUTO_CLOSE = timedelta(minutes=30)
"""cloud.google.com/monitoring/alerts/incidents-events: an incident is closed after 30 minutes without data at the earliest."""
SHOWN_TABLES = 3
_USER_METRIC = "logging.googleapis.com/user/"
_TEXT = r'"((?:[^"\\]|\\.)*)"'
_TABLE = rf'metric\.labels?\.(?:"table"|table\b)\s*(!?=)?\s*([a-z_.]*)\(?((?:[\s,]*{_TEXT.replace("(", "(?:", 1)})*)'
"""What a filter says of the label, with the functions of cloud.google.com/monitoring/api/v3/filters."""
_SLOW = re.compile(r"[*+}]\)|\)[*+{]|\\[1-9]")
"""In a regular expression: a repeated group or a back reference, which Google's RE2 reads at once or not at all, and Python
perhaps for ever."""


@rule(
    24,
    "conflict-alert",
    "Every table with writers that can collide has an alert on their conflicts",
    kinds=(STACK,),
    origins=DEPLOYED,
    applies=lambda stack: "mutated" in stack.facts,
    bad='filter = "metric.type=... AND metric.label.table=\\"p:raw.games\\""  # and no policy for the other tables',
    good="one policy over all tables, grouped by metric.label.table",
)
def conflict_alert(stack: Resource, estate: Estate) -> Iterator[str]:
    """The conflicts of 2026-01-06 were found by reading logs. The library that the platform retries with logs each of them, and
    no metric and no policy used that."""
    filters = list(_conflict_filters(estate))
    without = [table for table in stack.facts.texts("mutated") if not any(_reaches(text, table) for text in filters)]
    if without:
        more = f" and {count(len(without) - SHOWN_TABLES, 'more table')}" if len(without) > SHOWN_TABLES else ""
        yield (
            f'no alert policy fires on "{CONFLICT}" for {", ".join(without[:SHOWN_TABLES])}{more}; write one whose filter names'
            f" a log metric of that message and resource.type"
        )


def _conflict_filters(estate: Estate) -> Iterator[str]:
    """The filters of the alert policies over a metric that counts conflicts."""
    counting = {metric.attributes.text("name") for metric in estate.every(METRIC) if _counts_conflicts(metric)}
    for policy in estate.every(ALERT):
        if _read_flag(policy, "enabled") is False:
            continue
        for condition in policy.attributes.blocks("conditions"):
            block = condition.block("condition_threshold") or NOTHING
            text = block.text("filter") or ""
            above = (block.text("comparison") or "COMPARISON_GT").startswith("COMPARISON_G")
            if above and any(f'"{_USER_METRIC}{name}"' in text for name in counting):
                yield text


def _counts_conflicts(metric: Resource) -> bool:
    """Whether a line of a metric's filter asks for the message, and the metric counts."""
    lines = (line.strip() for line in (metric.attributes.text("filter") or "").splitlines())
    asked = any(CONFLICT in line and not re.match(r"-|NOT\b", line) for line in lines)
    return asked and metric.attributes.flag("disabled") is not True


def _read_flag(policy: Resource, name: str) -> bool | None:
    try:
        return policy.attributes.flag(name)
    except (Unresolved, Malformed):
        return None


def _reaches(text: str, table: str) -> bool:
    """Whether a filter lets a table through; not when it says something of the table that we don't understand."""
    if re.search(r"(-|NOT\s+)\(?\s*metric\.labels?\.table", text):
        return False
    for operator, function, listed in re.findall(_TABLE, text):
        wanted = [re.sub(r"\\(.)", r"\1", one) for one in re.findall(_TEXT, listed)]
        matches = any(_matches(function, one, table) for one in wanted)
        if not operator or not wanted or function not in _FUNCTIONS or matches is (operator == "!="):
            return False
    return True


_FUNCTIONS = ("", "one_of", "starts_with", "ends_with", "has_substring", "monitoring.regex.full_match")


def _matches(function: str, wanted: str, table: str) -> bool:
    """Whether a table is what a function of a filter wants. BigQuery calls it `project:dataset.table`; of which project is not
    known here."""
    name = wanted.rpartition(":")[2]
    if function == "starts_with":
        return table.startswith(name)
    if function == "ends_with":
        return table.endswith(name)
    if function == "has_substring":
        return name in table
    if function == "monitoring.regex.full_match":
        try:
            return not _SLOW.search(wanted) and re.fullmatch(wanted, f"project:{table}") is not None
        except re.error:
            return False
    return name == table


METRIC_CONDITIONS = {"condition_threshold": ("filter", "denominator_filter"), "condition_absent": ("filter",)}
"""The conditions on a metric, with their filters in Cloud Monitoring's language, which must name metric and resource. That of
condition_matched_log is a query of Cloud Logging's, and a condition in MQL, PromQL or SQL has a query and no filter:
cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Condition"""


def _metric_filters(policy: Resource) -> Iterator[tuple[Attributes, str, str]]:
    """The conditions of a policy on a metric, each with the name of a filter and that."""
    for condition in policy.attributes.blocks("conditions"):
        for kind, names in METRIC_CONDITIONS.items():
            block = condition.block(kind)
            for name in names:
                if block is not None and name in block:
                    yield condition, name, block.text(name) or ""


@rule(
    25,
    "alert-channel",
    "An alert policy reaches somebody",
    kinds=(ALERT,),
    origins=DEPLOYED,
    bad="notification_channels = []",
    good="notification_channels = [google_monitoring_notification_channel.on-call.name]",
)
def alert_channel(policy: Resource) -> Iterator[str]:
    """Some twelve monitors of the NBA platform alerted nowhere."""
    if not [channel for channel in policy.attributes.items("notification_channels") if channel]:
        yield "has no notification_channels; name one"
    if _read_flag(policy, "enabled") is False:
        yield "is not enabled; enable it, or remove it"


@rule(
    26,
    "alert-documentation",
    "An alert policy says what has happened and what to do first",
    kinds=(ALERT,),
    origins=DEPLOYED,
    bad="a policy without documentation",
    good='documentation = {content = "... First: interlock why JOB", mime_type = "text/markdown"}',
)
def alert_documentation(policy: Resource) -> Iterator[str]:
    """It is all that the person on call sees. A storm of June 2026 "alerted loudly for 16 days and nobody stopped it"."""
    block = policy.attributes.block("documentation") or NOTHING
    if not (block.text("content") or "").strip():
        yield "has no documentation.content; write what has happened, and the first command"


@rule(
    27,
    "alert-close",
    "An incident closes by itself when it is over",
    kinds=(ALERT,),
    origins=DEPLOYED,
    bad="a policy without alert_strategy.auto_close",
    good='alert_strategy = {auto_close = "3600s"}',
)
def alert_close(policy: Resource) -> Iterator[str]:
    """While one incident is open, a policy opens no other of the same kind: the next conflict tells nobody. A metric that
    counts log entries goes silent when all is well, so nothing else closes it
    (cloud.google.com/monitoring/alerts/incidents-events)."""
    closes = (policy.attributes.block("alert_strategy") or NOTHING).duration("auto_close")
    if closes is None:
        yield 'has no alert_strategy.auto_close; write one, like "3600s"'
    elif closes < SHORTEST_AUTO_CLOSE:
        yield f"its auto_close is {rounded(closes)}; allowed: 30m and more"


@rule(
    28,
    "alert-resource",
    "The filter of an alert policy on a metric names the type of resource",
    kinds=(ALERT,),
    origins=DEPLOYED,
    bad='filter = "metric.type=\\"logging.googleapis.com/user/conflicts\\""',
    good='filter = "metric.type=... AND resource.type=\\"bigquery_project\\""',
)
def alert_resource(policy: Resource) -> Iterator[str]:
    """Without it the API refuses a filter on a metric ("must specify a restriction on resource.type"), at the first apply
    (hashicorp/terraform-provider-google#7179). A condition on log entries, or in MQL, PromQL or SQL, needs none."""
    if not policy.attributes.blocks("conditions"):
        yield "has no conditions, so it never fires; write one"
    for condition, name, text in _metric_filters(policy):
        if not re.search(r"resource\.types?\s*!?=", text):
            title = condition.values.get("display_name")
            yield f'the {name} of its condition "{title}" names no resource.type; add AND resource.type="..."'

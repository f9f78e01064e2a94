"""The contracts of alert policies and dashboards."""

from __future__ import annotations

import pytest

from tests.local.provider.contract import NAME, AllKept, Contract
from tests.local.provider.stand import PROJECT, Stand

POLICY = """
resource "google_logging_metric" "m" {
  name             = "conflicts"
  filter           = "x"
  label_extractors = { table = "EXTRACT(jsonPayload.table)" }
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    labels { key = "table" }
  }
}
resource "google_monitoring_notification_channel" "c" {
  type   = "email"
  labels = { email_address = "data@example.com" }
}
resource "google_monitoring_alert_policy" "it" {
  display_name          = "Conflicts"
  combiner              = "OR"
  enabled               = %(enabled)s
  severity              = "ERROR"
  notification_channels = [google_monitoring_notification_channel.c.id]
  user_labels           = { owner = "data-platform" }
  conditions {
    display_name = "more than a few"
    condition_threshold {
      filter          = "metric.type=\\"logging.googleapis.com/user/${google_logging_metric.m.id}\\" resource.type=\\"global\\""
      comparison      = "COMPARISON_GT"
      threshold_value = %(threshold)s
      duration        = "60s"
      evaluation_missing_data = "EVALUATION_MISSING_DATA_INACTIVE"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["metric.label.table"]
      }
      trigger { count = 1 }
    }
  }
  %(more)s
  alert_strategy {
    auto_close           = "1800s"
    notification_prompts = ["OPENED"]
  }
  documentation {
    content = "%(content)s"
    subject = "Conflict"
    links {
      display_name = "Runbook"
      url          = "https://example.com/runbook"
    }
  }
}
"""
ABSENT = """
  conditions {
    display_name = "heartbeat absent"
    condition_absent {
      filter   = "metric.type=\\"logging.googleapis.com/user/conflicts\\" AND resource.type=\\"global\\""
      duration = "1800s"
      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_COUNT"
        cross_series_reducer = "REDUCE_NONE"
      }
      trigger { percent = 50 }
    }
  }
"""
KINDS = {
    "absence": ABSENT % (),
    "ratio with a forecast": """
  conditions {
    display_name = "ratio"
    condition_threshold {
      filter             = "metric.type=\\"a.googleapis.com/b\\" resource.type=\\"global\\""
      denominator_filter = "metric.type=\\"a.googleapis.com/c\\" resource.type=\\"global\\""
      comparison         = "COMPARISON_LT"
      duration           = "60s"
      denominator_aggregations { alignment_period = "60s" }
      forecast_options { forecast_horizon = "3600s" }
    }
  }""",
    "PromQL": """
  conditions {
    display_name = "promql"
    condition_prometheus_query_language {
      query                     = "sum(rate(x[5m])) > 1"
      duration                  = "0s"
      evaluation_interval       = "60s"
      labels                    = { a = "b" }
      rule_group                = "g"
      alert_rule                = "R"
      disable_metric_validation = true
    }
  }""",
    "MQL": """
  conditions {
    display_name = "mql"
    condition_monitoring_query_language {
      query    = "fetch x"
      duration = "60s"
      trigger { count = 2 }
    }
  }""",
    "SQL, by the hour": """
  conditions {
    display_name = "sql"
    condition_sql {
      query = "SELECT 1"
      hourly {
        periodicity   = 1
        minute_offset = 15
      }
      row_count_test {
        comparison = "COMPARISON_GT"
        threshold  = 0
      }
    }
  }""",
    "SQL, by the day": """
  conditions {
    display_name = "sql"
    condition_sql {
      query = "SELECT true AS found"
      daily {
        periodicity = 1
        execution_time { hours = 7 }
      }
      boolean_test { column = "found" }
    }
  }""",
    "a matched log": """
  conditions {
    display_name = "log"
    condition_matched_log {
      filter           = "severity>=ERROR"
      label_extractors = { job = "EXTRACT(resource.labels.job_id)" }
    }
  }
  alert_strategy {
    notification_rate_limit { period = "300s" }
  }""",
}
DASHBOARD = """
resource "google_monitoring_dashboard" "it" {
  dashboard_json = jsonencode({
    displayName  = "%s"
    mosaicLayout = {
      columns = 12
      tiles   = [{ width = 6, height = 4, widget = { title = "Held jobs", text = { content = "x" } } }]
    }
  })
}
"""
THRESHOLD = {"enabled": "true", "threshold": 3, "more": "", "content": "see the runbook"}

CONTRACTS = [
    pytest.param(
        Contract(
            address="google_monitoring_alert_policy.it",
            first=POLICY % THRESHOLD,
            second=POLICY % {"enabled": "false", "threshold": 0, "more": ABSENT, "content": "changed"},
            change="update conditions documentation enabled",
            import_ids=(NAME,),
            link="/v3/NAME",
        ),
        id="a threshold with everything, a second condition later",
    ),
    pytest.param(
        Contract(
            address="google_monitoring_dashboard.it",
            first=DASHBOARD % "a",
            second=DASHBOARD % "b",
            change="update dashboard_json",
            import_ids=(NAME,),
            link="/v1/NAME",
        ),
        id="a dashboard",
    ),
]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_type_keeps_its_contract(kept: AllKept, contract: Contract) -> None:
    kept.check(contract)


def policy(kind: str) -> str:
    """A policy with one condition of a kind."""
    return f"""
resource "google_logging_metric" "m" {{
  name   = "conflicts"
  filter = "x"
}}
resource "google_monitoring_alert_policy" "it" {{
  depends_on   = [google_logging_metric.m]
  display_name = "one"
  combiner     = "AND"
  {KINDS[kind]}
}}
"""


def test_every_kind_of_condition_is_read_back_as_it_was_written(stand: Stand) -> None:
    """All in one configuration: a terraform run a kind would take seconds."""
    blocks = [policy(kind).partition('resource "google_monitoring_alert_policy" "it"')[2] for kind in KINDS]
    metric = policy("absence").partition('resource "google_monitoring_alert_policy"')[0]
    stand.write(metric + "".join(f'resource "google_monitoring_alert_policy" "p{i}"{b}' for i, b in enumerate(blocks)))
    stand.apply()
    assert stand.changes() == {}
    assert len(stand.api("GET", f"/v3/projects/{PROJECT}/alertPolicies")["alertPolicies"]) == len(KINDS)


def test_a_policy_on_a_metric_that_does_not_exist_says_so(stand: Stand) -> None:
    stand.write(policy("absence").replace("depends_on   = [google_logging_metric.m]", "").replace('"conflicts"', '"other"'))
    output = stand.apply(fails=True)
    assert 'Cannot find metric(s) that match type = "logging.googleapis.com/user/conflicts"' in output
    assert "it could take up to 10 minutes to become available" in output


def test_a_policy_on_a_metric_that_is_new_is_made_by_a_later_apply(stand: Stand) -> None:
    stand.faults.add("metrics=600s")
    stand.write(policy("absence"))
    assert "Error 404: Cannot find metric(s)" in stand.apply(fails=True)
    assert stand.changes() == {"google_monitoring_alert_policy.it": "create"}
    stand.faults.add("metrics=0s")
    stand.apply()
    assert stand.changes() == {}


def test_a_policy_that_was_edited_by_hand_is_set_right(stand: Stand) -> None:
    stand.write(policy("PromQL"))
    stand.apply()
    name = stand.state("google_monitoring_alert_policy.it")["name"]
    stand.api("PATCH", f"/v3/{name}?updateMask=enabled", {"enabled": False})
    assert stand.changes() == {"google_monitoring_alert_policy.it": "update enabled"}


def test_a_dashboard_that_writes_zeros_never_rests(stand: Stand) -> None:
    """The API doesn't keep them, and the provider misses them in what it reads (removeComputedKeys)."""
    stand.write((DASHBOARD % "a").replace("[{ width", "[{ xPos = 0, width"))
    stand.apply()
    assert stand.changes() == {"google_monitoring_dashboard.it": "update dashboard_json"}
    stand.apply()
    assert stand.changes() == {"google_monitoring_dashboard.it": "update dashboard_json"}


def test_a_dashboard_that_was_edited_meanwhile_is_not_overwritten(stand: Stand) -> None:
    stand.write(DASHBOARD % "a")
    stand.apply()
    stand.write(DASHBOARD % "b")
    stand.terraform("plan", "-out=plan.bin")
    name = stand.state("google_monitoring_dashboard.it")["id"]
    stand.api("PATCH", f"/v1/{name}", {"displayName": "by hand", "gridLayout": {}})
    assert "Error 409" in stand.terraform("apply", "plan.bin", fails=True)

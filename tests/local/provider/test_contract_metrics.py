"""The contracts of log metrics and notification channels."""

from __future__ import annotations

import pytest

from tests.local.provider.contract import NAME, AllKept, Contract
from tests.local.provider.stand import PROJECT, Stand

METRICS = f"/v2/projects/{PROJECT}/metrics"
METRIC = """
resource "google_logging_metric" "it" {
  name             = "serialization/conflicts"
  description      = "%(description)s"
  filter           = "resource.type=\\"bigquery_project\\" severity>=%(severity)s"
  label_extractors = {
    table     = "REGEXP_EXTRACT(protoPayload.status.message, \\"table ([0-9A-Za-z_:.$-]*)\\")"
    principal = "EXTRACT(protoPayload.authenticationInfo.principalEmail)"
    %(extractor)s
  }
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    labels {
      key         = "table"
      description = "P:D.T"
    }
    labels { key = "principal" }
    %(label)s
  }
}
"""
BARE_METRIC = """
resource "google_logging_metric" "it" {
  name   = "attempts"
  filter = "%s"
}
"""
LATENCIES = """
resource "google_logging_metric" "it" {
  name            = "latencies"
  filter          = "x"
  value_extractor = "EXTRACT(jsonPayload.latency)"
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "s"
  }
  bucket_options {
    linear_buckets {
      num_finite_buckets = %s
      width              = 1
      offset             = 0
    }
  }
}
"""
HELD = """
resource "google_logging_metric" "it" {
  name            = "held"
  filter          = "x"
  value_extractor = "EXTRACT(jsonPayload.held)"
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
  }
  bucket_options {
    explicit_buckets { bounds = %s }
  }
}
"""
EMAIL = """
resource "google_monitoring_notification_channel" "it" {
  display_name = "%(name)s"
  type         = "email"
  labels       = { email_address = "data@example.com" }
  user_labels  = { owner = "data-platform" }
  enabled      = %(enabled)s
}
"""
SLACK = """
resource "google_monitoring_notification_channel" "it" {
  type         = "slack"
  labels       = { channel_name = "#%(channel)s" }
  force_delete = true
  sensitive_labels { auth_token = "%(token)s" }
}
"""
PUBSUB = """
resource "google_pubsub_topic" "t" { name = "incidents" }
resource "google_monitoring_notification_channel" "it" {
  display_name = "%s"
  type         = "pubsub"
  labels       = { topic = google_pubsub_topic.t.id }
}
"""
SHARED = ("conflicts",)
CONTRACTS = [
    pytest.param(
        Contract(
            address="google_logging_metric.it",
            first=METRIC % {"description": "a", "severity": "ERROR", "extractor": "", "label": ""},
            second=METRIC % {"description": "b", "severity": "WARNING", "extractor": "", "label": ""},
            change="update description filter",
            import_ids=("serialization/conflicts", f"{PROJECT} serialization/conflicts"),
            link=f"{METRICS}/serialization%2Fconflicts",
        ),
        id="a counter with labels whose name has a slash",
    ),
    pytest.param(
        Contract(
            address="google_logging_metric.it",
            first=METRIC % {"description": "a", "severity": "ERROR", "extractor": "", "label": ""},
            second=METRIC
            % {
                "description": "a",
                "severity": "ERROR",
                "extractor": 'job = "EXTRACT(jsonPayload.a)"',
                "label": 'labels {\nkey = "job"\nvalue_type = "INT64"\n}',
            },
            change="delete,create",
            import_ids=("serialization/conflicts",),
            link=f"{METRICS}/serialization%2Fconflicts",
        ),
        id="a counter that gets another label",
    ),
    pytest.param(
        Contract(
            address="google_logging_metric.it",
            first=BARE_METRIC % "a",
            second=BARE_METRIC % "b",
            change="update filter",
            import_ids=("attempts",),
            link=f"{METRICS}/attempts",
        ),
        id="a counter with nothing but defaults",
    ),
    pytest.param(
        Contract(
            address="google_logging_metric.it",
            first=LATENCIES % 10,
            second=LATENCIES % 20,
            change="update bucket_options",
            import_ids=("latencies",),
            link=f"{METRICS}/latencies",
        ),
        id="a distribution",
    ),
    pytest.param(
        Contract(
            address="google_logging_metric.it",
            first=HELD % "[0.01, 1.01, 52.01]",
            second=HELD % "[0, 1]",
            change="update bucket_options",
            import_ids=("held",),
            link=f"{METRICS}/held",
        ),
        id="a distribution with bounds of its own",
    ),
    pytest.param(
        Contract(
            address="google_monitoring_notification_channel.it",
            first=EMAIL % {"name": "a", "enabled": "true"},
            second=EMAIL % {"name": "b", "enabled": "false"},
            change="update display_name enabled",
            import_ids=(NAME,),
            link="/v3/NAME",
        ),
        id="an email channel that is turned off",
    ),
    pytest.param(
        Contract(
            address="google_monitoring_notification_channel.it",
            first=SLACK % {"channel": "data", "token": "xoxb-1"},
            second=SLACK % {"channel": "alerts", "token": "xoxb-2"},
            change="update labels sensitive_labels",
            import_ids=(NAME,),
            after_import={"google_monitoring_notification_channel.it": "update force_delete labels sensitive_labels"},
            link="/v3/NAME",
        ),
        id="a Slack channel with its secret",
    ),
    pytest.param(
        Contract(
            address="google_monitoring_notification_channel.it",
            first=PUBSUB % "a",
            second=PUBSUB % "b",
            change="update display_name",
            import_ids=(NAME,),
            link="/v3/NAME",
        ),
        id="a Pub/Sub channel",
    ),
]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_type_keeps_its_contract(kept: AllKept, contract: Contract) -> None:
    kept.check(contract)


def test_a_secret_is_shown_to_nobody(stand: Stand) -> None:
    stand.write(SLACK % {"channel": "data", "token": "xoxb-1"})
    stand.apply()
    name = stand.state("google_monitoring_notification_channel.it")["name"]
    assert stand.api("GET", f"/v3/{name}")["labels"] == {"channel_name": "#data", "auth_token": "*******"}
    stand.api("PATCH", f"/v3/{name}?updateMask=labels", {"labels": {"channel_name": "#hand"}})
    assert stand.changes() == {"google_monitoring_notification_channel.it": "update labels"}

"""The log metric of conflicts on the local target, and audit entries that it counts."""

from __future__ import annotations

from interlock.reading.files import load_environment
from stacks.metrics import CONFLICTS
from tests.interlock.commands.conftest import ROOT
from tests.local.plain import Rest

PROJECT = load_environment(ROOT / "environments", "local").project


def make_metric(rest: Rest) -> None:
    """As the stack alerting does."""
    metric = {
        "name": CONFLICTS.name,
        "filter": CONFLICTS.filter,
        "labelExtractors": dict(CONFLICTS.labels),
        "metricDescriptor": {"labels": [{"key": key} for key in CONFLICTS.labels]},
    }
    answer = rest("POST", f"/v2/projects/{PROJECT}/metrics", metric)
    assert answer.status == 200, answer.body


def conflict(rest: Rest, instant: str, table: str = "raw.games") -> None:
    """An entry of a statement that BigQuery refused, which is written at its own time."""
    rest("POST", "/_local/clock", {"set": instant})
    message = f"Could not serialize access to table {PROJECT}:{table} due to concurrent update"
    job = {"jobStatus": {"errorResult": {"code": 10, "message": message}}}
    entry = {
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "bigquery.googleapis.com",
            "metadata": {"jobChange": {"after": "DONE", "job": job}},
        }
    }
    shared = {
        "logName": f"projects/{PROJECT}/logs/cloudaudit.googleapis.com%2Fdata_access",
        "resource": {"type": "bigquery_project"},
    }
    answer = rest("POST", "/v2/entries:write", {**shared, "entries": [entry]})
    assert answer.status == 200, answer.body

"""BigQuery statements that fail in a conflict: real ones on a project; on the stand-in, the entries that BigQuery writes then.

One session leaves a transaction open that has changed the table; each other transaction that changes it is aborted at once:
https://cloud.google.com/bigquery/docs/transactions#transaction_concurrency
"""

from __future__ import annotations

from conformance.cloud import CallError, Cloud, JsonObject
from conformance.world import World

MAKE = "CREATE TABLE <dataset>.orders (number INT64); INSERT <dataset>.orders VALUES (0)"
CHANGE = "BEGIN TRANSACTION; UPDATE <dataset>.orders SET number = number + 1 WHERE TRUE"
ABORTED = "aborted due to concurrent update"


def fail_statements(world: World, number: int) -> None:
    """Have so many statements on `orders` fail. CallError when one succeeds, or fails otherwise."""
    if world.cloud.local is not None:
        entries = [_entry(world, index) for index in range(number)]
        world.cloud.post("logging", "v2/entries:write", {"entries": entries})
        return
    cloud = world.cloud
    place = f"bigquery/v2/projects/{cloud.project}/datasets"
    reference = {"datasetReference": {"datasetId": world.dataset}, "location": cloud.environment.location}
    cloud.post("bigquery", place, reference)
    _query(cloud, world.filled(MAKE))
    holder = _query(cloud, world.filled(CHANGE), session="new")
    session = str((holder.get("sessionInfo") or {}).get("sessionId", ""))
    try:
        for _ in range(number):
            _aborted(cloud, world.filled(f"{CHANGE}; COMMIT TRANSACTION"))
    finally:
        _query(cloud, "ROLLBACK TRANSACTION", session=session)


def _query(cloud: Cloud, text: str, *, session: str = "") -> JsonObject:
    return cloud.post("bigquery", f"bigquery/v2/projects/{cloud.project}/queries", _body(cloud, text, session))


def _aborted(cloud: Cloud, text: str) -> None:
    reply = cloud.call("POST", "bigquery", f"bigquery/v2/projects/{cloud.project}/queries", _body(cloud, text, ""))
    if ABORTED not in reply.said and ABORTED not in str(reply.body.get("errors", "")):
        raise CallError(f"a statement in a conflict was answered {reply.status} {reply.said}")


def _body(cloud: Cloud, text: str, session: str) -> JsonObject:
    body: JsonObject = {"query": text, "useLegacySql": False, "location": cloud.environment.location, "timeoutMs": 60_000}
    if session == "new":
        return body | {"createSession": True}
    return body | ({"connectionProperties": [{"key": "session_id", "value": session}]} if session else {})


def _entry(world: World, index: int) -> JsonObject:
    """The audit entry of such a statement: https://cloud.google.com/bigquery/docs/reference/auditlogs (JobChange)"""
    project = world.cloud.project
    message = (
        f"Transaction is {ABORTED} against table {project}:{world.dataset}.orders. Transaction ID: {index:04x}. "
        f"Blocking job: {project}:US.bqjob_0000."
    )
    status = {"code": 3, "message": message}
    job = {
        "jobName": f"projects/{project}/jobs/bqjob_{index:04}",
        "jobConfig": {"type": "QUERY", "queryConfig": {"query": "UPDATE", "statementType": "UPDATE"}},
        "jobStatus": {"jobState": "DONE", "errorResult": status},
    }
    return {
        "logName": f"projects/{project}/logs/cloudaudit.googleapis.com%2Fdata_access",
        "resource": {"type": "bigquery_project", "labels": {"project_id": project, "location": "US"}},
        "severity": "ERROR",
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "bigquery.googleapis.com",
            "methodName": "google.cloud.bigquery.v2.JobService.InsertJob",
            "resourceName": job["jobName"],
            "authenticationInfo": {"principalEmail": f"{world.prefix}@{project}.iam.gserviceaccount.com"},
            "status": status,
            "metadata": {
                "@type": "type.googleapis.com/google.cloud.audit.BigQueryAuditMetadata",
                "jobChange": {"before": "RUNNING", "after": "DONE", "job": job},
            },
        },
    }

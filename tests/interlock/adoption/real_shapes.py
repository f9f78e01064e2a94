"""Jobs as people really make them: the shapes of public code, as the bodies of Cloud Scheduler v1's `jobs.create`.

`SHAPES` has what platforms of all kinds declare, `ODD` what the API takes as well and few write, `REFUSED` what Google refuses.
Names, addresses and contents are invented; which fields are there, and how they are written, is not.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field

PROJECT = "interlock-local"
INVOKER = f"invoker@{PROJECT}.iam.gserviceaccount.com"
SECRET = "s3cr3t-that-nobody-may-read"

Json = dict[str, object]

_RUN = "https://collector-abc-uw.a.run.app"
_RUN_JOB = "https://us-central1-run.googleapis.com/apis/run.googleapis.com/v1/namespaces/{project}/jobs/{job}:run"
_WORKFLOW = "https://workflowexecutions.googleapis.com/v1/projects/{project}/locations/us-central1/workflows/{name}/executions"
_DATAFORM = (
    "https://dataform.googleapis.com/v1beta1/projects/{project}/locations/europe-west4/repositories/r/workflowInvocations"
)
_FIRESTORE = "https://firestore.googleapis.com/v1/projects/{project}/databases/(default):exportDocuments"
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One job: where it is, and the body that creates it, without `name`."""

    name: str
    region: str = "us-central1"
    paused: bool = False
    body: Json = field(default_factory=dict)

    def resource(self, project: str = PROJECT) -> Json:
        """The whole body of a create."""
        return {"name": f"projects/{project}/locations/{self.region}/jobs/{self.name}"} | self.body


def bytes_of(content: str | bytes) -> str:
    """Content as the API carries it."""
    return base64.b64encode(content.encode() if isinstance(content, str) else content).decode()


def created() -> Iterator[Shape]:
    """Every shape that Google takes: `SHAPES`, then `ODD`."""
    yield from SHAPES
    yield from ODD


def _oidc(audience: str | None = None, account: str = INVOKER) -> Json:
    return {"oidcToken": {"serviceAccountEmail": account} | ({"audience": audience} if audience else {})}


def _oauth(scope: str | None = None, account: str = INVOKER) -> Json:
    return {"oauthToken": {"serviceAccountEmail": account} | ({"scope": scope} if scope else {})}


def _http(
    uri: str, method: str = "POST", token: Json | None = None, headers: Json | None = None, body: str | bytes | None = None
) -> Json:
    target: Json = {"uri": uri.format(project=PROJECT, job="nightly", name="daily"), "httpMethod": method} | (token or {})
    target |= {"headers": headers} if headers else {}
    return {"httpTarget": target | ({"body": bytes_of(body)} if body is not None else {})}


def _topic(topic: str, data: str | bytes | None = None, attributes: Json | None = None, project: str = PROJECT) -> Json:
    target: Json = {"topicName": f"projects/{project}/topics/{topic}"}
    target |= {"data": bytes_of(data)} if data is not None else {}
    return {"pubsubTarget": target | ({"attributes": attributes} if attributes else {})}


def _shape(name: str, schedule: str, zone: str | None, target: Json, **more: object) -> Shape:
    body: Json = {"schedule": schedule} | ({"timeZone": zone} if zone else {}) | target
    place = {key: more.pop(key) for key in ("region", "paused") if key in more}
    return Shape(name=name, body=body | more, **place)  # type: ignore[arg-type]


SHAPES: tuple[Shape, ...] = (
    # topics
    _shape("load-reference-data", "0 0 * * *", "America/Chicago", _topic("loads", '{"trigger":"load-reference"}')),
    _shape("load-live-data", "* * * * *", "America/Chicago", _topic("loads", '{"trigger":"load-live"}')),
    _shape("erase-accounts", "0 2 * * *", "America/Bogota", _topic("erase", "{}"), region="us-east1"),
    _shape("post-daily", "0 10 * * *", None, _topic("posts", '{"action": "post_daily"}')),
    _shape("ExampleRetryJob", "*/10 * * * *", None, _topic("ExampleRetryTopic", "Retry")),
    _shape(
        "auto-stop",
        "0 21 * * 1-5",
        "Asia/Tokyo",
        _topic("stop", '{"key":"is-auto-stop","value":"true"}'),
        region="asia-northeast1",
    ),
    _shape("publish-list", "0 2 11 * *", "America/Sao_Paulo", _topic("publish", "{}")),
    _shape(
        "daily-clips",
        "0 9 * * *",
        "Asia/Seoul",
        _topic("clips", '{"action":"create","metadata":{"topic":"긍정 명언"}}'),
        region="asia-northeast1",
    ),
    _shape("tidy-registry", "0 0 * * 1", "America/Denver", _topic("tidy", '{"action": "KEEP_3_TAGS"}'), attemptDeadline="320s"),
    _shape(
        "clear-cache-prod",
        "0 0 * * *",
        "Europe/Helsinki",
        _topic("caches", attributes={"x-goog-version": "v1"}),
        attemptDeadline="1800s",
        retryConfig={"retryCount": 1},
    ),
    _shape(
        "firebase-schedule-collectMetrics-us-central1",
        "every 5 minutes",
        "UTC",
        _topic("firebase-schedule-collectMetrics-us-central1", attributes={"scheduled": "true"}),
    ),
    _shape(
        "firebase-schedule-dailyUpkeep-us-central1",
        "every 24 hours",
        "Europe/Berlin",
        _topic("firebase-schedule-upkeep", attributes={"scheduled": "true"}),
    ),
    # services of Cloud Run and functions, with OIDC
    _shape(
        "reconcile-members-nightly",
        "40 4 * * *",
        "UTC",
        _http(f"{_RUN}/api/internal/reconcile", token=_oidc(_RUN), headers=_JSON),
        retryConfig={"retryCount": 1, "minBackoffDuration": "60s", "maxBackoffDuration": "300s"},
    ),
    _shape(
        "inventory-daily", "0 2 * * *", "Etc/UTC", _http(f"{_RUN}/collect/all", token=_oidc(_RUN), headers=_JSON, body="{}")
    ),
    _shape(
        "draw-updater",
        "15 3 * * *",
        "America/New_York",
        _http(_RUN_JOB, token=_oidc("https://us-central1-run.googleapis.com/"), headers=_JSON, body="{}"),
    ),
    _shape(
        "data-retention",
        "30 3 * * *",
        "Asia/Tokyo",
        _http(f"{_RUN}/api/cron/data-retention", "GET", _oidc(_RUN)),
        attemptDeadline="300s",
        retryConfig={"retryCount": 3, "minBackoffDuration": "30s", "maxBackoffDuration": "600s"},
        region="asia-northeast1",
    ),
    _shape("market-scan-daily", "30 7 * * 1-5", None, _http(f"{_RUN}/api/cron/daily-scan", token=_oidc(_RUN))),
    _shape(
        "ci-dispatch",
        "* * * * *",
        "Etc/UTC",
        _http(f"{_RUN}/dispatch", token=_oidc(_RUN), headers=_JSON),
        attemptDeadline="320s",
        retryConfig={"retryCount": 0},
    ),
    _shape(
        "cloud_function_scheduler",
        "0 1 * * *",
        "Europe/Berlin",
        _http("https://us-central1-proj.cloudfunctions.net/f", "GET", _oidc()),
        attemptDeadline="30s",
        retryConfig={"retryCount": 0},
    ),
    _shape(
        "retail-map",
        "0 4-23/6 * * *",
        "America/Chicago",
        _http(f"{_RUN}/map?product=retail&db2=all", token=_oidc(f"{_RUN}/map?product=retail&db2=all")),
        attemptDeadline="900s",
        retryConfig={"maxBackoffDuration": "3600s"},
    ),
    _shape(
        "migration-job",
        "0 0 1 1 *",
        "UTC",
        _http(f"{_RUN}/api/v1/internal/migrate", token=_oidc(_RUN), headers=_JSON, body="{}"),
    ),
    _shape(
        "quarterly-report",
        "0 0 1 1,4,7,10 *",
        "UTC",
        _http(f"{_RUN}/admin/quarterly", token=_oidc(_RUN), headers=_JSON),
        paused=True,
    ),
    _shape("talk-cascade", "every 30 minutes", "America/Montevideo", _http(_RUN, token=_oidc(_RUN))),
    # no token, or one written into a header or the address
    _shape(
        "premarket-warmup", "30 12 * * 1-5", "UTC", _http(f"{_RUN}/refresh/premarket", headers={"X-Scheduler-Token": SECRET})
    ),
    _shape("rating-scraper-job", "0 */6 * * *", None, _http(f"{_RUN}/api/cron/sync", headers={"X-Cron-Key": SECRET})),
    _shape(
        "odometer-poll",
        "*/30 * * * *",
        "Europe/Amsterdam",
        _http(f"{_RUN}/car/check-trip", "GET"),
        retryConfig={"retryCount": 1, "minBackoffDuration": "10s", "maxBackoffDuration": "60s"},
        region="us-east1",
    ),
    _shape(
        "reading-index-optimize",
        "30 5 * * *",
        "Etc/UTC",
        _http(
            f"{_RUN}/internal/optimize", headers={"Authorization": f"Bearer {SECRET}"} | _JSON, body='{"source":"scheduler"}'
        ),
        attemptDeadline="320s",
    ),
    _shape("pin-queue-cron", "*/10 * * * *", None, _http(f"{_RUN}/api/cron/pin-queue?secret={SECRET}", "GET")),
    # Google's own APIs, with OAuth
    _shape(
        "ingest-daily-dev",
        "0 6 * * *",
        "Europe/London",
        _http(
            _WORKFLOW,
            token=_oauth("https://www.googleapis.com/auth/cloud-platform"),
            headers=_JSON,
            body='{"argument":"{\\"mode\\":\\"daily\\"}"}',
        ),
    ),
    _shape("cleanup-trigger", "0 3 * * *", "UTC", _http(_RUN_JOB, token=_oauth())),
    _shape(
        "data-pipeline-daily",
        "0 8 * * *",
        "Australia/Sydney",
        _http(_WORKFLOW, token=_oauth()),
        attemptDeadline="320s",
        paused=True,
    ),
    _shape(
        "schedule-job",
        "*/8 * * * *",
        None,
        _http(_RUN_JOB, token=_oauth()),
        attemptDeadline="320s",
        retryConfig={"retryCount": 3},
    ),
    _shape(
        "likes-export-daily",
        "0 3 * * *",
        "Asia/Tokyo",
        _http(_WORKFLOW, token=_oauth()),
        attemptDeadline="180s",
        retryConfig={"retryCount": 0, "maxRetryDuration": "0s"},
        region="asia-northeast1",
    ),
    _shape("drive-notifier-schedule", "0 9 1-7 * 1", None, _http(_RUN_JOB, token=_oauth())),
    _shape("agent-accounting-30min", "*/30 * * * *", None, _http(_WORKFLOW, token=_oauth())),
    _shape(
        "sensor-rollup-hourly", "0 * * * *", "Asia/Tokyo", _http(_DATAFORM, token=_oauth(), body='{"compilationResult":"x"}')
    ),
    _shape(
        "document-backup-daily",
        "0 2 * * *",
        "America/New_York",
        _http(_FIRESTORE, token=_oauth(), headers=_JSON, body='{"outputUriPrefix":"gs://b/daily"}'),
    ),
)

ODD: tuple[Shape, ...] = (
    # what the names, descriptions and paths may have
    _shape("Odds_Props_V2", "5  4 * * *", "UTC", _http(f"{_RUN}/odds;v=2/@latest", token=_oidc(_RUN))),
    _shape("2nd-run", "30 5 * * *", "UTC", _http(f"{_RUN}/", token=_oidc(_RUN)), description=""),
    _shape("same-name", "0 1 * * *", "UTC", _http(f"{_RUN}/one", token=_oidc(_RUN))),
    _shape("same-name", "0 2 * * *", "UTC", _http(f"{_RUN}/two", token=_oidc(_RUN)), region="us-east1"),
    _shape(
        "interlock-like-name",
        "0 3 * * *",
        "UTC",
        _http(f"{_RUN}/x"),
        description='Line one.\nLine "two": # ${not.a.reference} %{x}\n',
    ),
    # methods
    *(
        _shape(f"method-{method.lower()}", "0 3 * * *", "UTC", _http(f"{_RUN}/x", method, _oidc(_RUN)))
        for method in ("HEAD", "PUT", "DELETE", "PATCH", "OPTIONS")
    ),
    # contents that no other writer would write the same way
    _shape("spaced-json", "0 4 * * *", "UTC", _http(f"{_RUN}/x", headers=_JSON, body='{"a": "b"}')),
    _shape(
        "json-of-large-numbers",
        "0 4 * * *",
        "UTC",
        _http(f"{_RUN}/x", headers=_JSON, body='{"n":12345678901234567890,"x":1.0}'),
    ),
    _shape(
        "text-body", "0 4 * * *", "UTC", _http(f"{_RUN}/x", "PUT", headers={"content-type": "text/plain"}, body="two\nlines\n")
    ),
    _shape("binary-body", "0 4 * * *", "UTC", _http(f"{_RUN}/x", body=b"\x00\xff\x10binary")),
    _shape("binary-message", "0 4 * * *", "UTC", _topic("t", b"\x80\x81", {"kind": "raw", "empty": ""})),
    _shape("message-to-another-project", "0 4 * * *", "UTC", _topic("shared", "x", project="another-project")),
    # tokens of other accounts
    _shape(
        "token-of-another-account",
        "0 5 * * *",
        "UTC",
        _http(f"{_RUN}/x", token=_oidc("aud", f"other@{PROJECT}.iam.gserviceaccount.com")),
    ),
    _shape(
        "oauth-of-a-narrow-scope",
        "0 5 * * *",
        "UTC",
        _http(_WORKFLOW, token=_oauth("https://www.googleapis.com/auth/devstorage.read_only")),
    ),
    # retries
    _shape(
        "fractional-backoff",
        "0 6 * * *",
        "UTC",
        _http(f"{_RUN}/x"),
        retryConfig={"retryCount": 2, "minBackoffDuration": "1.500s", "maxBackoffDuration": "90.250s", "maxDoublings": 3},
    ),
    _shape("doublings-alone", "0 6 * * *", "UTC", _http(f"{_RUN}/x"), retryConfig={"maxDoublings": 16}),
    _shape("duration-alone", "0 6 * * *", "UTC", _http(f"{_RUN}/x"), retryConfig={"maxRetryDuration": "3600s"}),
    # App Engine
    _shape("app-engine-root", "0 7 * * *", "UTC", {"appEngineHttpTarget": {"httpMethod": "GET", "relativeUri": "/"}}),
    _shape(
        "app-engine-routed",
        "every monday 09:00",
        "America/New_York",
        {
            "appEngineHttpTarget": {
                "httpMethod": "POST",
                "relativeUri": "/tasks/summary?full=1",
                "appEngineRouting": {"service": "worker", "version": "v2", "instance": "i1"},
                "headers": {"X-Task": "summary"} | _JSON,
                "body": bytes_of("{}"),
            }
        },
        attemptDeadline="86415s",
        retryConfig={"retryCount": 1},
    ),
    # schedules
    _shape("both-day-fields", "0 8 1,15 * MON", "UTC", _http(f"{_RUN}/x")),
    _shape("sunday-is-seven", "0 8 * JAN-MAR 7", "Europe/London", _http(f"{_RUN}/x")),
    _shape("synchronized", "every 2 hours synchronized", "UTC", _http(f"{_RUN}/x")),
    _shape("first-monday", "1st monday of sep,oct,nov 17:00", "America/Denver", _http(f"{_RUN}/x")),
    _shape("in-office-hours", "every 5 minutes from 10:00 to 14:00", "Asia/Kolkata", _http(f"{_RUN}/x"), paused=True),
)

REFUSED: tuple[tuple[Shape, str], ...] = (  # and the limit that the refusal names
    (
        _shape(
            "issue-triage",
            "0 * * * *",
            "America/New_York",
            _http(f"{_RUN}/update-and-issues", token=_oidc(_RUN)),
            attemptDeadline="3600s",
        ),
        "between 15s and 1800s",
    ),
)

"""A deployed coordinator: the real functions-framework serves it, the emulated cloud's clock stands where a test sets it.

What the coordinator did is read from what everyone else would see: the jobs, the bucket, the log and the attempts.
"""

from __future__ import annotations

import base64
import json
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.e2e.deployment import Deployment, Json, local_environment

OPERATOR = "operator"
"""The service account that environments/local.yaml lets ask the coordinator."""
JSON_TYPE = {"Content-Type": "application/json"}
TICK = timedelta(minutes=10)
PAGE = 1000  # entries of one list
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an HTTP request was answered."""

    status: int
    body: bytes

    @property
    def json(self) -> Json:
        """The body."""
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found


def utc(text: str) -> datetime:
    """An instant written out, as 2026-03-08 06:30."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def next_noon() -> datetime:
    """The next noon in New York in winter, when none of the catalogs' windows is open, and in the midst of a minute, so that no
    run is due meanwhile, or so soon that it is waited for and caught up. For what Terraform does, whose clock is real."""
    noon = datetime.now(UTC).replace(hour=17, minute=0, second=40, microsecond=0)
    return noon if noon > datetime.now(UTC) else noon + timedelta(days=1)


def written(instant: datetime) -> str:
    """An instant as the APIs and object names take it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, kw_only=True)
class Live:
    """A deployment whose coordinator runs."""

    deployment: Deployment

    # the clock

    def now(self) -> datetime:
        """The emulated cloud's clock."""
        return datetime.fromisoformat(self._page("GET", "clock")["now"])

    def stand_at(self, instant: datetime) -> None:
        """Set the clock, forwards or back; nothing fires."""
        self._page("POST", "clock", {"set": written(instant)})

    def go_to(self, instant: datetime) -> None:
        """Move the clock on; what is due on the way happens, each at its own instant."""
        assert self._page("POST", "clock", {"to": written(instant)})["settled"]

    def go_on(self, step: timedelta) -> None:
        """Move it by so much."""
        self.go_to(self.now() + step)

    # requests

    def ask(
        self,
        request: Mapping[str, object] | bytes,
        *,
        method: str = "POST",
        account: str | None = OPERATOR,
        headers: Mapping[str, str] = JSON_TYPE,
    ) -> Answer:
        """Send the coordinator a request as a service account of the project, or as nobody."""
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        env = local_environment()
        identity = {"Authorization": f"Bearer local:{env.account(account)}"} if account else {}
        url = f"{self.deployment.url}/_functions/{env.coordinator.name}/"
        return _call(method, url, body, {**headers, **identity})

    def hold(self, scope: str, until: datetime, **more: object) -> Answer:
        """Hold a scope until an instant."""
        asked = {"action": "hold", "scope": scope, "until": written(until), "reason": "a test", "owner": "tests"}
        return self.ask(asked | more)

    def reconcile(self) -> Answer:
        """Have it look, as a timer does."""
        return self.ask({"action": "reconcile"})

    def push(self, said: Json) -> Answer:
        """Deliver what Cloud Monitoring says, as Pub/Sub pushes it, with the account of the subscription."""
        data = base64.b64encode(json.dumps(said).encode()).decode()
        subscription = f"projects/{local_environment().project}/subscriptions/interlock-alerts-push"
        return self.ask({"message": {"data": data, "messageId": "1"}, "subscription": subscription}, account="interlock-push")

    # what there is to see

    def paused(self) -> set[str]:
        """The jobs that are paused."""
        return self.deployment.paused()

    def holds(self) -> list[str]:
        """The names of the runtime holds."""
        return [name for name in self.deployment.objects() if name.startswith("holds/")]

    def ledger(self) -> list[str]:
        """The names in the ledger."""
        return [name for name in self.deployment.objects() if name.startswith("ledger/")]

    def log(self, *events: str, job: str | None = None) -> list[Json]:
        """What the coordinator logged, oldest first: the payload of each entry, with its `at`."""
        wanted = f'resource.type="cloud_run_revision" resource.labels.service_name="{local_environment().coordinator.name}"'
        body = {"resourceNames": [f"projects/{local_environment().project}"], "filter": wanted, "pageSize": PAGE}
        self._page("POST", "settle")
        found = self._api("POST", "/v2/entries:list", body).get("entries", [])
        said = [
            {"at": entry["timestamp"][:19] + "Z", "severity": entry["severity"], **entry["jsonPayload"]}
            for entry in found
            if "jsonPayload" in entry
        ]
        return [line for line in said if (not events or line["event"] in events) and (job is None or line.get("job") == job)]

    def changes(self, *jobs: str) -> list[tuple[str, str, str]]:
        """(when, event, job) of each pause and resume in the log."""
        found = self.log("job_paused", "job_resumed")
        return [(line["at"], line["event"], line["job"]) for line in found if not jobs or line["job"] in jobs]

    def attempts(self) -> list[Json]:
        """The attempts of the platform's own jobs: `job` and `time`."""
        self._page("POST", "settle")
        found = [{**attempt, "job": attempt["job"].rpartition("/")[2]} for attempt in self._page("GET", "attempts")["attempts"]]
        return [attempt for attempt in found if not attempt["job"].startswith("interlock-")]

    def runs(self, start: datetime, end: datetime) -> Counter[str]:
        """How often each job was attempted in [start, end)."""
        first, last = written(start), written(end)
        return Counter(attempt["job"] for attempt in self.attempts() if first <= attempt["time"][:19] + "Z" < last)

    def coordinator_processes(self) -> list[int]:
        """The process groups of functions-framework."""
        return [*self._page("GET", "functions")["processes"].values()]

    # alerts

    def write_entries(self, *entries: Json) -> None:
        """Write to the Logging API what a Google service would."""
        self._api("POST", "/v2/entries:write", {"entries": list(entries)})

    def evaluate(self) -> Json:
        """Have the alert policies evaluated now, as Google does all the time, and wait for what follows."""
        found = self._page("POST", "evaluate", {})
        assert found["settled"]
        return found

    def incidents(self) -> list[Json]:
        """Those that are open."""
        found: list[Json] = self._page("GET", "incidents")["incidents"]
        return found

    def _page(self, method: str, page: str, body: Mapping[str, Any] | None = None) -> Json:
        return self._api(method, f"/_local/{page}", body)

    def _api(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Json:
        sent = None if body is None else json.dumps(body).encode()
        answer = _call(method, self.deployment.url + path, sent, JSON_TYPE)
        assert answer.status == 200, answer.body
        return answer.json


def _call(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
    request = urllib.request.Request(url, method=method, data=body, headers=dict(headers))  # noqa: S310 - loopback
    try:
        with _DIRECT.open(request) as reply:
            return Answer(status=reply.status, body=reply.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(status=error.code, body=error.read())


@dataclass
class Background:
    """A call in a thread of its own, so that a test can act meanwhile."""

    call: Callable[[], Answer]

    def __post_init__(self) -> None:
        self._answers: list[Answer] = []
        self._thread = threading.Thread(target=lambda: self._answers.append(self.call()), daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether there is an answer."""
        return not self._thread.is_alive()

    def answer(self) -> Answer:
        """The answer, once it is there."""
        self._thread.join()
        return self._answers[0]

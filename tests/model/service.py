"""Requests as the model sends them, and how an instance of the coordinator serves one: from its body to its report."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from interlock.runtime.checking import BREAKER_ID
from interlock.runtime.events import ACTION_FAILED, RECONCILE_FAILED
from interlock.runtime.operations import serve as serve_request
from interlock.runtime.outside import Outside
from interlock.runtime.requests import Rejected, parse_request
from tests.model.instance import Instance, ModelBucket, ModelScheduler
from tests.model.terraform import MAX_HOLD, TICK


class Outcome(Enum):
    """How a request ended."""

    CLEAN = "went well"
    FAILED = "reports that something could not be done"
    REFUSED = "a 4xx"


@dataclass(frozen=True)
class Answer:
    """What was answered."""

    outcome: Outcome
    why: str


@dataclass(frozen=True)
class Request:
    """A request as its sender means it."""

    action: str
    scope: str = ""
    id: str = ""
    until: datetime | None = None
    seconds: int | None = None
    table: str = ""
    state: str = "open"
    incident: str = ""
    opened: datetime | None = None
    """When the incident opened."""
    says: bool = True
    """It says so."""
    more: tuple[tuple[str, object], ...] = ()
    """Keys that are put over the others: for requests that are wrong."""
    method: str = "POST"
    raw: bytes | None = None

    @property
    def identity(self) -> tuple[str, str] | None:
        """The (scope, id) of the hold that it is about."""
        if self.action == "incident":
            return f"table/{self.table}", BREAKER_ID
        return (self.scope, self.id) if self.scope else None

    def end(self, now: datetime) -> datetime:
        """The end that it asks for, a second less where that is rounded."""
        if self.until is not None:
            return self.until
        return now + timedelta(seconds=(self.seconds or 0) - 1)

    def body(self) -> bytes:
        """What is posted."""
        if self.raw is not None:
            return self.raw
        if self.action == "incident":
            return _envelope(self)
        said: dict[str, object] = {"action": self.action}
        if self.action != "reconcile":
            said |= {"scope": self.scope, "id": self.id, "reason": "somebody needs it", "owner": "somebody"}
        if self.until is not None:
            said["until"] = f"{self.until:%Y-%m-%dT%H:%M:%SZ}"
        if self.seconds is not None:
            said["for_s"] = self.seconds
        said |= dict(self.more)
        return json.dumps({key: value for key, value in said.items() if value is not None}).encode()


def _envelope(request: Request) -> bytes:
    incident = {
        "incident_id": request.incident,
        "policy_name": "conflicts",
        "policy_user_labels": {"interlock": "breaker"},
        "state": request.state,
        "metric": {"labels": {"table": f"nba-props:{request.table}"}},
    }
    if request.says and request.opened is not None:
        incident["started_at"] = int(request.opened.timestamp())
    data = base64.b64encode(json.dumps({"incident": incident, "version": "1.2"}).encode()).decode()
    return json.dumps({"message": {"data": data, "messageId": "1"}, "subscription": "s"}).encode()


def serve(instance: Instance, request: Request) -> Answer:
    """Serves a request as the coordinator does."""
    outside = Outside(
        bucket=ModelBucket(instance),
        scheduler=ModelScheduler(instance),
        clock=instance.read_clock,
        log=lambda record: None,  # noqa: ARG005
        sleep=instance.sleep,
        jitter=lambda: 0.5,
        lists_all=instance.lists_all,
        concurrent=1,
    )
    try:
        report = serve_request(outside, parse_request(request.method, request.body()))
    except Rejected as refusal:
        return Answer(Outcome.REFUSED, str(refusal))
    failed = [str(record) for record in report.records if record.event in (ACTION_FAILED, RECONCILE_FAILED)]
    if report.settled and not failed:
        return Answer(Outcome.CLEAN, "")
    return Answer(Outcome.FAILED, "; ".join(failed) or "not settled")


def _bad(**wrong: object) -> Callable[[datetime], Request]:
    more = {"until": None, "for_s": 3600} | wrong
    return lambda now: Request(
        "hold",
        scope="job/load",
        id="wrong",
        until=None,
        more=tuple((key, value(now) if callable(value) else value) for key, value in more.items()),
    )


def _stated(after: timedelta) -> Callable[[datetime], str]:
    return lambda now: f"{now + after:%Y-%m-%dT%H:%M:%SZ}"


BAD_REQUESTS: dict[str, Callable[[datetime], Request]] = {
    "an unknown scope": _bad(scope="service/scraper"),
    "a scope that is none": _bad(scope="interlock-tick"),
    "an end in the past": _bad(for_s=None, until=_stated(-TICK)),
    "an end beyond the longest hold": _bad(for_s=None, until=_stated(MAX_HOLD + TICK)),
    "an end within two ticks, less the one to confirm it": _bad(for_s=None, until=_stated(TICK - timedelta(seconds=10))),
    "no end": _bad(for_s=None),
    "no reason": _bad(reason=None),
    "a blank owner": _bad(owner=" "),
    "an id that leaves its folder": _bad(id="a/../../declaration"),
    "a key that is unknown": _bad(untill="tomorrow"),
    "an oversized body": _bad(reason="r" * 70_000),
    "another method": lambda _: Request("reconcile", method="GET"),
    "no JSON": lambda _: Request("reconcile", raw=b"{"),
}

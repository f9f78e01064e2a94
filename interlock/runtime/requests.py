"""What people may ask of the coordinator, read from what they send: pure. A refusal is one sentence and an HTTP status of 4xx.
What is refused by what is declared and held is in `checking.py`, and who may ask it in `callers.py`.

`{"action": "hold", "scope": ..., "until": RFC 3339 or "for_s": seconds, "reason": ..., "owner": ..., "id": ...}`, and likewise
`extend`, `release` and `reconcile`; or an incident in a Pub/Sub push envelope. `at` of a hold says when it begins, and `run`
that it is for a command, of which `failed` of an extension says how it ended.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from interlock.holds import HOLD_ID, WRITTEN_SCOPE, parse_instant
from interlock.names import MAX_TEXT, did_you_mean, unseen
from interlock.runtime.incident import Incident, parse_incident
from interlock.windows import has_objects

MAX_BODY_BYTES = 64 * 1024
MAX_ID_CHARACTERS = 100
MAX_SCOPE_CHARACTERS = 200
MAX_FOR_SECONDS = 10 * 365 * 86400
"""Beyond what any environment allows, and short of what a date can hold."""

KEYS = {
    "hold": {"scope", "until", "for_s", "reason", "owner", "id", "with_force", "at", "run"},
    "extend": {"scope", "until", "for_s", "reason", "owner", "id", "with_force", "failed"},
    "release": {"scope", "reason", "owner", "id", "with_force"},
    "reconcile": set[str](),
}
ACTIONS = ", ".join(sorted(KEYS))


class Rejected(Exception):
    """A request that is refused, and nothing changed: `code` is the HTTP status, the message one sentence for people."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, kw_only=True)
class HoldRequest:
    """Hold a scope: `until` an instant, or for a time from its beginning on."""

    scope: str
    until: datetime | timedelta
    reason: str
    owner: str
    id: str | None = None
    forced: bool = False
    """Though who asks may not otherwise: it is logged and alerted."""
    at: datetime | None = None
    """When it begins; None for now."""
    run: str | None = None
    """Where the command runs that it is for: machine and process."""


@dataclass(frozen=True, kw_only=True)
class ExtendRequest:
    """Let a hold end later. Without reason and owner those that it has are kept."""

    scope: str
    id: str
    until: datetime | timedelta
    reason: str | None = None
    owner: str | None = None
    forced: bool = False
    failed: str | None = None
    """How the command ended that the hold is for."""


@dataclass(frozen=True, kw_only=True)
class ReleaseRequest:
    """End a hold now."""

    scope: str
    id: str
    reason: str | None = None
    owner: str | None = None
    forced: bool = False


@dataclass(frozen=True, kw_only=True)
class ReconcileRequest:
    """Look, and put right."""


Request = HoldRequest | ExtendRequest | ReleaseRequest | ReconcileRequest | Incident


def parse_request(method: str, body: bytes) -> Request:
    """The request that an HTTP call states; Rejected when it states none. What it names may still not exist."""
    if method != "POST":
        raise Rejected(405, f"{method} is not allowed here; send a POST")
    if len(body) > MAX_BODY_BYTES:
        raise Rejected(413, f"the body is longer than {MAX_BODY_BYTES // 1024} KiB")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise Rejected(400, "the body is no JSON") from None
    if not isinstance(said, dict):
        raise Rejected(400, 'the body is no JSON object; send one like {"action": "reconcile"}')
    return request_of(said)


def request_of(content: dict[str, object]) -> Request:
    """The request that the object in a body states; Rejected as in `parse_request`."""
    if "message" in content:
        incident = parse_incident(content)
        if incident is None:
            raise Rejected(400, "the message holds no incident of Cloud Monitoring")
        return incident
    return _Body(content).request()


def checked_text(key: str, text: object) -> str:
    """A reason or an owner: one line of text; Rejected when it is none."""
    if not isinstance(text, str) or not text.strip():
        raise Rejected(400, f"{key} is missing; say one, so that others know")
    text = text.strip()
    if len(text) > MAX_TEXT or len(text.splitlines()) > 1:
        raise Rejected(400, f"{key} is not one line of at most {MAX_TEXT} characters")
    if (wrong := unseen(text)) is not None:
        raise Rejected(400, f"{key} has control characters, or others that nobody sees: {_shown(wrong)}; write text without")
    return text


class _Body:
    """The keys of a request, each checked as it is read."""

    def __init__(self, said: dict[str, object]) -> None:
        self._said = said

    def request(self) -> Request:
        action = self._said.get("action")
        if not isinstance(action, str) or action not in KEYS:
            hint = did_you_mean(action, sorted(KEYS)) if isinstance(action, str) else ""
            raise Rejected(400, f"action {_shown(action)} is not known{hint}; allowed: {ACTIONS}")
        for key in self._said.keys() - KEYS[action] - {"action"}:
            allowed = sorted(KEYS[action])
            raise Rejected(400, f"{action} has no key {_shown(key)}{did_you_mean(key, allowed)}; allowed: {_listed(allowed)}")
        if action == "reconcile":
            return ReconcileRequest()
        forced = self._forced()
        if action == "hold":
            return HoldRequest(
                scope=self._scope(),
                until=self._until(),
                reason=self._text("reason"),
                owner=self._text("owner"),
                id=self._id() if "id" in self._said else None,
                forced=forced,
                at=self._instant("at") if "at" in self._said else None,
                run=self._text_or_none("run"),
            )
        reason, owner = self._text_or_none("reason"), self._text_or_none("owner")
        scope, id = self._scope(), self._id()
        if action == "extend":
            until, failed = self._until(), self._text_or_none("failed")
            return ExtendRequest(scope=scope, id=id, until=until, reason=reason, owner=owner, forced=forced, failed=failed)
        return ReleaseRequest(scope=scope, id=id, reason=reason, owner=owner, forced=forced)

    def _forced(self) -> bool:
        forced = self._said.get("with_force", False)
        if not isinstance(forced, bool):
            raise Rejected(400, f"with_force {_shown(forced)} is neither true nor false")
        return forced

    def _scope(self) -> str:
        scope = self._said.get("scope")
        if isinstance(scope, str) and not has_objects(scope):
            raise by_declaration(scope)
        if not (isinstance(scope, str) and len(scope) <= MAX_SCOPE_CHARACTERS and re.fullmatch(WRITTEN_SCOPE, scope)):
            raise Rejected(400, f"scope {_shown(scope)} is none; write one like service/nba-scrapers, job/<name> or all")
        return scope

    def _id(self) -> str:
        id = self._said.get("id")
        if not (isinstance(id, str) and len(id) <= MAX_ID_CHARACTERS and re.fullmatch(HOLD_ID, id)):
            rule = f"letters, digits, - _ and ., beginning with a letter or digit, at most {MAX_ID_CHARACTERS}"
            raise Rejected(400, f"id {_shown(id)} is none; allowed: {rule}")
        return id

    def _text(self, key: str) -> str:
        return checked_text(key, self._said.get(key))

    def _text_or_none(self, key: str) -> str | None:
        return self._text(key) if self._said.get(key) is not None else None

    def _until(self) -> datetime | timedelta:
        if ("until" in self._said) == ("for_s" in self._said):
            raise Rejected(400, "it must have an end, and one only; say until or for_s")
        if "for_s" in self._said:
            seconds = self._said["for_s"]
            if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds <= MAX_FOR_SECONDS:
                raise Rejected(400, f"for_s {_shown(seconds)} is no number of seconds; write one like 7200")
            return timedelta(seconds=seconds)
        return self._instant("until")

    def _instant(self, key: str) -> datetime:
        said = self._said[key]
        instant = parse_instant(said) if isinstance(said, str) else None
        if instant is None:
            what = "end" if key == "until" else "instant"
            raise Rejected(400, f"{key} {_shown(said)} is no {what}; write one like 2026-11-24T07:00:00Z")
        return instant


def by_declaration(scope: str) -> Rejected:
    """Why nobody holds, extends or releases a season."""
    return Rejected(
        400,
        f"{scope[:MAX_SCOPE_CHARACTERS]!a} opens and closes by its declaration alone; write other days under `seasons` of the"
        " catalog, or take `season` out of jobs, and deploy",
    )


def _listed(keys: Iterable[str]) -> str:
    return ", ".join(keys) or "none"


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= MAX_ID_CHARACTERS else text[:MAX_ID_CHARACTERS] + "..."

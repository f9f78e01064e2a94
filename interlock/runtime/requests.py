"""What people may ask of the coordinator, and what it refuses: pure. A refusal is one sentence and an HTTP status of 4xx.
Who may ask it is in `callers.py`.

`{"action": "hold", "scope": ..., "until": RFC 3339 or "for_s": seconds, "reason": ..., "owner": ..., "id": ...}`, and likewise
`extend`, `release` and `reconcile`; or an incident in a Pub/Sub push envelope. `at` of a hold says when it begins, and `run`
that it is for a command, of which `failed` of an extension says how it ended.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from interlock.declaration import Declaration
from interlock.holds import FLAG_ID, HOLD_ID, WRITTEN_SCOPE, Hold, format_instant, parse_instant
from interlock.names import MAX_TEXT, did_you_mean, exact, plain, unseen
from interlock.runtime.incident import Incident, parse_incident
from interlock.windows import OPENING_ID, begun_at, compact, has_objects

MAX_BODY_BYTES = 64 * 1024
MAX_ID_CHARACTERS = 100
MAX_SCOPE_CHARACTERS = 200
MAX_FOR_SECONDS = 10 * 365 * 86400
"""Beyond what any environment allows, and short of what a date can hold."""
SHORTEST_IN_TICKS = 2
"""A hold that is shorter than two ticks could be over before a reconcile has noticed it."""
CONFIRMATION_IN_TICKS = 1
"""What the coordinator takes off the shortest hold: who asks sees an end, and may think about it before confirming."""
MAX_AHEAD = timedelta(days=31)
"""How far ahead a hold may be planned: as far as anybody looks for what holds a job next."""
BACKFILL = "backfill/"
NO_SLACK = timedelta()
BREAKER_ID = "breaker"
OWN_IDS = rf"(?i:{BREAKER_ID}|{FLAG_ID}|{OPENING_ID})"
"""What only machines call a hold: the circuit breaker's, the flag of a backfill, the opening of a window."""
_OWNERS = {BREAKER_ID: "the circuit breaker", FLAG_ID: "the flag of a backfill"}
DIGITS_OF_ID = 8
"""Of the digest that tells requests of one second apart."""

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


def end_of(until: datetime | timedelta, declaration: Declaration, now: datetime, slack: timedelta = NO_SLACK) -> datetime:
    """The end that is asked for, in whole seconds; Rejected when it is past, too soon or too late.

    An instant may come sooner than the shortest hold ends, by `slack`: it was fixed some time ago.
    """
    end = until if isinstance(until, datetime) else _whole(now + until)
    shortest, said = declaration.tick * SHORTEST_IN_TICKS, format_instant(end)
    if end <= now:
        raise Rejected(400, f"{said} is in the past; it is {format_instant(now)} now")
    if isinstance(until, timedelta):
        slack = NO_SLACK
    if _whole(now) + shortest - slack > end:
        raise Rejected(
            400,
            f"{said} is too soon; the coordinator looks every {exact(declaration.tick)}, "
            f"so the shortest hold is {exact(shortest)}",
        )
    if end > _whole(now) + declaration.max_hold:
        latest = format_instant(_whole(now) + declaration.max_hold)
        raise Rejected(400, f"{said} is too late; no hold may be longer than {exact(declaration.max_hold)}, until {latest}")
    return end


def checked_hold(
    request: HoldRequest,
    declaration: Declaration,
    holds: Iterable[Hold],
    released: Iterable[Hold],
    now: datetime,
    slack: timedelta = NO_SLACK,
    asked_by: str | None = None,
) -> tuple[str, datetime]:
    """The id and the end of a new hold; Rejected when there may be none. `holds` are active, `released` tombstones.

    The same request of the same person again is the hold that it is already. Nobody else's request is: without an id it gets
    one of its own, and with an id that somebody has it is refused.
    """
    _check_scope(request.scope, declaration)
    end = end_of(request.until, declaration, now, slack)
    if re.fullmatch(OWN_IDS, request.id or ""):
        whose = _OWNERS.get((request.id or "").lower(), "the opening that the window's schedule makes")
        raise Rejected(400, f"id {request.id} is kept for {whose}; take another")
    known = list(holds)
    if request.run is not None:
        _check_alone(request, known)
    id = request.id or _new_id(request, known, end, now, asked_by)
    for hold in _runtime(known, request.scope, id):
        check_repeat(request, hold, asked_by)
        if hold.end != end:
            raise Rejected(409, f"{request.scope} is held by {id} until {format_instant(hold.end)} already; extend that one")
    if (request.scope, id) in {(hold.scope, hold.id) for hold in released}:
        raise Rejected(409, f"{request.scope} {id} was released; hold it by another id")
    return id, end


def checked_plan(
    request: HoldRequest,
    declaration: Declaration,
    planned: Iterable[Hold],
    released: Iterable[Hold],
    now: datetime,
    asked_by: str | None = None,
) -> tuple[datetime, datetime]:
    """From and until when a hold is that begins at a time; Rejected when it may not be. `planned` are those that are to begin,
    `released` tombstones. The same request again is the same plan."""
    _check_scope(request.scope, declaration)
    if request.at is None or not request.scope.startswith(BACKFILL):
        raise Rejected(400, f"{request.scope} can't be planned ahead; only a backfill can, as backfill/<name>")
    if request.id is not None or request.run is not None:
        raise Rejected(400, "what is planned ahead has no id and no run of its own; leave them out")
    start, said = request.at, format_instant(request.at)
    if start <= now:
        raise Rejected(400, f"{said} is in the past; it is {format_instant(now)} now")
    if start > (latest := _whole(now) + MAX_AHEAD):
        raise Rejected(400, f"{said} is too far ahead; plan it no later than {format_instant(latest)}")
    end = end_of(request.until, declaration, start)
    for hold in planned:
        if (hold.scope, hold.id) != (request.scope, compact(start)):
            continue
        if hold.end != end or hold.owner != request.owner or hold.reason != request.reason or hold.asked_by != asked_by:
            raise Rejected(
                409, f"{request.scope} is planned for {said} already, until {format_instant(hold.end)}, for {said_by(hold)}"
            )
    if (request.scope, compact(start)) in {(hold.scope, hold.id) for hold in released}:
        raise Rejected(409, f"{request.scope} was planned for {said}, and taken back; take another second")
    return start, end


def _check_scope(scope: str, declaration: Declaration) -> None:
    if not has_objects(scope):
        raise by_declaration(scope)
    if scope not in declaration.scopes:
        hint = did_you_mean(scope, sorted(declaration.scopes))
        raise Rejected(400, f"nothing deployed knows the scope {scope}{hint}")


def running(holds: Iterable[Hold], scope: str) -> list[Hold]:
    """The holds of commands that run, as far as anybody has said, and need `scope` still."""
    return [hold for hold in holds if hold.scope == scope and hold.run is not None and hold.failed is None]


def _check_alone(request: HoldRequest, holds: Iterable[Hold]) -> None:
    """Rejected when another command of the same backfill runs."""
    if not request.scope.startswith(BACKFILL):
        raise Rejected(400, f"a run is of a backfill, and {request.scope} is none; leave run out")
    for hold in running(holds, request.scope):
        if hold.id != request.id:
            raise Rejected(409, runs_already(hold))


def runs_already(hold: Hold) -> str:
    """Who runs a backfill, where, since and until when: a sentence."""
    since = f" since {format_instant(hold.start)}" if hold.start else ""
    where = f" on {plain(hold.run, MAX_ID_CHARACTERS)}" if hold.run else ""
    return f"{hold.scope} is run by {said_by(hold)}{where}{since}, held as {hold.id} until {format_instant(hold.end)}"


def check_repeat(request: HoldRequest, hold: Hold, asked_by: str | None) -> None:
    """Rejected unless `hold`, which has the request's scope and id, is what the same person has asked for in the same words. An
    asker that nobody knows, of the request or of the hold, differs from none."""
    held = f"{request.scope} is held by {hold.id} until {format_instant(hold.end)} already"
    if hold.owner != request.owner or (asked_by and hold.asked_by not in (None, asked_by)):
        raise Rejected(409, f"{held}, for {said_by(hold)}; take another id")
    if hold.reason != request.reason:
        raise Rejected(409, f"{held}, for another reason of yours; take another id")


def said_by(hold: Hold | None) -> str:
    """Whose a hold is, in a message."""
    return plain((hold.said_by if hold else None) or "somebody else", MAX_ID_CHARACTERS)


def _new_id(request: HoldRequest, holds: list[Hold], end: datetime, now: datetime, asked_by: str | None) -> str:
    """An id for a request that brings none: the second, and more where another request of that second has it."""
    id = f"at-{compact(now)}"
    for hold in _runtime(holds, request.scope, id):
        try:
            check_repeat(request, hold, asked_by)
        except Rejected:
            break
        if hold.end != end:
            break
    else:
        return id
    words = json.dumps([asked_by, request.owner, request.reason, format_instant(end)])
    return f"{id}-{hashlib.sha256(words.encode()).hexdigest()[:DIGITS_OF_ID]}"


def checked_extension(
    request: ExtendRequest, declaration: Declaration, holds: Iterable[Hold], now: datetime, slack: timedelta = NO_SLACK
) -> tuple[Hold, datetime]:
    """The hold that is meant and its new end; Rejected when it is not active, or would end sooner."""
    known = list(holds)
    if request.failed is not None:  # it ends soon enough: nobody shortens a hold
        slack = declaration.tick * SHORTEST_IN_TICKS
    for hold in _runtime(known, request.scope, request.id):
        end = end_of(request.until, declaration, now, slack)
        if end < hold.end:
            raise Rejected(
                409,
                f"{request.scope} {request.id} is held until {format_instant(hold.end)}, later than that; release it",
            )
        if end > (latest := latest_end(hold, declaration, now)):
            raise Rejected(
                400,
                f"{format_instant(end)} is too late; no hold may be longer than {exact(declaration.max_hold)} in all, and this"
                f" one began at {format_instant(latest - declaration.max_hold)}; hold once more, by another id",
            )
        return hold, end
    raise _no_such_hold(request.scope, request.id, known)


def latest_end(hold: Hold, declaration: Declaration, now: datetime) -> datetime:
    """Until when a hold may be made to last, in whole seconds: the longest hold after it began, however often it is extended.
    What its content says of that is a stranger's, and it began no later than its object was written."""
    begins = [begun_at(hold), hold.start, hold.created, now]
    return _whole(min(begin for begin in begins if begin is not None)) + declaration.max_hold


def checked_release(request: ReleaseRequest, holds: Iterable[Hold]) -> Hold:
    """The hold that is meant; Rejected when it is not active. Its scope need not be known any more."""
    known = list(holds)
    for hold in _runtime(known, request.scope, request.id):
        return hold
    raise _no_such_hold(request.scope, request.id, known)


def by_declaration(scope: str) -> Rejected:
    """Why nobody holds, extends or releases a season."""
    return Rejected(
        400,
        f"{scope[:MAX_SCOPE_CHARACTERS]!a} opens and closes by its declaration alone; write other days under `seasons` of the"
        " catalog, or take `season` out of jobs, and deploy",
    )


def _runtime(holds: Iterable[Hold], scope: str, id: str) -> list[Hold]:
    """The runtime holds of that name; of two people only where both asked at once. A flag is Terraform's, and none."""
    return [h for h in holds if (h.scope, h.id) == (scope, id) and not h.is_flag]


def _no_such_hold(scope: str, id: str, holds: Iterable[Hold]) -> Rejected:
    same = [hold for hold in holds if hold.scope == scope]
    if any(hold.is_flag for hold in same):
        name = scope.partition("/")[2]
        return Rejected(
            409,
            f"{scope} is on by its flag, which Terraform writes; run make backfill-off NAME={name} to end it,"
            f" make backfill-on NAME={name} UNTIL=... to extend it",
        )
    others = f"; its holds: {', '.join(hold.id for hold in same)}" if same else ""
    return Rejected(404, f"no hold of {scope} called {id} is active{others}")


def _whole(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


def _listed(keys: Iterable[str]) -> str:
    return ", ".join(keys) or "none"


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= MAX_ID_CHARACTERS else text[:MAX_ID_CHARACTERS] + "..."

"""What of a request is refused by what is declared and held: pure. `requests.py` reads it, `callers.py` says who may ask it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from interlock.declaration import Declaration
from interlock.holds import FLAG_ID, Hold, format_instant
from interlock.names import did_you_mean, exact, plain
from interlock.runtime.requests import (
    MAX_ID_CHARACTERS,
    ExtendRequest,
    HoldRequest,
    Rejected,
    ReleaseRequest,
    by_declaration,
)
from interlock.windows import OPENING_ID, begun_at, compact, has_objects

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

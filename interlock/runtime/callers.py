"""Who asks the coordinator, and what each may ask of it: pure. docs/rights.md has the table.

Cloud Run lets in whoever has `run.invoker`. That is all that IAM says of a request, so that what may be asked is decided here,
by the address in a token that was verified (`interlock/gcp/tokens.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from interlock.holds import Hold
from interlock.runtime.checking import BREAKER_ID, said_by
from interlock.runtime.incident import Incident
from interlock.runtime.requests import ExtendRequest, HoldRequest, ReconcileRequest, Rejected, ReleaseRequest, Request

PERSON, ACCOUNT = "user:", "serviceAccount:"
"""Kinds of members that are one address."""
FORBIDDEN = 403


class Part(StrEnum):
    """What somebody is to the coordinator."""

    TIMERS = "timers"
    PUSH = "push"
    OPERATOR = "operator"
    ADMIN = "admin"
    DIRECT = "direct"


class Act(StrEnum):
    """Something that can be asked, as far as rights go."""

    RECONCILE = "ask for a reconcile"
    BRING = "bring an incident, in an envelope of the alerts' own subscription"
    HOLD = "hold a scope other than `all`"
    HOLD_ALL = "hold `all`, or extend that"
    OWN = "extend or release what one has asked for, an opening of a window, or a hold of before callers were known"
    OTHERS = "extend or release what somebody else has asked for"
    BREAKERS = "extend or release what the circuit breaker holds"


class May(StrEnum):
    """Whether somebody may."""

    YES = "yes"
    FORCED = "with `--force`"
    NO = "no"


RIGHTS: Mapping[Part, Mapping[Act, May]] = {
    Part.TIMERS: {Act.RECONCILE: May.YES},
    Part.PUSH: {Act.BRING: May.YES},
    Part.OPERATOR: {
        Act.RECONCILE: May.YES,
        Act.HOLD: May.YES,
        Act.HOLD_ALL: May.FORCED,
        Act.OWN: May.YES,
        Act.OTHERS: May.FORCED,
        Act.BREAKERS: May.FORCED,
    },
    Part.ADMIN: dict.fromkeys([act for act in Act if act is not Act.BRING], May.YES),
    Part.DIRECT: dict.fromkeys(Act, May.YES),
}
"""What is not listed may not be."""


def may(part: Part, act: Act) -> May:
    """Whether `part` may do `act`."""
    return RIGHTS[part].get(act, May.NO)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks: an e-mail address in lower case, empty where nobody knows it, and what it is to the coordinator."""

    email: str
    part: Part

    @property
    def asked_by(self) -> str | None:
        """As objects and the log carry it."""
        return self.email or None


DIRECTLY = Caller(email="", part=Part.DIRECT)
"""Who acts on the bucket and on Cloud Scheduler itself, by rights of its own there, and asks nobody."""


@dataclass(frozen=True, kw_only=True)
class Callers:
    """Who may call, as the coordination stack tells the function. `operators` and `admins` are IAM members."""

    audience: str
    """The address of the service, which tokens have to be for."""
    timers: str
    push: str
    subscription: str
    """The full name of the one whose envelopes are taken."""
    operators: tuple[str, ...]
    admins: tuple[str, ...]

    def part(self, email: str) -> Part | None:
        """What an address is to the coordinator. None for one that nobody names: it may be in a group or a domain of the
        operators, or have a right on the whole project, which only Cloud Run knows."""
        if email == self.timers.lower():
            return Part.TIMERS
        if email == self.push.lower():
            return Part.PUSH
        if _names(self.admins, email):
            return Part.ADMIN
        return Part.OPERATOR if _names(self.operators, email) else None

    def check_envelope(self, request: Request) -> None:
        """Rejected for an incident that another subscription brings."""
        if isinstance(request, Incident) and request.subscription != self.subscription:
            brought = f"{request.subscription[:100]!a}"
            raise Rejected(FORBIDDEN, f"the envelope is of the subscription {brought}; taken: those of {self.subscription}")

    def to_json(self) -> str:
        """For the variable of the function."""
        return json.dumps(asdict(self), sort_keys=True)


TIMERS, PUSH, SUBSCRIPTION = "interlock-timers", "interlock-push", "interlock-alerts-push"
"""Ids of the accounts that call for us, and of the subscription that brings alerts."""


def parse_callers(text: str) -> Callers:
    """Reads `Callers.to_json`; ValueError for anything else."""
    said = json.loads(text)
    if not isinstance(said, dict):
        raise ValueError("it states no callers")

    def one(key: str) -> str:
        if not (isinstance(found := said.get(key), str) and found):
            raise ValueError(f"it states no {key}")
        return found

    def several(key: str) -> tuple[str, ...]:
        found = said.get(key)
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise ValueError(f"it lists no {key}")
        return tuple(found)

    return Callers(
        audience=one("audience"),
        timers=one("timers"),
        push=one("push"),
        subscription=one("subscription"),
        operators=several("operators"),
        admins=several("admins"),
    )


def _names(members: Iterable[str], email: str) -> bool:
    return any(member.removeprefix(kind).lower() == email for member in members for kind in (PERSON, ACCOUNT) if kind in member)


def acts(request: Request, caller: Caller, hold: Hold | None = None) -> tuple[Act, ...]:
    """What a request asks, as far as rights go; of an extension or a release `hold` is the one that it is about."""
    if isinstance(request, ReconcileRequest):
        return (Act.RECONCILE,)
    if isinstance(request, Incident):
        return (Act.BRING,)
    if isinstance(request, HoldRequest):
        return (Act.HOLD_ALL if request.scope == "all" else Act.HOLD,)
    longer = (Act.HOLD_ALL,) if isinstance(request, ExtendRequest) and request.scope == "all" else ()
    if hold is None:
        return longer or (Act.OWN,)
    if hold.id == BREAKER_ID:
        return (*longer, Act.BREAKERS)
    is_own = hold.asked_by in (None, caller.asked_by)
    return (*longer, Act.OWN if is_own else Act.OTHERS)


def check_caller(request: Request, caller: Caller, hold: Hold | None = None) -> Act | None:
    """Rejected unless `caller` may ask this. Returns what takes --force, which the request then has; None when nothing does."""
    forced = None
    for act in acts(request, caller, hold):
        allowed = may(caller.part, act)
        if allowed is May.YES:
            continue
        if allowed is May.NO:
            raise Rejected(FORBIDDEN, _refusal(act, caller))
        if not (isinstance(request, HoldRequest | ExtendRequest | ReleaseRequest) and request.forced):
            raise Rejected(
                FORBIDDEN, f"{_why_not(act, hold)} takes one of coordinator.admins; or add --force, which is alerted"
            )
        forced = act
    return forced


def _refusal(act: Act, caller: Caller) -> str:
    """Why somebody may not."""
    if act is Act.BRING:
        return f"{caller.email or 'who asks'} may not {act.value}; only the account of its push subscription may"
    return f"{caller.email} is the account of the {caller.part}, which may only {', '.join(RIGHTS[caller.part])}"


def _why_not(act: Act, hold: Hold | None) -> str:
    if act is Act.HOLD_ALL:
        return "to hold everything"
    name = f"{hold.scope} {hold.id}" if hold else "it"
    return f"{name} is the circuit breaker's, and that" if act is Act.BREAKERS else f"{name} is of {said_by(hold)}, and that"

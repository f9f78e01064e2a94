"""The ledger: what the coordinator remembers between two reconciles, as objects in the coordination bucket.

`ledger/held/<job>.json`: the job was seen covered; written before it is paused, so that a missed run can be known.
`ledger/claims/<job>@<since>.<generation>.json`: a catch-up run that is being made for the held object of that generation.
`ledger/drift/<day>.<hash>.json`: on that day it was logged that just these jobs are not as declared.
`ledger/released/<scope of a window or backfill>/<id>@<end>.json`: that opening was released early, and must not open again.
`ledger/planned/<scope of a backfill>/<id>@<end>.json`: that hold is to begin at the instant which its id states.
`ledger/incidents/<hash>@<until>.json`: that incident came, and held its table; until then it may come again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from interlock.cron import FIRST_YEAR, LAST_YEAR
from interlock.holds import END, HOLD_ID, SLUG, Hold, decode, encode, format_instant, parse_instant, with_content
from interlock.names import NAME
from interlock.windows import OPENING_ID, Planned, compact, opened_at

LEDGER_PREFIX = "ledger/"
HELD_PREFIX = f"{LEDGER_PREFIX}held/"
CLAIM_PREFIX = f"{LEDGER_PREFIX}claims/"
DRIFT_PREFIX = f"{LEDGER_PREFIX}drift/"
RELEASED_PREFIX = f"{LEDGER_PREFIX}released/"
INCIDENT_PREFIX = f"{LEDGER_PREFIX}incidents/"
PLANNED_PREFIX = f"{LEDGER_PREFIX}planned/"

HELD_OBJECT = rf"{HELD_PREFIX}(?P<job>{NAME})\.json"
CLAIM_OBJECT = rf"{CLAIM_PREFIX}(?P<job>{NAME})@(?P<since>{END})\.(?P<held>[0-9]+)\.json"
DRIFT_OBJECT = rf"{DRIFT_PREFIX}(?P<day>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})\.[0-9a-f]{{8}}\.json"
RELEASED_OBJECT = rf"{RELEASED_PREFIX}(?P<scope>window/{NAME}|backfill/{SLUG})/(?P<id>{HOLD_ID})@(?P<end>{END})\.json"

PLANNED_OBJECT = rf"{PLANNED_PREFIX}(?P<scope>backfill/{SLUG})/(?P<id>{OPENING_ID})@(?P<end>{END})\.json"
INCIDENT_OBJECT = rf"{INCIDENT_PREFIX}(?P<key>[0-9a-f]{{16}})@(?P<until>{END})\.json"
_HELD, _CLAIM, _DRIFT = re.compile(HELD_OBJECT), re.compile(CLAIM_OBJECT), re.compile(DRIFT_OBJECT)
_RELEASED, _PLANNED, _INCIDENT = re.compile(RELEASED_OBJECT), re.compile(PLANNED_OBJECT), re.compile(INCIDENT_OBJECT)

MAX_CLOCK_SKEW = timedelta(seconds=10)
"""How far apart the clocks of two instances, or ours and Cloud Scheduler's, may be."""
CLAIM_PATIENCE = timedelta(minutes=15)
"""A claim that is younger belongs to an instance which may still be at work: longer than a request may take, and the skew."""
RUN_WITHIN = timedelta(minutes=5)
"""A run is started only while its claim is younger, by the clock of who made it: a request that was frozen in between, which
nobody need have killed, comes too late. Shorter than the patience of the others by far more than the skew."""
LONGEST_BEFORE = timedelta(days=366)
"""A job is not held since longer before its mark was written: what a mark says beyond that is nonsense."""
INCIDENT_MEMORY = timedelta(days=31)
"""The longest that Pub/Sub keeps a message, so that it could come again:
https://cloud.google.com/pubsub/docs/replay-overview"""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A catch-up run that is being made, or that was when its instance stopped."""

    job: str
    since: datetime
    held: int
    """The generation of the held object that it is for."""
    object_name: str
    fire: datetime | None = None
    """The latest run that was missed; None when the content can't be read, and so the next two."""
    missed: int | None = None
    claimed: datetime | None = None


def held_name(job: str) -> str:
    """The name of the object with the instant since which `job` is held."""
    return f"{HELD_PREFIX}{job}.json"


def held_job(name: str) -> str | None:
    """The job of a held object's name, or None when it is none."""
    found = _HELD.fullmatch(name)
    return found["job"] if found else None


def held_content(job: str, since: datetime) -> bytes:
    """What a held object states."""
    return encode({"job": job, "since": format_instant(since)})


@dataclass(frozen=True, kw_only=True)
class Held:
    """Since when a job is held, by its mark. `wrong`: why that is only when the mark was written."""

    since: datetime
    wrong: str | None = None


def held(content: bytes | Exception, written: datetime | None, now: datetime) -> Held:
    """What a mark states: its content, or why that can't be read. `written`: by the bucket's clock; as of `now` where nobody
    knows. That a season alone holds a job since the day that it opens, however far ahead, is no mistake."""
    since = _instant(decode(content), "since") if isinstance(content, bytes) else None
    begin = written or now
    if isinstance(content, Exception):
        wrong = f"it can't be read: {content}"
    elif since is None:
        wrong = "it states no instant"
    elif written is not None and since < written - LONGEST_BEFORE:
        wrong = f"it states {format_instant(since)}, long before it was written"
    elif not FIRST_YEAR < since.year < LAST_YEAR:
        wrong = f"it states {format_instant(since)}"
    else:
        return Held(since=since)
    return Held(since=begin, wrong=f"{wrong}; the job counts as held since {format_instant(begin)}, when that was written")


def claim_name(job: str, since: datetime, held: int) -> str:
    """The name of the claim on the run that `job` missed."""
    return f"{CLAIM_PREFIX}{job}@{format_instant(since)}.{held}.json"


def claim_content(claim: Claim) -> bytes:
    """What a claim states."""
    return encode(
        {
            "job": claim.job,
            "since": format_instant(claim.since),
            "fire": format_instant(claim.fire) if claim.fire else None,
            "missed": claim.missed,
            "claimed": format_instant(claim.claimed) if claim.claimed else None,
        }
    )


def parse_claim(name: str, content: bytes = b"", written: datetime | None = None) -> Claim | None:
    """The claim that an object's name states, with what its content adds, and when it was written by the bucket's clock; None
    when it is no claim's name."""
    found = _CLAIM.fullmatch(name)
    if found is None or (since := parse_instant(found["since"])) is None:
        return None
    says = decode(content)
    missed, claimed = says.get("missed"), _instant(says, "claimed")
    if written is not None:
        claimed = min(written, claimed or written)  # nobody is at work for ever
    return Claim(
        job=found["job"],
        since=since,
        held=int(found["held"]),
        object_name=name,
        fire=_instant(says, "fire"),
        missed=missed if isinstance(missed, int) else None,
        claimed=claimed,
    )


def in_progress(claim: Claim, now: datetime) -> bool:
    """Whether the instance that made the claim may still be at work on it."""
    return claim.claimed is not None and now < claim.claimed + CLAIM_PATIENCE


def unresolved(claims: Iterable[Claim], marks: Collection[tuple[str, int]], now: datetime) -> list[Claim]:
    """The claims whose run may or may not have been made; only a person may run the job again.

    `marks` are the held objects, each as its job and generation. While that of a claim is there its run was certainly not made.
    """
    return [claim for claim in claims if (claim.job, claim.held) not in marks and not in_progress(claim, now)]


def drift_name(day: date, drifted: Mapping[str, Iterable[str]]) -> str:
    """The name of the object that says that this drift, parts by job, was logged on that day."""
    text = json.dumps({job: [*parts] for job, parts in drifted.items()}, sort_keys=True)
    return f"{DRIFT_PREFIX}{day}.{hashlib.sha256(text.encode()).hexdigest()[:8]}.json"


def drift_content(drifted: Mapping[str, Iterable[str]]) -> bytes:
    """What it states, for people."""
    return encode({"jobs": {job: [*parts] for job, parts in drifted.items()}})


def drift_day(name: str) -> str | None:
    """The day of such an object's name, as YYYY-MM-DD; None when it is none."""
    found = _DRIFT.fullmatch(name)
    return found["day"] if found else None


def released_name(scope: str, id: str, end: datetime) -> str:
    """The name of the tombstone of an opening; the name is all there is to it."""
    return f"{RELEASED_PREFIX}{scope}/{id}@{format_instant(end)}.json"


def parse_released(name: str) -> Hold | None:
    """The opening that a tombstone's name states, as the hold that it was; None when it is no such name."""
    found = _RELEASED.fullmatch(name)
    if found is None or (end := parse_instant(found["end"])) is None:
        return None
    return Hold(scope=found["scope"], id=found["id"], end=end, object_name=name)


def planned_name(scope: str, start: datetime, end: datetime) -> str:
    """The name of the object that says that `scope` will be held from `start` to `end`."""
    return f"{PLANNED_PREFIX}{scope}/{compact(start)}@{format_instant(end)}.json"


def planned_content(hold: Hold) -> bytes:
    """What it says: the hold as it will be, but for what its scope will cover by then."""
    who = {"asked_by": hold.asked_by} if hold.asked_by else {}
    said = {"scope": hold.scope, "id": hold.id, "reason": hold.reason, "owner": hold.owner}
    start = format_instant(hold.start) if hold.start else None
    return encode({**said, **who, "start": start, "until": format_instant(hold.end)})


def parse_planned(name: str, content: bytes = b"") -> Planned | None:
    """What an object's name plans, with what its content adds, a stranger's input; None when it is no such name."""
    found = _PLANNED.fullmatch(name)
    if found is None or (end := parse_instant(found["end"])) is None or (start := opened_at(found["id"])) is None:
        return None
    hold = Hold(scope=found["scope"], id=found["id"], end=end, object_name=name)
    said = with_content(hold, decode(content))
    told = replace(hold, reason=said.reason, owner=said.owner, asked_by=said.asked_by, start=start)
    return Planned(hold=told, start=start) if start < end else None


def incident_name(key: str, until: datetime) -> str:
    """The name of the object that remembers an incident until then; the name is all there is to it."""
    return f"{INCIDENT_PREFIX}{hashlib.sha256(key.encode(errors='replace')).hexdigest()[:16]}@{format_instant(until)}.json"


def incident_until(name: str) -> datetime | None:
    """Until when such an object is kept; None when its name is none."""
    found = _INCIDENT.fullmatch(name)
    return parse_instant(found["until"]) if found else None


def is_known(name: str) -> bool:
    """Whether an object is a mark, a claim or a plan, by its name."""
    return bool(_HELD.fullmatch(name)) or parse_claim(name) is not None or parse_planned(name) is not None


def _instant(says: dict[str, object], key: str) -> datetime | None:
    value = says.get(key)
    return parse_instant(value) if isinstance(value, str) else None

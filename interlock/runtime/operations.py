"""What a request changes: one hold written, extended or released. Whoever asked, reconcile follows, and acts on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from interlock.declaration import Covered, Declaration
from interlock.holding import Holding
from interlock.holds import HOLD_PREFIX, Hold, encode, hold_content, hold_name, parse_object_name
from interlock.runtime.declaration_file import DeclarationError
from interlock.runtime.events import HOLD_RELEASED, HOLD_WRITTEN, INCIDENT_IGNORED, RECONCILE_FAILED
from interlock.runtime.incident import Incident
from interlock.runtime.ledger import INCIDENT_MEMORY, MAX_CLOCK_SKEW, incident_name, incident_until, released_name
from interlock.runtime.outside import OF_OPERATORS, Outside
from interlock.runtime.ports import Item, Refused, Unknown
from interlock.runtime.reconcile import reconcile
from interlock.runtime.report import Record, Recorder, Report
from interlock.runtime.requests import (
    BREAKER_ID,
    CONFIRMATION_IN_TICKS,
    ExtendRequest,
    HoldRequest,
    ReconcileRequest,
    Rejected,
    ReleaseRequest,
    Request,
    checked_extension,
    checked_hold,
    checked_release,
    latest_end,
)
from interlock.runtime.snapshot import Objects, Reader

MAX_HOLDS, MAX_HOLD_BYTES = 1_000, 16 * 2**20
"""How many holds people may have at a time, and how much of them: half of what a reconcile reads."""
RELEASE_TRIES = 5
"""How often a hold that is being released is looked for again: somebody may be extending it."""


def serve(outside: Outside, request: Request) -> Report:
    """Does what is asked and reconciles; the report is of both. Rejected: nothing was changed.

    Not raised for what the outside does: what could not be done is in a report that is not settled.
    """
    outside = outside.begun(1 if isinstance(request, ReconcileRequest) else OF_OPERATORS)
    recorder = Recorder(outside.log)
    try:
        if not isinstance(request, ReconcileRequest):
            _Operation(outside, recorder).do(request)
    except DeclarationError as error:
        raise Rejected(409, f"nothing is changed: {error}") from None
    except (Refused, Unknown) as failure:
        # Part of it may be done. Reconcile makes the jobs fit what is there; who asked asks again.
        recorder(Record(event=RECONCILE_FAILED, why=f"the request was not carried out: {failure}"))
        report = reconcile(outside)
        records = (*recorder.records, *report.records)
        return Report(settled=False, carried_out=False, rounds=report.rounds, records=records)
    report = reconcile(outside)
    return Report(settled=report.settled, rounds=report.rounds, records=(*recorder.records, *report.records))


class _Operation:
    """One request against what is there now."""

    def __init__(self, outside: Outside, recorder: Recorder) -> None:
        self._outside, self._bucket, self._record = outside, outside.bucket, recorder
        self._reader = Reader(outside)

    def do(self, request: HoldRequest | ExtendRequest | ReleaseRequest | Incident) -> None:
        declaration, _ = self._reader.declaration()
        objects = self._reader.objects()
        holding = objects.holding_by(declaration)
        slack = declaration.tick * CONFIRMATION_IN_TICKS
        if isinstance(request, HoldRequest):
            id, end = checked_hold(request, declaration, holding.active, objects.released, objects.now, slack)
            _check_room(objects, holding, declaration, request.scope, id)
            self._write(declaration, objects, request.scope, id, end, request.reason, request.owner)
        elif isinstance(request, ExtendRequest):
            hold, end = checked_extension(request, declaration, holding.active, objects.now, slack)
            self._extend(declaration, objects, hold, end, request.reason, request.owner)
        elif isinstance(request, ReleaseRequest):
            self._release(objects, checked_release(request, holding.active), request)
        else:
            self._trip(declaration, objects, holding, request)

    def _write(
        self, declaration: Declaration, objects: Objects, scope: str, id: str, end: datetime, reason: str, owner: str
    ) -> None:
        hold = Hold(
            scope=scope,
            id=id,
            end=end,
            object_name=hold_name(scope, id, end),
            reason=reason,
            owner=owner,
            start=objects.now,
            **declaration.said(scope),
        )
        if self._create(hold.object_name, hold_content(hold)):
            self._record(Record(event=HOLD_WRITTEN, hold=scope, until=end, why=f"{owner}: {reason} (id {id})"))

    def _extend(
        self, declaration: Declaration, objects: Objects, hold: Hold, end: datetime, reason: str | None, owner: str | None
    ) -> None:
        """The new name first, then the old ones away: no moment without. The jobs and tables that it had are kept."""
        now = declaration.said(hold.scope)
        longer = replace(
            hold,
            end=end,
            object_name=hold_name(hold.scope, hold.id, end),
            reason=reason or hold.reason or "",
            owner=owner or hold.owner or "",
            jobs=hold.jobs | now["jobs"],
            identities=hold.identities | now["identities"] | declaration.placed(hold.unplaced),
            tables=hold.tables | now["tables"],
            start=hold.start or objects.now,
        )
        if self._create(longer.object_name, hold_content(longer)):
            why = f"extended; {longer.owner}: {longer.reason}"
            self._record(Record(event=HOLD_WRITTEN, hold=hold.scope, until=end, why=why))
        for older in self._names(objects, hold):
            if older.end < end:
                self._delete(objects.items[older.object_name])

    def _release(self, objects: Objects, hold: Hold, request: ReleaseRequest) -> None:
        """Every object of the hold; an opening may have none yet. For the opening of a window a tombstone first, until no
        object of it could be open."""
        names = self._names(objects, hold)
        if hold.scope.startswith("window/"):
            last = max((name.end for name in names), default=hold.end)
            self._create(released_name(hold.scope, hold.id, last), b"{}\n")
        for _ in range(RELEASE_TRIES):
            for name in names:
                self._delete(objects.items[name.object_name])
            objects = self._reader.objects()
            names = self._names(objects, hold)
            if not names:
                break
        why = f"{request.owner or 'somebody'}: {request.reason or 'released'}"
        self._record(Record(event=HOLD_RELEASED, hold=hold.scope, until=hold.end, why=why))

    def _trip(self, declaration: Declaration, objects: Objects, holding: Holding, incident: Incident) -> None:
        """The circuit breaker: one hold for each table, made longer while incidents open; one that closes changes nothing."""
        scope = f"table/{incident.table}"
        if not incident.breaker or not incident.open:
            return
        if incident.table is None or scope not in declaration.scopes:
            known = (
                "no table" if incident.table is None else f"the table {incident.table}, which nothing deployed writes or reads"
            )
            self._record(Record(event=INCIDENT_IGNORED, why=f"incident {incident.id} names {known}: {incident.named[:100]!a}"))
            return
        longest = min(declaration.breaker_hold, declaration.max_hold)
        first = _first_told(incident, objects)
        end = _breaker_end(incident, longest, objects.now)
        if incident.started is None and first is not None:
            # Told again it may be open still, or be an old message: it holds twice as long, and then never again.
            end = min(end, first + 2 * longest)
        if end <= objects.now:
            why = f"incident {incident.id} opened so long ago that its hold of {scope} would be over"
            self._record(Record(event=INCIDENT_IGNORED, until=end, why=why))
            return
        reason = f"serialization conflicts: incident {incident.id[:100]} of {incident.policy[:100]}"
        held = [hold for hold in holding.active if (hold.scope, hold.id) == (scope, BREAKER_ID)]
        if not held:
            self._write(declaration, objects, scope, BREAKER_ID, end, reason, "circuit breaker")
        else:
            # However many incidents open, never longer than a hold may last: then people have to look.
            end = min(end, latest_end(held[0], declaration.max_hold, objects.now))
            if end > held[0].end:
                self._extend(declaration, objects, held[0], end, reason, None)
        if incident.started is None and first is None:
            # After the hold: who dies in between holds again, and not never.
            self._create(incident_name(incident.key, objects.now + INCIDENT_MEMORY), b"{}\n")

    def _names(self, objects: Objects, hold: Hold) -> list[Hold]:
        """The objects of a hold's identity, active or not, the first end first."""
        named = (parse_object_name(name) for name in objects.items if name.startswith(HOLD_PREFIX))
        same = [found for found in named if found is not None and (found.scope, found.id) == (hold.scope, hold.id)]
        return sorted(same, key=lambda found: found.end)

    def _create(self, name: str, content: bytes) -> bool:
        return self._outside.patiently(partial(self._bucket.create, name, content))

    def _delete(self, item: Item) -> bool:
        return self._outside.patiently(partial(self._bucket.delete, item))


def _first_told(incident: Incident, objects: Objects) -> datetime | None:
    """When an incident came for the first time that does not say when it opened; None when it has not."""
    begin = incident_name(incident.key, objects.now).partition("@")[0]
    ends = (incident_until(name) for name in objects.items if name.startswith(f"{begin}@"))
    return min((end - INCIDENT_MEMORY for end in ends if end), default=None)


def _check_room(objects: Objects, holding: Holding, declaration: Declaration, scope: str, id: str) -> None:
    """Rejected when there are as many holds as there may be, rubbish apart. What is there can be extended and released; the
    breaker and windows hold in any case, one a table and one an opening."""
    if any((hold.scope, hold.id) == (scope, id) for hold in holding.active):
        return
    known = (hold for hold in holding.active if hold.is_written and not hold.is_flag and hold.scope in declaration.scopes)
    written = [objects.items[hold.object_name] for hold in known]
    size = sum(item.size or 0 for item in written) + _size(declaration.said(scope))
    if len(written) >= MAX_HOLDS or size > MAX_HOLD_BYTES:
        raise Rejected(
            409,
            f"there are {len(written):,} holds of {size >> 10:,} KiB already, and no more than {MAX_HOLDS:,} of"
            f" {MAX_HOLD_BYTES >> 10:,} KiB may be; release some first: .venv/bin/interlock holds lists them",
        )


def _size(said: Covered) -> int:
    """How many bytes the object of a new hold has, but for what people write."""
    return len(encode({"jobs": [*said["jobs"]], "identities": [*said["identities"]], "tables": [*said["tables"]]}))


def _breaker_end(incident: Incident, hold: timedelta, now: datetime) -> datetime:
    """When the breaker lets go, in whole seconds: the same at each delivery of an incident that says when it opened.

    One that does not, or names an instant that no clock can have shown yet, opens now.
    """
    started = incident.started
    return ((now if started is None or started > now + MAX_CLOCK_SKEW else started) + hold).replace(microsecond=0)

"""What a request changes: one hold written, extended or released. Whoever asked, reconcile follows, and acts on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from interlock.catalog import Json
from interlock.declaration import Covered, Declaration
from interlock.holding import Holding
from interlock.holds import Hold, encode, format_instant, hold_content, hold_name
from interlock.names import plain
from interlock.runtime.callers import DIRECTLY, Act, Caller, check_caller
from interlock.runtime.checking import (
    BREAKER_ID,
    CONFIRMATION_IN_TICKS,
    check_repeat,
    checked_extension,
    checked_hold,
    checked_plan,
    checked_release,
    latest_end,
)
from interlock.runtime.declaration_file import DeclarationError
from interlock.runtime.events import (
    HOLD_FORCED,
    HOLD_PLANNED,
    HOLD_RELEASED,
    HOLD_WRITTEN,
    INCIDENT_IGNORED,
    RECONCILE_FAILED,
)
from interlock.runtime.incident import Incident
from interlock.runtime.ledger import (
    INCIDENT_MEMORY,
    MAX_CLOCK_SKEW,
    incident_name,
    incident_until,
    planned_content,
    planned_name,
    released_name,
)
from interlock.runtime.outside import OF_OPERATORS, Outside
from interlock.runtime.ports import Item, Refused, Unknown
from interlock.runtime.reconcile import TOO_LATE, reconcile
from interlock.runtime.report import Record, Recorder, Report
from interlock.runtime.requests import ExtendRequest, HoldRequest, ReconcileRequest, Rejected, ReleaseRequest, Request
from interlock.runtime.snapshot import Objects, Reader
from interlock.windows import begun_at, compact

MAX_HOLDS, MAX_HOLD_BYTES = 1_000, 16 * 2**20
"""How many holds people may have at a time, and how much of them: half of what a reconcile reads."""
FORCED = {HoldRequest: "hold", ExtendRequest: "extend", ReleaseRequest: "release"}
RELEASE_TRIES = 5
"""How often a hold that is being released is looked for again: somebody may be extending it."""


def serve(outside: Outside, request: Request, caller: Caller = DIRECTLY) -> Report:
    """Does what is asked and reconciles; the report is of both, and every record says who asked. Rejected: nothing was changed.

    Not raised for what the outside does: what could not be done is in a report that is not settled.
    """
    share = 1 if isinstance(request, ReconcileRequest) else OF_OPERATORS
    report = _served(replace(outside, log=lambda record: outside.log(_asked(record, caller))).begun(share), request, caller)
    return replace(report, records=tuple(_asked(record, caller) for record in report.records))


def _asked(record: Record, caller: Caller) -> Record:
    return record if record.asked_by == caller.asked_by else replace(record, asked_by=caller.asked_by)


def _served(outside: Outside, request: Request, caller: Caller) -> Report:
    check_caller(request, caller)
    recorder = Recorder(outside.log)
    try:
        if not isinstance(request, ReconcileRequest):
            _Operation(outside, recorder, caller).do(request)
    except DeclarationError as error:
        raise Rejected(409, f"nothing is changed: {error}") from None
    except (Refused, Unknown) as failure:
        # Part of it may be done. Reconcile makes the jobs fit what is there; who asked asks again.
        recorder(Record(event=RECONCILE_FAILED, why=f"the request was not carried out: {failure}"))
        report = reconcile(outside)
        records = (*recorder.records, *report.records)
        return replace(report, settled=False, carried_out=False, records=records)
    report = reconcile(outside)
    return replace(report, records=(*recorder.records, *report.records))


class _Operation:
    """One request against what is there now."""

    def __init__(self, outside: Outside, recorder: Recorder, caller: Caller) -> None:
        self._outside, self._bucket, self._record = outside, outside.bucket, recorder
        self._reader, self._caller = Reader(outside), caller

    def do(self, request: HoldRequest | ExtendRequest | ReleaseRequest | Incident) -> None:
        declaration, _, objects = self._reader.look()
        holding = objects.holding_by(declaration)
        slack = declaration.tick * CONFIRMATION_IN_TICKS
        if isinstance(request, HoldRequest) and request.at is not None:
            self._plan(declaration, objects, holding, request)
        elif isinstance(request, HoldRequest):
            asked_by = self._caller.asked_by
            id, end = checked_hold(request, declaration, holding.active, objects.released, objects.now, slack, asked_by)
            _check_room(objects, holding, declaration, request.scope, id)
            if not self._write(declaration, objects, request.scope, id, end, request.reason, request.owner, request.run):
                self._check_written(request, id, end)
            self._say_forced(check_caller(request, self._caller), request)
        elif isinstance(request, ExtendRequest):
            hold, end = checked_extension(request, declaration, self._own_first(holding.active), objects.now, slack)
            forced = check_caller(request, self._caller, hold)
            self._extend(declaration, objects, hold, end, request.reason, request.owner, request.failed)
            self._say_forced(forced, request)
        elif isinstance(request, ReleaseRequest):
            hold = checked_release(request, self._own_first((*holding.active, *holding.ahead)))
            forced = check_caller(request, self._caller, hold)
            self._release(objects, hold, request)
            self._say_forced(forced, request)
        else:
            self._trip(declaration, objects, holding, request)

    def _own_first(self, holds: Iterable[Hold]) -> list[Hold]:
        """Of holds of one name the caller's own is meant."""
        return sorted(holds, key=lambda hold: hold.asked_by != self._caller.asked_by)

    def _say_forced(self, forced: Act | None, request: HoldRequest | ExtendRequest | ReleaseRequest) -> None:
        if forced is not None:
            who = self._caller.email or "somebody"
            why = f"{who} had to use --force to {FORCED[type(request)]} it; why: {request.reason or 'not said'}"
            self._record(Record(event=HOLD_FORCED, hold=request.scope, why=why))

    def _check_written(self, request: HoldRequest, id: str, end: datetime) -> None:
        """Its object was there: Rejected unless it is this very request, tried again. Somebody else may have been as fast."""
        name = hold_name(request.scope, id, end)
        for hold in self._reader.objects().holds:
            if hold.object_name == name:
                check_repeat(request, hold, self._caller.asked_by)

    def _plan(self, declaration: Declaration, objects: Objects, holding: Holding, request: HoldRequest) -> None:
        """A hold that begins at a time: its object lies in the ledger, where it holds nothing, until a reconcile opens it."""
        asked_by = self._caller.asked_by
        start, end = checked_plan(request, declaration, holding.ahead, objects.released, objects.now, asked_by)
        _check_room(objects, holding, declaration, request.scope, compact(start))
        hold = Hold(
            scope=request.scope,
            id=compact(start),
            end=end,
            object_name=planned_name(request.scope, start, end),
            reason=request.reason,
            owner=request.owner,
            asked_by=asked_by,
            start=start,
        )
        if self._create(hold.object_name, planned_content(hold)):
            why = f"{request.owner}: {request.reason} (id {hold.id}, from {format_instant(start)} on)"
            self._record(Record(event=HOLD_PLANNED, hold=request.scope, until=end, why=why))
        self._say_forced(check_caller(request, self._caller), request)

    def _write(
        self,
        declaration: Declaration,
        objects: Objects,
        scope: str,
        id: str,
        end: datetime,
        reason: str,
        owner: str,
        run: str | None = None,
    ) -> bool:
        """Whether it is written now, and was not there."""
        hold = Hold(
            scope=scope,
            id=id,
            end=end,
            object_name=hold_name(scope, id, end),
            reason=reason,
            owner=owner,
            asked_by=self._caller.asked_by,
            run=run,
            start=objects.now,
            **declaration.said(scope),
        )
        if not self._create(hold.object_name, hold_content(hold)):
            return False
        self._record(Record(event=HOLD_WRITTEN, hold=scope, until=end, why=f"{owner}: {reason} (id {id})"))
        return True

    def _extend(
        self,
        declaration: Declaration,
        objects: Objects,
        hold: Hold,
        end: datetime,
        reason: str | None,
        owner: str | None,
        failed: str | None = None,
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
            failed=failed or hold.failed,
            extended_by=self._caller.asked_by,
        )
        if self._create(longer.object_name, hold_content(longer)):
            why = f"extended; {longer.owner}: {longer.reason}"
            self._record(Record(event=HOLD_WRITTEN, hold=hold.scope, until=end, why=why))
        for older in self._names(objects, hold):
            if older.end < end:
                self._delete(objects.items[older.object_name])

    def _release(self, objects: Objects, hold: Hold, request: ReleaseRequest) -> None:
        """Every object of the hold; an opening may have none yet. For an opening that somebody may have seen begun a tombstone
        first, until no object of it could be open; then what plans it."""
        names = self._names(objects, hold)
        start = begun_at(hold)
        if start is not None and start <= objects.now + 2 * MAX_CLOCK_SKEW:
            last = max((name.end for name in names), default=hold.end)
            said: dict[str, Json] = {"owner": request.owner, "reason": request.reason, "asked_by": self._caller.asked_by}
            self._create(released_name(hold.scope, hold.id, last), encode(said))
        for plan in objects.planned:
            if (plan.scope, plan.hold.id) == (hold.scope, hold.id):
                self._delete(objects.items[plan.hold.object_name])
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
        if incident.started is not None and incident.started > objects.now + MAX_CLOCK_SKEW:
            incident = replace(incident, started=None)  # an instant that no clock can have shown yet says nothing
        held = [hold for hold in holding.active if (hold.scope, hold.id) == (scope, BREAKER_ID)]
        longest = min(declaration.breaker_hold, declaration.max_hold)
        first = _first_told(incident, objects)
        if first is not None and not held:
            why = f"incident {incident.id} has held {scope} before, and that hold has ended or was released"
            self._record(Record(event=INCIDENT_IGNORED, why=why))
            return
        end = _breaker_end(incident, longest, objects.now)
        if incident.started is None and first is not None:
            # Told again it may be open still, or be an old message: it holds twice as long, and then never again.
            end = min(end, first + 2 * longest)
        # However many incidents open, never longer than a hold may last: then people have to look.
        end = min([end, *(latest_end(hold, declaration, objects.now) for hold in held)])
        if end <= objects.now:
            why = f"incident {incident.id} opened so long ago that its hold of {scope} would be over"
            self._record(Record(event=INCIDENT_IGNORED, until=end, why=why))
            return
        reason = f"serialization conflicts: incident {plain(incident.id, 100)} of {plain(incident.policy, 100)}"
        if not held:
            self._write(declaration, objects, scope, BREAKER_ID, end, reason, "circuit breaker")
        elif end > held[0].end:
            self._extend(declaration, objects, held[0], end, reason, None)
        if first is None:
            # After the hold: who dies in between holds again, and not never.
            self._create(incident_name(incident.key, objects.now + INCIDENT_MEMORY), b"{}\n")

    def _names(self, objects: Objects, hold: Hold) -> list[Hold]:
        """The objects of a hold's identity, active or not, the first end first."""
        identity = (hold.scope, hold.id, False, hold.asked_by)
        return sorted((found for found in objects.holds if found.identity == identity), key=lambda found: found.end)

    def _create(self, name: str, content: bytes) -> bool:
        if self._outside.is_overdue:  # who asked has been told that it failed, and perhaps asked for something else
            raise Refused(TOO_LATE, f"{name} is not written: this request has been at it for too long")
        return self._outside.patiently(partial(self._bucket.create, name, content))

    def _delete(self, item: Item) -> bool:
        return self._outside.patiently(partial(self._bucket.delete, item))


def _first_told(incident: Incident, objects: Objects) -> datetime | None:
    """When an incident came for the first time; None when it has not."""
    begin = incident_name(incident.key, objects.now).partition("@")[0]
    ends = (incident_until(name) for name in objects.items if name.startswith(f"{begin}@"))
    return min((end - INCIDENT_MEMORY for end in ends if end), default=None)


def _check_room(objects: Objects, holding: Holding, declaration: Declaration, scope: str, id: str) -> None:
    """Rejected when there are as many holds as there may be, planned ones with them and rubbish apart. What is there can be
    extended and released; the breaker and windows hold in any case, one a table and one an opening."""
    if any((hold.scope, hold.id) == (scope, id) for hold in (*holding.active, *holding.ahead)):
        return
    known = (hold for hold in holding.active if hold.is_written and not hold.is_flag and hold.scope in declaration.scopes)
    written = [objects.items[hold.object_name] for hold in (*known, *holding.ahead)]
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

    One that does not opens now.
    """
    return ((incident.started or now) + hold).replace(microsecond=0)

"""Makes up for missed runs, each at most once, whatever fails or dies in between and however many instances are at it.

The one step that decides is the deletion of the job's mark (`ledger/held/<job>.json`) at its generation: of all that try only
one succeeds, and only that one runs the job. The claim is written before, so that a run of which nobody knows whether it was
made leaves a trace for people; it is deleted when the run was made. While the mark is there no run was made for its claim, and
a claim that has grown old beside its mark is the remains of an instance that died: it is cleared away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial

from interlock.declaration import Declaration
from interlock.holds import format_instant
from interlock.runtime.alarms import few
from interlock.runtime.catchup import Decision, Drop, Run, Traffic, Wait, producers_first, uncovered_days
from interlock.runtime.events import ACTION_FAILED, OBJECT_UNREADABLE, RUN_CAUGHT_UP, RUN_SKIPPED, RUN_WAITING, UNRESOLVED_CLAIM
from interlock.runtime.ledger import (
    RUN_WITHIN,
    Claim,
    claim_content,
    claim_name,
    held,
    held_content,
    in_progress,
    parse_claim,
    unresolved,
)
from interlock.runtime.outside import Failure
from interlock.runtime.ports import Item, Refused, Unknown
from interlock.runtime.report import Record
from interlock.runtime.snapshot import Objects, Reader, Snapshot
from interlock.runtime.steps import MAX_REMOVALS
from interlock.seasons import fires_between

REFUSED_FOR_NOW = frozenset({409, 429})
"""Refusals that may pass, and after which Google has certainly not started a run, so that it may be asked again."""
SERVER_ERROR = 500
"""From here on a refusal does not say that nothing was done."""
TOO_LATE = 408
"""As which a run counts that was not started, since its claim had grown old."""

SHOWN_DAYS = 10
"""In a line of the log."""


class HoldsMoved(Exception):
    """Something was held or released since the round: nothing more is run by what it saw."""


def catch_up(reader: Reader, snapshot: Snapshot, record: Callable[[Record], None]) -> None:
    """Settles the marks of the jobs that nothing holds any more. What the snapshot shows was seen to stand still."""
    declaration, marks = snapshot.declaration, snapshot.objects.marks
    claims = reader.claims(snapshot.objects)
    left = unresolved(claims, {(job, item.generation) for job, item in marks.items()}, snapshot.now)
    for said in few([_unresolved(declaration, claim) for claim in left]):
        record(said)
    declared = declaration.jobs
    free = [name for name in marks if name in declared and not snapshot.holding.is_held(name)]
    if not snapshot.is_being_deployed:  # else one that is not declared may be between two stacks
        free += [name for name in marks if name not in declared][:MAX_REMOVALS]
    # A claim that is gone by now is that of a run which has just been made.
    claimed = {claim.job for claim in map(parse_claim, snapshot.objects.items) if claim is not None}
    traffic = Traffic(snapshot=snapshot, pending=set(marks) | claimed)
    maker = _Maker(reader, traffic, snapshot.objects, record, {(claim.job, claim.held): claim for claim in claims})
    try:
        for name in producers_first(declaration, maker.drop(free)):
            if reader.outside.is_over:
                record(Record(event=RUN_WAITING, job=name, why="too much has failed before; the next reconcile goes on"))
            else:
                maker.settle(name)
    except HoldsMoved:
        record(Record(event=RUN_WAITING, why="what holds has changed just now; the next reconcile goes on"))


def _unresolved(declaration: Declaration, claim: Claim) -> Record:
    fire = format_instant(claim.fire) if claim.fire else "an unknown time"
    job = declaration.jobs.get(claim.job)
    region, name = (job.region, job.scheduler_name) if job else ("REGION", claim.job)
    why = (
        f"the run missed at {fire} may or may not have been made up for; if it was not: gcloud scheduler jobs run {name}"
        f" --location={region}; then delete {claim.object_name} in the coordination bucket"
    )
    return Record(event=UNRESOLVED_CLAIM, job=claim.job, hold=claim.object_name, why=why)


class _Maker:
    """Settles marks. What fails is recorded, and left for the next reconcile."""

    def __init__(
        self,
        reader: Reader,
        traffic: Traffic,
        objects: Objects,
        record: Callable[[Record], None],
        claims: Mapping[tuple[str, int], Claim],
    ) -> None:
        self._reader, self._outside, self._bucket = reader, reader.outside, reader.outside.bucket
        self._traffic, self._objects, self._record, self._claims = traffic, objects, record, claims
        self._marks = objects.marks

    def drop(self, names: Iterable[str]) -> list[str]:
        """Deletes, many at a time, the marks of jobs for which nothing is to be run; the names of the others."""
        chosen = list(names)
        decisions = dict(zip(chosen, self._outside.each(self._unmade, chosen), strict=True))
        dropped = {name: decision for name, decision in decisions.items() if isinstance(decision, Drop)}
        unread = {name: failure for name, failure in decisions.items() if isinstance(failure, Refused | Unknown)}
        for name, failure in unread.items():
            self._failed(name, failure)
        if dropped:
            self._stand_still()
        for name, failed in zip(dropped, self._outside.each(self._forget, dropped), strict=True):
            self._traffic.settled(name)
            if failed:
                self._failed(name, failed)
                continue
            job, missed = self._traffic.declaration.jobs.get(name), dropped[name].missed
            if job is not None and not job.paused and not job.schedule.is_known:
                why = f"nobody knows which runs it missed, and nothing makes up for any: {job.schedule.unknown}"
                self._record(Record(event=RUN_SKIPPED, job=name, why=why))
            elif job is not None and missed:
                why = f"nothing makes up for its {missed} missed{self._uncovered(name)}"
                self._record(Record(event=RUN_SKIPPED, job=name, why=why, numbers=(("missed", missed),)))
        return [name for name in decisions if name not in dropped and name not in unread]

    def settle(self, name: str) -> None:
        """Runs a job that missed something, once, if it may run now."""
        try:
            self._settle(name, self._marks[name])
        except (Refused, Unknown) as failure:
            self._failed(name, failure)

    def _unmade(self, name: str) -> Decision | Failure:
        """What becomes of a job before any of them is run, or why that can't be told now."""
        job = self._traffic.declaration.jobs.get(name)
        if job is None or job.paused:
            return Drop(missed=0)
        try:
            since = self._since(name)
        except (Refused, Unknown) as failure:
            return failure
        return Drop(missed=0) if since is None else self._traffic.decide(name, since)

    def _since(self, name: str) -> datetime | None:
        held, now = self._reader.held_since(self._objects, name), self._objects.now
        if held is None:
            return None
        if held.wrong:
            self._record(Record(event=OBJECT_UNREADABLE, job=name, hold=self._marks[name].name, why=held.wrong))
        since = held.since
        job, made = self._traffic.declaration.jobs.get(name), self._marks[name].created
        if since <= now or job is None or made is None:
            return since
        if job.season is None:
            # No season says when it opens, or none any more, since a deploy: the job misses what comes after that.
            begin = max(made, self._traffic.snapshot.declared or made)
            if begin == made:
                why = f"it states {format_instant(since)}; the job counts as held since {format_instant(made)}"
                self._record(Record(event=OBJECT_UNREADABLE, job=name, hold=self._marks[name].name, why=why))
            return begin
        # A season alone held it, and has opened at another time than was declared then. It misses what comes after that time,
        # and nothing of what was not in the season yet.
        return min(since, job.season.opens_after(made) or since)

    def _forget(self, name: str) -> Failure | None:
        try:
            if self._cleared(name):
                self._outside.patiently(partial(self._bucket.delete, self._marks[name]), about=name)
        except (Refused, Unknown) as failure:
            return failure
        return None

    def _failed(self, name: str, failure: Failure) -> None:
        self._record(Record(event=ACTION_FAILED, job=name, why=f"can't settle the runs that it missed: {failure}"))

    def _stand_still(self) -> None:
        if self._reader.flags_and_holds() != self._objects.flags_and_holds:
            raise HoldsMoved

    def _settle(self, name: str, mark: Item) -> None:
        since = self._since(name)
        if since is None:  # another instance has settled it
            return
        decision = self._traffic.decide(name, since)
        numbers = (("missed", decision.missed),)
        if not isinstance(decision, Run):
            why = decision.why if isinstance(decision, Wait) else "nothing is missed any more"
            self._record(Record(event=RUN_WAITING, job=name, why=why, numbers=numbers))
            return
        claim = Claim(
            job=name,
            since=since,
            held=mark.generation,
            object_name=claim_name(name, since, mark.generation),
            fire=decision.fire,
            missed=decision.missed,
            claimed=self._objects.now,
        )
        self._stand_still()
        if self._cleared(name) and self._make(claim, mark):
            why = f"once, for {decision.missed} missed since {format_instant(since)}{self._uncovered(name)}"
            self._record(Record(event=RUN_CAUGHT_UP, job=name, why=why, numbers=numbers))
        else:
            self._record(Record(event=RUN_WAITING, job=name, why="another instance is at it, or stopped meanwhile"))

    def _uncovered(self, name: str) -> str:
        """The days that no run covers, of a job whose body names a date relative to the day."""
        job, since, now = self._traffic.declaration.jobs[name], self._since(name), self._objects.now
        if since is None or not job.relative_dates:
            return ""
        days = uncovered_days(job, fires_between(job, min(since, now), now), now)
        shown = ", ".join(str(day) for day in days[:SHOWN_DAYS])
        more = f" and {len(days) - SHOWN_DAYS} more" if len(days) > SHOWN_DAYS else ""
        return (
            f"; no run covers {shown}{more}: .venv/bin/interlock show {name} --day DAY says how to run one by hand"
            if days
            else ""
        )

    def _cleared(self, name: str) -> bool:
        """Whether no other instance is at this mark: the claim of one that died is deleted."""
        claim = self._claims.get((name, self._marks[name].generation))
        if claim is None:
            return True
        if in_progress(claim, self._objects.now):
            return False
        return self._outside.patiently(lambda: self._bucket.delete(self._objects.items[claim.object_name]), about=name)

    def _make(self, claim: Claim, mark: Item) -> bool:
        """The run, if it is ours to make. Neither creation nor deletion is tried again: the second answer would not tell."""
        content = claim_content(claim)
        if not self._bucket.create(claim.object_name, content):
            return False
        if not self._bucket.delete(mark):
            self._withdraw(claim, content)
            return False
        self._traffic.made(claim.job)  # whatever comes of it: a run without an answer may have begun
        job = self._traffic.declaration.jobs[claim.job]

        def run() -> None:
            if claim.claimed is None or self._outside.clock() - claim.claimed > RUN_WITHIN:
                raise Refused(TOO_LATE, "this request has been at it for too long: what it saw is old")
            self._outside.scheduler.run(job.region, job.scheduler_name)

        try:
            self._outside.patiently(run, claim.job, passing=REFUSED_FOR_NOW, unanswered=False)
        except Refused as refusal:
            if refusal.code < SERVER_ERROR and self._is_put_back(claim, mark):  # certainly not started, so it is still missed
                self._withdraw(claim, content)
            raise
        self._withdraw(claim, content)
        return True

    def _is_put_back(self, claim: Claim, mark: Item) -> bool:
        """Whether the ledger has the missed run again: by our mark, or by another that has been made since and reaches as far
        back. Where it does not, the claim stays, and tells people."""
        if self._outside.patiently(partial(self._bucket.create, mark.name, held_content(claim.job, claim.since)), claim.job):
            return True
        for item in self._outside.patiently(lambda: self._bucket.list(mark.name)):
            if item.name == mark.name and (content := self._reader.content(item)) is not None:
                return claim.fire is None or held(content, item.created, self._outside.clock()).since <= claim.fire
        return False

    def _withdraw(self, claim: Claim, content: bytes) -> None:
        """Deletes our claim, and no other that has taken its name."""
        for item in self._outside.patiently(lambda: self._bucket.list(claim.object_name), claim.job):
            if item.name == claim.object_name and self._reader.content(item) == content:
                self._outside.patiently(partial(self._bucket.delete, item), claim.job)

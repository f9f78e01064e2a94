"""The board as a command sees it: by the coordinator's own reader, with what its last board remembers."""

from __future__ import annotations

from interlock.board.board import Board, board
from interlock.board.keeping import PAGE, history_of
from interlock.environment import Environment
from interlock.gcp.shelf import GoogleShelf
from interlock.holds import format_instant
from interlock.runtime.alarms import found_wrong
from interlock.runtime.events import JOB_BROKEN, UNRESOLVED_CLAIM
from interlock.runtime.ledger import Claim, unresolved
from interlock.runtime.report import Record
from interlock.runtime.snapshot import Snapshot
from interlock.runtime.steps import steps
from interlock.terminal.ends import clock_of_readers
from interlock.terminal.site import asking, reader_of


def look_at(environment: Environment) -> Board:
    """What is there now. CloudError when it can't be seen."""
    with asking(environment):
        reader = reader_of(environment)
        declaration, items = reader.declaration()
        objects = reader.objects()
        jobs, unlisted = reader.jobs_where_seen(declaration)
        snapshot = Snapshot(declaration=declaration, declared=items[-1].created, objects=objects, jobs=jobs, unlisted=unlisted)
        marks = {(job, mark.generation) for job, mark in objects.marks.items()}
        unclear = unresolved(reader.claims(objects), marks, objects.now)
        shelf = GoogleShelf(environment.project, environment.bucket)
        found = shelf.look()
        history = history_of(shelf, found)
    broken = [note for step in steps(snapshot) for note in step.notes if note.event == JOB_BROKEN]
    trouble = [*found_wrong(snapshot), *broken, *map(_said, unclear)]
    return board(
        snapshot,
        records=(),
        trouble=trouble,
        history=history,
        looked=found[PAGE].made if PAGE in found else None,
        zone=clock_of_readers(declaration.jobs.values()),
        project=environment.project,
    )


def _said(claim: Claim) -> Record:
    fire = format_instant(claim.fire) if claim.fire else "an unknown time"
    why = f"the catch-up of its run of {fire} may or may not have been made; nobody but you may run it again"
    return Record(event=UNRESOLVED_CLAIM, job=claim.job, why=why)

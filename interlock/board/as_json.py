"""A board for programs: `board/board.json` of the bucket, and `interlock board --format json`."""

from __future__ import annotations

import hashlib
import json

from interlock.board.acting import ending_in
from interlock.board.board import Board, Row, Shown
from interlock.catalog import Json
from interlock.holds import format_instant, hold_json, planned_json

VERSION = 1
DIGEST_CHARACTERS = 32
MOVING = ("now", "looked", "late_at", "history", "history_since")
"""What may differ although nothing has happened."""
OF_A_JOB = ("next", "last_attempt")
"""The same of each job."""


def as_json(board: Board) -> dict[str, Json]:
    """The board."""
    return {
        "version": VERSION,
        "now": format_instant(board.now),
        "looked": format_instant(board.looked) if board.looked else None,
        "late_at": format_instant(board.late_at) if board.late_at else None,
        "project": board.project,
        "environment": board.environment,
        "holds": [{**hold_json(one.hold), **_more(one, board)} for one in board.holds],
        "planned": [{**planned_json(one.hold), **_more(one, board)} for one in board.planned],
        "jobs": [_job(row) for row in board.rows],
        "trouble": [one.as_json() for one in board.trouble],
        "history": [one.as_json() for one in board.history.lines],
        "history_since": format_instant(board.history.since) if board.history.since else None,
    }


def _more(one: Shown, board: Board) -> dict[str, Json]:
    return {"jobs": [*one.jobs], "end_with": ending_in(one.hold, board.environment)}


def _job(row: Row) -> dict[str, Json]:
    return {
        "name": row.job.name,
        "region": row.job.region,
        "state": row.state,
        "schedule": row.job.schedule.text,
        "time_zone": row.job.time_zone,
        "declared_paused": bool(row.effective.declared),
        "undecided": row.effective.undecided,
        "held_by": [hold.scope for hold in row.effective.held_by],
        "drift": [*row.drift],
        "last_attempt": format_instant(row.last_attempt) if row.last_attempt else None,
        "next": [format_instant(at) for at in row.next],
    }


def digest(board: Board) -> str:
    """The same as long as nothing has happened: without what only the clock moves."""
    said = {key: value for key, value in as_json(board).items() if key not in MOVING}
    jobs = [{key: value for key, value in _job(row).items() if key not in OF_A_JOB} for row in board.rows]
    about = [[row.about.description, row.about.words, row.about.paused, *row.about.chains] for row in board.rows]
    trouble = [[*one.what] for one in board.trouble]
    text = json.dumps([{**said, "jobs": jobs, "trouble": trouble}, about], sort_keys=True)
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:DIGEST_CHARACTERS]


def to_text(board: Board) -> str:
    """As it is stored."""
    return json.dumps(as_json(board), sort_keys=True, separators=(",", ":"), ensure_ascii=True) + "\n"

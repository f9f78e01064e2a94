"""The board as one page of HTML: self-contained, readable without scripts, and asking nobody anything.

Its Content-Security-Policy lets through its one style and its one script, by their hashes, and nothing else at all:
https://www.w3.org/TR/CSP3/
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from interlock.board import ahead_section, jobs_section, now_section, past_section
from interlock.board.board import Board
from interlock.board.html import Clock, text
from interlock.board.now_section import headline
from interlock.board.script import SCRIPT
from interlock.board.style import STYLE
from interlock.holds import format_instant
from interlock.names import exact

SECTIONS = {"now": "Now", "ahead": "Next 24 hours", "jobs": "Jobs", "past": "Last 7 days"}


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


POLICY = f"default-src 'none'; script-src {_hash(SCRIPT)}; style-src {_hash(STYLE)}; base-uri 'none'; form-action 'none'"


def page(board: Board) -> str:
    """The page of `board`: the same bytes for the same board."""
    clock = Clock(board.zone, board.now)
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        '<meta name="robots" content="noindex">',
        f"<title>{text(headline(board))} - Interlock {text(board.project)}</title>",
        f"<style>{STYLE}</style>",
        "</head>",
        f'<body data-now="{format_instant(board.now)}">',
        *_header(board, clock),
        "<main>",
        *now_section.section(board, clock),
        *ahead_section.section(board, clock),
        *jobs_section.section(board, clock),
        *past_section.section(board, clock),
        "</main>",
        *_footer(board),
        '<p id="tip" role="status" hidden></p>',
        f"<script>{SCRIPT}</script>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def _header(board: Board, clock: Clock) -> Iterator[str]:
    env = f"{board.environment} " if board.environment else ""
    yield "<header>"
    yield f'<p class="where">Interlock, {text(env + board.project)}</p>'
    yield f"<h1>{text(headline(board))}</h1>"
    yield f'<p>As of {clock.both(board.now)}, <span data-age="{format_instant(board.now)}">when this page was made</span>.</p>'
    yield from _lateness(board, clock)
    yield "</header>"
    items = "".join(f'<li><a href="#{anchor}">{said}</a></li>' for anchor, said in SECTIONS.items())
    yield f'<nav aria-label="Sections"><ul>{items}</ul></nav>'


def _lateness(board: Board, clock: Clock) -> Iterator[str]:
    if board.looked is None or board.late_at is None:
        yield '<p class="alarm" id="late">Nobody knows when the coordinator looked last: it has written no board.</p>'
        return
    at = format_instant(board.late_at)
    hidden = "" if board.is_late else " hidden"
    yield (
        f'<p class="alarm" id="late" data-at="{at}"{hidden}>This is old: the coordinator looked last at '
        f"{clock.both(board.looked)}, and should have looked again by {clock.both(board.late_at)}. "
        f"It may be down; jobs stay as they are until it looks.</p>"
    )
    if not board.is_late:
        yield (
            f'<p class="dim">The coordinator looked last at {clock.both(board.looked)}. After {clock.both(board.late_at)} '
            f"this page is old, and the coordinator late.</p>"
        )


def _footer(board: Board) -> Iterator[str]:
    yield "<footer>"
    yield (
        f"<p>Written when something changes, and every other look, which is every {exact(2 * board.tick)}. Interlock pauses "
        "schedules: it stops no run in flight and no message under way.</p>"
    )
    yield "</footer>"

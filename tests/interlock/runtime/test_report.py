"""Records as the log carries them: text, whatever objects and incidents have brought."""

from __future__ import annotations

import json
import unicodedata

from interlock.holds import Hold, with_content
from interlock.runtime.report import Record
from tests.interlock.cloud import at

HOSTILE = "\x1b]0;title\x07\x9b31m\u202egnp\u202c\u200b a\nseverity=ERROR\u2028forged\r\x00"


def test_nothing_in_a_line_of_the_log_moves_a_cursor_or_begins_another() -> None:
    said = Record(event="hold_written", hold=f"holds/{HOSTILE}", why=f"ana: {HOSTILE}", until=at("2026-03-10 08:00")).as_json()
    for text in (said["why"], said["message"], said["hold"]):
        assert isinstance(text, str)
        assert text.isprintable()
        assert not {unicodedata.category(character) for character in text} & {"Cc", "Cf", "Zl", "Zp"}
    assert json.loads(json.dumps(said)) == said


def test_a_stack_trace_keeps_its_lines() -> None:
    trace = "Traceback (most recent call last):\n  File \"main.py\", line 1, in <module>\n    fail()\nKeyError: '\x1b[31mx'\n"
    why = Record(event="request_failed", why=trace).as_json()["why"]
    assert why == trace.replace("\x1b", "")


def test_who_asked_is_an_address_or_nobody() -> None:
    hold = Hold(scope="all", id="x", end=at("2026-03-10 08:00"), object_name="holds/all/x@2026-03-10T08:00:00Z.json")
    assert with_content(hold, {"asked_by": "ana@acme.dev"}).asked_by == "ana@acme.dev"
    for other in (
        HOSTILE,
        f"{HOSTILE}@acme.dev",
        "ana",
        "ana@",
        "ana@acme.dev\n",
        5,
        None,
        ["ana@acme.dev"],
        "a" * 300 + "@acme.dev",
    ):
        assert with_content(hold, {"asked_by": other}).asked_by is None

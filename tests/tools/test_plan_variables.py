"""The form of the deploy workflow becomes variables, and a form that contradicts itself is refused."""

from __future__ import annotations

import pytest

from tools.plan_variables import FormError, variables

END = "2026-01-07T18:00:00Z"
ON = {
    "PRIVATE": "true",
    "NAME": "schedules",
    "MODE": "on",
    "BACKFILLS": "tdza",
    "UNTIL": "",
    "REASON": "reprocess 2025-26",
    "OWNER": "analytics",
}


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        pytest.param({**ON, "MODE": "keep", "BACKFILLS": ""}, {}, id="keep asks for nothing"),
        pytest.param({**ON, "MODE": "keep", "BACKFILLS": "", "YES_DELETE": " 12 "}, {"replace_catalog": True},
                     id="who counts the jobs that go may put another catalog in the place of this one"),
        pytest.param({**ON, "MODE": "off", "YES_DELETE": "3"}, {"backfill_mode": False, "backfills": ["tdza"],
                     "backfill_owner": "analytics", "replace_catalog": True}, id="ending a backfill, too"),
        pytest.param(ON, {"backfill_mode": True, "backfills": ["tdza"], "backfill_until": "",
                          "backfill_reason": "reprocess 2025-26", "backfill_owner": "analytics"}, id="on"),
        pytest.param({**ON, "UNTIL": f" {END}\n", "BACKFILLS": " tdza,psza\tpsza , "},
                     {"backfill_mode": True, "backfills": ["psza", "tdza"], "backfill_until": END,
                      "backfill_reason": "reprocess 2025-26", "backfill_owner": "analytics"}, id="several, until an end"),
        pytest.param({**ON, "MODE": "off"},
                     {"backfill_mode": False, "backfills": ["tdza"], "backfill_owner": "analytics"}, id="off, and whose it is"),
        pytest.param({**ON, "NAME": "coordination", "MODE": "keep", "BACKFILLS": "", "YES_DELETE": "2"}, {},
                     id="another stack has no variable of these"),
    ],
)  # fmt: skip
def test_a_form_becomes_variables(form: dict[str, str], wanted: dict[str, object]) -> None:
    assert variables(form) == wanted


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({"MODE": "true"}, "keep, on, off", id="another mode"),
        pytest.param({"PRIVATE": "false"}, "not private", id="a public repository, whose runs everybody reads"),
        pytest.param({"PRIVATE": ""}, "not private", id="a repository of which nobody knows who reads it"),
        pytest.param({"NAME": "coordination"}, "with the stack schedules", id="a backfill with a stack that has none"),
        pytest.param({"NAME": "alerting", "MODE": "keep", "BACKFILLS": "", "YES_DELETE": "all"}, "is the number",
                     id="no number of resources"),
        pytest.param({"BACKFILLS": " , "}, "name the backfills", id="on without names, which would be all"),
        pytest.param({"MODE": "off", "BACKFILLS": ""}, "name the backfills", id="off without names"),
        pytest.param({"MODE": "keep"}, "leave them empty", id="keep with names"),
        pytest.param({"MODE": "keep", "BACKFILLS": "", "UNTIL": END}, "leave them empty", id="keep with an end"),
        pytest.param({"MODE": "off", "UNTIL": END}, "ends the backfills now", id="off with an end"),
        pytest.param({"UNTIL": "tomorrow"}, "is no end", id="an end in words"),
        pytest.param({"UNTIL": "2026-02-30T00:00:00Z"}, "is no end", id="30 February"),
        pytest.param({"YES_DELETE": "all"}, "is the number of the jobs", id="no number of jobs"),
        pytest.param({"YES_DELETE": "0"}, "is the number of the jobs", id="no job"),
        pytest.param({"REASON": " "}, "say the reason", id="no reason"),
        pytest.param({"REASON": "a\nb"}, "one line", id="a reason of two lines"),
        pytest.param({"REASON": "\x1b[31m"}, "one line", id="a reason that a terminal acts on"),
        pytest.param({"OWNER": "x" * 501}, "at most 500", id="an owner without end"),
        pytest.param({"BACKFILLS": '"];evil=["'}, "are names", id="no name"),
        pytest.param({"BACKFILLS": "$(id)"}, "are names", id="a command"),
        pytest.param({"BACKFILLS": " ".join(f"b{n}" for n in range(51))}, "at most 50", id="names without end"),
    ],
)  # fmt: skip
def test_a_form_that_is_refused(change: dict[str, str], why: str) -> None:
    with pytest.raises(FormError, match=why):
        variables(ON | change)

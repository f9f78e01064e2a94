"""What somebody asked for in the form of `.github/workflows/deploy.yml`, as variables of its stack; only schedules have any.

Reads NAME, of the stack, PRIVATE, of the repository, and MODE, BACKFILLS, UNTIL, REASON, OWNER and YES_DELETE from the
environment and writes a .tfvars.json. Checked here is what the form can get wrong and a plan can't tell: a plan of "on" without
names turns on all. The rest the plan checks (stacks/guards.py): which backfills there are, and how late one may end.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping

from interlock.catalog import Json
from interlock.holds import parse_instant
from interlock.names import MAX_TEXT, NAME, NAME_RULE
from interlock.shares import BETWEEN, SCHEDULES, is_schedules

FIRST, LAST = "coordination", "alerting"
MODES = {"keep": None, "on": True, "off": False}
MAX_NAMES = 50
BAD_INPUT = 2


class FormError(ValueError):
    """What is to be changed in the form, in one sentence."""


def variables(form: Mapping[str, str]) -> dict[str, Json]:
    """The variables for a filled-in form; none to keep what is on. FormError for a form that contradicts itself."""
    if form.get("PRIVATE") != "true":
        raise FormError("the repository is not private: whoever reads its runs could read the state of production in the plan")
    if not re.fullmatch(f"{FIRST}|{LAST}|{SCHEDULES}({BETWEEN}{NAME})?", form.get("NAME", "")):
        raise FormError(f"stack is {FIRST}, {LAST}, {SCHEDULES}, or {SCHEDULES}{BETWEEN}PLATFORM where there are several")
    mode, until = form.get("MODE", ""), form.get("UNTIL", "").strip()
    if mode not in MODES:
        raise FormError(f"backfill_mode is {', '.join(MODES)}")
    reason, owner = _line(form, "REASON"), _line(form, "OWNER")
    if not reason:
        raise FormError("say the reason: it is kept with the run, and with the flags of the backfills that are turned on")
    names = _names(form.get("BACKFILLS", ""))
    if mode == "keep" and (names or until):
        raise FormError("backfills and until go with backfill_mode on or off; keep changes neither: leave them empty")
    if mode != "keep" and not names:
        raise FormError(f"name the backfills that are to be turned {mode}")
    if mode == "off" and until:
        raise FormError("until goes with backfill_mode on; off ends the backfills now")
    if until and parse_instant(until) is None:
        raise FormError("until is no end: write UTC with whole seconds, like 2026-01-07T18:00:00Z")
    if not is_schedules(form.get("NAME", "")):
        if mode != "keep":
            raise FormError(f"backfills are turned on and off with the stack {SCHEDULES}")
        yes_delete(form)
        return {}
    # Who counts the jobs that go knows that a catalog may take the place of another one (stacks/guards.py).
    replaced: dict[str, Json] = {} if yes_delete(form) is None else {"replace_catalog": True}
    chosen: dict[str, Json] = {"backfill_mode": MODES[mode], "backfills": [*names]}
    if mode == "on":
        chosen |= {"backfill_until": until, "backfill_reason": reason}
    if mode != "keep":
        chosen |= {"backfill_owner": owner}  # who ends one names whose it is (policies/rules/changes.py)
    return replaced if mode == "keep" else chosen | replaced


def yes_delete(form: Mapping[str, str]) -> int | None:
    """How many jobs or resources are to be deleted, exactly, or None where nobody said it. FormError for what is no number."""
    text = form.get("YES_DELETE", "").strip()
    if not text:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise FormError("yes_delete is the number of the jobs that are to be deleted, or empty")
    return int(text)


def _names(text: str) -> list[str]:
    names = sorted(set(re.split(r"[\s,]+", text.strip())) - {""})
    if len(names) > MAX_NAMES:
        raise FormError(f"{len(names)} backfills; at most {MAX_NAMES} at a time")
    if any(not re.fullmatch(NAME, name) for name in names):
        raise FormError(f"backfills are names ({NAME_RULE}) with commas or spaces between them")
    return names


def _line(form: Mapping[str, str], name: str) -> str:
    text = form.get(name, "").strip()
    if len(text) > MAX_TEXT or not text.isprintable():
        raise FormError(f"{name.lower()} is one line of at most {MAX_TEXT} characters")
    return text


def main() -> int:
    """Writes the variables to standard output."""
    try:
        print(json.dumps(variables(os.environ), indent=2))
    except FormError as error:
        print(f"{error}; then run the workflow again", file=sys.stderr)
        return BAD_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What a plan of any stack changes, in GitHub's Markdown: by name, with the names of what changes and no value of it.

`interlock review --plan` says more of `schedules`, and reads no other stack. Who approves another one sees here what it makes
and takes away, and whom it lets do what: rights are shown whole, as that is what is approved.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from interlock.drawing.markdown import code
from interlock.names import count
from interlock.terraform.changes import Change, Kind, changes_of, counted
from interlock.terraform.plan import Plan, PlanError, ResourceChange, load_plan

SHOWN = 60
"""Lines of a plan; a first one makes a hundred."""
MAX_NAME = 200
RIGHT = "_iam_member"
GOES = frozenset({("delete",), ("delete", "create"), ("create", "delete")})
REFUSED = 2


def changed(plan: Plan) -> list[str]:
    """A line for each resource that changes, what goes away first."""
    order = [Kind.DELETE, Kind.REPLACE, Kind.FORGET, *Kind]
    found = sorted(changes_of(plan).changes, key=lambda one: (order.index(one.kind), one.name))
    lines = [f"{one.kind.verb} {_named(one)}" for one in found[:SHOWN]]
    return [*lines, *([f"and {count(len(found) - SHOWN, 'more resource')}"] if len(found) > SHOWN else [])]


def rights(plan: Plan) -> list[str]:
    """A line for each right that is given or taken away."""
    return [line for one in plan.changes if one.managed and one.kind.endswith(RIGHT) for line in _right(one)]


def report(plan: Plan) -> str:
    """All of it, for who approves."""
    said = counted(changes_of(plan).changes) or "nothing to do"
    lines = [f"**{said}**", "", *(f"- {line}" for line in changed(plan))]
    if found := rights(plan):
        lines += ["", "Rights:", "", *(f"- {line}" for line in found)]
    return "\n".join([*lines, ""])


def _named(change: Change) -> str:
    attributes = f" ({', '.join(code(name, MAX_NAME) for name in change.attributes)})" if change.attributes else ""
    return f"{code(change.name, MAX_NAME)}{attributes}"


def _right(one: ResourceChange) -> Iterator[str]:
    if one.actions in GOES:
        yield f"{_who(one.before)} no longer gets {_what(one.before)}"
    if "create" in one.actions:
        yield f"{_who(one.after)} gets {_what(one.after)}"


def _who(values: object) -> str:
    return code(_text(values, "member") or "an account that is made with this", MAX_NAME)


def _what(values: object) -> str:
    where = next((found for key in ("bucket", "topic", "name", "service_account_id") if (found := _text(values, key))), "")
    return f"{code(_text(values, 'role'), MAX_NAME)} on {code(where, MAX_NAME) if where else 'the project'}"


def _text(values: object, key: str) -> str:
    found = values.get(key) if isinstance(values, dict) else None
    return found if isinstance(found, str) else ""


def main(words: list[str]) -> int:
    """`python -m tools.plan_report PLAN`, of what `terraform show -json` says."""
    try:
        print(report(load_plan(Path(words[0]))), end="")
    except PlanError as error:
        print(error, file=sys.stderr)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

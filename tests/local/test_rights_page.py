"""docs/rights.md: who needs which right, why, and what Google's roles have beyond; `make golden` writes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from interlock.roles import ACTORS, Actor, Grant
from interlock.runtime.callers import Act, Part, may
from local.emulator.predefined import PERMISSIONS, permissions_of
from tests.golden import golden

DOCS = Path(__file__).parents[2] / "docs"
HEAD = """# Rights

Who may do what, from `interlock/roles.py`; `make golden` writes this page. Each right is checked by the local target, which
refuses a call without it, and tests/e2e/test_rights.py holds what is granted to what is used.

`INTERLOCK_LOCAL_ACCOUNT=EMAIL .venv/bin/python -m local run -- COMMAND` acts there as one of them; without it COMMAND acts as
the owner of the project, who may do everything.

Interlock's own roles have exactly what is listed. What one of Google's has beyond is at the end.
"""


def beyond(grant: Grant) -> list[str]:
    """What a role of Google's has, of the services that the local target knows, that nobody needs of it."""
    return sorted((permissions_of(grant.role.id) or frozenset()) - {*grant.rights})


def section(actor: Actor) -> str:
    lines = [f"\n## {actor.name}\n", f"{actor.who[:1].upper()}{actor.who[1:]}. Granted by {granted_by(actor)}.\n"]
    lines += ["| On | Role | Permission | For |", "| --- | --- | --- | --- |"]
    for grant in actor.grants:
        place = str(grant.place) + "".join(f", `{prefix}`" for prefix in grant.prefixes)
        lines += [f"| {place} | `{grant.role.id}` | `{right}` | {why} |" for right, why in sorted(grant.rights.items())]
    return "\n".join(lines) + "\n"


def granted_by(actor: Actor) -> str:
    return "the stacks" if actor.by_the_stacks else "the owner of the project"


CALLERS = """
## Who may ask the coordinator

Cloud Run lets in whoever has `roles/run.invoker`. The function verifies the token itself, too, and goes by its address, from
`interlock/runtime/callers.py`: the accounts of the timers and of the push subscription, and `coordinator.admins` of the
environment; everybody else who comes through is an operator. `--force` is logged, and [alerted](runbook.md#hold-forced).
Who acts with `--direct` needs what the coordinator may do on the bucket and on Cloud Scheduler, and is held to the same rules
by the command line alone.

"""


def callers() -> str:
    """Who may ask what of the coordinator."""
    parts = [part for part in Part if part is not Part.DIRECT]
    lines = [f"| To | {' | '.join(parts)} |", f"| --- |{' --- |' * len(parts)}"]
    lines += [f"| {act} | {' | '.join(may(part, act) for part in parts)} |" for act in Act]
    return CALLERS + "\n".join(lines) + "\n"


def page() -> str:
    rows = {}
    for actor in ACTORS:
        for grant in actor.grants:
            if not grant.role.own:
                rows[actor.name, grant.role.id, ", ".join(f"`{right}`" for right in beyond(grant))] = grant.role.reason
    lines = ["\n## What Google's roles have beyond\n", "| Who | Role | Beyond | Why this role |", "| --- | --- | --- | --- |"]
    lines += [f"| {who} | `{role}` | {more or 'nothing'} | {why} |" for (who, role, more), why in rows.items()]
    return HEAD + callers() + "".join(section(actor) for actor in ACTORS) + "\n".join(lines) + "\n"


@pytest.mark.golden
def test_the_page_says_what_the_roles_are() -> None:
    golden("rights.md", page(), DOCS)


@pytest.mark.parametrize("actor", ACTORS, ids=[actor.name for actor in ACTORS])
def test_each_right_exists_and_its_role_has_it(actor: Actor) -> None:
    for grant in actor.grants:
        assert set(grant.rights) <= PERMISSIONS
        assert grant.role.own or set(grant.rights) <= (permissions_of(grant.role.id) or frozenset())
        assert grant.role.own or grant.role.reason, "why it is one of Google's"
        assert not grant.role.own or (grant.role.title and re.fullmatch(r"[a-zA-Z]{3,64}", grant.role.id))

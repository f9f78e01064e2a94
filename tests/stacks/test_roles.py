"""docs/production.md names a role for every type of resource that the stacks have, and for no other."""

from __future__ import annotations

import re

import pytest

from tests.stacks.conftest import ROOT, Stacks

PAGE = (ROOT / "docs" / "production.md").read_text(encoding="utf-8").partition("## Roles")[2].partition("\n## ")[0]
EVERYTHING, DEPLOY, PLAN = re.split(r"\n\*\*`?(?:DEPLOY|PLAN)_SERVICE_ACCOUNT", PAGE)
TYPE = re.compile(r"`(google_[a-z0-9_]+)`")
LOCAL = {"terraform_data"}
"""What is only in the state."""


def types(stacks: Stacks) -> set[str]:
    return {kind for stack in stacks.values() for kind in stack["resource"]} - LOCAL


def test_who_deploys_everything_has_a_role_for_each_type_of_resource(shop: Stacks) -> None:
    assert set(TYPE.findall(EVERYTHING)) == types(shop)


def test_the_workflow_has_a_role_for_each_type_of_the_one_stack_that_it_applies(shop: Stacks) -> None:
    assert set(TYPE.findall(DEPLOY)) == types({"schedules": shop["schedules"]})


@pytest.mark.parametrize("page", [DEPLOY, PLAN], ids=["deploy", "plan"])
def test_no_workflow_hands_out_rights(page: str) -> None:
    table = "\n".join(line for line in page.splitlines() if line.startswith("| `roles"))
    roles = set(re.findall(r"roles/[\w.]+", table))
    assert roles
    assert not {role for role in roles if re.search(r"IamAdmin|roleAdmin|serviceAccountAdmin|storage\.admin|run\.admin", role)}
    assert page is DEPLOY or not {role for role in roles if not re.search(r"[vV]iewer|Reader", role)}

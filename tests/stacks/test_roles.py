"""Whoever deploys, the workflow that deploys and the one that plans have what the stacks' resources need, and
docs/production.md says which permissions those are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest

from interlock.reading.environment_file import parse_environment
from interlock.roles import DEPLOY, DEPLOYER, PLAN, Actor
from interlock.terminal.granting.bindings import account_of
from tests.golden import shown_in
from tests.interlock.production import filled_in
from tests.stacks.conftest import ROOT, Stacks

PAGE = ROOT / "docs" / "production.md"
TYPE = re.compile(r"google_[a-z0-9_]+")
LOCAL = {"terraform_data"}
"""What is only in the state."""
READS = {"fullView", "get", "getIamPolicy", "list"}
HANDS_OUT = re.compile(
    r"setIamPolicy|^iam\.(roles|serviceAccounts)\.(create|delete|update|undelete)|^storage\.buckets\.(create|delete)"
)


def types(stacks: Stacks) -> set[str]:
    return {kind for stack in stacks.values() for kind in stack["resource"]} - LOCAL


def named(actor: Actor) -> set[str]:
    return {kind for grant in actor.grants for why in grant.rights.values() for kind in TYPE.findall(why)}


def permissions(actor: Actor) -> set[str]:
    return {permission for grant in actor.grants for permission in grant.permissions}


OF_OBJECTS = {"google_storage_bucket_object"}
"""Objects of both buckets have the same permissions, whatever they are needed for."""


def test_who_deploys_everything_has_permissions_for_each_type_of_resource(shop: Stacks) -> None:
    assert named(DEPLOYER) | OF_OBJECTS == types(shop)
    assert {f"storage.objects.{verb}" for verb in ("create", "delete", "get")} <= permissions(DEPLOYER)


def test_the_workflow_has_permissions_for_each_type_of_the_stack_that_it_applies(shop: Stacks) -> None:
    assert named(DEPLOY) == types({"schedules": shop["schedules"]})


def test_who_plans_may_read_each_type_of_resource(shop: Stacks) -> None:
    assert named(PLAN) | OF_OBJECTS == types(shop)


@pytest.mark.parametrize("actor", [DEPLOY, PLAN], ids=lambda actor: actor.name)
def test_no_workflow_of_every_day_hands_out_rights(actor: Actor) -> None:
    assert not {permission for permission in permissions(actor) if HANDS_OUT.search(permission)}
    assert actor is DEPLOY or {permission.rpartition(".")[2] for permission in permissions(actor)} <= READS


def test_who_deploys_everything_does() -> None:
    """Else the test above would find nothing to forbid."""
    assert {permission for permission in permissions(DEPLOYER) if HANDS_OUT.search(permission)}


def table(actor: Actor) -> str:
    """The permissions of an actor for people: a row a grant, what is of one kind in a line."""

    def rows() -> Iterator[str]:
        for grant in actor.grants:
            where = grant.place.value + (
                f", under {' and '.join(f'`{one}`' for one in grant.prefixes)}" if grant.prefixes else ""
            )
            kinds: dict[str, list[str]] = {}
            for permission in grant.permissions:
                kind, _, verb = permission.rpartition(".")
                kinds.setdefault(kind, []).append(verb)
            listed = "<br>".join(f"`{kind}`: {', '.join(verbs)}" for kind, verbs in kinds.items())
            yield f"| `{grant.role.id}` | {where.replace('{env}', 'production')} | {listed} |"

    return "\n".join(["| Role | On | Permissions |", "| --- | --- | --- |", *rows(), ""])


@pytest.mark.golden
@pytest.mark.parametrize("actor", [DEPLOYER, DEPLOY, PLAN], ids=lambda actor: actor.name)
def test_the_page_shows_the_permissions(actor: Actor) -> None:
    shown_in(PAGE, f"permissions: {actor.name}", table(actor))


def test_the_accounts_of_the_pages_commands_are_those_that_roles_makes() -> None:
    env = parse_environment("production", filled_in(), "production.yaml")
    text = PAGE.read_text(encoding="utf-8")
    for actor in (DEPLOY, PLAN):
        assert f"{account_of(actor, env).partition('@')[0]}@" in text


def test_a_shell_takes_each_block_of_commands_of_the_page() -> None:
    blocks = re.findall(r"^```\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) > 3
    for block in blocks:
        words = shlex.split(block.replace("\\\n", ""), comments=True)
        assert words
        assert not {word for word in words if word.startswith("<")}, "a shell would read a file of that name"


def test_what_the_page_says_alerting_costs_is_for_as_many_conditions_as_there_are(shop: Stacks) -> None:
    policies = shop["alerting"]["resource"]["google_monitoring_alert_policy"].values()
    kinds = [kind for policy in policies for condition in policy["conditions"] for kind in condition if kind != "display_name"]
    of_metrics = [kind for kind in kinds if kind != "condition_matched_log"]
    assert f"{len(of_metrics)} conditions on metrics" in PAGE.read_text(encoding="utf-8")

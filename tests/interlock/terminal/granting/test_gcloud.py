"""The line that mends what Google refuses: the very grant that `interlock roles` writes, and no more."""

from __future__ import annotations

import shlex

import pytest

from interlock.reading.environment_file import parse_environment
from interlock.roles import ACTORS, DEPLOYER, Actor
from interlock.terminal.granting.gcloud import commands, member_of, mending
from interlock.terraform.refusals import Lack
from tests.interlock.production import filled_in

ENV = parse_environment("production", filled_in(), "environments/production.yaml")
P = ENV.project
DEPLOYS = ENV.account("deploys")


def right(name: str, member: str = "") -> Lack:
    return Lack(rights=(name,), member=member)


PRINTED = [
    shlex.split(text.replace("\\\n", ""), comments=True)
    for actor in ACTORS
    for text in commands(actor, ENV, f"serviceAccount:{DEPLOYS}")
]


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.name)
def test_every_right_has_a_line_that_roles_prints_too(actor: Actor) -> None:
    for name in (name for grant in actor.grants for name in grant.permissions):
        assert shlex.split(mending(right(name, DEPLOYS), ENV)) in PRINTED, name


def test_who_deploys_gets_no_right_beyond_its_own_buckets() -> None:
    line = mending(right("storage.buckets.delete"), ENV)
    assert line.startswith(f"gcloud projects add-iam-policy-binding {P} --member=MEMBER ")
    assert f"projects/_/buckets/{ENV.bucket}" in line
    assert "--condition=None" not in line


@pytest.mark.parametrize(
    ("lack", "line"),
    [
        pytest.param(Lack(api="run.googleapis.com"), f"gcloud services enable run.googleapis.com --project={P}", id="an API"),
        pytest.param(
            right("cloudscheduler.jobs.create", DEPLOYS),
            f"gcloud projects add-iam-policy-binding {P} --member=serviceAccount:{DEPLOYS}"
            f" --role=projects/{P}/roles/{DEPLOYER.grants[0].role.id} --condition=None",
            id="a right in the project",
        ),
        pytest.param(right("compute.networks.create"), "", id="a right that no role of ours has"),
    ],
)
def test_the_line_to_type(lack: Lack, line: str) -> None:
    assert mending(lack, ENV) == line


def test_who_is_named_as_policies_name_them() -> None:
    assert [member_of(who) for who in ("a@b.c", DEPLOYS, "")] == ["user:a@b.c", f"serviceAccount:{DEPLOYS}", "MEMBER"]

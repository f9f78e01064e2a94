"""`interlock roles`: what an owner of a project pastes, as golden files, and that it is what `interlock.roles` says."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from interlock.roles import ACTORS, Actor
from tests.golden import golden
from tests.interlock.commands.conftest import Run

BY_AN_OWNER = ("deployer", "deploy", "plan")


@pytest.mark.golden
@pytest.mark.parametrize(("style", "suffix"), [("table", "txt"), ("gcloud", "sh"), ("terraform", "tf")])
def test_what_an_owner_reads_and_pastes(run: Run, style: str, suffix: str) -> None:
    done = run("roles", "--format", style, COLUMNS="80")
    assert done.returncode == 0, done.stderr
    golden(f"commands/roles.{suffix}", done.stdout)


def spelled(text: str) -> list[list[str]]:
    """The words of each command, as a shell takes them: a line that ends with a backslash goes on in the next."""
    return [shlex.split(command, comments=True) for command in text.replace("\\\n", "").split("\n\n")]


@pytest.mark.parametrize("actor", ACTORS, ids=[actor.name for actor in ACTORS])
def test_each_own_role_is_made_with_its_permissions_in_each_form(run: Run, actor: Actor) -> None:
    said = run("roles", "--actor", actor.name, "--format", "gcloud", "--member", "user:a@acme.dev").stdout
    made = {words[1]: tuple(words[-1].partition("=")[2].split(",")) for words in spelled(said) if words[:1] == ["put_role"]}
    assert made == {role.id: permissions for role, permissions in actor.roles()}
    hcl = run("roles", "--actor", actor.name, "--format", "terraform", "--member", "user:a@acme.dev").stdout
    listed = {
        name: tuple(re.findall(r'^    "(.*)",$', text, re.MULTILINE))
        for name, text in re.findall(r'"google_project_iam_custom_role" "(\w+)" \{(.*?)\n\}', hcl, re.DOTALL)
    }
    assert listed == made


@pytest.mark.parametrize(("is_there", "verb"), [(False, "create"), (True, "update")], ids=["a new role", "one that lacks some"])
def test_a_role_is_made_or_changed(run: Run, tmp_path: Path, is_there: bool, verb: str) -> None:
    """Who upgrades pastes the same again: a role of an earlier Interlock gets what it lacks."""
    gcloud = tmp_path / "gcloud"
    gcloud.write_text(f'#!/bin/sh\n[ "$3" = describe ] && exit {0 if is_there else 1}\necho "$@" >>"{tmp_path}/said"\n')
    gcloud.chmod(0o755)
    script = run("roles", "--format", "gcloud", "--member", "user:a@acme.dev", "--actor", "plan").stdout
    subprocess.run(["sh", "-eu"], input=script, text=True, check=True, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    said = [line.split() for line in (tmp_path / "said").read_text().splitlines()]
    assert {tuple(words[2:4]) for words in said if words[1] == "roles"} == {
        (verb, role.id) for role, _ in next(actor for actor in ACTORS if actor.name == "plan").roles()
    }


@pytest.mark.parametrize("actor", [actor for actor in ACTORS if actor.by_the_stacks is False], ids=lambda actor: actor.name)
def test_each_grant_is_one_binding_on_each_thing_that_it_is_on(run: Run, actor: Actor) -> None:
    said = run("roles", "--actor", actor.name, "--format", "gcloud", "--member", "user:a@acme.dev").stdout
    bindings = [words for words in spelled(said) if "add-iam-policy-binding" in words]
    assert len(bindings) == len(actor.grants), "one account of jobs in the local environment"
    for words in bindings:
        assert "--member=user:a@acme.dev" in words
        conditions = [word for word in words if word.startswith("--condition=")]
        assert len(conditions) == 1, "gcloud asks where a policy has conditions and none is said"


def test_terraform_takes_what_is_written_for_it(run: Run) -> None:
    if shutil.which("terraform") is None:
        pytest.skip("no terraform here")
    for words in ((), ("--actor", "operator"), ("--actor", "scraper")):
        text = run("roles", "--format", "terraform", *words).stdout
        done = subprocess.run(["terraform", "fmt", "-"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout == text, "as terraform fmt leaves it"


def test_for_programs_it_says_what_each_permission_is_for(run: Run) -> None:
    actors = json.loads(run("roles", "--format", "json").stdout)
    assert tuple(actor["actor"] for actor in actors) == BY_AN_OWNER
    assert {actor["granted_by"] for actor in actors} == {"an owner of the project"}
    assert all(why for actor in actors for grant in actor["grants"] for why in grant["permissions"].values())


def test_what_the_stacks_grant_says_so(run: Run) -> None:
    assert "# The stacks grant this" in run("roles", "--actor", "operator", "--format", "gcloud").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--member", "user:a@acme.dev"], "--member is for one --actor"),
        (["--member", "a@acme.dev", "--actor", "plan"], "is no member"),
        (["--actor", "nobody"], "'nobody' is not one of"),
    ],
)
def test_a_mistake_is_said(run: Run, words: list[str], said: str) -> None:
    done = run("roles", *words)
    assert done.returncode == 2
    assert said in done.stderr

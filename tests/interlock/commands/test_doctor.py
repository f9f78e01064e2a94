"""`interlock doctor` on the local target, before anything exists, after bootstrap, and with what may lack."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from interlock.commands import doctor
from interlock.roles import DEPLOYER
from interlock.terminal.machine import Finding
from local.emulator import serve
from tests.e2e.granting import Owner
from tests.interlock.commands.conftest import ENVIRONMENT, Run
from tests.local.plain import Rest

Look = Callable[..., tuple[int, dict[str, list[tuple[str, str]]]]]
TOPIC = next(channel.target for channel in ENVIRONMENT.notification_channels.values() if channel.kind == "pubsub")


@pytest.fixture
def url(tmp_path: Path) -> object:
    with serve(tmp_path / "state") as running:
        yield running.url


@pytest.fixture(autouse=True)
def _good_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine has is told by tests of its own."""
    for part in ("_tools", "_installed", "_around"):
        monkeypatch.setattr(doctor, part, lambda: [Finding("tool", "1.0")])


@pytest.fixture
def look(run: Run, url: str) -> Look:
    """Looks, and gives the exit code and what is wrong or worth a note, by what it is about."""

    def call(*words: str) -> tuple[int, dict[str, list[tuple[str, str]]]]:
        done = run("doctor", "--format", "json", *words, INTERLOCK_LOCAL_URL=url)
        found: dict[str, list[tuple[str, str]]] = {}
        for row in json.loads(done.stdout):
            found.setdefault(row["what"], []).append((row["state"], row["advice"] or ""))
        return done.returncode, found

    return call


def wrong(found: dict[str, list[tuple[str, str]]]) -> dict[str, str]:
    return {what: advice for what, rows in found.items() for state, advice in rows if state == "wrong"}


def test_it_is_red_before_bootstrap_and_green_after_what_it_said_was_done(run: Run, look: Look, url: str) -> None:
    code, found = look()
    assert code == 1
    assert wrong(found).keys() == {"APIs", "state bucket", "channels"}
    assert wrong(found)["state bucket"] == "make bootstrap"
    assert wrong(found)["channels"] == f"gcloud pubsub topics create {TOPIC}"
    assert run("bootstrap", INTERLOCK_LOCAL_URL=url).returncode == 0
    Rest(url)("PUT", f"/v1/{TOPIC}", {})
    code, found = look()
    assert (code, wrong(found)) == (0, {})
    assert found["APIs"][0][0] == "note"


@pytest.mark.parametrize("actor", ["deployer", "deploy", "plan", "operator"])
def test_it_reads_and_never_writes(look: Look, url: str, actor: str) -> None:
    Rest(url)("DELETE", "/_local/requests")
    look("--as", actor)
    asked = Rest(url)("GET", "/_local/requests").json["methods"]
    assert asked
    assert all(name.rpartition(".")[2] in {"get", "list", "getIamPolicy", "testIamPermissions"} for name in asked), asked


@pytest.mark.parametrize("api", ["serviceusage", "cloudresourcemanager", "iam", "storage", "pubsub"])
def test_an_api_that_does_not_answer_is_named_with_the_line_to_type(run: Run, look: Look, url: str, api: str) -> None:
    run("bootstrap", INTERLOCK_LOCAL_URL=url)
    Rest(url)("POST", "/_local/faults", {"faults": [f"api {api}.googleapis.com off"]})
    code, found = look()
    assert code == 1
    assert f"gcloud services enable {api}.googleapis.com --project=interlock-local" in wrong(found).values()


@pytest.fixture
def as_deployer(url: str) -> Callable[..., str]:
    """Makes an account that has the deployer's role but for what `lacks`, and gives the token that it acts with."""

    def call(*lacks: str) -> str:
        owner = Owner(url=url, env=ENVIRONMENT)
        email = owner.account("deployer")
        grants = [
            replace(grant, rights={right: why for right, why in grant.rights.items() if right not in lacks})
            for grant in DEPLOYER.grants
        ]
        owner.grant(replace(DEPLOYER, grants=tuple(grants)), email)
        return f"local:{email}"

    return call


def test_it_and_bootstrap_need_nothing_beyond_what_the_deployer_has(
    run: Run, url: str, as_deployer: Callable[..., str]
) -> None:
    Rest(url)("PUT", f"/v1/{TOPIC}", {})
    env = {"INTERLOCK_LOCAL_URL": url, "GOOGLE_OAUTH_ACCESS_TOKEN": as_deployer()}
    made = run("bootstrap", **env)
    assert made.returncode == 0, made.stderr
    done = run("doctor", "--format", "json", **env)
    rows = {row["what"]: row for row in json.loads(done.stdout)}
    assert {what for what, row in rows.items() if row["state"] != "ok"} == {"APIs", "datasets"}, "nothing that it may not read"
    assert "the first deploy turns them on" in rows["APIs"]["found"]
    assert rows["datasets"]["advice"] == "the local stand-in has no BigQuery"
    assert "deployer@interlock-local.iam.gserviceaccount.com" in rows["credentials"]["found"]
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("permission", "where"),
    [
        ("cloudscheduler.jobs.create", "interlock-local"),
        ("iam.serviceAccounts.actAs", "interlock-local"),
        ("run.services.setIamPolicy", "interlock-local"),
        ("storage.objects.delete", "gs://interlock-local-state"),
    ],
)
def test_a_permission_that_was_not_granted_is_named_with_where(
    run: Run, url: str, as_deployer: Callable[..., str], permission: str, where: str
) -> None:
    env = {"INTERLOCK_LOCAL_URL": url}
    run("bootstrap", **env)
    token = as_deployer(permission)
    done = run("doctor", "--format", "json", **env, GOOGLE_OAUTH_ACCESS_TOKEN=token)
    (found,) = [row for row in json.loads(done.stdout) if row["what"] == "permissions" and row["state"] == "wrong"]
    assert found["found"] == f"{permission} on {where}: not granted"
    assert found["advice"] == ".venv/bin/interlock roles --actor deployer"
    assert done.returncode == 1


def test_for_people_it_fits_80_columns_but_for_commands_and_ends_with_how_much_there_is_to_do(run: Run, url: str) -> None:
    done = run("doctor", INTERLOCK_LOCAL_URL=url, COLUMNS="80")
    lines = done.stdout.splitlines()
    assert all(len(line) <= 80 or line.strip().startswith("gcloud ") for line in lines)
    assert lines[-1] == "3 things to mend, from the top."
    assert done.stdout == run("doctor", INTERLOCK_LOCAL_URL=url, COLUMNS="80").stdout


def test_an_environment_that_nobody_has_filled_in_is_not_asked(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.interlock.production import UNFILLED

    (tmp_path / "elsewhere/environments").mkdir(parents=True)
    (tmp_path / "elsewhere/environments/production.yaml").write_text(UNFILLED)

    def refuse(*_: object) -> None:
        raise AssertionError("a project is asked that may be somebody else's")

    monkeypatch.setattr(doctor, "GoogleProject", refuse)
    monkeypatch.setattr(doctor, "environments_folder", lambda: tmp_path / "elsewhere/environments")
    done = run("doctor", "--env", "production", "--format", "json")
    assert done.returncode == 1
    rows = [row for row in json.loads(done.stdout) if row["what"] == "environment"]
    assert rows
    assert all(row["state"] == "wrong" and "production.yaml:" in row["found"] for row in rows)
    assert any(row["advice"] == "write your own" for row in rows)

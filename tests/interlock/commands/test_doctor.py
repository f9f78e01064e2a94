"""`interlock doctor` on the local target, before anything exists, after bootstrap, and with what may lack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from interlock.apis import FIRST
from interlock.commands import deploy, doctor
from interlock.gcp.project import GoogleProject
from interlock.roles import DEPLOYER, Place
from interlock.terminal.doctor.looking import Look
from interlock.terminal.doctor.rights import lacking, rights
from interlock.terminal.machine import Finding
from interlock.terminal.preparing import BOOTSTRAP_TAKES
from local.emulator import serve
from tests.e2e.granting import Owner
from tests.interlock.catalogs import CLEAN, load
from tests.interlock.commands.conftest import ENVIRONMENT, Run
from tests.local.plain import Rest

Doctor = Callable[..., tuple[int, dict[str, list[tuple[str, str]]]]]
TOPIC = next(channel.target for channel in ENVIRONMENT.notification_channels.values() if channel.kind == "pubsub")


@pytest.fixture
def url(tmp_path: Path) -> object:
    with serve(tmp_path / "state", enabled=()) as running:
        yield running.url


@pytest.fixture(autouse=True)
def _good_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine has is told by tests of its own."""
    for part in ("_tools", "_installed", "_around"):
        monkeypatch.setattr(doctor, part, lambda: [Finding("tool", "1.0")])


@pytest.fixture
def look(run: Run, url: str) -> Doctor:
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


def test_it_is_red_before_bootstrap_and_green_after_what_it_said_was_done(run: Run, look: Doctor, url: str) -> None:
    code, found = look()
    assert code == 1
    assert wrong(found)["state bucket"] == "make bootstrap"
    assert wrong(found)["APIs"].startswith("gcloud services enable ")
    assert {*wrong(found).values()} - {wrong(found)["APIs"], "make bootstrap"} == {
        f"gcloud services enable {api}.googleapis.com --project=interlock-local" for api in ("cloudresourcemanager", "iam")
    }, "what can't be told before"
    assert run("bootstrap", INTERLOCK_LOCAL_URL=url).returncode == 0
    code, found = look()
    assert (code, wrong(found)) == (0, {})
    assert found["APIs"][0][0] == "note"
    assert found["channels"] == [("note", "gcloud services enable pubsub.googleapis.com --project=interlock-local")]


@pytest.mark.parametrize("actor", ["deployer", "deploy", "plan", "operator"])
def test_it_reads_and_never_writes(look: Doctor, url: str, actor: str) -> None:
    Rest(url)("DELETE", "/_local/requests")
    look("--as", actor)
    asked = Rest(url)("GET", "/_local/requests").json["methods"]
    assert asked
    assert all(name.rpartition(".")[2] in {"get", "list", "getIamPolicy", "testIamPermissions"} for name in asked), asked


@pytest.mark.parametrize("api", ["serviceusage", "cloudresourcemanager", "iam", "storage", "pubsub"])
def test_an_api_that_does_not_answer_is_named_with_the_line_to_type(run: Run, look: Doctor, url: str, api: str) -> None:
    """Once something is deployed; before, what the first deploy turns on is a note."""
    run("bootstrap", INTERLOCK_LOCAL_URL=url)
    Rest(url)("POST", f"/storage/v1/b?project={ENVIRONMENT.project}", {"name": ENVIRONMENT.bucket})
    Rest(url)("POST", "/_local/faults", {"faults": [f"api {api}.googleapis.com off"]})
    code, found = look()
    assert code == 1
    assert f"gcloud services enable {api}.googleapis.com --project=interlock-local" in wrong(found).values()


def deployer(url: str) -> str:
    """The token of an account that has the deployer's roles."""
    owner = Owner(url=url, env=ENVIRONMENT)
    owner.enable(*FIRST)
    email = owner.account("deployer")
    owner.grant(DEPLOYER, email)
    return f"local:{email}"


def test_it_and_bootstrap_need_nothing_beyond_what_the_deployer_has(run: Run, url: str) -> None:
    env = {"INTERLOCK_LOCAL_URL": url, "GOOGLE_OAUTH_ACCESS_TOKEN": deployer(url)}
    made = run("bootstrap", **env)
    assert made.returncode == 0, made.stderr
    done = run("doctor", "--format", "json", **env)
    rows = {row["what"]: row for row in json.loads(done.stdout)}
    assert {what for what, row in rows.items() if row["state"] != "ok"} == {"APIs", "channels", "datasets"}, (
        "nothing that it may not read"
    )
    assert "the first deploy turns them on" in rows["APIs"]["found"]
    assert rows["datasets"]["advice"] == "the local stand-in has no BigQuery"
    assert "deployer@interlock-local.iam.gserviceaccount.com" in rows["credentials"]["found"]
    assert done.returncode == 0


WHERE = {
    permission: "interlock-local" if grant.place is Place.PROJECT else "gs://interlock-local-state"
    for grant in DEPLOYER.grants
    for permission in grant.permissions
}


@dataclass(frozen=True)
class Granted:
    """A project whose deployer has all rights, but those that are taken."""

    url: str
    token: str

    @contextmanager
    def without(self, permission: str) -> Iterator[None]:
        """Takes one, as long as this lasts."""
        [(role, permissions)] = [found for found in DEPLOYER.roles() if permission in found[1]]
        path = f"/v1/{role.name(ENVIRONMENT.project)}?updateMask=includedPermissions"
        left = [one for one in permissions if one != permission]
        assert Rest(self.url)("PATCH", path, {"includedPermissions": left}).status == 200
        yield
        assert Rest(self.url)("PATCH", path, {"includedPermissions": [*permissions]}).status == 200


@pytest.fixture(scope="module")
def granted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Granted]:
    with serve(tmp_path_factory.mktemp("all") / "state") as running:
        ensure = {"name": ENVIRONMENT.state_bucket, "location": ENVIRONMENT.location}
        Rest(running.url)("POST", f"/storage/v1/b?project={ENVIRONMENT.project}", ensure)
        yield Granted(running.url, deployer(running.url))


@pytest.mark.parametrize("permission", WHERE)
def test_a_permission_that_was_not_granted_is_found_with_where(
    granted: Granted, permission: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", granted.url)
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", granted.token)
    project = GoogleProject(ENVIRONMENT.project)
    look = Look(environment=ENVIRONMENT, catalog=load(CLEAN), project=project, actor="deployer", is_deployed=False)
    with granted.without(permission):
        (found,) = [finding for finding in rights(look) if finding.wrong]
        assert found.found == f"{permission} on {WHERE[permission]}: not granted"
        assert [*lacking(DEPLOYER, ENVIRONMENT, project)] == [(WHERE[permission], [permission])]
    assert [*lacking(DEPLOYER, ENVIRONMENT, project)] == []


ALL_THE_WAY = {**{place: name for name, place in WHERE.items()}, **{name: name for name in BOOTSTRAP_TAKES}}
"""One of each place, and those that a deploy makes use of before it asks for the others."""


@pytest.mark.parametrize("permission", sorted({*ALL_THE_WAY.values()}))
def test_what_lacks_is_said_by_doctor_and_before_a_first_deploy(
    run: Run, granted: Granted, permission: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploy, "check_tools", lambda: None)
    where = WHERE[permission]
    env = {"INTERLOCK_LOCAL_URL": granted.url, "GOOGLE_OAUTH_ACCESS_TOKEN": granted.token}
    with granted.without(permission):
        done = run("doctor", "--format", "json", **env)
        refused = run("deploy", **env)
    (found,) = [row for row in json.loads(done.stdout) if row["what"] == "permissions" and row["state"] == "wrong"]
    assert found["found"] == f"{permission} on {where}: not granted"
    assert found["advice"] == ".venv/bin/interlock roles --actor deployer --format gcloud"
    assert done.returncode == 1
    said = " ".join(refused.stderr.split())
    assert f"lacks {permission} on {where}; nothing is done; run: {found['advice']}" in said
    assert refused.returncode == 2


def test_for_people_it_fits_80_columns_but_for_commands_and_ends_with_how_much_there_is_to_do(run: Run, url: str) -> None:
    done = run("doctor", INTERLOCK_LOCAL_URL=url, COLUMNS="80")
    lines = done.stdout.splitlines()
    assert all(len(line) <= 80 or line.strip().startswith("gcloud ") for line in lines)
    assert lines[-1] == "7 things to mend, from the top."
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

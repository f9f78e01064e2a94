"""The commands as people type them, with the real cdktf, terraform and gcloud."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
import urllib.request
from contextlib import chdir
from datetime import timedelta
from pathlib import Path

import pytest

from interlock import roles
from interlock.pasted import LOCAL
from interlock.terminal.synthesized import inputs, is_fresh
from tests.e2e.conftest import SMALL, serve
from tests.e2e.deployment import (
    FAR,
    ROOT,
    Deployment,
    clean_environ,
    finish,
    instant,
    local_environment,
    start,
)
from tests.e2e.first_deploy import deploy_twice_and_toggle
from tests.e2e.test_flags import BOOKS, DECLARED, MARTS
from tests.e2e.test_rights import check
from tests.interlock.production import filled_in
from tests.shop import BACKFILL, shop

BIN = Path(sys.prefix) / "bin"
PATIENCE_SECONDS = 120
LOCAL_RUN = (str(BIN / "python"), "-m", "local", "run", "--state")


@pytest.mark.golden
def test_a_first_deploy_makes_everything_a_second_changes_nothing_and_who_does_all_that_needs_what_was_granted(
    nothing: Deployment,
) -> None:
    del nothing.environ["INTERLOCK_CATALOG"]  # the shop's
    nothing.synthesize(Path("catalog"))
    deploy_twice_and_toggle(nothing, shop(), BACKFILL, "12 jobs: 10 enabled, 2 paused (2 by declaration); no drift")
    nothing.interlock("destroy", "--yes").succeeded()
    check(nothing, roles.DEPLOYER, local_environment().account("deployer"))


def test_the_plain_cdktf_command_of_the_readme_turns_a_backfill_on(deployed_small: Path) -> None:
    folder, environ = deployed_small / "work", clean_environ() | {"INTERLOCK_CATALOG": str(SMALL), "CI": "1"}
    on = ["cdktf", "deploy", "schedules", "--auto-approve", "--var", "backfill_mode=true", "--var"]
    said = finish(start([*LOCAL_RUN, str(deployed_small / "cloud"), "--", *on, 'backfills=["books"]'], folder, environ))
    assert said.succeeded().raw.startswith("LOCAL STAND-IN, not Google Cloud: http://127.0.0.1:")
    with chdir(folder):
        assert is_fresh(folder / "cdktf.out" / LOCAL, inputs(SMALL, LOCAL, environ)), "our commands take it as it is"
    with serve(deployed_small) as deployment:
        assert deployment.paused() == BOOKS | DECLARED
        assert list(deployment.flags()) == ["books"]
        assert deployment.plan().changes == {}


@pytest.mark.long
def test_sigterm_to_local_run_ends_the_whole_family_and_a_rerun_converges(deployed_small: Path) -> None:
    state, environ = deployed_small / "cloud", clean_environ() | {"INTERLOCK_CATALOG": str(SMALL)}
    words = [*LOCAL_RUN, str(state), "--latency", "400ms", "--", str(BIN / "interlock"), "backfill", "on", "marts"]
    process = start(words, deployed_small / "work", environ)
    end = time.monotonic() + PATIENCE_SECONDS
    while _pauses(state) == 0:
        assert process.poll() is None, finish(process).raw
        assert time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert finish(process).code == 1
    assert _family(state) == []
    with serve(deployed_small) as deployment:
        assert list(deployment.storage().list_blobs("interlock-local-state", match_glob="**/*.tflock")) == []
        deployment.deploy(backfill_mode=True, backfills=["marts"])
        assert deployment.paused() == MARTS | DECLARED


def _pauses(state: Path) -> int:
    """How many pauses the cloud of a `local run` has seen."""
    try:
        url = json.loads((state / "run.json").read_text(encoding="utf-8"))["url"]
        with urllib.request.urlopen(f"{url}/_local/requests") as answer:  # noqa: S310
            methods = json.load(answer)["methods"]
    except (OSError, ValueError):
        return 0
    return int(methods.get("cloudscheduler.projects.locations.jobs.pause", 0))


def _family(state: Path) -> list[str]:
    """The live processes that were started for this state folder."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("needs /proc")
    mark = f"CLOUDSDK_CONFIG={state.resolve()}/".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.mark.long
def test_destroy_leaves_nothing_holds_and_old_versions_included(small: Deployment) -> None:
    small.apply(backfill_mode=True, backfills=["books"]).succeeded()
    small.apply(backfill_mode=True, backfills=["books"], backfill_until=instant(FAR)).succeeded()  # leaves an old version
    for content in ("{}", '{"reason": "again"}'):
        small.put(f"holds/job/odds/patch@{instant(timedelta(hours=1))}.json", content)
    small.put("somebody's notes", "are in the bucket, too")
    env = local_environment()
    account = f"/v1/projects/{env.project}/serviceAccounts/{env.invoker}"
    before = small.api("GET", account)
    assert f"The account {env.invoker} stays" in small.interlock("destroy").succeeded().text
    assert small.jobs() == {}
    assert small.api("GET", account) == before, "others may use it"
    assert list(small.storage().list_buckets()) == []


def _only(tmp_path: Path, *tools: str) -> str:
    """A PATH with nothing but these tools."""
    folder = tmp_path
    folder.mkdir(parents=True)
    for tool in tools:
        found = shutil.which(tool)
        assert found
        (folder / tool).symlink_to(found)
    return str(folder)


@pytest.mark.parametrize(
    ("words", "environ", "message"),
    [
        pytest.param(("backfill", "on", "nope"), {}, "unknown backfill nope; known: books, marts", id="an unknown backfill"),
        pytest.param(("backfill", "on"), {}, "name the backfills, or say --every", id="no backfill at all"),
        pytest.param(
            ("backfill", "on", "books", "--until", "tomorrow"), {}, "'tomorrow' is no time", id="an end that is no instant"
        ),
        pytest.param(("backfill", "on", "books", "--until", "2020-01-01T00:00:00Z"), {}, "has passed", id="an end in the past"),
        pytest.param(
            ("backfill", "on", "books", "--until", "2099-01-01T00:00:00Z"), {}, "too far away", id="an end too far away"
        ),
        pytest.param(
            ("deploy", "--env", "staging"),
            {},
            "there is no environment 'staging'; known: local, production",
            id="an unknown environment",
        ),
        pytest.param(("unlock", "nope"), {}, "'nope' is not one of 'coordination', 'schedules'", id="an unknown stack"),
        pytest.param(
            ("deploy",), {"INTERLOCK_CATALOG": "/nowhere"}, "there is no catalog here", id="a catalog that is not there"
        ),
    ],
)
def test_a_mistake_is_explained_and_nothing_is_written(
    small: Deployment, words: tuple[str, ...], environ: dict[str, str], message: str
) -> None:
    before = small.writes()
    said = small.interlock(*words, **environ)
    assert said.code == 2, said.raw
    assert message in said.text
    assert "Traceback" not in said.raw
    assert small.writes() == before


@pytest.mark.parametrize(
    ("there", "message"),
    [
        pytest.param(("node",), "terraform is missing: install Terraform 1.11 or newer", id="no terraform"),
        pytest.param(("terraform",), "Node.js is missing: install Node.js 20 to 26", id="no node"),
    ],
)
def test_a_missing_tool_is_named_with_what_to_install(
    small: Deployment, tmp_path: Path, there: tuple[str, ...], message: str
) -> None:
    before = small.writes()
    for words in (("deploy", "--synth"), ("backfill", "on", "books", "--synth"), ("destroy", "--synth")):
        said = small.interlock(*words, PATH=_only(tmp_path / words[0], *there), TERRAFORM_BINARY_NAME="")
        assert said.code == 2, said.raw
        assert message in said.text
    assert small.writes() == before


def test_every_mistake_in_a_catalog_is_said_with_file_and_line_before_anything_is_deployed(
    small: Deployment, small_text: str, tmp_path: Path
) -> None:
    (tmp_path / "catalog" / "small").mkdir(parents=True)
    bad = small_text.replace('"0 6 * * *"', '"0 6 * *"').replace("runs: [odds]", "runs: [odd]")
    (tmp_path / "catalog" / "small" / "small.yaml").write_text(bad, encoding="utf-8")
    before = small.writes()
    said = small.interlock("deploy", INTERLOCK_CATALOG=str(tmp_path / "catalog"))
    assert said.code == 2, said.raw
    for wrong in ('"0 6 * *"', "runs: [odd]"):
        line = next(number for number, text in enumerate(bad.splitlines(), start=1) if wrong in text)
        assert f"catalog/small/small.yaml:{line}" in said.raw
    assert "2 problems; nothing was done." in said.text
    assert small.writes() == before


def test_production_refuses_the_variables_of_the_local_target(small: Deployment) -> None:
    environments = small.folder / "environments"
    environments.unlink()
    shutil.copytree(ROOT / "environments", environments)
    (environments / "production.yaml").write_text(filled_in(), encoding="utf-8")
    before = small.writes()
    for words in (("status",), ("deploy",), ("backfill", "off", "books"), ("destroy",)):
        said = small.interlock(*words, INTERLOCK_ENV="production")
        assert said.code == 2, said.raw
        assert "production refuses variables of the local target; run: unset" in said.text
        assert "STORAGE_EMULATOR_HOST" in said.text
    synth = small.run(str(BIN / "python"), "main.py", INTERLOCK_ENV="production", CDKTF_OUTDIR="cdktf.out/production")
    assert "production refuses variables of the local target" in synth.refused().text
    assert not (small.folder / "cdktf.out" / "production").exists()
    assert small.writes() == before


def test_local_run_refuses_another_environment(tmp_path: Path) -> None:
    environ = clean_environ() | {"INTERLOCK_ENV": "production"}
    said = finish(start([*LOCAL_RUN, str(tmp_path / "cloud"), "--", "true"], tmp_path, environ))
    assert said.code == 2
    assert "INTERLOCK_ENV=production, but `local run` is only for the local target" in said.text
    assert not (tmp_path / "cloud").exists()


def test_drift_that_gcloud_makes_shows_in_gcloud_in_status_and_in_the_next_plan(small: Deployment) -> None:
    if shutil.which("gcloud") is None:
        reason = "gcloud is not installed; install the Google Cloud CLI"
        assert os.environ.get("INTERLOCK_REQUIRE_GCLOUD") != "1", reason
        pytest.skip(reason)
    place = ("--location", "us-east1")
    small.run("gcloud", "scheduler", "jobs", "pause", "odds", *place).succeeded()
    described = small.run("gcloud", "scheduler", "jobs", "describe", "odds", *place, "--format=value(state,description)")
    assert described.succeeded().text == "PAUSED Odds"
    status = small.interlock("status")
    assert status.code == 1
    assert "1 job is paused although nothing holds it:" in status.text
    assert "6 jobs: 4 enabled, 2 paused (1 by declaration, 1 by nothing that is known); 1 not as they should be" in status.text
    assert small.plan().jobs == {"odds": "resume"}
    small.deploy()
    assert small.interlock("status").code == 0

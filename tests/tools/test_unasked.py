"""What the deploy workflow refuses of a plan: the step as it is in the workflow, on plans that Terraform made."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import CliRunner

from interlock.graph import scopes
from interlock.reading.files import load_catalog
from interlock.terraform.plan import load_plan
from tests.tools.plans import change, plan_text
from tests.workflows.test_workflows import script
from tools.unasked import main, toggle_of

ROOT = Path(__file__).parents[2]
PLANS = ROOT / "tests" / "interlock" / "terraform" / "plans"
STEP = "What nobody asked for"
SMALL = ROOT / "tests" / "e2e" / "catalog"
DECLARES = {"backfill/books": ("a", "b"), "backfill/marts": ("b", "c"), "job/a": ("a",)}
ASKED_ON = {"backfill_mode": {"value": True}, "backfills": {"value": ["books"]}}


def run_step(environ: Mapping[str, str]) -> tuple[int, str]:
    """The exit code of the step, and what it says is wrong: what it runs, in this process."""
    assert shlex.split(script("deploy.yml", STEP)) == [".venv/bin/python", "-m", "tools.unasked", "$STACK/plan.json"]
    with chdir(ROOT):
        done = CliRunner().invoke(main, [f"{environ['STACK']}/plan.json"], env=environ)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stderr


def planned(folder: Path, name: str, variables: Mapping[str, object]) -> Path:
    """A plan that Terraform made, as if of these variables."""
    path = folder / "plan.json"
    path.write_text(json.dumps(json.loads((PLANS / f"{name}.json").read_text()) | {"variables": variables}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("variables", "names", "covered"),
    [
        pytest.param({}, None, "", id="nothing is asked"),
        pytest.param({"backfill_mode": {}, "backfills": {"value": []}}, None, "", id="keep"),
        pytest.param(ASKED_ON, ["books"], "ab", id="one is turned on"),
        pytest.param({**ASKED_ON, "backfill_mode": {"value": False}}, ["books"], "ab", id="one is ended"),
        pytest.param({"backfill_mode": {"value": True}}, ["books", "marts"], "abc", id="no name means all"),
        pytest.param(
            {**ASKED_ON, "backfills": {"value": ["gone"]}}, ["gone"], "", id="one that is not declared covers nothing"
        ),
    ],
)
def test_a_plan_says_whether_it_is_a_toggle_and_of_what(
    tmp_path: Path, variables: Mapping[str, object], names: list[str] | None, covered: str
) -> None:
    found = toggle_of(load_plan(planned(tmp_path, "on", variables)), DECLARES, with_changes=False)
    assert (found and found.names, found.covered if found else set()) == (names, set(covered))


@pytest.mark.parametrize(
    ("plan", "variables", "form", "said"),
    [
        pytest.param("on", ASKED_ON, {}, "", id="a toggle that only toggles"),
        pytest.param("delete", {}, {"YES_DELETE": "1"}, "", id="a deploy that deletes as many jobs as was said"),
        pytest.param("delete", {}, {}, "say how many: --yes-delete 1", id="a deploy that deletes one of six"),
        pytest.param("delete", {}, {"YES_DELETE": "-1"}, "yes_delete is the number", id="no number"),
        pytest.param("delete", ASKED_ON, {"YES_DELETE": "1"}, "a toggle changes pauses, so nothing is done", id="a toggle"),
        pytest.param("delete", ASKED_ON, {"YES_DELETE": "1", "WITH_CHANGES": "true"}, "", id="a toggle with changes"),
        pytest.param("first", ASKED_ON, {}, "make deploy ENV=production", id="a toggle before anything is deployed"),
    ],
)
def test_the_step_of_the_workflow_refuses_what_nobody_asked_for(
    tmp_path: Path, plan: str, variables: Mapping[str, object], form: Mapping[str, str], said: str
) -> None:
    planned(tmp_path, plan, variables)
    blank = {
        "NAME": "schedules",
        "WITH_CHANGES": "false",
        "YES_DELETE": "",
        "INTERLOCK_ENV": "production",
        "INTERLOCK_CATALOG": str(SMALL),
    }
    code, wrong = run_step({**blank, **form, "STACK": str(tmp_path)})
    assert code == (2 if said else 0), wrong
    assert said in wrong


def test_the_step_runs_as_it_is_in_the_workflow(tmp_path: Path) -> None:
    planned(tmp_path, "delete", {})
    step = script("deploy.yml", STEP).replace(".venv/bin/python", sys.executable)
    asked = {"NAME": "schedules", "INTERLOCK_ENV": "production", "INTERLOCK_CATALOG": str(SMALL), "STACK": str(tmp_path)}
    words = ["bash", "-e", "-c", step]
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, **asked}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "say how many: --yes-delete 1" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_toggle_of_the_workflow_covers_what_the_catalog_says(tmp_path: Path) -> None:
    found = toggle_of(load_plan(planned(tmp_path, "on", ASKED_ON)), scopes(load_catalog(SMALL)), with_changes=False)
    assert found
    assert {"gamebooks", "gamebooks-late"} <= found.covered


GOES = [change("google_storage_bucket.bucket", "delete"), change("google_service_account.timers", "delete", "create")]
STAYS = [
    change("google_storage_bucket_object.source", "delete", "create"),
    change("google_project_iam_member.jobs-user", "delete"),
    change("google_cloudfunctions2_function.coordinator", "update"),
    change("google_logging_metric.conflicts", "create"),
]


@pytest.mark.parametrize(
    ("changes", "form", "said"),
    [
        pytest.param(STAYS, {}, "", id="rights and archives come and go"),
        pytest.param([*STAYS, *GOES], {"YES_DELETE": "2"}, "", id="as many go as was said"),
        pytest.param([*STAYS, *GOES], {}, "yes_delete 2", id="a bucket and an account go, and nobody said so"),
        pytest.param([*STAYS, *GOES], {"YES_DELETE": "1"}, "not 1, as yes_delete says", id="more go than was said"),
        pytest.param(STAYS, {"YES_DELETE": "1"}, "not 1, as yes_delete says", id="fewer go than was said"),
        pytest.param([change("google_pubsub_topic.alerts", "forget")], {}, "yes_delete 1", id="one is let go of"),
    ],
)
def test_of_another_stack_nothing_goes_away_uncounted(
    tmp_path: Path, changes: list[object], form: Mapping[str, str], said: str
) -> None:
    (tmp_path / "plan.json").write_text(plan_text(changes), encoding="utf-8")
    blank = {"NAME": "coordination", "WITH_CHANGES": "false", "YES_DELETE": "", "INTERLOCK_ENV": "production"}
    code, wrong = run_step({**blank, **form, "STACK": str(tmp_path)})
    assert code == (2 if said else 0), wrong
    assert said in wrong

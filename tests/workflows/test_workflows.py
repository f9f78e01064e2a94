"""What every workflow keeps to, and what the scripts in them do. `make lint-workflows` has the general linters."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from interlock.review.comment import MARKER
from tools import post_review

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
NAMES = sorted(path.name for path in FOLDER.iterdir())
EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
SECRET = re.compile(r"\bsecrets\b", re.IGNORECASE)
BASH = ["bash", "-e", "-c"]
"""As a runner starts a script that names no shell."""
Json = dict[str, Any]


def workflow(name: str) -> Json:
    found = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    found["on"] = found.pop(True)  # YAML 1.1
    assert isinstance(found, dict)
    return found


def steps(name: str) -> list[Json]:
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


def script(name: str, step: str) -> str:
    [found] = [one["run"] for one in steps(name) if one.get("name") == step]
    return str(found)


def test_the_workflows_are_these() -> None:
    assert NAMES == ["ci.yml", "deploy.yml", "nightly.yml", "review-comment.yml", "review.yml"]


@pytest.mark.parametrize("name", NAMES)
def test_a_token_can_do_nothing_but_what_a_job_asks_for(name: str) -> None:
    found = workflow(name)
    assert found["permissions"] == {}
    assert all("permissions" in job and "write-all" not in str(job["permissions"]) for job in found["jobs"].values())
    assert all("timeout-minutes" in job for job in found["jobs"].values())


@pytest.mark.parametrize("name", NAMES)
def test_an_action_is_pinned_by_its_commit_and_says_its_version(name: str) -> None:
    lines = [
        line.strip() for line in (FOLDER / name).read_text(encoding="utf-8").splitlines() if re.match(r"\s*(- )?uses:", line)
    ]
    assert len(lines) == sum("uses" in step for step in steps(name))
    assert all(re.fullmatch(r"(- )?uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line) for line in lines), lines


def test_an_action_has_one_version_in_all_workflows() -> None:
    used = {step["uses"] for name in NAMES for step in steps(name) if "uses" in step}
    assert len({one.partition("@")[0] for one in used}) == len(used)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_written_into_a_script(name: str) -> None:
    assert [step["run"] for step in steps(name) if EXPRESSION.search(step.get("run", ""))] == []


@pytest.mark.parametrize("name", NAMES)
def test_there_are_no_secrets_and_no_checkout_keeps_the_token(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert [found for found in EXPRESSION.findall(text) if SECRET.search(found)] == []
    checkouts = [step for step in steps(name) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_fork_starts_can_write_nothing(name: str) -> None:
    found = workflow(name)
    assert "pull_request_target" not in found["on"]
    if "pull_request" in found["on"]:
        assert {level for job in found["jobs"].values() for level in job["permissions"].values()} == {"read"}
        assert not re.search(r"github\.token|GITHUB_TOKEN", (FOLDER / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_what_follows_a_forks_run_checks_nothing_out_and_runs_one_script_of_the_default_branch(name: str) -> None:
    if "workflow_run" in workflow(name)["on"]:
        assert [step["uses"].partition("@")[0] for step in steps(name) if "uses" in step] == ["actions/download-artifact"]
        [run] = [step["run"] for step in steps(name) if "run" in step]
        assert "?ref=$GITHUB_SHA" in run
        assert not re.search(r"\bgit\b|\bgh pr\b|\bmake\b|\bpip\b", run)


REQUIRED = [name for name in NAMES if "pull_request" in workflow(name)["on"]]


def test_the_checks_of_a_pull_request_are_those_of_ci_and_of_the_review() -> None:
    assert REQUIRED == ["ci.yml", "review.yml"]


@pytest.mark.parametrize("name", REQUIRED)
def test_what_a_pull_request_is_checked_for_reports_in_a_merge_queue_and_for_another_base_too(name: str) -> None:
    """A check that a queue waits for and that never comes drops the entry; a job that is skipped counts as passed, so none is:
    https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/troubleshooting-required-status-checks"""
    found = workflow(name)
    assert "merge_group" in found["on"]
    assert set(found["on"]["pull_request"]["types"]) == {"opened", "synchronize", "reopened", "edited"}
    assert [job for job, what in found["jobs"].items() if "if" in what or "needs" in what] == []
    assert "paths" not in str(found["on"])


@pytest.mark.parametrize("name", REQUIRED)
def test_two_entries_of_a_merge_queue_do_not_cancel_each_other(name: str) -> None:
    """`github.ref` is gh-readonly-queue/main/pr-N-SHA there, and `pull_request` is empty."""
    assert re.search(r"(\$\{\{|\|\|) github\.ref \}\}", workflow(name)["concurrency"]["group"])


def test_only_a_pull_request_has_a_comment() -> None:
    condition = workflow("review-comment.yml")["jobs"]["comment"]["if"]
    assert "github.event.workflow_run.event == 'pull_request' &&" in condition


def test_only_a_deploy_that_was_approved_gets_the_account_that_writes() -> None:
    jobs = workflow("deploy.yml")["jobs"]
    assert [name for name, job in jobs.items() if "DEPLOY_SERVICE_ACCOUNT" in str(job)] == ["apply"]
    assert jobs["apply"]["environment"] == "production"
    assert workflow("deploy.yml")["concurrency"] == {"group": "deploy-production", "cancel-in-progress": False}
    assert [name for name in NAMES if "id-token" in str(workflow(name)["jobs"])] == ["deploy.yml"]


def test_the_marker_is_one_everywhere() -> None:
    assert post_review.MARKER == MARKER
    assert f"marker='{post_review.MARKER}'" in script("review.yml", "Review")


@pytest.fixture
def pull_request(tmp_path: Path) -> Path:
    """The merge of a pull request, checked out, where `interlock review` says REVIEW_SAYS and exits with REVIEW_CODE."""
    interlock = tmp_path / ".venv" / "bin" / "interlock"
    interlock.parent.mkdir(parents=True)
    interlock.write_text(
        '#!/bin/sh\nprintf "%s\\n" "$*" > words\nprintf "$REVIEW_SAYS"\nexit "$REVIEW_CODE"\n', encoding="utf-8"
    )
    interlock.chmod(0o755)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@x"]
    for words in (["init", "-q"], *(["commit", "-q", "--allow-empty", "--no-verify", "-m", message] for message in "ab")):
        subprocess.run([*git, *words], check=True)
    return tmp_path


def run(folder: Path, text: str, **environ: str) -> int:
    words = [*BASH, text]
    python_first = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(words, cwd=folder, env={**python_first, **environ}, capture_output=True, check=False).returncode


@pytest.mark.parametrize(
    ("says", "exits", "code", "comment"),
    [
        pytest.param(f"{post_review.MARKER}\nClean.\n", "0", "0", "Clean.", id="clean"),
        pytest.param(f"{post_review.MARKER}\nTwo findings.\n", "1", "1", "Two findings.", id="findings"),
        pytest.param(f"{post_review.MARKER}\nBase is broken.\n", "2", "2", "Base is broken.", id="not analysed, and says so"),
        pytest.param("", "2", "2", "**Could not be reviewed.** [The log](https://run) says why.", id="says nothing"),
        pytest.param("Killed", "137", "2", "**Could not be reviewed.** [The log](https://run) says why.", id="died"),
        pytest.param("", "0", "2", "**Could not be reviewed.** [The log](https://run) says why.", id="calls nothing clean"),
    ],
)  # fmt: skip
def test_there_is_a_comment_and_a_verdict_whatever_becomes_of_the_review(
    pull_request: Path, says: str, exits: str, code: str, comment: str
) -> None:
    environ = {"REVIEW_SAYS": says, "REVIEW_CODE": exits, "NUMBER": "7", "RUN": "https://run"}
    files = {"GITHUB_STEP_SUMMARY": "summary", "GITHUB_OUTPUT": "output"}
    assert run(pull_request, script("review.yml", "Review"), **environ, **files) == 0
    written = {
        name: (pull_request / name).read_text(encoding="utf-8") for name in ("review/comment.md", "summary", "output", "words")
    }
    assert written["review/comment.md"] == f"{post_review.MARKER}\n{comment}\n"
    assert written["summary"] == written["review/comment.md"]
    assert written["output"] == f"code={code}\n"
    assert post_review.number_in(pull_request / "review") == 7
    base, head = re.findall("[0-9a-f]{40}", written["words"])
    assert base != head
    assert run(pull_request, script("review.yml", "Verdict"), CODE=code) == int(code)


def test_a_merge_queue_is_reviewed_against_what_it_adds_its_entry_to(pull_request: Path) -> None:
    git = ["git", "-C", str(pull_request), "-c", "user.name=x", "-c", "user.email=x@x"]
    first = subprocess.run([*git, "rev-parse", "HEAD^1"], check=True, capture_output=True, text=True).stdout.strip()
    subprocess.run([*git, "commit", "-q", "--allow-empty", "--no-verify", "-m", "c"], check=True)
    environ = {"REVIEW_SAYS": f"{post_review.MARKER}\nClean.\n", "REVIEW_CODE": "0", "NUMBER": "", "RUN": "https://run"}
    files = {"GITHUB_STEP_SUMMARY": "summary", "GITHUB_OUTPUT": "output"}
    assert run(pull_request, script("review.yml", "Review"), **environ, **files, BASE=first) == 0
    assert (pull_request / "words").read_text(encoding="utf-8").startswith(f"review --base {first} --head ")


@pytest.mark.parametrize(
    ("age", "commit", "code"),
    [
        pytest.param(timedelta(minutes=1), "a" * 40, 0, id="fresh"),
        pytest.param(timedelta(minutes=14), "a" * 40, 0, id="not yet old"),
        pytest.param(timedelta(minutes=16), "a" * 40, 1, id="old"),
        pytest.param(timedelta(days=1), "a" * 40, 1, id="of yesterday, as when the job alone is run again"),
        pytest.param(timedelta(minutes=1), "b" * 40, 1, id="of another commit"),
        pytest.param(None, "a" * 40, 1, id="of no time"),
    ],
)
def test_a_deploy_refuses_an_old_plan(tmp_path: Path, age: timedelta | None, commit: str, code: int) -> None:
    (tmp_path / "plan").mkdir()
    made = {"timestamp": f"{datetime.now(UTC) - age:%Y-%m-%dT%H:%M:%SZ}"} if age is not None else {}
    (tmp_path / "plan" / "plan.json").write_text(json.dumps(made), encoding="utf-8")
    (tmp_path / "plan" / "commit").write_text(commit + "\n", encoding="utf-8")
    step = "Refuse a plan that is old, or of another commit"
    assert run(tmp_path, script("deploy.yml", step), GITHUB_SHA="a" * 40, MAX_AGE_SECONDS="900") == code


@pytest.mark.parametrize(("terraform", "changes", "code"), [(0, "false", 0), (2, "true", 0), (1, None, 1)])
def test_a_deploy_goes_on_only_with_changes(tmp_path: Path, terraform: int, changes: str | None, code: int) -> None:
    (tmp_path / "terraform").write_text(f'#!/bin/sh\nif [ "$2" = plan ]; then exit {terraform}; fi\n', encoding="utf-8")
    (tmp_path / "terraform").chmod(0o755)
    (tmp_path / "stack").mkdir()
    environ = {"STACK": "stack", "RUNNER_TEMP": "t", "GITHUB_OUTPUT": "output", "GITHUB_SHA": "a" * 40}
    text = 'PATH="$PWD:$PATH"\n' + script("deploy.yml", "Plan")
    assert run(tmp_path, text, **environ) == code
    output = tmp_path / "output"
    assert (output.read_text(encoding="utf-8") if output.exists() else None) == (changes and f"changes={changes}\n")


def test_a_deploy_looks_for_what_is_there_already_with_the_account_that_reads_and_before_it_plans() -> None:
    plan = workflow("deploy.yml")["jobs"]["plan"]["steps"]
    order = [at for at, step in enumerate(plan) if "PLAN_SERVICE_ACCOUNT" in str(step) or "synth --imports" in str(step)]
    assert [*order, order[-1] + 1] == [*range(order[0], order[0] + 3)]
    assert plan[order[-1] + 1]["name"] == "Plan"


@pytest.mark.parametrize(("exits", "code"), [("0", 0), ("1", 0), ("2", 1), ("137", 1)])
def test_a_deploy_stops_when_its_plan_can_not_be_reviewed(pull_request: Path, exits: str, code: int) -> None:
    environ = {"REVIEW_SAYS": "x", "REVIEW_CODE": exits, "STACK": "s", "GITHUB_STEP_SUMMARY": "summary"}
    assert run(pull_request, script("deploy.yml", "What it means"), **environ) == code
    assert (pull_request / "words").read_text(encoding="utf-8") == "review --base HEAD --plan s/plan.json --format markdown\n"

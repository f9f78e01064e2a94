"""What every workflow keeps to, and what the scripts in them do. `make lint-workflows` has the general linters."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from interlock.review.comment import MARKER
from interlock.terminal.cdktf import STACKS
from stacks.function import UP_TO_THE_OUTPUT
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
    assert NAMES == ["ci.yml", "deploy.yml", "drift.yml", "nightly.yml", "review-comment.yml", "review.yml"]


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
    assert "workflow_run" not in found["on"]
    if "pull_request" in found["on"]:
        assert {level for job in found["jobs"].values() for level in job["permissions"].values()} == {"read"}
        assert not re.search(r"github\.token|GITHUB_TOKEN", (FOLDER / name).read_text(encoding="utf-8"))


RIGHTS = {
    "ci.yml": {"test": {"contents": "read"}, "machines": {"contents": "read"}, "workflows": {"contents": "read"}},
    "deploy.yml": {job: {"contents": "read", "id-token": "write"} for job in ("plan", "apply")},
    "drift.yml": {"look": {"contents": "read", "id-token": "write"}, "issue": {"contents": "read", "issues": "write"}},
    "nightly.yml": {"e2e": {"contents": "read"}},
    "review-comment.yml": {"read": {"contents": "read"}, "comment": {"contents": "read", "pull-requests": "write"}},
    "review.yml": {"review": {"contents": "read"}},
}
"""Of each job."""


@pytest.mark.parametrize("name", sorted({*NAMES} - {"ci.yml"}))
def test_a_job_has_these_rights(name: str) -> None:
    assert {job: what["permissions"] for job, what in workflow(name)["jobs"].items()} == RIGHTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_no_job_both_writes_to_github_and_reaches_the_cloud_or_reads_what_a_stranger_sent(name: str) -> None:
    for job in workflow(name)["jobs"].values():
        writes = {right for right, level in job["permissions"].items() if level == "write"}
        text = str(job["steps"])
        assert len(writes) <= 1
        assert not (writes - {"id-token"} and re.search(r"review_pull|make |interlock |terraform|auth@", text))


def test_a_pull_request_is_reviewed_with_the_default_branchs_code_and_by_githubs_word() -> None:
    found = workflow("review-comment.yml")
    assert [*found["on"]] == ["pull_request_target"]
    for step in steps("review-comment.yml"):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["ref"] == "${{ github.event.repository.default_branch }}"
        if step.get("uses", "").startswith("actions/download-artifact@"):
            assert "run-id" not in step["with"]  # of this run, where nothing of a pull request ran
    named = {step["name"]: step for step in steps("review-comment.yml") if "name" in step}
    review, post = named["Review"], named["Post or update"]
    event = "${{ github.event.pull_request."
    assert review["env"]["PULL"] == post["env"]["PULL"] == f"{event}number }}}}"
    assert review["env"]["HEAD_SHA"] == post["env"]["HEAD_SHA"] == f"{event}head.sha }}}}"
    assert review["env"]["BASE_SHA"] == f"{event}base.sha }}}}"
    text = (FOLDER / "review-comment.yml").read_text(encoding="utf-8")
    assert not re.search(r"pull_request\.(title|body|head\.ref|head\.label|head\.repo)|head_ref", text)


@pytest.mark.parametrize("name", NAMES)
def test_a_job_that_writes_to_github_runs_one_script_with_the_standard_library(name: str) -> None:
    for job in workflow(name)["jobs"].values():
        if {right for right, level in job["permissions"].items() if level == "write"} - {"id-token"}:
            [run] = [step["run"] for step in job["steps"] if "run" in step]
            assert re.fullmatch(r'python3 -m tools\.\w+ "\$RUNNER_TEMP/\w+"', run)


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


CLOUD = [
    (name, job, what) for name in NAMES for job, what in workflow(name)["jobs"].items() if "id-token" in what["permissions"]
]
"""The jobs that get a token for Google Cloud."""


def test_only_a_plan_a_look_and_an_apply_reach_the_cloud() -> None:
    assert [(name, job) for name, job, _ in CLOUD] == [("deploy.yml", "plan"), ("deploy.yml", "apply"), ("drift.yml", "look")]


@pytest.mark.parametrize(("name", "job", "what"), CLOUD, ids=[f"{name} {job}" for name, job, _ in CLOUD])
def test_who_reaches_the_cloud_does_so_from_main_and_from_an_environment_of_its_own(name: str, job: str, what: Json) -> None:
    """A workflow that is started by hand runs on any branch, with that branch's file: environment and pool refuse it."""
    assert not {*workflow(name)["on"]} & {"pull_request", "pull_request_target", "workflow_run", "push", "issue_comment"}
    first = workflow(name)["jobs"][what.get("needs", job)]
    assert "github.ref == 'refs/heads/main'" in first["if"]
    [account] = set(re.findall(r"vars\.(\w+_SERVICE_ACCOUNT)", str(what["steps"])))
    assert (account, what["environment"] == "plan") in {("PLAN_SERVICE_ACCOUNT", True), ("DEPLOY_SERVICE_ACCOUNT", False)}


def test_each_stack_is_applied_from_an_environment_of_its_own() -> None:
    """So that each account has reviewers of its own, and may be used from there alone."""
    inputs = workflow("deploy.yml")["on"]["workflow_dispatch"]["inputs"]
    assert all(stack in inputs["stack"]["description"] for stack in STACKS)
    assert inputs["stack"]["default"] == "schedules"
    environment = workflow("deploy.yml")["jobs"]["apply"]["environment"]
    by_stack = "startsWith(inputs.stack, 'schedules') && 'production' || format('production-{0}', inputs.stack)"
    assert environment == "${{ " + by_stack + " }}"
    head = (FOLDER / "deploy.yml").read_text(encoding="utf-8").partition("name: deploy")[0]
    assert all(f"`{one}`" in head for one in ("plan", "production", "production-coordination", "production-alerting"))
    assert workflow("deploy.yml")["concurrency"] == {"group": "deploy-production", "cancel-in-progress": False}


def test_whoever_applies_has_no_package_beside_terraform_and_the_standard_library() -> None:
    apply = workflow("deploy.yml")["jobs"]["apply"]
    assert [step["run"] for step in apply["steps"] if "run" in step] == [
        'python3 -m tools.apply_plan --check "$STACK"',
        'python3 -m tools.apply_plan "$STACK"',
    ]


def test_what_is_applied_lies_where_it_was_planned() -> None:
    """A plan of coordination names the function's archive by its path from the stack's folder."""
    jobs = workflow("deploy.yml")["jobs"]
    [kept] = [step["with"] for step in jobs["plan"]["steps"] if "upload-artifact" in step.get("uses", "")]
    [found] = [step["with"] for step in jobs["apply"]["steps"] if "download-artifact" in step.get("uses", "")]
    paths = kept["path"].splitlines()
    stack = f"{found['path']}/stacks/${{{{ inputs.stack }}}}"
    assert jobs["plan"]["env"]["STACK"] == jobs["apply"]["env"]["STACK"] == stack
    assert os.path.normpath(f"{stack.replace(' ', '')}/{UP_TO_THE_OUTPUT}") == found["path"]
    assert os.path.commonpath([Path(path).parent for path in paths]) == found["path"]
    assert f"{found['path']}/coordinator-*.zip" in paths
    assert kept["include-hidden-files"] is True
    assert kept["retention-days"] == 1


def test_the_nightly_look_reads_all_stacks_and_holds_no_lock_and_shows_no_plan() -> None:
    look = script("drift.yml", "Look")
    assert "for folder in cdktf.out/production/stacks/*; do" in look
    assert "-lock=false" in look
    assert all("> " in line for line in look.splitlines() if re.search(r"terraform -chdir|interlock |tools\.", line))
    assert set(workflow("drift.yml")["on"]) == {"schedule", "workflow_dispatch"}
    assert workflow("drift.yml")["concurrency"] == {"group": "drift", "cancel-in-progress": False}
    [kept] = [step["with"]["path"] for step in steps("drift.yml") if "upload-artifact" in step.get("uses", "")]
    assert kept == "drift/issue.json"


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


DIED = "**Could not be reviewed.** The log says why."


@pytest.mark.parametrize(
    ("says", "exits", "code", "said"),
    [
        pytest.param(f"{post_review.MARKER}\nClean.\n", "0", "0", "Clean.", id="clean"),
        pytest.param(f"{post_review.MARKER}\nTwo findings.\n", "1", "1", "Two findings.", id="findings"),
        pytest.param(f"{post_review.MARKER}\nBase is broken.\n", "2", "2", "Base is broken.", id="not analysed, and says so"),
        pytest.param("", "2", "2", DIED, id="says nothing"),
        pytest.param("Killed", "137", "2", DIED, id="died"),
        pytest.param("", "0", "2", DIED, id="calls nothing clean"),
    ],
)
def test_there_is_a_summary_and_a_verdict_whatever_becomes_of_the_review(
    pull_request: Path, says: str, exits: str, code: str, said: str
) -> None:
    environ = {"REVIEW_SAYS": says, "REVIEW_CODE": exits}
    files = {"GITHUB_STEP_SUMMARY": "summary", "GITHUB_OUTPUT": "output"}
    assert run(pull_request, script("review.yml", "Review"), **environ, **files) == 0
    written = {name: (pull_request / name).read_text(encoding="utf-8") for name in ("summary", "output", "words")}
    assert written["summary"] == f"{post_review.MARKER}\n{said}\n"
    assert written["output"] == f"code={code}\n"
    base, head = re.findall("[0-9a-f]{40}", written["words"])
    assert base != head
    assert run(pull_request, script("review.yml", "Verdict"), CODE=code) == int(code)


def test_a_merge_queue_is_reviewed_against_what_it_adds_its_entry_to(pull_request: Path) -> None:
    git = ["git", "-C", str(pull_request), "-c", "user.name=x", "-c", "user.email=x@x"]
    first = subprocess.run([*git, "rev-parse", "HEAD^1"], check=True, capture_output=True, text=True).stdout.strip()
    subprocess.run([*git, "commit", "-q", "--allow-empty", "--no-verify", "-m", "c"], check=True)
    environ = {"REVIEW_SAYS": f"{post_review.MARKER}\nClean.\n", "REVIEW_CODE": "0"}
    files = {"GITHUB_STEP_SUMMARY": "summary", "GITHUB_OUTPUT": "output"}
    assert run(pull_request, script("review.yml", "Review"), **environ, **files, BASE=first) == 0
    assert (pull_request / "words").read_text(encoding="utf-8").startswith(f"review --base {first} --head ")


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


@pytest.mark.parametrize(("name", "job"), [("deploy.yml", "plan"), ("drift.yml", "look")])
def test_what_a_synth_needs_is_set_up_before_there_are_rights(name: str, job: str) -> None:
    """npm's packages make the bindings, and get to see nothing of the cloud."""
    said = [str(step) for step in workflow(name)["jobs"][job]["steps"]]
    wanted = ("setup-python", "setup-node", "setup-terraform", "'make setup'", "google-github-actions/auth", "interlock synth")
    order = [next(at for at, step in enumerate(said) if what in step) for what in wanted]
    assert order == sorted(order)


def test_every_job_that_synthesizes_is_tried_here() -> None:
    found = {(name, job) for name in NAMES for job, one in workflow(name)["jobs"].items() if "interlock synth" in str(one)}
    assert found == {("deploy.yml", "plan"), ("drift.yml", "look")}


@pytest.mark.parametrize(("exits", "code"), [("0", 0), ("1", 0), ("2", 1), ("137", 1)])
def test_a_deploy_stops_when_its_plan_can_not_be_reviewed(pull_request: Path, exits: str, code: int) -> None:
    environ = {"NAME": "schedules", "REVIEW_SAYS": "x", "REVIEW_CODE": exits, "STACK": "s", "GITHUB_STEP_SUMMARY": "summary"}
    assert run(pull_request, script("deploy.yml", "What it means"), **environ) == code
    assert (pull_request / "words").read_text(encoding="utf-8") == "review --base HEAD --plan s/plan.json --format markdown\n"


@pytest.mark.parametrize("stack", ["coordination", "alerting"])
@pytest.mark.parametrize(("exits", "code"), [("0", 0), ("2", 1)])
def test_a_plan_of_another_stack_is_shown_as_what_it_is(pull_request: Path, stack: str, exits: str, code: int) -> None:
    python = pull_request / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$*"\nexit "$SHOWS"\n', encoding="utf-8")
    python.chmod(0o755)
    environ = {"NAME": stack, "SHOWS": exits, "STACK": "s", "GITHUB_STEP_SUMMARY": "summary"}
    assert run(pull_request, script("deploy.yml", "What it means"), **environ) == code
    assert (pull_request / "summary").read_text(encoding="utf-8") == "-m tools.plan_report s/plan.json\n"

"""`interlock review` in a repository of git, as CI and people run it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import CliRunner

from interlock.commands import main
from interlock.reading.files import load_catalog
from interlock.review.comment import MARKER, MAX_CHARACTERS
from tests.golden import golden
from tests.interlock.commands.conftest import ROOT, SMALL, parsed

AT = "2026-11-24T08:30:00Z"
FILE = "catalog/small/all.yaml"


class Repository:
    """A repository with the small catalog on its branch `main`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "-q", "-b", "main")
        self.write(SMALL.read_text())
        self.commit("base")

    def git(self, *words: str) -> str:
        """git, as nobody in particular and without anybody's configuration."""
        who = {f"GIT_{role}_{what}": "a@b.invalid" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        env = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        return subprocess.run(["git", *words], cwd=self.folder, env=env, check=True, capture_output=True, text=True).stdout

    def write(self, text: str, file: str = FILE) -> None:
        (self.folder / file).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / file).write_text(text)

    def edit(self, old: str, new: str) -> None:
        text = (self.folder / FILE).read_text()
        assert old in text
        self.write(text.replace(old, new, 1))

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def review(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`interlock review ARGUMENTS` in the repository, in this process: it is run many times."""
        with chdir(self.folder):
            done = CliRunner(env={"TZ": "Etc/UTC", "INTERLOCK_CATALOG": None, "COLUMNS": None}).invoke(
                main, ["review", *arguments]
            )
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_it_runs_as_a_command_and_fails_for_a_finding(repository: Repository) -> None:
    repository.edit("  repair:", "  mend:")
    repository.edit("job: repair", "job: mend")
    words = [sys.executable, "-c", "from interlock.commands import main; main()", "review", "--base", "main"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=repository.folder, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (1, "base (main) and head (as it lies here) of catalog; no cloud is asked\n")
    assert "! job renamed: mend: repair starts the same" in done.stdout


def test_the_working_tree_is_compared_with_the_base(repository: Repository) -> None:
    assert repository.review("--base", "main", "--at", AT).returncode == 0
    repository.edit('"45 * * * *"', '"15 * * * *"')
    done = repository.review("--base", "main", "--at", AT, "--format", "json")
    said = parsed(done)
    (job,) = said["jobs"]
    assert (job["name"], job["how"]) == ("repair", "changed")
    assert (job["before"]["schedule"], job["after"]["schedule"]) == ("45 * * * *", "15 * * * *")
    assert done.returncode == (1 if said["findings"] else 0)


def test_a_day_before_and_after_is_written_as_a_page_and_changes_nothing_else(repository: Repository, tmp_path: Path) -> None:
    repository.edit('"45 * * * *"', '"15 * * * *"')
    words = ("--base", "main", "--at", AT, "--format", "markdown")
    done, plain = repository.review(*words, "--page", str(tmp_path / "days.html")), repository.review(*words)
    assert (done.returncode, done.stdout) == (plain.returncode, plain.stdout)
    assert "<bdi>repair</bdi>" in (tmp_path / "days.html").read_text(encoding="utf-8")


def test_a_page_that_can_not_be_written_is_said(repository: Repository, tmp_path: Path) -> None:
    done = repository.review("--base", "main", "--at", AT, "--page", str(tmp_path / "nowhere" / "days.html"))
    assert done.returncode == 2
    assert "can't be written: No such file or directory" in done.stderr


def test_two_commits_and_two_folders_are_compared_alike(repository: Repository, tmp_path: Path) -> None:
    repository.edit("  repair:", "  mend:")
    repository.edit("job: repair", "job: mend")
    repository.commit("rename")
    folder = tmp_path / "before"
    (folder / "small").mkdir(parents=True)
    (folder / "small/all.yaml").write_text(SMALL.read_text())
    arguments = ["--at", AT, "--format", "json"]
    commits = repository.review("--base", "HEAD~1", "--head", "HEAD", *arguments)
    folders = repository.review("--base", "./before", "--head", "./catalog", *arguments)
    assert commits.returncode == folders.returncode == 1
    assert [job["how"] for job in parsed(commits)["jobs"]] == ["renamed"]
    assert parsed(commits)["jobs"] == parsed(folders)["jobs"]


@pytest.mark.golden
def test_a_comment_and_a_terminal_say_the_same_findings(repository: Repository) -> None:
    repository.edit('"15 * * * *"', '"30 * * * *"')
    comment = repository.review("--base", "main", "--at", AT, "--format", "markdown")
    assert comment.returncode == 1
    assert comment.stdout.startswith(f"{MARKER}\n⛔")
    golden("commands/review.md", comment.stdout)
    golden("commands/review.txt", repository.review("--base", "main", "--at", AT).stdout)


def test_a_catalog_of_a_commit_is_that_of_its_folder(repository: Repository) -> None:
    from interlock.terminal.refs import catalog_at

    root = repository.folder / "catalog"
    assert catalog_at("main", root) == load_catalog(root)
    assert catalog_at(str(root), root) == load_catalog(root)


def test_what_the_format_no_longer_has_is_read_over_in_the_base_and_nowhere_else(repository: Repository) -> None:
    now = (repository.folder / FILE).read_text()
    repository.edit("    schedule:", "    wave: A\n    schedule:")
    repository.commit("as it was once")
    broken = repository.review("--base", "main", "--head", "main", "--at", AT)
    assert broken.returncode == 2
    assert "wave: is no key any more: nothing was derived from it; delete the line" in broken.stderr
    repository.write(now)
    assert repository.review("--base", "main", "--at", AT).returncode == 0


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        pytest.param(
            "nowhere", "git knows no commit 'nowhere', and there is no such folder; run: git fetch origin nowhere", id="unknown"
        ),
        pytest.param(
            "origin/main",
            "git knows no commit 'origin/main', and there is no such folder; run: git fetch origin main",
            id="of a remote",
        ),
        pytest.param("--all", "'--all' is no git ref: it looks like an option", id="like an option"),
        pytest.param(
            "--upload-pack=touch x",
            "'--upload-pack=touch x' is no git ref: it looks like an option",
            id="like an option that runs something",
        ),
        pytest.param("HEAD^{tree}", "git knows no commit 'HEAD^{tree}'", id="a tree"),
        pytest.param("a\x1b[31mb", "'a\\x1b[31mb' is no git ref: it has characters that no ref has", id="controls"),
        pytest.param("", "no commit or folder is named", id="nothing"),
    ],
)
def test_a_base_that_is_no_commit_is_red_with_the_next_command(repository: Repository, reference: str, said: str) -> None:
    done = repository.review(f"--base={reference}", "--at", AT, "--format", "markdown")
    assert done.returncode == 2
    marker, verdict = done.stdout.splitlines()[:2]
    assert (marker, verdict[0]) == (MARKER, "❌")
    assert "head (as it lies here)" in done.stdout
    assert f"): {said}" in done.stderr
    assert "head (as it lies here): no problem" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_shallow_clone_says_how_to_get_the_rest(repository: Repository, tmp_path: Path) -> None:
    repository.write("# more", "notes")
    repository.commit("more")
    clone = tmp_path / "clone"
    repository.git("clone", "-q", "--depth", "1", f"file://{repository.folder}", str(clone))
    done = repository.review("--base", "HEAD~1", "--catalog", str(clone / "catalog"))
    assert done.returncode == 2
    assert "this clone is shallow: git fetch --unshallow origin (actions/checkout: fetch-depth: 0)" in done.stderr


def test_outside_of_a_repository_a_folder_is_asked_for(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    done = repository.review("--base", "main", "--catalog", str(elsewhere))
    assert done.returncode == 2
    assert "is in no git repository; name a folder instead of a ref" in done.stderr


def test_without_git_a_folder_is_asked_for(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    done = repository.review("--base", "main")
    assert done.returncode == 2
    assert "git is not installed, or not in PATH" in done.stderr


def test_what_is_a_folder_and_a_branch_is_refused(repository: Repository) -> None:
    repository.git("branch", "catalog")
    done = repository.review("--base", "catalog")
    assert done.returncode == 2
    assert "'catalog' is a folder and a git ref; write ./catalog for the folder" in done.stderr
    assert repository.review("--base", "./catalog").returncode == 0


def test_a_broken_side_is_named_and_the_other_is_read(repository: Repository) -> None:
    repository.edit('"45 * * * *"', '"45 * * *"')
    repository.commit("break")
    repository.edit('"45 * * *"', '"45 * * * *"')
    done = repository.review("--base", "HEAD", "--format", "markdown")
    assert done.returncode == 2
    assert "base (HEAD): catalog/small/all.yaml:40: jobs.repair.schedule: " in done.stderr
    assert "head (as it lies here): no problem" in done.stderr
    assert "- **base (HEAD)**: catalog/small/all.yaml:40" in done.stdout
    assert "- head (as it lies here) is fine" in done.stdout


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(
            lambda path: path.symlink_to("all.yaml"), "catalog/small/odd.yaml:1: is a symbolic link there", id="a link"
        ),
        pytest.param(lambda path: path.write_bytes(b"\xff\xfe\x00"), "byte 0xff is no UTF-8", id="binary"),
        pytest.param(
            lambda path: path.write_bytes(b"# \x00"), "catalog/small/odd.yaml:1: can't be read as YAML", id="a zero byte"
        ),
        pytest.param(
            lambda path: path.write_text("#" * 4_000_001), "has 4000001 bytes; allowed: at most 1000000", id="too large"
        ),
        pytest.param(lambda path: path.with_suffix(".yml").write_text(""), "odd.yml:1: ends in .yml", id="a look-alike"),
    ],
)
def test_a_file_of_a_commit_that_is_no_part_of_a_catalog(
    repository: Repository, make: Callable[[Path], object], said: str
) -> None:
    path = repository.folder / "catalog/small/odd.yaml"
    make(path)
    repository.commit("odd")
    for odd in path.parent.glob("odd*"):
        odd.unlink()
    done = repository.review("--base", "HEAD")
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("base (HEAD): ") == 1


def test_a_submodule_in_the_catalog_is_refused(repository: Repository) -> None:
    head = repository.git("rev-parse", "HEAD").strip()
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{head},catalog/other")
    repository.git("commit", "-q", "-m", "submodule")
    done = repository.review("--base", "HEAD")
    assert "catalog/other:1: is a submodule there; a catalog is plain files" in done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "the plan can't be read: No such file or directory; in cdktf.out/ENVIRONMENT/stacks", id="absent"),
        pytest.param("{", "the plan is not JSON", id="no JSON"),
        pytest.param(
            json.dumps(
                {
                    "format_version": "1.2",
                    "terraform_version": "1.11.4",
                    "planned_values": {},
                    "configuration": {"root_module": {"resources": [{"address": "google_monitoring_dashboard.interlock"}]}},
                }
            ),
            "this is the plan of another stack than schedules: it looks like alerting",
            id="of another stack",
        ),
    ],
)
def test_a_plan_that_is_none_is_red(repository: Repository, content: str | None, said: str) -> None:
    if content is not None:
        repository.write(content, "plan.json")
    done = repository.review("--base", "main", "--plan", "plan.json", "--format", "markdown")
    assert done.returncode == 2
    assert done.stdout.startswith(f"{MARKER}\n❌")
    assert f"plan (plan.json): {said}" in done.stderr
    assert "base (main): no problem" in done.stderr


@pytest.mark.parametrize("at", ["yesterday", "2026-02-30T00:00:00Z", "9000-01-01T00:00:00Z"])
def test_an_instant_that_is_none_is_red(repository: Repository, at: str) -> None:
    done = repository.review("--base", "main", "--at", at, "--format", "markdown")
    assert done.returncode == 2
    assert done.stdout.startswith(f"{MARKER}\n❌")
    assert "--at: " in done.stderr


def test_hostile_text_stays_text_and_within_the_limit(repository: Repository) -> None:
    hostile = "</details> @everyone #1 [x](http://evil.invalid) `a` | <!-- --> ![i](http://i.invalid/x.png)"
    reason = f'"{hostile} {"<b>" * 100}"'
    repository.edit("reason: off-season", f"reason: {reason}")
    repository.edit("description: Repairs one date", f'description: "{hostile}"')
    done = repository.review("--base", "main", "--at", AT, "--format", "markdown")
    assert done.returncode in (0, 1)
    assert len(done.stdout) <= MAX_CHARACTERS
    unescaped = re.sub(r"\\.", "", done.stdout.removeprefix(MARKER))
    outside = "".join(part for index, part in enumerate(unescaped.split("`")) if index % 2 == 0)
    for text in ("@everyone", "#1", "[x](", "![", "<!--", "<b><b>", "http://"):
        assert text not in outside, text
    assert outside.count("</details>") == outside.count("<details")


PLANS = ROOT / "tests" / "interlock" / "terraform" / "plans"


def test_a_plan_with_its_stack_beside_it_is_judged_by_the_rules_that_only_a_plan_can_break(repository: Repository) -> None:
    of_this_plan = {"planned_values": {"root_module": {}}, "variables": {"backfill_mode": {"value": True}}}
    plan = json.loads((PLANS / "on.json").read_text()) | of_this_plan
    repository.write(json.dumps(plan), "stack/plan.json")
    arguments = ("--base", "main", "--plan", "stack/plan.json", "--format", "json")
    alone = repository.review(*arguments)
    assert (alone.returncode, "has no cdk.tf.json beside it" in alone.stderr) == (2, True)
    repository.write(json.dumps({"//": {"interlock": {"environment": "production"}}}), "stack/cdk.tf.json")
    found = json.loads(repository.review(*arguments).stdout)["findings"]
    assert [one["text"] for one in found if one["subject"] == "plan.json"] == [
        "backfill-asked: turns backfills on with no backfill_reason and no backfill_owner; plan again with"
        " -var backfill_reason=... -var backfill_owner=..."
    ]
    repository.write("[]", "stack/cdk.tf.json")
    broken = repository.review(*arguments)
    assert (broken.returncode, "cdk.tf.json is [], which is no mapping" in broken.stderr) == (2, True)

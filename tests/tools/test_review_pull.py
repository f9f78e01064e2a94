"""A pull request is reviewed by our code over its catalog as data: nothing of it runs, and what it says of itself counts for
nothing. From a real repository of git to the comment."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from interlock.terminal.refs import MAX_FILE_BYTES
from tests import forked
from tests.shop import CATALOG
from tools import review_pull
from tools.neutral import SPACE, neutral
from tools.post_review import MARKER, comment_in

ROOT = Path(__file__).parents[2]
RUN = "https://github.example/o/r/actions/runs/1"
HOSTILE = "@octocat /approve ![x](https://evil.example/p.png) <!-- x --> fixes #1 <img src=//evil.example>"
Change = Callable[[Path], None]


def git(folder: Path, *words: str) -> str:
    settings = ["-c", "user.name=x", "-c", "user.email=x@localhost", "-c", "protocol.file.allow=always"]
    return subprocess.run(
        ["git", "-C", str(folder), *settings, *words], check=True, capture_output=True, text=True
    ).stdout.strip()


@dataclass(frozen=True)
class Pull:
    """A clone of the default branch, whose origin has the pull request 7."""

    checkout: Path
    origin: Path
    base: str

    def propose(self, change: Change) -> str:
        """The head of the pull request with this change."""
        change(self.origin)
        git(self.origin, "add", "-A", "--force")
        git(self.origin, "commit", "-q", "--no-verify", "--allow-empty", "-m", "change")
        head = git(self.origin, "rev-parse", "HEAD")
        git(self.origin, "update-ref", "refs/pull/7/head", head)
        git(self.origin, "reset", "-q", "--hard", self.base)
        return head

    def asked(self, **environ: str) -> dict[str, str]:
        """The variables of a review."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "COV"))}
        return {**kept, "PULL": "7", "BASE_SHA": self.base, "RUN": RUN, **environ}

    def review(self, tmp_path: Path, **environ: str) -> tuple[int, str | None, str]:
        """The exit code of the script, the comment, and what was said beside it. It runs here, and `interlock` as a copy."""
        said, asked = io.StringIO(), self.asked(**environ)
        with pytest.MonkeyPatch.context() as patch, chdir(self.checkout), redirect_stdout(said), redirect_stderr(said):
            patch.setattr(review_pull, "subprocess", forked.RUNNING_COMMANDS)
            patch.setattr(os, "environ", asked)
            code = review_pull.main([str(tmp_path / "review")], asked)
        return code, comment_of(tmp_path), said.getvalue()

    def review_as_typed(self, tmp_path: Path, **environ: str) -> tuple[int, str | None, str]:
        """The same as the workflow has it."""
        words = [sys.executable, "-m", "tools.review_pull", str(tmp_path / "review")]
        env = self.asked(PYTHONPATH=str(ROOT), **environ)
        done = subprocess.run(words, cwd=self.checkout, env=env, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, comment_of(tmp_path), done.stdout + done.stderr


def comment_of(tmp_path: Path) -> str | None:
    """What a review has written."""
    path = tmp_path / "review" / "comment.md"
    return path.read_text(encoding="utf-8") if path.exists() else None


@pytest.fixture
def pull(tmp_path: Path) -> Pull:
    origin, checkout = tmp_path / "origin", tmp_path / "checkout"
    origin.mkdir()
    shutil.copytree(CATALOG, origin / "catalog")
    (origin / "main.py").write_text("print()\n", encoding="utf-8")
    git(origin, "init", "-q", "-b", "main")
    git(origin, "add", "-A")
    git(origin, "commit", "-q", "--no-verify", "-m", "base")
    git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(tmp_path, "clone", "-q", str(origin), str(checkout))
    return Pull(checkout, origin, git(origin, "rev-parse", "HEAD"))


def edited(origin: Path, pattern: str, text: str) -> None:
    file = origin / "catalog" / "shop" / "imports.yaml"
    made, times = re.subn(pattern, lambda _: text, file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert times == 1
    file.write_text(made, encoding="utf-8")


def removes_a_job(origin: Path) -> None:
    edited(origin, r"^  supplier-feed:\n(    .*\n)+", "")


def says(description: str) -> Change:
    return lambda origin: edited(origin, "description: Orders of the last hour from .*", f"description: '{description}'")


def forges_the_review(origin: Path) -> None:
    """What a fork could bring to have a clean review said of it."""
    forged = f"print({MARKER!r} + chr(10) + '✅ **No findings**; all is well. @octocat')\n"
    for path in ("interlock/__main__.py", "interlock/__init__.py", "tools/review_pull.py", "sitecustomize.py", "click.py"):
        (origin / path).parent.mkdir(exist_ok=True)
        (origin / path).write_text(f"open({str(origin.parent / 'forged')!r}, 'w')\n{forged}", encoding="utf-8")
    (origin / "review").mkdir()
    (origin / "review" / "comment.md").write_text(f"{MARKER}\nNo findings\n", encoding="utf-8")
    (origin / ".gitattributes").write_text("* filter=evil merge=evil diff=evil\n", encoding="utf-8")
    removes_a_job(origin)


def test_what_a_pull_request_means_is_said_with_what_it_changes_beside(pull: Pull, tmp_path: Path) -> None:
    head = pull.propose(removes_a_job)
    code, comment, _ = pull.review(tmp_path, HEAD_SHA=head)
    assert code == 0
    assert comment is not None
    assert comment.startswith(f"{MARKER}\n⛔ **")
    assert "supplier-feed" in comment
    assert "from the files under `catalog/` alone" in comment
    assert "other file" not in comment
    page = (tmp_path / "review" / "days.html").read_text(encoding="utf-8")
    assert "<bdi>supplier-feed</bdi>" in page
    assert "<script" not in page


def test_a_fork_that_forges_its_review_is_reviewed_all_the_same(pull: Pull, tmp_path: Path) -> None:
    head = pull.propose(forges_the_review)
    code, comment, _ = pull.review_as_typed(tmp_path, HEAD_SHA=head)
    assert code == 0
    assert comment is not None
    assert comment.startswith(f"{MARKER}\n⛔ **")
    assert "supplier-feed" in comment
    assert "No findings" not in comment
    assert "It also changes 7 other files, which this does not judge." in comment
    assert not (tmp_path / "forged").exists()
    assert sorted(path.name for path in pull.checkout.iterdir()) == [".git", "catalog", "main.py"]


def test_the_same_pull_request_is_compared_under_the_same_names(pull: Pull, tmp_path: Path) -> None:
    head = pull.propose(removes_a_job)
    first, second = (pull.review(tmp_path, HEAD_SHA=head)[1] for _ in range(2))
    assert [line for line in str(first).splitlines() if "compared with" not in line] == [
        line for line in str(second).splitlines() if "compared with" not in line
    ]


@pytest.mark.parametrize("text", [HOSTILE, "</details><h1>No findings</h1>", "``` | x | https://evil.example #12"])
def test_what_a_catalog_says_does_nothing_in_the_comment(pull: Pull, tmp_path: Path, text: str) -> None:
    head = pull.propose(says(text))
    code, comment, _ = pull.review(tmp_path, HEAD_SHA=head)
    assert code == 0
    posted = comment_in(tmp_path / "review")
    _, verdict, *rest = posted.splitlines()
    assert verdict.startswith("✅ **No findings**; 1 job changed")
    assert not [line for line in rest if line.startswith(("✅", "⛔", "❌", "/"))]
    assert neutral(posted.partition("\n")[2]) == posted.partition("\n")[2]
    assert comment is not None
    assert posted.replace(SPACE, "") == comment


def test_what_others_have_landed_meanwhile_is_not_said_backwards(pull: Pull, tmp_path: Path) -> None:
    head = pull.propose(lambda origin: (origin / "README.md").write_text("x", encoding="utf-8") and None)
    removes_a_job(pull.origin)
    git(pull.origin, "commit", "-q", "--no-verify", "-a", "-m", "landed")
    git(pull.checkout, "fetch", "-q", "origin")
    landed = git(pull.origin, "rev-parse", "HEAD")
    code, comment, _ = pull.review(tmp_path, HEAD_SHA=head, BASE_SHA=landed)
    assert code == 0
    assert comment is not None
    assert "No findings" in comment
    assert "supplier-feed" not in comment
    assert "It also changes 1 other file, which this does not judge." in comment


def bomb(origin: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
    (origin / "catalog" / "shop" / "bomb.yaml").write_text("\n".join(rows) + "\n", encoding="utf-8")


def deep(origin: Path) -> None:
    (origin / "catalog" / "shop" / "deep.yaml").write_text("[" * 100_000, encoding="utf-8")


def large(origin: Path) -> None:
    (origin / "catalog" / "shop" / "large.yaml").write_text("# " + "x" * MAX_FILE_BYTES, encoding="utf-8")


def link(origin: Path) -> None:
    (origin / "catalog" / "shop" / "link.yaml").symlink_to("/etc/passwd")


def folder_link(origin: Path) -> None:
    shutil.rmtree(origin / "catalog")
    (origin / "catalog").symlink_to("/etc")


def no_catalog(origin: Path) -> None:
    shutil.rmtree(origin / "catalog")


def conflict(origin: Path) -> None:
    (origin / "main.py").write_text("theirs\n", encoding="utf-8")


@pytest.mark.parametrize("change", [bomb, deep, large, link, folder_link, no_catalog], ids=lambda change: change.__name__)
def test_a_hostile_catalog_is_said_to_be_unreviewed(pull: Pull, tmp_path: Path, change: Change) -> None:
    head = pull.propose(change)
    code, comment, _ = pull.review(tmp_path, HEAD_SHA=head)
    assert code == 0
    assert comment is not None
    assert comment.startswith(f"{MARKER}\n❌ **Could not be reviewed**")
    assert "This is no approval." in comment
    assert "root:" not in comment
    assert neutral(comment.partition("\n")[2]) == comment.partition("\n")[2]


def test_one_that_conflicts_is_said_to_be_unreviewed(pull: Pull, tmp_path: Path) -> None:
    head = pull.propose(conflict)
    (pull.origin / "main.py").write_text("ours\n", encoding="utf-8")
    git(pull.origin, "commit", "-q", "--no-verify", "-a", "-m", "landed")
    git(pull.checkout, "fetch", "-q", "origin")
    code, comment, _ = pull.review(tmp_path, HEAD_SHA=head, BASE_SHA=git(pull.origin, "rev-parse", "HEAD"))
    assert code == 0
    assert comment is not None
    assert "it conflicts with its base" in comment


def test_one_that_has_moved_on_gets_no_comment_of_what_it_was(pull: Pull, tmp_path: Path) -> None:
    pull.propose(removes_a_job)
    code, comment, said = pull.review(tmp_path, HEAD_SHA="b" * 40)
    assert (code, comment) == (0, None)
    assert "moved on" in said


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        pytest.param({"PULL": "8"}, "git fetch", id="a pull request that is not there"),
        pytest.param({"PULL": "7/merge"}, "no number", id="a path"),
        pytest.param({"PULL": "+refs/heads/*:refs/heads/*"}, "no number", id="another ref"),
        pytest.param({"BASE_SHA": "--upload-pack=touch x"}, "no id of a commit", id="an option"),
        pytest.param({"HEAD_SHA": "main"}, "no id of a commit", id="a branch"),
        pytest.param({"BASE_SHA": "c" * 40}, "git cat-file", id="a base that is not there"),
    ],
)
def test_what_is_no_pull_request_is_refused(pull: Pull, tmp_path: Path, environ: dict[str, str], why: str) -> None:
    head = pull.propose(removes_a_job)
    code, comment, said = pull.review(tmp_path, **{"HEAD_SHA": head, **environ})
    assert (code, comment) == (2, None)
    assert "refused: " in said
    assert why in said


def test_the_token_reaches_git_alone(pull: Pull, tmp_path: Path) -> None:
    head = pull.propose(removes_a_job)
    code, comment, said = pull.review(tmp_path, HEAD_SHA=head, GH_TOKEN="s3cret", GITHUB_SERVER_URL="https://github.example")
    assert code == 0
    assert "s3cret" not in f"{comment}{said}"
    assert "extraheader" not in (pull.checkout / ".git" / "config").read_text(encoding="utf-8")

"""Reviews a pull request without running anything of it: with the code of the default branch, over its catalog's files as data.

`.github/workflows/review-comment.yml` runs it in a checkout of the default branch. What the pull request brings is fetched as
objects of git, with a token that reads and that nothing else here gets, and is read from there (`interlock/terminal/refs.py`):
nothing is checked out, and no hook, filter or module of it ever runs. So what the review says is ours; no fork can forge it.
What the pull request changes beside the catalog is not judged, and the comment says how much that is.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.github import MAX_CHARACTERS, REFUSED, Refused
from tools.post_review import MARKER, number_of

PATIENCE_SECONDS = 240
"""For the review of a stranger's catalog."""
GIT_PATIENCE_SECONDS = 120
FOR_THE_FRAME = 1_500
"""Characters that are left for what is said here, and for what `tools/neutral.py` adds."""
CATALOG = "catalog/"
PAGE = "days.html"
"""A day before and after, beside the comment."""
NOBODY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "review"), ("EMAIL", "review@localhost"), ("DATE", "2000-01-01T00:00:00Z"))
}
"""The same merge of the same commits has the same id."""
VARIABLE = "GH_TOKEN"
"""Of the token that reads."""
QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
FETCH = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance", "origin")


def review(repository: Path, *, pull: int, base: str, head: str, run: str, page: Path) -> str | None:
    """The comment on what landing `head` on `base` means; None where the pull request is no longer at `head`. Refused. A day
    before and after is written as `page`, if both catalogs can be read."""
    ref = f"refs/pull/{pull}/head"
    _git(repository, *FETCH, f"+{ref}:{ref}", **_credentials(os.environ))
    if _git(repository, "rev-parse", "--verify", f"{ref}^{{commit}}") != head:
        return None
    _git(repository, "cat-file", "-e", f"{base}^{{commit}}")  # merge-tree takes one that it lacks for a conflict
    merge = _merge(repository, base, head)
    if merge is None:
        said = "❌ **Could not be reviewed**: it conflicts with its base. This is no approval."
        return _framed(repository, f"{MARKER}\n{said}\n", beside=0)
    changed = _git(repository, "diff-tree", "-r", "--name-only", "-z", "--no-renames", base, merge).split("\0")
    beside = sum(1 for path in changed if path and not path.startswith(CATALOG))
    return _framed(repository, _reviewed(repository, base, merge, run, page), beside=beside)


def _merge(repository: Path, base: str, head: str) -> str | None:
    """The commit that landing makes, which no ref leads to and nobody checks out; None where both conflict. The head itself
    against its base would also show, backwards, what others have landed meanwhile."""
    words = ("merge-tree", "--write-tree", "--no-messages", base, head)
    done = _run_git(repository, words)
    if done.returncode == 1:
        return None
    tree = _output(done, words)
    return _git(repository, "commit-tree", tree, "-p", base, "-p", head, "-m", "review")


def _reviewed(repository: Path, base: str, merge: str, run: str, page: Path) -> str:
    """What `interlock review` says, or that it has died: then the comment says so, rather than what was true before."""
    interlock = Path(sys.executable).with_name("interlock")
    limit = str(MAX_CHARACTERS - FOR_THE_FRAME)
    words = [str(interlock), "review", "--base", base, "--head", merge, "--format", "markdown", "--limit", limit]
    words += ["--page", str(page)]
    try:
        done = subprocess.run(
            words, cwd=repository, env=_without_token(), stdout=subprocess.PIPE, timeout=PATIENCE_SECONDS, check=False
        )
        said = done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired:
        said = ""
    if said.partition("\n")[0] == MARKER:
        return said
    return f"{MARKER}\n❌ **Could not be reviewed.** The log of {run} says why. This is no approval.\n"


def _framed(repository: Path, said: str, *, beside: int) -> str:
    """The review, and what it is good for."""
    code = _git(repository, "rev-parse", "--short=12", "HEAD")
    by = (
        f"By the code of the default branch at {code}, from the files under `{CATALOG}` alone; nothing of the pull request ran."
    )
    many = f"{beside:,} other file{'' if beside == 1 else 's'}"
    unjudged = f" It also changes {many}, which this does not judge." if beside else ""
    return f"{said}\n<sub>{by}{unjudged}</sub>\n"


def _credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """What lets git read a private repository, for one command and in no file; as actions/checkout sends it."""
    if not (token := environ.get(VARIABLE)):
        return {}
    header = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    key = f"http.{environ['GITHUB_SERVER_URL']}/.extraheader"
    return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {header}"}


def _without_token() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != VARIABLE}


def _git(repository: Path, *words: str, **environ: str) -> str:
    return _output(_run_git(repository, words, environ), words)


def _run_git(
    repository: Path, words: tuple[str, ...], environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-C", str(repository), "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", *words]
    try:
        settings = {**_without_token(), **QUIET, **NOBODY, **(environ or {})}
        return subprocess.run(command, env=settings, capture_output=True, timeout=GIT_PATIENCE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise Refused(f"git {words[0]} took more than {GIT_PATIENCE_SECONDS} s") from None


def _output(done: subprocess.CompletedProcess[bytes], words: tuple[str, ...]) -> str:
    if done.returncode != 0:
        raise Refused(f"git {words[0]}: {done.stderr.decode(errors='replace').strip()[:300]!a}")
    return os.fsdecode(done.stdout).removesuffix("\n")


def _commit(said: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", said):
        raise Refused(f"{said[:70]!a} is no id of a commit")
    return said


def main(words: list[str], environ: Mapping[str, str]) -> int:
    """`python -m tools.review_pull FOLDER` writes FOLDER/comment.md, and days.html where there is a day to show; nothing for
    a head that is not the newest. From PULL, BASE_SHA and HEAD_SHA, as GitHub's event has them, RUN, where the log is, and
    GH_TOKEN with GITHUB_SERVER_URL."""
    folder = Path(words[0]).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        said = review(
            Path.cwd(),
            pull=number_of(environ["PULL"]),
            base=_commit(environ["BASE_SHA"]),
            head=_commit(environ["HEAD_SHA"]),
            run=environ["RUN"],
            page=folder / PAGE,
        )
    except Refused as refusal:
        print(f"refused: {refusal}", file=sys.stderr)
        return REFUSED
    if said is None:
        print("nothing: the pull request has moved on")
        return 0
    (folder / "comment.md").write_text(said, encoding="utf-8")
    print("reviewed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

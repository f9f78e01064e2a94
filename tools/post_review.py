"""Puts the comment of a review under its pull request, or brings the one that is there up to date.

`.github/workflows/review-comment.yml` runs it with a token that may write comments, on the files that a pull request's own run
has left in a folder: `comment.md`, and `number`, that of the pull request. Whoever opened it may have written both, so they are
a stranger's input, and nothing of theirs is run. What is asked of GitHub: which head the pull request has, its comments, and
at most one comment to be written. Standard library only: it comes alone, from the default branch, without a checkout.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

MARKER = "<!-- interlock-review v1 -->"
"""The first line of every review, by which its comment is found again."""
AUTHOR = "github-actions[bot]"
"""As whom a workflow's own token writes. Anybody may write the marker; nobody else writes as this."""
MAX_CHARACTERS = 65_536
"""What GitHub takes as a comment."""
MAX_BYTES = 4 * MAX_CHARACTERS
MAX_REPLY_BYTES = 32 * 1024 * 1024
"""Of a page of comments: a hundred of the largest."""
PAGE = 100
MAX_PAGES = 100
TIMEOUT = 30.0
"""Seconds that GitHub may take to answer."""
REFUSED = 2


class Refused(Exception):
    """Nothing is posted: one sentence that says why."""


def read(path: Path, limit: int) -> str:
    """The text of a file that a stranger made, of at most `limit` bytes."""
    try:
        with path.open("rb") as file:
            regular = stat.S_ISREG(path.lstat().st_mode)
            content = file.read(limit + 1)
    except OSError as error:
        raise Refused(f"{path.name}: {error.strerror}") from None
    if not regular or len(content) > limit:
        raise Refused(f"{path.name} is no file of at most {limit:,} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(f"{path.name} is not UTF-8") from None


def comment_in(folder: Path) -> str:
    """The comment to be posted."""
    text = read(folder / "comment.md", MAX_BYTES)
    if len(text) > MAX_CHARACTERS:
        raise Refused(f"comment.md has {len(text):,} characters; a comment has at most {MAX_CHARACTERS:,}")
    if text.partition("\n")[0] != MARKER:
        raise Refused("comment.md does not begin with the marker of a review")
    return text


def number_in(folder: Path) -> int:
    """The number of the pull request."""
    text = read(folder / "number", 20).strip()
    if not re.fullmatch(r"[1-9][0-9]{0,9}", text):
        raise Refused("number is no number of a pull request")
    return int(text)


class Repository:
    """The calls of GitHub's REST API that are needed: https://docs.github.com/en/rest/issues/comments"""

    def __init__(self, *, api: str, name: str, token: str) -> None:
        self._base = f"{api}/repos/{name}"
        self._token = token

    def head(self, pull: int) -> str:
        """The commit at the head of a pull request."""
        found = self._call("GET", f"/pulls/{pull}")
        return str(found["head"]["sha"])

    def own_comment(self, pull: int) -> dict[str, Any] | None:
        """The review under a pull request, if there is one already."""
        for page in range(1, MAX_PAGES + 1):
            comments = self._call("GET", f"/issues/{pull}/comments?per_page={PAGE}&page={page}")
            for comment in comments:
                if (comment.get("user") or {}).get("login") == AUTHOR and first_line(comment) == MARKER:
                    return dict(comment)
            if len(comments) < PAGE:
                return None
        raise Refused(f"the pull request has more than {MAX_PAGES * PAGE:,} comments")

    def post(self, pull: int, body: str) -> None:
        """Write a new comment."""
        self._call("POST", f"/issues/{pull}/comments", {"body": body})

    def patch(self, comment: int, body: str) -> None:
        """Write a comment anew."""
        self._call("PATCH", f"/issues/comments/{comment}", {"body": body})

    def _call(self, method: str, path: str, content: dict[str, str] | None = None) -> Any:
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self._base + path, method=method, data=data)  # noqa: S310
        request.add_header("Accept", "application/vnd.github+json")
        request.add_header("X-GitHub-Api-Version", "2022-11-28")
        request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as reply:  # noqa: S310
                return json.loads(reply.read(MAX_REPLY_BYTES))
        except urllib.error.HTTPError as error:
            raise Refused(f"GitHub answers {error.code} to {method} {path}; if that may pass, run the job again") from None
        except (OSError, ValueError) as error:
            raise Refused(f"GitHub does not answer {method} {path}: {error}; run the job again") from None


def first_line(comment: dict[str, Any]) -> str:
    """Of a comment's body."""
    return str(comment.get("body") or "").partition("\n")[0].rstrip("\r")


def same(posted: str, body: str) -> bool:
    """Whether a comment says what `body` does; GitHub may end lines and texts otherwise than we do."""
    return posted.replace("\r\n", "\n").strip() == body.strip()


def put(repository: Repository, *, folder: Path, head: str) -> str:
    """Post, patch or leave the comment; what was done, for people. `head` is the commit that was reviewed."""
    body, pull = comment_in(folder), number_in(folder)
    if repository.head(pull) != head:
        return f"nothing: #{pull} is not, or no longer, at {head}"
    comment = repository.own_comment(pull)
    if comment is None:
        repository.post(pull, body)
        return f"posted under #{pull}"
    if same(str(comment["body"]), body):
        return f"nothing: #{pull} has this comment already"
    repository.patch(int(comment["id"]), body)
    return f"updated under #{pull}"


def main() -> int:
    """`post_review.py FOLDER`, with GITHUB_API_URL, GITHUB_REPOSITORY, GH_TOKEN and HEAD_SHA, the commit that was reviewed."""
    env = os.environ
    repository = Repository(api=env["GITHUB_API_URL"], name=env["GITHUB_REPOSITORY"], token=env["GH_TOKEN"])
    try:
        print(put(repository, folder=Path(sys.argv[1]), head=env["HEAD_SHA"]))
    except Refused as refusal:
        print(f"refused: {refusal}", file=sys.stderr)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Puts a review under its pull request as one comment, or brings the one that is there up to date.

`.github/workflows/review-comment.yml` runs it, from the default branch, with a token that may write comments, on the file
`comment.md` that the job before has written. That job runs the default branch's code too, but over files of a stranger, so what
it wrote is taken for a stranger's: whatever is in it, it is posted without anything that acts (`tools/neutral.py`). Which pull
request it is says GitHub's event, and no file. Standard library only.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.github import MAX_CHARACTERS, REFUSED, Refused, Repository, read, says
from tools.neutral import neutral

MARKER = "<!-- interlock-review v1 -->"
"""The first line of every review, by which its comment is found again."""


def comment_in(folder: Path, page: str = "") -> str:
    """The comment to be posted: neutral below its first line, but for our own link to the page."""
    first, _, rest = read(folder / "comment.md").partition("\n")
    if first != MARKER:
        raise Refused("comment.md does not begin with the marker of a review")
    link = f"\n[One day before and after, as a page]({page})\n" if page else ""
    text = f"{MARKER}\n{neutral(rest)}"
    text += link if len(text) + len(link) <= MAX_CHARACTERS else ""
    if len(text) > MAX_CHARACTERS:
        raise Refused(f"comment.md has {len(text):,} characters; a comment has at most {MAX_CHARACTERS:,}")
    return text


def page_at(said: str, repository: str) -> str:
    """The address of the page, an artifact of a run of this repository; nothing where there is none."""
    if said and not re.fullmatch(rf"{re.escape(repository)}/actions/runs/[0-9]+/artifacts/[0-9]+", said, re.ASCII):
        raise Refused(f"{said[:100]!a} is no artifact of {repository}")
    return said


def number_of(said: str) -> int:
    """The number of the pull request."""
    if not re.fullmatch(r"[1-9][0-9]{0,9}", said, re.ASCII):
        raise Refused(f"{said[:20]!a} is no number of a pull request")
    return int(said)


def put(repository: Repository, *, body: str, pull: int, head: str) -> str:
    """Post, patch or leave the comment; what was done, for people. `head` is the commit that was reviewed."""
    if repository.get(f"/pulls/{pull}")["head"]["sha"] != head:
        return f"nothing: #{pull} is not, or no longer, at {head}"
    comment = repository.own(f"/issues/{pull}/comments", MARKER)
    if comment is None:
        repository.post(f"/issues/{pull}/comments", {"body": body})
        return f"posted under #{pull}"
    if says(comment, body):
        return f"nothing: #{pull} has this comment already"
    repository.patch(f"/issues/comments/{int(comment['id'])}", {"body": body})
    return f"updated under #{pull}"


def main(words: list[str], environ: Mapping[str, str]) -> int:
    """`python -m tools.post_review FOLDER`, with GITHUB_API_URL, GITHUB_REPOSITORY, GH_TOKEN, PULL, and HEAD_SHA, the commit
    that was reviewed; and PAGE with GITHUB_SERVER_URL, where there is a page."""
    try:
        repository = Repository(api=environ["GITHUB_API_URL"], name=environ["GITHUB_REPOSITORY"], token=environ["GH_TOKEN"])
        pull = number_of(environ["PULL"])
        page = page_at(environ.get("PAGE", ""), f"{environ.get('GITHUB_SERVER_URL', '')}/{environ['GITHUB_REPOSITORY']}")
        print(put(repository, body=comment_in(Path(words[0]), page), pull=pull, head=environ["HEAD_SHA"]))
    except Refused as refusal:
        print(f"refused: {refusal}", file=sys.stderr)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

"""The comment of a review is posted once, brought up to date in place, and never for a stranger's sake: against a GitHub that
answers on the loopback."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.tools.hub import BOT, STRANGER, TOKEN, run_module, serve
from tools.neutral import neutral

HEAD = "a" * 40
MARKER = "<!-- interlock-review v1 -->"
REVIEW = f"{MARKER}\nNothing changes.\n"
Comment = dict[str, Any]


@dataclass(kw_only=True)
class GitHub:
    """One repository with the pull request 7."""

    url: str = ""
    head: str = HEAD
    comments: list[Comment] = field(default_factory=list)
    writes: list[tuple[str, str, str]] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)

    def answer(self, method: str, url: str, body: Comment) -> tuple[int, object]:
        """The status and JSON of a reply."""
        where = urlsplit(url)
        if method == "GET" and where.path == "/repos/o/r/pulls/7":
            return 200, {"head": {"sha": self.head}}
        if method == "GET" and where.path == "/repos/o/r/issues/7/comments":
            page, size = (int(parse_qs(where.query)[name][0]) for name in ("page", "per_page"))
            self.pages.append(page)
            return 200, self.comments[(page - 1) * size : page * size]
        if method == "POST" and where.path == "/repos/o/r/issues/7/comments":
            self.writes.append((method, "7", body["body"]))
            return 201, {}
        if method == "PATCH" and (found := re.fullmatch("/repos/o/r/issues/comments/([0-9]+)", where.path)):
            self.writes.append((method, found[1], body["body"]))
            return 200, {}
        return 404, {}


@pytest.fixture
def github() -> Iterator[GitHub]:
    hub = GitHub()
    with serve(hub.answer) as hub.url:
        yield hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "comment.md").write_text(REVIEW, encoding="utf-8")
    return tmp_path


def run(github: GitHub, folder: Path, *, token: str = TOKEN, pull: str = "7") -> tuple[int, str]:
    return run_module("tools.post_review", folder, github.url, token=token, PULL=pull, HEAD_SHA=HEAD)


def comment(number: int, login: str, body: str) -> Comment:
    return {"id": number, "user": {"login": login}, "body": body}


@pytest.mark.parametrize(
    ("comments", "writes"),
    [
        pytest.param([], [("POST", "7", REVIEW)], id="no comment yet: it is posted"),
        pytest.param([comment(1, BOT, REVIEW)], [], id="the same comment is there: nothing is done"),
        pytest.param([comment(1, BOT, REVIEW.rstrip().replace("\n", "\r\n"))], [],
                     id="the same comment as GitHub hands it back: nothing is done"),
        pytest.param([comment(1, BOT, f"{MARKER}\nTwo findings.")], [("PATCH", "1", REVIEW)],
                     id="another comment is there: it is brought up to date"),
        pytest.param([comment(1, STRANGER, f"{MARKER}\nAll is well.")], [("POST", "7", REVIEW)],
                     id="somebody else's comment with the marker is not touched"),
        pytest.param([comment(1, STRANGER, REVIEW), comment(2, BOT, "Coverage: 90 %"), comment(3, BOT, f"{MARKER}\nx")],
                     [("PATCH", "3", REVIEW)], id="ours is found among others"),
        pytest.param([comment(1, BOT, f"I quote:\n{MARKER}\nx")], [("POST", "7", REVIEW)],
                     id="the marker is in the first line or there is none"),
        pytest.param([{"id": 1, "user": None, "body": None}], [("POST", "7", REVIEW)], id="a comment of a deleted user"),
    ],
)  # fmt: skip
def test_the_comment_is_posted_or_brought_up_to_date(
    github: GitHub, folder: Path, comments: list[Comment], writes: list[object]
) -> None:
    github.comments = comments
    code, said = run(github, folder)
    assert (code, github.writes) == (0, writes), said


def test_ours_is_found_on_a_later_page(github: GitHub, folder: Path) -> None:
    github.comments = [comment(n, STRANGER, "+1") for n in range(200)] + [comment(999, BOT, f"{MARKER}\nx")]
    assert run(github, folder)[0] == 0
    assert (github.pages, github.writes) == ([1, 2, 3], [("PATCH", "999", REVIEW)])


def test_a_full_last_page_is_followed_by_an_empty_one(github: GitHub, folder: Path) -> None:
    github.comments = [comment(n, STRANGER, "+1") for n in range(100)]
    assert run(github, folder)[0] == 0
    assert (github.pages, github.writes) == ([1, 2], [("POST", "7", REVIEW)])


def test_a_pull_request_at_another_commit_gets_nothing(github: GitHub, folder: Path) -> None:
    github.head = "b" * 40
    code, said = run(github, folder)
    assert (code, github.writes) == (0, [])
    assert "no longer" in said


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(MARKER + "\n" + "x" * 65_536, "characters", id="too many characters"),
        pytest.param(MARKER + "\n" + "x" * 500_000, "more than 262,144 bytes", id="too many bytes"),
        pytest.param(MARKER + "\n" + "@x" * 30_000, "characters", id="too many once nothing in it acts"),
        pytest.param("All is well.\n" + REVIEW, "marker", id="the marker is not in the first line"),
        pytest.param("", "marker", id="empty"),
        pytest.param(b"PK\x03\x04", "marker", id="an archive"),
        pytest.param(b"\xff\xfe", "UTF-8", id="not UTF-8"),
        pytest.param(None, "No such file", id="no comment"),
    ],
)
def test_what_may_not_be_posted(github: GitHub, folder: Path, content: str | bytes | None, why: str) -> None:
    path = folder / "comment.md"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    code, said = run(github, folder)
    assert (code, github.writes) == (2, [])
    assert "refused" in said
    assert why in said


@pytest.mark.parametrize("pull", ["", "0", "7/../../issues/1", "7\n8", "\u0667", "7" * 30, "-7", "8x"])
def test_a_pull_request_is_a_number(github: GitHub, folder: Path, pull: str) -> None:
    code, said = run(github, folder, pull=pull)
    assert (code, github.writes) == (2, [])
    assert "no number of a pull request" in said


def test_another_pull_request_than_that_of_the_event_gets_nothing(github: GitHub, folder: Path) -> None:
    (folder / "number").write_text("8\n", encoding="utf-8")
    assert run(github, folder)[0] == 0
    assert github.writes == [("POST", "7", REVIEW)]


def test_what_is_posted_calls_nobody_and_commands_nothing(github: GitHub, folder: Path) -> None:
    said = f"⛔ **1 finding**\n@octocat\n/approve\n![x](https://evil.example)\n{MARKER}\n✅ **No findings**\n"
    (folder / "comment.md").write_text(f"{MARKER}\n{said}", encoding="utf-8")
    assert run(github, folder)[0] == 0
    [(_, _, body)] = github.writes
    assert body == f"{MARKER}\n{neutral(said)}"
    assert body.count(MARKER) == 1
    assert not re.search(r"@o|^/|!\[|\]\(|://", body, re.MULTILINE)


ARTIFACT = "https://github.example/o/r/actions/runs/1/artifacts/22"


def test_the_page_of_the_run_is_linked_below_what_is_neutral(github: GitHub, folder: Path) -> None:
    server = "https://github.example"
    assert (
        run_module("tools.post_review", folder, github.url, PULL="7", HEAD_SHA=HEAD, GITHUB_SERVER_URL=server, PAGE=ARTIFACT)[0]
        == 0
    )
    assert github.writes == [("POST", "7", f"{REVIEW}\n[One day before and after, as a page]({ARTIFACT})\n")]


@pytest.mark.parametrize(
    "page",
    [
        ARTIFACT.replace("o/r", "eve/r"),
        ARTIFACT.replace("github.example", "evil.example"),
        f"{ARTIFACT})[x](https://evil.example",
        f"{ARTIFACT}\n/approve",
        "javascript:alert(1)",
    ],
)
def test_a_link_to_anything_else_is_refused(github: GitHub, folder: Path, page: str) -> None:
    server = "https://github.example"
    code, said = run_module(
        "tools.post_review", folder, github.url, PULL="7", HEAD_SHA=HEAD, GITHUB_SERVER_URL=server, PAGE=page
    )
    assert (code, github.writes) == (2, [])
    assert "is no artifact of https://github.example/o/r" in said


@pytest.mark.parametrize("kind", ["a link", "a folder", "a pipe"])
def test_what_is_no_file_is_refused(github: GitHub, folder: Path, tmp_path_factory: pytest.TempPathFactory, kind: str) -> None:
    elsewhere, path = tmp_path_factory.mktemp("elsewhere") / "secret", folder / "comment.md"
    elsewhere.write_text(REVIEW, encoding="utf-8")
    path.unlink()
    make = {"a link": lambda: path.symlink_to(elsewhere), "a folder": path.mkdir, "a pipe": lambda: os.mkfifo(path)}
    make[kind]()
    assert run(github, folder)[0] == 2
    assert github.writes == []


def test_as_many_characters_as_github_takes_are_posted(github: GitHub, folder: Path) -> None:
    largest = MARKER + "\n" + "█" * (65_536 - len(MARKER) - 1)
    (folder / "comment.md").write_text(largest, encoding="utf-8")
    assert run(github, folder)[0] == 0
    assert github.writes == [("POST", "7", largest)]


def test_a_refusal_of_github_is_said(github: GitHub, folder: Path) -> None:
    code, said = run(github, folder, token="expired")
    assert code == 2
    assert "GitHub answers 401 to GET /pulls/7" in said

"""The calls of GitHub's REST API that our workflows make with a token that may write. Standard library only.

https://docs.github.com/en/rest/issues
"""

from __future__ import annotations

import json
import stat
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

AUTHOR = "github-actions[bot]"
"""As whom a workflow's own token writes. Anybody may write a marker; nobody else writes as this."""
MAX_CHARACTERS = 65_536
"""What GitHub takes as a comment, or as the text of an issue."""
MAX_BYTES = 4 * MAX_CHARACTERS
MAX_REPLY_BYTES = 32 * 1024 * 1024
"""Of a page of comments: a hundred of the largest."""
PAGE = 100
MAX_PAGES = 100
TIMEOUT = 30.0
"""Seconds that GitHub may take to answer."""
REFUSED = 2
"""Exit code: nothing was written."""

Entry = dict[str, Any]
"""A comment or an issue."""


class Refused(Exception):
    """Nothing is written: one sentence that says why."""


def read(path: Path, limit: int = MAX_BYTES) -> str:
    """The text of a file of at most `limit` bytes; Refused for a link, and for what is none or not UTF-8."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise Refused(f"{path.name} is no file")
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise Refused(f"{path.name}: {error.strerror}") from None
    if len(content) > limit:
        raise Refused(f"{path.name} has more than {limit:,} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(f"{path.name} is not UTF-8") from None


class Repository:
    """A repository of GitHub, as a workflow's token sees it."""

    def __init__(self, *, api: str, name: str, token: str) -> None:
        self._base = f"{api}/repos/{name}"
        self._token = token

    def get(self, path: str) -> Any:
        """What is at a path of the repository."""
        return self._call("GET", path)

    def post(self, path: str, content: Entry) -> Any:
        """Make something new."""
        return self._call("POST", path, content)

    def patch(self, path: str, content: Entry) -> Any:
        """Change something."""
        return self._call("PATCH", path, content)

    def own(self, path: str, marker: str, **query: str) -> Entry | None:
        """The first entry of a list that we wrote, whose text begins with the line `marker`."""
        return next((one for one in self._listed(path, query) if _is_own(one) and first_line(one) == marker), None)

    def _listed(self, path: str, query: dict[str, str]) -> Iterator[Entry]:
        for page in range(1, MAX_PAGES + 1):
            asked = urllib.parse.urlencode({**query, "per_page": PAGE, "page": page})
            found = self._call("GET", f"{path}?{asked}")
            yield from found
            if len(found) < PAGE:
                return
        raise Refused(f"{path} has more than {MAX_PAGES * PAGE:,} entries")

    def _call(self, method: str, path: str, content: Entry | None = None) -> Any:
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


def _is_own(entry: Entry) -> bool:
    return (entry.get("user") or {}).get("login") == AUTHOR


def first_line(entry: Entry) -> str:
    """Of the text of a comment or an issue."""
    return str(entry.get("body") or "").partition("\n")[0].rstrip("\r")


def says(entry: Entry, body: str) -> bool:
    """Whether its text is `body`; GitHub may end lines and texts otherwise than we do."""
    return str(entry.get("body") or "").replace("\r\n", "\n").strip() == body.strip()

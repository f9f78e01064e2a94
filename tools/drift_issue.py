"""Keeps one issue about what of production is not as main says: opens it, brings it up to date, closes it.

`.github/workflows/drift.yml` runs it with a token that may write issues, in a job that can't reach the cloud, on what the job
that can has written (`tools/drift_report.py`). Names of the cloud are strangers' words, so nothing in what is posted acts.
Standard library only.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.github import MAX_CHARACTERS, REFUSED, Entry, Refused, Repository, read, says
from tools.neutral import neutral

MARKER = "<!-- interlock-drift v1 -->"
"""The first line of the issue, by which it is found again, among those with the label that are ours."""
LABEL = "interlock-drift"
TITLE = "Production is not as main says"
CHANGED = "What is not as main says has changed; the text above is what it is now."
CLEAN = "Production is as main says again."
CUT = "\n\nCut here; the run has the whole.\n"
FIELDS = {"clean": bool, "body": str}


def issue_in(folder: Path) -> tuple[bool, str]:
    """Whether all is as it should be, and the issue's text: neutral below its first line, and no longer than one may be."""
    try:
        found = json.loads(read(folder / "issue.json"))
    except (ValueError, RecursionError):
        raise Refused("issue.json is no JSON") from None
    if not isinstance(found, dict) or {name: type(value) for name, value in found.items()} != FIELDS:
        raise Refused("issue.json has other fields than clean and body")
    first, _, rest = found["body"].partition("\n")
    if first != MARKER:
        raise Refused("issue.json has no body that begins with the marker")
    text = f"{MARKER}\n{neutral(rest)}"
    return found["clean"], text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - len(CUT)] + CUT


def keep(repository: Repository, *, clean: bool, body: str) -> str:
    """Open, change, close or leave the issue; what was done, for people."""
    issue = repository.own("/issues", MARKER, state="open", labels=LABEL)
    if issue is None and clean:
        return "nothing: production is as main says, and there is no issue"
    if issue is None:
        made = repository.post("/issues", {"title": TITLE, "body": body, "labels": [LABEL]})
        return f"opened #{made['number']}"
    number = int(issue["number"])
    if clean:
        _comment(repository, number, CLEAN)
        repository.patch(f"/issues/{number}", {"state": "closed", "state_reason": "completed"})
        return f"closed #{number}"
    if says(issue, body):
        return f"nothing: #{number} says this already"
    repository.patch(f"/issues/{number}", {"body": body})
    _comment(repository, number, CHANGED)
    return f"updated #{number}"


def _comment(repository: Repository, number: int, text: str) -> Entry:
    """Of which GitHub tells people; a changed text it tells nobody."""
    return dict(repository.post(f"/issues/{number}/comments", {"body": text}))


def main(words: list[str], environ: Mapping[str, str]) -> int:
    """`python -m tools.drift_issue FOLDER`, with GITHUB_API_URL, GITHUB_REPOSITORY and GH_TOKEN."""
    try:
        repository = Repository(api=environ["GITHUB_API_URL"], name=environ["GITHUB_REPOSITORY"], token=environ["GH_TOKEN"])
        clean, body = issue_in(Path(words[0]))
        print(keep(repository, clean=clean, body=body))
    except Refused as refusal:
        print(f"refused: {refusal}", file=sys.stderr)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

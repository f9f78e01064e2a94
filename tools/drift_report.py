"""What of production is not as main says, as the text of one issue: the plans of all stacks, their review, and what is live.

`.github/workflows/drift.yml` runs it each night, in the job that may read the cloud; `tools/drift_issue.py` posts the text.
Names only: of a plan and of a live job no value is shown, as one may be a secret. What could not be looked at is said, so that
no silence passes for "as it should be".
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from interlock.drawing.markdown import code, escaped
from interlock.names import count
from interlock.reading.files import load_catalog
from interlock.secrets import scrubbed
from interlock.shares import is_schedules
from interlock.terminal.cdktf import STACKS, stacks_of
from interlock.terraform.changes import changes_of, counted
from interlock.terraform.plan import PlanError, load_plan
from tools.drift_issue import MARKER
from tools.plan_report import changed

SHOWN = 60
MAX_TEXT = 300
VALUES_OF = {"schedule": 'schedule "', "time zone": "zone "}
"""What `interlock status` says of a live job with its values: left out here."""
Json = Mapping[str, Any]


def report(folder: Path, stacks: Sequence[str] = STACKS) -> dict[str, Any]:
    """`clean`, and the `body` of the issue. The folder has STACK.json of each stack, review-STACK.json of each with jobs, and
    status.json; one that is missing or is none could not be looked at."""
    reviewed = [line for name in stacks if is_schedules(name) for line in _review(folder / f"review-{name}.json")]
    sections = {
        **{f"Plan of {name}": _plan(folder / f"{name}.json") for name in stacks},
        "What a deploy would do that the catalog does not explain": [*dict.fromkeys(reviewed)],
        "Live jobs": _status(folder / "status.json"),
    }
    found = {title: lines for title, lines in sections.items() if lines}
    parts = [f"### {title}\n\n" + "\n".join(f"- {line}" for line in lines) for title, lines in found.items()]
    opening = "Production is not as `main` says. A deploy, or a change of the catalog, makes both agree."
    return {"clean": not found, "body": "\n\n".join([f"{MARKER}\n{opening}", *parts]) + "\n"}


def _plan(path: Path) -> list[str]:
    try:
        plan = load_plan(path)
    except PlanError:
        return ["could not be planned; the log of the run says why"]
    said = counted(changes_of(plan).changes)
    return [said, *changed(plan)] if said else []


def _review(path: Path) -> list[str]:
    found = _read(path)
    if found is None or "problems" in found:
        return ["could not be reviewed; the log of the run says why"]
    remarks = [f"{_text(one, 'topic')}: {_text(one, 'subject')}: {_text(one, 'text')}" for one in _objects(found, "findings")]
    return _first(remarks)


def _status(path: Path) -> list[str]:
    found = _read(path)
    if found is None:
        return ["could not be looked at; the log of the run says why"]
    lines = [
        f"{_named(job)}: {escaped(_without_values(str(said)), MAX_TEXT)}"
        for job in _objects(found, "jobs")
        for said in job.get("drift", [])
    ]
    lines += [f"{_named(job)} is not known to the catalog" for job in _objects(found, "unknown")]
    lines += [f"{_named(job)} was to be left out only until {_text(job, 'until')}"
              for job in _objects(found, "left_out") if job.get("overdue")]  # fmt: skip
    lines += [f"{code(region, MAX_TEXT)} could not be looked at" for region in sorted(found.get("not_looked_at") or {})]
    lines += ["the regions could not be listed"] if found.get("regions_not_listed") else []
    lines += [_escaped(str(said).partition("\n")[0]) for said in found.get("trouble") or []]
    return _first(lines)


def _without_values(said: str) -> str:
    return next((f"{what} not as declared" for what, begin in VALUES_OF.items() if said.startswith(begin)), scrubbed(said))


def _first(lines: list[str]) -> list[str]:
    more = [f"and {count(len(lines) - SHOWN, 'more line')}"] if len(lines) > SHOWN else []
    return [*lines[:SHOWN], *more]


def _named(job: Json) -> str:
    return f"{code(str(job.get('name')), MAX_TEXT)} in {code(str(job.get('region')), MAX_TEXT)}"


def _text(one: Json, key: str) -> str:
    return _escaped(str(one.get(key) or ""))


def _escaped(text: str) -> str:
    return escaped(scrubbed(text), MAX_TEXT)


def _objects(found: Json, key: str) -> Iterable[Json]:
    return (one for one in found.get(key) or [] if isinstance(one, dict))


def _read(path: Path) -> Json | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def main(words: list[str]) -> int:
    """`python -m tools.drift_report FOLDER` writes FOLDER/issue.json."""
    folder = Path(words[0])
    found = report(folder, stacks_of(load_catalog(Path("catalog"))))
    (folder / "issue.json").write_text(json.dumps(found), encoding="utf-8")
    print("as main says" if found["clean"] else found["body"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

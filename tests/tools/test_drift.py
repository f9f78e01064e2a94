"""What of production is not as main says becomes one issue: names and no values, and nothing that acts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.tools.hub import BOT, STRANGER, Entry, run_module, serve
from tests.tools.plans import change, plan_text
from tools.drift_issue import CHANGED, CLEAN, CUT, LABEL, MARKER, TITLE
from tools.drift_report import report
from tools.neutral import neutral

SECRET = "hunter2-hunter2"
BODY = f"{MARKER}\nProduction is not as `main` says.\n"
FINE: dict[str, object] = {"findings": [], "jobs": []}
JOB = "google_cloud_scheduler_job.jobs"


def looked(folder: Path, *, review: object = FINE, status: object = FINE, **plans: list[Any] | None) -> Path:
    """A folder of what was looked at; nothing of what is None."""
    wanted = {"coordination": [], "schedules": [], "alerting": [], **plans}
    texts = {name: None if changes is None else plan_text(changes) for name, changes in wanted.items()}
    texts |= {
        name: None if found is None else json.dumps(found) for name, found in (("review-schedules", review), ("status", status))
    }
    for name, text in texts.items():
        if text is not None:
            (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return folder


def test_production_that_is_as_main_says_is_clean(tmp_path: Path) -> None:
    assert report(looked(tmp_path))["clean"] is True


def test_what_differs_is_said_by_name_and_without_values(tmp_path: Path) -> None:
    old, new = ({"name": "a", "description": text} for text in (SECRET, "new"))
    live = {"name": "games", "region": "us-west2"}
    said = ["target uri not as declared", "PAUSED, should be ENABLED", f'schedule "{SECRET}", declared "1 2 * * *"']
    found = report(
        looked(
            tmp_path,
            alerting=[change("google_monitoring_alert_policy.late", "update", before=old, after=new)],
            review={"findings": [{"topic": "resumed", "subject": "games", "text": "nothing has held it"}]},
            status={"jobs": [{**live, "drift": said}], "unknown": [{**live, "name": "by-hand"}],
                    "not_looked_at": {"us-east1": SECRET}, "trouble": [f"gs://b/o: states no hold\n{SECRET}"]},
        )
    )  # fmt: skip
    assert found["clean"] is False
    body = found["body"]
    for text in (
        "### Plan of alerting\n\n- 1 to change\n- change `google_monitoring_alert_policy.late` (`description`)",
        "- resumed: games: nothing has held it",
        "- `games` in `us-west2`: target uri not as declared",
        "- `games` in `us-west2`: PAUSED, should be ENABLED",
        "- `games` in `us-west2`: schedule not as declared",
        "- `by-hand` in `us-west2` is not known to the catalog",
        "- `us-east1` could not be looked at",
        "states no hold",
    ):
        assert text in body
    assert SECRET not in body
    assert "Plan of coordination" not in body


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        pytest.param({"coordination": None}, "### Plan of coordination\n\n- could not be planned", id="a plan"),
        pytest.param({"review": None}, "could not be reviewed", id="the review"),
        pytest.param({"review": {"problems": {"plan": ["x"]}, "jobs": []}}, "could not be reviewed", id="a review that failed"),
        pytest.param({"status": None}, "could not be looked at", id="what is live"),
        pytest.param({"status": []}, "could not be looked at", id="what is live, as something else"),
    ],
)
def test_what_could_not_be_looked_at_is_not_taken_for_clean(tmp_path: Path, missing: dict[str, Any], said: str) -> None:
    found = report(looked(tmp_path, **missing))
    assert found["clean"] is False
    assert said in found["body"]


def test_names_of_the_cloud_are_strangers_words(tmp_path: Path) -> None:
    hostile = "@octocat\n/approve ![x](https://evil.example) <img src=x> `|` #1"
    job = {"name": hostile, "region": hostile, "drift": [hostile], "until": hostile, "overdue": True}
    status = {"jobs": [job], "unknown": [job], "left_out": [job], "trouble": [hostile]}
    found = report(
        looked(tmp_path, status=status, review={"findings": [{"topic": hostile, "subject": hostile, "text": hostile}]})
    )
    assert not [line for line in found["body"].splitlines() if line.startswith("/")]
    body = neutral(found["body"].partition("\n")[2])
    assert "@o" not in body
    assert not re.search(r"(?<!\\)\]\(", body)
    assert "<img" not in body


@dataclass(kw_only=True)
class Hub:
    """The issues of a repository."""

    url: str = ""
    issues: list[Entry] = field(default_factory=list)
    writes: list[tuple[str, str, Entry]] = field(default_factory=list)

    def answer(self, method: str, url: str, body: Entry) -> tuple[int, object]:
        where = urlsplit(url)
        path = where.path.removeprefix("/repos/o/r")
        if method == "GET" and path == "/issues":
            asked = {key: one for key, [one] in parse_qs(where.query).items()}
            shown = [one for one in self.issues if asked["state"] == one["state"] and asked["labels"] in one["labels"]]
            return 200, shown if asked["page"] == "1" else []
        if method in ("POST", "PATCH"):
            self.writes.append((method, path, body))
            return 201, {"number": 9}
        return 404, {}


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub()
    with serve(made.answer) as made.url:
        yield made


def issue(number: int, body: str, *, login: str = BOT, state: str = "open", label: str = LABEL) -> Entry:
    return {"number": number, "user": {"login": login}, "body": body, "state": state, "labels": [label]}


OPENED = [("POST", "/issues", {"title": TITLE, "body": BODY, "labels": [LABEL]})]


@pytest.mark.parametrize(
    ("issues", "clean", "writes"),
    [
        pytest.param([], False, OPENED, id="none is there: it is opened"),
        pytest.param([], True, [], id="clean, and none is there: nothing is done"),
        pytest.param([issue(4, BODY.replace("\n", "\r\n"))], False, [], id="it says so already: nothing is done"),
        pytest.param([issue(4, f"{MARKER}\nOther things.")], False,
                     [("PATCH", "/issues/4", {"body": BODY}), ("POST", "/issues/4/comments", {"body": CHANGED})],
                     id="it says something else: it is brought up to date, and people hear of it"),
        pytest.param([issue(4, BODY)], True,
                     [("POST", "/issues/4/comments", {"body": CLEAN}),
                      ("PATCH", "/issues/4", {"state": "closed", "state_reason": "completed"})], id="clean: it is closed"),
        pytest.param([issue(4, BODY, state="closed")], False, OPENED, id="a closed one stays closed"),
        pytest.param([issue(4, BODY, login=STRANGER)], True, [], id="a stranger's with the marker is not touched"),
        pytest.param([issue(4, BODY, login=STRANGER)], False, OPENED, id="a stranger's does not stand for ours"),
        pytest.param([issue(4, BODY, label="bug")], False, OPENED, id="one without the label is another"),
    ],
)  # fmt: skip
def test_one_issue_is_kept(hub: Hub, tmp_path: Path, issues: list[Entry], clean: bool, writes: list[object]) -> None:
    hub.issues = issues
    (tmp_path / "issue.json").write_text(json.dumps({"clean": clean, "body": BODY}), encoding="utf-8")
    code, said = run_module("tools.drift_issue", tmp_path, hub.url)
    assert (code, hub.writes) == (0, writes), said


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param("{", "no JSON", id="no JSON"),
        pytest.param("[" * 100_000, "no JSON", id="JSON without end"),
        pytest.param('{"clean": true, "body": "x", "labels": []}', "other fields", id="a field more"),
        pytest.param('{"clean": true}', "other fields", id="a field less"),
        pytest.param('{"clean": 1, "body": "x"}', "other fields", id="a number for a truth"),
        pytest.param('{"clean": false, "body": "All is well."}', "marker", id="no marker"),
        pytest.param('{"clean": false, "body": "' + "x" * 500_000 + '"}', "more than 262,144 bytes", id="too many bytes"),
    ],
)
def test_what_is_no_report_is_refused(hub: Hub, tmp_path: Path, content: str, why: str) -> None:
    (tmp_path / "issue.json").write_text(content, encoding="utf-8")
    code, said = run_module("tools.drift_issue", tmp_path, hub.url)
    assert (code, hub.writes) == (2, [])
    assert why in said


def test_a_long_report_is_cut_and_nothing_in_it_acts(hub: Hub, tmp_path: Path) -> None:
    body = f"{MARKER}\n@octocat\n/approve\n" + "- x\n" * 20_000
    (tmp_path / "issue.json").write_text(json.dumps({"clean": False, "body": body}), encoding="utf-8")
    assert run_module("tools.drift_issue", tmp_path, hub.url)[0] == 0
    [(_, _, made)] = hub.writes
    assert len(made["body"]) == 65_536
    assert made["body"].endswith(CUT)
    assert "@o" not in made["body"]
    assert "\n/" not in made["body"]

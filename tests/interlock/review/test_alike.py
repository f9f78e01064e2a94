"""What is alike is said once: findings in nearly the same words, and jobs with the same edit, whatever reads them."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from interlock.review.alike import alike_remarks
from interlock.review.remark import Remark, Topic, shape
from interlock.review.review import Review, review
from interlock.terminal.review_json import as_json
from interlock.terminal.review_output import print_review
from policies.from_catalog import findings
from tests.interlock.catalogs import load
from tests.interlock.review.cases import ALIKE, AT, SEASONAL_JOBS, Case, edited

NAMES = frozenset({"fetch", "load-all", "raw.games"})


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        ('stagger: "0 6 * * *" starts a writer of raw.games', 'stagger: "5 7 * * *" starts a writer of raw.games', True),
        ("it starts 3m after fetch", "it starts 15m after load-all", True),
        ("over fetch, load-all and 3 more", "over fetch", True),
        ("it is wrong (catalog/a/x.yaml:3)", "it is wrong (catalog/b/y.yaml:41)", True),
        ("it starts before fetch", "it starts after fetch", False),
        ("a writer of raw.games", "a writer of raw.lines", False),
    ],
)
def test_sentences_are_alike_that_differ_only_in_what_they_are_about(one: str, other: str, is_alike: bool) -> None:
    assert (shape(one, NAMES) == shape(other, NAMES)) is is_alike


def remark(text: str, subject: str = "a", *, is_finding: bool = True) -> Remark:
    return Remark(topic=Topic.RULE, subject=subject, text=text, is_finding=is_finding)


def test_few_remarks_are_said_one_by_one_and_many_that_are_alike_together() -> None:
    several = [remark(f"it starts {n}m after b", f"job-{n}") for n in range(5)]
    assert [len(group.remarks) for group in alike_remarks(several[:3], NAMES)] == [1, 1, 1]
    (group,) = alike_remarks(several, NAMES)
    assert (group.first, len(group.remarks), group.is_exact) == (several[0], 5, False)
    same = [remark("it is wrong", name) for name in "ab"]
    (group,) = alike_remarks(same, NAMES)
    assert (group.subjects, group.is_exact) == (["a", "b"], True)
    assert len(alike_remarks([*same, remark("it is wrong", is_finding=False)], NAMES)) == 2


@cache
def reviewed(case: Case) -> Review:
    return review(load(case.before), load(case.after), AT, rules=findings)


@pytest.mark.parametrize("case", ALIKE, ids=lambda case: case.name)
def test_a_terminal_shows_alike_edits_on_one_screen(
    case: Case, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_review(reviewed(case))
    lines = capsys.readouterr().out.splitlines()
    start = lines.index("league-job-00, league-job-01, league-job-02 and 16 more (19 jobs)")
    assert lines[start + 1].startswith("  month 3-10 -> ")
    assert lines[start + 2].startswith("  first new fire 20")
    assert not [line for line in lines if line.startswith("league-job-04")]


def test_days_that_have_no_room_on_a_line_are_folded(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    before = edited(('"15 6 * * *"', '"0 12 * * *"'), ("time_zone: Etc/UTC\n    t", "time_zone: Europe/Berlin\n    t"))
    after = before.replace('"0 17 * * *"', '"0 18 * * *"')
    print_review(review(load(before), load(after), AT, rules=findings))
    said = capsys.readouterr().out
    days = "every day, but not from 14 March 2027 to 27 March 2027 and from 31 October 2027 to 6 November 2027"
    assert days in " ".join(said.split())
    assert [line for line in said.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("case", ALIKE, ids=lambda case: case.name)
def test_json_keeps_every_job_and_says_which_are_alike(case: Case) -> None:
    said: Any = as_json(reviewed(case))
    assert len(said["jobs"]) == SEASONAL_JOBS
    assert [job["edits"] for job in said["jobs"]] == [said["alike"][0]["edits"]] * SEASONAL_JOBS
    assert said["alike"] == [{"jobs": [job["name"] for job in said["jobs"]], "edits": said["jobs"][0]["edits"]}]
    assert all(job["first_new"] for job in said["jobs"])

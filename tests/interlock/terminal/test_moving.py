"""What is written beside a stack when jobs move between stacks, and what is refused then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from interlock.gcp import CloudError
from interlock.terminal import importing
from interlock.terminal.importing import declared_beside, read_synthesized, write_imports
from interlock.terminal.terraform import STACK_FILE, Stack
from interlock.terraform.imports import FILE
from interlock.terraform.state import Known
from tests.interlock.commands.conftest import ENVIRONMENT

JOB = "google_cloud_scheduler_job"
ODDS = f"projects/{ENVIRONMENT.project}/locations/us-west2/jobs/odds"


@pytest.fixture
def stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importing, "_there", lambda *_: [])
    made = tmp_path / "cdktf.out" / ENVIRONMENT.name / "stacks"
    provider = {"google": [{"project": ENVIRONMENT.project}]}
    jobs = {JOB: {"odds": {"name": "odds", "region": "us-west2"}}}
    for name, stack in {
        "schedules": {},
        "schedules-bets": {"resource": jobs, "locals": {"own_backfills": {"lines": ["odds"]}}},
        "schedules-games": {"locals": {"own_backfills": {"books": []}}},
        "alerting": {"resource": jobs},
    }.items():
        (made / name).mkdir(parents=True)
        (made / name / STACK_FILE).write_text(json.dumps({"provider": provider, **stack}), encoding="utf-8")
    return made


def write(name: str, state: Known, stacks: Path) -> str:
    write_imports(Stack(environment=ENVIRONMENT, name=name), read_synthesized(stacks / name), state)
    file = stacks / name / FILE
    return file.read_text(encoding="utf-8") if file.exists() else ""


def test_what_the_other_stacks_of_jobs_declare(stacks: Path) -> None:
    assert declared_beside(stacks / "schedules") == {ODDS}
    assert declared_beside(stacks / "schedules-bets") == frozenset(), "nobody else has them"


def test_a_stack_lets_go_of_what_another_one_declares(stacks: Path) -> None:
    state = Known(jobs={f"{JOB}.odds": ODDS, f"{JOB}.gone": ODDS + "-gone"})
    assert f"from = {JOB}.odds\n" in (text := write("schedules", state, stacks))
    assert "gone" not in text, "what no stack declares is deleted"
    assert write("schedules-bets", state, stacks) == ""
    assert write("alerting", state, stacks) == ""


def test_a_backfill_that_is_on_does_not_change_its_platform(stacks: Path) -> None:
    on, over = "backfills/lines@2999-01-01T00:00:00Z.json", "backfills/lines@2020-01-01T00:00:00Z.json"
    with pytest.raises(CloudError, match=r"backfill/lines is on by the stack schedules-games.*another platform; end it"):
        write("schedules-games", Known(flags=frozenset({on})), stacks)
    for stack, flag in (("schedules-bets", on), ("schedules-games", over), ("schedules", on)):
        write(stack, Known(flags=frozenset({flag})), stacks)

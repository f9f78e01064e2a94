"""Of a stack that plan is applied which was approved, and no other: against a Terraform that says what a test has it say."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from interlock.terminal.waiting import NEW_METRIC
from stacks.guards import PLAN_MAX_AGE
from tests import forked
from tests.tools.plans import change, plan_text
from tools.apply_plan import MAX_AGE, TRIES, WAITED_FOR

ROOT = Path(__file__).parents[2]
COMMIT = "a" * 40
POLICY, CHANNEL, OTHER = (f"google_monitoring_{one}" for one in ("alert_policy.late", "notification_channel.a", "dashboard.x"))
PLAN = [change(POLICY, "create"), change(CHANNEL, "create")]
TERRAFORM = """\
#!/bin/sh
cd "${0%/*}" && shift && echo "$*" >>calls
for said in "$1"/*; do
  test -d "$said" || break
  cat "$said/out"
  cat "$said/error" >&2
  code=$(cat "$said/code")
  rm -r "$said"
  exit "$code"
done
echo
echo >&2
"""
"""It says what is in the first folder for the command and forgets it; a Python takes ten times as long to start."""


def error(text: str, detail: str = "") -> str:
    diagnostic = {"severity": "error", "address": POLICY, "summary": text, "detail": detail}
    return json.dumps({"type": "diagnostic", "@message": f"Error: {text}", "diagnostic": diagnostic})


NO_METRIC = {"code": 1, "out": error(f"Error 404: {NEW_METRIC} that match type")}
DONE = {"code": 0, "out": json.dumps({"type": "apply_complete", "@message": f"{POLICY}: Creation complete"})}


@dataclass(kw_only=True)
class Ran:
    code: int
    said: str
    calls: list[str] = field(default_factory=list)


def run(tmp_path: Path, *options: str, made: datetime | None, commit: str = COMMIT, **terraform: list[Any]) -> Ran:
    """The script, over a plan that was made then."""
    stack, tools = tmp_path / "stack", tmp_path / "bin"
    stack.mkdir()
    tools.mkdir()
    (tools / "terraform").write_text(TERRAFORM, encoding="utf-8")
    (tools / "terraform").chmod(0o755)
    for command, answers in terraform.items():
        for number, answer in enumerate(answers):
            (told := tools / command / f"{number:02}").mkdir(parents=True)
            for name in ("out", "error", "code"):
                (told / name).write_text(f"{answer.get(name, '')}\n", encoding="utf-8")
    if made is not None:
        (stack / "plan.json").write_text(plan_text(PLAN, made=f"{made:%Y-%m-%dT%H:%M:%SZ}"), encoding="utf-8")
    (stack / "commit").write_text(f"{commit}\n", encoding="utf-8")
    environ = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "GITHUB_SHA": COMMIT, "WAIT_SECONDS": "0"}
    done = forked.run(forked.STANDARD, ["tools.apply_plan", *options, str(stack)], ROOT, environ)
    assert "Traceback" not in done.stderr, done.stderr
    calls = tools / "calls"
    return Ran(code=done.returncode, said=done.stdout, calls=calls.read_text().splitlines() if calls.exists() else [])


def ago(**time: float) -> datetime:
    return datetime.now(UTC) - timedelta(**time)


@pytest.mark.parametrize(
    ("age", "commit", "code"),
    [
        pytest.param({"minutes": 1}, COMMIT, 0, id="fresh"),
        pytest.param({"minutes": 14}, COMMIT, 0, id="not yet old"),
        pytest.param({"minutes": 16}, COMMIT, 1, id="old"),
        pytest.param({"days": 1}, COMMIT, 1, id="of yesterday, as when the job alone is run again"),
        pytest.param({"minutes": -5}, COMMIT, 1, id="of later"),
        pytest.param({"minutes": 1}, "b" * 40, 1, id="of another commit"),
        pytest.param(None, COMMIT, 1, id="of no time"),
    ],
)
@pytest.mark.parametrize("options", [["--check"], []], ids=["checked", "applied"])
def test_an_old_plan_is_refused(
    tmp_path: Path, options: list[str], age: dict[str, float] | None, commit: str, code: int
) -> None:
    ran = run(tmp_path, *options, made=None if age is None else ago(**age), commit=commit, apply=[DONE])
    assert ran.code == code, ran.said
    assert [call for call in ran.calls if call.startswith("apply")] == (
        [] if code or options else ["apply -input=false -json plan.bin"]
    )


def test_a_plan_is_applied_with_the_provider_that_it_was_made_with(tmp_path: Path) -> None:
    ran = run(tmp_path, made=ago(minutes=1), apply=[DONE])
    assert ran.code == 0
    assert ran.calls == ["init -input=false -no-color -lockfile=readonly", "apply -input=false -json plan.bin"]
    assert f"{POLICY}: Creation complete" in ran.said


def show(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"code": 0, "out": plan_text([*changes])}]


LEFT = [{"code": 2}]


@pytest.mark.parametrize(
    ("terraform", "code", "applied", "said"),
    [
        pytest.param({"apply": [NO_METRIC, DONE], "plan": LEFT, "show": show(change(POLICY, "create"))}, 0, 2, "not as far yet",
                     id="what is left of the plan is applied once the metric is there"),
        pytest.param({"apply": [NO_METRIC], "plan": [{"code": 0}]}, 0, 1, "not as far yet", id="nothing is left"),
        pytest.param({"apply": [NO_METRIC], "plan": LEFT, "show": show(change(POLICY, "create"), change(OTHER, "create"))}, 1,
                     1, f"more than was approved: {OTHER}", id="what is left has something new"),
        pytest.param({"apply": [NO_METRIC], "plan": LEFT, "show": show(change(POLICY, "delete", "create"))}, 1, 1,
                     f"more than was approved: {POLICY}", id="what was to be made is to be replaced"),
        pytest.param({"apply": [NO_METRIC], "plan": [{"code": 1, "error": "no rights"}]}, 1, 1, "can't be planned: no rights",
                     id="what is left can't be planned"),
        pytest.param({"apply": [{"code": 1, "out": error("403")}]}, 1, 1, "mend what is said above",
                     id="something else is wrong"),
        pytest.param({"apply": [{"code": 1, "out": NO_METRIC["out"] + "\n" + error("403")}]}, 1, 1, "mend what is said above",
                     id="something else is wrong, too"),
        pytest.param({"apply": [{"code": 1, "out": "panic"}]}, 1, 1, "mend what is said above", id="it died without a word"),
        pytest.param({"init": [{"code": 1, "error": "no provider"}]}, 1, 0, "terraform init: no provider", id="no provider"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_waited_for_or_said(
    tmp_path: Path, terraform: dict[str, list[Any]], code: int, applied: int, said: str
) -> None:
    ran = run(tmp_path, made=ago(minutes=1), **terraform)
    assert ran.code == code, ran.said
    assert sum(call.startswith("apply") for call in ran.calls) == applied
    assert said in ran.said


def test_it_waits_only_so_long(tmp_path: Path) -> None:
    left = change(POLICY, "create")
    ran = run(tmp_path, made=ago(minutes=1), apply=[NO_METRIC] * 20, plan=LEFT * 20, show=show(left) * 20)
    assert ran.code == 1
    assert sum(call.startswith("apply") for call in ran.calls) == TRIES


def test_what_google_says_is_no_command_for_the_runner(tmp_path: Path) -> None:
    hostile = {"code": 1, "out": f"{error('x', 'y' + chr(10) + '  ::add-path::/tmp')}\n::add-path::/tmp"}
    ran = run(tmp_path, made=ago(minutes=1), apply=[hostile])
    assert [line for line in ran.said.splitlines() if line.lstrip().startswith("::") and not line.startswith("::error::")] == []


def test_it_waits_for_what_a_deploy_by_hand_waits_for_and_no_longer_takes_a_plan_for_new() -> None:
    assert WAITED_FOR == (NEW_METRIC,)
    assert f"{MAX_AGE.total_seconds() / 60:g}m" == PLAN_MAX_AGE

"""Deploying a stack: a metric that is too new is waited for, and nothing else is tried again."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from interlock.terminal import cdktf
from interlock.terminal.cdktf import STACKS, deploy_stack, names_new_metric
from tests.interlock.commands.conftest import ENVIRONMENT

MISSING = """\
alerting  Error: Error creating AlertPolicy: googleapi: Error 404: Cannot find metric(s) that match type = "logging.g".

            with google_monitoring_alert_policy.conflicts,
"""
FOLDED = """\
alerting  │ Error: Error creating AlertPolicy: googleapi: Error 404: Cannot
          │ find metric(s) that match type = "logging.googleapis.com/user/x".
"""
DENIED = (
    "alerting  Error: Error creating AlertPolicy: googleapi: Error 403: Permission monitoring.alertPolicies.create denied\n"
)
FAKE = """\
#!/bin/sh
echo "$@" >> runs
answer=answer$(wc -l < runs | tr -d ' ')
test -e $answer || exit 0
cat $answer
exit 1
"""


@pytest.mark.parametrize(
    ("said", "new"),
    [
        pytest.param(MISSING, True, id="on one line"),
        pytest.param(FOLDED, True, id="folded into a frame"),
        pytest.param(DENIED, False, id="another refusal"),
        pytest.param("", False, id="nothing said"),
    ],
)
def test_a_metric_that_is_too_new_is_recognized(said: str, new: bool) -> None:
    assert names_new_metric(said.splitlines(keepends=True)) is new


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where cdktf fails with the texts of `answer1`, `answer2` and so on, and succeeds after them."""
    tool = tmp_path / "node_modules" / ".bin" / "cdktf"
    tool.parent.mkdir(parents=True)
    tool.write_text(FAKE)
    tool.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cdktf, "SHORT_WAIT", 0.0)
    monkeypatch.setattr(cdktf, "say_lock", lambda *_: None)
    return tmp_path


def deployed(folder: Path, *answers: str) -> tuple[int, int]:
    """The exit code of a deploy and how many times cdktf ran, when it says these before it succeeds."""
    for number, answer in enumerate(answers, start=1):
        (folder / f"answer{number}").write_text(answer)
    code = 0
    with click.Context(click.Command("deploy")):
        try:
            deploy_stack(ENVIRONMENT, "alerting", {}, yes=True)
        except click.exceptions.Exit as failure:
            code = failure.exit_code
    return code, len((folder / "runs").read_text().splitlines())


def test_a_deploy_is_tried_again_until_the_metrics_are_known(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert deployed(folder, MISSING, FOLDED) == (0, 3)
    assert capsys.readouterr().err.count("Alert policies do not know a new metric yet") == 2


def test_any_other_failure_is_not_tried_again(folder: Path) -> None:
    assert deployed(folder, DENIED, MISSING) == (1, 1)


def test_a_deploy_gives_up_after_all_tries(folder: Path) -> None:
    assert deployed(folder, *[MISSING] * (cdktf.TRIES + 5)) == (1, cdktf.TRIES + 1)


def test_tries_outlast_what_google_says_a_metric_takes() -> None:
    assert cdktf.WAIT * cdktf.TRIES > 600


def test_the_alerts_are_deployed_last_and_destroyed_first() -> None:
    assert STACKS == ("coordination", "schedules", "alerting")

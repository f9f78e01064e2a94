"""The request that closes a deploy: whoever stops it reads what is on all the same, since Terraform is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest
from click.testing import CliRunner

from interlock.commands import backfill, deploy
from interlock.commands import main as interlock
from interlock.terminal import operating
from interlock.terminal.deploying import Deploying
from interlock.terminal.process import Ended
from interlock.terminal.terraform import Applied, Planned, Stack
from interlock.terraform.changes import Change, Changes, Kind
from tests.interlock.commands.conftest import ENVIRONMENT
from tests.interlock.commands.test_deploying import NO_PLAN

PRODUCTION = replace(ENVIRONMENT, name="production")


class Done(Deploying):
    """Terraform has done what it was told."""

    def bring_about(self, stacks: Sequence[str], variables: object = None, *, destroy: bool = False) -> dict[str, Applied]:
        del variables, destroy
        ended = Ended(code=0, stopped=False)
        jobs = (Change(kind=Kind.PAUSE, address="x", type="x", job="repair", actions=("update",), attributes=()),)
        changes = Changes(changes=jobs, jobs={"repair": True}, outputs={"backfills_on": {"marts": "2031-01-07T18:00:00Z"}})
        stack = Stack(environment=PRODUCTION, name="schedules")
        asked = Planned(stack=stack, file=Path("x.plan"), plan=NO_PLAN, changes=changes, is_empty=False, warnings=())
        return {stack: Applied(planned=asked, done=jobs, failed=(), problems=(), text=(), ended=ended) for stack in stacks}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("backfill", "on", "marts"), "End it: make backfill-off NAME=marts", id="on"),
        pytest.param(("backfill", "off", "marts"), "marts is off:", id="off"),
        pytest.param(("deploy",), "marts is on until", id="deploy"),
    ],
)
def test_who_stops_the_request_after_a_deploy_still_reads_what_is_on(
    root: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    def stopped(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    for module in (backfill, deploy):
        monkeypatch.setattr(module, "Place", lambda _: SimpleNamespace(cloud_and=lambda work: (PRODUCTION, work())))
        monkeypatch.setattr(module, "check_tools", lambda: None)
        monkeypatch.setattr(module, "synthesize_if_changed", lambda *_, **__: None)
        monkeypatch.setattr(module, "Deploying", Done)
        monkeypatch.setattr(module, "has_bucket", lambda *_, **__: True)
    monkeypatch.setattr(deploy, "write_leftovers", lambda *_: [])
    monkeypatch.setattr(deploy, "states_of", lambda *_: {})
    monkeypatch.setattr(backfill, "_say_uncovered", lambda *_: None)
    monkeypatch.setattr(backfill, "list_flags", lambda *_: [])
    monkeypatch.setattr(backfill, "remove_flags", lambda *_: [])
    monkeypatch.setattr(operating, "ask", stopped)
    done = CliRunner().invoke(interlock, [*words, "--catalog", str(root)])
    assert done.exit_code == 1
    assert said in done.output
    assert "Stopped before the coordinator has answered" in done.output

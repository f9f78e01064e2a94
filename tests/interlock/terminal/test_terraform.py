"""How Terraform is run: what its environment has beside what people have set."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.reading.files import load_environment
from interlock.terminal import terraform
from interlock.terminal.process import Ended
from interlock.terminal.terraform import SMALL, STACK_FILE, Stack, forget

ROOT = Path(__file__).parents[3]


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stack:
    """One of whom the folder is there, in a folder of its own."""
    environment = load_environment(ROOT / "environments", "local")
    monkeypatch.chdir(tmp_path)
    found = Stack(environment=environment, name="schedules")
    found.folder.mkdir(parents=True)
    return found


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of the Terraform that ran last."""
    environ: dict[str, str] = {}

    def run(_: object, given: dict[str, str], **__: object) -> Ended:
        environ.clear()
        environ.update(given)
        return Ended(code=0, stopped=False)

    monkeypatch.setattr(terraform, "run", run)
    return environ


@pytest.mark.parametrize(
    ("size", "percent"),
    [
        pytest.param(None, "800", id="nothing is synthesized yet"),
        pytest.param(SMALL - 1, "800", id="a small stack may take memory for speed"),
        pytest.param(SMALL, "200", id="a large one would take gigabytes"),
    ],
)
def test_how_much_memory_terraform_may_take_goes_by_the_size_of_the_stack(
    stack: Stack, ran: dict[str, str], monkeypatch: pytest.MonkeyPatch, size: int | None, percent: str
) -> None:
    monkeypatch.delenv("GOGC", raising=False)
    if size is not None:
        (stack.folder / STACK_FILE).write_bytes(b" " * size)
    forget(stack, "a.b")
    assert ran["GOGC"] == percent


def test_what_somebody_has_set_for_terraform_stays(stack: Stack, ran: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOGC", "50")
    forget(stack, "a.b")
    assert ran["GOGC"] == "50"


@pytest.mark.parametrize("name", terraform.ELSEWHERE)
def test_what_would_have_it_act_on_another_state_does_not_reach_it(
    stack: Stack, ran: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "another")
    forget(stack, "a.b")
    assert name not in ran

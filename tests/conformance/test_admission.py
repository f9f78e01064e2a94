"""Where the suite may act: on the stand-in, and in a project whose file says so, once somebody agrees."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from conformance import costs, suite
from conformance.__main__ import main
from conformance.check import Check
from tests.e2e.deployment import ROOT, local_environment
from tests.interlock.production import filled_in

SANDBOX = filled_in().replace("allow_destroy: false", "allow_destroy: true")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with environments, in which the suite is run."""
    (tmp_path / "environments").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("INTERLOCK_ENV", "INTERLOCK_LOCAL_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "environments"


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


def test_an_environment_that_does_not_say_so_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "sandbox.yaml").write_text(SANDBOX, encoding="utf-8")
    assert main(["--env", "sandbox", "--yes"]) == 2
    assert "sandbox is not for this suite" in (said := capsys.readouterr().err)
    assert "conformance: true in environments/sandbox.yaml" in said


def test_variables_of_the_local_target_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "sandbox.yaml").write_text(f"{SANDBOX}conformance: true\n", encoding="utf-8")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
    assert main(["--env", "sandbox", "--yes"]) == 2
    assert "unset STORAGE_EMULATOR_HOST" in capsys.readouterr().err


def test_the_shipped_sandbox_is_a_sample_and_refused(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    shipped = (ROOT / "environments" / "sandbox.yaml").read_text(encoding="utf-8")
    (folder / "sandbox.yaml").write_text(shipped, encoding="utf-8")
    assert main(["--env", "sandbox"]) == 2
    assert "environments/sandbox.yaml:2: project: your-project-id is a sample; write your own" in capsys.readouterr().err
    filled = shipped.replace("your-project-id", "acme-sandbox").replace('"000000000000"', '"420981337220"')
    filled = filled.replace("operators: []", 'operators: ["user:ada@acme.dev"]')
    (folder / "sandbox.yaml").write_text(filled, encoding="utf-8")
    assert main(["--env", "sandbox"]) == 2
    assert "sandbox is not for this suite" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param(
            io.StringIO(), "nobody is there to agree; run: .venv/bin/python -m conformance --env sandbox --yes", id="nobody"
        ),
        pytest.param(Terminal("y\n"), "nothing was made", id="another word"),
        pytest.param(Terminal(""), "nothing was made", id="the end of the input"),
    ],
)
def test_what_it_makes_and_costs_is_said_and_without_a_yes_nothing_is_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: io.StringIO, expected: str
) -> None:
    (folder / "sandbox.yaml").write_text(f"{SANDBOX}conformance: true\n", encoding="utf-8")
    monkeypatch.setattr("sys.stdin", typed)
    assert main(["--env", "sandbox"]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert "In the project acme-scrapers it makes, and deletes again:" in said
    assert "cloudfunctions2_function" in said
    assert "US dollars" in said


@pytest.mark.parametrize(
    ("name", "may", "refused"), [("local", False, False), ("sandbox", True, False), ("sandbox", False, True)]
)
def test_only_the_local_target_needs_no_word(name: str, may: bool, refused: bool) -> None:
    assert bool(suite.refusal(replace(local_environment(), name=name, conformance=may))) is refused


def test_each_thing_that_is_made_is_counted() -> None:
    check = Check(key="a", topic="questions", lane="questions", question="?", expected="x", source="y")
    made = [
        replace(check, creates={"google_cloud_scheduler_job": 2}),
        replace(check, creates={"google_cloud_scheduler_job": 1}),
    ]
    lines = list(costs.what_it_makes(made))
    assert lines[0] == "  3 cloud_scheduler_job"
    assert lines[1].startswith("3 Cloud Scheduler jobs for a day at most: 0.01 US dollars.")


def test_the_list_asks_nobody(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert "full-view: What does jobs.list show who lacks" in capsys.readouterr().out
    assert list(folder.iterdir()) == []

"""A command that is run to its end, and what it leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.terminal import supervising
from interlock.terminal.supervising import Ended, Supervisor

SOON = 0.2  # seconds


def run(script: str, tmp_path: Path, why: str | None = None) -> Ended:
    """Runs it; with `why` it may not go on once there is a file `begun`."""

    def tend() -> str | None:
        return why if (tmp_path / "begun").exists() else None

    supervisor = Supervisor(tmp_path / "log")
    return supervisor.run(["sh", "-c", script], {"D": str(tmp_path)}, tend=tend, looks_in=lambda: SOON, goes_on=False)


def test_what_does_not_heed_that_its_hold_ends_is_killed_with_all_that_it_has_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "GRACE", SOON)
    child = "(trap '' TERM; echo $$ > $D/begun; while :; do sleep 0.05; done) & wait"
    ended = run(child, tmp_path, why="its hold ends")
    assert ended == Ended(code=143, by=15, why="its hold ends")
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize(
    ("script", "ended"),
    [
        pytest.param("exit 0", Ended(code=0), id="well"),
        pytest.param("exit 255", Ended(code=255), id="a code"),
        pytest.param("kill -9 $$", Ended(code=137, by=9), id="a signal"),
    ],
)
def test_how_it_ended(tmp_path: Path, script: str, ended: Ended) -> None:
    assert run(script, tmp_path) == ended


def test_past_its_end_it_is_looked_after_all_the_same(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    said = iter(["its hold ends", "its hold ends", None, None])

    def tend() -> str | None:
        found = next(said, "over")
        if found == "over":
            (tmp_path / "over").touch()
        return None if found == "over" else found

    script = "while ! test -e $D/over; do sleep 0.05; done"
    supervisor = Supervisor(tmp_path / "log")
    ended = supervisor.run(["sh", "-c", script], {"D": str(tmp_path)}, tend=tend, looks_in=lambda: SOON, goes_on=True)
    assert ended == Ended(code=0)
    assert capfd.readouterr().err == "its hold ends; the command still runs: it goes on all the same\n"


def test_a_mistake_in_looking_after_the_hold_does_not_leave_the_command_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def tend() -> str | None:
        (tmp_path / "over").touch()
        raise ValueError("no number")

    script = "while ! test -e $D/over; do sleep 0.05; done; exit 3"
    supervisor = Supervisor(tmp_path / "log")
    ended = supervisor.run(["sh", "-c", script], {"D": str(tmp_path)}, tend=tend, looks_in=lambda: SOON, goes_on=False)
    assert ended == Ended(code=3)
    assert "the hold can't be looked after just now: ValueError: no number" in capfd.readouterr().err

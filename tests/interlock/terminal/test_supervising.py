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

"""What reaches `interlock backfill run` while it runs: signals, a terminal that dies, what its command leaves behind."""

from __future__ import annotations

import os
import pty
import signal
import time
from pathlib import Path

import pytest

from tests.interlock.commands.conftest import Cloud
from tests.interlock.commands.runs import PATIENCE, UNTIL_DONE, Start, content, ended, place, start, state, wait, will_not_begin

__all__ = ["place", "start", "state"]  # fixtures


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("script", "code"),
    [
        pytest.param("touch begun; exec sleep 60", None, id="one that is ended by it"),
        pytest.param("trap 'exit 7' TERM INT; touch begun; while :; do sleep 0.05; done", 7, id="one that has its own code"),
        pytest.param("trap 'exit 0' TERM INT; touch begun; while :; do sleep 0.05; done", None, id="one that says all is well"),
    ],
)
def test_a_signal_is_passed_on_and_counts_as_a_failure(
    cloud: Cloud, start: Start, place: Path, number: signal.Signals, script: str, code: int | None
) -> None:
    process = start(script)
    wait((place / "begun").exists)
    process.send_signal(number)
    ended_with, _ = ended(process)
    assert ended_with == (128 + number if code is None else code)
    assert content(cloud)["failed"] == f"it was stopped by {number.name}"


def test_a_signal_before_the_command_has_begun_gives_back_what_was_held(
    cloud: Cloud, start: Start, state: Path, place: Path
) -> None:
    cloud.fault("GET /locations/.*/jobs 503")
    process = start("touch begun")
    wait(lambda: cloud.objects("holds/"))
    process.send_signal(signal.SIGTERM)
    wait(lambda: will_not_begin(state))
    cloud.mend()
    code, said = ended(process)
    assert code == 143
    assert "Stopped by SIGTERM before the command began." in said
    assert not (place / "begun").exists()
    assert cloud.objects("holds/") == []


def test_a_second_signal_meanwhile_does_not_cut_that_short(cloud: Cloud, start: Start, state: Path, place: Path) -> None:
    cloud.fault("GET /locations/.*/jobs 503")
    process = start("touch begun")
    wait(lambda: cloud.objects("holds/"))
    process.send_signal(signal.SIGINT)
    wait(lambda: will_not_begin(state))
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    cloud.mend()
    code, said = ended(process)
    assert code == 130
    assert "Traceback" not in said
    assert not (place / "begun").exists()
    assert cloud.objects("holds/") == []


def test_ctrl_c_before_the_prompt_is_back_ends_what_goes_on_in_the_background(
    cloud: Cloud, start: Start, state: Path, place: Path
) -> None:
    cloud.fault("GET /locations/.*/jobs 503")
    process = start("touch begun", "--detach")
    wait(lambda: cloud.objects("holds/"))
    process.send_signal(signal.SIGINT)
    wait(lambda: will_not_begin(state))
    cloud.mend()
    code, said = ended(process)
    assert code == 130
    assert "Stopped by SIGINT before the command began." in said
    assert not (place / "begun").exists()
    assert cloud.objects("holds/") == []
    assert state.exists()


@pytest.mark.parametrize(
    "left", [pytest.param("true", id="it has ended well"), pytest.param("exit 3", id="it has failed"), "kill -KILL $$"]
)
def test_what_the_command_leaves_behind_is_waited_for_while_all_is_held(
    cloud: Cloud, start: Start, place: Path, left: str
) -> None:
    process = start(f"({UNTIL_DONE}; touch over) & touch begun; {left}")
    wait((place / "begun").exists)
    time.sleep(1)
    assert process.poll() is None
    assert cloud.state("gamebook-scraper") == "PAUSED"
    (place / "done").touch()
    _, said = ended(process)
    assert (place / "over").exists()
    assert "the command has ended; what it has left behind still runs, and is waited for" in said
    assert len(cloud.objects("holds/")) == (left != "true")


def test_what_it_leaves_behind_and_no_signal_ends_is_left_at_the_second_one(cloud: Cloud, start: Start, place: Path) -> None:
    process = start(f"(trap '' INT; touch begun; {UNTIL_DONE}) & exit 0")
    wait((place / "begun").exists)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130  # what is left has its output open still
    assert content(cloud)["failed"] == "it was stopped by SIGINT"


def test_what_reads_its_output_is_gone_and_it_gives_back_all_the_same(
    cloud: Cloud, start: Start, state: Path, place: Path
) -> None:
    """`... | tee log`, and Ctrl-C ends tee as well."""
    process = start("trap 'exit 0' INT; touch begun; while :; do sleep 0.05; done")
    wait((place / "begun").exists)
    assert process.stdout is not None
    process.stdout.close()
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    assert content(cloud)["failed"] == "it was stopped by SIGINT"
    [log] = (state / "interlock/local").glob("*.log")
    assert "marts failed: it was stopped by SIGINT" in " ".join(log.read_text().split())


def test_the_terminal_dies_and_no_log_can_be_written(cloud: Cloud, start: Start, place: Path) -> None:
    ours, its = pty.openpty()
    script = f"touch begun; {UNTIL_DONE}; yes | head -c 200000; exit 3"
    process = start(script, stdin=its, stdout=its, stderr=its, environ={"XDG_STATE_HOME": "/dev/null"})
    os.close(its)
    wait((place / "begun").exists)
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    (place / "done").touch()
    assert process.wait(PATIENCE) == 3
    assert content(cloud)["failed"] == "its exit code was 3"


def test_ctrl_z_leaves_nobody_who_keeps_the_hold_and_does_nothing(cloud: Cloud, start: Start, place: Path) -> None:
    process = start(f"touch begun; {UNTIL_DONE}")
    wait((place / "begun").exists)
    process.send_signal(signal.SIGTSTP)
    (place / "done").touch()
    assert ended(process)[0] == 0
    assert cloud.objects("holds/") == []


def test_the_terminal_dies_and_it_goes_on_into_its_log(cloud: Cloud, start: Start, state: Path, place: Path) -> None:
    ours, its = pty.openpty()
    process = start(f"echo before; touch begun; {UNTIL_DONE}; echo after; exit 3", stdin=its, stdout=its, stderr=its)
    os.close(its)
    wait((place / "begun").exists)
    os.close(ours)  # the terminal is gone
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    (place / "done").touch()
    assert process.wait(PATIENCE) == 3
    assert content(cloud)["failed"] == "its exit code was 3"
    [run] = (state / "interlock/local").glob("*.log")
    said = run.read_text()
    assert said.startswith("after\n")
    assert "marts failed: its exit code was 3" in said

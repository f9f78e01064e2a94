"""A function's process: its port is none that another process gets meanwhile, and it ends with who started it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from local.emulator import guest


def test_it_is_none_that_the_system_gives_to_who_asks_for_any() -> None:
    with socket.socket() as anybody:
        anybody.bind(("127.0.0.1", 0))
        given = anybody.getsockname()[1]
    ports = {guest._free_port() for _ in range(20)}
    assert given not in guest._PORTS
    assert ports <= {*guest._PORTS}
    assert len(ports) > 1, "two processes at once don't draw the same"


def test_where_none_is_free_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(guest, "_PORTS", range(port, port + 1))
        with pytest.raises(guest.StartError, match=f"No port from {port} to {port} is free"):
            guest._free_port()


STARTS = """
import sys
from pathlib import Path
from local.emulator.guest import Guest
guest = Guest.start(Path(sys.argv[1]), target="answer", env={}, logged=lambda line, stream: None)
print(guest.process.pid, flush=True)
sys.stdin.read()
"""
DEADLINE_SECONDS = 60


@pytest.mark.skipif(sys.platform != "linux", reason="it looks in /proc")
def test_nothing_of_it_outlives_a_process_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("def answer(request):\n    return 'here'\n")
    starting = subprocess.Popen(
        [sys.executable, "-c", STARTS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert starting.stdout is not None
    group = int(starting.stdout.readline())
    try:
        os.killpg(group, 0)  # it runs
        os.kill(starting.pid, signal.SIGKILL)
        starting.communicate()
        assert _is_over(group)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def _is_over(group: int) -> bool:
    """Whether no process of the group is left, sooner or later."""
    until = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < until:
        if not any(_group(stat) == group for stat in Path("/proc").glob("[0-9]*/stat")):
            return True
        time.sleep(0.05)
    return False


def _group(stat: Path) -> int | None:
    """The process group of a process that is not a zombie."""
    with suppress(OSError):
        state, _, group = stat.read_text(errors="replace").rpartition(")")[2].split()[:3]
        return None if state == "Z" else int(group)
    return None

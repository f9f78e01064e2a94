"""A program that is run below us ends in order, whatever becomes of us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.terminal.process import STOPPING, Ended, run

CHILD = """\
import signal, sys, time
told = []
signal.signal(signal.SIGINT, lambda *_: told.append(1))
print("ready", flush=True)
while not told:
    time.sleep(0.02)
print("stopping", flush=True)
time.sleep(0.2)
open(sys.argv[1], "w").write("in order")
sys.exit(7)
"""
PARENT = """\
import signal, sys
from interlock.terminal.process import run
def heard(line):
    print(line, end="", flush=True)
ended = run([sys.executable, "-c", *sys.argv[1:]], {}, stop_with=signal.SIGINT, heard=heard, waiting="waiting for it\\n")
print(ended.code, ended.stopped, flush=True)
"""


@pytest.mark.parametrize("number", STOPPING, ids=lambda number: number.name)
def test_a_signal_that_should_end_us_stops_the_program_in_order_first(number: signal.Signals, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    words = [sys.executable, "-c", PARENT, CHILD, str(trace)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        rest, said = process.stdout.read(), process.stderr.read()
    assert rest == "stopping\n7 True\n"
    assert said == "waiting for it\n", "who waits is told for what, at once"
    assert trace.read_text() == "in order"


def test_a_program_goes_on_to_its_end_although_what_hears_it_fails(tmp_path: Path) -> None:
    trace, heard = tmp_path / "trace", list[str]()

    def hear(line: str) -> None:
        heard.append(line)
        raise BrokenPipeError  # as when nobody reads us any more: `interlock deploy -v | head`

    script = f"import time\nfor n in range(5000): print(n, flush=True)\nopen({str(trace)!r}, 'w').write('to its end')"
    with pytest.raises(BrokenPipeError):
        run([sys.executable, "-c", script], dict(os.environ), stop_with=signal.SIGINT, heard=hear)
    assert heard == ["0\n"]
    assert trace.read_text() == "to its end"


def test_without_a_listener_its_exit_code_is_all_that_we_know() -> None:
    assert run([sys.executable, "-c", "raise SystemExit(3)"], {}, stop_with=signal.SIGTERM) == Ended(code=3, stopped=False)

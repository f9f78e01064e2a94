"""A program that is run below us ends in order, whatever becomes of us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from interlock.terminal.process import STOPPING, Ended, run, side_by_side

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


def test_works_side_by_side_answer_in_their_order_and_meet_each_other() -> None:
    meet = threading.Barrier(2, timeout=60)

    def work(number: int) -> int:
        meet.wait()  # alone it would wait in vain
        return number

    assert side_by_side([partial(work, number) for number in range(2)], at_once=2) == [0, 1]


def test_of_works_that_fail_the_first_is_told_when_all_have_ended() -> None:
    ended = list[str]()

    def work(name: str, *, fails: bool) -> None:
        ended.append(name)
        if fails:
            raise ValueError(name)

    works = [partial(work, name, fails=name != "b") for name in "abc"]
    with pytest.raises(ValueError, match="a"):
        side_by_side(works, at_once=1)
    assert ended == ["a", "b", "c"]


def test_a_work_knows_which_command_it_is_for() -> None:
    @click.command()
    def command() -> None:
        assert side_by_side([click.get_current_context] * 2, at_once=2) == [click.get_current_context()] * 2

    assert CliRunner().invoke(command).exit_code == 0


SIDE_BY_SIDE = """\
import signal, sys, time
from functools import partial
from interlock.terminal.process import run, side_by_side
def heard(line):
    print(line, end="", flush=True)
def work(trace):
    words = [sys.executable, "-c", sys.argv[1], trace]
    first = run(words, {}, stop_with=signal.SIGINT, heard=heard, waiting=f"waiting for {trace[-3:]}\\n")
    then = run(words, {}, stop_with=signal.SIGINT, heard=heard)
    return first.code, first.stopped, then.stopped
print(side_by_side([partial(work, trace) for trace in sys.argv[2:]], at_once=2), flush=True)
"""


@pytest.mark.parametrize("number", STOPPING, ids=lambda number: number.name)
def test_a_signal_stops_all_that_run_side_by_side_in_order_and_begins_nothing_more(
    number: signal.Signals, tmp_path: Path
) -> None:
    traces = [tmp_path / "one", tmp_path / "two"]
    words = [sys.executable, "-c", SIDE_BY_SIDE, CHILD, *map(str, traces)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert [process.stdout.readline() for _ in traces] == ["ready\n"] * 2
        process.send_signal(number)
        rest, said = process.stdout.read(), process.stderr.read()
    assert rest == "stopping\n" * 2 + f"{[(7, True, True)] * 2}\n"
    assert sorted(said.splitlines()) == ["waiting for one", "waiting for two"]
    assert [trace.read_text() for trace in traces] == ["in order"] * 2

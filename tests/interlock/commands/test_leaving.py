"""A command's process ends with its code, whatever becomes of what it says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests import forked
from tests.interlock.commands.conftest import ROOT

FULL = Path("/dev/full")


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["fires", "no-such-job"], 2), (["no-such-command"], 2)])
def test_all_that_is_said_arrives_and_the_code_is_that_of_the_command(arguments: list[str], code: int) -> None:
    done = forked.run(forked.COMMANDS, arguments, ROOT, os.environ)
    assert done.returncode == code
    assert (done.stdout + done.stderr).endswith("\n")


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("arguments", [["--help"], ["validate"]])
def test_on_a_full_disk_a_command_says_so_in_a_line_and_fails(arguments: list[str]) -> None:
    with FULL.open("w") as full:
        done = forked.run(forked.COMMANDS, arguments, ROOT, os.environ, stdout=full)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "Error: what this command says can't be written: No space left on device"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("closed", [1, 2])
def test_a_closed_output_is_no_mistake_of_the_command(closed: int) -> None:
    words = ["bash", "-c", f'"$@" {closed}>&-', "bash", forked.INTERLOCK, "--help"]
    assert subprocess.run(words, cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_a_reader_that_goes_away_gets_no_stack_trace() -> None:
    words = ["bash", "-c", '"$@" | head -c 1', "bash", forked.INTERLOCK, "--help"]
    assert "Traceback" not in subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False).stderr

"""What a long command says, where nobody reads it any more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from interlock.terminal.lasting import Lasting


@pytest.fixture
def number(tmp_path: Path) -> int:
    """A stream of ours: a file's."""
    return os.open(tmp_path / "read", os.O_WRONLY | os.O_CREAT)


def broken() -> int:
    """One whose reader is gone."""
    reads, writes = os.pipe()
    os.close(reads)
    return writes


def full() -> int:
    """One on a disk that is full."""
    return os.open("/dev/full", os.O_WRONLY)


def test_what_is_read_goes_where_it_went(tmp_path: Path, number: int) -> None:
    Lasting(tmp_path / "log").write(number, b"said")
    assert (tmp_path / "read").read_text() == "said"
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("stream", [broken, full])
def test_what_nobody_reads_goes_to_the_log(tmp_path: Path, stream: object) -> None:
    number = stream()  # type: ignore[operator]
    lasting = Lasting(tmp_path / "folder" / "log")
    lasting.write(number, b"one\n")
    lasting.write(number, b"two\n")
    assert (tmp_path / "folder" / "log").read_text() == "one\ntwo\n"


@pytest.mark.parametrize("stream", [broken, full])
@pytest.mark.parametrize("log", ["/dev/null/log", "/dev/full"])
def test_where_no_log_can_be_written_it_is_lost_and_nothing_fails(stream: object, log: str) -> None:
    number = stream()  # type: ignore[operator]
    lasting = Lasting(Path(log))
    for _ in range(3):
        lasting.write(number, b"lost\n" * 99_999)


def test_on_a_disk_that_was_full_it_goes_on_where_no_log_could_be_written(tmp_path: Path, number: int) -> None:
    lasting, other = Lasting(Path("/dev/null/log")), full()
    kept = os.dup(number)
    os.dup2(other, number)
    lasting.write(number, b"lost\n")
    os.dup2(kept, number)  # there is room again
    lasting.write(number, b"kept\n")
    assert (tmp_path / "read").read_text() == "kept\n"


def test_with_its_terminal_it_moves_as_a_whole(tmp_path: Path) -> None:
    out, err = broken(), broken()
    lasting = Lasting(tmp_path / "log")
    lasting.terminals = [out, err]
    lasting.hang_up()
    os.write(out, b"out\n")
    os.write(err, b"err\n")
    assert (tmp_path / "log").read_text() == "out\nerr\n"

"""One functions-framework process: started in an unpacked source archive, on a free port of 127.0.0.1, and ended with us."""

from __future__ import annotations

import array
import fcntl
import importlib.util
import os
import random
import select
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0  # between TERM and KILL
_PORTS = range(20000, 32768)
"""Below the ephemeral ones: Linux gives from 32768 on (Documentation/networking/ip-sysctl.rst), macOS from 49152 on."""
_DRAWS = 100
_POLL_SECONDS = 0.02
_DRAIN_SECONDS = 5.0
# What a process needs to run at all; nothing else of ours reaches it.
_INHERITED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "PYTHONDONTWRITEBYTECODE", "SYSTEMROOT")

# It ends with us, also when nothing of ours runs any more to end it: the other end of its standard input closes then.
_WITH_US = """
import os, runpy, signal, threading
def wait():
    os.read(0, 1)
    os.killpg(0, signal.SIGKILL)
threading.Thread(target=wait, daemon=True).start()
runpy.run_module("functions_framework", run_name="__main__", alter_sys=True)
"""

Logged = Callable[[str, str], None]


class StartError(Exception):
    """The function can't be started; the message is for people."""


@dataclass
class Guest:
    """A running process; it answers on `port` of 127.0.0.1."""

    port: int
    process: subprocess.Popen[bytes]
    readers: list[_Reader] = field(default_factory=list)
    requests: list[None] = field(default_factory=list)
    """One for each that is being answered; lists are safe between threads."""

    @classmethod
    def start(cls, folder: Path, *, target: str, env: Mapping[str, str], logged: Logged) -> Guest:
        """Serve the function `target` of `folder`/main.py; StartError if it doesn't come up."""
        if importlib.util.find_spec("functions_framework") is None:
            message = "functions-framework is not installed: pip install -r requirements/run.txt"
            print(f"local run: {message}", file=sys.stderr)
            raise StartError(message)
        port = _free_port()
        given = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        given |= {**env, "PORT": str(port), "PYTHONUNBUFFERED": "1", "GUNICORN_LOG_LEVEL": "error"}
        options = ("--target", target, "--source", "main.py", "--host", "127.0.0.1", "--port", str(port))
        process = subprocess.Popen(
            [sys.executable, "-c", _WITH_US, *options, "--signature-type", "http"],
            cwd=folder,
            env=given,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # gunicorn has children: they end together
        )
        guest = cls(port=port, process=process)
        guest.readers += [
            _Reader(pipe, stream, logged)
            for pipe, stream in ((process.stdout, "stdout"), (process.stderr, "stderr"))
            if pipe is not None
        ]
        guest._wait_for_port()
        return guest

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    @contextmanager
    def answering(self) -> Iterator[None]:
        """While it answers a request."""
        self.requests.append(None)
        try:
            yield
        finally:
            self.requests.pop()

    def stop(self) -> None:
        """End it and its children. On TERM gunicorn finishes what it answers, and takes half a second to see that it answers
        nothing: then it is not asked."""
        for number in (signal.SIGTERM, signal.SIGKILL) if self.requests else (signal.SIGKILL,):  # KILL also for what is left
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_STOP_SECONDS)
        with suppress(ChildProcessError):  # its children, where they have become ours: local/child.py
            while os.waitpid(-self.process.pid, 0)[0]:
                pass
        for reader in self.readers:
            reader.join(_STOP_SECONDS)
        if self.process.stdin is not None:
            self.process.stdin.close()

    def drain(self) -> None:
        """Wait until everything printed so far is logged."""
        for reader in self.readers:
            reader.drain()

    def _wait_for_port(self) -> None:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and self.alive:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(_POLL_SECONDS)
        self.stop()
        said = [line for reader in self.readers for line in reader.last]
        raise StartError("The function did not start: " + " / ".join(said[-5:] or ["it printed nothing"]))


class _Reader(threading.Thread):
    """Reads lines of a pipe, and knows when it has read them all."""

    def __init__(self, pipe: IO[bytes], stream: str, logged: Logged) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._stream = stream
        self._logged = logged
        self._reading = threading.Lock()  # held from before a chunk leaves the pipe until its lines are logged
        self.last: list[str] = []
        self.start()

    def run(self) -> None:
        """Log every line until the pipe ends."""
        rest, chunk = b"", b"-"
        while chunk:
            select.select([self._pipe], [], [])
            with self._reading:
                chunk = os.read(self._pipe.fileno(), 65536)
                *lines, rest = (rest + chunk).split(b"\n")
                if not chunk and rest:  # the process ended within a line
                    lines.append(rest)
                for line in lines:
                    if text := line.decode(errors="replace").rstrip():
                        self.last = [*self.last[-4:], text]
                        self._logged(text, self._stream)
        with self._reading:
            self._pipe.close()

    def drain(self) -> None:
        """Wait until the pipe is empty and its lines are logged."""
        end = time.monotonic() + _DRAIN_SECONDS
        while time.monotonic() < end:
            with self._reading:
                if self._empty():
                    return
            time.sleep(_POLL_SECONDS / 10)

    def _empty(self) -> bool:
        if self._pipe.closed:
            return True
        size = array.array("i", [0])
        fcntl.ioctl(self._pipe.fileno(), termios.FIONREAD, size)
        return size[0] == 0


def _free_port() -> int:
    """A port that nobody has. Until the guest listens on it somebody could take it, and would get its requests: so it is none
    of those that the system gives to who asks for any, and two of ours hardly draw the same."""
    draw = random.SystemRandom()
    for _ in range(_DRAWS):
        port = draw.choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does
            probe.bind(("127.0.0.1", port))
            return port
    raise StartError(f"No port from {_PORTS.start} to {_PORTS.stop - 1} is free.")

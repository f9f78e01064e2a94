"""Programs in Python as processes of their own, without a Python that starts and imports anew for each.

One process has imported what a kind of program imports from others, and done nothing else. For each program it makes a copy of
itself, which has that one's arguments, folder, variables and pipes, runs it, and ends as it does. The kinds are the `interlock`
command line, `python -m local`, functions-framework with a function, and what runs with the standard library alone: of what is
deployed nothing is imported before.

The scripts themselves run where tests type them, as in tests/e2e/test_backfill_run.py and test_readme.py, and where a copy is
not safe: macOS' own frameworks don't survive a fork.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, NoReturn

INTERLOCK = Path(sys.prefix) / "bin" / "interlock"
ROOT = Path(__file__).parents[1]
SAFE = sys.platform == "linux"
LENGTH = 8  # bytes before a request
PIPES = 4
"""Of a program: its three streams, and where its number and its exit code are told."""
GOOGLE = (
    "google.auth.transport.requests",
    "google.cloud.scheduler_v1",
    "google.cloud.storage",
    "google.oauth2.credentials",
)
COMMANDS, FUNCTIONS, LOCAL, STANDARD = "commands", "functions", "local", "standard"
IMPORTED: Mapping[str, Sequence[str]] = {
    COMMANDS: (
        "interlock.commands",
        *(f"interlock.commands.{file.stem}" for file in sorted((ROOT / "interlock" / "commands").glob("[a-z]*.py"))),
        "interlock.reading.files",
        *GOOGLE,
    ),
    FUNCTIONS: ("functions_framework", "functions_framework._http.gunicorn", "gunicorn.workers.sync", *GOOGLE),
    LOCAL: ("local.runner", "local.emulator", "local.provider.server"),
    STANDARD: ("json", "urllib.request", "subprocess", "datetime", "html", "dataclasses"),
}

SCRIPT = """
import os, runpy, sys
del sys.argv[0]
sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""What `python NAME` does with a script."""


def interlock(words: Sequence[str], folder: Path, environ: Mapping[str, str]) -> tuple[int, str]:
    """The exit code of `interlock WORDS` and all that it has said, when it has ended; a signal is a code below zero."""
    done = run(COMMANDS, words, folder, environ, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def run(
    kind: str,
    words: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    *,
    stdout: int | IO[str] = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """What `subprocess.run` says of a program of this kind that has ended, without anything to read. `words` are those behind
    `interlock`, or behind `python -S -m`."""
    if not SAFE:
        pipes: Any = {"stdin": subprocess.DEVNULL, "stdout": stdout, "stderr": stderr}
        typed = [*_program(kind), *words]
        return subprocess.run(
            typed,
            cwd=folder,
            env=environ,
            check=False,
            timeout=timeout,
            encoding="utf-8",
            errors="replace",
            **pipes,
        )
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as wrong, Path(os.devnull).open("rb") as nothing:
        output = said if stdout == subprocess.PIPE else stdout
        assert not isinstance(output, int)
        errors = output if stderr == subprocess.STDOUT else wrong
        streams = (nothing.fileno(), output.fileno(), errors.fileno())
        process = _parent(kind).start(words, folder, environ, streams)
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        texts = []
        for file in (said, wrong):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    return subprocess.CompletedProcess([*words], code, *texts)


def run_script(name: str, folder: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What `python NAME` in this folder says and ends with. Of what it imports, that of commands is there before."""
    if SAFE:
        return run(COMMANDS, ["-c", SCRIPT, name], folder, environ)
    words, pipe = [sys.executable, name], subprocess.PIPE
    return subprocess.run(words, cwd=folder, env=environ, check=False, text=True, stdout=pipe, stderr=pipe)


def run_commands(words: Sequence[str], **more: Any) -> subprocess.CompletedProcess[Any]:
    """What `subprocess.run` does, where a program runs `interlock` among others and reads bytes of its stdout."""
    if words[0] != str(INTERLOCK):
        return subprocess.run(words, **more)
    done = run(COMMANDS, words[1:], more["cwd"], more["env"], timeout=more["timeout"])
    print(done.stderr, end="", file=sys.stderr)
    return subprocess.CompletedProcess(words, done.returncode, done.stdout.encode())


def run_local(words: Sequence[str], *, env: Mapping[str, str], **_: object) -> subprocess.CompletedProcess[str]:
    """What `subprocess.run` does for tools/bindings.py: `python -m local` in this folder, all that it says as one."""
    assert [*words[:3]] == [sys.executable, "-m", LOCAL]
    return run(LOCAL, words[2:], Path.cwd(), env, stderr=subprocess.STDOUT)


def start(
    words: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[str] = subprocess.PIPE,
    stderr: int | IO[str] = subprocess.STDOUT,
) -> Process | subprocess.Popen[str]:
    """`interlock WORDS`, which runs, or `python -c TEXT` where that is what the words begin with. What it says can be read of
    `stdout`, unless that is somebody's own."""
    if not SAFE:
        typed = [sys.executable if words[:1] == ["-c"] else INTERLOCK, *words]
        return subprocess.Popen(typed, cwd=folder, env=environ, stdin=stdin, stdout=stdout, stderr=stderr, text=True)
    with ExitStack() as ours:
        nothing = ours.enter_context(Path(os.devnull).open("rb")).fileno()
        said, output = None, stdout if isinstance(stdout, int) else stdout.fileno()
        if stdout == subprocess.PIPE:
            said, output = os.pipe()
            ours.callback(os.close, output)
        errors = stderr if isinstance(stderr, int) else stderr.fileno()
        streams = (nothing if stdin == subprocess.DEVNULL else stdin, output, output if stderr == subprocess.STDOUT else errors)
        process = _parent(COMMANDS).start(words, folder, environ, streams)
    process.stdout = None if said is None else os.fdopen(said, encoding="utf-8", errors="replace")
    return process


def start_local(words: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Process | subprocess.Popen[str]:
    """`python -m local WORDS`, which runs; what it says can be read of its `stdout` and `stderr`."""
    typed = ["local", *words]
    if not SAFE:
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, "-m", *typed], cwd=folder, env=environ, stdout=pipe, stderr=pipe, text=True)
    (said, output), (wrong, errors) = os.pipe(), os.pipe()
    with Path(os.devnull).open("rb") as nothing:
        process = _parent(LOCAL).start(typed, folder, environ, (nothing.fileno(), output, errors))
    for number in (output, errors):
        os.close(number)
    process.stdout, process.stderr = (os.fdopen(number, encoding="utf-8", errors="replace") for number in (said, wrong))
    return process


def _program(kind: str) -> tuple[str, ...]:
    return (str(INTERLOCK),) if kind == COMMANDS else (sys.executable, *(["-S"] if kind == STANDARD else []), "-m")


def start_python(
    words: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: int, stdout: int, stderr: int, start_new_session: bool
) -> Process:
    """What `subprocess.Popen` does for local/emulator/guest.py: starts a program of Python's in a session, with pipes."""
    assert [*words[:2], stdin, stdout, stderr] == [sys.executable, "-c", *[subprocess.PIPE] * 3]
    assert start_new_session
    (its_input, ours), (said, output), (errors, its_errors) = os.pipe(), os.pipe(), os.pipe()
    process = _parent(FUNCTIONS).start(words[1:], cwd, env, (its_input, output, its_errors))
    for number in (its_input, output, its_errors):
        os.close(number)
    process.stdin = os.fdopen(ours, "wb", buffering=0)
    process.stdout, process.stderr = os.fdopen(said, "rb"), os.fdopen(errors, "rb")
    return process


LIKE_SUBPROCESS = SimpleNamespace(
    Popen=start_python, PIPE=subprocess.PIPE, TimeoutExpired=subprocess.TimeoutExpired, DEVNULL=subprocess.DEVNULL
)
"""In the place of that module for who starts functions."""
RUNNING_COMMANDS = SimpleNamespace(
    run=run_commands,
    PIPE=subprocess.PIPE,
    CompletedProcess=subprocess.CompletedProcess,
    TimeoutExpired=subprocess.TimeoutExpired,
)
"""The same for who runs commands."""

RUNNING_LOCAL = SimpleNamespace(run=run_local, DEVNULL=subprocess.DEVNULL, PIPE=subprocess.PIPE, STDOUT=subprocess.STDOUT)
"""And for who runs the local target."""


class Process:
    """A program that runs, or has ended; what of `subprocess.Popen` is asked for."""

    def __init__(self, told: int) -> None:
        self._told, self._telling = os.fdopen(told, "rb", buffering=0), threading.Lock()
        self.pid = int(self._told.readline())
        self.returncode: int | None = None
        self.stdin: IO[bytes] | None = None
        self.stdout: IO[Any] | None = None
        self.stderr: IO[Any] | None = None

    def __del__(self) -> None:
        self._told.close()

    def poll(self) -> int | None:
        """Its exit code, once it has one."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code; TimeoutExpired after so many seconds."""
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            with self._telling:  # it is told once, and several threads may ask
                if self.returncode is None:
                    self.returncode = int(self._told.readline())
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Nothing, where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float) -> tuple[str, str]:
        """All that is said at its stdout and its stderr until nobody can any more, when it has ended; nothing where that is no
        pipe of its own."""
        pipes, said = [pipe for pipe in (self.stdout, self.stderr) if pipe is not None], dict[IO[Any] | None, str]()

        def read(pipe: IO[Any]) -> None:
            said[pipe] = pipe.read()

        readers = [threading.Thread(target=read, args=[pipe], daemon=True) for pipe in pipes if not pipe.closed]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(timeout)
            if reader.is_alive():
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
        for pipe in pipes:
            pipe.close()
        self.wait(timeout)
        return said.get(self.stdout, ""), said.get(self.stderr, "")


@cache
def _parent(kind: str) -> Parent:
    """The one of this process; it ends when this does."""
    return Parent(kind)


class Parent:
    """The process that the programs of a kind are copies of."""

    def __init__(self, kind: str) -> None:
        self._socket, its = socket.socketpair()
        self._lock = threading.Lock()
        program = f"from tests.forked import serve; serve({kind!r}, {its.fileno()})"
        words = [sys.executable, *(["-S"] if kind == STANDARD else []), "-c", program]
        environ = os.environ | ({"PYTHONUNBUFFERED": "1"} if kind == FUNCTIONS else {})
        null = subprocess.DEVNULL
        self._process = subprocess.Popen(words, cwd=ROOT, env=environ, pass_fds=[its.fileno()], stdin=null, stdout=null)
        its.close()
        atexit.register(self._end)

    def start(self, words: Sequence[str], folder: Path, environ: Mapping[str, str], streams: Sequence[int]) -> Process:
        """Starts one with these arguments and streams."""
        request = json.dumps([[*words], str(folder), dict(environ)]).encode()
        told, tell = os.pipe()
        with self._lock:
            socket.send_fds(self._socket, [len(request).to_bytes(LENGTH, "big")], [*streams, tell])
            self._socket.sendall(request)
        os.close(tell)
        return Process(told)

    def _end(self) -> None:
        self._socket.close()
        self._process.wait()


def serve(kind: str, number: int) -> NoReturn:
    """Copies this process for whoever asks at the socket with this file number, until nobody can any more."""
    asked = socket.socket(fileno=number)
    for name in IMPORTED[kind]:
        import_module(name)
    assert threading.active_count() == 1, "a copy would have one thread of several"
    gc.freeze()
    while True:
        length, numbers, _, _ = socket.recv_fds(asked, LENGTH, PIPES)
        if not length:
            os._exit(0)
        request = _exactly(asked, int.from_bytes(length, "big"))
        if os.fork() == 0:
            asked.close()
            _mind(kind, request, numbers)
        for one in numbers:
            os.close(one)
        with suppress(ChildProcessError):  # those that have ended
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _exactly(asked: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length:
        found += asked.recv(length - len(found))
    return found


def _mind(kind: str, request: bytes, numbers: Sequence[int]) -> NoReturn:
    """Makes the copy that is the program, and tells its number and how it has ended."""
    *streams, tell = numbers
    program = os.fork()
    if program == 0:
        os.close(tell)
        _become(kind, *json.loads(request), streams)
    for stream in {0, 1, *streams}:
        os.close(stream)
    os.write(tell, f"{program}\n".encode())
    _, status = os.waitpid(program, 0)
    os.write(tell, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(kind: str, words: list[str], folder: str, environ: dict[str, str], streams: list[int]) -> NoReturn:
    """Is the program from here on: what it raises goes to Python, as that of a script does."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    for stream in {*streams} - {0, 1, 2}:
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
    for number, text in ((1, sys.stdout), (2, sys.stderr)):
        if os.isatty(number):
            text.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    if kind == FUNCTIONS:
        os.setsid()
    if "PYTHONPATH" in environ:  # what a Python that starts does with it
        sys.path[1:1] = environ["PYTHONPATH"].split(os.pathsep)
        with suppress(ImportError):
            import_module("sitecustomize")
    if words[:1] == ["-c"]:
        _, text, *arguments = words
        sys.argv = ["-c", *arguments]
        exec(text, {"__name__": "__main__"})  # noqa: S102 - what `python -c` does
        sys.exit()
    if kind in (LOCAL, STANDARD):
        sys.argv = ["-m", *words[1:]]
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
        sys.exit()
    sys.path.remove("")  # a command looks for nothing in the folder where it runs
    sys.argv = [str(INTERLOCK), *words]
    sys.exit(import_module("interlock.commands").main())

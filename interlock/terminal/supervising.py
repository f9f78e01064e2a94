"""Runs somebody's command to its end, and heeds what reaches us meanwhile: it outlives the terminal, and is told to stop when
we are."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType

from interlock.terminal.tables import say_folded

STOPS = (signal.SIGTERM, signal.SIGINT)
GRACE = 60.0
"""Seconds that a command has to end in when its hold ends; then it is killed."""
DRAINED = 2.0
"""Seconds that its last output has: what it has started may keep the terminal open."""
KILLED = 128
"""What a shell adds to a signal's number."""
NOT_FOUND, NO_PROGRAM = 127, 126
"""A shell's codes for a command that is not there, and for one that can't be run."""
OUT, ERR = 1, 2


class Stopped(BaseException):
    """We were told to stop before the command began. Not an Exception: nobody on the way may take it for one of theirs."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(number)

    @property
    def code(self) -> int:
        """As a shell has it."""
        return KILLED + self.number


class Supervisor:
    """Heeds signals, in the main thread, from when it is entered on. SIGTERM and SIGINT are passed to the command and its
    children; before it has begun they raise `Stopped`. When the terminal dies, what we and the command say goes to `log`."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.got: list[int] = []
        """The signals that should have ended us."""
        self._terminals = [number for number in (OUT, ERR) if os.isatty(number)]
        self._process: subprocess.Popen[bytes] | None = None
        self._raises = True
        self._before: dict[int, object] = {}

    def __enter__(self) -> Supervisor:
        for number in STOPS:
            self._before[number] = signal.signal(number, self._stop)
        self._before[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._hang_up)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def run(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        *,
        tend: Callable[[], str | None],
        looks_in: Callable[[], float],
        goes_on: bool,
    ) -> tuple[int, str | None]:
        """Runs `command`; its exit code as a shell has it, and why it was stopped, where it was. `tend` is called in `looks_in`
        seconds, again and again, and says why the command may not go on; with `goes_on` that is only said."""
        self._raises = False
        if self.got:
            return KILLED + self.got[0], None
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        try:
            process, reads = self._start(command, environ)
        except OSError as error:
            say_folded(f"{command[0]}: {error.strerror}", err=True)
            return (NOT_FOUND if error.errno == errno.ENOENT else NO_PROGRAM), None
        for number in self.got:  # as it was being started
            self._tell(signal.Signals(number))
        done = threading.Event()

        def wait() -> None:
            process.wait()
            done.set()

        threading.Thread(target=wait, daemon=True).start()
        why, kill_at = None, None
        while not done.wait(looks_in() if why is None or goes_on else 1.0):
            if why is None:
                why = tend()
                if why is not None:
                    then = "it goes on all the same" if goes_on else "it is stopped"
                    say_folded(f"{why}; the command still runs: {then}", err=True)
                    if not goes_on:
                        self._tell(signal.SIGTERM)
                        kill_at = time.monotonic() + GRACE
            elif kill_at is not None and time.monotonic() >= kill_at:
                self._tell(signal.SIGKILL)
        if reads is not None:
            reads.join(DRAINED)
        self._process = None
        code = process.returncode
        return (KILLED - code if code < 0 else code), (None if goes_on else why)

    def _start(
        self, command: Sequence[str], environ: Mapping[str, str]
    ) -> tuple[subprocess.Popen[bytes], threading.Thread | None]:
        """In a session of its own: what a terminal sends does not reach it. What would go to the terminal goes through us, by a
        terminal of its own, as writes to one that is gone fail."""
        stdin = subprocess.DEVNULL if os.isatty(0) else None
        if not self._terminals:
            self._process = subprocess.Popen(command, env=dict(environ), stdin=stdin, start_new_session=True)
            return self._process, None
        ours, its = pty.openpty()
        _plain(its, self._terminals[0])
        out, err = (its if number in self._terminals else None for number in (OUT, ERR))
        try:
            self._process = subprocess.Popen(
                command, env=dict(environ), stdin=stdin, stdout=out, stderr=err, start_new_session=True
            )
        finally:
            os.close(its)
        reads = threading.Thread(target=self._pass_on, args=(ours, self._terminals[0]), daemon=True)
        reads.start()
        return self._process, reads

    def _pass_on(self, source: int, target: int) -> None:
        with suppress(OSError):  # of Linux, at the end
            while said := os.read(source, 65536):
                while said:
                    try:
                        said = said[os.write(target, said) :]
                    except OSError:
                        self._to_log()

    def _stop(self, number: int, _: FrameType | None) -> None:
        self.got.append(number)
        if self._raises:
            raise Stopped(number)
        self._tell(signal.Signals(number))

    def _tell(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _hang_up(self, *_: object) -> None:
        self._to_log()

    def _to_log(self) -> None:
        """What would go to the terminal goes to the log from now on."""
        if not self._terminals:
            return
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        to = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for number in self._terminals:
            os.dup2(to, number)
        os.close(to)


def _plain(terminal: int, like: int) -> None:
    """As wide as ours, and nothing is done to what is written: ours does that."""
    with suppress(OSError, termios.error):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, fcntl.ioctl(like, termios.TIOCGWINSZ, b"\0" * 8))
        modes = termios.tcgetattr(terminal)
        modes[1] &= ~termios.OPOST
        termios.tcsetattr(terminal, termios.TCSANOW, modes)

"""Runs somebody's command to its end, and heeds what reaches us meanwhile: it outlives the terminal, and is told to stop when
we are. It is at its end when all that it has started in its process group is."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import signal
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

from interlock.terminal.lasting import ERR, OUT, Lasting, flush
from interlock.terminal.tables import say_folded

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
GRACE = 60.0
"""Seconds that a command has to end in when its hold ends; then it is killed."""
DRAINED = 2.0
"""Seconds that its last output has: what it has started may keep the terminal open."""
KILLED = 128
"""What a shell adds to a signal's number."""
NOT_FOUND, NO_PROGRAM = 127, 126
"""A shell's codes for a command that is not there, and for one that can't be run."""
POLL, LEAVING = 0.1, 0.5
"""Seconds between two looks at what a command has left behind, and until that is told: what one signal ends ends together."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    """As a shell has it."""
    by: int | None = None
    """The signal that ended it, where one did."""
    why: str | None = None
    """Why we stopped it, where we did."""


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
    """Heeds signals, in the main thread, from when it is entered on. SIGTERM, SIGINT and SIGQUIT are passed to the command and
    its children; between `may_stop` and `settle` the first of them raises `Stopped`. What we and the command say when the
    terminal has died goes to `log`. SIGTSTP (Ctrl-Z) does nothing: nobody would keep the hold."""

    def __init__(self, log: Path) -> None:
        self.got: list[int] = []
        """The signals that should have ended us."""
        self._said = Lasting(log)
        self._process: subprocess.Popen[bytes] | None = None
        self._raises = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> Supervisor:
        handlers: dict[int, Callable[[int, FrameType | None], None]] = dict.fromkeys(STOPS, self._stop)
        handlers |= {signal.SIGHUP: self._hang_up, signal.SIGTSTP: self._stay}
        for number, handler in handlers.items():
            self._before[number] = signal.signal(number, handler)
        self._said.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._said.__exit__(kind, error, at)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def may_stop(self) -> None:
        """From now on the first signal raises `Stopped`, and one that came before does at once."""
        self._raises = True
        if self.got:
            self._raises = False
            raise Stopped(self.got[0])

    def settle(self) -> None:
        """From now on no signal raises."""
        self._raises = False

    def run(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        *,
        tend: Callable[[], str | None],
        looks_in: Callable[[], float],
        goes_on: bool,
    ) -> Ended:
        """Runs `command`, and waits for what it leaves behind. `tend` is called in `looks_in` seconds, again and again, and
        says why the command may not go on; with `goes_on` that is only said."""
        self.settle()
        if self.got:
            return Ended(code=KILLED + self.got[0], by=self.got[0])
        flush()
        try:
            process, reads = self._start(command, environ)
        except OSError as error:
            say_folded(f"{command[0]}: {error.strerror}", err=True)
            return Ended(code=NOT_FOUND if error.errno == errno.ENOENT else NO_PROGRAM)
        for number in self.got:  # as it was being started
            self._tell(signal.Signals(number))
        done = self._done(process)
        why, kill_at = None, None
        while not done.wait(looks_in() if why is None or goes_on else 1.0):
            if why is None or goes_on:
                found = _safely(tend)
                if found is not None and why is None:
                    then = "it goes on all the same" if goes_on else "it is stopped"
                    say_folded(f"{found}; the command still runs: {then}", err=True)
                    why = found
                    if not goes_on:
                        self._tell(signal.SIGTERM)
                        kill_at = time.monotonic() + GRACE
            elif kill_at is not None and time.monotonic() >= kill_at:
                self._tell(signal.SIGKILL)
        if reads is not None:
            reads.join(DRAINED)
        self._process = None
        code = process.returncode
        by = -code if code < 0 else None
        return Ended(code=KILLED + by if by else code, by=by, why=None if goes_on else why)

    def _done(self, process: subprocess.Popen[bytes]) -> threading.Event:
        """Set when the command is at its end, and nothing of its group is left. What a second signal does not end is left."""
        done = threading.Event()

        def wait() -> None:
            process.wait()
            heard, ended, is_said = len(self.got), time.monotonic(), False
            with ExitStack() as last:
                last.callback(done.set)
                while _is_left(process.pid) and len(self.got) < heard + 2:
                    if not is_said and time.monotonic() > ended + LEAVING:
                        is_said = True
                        say_folded("the command has ended; what it has left behind still runs, and is waited for", err=True)
                    time.sleep(POLL)

        threading.Thread(target=wait, daemon=True).start()
        return done

    def _start(
        self, command: Sequence[str], environ: Mapping[str, str]
    ) -> tuple[subprocess.Popen[bytes], threading.Thread | None]:
        """In a session of its own: what a terminal sends does not reach it. What would go to the terminal goes through us, by a
        terminal of its own, as writes to one that is gone fail."""
        stdin = subprocess.DEVNULL if os.isatty(0) else None
        terminals = self._said.terminals
        if not terminals:
            self._process = subprocess.Popen(command, env=dict(environ), stdin=stdin, start_new_session=True)
            return self._process, None
        ours, its = pty.openpty()
        _plain(its, terminals[0])
        out, err = (its if number in terminals else None for number in (OUT, ERR))
        try:
            self._process = subprocess.Popen(
                command, env=dict(environ), stdin=stdin, stdout=out, stderr=err, start_new_session=True
            )
        finally:
            os.close(its)
        reads = threading.Thread(target=self._pass_on, args=(ours, terminals[0]), daemon=True)
        reads.start()
        return self._process, reads

    def _pass_on(self, source: int, target: int) -> None:
        with suppress(OSError):  # of Linux, at the end
            while said := os.read(source, 65536):
                self._said.write(target, said)

    def _stop(self, number: int, _: FrameType | None) -> None:
        self.got.append(number)
        if self._raises:
            self._raises = False  # once: the next one may not cut short what gives back
            raise Stopped(number)
        self._tell(signal.Signals(number))

    def _tell(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _hang_up(self, *_: object) -> None:
        self._said.hang_up()

    def _stay(self, *_: object) -> None:
        pass


def _safely(tend: Callable[[], str | None]) -> str | None:
    """What it says. A mistake of ours in it is said, and may not leave the command alone."""
    try:
        return tend()
    except Exception as error:
        say_folded(f"the hold can't be looked after just now: {type(error).__name__}: {error}", err=True)
        return None


def _is_left(group: int) -> bool:
    """Whether a process of the group is there, whose leader is not any more. Of those that nobody else buries we do that: in a
    container we may be the first process."""
    with suppress(OSError):
        os.waitpid(-group, os.WNOHANG)
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _plain(terminal: int, like: int) -> None:
    """As wide as ours, and nothing is done to what is written: ours does that."""
    with suppress(OSError, termios.error):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, fcntl.ioctl(like, termios.TIOCGWINSZ, b"\0" * 8))
        modes = termios.tcgetattr(terminal)
        modes[1] &= ~termios.OPOST
        termios.tcsetattr(terminal, termios.TCSANOW, modes)

"""`local run`: the emulator and the provider around one command, in this process."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import child, emulator, environment, share
from local.acting import OURS, VARIABLE, Acting, acting
from local.installed import NotInstalledError
from local.watch import VARIABLE as MARK
from local.watch import mark, watched

BANNER = "LOCAL STAND-IN, not Google Cloud"
STARTED = "started for this command"
SAYS = "INTERLOCK_LOCAL_SAYS"
"""How COMMAND came to have a cloud, for a COMMAND that says it itself."""
EXIT_USAGE = 2
EXIT_NOT_FOUND = 127  # as shells have it
LOCKED = Path(__file__).parents[1] / "node_modules" / ".bin"
"""Where `make setup` installs the cdktf command line, for who has none of their own: npx takes half a second to look for it."""
_POLL_SECONDS = 0.1
_INSTALL = {
    "terraform": "install Terraform >= 1.11 (https://developer.hashicorp.com/terraform/install)",
    "tofu": "install OpenTofu >= 1.12 (https://opentofu.org/docs/intro/install)",
    "npx": "install Node.js 20 to 26 (https://nodejs.org)",
    "node": "install Node.js 20 to 26 (https://nodejs.org)",
    "npm": "install Node.js 20 to 26 (https://nodejs.org)",
    "cdktf": "run: make setup",
    "gcloud": "install the Google Cloud CLI (https://cloud.google.com/sdk/docs/install)",
}


class UsageError(Exception):
    """What the user has to change, in one line, with the next command."""

    def __init__(self, message: str, *, code: int = EXIT_USAGE) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `local run` was asked for; port 0 is a free one, latency in seconds."""

    command: Sequence[str]
    state: Path
    port: int = 0
    latency: float = 0.0
    faults: Sequence[str] = ()
    provider: str = ""
    """Its kind, if that matters: a joiner takes what there is."""
    quiet: bool = False
    waiting: child.Waiting | None = None
    """The process that COMMAND is already."""


def run(options: Options, env: Mapping[str, str]) -> int:
    """Run the command and return its exit code. UsageError for what the user has to change."""
    env = with_locked(env)
    _check(options.command, env)
    try:
        folder = share.Folder(options.state)
    except OSError as error:
        raise UsageError(f"state folder {options.state}: {error.strerror}; choose another with --state DIR") from None
    if folder.own():
        return _own(folder, options, env)
    return _join(folder, options, env)


def with_locked(env: Mapping[str, str]) -> dict[str, str]:
    """`env` with what `make setup` installs at the end of its PATH: whatever a person has goes first."""
    return {**env, "PATH": os.pathsep.join(filter(None, (env.get("PATH", os.defpath), str(LOCKED))))}


def _check(command: Sequence[str], env: Mapping[str, str]) -> None:
    named = env.get("INTERLOCK_ENV", "")
    if named not in ("", "local"):
        raise UsageError(
            f"INTERLOCK_ENV={named}, but `local run` is only for the local target; "
            f"run the command without `local run`, or: unset INTERLOCK_ENV"
        )
    if shutil.which(command[0], path=env.get("PATH")) is None:
        hint = _INSTALL.get(Path(command[0]).name, "check the spelling, or install it")
        raise UsageError(f"{command[0]}: command not found; {hint}", code=EXIT_NOT_FOUND)


def _own(folder: share.Folder, options: Options, env: Mapping[str, str]) -> int:
    with _emulator(options) as cloud, _acting(options, env, cloud.url) as provider:
        record = share.Record(
            pid=os.getpid(), url=cloud.url, kind=provider.kind, name=provider.name, variables=provider.variables
        )
        folder.publish(record)
        env = _announced(options, env, record, how=STARTED)
        with watched(mark(record.pid, record.url)) as watchers:
            code = _command(options, env, record, spared=lambda: watchers | cloud.runtime.functions.pids())
            _wait_for_others(folder)
        if provider.elsewhere:
            _say(f"local run: refused, as the real provider is kept to this machine: {', '.join(provider.elsewhere)}")
        return code


@contextmanager
def _acting(options: Options, env: Mapping[str, str], url: str) -> Iterator[Acting]:
    with ExitStack() as stack:
        try:
            yield stack.enter_context(acting(options.provider or OURS, url=url, folder=options.state / "provider", env=env))
        except NotInstalledError as error:
            raise UsageError(str(error)) from None


@contextmanager
def _emulator(options: Options) -> Iterator[emulator.Running]:
    with ExitStack() as stack:
        try:
            cloud = stack.enter_context(emulator.serve(options.state, port=options.port, enabled=()))
        except OSError as error:
            raise UsageError(
                f"port {options.port} on 127.0.0.1: {error.strerror}; "
                "another with --port N or INTERLOCK_LOCAL_PORT=N, a free one with --port 0"
            ) from None
        cloud.faults.latency = options.latency
        cloud.faults.add(*options.faults)
        yield cloud


def _join(folder: share.Folder, options: Options, env: Mapping[str, str]) -> int:
    try:
        with folder.joined(shlex.join(options.command)) as record:
            if options.provider not in ("", record.kind):
                raise UsageError(
                    f"process {record.pid} serves {options.state} with the provider {record.kind!r}, not {options.provider!r}; "
                    f"wait for its end, choose --state DIR, or leave out --provider and {VARIABLE}"
                )
            ignored = ", --port, --latency and --fault are those of that run" if _own_settings(options) else ""
            env = _announced(options, env, record, how=f"joined the run of process {record.pid}{ignored}")
            return _command(options, env, record)
    except share.NoAnswerError:
        raise UsageError(
            f"another `local run` holds {options.state} but doesn't answer; end it, or choose --state DIR"
        ) from None


def _announced(options: Options, env: Mapping[str, str], record: share.Record, *, how: str) -> Mapping[str, str]:
    """Says where COMMAND acts, with a provider that is not ours, or has COMMAND say it."""
    acts = f", with the real {record.name}" if record.kind != OURS else ""
    if options.quiet:
        return {**env, SAYS: f"{how}, state in {options.state}{acts}"}
    joined = f", {how}" if how != STARTED else ""
    _say(f"{BANNER}: {record.url}, state in {options.state}{acts}{joined}")
    return env


def _own_settings(options: Options) -> bool:
    return bool(options.port or options.latency or options.faults)


def _command(
    options: Options, env: Mapping[str, str], record: share.Record, *, spared: Callable[[], Set[int]] = frozenset
) -> int:
    prepared = environment.for_command(env, url=record.url, provider=record.variables, state=options.state)
    prepared[MARK] = mark(record.pid, record.url)
    try:
        return child.run(options.command, prepared, spared=spared, waiting=options.waiting)
    except OSError as error:
        raise UsageError(f"{options.command[0]}: {error.strerror}", code=EXIT_NOT_FOUND) from None


def _wait_for_others(folder: share.Folder) -> None:
    """Serve on until the last joiner has ended; a signal ends that."""
    stop: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, lambda n, _: stop.append(n)) for number in numbers}
    said: list[str] = []
    try:
        while not stop and (others := folder.others()):
            if others != said:
                said = others
                _say(f"local run: the command has ended; serving on for {', '.join(others)} (Ctrl-C stops it for them)")
            time.sleep(_POLL_SECONDS)
    finally:
        for known, handler in previous.items():
            signal.signal(known, handler)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

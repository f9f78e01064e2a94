"""`local run`: the emulator and the provider around one command, in this process."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import child, emulator, environment, share

BANNER = "LOCAL STAND-IN, not Google Cloud"
STARTED = "started for this command"
SAYS = "INTERLOCK_LOCAL_SAYS"
"""How COMMAND came to have a cloud, for a COMMAND that says it itself."""
EXIT_USAGE = 2
EXIT_NOT_FOUND = 127  # as shells have it
_POLL_SECONDS = 0.1
_INSTALL = {
    "terraform": "install Terraform >= 1.11 (https://developer.hashicorp.com/terraform/install)",
    "npx": "install Node.js 20 to 26 (https://nodejs.org)",
    "node": "install Node.js 20 to 26 (https://nodejs.org)",
    "npm": "install Node.js 20 to 26 (https://nodejs.org)",
    "cdktf": "run it as `npx cdktf`, after `npm ci`",
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
    quiet: bool = False


def run(options: Options, env: Mapping[str, str]) -> int:
    """Run the command and return its exit code. UsageError for what the user has to change."""
    _check(options.command, env)
    try:
        folder = share.Folder(options.state)
    except OSError as error:
        raise UsageError(f"state folder {options.state}: {error.strerror}; choose another with --state DIR") from None
    if folder.own():
        return _own(folder, options, env)
    return _join(folder, options, env)


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
    # Not in the state folder: the path of a socket is at most 107 bytes long. The folder is 0700.
    with tempfile.TemporaryDirectory(prefix="interlock-") as sockets, _emulator(options) as cloud:
        from local import provider  # grpc takes 0.1 s to import: not for joiners and --help

        with provider.serve(Path(sockets) / "provider.sock", url=cloud.url, token=environment.token(env)) as served:
            folder.publish(share.Record(pid=os.getpid(), url=cloud.url, reattach=served.reattach))
            env = _announced(options, env, url=cloud.url, how=STARTED)
            code = _command(options, env, url=cloud.url, reattach=served.reattach)
            _wait_for_others(folder)
            return code


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
            ignored = ", --port, --latency and --fault are those of that run" if _own_settings(options) else ""
            env = _announced(options, env, url=record.url, how=f"joined the run of process {record.pid}{ignored}")
            return _command(options, env, url=record.url, reattach=record.reattach)
    except share.NoAnswerError:
        raise UsageError(
            f"another `local run` holds {options.state} but doesn't answer; end it, or choose --state DIR"
        ) from None


def _announced(options: Options, env: Mapping[str, str], *, url: str, how: str) -> Mapping[str, str]:
    """Says where COMMAND acts, or has COMMAND say it."""
    if options.quiet:
        return {**env, SAYS: f"{how}, state in {options.state}"}
    joined = f", {how}" if how != STARTED else ""
    _say(f"{BANNER}: {url}, state in {options.state}{joined}")
    return env


def _own_settings(options: Options) -> bool:
    return bool(options.port or options.latency or options.faults)


def _command(options: Options, env: Mapping[str, str], *, url: str, reattach: Mapping[str, object]) -> int:
    prepared = environment.for_command(env, url=url, reattach=reattach, state=options.state)
    try:
        return child.run(options.command, prepared)
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

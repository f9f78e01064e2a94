"""Command line of the local target: `python -m local run -- COMMAND ...`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from local import runner
from local.acting import KINDS, VARIABLE
from local.child import Waiting
from local.emulator.faults import Faults, parse_latency

_EPILOG = """\
examples:
  python -m local run -- cdktf deploy schedules --auto-approve --var backfill_mode=true
  python -m local run --latency 120ms -- terraform plan
  python -m local run --fault "POST :pause$ 409 x3" -- make deploy
  python -m local run -- gcloud scheduler jobs list --location us-west2

A second `local run` on the same state folder joins the first: same cloud, same provider.
While it runs, $INTERLOCK_LOCAL_URL/_local/faults and /_local/requests set faults and count API calls.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parse(sys.argv[1:] if argv is None else argv)
    try:
        return runner.run(options, os.environ)
    except runner.UsageError as error:
        print(f"local run: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:  # before the command started
        return 130


def _parse(argv: Sequence[str]) -> runner.Options:
    parser = argparse.ArgumentParser(prog="python -m local", description="An embedded Google Cloud for this machine.")
    run = parser.add_subparsers(dest="action", required=True).add_parser(
        "run",
        help="run a command against it",
        usage="python -m local run [--port N] [--state DIR] [--latency TIME] [--fault SPEC]... "
        "[--provider KIND] [--quiet] -- COMMAND ...",
        description="Run COMMAND against an embedded Google Cloud (Cloud Scheduler, Cloud Storage, and the Terraform "
        "provider hashicorp/google) that lives as long as COMMAND and keeps its state in a folder. The exit code is "
        "COMMAND's.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    env = os.environ
    run.add_argument("--port", type=_port, default=env.get("INTERLOCK_LOCAL_PORT") or "0", metavar="N",
                     help="port on 127.0.0.1 (INTERLOCK_LOCAL_PORT; default: a free one)")  # fmt: skip
    run.add_argument("--state", type=Path, default=env.get("INTERLOCK_LOCAL_STATE") or ".local", metavar="DIR",
                     help="folder of the state (INTERLOCK_LOCAL_STATE; default: .local)")  # fmt: skip
    run.add_argument("--latency", type=_latency, default="0ms", metavar="TIME",
                     help="delay of every API call, such as 120ms")  # fmt: skip
    run.add_argument("--fault", type=_fault, action="append", default=[], metavar="SPEC",
                     help="METHOD PATH-REGEX CODE [xN | /N]: answer CODE to the first N such calls, or to every Nth; "
                     "METHOD may be *; or a delay, such as grants=60s; all of them: local/emulator/faults.py")  # fmt: skip
    run.add_argument("--provider", type=_provider, default=env.get(VARIABLE) or "", metavar="KIND",
                     help=f"real: hashicorp/google itself, which Terraform installs ({VARIABLE}; default: ours)")  # fmt: skip
    run.add_argument("--quiet", action="store_true",
                     help="don't say where it runs: COMMAND does, from INTERLOCK_LOCAL_SAYS")  # fmt: skip
    run.add_argument("--waiting", type=_waiting, help=argparse.SUPPRESS)
    split = list(argv).index("--") if "--" in argv else len(argv)
    given, command = parser.parse_args(argv[:split]), argv[split + 1 :]
    if not command:
        run.error("which COMMAND? for example: python -m local run -- terraform plan")
    return runner.Options(
        command=command,
        state=given.state,
        port=given.port,
        latency=given.latency,
        faults=given.fault,
        provider=given.provider,
        quiet=given.quiet,
        waiting=given.waiting,
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def _waiting(text: str) -> Waiting:
    pid, _, descriptor = text.partition(":")
    return Waiting(pid=int(pid), descriptor=int(descriptor))


def _provider(text: str) -> str:
    if text not in ("", *KINDS):
        raise argparse.ArgumentTypeError(f"{text!r} is no provider ({' or '.join(KINDS)})")
    return text


def _latency(text: str) -> float:
    try:
        return parse_latency(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _fault(text: str) -> str:
    try:
        Faults().add(text)
        return text.strip()
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # all is closed and written: to take apart what is in memory would only keep people waiting

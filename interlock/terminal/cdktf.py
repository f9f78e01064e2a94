"""Runs the `cdktf` command line on our stacks: the tools it needs, its variables, its signals, and what a stale lock means."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

import click

from interlock.catalog import Json
from interlock.environment import LOCAL, Environment
from interlock.gcp import CloudError
from interlock.gcp.storage import read_lock
from interlock.terminal import machine
from interlock.terraform.output import Shown

STACKS = ("coordination", "schedules", "alerting")
"""In the order of deployment, and backwards in that of destruction. No stack depends on another in Terraform's sense: names
are deterministic."""
OUT = Path("cdktf.out")
NEW_METRIC = "Cannot find metric(s)"
FRAME = {"│", "|", "alerting"}
"""What stands at the beginning of a line of an error, put there by Terraform and cdktf."""
WAIT, SHORT_WAIT, TRIES = 60.0, 1.0, 11
"""Seconds between tries, on Google and on this machine: eleven minutes, one more than Google says."""


def check_tools() -> None:
    """CloudError that says all that a deploy lacks here, and what to install."""
    findings = [machine.terraform(), machine.node(), machine.cdktf(), machine.pty(), machine.disk()]
    if lacking := [finding for finding in findings if finding.wrong]:
        raise CloudError("; ".join(f"{one.what} {one.found or 'is missing'}: {one.advice}" for one in lacking))


def output_folder(environment: Environment) -> Path:
    """Where an environment's stacks are synthesized; never shared between environments."""
    return OUT / environment.name


def run_cdktf(
    environment: Environment, command: str, *arguments: str, asks: bool = False, heard: Callable[[str], None] | None = None
) -> int:
    """Runs `cdktf COMMAND ARGUMENTS` on the environment's output and returns its exit code. `asks`: it may ask to approve; then
    its output goes straight to the terminal, else `heard` gets every line of it."""
    settings = {
        "INTERLOCK_ENV": environment.name,
        "CDKTF_DISABLE_PLUGIN_CACHE_ENV": "1",  # the CLI's default cache is shared by all projects of a user
        "CHECKPOINT_DISABLE": "1",
        "DISABLE_VERSION_CHECK": "1",
        "NODE_NO_WARNINGS": "1",  # what newer ones say of the archived command line is nobody's to mend
        **({} if asks else {"CI": "1"}),  # plain lines instead of a screen that redraws
    }
    colours = [] if sys.stdout.isatty() else ["--no-color"]
    words = ["node_modules/.bin/cdktf", command, *arguments, *colours, "--output", str(output_folder(environment))]
    shown = None if asks else Shown(bodies=environment.name != LOCAL)
    return run(words, {**os.environ, **settings}, asks=asks, shown=shown, heard=heard)


def run(
    words: Sequence[str],
    environ: Mapping[str, str],
    *,
    asks: bool = False,
    shown: Callable[[str], bool] | None = None,
    heard: Callable[[str], None] | None = None,
) -> int:
    """Runs a command and returns its exit code; of its output the lines that `shown` says.

    A signal that should end us is for the Terraform below it, which then stops in order: it finishes what it has begun, saves
    its state and releases the lock. cdktf must not get the signal: it would end Terraform at once (its handler is `hardAbort`),
    and the lock would stay. So it runs in a session of its own, out of reach of Ctrl-C, unless it `asks` on the terminal.
    """
    alone = not asks
    stdin, stdout = (subprocess.DEVNULL if alone else None), (subprocess.PIPE if shown else None)
    process = subprocess.Popen(words, env=dict(environ), stdin=stdin, stdout=stdout, text=True, start_new_session=alone)

    def pass_on(number: int, frame: FrameType | None) -> None:
        del frame
        with suppress(ProcessLookupError):
            for pid in (terraforms := _terraforms_below(process.pid)):
                os.kill(pid, number)
            if not terraforms:
                (os.killpg if alone else os.kill)(process.pid, number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        for line in process.stdout or ():
            if heard:
                heard(line)
            if shown is None or shown(line):
                click.echo(line, nl=False)
        return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _terraforms_below(root: int) -> list[int]:
    """The Terraforms that `root` has started, directly or through others. cdktf gives each a session of its own."""
    try:
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,comm="], capture_output=True, text=True, check=False).stdout
    except OSError:  # a machine without ps
        return []
    rows = [line.split(maxsplit=2) for line in listed.splitlines()]
    children: dict[str, list[tuple[str, str]]] = {}
    for pid, parent, name in (row for row in rows if len(row) == 3):
        children.setdefault(parent, []).append((pid, Path(name).name))
    found, pending = [], [str(root)]
    while pending:
        for pid, name in children.get(pending.pop(), []):
            pending.append(pid)
            found += [int(pid)] if name == _terraform() else []
    return found


def _terraform() -> str:
    """The name of the binary, as cdktf is told it."""
    return Path(os.environ.get("TERRAFORM_BINARY_NAME", "terraform")).name


def synthesize(environment: Environment, root: Path) -> None:
    """Writes the stacks' JSON of the catalog in `root` once, with the app itself: `cdktf synth` does the same and takes seconds
    to start. Exits on failure, the app having said why."""
    settings = {
        "INTERLOCK_ENV": environment.name,
        "INTERLOCK_CATALOG": str(root),
        "CDKTF_OUTDIR": str(output_folder(environment)),
    }
    _or_exit(run([sys.executable, "main.py"], {**os.environ, **settings}))


def deploy_stack(environment: Environment, stack: str, variables: Mapping[str, Json], *, yes: bool) -> None:
    """Deploys one synthesized stack. Production shows the plan and asks, unless `yes`."""
    chosen = [word for name, value in variables.items() for word in ("--var", f"{name}={variable(value)}")]
    approve = ["--auto-approve"] if yes or environment.name == LOCAL else []
    if not approve and not sys.stdin.isatty():
        raise CloudError(
            f"{environment.name} asks before it changes anything, and this is no terminal; add --yes to go on unasked"
        )
    click.echo(f"\n== {stack}", err=True)
    words = [stack, "--skip-synth", *approve, *chosen]
    code = _until_metrics_are_known(environment, words, asks=not approve)
    if code != 0:
        say_lock(environment, stack)
        if not approve and stack == STACKS[-1]:
            click.echo('If it said "Cannot find metric(s)": the metrics are new. Deploy again in some minutes.', err=True)
    _or_exit(code)


def _until_metrics_are_known(environment: Environment, words: Sequence[str], *, asks: bool) -> int:
    """Deploys, again and again while nothing but the age of a metric stands in the way; once if it asks."""
    wait = SHORT_WAIT if environment.name == LOCAL else WAIT
    for left in range(TRIES, -1, -1):
        said: list[str] = []
        code = run_cdktf(environment, "deploy", *words, asks=asks, heard=said.append)
        if code == 0 or not left or not names_new_metric(said):
            break
        click.echo(
            f"\nAlert policies do not know a new metric yet; Google says that it takes up to 10 minutes. Again in {wait:g} s.",
            err=True,
        )
        time.sleep(wait)
    return code


def names_new_metric(lines: Iterable[str]) -> bool:
    """Whether Terraform failed, as a policy is about a log metric that Cloud Monitoring does not know yet.

    https://github.com/hashicorp/terraform-provider-google/issues/11102. Terraform folds the message into a frame.
    """
    return NEW_METRIC in " ".join(word for line in lines for word in line.split() if word not in FRAME)


def variable(value: Json) -> str:
    """A value as Terraform reads it on a command line: texts as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def say_lock(environment: Environment, stack: str) -> None:
    """After a failure: whether somebody holds the lock of the stack's state, since when, and how to release it."""
    if (lock := read_lock(environment.project, environment.state_bucket, state_prefix(environment, stack))) is not None:
        click.echo(
            f"\nThe state of {stack} is locked: {lock.operation} by {lock.who} since {lock.created}.\n"
            f"If that deploy is still running, wait for it. If it was killed: make unlock STACK={stack} "
            + (f"ENV={environment.name} " if environment.name != LOCAL else "")
            + "and deploy again.",
            err=True,
        )


def state_prefix(environment: Environment, stack: str) -> str:
    """Where a stack's state lies in the state bucket."""
    return f"interlock/{environment.name}/{stack}"


def _or_exit(code: int) -> None:
    if code != 0:
        click.get_current_context().exit(code if code > 0 else 128 - code)

"""`python -m conformance`: the suite against the local target, or against a project that somebody names."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import textwrap
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance import costs, suite
from conformance.check import Answer
from conformance.cloud import CallError, Cloud
from conformance.report import Facts, report, summary
from conformance.stop import Stop, Stopped
from conformance.terraform import TerraformError
from conformance.world import Watch, World
from interlock.environment import Environment, refuse_local_variables
from interlock.gcp import local_url
from interlock.pasted import LOCAL
from interlock.reading.files import load_environment
from interlock.reading.problems import SourceError
from interlock.terminal.process import run

ENVIRONMENTS = Path("environments")
LIMIT_MINUTES = 16.0
"""After which a run on a project is cleaned up: that takes minutes, too, and all of it is to take less than 20."""
LOCAL_LIMIT_MINUTES = 90.0
"""The stand-in costs nothing, and a busy machine is slow."""
WIDE = 71
"""Columns of a line of progress behind its clock."""
GOOD, DIFFERENT, REFUSED, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the suite; 0 when everything is as expected or assumed, 1 when not, 2 when it doesn't run here."""
    words = list(sys.argv[1:] if argv is None else argv)
    options = _parse(words)
    if options.list:
        for check in suite.all_checks(options.only).values():
            print(f"{check.key}: {check.question} {'ASSUMED: ' if check.assumed else ''}{check.expected}")
        return GOOD
    try:
        environment = load_environment(ENVIRONMENTS, options.env)
        if refused := suite.refusal(environment) or refuse_local_variables(environment, os.environ):
            raise suite.Refused(refused)
        if environment.name == LOCAL and local_url() is None:
            return _on_a_target_of_its_own(words)
        return _run(environment, options)
    except (SourceError, suite.Refused) as error:
        _say(str(error))
        return REFUSED
    except (CallError, TerraformError) as error:
        _say(f"the project can't be asked: {error}")
        return REFUSED


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument(
        "--env", default=os.environ.get("INTERLOCK_ENV") or LOCAL, help="a file of environments/ (default local)"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask before anything is made")
    parser.add_argument("--report", type=Path, help="also write the report to this file")
    parser.add_argument("--limit", type=float, help="minutes after which it is cleaned up (default of a project: 16)")
    parser.add_argument("--only", action="append", choices=list(suite.LANES), help="only these checks; may be repeated")
    parser.add_argument("--list", action="store_true", help="list the checks, and ask nobody")
    options = parser.parse_args(words)
    options.only = options.only or list(suite.LANES)
    options.limit = options.limit or (LOCAL_LIMIT_MINUTES if options.env == LOCAL else LIMIT_MINUTES)
    return options


def _on_a_target_of_its_own(words: Sequence[str]) -> int:
    """The same below `local run`, whose state goes with it. Signals are passed on, and the end is waited for."""
    with TemporaryDirectory(prefix="interlock-conformance-") as state:
        again = [sys.executable, "-m", "local", "run", "--state", state, "--", sys.executable, "-m", "conformance", *words]
        return run(again, os.environ, stop_with=signal.SIGINT).code


def _run(environment: Environment, options: argparse.Namespace) -> int:
    checks, stop, watch = suite.all_checks(options.only), Stop(), Watch()
    _say(f"conformance in {environment.where}")
    _agree(environment, options)
    with TemporaryDirectory(prefix="interlock-conformance-") as folder, suite.stopping(stop, _say, options.limit * 60):
        world = World(cloud=Cloud(environment, stop), run=suite.new_run(), folder=Path(folder), checks=checks, tell=_tell)
        os.environ.setdefault("TF_PLUGIN_CACHE_DIR", str(_made(world.folder / "plugins")))
        world.prepare(ENVIRONMENTS)
        broken, cleaned, versions = list[str](), suite.Cleaned(removed=[], stuck=[]), dict[str, str]()
        try:
            _synthesize(world)
            suite.enable(world)  # before anybody looks: what is behind an API that is off can't be seen, and would be swept
            suite.let_in(world, _say)
        except Stopped:
            _say(f"{stop.why}; nothing was made")
            return INTERRUPTED
        made = suite.mark(world)
        try:
            versions = _versions(world)
            broken = suite.ask(world, options.only)
        except Stopped:
            pass
        except (CallError, TerraformError, OSError) as error:
            broken = [str(error)]
        finally:
            _say("cleaning up")
            cleaned = suite.clean_up(world, made, _say)
        facts = Facts(
            target="the local stand-in" if environment.name == LOCAL else "a project of Google Cloud",
            versions=versions,
            date=datetime.now(UTC).strftime("%Y-%m-%d"),
            seconds=watch.seconds,
            ended=world.shown("; ".join(filter(None, [stop.why, *broken]))),
            swept=cleaned.removed,
            stuck=cleaned.stuck,
        )
        text = report(checks.values(), world.answers, facts)
    print(text, end="", flush=True)
    if options.report:
        options.report.write_text(text, encoding="utf-8")
    _say(summary(list(checks.values()), world.answers))
    if stop.is_set:
        return INTERRUPTED
    good = len(world.answers) == len(checks) and all(one.is_good for one in world.answers.values())
    return GOOD if good and not broken and not cleaned.stuck else DIFFERENT


def _agree(environment: Environment, options: argparse.Namespace) -> None:
    """Say what it makes and costs, and ask. Refused where nobody agrees."""
    if environment.name == LOCAL:
        return
    _say(f"In the project {environment.project} it makes, and deletes again:")
    for line in costs.what_it_makes(suite.all_checks(options.only).values()):
        _say(line)
    _say(f"It takes less than 20 minutes ({options.limit:g} and the clean-up), and deletes what it made however it ends.")
    if options.yes:
        return
    if not sys.stdin.isatty():
        raise suite.Refused(f"nobody is there to agree; run: .venv/bin/python -m conformance --env {environment.name} --yes")
    sys.stderr.write(f"Type the project's id to begin: {environment.project}? ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != environment.project:
        raise suite.Refused("nothing was made")


def _synthesize(world: World) -> None:
    done = world.interlock("synth")
    if done.code != 0:
        raise suite.Refused(f"the stacks can't be synthesized: {' '.join(done.err.split())[-300:]}")


def _versions(world: World) -> dict[str, str]:
    """Of Terraform and the provider; a provider that runs already, as the stand-in's, has none in the lock file."""
    folder = world.terraform("versions")
    folder.write("")
    folder.init()
    found = folder.versions()
    provider = "stand-in" if "TF_REATTACH_PROVIDERS" in os.environ else found.get("google", "")
    return {"terraform": found["terraform"], "hashicorp/google": provider}


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _tell(answer: Answer) -> None:
    mark = "  " if answer.is_good else "! "
    said = f"{mark}{answer.check.key}: {answer.seen or answer.detail or '-'} ({answer.status.value}, {answer.seconds:.0f} s)"
    _say(f"\n{9 * ' '}".join(textwrap.wrap(said, WIDE, break_long_words=False, break_on_hyphens=False)))


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""A command that acts on the local target starts it, and is then the same command; one that does not ask it leaves it alone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from interlock.commands import COMMANDS, ON_A_CLOUD, acts_on_local_target
from interlock.reading.files import load_environment
from interlock.terminal import common, local_target
from tests import forked
from tests.interlock.commands.conftest import ROOT, Run

BANNER = "LOCAL STAND-IN, not Google Cloud"
ARGUMENTS = ("status", "--format", "json", "--catalog", "a folder")


class Became(Exception):
    """What the process became."""


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> None:
    def become(path: str, words: list[str]) -> None:
        raise Became(path, words)

    monkeypatch.setattr(local_target.os, "execv", become)


@pytest.mark.usefixtures("became")
def test_the_command_becomes_itself_below_the_local_target_with_the_very_same_words(run: Run) -> None:
    with pytest.raises(Became) as found:
        run(*ARGUMENTS)
    path, words = found.value.args
    interlock = str(Path(sys.executable).with_name("interlock"))
    waiting = words.index("--waiting") if "--waiting" in words else len(words)
    del words[waiting : waiting + 2]
    assert (path, words) == (sys.executable, [sys.executable, "-m", "local", "run", "--quiet", "--", interlock, *ARGUMENTS])


@pytest.mark.usefixtures("became")
@pytest.mark.parametrize("words", [("show", "repair"), ("validate",), ("affected", "marts")], ids=" ".join)
def test_a_command_that_asks_no_cloud_starts_none(run: Run, words: tuple[str, ...]) -> None:
    assert run(*words).returncode == 0


def test_a_local_target_that_is_gone_is_not_started_for_ever(run: Run) -> None:
    done = run("status", INTERLOCK_LOCAL_SAYS="started for this command")
    assert done.returncode == 2
    assert "the local target did not start: it runs, and its variables are gone" in done.stderr


def test_as_people_type_it(environ: dict[str, str], tmp_path: Path) -> None:
    """The state is empty, so that the command fails: its exit code and its words come through."""
    interlock = str(Path(sys.executable).with_name("interlock"))
    state = {"INTERLOCK_LOCAL_STATE": str(tmp_path / "cloud")}
    done = subprocess.run(
        [interlock, "status"], cwd=ROOT, env={**environ, **state}, capture_output=True, text=True, check=False, timeout=60
    )
    first, *others = done.stderr.splitlines()
    assert first == f"{BANNER}: started for this command, state in {tmp_path / 'cloud'}"
    assert "\n".join(others) == (
        "Error: there is no bucket interlock-local-coordination; deploy the coordination stack first: make deploy"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert os.environ.get("INTERLOCK_LOCAL_URL") is None


@pytest.mark.parametrize("mode", ["on", "off"])
def test_a_toggle_before_the_first_deploy_says_what_to_run(environ: dict[str, str], tmp_path: Path, mode: str) -> None:
    state = {"INTERLOCK_LOCAL_STATE": str(tmp_path / "cloud")}
    done = forked.run(forked.COMMANDS, ["backfill", mode, "marts"], ROOT, {**environ, **state})
    said = f"Error: nothing is deployed in local yet, so nothing can be turned {mode}; run: make deploy"
    assert (done.returncode, done.stdout, done.stderr.splitlines()[1:]) == (2, "", [said])


def test_a_mistake_in_the_catalog_is_said_below_the_line_that_says_where_a_command_acts(
    environ: dict[str, str], tmp_path: Path
) -> None:
    """The catalog is loaded while the local target starts, which is no reason to say anything before."""
    catalog = tmp_path / "catalog"
    (catalog / "shop").mkdir(parents=True)
    (catalog / "shop" / "jobs.yaml").write_text("jobz: {}\n")
    state = {"INTERLOCK_LOCAL_STATE": str(tmp_path / "cloud")}
    done = forked.run(forked.COMMANDS, ["deploy", "--catalog", str(catalog)], ROOT, {**environ, **state})
    first, *others = done.stderr.splitlines()
    assert first.startswith(BANNER)
    assert "jobz" in others[0]
    assert (done.returncode, done.stdout, others[-1]) == (2, "", "1 problem; nothing was done.")


@pytest.mark.parametrize("is_running", [True, False], ids=["below a local target", "while one starts"])
def test_what_is_done_meanwhile_is_done_once_whether_a_local_target_starts_or_not(
    is_running: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(common, "is_running", lambda: is_running)
    monkeypatch.setattr(common, "run_with_local_target", lambda _, meanwhile: meanwhile())
    done: list[str] = []

    def work() -> str:
        done.append("once")
        return "the catalog"

    environment, found = common.Place("local").cloud_and(work)
    assert (environment.name, found, done) == ("local", "the catalog", ["once"])


def test_elsewhere_than_on_the_local_target_it_is_done_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(
        common, "load_environment", lambda *_: replace(load_environment(Path("environments"), "local"), name="far")
    )
    assert common.Place("far").cloud_and(lambda: "the catalog")[1] == "the catalog"


@pytest.mark.parametrize(
    ("line", "environ_says", "sure"),
    [
        pytest.param("status", None, True, id="the local target is the default"),
        pytest.param("status", "", True, id="an empty variable says nothing"),
        pytest.param("status", "local", True, id="the variable names it"),
        pytest.param("status", "production", False, id="the variable names another"),
        pytest.param("status --env local", "production", True, id="an option has more weight"),
        pytest.param("status --env=local", "production", True, id="an option in one word"),
        pytest.param("status --env production", None, False, id="an option names another"),
        pytest.param("status --env=production", "local", False, id="in one word, too"),
        pytest.param("status --env local --env production", None, False, id="twice, and not the same"),
        pytest.param("status --env", None, False, id="an option without a name"),
        pytest.param("backfill on marts", None, True, id="a toggle"),
        pytest.param("backfill plan marts", None, False, id="a command of two words has rules of its own"),
        pytest.param("hold --help", None, False, id="somebody who asks for help"),
        pytest.param("validate", None, False, id="one that asks no cloud"),
        pytest.param("--version", None, False, id="no command"),
        pytest.param("", None, False, id="nothing"),
    ],
)
def test_the_local_target_starts_before_a_command_is_imported_only_where_it_is_sure_to_be_asked(
    line: str, environ_says: str | None, sure: bool
) -> None:
    environ = {} if environ_says is None else {"INTERLOCK_ENV": environ_says}
    assert acts_on_local_target(line.split(), environ) is sure


def test_what_is_sure_to_be_asked_is_a_command_with_an_environment_and_says_where_it_acts() -> None:
    for name in ON_A_CLOUD:
        command = import_module(f"interlock.commands.{name}").command
        assert "--env" in {option for parameter in command.params for option in parameter.opts}, name
    assert {*COMMANDS} >= ON_A_CLOUD


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["status", "--nope"], "Error: No such option '--nope'.", id="an option that there is not"),
        pytest.param(["backfill", "sideways", "marts"], "'sideways' is not one of", id="a mode that there is not"),
    ],
)
def test_a_mistake_in_what_was_typed_is_said_whether_the_local_target_starts_already_or_not(
    environ: dict[str, str], tmp_path: Path, words: list[str], said: str
) -> None:
    environ |= {"INTERLOCK_LOCAL_STATE": str(tmp_path / "cloud")}
    done = forked.run(forked.COMMANDS, words, ROOT, environ)
    assert said in done.stderr
    assert BANNER not in done.stderr
    assert (done.returncode, done.stdout) == (2, "")


GOING_ON = """\
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
from interlock.terminal.local_target import run_with_local_target
run_with_local_target(["status"])
print(os.environ["INTERLOCK_LOCAL_URL"], os.getsid(0) == os.getpid(), flush=True)
{then}
"""


@contextmanager
def going_on(
    tmp_path: Path, then: str, environ: dict[str, str], **more: str
) -> Iterator[forked.Process | subprocess.Popen[str]]:
    """A process that has the local target run around itself, and does `then` below it. What it says is wrong goes to a file."""
    environ = {**environ, "INTERLOCK_LOCAL_STATE": str(tmp_path / "cloud"), **more}
    with (tmp_path / "wrong").open("w") as wrong:
        process = forked.start(["-c", GOING_ON.format(then=then)], ROOT, environ, stderr=wrong)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the command begins anew")
@pytest.mark.parametrize(
    ("then", "code"),
    [
        pytest.param("sys.exit(7)", 7, id="its own code"),
        pytest.param("os.kill(os.getpid(), 9)", 137, id="a shell's code of one that a signal ended"),
    ],
)
def test_the_command_goes_on_below_the_local_target_and_its_code_is_that_of_the_whole(
    environ: dict[str, str], tmp_path: Path, then: str, code: int
) -> None:
    with going_on(tmp_path, then, environ) as process:
        said, _ = process.communicate(timeout=60)
    wrong = (tmp_path / "wrong").read_text()
    url, leads_a_session = said.split()
    assert url.startswith("http://127.0.0.1:")
    assert (leads_a_session, wrong, process.returncode) == ("True", "", code)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the command begins anew")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_a_signal_reaches_the_command_that_goes_on_and_none_outlives_a_killed_local_target(
    environ: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    with going_on(tmp_path, "time.sleep(600)", environ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.send_signal(number)
        process.communicate(timeout=60)  # to the end of all that could write there
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[number]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the command begins anew")
def test_where_the_local_target_does_not_start_nothing_goes_on(environ: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        with going_on(tmp_path, "pass", environ, INTERLOCK_LOCAL_PORT=port) as process:
            said, _ = process.communicate(timeout=60)
    wrong = (tmp_path / "wrong").read_text()
    assert (said, process.returncode) == ("", 2)
    assert f"port {port} on 127.0.0.1" in wrong
    assert "Traceback" not in wrong

"""make hands on what people type as it is, and looks for what is needed before it installs anything."""

from __future__ import annotations

import ast
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from interlock.terminal.typed import VARIABLES

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
LOCKS = ("pyproject.toml", "package-lock.json", "interlock/terminal/machine.py", "requirements/run.txt", "requirements/dev.txt")
MADE_OF = ("cdktf.json", "local/provider/schema.json", "local/provider/types.py", "tools/bindings.py")
STAMPS = (".cache/checked", ".venv/run.stamp", ".venv/dev.stamp", "node_modules/.stamp", "imports/.stamp")
LATER = 2e9
HOSTILE = 'pay $100 $(shell touch RAN) ${HOME} $$ `touch RAN` it\'s "q" \\n \\ a#b; touch RAN & * % ~ | > RAN ü $@ $< ('
"""What make or a shell would do something with."""
RECORD = """#!{python} -S
import os, sys
OURS = ("pytest", "conformance", "tests.chaos", "tools.bindings", "tools.replay")
if sys.argv[1] != "-m" or sys.argv[2] in OURS or "local" in sys.argv:
    print([sys.argv[1:], dict(os.environ)])
"""
"""Stands in for Python and the command line; what compiles is not told."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What make did: the words and the environment of the command that it ran, if it did."""

    code: int
    said: str
    words: list[str]
    environ: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Folder:
    """The Makefile, with everything set up and a command line that tells what it was called with."""

    path: Path

    def make(self, *words: str, **environ: str) -> Ran:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "INTERLOCK_"))}
        done = subprocess.run(["make", *words], cwd=self.path, env=kept | environ, capture_output=True, text=True, check=False)
        found = ast.literal_eval(done.stdout.splitlines()[0]) if done.stdout.startswith("[") else [[], {}]
        return Ran(code=done.returncode, said=done.stdout + done.stderr, words=found[0], environ=found[1])


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in (*LOCKS, *MADE_OF, *STAMPS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in STAMPS:
        os.utime(tmp_path / name, (LATER, LATER))
    (tmp_path / ".venv" / "bin").mkdir()
    for tool in ("python", "interlock"):
        _script(tmp_path / ".venv" / "bin" / tool, RECORD.format(python=sys.executable))
    return Folder(path=tmp_path)


def _script(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def _after(ran: Ran, target: str, word: str) -> list[str]:
    """The words of the command of a target that come after `word`."""
    assert ran.words, ran.said
    words = ran.words[ran.words.index(target.partition("-")[0]) :]
    return words[words.index(word) + 1 :]


WHOLE = {
    "REASON": ("hold", "--reason"),
    "OWNER": ("hold", "--owner"),
    "UNTIL": ("hold", "--until"),
    "FOR": ("extend", "--for"),
    "SCOPE": ("release", "--"),
    "JOB": ("why", "--"),
    "SINCE": ("verify", "--since"),
    "REGION": ("inventory", "--region"),
    "OUT": ("board", "--out"),
    "DAY": ("timeline", "--day"),
    "ZONE": ("timeline", "--zone"),
    "SERVICE": ("timeline", "--service"),
    "TABLE": ("timeline", "--table"),
    "SVG": ("timeline", "--svg"),
    "FROM": ("fires", "--from"),
    "TO": ("fires", "--to"),
    "BASE": ("review", "--base"),
    "HEAD": ("review", "--head"),
    "PLAN": ("review", "--plan"),
    "AT": ("review", "--at"),
    "STACK": ("unlock", "--"),
    "YES_DELETE": ("deploy", "--yes-delete"),
    "IN": ("backfill-plan", "--in"),
    "BETWEEN": ("backfill-plan", "--between"),
    "COMMAND": ("backfill-run", "-c"),
}
"""Each variable that reaches a command as one word: a target that takes it, and the word before it."""
NAMES = {"NAME": "backfill-on", "JOB": "fires"}
"""Those that are several words, with spaces between them."""
IN_ENVIRONMENT = {"RUNS": "INTERLOCK_MODEL_RUNS", "STEPS": "INTERLOCK_MODEL_STEPS", "SEED": "INTERLOCK_MODEL_SEED"}


OF_CHAOS = ("DAYS", "MINUTES", "SEED")
"""Each reaches the chaos run as the option of its name."""


def _typed() -> set[str]:
    found = re.search(r"^TYPED := ((?:.*\\\n)*.*)$", MAKEFILE, re.M)
    assert found
    return set(found[1].replace("\\\n", " ").split())


@pytest.mark.parametrize("way", ["typed", "from the environment"])
@pytest.mark.parametrize("name", WHOLE)
def test_a_value_reaches_the_command_as_it_is(folder: Folder, name: str, way: str) -> None:
    target, before = WHOLE[name]
    ran = folder.make(target, f"{name}={HOSTILE}") if way == "typed" else folder.make(target, **{name: HOSTILE})
    assert _after(ran, target, before)[0] == HOSTILE
    assert not (folder.path / "RAN").exists()


@pytest.mark.parametrize("name", NAMES)
def test_names_are_split_at_spaces_and_else_left_as_they_are(folder: Folder, name: str) -> None:
    ran = folder.make(NAMES[name], f"{name}={HOSTILE}")
    assert _after(ran, NAMES[name], "--") == HOSTILE.split()
    assert not (folder.path / "RAN").exists()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        pytest.param((), [], id="nothing"),
        pytest.param(("WITH_CHANGES=1",), ["--with-changes"], id="all of it"),
        pytest.param(("WITH_CHANGES=0",), [], id="a no"),
        pytest.param((f"WITH_CHANGES={HOSTILE}",), [], id="what is neither"),
        pytest.param((f"YES_DELETE={HOSTILE}",), ["--yes-delete", HOSTILE], id="how many jobs go"),
    ],
)
@pytest.mark.parametrize("target", ["backfill-on", "backfill-off"])
def test_what_a_toggle_may_do_beside_is_handed_on(folder: Folder, target: str, typed: Sequence[str], words: list[str]) -> None:
    said = folder.make(target, "NAME=tdza", *typed).words
    assert said[said.index("--") - len(words) : said.index("--")] == words
    assert ("--with-changes" in said) == ("--with-changes" in words)
    assert not (folder.path / "RAN").exists()


@pytest.mark.parametrize("name", IN_ENVIRONMENT)
def test_what_the_model_runs_with_reaches_it_as_it_is(folder: Folder, name: str) -> None:
    ran = folder.make("exhaustive", f"{name}={HOSTILE}")
    assert ran.environ[IN_ENVIRONMENT[name]] == HOSTILE
    assert not (folder.path / "RAN").exists()


@pytest.mark.parametrize("name", ["RUNS", "SVG", "INTERLOCK_CATALOG"])
def test_what_a_night_is_played_with_reaches_it_as_it_is(folder: Folder, name: str) -> None:
    ran = folder.make("replay", f"{name}={HOSTILE}")
    assert ran.words == ["-m", "tools.replay"]
    assert ran.environ[name] == HOSTILE
    assert not (folder.path / "RAN").exists()


@pytest.mark.parametrize("name", OF_CHAOS)
def test_what_bounds_a_chaos_run_reaches_it_as_it_is(folder: Folder, name: str) -> None:
    words = folder.make("chaos", f"{name}={HOSTILE}").words
    assert words[:2] == ["-m", "tests.chaos"]
    assert f"--{name.lower()}={HOSTILE}" in words
    assert not (folder.path / "RAN").exists()


def test_the_name_of_a_provider_reaches_the_suite_as_it_is(folder: Folder) -> None:
    ran = folder.make("conformance", f"PROVIDER={HOSTILE}")
    assert ran.words == ["-m", "conformance"]
    assert ran.environ["INTERLOCK_LOCAL_PROVIDER"] == HOSTILE
    assert not (folder.path / "RAN").exists()


def test_without_a_provider_the_suite_runs_with_the_one_of_the_local_target(folder: Folder) -> None:
    assert "INTERLOCK_LOCAL_PROVIDER" not in folder.make("conformance").environ


@pytest.mark.parametrize("target", ["extend", "release"])
def test_an_id_reaches_the_command_as_it_is(folder: Folder, target: str) -> None:
    assert _after(folder.make(target, "SCOPE=all", f"ID={HOSTILE}"), target, "--") == ["all", HOSTILE]


def test_the_name_of_an_environment_reaches_the_command_as_it_is(folder: Folder) -> None:
    ran = folder.make("status", f"ENV={HOSTILE}")
    assert ran.words == ["status"]
    assert ran.environ["INTERLOCK_ENV"] == HOSTILE
    assert ran.environ["INTERLOCK_ASKED_BY"] == "make"


@pytest.mark.parametrize("target", ["status", "plan"])
def test_the_folder_of_a_catalog_reaches_the_command_as_it_is(folder: Folder, target: str) -> None:
    assert folder.make(target, f"INTERLOCK_CATALOG={HOSTILE}").environ["INTERLOCK_CATALOG"] == HOSTILE
    assert not (folder.path / "RAN").exists()


def test_the_path_of_a_python_is_a_path_and_no_command(folder: Folder) -> None:
    shutil.rmtree(folder.path / ".venv")
    (folder.path / ".cache" / "checked").unlink()
    ran = folder.make("setup", f"PYTHON={HOSTILE}")
    assert f"{HOSTILE} is missing or too old; install Python 3.11 to 3.15" in ran.said
    assert ran.code == 2
    assert not (folder.path / "RAN").exists()
    assert not (folder.path / ".venv").exists()


def test_the_help_fits_a_terminal_and_leaves_nothing_out(folder: Folder) -> None:
    said = folder.make("help").said
    assert max(map(len, said.splitlines())) <= 80
    told = re.findall(r"^([a-z-]+):.*## (.*)", MAKEFILE, re.M)
    assert len(told) > 20
    for target, text in told:
        assert f" make {target} {text} " in f" {' '.join(said.split())} "
    assert "\n" + " " * 22 + "SCOPE=service/nba-scrapers FOR=2h (or UNTIL=23:00)" in said, "variables have a line of their own"


def test_every_variable_that_people_type_is_tried_here() -> None:
    others = {"ID", "ENV", "PYTHON", "INTERLOCK_CATALOG", "WITH_CHANGES", "PROVIDER", "OPEN", "WATCH"}
    assert _typed() == {*WHOLE, *NAMES, *IN_ENVIRONMENT, *OF_CHAOS, *others}
    assert set(re.findall(r'"?\$\$\{?([A-Z_]+)\b', MAKEFILE)) <= {*_typed(), "PATH", "TERRAFORM_BINARY_NAME"}, (
        "the shell reads what make does not hand on as it is"
    )


def test_a_variable_of_make_is_called_as_the_option_that_it_becomes() -> None:
    pairs = set(re.findall(r'(--[a-z-]+) "\$\$\{?([A-Z_]+)\b', MAKEFILE))
    assert {name for _, name in pairs} == set(VARIABLES.values())
    assert all(VARIABLES[option] == name for option, name in pairs)


@pytest.mark.parametrize("name", sorted(_typed()))
def test_a_line_break_is_refused(folder: Folder, name: str) -> None:
    ran = folder.make("holds", f"{name}=one\ntwo")
    assert f"{name} has a line break; write it in one line" in ran.said
    assert ran.code == 2
    assert ran.words == []


@pytest.mark.parametrize("target", ["hold", "extend", "release", "why", "fires", "backfill-on", "backfill-off"])
def test_a_value_that_is_not_typed_is_no_word(folder: Folder, target: str) -> None:
    words = folder.make(target).words
    assert words[-1] == "--", "the command says that it is missing"
    if not target.startswith("backfill"):
        assert "" not in words


@pytest.mark.parametrize("changed", [*MADE_OF, ".venv/run.stamp", "node_modules/.stamp"])
def test_the_bindings_are_made_anew_when_what_they_are_made_of_has_changed(folder: Folder, changed: str) -> None:
    assert folder.make("status").words == ["status"]
    os.utime(folder.path / changed, (LATER + 1, LATER + 1))
    assert folder.make("setup").words == ["-m", "tools.bindings"]


def test_a_set_up_says_all_that_is_missing_and_installs_nothing(folder: Folder, tmp_path: Path) -> None:
    shutil.rmtree(folder.path / ".venv")
    (folder.path / ".cache" / "checked").unlink()
    shutil.copy(ROOT / "interlock" / "terminal" / "machine.py", folder.path / "interlock" / "terminal")
    tools = tmp_path / "machine"
    tools.mkdir()
    for tool in ("make", "sh", "mkdir", "touch"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    _script(tools / "node", "#!/bin/sh\necho v18.19.0\n")
    ran = folder.make("setup", f"PYTHON={sys.executable}", PATH=str(tools))
    assert ran.code == 2
    lines = {line.split()[0]: line for line in ran.said.splitlines() if line.startswith("  ")}
    assert list(lines) == ["make", "Python", "Node.js", "npm", "terraform"]
    assert "18.19.0: install Node.js 20 to 26" in lines["Node.js"]
    assert "missing: install npm" in lines["npm"]
    assert "missing: install Terraform 1.11 or newer" in lines["terraform"]
    assert not (folder.path / ".venv").exists()
    assert not (folder.path / ".cache" / "checked").exists()

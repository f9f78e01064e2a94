"""What a machine has, what of it Interlock works with, and what to install: tried with tools that only tell a version."""

from __future__ import annotations

import ast
import json
import os
import stat
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from interlock.commands import main as interlock
from interlock.gcp import CloudError
from interlock.terminal import machine
from interlock.terminal.cdktf import check_tools

ROOT = Path(__file__).parents[3]
Room = namedtuple("Room", "free")
Tools = Callable[..., None]
NPM, TERRAFORM = "11.19.1", "Terraform v1.11.4\non linux_amd64"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """Puts tools on the PATH, and nothing else: each says what it is given, whatever it is asked."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("TERRAFORM_BINARY_NAME", raising=False)

    def put(**said: str) -> None:
        for name, text in said.items():
            path = folder / name.replace("_", ".")
            path.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n".replace("cat <<", "/bin/cat <<"))
            path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return put


@pytest.mark.parametrize(
    ("look", "tool", "said", "found", "advice"),
    [
        pytest.param(machine.make, "make", "GNU Make 3.81\n...", "3.81", "", id="the make of macOS"),
        pytest.param(machine.make, "make", "GNU Make 3.80", "3.80", "install GNU make 3.81 or newer", id="an old make"),
        pytest.param(machine.make, "make", "usage: make", "", "install GNU make 3.81 or newer", id="the make of a BSD"),
        pytest.param(machine.node, "node", "v20.20.2", "20.20.2", "", id="the oldest Node.js"),
        pytest.param(machine.node, "node", "v26.12.1", "26.12.1", "", id="the newest Node.js"),
        pytest.param(machine.node, "node", "v18.20.4", "18.20.4", "install Node.js 20 to 26", id="an old Node.js"),
        pytest.param(machine.node, "node", "v27.0.0", "27.0.0", "install Node.js 20 to 26", id="a Node.js that nobody tried"),
        pytest.param(machine.node, "node", "dyld: no", "", "install Node.js 20 to 26", id="a Node.js that does not start"),
        pytest.param(machine.npm, "npm", "11.19.1", "11.19.1", "", id="npm"),
        pytest.param(machine.terraform, "terraform", "Terraform v1.11.0", "1.11.0", "", id="the oldest Terraform"),
        pytest.param(machine.terraform, "terraform", "╷ Warning\nTerraform v1.15.9", "1.15.9", "", id="the newest"),
        pytest.param(
            machine.terraform,
            "terraform",
            "Terraform v1.10.5",
            "1.10.5",
            "install Terraform 1.11",
            id="an old one",
        ),
        pytest.param(
            machine.terraform,
            "terraform",
            "Terraform v1.16.0",
            "1.16.0",
            "tried with 1.11 to 1.15",
            id="a newer one",
        ),
        pytest.param(machine.terraform, "terraform", "OpenTofu v1.12.6\n", "1.12.6", "", id="OpenTofu"),
        pytest.param(
            machine.terraform,
            "terraform",
            "OpenTofu v1.11.4\n",
            "1.11.4",
            "install OpenTofu 1.12",
            id="an old OpenTofu",
        ),
        pytest.param(
            machine.terraform,
            "terraform",
            "OpenTofu v1.13.0\n",
            "1.13.0",
            "tried with 1.12, not",
            id="a newer OpenTofu",
        ),
        pytest.param(machine.gcloud, "gcloud", "Google Cloud SDK 528.0.0\nbeta", "528.0.0", "", id="gcloud"),
    ],
)
def test_a_tool_is_fine_or_it_is_said_what_to_install(
    tools: Tools, look: Callable[[], machine.Finding], tool: str, said: str, found: str, advice: str
) -> None:
    tools(**{tool: said})
    finding = look()
    assert finding.found == found
    assert finding.advice.startswith(advice)
    assert bool(finding.advice) == bool(advice)


def test_only_a_newer_terraform_and_a_missing_gcloud_do_not_stop_anybody(tools: Tools) -> None:
    tools(terraform="Terraform v1.16.0")
    assert machine.terraform().advice
    assert not machine.terraform().wrong
    assert machine.gcloud().advice
    assert not machine.gcloud().wrong
    assert all(look().wrong for look in (machine.make, machine.node, machine.npm))


@pytest.mark.parametrize(
    ("version", "newest", "advice"),
    [
        pytest.param((3, 11, 0), (3, 15), "", id="the oldest"),
        pytest.param((3, 15, 2), (3, 15), "", id="the newest"),
        pytest.param((3, 10, 9), (3, 15), "it takes 3.11 to 3.15; install one of them: python.org/downloads", id="too old"),
        pytest.param((3, 16, 0), (3, 15), "it takes 3.11 to 3.15; install one of them: python.org/downloads", id="too new"),
        pytest.param((3, 15, 0), (3, 14), "it takes 3.11 to 3.14; install one of them: python.org/downloads", id="for checkov"),
    ],
)
def test_a_python_without_wheels_is_refused_with_those_that_have_them(
    tools: Tools, monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], newest: tuple[int, int], advice: str
) -> None:
    tools()
    monkeypatch.setattr(sys, "version_info", version)
    assert machine.python(newest).advice == advice


def test_a_python_that_would_do_and_is_there_is_named(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    tools(python3_10="Python 3.10.1", python3_12="Python 3.12.1", python3_13="pyenv: no")
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert machine.python().advice == "it takes 3.11 to 3.15; python3.12 is here: add PYTHON=python3.12"


def test_everything_is_said_at_once(tools: Tools, capsys: pytest.CaptureFixture[str]) -> None:
    tools(node="v18.0.0", terraform=TERRAFORM)
    assert machine.main(["make=3.81", "python", "node", "npm", "terraform"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "Not set up; this machine lacks something:"
    assert [line.split()[0] for line in said[1:]] == ["make", "Python", "Node.js", "npm", "terraform"]
    assert [line.split()[0] for line in said[1:] if ": " in line] == ["Node.js", "npm"]


def test_what_is_fine_is_said_in_one_line(tools: Tools, capsys: pytest.CaptureFixture[str]) -> None:
    tools(node="v24.1.0", npm=NPM, terraform=TERRAFORM)
    assert machine.main(["make=4.3", "node", "npm", "terraform"]) == 0
    assert capsys.readouterr().err == "found make 4.3, Node.js 24.1.0, npm 11.19.1, terraform 1.11.4\n"


def test_it_starts_on_a_python_that_is_too_old_and_without_packages() -> None:
    text = Path(machine.__file__).read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 7))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert {str(module).partition(".")[0] for module in modules} <= sys.stdlib_module_names


def test_the_versions_are_the_same_wherever_they_stand() -> None:
    oldest, newest = (".".join(map(str, version)) for version in (machine.OLDEST_PYTHON, machine.NEWEST_PYTHON))
    assert f"install Python {oldest} to {newest}: " in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f'requires-python = ">={oldest}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    assert package["engines"] == {"node": f">={machine.OLDEST_NODE} <{machine.NEWEST_NODE + 1}"}
    nodes = f"Node.js {machine.OLDEST_NODE} to {machine.NEWEST_NODE} "
    assert nodes in (ROOT / "local" / "runner.py").read_text(encoding="utf-8")
    tried = json.loads((ROOT / "requirements" / "node" / "package.json").read_text(encoding="utf-8"))["optionalDependencies"]
    assert {version.partition(".")[0] for version in tried.values()} == {str(machine.NEWEST_NODE)}


def test_no_lock_names_the_registry_that_it_was_made_with() -> None:
    for lock in (ROOT / "package-lock.json", ROOT / "requirements" / "node" / "package-lock.json"):
        packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
        packages.pop("")
        assert all("resolved" not in package for package in packages.values())
        assert all("integrity" in package or package.get("inBundle") for package in packages.values())


def test_a_deploy_says_all_that_it_lacks(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: Room(free=5 * 10**6))
    with pytest.raises(CloudError) as raised:
        check_tools()
    said = str(raised.value)
    for part in ("Terraform 1.11", "5 MB free"):
        assert part in said
    for part in ("run: make setup", "devpts", "Node.js"):
        assert part not in said, "what only a synth or the cdktf command line needs"


def _doctor(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(interlock, ["doctor", *words])
    return done.exit_code, done.output


@pytest.fixture
def set_up(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone on a machine that has everything."""
    tools(make="GNU Make 4.3", node="v24.1.0", npm=NPM, terraform=TERRAFORM, gcloud="Google Cloud SDK 528.0.0")
    for name in (
        "requirements/run.txt",
        "package-lock.json",
        "cdktf.json",
        ".venv/run.stamp",
        "node_modules/.stamp",
        "imports/.stamp",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "environments").symlink_to(ROOT / "environments")
    for name in ("TF_CLI_CONFIG_FILE", "INTERLOCK_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: Room(free=50_000 * 10**6))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("set_up")
def test_the_doctor_is_content_where_everything_is_there() -> None:
    code, said = _doctor("--format", "json")
    names = ["make", "Python", "Node.js", "npm", "terraform", "gcloud"]
    names += [".venv", "node_modules", "imports", "/dev/pts", "disk", "TF_CLI_CONFIG_FILE"]
    assert [(row["what"], row["state"]) for row in json.loads(said)] == [(name, "ok") for name in names]
    assert code == 0
    assert _doctor()[0] == 0


def test_the_doctor_says_what_is_out_of_date_and_what_a_variable_names(set_up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(set_up / "package-lock.json", (2e9, 2e9))
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("COLUMNS", "80")
    code, said = _doctor()
    assert "node_modules        out of date: package-lock.json has changed; run: make setup" in said
    assert "TF_CLI_CONFIG_FILE /nowhere: there is no such file, and Terraform warns each time: unset it" in " ".join(
        said.split()
    )
    assert max(map(len, said.splitlines())) <= 80
    assert code == 1


@pytest.mark.usefixtures("set_up")
@pytest.mark.parametrize(
    ("named", "advice"),
    [
        pytest.param("", "outside of Google Cloud: gcloud auth application-default login", id="none"),
        pytest.param("/nowhere", "GOOGLE_APPLICATION_CREDENTIALS names /nowhere, which is not there", id="named and missing"),
        pytest.param(__file__, "", id="there"),
    ],
)
def test_credentials_are_looked_for_as_googles_clients_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, advice: str
) -> None:
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", named)
    assert machine.credentials().advice == advice

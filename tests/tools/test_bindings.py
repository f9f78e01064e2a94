"""The bindings are made by cdktf, of our stand-in for the provider, whatever the shell's variables say."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests import forked
from tools import bindings

CDKTF = """#!{python}
import json, os, pathlib, sys
pathlib.Path("called.json").write_text(json.dumps([sys.argv[1:], dict(os.environ)]))
pathlib.Path("imports/google").mkdir(parents=True)
pathlib.Path("imports/google/__init__.py").write_text({source!r})
{before}
print("cdktf says something")
sys.exit({code})
"""
SHELL = {
    "INTERLOCK_ENV": "production",
    "INTERLOCK_LOCAL_PROVIDER": "real",
    "INTERLOCK_LOCAL_PORT": "1",
    "INTERLOCK_LOCAL_STATE": "/dev/null/state",
    "CDKTF_OUTDIR": "elsewhere",
    "TF_DATA_DIR": "elsewhere",
    "TF_CLI_ARGS": "-nonsense",
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""What a shell may have, and what would make other bindings of it, or none."""


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """`local run` is a copy of a process that has imported it, and no Python that starts."""
    monkeypatch.setattr(bindings, "subprocess", forked.RUNNING_LOCAL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with bindings of an earlier version."""
    (tmp_path / "imports" / "older").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _cdktf(folder: Path, *, source: str = "x = 1\n", code: int = 0, before: str = "") -> None:
    path = folder / bindings.CDKTF
    path.parent.mkdir(parents=True)
    path.write_text(CDKTF.format(python=sys.executable, source=source, code=code, before=before), encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_the_shell_does_not_change_what_is_made(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _cdktf(folder)
    assert bindings.make(os.environ | SHELL) == 0
    words, environ = json.loads((folder / "called.json").read_text())
    assert words == ["get", "--force"]
    assert environ["INTERLOCK_ENV"] == "local"
    assert "hashicorp/google" in environ["TF_REATTACH_PROVIDERS"]
    assert not {"CDKTF_OUTDIR", "TF_DATA_DIR", "TF_CLI_ARGS", "INTERLOCK_LOCAL_PROVIDER"} & environ.keys()
    assert list((folder / "imports").rglob("*.pyc")), "byte code, also where Python may not write it"
    assert not (folder / "imports" / "older").exists()
    assert not (folder / ".local").exists()
    assert capfd.readouterr() == ("", "imports: bindings of the provider, with cdktf get\n")


@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize(
    "source",
    [
        pytest.param("def f(x):\n    if __debug__:\n        raise TypeError(x)\n", id="no argument is checked"),
        pytest.param("def f(x: nobody.has_imported_this) -> None:\n    pass\n", id="no annotation is evaluated"),
    ],
)
def test_what_only_type_checkers_need_costs_nothing_at_run_time(folder: Path, source: str) -> None:
    _cdktf(folder, source=source)
    assert bindings.make(os.environ) == 0
    program = "from imports.google import f; f(1); assert not __debug__"
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "AssertionError", "asserts of others stay"


@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        pytest.param("x = 1\n", 3, "cdktf says something", id="cdktf fails"),
        pytest.param("x =\n", 0, "SyntaxError", id="what it makes is no Python"),
    ],
)
def test_a_failure_says_why_and_leaves_nothing(
    folder: Path, capfd: pytest.CaptureFixture[str], source: str, code: int, said: str
) -> None:
    _cdktf(folder, source=source, code=code)
    assert bindings.make(os.environ) == (code or 1)
    out, err = capfd.readouterr()
    assert said in out + err
    assert err.endswith("the bindings of the provider could not be made; above it says why\n")
    assert not (folder / "imports").exists()


@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize("code", [0, 4])
def test_of_opentofu_cdktf_hears_what_terraform_would_say(folder: Path, code: int) -> None:
    """cdktf asks for the provider by its name in Terraform's registry."""
    (folder / "tofu").write_text(f'#!/bin/sh\necho "$1: registry.opentofu.org/hashicorp/google"\nexit {code}\n')
    (folder / "tofu").chmod(0o700)
    asks = "import subprocess\nsaid = subprocess.run([os.environ['TERRAFORM_BINARY_NAME'], 'schema'], capture_output=True)\n"
    _cdktf(folder, before=asks + "pathlib.Path('said').write_bytes(b'%d %s' % (said.returncode, said.stdout))")
    assert bindings.make(os.environ | {"TERRAFORM_BINARY_NAME": str(folder / "tofu")}) == 0
    said = "" if code else "schema: registry.terraform.io/hashicorp/google\n"
    assert (folder / "said").read_text() == f"{code} {said}"


def test_without_cdktf_it_says_so(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert bindings.make(os.environ) == 127
    assert "node_modules/.bin/cdktf: command not found" in capfd.readouterr().err
    assert not (folder / "imports").exists()

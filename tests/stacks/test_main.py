"""main.py as the cdktf command line runs it, in a process of its own where that is the point."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from interlock.environment import refuse_own_token
from interlock.reading.files import load_environment
from tests import forked
from tests.interlock.production import filled_in
from tests.shop import CATALOG as SHOP
from tests.stacks.conftest import ROOT

CHOICES = ("INTERLOCK_CATALOG", "INTERLOCK_ENV", "CDKTF_OUTDIR", "STORAGE_EMULATOR_HOST", "GOOGLE_OAUTH_ACCESS_TOKEN")


def run(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """main.py run in `folder`, with these variables and none of this shell's that it reads, where cdktf is not imported."""
    return forked.run_script(str(main_in(folder)), folder, clean_environ() | environ)


def run_as_typed(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """The same in a Python that starts for it."""
    words = [sys.executable, str(main_in(folder))]
    return subprocess.run(words, cwd=folder, env=clean_environ() | environ, text=True, capture_output=True, check=False)


def clean_environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in CHOICES}


@pytest.fixture
def run_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[object, str]]:
    """The same in this process, which has imported cdktf: what it ends with, and what it says."""

    def call(folder: Path, **environ: str) -> tuple[object, str]:
        go_to(folder, monkeypatch, environ)
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(main_in(folder)), run_name="__main__")
        return ended.value.code, capsys.readouterr().err

    return call


def go_to(folder: Path, monkeypatch: pytest.MonkeyPatch, environ: Mapping[str, str]) -> None:
    """Have this process be in `folder`, with these variables and none of this shell's that main.py reads."""
    for name in CHOICES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)


def main_in(folder: Path) -> Path:
    """The app that is beside its environments in `folder`, or ours."""
    return folder / "main.py" if (folder / "main.py").exists() else ROOT / "main.py"


def files(folder: Path) -> dict[str, bytes]:
    """Every file under `folder`, by its name from there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_second_synth_in_another_folder_and_process_is_byte_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is the other one, whose hashes of texts are others too."""
    first, second = tmp_path / "first", tmp_path / "second"
    elsewhere = tmp_path / "elsewhere" / "catalog"
    for catalog in (first / "catalog", elsewhere):
        shutil.copytree(SHOP, catalog)
    shutil.copy(ROOT / "main.py", first)
    (first / "environments").symlink_to(ROOT / "environments")
    second.mkdir()
    (left := tmp_path / "temporary").mkdir()
    assert run_as_typed(first, PYTHONHASHSEED="20261123", TMPDIR=str(left)).returncode == 0
    assert files(left) == {}
    output = second / "cdktf.out" / "local"  # the Node.js of this process is in another folder
    go_to(second, monkeypatch, {"INTERLOCK_CATALOG": str(elsewhere), "CDKTF_OUTDIR": str(output)})
    runpy.run_path(str(main_in(second)))["main"]()
    written = files(first / "cdktf.out")
    assert "local/stacks/schedules/cdk.tf.json" in written
    assert "local/stacks/coordination/cdk.tf.json" in written
    assert files(second / "cdktf.out") == written
    assert not any(str(ROOT).encode() in text or str(tmp_path).encode() in text for text in written.values())


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        pytest.param({"INTERLOCK_ENV": "staging"}, "no environment 'staging'; known: local", id="no such environment"),
        pytest.param({"INTERLOCK_CATALOG": "nowhere"}, "there is no catalog here", id="a folder without a catalog"),
        pytest.param({"INTERLOCK_CATALOG": "bad"}, "bad/shop/jobs.yaml:1", id="a catalog with an error in it"),
    ],
)
def test_bad_input_is_one_clear_message_and_nothing_is_written(
    run_here: Callable[..., tuple[object, str]], tmp_path: Path, environ: dict[str, str], message: str
) -> None:
    (tmp_path / "bad" / "shop").mkdir(parents=True)
    (tmp_path / "bad" / "shop" / "jobs.yaml").write_text("jobz: {}\n")
    code, said = run_here(tmp_path, **environ)
    assert code == 2
    assert message in said
    assert not (tmp_path / "cdktf.out").exists()


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        pytest.param(
            {"STORAGE_EMULATOR_HOST": "http://127.0.0.1:1"},
            "unset STORAGE_EMULATOR_HOST",
            id="another environment with variables of the local one",
        ),
        pytest.param(
            {"CDKTF_OUTDIR": "cdktf.out/local"},
            "set CDKTF_OUTPUT=cdktf.out/production",
            id="an environment in the output folder of another",
        ),
    ],
)
def test_another_environment_keeps_to_itself(
    run_here: Callable[..., tuple[object, str]], tmp_path: Path, environ: dict[str, str], message: str
) -> None:
    shutil.copy(ROOT / "main.py", tmp_path)
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "production.yaml").write_text(filled_in(), encoding="utf-8")
    code, said = run_here(tmp_path, INTERLOCK_ENV="production", INTERLOCK_CATALOG=str(SHOP), **environ)
    assert code == 2
    assert message in said
    assert not (tmp_path / "cdktf.out").exists()


@pytest.mark.parametrize("there", ["nothing", "half of them"])
def test_without_the_bindings_it_says_what_makes_them(tmp_path: Path, there: str) -> None:
    """A package of that name beside main.py goes before the one that is there."""
    shutil.copy(ROOT / "main.py", tmp_path)
    (tmp_path / "environments").symlink_to(ROOT / "environments")
    (tmp_path / "imports").mkdir()
    (tmp_path / "imports" / "__init__.py").touch()
    if there != "nothing":
        module = tmp_path / "imports" / "google" / "cloud_run_v2_service_iam_member"
        module.mkdir(parents=True)
        (module / "__init__.py").touch()
    done = run(tmp_path, INTERLOCK_CATALOG=str(SHOP))
    assert done.returncode == 2
    assert done.stderr.startswith("imports/, the bindings of the provider, won't do (")
    assert done.stderr.endswith("); run: make setup\n")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "cdktf.out").exists()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        pytest.param('{"providers": {"google": "~> 8.1"}}', None, id="of the version that is named"),
        pytest.param('{"providers": {"google": "~> 8.0"}}', "made for google@~> 8.0 instead of google@~> 8.1", id="of another"),
        pytest.param(None, "made for nothing instead of google@~> 8.1", id="by a set-up that was ended half way"),
    ],
)
def test_bindings_are_those_of_the_version_that_is_named(tmp_path: Path, made: str | None, said: str | None) -> None:
    from stacks.cdk import check_bindings

    (tmp_path / "cdktf.json").write_text('{"terraformProviders": ["google@~> 8.1"], "codeMakerOutput": "bound"}')
    (tmp_path / "bound").mkdir()
    if made:
        (tmp_path / "bound" / "constraints.json").write_text(made)
    if said is None:
        check_bindings(tmp_path)
        return
    with pytest.raises(ImportError, match=said) as refused:
        check_bindings(tmp_path)
    assert refused.value.name == "bound"


SHELL = {"CDKTF_CONTEXT_JSON": "{}", "GOOGLE_OAUTH_ACCESS_TOKEN": "somebody's", "INTERLOCK_CATALOG": str(SHOP)}


@pytest.mark.parametrize(
    ("environ", "refused"),
    [
        pytest.param(SHELL, True, id="the cdktf command line, with a token that Terraform would take to Google"),
        pytest.param({**SHELL, "CDKTF_CONTEXT_JSON": None}, False, id="a synth of ours, which deploys nothing"),
        pytest.param({**SHELL, "GOOGLE_OAUTH_ACCESS_TOKEN": None}, False, id="no token: Terraform refuses by itself"),
        pytest.param({**SHELL, "INTERLOCK_LOCAL_URL": "http://127.0.0.1:1"}, False, id="under local run, whose token it is"),
        pytest.param({**SHELL, "INTERLOCK_ENV": "production"}, False, id="production, where it is wanted"),
    ],
)
def test_the_local_environment_takes_nobodys_token(environ: dict[str, str | None], refused: bool) -> None:
    """The decision alone: each case in a process of its own takes seconds."""
    env = replace(load_environment(ROOT / "environments", "local"), name=environ.get("INTERLOCK_ENV") or "local")
    said = refuse_own_token(env, {name: value for name, value in environ.items() if value is not None})
    assert ("unset GOOGLE_OAUTH_ACCESS_TOKEN" in (said or "")) is refused


def test_what_the_app_refuses_it_says_once(tmp_path: Path) -> None:
    done = run(tmp_path, **SHELL)
    assert done.returncode == 2
    assert done.stderr.startswith("This is the local environment")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "cdktf.out").exists()

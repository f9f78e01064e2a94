"""A command synthesizes when something has changed, and only then; `--synth` has it do so all the same."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from interlock.gcp import CloudError
from interlock.terminal.cdktf import STACKS, synth_option, synthesize_if_changed
from interlock.terminal.synthesized import FILE
from tests.interlock.commands.conftest import ENVIRONMENT

APP = """\
import os, sys, time
from pathlib import Path
from interlock.terminal import synthesized
asked = {"catalog": Path("catalog"), "environment": os.environ["INTERLOCK_ENV"], "environ": os.environ}
inputs = synthesized.inputs(**asked)
with open("runs", "a") as runs:
    runs.write(os.environ["INTERLOCK_ENV"] + "\\n")
out = Path(os.environ["CDKTF_OUTDIR"])
for name in ("coordination", "schedules", "alerting"):
    folder = out / "stacks" / name
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath("cdk.tf.json").write_text("{}")
    folder.joinpath("imports.tf").unlink(missing_ok=True)
if Path("edits-meanwhile").exists():
    Path("catalog/shop.yaml").write_text("edited meanwhile")
if Path("fails").exists():
    sys.exit(3)
synthesized.stamp_unless_edited(out, inputs, **asked, began=time.time() + 1)  # what a test has just written counts
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.py").write_text(APP)
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "shop.yaml").write_text("jobs: {}")
    return tmp_path


def synthesize(*words: str, env: str = "local") -> Result:
    """What a command says that synthesizes."""

    @click.command()
    @synth_option
    @click.option("-v", "--verbose", is_flag=True)
    def command(synth: bool, verbose: bool) -> None:
        environment = replace(ENVIRONMENT, name=env)
        synthesize_if_changed(environment, Path("catalog"), force=synth, verbose=verbose)

    return CliRunner().invoke(command, words)


def runs(root: Path) -> list[str]:
    return (root / "runs").read_text().split()


def output(root: Path, env: str = "local") -> Path:
    return root / "cdktf.out" / env


def test_the_same_is_synthesized_once_and_v_says_so(root: Path) -> None:
    assert [synthesize().output, synthesize().output] == ["", ""]
    assert synthesize("-v").output == (
        "nothing has changed since cdktf.out/local/ was synthesized, so that is used; anew: --synth\n"
    )
    assert runs(root) == ["local"]


def test_asked_for_it_is_synthesized_all_the_same(root: Path) -> None:
    assert [synthesize(*words).exit_code for words in ((), ("--synth",), ())] == [0, 0, 0]
    assert runs(root) == ["local"] * 2


def test_only_what_is_synthesized_takes_node(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synthesize()
    monkeypatch.setenv("PATH", "")
    assert synthesize().exit_code == 0, "nobody waits for a backfill because of a tool that it does not take"
    refused = synthesize("--synth").exception
    assert isinstance(refused, CloudError)
    assert str(refused).startswith("Node.js is missing: install Node.js 20 to 26")
    assert runs(root) == ["local"]


def test_each_environment_has_a_stamp_of_its_own(root: Path) -> None:
    for env in ("local", "production", "local", "production"):
        synthesize(env=env)
    assert runs(root) == ["local", "production"]


def test_an_edit_of_the_catalog_of_the_code_and_of_what_was_written_has_it_synthesized(root: Path) -> None:
    for file in ("catalog/shop.yaml", "main.py", "cdktf.out/local/stacks/schedules/cdk.tf.json"):
        synthesize()
        before = len(runs(root))
        with (root / file).open("a") as edited:
            edited.write("\n# edited")
        synthesize()
        assert len(runs(root)) == before + 1, file
    assert (output(root) / "stacks/schedules/cdk.tf.json").read_text() == "{}"


def test_after_a_synth_that_failed_the_next_command_synthesizes(root: Path) -> None:
    synthesize()
    (root / "fails").touch()
    assert synthesize("--synth").exit_code == 3
    (root / "fails").unlink()
    assert synthesize().exit_code == 0
    assert len(runs(root)) == 3


def test_what_is_edited_while_it_is_synthesized_is_not_taken_for_what_was(root: Path) -> None:
    (root / "edits-meanwhile").touch()
    synthesize()
    assert not (output(root) / FILE).exists()
    synthesize()
    assert len(runs(root)) == 2


def test_imports_of_an_earlier_day_go_although_nothing_is_synthesized(root: Path) -> None:
    synthesize()
    for name in STACKS:
        (output(root) / "stacks" / name / "imports.tf").write_text("import {}")
    synthesize()
    assert runs(root) == ["local"]
    assert not list(output(root).rglob("imports.tf"))


def test_it_runs_this_python(root: Path) -> None:
    (root / "main.py").write_text(f"{APP}\nPath('python').write_text(sys.executable)")
    assert synthesize().exit_code == 0
    assert (root / "python").read_text() == sys.executable

"""main.py where nothing has changed since the last synth: it leaves what that wrote, and refuses what it always does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.terminal.synthesized import FILE
from tests import forked
from tests.e2e.deployment import link_repository

NO_NODE = {"PATH": "/nowhere"}


def run(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """main.py in `folder`; where there is NO_NODE it can write nothing."""
    return forked.run_script("main.py", folder, clean_environ() | more)


def run_as_typed(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """The same in a Python that starts for it."""
    words = [sys.executable, "main.py"]
    return subprocess.run(words, cwd=folder, env=clean_environ() | more, text=True, capture_output=True, check=False)


def clean_environ() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("CDKTF_", "GOOGLE_", "INTERLOCK_", "NODE_"))
    }


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the shop in it, of which all stacks have been written just now."""
    folder = link_repository(tmp_path_factory.mktemp("once") / "work")
    assert run(folder).returncode == 0
    assert (folder / OUT / FILE).exists()
    return folder


@pytest.fixture
def repository(synthesized: Path, tmp_path: Path) -> Path:
    """A copy of it, to change something in."""
    return Path(shutil.copytree(synthesized, tmp_path / "work", symlinks=True))


OUT = Path("cdktf.out/local")


def test_what_was_written_stays_and_import_blocks_of_an_earlier_day_go(repository: Path) -> None:
    before = files(repository / OUT)
    (repository / OUT / "stacks" / "schedules" / "imports.tf").write_text("import {}")
    done = run_as_typed(repository, **NO_NODE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert files(repository / OUT) == before


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda folder: (folder / OUT / "stacks/schedules/cdk.tf.json").write_text("{}"), id="what was written"),
        pytest.param(lambda folder: (folder / OUT / FILE).unlink(), id="what says that it was"),
        pytest.param(lambda folder: edit(folder / "catalog", "shop/imports.yaml"), id="the catalog"),
        pytest.param(lambda folder: edit(folder / "environments", "local.yaml"), id="the environment"),
    ],
)
def test_after_a_change_it_is_all_written_anew(repository: Path, changed: Callable[[Path], object]) -> None:
    changed(repository)
    assert needs_node(run(repository, **NO_NODE))


def needs_node(done: subprocess.CompletedProcess[str]) -> bool:
    """Whether it has begun to write."""
    return done.returncode != 0 and "No such file or directory: 'node'" in done.stderr


def edit(folder: Path, name: str) -> None:
    """Adds a line that says nothing to a file of a folder that is linked to, in a copy."""
    copied = Path(shutil.copytree(folder.resolve(), folder.with_name("copied"), symlinks=True))
    folder.unlink()
    copied.rename(folder)
    with (folder / name).open("a") as file:
        file.write("\n# edited\n")


def test_another_catalog_is_not_taken_for_the_one_that_was_written(repository: Path) -> None:
    assert run(repository, INTERLOCK_CATALOG="catalog", **NO_NODE).returncode == 0
    shutil.copytree(repository / "catalog", repository / "other")
    assert needs_node(run(repository, INTERLOCK_CATALOG="other", **NO_NODE))


def test_what_it_refuses_it_refuses_all_the_same(repository: Path) -> None:
    token = {"CDKTF_CONTEXT_JSON": '{"cdktfRelativeModules":[]}', "GOOGLE_OAUTH_ACCESS_TOKEN": "somebody's"}
    done = run(repository, **token, **NO_NODE)
    assert done.returncode == 2
    assert done.stderr.startswith("This is the local environment")


def files(folder: Path) -> dict[str, bytes]:
    """Every file under `folder`, by its name from there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}

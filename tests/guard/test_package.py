"""The package as a scraper installs it: built, put into an empty folder, and looked at from there."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import interlock_guard
import pytest
import yaml

ROOT = Path(__file__).parents[2]
GUARD = ROOT / "guard"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
VERSIONS = {"3.10", "3.11", "3.12", "3.13", "3.14"}
LOADED = """
import sys
before = set(sys.modules)
import interlock_guard
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
print(interlock_guard.__file__)
THEN
print(*sorted(name for name in ("flask", "google.cloud.storage", "google.cloud.bigquery", "interlock") if name in sys.modules))
"""


def built(kind: str, source: Path, folder: Path) -> Path:
    """A `wheel` or an `sdist`, without network, by the build backend that is installed here."""
    build = f"from hatchling.build import build_{kind}; import sys; build_{kind}(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(folder)], cwd=source, check=True, capture_output=True)
    [made] = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("wheel", GUARD, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """The folder of the installed package, without what it depends on."""
    target = wheel.parent / "site"
    command = [*PIP, "install", "--no-deps", "--no-index", "--no-compile", "--target", str(target), str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    return target


def said_by(installed: Path, then: str) -> list[str]:
    """What a fresh interpreter says that has the installed package, and after it this environment's, on its path."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    code = f"import sys; sys.path.insert(0, {str(installed)!r}){LOADED.replace('THEN', then)}"
    command = [sys.executable, "-I", "-c", code]
    return subprocess.run(command, cwd=installed, env=environ, check=True, capture_output=True, text=True).stdout.splitlines()


def test_it_says_what_it_needs_and_where_it_runs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        [metadata] = [HeaderParser().parsestr(archive.read(n).decode()) for n in names if n.endswith("METADATA")]
    assert (metadata["Name"], metadata["Requires-Python"]) == ("interlock-guard", ">=3.10")
    versions = {line.rpartition(" ")[2] for line in metadata.get_all("Classifier", []) if "Python :: 3." in line}
    assert versions == VERSIONS
    needs = metadata.get_all("Requires-Dist", [])
    assert [re.split(r"[<>=\[;]", need)[0] for need in needs if "extra" not in need] == [
        "google-api-core",
        "google-cloud-storage",
    ]
    assert {re.split(r"[<>=\[;]", need)[0] for need in needs if "extra == 'bigquery'" in need} >= {"google-cloud-bigquery"}
    assert "interlock_guard/py.typed" in names
    assert {name.partition("/")[0] for name in names} == {"interlock_guard", f"interlock_guard-{metadata['Version']}.dist-info"}
    assert "- `" in metadata.get_payload(), "the README is its page"


def test_what_is_released_has_its_changes_written_down() -> None:
    version = tomllib.loads((GUARD / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    headings = re.findall(r"^## (\S+)$", (GUARD / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == version
    assert headings == sorted(headings, key=lambda named: tuple(map(int, named.split("."))), reverse=True)


def test_the_archive_of_sources_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("sdist", "sources", "wheel")]
    for folder in folders:
        folder.mkdir()
    with tarfile.open(built("sdist", GUARD, folders[0])) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Debian 12's Python, 3.11.2, has none
        archive.extractall(folders[1])  # noqa: S202 - of our own making
    assert {"CHANGELOG.md", "README.md", "pyproject.toml", "interlock_guard/py.typed"} <= names
    assert not [name for name in names if name.endswith(".pyc") or "tests" in name]
    [source] = folders[1].iterdir()
    with zipfile.ZipFile(built("wheel", source, folders[2])) as again, zipfile.ZipFile(wheel) as first:
        assert sorted(again.namelist()) == sorted(first.namelist())
        assert all(again.read(name) == first.read(name) for name in first.namelist())


def test_ci_runs_it_on_each_python_that_it_promises() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["guard"]
    assert set(job["strategy"]["matrix"]["python"]) == VERSIONS
    assert any("tests.guard.on_each_python" in step.get("run", "") for step in job["steps"])


def test_what_ci_runs_on_each_python_passes_here() -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    command = [sys.executable, "-m", "unittest", "tests.guard.on_each_python"]
    done = subprocess.run(
        command, cwd=ROOT, env=environ | {"PYTHONPATH": str(GUARD)}, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "OK" in done.stderr


def test_importing_it_imports_nothing_of_googles_nor_of_ours(installed: Path) -> None:
    modules, file, there = said_by(installed, "")
    assert Path(file).parent == installed / "interlock_guard"
    assert there == ""
    assert set(modules.split()) <= {"interlock_guard", *sys.stdlib_module_names}


OF_THE_EXTRA = {"append", "errors", "jobs", "replace", "retry"}
"""Modules that work with BigQuery, or with what its client raises."""


def test_nor_does_naming_everything_about_flags(installed: Path) -> None:
    """Google's libraries are imported when the bucket is asked."""
    names = [name for name, module in interlock_guard._MODULES.items() if module not in OF_THE_EXTRA]
    assert "skip_when_held" in names
    *_, there = said_by(installed, f"from interlock_guard import {', '.join(names)}")
    assert there == ""


def test_what_works_with_bigquery_says_how_to_get_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("interlock_guard.jobs", "interlock_guard.replace"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "google.cloud.bigquery", None)
    monkeypatch.delattr("google.cloud.bigquery", raising=False)
    with pytest.raises(ImportError, match=r'pip install "interlock-guard\[bigquery\]"'):
        importlib.import_module("interlock_guard.replace")


def test_it_offers_what_it_says_and_nothing_else() -> None:
    assert sorted(interlock_guard.__all__) == interlock_guard.__all__
    for name in interlock_guard.__all__:
        assert getattr(interlock_guard, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'held'"):
        interlock_guard.held  # noqa: B018
    source = (GUARD / "interlock_guard/__init__.py").read_text(encoding="utf-8")
    typed = {alias.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert typed - {"annotations", "import_module", "TYPE_CHECKING"} == set(interlock_guard.__all__), "for type checkers"


def test_every_public_name_is_documented() -> None:
    readme = (GUARD / "README.md").read_text(encoding="utf-8")
    for name in interlock_guard.__all__:
        assert getattr(interlock_guard, name).__doc__
        assert name in readme or name in ("Hold", "LongRun", "Verdict"), name


def test_it_is_written_for_the_oldest_python_that_it_promises() -> None:
    """The syntax; `make lint` has mypy check the library calls against 3.10 too."""
    for path in (GUARD / "interlock_guard").rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 10))


def test_the_lines_in_the_readme_are_python() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (GUARD / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        ast.parse(block, feature_version=(3, 10))

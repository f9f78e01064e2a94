"""The coordinator's archive: what the coordinator imports, nothing else, and the same bytes for the same sources."""

from __future__ import annotations

import ast
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from stacks.archive import archive, archive_name, sources
from stacks.closure import closure
from tests.stacks.conftest import ROOT

OURS = frozenset({"coordinator", "interlock", "main"})
SHIPPED = re.compile(r"coordinator/\w+\.py|interlock/\w+\.py|interlock/(board|runtime|gcp)/\w+\.py|main\.py|requirements\.txt")
NEEDLESS = ("access", "declare", "dates", "environment", "feeds", "findings", "graph", "inventory", "zone_record")
"""Nouns that the coordinator does without."""

IMPORTING = """
import importlib, sys
blocked, names = (set(words.split(",")) for words in sys.argv[1:])
class Blocking:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"{name} is not in coordinator/requirements.txt", name=name)
sys.meta_path.insert(0, Blocking())
sys.path.insert(0, ".")
for name in sorted(names):
    importlib.import_module(name)
print(sys.modules["interlock"].__file__)
"""
"""A program that imports the modules of its second argument, and finds none of the packages in its first."""


@cache
def shipped() -> Mapping[str, bytes]:
    """The sources as they are: to follow all imports is most of what a test of them takes."""
    return sources(ROOT)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources in a folder of their own, which tests leave as they found it."""
    folder = tmp_path_factory.mktemp("sources")
    for package in ("coordinator", "interlock"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def ours() -> str:
    """The archive's name as the sources are."""
    return archive_name(archive(shipped()))


def with_a_comment(root: Path, paths: Iterable[str]) -> Mapping[str, bytes]:
    """The sources once a line of comment stands in each of these files, which are put back."""
    before = {root / path: (root / path).read_text(encoding="utf-8") for path in paths}
    try:
        for file, text in before.items():
            file.write_text(text + "# a word more\n", encoding="utf-8")
        return sources(root)
    finally:
        for file, text in before.items():
            file.write_text(text, encoding="utf-8")


def test_a_comment_in_a_file_that_the_coordinator_does_not_import_deploys_nothing(copy: Path, ours: str) -> None:
    others = (
        "interlock/timing/timeline.py",
        "interlock/reading/schema.py",
        "interlock/terraform/facts.py",
        "interlock/gcp/coordinator.py",
        "interlock/gcp/verify/bigquery.py",
        "interlock/commands/__init__.py",
        *(f"interlock/{name}.py" for name in NEEDLESS),
    )
    assert archive_name(archive(with_a_comment(copy, others))) == ours


def test_a_comment_in_a_file_that_it_imports_is_another_archive(copy: Path, ours: str) -> None:
    imported = (
        "coordinator/main.py",
        "interlock/__init__.py",
        "interlock/holds.py",
        "interlock/runtime/reconcile.py",
        "interlock/gcp/storage.py",
    )
    before, after = sources(copy), with_a_comment(copy, [*imported, "coordinator/requirements.txt"])
    assert archive_name(archive(before)) == ours
    for name in (*imported, "requirements.txt"):
        assert archive_name(archive({**before, name: after[name]})) != ours, name


def test_only_the_nouns_the_run_time_and_google_are_sent() -> None:
    assert [name for name in shipped() if not SHIPPED.fullmatch(name)] == []


def imported(text: bytes) -> Iterator[str]:
    """Every module that a file names in an import, wherever it stands."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            yield node.module


@cache
def everything() -> frozenset[str]:
    """The modules of the archive, and those of others that they name, in functions and for types too."""
    files = {name: text for name, text in shipped().items() if name.endswith(".py")}
    ours = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in files}
    return frozenset(ours | {name for text in files.values() for name in imported(text) if name.partition(".")[0] not in OURS})


def test_nothing_in_it_needs_what_reads_yaml_or_shows_tables() -> None:
    needed = {name.partition(".")[0] for name in everything()}
    assert {"flask", "google"} <= needed
    assert needed & {"pydantic", "yaml", "rich", "click", "cdktf"} == set()


def test_nothing_in_it_is_imported_by_a_name_that_is_only_known_at_run_time() -> None:
    calls = re.compile(rb"import_module|__import__|importlib|\bexec\(|\beval\(")
    assert [name for name, text in shipped().items() if name.endswith(".py") and calls.search(text)] == []


def import_all(python: Path | str, folder: Path, blocked: set[str]) -> None:
    """Unpack the archive into an empty folder and import all of it there, with nothing of the repository at hand."""
    with zipfile.ZipFile(io.BytesIO(archive(shipped()))) as bundle:
        bundle.extractall(folder)
    words = [python, "-P", "-c", IMPORTING, ",".join(sorted(blocked)), ",".join(sorted(everything()))]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(words, cwd=folder, env=clean, text=True, capture_output=True, check=False)
    assert done.stdout.split() == [str(folder / "interlock" / "__init__.py")], done.stderr


def test_it_imports_with_nothing_but_what_coordinator_requirements_names(tmp_path: Path) -> None:
    names = re.findall(r"^([\w.-]+)==", (ROOT / "coordinator" / "requirements.txt").read_text(encoding="utf-8"), re.M)
    locked = {_normal(name) for name in names}
    others = {top for top, by in packages_distributions().items() if not {_normal(name) for name in by} & locked}
    assert {"pydantic", "yaml", "rich", "cdktf"} <= others
    import_all(sys.executable, tmp_path, (others | {"policies", "stacks", "local"}) - OURS)


@pytest.mark.long
def test_it_imports_in_a_fresh_environment_of_coordinator_requirements(tmp_path: Path) -> None:
    requirements = str(ROOT / "coordinator" / "requirements.txt")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r", requirements]
    subprocess.run(pip, check=True)
    import_all(python, tmp_path / "empty", set())


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_archive_has_the_same_bytes_whatever_the_files_dates_and_modes_are(tmp_path: Path) -> None:
    made = []
    for name, seconds, mode in (("first", 1_000_000_000, 0o600), ("second", 1_700_000_000, 0o755)):
        for path, text in (
            ("coordinator/main.py", "from interlock.holds import a\n"),
            ("coordinator/requirements.txt", ""),
            ("interlock/holds.py", "a = 1\n"),
            ("interlock/unused.py", "a = 1\n"),
        ):
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(mode)
            os.utime(file, (seconds, seconds))
        made.append(archive(sources(tmp_path / name)))
    assert made[0] == made[1]
    assert archive_name(made[0]) != archive_name(archive({"main.py": b""}))
    with zipfile.ZipFile(io.BytesIO(made[0])) as bundle:
        assert bundle.namelist() == ["coordinator/main.py", "interlock/holds.py", "main.py", "requirements.txt"]
        assert {info.external_attr >> 16 for info in bundle.infolist()} == {0o644}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("import p.one", {"p", "p.one"}, id="a module brings the packages that it is in"),
        pytest.param("import p.one as o, p.two as t", {"p", "p.one", "p.two"}, id="several at once"),
        pytest.param("from p import one", {"p", "p.one"}, id="a name that is a module"),
        pytest.param("from p.one import name", {"p", "p.one"}, id="a name in a module"),
        pytest.param("from p.one import *", {"p", "p.one"}, id="all names"),
        pytest.param("def f():\n    import p.one", {"p", "p.one"}, id="inside a function"),
        pytest.param("class C:\n    def f(self):\n        from p import one", {"p", "p.one"}, id="inside a method"),
        pytest.param("try:\n    import p.one\nexcept E:\n    import p.two", {"p", "p.one", "p.two"}, id="or something else"),
        pytest.param("match 1:\n    case 1:\n        import p.one", {"p", "p.one"}, id="in a case"),
        pytest.param("if TYPE_CHECKING:\n    import p.one\nelse:\n    import p.two", {"p", "p.two"}, id="not for types only"),
        pytest.param("import typing\nif typing.TYPE_CHECKING:\n    import p.one", set(), id="not for types only, in full"),
        pytest.param("if not TYPE_CHECKING:\n    import p.one", {"p", "p.one"}, id="for all but types"),
        pytest.param(
            "import p.near", {"p", "p.near", "p.one", "p.deep", "p.deep.up"}, id="relative, and what is imported imports"
        ),
        pytest.param("import p.circle", {"p", "p.circle", "start"}, id="in a circle"),
        pytest.param("import json, flask.app", set(), id="what is not there is left to others"),
        pytest.param("import p.both", {"p", "p.both"}, id="a package goes before a module of its name"),
        pytest.param("'import p.one'  # import p.two", set(), id="text imports nothing"),
    ],
)
def test_a_closure_is_what_runs_when_a_module_does(tmp_path: Path, text: str, expected: set[str]) -> None:
    packages = {"p": "", "p.both": "", "p.deep": "from . import up"}
    modules = {
        "start": text,
        "p.one": "",
        "p.two": "",
        "p.both": "import p.one",
        "p.circle": "import start",
        "p.near": "from . import one\nfrom .deep import up",
        "p.deep.up": "from .. import one",
    }
    for names, ending in ((packages, "/__init__.py"), (modules, ".py")):
        for name, content in names.items():
            file = tmp_path / (name.replace(".", "/") + ending)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
    found = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in closure(tmp_path, "start")}
    assert found == expected | {"start"}

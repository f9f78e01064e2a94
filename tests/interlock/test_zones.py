"""Time zones come from the locked package alone: one door, the locked version, no word of the machine's data."""

from __future__ import annotations

import ast
import copy
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import tzdata

from interlock import zones
from interlock.zones import ZoneDataError, names, release, zone

ROOT = Path(__file__).parents[2]
CODE = ("interlock", "policies", "stacks", "coordinator", "local", "bench", "tools", "guard", "main.py", "tests")
DOORS = {"interlock/zones.py", "interlock/timing/zone_record.py", "local/emulator/zones.py"}
"""They read the package, and a record."""
TESTS_OF_IT = {"tests/interlock/test_zones.py", "tests/other_zone_data.py", "tests/forked.py"}
"""The last has a copy of a process take its own TZ, as one that starts does."""
ASKING = {"available_timezones", "reset_tzpath", "tzset", "localtime", "tzlocal", "TZPATH"}
LIBRARIES = {"pytz", "dateutil", "tzlocal"}
WAYS = re.compile(rf"\b(?:ZoneInfo|zoneinfo|{'|'.join(sorted(ASKING | LIBRARIES))})\b|\.\s*(?:astimezone|now)\s*\(\s*\)")
"""A program without any of these asks nobody, and need not be parsed."""
LOCKS = ("requirements/run.txt", "requirements/policy.txt", "requirements/policy.in", "coordinator/requirements.txt")


@pytest.fixture(autouse=True)
def _look_anew() -> Iterator[None]:
    """What is installed is looked up once a process."""
    yield
    release.cache_clear()
    names.cache_clear()


def sources() -> Iterator[Path]:
    for place in CODE:
        found = ROOT / place
        yield from (found.rglob("*.py") if found.is_dir() else [found])


def elsewhere(text: str) -> list[str]:
    """What in a program asks the machine for a zone or a local time: everything but the type in an annotation."""
    if not WAYS.search(text):
        return []
    nodes = [*ast.walk(ast.parse(text))]
    types: set[ast.AST] = set()
    for node in nodes:
        hints = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        hints += [node.slice] if isinstance(node, ast.Subscript) else []
        types |= {inner for hint in hints if hint is not None for inner in ast.walk(hint)}
    found = []
    for node in nodes:
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if name == "ZoneInfo" and node not in types:
            found.append("ZoneInfo")
        if name in ASKING:
            found.append(name)
        if isinstance(node, ast.ImportFrom) and node.module == "zoneinfo":
            found += [alias.name for alias in node.names if alias.name != "ZoneInfo" or alias.asname]
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [module for module in modules if module.partition(".")[0] in LIBRARIES]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args and not node.keywords:
            owner = node.func.value
            is_class = isinstance(owner, ast.Name) and owner.id == "datetime"
            if node.func.attr == "astimezone" or (node.func.attr == "now" and is_class):
                found.append(f"{node.func.attr}() of this machine")
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('zone = ZoneInfo("UTC")', ["ZoneInfo"], id="a call"),
        pytest.param('zone = zoneinfo.ZoneInfo.no_cache("UTC")', ["ZoneInfo"], id="a call of its class"),
        pytest.param("zones = map(ZoneInfo, names)", ["ZoneInfo"], id="handed to somebody else"),
        pytest.param("from zoneinfo import ZoneInfo as Z", ["ZoneInfo"], id="under another name"),
        pytest.param("from zoneinfo import available_timezones", ["available_timezones"], id="the list of names"),
        pytest.param("zoneinfo.reset_tzpath(())", ["reset_tzpath"], id="for the whole process"),
        pytest.param("import dateutil.tz", ["dateutil.tz"], id="another library"),
        pytest.param("now.astimezone()", ["astimezone() of this machine"], id="the machine's own zone"),
        pytest.param("datetime.now()", ["now() of this machine"], id="the machine's own time"),
        pytest.param("def f(place: ZoneInfo) -> tuple[ZoneInfo, ...]: ...", [], id="a type"),
        pytest.param("When = tuple[Cron, ZoneInfo]", [], id="a name for a type"),
        pytest.param("now.astimezone(UTC)", [], id="a zone that is named"),
    ],
)
def test_what_is_another_way_to_a_zone(text: str, expected: list[str]) -> None:
    assert elsewhere(text) == expected


def test_nobody_asks_the_machine_for_a_zone() -> None:
    files = {path.relative_to(ROOT).as_posix(): path for path in sources()}
    assert files.keys() >= DOORS
    found = {name: elsewhere(path.read_text(encoding="utf-8")) for name, path in files.items()}
    others = {name: what for name, what in found.items() if what and name not in DOORS | TESTS_OF_IT}
    assert others == {}, "take zones from interlock.zones.zone, in local/ from local.emulator.zones"


def test_every_lock_has_the_version_that_runs() -> None:
    for lock in LOCKS:
        text = (ROOT / lock).read_text(encoding="utf-8")
        assert re.findall(r"^tzdata==([\w.]+)", text, re.MULTILINE) == [tzdata.__version__], lock
    assert release() == tzdata.IANA_VERSION


def test_a_zone_is_one_object_also_when_it_is_copied() -> None:
    berlin = zone("Europe/Berlin")
    assert zone("Europe/Berlin") is copy.deepcopy(berlin) is pickle.loads(pickle.dumps(berlin)) is berlin  # noqa: S301
    assert (berlin.key, str(berlin)) == ("Europe/Berlin", "Europe/Berlin")


def test_every_zone_on_the_list_can_be_read() -> None:
    at = datetime(2026, 7, 1, tzinfo=UTC)
    assert len({zone(name).key for name in names() if at.astimezone(zone(name)).utcoffset() is not None}) == len(names()) > 500


@pytest.mark.parametrize(
    ("lock", "expected"),
    [
        pytest.param("tzdata==2031.2 \\\n    --hash=x\n", r"\S+ is installed, and 2031.2 is locked; run: .* tzdata==2031.2$",
                     id="another version"),
        pytest.param("cronsim==2.8\n", None, id="a lock without it"),
        pytest.param(None, None, id="no lock"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", zones.LOCKS)
def test_another_version_than_the_locked_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, lock: str | None, expected: str | None
) -> None:
    if lock is not None:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(lock, encoding="utf-8")
    monkeypatch.setattr(zones, "ROOT", tmp_path)
    release.cache_clear()
    names.cache_clear()
    if expected is None:
        assert zone("Etc/UTC").key == "Etc/UTC"
        return
    with pytest.raises(ZoneDataError, match=expected):
        zone("Etc/UTC")


def test_without_the_package_nothing_stands_in_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tzdata", None)
    release.cache_clear()
    names.cache_clear()
    with pytest.raises(
        ZoneDataError, match=r"tzdata, which has the time zones, is not installed; run: .* -m pip install tzdata=="
    ):
        zone("Etc/UTC")


@pytest.mark.parametrize(
    ("program", "code", "said"),
    [
        pytest.param("import coordinator.main", 1, "interlock.zones.ZoneDataError: ", id="the coordinator does not start"),
        pytest.param("import sys, policies.__main__ as rules; sys.exit(rules.main([sys.argv[2]]))", 2, "policies: not judged: ",
                     id="the rules judge nothing"),
        pytest.param("import main; main.main()", 2, "tzdata ", id="nothing is synthesized"),
    ],
)  # fmt: skip
def test_no_program_goes_on_with_other_data_than_the_locked_ones(tmp_path: Path, program: str, code: int, said: str) -> None:
    (tmp_path / "requirements.txt").write_text("tzdata==2031.2\n", encoding="utf-8")
    other = "import pathlib, sys, interlock.zones; interlock.zones.ROOT = pathlib.Path(sys.argv[1]); "
    stack = ROOT / "tests/policies/checks/fixtures/zone/cdk.tf.json"
    words = [sys.executable, "-c", other + program, str(tmp_path), str(stack)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTERLOCK_")}
    done = subprocess.run(words, cwd=ROOT, env=kept, capture_output=True, text=True, check=False, timeout=60)
    last = done.stderr.splitlines()[-1]
    assert (done.returncode, last.startswith(said)) == (code, True), done.stderr
    assert "is installed, and 2031.2 is locked; run: " in last

"""A set-up says how far it is: pip and npm take minutes, and say nothing."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest

from tools import install

LOCK = "".join(f"package-{number}==1.0 \\\n    --hash=sha256:00\n" for number in range(60))


def _tool(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_pip_is_followed_package_by_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.txt").write_text(LOCK)
    _tool(
        tmp_path / "bin" / "python",
        "import sys\n"
        "if 'check' in sys.argv: sys.exit()\n"
        "assert sys.argv[1:4] == ['-m', 'pip', 'install'] and {'--require-hashes', '--no-deps'} <= {*sys.argv}\n"
        "for number in range(60): print(f'Collecting package-{number}==1.0 (from -r run.txt (line 1))')\n"
        "print('Installing collected packages: ' + ', '.join('abc'))\n",
    )
    lock = str(tmp_path / "run.txt")
    assert install.main(["pip", str(tmp_path), lock]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said == [
        *(f"{lock}: {number} of 60 packages: package-{number - 1}" for number in (10, 20, 30, 40, 50, 60)),
        f"{lock}: installing 3 packages",
    ]


def test_a_lock_that_is_not_complete_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.txt").write_text(LOCK)
    said = "package-1 1.0 requires other, which is not installed."
    _tool(tmp_path / "bin" / "python", f"import sys\nif 'check' in sys.argv: print({said!r}); sys.exit(1)\n")
    assert install.main(["pip", str(tmp_path), str(tmp_path / "run.txt")]) == 1
    assert said in capsys.readouterr().err


def test_npm_is_followed_by_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"node_modules/package-{number}" for number in range(6)]
    packages: dict[str, dict[str, list[str]]] = {
        "": {},
        **{name: {} for name in names},
        "node_modules/other": {"os": ["win32"]},
    }
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": packages}))
    _tool(
        tmp_path / "tools" / "npm",
        "import pathlib, sys\n"
        "assert sys.argv[1:3] == ['ci', '--ignore-scripts']\n"
        f"for name in {names}:\n"
        "    pathlib.Path(name).mkdir(parents=True)\n"
        "    pathlib.Path(name, 'package.json').touch()\n",
    )
    monkeypatch.setenv("PATH", str(tmp_path / "tools"))
    monkeypatch.setattr(install, "LOOK_SECONDS", 0.01)
    assert install.main(["npm", str(tmp_path)]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[0].endswith("package-lock.json: downloading")
    assert said[-1].endswith("package-lock.json: 6 of 6 packages")


@pytest.mark.parametrize("there", ["nothing", "npm without Node.js"])
def test_what_npm_lacks_is_said_as_before_a_first_installation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": {}}))
    if there != "nothing":
        _tool(tmp_path / "tools" / "npm", "import sys\nsys.exit(127)\n")
    monkeypatch.setenv("PATH", str(tmp_path / "tools"))
    assert install.main(["npm", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "Not set up; this machine lacks something:\n  Node.js  missing: install Node.js 20 to 26" in said
    assert "npm      missing: install npm" in said


def test_a_failure_is_passed_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.txt").write_text(LOCK)
    _tool(tmp_path / "bin" / "python", "import sys\nsys.exit(1)\n")
    assert install.main(["pip", str(tmp_path), str(tmp_path / "run.txt")]) == 1
    assert "pip has not installed what is locked; above it says why" in capsys.readouterr().err

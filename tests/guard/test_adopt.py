"""What docs/adopt-guard.md shows works as it is shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.guard.conftest import Cloud
from tests.guard.published import DOCS

GUARD = DOCS.parent / "guard"


def test_the_test_of_a_scraper_passes_against_the_local_target(cloud: Cloud, tmp_path: Path) -> None:
    """With the variable that `local run` sets for its command."""
    page = (DOCS / "adopt-guard.md").read_text(encoding="utf-8")
    [shown] = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "# test_scraper.py" in block]
    (tmp_path / "test_scraper.py").write_text(shown, encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    environ |= {"PYTHONPATH": str(GUARD), "STORAGE_EMULATOR_HOST": cloud.rest.url}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_scraper.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout

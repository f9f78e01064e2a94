"""What docs/adopt-guard.md shows works as it is shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.guard.bigquery_server import PROJECT, serving
from tests.guard.conftest import Cloud
from tests.guard.duckdb_engine import DuckDBEngine
from tests.guard.published import DOCS

GUARD = DOCS.parent / "guard"
TABLE = "nba_raw.nbac_gamebook_player_stats"
SCHEMA = [
    {"name": "game_id", "type": "STRING"},
    {"name": "game_date", "type": "DATE"},
    {"name": "points", "type": "INTEGER"},
]
ROWS: list[dict[str, object]] = [{"game_id": "512", "game_date": "2026-01-05", "points": 7}]


def block(title: str) -> str:
    """The block of Python in the page that begins with `title`."""
    page = (DOCS / "adopt-guard.md").read_text(encoding="utf-8")
    [shown] = [text for text in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if text.startswith(title)]
    return str(shown)


def test_the_test_of_a_scraper_passes_against_the_local_target(cloud: Cloud, tmp_path: Path) -> None:
    """With the variable that `local run` sets for its command."""
    shown = block("# test_scraper.py")
    (tmp_path / "test_scraper.py").write_text(shown, encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    environ |= {"PYTHONPATH": str(GUARD), "STORAGE_EMULATOR_HOST": cloud.rest.url}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_scraper.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def saved_by(title: str, engine: DuckDBEngine, *arguments: object) -> None:
    """Runs `save` of the block against BigQuery's stand-in."""
    space: dict[str, Any] = {"is_serialization_error": lambda _error: False}
    exec(block(title), space)  # noqa: S102 - our own page
    with serving(engine) as server:
        server.declare(TABLE, SCHEMA, timePartitioning={"type": "DAY", "field": "game_date"})
        space["save"](server.client(), *arguments, ROWS)


def test_the_processor_after_writes_the_rows_once_however_often_it_runs(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", cloud.rest.url)
    engine = DuckDBEngine()
    saved_by("# after", engine)
    assert engine.rows(f"{PROJECT}.{TABLE}") == [("512", date(2026, 1, 5), 7)]


def test_what_is_shown_of_the_processor_fits_twenty_lines() -> None:
    assert all(len(block(title).splitlines()) <= 20 for title in ("# before", "# after"))

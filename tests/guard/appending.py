"""The table to which tests append, and rows for it."""

from __future__ import annotations

from tests.guard.bigquery_server import PROJECT

TABLE = "raw.games"
FULL = f"{PROJECT}.{TABLE}"
SCHEMA = [{"name": "game_id", "type": "STRING", "mode": "REQUIRED"}, {"name": "points", "type": "INTEGER"}]


def games(count: int) -> list[dict[str, object]]:
    return [{"game_id": f"{number:04}", "points": number} for number in range(count)]

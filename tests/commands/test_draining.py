"""Which runs may still be under way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from interlock.actual import ActualJob
from interlock.commands.draining import running
from interlock.declaration import declare
from interlock.files import load_catalog
from tests.commands.conftest import ENVIRONMENT

NOW = datetime(2026, 3, 10, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "covered", "expected"),
    [
        pytest.param(
            timedelta(seconds=10), ["repair"], {"repair": NOW + timedelta(seconds=170)}, id="younger than its deadline"
        ),
        pytest.param(timedelta(seconds=180), ["repair"], {}, id="as old as its deadline"),
        pytest.param(timedelta(seconds=10), ["line-scraper"], {}, id="of a job that is not covered"),
        pytest.param(None, ["repair"], {}, id="of a job that never ran"),
    ],
)
def test_an_attempt(root: Path, ago: timedelta | None, covered: list[str], expected: dict[str, datetime]) -> None:
    job = ActualJob(
        name="repair",
        region="us-west2",
        state="PAUSED",
        schedule="45 * * * *",
        time_zone="Etc/UTC",
        last_attempt=NOW - ago if ago else None,
        last_status=0,
    )
    assert running(declare(load_catalog(root), ENVIRONMENT), [job], covered, NOW) == expected

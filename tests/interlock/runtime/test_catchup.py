"""Days that no run will cover."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from interlock.catalog import CatchUp
from interlock.cron import Cron
from interlock.runtime.catchup import uncovered_days
from tests.interlock.timing.test_effect import JOB

NIGHTLY = replace(JOB, schedule=Cron.parse("45 22 * * *"), time_zone="America/New_York", relative_dates=True)
NOW = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
NIGHTS = [datetime(2026, 3, 8, 2, 45, tzinfo=UTC), datetime(2026, 3, 10, 2, 45, tzinfo=UTC)]
TODAY = datetime(2026, 3, 10, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("relative", "catch_up", "missed", "expected"),
    [
        pytest.param(True, "latest", NIGHTS, [date(2026, 3, 7), date(2026, 3, 9)], id="days are those of the job's zone"),
        pytest.param(True, "latest", [TODAY], [], id="a catch-up run covers its own day"),
        pytest.param(True, "skip", [TODAY], [date(2026, 3, 10)], id="without one that day too"),
        pytest.param(False, "latest", NIGHTS, [], id="without a relative date one run is like another"),
        pytest.param(True, "latest", [], [], id="nothing was missed"),
    ],
)
def test_uncovered_days(relative: bool, catch_up: CatchUp, missed: list[datetime], expected: list[date]) -> None:
    assert uncovered_days(replace(NIGHTLY, relative_dates=relative, catch_up=catch_up), missed, NOW) == expected

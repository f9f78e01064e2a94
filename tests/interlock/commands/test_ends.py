"""The end of a hold, an extension and a backfill: one grammar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import click
import pytest

from interlock.terminal.ends import clock_of_readers, perhaps_typed_end, typed_end

NOW = datetime(2026, 1, 6, 12, 0, 30, tzinfo=UTC)
EVENING = datetime(2026, 1, 7, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_new_york(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")


@pytest.mark.parametrize(
    ("duration", "until", "end"),
    [
        pytest.param("2h", None, datetime(2026, 1, 6, 14, 0, 30, tzinfo=UTC), id="from now"),
        pytest.param(None, "2h", datetime(2026, 1, 6, 14, 0, 30, tzinfo=UTC), id="how long, said as an end"),
        pytest.param(None, "23:00", EVENING, id="by one's own clock"),
        pytest.param(None, "2026-01-06 23:00", EVENING, id="with its date"),
        pytest.param(None, "2026-01-07T04:00:00Z", EVENING, id="RFC 3339"),
        pytest.param("", "23:00", EVENING, id="what make leaves empty is not said"),
        pytest.param(None, None, None, id="neither"),
    ],
)
def test_an_end_is_read_as_it_is_typed(duration: str | None, until: str | None, end: datetime | None) -> None:
    assert perhaps_typed_end(duration, until, NOW) == end


@pytest.mark.parametrize(
    ("duration", "until", "message"),
    [
        pytest.param("2h", "23:00", "--for and --until are two ends; say one: --for 2h, or --until 23:00", id="two at once"),
        pytest.param(None, None, "say how long: --for 2h, or --until 23:00", id="none"),
        pytest.param("2 h", None, "'2 h' is no duration; write one like 45m, 2h, 1h30m or 4d", id="no duration"),
    ],
)
def test_a_mistake_says_what_to_write(duration: str | None, until: str | None, message: str) -> None:
    with pytest.raises(click.UsageError) as found:
        typed_end(duration, until, NOW)
    assert found.value.message == message


@dataclass(frozen=True)
class Job:
    """All that the clock of readers knows of a job."""

    time_zone: str


JOBS = [Job("America/Los_Angeles"), Job("Etc/UTC"), Job("America/Los_Angeles")]


@pytest.mark.parametrize(
    ("own", "jobs", "shown"),
    [
        pytest.param("Europe/Berlin", JOBS, "Europe/Berlin", id="one's own clock"),
        pytest.param("UTC", JOBS, "America/Los_Angeles", id="of who works in UTC, which stands beside it anyway: most jobs'"),
        pytest.param("UTC", [*JOBS, Job("Etc/UTC")], "America/Los_Angeles", id="of two with as many jobs always the same"),
        pytest.param("Etc/UTC", [], "Etc/UTC", id="without a job"),
    ],
)
def test_whose_clock_is_shown(monkeypatch: pytest.MonkeyPatch, own: str, jobs: list[Job], shown: str) -> None:
    monkeypatch.setenv("TZ", own)
    assert clock_of_readers(jobs).key == shown

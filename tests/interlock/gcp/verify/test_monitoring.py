"""What the log metric counted, against the emulator: counted from audit entries by the metric that the stacks make."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from interlock.gcp.session import Refusal
from interlock.gcp.verify.monitoring import logged
from local.emulator import Running, serve
from tests.interlock.cloud import at
from tests.interlock.gcp.verify.logged import PROJECT, conflict, make_metric
from tests.local.plain import Rest

SINCE, NOW = date(2026, 3, 2), "2026-03-10T12:00:00Z"


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with serve(tmp_path / "state") as running:
        monkeypatch.setenv("INTERLOCK_LOCAL_URL", running.url)
        yield running


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param(["2026-03-03T08:15:00Z"] * 2 + ["2026-03-05T08:15:00Z"], {3: 2, 5: 1}, id="by day"),
        pytest.param(["2026-03-01T23:59:00Z", "2026-03-02T00:01:00Z"], {2: 1}, id="not before the first day"),
        pytest.param(["2026-03-09T23:58:00Z", "2026-03-10T00:01:00Z"], {9: 1, 10: 1}, id="the last whole day, and today"),
        pytest.param(["2026-03-10T11:59:00Z"], {10: 1}, id="until a minute ago"),
    ],
)
def test_conflicts_are_counted_by_day(cloud: Running, written: list[str], expected: dict[int, int]) -> None:
    rest = Rest(cloud.url)
    rest("POST", "/_local/clock", {"set": "2026-03-01T00:00:00Z"})
    make_metric(rest)
    for instant in written:
        conflict(rest, instant)
    rest("POST", "/_local/clock", {"set": NOW})
    assert logged(PROJECT, SINCE, at("2026-03-10 12:00")) == {date(2026, 3, day): times for day, times in expected.items()}


@pytest.mark.parametrize("now", ["2026-03-10 00:00", "2026-03-10 00:00:30"], ids=["midnight", "half a minute later"])
def test_at_the_beginning_of_a_day_there_is_none_of_it_yet(cloud: Running, now: str) -> None:
    rest = Rest(cloud.url)
    rest("POST", "/_local/clock", {"set": "2026-03-09T08:00:00Z"})
    make_metric(rest)
    conflict(rest, "2026-03-09T08:00:00Z")
    assert logged(PROJECT, SINCE, at(now)) == {date(2026, 3, 9): 1}
    assert logged(PROJECT, date(2026, 3, 10), at(now)) == {}


@pytest.mark.usefixtures("cloud")
def test_a_metric_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refusal, match="Cannot find metric") as caught:
        logged(PROJECT, SINCE, at("2026-03-10 12:00"))
    assert caught.value.status == 404

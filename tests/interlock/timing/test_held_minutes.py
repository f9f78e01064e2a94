"""When windows hold which jobs, in minutes."""

from __future__ import annotations

from datetime import timedelta

from interlock.timing.held_minutes import held_minutes
from interlock.timing.minutes import MINUTE, Span
from tests.interlock.cloud import at
from tests.interlock.timing.test_collisions import catalog

TEXT = """\
jobs:
  a: {description: d, schedule: "0 6 * * *", target: {service: web, path: /x}}
  b: {description: d, schedule: "0 6 * * *", target: {service: wide, path: /x}}
windows:
  night: {schedule: "30 23 * * *", duration: 45m, covers: [service/web], reason: r, owner: o}
  late: {schedule: "0 23 * * *", duration: 1h, covers: [job/a], reason: r, owner: o}
"""


def test_a_job_is_held_from_each_opening_until_before_its_end() -> None:
    span = Span(start=at("2026-01-05"), end=at("2026-01-06"))
    found = held_minutes(catalog(TEXT), span)
    assert {job: sorted(scopes) for job, scopes in found.items()} == {"a": ["window/late", "window/night"]}
    minutes = [*found["a"]["window/night"]]
    night = at("2026-01-05") + timedelta(hours=23, minutes=30)
    yesterdays = [at("2026-01-05") + number * MINUTE for number in range(15)]
    assert minutes == [*yesterdays, *(night + number * MINUTE for number in range(30))]
    assert len(found["a"]["window/late"]) == 60

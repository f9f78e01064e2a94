"""Schedules on the emulator: both dialects of Cloud Scheduler, and the instants that they mean."""

from __future__ import annotations

from datetime import datetime

import pytest

from local.emulator.schedules import next_fire
from tests.local.jobs import PARENT, URL, body


@pytest.mark.parametrize(
    "schedule",
    [
        *("*/30 * * * *", "0 5-9/2 * * MON-FRI", "0 0 1 JAN *", "5,35 */6 * * 0,7", "0  0 * * sun", "0 9 1-7 * 1"),
        *("every 5 minutes", "every 1 mins", "every 24 hours", "every 2 hours synchronized", "every day 00:00"),
        *("every 5 minutes from 10:00 to 14:00", "every monday 09:00", "1 of jan,april,july,oct 00:00"),
        *("2nd,third mon,wed,thu of march 17:00", "1st monday of sep,oct,nov 17:00", "every mon,wed of month 9:00"),
    ],
)
def test_the_dialect_is_accepted(rest, schedule):
    assert rest("POST", f"/v1/{PARENT}/jobs", body(schedule=schedule)).status == 200


@pytest.mark.parametrize(
    ("schedule", "zone", "now", "fires"),
    [
        pytest.param(
            "0 9 1-7 * 1", "UTC", "2026-11-29", ["11-30T09:00", "12-01T09:00", "12-02T09:00"], id="one day field suffices"
        ),
        pytest.param("every monday 09:00", "America/New_York", "2026-11-29", ["11-30T14:00", "12-07T14:00"], id="a weekday"),
        pytest.param(
            "1st mon of sep,dec 17:00", "UTC", "2026-11-29", ["12-07T17:00", "09-06T17:00"], id="a place in the month"
        ),
        pytest.param("1,15 of month 00:00", "UTC", "2026-11-29", ["12-01T00:00", "12-15T00:00"], id="dates"),
        pytest.param(
            "every 8 hours synchronized", "Asia/Kolkata", "2026-11-29", ["11-29T02:30", "11-29T10:30"], id="synchronized"
        ),
        pytest.param(
            "every 7 minutes from 23:50 to 00:05",
            "UTC",
            "2026-11-29",
            ["11-29T00:04", "11-29T23:50"],
            id="a range over midnight",
        ),
        pytest.param(
            "every day 02:30", "America/New_York", "2027-03-14", ["03-14T07:00", "03-15T06:30"], id="an hour that is skipped"
        ),
        pytest.param(
            "every day 01:30", "America/New_York", "2026-11-01", ["11-01T05:30", "11-02T06:30"], id="an hour that comes twice"
        ),
    ],
)
def test_the_next_fire_is_what_googles_documents_say(schedule, zone, now, fires):
    last = instant = datetime.fromisoformat(f"{now}T00:00:00+00:00")
    for fire in fires:
        instant = next_fire(schedule, zone, instant, last)
        assert instant.strftime("%m-%dT%H:%M") == fire


def test_a_plain_interval_counts_from_the_last_attempt(rest):
    rest("POST", "/_local/clock", {"set": "2026-11-29T10:02:30Z"})
    rest("POST", f"/v1/{PARENT}/jobs", body(schedule="every 30 minutes"))
    assert rest("GET", URL).json["scheduleTime"] == "2026-11-29T10:32:00Z"
    rest("POST", "/_local/clock", {"to": "2026-11-29T12:00:00Z"})
    times = [attempt["time"][11:16] for attempt in rest("GET", "/_local/attempts").json["attempts"]]
    assert times == ["10:32", "11:02", "11:32"]
    rest("POST", f"{URL}:run", {})
    rest("POST", "/_local/settle")
    assert rest("GET", URL).json["scheduleTime"] == "2026-11-29T12:30:00Z"

"""The record of a catalog's zone data: what it has, when it is stale, and that a zone made of it is the zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.catalog import Catalog
from interlock.cron import Cron
from interlock.timing.zone_record import as_zone, mistakes, recorded
from interlock.zone_record import ANEW, ZoneRecord
from interlock.zones import names, release, zone
from policies.from_catalog import findings
from tests.interlock.catalogs import GOOD, load

START = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = """\
windows:
  weekly: {schedule: "0 8 * * 2", time_zone: Europe/Paris, duration: 2h, covers: [job/fetch], reason: deploys, owner: data}
"""


def in_zone(name: str) -> Catalog:
    return load(GOOD.replace("Etc/UTC", name))


def whole(record: ZoneRecord) -> Catalog:
    return replace(load(GOOD + WINDOW), zone_record=record)


def test_it_has_the_zones_of_jobs_and_windows_for_three_years_from_the_release_on() -> None:
    record = recorded(load(GOOD + WINDOW))
    year = int(release()[:4])
    assert record.zones.keys() == {"Etc/UTC", "Europe/Paris"}
    assert (record.start, record.end) == (datetime(year, 1, 1, tzinfo=UTC), datetime(year + 3, 1, 1, tzinfo=UTC))
    assert record.zones["Etc/UTC"] == ((record.start, 0),)
    assert len(record.zones["Europe/Paris"]) == 7


@given(
    st.sampled_from(sorted(names())),
    st.sampled_from(["30 2 * * *", "0 0 * * *", "*/20 1-3 * * *", "15 23 1 * *", "45 * * * 0"]),
    st.dates(date(2026, 1, 3), date(2028, 12, 20)),
)
def test_a_zone_made_of_its_record_fires_as_the_zone(name: str, schedule: str, day: date) -> None:
    record = recorded(in_zone(name))
    begin = max(datetime(day.year, day.month, day.day, tzinfo=UTC), record.start + timedelta(days=2))
    span = begin, min(begin + timedelta(days=9), record.end)
    fires = Cron.parse(schedule).fires_between
    assert list(fires(*span, as_zone(name, record.zones[name]))) == list(fires(*span, zone(name)))


def good() -> ZoneRecord:
    return recorded(load(GOOD + WINDOW))


@pytest.mark.parametrize(
    ("record", "subjects", "said"),
    [
        pytest.param(good(), [], "", id="as the data in use say"),
        pytest.param(replace(good(), zones={**good().zones, "Asia/Tokyo": ((good().start, 540),)}), [], "",
                     id="a zone that nobody uses any more"),
        pytest.param(replace(good(), release="2019a"), ["clocks.zone_data"],
                     f"was written with zone data 2019a, and {release()} are in use", id="of another release"),
        pytest.param(replace(good(), release="2019a", zones={}), ["clocks.zone_data"], "2019a", id="of another, once"),
        pytest.param(replace(good(), zones={"Etc/UTC": good().zones["Etc/UTC"]}), ["clocks.minutes_ahead_of_utc"],
                     "does not have Europe/Paris, in which 1 schedule is", id="without a zone"),
        pytest.param(replace(good(), zones={**good().zones, "Europe/Paris": ((good().start, 60),)}), ["clocks.Europe/Paris"],
                     "says of Europe/Paris what", id="edited by hand"),
        pytest.param(replace(good(), end=good().end - timedelta(days=1)), ["clocks.start"], "is not from", id="shorter"),
    ],
)  # fmt: skip
def test_a_stale_record_is_a_finding(record: ZoneRecord, subjects: list[str], said: str) -> None:
    found = list(mistakes(whole(record)))
    assert [finding.subject for finding in found] == subjects
    assert all(said in finding.message and finding.message.endswith(f"; write it anew: {ANEW}") for finding in found)
    assert [finding for finding in findings(whole(record), date(2026, 11, 24)) if finding.rule == "clocks"] == found


def test_a_catalog_without_one_has_nothing_stale() -> None:
    assert list(mistakes(load(GOOD))) == []

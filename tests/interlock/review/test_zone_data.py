"""What a review says of other zone data: which jobs fire and which windows open at other instants, from when, by how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.catalog import Catalog
from interlock.cron import Cron
from interlock.review.diff import difference
from interlock.review.remark import Remark
from interlock.review.zone_data import about_zone_data
from interlock.timing.zone_record import as_zone
from interlock.zone_record import ZoneRecord
from tests.interlock.catalogs import load

AT = datetime(2026, 6, 1, 12, 0, 30, tzinfo=UTC)
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
HEAD = """\
defaults: {owner: data, region: us-west2, deadline: 180s, retry: standard}
retry_profiles:
  standard: {attempts: 3, min_backoff: 10s, max_backoff: 300s, doublings: 5, max_duration: 600s}
services:
  web: {kind: run}
jobs:
"""
WINDOW = """\
windows:
  weekly: {schedule: "0 1 * * 2", time_zone: America/Vancouver, duration: 2h, covers: [job/daily], reason: deploys, owner: data}
"""


def job(name: str, schedule: str, zone: str = "America/Vancouver", more: str = "") -> str:
    target = f"target: {{service: web, path: /{name}}}"
    return f'  {name}: {{description: Some job, schedule: "{schedule}", time_zone: {zone}, {target}{more}}}\n'


def offsets(text: str) -> tuple[tuple[datetime, int], ...]:
    """Such as `-480, 2026-03-08 10 -420`: from the start on so many minutes, then from that hour on so many."""
    first, *later = text.split(", ")
    changes = [change.rpartition(" ") for change in later]
    return ((START, int(first)), *((datetime.strptime(f"{at} +0000", "%Y-%m-%d %H %z"), int(by)) for at, _, by in changes))


SPRING, AUTUMN = ("2026-03-08 10", "2027-03-14 10", "2028-03-12 10"), ("2026-11-01 9", "2027-11-07 9", "2028-11-05 9")
EVER = "-480, " + ", ".join(f"{spring} -420, {autumn} -480" for spring, autumn in zip(SPRING, AUTUMN, strict=True))
SUMMER = "-480, 2026-03-08 10 -420"
WINTER = "-480, 2026-03-08 10 -420, 2026-11-01 9 -480"
ONE_WINTER_LESS = "-480, 2026-03-08 10 -420, 2027-11-07 9 -480, 2028-03-12 10 -420, 2028-11-05 9 -480"
LATER_SPRING = EVER.replace("2027-03-14", "2027-04-04")
AN_HOUR_LATER = EVER.replace("2027-03-14 10", "2027-03-14 11")
HALF_AN_HOUR = "-480, 2026-03-08 10 -420, 2026-11-01 9 -450"
NO_CLOCKS = "-420"


def record(release: str, **zones: str) -> ZoneRecord:
    known = {"America/Vancouver": zones.get("vancouver", EVER), "Etc/UTC": "0"}
    return ZoneRecord(release=release, start=START, end=END, zones={name: offsets(text) for name, text in known.items()})


def said(before: Catalog, after: Catalog, at: datetime = AT) -> list[Remark]:
    return list(about_zone_data(before, after, difference(before, after).renamed, at))


def of(text: str, old: str, new: str, at: datetime = AT) -> list[Remark]:
    catalog = load(HEAD + text)
    before, after = (replace(catalog, zone_record=record(r, vancouver=v)) for r, v in (("2026e", old), ("2026f", new)))
    return said(before, after, at)


DAILY = job("daily", "0 9 * * *")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(EVER, SUMMER, ["keeps summer time from November 2026 by zone data 2026f, unlike 2026e: 1 job fires 1h "
                     "earlier in UTC, first on 2026-11-01: daily"], id="summer time for good"),
        pytest.param(SUMMER, EVER, ["has winter time (UTC-8) from November 2026 to March 2027, and differs 2 more times until "
                     "2029-01-01 by zone data 2026f, unlike 2026e: 1 job fires 1h later in UTC, first on 2026-11-01: daily"],
                     id="its clocks change again"),
        pytest.param(EVER, WINTER, ["keeps winter time from March 2027 by zone data 2026f, unlike 2026e: 1 job fires 1h later "
                     "in UTC, first on 2027-03-14: daily"], id="winter time for good"),
        pytest.param(EVER, ONE_WINTER_LESS, ["keeps summer time from November 2026 to March 2027 by zone data 2026f, unlike "
                     "2026e: 1 job fires 1h earlier in UTC, first on 2026-11-01: daily"], id="one winter less"),
        pytest.param(EVER, LATER_SPRING, ["changes its clocks on 2027-04-04 instead of 2027-03-14 by zone data 2026f, unlike "
                     "2026e: 1 job fires 1h later in UTC, first on 2027-03-14: daily"], id="later in the year"),
        pytest.param(LATER_SPRING, EVER, ["changes its clocks on 2027-03-14 instead of 2027-04-04 by zone data 2026f, unlike "
                     "2026e: 1 job fires 1h earlier in UTC, first on 2027-03-14: daily"], id="earlier in the year"),
        pytest.param(SUMMER, HALF_AN_HOUR, ["stays at UTC-7:30 from November 2026 by zone data 2026f, unlike 2026e: 1 job "
                     "fires 30m later in UTC, first on 2026-11-01: daily"], id="another offset for good"),
        pytest.param(NO_CLOCKS, "-360", ["is at UTC-6 instead of UTC-7 by zone data 2026f, unlike 2026e: 1 job fires 1h "
                     "earlier in UTC, first on 2026-06-01: daily"], id="from before the review on"),
        pytest.param(EVER, AN_HOUR_LATER, ["changes its clocks on 2027-03-14 at 11:00 UTC instead of 10:00 by zone data 2026f, "
                     "unlike 2026e: nothing fires at another instant"], id="an hour in which nothing fires"),
        pytest.param(EVER, EVER, ["2026e -> 2026f: until 2029-01-01 nothing fires or opens at another instant"], id="none"),
    ],
)  # fmt: skip
def test_each_kind_of_change_in_a_line(old: str, new: str, expected: list[str]) -> None:
    assert [remark.text for remark in of(DAILY, old, new)] == expected


def test_the_same_release_says_nothing() -> None:
    catalog = replace(load(HEAD + DAILY), zone_record=record("2026f"))
    assert said(catalog, catalog) == []


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        pytest.param(DAILY, "1 job fires 1h earlier in UTC, first on 2026-11-01: daily", id="a job"),
        pytest.param(DAILY + WINDOW, "1 job fires and 1 window opens 1h earlier in UTC, first on 2026-11-01: daily and "
                     "window/weekly", id="a job and a window"),
        pytest.param(job("daily", "0 * * * *") + WINDOW, "1 window opens 1h earlier in UTC, first on 2026-11-03: window/weekly",
                     id="a window alone: each hour a job fires as before"),
        pytest.param("".join(job(f"job-{n}", f"{n} 9 * * *") for n in range(8)),
                     "8 jobs fire 1h earlier in UTC, first on 2026-11-01: job-0, job-1, job-2, job-3, job-4 and 3 more",
                     id="many jobs"),
        pytest.param(job("july", "0 9 1 7 *"), "", id="a job of the summer"),
        pytest.param(job("season", "0 9 * 3-10 *"), "1 job fires 1h earlier in UTC, first on 2027-03-01: season",
                     id="a season that begins before the clocks would change"),
        pytest.param(job("often", "*/15 * * * *"), "", id="a job that fires as often in each hour"),
        pytest.param(job("utc", "0 9 * * *", "Etc/UTC"), "", id="a job elsewhere"),
        pytest.param(job("off", "0 9 * * *", more=", paused: {reason: off-season, owner: data, review: 2027-09-15}"), "",
                     id="a job that is paused by declaration"),
        pytest.param(job("any", "every 5 minutes"), "", id="a job of which nobody knows when it fires"),
    ],
)  # fmt: skip
def test_what_moves(text: str, moved: str) -> None:
    found = [remark for remark in of(text, EVER, SUMMER) if remark.is_finding]
    assert [remark.text.partition("2026e: ")[2] for remark in found] == ([moved] if moved else [])
    assert {remark.subject for remark in found} <= {"America/Vancouver"}


def test_two_ways_in_which_a_zone_moves_are_two_lines() -> None:
    both = LATER_SPRING.replace("2027-11-07", "2027-12-05")
    hows = [remark.text.partition("2026e: ")[2].partition(", ")[0] for remark in of(DAILY, EVER, both)]
    assert hows == ["1 job fires 1h later in UTC", "1 job fires 1h earlier in UTC"]


def test_what_is_over_at_the_time_of_the_review_is_not_said() -> None:
    assert not [remark for remark in of(DAILY, EVER, LATER_SPRING, datetime(2027, 5, 1, tzinfo=UTC)) if remark.is_finding]


@pytest.mark.parametrize(
    ("old", "new", "expected", "is_finding"),
    [
        pytest.param(None, record("2026f"), [], False, id="a first record"),
        pytest.param(record("2026f"), None, ["is gone, so no review sees what new zone data move; to write it: "
                     ".venv/bin/interlock validate --clocks"], True, id="it is gone"),
        pytest.param(None, None, [], False, id="no record"),
        pytest.param(replace(record("2022a"), start=datetime(2022, 1, 1, tzinfo=UTC), end=datetime(2025, 1, 1, tzinfo=UTC)),
                     record("2026f"), ["nobody knows what 2026f moves: the records have no days in common after 2026-06-01"],
                     True, id="years apart"),
    ],
)  # fmt: skip
def test_a_record_on_one_side(old: ZoneRecord | None, new: ZoneRecord | None, expected: list[str], is_finding: bool) -> None:
    catalog = load(HEAD + DAILY)
    found = said(replace(catalog, zone_record=old), replace(catalog, zone_record=new))
    assert [remark.text for remark in found] == expected
    assert all(remark.is_finding is is_finding for remark in found)


def test_a_job_is_known_by_its_new_name_and_one_that_moves_to_another_zone_is_not_counted() -> None:
    before = load(HEAD + DAILY + job("goes", "5 9 * * *"))
    renamed = job("renamed", "0 9 * * *").replace("/renamed", "/daily")
    after = load(HEAD + renamed + job("goes", "5 9 * * *", "Etc/UTC") + job("comes", "7 9 * * *"))
    (found,) = said(replace(before, zone_record=record("2026e")), replace(after, zone_record=record("2026f", vancouver=SUMMER)))
    assert found.text.endswith("1 job fires 1h earlier in UTC, first on 2026-11-01: renamed")


KINDS: Mapping[str, str] = {
    "ever": EVER, "summer": SUMMER, "winter": WINTER, "less": ONE_WINTER_LESS, "later": LATER_SPRING, "hour": AN_HOUR_LATER,
    "half": HALF_AN_HOUR, "none": NO_CLOCKS,
}  # fmt: skip


class Walk:
    """All that a schedule does, one by one, as far as somebody has looked."""

    def __init__(self, schedule: str, kind: str) -> None:
        zone = as_zone("America/Vancouver", offsets(KINDS[kind]))
        self._fires = Cron.parse(schedule).fires_between(AT.replace(second=0), END - timedelta(days=2), zone)
        self._seen: list[datetime | None] = []

    def fire(self, number: int) -> datetime | None:
        """The fire with this number; None where there are fewer."""
        while len(self._seen) <= number:
            self._seen.append(next(self._fires, None))
        return self._seen[number]


walk = cache(Walk)


def moves(schedule: str, old: str, new: str) -> bool:
    """Whether a fire is at another instant, by a walk over both until the first that is."""
    both = ((walk(schedule, old).fire(number), walk(schedule, new).fire(number)) for number in count())
    return old != new and next(one != other for one, other in both if one != other or one is None)


@settings(max_examples=50)
@given(
    st.sampled_from(["0 9 * * *", "30 2 * * *", "0 * * * *", "15 */6 * * *", "0 0 1 * *", "10 9 * 3-10 *", "5 1 * * 0"]),
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(sorted(KINDS)),
)
def test_a_job_is_named_if_and_only_if_a_fire_of_it_moves(schedule: str, old: str, new: str) -> None:
    found = of(job("one", schedule), KINDS[old], KINDS[new])
    assert any(remark.is_finding for remark in found) is moves(schedule, old, new)

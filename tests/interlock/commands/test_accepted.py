"""Whose waiver counts for what: a review and the timeline leave an order alone that one of the two jobs accepts."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from interlock.findings import ORDER, accepted, waivers_of
from interlock.review.remark import Topic
from interlock.review.review import review
from policies.from_catalog import findings
from tests.interlock.catalogs import beside, load
from tests.interlock.commands.conftest import Run
from tests.interlock.review.cases import AT, BASE, edited

REPORT = 'schedule: "0 9 * * *"'
SOON = edited((REPORT, 'schedule: "20 6 * * *"'))
"""The report starts 5 minutes after the job that leads to what it reads."""
PLACES = {
    "the consumer": "    target: {service: marts, path: /report}\n",
    "the producer": "    target: {service: scrapers, path: /games}\n",
}


def waiving(place: str, until: str = "2027-06-30", rule: str = ORDER, text: str = SOON) -> str:
    waiver = f"waive: [{{rule: {rule}, reason: it comes again, owner: mail, until: {until}}}]"
    return edited((place, f"{place}    {waiver}\n"), text=text)


def orders(after: str) -> list[str]:
    found = review(load(BASE), load(after), AT, rules=findings)
    return [remark.text for remark in found.remarks if remark.topic is Topic.ORDER]


def test_a_consumer_that_starts_too_soon_is_a_finding() -> None:
    [found] = orders(SOON)
    assert "daily-report starts 5m after fetch-games" in found


def test_a_longer_lead_of_the_platform_is_seen_as_what_it_brings() -> None:
    later = edited((REPORT, 'schedule: "50 6 * * *"'))
    found = review(load(later), load(f"{later}rules: {{lead: 1h}}\n"), AT, rules=findings)
    [said] = [remark.text for remark in found.remarks if remark.topic is Topic.ORDER]
    assert "1h should be between the two" in said
    assert [one.newest.name for one in found.changes.rules] == ["p"]


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_waiver_of_either_counts_for_both(place: str) -> None:
    assert orders(waiving(place)) == []
    assert findings(load(waiving(place)), AT.date()) == []


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(waiving(PLACES["the consumer"], until="2026-11-23"), id="one that ended yesterday"),
        pytest.param(waiving(PLACES["the consumer"], rule="gap"), id="one of something else"),
        pytest.param(waiving("    target: {service: scrapers, path: /lines}\n"), id="one of a third job"),
    ],
)
def test_what_is_no_waiver_of_the_two_accepts_nothing(after: str) -> None:
    assert len(orders(after)) == 1


def test_of_what_is_shared_only_the_platform_that_wrote_it_accepts_for_its_jobs() -> None:
    waive = "waive: [{rule: order, reason: r, owner: o, until: 2027-06-30}]"
    here = edited(
        ("marts: {kind: function", f"marts: {{{waive}, kind: function"), ("games: {service", f"games: {{{waive}, service")
    )
    there = """\
jobs:
  theirs:
    description: d
    owner: o
    region: us-west2
    time_zone: Etc/UTC
    deadline: 180s
    retry: unset
    schedule: "0 9 * * *"
    target: {service: p/marts}
    runs: [p/games]
"""
    known = beside(p=here, q=there)
    counts = {name: len(waivers_of(job, known)) for name, job in known.jobs.items()}
    assert counts == {"daily-report": 1, "fetch-games": 1, "fetch-injuries": 0, "fetch-lines": 0, "theirs": 0}
    assert accepted(ORDER, ["theirs"], known, date(2027, 1, 1)) is None
    assert accepted(ORDER, ["theirs", "daily-report"], known, date(2027, 6, 30)) is not None
    assert accepted(ORDER, ["theirs", "daily-report"], known, date(2027, 7, 1)) is None


def test_the_timeline_says_who_accepts_it(run: Run, root: Path) -> None:
    for text, until in ((SOON, None), (waiving(PLACES["the consumer"]), "2027-06-30")):
        (root / "small/all.yaml").write_text(text)
        day = ("timeline", "--day", "2026-11-24")
        assert ("; accepted by mail until 2027-06-30: it comes again" in " ".join(run(*day).stdout.split())) is (
            until is not None
        )
        found = json.loads(run(*day, "--format", "json").stdout)["collisions"]
        assert {one["accepted_until"] for one in found if one["kind"] == "order"} == {until}

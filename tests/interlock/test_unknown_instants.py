"""A job of which nobody knows when it fires: counted nowhere, said everywhere, held and released like any other."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from interlock.commands import holds as holds_command
from interlock.cron import Cron
from interlock.declaration import Declaration
from interlock.holds import hold_content
from interlock.review.coverage import Covering
from interlock.review.remark import Topic
from interlock.review.review import review
from interlock.runtime.declaration_file import parse, to_json
from interlock.runtime.ledger import held_content, held_name
from interlock.runtime.snapshot import Reader
from interlock.terminal.review_json import as_json
from interlock.terminal.site import Site
from interlock.timing.effect import effects, fires, made_up_for
from interlock.verify.history import HeldJob
from interlock.verify.verdict import Verdict, Writer, Written, judge
from policies.from_catalog import findings
from tests.interlock.catalogs import load
from tests.interlock.cloud import Cloud, at, declaration, environment, records
from tests.interlock.one_scraper import JOB, NOW, hold, holding, hours
from tests.interlock.one_scraper import declaration as one_scraper
from tests.interlock.review.cases import AT, BASE, edited

UNKNOWN = replace(JOB, schedule=Cron.read("every 5 minutes"))
LINES = ('schedule: "30 * * * *"', "schedule: every 5 minutes")
GAMES = ('schedule: "15 6 * * *"', "schedule: every 24 hours")


def test_a_hold_misses_runs_that_nobody_can_count() -> None:
    known = one_scraper(UNKNOWN)
    (effect,) = effects(known, ["scraper"], holding(known, [], NOW), NOW + hours(3))
    assert (effect.missed, fires(UNKNOWN, NOW, NOW + hours(3))) == (0, 0)
    assert made_up_for(UNKNOWN, 0) == "nobody knows which runs it misses, so no run makes up for any"
    assert made_up_for(replace(UNKNOWN, recoverable=False), 0).endswith("and those can't be fetched later")


@pytest.mark.parametrize("schedule", ["every 5 minutes", "0  9 1 * mon", "1st mon of month 09:00", "5/15 * * * *"])
def test_a_declaration_carries_the_text_and_reads_it_again(schedule: str) -> None:
    declared = one_scraper(replace(JOB, schedule=Cron.read(schedule)))
    assert parse(to_json(declared).encode()) == declared


def test_a_review_says_that_it_may_meet_whatever_writes_the_same() -> None:
    found = review(load(BASE), load(edited(LINES, GAMES)), AT, rules=findings)
    said = {remark.subject: remark.text for remark in found.remarks if remark.topic is Topic.COLLISION}
    assert said["fetch-lines"].endswith("counts from the end of the last run; it may meet any start of its service")
    lines = next(side["after"] for side in json.loads(json.dumps(as_json(found)))["jobs"] if side["name"] == "fetch-lines")
    assert (lines["fires_a_day"], lines["next_fires"], lines["in_words"]) == (None, [], "every 5 minutes")


def test_a_review_of_what_stays_unknown_is_silent() -> None:
    before = edited(LINES)
    after = edited(LINES, ("Betting lines, which", "Lines, which"))
    found = review(load(before), load(after), AT, rules=findings)
    assert not [remark for remark in found.remarks if remark.topic in (Topic.COLLISION, Topic.FREQUENCY)]


def test_coverage_counts_its_runs_apart() -> None:
    missed = Covering(load(edited(LINES)), AT).missed("window/tuesdays")
    assert missed is not None
    assert missed.unknown == ("fetch-lines",)
    assert missed.by_job["fetch-lines"] == 0


def test_it_is_held_and_released_and_no_run_is_made_up() -> None:
    declared = declaration()
    unknown = replace(declared, jobs={**declared.jobs, "fetch": replace(declared.jobs["fetch"], schedule=UNKNOWN.schedule)})
    sky = released(unknown)
    report = sky.reconcile()
    assert sky.runs == []
    assert sky.states["fetch"] == "ENABLED"
    assert sky.names() == []
    (record,) = records(report, "run_skipped")
    assert record.why == (
        "nobody knows which runs it missed, and nothing makes up for any: an interval counts from the end of the last run"
    )


def released(declared: Declaration) -> Cloud:
    """A cloud in which a hold of `fetch` has just gone."""
    sky = Cloud(now=at("2026-03-10 06:20"), declared=declared)
    sky.fire("fetch", "2026-03-10 04:50")
    sky.put(held_name("fetch"), held_content("fetch", at("2026-03-10 05:00")))
    sky.states["fetch"] = "PAUSED"
    return sky


def test_a_table_that_it_writes_can_t_be_called_unwritten() -> None:
    resumed = datetime(2026, 3, 10, 10, tzinfo=UTC)
    held = HeldJob(name="scraper", since=NOW, free=resumed, scopes=("all",))
    unknown = Written(table="d.raw", writers=(Writer(held=held, declared=UNKNOWN),))
    both = Written(table="d.raw", writers=(*unknown.writers, Writer(held=held, declared=JOB)))
    later = resumed + hours(3)
    assert judge(unknown, None, later) is Verdict.UNKNOWN
    assert judge(unknown, later, later) is Verdict.WRITTEN
    assert judge(both, None, later) is Verdict.NOT_WRITTEN


def test_the_holds_count_it_apart() -> None:
    cloud = Cloud(now=NOW, declared=one_scraper(UNKNOWN))
    found = hold(hours(3))
    cloud.put(found.object_name, hold_content(found))
    reader = Reader(cloud.outside())
    site = Site(environment=environment(), reader=reader, declaration=cloud.declared, objects=reader.objects())
    (row,) = holds_command._rows(site)
    assert (row.missed, row.uncounted) == (0, ("scraper",))
    assert "0 runs and those of 1 job that nobody can count" in holds_command._cells(row, site.clock, NOW)

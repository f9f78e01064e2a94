"""A review's new findings of rules are those of validate, of the change less those of its base: no more and no less."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.baseline import identity
from interlock.catalog import Catalog, DeclaredPause, Job, Source, Waiver
from interlock.cron import Cron
from interlock.findings import Finding
from interlock.review.remark import Topic
from interlock.review.review import Review, review
from interlock.review.rule_findings import new_findings
from interlock.timing.collisions import CollisionKind
from policies.from_catalog import findings
from tests.interlock.catalogs import load
from tests.interlock.review.cases import AT, BASE, edited
from tests.interlock.review.test_mirror import SCHEDULES, ZONES, catalogs
from tests.interlock.review.test_remarks import remarks

EDITS = ["move", "zone", "pause", "waive", "unwaive", "was", "remove", "rename", "double"]
kinds, numbers = st.sampled_from(EDITS), st.integers(0, 4)
schedules, zones = st.sampled_from([*SCHEDULES[:2], "16 6 * * *"]), st.sampled_from(ZONES)
budgets, waivable = st.sampled_from([None, 1, 3]), st.sampled_from(["gap", "budget", "stagger", "twin"])
ends = st.sampled_from([date(2020, 1, 1), date(2099, 1, 1)])
PAUSE = DeclaredPause(reason="off-season", owner="data", review=date(2099, 1, 1))


@st.composite
def edits(draw: st.DrawFn, catalog: Catalog) -> Catalog:
    """The catalog after a few edits of its jobs, and perhaps of a service's budget."""
    jobs = dict(catalog.jobs)
    for _ in range(draw(numbers) if jobs else 0):
        job = jobs[draw(st.sampled_from(sorted(jobs)))]
        edited_job = _edited(draw, job)
        if edited_job is None or edited_job.name != job.name:
            del jobs[job.name]
        if edited_job is not None:
            jobs[edited_job.name] = edited_job
        if not jobs:
            break
    services = dict(catalog.services)
    if draw(st.booleans()):
        services["scrapers"] = replace(services["scrapers"], starts_per_minute=draw(budgets))
        jobs = {name: _calling(job, services) for name, job in jobs.items()}
    return replace(catalog, jobs=jobs, services=services)


def _calling(job: Job, services: dict[str, object]) -> Job:
    return replace(job, target=replace(job.target, service=services[job.target.service.name]))  # type: ignore[arg-type]


def _edited(draw: st.DrawFn, job: Job) -> Job | None:
    schedule = Cron.parse(draw(schedules))
    match draw(kinds):
        case "move":
            return replace(job, schedule=schedule)
        case "zone":
            return replace(job, time_zone=draw(zones))
        case "pause":
            return replace(job, paused=None if job.paused else PAUSE)
        case "waive":
            rule = draw(waivable)
            until = draw(ends)
            return replace(job, waivers=(Waiver(rule=rule, reason="as it is", owner="data", until=until),))
        case "unwaive":
            return replace(job, waivers=())
        case "was":
            return replace(job, was=schedule)
        case "remove":
            return None
        case "rename":
            return replace(job, name=f"{job.name}x", scheduler_name=f"{job.name}x")
        case _:
            return replace(job, schedule=Cron.parse("15 6,18 * * *"))


def broken(catalog: Catalog, renamed: dict[str, str] | None = None) -> Counter[tuple[str, str]]:
    """What validate finds, by rule and subject, a renamed job by its new name."""
    names = {f"jobs.{old}": f"jobs.{new}" for old, new in (renamed or {}).items()}
    return Counter((rule, names.get(subject, subject)) for rule, subject in map(identity, findings(catalog, AT.date())))


def not_said(found: Review) -> list[Finding]:
    """The new findings of rules that no finding for people says."""
    told = {remark.text.partition(":")[0] + remark.subject for remark in found.findings if remark.topic is Topic.RULE}
    ended = {remark.subject for remark in found.findings if remark.topic is Topic.WAIVER}
    collided = {
        f"{rule}jobs.{job}"
        for change in found.collisions
        if change.is_new
        for rule, kinds in {"budget": {CollisionKind.BUDGET}, "gap": {CollisionKind.GAP, CollisionKind.TABLE}}.items()
        if change.kind in kinds
        for job in change.jobs
    }
    known = told | collided | {f"waiver-ended{subject}" for subject in ended}
    return [finding for finding in found.rule_findings if f"{finding.rule}{finding.subject}" not in known]


@settings(max_examples=80, deadline=None)
@given(st.data(), catalogs())
def test_new_are_the_findings_of_the_change_less_those_of_its_base(data: st.DataObject, before: Catalog) -> None:
    before = data.draw(edits(before))  # waivers and findings of it, too
    after = data.draw(edits(before))
    found = review(before, after, AT, rules=findings)
    assert Counter(map(identity, found.rule_findings)) == broken(after) - broken(before, dict(found.changes.renamed))
    assert not not_said(found)
    rules = Counter((remark.text.partition(":")[0], remark.subject) for remark in found.findings if remark.topic is Topic.RULE)
    assert not rules - Counter(map(identity, found.rule_findings))


@settings(max_examples=30, deadline=None)
@given(catalogs(), catalogs())
def test_of_any_two_catalogs_too(before: Catalog, after: Catalog) -> None:
    found = review(before, after, AT, rules=findings)
    assert Counter(map(identity, found.rule_findings)) == broken(after) - broken(before, dict(found.changes.renamed))
    assert not not_said(found)


def finding(message: str, subject: str = "jobs.a", rule: str = "stagger") -> Finding:
    return Finding(rule=rule, subject=subject, message=message, source=Source(file="p/a.yaml", line=1))


OUTSIDE, DAYS = '"0 * * * *" starts outside minutes 15 and 45', '"1 * * * *" became "2 * * * *": the days differ'
MOVED = '"5 * * * *" starts outside minutes 15 and 45'


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param([OUTSIDE], [MOVED], [], id="other words"),
        pytest.param([OUTSIDE], [OUTSIDE, DAYS], [DAYS], id="one more, worded otherwise"),
        pytest.param([OUTSIDE], [DAYS, MOVED], [DAYS], id="one more, and the old one is about another time"),
        pytest.param([OUTSIDE, OUTSIDE], [OUTSIDE, OUTSIDE, OUTSIDE], [OUTSIDE], id="one more of the same words"),
        pytest.param([OUTSIDE, DAYS], [MOVED], [], id="one less"),
        pytest.param([], [OUTSIDE, DAYS], [OUTSIDE, DAYS], id="all"),
    ],
)
def test_of_a_rule_and_job_as_many_are_new_as_there_are_more(before: list[str], after: list[str], expected: list[str]) -> None:
    new = new_findings([*map(finding, before)], [*map(finding, after)], {})
    assert [one.message for one in new] == expected


def test_a_renamed_job_takes_its_findings_along() -> None:
    old, new = finding(OUTSIDE, "jobs.a"), finding(OUTSIDE, "jobs.b")
    assert new_findings([old], [new], {"a": "b"}) == ()
    assert new_findings([old], [new], {}) == (new,)


WAIVED = "    waive: [{rule: budget, reason: measured, owner: data, until: 2027-01-01}]\n"


def test_a_finding_that_a_waiver_hid_is_said_though_its_jobs_collided_before() -> None:
    bare = edited(('schedule: "0 17 * * *"\n    time_zone: Etc/UTC', 'schedule: "15 6 * * *"'), (", gap: 5m", ""))
    waived = edited(("    runs: [games]\n", f"    runs: [games]\n{WAIVED}"), text=bare)
    found = review(load(waived), load(bare), AT, rules=findings)
    assert [(one.rule, one.subject) for one in found.rule_findings] == [("budget", "jobs.fetch-games")]
    assert [line.partition(": starts")[0] for line in remarks(found, Topic.RULE)] == ["jobs.fetch-games: budget"]


SAME = """\
  fetch-again:
    description: Games of the night, too
    schedule: "15 3 * * *"
    time_zone: America/Los_Angeles
    target: {service: scrapers, path: /games}
    runs: [games]
"""
TWINS = edited(("  fetch-lines:", SAME + "  fetch-lines:"))
REMOVED = "removed:\n  fetch-again: {reason: fetch-games does it, owner: data, until: 2026-12-31}\n"


def test_the_mend_of_twins_in_two_zones_is_no_finding() -> None:
    assert {one.rule for one in findings(load(TWINS), AT.date())} >= {"twin"}
    found = review(load(TWINS), load(BASE + REMOVED), AT, rules=findings)
    assert found.findings == ()
    third = SAME.replace("fetch-again", "fetch-thrice").replace("15 3", "15 4").replace("Los_Angeles", "Denver")
    three = edited(("  fetch-lines:", third + "  fetch-lines:"), text=TWINS)
    left = edited((SAME, ""), text=three) + REMOVED
    assert review(load(three), load(left), AT, rules=findings).findings == ()
    moved = edited(('"15 3 * * *"', '"15 12 * * *"'), text=TWINS)
    assert remarks(review(load(TWINS), load(moved), AT, rules=findings), Topic.RULE) == []

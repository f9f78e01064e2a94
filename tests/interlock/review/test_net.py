"""What a change does altogether: said first, and what decides whether a new meeting is a finding."""

from __future__ import annotations

import pytest

from interlock.review.comment import as_markdown
from interlock.review.remark import Topic
from interlock.review.review import Review, review
from policies.from_catalog import findings
from policies.staggering import StaggerLimits
from tests.interlock.cloud import at
from tests.interlock.timing.test_collisions import jobs

AT = at("2026-01-05 12:00")
WAIVED = ", waive: [{rule: gap, reason: r, owner: o, until: 2099-01-01}]"
WRITERS = ("a|0 * * * *|web|load", "b|2 * * * *|web|load", "c|30 6 * * *|web|load")


def reviewed(before: tuple[str, ...], after: tuple[str, ...], waived: str = WAIVED) -> Review:
    processors = (
        f"{{load: {{service: web, expect: 180s, tables: {{raw.games: [mutate]}}{waived}}}, "
        "grade: {service: web, tables: {raw.games: [read]}}}"
    )
    old, new = (jobs(*lines, processors=processors) for lines in (before, after))
    return review(old, new, AT, rules=findings, staggered=StaggerLimits)


def test_a_change_that_takes_more_away_than_it_makes_is_better_and_fails_nobody() -> None:
    found = reviewed(WRITERS, (WRITERS[0].replace("0 *", "31 *"), *WRITERS[1:]))
    assert found.net is not None
    assert not found.net.is_worse_over_tables
    assert found.net.tables < 0
    new = [remark for remark in found.remarks if remark.topic is Topic.COLLISION]
    assert [(remark.subject, remark.is_finding) for remark in new] == [("a", False)]


def test_the_same_meeting_is_a_finding_where_the_net_is_worse() -> None:
    found = reviewed((WRITERS[0].replace("0 *", "31 *").replace("* * * *", "12 * * *"), *WRITERS[1:]), WRITERS)
    assert found.net is not None
    assert found.net.is_worse_over_tables
    assert [remark.is_finding for remark in found.remarks if remark.topic is Topic.COLLISION] == [True]


def test_a_rule_that_is_broken_anew_stays_a_finding_however_good_the_net_is() -> None:
    # c keeps 15 minutes from the others before, and not after; that a and b no longer meet each hour is better.
    before = ("a|0 * * * *|web|load", "b|1 * * * *|web|load", "c|45 6 * * *|web|load")
    after = ("a|0 * * * *|web|load", "b|40 * * * *|web|load", "c|45 6 * * *|web|load")
    found = reviewed(before, after, waived="")
    assert found.net is not None
    assert not found.net.is_worse_over_tables
    assert [finding.rule for finding in found.rule_findings if finding.subject == "jobs.c"] == ["gap"]
    assert any(remark.is_finding and "gap" in remark.text for remark in found.findings)


def test_the_net_comes_before_single_findings_and_says_no_absolute_figure() -> None:
    found = reviewed(WRITERS, (WRITERS[0].replace("0 *", "31 *"), *WRITERS[1:]))
    first = as_markdown(found, base="b", head="h", whole="w").splitlines()[1]
    assert "**Net**: 0." in first
    assert "x of the conflicts expected before" in first


def test_what_changes_no_meeting_has_no_net() -> None:
    assert reviewed(WRITERS, (*WRITERS, "d|0 3 * * *|web|")).net is None


@pytest.mark.parametrize(("minute", "better"), [("1", ":"), ("20", "")], ids=["it meets others", "it is well"])
def test_a_new_job_is_offered_the_better_minute(minute: str, better: str) -> None:
    found = reviewed(WRITERS, (*WRITERS, f"d|{minute} 9 * * *|web|load"))
    offered = [remark.text for remark in found.notes if remark.topic is Topic.BETTER]
    assert bool(offered) is bool(better)
    assert all("it meets nobody (schedule:" in text for text in offered)


def test_a_new_job_of_which_every_minute_meets_others_is_told_that_none_is_better() -> None:
    crowd = tuple(f"w{minute}|{minute} * * * *|web|load" for minute in range(0, 60, 4))
    found = reviewed(crowd, (*crowd, "d|2 9 * * *|web|load"), waived="")
    assert [remark.subject for remark in found.findings if remark.topic in (Topic.COLLISION, Topic.RULE)]
    offered = [(remark.subject, remark.text) for remark in found.notes if remark.topic is Topic.BETTER]
    assert offered == [("d", "no minute is better within its hour and the rules")]


def test_a_new_job_that_meets_nobody_is_told_nothing_of_minutes() -> None:
    found = reviewed(WRITERS, (*WRITERS, "d|20 9 * * *|web|"))
    assert not [remark for remark in found.remarks if remark.topic is Topic.BETTER]


def test_a_consumer_that_comes_too_soon_is_a_finding_where_more_do() -> None:
    found = reviewed(("a|0 6 * * *|web|load", "g|0 8 * * *|web|grade"), ("a|0 6 * * *|web|load", "g|0 6 * * *|web|grade"))
    assert found.net is not None
    assert found.net.is_worse_in_order
    assert [remark.is_finding for remark in found.remarks if remark.topic is Topic.ORDER] == [True]

"""What a review says of jobs, pairs, tables, waivers and rules, beside what the golden comments show."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from interlock.review.comment import as_markdown
from interlock.review.job_remarks import moved_in_words
from interlock.review.remark import Topic
from interlock.review.review import Review, review
from policies.from_catalog import findings
from tests.interlock.catalogs import load
from tests.interlock.review.cases import AT, BASE, GAMES, NEW_WRITER, WAIVED, edited

LINES = 'schedule: "30 * * * *"'
PAIRED = edited(("    runs: [lines]\n", "    runs: [lines]\n    pair_with: [fetch-games]\n"))


def reviewed(after: str, before: str = BASE, at: datetime = AT) -> Review:
    return review(load(before), load(after), at, rules=findings)


def remarks(found: Review, topic: Topic) -> list[str]:
    return [f"{remark.subject}: {remark.text}" for remark in found.remarks if remark.topic is topic]


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        pytest.param([('"15 6 * * *"', '"45 6 * * *"')], "fires 30m later", id="later"),
        pytest.param([('"15 6 * * *"', '"15 4 * * *"')], "fires 2h earlier", id="earlier"),
        pytest.param([(LINES, LINES.replace("30", "40"))], "fires 10m later", id="every hour, the nearer way"),
        pytest.param([(LINES, LINES.replace("30", "0"))], "fires 30m earlier or later", id="every hour, either way"),
        pytest.param([('"15 6 * * *"', '"15 6,18 * * *"')], "", id="more often"),
        pytest.param(
            [('"15 6 * * *"', '"15 11 * * *"\n    time_zone: Etc/UTC')],
            "fires at the same instants in winter, 1h later in summer",
            id="to UTC at the time of winter",
        ),
        pytest.param([(LINES, f"{LINES}\n    time_zone: Etc/UTC")], "fires at the same instants", id="every hour, in UTC"),
        pytest.param(
            [('"15 6 * * *"', '"15 6,18 * * *"\n    time_zone: America/Phoenix')],
            "a clock's time is 2h later in winter, 3h later in summer, by its zone alone",
            id="a zone, and more often",
        ),
        pytest.param(
            [('"15 6 * * *"', '"15 6 1 3 *"'), ('"30 * * * *"', '"30 * 1 3 *"')], "fires only on 1 March 2027", id="to one day"
        ),
        pytest.param([('"15 6 * * *"', '"15 6 * 3-10 *"')], "no longer fires from November to February", id="in fewer months"),
        pytest.param([('"15 6 * * *"', '"15 6 * * 1-6"')], "no longer fires on Sundays", id="on fewer weekdays"),
    ],
)
def test_how_far_fires_moved(edits: list[tuple[str, str]], expected: str) -> None:
    assert moved_in_words(reviewed(edited(*edits)).jobs[0]) == expected


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param(
            edited(('"15 6 * * *"', '"45 6 * * *"'), text=PAIRED),
            "fetch-games: its schedule changed, and fetch-lines, its pair, stays as it was",
            id="one moves",
        ),
        pytest.param(edited(("Games of the night", "Games"), text=PAIRED), None, id="one is described otherwise"),
        pytest.param(
            edited(('"15 6 * * *"', '"45 6 * * *"'), (LINES, LINES.replace("30", "35")), text=PAIRED), None, id="both move"
        ),
        pytest.param(
            edited((GAMES, ""), text=BASE),
            "fetch-games: it is removed, and fetch-lines, its pair, stays as it was",
            id="one goes, and the pair with it",
        ),
    ],
)
def test_a_pair_of_which_one_changed(after: str, expected: str | None) -> None:
    assert remarks(reviewed(after, PAIRED), Topic.PAIR) == ([expected] if expected else [])


def test_a_crowd_that_one_leaves_is_no_new_crowd_and_one_that_grows_is() -> None:
    three = edited(
        (LINES, 'schedule: "15 6 * * *"'),
        ('schedule: "0 17 * * *"\n    time_zone: Etc/UTC', 'schedule: "15 6 * * *"'),
        (", gap: 5m", ""),
    )
    two = edited(('"15 6 * * *"', '"45 7 * * *"'), text=three)
    assert remarks(reviewed(two, three), Topic.COLLISION) == []
    (grown,) = remarks(reviewed(three, two), Topic.COLLISION)
    assert grown.startswith("service/scrapers: fetch-games, fetch-injuries and fetch-lines: scrapers takes 1 start a minute")


def test_a_waiver_that_has_ended_is_said_even_where_nothing_changes_and_is_a_finding_where_it_is_new() -> None:
    waived = edited(("    runs: [games]\n", "    runs: [games]\n" + WAIVED))
    later = datetime(2026, 12, 11, tzinfo=UTC)
    found, new = reviewed(waived, waived, later), reviewed(waived, at=later)
    for each in (found, new):
        assert remarks(each, Topic.WAIVER) == [
            "jobs.fetch-games: the waiver of stagger ended on 2026-12-10: the source is ready at 6 (data)"
        ]
    assert found.findings == ()
    assert [remark.topic for remark in new.findings] == [Topic.WAIVER]
    assert [note.says for note in found.waivers] == ["ended 1 day ago"]
    assert [note.says for note in reviewed(waived, waived, datetime(2026, 12, 10, tzinfo=UTC)).waivers] == ["ends today"]


def test_a_waiver_is_to_be_looked_at_when_it_is_new_or_ends_within_30_days() -> None:
    waived = edited(("    runs: [games]\n", "    runs: [games]\n" + WAIVED))
    [far] = reviewed(waived, waived, datetime(2026, 11, 9, tzinfo=UTC)).waivers
    [near] = reviewed(waived, waived, datetime(2026, 11, 10, tzinfo=UTC)).waivers
    [new] = reviewed(waived, at=datetime(2026, 11, 9, tzinfo=UTC)).waivers
    assert (far.is_due, near.is_due, new.is_due) == (False, True, True)


def test_a_waiver_is_as_old_as_it_says() -> None:
    aged = WAIVED.replace("until:", "since: 2026-10-30, until:")
    waived = edited(("    runs: [games]\n", "    runs: [games]\n" + aged))
    [note] = reviewed(waived, waived, datetime(2026, 11, 9, tzinfo=UTC)).waivers
    assert note.age == "10 days old"
    other = edited(("    runs: [games]\n", "    runs: [games]\n" + WAIVED))
    [unsaid] = reviewed(other, other, datetime(2026, 11, 9, tzinfo=UTC)).waivers
    assert unsaid.age == "age unknown"


def test_a_rule_that_was_broken_before_is_no_finding_of_this_change() -> None:
    broken = edited((LINES, f'{LINES}\n    was: "0 12 * * *"'))
    assert len(remarks(reviewed(broken), Topic.RULE)) == 1
    moved = edited(('"15 6 * * *"', '"45 6 * * *"'), text=broken)
    assert remarks(reviewed(moved, broken), Topic.RULE) == []


def test_where_something_stands_is_no_change() -> None:
    found = reviewed(edited(("jobs:\n", "# moved down\n\njobs:\n")))
    assert (found.notes, found.collisions, found.coverage) == ((), (), ())
    assert not found.changes


def test_a_comment_is_cut_in_the_order_of_importance_and_never_too_long() -> None:
    many = "".join(
        f'  job-{n}:\n    description: Fetches\n    schedule: "15 6 * * *"\n    target: {{service: scrapers}}\n'
        for n in range(40)
    )
    found = reviewed(edited(("  fetch-lines:", f"{many}  fetch-lines:")))
    lengths = []
    for limit in (4_000, 6_000, 9_000, 20_000):
        said = as_markdown(found, base="b" * 200, head="h", whole="w", limit=limit)
        lengths.append(len(said))
        assert len(said) <= limit
        assert said.count("<details") == said.count("</details>")
        assert said.count("```") % 2 == 0
        assert ("<b>Coverage</b>" in said) <= ("### The day" in said) <= ("### Jobs" in said) <= ("**new collision**" in said)
    assert lengths == sorted(lengths)


def test_a_pair_that_collides_on_more_days_than_before_is_a_note() -> None:
    before, after = (
        edited(("  fetch-lines:", NEW_WRITER.replace("45 10 * * *", f"18 6 * {months} *") + "  fetch-lines:"))
        for months in ("3-10", "3-11")
    )
    found = reviewed(after, before)
    assert found.findings == ()
    assert [remark.subject for remark in found.remarks if remark.topic is Topic.MORE_DAYS] == ["repair-summaries"]


@pytest.mark.parametrize(
    "edits",
    [
        pytest.param([('"18 6 * * *"', '"19 6 * * *"')], id="at another minute"),
        pytest.param([('"18 6 * * *"', '"18 7 * * *"'), ('"15 6 * * *"', '"15 7 * * *"')], id="at another hour"),
        pytest.param([('"18 6 * * *"', '"18 6 * * 1-5"')], id="on fewer days"),
        pytest.param([("expect: 4m", "expect: 5m")], id="in other words"),
    ],
)
def test_a_pair_that_collided_before_is_old_whenever_it_meets(edits: list[tuple[str, str]]) -> None:
    before = edited(("  fetch-lines:", NEW_WRITER.replace("45 10", "18 6") + "  fetch-lines:"))
    assert remarks(reviewed(before), Topic.COLLISION)
    found = reviewed(edited(*edits, text=before), before)
    assert found.changes
    assert (remarks(found, Topic.COLLISION), remarks(found, Topic.ORDER)) == ([], [])


def test_a_job_that_fires_for_a_month_more_fires_at_no_other_instants_and_says_from_when() -> None:
    summer, longer = (edited(('"15 6 * * *"', f'"15 6 * {months} *"')) for months in ("3-9", "3-10"))
    (job,) = reviewed(longer, summer).jobs
    assert moved_in_words(job) == "fires also in October"
    assert (job.first_new, job.first_gone) == (datetime(2027, 10, 1, 10, 15, tzinfo=UTC), None)
    (job,) = reviewed(summer, longer).jobs
    assert (job.first_new, job.first_gone) == (None, datetime(2027, 10, 1, 10, 15, tzinfo=UTC))

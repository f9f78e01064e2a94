"""What a review says of seasons: an extension is one line, and it says for whom, for how long, and what that meets."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from interlock.review.remark import Topic
from interlock.review.review import Review, review
from policies.from_catalog import findings
from tests.interlock.catalogs import load
from tests.interlock.review.cases import BASE

SEASONAL = BASE.replace("    runs: [games]\n", "    runs: [games]\n    season: cup\n", 1).replace(
    "    recoverable: false\n", "    recoverable: false\n    season: cup\n", 1
)
YEAR = "  cup-2026: {from: 2026-10-20, until: 2027-06-20}\n"
LONGER = YEAR.replace("06-20", "06-25")
IN_SEASON, AFTER = datetime(2027, 3, 1, 12, 30, tzinfo=UTC), datetime(2027, 6, 23, 12, 30, tzinfo=UTC)


def seasons(entries: str, text: str = SEASONAL) -> str:
    return f"{text}seasons:\n{entries}"


def reviewed(before: str, after: str, at: datetime = IN_SEASON) -> Review:
    return review(load(before), load(after), at, rules=findings)


def said(found: Review) -> list[tuple[str, bool]]:
    return [(f"{one.subject}: {one.text}", one.is_finding) for one in found.remarks if one.topic is Topic.SEASON]


def test_an_extension_says_whose_runs_it_adds_until_when() -> None:
    found = reviewed(seasons(YEAR), seasons(LONGER))
    assert said(found) == [
        (
            "season/cup: cup-2026: until 2027-06-20 became 2027-06-25; 2 jobs fire 5d longer, 125 runs more; the last of them"
            " at 2027-06-25 23:30 EDT (2027-06-26 03:30 UTC)",
            False,
        )
    ]
    assert not found.jobs, "no job was edited"
    assert found.changes.others["seasons"][0].keys == {"until"}


def test_an_extension_into_what_others_do_names_the_first_new_collision() -> None:
    other = SEASONAL.replace("daily-report:", "summer:\n    description: In summer\n    schedule: '15 6 22-30 6 *'\n"
                             "    target: {service: scrapers, path: /summer}\n  daily-report:", 1)  # fmt: skip
    ((text, _),) = said(reviewed(seasons(YEAR, other), seasons(LONGER, other)))
    assert text.endswith(
        "; first new collision: budget of fetch-games and summer over service/scrapers at 2027-06-22 10:15 UTC"
    )


def test_a_season_that_ends_earlier_says_what_is_lost() -> None:
    assert said(reviewed(seasons(LONGER), seasons(YEAR))) == [
        ("season/cup: cup-2026: until 2027-06-25 became 2027-06-20; 2 jobs fire 5d shorter, 125 runs fewer", False)
    ]


def test_a_change_that_closes_a_season_now_is_a_finding() -> None:
    ((text, is_finding),) = said(reviewed(seasons(LONGER), seasons(YEAR), AFTER))
    assert is_finding
    assert text.endswith(
        "2 jobs fire 2d15h shorter, 65 runs fewer; they are held from the deploy on: fetch-games and fetch-lines"
    )


def test_an_extension_of_a_closed_season_counts_from_now_on() -> None:
    ((text, is_finding),) = said(reviewed(seasons(YEAR), seasons(LONGER), AFTER))
    assert not is_finding
    assert "; 2 jobs fire 2d15h longer, 65 runs more; the last of them at" in text


def test_the_next_year_of_a_season_is_one_line() -> None:
    following = "  cup-2027: {from: 2027-10-19, until: 2028-06-19}\n"
    ((text, is_finding),) = said(reviewed(seasons(YEAR), seasons(YEAR + following)))
    assert text.startswith(
        "season/cup: cup-2027 is new, 2027-10-19 until 2028-06-19; 2 jobs fire 245d longer, 6,125 runs more; "
    )
    assert "new collision" not in text
    assert not is_finding


@pytest.mark.parametrize(
    ("at", "is_finding", "ends"),
    [
        pytest.param(IN_SEASON, False, "9,125 runs a year before, 2,791 runs now", id="while it is open"),
        pytest.param(AFTER, True, "9,125 runs a year before, 0 runs now; held from the deploy on, as it is closed: fetch-games"
                     " and fetch-lines", id="while it is closed"),
    ],
)  # fmt: skip
def test_jobs_that_get_a_season_are_said_together(at: datetime, is_finding: bool, ends: str) -> None:
    assert said(reviewed(BASE, seasons(YEAR), at)) == [
        (f"season/cup: fetch-games and fetch-lines are of the season cup now: {ends}", is_finding)
    ]


def test_a_season_that_is_removed_with_its_jobs() -> None:
    found = reviewed(seasons(YEAR), BASE)
    assert said(found) == [
        (
            "season/cup: fetch-games and fetch-lines are of no season any more, not of cup: 2,791 runs a year before, 9,125"
            " runs now",
            False,
        )
    ]
    assert [(job.name, [(field.key, field.before, field.after) for field in job.change.fields]) for job in found.jobs] == [
        ("fetch-games", [("season", "cup", "")]),
        ("fetch-lines", [("season", "cup", "")]),
    ]


def test_a_season_of_months_shows_in_the_schedules_and_as_one_line() -> None:
    before, after = ("  cup: {from: 03-01, until: %s}\n" % last for last in ("10-31", "11-30"))  # noqa: UP031
    found = reviewed(seasons(before), seasons(after), datetime(2027, 3, 1, 12, 30, tzinfo=UTC))
    ((text, _),) = said(found)
    assert text.startswith(
        "season/cup: cup: until 10-31 became 11-30; 2 jobs fire 30d1h longer in the next year, 751 runs more; "
    )
    assert {job.change.fields[0].after for job in found.jobs} == {"15 6 * 3-11 *", "30 * * 3-11 *"}


def test_nothing_is_said_where_only_another_file_has_the_entry() -> None:
    apart = review(
        load(SEASONAL, f"defaults: {{time_zone: America/New_York}}\nseasons:\n{YEAR}"),
        load(seasons(YEAR)),
        IN_SEASON,
        rules=findings,
    )
    assert not apart.changes
    assert said(apart) == []

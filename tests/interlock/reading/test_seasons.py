"""`seasons` in the files of a catalog: what goes together, what is wrong and where, and what becomes of a job's schedule."""

from __future__ import annotations

import pytest

from interlock.catalog import Catalog
from interlock.graph import scopes
from interlock.reading.entries import SourceFile
from interlock.reading.resolve import resolve_catalog
from tests.interlock.catalogs import GOOD, changed, load, problems

SEASONAL = changed("    region: us-west2", "    season: cup\n    region: us-west2")
"""Its job `fetch` is of the season `cup`, in Etc/UTC."""
DATED = "  cup-2026: {from: 2026-10-20, until: 2027-06-20, time_zone: America/New_York}\n"


def seasonal(entries: str, season: str = "cup") -> str:
    return SEASONAL.replace("season: cup", f"season: {season}") + f"seasons:\n{entries}"


LINE = SEASONAL.count("\n") + 1
"""Of the line `seasons:`."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(seasonal(DATED), [], id="one year"),
        pytest.param(
            seasonal(DATED + "  cup-2027: {from: 2027-10-19, until: 2028-06-19, time_zone: Etc/UTC}\n"), [], id="two years"
        ),
        pytest.param(
            seasonal(DATED + "  cup-2027: {from: 2027-06-21, until: 2028-06-19, time_zone: America/New_York}\n"),
            [],
            id="one year right after the other",
        ),
        pytest.param(
            seasonal(DATED + "  cup-2027: {from: 2027-06-20, until: 2028-06-19, time_zone: America/New_York}\n"),
            [
                f"a.yaml:{LINE + 2}: seasons.cup-2027: begins on 2027-06-20, before cup-2026 in catalog/p/a.yaml:{LINE + 1} is"
                " over"
            ],
            id="two years that overlap",
        ),
        pytest.param(
            seasonal("  cup: {from: 2027-06-20, until: 2026-10-20, time_zone: Etc/UTC}\n"),
            [f"a.yaml:{LINE + 1}: seasons.cup.until: 2026-10-20 is before `from`, 2027-06-20; write a later day"],
            id="an end before the beginning",
        ),
        pytest.param(
            seasonal("  cup: {from: 2026-10-20, until: 06-20, time_zone: Etc/UTC}\n"),
            [f"a.yaml:{LINE + 1}: seasons.cup.until: 06-20 is of every year, and `from` of one year; write both alike"],
            id="one day of one year and one of every year",
        ),
        pytest.param(
            seasonal("  cup: {from: 10-20, until: 06-20, time_zone: Etc/UTC}\n" + DATED),
            [
                f"a.yaml:{LINE + 1}: seasons.cup: is of every year, and catalog/p/a.yaml:{LINE + 2} is of the same season; keep"
                " one of them"
            ],
            id="every year and one of them",
        ),
        pytest.param(
            seasonal("  cup: {from: 01-01, until: 12-31, time_zone: Etc/UTC}\n"),
            [f"a.yaml:{LINE + 1}: seasons.cup: never closes; write other days, or leave it out"],
            id="the whole year",
        ),
        pytest.param(
            seasonal("  cup: {from: 10-20, until: 06-20}\n"),
            [f"a.yaml:{LINE + 1}: seasons.cup: missing key time_zone; write it here or in the defaults of the file"],
            id="no zone",
        ),
        pytest.param(
            seasonal("  cup: {from: 31-10, until: 06-20, time_zone: Etc/UTC}\n"),
            [
                f"a.yaml:{LINE + 1}: seasons.cup.from: '31-10' is a day of no year; write the month first, as 03-01 for the"
                " first of March"
            ],
            id="the day before the month",
        ),
        pytest.param(
            seasonal("  cup: {from: october, until: 06-20, time_zone: Etc/UTC}\n"),
            [
                f"a.yaml:{LINE + 1}: seasons.cup.from: 'october' is no day; write one like 2026-10-20, or 03-01 for one of"
                " every year"
            ],
            id="no day",
        ),
        pytest.param(
            seasonal("  cup: {until: 06-20, time_zone: Etc/UTC}\n"),
            [f"a.yaml:{LINE + 1}: seasons.cup.from: missing key"],
            id="no beginning",
        ),
        pytest.param(
            seasonal("  cup: {from: 10-20, untill: 06-20, time_zone: Etc/UTC}\n"),
            [
                f"a.yaml:{LINE + 1}: seasons.cup.until: missing key",
                f"a.yaml:{LINE + 1}: seasons.cup.untill: unknown key; did you mean until? Allowed: from, until,"
                " time_zone, waive",
            ],
            id="an unknown key",
        ),
        pytest.param(
            seasonal(DATED, season="cups"),
            [
                "a.yaml:13: jobs.fetch.season: p has no season 'cups'; did you mean cup?",
                f"a.yaml:{LINE + 1}: seasons.cup-2026: no job of p says `season: cup`; add that to one, or remove it",
            ],
            id="a season that there is not",
        ),
        pytest.param(
            seasonal(DATED, season="cup-2026"),
            [
                "a.yaml:13: jobs.fetch.season: p has no season 'cup-2026'; did you mean cup?",
                f"a.yaml:{LINE + 1}: seasons.cup-2026: no job of p says `season: cup`; add that to one, or remove it",
            ],
            id="the name of an entry in place of the season's",
        ),
        pytest.param(
            GOOD + f"seasons:\n{DATED}",
            [f"a.yaml:{LINE}: seasons.cup-2026: no job of p says `season: cup`; add that to one, or remove it"],
            id="a season of no job",
        ),
        pytest.param(
            seasonal("  cup: {from: 03-01, until: 10-31, time_zone: Etc/UTC}\n").replace("0 * * * *", "0 * * 1,12 *"),
            [
                'a.yaml:13: jobs.fetch.season: "0 * * 1,12 *" has none of the months of the season cup, 3-10, so it would never'
                " fire"
            ],
            id="no month of the season",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_seasons(text: str, expected: list[str]) -> None:
    assert problems(text) == expected


def test_the_entries_of_a_season_may_stand_in_several_files_of_its_platform() -> None:
    more = "defaults: {time_zone: Etc/UTC}\nseasons:\n  cup-2027: {from: 2027-10-19, until: 2028-06-19}\n"
    catalog = load(seasonal(DATED), more)
    assert len(catalog.seasons["cup"].openings) == 2
    assert [entry.time_zone for entry in catalog.season_entries.values()] == ["America/New_York", "Etc/UTC"]
    assert problems(seasonal(DATED), "seasons:\n" + DATED) == [
        f"b.yaml:2: seasons.cup-2026: there is a season of this name already, in catalog/p/a.yaml:{LINE + 1}"
    ]


def of_two_platforms(second: str) -> Catalog:
    other = seasonal(DATED.replace("2027-06-20", "2027-04-20")).replace("fetch", "fetch-too").replace("load", "load-too")
    other = other.replace("games:", "games-too:").replace("standard", "standard-too").replace("  web:", "  web-too:")
    other = other.replace("service: web,", "service: web-too,").replace("queue:", "queue-too:").replace("batch:", "batch-too:")
    return resolve_catalog(
        [
            SourceFile(name="catalog/p/a.yaml", platform="p", text=seasonal(DATED)),
            SourceFile(name=f"catalog/{second}/a.yaml", platform=second, text=other),
        ]
    )


def test_two_platforms_may_have_a_season_of_one_name_and_each_its_own() -> None:
    catalog = of_two_platforms("q")
    assert sorted(catalog.seasons) == ["p/cup", "q/cup"]
    covered = scopes(catalog)
    assert (covered["season/p/cup"], covered["season/q/cup"]) == (("fetch",), ("fetch-too",))
    one, other = catalog.jobs["fetch"].season, catalog.jobs["fetch-too"].season
    assert one is not None
    assert other is not None
    assert one.ends > other.ends


def test_a_season_of_months_in_the_zone_of_the_job_is_in_its_schedule_and_holds_nothing() -> None:
    catalog = load(seasonal("  cup: {from: 10-01, until: 06-30, time_zone: Etc/UTC}\n"))
    assert catalog.jobs["fetch"].schedule.text == "0 * * 10-12,1-6 *"
    assert catalog.jobs["fetch"].closed_by is None
    assert not catalog.timed
    assert "season/cup" not in scopes(catalog)


def test_what_a_schedule_replaced_gets_the_same_months() -> None:
    text = seasonal("  cup: {from: 10-01, until: 06-30, time_zone: Etc/UTC}\n")
    job = load(text.replace('schedule: "0 * * * *"', 'schedule: "15 * * * *"\n    was: "0 * * * *"')).jobs["fetch"]
    assert job.was is not None
    assert (job.schedule.text, job.was.text) == ("15 * * 10-12,1-6 *", "0 * * 10-12,1-6 *")


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(DATED, id="days of one year"),
        pytest.param("  cup: {from: 10-02, until: 06-30, time_zone: Etc/UTC}\n", id="no whole months"),
        pytest.param("  cup: {from: 10-01, until: 06-30, time_zone: America/New_York}\n", id="months of another zone"),
    ],
)
def test_every_other_season_is_a_hold(entry: str) -> None:
    catalog = load(seasonal(entry))
    assert catalog.jobs["fetch"].schedule.text == "0 * * * *"
    assert scopes(catalog)["season/cup"] == ("fetch",)
    assert list(catalog.timed) == ["season/cup"]


def test_no_window_covers_a_season() -> None:
    said = "schedule: 0 8 * * 2, time_zone: Etc/UTC, duration: 1h, covers: [season/cup], reason: r, owner: o"
    window = f"windows:\n  w: {{{said}}}\n"
    assert [problem.partition(": ")[2] for problem in problems(seasonal(DATED) + window)] == [
        "windows.w.covers[0]: a window covers no season, which opens and closes by its own days; name jobs"
    ]

"""Mistakes in the names of a catalog, one edit each: each is a finding of the rule that names it, where it stands, and of no
other rule. And edits that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.reading.entries import SourceFile
from interlock.reading.resolve import resolve_catalog
from policies.from_catalog import findings
from policies.rules.near import is_near
from tests.policies.estates import TODAY

CLEAN = (Path(__file__).parent / "clean.yaml").read_text(encoding="utf-8")
Edits = tuple[tuple[str, str], ...]
MORE = "  summary: {service: scrapers"
"""Before it stands what a test adds to the processors."""


def found(*edits: tuple[str, str]) -> list[str]:
    text = CLEAN
    for old, new in edits:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    file = SourceFile(name="clean.yaml", platform="clean", text=text)
    return [f"{one.source.line}: {one.rule}: {one.subject}: {one.message}" for one in findings(resolve_catalog([file]), TODAY)]


def adding(*processors: str) -> tuple[str, str]:
    return MORE, "".join(f"  {line}\n" for line in processors) + MORE


BOXSCORE_READER = "box-mail: {service: cleaner, after: [boxscore], tables: {raw.boxscores: [read]}}"
MISTAKES: dict[str, tuple[str, list[str], Edits]] = {
    "a writer of a table with a letter wrong": (
        "spelling",
        ["15: spelling: processors.repair: nobody else touches raw.gamebocks; is raw.gamebooks meant, of "
        "processors.gamebook and 2 more?"],
        (("repair: {service: cleaner, tables: {raw.gamebooks", "repair: {service: cleaner, tables: {raw.gamebocks"),),
    ),
    "a reader of a table with two letters turned": (
        "spelling",
        ["16: spelling: processors.box-mail: nobody else touches raw.boxscoers; is raw.boxscores meant, of processors.boxscore "
        "and 1 more?"],
        (adding(BOXSCORE_READER.replace("boxscores:", "boxscoers:")),),
    ),
    "of two tables with a user each, the one that nobody writes": (
        "spelling",
        ["16: spelling: processors.a-reader: nobody else touches raw.lineup; is raw.lineups meant, of processors.b-writer?"],
        (adding(
            "a-reader: {service: cleaner, after: [repair], tables: {raw.lineup: [read]}}",
            "b-writer: {service: cleaner, after: [repair], tables: {raw.lineups: [append]}}"),),
    ),
    "a dataset with a letter too many": (
        "spelling",
        ["16: spelling: processors.other: nobody else uses the dataset marts; is mart meant, of processors.summary and 1 "
        "more?"],
        (adding("other: {service: cleaner, after: [repair], tables: {marts.weekly: [append]}}"),),
    ),
    "an owner who is another by a letter": (
        "spelling",
        ["55: spelling: jobs.off-season: its owner data-platfrom is near data-platform, of "
        "jobs.boxscore-scraper and 7 more; is that meant?"],
        (("    description: Declared paused\n", "    description: Declared paused\n    owner: data-platfrom\n"),),
    ),
    "what names a partition and is in no body": (
        "spelling",
        ["12: spelling: processors.gamebook: its named_by date is in the body of no job that leads to it, so each run counts "
        "as of any day: gamebook-scraper and 1 more"],
        (("{service: scrapers, expect: 4m, tables: {raw.gamebooks: [mutate]}}",
          "{service: scrapers, expect: 4m, tables: {raw.gamebooks: {write: [merge], partition: day, named_by: date}}}"),),
    ),
    "a service without a job": (
        "unused",
        ["11: unused: services.spare: no job or processor is of it; take it out, or name it where it is meant"],
        (("processors:", "  spare: {kind: run}\nprocessors:"),),
    ),
    "a retry profile that no job says": (
        "unused",
        ["6: unused: retry_profiles.often: no job says it; take it out, or name it where it is meant"],
        (("services:", "  often: {attempts: 5, min_backoff: 10s, max_backoff: 60s, doublings: 5}\nservices:"),),
    ),
    "a processor that nothing starts and that writes what a backfill protects": (
        "started",
        ["16: started: processors.by-hand: no job runs it and it is after nothing: backfill/books, which protects "
        "raw.gamebooks, holds no job for it"],
        (adding("by-hand: {service: scrapers, tables: {raw.gamebooks: [mutate]}}"),),
    ),
    "a job that forgot what it runs": (
        "started",
        ["13: started: processors.boxscore: no job runs it and it is after nothing: backfill/marts, which protects "
        "raw.boxscores, holds no job for it; is `runs: [boxscore]` missing in boxscore-scraper, of its service?"],
        (("    runs: [boxscore]\n", ""),),
    ),
    "messages that come back": (
        "circle",
        ["13: circle: processors.boxscore: its completion message starts it again: boxscore -> summary -> boxscore; take out "
        "one `after`"],
        (("boxscore: {service: scrapers, expect", "boxscore: {service: scrapers, after: [summary], expect"),),
    ),
    "a processor after itself": (
        "circle",
        ["16: circle: processors.again: its completion message starts it again: again -> again; take out one `after`"],
        (adding("again: {service: cleaner, after: [again, repair], tables: {raw.again: [append]}}"),),
    ),
    "a backfill that covers nothing": (
        "covers",
        ["62: covers: backfills.books: covers 0 jobs: it protects no table; mend its tables, its `protect` or the "
        "`runs` of jobs"],
        (("    protect: [outputs]\n", "    protect: [inputs]\n"),),
    ),
    "a scope of a window that covers nothing": (
        "covers",
        ["75: covers: windows.weekly: table/raw.boxscores covers 0 jobs; take it out, or name another scope"],
        (("covers: [service/scrapers]", "covers: [service/scrapers, table/raw.boxscores]"),
         ("raw.boxscores: [mutate]", "raw.boxscores: [read]")),
    ),
    "a job that is kept for nothing": (
        "keep",
        ["62: keep: backfills.books: keeps event-tick, which it would not hold anyway; take it out, or name another"],
        (("    protect: [outputs]\n", "    protect: [outputs]\n    keep: [{job: event-tick, reason: r}]\n"),),
    ),
}  # fmt: skip
"""The rule, what is said, and the edits."""
LEGAL: dict[str, Edits] = {
    "tables of two years": (adding(
        "a: {service: cleaner, after: [repair], tables: {raw.odds_2026: [append]}}",
        "b: {service: cleaner, after: [repair], tables: {raw.odds_2027: [append]}}"),),
    "a second version of a table": (adding(
        "a: {service: cleaner, after: [repair], tables: {raw.store: [append]}}",
        "b: {service: cleaner, after: [repair], tables: {raw.store_v2: [append]}}"),),
    "a table that its user tells from the near one": (adding(
        "a: {service: cleaner, after: [repair], tables: {raw.gamebook: [append], raw.gamebooks: [read]}}"),),
    "near tables that several use each": (adding(
        "a: {service: cleaner, after: [repair], tables: {raw.gamebook: [append]}}",
        "b: {service: cleaner, after: [repair], tables: {raw.gamebook: [read]}}"),),
    "what names a partition in the body of one job of two": (
        ("{service: scrapers, expect: 4m, tables: {raw.gamebooks: [mutate]}}",
         "{service: scrapers, expect: 4m, tables: {raw.gamebooks: {write: [merge], partition: day, named_by: day}}}"),),
    "what names a partition, over a message": (
        ("after: [gamebook, boxscore], tables: {mart.summary: [mutate]}",
         "after: [gamebook, boxscore], tables: {mart.summary: {write: [merge], partition: day, named_by: day}}"),),
    "what names a partition in a text that nobody reads": (
        ("{service: cleaner, tables: {raw.gamebooks: [mutate]}}",
         "{service: cleaner, tables: {raw.gamebooks: {write: [merge], partition: day, named_by: day}}}"),
        ("path: /repair}", "path: /repair, text: 'day=TODAY'}")),
    "words of their own": (adding(
        "a: {service: cleaner, after: [repair], tables: {raw.team_offense: [append]}}",
        "b: {service: cleaner, after: [repair], tables: {raw.team_defense: [append]}}"),),
    "leagues": (adding(
        "a: {service: cleaner, after: [repair], tables: {raw.pba_games: [append]}}",
        "b: {service: cleaner, after: [repair], tables: {raw.wpba_games: [append]}}"),),
    "a processor that a message from outside starts, of a table that nobody protects": (
        ("services:", "services:\n  listener: {kind: run}"),
        adding("heard: {service: listener, tables: {raw.heard: [append]}}")),
    "a processor that nothing starts, and that is waived": (adding(
        "by-hand: {service: scrapers, tables: {raw.gamebooks: [mutate]}, waive: [{rule: started, reason: by hand, owner: data, "
        "until: 2027-01-31}]}"),),
    "a job that is kept and would be held": (
        ("    protect: [outputs]\n", "    protect: [outputs]\n    keep: [{job: gamebook-repair, reason: r}]\n"),),
    "a table of the backfill's own": (
        ("tables: {raw.gamebooks: [mutate]}\n",
         "tables: {raw.gamebooks: [mutate], raw.done: [append]}\n    untouched: [raw.done]\n"),),
}  # fmt: skip
"""Edits that somebody may make without asking anybody."""


@pytest.mark.parametrize(("rule", "said", "edits"), [pytest.param(*one, id=name) for name, one in MISTAKES.items()])
def test_a_mistake_is_a_finding_of_the_rule_that_names_it_and_of_no_other(rule: str, said: list[str], edits: Edits) -> None:
    del rule
    assert found(*edits) == said


@pytest.mark.parametrize("edits", [pytest.param(edits, id=name) for name, edits in LEGAL.items()])
def test_what_is_no_mistake_is_no_finding(edits: Edits) -> None:
    assert found(*edits) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("raw.games", "raw.gmaes"),
        ("raw.games", "raw.game"),
        ("raw.games", "rwa.games"),
        ("raw.games", "raw.Games"),
        ("raw.player_games", "raw.playergames"),
        ("raw.player_games", "raw.playe_rgames"),
        ("raw.player_games", "raw.plyer_gams"),
        ("raw.odds", "raw.ods"),
        ("cup_raw.cups_gamebook_player_stats", "cup_raw.cusp_gamebook_player_stats"),
        ("raw.projections", "raw.projetcion"),
        ("data-platform", "data-platfrom"),
    ],
)
def test_a_slip_is_one_either_way(one: str, other: str) -> None:
    assert is_near(one, other)
    assert is_near(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("raw.games", "raw.games"),
        ("raw.games", "raw.teams"),
        ("raw.pba_games", "raw.wpba_games"),
        ("raw.mlb_games", "raw.mls_games"),
        ("raw_us.events", "raw_eu.events"),
        ("raw.odds_2026", "raw.odds_2027"),
        ("raw.store_v2", "raw.store_v3"),
        ("raw.store", "raw.store_v2"),
        ("raw.part_a", "raw.part_b"),
        ("raw.team_offense", "raw.team_defense"),
        ("raw.home_games", "raw.away_games"),
        ("raw.player_stats", "raw.player_stats_daily"),
    ],
)
def test_names_of_their_own_are_no_slip(one: str, other: str) -> None:
    assert not is_near(one, other)
    assert not is_near(other, one)

"""The one answer to what holds a job: the algebra of the effective state, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.catalog import DeclaredPause, Job, Undecided
from interlock.cron import Cron
from interlock.declaration import Declaration
from interlock.holding import Effective, Holding
from interlock.holds import Hold, parse_object_name, with_content
from interlock.zones import zone
from tests.interlock import one_scraper
from tests.interlock.catalogs import GOOD, load
from tests.interlock.one_scraper import JOB as SCRAPER
from tests.interlock.one_scraper import WINDOW, declaration, hold, holding, hours
from tests.interlock.some_holds import NOW, SCOPES, lists_of_holds, some_holds

PACIFIC = zone("America/Los_Angeles")
JOB = load(GOOD).jobs["fetch"]
OFF_SEASON = DeclaredPause(reason="off-season", owner="data", review=date(2027, 1, 15))
declared_jobs = st.sampled_from([JOB, replace(JOB, paused=OFF_SEASON)])


def state(job: Job, holds: list[Hold]) -> Effective:
    return Holding(now=NOW, scopes=SCOPES, identities={}, objects=tuple(holds)).of(job)


@given(declared_jobs, lists_of_holds, some_holds())
def test_adding_a_hold_never_enables_a_job(job: Job, holds: list[Hold], more: Hold) -> None:
    assert state(job, [*holds, more]).paused >= state(job, holds).paused


@given(declared_jobs, lists_of_holds, st.randoms(use_true_random=True))  # seeded, and not drawn number by number
def test_neither_order_nor_duplicates_matter(job: Job, holds: list[Hold], random: Random) -> None:
    shuffled = holds + holds[: len(holds) // 2]
    random.shuffle(shuffled)
    assert state(job, shuffled) == state(job, holds)


@given(declared_jobs, lists_of_holds)
def test_releasing_all_holds_gives_the_declaration_back(job: Job, holds: list[Hold]) -> None:
    names = [hold.object_name for hold in holds]
    for name in names:
        holds = [hold for hold in holds if hold.object_name != name]
    assert state(job, holds).paused == (job.paused is not None)


@given(declared_jobs, lists_of_holds)
def test_a_job_is_paused_exactly_when_declared_so_or_covered_by_a_hold_that_is_active(job: Job, holds: list[Hold]) -> None:
    covered = any(job.name in SCOPES.get(hold.scope, ()) and hold.end > NOW for hold in holds)
    assert state(job, holds).paused == (job.paused is not None or covered)


@given(declared_jobs, lists_of_holds)
def test_the_explanation_agrees_with_the_state(job: Job, holds: list[Hold]) -> None:
    found = state(job, holds)
    sentence = found.explain(PACIFIC, NOW)
    assert found.paused == (sentence != "running")
    assert ("paused by declaration: off-season" in sentence) == (job.paused is not None)
    assert sentence.count("held by ") == len(found.held_by)
    assert all(f"held by {hold.scope} until " in sentence for hold in found.held_by)


@pytest.mark.parametrize(
    ("job", "names", "sentence"),
    [
        pytest.param(JOB, [], "running", id="nothing"),
        pytest.param(replace(JOB, paused=OFF_SEASON), [], "paused by declaration: off-season", id="declared"),
        pytest.param(
            replace(JOB, undecided=Undecided(review=OFF_SEASON.review)),
            [],
            "left as it is found, until somebody decides",
            id="nobody has decided",
        ),
        pytest.param(
            JOB, ["backfills/games@2026-11-24T07:00:00Z.json"], "held by backfill/games until 23:00 PST (07:00 UTC)", id="held"
        ),
        pytest.param(
            replace(JOB, paused=OFF_SEASON),
            ["holds/all/x@2026-11-24T07:00:00Z.json", "backfills/games@2026-11-24T06:00:00Z.json"],
            "paused by declaration: off-season; held by all until 23:00 PST (07:00 UTC); "
            "held by backfill/games until 22:00 PST (06:00 UTC)",
            id="declared, and held twice",
        ),
    ],
)
def test_why_a_job_is_paused_for_people(job: Job, names: list[str], sentence: str) -> None:
    holds = [hold for name in names if (hold := parse_object_name(name)) is not None]
    assert state(job, holds).explain(PACIFIC, NOW) == sentence


@pytest.mark.parametrize(
    ("scope", "jobs", "covered"),
    [
        pytest.param(
            "job/other", ["fetch"], True, id="the scope does not cover it any more, and did when the hold was written"
        ),
        pytest.param("job/other", ["other"], False, id="it never did"),
        pytest.param("all", [], True, id="the scope covers it now, and did not when the hold was written"),
        pytest.param("window/gone", ["fetch"], True, id="the scope is not known any more"),
        pytest.param("job/other", "fetch", False, id="jobs that are no list are none"),
        pytest.param("job/other", [["fetch"], 1, None], False, id="nor are things that are no names"),
    ],
)
def test_a_hold_covers_what_its_scope_does_and_did(scope: str, jobs: object, covered: bool) -> None:
    hold = parse_object_name(f"holds/{scope}/x@2026-11-24T00:00:00Z.json")
    assert hold is not None
    assert state(JOB, [with_content(hold, {"jobs": jobs})]).paused is covered


@given(declared_jobs, lists_of_holds, some_holds())
def test_a_release_takes_one_identity_away_and_nothing_else(job: Job, holds: list[Hold], gone: Hold) -> None:
    rest = [hold for hold in holds if hold.identity != gone.identity]
    assert (
        Holding(now=NOW, scopes=SCOPES, identities={}, objects=(*holds, gone)).without(gone).of(job).held_by
        == state(job, rest).held_by
    )


MORNING = one_scraper.NOW


def of(known: Declaration, objects: Sequence[Hold], at: datetime, released: Sequence[Hold] = ()) -> Effective:
    return holding(known, objects, MORNING, released).of(SCRAPER, at)


@pytest.mark.parametrize(
    ("holds", "at", "held_by", "free", "following"),
    [
        pytest.param([], 0.0, [], 0.0, "20260310T080000Z", id="runs, a window is next"),
        pytest.param([], 1.0, ["window/tuesday"], 3.0, "20260317T080000Z", id="the first instant of a window"),
        pytest.param([], 3.0, [], 3.0, "20260317T080000Z", id="the end of a window is not in it"),
        pytest.param([hold(hours(0.5))], 0.0, ["job/scraper"], 0.5, "20260310T080000Z", id="free before the window"),
        pytest.param([hold(hours(1))], 0.0, ["job/scraper"], 3.0, "20260317T080000Z", id="from a hold into the window"),
        pytest.param([hold(hours(4))], 2.0, ["job/scraper", "window/tuesday"], 4.0, "20260317T080000Z", id="both at once"),
        pytest.param([hold(hours(2))], 2.5, ["window/tuesday"], 3.0, "20260317T080000Z", id="the hold has ended by then"),
    ],
)
def test_an_outlook(holds: list[Hold], at: float, held_by: list[str], free: float, following: str) -> None:
    seen = of(declaration(), holds, MORNING + hours(at))
    assert [hold.scope for hold in seen.held_by] == held_by
    assert seen.free == MORNING + hours(free)
    assert seen.next_hold is not None
    assert seen.next_hold.id == following


def test_of_an_extension_that_was_caught_half_way_the_last_object_alone_says_when_a_job_is_free() -> None:
    """The older one covered the job, and the newer one does not: nothing holds it."""
    older = replace(hold(hours(0.25)), jobs=frozenset({"scraper"}), scope="job/other", object_name="holds/job/other/x@1.json")
    newer = replace(older, end=MORNING + hours(0.5), jobs=frozenset(), object_name="holds/job/other/x@2.json")
    assert of(declaration(), [older], MORNING).free == MORNING + hours(0.25)
    seen = of(declaration(), [older, newer], MORNING)
    assert (seen.held_by, seen.free) == ((), MORNING)


@pytest.mark.parametrize(
    ("jobs", "identities", "held"),
    [
        pytest.param({"scraper"}, set(), True, id="its name, in an object from before there were regions"),
        pytest.param({"scraper"}, {"us-west2/scraper"}, True, id="its region and name"),
        pytest.param({"scraper"}, {"us-east1/scraper"}, False, id="another job of its name in another region"),
        pytest.param({"scraper", "other"}, {"us-east1/other"}, True, id="its name, beside another job's region"),
        pytest.param(set(), {"us-west2/scraper"}, True, id="no name, and its region and name"),
    ],
)
def test_an_object_covers_the_jobs_that_it_says(jobs: set[str], identities: set[str], held: bool) -> None:
    said = replace(hold(hours(1)), scope="job/gone", jobs=frozenset(jobs), identities=frozenset(identities))
    assert bool(of(declaration(), [said], MORNING).held_by) is held


def test_an_opening_that_was_released_does_not_hold() -> None:
    released = [Hold(scope="window/tuesday", id="20260310T080000Z", end=MORNING + hours(3), object_name="tombstone")]
    seen = of(declaration(), [], MORNING + hours(2), released)
    assert (seen.held_by, seen.free) == ((), MORNING + hours(2))


def test_an_opening_with_its_object_counts_once() -> None:
    opened = hold(hours(3), scope="window/tuesday", id="20260310T080000Z")
    assert of(declaration(), [opened], MORNING + hours(2)).held_by == (opened,)


def test_windows_without_a_gap_between_them_are_beyond_reach() -> None:
    always = replace(WINDOW, schedule=Cron.parse("0 8 * * *"), duration=hours(24))
    seen = of(declaration(windows=(always,)), [], MORNING)
    assert seen.free is None


@given(ends=st.lists(st.integers(1, 40), max_size=4), at=st.integers(0, 40))
def test_a_job_is_free_when_it_says_and_held_until_then(ends: list[int], at: int) -> None:
    holds = [hold(timedelta(minutes=15 * end), id=f"h{number}") for number, end in enumerate(ends)]
    known, start = declaration(windows=()), MORNING + timedelta(minutes=15 * at)
    free = of(known, holds, start).free
    assert free == max([start, *(hold.end for hold in holds)])


OPENED = "20260310T080000Z"
TICK = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("objects", "after", "due"),
    [
        pytest.param([], 0, True, id="a window opens, and the coordinator has not looked yet"),
        pytest.param([], 9, True, id="nor nine minutes later"),
        pytest.param([], 10, False, id="a tick later it should have"),
        pytest.param([hold(hours(3), "window/tuesday", OPENED)], 1, False, id="the opening has its object"),
        pytest.param([hold(hours(3))], 61, False, id="something else holds the job as well"),
    ],
)
def test_until_the_next_look_a_job_that_a_window_holds_may_still_be_enabled(objects: list[Hold], after: int, due: bool) -> None:
    found = of(declaration(), objects, MORNING + hours(1) + timedelta(minutes=after))
    assert found.paused
    assert found.is_due(TICK) is due


@pytest.mark.parametrize(
    ("objects", "released", "starts"),
    [
        pytest.param([], [], ["2026-03-10 08:00"], id="an opening without its object"),
        pytest.param([hold(hours(4), "window/tuesday", OPENED)], [], ["2026-03-10 08:00"], id="one that was extended"),
        pytest.param([hold(hours(4), "window/tuesday", "x")], [], ["2026-03-10 08:00", None], id="a hold beside it"),
        pytest.param([hold(hours(9))], [], ["2026-03-10 08:00", None], id="a hold that does not say since when"),
        pytest.param([hold(hours(0))], [], ["2026-03-10 08:00"], id="a hold that has ended"),
        pytest.param([], [hold(hours(3), "window/tuesday", OPENED)], [], id="an opening that was released"),
    ],
)
def test_what_holds_during_a_day_and_since_when(objects: list[Hold], released: list[Hold], starts: list[str | None]) -> None:
    now = MORNING + hours(1.5)
    known = holding(declaration(), [replace(each, start=None) for each in objects], now, released)
    found = known.during("scraper", MORNING - hours(7), MORNING + hours(17))
    assert sorted((f"{each.start:%Y-%m-%d %H:%M}" if each.start else None for each in found), key=str) == starts


def test_a_start_that_lies_ahead_is_none_as_contents_are_a_strangers() -> None:
    lying = replace(hold(hours(4)), start=MORNING + hours(3))
    (found,) = (each for each in holding(declaration(), [lying], MORNING).during("scraper", MORNING, MORNING + hours(1)))
    assert found.start is None

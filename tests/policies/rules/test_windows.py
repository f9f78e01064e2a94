"""Maintenance windows and Interlock's own timers."""

from __future__ import annotations

import pytest

from policies.rules.estate import Origin, Resource
from tests.policies.estates import ABSENT, Some, estate, job, said, verdict

HOUR = 3_600
WINDOW = {"name": "weekly", "duration_s": 2 * HOUR, "max_hold_s": 96 * HOUR, "covers": ["fetch"]}
TIMER = "interlock-open-weekly"
SCOPES = {"all": ["fetch"], "service/web": ["fetch"]}


def timer(**changed: Some) -> Resource:
    window = {key: value for key, value in {**WINDOW, **changed}.items() if value is not ABSENT}
    return job(TIMER, facts={"window": window})


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        pytest.param({}, None, id="two hours"),
        pytest.param({"duration_s": 96 * HOUR - 1}, None, id="a second less than any hold may"),
        pytest.param({"duration_s": 96 * HOUR}, "window/weekly lasts 4d and a hold at most 4d; make it shorter", id="as long"),
        pytest.param({"duration_s": 120 * HOUR}, "lasts 5d", id="longer"),
        pytest.param({"covers": ["fetch", "interlock-tick"]}, "window/weekly covers interlock-tick, a timer that has to run",
                     id="a timer"),
        pytest.param({"duration_s": ABSENT}, 'its window is "without an end or a limit"', id="no end"),
        pytest.param({"max_hold_s": ABSENT}, 'its window is "without an end or a limit"', id="no limit"),
        pytest.param({"duration_s": -1}, "window.duration_s is -1", id="an end before its beginning"),
        pytest.param({"duration_s": 10**15}, "window.duration_s is", id="the age of the universe"),
        pytest.param({"covers": "all"}, 'window.covers is "all", which is not a list', id="a text for a list"),
        pytest.param({"covers": [5]}, "window.covers[0] is 5, which is not a text", id="a number for a job"),
    ],
)  # fmt: skip
def test_a_window_ends_soon_and_covers_no_timer(changed: dict[str, Some], found: str | None) -> None:
    messages = said("window", timer(**changed))
    assert [found in message for message in messages] == ([True] if found else []), messages


def test_other_jobs_have_no_window() -> None:
    assert verdict("window", estate(job())) is None
    assert verdict("timer", estate(job())) is None


@pytest.mark.parametrize(
    ("paused", "found"),
    [
        pytest.param(False, None, id="running"),
        pytest.param(True, "is a timer and paused is True; write paused = false", id="paused"),
        pytest.param(ABSENT, "is a timer and paused is None; write paused = false", id="unsaid"),
    ],
)
@pytest.mark.parametrize("name", [TIMER, "interlock-tick"])
def test_timers_are_never_paused(name: str, paused: Some, found: str | None) -> None:
    assert said("timer", job(name, paused=paused), scopes=SCOPES) == ([found] if found else [])


@pytest.mark.parametrize(
    ("scopes", "found"),
    [
        pytest.param(SCOPES, None, id="scopes of other jobs"),
        pytest.param({}, None, id="no scopes at all"),
        pytest.param({"all": ["fetch", TIMER]}, "is in all; take it out of every scope", id="one"),
        pytest.param({f"job/{n}": [TIMER] for n in "dcba"}, "is in job/a, job/b, job/c; take it out", id="many"),
        pytest.param(
            ABSENT, "no scopes stand beside it, so nobody knows which it is in; synthesize all stacks", id="none known"
        ),
        pytest.param({"all": TIMER}, f'scopes.all is "{TIMER}", which is not a list', id="a scope that is no list"),
    ],
)
def test_timers_are_in_no_scope(scopes: Some, found: str | None) -> None:
    messages = said("timer", job(TIMER), scopes=None if scopes is ABSENT else scopes)
    assert [found in message for message in messages] == ([True] if found else []), messages


def test_a_catalog_has_no_timers() -> None:
    assert verdict("timer", estate(job(TIMER), origin=Origin.CATALOG)) is None

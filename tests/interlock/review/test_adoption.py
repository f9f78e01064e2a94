"""What a plan adopts and what it lets go: found wrong unless it leaves every job as it is, or somebody accepts it."""

from __future__ import annotations

from itertools import product

import pytest

from interlock.terraform.job_changes import JobChange
from interlock.terraform.plan import ACTIONS, NO_ACTION, UPDATE
from tests.interlock.review.cases import BASE, GAMES, edited
from tests.interlock.review.test_plan import ENDED, FLAG, HOLD, PAUSED_GAMES, change, said

GONE = edited((GAMES, ""))
ACCEPTED = f"{GONE}removed:\n  fetch-games: {{reason: moved to another team, owner: data, until: 2026-11-24}}\n"
EXPIRED = ACCEPTED.replace("2026-11-24", "2026-11-23")
AS_IT_IS = "adopt it as it is, and change it in another pull request"
DECIDED = "somebody paused it, so declare it paused and adopt it as it is, or resume it by hand first"
LET_GO = "the plan lets go of it: it stays in Cloud Scheduler as it is, and no hold, backfill or alert is about it any more"


def adopted(job: str = "fetch-games", *, before: bool | None = False, after: bool | None = False, **more: object) -> JobChange:
    """Adopted as it is found, unless `more` says otherwise."""
    return change(job, before=before, after=after, **{"actions": NO_ACTION, "changed": (), "importing": True, **more})


def resumed(after: bool | None = False, **more: object) -> JobChange:
    return adopted(before=True, after=after, **{"actions": UPDATE, "changed": ("paused",), **more})


def paused() -> JobChange:
    return adopted(after=True, actions=UPDATE, changed=("paused",))


def test_jobs_that_are_adopted_as_they_are_found_are_counted() -> None:
    names = ("fetch-games", "fetch-lines", "daily-report")
    assert said(BASE, BASE, jobs=tuple(map(adopted, names))) == [
        "the plan: 3 jobs are adopted without a change: fetch-games, fetch-lines and daily-report"
    ]
    assert said(BASE, BASE, jobs=(adopted(),)) == ["the plan: 1 job is adopted without a change: fetch-games"]


def test_one_whose_token_google_has_shown_is_adopted_without_a_change() -> None:
    token = adopted("fetch-lines", actions=UPDATE, changed=("http_target",), target_changed=("headers",), only_token=True)
    assert said(BASE, BASE, jobs=(adopted(), token)) == [
        "the plan: 2 jobs are adopted without a change: fetch-games and fetch-lines; of 1 Terraform writes the target again, as"
        " Google shows the token that it sends"
    ]


@pytest.mark.parametrize(
    ("planned", "names", "expected"),
    [
        pytest.param(resumed(), (), f"!fetch-games: the plan adopts it and resumes it: {DECIDED}", id="a resumption"),
        pytest.param(resumed(), (ENDED,), f"!fetch-games: the plan adopts it and resumes it: {DECIDED}",
                     id="a resumption after a hold, which explains those of jobs that are known"),
        pytest.param(resumed(after=None), (), f"!fetch-games: the plan adopts it and may resume it: {DECIDED}",
                     id="a state that only the apply knows"),
        pytest.param(resumed(changed=("http_target", "paused", "schedule"), target_changed=("URL",)), (),
                     f"!fetch-games: the plan adopts it and resumes it and changes its schedule and target URL: {DECIDED}",
                     id="a resumption and more"),
        pytest.param(adopted(actions=UPDATE, changed=("description", "http_target"), target_changed=("account", "headers")), (),
                     "!fetch-games: the plan adopts it and changes its description, target account and target headers: "
                     + AS_IT_IS, id="a change by name, never by value"),
        pytest.param(adopted(actions=UPDATE), (),
                     "!fetch-games: the plan adopts it and writes it, though nothing that is known of it changes: "
                     + AS_IT_IS, id="a change of nothing that is known"),
        pytest.param(paused(), (), f"!fetch-games: the plan adopts it and pauses it: {AS_IT_IS}", id="a pause"),
        pytest.param(paused(), (FLAG,), "fetch-games: the plan adopts it and pauses it: held by backfill/summaries",
                     id="a pause by a flag, as when a deploy was killed"),
        pytest.param(adopted(actions=("create",)), (), "!fetch-games: the plan adopts it and has to create it: plan again",
                     id="what no Terraform plans"),
    ],
)  # fmt: skip
def test_an_adoption_decides_nothing(planned: JobChange, names: tuple[str, ...], expected: str) -> None:
    assert said(BASE, BASE, jobs=(planned,), names=names) == [expected]


@pytest.mark.parametrize(("before", "after"), list(product([BASE, PAUSED_GAMES], repeat=2)))
@pytest.mark.parametrize("names", [(), (HOLD,), (ENDED,), (FLAG,)])
@pytest.mark.parametrize("ended", [(), (FLAG,)])
def test_nothing_explains_a_resumption_by_an_adoption(
    before: str, after: str, names: tuple[str, ...], ended: tuple[str, ...]
) -> None:
    found = [line for line in said(before, after, jobs=(resumed(),), names=names, ended=ended) if "resumes it" in line]
    assert found == [f"!fetch-games: the plan adopts it and resumes it: {DECIDED}"]


@pytest.mark.parametrize(
    ("other", "is_found"),
    [
        pytest.param(change("fetch-lines", after=False, changed=("description",)), True, id="a change"),
        pytest.param(change("fetch-lines", actions=("delete",), changed=(), after=None), True, id="a deletion"),
        pytest.param(change("fetch-lines", actions=("forget",), changed=(), after=None), True, id="one that is let go"),
        pytest.param(change("fetch-lines", actions=("delete", "create"), changed=("region",)), True, id="a replacement"),
        pytest.param(change("fetch-lines", before=None, after=False, actions=("create",), changed=()), False, id="a new job"),
        pytest.param(change("fetch-lines"), False, id="a pause"),
    ],
)
def test_an_adoption_is_alone_in_its_plan(other: JobChange, is_found: bool) -> None:
    alone = "!the plan: it adopts 1 job, and changes or removes fetch-lines; adopt in a plan of its own"
    assert (alone in said(BASE, BASE, jobs=(adopted(), other))) is is_found


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(BASE, GONE, f"!fetch-games: {LET_GO}; delete it, or say under `removed` why, whose decision that is and "
                     "until when", id="that nobody accepts"),
        pytest.param(BASE, ACCEPTED, f"fetch-games: {LET_GO}; removed on purpose: moved to another team (data, until "
                     "2026-11-24)", id="that somebody accepts"),
        pytest.param(GONE, ACCEPTED, f"fetch-games: {LET_GO}; removed on purpose: moved to another team (data, until "
                     "2026-11-24)", id="that was taken out before"),
        pytest.param(BASE, EXPIRED, f"!fetch-games: {LET_GO}; delete it, or say under `removed` why, whose decision that is "
                     "and until when", id="that somebody accepted until yesterday"),
        pytest.param(BASE, BASE, "!fetch-games: the plan lets go of it, although the catalog has it: is it a plan of another "
                     "commit?", id="that the catalog has"),
        pytest.param(GONE, GONE, "!fetch-games: the plan lets go of it, and neither side has it: was it deployed from "
                     "elsewhere?", id="that nobody knows"),
    ],
)  # fmt: skip
def test_a_job_that_is_let_go_is_named(before: str, after: str, expected: str) -> None:
    assert said(before, after, jobs=(change(actions=("forget",), changed=(), after=None),)) == [expected]


SILENT = {("create",), ("read",), NO_ACTION}
"""What needs no word when nothing is adopted. An update that the catalog asks for needs none, either."""


@pytest.mark.parametrize("actions", sorted(ACTIONS))
@pytest.mark.parametrize("importing", [False, True])
@pytest.mark.parametrize("deposed", [False, True])
@pytest.mark.parametrize("sides", [(BASE, BASE), (BASE, GONE), (GONE, BASE), (GONE, GONE)])
def test_whatever_a_plan_does_to_a_job_is_judged(
    actions: tuple[str, ...], importing: bool, deposed: bool, sides: tuple[str, str]
) -> None:
    one = change(before=True, after=False, actions=actions, importing=importing, deposed=deposed)
    lines = said(*sides, jobs=(one,))
    found = [line for line in lines if line.startswith("!fetch-games")]
    if deposed or not (actions in SILENT or (actions == ("delete",) and sides == (BASE, GONE))):
        assert found, lines
    elif importing and actions == NO_ACTION:
        assert "the plan: 1 job is adopted without a change: fetch-games" in lines
    else:
        assert bool(found) is (importing and actions != ("delete",)), lines

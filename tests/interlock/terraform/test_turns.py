"""In which turn stacks are applied between which jobs move."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.terraform.changes import Change, Changes, Kind
from interlock.terraform.job_changes import JOB
from interlock.terraform.turns import turns


def plan(*, gains: str = "", goes: str = "", updates: str = "") -> Changes:
    """A plan of jobs with names of one letter."""
    kinds = ((Kind.IMPORT, gains), (Kind.FORGET, goes), (Kind.PAUSE, updates))
    changes = tuple(
        Change(kind=kind, address=f"{JOB}.{job}", type=JOB, job=job, actions=(), importing=kind is Kind.IMPORT)
        for kind, jobs in kinds
        for job in jobs
    )
    return Changes(changes=changes, jobs={}, outputs={})


@pytest.mark.parametrize(
    ("plans", "order"),
    [
        pytest.param([plan(updates="a"), plan(), plan(updates="b")], [0, 1, 2], id="where nothing moves: as they come"),
        pytest.param([plan(goes="a"), plan(gains="a"), plan()], [1, 0, 2], id="who takes a job over is first"),
        pytest.param([plan(gains="a"), plan(goes="a")], [0, 1], id="also where it comes so"),
        pytest.param([plan(goes="a"), plan(gains="a", goes="b"), plan(gains="b")], [2, 1, 0], id="one after the other"),
        pytest.param([plan(goes="a", gains="b"), plan(gains="a", goes="b"), plan()], [2, 0, 1], id="two that exchange last"),
        pytest.param([plan(goes="a"), plan(goes="b")], [0, 1], id="what nobody takes waits for nobody"),
    ],
)
def test_a_stack_that_takes_a_job_over_comes_before_the_one_that_lets_it_go(plans: list[Changes], order: list[int]) -> None:
    assert turns(plans) == order


@given(st.lists(st.tuples(st.sets(st.sampled_from("abc")), st.sets(st.sampled_from("abc"))), max_size=5))
def test_each_stack_has_one_turn(several: list[tuple[set[str], set[str]]]) -> None:
    plans = [plan(gains="".join(gains), goes="".join(goes)) for gains, goes in several]
    assert sorted(turns(plans)) == [*range(len(plans))]

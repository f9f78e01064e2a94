"""Jobs that run as a pair: what holds one of two, and what says so."""

from __future__ import annotations

import pytest

from interlock.graph import held_apart, left_running, pairs, scopes
from tests.interlock.catalogs import load
from tests.interlock.test_graph import BASE, backfill, processor

PAUSED = "paused: {reason: off-season, owner: data, review: 2099-01-15}"


def job(name: str, runs: str = "", pair: str = "", more: str = "") -> str:
    keys = ["description: d", "schedule: '15 * * * *'", "target: {service: web}", f"runs: [{runs}]", f"pair_with: [{pair}]"]
    return f"  {name}: {{{', '.join([*keys, *([more] if more else [])])}}}\n"


def catalog(*jobs: str, keep: str = "", windows: str = "") -> str:
    held = backfill("x", "d.raw: [mutate]", keep=keep)
    processors = processor("raw", "d.raw: [mutate]")
    return f"{BASE}jobs:\n{''.join(jobs)}processors:\n{processors}backfills:\n{held}{windows}"


WINDOW = "windows:\n  w: {schedule: '0 8 * * 2', duration: 2h, covers: [job/answers], reason: r}\n"
APART = catalog(job("asks", "raw", "answers"), job("answers"))


def test_what_one_of_two_says_counts_for_both() -> None:
    found = pairs(load(catalog(job("a", pair="b"), job("b"), job("c", pair="b"))))
    assert dict(found) == {"a": ("b",), "b": ("a", "c"), "c": ("b",)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(APART, {("asks", "answers"): ("backfill/x",)}, id="a backfill that covers one"),
        pytest.param(
            catalog(job("asks", "raw"), job("answers", pair="asks")),
            {("asks", "answers"): ("backfill/x",)},
            id="said by the other one",
        ),
        pytest.param(catalog(job("asks", "raw", "answers"), job("answers", "raw")), {}, id="a backfill that covers both"),
        pytest.param(
            catalog(job("asks", "raw", "answers"), job("answers", "raw"), keep="answers"),
            {},
            id="a backfill that keeps the other one, and says why",
        ),
        pytest.param(catalog(job("asks", "raw", "answers"), job("answers", more=PAUSED)), {}, id="one that is paused anyway"),
        pytest.param(catalog(job("asks", "raw", "answers", PAUSED), job("answers")), {}, id="a hold that changes nothing"),
        pytest.param(
            catalog(job("asks", "", "answers"), job("answers"), windows=WINDOW),
            {("answers", "asks"): ("window/w",)},
            id="a window that covers one",
        ),
    ],
)
def test_what_holds_one_and_leaves_the_other_running(text: str, expected: dict[tuple[str, str], tuple[str, ...]]) -> None:
    assert dict(held_apart(load(text))) == expected


def test_a_scope_of_one_job_leaves_its_pair_running() -> None:
    known = load(APART)
    assert left_running(known, scopes(known)["job/answers"]) == {"answers": ("asks",)}
    assert left_running(known, scopes(known)["all"]) == {}

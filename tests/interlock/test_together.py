"""The declarations of several stacks are together that of the catalog."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from interlock.catalog import Catalog
from interlock.declaration import Declaration, together
from interlock.declare import declare
from interlock.reading.files import load_environment
from interlock.runtime.declaration_file import parse, to_json
from interlock.shares import shares
from interlock.timing.about import about
from tests.interlock.test_shares import catalog

ENV = load_environment(Path(__file__).parents[2] / "environments", "local")


def parts(whole: Catalog) -> list[Declaration]:
    return [declare(whole, ENV, share=share) for share in shares(whole)]


@given(jobs=st.dictionaries(st.sampled_from("abcde"), st.integers(1, 3), min_size=1), order=st.randoms(use_true_random=False))
def test_all_shares_of_a_catalog_together_in_any_order_are_its_declaration(jobs: dict[str, int], order: random.Random) -> None:
    whole = catalog(jobs)
    known = about(whole, ENV.name)
    found = [
        parse(to_json(replace(part, about=known.of(share.jobs))).encode())
        for part, share in zip(parts(whole), shares(whole), strict=True)
    ]
    order.shuffle(found)
    one = together(found)
    assert one == declare(whole, ENV)
    assert one.about == known


def test_of_a_job_that_two_of_them_have_the_one_that_was_written_last_counts() -> None:
    [older, other] = parts(catalog({"shop": 1, "mail": 1}))
    newer = replace(older, jobs={name: replace(job, paused=True) for name, job in older.jobs.items()})
    assert {job.paused for job in together([older, other, newer]).jobs.values()} == {True, False}
    assert {job.paused for job in together([newer, other, older]).jobs.values()} == {False}


def test_a_job_waits_for_none_of_a_part_that_is_not_there_yet() -> None:
    [mail, shop] = parts(catalog({"shop": 1, "mail": 1}))
    waiting = replace(mail, jobs={name: replace(job, after=("shop-0",)) for name, job in mail.jobs.items()})
    assert together([waiting, shop]).jobs["mail-0"].after == ("shop-0",)
    assert together([waiting, replace(shop, jobs={})]).jobs["mail-0"].after == ()

"""A platform that comes with names which others have changes nothing of those others."""

from __future__ import annotations

from interlock.review.naming import named_alike
from interlock.review.review import review
from policies.from_catalog import findings
from tests.interlock.catalogs import beside
from tests.interlock.review.cases import AT, BASE

NEW = """\
retry_profiles:
  standard: {attempts: 1}
services:
  own: {kind: run}
processors:
  games: {service: own, tables: {shop.games: [append]}}
  mart: {service: own, after: [games], tables: {shop.mart: [mutate]}}
"""


def test_what_was_there_is_said_not_to_have_changed() -> None:
    alone, both = beside(p=BASE), beside(p=BASE, shop=NEW)
    assert "games" in alone.processors
    assert "p/games" in both.processors
    for before, after, how in ((alone, both, "added"), (both, alone, "removed")):
        changes = review(before, after, AT, rules=findings).changes
        assert changes.jobs == ()
        assert [(one.newest.name, str(one.how)) for one in changes.processors] == [("mart", how), ("shop/games", how)]


def test_without_shared_names_nothing_is_renamed() -> None:
    one, other = beside(p=BASE), beside(p=BASE, shop="services:\n  own: {kind: run}\n")
    assert named_alike(one, other) == (one, other)
    assert named_alike(one, other)[0] is one


def test_both_sides_stay_what_they_are_under_their_new_names() -> None:
    before, after = named_alike(beside(p=BASE), beside(p=BASE, shop=NEW))
    assert {job: one.runs for job, one in before.jobs.items()} == {job: one.runs for job, one in after.jobs.items()}
    assert before.jobs["fetch-games"].runs == ("p/games",)
    assert before.processors["summary"].after == ("p/games",)
    assert {one.retry.name for one in before.jobs.values() if one.retry} == {"p/standard"}

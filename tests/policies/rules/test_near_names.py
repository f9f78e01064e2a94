"""Names that are near another are found without a walk over all of them, and are just those that a walk finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policies.rules.near import Names, is_near

WORDS = st.sampled_from(["games", "gmaes", "game", "odds", "ods", "analytics", "analytcis", "raw", "2026", "2027", "Games", ""])
NAMES = st.lists(WORDS, min_size=1, max_size=6).map("_".join)


@given(names=st.lists(NAMES, unique=True, max_size=25), name=NAMES)
def test_the_names_that_are_near_one_are_those_of_a_walk_over_all(names: list[str], name: str) -> None:
    assert Names(names).near(name) == [one for one in names if is_near(name, one)]


def test_two_slips_in_two_words_of_many_are_found() -> None:
    assert Names(["raw.gamebook_players_daily", "raw.odds"]).near("raw.gmaebook_playesr_daily") == [
        "raw.gamebook_players_daily"
    ]

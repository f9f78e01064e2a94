"""The conflict matrix, written out once more by hand, and what is made of it."""

import itertools

import pytest

from interlock.access import WRITES, Conflict, Kind, Severity, conflict, is_real, worst, worst_pair

READ, APPEND, INSERT, MUTATE, TRUNCATE, REPLACE, STREAM, STORAGE_WRITE = Kind
NONE, INFO, HOLE, LOSS, BLOCKED, ERROR = Severity

EXPECTED = {
    # columns:      READ  APPEND INSERT MUTATE TRUNCATE REPLACE STREAM STORAGE_WRITE
    READ: (NONE, NONE, NONE, NONE, INFO, HOLE, INFO, NONE),
    APPEND: (NONE, INFO, NONE, NONE, LOSS, INFO, NONE, NONE),
    INSERT: (NONE, NONE, INFO, NONE, LOSS, INFO, NONE, NONE),
    MUTATE: (NONE, NONE, NONE, ERROR, ERROR, ERROR, BLOCKED, INFO),
    TRUNCATE: (INFO, LOSS, LOSS, ERROR, LOSS, ERROR, BLOCKED, BLOCKED),
    REPLACE: (HOLE, INFO, INFO, ERROR, ERROR, ERROR, BLOCKED, INFO),
    STREAM: (INFO, NONE, NONE, BLOCKED, BLOCKED, BLOCKED, NONE, NONE),
    STORAGE_WRITE: (NONE, NONE, NONE, INFO, BLOCKED, INFO, NONE, NONE),
}
CELLS = [
    pytest.param(a, b, severity, id=f"{a.value} beside {b.value}: {severity.label}")
    for a, row in EXPECTED.items()
    for b, severity in zip(Kind, row, strict=True)
]
SETS = [frozenset(kinds) for size in range(4) for kinds in itertools.combinations(Kind, size)]


@pytest.mark.parametrize(("a", "b", "severity"), CELLS)
def test_each_cell(a: Kind, b: Kind, severity: Severity) -> None:
    found = conflict(a, b)
    assert found.severity is severity
    assert found == conflict(b, a), "the matrix is symmetric"


@pytest.mark.parametrize(("a", "b"), list(itertools.combinations_with_replacement(Kind, 2)))
def test_each_cell_says_why_in_one_sentence(a: Kind, b: Kind) -> None:
    why = conflict(a, b).why
    assert why[0].isupper()
    assert why.endswith(".")
    assert ". " not in why
    assert 20 < len(why) < 200


def test_a_read_never_conflicts_for_real() -> None:
    assert not any(is_real(conflict(READ, kind).severity) for kind in Kind)


def test_adding_rows_never_conflicts_with_adding_rows() -> None:
    adding = (APPEND, INSERT, STREAM, STORAGE_WRITE)
    assert not any(is_real(conflict(a, b).severity) for a, b in itertools.product(adding, adding))


def test_mutations_in_a_transaction_beside_the_storage_write_api_are_explained() -> None:
    assert "multi-statement transactions" in conflict(MUTATE, STORAGE_WRITE).why


def test_the_severities_in_order_with_their_words() -> None:
    assert [severity.label for severity in sorted(Severity)] == ["none", "info", "hole", "data loss", "blocked", "error"]
    assert [severity for severity in Severity if is_real(severity)] == [LOSS, BLOCKED, ERROR]


def test_the_kinds_as_the_catalog_spells_them() -> None:
    assert [str(kind) for kind in Kind] == [
        *("read", "append", "insert", "mutate", "truncate", "replace", "stream", "storage_write")
    ]
    assert set(Kind) - WRITES == {READ}


def test_the_worst_conflict_of_two_actors_is_the_highest_of_all_their_pairs() -> None:
    for a, b in itertools.product(SETS, SETS):
        expected = max((EXPECTED[x][list(Kind).index(y)] for x in a for y in b), default=NONE)
        assert worst(a, b).severity is expected
        assert worst(b, a).severity is expected


def test_the_worst_pair_names_a_kind_of_each_actor() -> None:
    for a, b in itertools.product(SETS, SETS):
        pair = worst_pair(a, b)
        if pair is None:
            assert not a or not b
        else:
            assert pair.first in a
            assert pair.second in b
            assert pair.conflict == conflict(pair.first, pair.second) == worst(a, b)


def test_a_scraper_that_deletes_and_appends_fails_with_a_backfill_that_merges_by_its_delete() -> None:
    pair = worst_pair([APPEND, MUTATE], [READ, MUTATE])
    assert pair is not None
    assert (pair.first, pair.second, pair.conflict.severity) == (MUTATE, MUTATE, ERROR)


def test_of_equally_bad_pairs_that_of_the_kinds_which_do_most_is_named() -> None:
    pair = worst_pair({INSERT, APPEND}, {TRUNCATE})
    assert pair == worst_pair([APPEND, INSERT], [TRUNCATE])
    assert pair is not None
    assert pair.first is INSERT


def test_an_actor_that_does_nothing_conflicts_with_nobody() -> None:
    assert worst([], [MUTATE]) == Conflict(NONE, "One of the two does not touch the table.")
    assert worst_pair([MUTATE], []) is None


@pytest.mark.parametrize("other", [kind for kind in Kind if kind is not READ], ids=str)
def test_a_replacement_conflicts_with_a_writer_at_least_as_its_delete_and_its_load_do(other: Kind) -> None:
    assert conflict(REPLACE, other).severity >= worst([MUTATE, APPEND], [other]).severity


def test_what_is_read_beside_a_replacement_has_a_hole_and_that_is_said() -> None:
    found = worst([READ], [REPLACE, APPEND])
    assert found.severity is HOLE
    assert "without the rows" in found.why


def test_of_conflicts_that_are_equally_bad_the_one_of_the_statement_that_does_most_is_told() -> None:
    pair = worst_pair([READ], [APPEND, MUTATE])
    assert pair is not None
    assert (pair.second, "UPDATE" in pair.conflict.why) == (MUTATE, True)

"""What BigQuery does with what several runs write to one table: rule by rule, and for any statements at all."""

from __future__ import annotations

import random

import pytest
from interlock_guard import errors
from interlock_guard import retry as guard

from interlock.access import Kind
from interlock.timing.bigquery import (
    ONCE,
    PAST,
    RERUNS,
    RUNNING,
    UNKNOWN,
    WAITING,
    Partition,
    Retry,
    Settled,
    Statement,
    settle,
)

MUTATE = frozenset({Kind.MUTATE})
REPLACE = frozenset({Kind.REPLACE})
ALL = [frozenset({kind}) for kind in Kind if kind is not Kind.READ]


def write(begins: float, lasts: float = 10.0, kinds: frozenset[Kind] = MUTATE, day: int | None = None) -> Statement:
    partition = None if day is None else Partition(column="day", day=day)
    return Statement(begins=begins, lasts=lasts, kinds=kinds, partition=partition)


def settled(*statements: Statement, retry: Retry = ONCE, seed: int = 1) -> Settled:
    return settle(statements, retry, random.Random(seed))  # noqa: S311 (no secret)


def long_and_crowd() -> tuple[Statement, list[Statement]]:
    """One that lasts, and beside it short ones of which one commits in each of its tries."""
    slow = write(0.0, 10.0)
    return slow, [write(1.0 + 2.0 * number, 1.0) for number in range(5 * (RERUNS + 1))]


def test_two_that_change_a_partition_at_once_conflict_and_the_later_one_is_run_again() -> None:
    first, second = write(0.0), write(3.0)
    found = settled(first, second)
    assert found.commits == [(10.0, first), (23.0, second)]
    assert (found.reruns, found.failures, found.lost) == (1, [], [])


def test_what_begins_when_the_other_has_committed_does_not_conflict() -> None:
    assert settled(write(0.0), write(10.0)).reruns == 0


def test_what_meets_another_in_each_of_its_reruns_fails_and_is_lost() -> None:
    slow, crowd = long_and_crowd()
    found = settled(slow, *crowd)
    [failure] = found.failures
    assert (failure.statement, failure.at) == (slow, 10.0 * (RERUNS + 1))
    assert failure.by in crowd
    assert found.lost == [slow]
    assert found.reruns == RERUNS


def test_a_retry_that_comes_after_the_others_end_succeeds() -> None:
    slow, crowd = long_and_crowd()
    found = settled(slow, *crowd, retry=Retry())
    assert len(found.failures) == 1
    assert found.lost == []
    last, statement = found.commits[-1]
    assert statement is slow
    assert last >= max(one.begins + one.lasts for one in crowd)


def test_a_retry_that_meets_another_every_time_gives_up() -> None:
    crowd = [write(1.0 + 2.0 * number, 1.0) for number in range(200)]
    found = settled(write(0.0, 10.0), *crowd, retry=Retry(tries=3))
    assert len(found.failures) == 3
    assert len(found.lost) == 1


@pytest.mark.parametrize(
    ("one", "other", "conflicts"),
    [
        pytest.param(None, None, True, id="neither names a partition"),
        pytest.param(5, None, True, id="one names none"),
        pytest.param(5, 5, True, id="both name the same"),
        pytest.param(5, 6, False, id="they name two"),
        pytest.param(PAST - 1, UNKNOWN, False, id="one is of the past, the other is live"),
        pytest.param(PAST - 1, PAST - 2, False, id="two of the past"),
        pytest.param(PAST - 1, PAST - 1, True, id="two rewrites of the same day"),
    ],
)
def test_only_the_same_partition_conflicts(one: int | None, other: int | None, conflicts: bool) -> None:
    assert (settled(write(0.0, day=one), write(3.0, day=other)).reruns > 0) == conflicts


def test_days_that_nobody_knows_are_sometimes_the_same() -> None:
    met = [settled(write(0.0, day=UNKNOWN), write(3.0, day=UNKNOWN), seed=seed).reruns for seed in range(200)]
    assert 0.5 < sum(met) / len(met) < 0.7


def test_another_column_is_no_predicate() -> None:
    other = Statement(begins=3.0, lasts=10.0, kinds=MUTATE, partition=Partition(column="other", day=6))
    assert settled(write(0.0, day=5), other).reruns == 1


def test_two_at_once_run_twenty_wait_and_the_next_is_refused() -> None:
    found = settled(*(write(0.0, 10.0, day=day) for day in range(RUNNING + WAITING + 1)))
    [failure] = found.failures
    assert (failure.at, failure.by) == (0.0, None)
    assert len(found.commits) == RUNNING + WAITING
    assert found.commits[-1][0] == 10.0 * (RUNNING + WAITING) / RUNNING


def test_what_only_adds_rows_waits_for_nobody_and_meets_nobody() -> None:
    adds = [write(0.0, 10.0, frozenset({kind})) for kind in (Kind.APPEND, Kind.INSERT) for _ in range(30)]
    found = settled(write(0.0), *adds)
    assert len(found.commits) == 61
    assert found.reruns == 0


def test_a_truncation_fails_what_mutates_meanwhile_and_removes_what_was_added() -> None:
    new = write(0.0, 10.0, frozenset({Kind.TRUNCATE}))
    added, mutated = write(1.0, 2.0, frozenset({Kind.APPEND})), write(5.0, 10.0)
    found = settled(new, added, mutated)
    assert found.lost == [added]
    assert found.reruns == 1
    assert found.failures == []


def test_rows_that_were_streamed_half_an_hour_ago_cannot_be_changed_and_no_retry_helps() -> None:
    streamed = write(0.0, 1.0, frozenset({Kind.STREAM}))
    soon, late = write(60.0), write(1801.0)
    found = settled(streamed, soon, late, retry=Retry())
    assert [one.statement for one in found.failures] == [soon]
    assert found.lost == [soon]


def test_the_retry_is_the_guards() -> None:
    assert (Retry().tries, Retry().multiplier, Retry().jitter) == (guard.TRIES, guard.MULTIPLIER, guard.JITTER)
    assert (Retry().first, Retry().when_full) == (errors.CONFLICT_DELAY_SECONDS, errors.QUEUE_DELAY_SECONDS)


@pytest.mark.parametrize("seed", range(60))
def test_nothing_that_commits_met_another_and_nothing_is_forgotten(seed: int) -> None:
    """The rule of BigQuery, whatever comes: of what mutates one partition no two commits were at work at once."""
    rng = random.Random(seed)  # noqa: S311 (no secret)
    statements = [
        write(rng.uniform(0, 300), rng.uniform(1, 20), rng.choice(ALL), rng.choice([None, 1, 2]))
        for _ in range(rng.randint(1, 80))
    ]
    retry = rng.choice([ONCE, Retry()])
    found, again = settled(*statements, retry=retry, seed=seed), settled(*statements, retry=retry, seed=seed)
    assert (found.commits, found.lost) == (again.commits, again.lost)
    committed = [one for _, one in found.commits]
    assert len({*committed}) == len(committed)
    assert {*committed} | {*found.lost} == {*statements}
    times = [at for at, _ in found.commits]
    assert times == sorted(times)
    mutating = [(at - one.lasts, at, one) for at, one in found.commits if one.kinds in (MUTATE, REPLACE)]
    for number, (_, ended, one) in enumerate(mutating):
        for began, _, other in mutating[number + 1 :]:
            same = one.partition is None or other.partition is None or one.partition == other.partition
            assert not same or began >= ended - 1e-9
    if retry is ONCE:
        assert all(failure.statement in found.lost for failure in found.failures)

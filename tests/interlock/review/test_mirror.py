"""Properties of any review: nothing of nothing, the same twice, and the other way round the other way round."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.catalog import Catalog
from interlock.findings import Finding
from interlock.review.collisions import CollisionChange
from interlock.review.comment import as_markdown
from interlock.review.coverage import Missed, ScopeChange
from interlock.review.diff import Both, Changed, How, Thing
from interlock.review.review import Review, review
from policies.from_catalog import findings
from tests.interlock.catalogs import load
from tests.interlock.review.cases import BASE

HEAD = BASE[: BASE.index("processors:")]
TABLES = ["a.one", "a.two", "b.three"]
ACCESSES = ["read", "append", "mutate", "truncate"]
SCHEDULES = ["15 6 * * *", "15 * * * *", "0,30 9-17 * * 1-5", "15 11 * * *", "45 2 1 * *", "20 8 * 7 *"]
ZONES = ["Etc/UTC", "America/New_York", "America/Phoenix"]
PAUSED = "paused: {reason: off-season, owner: data, review: 2099-01-01}"

names = st.sampled_from(["ant", "bee", "cow", "dog"])
processors = st.dictionaries(
    st.sampled_from(["load", "mix", "tell"]),
    st.dictionaries(st.sampled_from(TABLES), st.sampled_from(ACCESSES), min_size=1, max_size=2),
    min_size=1,
)


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    """A small catalog: processors in a chain, a few jobs, perhaps a backfill and a window."""
    found = draw(processors)
    lines = ["processors:"]
    for number, (name, tables) in enumerate(sorted(found.items())):
        after = sorted(found)[:number] if draw(st.booleans()) else []
        accesses = ", ".join(f"{table}: [{kind}]" for table, kind in sorted(tables.items()))
        lines.append(f"  {name}: {{service: marts, expect: 3m, after: [{', '.join(after)}], tables: {{{accesses}}}}}")
    jobs = draw(st.sets(names))
    lines += ["jobs:"] if jobs else []
    for name in sorted(jobs):
        runs = ", ".join(sorted(draw(st.sets(st.sampled_from(sorted(found))))))
        lines += [f"  {name}:", "    description: Does it", f'    schedule: "{draw(st.sampled_from(SCHEDULES))}"']
        lines += [f"    time_zone: {draw(st.sampled_from(ZONES))}", f"    runs: [{runs}]"]
        lines += [f"    target: {{service: {draw(st.sampled_from(['scrapers', 'marts']))}}}"]
        lines += [f"    {PAUSED}"] * draw(st.booleans())
    if draw(st.booleans()):
        untouched = ", ".join(sorted({"a.one", "a.two"}.difference(*found.values())))
        what = f"protect: [outputs, inputs], tables: {{a.one: [mutate], a.two: [read]}}, untouched: [{untouched}]"
        lines += ["backfills:", f"  all: {{description: All, expect: 8h, {what}}}"]
    if draw(st.booleans()):
        hour = draw(st.integers(min_value=0, max_value=23))
        lines += [
            "windows:",
            f'  night: {{schedule: "0 {hour} * * *", duration: 2h, covers: [service/marts], reason: deploys}}',
        ]
    return load(HEAD + "\n".join(lines) + "\n")


instants = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 12, 31), timezones=st.just(UTC))


@settings(max_examples=15)
@given(catalogs(), instants)
def test_the_review_of_a_catalog_against_itself_is_empty(catalog: Catalog, at: datetime) -> None:
    found = review(catalog, catalog, at, rules=findings)
    assert (found.remarks, found.jobs, found.collisions, found.coverage) == ((), (), (), ())
    assert not found.changes
    assert found.cost.cents == 0


Things = set[tuple[object, ...]]


def changes(found: Review, *, swapped: bool) -> Things:
    """What changed, with before and after exchanged where `swapped`."""
    things: list[Changed[Thing]] = [*found.changes.jobs, *(thing for part in found.changes.others.values() for thing in part)]  # type: ignore[list-item]
    mirrored = {How.ADDED: How.REMOVED, How.REMOVED: How.ADDED} if swapped else {}
    return {
        (
            type(thing.newest).__name__,
            mirrored.get(thing.how, thing.how),
            tuple(side.name for side in (reversed(thing.sides) if swapped else thing.sides) if side),
            frozenset((f.key, f.after, f.before) if swapped else (f.key, f.before, f.after) for f in thing.fields),
        )
        for thing in things
    }


def collided(found: Review, renamed: dict[str, str], *, swapped: bool) -> Things:
    rezoned = {job.name for job in found.jobs if isinstance(job.change, Both) and "time_zone" in job.change.keys}
    return {_collided(change, renamed, rezoned, swapped=swapped) for change in found.collisions}


def _collided(change: CollisionChange, renamed: dict[str, str], rezoned: set[str], *, swapped: bool) -> tuple[object, ...]:
    jobs = frozenset(renamed.get(job, job) for job in change.jobs)
    numbers = (change.before, change.after, change.new, change.gone)
    if swapped:
        numbers = (change.after, change.before, change.gone, change.new)
    # Days are those of the newer zone, so those of a job whose zone changes are others the other way round.
    days = numbers if rezoned.isdisjoint(change.jobs) else ()
    return (change.kind, change.subject, jobs, days)


def covered(found: Review, renamed: dict[str, str], *, swapped: bool) -> Things:
    return {_covered(change, renamed, swapped=swapped) for change in found.coverage}


def _covered(change: ScopeChange, renamed: dict[str, str], *, swapped: bool) -> tuple[object, ...]:
    joins, leaves, nearly, no_longer = (
        frozenset(renamed.get(member.job, member.job) for member in part)
        for part in (change.joins, change.leaves, change.nearly, change.no_longer_nearly)
    )
    missed = (_runs(change.missed_before), _runs(change.missed_after))
    straight = (change.scope, joins, leaves, nearly, no_longer, *missed)
    return (change.scope, leaves, joins, no_longer, nearly, *reversed(missed)) if swapped else straight


def _runs(missed: Missed | None) -> tuple[int, timedelta] | None:
    return (missed.runs, missed.during) if missed else None


def moves(found: Review, *, swapped: bool) -> Things:
    """How far fires moved; where earlier is as true as later both ways round say later."""
    return {
        (
            job.change.after.name if swapped else job.change.before.name,
            moved.season,
            -moved.by if swapped and not moved.either else moved.by,
        )
        for job in found.jobs
        for moved in (*job.moved, *job.zone_moved)
        if isinstance(job.change, Both)
    }


def unruled(catalog: Catalog, today: date) -> list[Finding]:
    """Rules are about one side, and mirror nothing."""
    del catalog, today
    return []


@settings(max_examples=30)
@given(catalogs(), catalogs(), instants)
def test_a_review_the_other_way_round_mirrors_it(a: Catalog, b: Catalog, at: datetime) -> None:
    there, back = review(a, b, at, rules=unruled), review(b, a, at, rules=unruled)
    old_names = {new: old for old, new in there.changes.renamed.items()}
    assert changes(there, swapped=False) == changes(back, swapped=True)
    assert collided(there, old_names, swapped=False) == collided(back, {}, swapped=True)
    assert covered(there, old_names, swapped=False) == covered(back, {}, swapped=True)
    assert moves(there, swapped=False) == moves(back, swapped=True)
    assert there.cost.cents == -back.cost.cents


def timed(schedule: str, zone: str) -> Catalog:
    """One job that fires then."""
    lines = [
        "jobs:",
        "  ant:",
        "    description: Does it",
        f'    schedule: "{schedule}"',
        f"    time_zone: {zone}",
        "    runs: []",
    ]
    return load(HEAD + "\n".join([*lines, "    target: {service: scrapers}"]) + "\n")


CHANGE = date(2027, 3, 14)
"""Of the clocks of New York."""


@pytest.mark.parametrize("days", range(-4, 5))
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("15 6 * * *", "Etc/UTC"), ("15 11 * * *", "America/New_York")),
        (("15 11 * * *", "America/New_York"), ("20 11 * * *", "Europe/London")),
        (("0 3 * * *", "America/New_York"), ("0 23 * * *", "Etc/UTC")),
        (("55 23 * * *", "America/Phoenix"), ("15 1 * * *", "America/New_York")),
    ],
)
def test_a_job_moves_as_far_both_ways_round_however_little_is_left_until_the_clocks_change(
    old: tuple[str, str], new: tuple[str, str], days: int
) -> None:
    at = datetime.combine(CHANGE + timedelta(days=days), time(), UTC)
    there, back = (review(timed(*one), timed(*other), at, rules=unruled) for one, other in ((old, new), (new, old)))
    for job in (*there.jobs, *back.jobs):
        winter, summer = job.moved
        assert abs(winter.by - summer.by) <= timedelta(hours=1)
    assert moves(there, swapped=False) == moves(back, swapped=True)


@settings(max_examples=10)
@given(catalogs(), catalogs(), instants)
def test_the_same_catalogs_give_the_same_bytes(a: Catalog, b: Catalog, at: datetime) -> None:
    said = [as_markdown(review(a, b, at, rules=findings), base="a", head="b", whole="c") for _ in range(2)]
    assert said[0] == said[1]

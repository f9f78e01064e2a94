"""Coverage: which jobs a scope covers, over which chain, and what it leaves running."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.access import WRITES, Kind, Severity, is_real, worst
from interlock.catalog import Catalog
from interlock.feeds import waits_for
from interlock.graph import Coverage, chains, coverage, held_tables, protected, scopes
from tests.interlock.catalogs import load

BASE = """\
defaults: {owner: data, time_zone: Etc/UTC, region: us-west2, deadline: 60s, retry: once}
retry_profiles:
  once: {attempts: 0, min_backoff: 5s, max_backoff: 5s, doublings: 0, max_duration: 0s}
services:
  web: {kind: run}
  spare: {kind: run}
"""


def job(name: str, *runs: str, service: str = "web", paused: bool = False) -> str:
    pause = ", paused: {reason: off-season, owner: data, review: 2027-01-15}" if paused else ""
    rest = f"target: {{service: {service}}}, runs: [{', '.join(runs)}]{pause}"
    return f"  {name}: {{description: d, schedule: '15 * * * *', {rest}}}\n"


def processor(name: str, tables: str, *after: str) -> str:
    return f"  {name}: {{service: web, after: [{', '.join(after)}], tables: {{{tables}}}}}\n"


def backfill(name: str, tables: str, protect: str = "outputs", keep: str = "", untouched: str = "") -> str:
    return (
        f"  {name}: {{description: d, expect: 1h, tables: {{{tables}}}, untouched: [{untouched}], protect: [{protect}], "
        f"keep: [{f'{{job: {keep}, reason: it is harmless}}' if keep else ''}]}}\n"
    )


def catalog(jobs: list[str], processors: list[str], backfills: list[str]) -> Catalog:
    return load(BASE + "jobs:\n" + "".join(jobs) + "processors:\n" + "".join(processors) + "backfills:\n" + "".join(backfills))


def reasons(covered: Coverage) -> dict[str, list[str]]:
    """Each covered job with its chains, as `protects: chain`."""
    return {name: [f"{r.protects}: {r.chain}" for r in found] for name, found in covered.jobs.items()}


def near(covered: Coverage) -> dict[str, list[str]]:
    return {name: [miss.why for miss in found] for name, found in covered.near_misses.items()}


CHAIN = [
    processor("raw", "d.raw: [mutate]"),
    processor("mart", "d.raw: [read], d.mart: [mutate]", "raw"),
    processor("top", "d.mart: [read], d.top: [mutate]", "mart"),
]


def test_a_job_that_runs_the_writer_is_covered() -> None:
    found = coverage(catalog([job("a", "raw"), job("b")], CHAIN, [backfill("x", "d.raw: [mutate]")]), "backfill/x")
    assert reasons(found) == {"a": ["outputs: a -> raw -> d.raw [mutate]"]}
    assert found.jobs["a"][0].conflict == worst([Kind.MUTATE], [Kind.MUTATE])
    assert not found.jobs["a"][0].chain.over_messages


def test_a_job_is_covered_over_completion_messages_with_the_whole_chain() -> None:
    found = coverage(catalog([job("a", "raw")], CHAIN, [backfill("x", "d.top: [mutate]")]), "backfill/x")
    assert reasons(found) == {"a": ["outputs: a -> raw -> mart -> top -> d.top [mutate]"]}
    assert found.jobs["a"][0].chain.over_messages


def test_a_job_that_only_decides_is_covered_and_said_to_decide() -> None:
    decides = "  clock: {description: d, schedule: '0 * * * *', target: {service: web}, runs: [plan], decides: [raw]}\n"
    known = catalog([decides], [*CHAIN, processor("plan", "d.plan: [append]")], [backfill("all", "d.raw: [mutate]")])
    assert reasons(coverage(known, "backfill/all")) == {"clock": ["outputs: clock -> raw (decided) -> d.raw [mutate]"]}
    assert scopes(known)["table/d.raw"] == ("clock",)


def test_what_a_job_decides_of_it_neither_produces_nor_expects() -> None:
    reader = processor("count", "d.raw: [read], d.counts: [append]")
    jobs = [
        "  clock: {description: d, schedule: '0 * * * *', target: {service: web}, decides: [raw]}\n",
        job("runner", "raw"),
        job("counter", "count"),
    ]
    assert waits_for(catalog(jobs, [*CHAIN, reader], [backfill("all", "d.raw: [mutate]")]))["counter"] == ("runner",)


def test_of_two_ways_to_a_writer_the_shortest_is_the_chain() -> None:
    found = coverage(catalog([job("a", "raw", "mart")], CHAIN, [backfill("x", "d.top: [mutate]")]), "backfill/x")
    assert reasons(found) == {"a": ["outputs: a -> mart -> top -> d.top [mutate]"]}


def test_a_cycle_of_completion_messages_ends() -> None:
    ring = [
        processor("p", "d.p: [mutate]", "r"),
        processor("q", "d.q: [mutate]", "p"),
        processor("r", "d.r: [mutate]", "q", "r"),
    ]
    assert [str(chain) for chain in chains(catalog([job("a", "p")], ring, []))["a"]] == [
        "a -> p -> d.p [mutate]",
        "a -> p -> q -> d.q [mutate]",
        "a -> p -> q -> r -> d.r [mutate]",
    ]


@pytest.mark.parametrize("other", list(Kind))
def test_outputs_are_protected_from_real_conflicts_and_from_nothing_else(other: Kind) -> None:
    small = catalog([job("a", "w")], [processor("w", f"d.t: [{other}]")], [backfill("x", "d.t: [mutate]", "outputs, inputs")])
    expected = is_real(worst([Kind.MUTATE], [other]).severity)
    found = coverage(small, "backfill/x")
    assert ("a" in found.jobs, "a" in found.near_misses) == (expected, not expected)


@pytest.mark.parametrize("other", list(Kind))
def test_inputs_are_protected_from_every_writer_and_from_no_reader(other: Kind) -> None:
    small = catalog([job("a", "w")], [processor("w", f"d.t: [{other}]")], [backfill("x", "d.t: [read]", "inputs")])
    found = coverage(small, "backfill/x")
    assert ("a" in found.jobs) == (other in WRITES)
    assert found.near_misses == {}


@pytest.mark.parametrize(
    ("tables", "protect", "expected"),
    [
        pytest.param("d.t: [mutate]", "inputs", "x does not protect its outputs; ", id="an output of one that protects inputs"),
        pytest.param("d.t: [read]", "outputs", "x does not protect its inputs; ", id="an input of one that protects outputs"),
        pytest.param("d.t: [insert]", "outputs, inputs", "INSERT conflicts with no other statement", id="no conflict"),
    ],
)
def test_a_near_miss_says_why_the_job_is_left_running(tables: str, protect: str, expected: str) -> None:
    small = catalog([job("a", "w")], [processor("w", "d.t: [mutate]")], [backfill("x", tables, protect)])
    found = coverage(small, "backfill/x")
    assert found.jobs == {}
    assert near(found)["a"][0].startswith(expected)


def test_a_table_that_is_read_and_written_is_held_as_an_input_when_only_inputs_are_protected() -> None:
    small = catalog([job("a", "w")], [processor("w", "d.t: [mutate]")], [backfill("x", "d.t: [mutate, read]", "inputs")])
    assert reasons(coverage(small, "backfill/x")) == {"a": ["inputs: a -> w -> d.t [mutate]"]}


def test_a_job_that_the_backfill_keeps_is_a_near_miss_and_named_among_what_is_not_stopped() -> None:
    small = catalog([job("a", "raw"), job("b", "raw")], CHAIN, [backfill("x", "d.raw: [mutate]", keep="b")])
    found = coverage(small, "backfill/x")
    assert list(found.jobs) == ["a"]
    assert near(found) == {"b": ["kept: it is harmless"]}
    assert found.not_stopped[1:] == ("raw: b keeps running (it is harmless)",)


def test_what_pausing_does_not_stop() -> None:
    lone = processor("lone", "d.mart: [truncate]")
    small = catalog([job("a", "raw")], [*CHAIN, lone], [backfill("x", "d.mart: [mutate]")])
    assert coverage(small, "backfill/x").not_stopped == (
        "a run in flight when its job is paused, and retries that it has already started",
        "lone: no job leads to it; what starts it is not in the catalog",
        "mart: messages of raw that are under way or redelivered, and automatic retries, start it",
    )


EVERY_KIND = catalog(
    [job("a", "raw"), job("b", "top", service="spare"), job("c", paused=True)],
    CHAIN,
    [
        backfill("x", "d.mart: [mutate]"),
        "windows:\n  w: {schedule: 0 8 * * 2, duration: 2h, covers: [job/c, service/spare], reason: r}\n",
    ],
)


@pytest.mark.parametrize(
    ("scope", "jobs"),
    [
        pytest.param("all", ["a", "b", "c"], id="all, a declared pause included"),
        pytest.param("platform/p", ["a", "b", "c"], id="the platform"),
        pytest.param("service/web", ["a", "c"], id="a service: the jobs that call it"),
        pytest.param("service/spare", ["b"], id="another service"),
        pytest.param("job/c", ["c"], id="a job"),
        pytest.param("table/d.mart", ["a"], id="a table: the jobs that lead to a writer, not to a reader"),
        pytest.param("table/d.top", ["a", "b"], id="a table at the end of a chain"),
        pytest.param("backfill/x", ["a"], id="a backfill"),
        pytest.param("window/w", ["b", "c"], id="a window: what any of its scopes covers"),
    ],
)
def test_every_kind_of_scope(scope: str, jobs: list[str]) -> None:
    assert list(coverage(EVERY_KIND, scope).jobs) == jobs
    assert scopes(EVERY_KIND)[scope] == tuple(jobs)


@pytest.mark.parametrize(
    "scope",
    ["backfill/y", "backfill/", "backfill", "table/d.none", "table/", "job/x", "service/x", "platform/q", "window/x", "", "x"],
)
def test_an_unknown_scope_is_a_key_error(scope: str) -> None:
    assert scope not in scopes(EVERY_KIND)
    with pytest.raises(KeyError):
        coverage(EVERY_KIND, scope)


names = st.sampled_from("pqrst")
accesses = st.dictionaries(
    st.sampled_from(["d.a", "d.b", "d.c"]),
    st.lists(st.sampled_from([*map(str, Kind)]), min_size=1, max_size=2, unique=True),
    min_size=1,
)


@st.composite
def small_catalogs(draw: st.DrawFn) -> Catalog:
    """Five processors that start one another at random, cycles included; up to five jobs and two backfills."""
    jobs = draw(st.lists(st.lists(names, max_size=2, unique=True), max_size=5))
    backfills = draw(
        st.lists(st.tuples(accesses, st.sampled_from([["outputs"], ["inputs"], ["outputs", "inputs"]])), max_size=2)
    )
    kept = draw(st.booleans()) and jobs
    entry = {"description": "d", "schedule": "15 * * * *", "target": {"service": "web"}}
    following = st.lists(names, max_size=2, unique=True)
    processors: dict[str, Any] = {
        name: {"service": "web", "after": draw(following), "tables": draw(accesses)} for name in "pqrst"
    }
    touched = {table for one in processors.values() for table in one["tables"]}
    written = {
        "jobs": {f"job-{i}": {**entry, "runs": runs} for i, runs in enumerate(jobs)},
        "processors": processors,
        "backfills": {
            f"backfill-{i}": {
                "description": "d",
                "expect": "1h",
                "tables": tables,
                "untouched": [table for table in tables if table not in touched],
                "protect": protect,
                "keep": [{"job": "job-0", "reason": "k"}] if kept else [],
            }
            for i, (tables, protect) in enumerate(backfills)
        },
    }
    # Each entry as JSON, which is YAML, too, and is written in no time.
    return load(BASE, "\n".join([BASE.splitlines()[0], *(f"{key}: {json.dumps(value)}" for key, value in written.items())]))


@given(small_catalogs())
def test_the_scopes_are_what_coverage_explains(small: Catalog) -> None:
    for scope, jobs in scopes(small).items():
        assert tuple(coverage(small, scope).jobs) == jobs


@given(small_catalogs())
def test_no_job_is_both_covered_and_a_near_miss_and_each_reason_holds(small: Catalog) -> None:
    for wanted in small.backfills.values():
        found = coverage(small, f"backfill/{wanted.name}")
        assert not found.jobs.keys() & found.near_misses.keys()
        assert not found.jobs.keys() & {keep.job for keep in wanted.keep}
        for name, why in found.jobs.items():
            for reason in why:
                last = small.processors[reason.chain.processors[-1]]
                assert reason.chain.processors[0] in small.jobs[name].runs
                assert last.tables[reason.chain.table] == reason.chain.access
                assert reason.protects in wanted.protect
                assert reason.chain.table in protected(wanted)
                assert reason.conflict is not None
                assert reason.protects == "inputs" or reason.conflict.severity >= Severity.DATA_LOSS


@given(small_catalogs())
def test_every_job_that_reaches_a_writer_of_what_is_protected_is_covered_or_kept(small: Catalog) -> None:
    for wanted in small.backfills.values():
        found = coverage(small, f"backfill/{wanted.name}")
        for name, job in small.jobs.items():
            reached = set(job.runs)
            for _ in small.processors:  # as often as a chain can be long
                reached |= {p.name for p in small.processors.values() if reached & set(p.after)}
            touched = [
                (own, small.processors[p].tables[t])
                for p in reached
                for t, own in wanted.tables.items()
                if t in small.processors[p].tables
            ]
            harmed = "outputs" in wanted.protect and any(is_real(worst(own, other).severity) for own, other in touched)
            stirred = "inputs" in wanted.protect and any(Kind.READ in own and other & WRITES for own, other in touched)
            kept = name in {keep.job for keep in wanted.keep}
            assert (name in found.jobs) == ((harmed or stirred) and not kept)


@pytest.mark.parametrize(
    ("protect", "tables"),
    [
        pytest.param("outputs", ("d.mart", "d.new"), id="outputs: what it writes, whether or not a job leads there"),
        pytest.param("inputs", ("d.mart", "d.raw"), id="inputs: what it reads"),
        pytest.param("outputs, inputs", ("d.mart", "d.new", "d.raw"), id="both"),
    ],
)
def test_a_backfill_keeps_the_writers_of_what_it_protects_still(protect: str, tables: tuple[str, ...]) -> None:
    touches = "d.raw: [read], d.mart: [read, mutate], d.new: [append]"
    made = catalog([], CHAIN, [backfill("b", touches, protect, untouched="d.new")])
    assert protected(made.backfills["b"]) == tables


def test_a_window_keeps_the_tables_of_all_its_scopes_still_and_scopes_that_are_about_jobs_have_none() -> None:
    window = "windows:\n  w: {schedule: '0 8 * * 2', duration: 2h, covers: [SCOPES], reason: r}\n"
    base = BASE + "processors:\n" + "".join(CHAIN) + "backfills:\n" + backfill("b", "d.top: [mutate]")
    assert held_tables(load(base + window.replace("SCOPES", "table/d.raw, service/web, backfill/b"))) == {
        "all": ("d.mart", "d.raw", "d.top"),
        "backfill/b": ("d.top",),
        "table/d.mart": ("d.mart",),
        "table/d.raw": ("d.raw",),
        "table/d.top": ("d.top",),
        "window/w": ("d.raw", "d.top"),
    }
    assert held_tables(load(base + window.replace("SCOPES", "all")))["window/w"] == ("d.mart", "d.raw", "d.top")
    assert "window/w" not in held_tables(load(base + window.replace("SCOPES", "service/web")))


@pytest.mark.parametrize("derive", [chains, scopes, held_tables, waits_for])
def test_what_is_derived_of_a_catalog_is_derived_once_and_nobody_can_change_it(
    derive: Callable[[Catalog], Mapping[str, object]],
) -> None:
    one, other = catalog([job("a", "p")], [processor("p", "d.t: [append]")], []), catalog([job("b")], [], [])
    assert derive(one) is derive(one)
    assert derive(one) != derive(other)
    with pytest.raises(TypeError):
        derive(one)["b"] = ()  # type: ignore[index]


def test_a_catalog_that_was_changed_derives_anew() -> None:
    one = catalog([job("a", "p")], [processor("p", "d.t: [append]")], [])
    assert set(scopes(one)) != set(scopes(replace(one, jobs={})))

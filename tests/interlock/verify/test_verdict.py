"""Which tables the held jobs write, and what their last insert says: the resume and every due run are instants."""

from __future__ import annotations

import pytest

from interlock.declare import declare
from interlock.graph import chains
from interlock.verify.history import HeldJob
from interlock.verify.verdict import Verdict, Written, judge, written_tables
from tests.interlock.catalogs import load
from tests.interlock.cloud import HEAD, JOBS, at, environment

CATALOG = load(HEAD + JOBS)
DECLARED = declare(CATALOG, environment()).jobs


def held(*jobs: str, free: str | None = "2026-03-10 10:00") -> list[HeldJob]:
    """Those jobs, held since the night."""
    until = at(free) if free else None
    return [HeldJob(name=job, since=at("2026-03-10 02:00"), free=until, scopes=("all",)) for job in jobs]


def tables(*jobs: HeldJob) -> dict[str, Written]:
    return {written.table: written for written in written_tables(chains(CATALOG), DECLARED, jobs)}


def test_only_what_a_held_job_writes_is_a_table_of_it() -> None:
    found = tables(*held("fetch", "also", "mart", "nobody"))
    assert {table: [w.held.name for w in written.writers] for table, written in found.items()} == {
        "d.raw": ["fetch"],
        "d.mart": ["mart"],
    }


@pytest.mark.parametrize(
    ("now", "last", "verdict"),
    [
        pytest.param("2026-03-10 10:20", "2026-03-10 10:16", Verdict.WRITTEN, id="rows came"),
        pytest.param("2026-03-10 10:01", "2026-03-10 10:00", Verdict.WRITTEN, id="rows came at the instant of the resume"),
        pytest.param("2026-03-10 10:19:59", "2026-03-10 01:16", Verdict.NOT_DUE, id="the run of 10:15 may take five minutes"),
        pytest.param("2026-03-10 10:20:01", "2026-03-10 01:16", Verdict.NOT_WRITTEN, id="it should have ended"),
        pytest.param("2026-03-10 10:10", None, Verdict.NOT_DUE, id="no rows at all, and none is due"),
        pytest.param("2026-03-10 11:30", None, Verdict.NOT_WRITTEN, id="no rows at all"),
    ],
)  # fmt: skip
def test_what_the_last_insert_says(now: str, last: str | None, verdict: Verdict) -> None:
    raw = tables(*held("fetch"))["d.raw"]
    assert judge(raw, at(last) if last else None, at(now)) is verdict


def test_a_table_whose_writers_are_held_is_not_judged() -> None:
    raw = tables(*held("fetch", free=None))["d.raw"]
    assert judge(raw, at("2026-03-10 10:16"), at("2026-03-10 11:30")) is Verdict.HELD


def test_runs_are_counted_from_when_each_writer_was_free() -> None:
    both = load(HEAD + JOBS.replace("target: {service: scrapers}, catch_up: skip", "target: {service: scrapers}, runs: [raw]"))
    jobs = declare(both, environment()).jobs
    [early], [late] = held("fetch"), held("also", free="2026-03-10 12:00")
    [raw] = written_tables(chains(both), jobs, [early, late])
    assert raw.resumed == at("2026-03-10 10:00")
    assert raw.due(at("2026-03-10 12:50:01")) == 3 + 1, "10:15, 11:15, 12:15 of the one, 12:45 of the other"


def test_a_job_that_is_paused_by_declaration_is_not_waited_for() -> None:
    off = load(HEAD + JOBS.replace("target: {service: scrapers}, paused:", "target: {service: scrapers}, runs: [raw], paused:"))
    [raw] = written_tables(chains(off), declare(off, environment()).jobs, held("off"))
    assert judge(raw, None, at("2026-03-11 10:00")) is Verdict.HELD

"""The question and the answer, the decorators, and the long run: what callers write, and what they get."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Literal, cast

import functions_framework
import pytest
from flask import Flask
from flask.testing import FlaskClient
from interlock_guard import (
    HoldBucket,
    LongRun,
    Skipped,
    acheck,
    active_holds,
    answer_when_held,
    check,
    long_run,
    skip_when_held,
)
from interlock_guard.asking import PART_OF, Subject

from tests.guard.conftest import FLAG, FLAG_CONTENT, UNTIL_EIGHT, Cloud, scopes

Lines = Callable[[], list[dict[str, object]]]
SCRAPER = """
import functions_framework
from interlock_guard import answer_when_held
import tests.guard.test_asking as here

@functions_framework.http
@answer_when_held(here.BUCKET[0], job=lambda request: request.headers.get("X-CloudScheduler-JobName"),
                  tables=["d.mart"], on_error="run")
def scrape(request):
    return "scraped"
"""
BUCKET: list[object] = []
"""Where the scraper finds the reader of its test."""
TABLE_HOLD = f"holds/table/d.mart/x@{UNTIL_EIGHT}.json"


@pytest.fixture
def scraper(cloud: Cloud, tmp_path: Path) -> FlaskClient:
    """A scraper as functions-framework serves it."""
    BUCKET[:] = [cloud.bucket(max_age_s=0)]
    (tmp_path / "main.py").write_text(SCRAPER)
    client: FlaskClient = functions_framework.create_app("scrape", str(tmp_path / "main.py")).test_client()
    return client


def from_scheduler(job: str) -> dict[str, dict[str, str]]:
    return {"headers": {"X-CloudScheduler-JobName": job, "X-CloudScheduler": "true"}}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param(FLAG, FLAG_CONTENT | {"tables": []}, id="a flag that covers its job"),
        pytest.param(f"holds/service/web/x@{UNTIL_EIGHT}.json", {"jobs": ["fetch"]}, id="a hold that covers its job"),
        pytest.param(TABLE_HOLD, {"jobs": []}, id="a hold of its table alone"),
        pytest.param(FLAG, FLAG_CONTENT | {"jobs": []}, id="a flag that wants its table alone"),
    ],
)
def test_a_scraper_answers_200_with_a_reason_while_it_is_held_and_runs_after_the_end(
    cloud: Cloud, scraper: FlaskClient, lines: Lines, name: str, content: object
) -> None:
    assert scraper.post("/", **from_scheduler("fetch")).text == "scraped"
    cloud.put(name, content)
    cloud.pass_by(2 * 3600 - 1)
    held = scraper.post("/", **from_scheduler("fetch"))
    assert (held.status_code, held.content_type) == (200, "application/json")
    assert held.json
    assert held.json["skipped"] is True
    assert held.json["reason"].startswith("held by ")
    assert [hold["until"] for hold in held.json["holds"]] == [UNTIL_EIGHT]
    [line] = lines()
    assert (line["event"], line["severity"], line["job"], line["tables"]) == ("guard_skipped", "NOTICE", "fetch", ["d.mart"])
    assert line["holds"] == held.json["holds"]
    cloud.pass_by(1)
    assert scraper.post("/", **from_scheduler("fetch")).text == "scraped"


def test_a_scraper_runs_while_others_are_held(cloud: Cloud, scraper: FlaskClient) -> None:
    cloud.put(f"holds/job/other/x@{UNTIL_EIGHT}.json", {"jobs": ["other"]})
    cloud.put(f"holds/table/d.raw/x@{UNTIL_EIGHT}.json", {"jobs": ["other"], "tables": ["d.raw"]})
    assert scraper.post("/", **from_scheduler("fetch")).text == "scraped"
    assert scraper.post("/", **from_scheduler("other")).json
    assert scraper.post("/").text == "scraped", "started by hand, without Cloud Scheduler's header"


def test_a_flask_view_is_guarded_as_it_is(cloud: Cloud) -> None:
    app = Flask("views")
    bucket = cloud.bucket(max_age_s=0)

    @app.post("/<name>")
    @answer_when_held(bucket, tables=lambda name: [f"d.{name}"], on_error="run")
    def load(name: str) -> str:
        return f"loaded {name}"

    cloud.put(TABLE_HOLD, {"reason": "<b>\u2028it is \x1b[31mred"})
    answers = {name: app.test_client().post(f"/{name}") for name in ("mart", "raw")}
    assert answers["raw"].text == "loaded raw"
    assert answers["mart"].json
    assert answers["mart"].json["holds"][0]["reason"] == "<b>\u2028it is \x1b[31mred"
    assert "\x1b" not in answers["mart"].text


def test_a_function_that_is_skipped_returns_what_is_false_and_says_why(cloud: Cloud) -> None:
    cloud.put(FLAG, FLAG_CONTENT)
    ran = []

    @skip_when_held(cloud.bucket(), job=lambda job, **_: job, on_error="run")
    def process(job: str, *, rows: int) -> int:
        """Says how many."""
        ran.append(job)
        return rows

    assert process("other", rows=7) == 7
    skipped = process("fetch", rows=7)
    assert isinstance(skipped, Skipped)
    assert not skipped
    assert str(skipped) == "skipped: held by backfill/tdza until 2026-03-10 08:00:00 UTC (ann; reprocess)"
    assert ran == ["other"]
    assert (process.__name__, process.__doc__) == ("process", "Says how many.")


@pytest.mark.parametrize(("on_error", "ran"), [("run", True), ("skip", False)])
def test_a_function_runs_or_not_when_the_bucket_cannot_be_read(on_error: str, ran: bool, cloud: Cloud) -> None:
    cloud.client.bucket("coordination").delete()
    process = skip_when_held(cloud.bucket(), tables="d.mart", on_error=on_error)(lambda: True)  # type: ignore[arg-type]
    assert bool(process()) is ran


@pytest.mark.parametrize(("on_error", "ran"), [("run", True), ("skip", False)])
@pytest.mark.parametrize("named", ["d", 7, ["d.raw", None], "a b.c"], ids=repr)
def test_a_request_that_names_no_table_right_is_decided_by_on_error(
    cloud: Cloud, on_error: Literal["run", "skip"], ran: bool, named: object
) -> None:
    @skip_when_held(cloud.bucket(), tables=lambda: named, on_error=on_error)  # type: ignore[arg-type, return-value]
    def scrape() -> bool:
        return True

    assert bool(scrape()) is ran


@pytest.mark.parametrize(("on_error", "ran"), [("run", True), ("skip", False)])
def test_a_request_that_names_no_tables_is_decided_by_on_error(cloud: Cloud, on_error: str, ran: bool) -> None:
    @skip_when_held(cloud.bucket(), tables=lambda request: request.get("tables"), on_error=on_error)  # type: ignore[arg-type]
    def work(_: dict[str, list[str]]) -> str:
        return "ran"

    assert (work({}) == "ran") == ran
    assert work({"tables": ["d.mart"]}) == "ran"


@pytest.mark.parametrize("found", [None, 7, "text", [None], [{"scope": "all"}]])
@pytest.mark.parametrize("on_error", ["run", "skip"])
def test_what_a_reader_of_ones_own_gives_is_no_error_past_on_error(found: object, on_error: Literal["run", "skip"]) -> None:
    class Reader:
        def active(self) -> object:
            return found

        async def aactive(self) -> object:
            return found

    reader = cast("HoldBucket", Reader())
    for verdict in (
        check(reader, tables=["d.mart"], on_error=on_error),
        asyncio.run(acheck(reader, tables=["d.mart"], on_error=on_error)),
    ):
        assert (verdict.held, bool(verdict.error)) == (on_error == "skip", True)


def test_what_others_wrote_is_one_line_of_text_in_a_reason(cloud: Cloud) -> None:
    """Scrapers print it."""
    cloud.put(TABLE_HOLD, {"reason": "\x1b]0;title\x07a\u202edeploy\nFORGED", "owner": "\x1b[2Jana"})
    reason = check(cloud.bucket(), tables=["d.mart"], on_error="run").reason
    assert reason.isprintable()
    assert reason.endswith("([2Jana; ]0;title a deploy FORGED)")


def test_an_iterator_of_tables_is_asked_about_every_time(cloud: Cloud) -> None:
    cloud.put(TABLE_HOLD)
    process = skip_when_held(cloud.bucket(), tables=(table for table in ["d.mart"]), on_error="run")(lambda: True)
    assert not process()
    assert not process()


def test_the_backfill_itself_is_not_stopped_by_its_own_flag(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = cloud.bucket()
    cloud.put(FLAG, FLAG_CONTENT)
    cloud.put(TABLE_HOLD)
    of_backfill = skip_when_held(bucket, tables="d.mart", part_of=lambda: "backfill/tdza", on_error="run")(lambda: True)
    assert scopes(active_holds(bucket, tables="d.mart")) == ["backfill/tdza", "table/d.mart"]
    assert scopes(active_holds(bucket, tables="d.mart", part_of="backfill/tdza")) == ["table/d.mart"]
    [hold] = of_backfill().verdict.holds  # type: ignore[union-attr]
    assert hold.scope == "table/d.mart"
    monkeypatch.setenv(PART_OF, "backfill/tdza")
    assert scopes(active_holds(bucket, tables="d.mart")) == ["table/d.mart"]


def test_the_latest_end_comes_first(cloud: Cloud) -> None:
    cloud.put(FLAG, FLAG_CONTENT)
    cloud.put("holds/table/d.mart/x@2026-03-10T09:00:00Z.json")
    verdict = check(cloud.bucket(), tables="d.mart", on_error="run")
    assert scopes(list(verdict.holds)) == ["table/d.mart", "backfill/tdza"]
    assert f"{verdict.until:%H:%M}" == "09:00"
    assert json.loads(json.dumps(verdict.as_json())) == verdict.as_json()


def test_a_long_run_stops_between_two_batches_when_a_hold_comes(cloud: Cloud, lines: Lines) -> None:
    done = []
    with long_run(cloud.bucket(max_age_s=0), tables=["d.mart"], on_error="run") as run:
        for batch in range(9):
            run.stop_if_held()
            done.append(batch)
            if batch == 2:
                cloud.put(FLAG, FLAG_CONTENT)
    assert done == [0, 1, 2]
    assert run.stopped
    assert scopes(list(run.stopped.holds)) == ["backfill/tdza"]
    [line] = lines()
    assert (line["event"], line["tables"]) == ("guard_stopped", ["d.mart"])


def retry_anything(batch: Callable[[], None]) -> None:
    """A scraper's own helper."""
    for _ in range(3):
        with contextlib.suppress(Exception):
            return batch()
    return None


def test_a_batch_that_retries_and_catches_everything_does_not_go_on_after_a_hold_came(cloud: Cloud) -> None:
    done = []

    def batch(number: int) -> None:
        done.append(number)
        if number == 1:
            cloud.put(FLAG, FLAG_CONTENT)
        run.stop_if_held()

    with long_run(cloud.bucket(max_age_s=0), tables=["d.mart"], on_error="run") as run:
        for number in range(4):
            retry_anything(functools.partial(batch, number))
        done.append("marked complete")
    assert run.stopped
    assert done == [0, 1]


def test_a_run_that_was_told_to_stop_stays_stopped_where_even_that_is_caught(cloud: Cloud, lines: Lines) -> None:
    cloud.put(FLAG, FLAG_CONTENT)
    done = []
    with long_run(cloud.bucket(max_age_s=0), tables=["d.mart"], on_error="run") as run:
        for number in range(4):
            try:
                run.stop_if_held()
                done.append(number)
            except BaseException:
                cloud.pass_by(3 * 3600)
    assert run.stopped
    assert done == []
    assert [line["event"] for line in lines()] == ["guard_stopped"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there are no groups of exceptions")
def test_a_group_of_stops_is_the_stop_of_its_run_and_a_mixed_one_is_an_error(cloud: Cloud) -> None:
    """As asyncio.TaskGroup raises it."""
    cloud.put(TABLE_HOLD)

    def stopped(run: LongRun) -> BaseException:
        try:
            run.stop_if_held()
        except BaseException as stop:
            return stop
        raise AssertionError

    with long_run(cloud.bucket(), tables="d.mart", on_error="run") as run:
        raise BaseExceptionGroup("tasks", [stopped(run), BaseExceptionGroup("more", [stopped(run)])])
    assert run.stopped
    with (
        pytest.raises(BaseExceptionGroup),
        long_run(cloud.bucket(), tables="d.mart", on_error="run") as run,
    ):
        raise BaseExceptionGroup("tasks", [stopped(run), ValueError("another")])


def test_a_long_run_that_nothing_holds_goes_to_its_end_and_hides_no_error(cloud: Cloud) -> None:
    with long_run(cloud.bucket(), job="fetch", on_error="skip") as run:
        run.stop_if_held()
        assert not run.check().held
    assert run.stopped is None
    with pytest.raises(ZeroDivisionError), long_run(cloud.bucket(), job="fetch", on_error="skip"):
        1 / 0  # noqa: B018


def test_a_run_inside_a_run_leaves_no_more_than_its_own_block(cloud: Cloud) -> None:
    cloud.put(TABLE_HOLD)
    bucket, reached = cloud.bucket(), []
    with long_run(bucket, tables="d.raw", on_error="run") as outer:
        with long_run(bucket, tables="d.mart", on_error="run") as inner:
            inner.stop_if_held()
        reached.append("after the inner block")
        outer.stop_if_held()
        reached.append("the end")
    assert (reached, outer.stopped) == (["after the inner block", "the end"], None)
    with long_run(bucket, tables="d.mart", on_error="run") as outer:
        with long_run(bucket, tables="d.raw", on_error="run") as inner:
            outer.stop_if_held()
        reached.append("never")
    assert outer.stopped
    assert inner.stopped is None
    assert reached[-1] == "the end"


@pytest.mark.parametrize(("on_error", "stopped"), [("run", False), ("skip", True)])
def test_a_long_run_goes_on_or_stops_when_the_bucket_cannot_be_read(cloud: Cloud, on_error: str, stopped: bool) -> None:
    cloud.client.bucket("coordination").delete()
    with long_run(cloud.bucket(), job="fetch", on_error=on_error) as run:  # type: ignore[arg-type]
        run.stop_if_held()
    assert bool(run.stopped) is stopped


@pytest.mark.parametrize(
    ("written", "table"),
    [
        ("d.t", "d.t"),
        ("p.d.t", "d.t"),
        ("p-1:d.t", "d.t"),
        ("example.com:p.d.t", "d.t"),
        ("d.t$20260310", "d.t$20260310"),
        ("p.d.матч дня", "d.матч дня"),
        ("d.खेल", "d.खेल"),
        ("d.試合$2026", "d.試合$2026"),
    ],
)
def test_a_table_is_understood_as_people_write_it(written: str, table: str) -> None:
    assert Subject.of(None, written).tables == (table,)


def test_a_job_is_understood_by_its_full_name_too() -> None:
    assert Subject.of("projects/p/locations/l/jobs/fetch", ()).job == "fetch"


def generator() -> object:
    def process() -> Iterator[int]:
        yield 1

    return skip_when_held("b", job="j", on_error="run")(process)


def later_generator() -> object:
    async def process() -> AsyncIterator[int]:
        yield 1

    return answer_when_held("b", job="j", on_error="run")(functools.partial(process))


@pytest.mark.parametrize(
    ("call", "error", "why"),
    [
        (lambda: check("b", job="j"), TypeError, "on_error"),
        (lambda: skip_when_held("b", job="j"), TypeError, "on_error"),
        (lambda: long_run("b", job="j"), TypeError, "on_error"),
        (lambda: check("b", job="j", on_error="ignore"), ValueError, 'on_error is \'ignore\'; say "run" or "skip"'),
        (lambda: answer_when_held("b", job="j", on_error=None), ValueError, 'say "run" or "skip"'),
        (lambda: skip_when_held("b", on_error="run"), ValueError, "say which job or which tables"),
        (lambda: long_run("b", on_error="run"), ValueError, "say which job or which tables"),
        (lambda: skip_when_held("b", tables=["mart"], on_error="run"), ValueError, "'mart' is no table; write dataset.table"),
        (generator, TypeError, "process is a generator: its work is done by who iterates"),
        (later_generator, TypeError, "is a generator"),
        (lambda: check("b", on_error="run"), ValueError, "say which job or which tables"),
        (lambda: check("b", job="", tables=[], on_error="skip"), ValueError, "say which job or which tables"),
        (lambda: active_holds("b"), ValueError, "say which job or which tables"),
        (lambda: check("b", job=7, on_error="run"), ValueError, "7 is no job"),
        (lambda: check("b", tables=[None], on_error="run"), ValueError, "None is no table"),
        (lambda: check("b", tables=None, on_error="run"), ValueError, "say which job or which tables"),
        (lambda: check("b", tables=7, on_error="run"), ValueError, "tables is 7; give dataset.table, or several"),
        (lambda: check("b", job="j", on_error="run", deadline=0), ValueError, "deadline is 0; it is the number of seconds"),
        (lambda: skip_when_held("b", job="j", on_error="run", deadline="5"), ValueError, "deadline is '5'"),
        (lambda: long_run("b", job="j", on_error="run", deadline=float("nan")), ValueError, "deadline is nan"),
    ],
)
def test_what_cannot_work_is_refused_at_once(call: Callable[[], object], error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why.replace("(", r"\(")):
        call()

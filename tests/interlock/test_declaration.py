"""The declaration: what it says of a catalog, and that nothing is read that is not understood in full."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from interlock.declare import declare
from interlock.runtime.declaration_file import DeclarationError, parse, to_json
from interlock.terraform.drift import declared_digests
from tests.interlock.catalogs import load
from tests.interlock.cloud import BACKFILLS, HEAD, JOBS, WINDOWS, declaration, environment

CATALOG = load(HEAD + JOBS)


def test_it_says_what_running_and_not_running_needs() -> None:
    said = json.loads(to_json(declaration()))
    assert said["jobs"]["mart"] == {
        "region": "us-west2",
        "schedule": "30 * * * *",
        "time_zone": "Etc/UTC",
        "paused": False,
        "catch_up": "latest",
        "recoverable": True,
        "service": "marts",
        "deadline_s": 60,
        "expect_s": 1200,
        "after": ["fetch"],
        "relative_dates": False,
    }
    assert said["jobs"]["off"]["paused"] is True
    assert said["windows"] == {
        "weekly": {
            "schedule": "0 8 * * 2",
            "time_zone": "Etc/UTC",
            "duration_s": 7200,
            "covers": ["service/scrapers"],
            "reason": "deploys",
            "owner": "data",
        }
    }
    assert said["scopes"]["window/weekly"] == said["scopes"]["service/scrapers"] == ["also", "fetch", "off"]
    assert said["tables"] == {
        "all": ["d.mart", "d.raw"],
        "backfill/mart": ["d.mart"],
        "table/d.mart": ["d.mart"],
        "table/d.raw": ["d.raw"],
    }
    assert said["services"] == {"marts": {"starts_per_minute": None}, "scrapers": {"starts_per_minute": 2}}
    assert (said["max_hold_s"], said["tick_s"], said["breaker_hold_s"]) == (345600, 600, 1800)


def test_it_says_digests_of_the_parts_of_a_job_where_somebody_gives_them() -> None:
    declared = declare(CATALOG, environment(), declared_digests(CATALOG, environment()))
    said = json.loads(to_json(declared))["jobs"]["mart"]["digests"]
    assert said.keys() == {"URL", "account", "audience", "deadline", "description", "method", "retries", "schedule", "zone"}
    assert {len(digest) for digest in said.values()} == {4}
    assert parse(to_json(declared).encode()) == declared


def test_a_chain_over_messages_is_expected_to_take_as_long_as_its_processors_one_after_the_other() -> None:
    chained = HEAD.replace("mart: {service: marts, expect: 20m,", "mart: {service: marts, expect: 20m, after: [raw],")
    jobs = declaration(chained + JOBS).jobs
    assert jobs["fetch"].expect == timedelta(minutes=25)
    assert jobs["fetch"].after == ()
    assert jobs["also"].expect is None
    assert jobs["also"].busy == timedelta(minutes=1), "its deadline"


@pytest.mark.parametrize(
    ("body", "relative"),
    [
        ("{date: TODAY}", True),
        ("{a: [{b: yesterday}]}", True),
        ("{analysis_date: AUTO}", True),
        ("{date: '2026-03-10'}", False),
        ("{note: not TODAY}", False),
        ("{automatic: true}", False),
    ],
)
def test_a_body_with_a_date_relative_to_the_day(body: str, relative: bool) -> None:
    jobs = JOBS.replace("target: {service: marts}", f"target: {{service: marts, path: /x, body: {body}}}")
    assert declaration(HEAD + jobs + BACKFILLS).jobs["mart"].relative_dates is relative


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    said = json.loads(to_json(declaration()))
    change(said)
    return json.dumps(said).encode()


def test_one_from_before_there_were_tables_is_read_too() -> None:
    assert parse(changed(lambda said: said.pop("tables"))) == replace(declaration(), tables={})


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[" * 100_000, id="a bomb of brackets"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(changed(lambda d: d.pop("jobs")), id="a part is missing"),
        pytest.param(changed(lambda d: d.update(more=1)), id="an unknown part"),
        pytest.param(changed(lambda d: d.update(version=2)), id="a later version"),
        pytest.param(changed(lambda d: d["jobs"]["mart"].pop("paused")), id="a job that does not say whether it is paused"),
        pytest.param(changed(lambda d: d["jobs"]["mart"].update(paused=0)), id="paused is a number"),
        pytest.param(changed(lambda d: d["jobs"]["mart"].update(schedule="every day")), id="a schedule that is none"),
        pytest.param(changed(lambda d: d["jobs"]["mart"].update(time_zone="Mars/Base")), id="a zone that is none"),
        pytest.param(changed(lambda d: d["jobs"]["mart"].update(catch_up="all")), id="a catch-up that is none"),
        pytest.param(changed(lambda d: d["jobs"]["mart"].update(expect_s=-1)), id="less than no time"),
        pytest.param(changed(lambda d: d["jobs"]["mart"].update(expect_s=True)), id="a truth for a time"),
        pytest.param(changed(lambda d: d["jobs"]["mart"].update(digests={"URL": "a secret"})), id="a digest that is none"),
        pytest.param(changed(lambda d: d["jobs"].update({"../x": d["jobs"]["mart"]})), id="a name that is a path"),
        pytest.param(changed(lambda d: d["scopes"].update({"everything": []})), id="a scope that is none"),
        pytest.param(changed(lambda d: d["scopes"].update({"all": "mart"})), id="jobs that are no list"),
        pytest.param(changed(lambda d: d["tables"].update({"all": ["mart"]})), id="a table that is none"),
        pytest.param(changed(lambda d: d["windows"]["weekly"].update(duration_s="2h")), id="a duration that is text"),
        pytest.param(changed(lambda d: d.update(max_hold_s=None)), id="no limit"),
    ],
)
def test_what_is_not_understood_is_refused(content: bytes) -> None:
    with pytest.raises(DeclarationError) as refused:
        parse(content)
    assert len(str(refused.value)) < 500
    assert "\n" not in str(refused.value)


def test_the_catalog_that_the_tests_use_is_read() -> None:
    assert sorted(declaration(HEAD + JOBS + WINDOWS).jobs) == ["also", "fetch", "mart", "off"]

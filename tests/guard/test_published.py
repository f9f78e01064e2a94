"""What coordinator and command line write keeps the published schema; of Terraform tests/stacks/test_held.py says it."""

from __future__ import annotations

import json
import re

import pytest

from interlock.runtime.callers import Caller, Part
from interlock.runtime.ledger import PLANNED_OBJECT
from tests.guard.published import DOCS, SCHEMA, faults, faults_of
from tests.interlock.cloud import Cloud, at
from tests.interlock.runtime.test_operations import incident

HOLD = {"action": "hold", "scope": "backfill/mart", "for_s": 7200, "reason": "r", "owner": "o", "id": "x"}
EXTEND = {"action": "extend", "scope": "backfill/mart", "id": "x", "for_s": 14400}


def only_hold(sky: Cloud) -> bytes:
    [name] = sky.names("holds/")
    return sky.objects[name][1]


def test_a_hold_an_extension_a_window_and_the_breaker_keep_it() -> None:
    """`interlock hold --direct` writes with the same function."""
    sky = Cloud(now=at("2026-03-10 06:00"))
    sky.ask(json.dumps(HOLD).encode())
    assert faults_of("hold", only_hold(sky)) == []
    sky.ask(json.dumps(EXTEND).encode())
    assert faults_of("hold", only_hold(sky)) == []
    asked = Cloud(now=at("2026-03-10 06:00"))
    for request in (HOLD, EXTEND):
        asked.ask(json.dumps(request).encode(), caller=Caller(email="ana@acme.dev", part=Part.OPERATOR))
    assert faults_of("hold", only_hold(asked)) == []
    assert {"asked_by", "extended_by"} <= json.loads(only_hold(asked)).keys()
    window = Cloud(now=at("2026-03-10 08:00"))
    window.reconcile()
    assert faults_of("hold", only_hold(window)) == []
    broken = Cloud(now=at("2026-03-10 06:00"))
    broken.ask(incident())
    assert faults_of("hold", only_hold(broken)) == []


def test_the_hold_of_a_command_and_what_is_planned_keep_it() -> None:
    sky = Cloud(now=at("2026-03-10 06:00"))
    sky.ask(json.dumps(HOLD | {"run": "laptop, process 1"}).encode())
    sky.ask(json.dumps(EXTEND | {"failed": "its exit code was 3"}).encode())
    assert {"run", "failed"} <= json.loads(only_hold(sky)).keys()
    assert faults_of("hold", only_hold(sky)) == []
    plan = {key: value for key, value in HOLD.items() if key != "id"} | {"at": "2026-03-10T07:00:00Z"}
    sky.ask(json.dumps(plan).encode(), caller=Caller(email="ana@acme.dev", part=Part.OPERATOR))
    [name] = sky.names("ledger/planned/")
    assert faults_of("planned", sky.objects[name][1]) == []
    page, pattern = (DOCS / "flags.md").read_text(encoding="utf-8"), PLANNED_OBJECT
    assert f"\n{pattern}\n" in page
    assert re.fullmatch(pattern, name)


def test_an_extension_of_an_object_from_before_there_were_tables_has_them() -> None:
    sky = Cloud(now=at("2026-03-10 06:00"))
    old = {"scope": "backfill/mart", "id": "x", "jobs": ["mart"], "reason": "r", "owner": "o"}
    old |= {"start": "2026-03-10T05:00:00Z", "until": "2026-03-10T07:00:00Z"}
    assert faults(old, SCHEMA) == []
    sky.put("holds/backfill/mart/x@2026-03-10T07:00:00Z.json", json.dumps(old).encode())
    sky.ask(json.dumps(EXTEND).encode())
    assert faults_of("hold", only_hold(sky)) == []
    assert json.loads(only_hold(sky))["tables"] == ["d.mart"]


@pytest.mark.parametrize("kind", ["flag", "hold", "planned"])
def test_the_examples_on_the_page_keep_it(kind: str) -> None:
    page = (DOCS / "flags.md").read_text(encoding="utf-8")
    flag, hold, planned = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert faults_of(kind, {"flag": flag, "hold": hold, "planned": planned}[kind]) == []


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("[]", "content is no object"),
        ('{"backfill": "b"}', "content has no until"),
        ('{"backfill": "-b"}', "content.backfill does not match"),
        ('{"jobs": "fetch"}', "content.jobs is no array"),
        ('{"tables": ["d.t", "t"]}', "content.tables[] does not match"),
        ('{"jobs": ["fetch", "fetch"]}', "content.jobs has something twice"),
        ('{"until": "2026-03-10T08:00:00+00:00"}', "content.until does not match"),
    ],
)
def test_the_schema_refuses_what_is_not_in_it(content: str, fault: str) -> None:
    assert fault in faults(json.loads(content), SCHEMA)

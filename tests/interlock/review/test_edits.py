"""What an edit of a job does, in words: whom it calls, as whom, and what it sends, with the dates that words mean."""

from __future__ import annotations

import base64
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.catalog import Catalog, Json
from interlock.review.bodies import body_edits
from interlock.review.diff import Both, difference
from interlock.review.edits import job_edits
from interlock.review.review import review
from interlock.review.sections import sections
from interlock.terminal.review_json import as_json
from policies.from_catalog import findings
from tests.interlock.catalogs import changed, load
from tests.interlock.review.cases import AT

DAY = date(2026, 12, 1)
SERVICES = "web: {kind: run}"
OTHERS = (
    f"{SERVICES}\n  a: {{kind: function}}\n  site: {{kind: url, url: 'https://x.example'}}\n"
    "  own: {kind: run, token: {oidc: {account: reporter}}}"
)
TARGET = "target: {service: web, path: /x}"
FULL = changed(SERVICES, OTHERS)


def said(before: str, after: str, text: str = FULL) -> list[str]:
    """What the edit of a target does, each as a line."""
    old, new = (load(text.replace(TARGET, f"target: {{{target}}}")) for target in (before, after))
    (job,) = difference(old, new).jobs
    assert isinstance(job, Both)
    return [edit.said("->") for edit in job_edits(job, DAY)]


WEB = "service: web, path: /x"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (WEB, "service: a, path: /y, method: GET", ["calls GET /y of a instead of POST /x of web"]),
        (WEB, "service: web, path: /y", ["calls POST /y of web instead of POST /x of web"]),
        (WEB, f"{WEB}, token: {{oidc: {{account: other}}}}", ["calls as other instead of as the invoker"]),
        (WEB, f"{WEB}, token: none", ["calls without a token instead of as the invoker"]),
        (f"{WEB}, token: none", f"{WEB}, token: {{oauth: {{}}}}", ["calls as the invoker instead of without a token"]),
        (
            f"{WEB}, token: {{oauth: {{}}}}",
            f"{WEB}, token: {{oidc: {{}}}}",
            ["calls with an identity token instead of an access token"],
        ),
        (
            WEB,
            f"{WEB}, token: {{oidc: {{audience: 'https://y.example'}}}}",
            ["calls with a token for https://y.example instead of {url}"],
        ),
        (
            WEB,
            "service: own, path: /x",
            ["calls POST /x of own instead of POST /x of web", "calls as reporter instead of as the invoker"],
        ),
        (WEB, f"{WEB}, text: hello", ["sends text instead of nothing"]),
        (f"{WEB}, body: {{a: 1}}", f"{WEB}, text: hello", ["sends text instead of JSON", 'body {"a": 1} -> (none)']),
        (f"{WEB}, text: hello", f"{WEB}, base64: /w==", ["sends bytes instead of text"]),
        (f"{WEB}, text: hello", f"{WEB}, text: good day", ["sends other text: 8 bytes instead of 5 bytes"]),
        (WEB, f"{WEB}, headers: {{X-One: a, X-Two: b}}", ["sends the headers X-One and X-Two"]),
        (f"{WEB}, headers: {{X-Api-Key: abc}}", WEB, ["no longer sends the header X-Api-Key"]),
        (
            f"{WEB}, headers: {{X-Api-Key: sesame}}",
            f"{WEB}, headers: {{X-Api-Key: open}}",
            ["sends another value of the header X-Api-Key"],
        ),
        (f"{WEB}, body: {{a: 1, b: 2}}", f"{WEB}, body: {{a: 1, b: 3}}", ["b 2 -> 3"]),
        (
            f"{WEB}, body: {{date: TODAY}}",
            f"{WEB}, body: {{date: YESTERDAY}}",
            ["date TODAY (2026-12-01 at the next fire) -> YESTERDAY (2026-11-30)"],
        ),
    ],
)
def test_a_changed_target_is_said_in_words(before: str, after: str, expected: list[str]) -> None:
    assert said(before, after) == expected


def test_topics_and_run_jobs_are_published_to_and_run() -> None:
    topic = FULL.replace("    deadline: 180s\n", "")
    web, queue, batch = (
        load(text.replace(TARGET, f"target: {{service: {name}}}"))
        for text, name in ((FULL, "web"), (topic, "queue"), (FULL, "batch"))
    )
    assert calls(web, queue) == "publishes to queue instead of calling POST of web"
    assert calls(queue, batch) == "runs batch instead of publishing to queue"
    message = "service: queue, attributes: {{date: {}}}"
    assert said(message.format("today"), message.format("tomorrow"), topic) == [
        "date today (2026-12-01 at the next fire) -> tomorrow (2026-12-02)"
    ]


def calls(before: Catalog, after: Catalog) -> str:
    """What a job calls instead."""
    (job,) = difference(before, after).jobs
    assert isinstance(job, Both)
    return next(edit.what for edit in job_edits(job, DAY) if " instead of " in edit.what)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"mail": {"dates": ["TODAY", "x"]}}, {"mail": {"dates": ["auto", "x"]}},
         ["mail.dates[0] TODAY (2026-12-01 at the next fire) -> auto (2026-12-01)"]),
        ({"date": "2026-11-30"}, {"date": "YESTERDAY"}, ["date 2026-11-30 -> YESTERDAY (2026-11-30 at the next fire)"]),
        ({"date": "TODAY"}, {}, ["date TODAY (2026-12-01 at the next fire) -> (none)"]),
        ({"n": 1, "of": None}, {"n": "1", "of": "TODAY'S"}, ['n 1 -> "1"', "of null -> TODAY'S"]),
        ({"data": '{"date": "TODAY"}'}, {"data": '{"date": "TOMORROW"}'},
         ["data.date TODAY (2026-12-01 at the next fire) -> TOMORROW (2026-12-02)"]),
        ({"api_key": "sesame", "a": 1}, {"api_key": "open", "a": 1}, ["another value of api_key, which is not shown"]),
        ({"api_key": "sesame"}, {}, ["api_key *** -> (none)"]),
        ({"a": {"b": 1}}, {"a": 2}, ["a.b 1 -> (none)", "a (none) -> 2"]),
        ([1], {"a": 1}, ["[0] 1 -> (none)", "a (none) -> 1"]),
        (dict.fromkeys("abcdefg", 1), {}, ['body {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1} -> {}']),
        ("TODAY", 1, ['body "TODAY" -> 1']),
    ],
)  # fmt: skip
def test_a_body_is_said_value_by_value(before: Json, after: Json, expected: list[str]) -> None:
    assert [edit.said("->") for edit in body_edits(before, after, DAY)] == expected
    back = body_edits(after, before, DAY)
    assert len(back) == len(expected)


SECRET, KEYS = "sesame-7f3a", ["a", "b.c", "api_key", "date"]
values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["TODAY", "yesterday", "x", "", "7", SECRET]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b.c", "api_key", "date"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(values, values)
def test_whatever_differs_in_a_body_is_said_and_a_secret_never_is(before: Json, after: Json) -> None:
    edits = body_edits({"api_key": SECRET, "of": before}, {"api_key": SECRET, "of": after}, DAY)
    same = json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
    assert edits
    assert same or all(edit.is_sentence or edit.before != edit.after for edit in edits)
    hidden = body_edits({"api_key": SECRET}, {"api_key": f"{SECRET}2", "of": after}, DAY)
    assert not any(f"{SECRET}2" in edit.said("->") for edit in hidden)


def test_a_date_in_base64_is_found() -> None:
    old, new = (
        {"messages": [{"data": base64.b64encode(json.dumps({"date": word}).encode()).decode()}]} for word in ("today", "auto")
    )
    assert [edit.what for edit in body_edits(old, new, DAY)] == ["messages[0].data.date"]


def test_without_a_next_fire_a_word_is_a_word() -> None:
    assert [edit.said("->") for edit in body_edits({"date": "TODAY"}, {"date": "auto"}, None)] == ["date TODAY -> auto"]


def test_the_date_is_that_of_the_next_fire_in_the_zone_of_the_job() -> None:
    """At 08:30 UTC on the 24th it fires at 09:00, which is the 24th in Tokyo, too; at 15:00 UTC it is the 25th there."""
    texts = [changed("path: /x}", f"path: /x, body: {{date: {word}}}}}") for word in ("TODAY", "YESTERDAY")]
    for hour, zone, shown in (
        ("0 *", "Etc/UTC", "2026-11-24"),
        ("0 1", "Asia/Tokyo", "2026-11-25"),
        ("0 12", "Etc/UTC", "2026-11-24"),
    ):
        old, new = (
            load(text.replace('"0 * * * *"', f'"{hour} * * *"').replace("time_zone: Etc/UTC", f"time_zone: {zone}"))
            for text in texts
        )
        found = review(old, new, AT, rules=findings)
        written = "".join(section.text(99) for section in sections(found))
        assert f"date `TODAY ({shown} at the next fire)` → `YESTERDAY" in written
        (job,) = as_json(found)["jobs"]  # type: ignore[index, call-overload, misc]
        assert job["edits"][0].startswith(f"date TODAY ({shown} at the next fire) -> YESTERDAY (")  # type: ignore[index, union-attr, call-overload]


def test_a_changed_service_says_which_jobs_call_it() -> None:
    found = review(
        load(FULL), load(FULL.replace(SERVICES, "web: {kind: run, token: {oidc: {account: other}}}")), AT, rules=findings
    )
    written = "".join(section.text(99) for section in sections(found))
    assert "`services.web`: token `oidc: invoker for {url}` → `oidc: other for {url}`; called by `fetch`" in written

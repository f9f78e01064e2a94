"""What differs between two catalogs, as people wrote it."""

from __future__ import annotations

import pytest

from interlock.review.diff import How, difference
from tests.interlock.catalogs import GOOD, changed, load

FETCH = GOOD[GOOD.index("  fetch:") : GOOD.index("backfills:")]
RETRY = "standard: 3 attempts, 10s to 5m, 5 doublings, at most 10m"
PAUSED = "paused: {reason: broken, owner: data, review: 2027-01-01}"


def fields(text: str) -> list[tuple[str, str, str]]:
    """The keys of the job that differ from GOOD, with both values."""
    (job,) = difference(load(GOOD), load(text)).jobs
    return [(field.key, field.before, field.after) for field in job.fields]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("0 * * * *", "15 * * * *", ("schedule", "0 * * * *", "15 * * * *")),
        ("time_zone: Etc/UTC", "time_zone: Asia/Tokyo", ("time_zone", "Etc/UTC", "Asia/Tokyo")),
        ("deadline: 180s", "deadline: 540s", ("deadline", "3m", "9m")),
        ("path: /x", "path: /y", ("target.path", "/x", "/y")),
        ("path: /x}", "path: /x, body: {a: 1}}", ("target.body", "", '{"a": 1}')),
        ("service: web, path: /x", "service: queue", None),
        ("runs: [load]", "runs: []", ("runs", "load", "")),
        ("owner: data\n    region", "owner: web\n    region", ("owner", "data", "web")),
        ("attempts: 3", "attempts: 4", ("retry", RETRY, RETRY.replace("3", "4"))),
        ("runs: [load]", f"runs: [load]\n    {PAUSED}", ("paused", "", "broken (data, review 2027-01-01)")),
        ("runs: [load]", "runs: [load]\n    recoverable: false", ("recoverable", "true", "false")),
    ],
)
def test_a_key_that_differs_is_said_as_people_write_it(old: str, new: str, expected: tuple[str, str, str] | None) -> None:
    text = changed(old, new)
    if expected is None:
        text = text.replace("    deadline: 180s\n", "")
        assert {key for key, _, _ in fields(text)} == {"target.service", "target.path", "deadline"}
    else:
        assert fields(text) == [expected]


def test_one_and_true_are_not_the_same_body() -> None:
    one, true = (load(changed("path: /x}", f"path: /x, body: {{a: {value}}}}}")) for value in ("1", "true"))
    assert [field.key for field in difference(one, true).jobs[0].fields] == ["target.body"]


def test_a_service_that_changes_is_no_change_of_the_jobs_that_call_it() -> None:
    found = difference(load(GOOD), load(changed("web: {kind: run}", "web: {kind: run, starts_per_minute: 2}")))
    assert found.jobs == ()
    [service] = found.services
    assert (service.newest.name, [field.key for field in service.fields]) == ("web", ["starts_per_minute"])


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param("", "rules: {lead: 1h}", [("lead", "30m", "1h")], id="said now"),
        pytest.param("rules: {lead: 1h}", "", [("lead", "1h", "30m")], id="no longer said"),
        pytest.param("rules: {lead: 30m}", "", [], id="what goes without saying"),
        pytest.param("", "rules: {stagger: off, was: days}", [("stagger", "minutes 15 and 45", "off"), ("was", "same", "days")],
                     id="several"),
    ],
)  # fmt: skip
def test_rules_of_a_platform_that_change_are_said(before: str, after: str, expected: list[tuple[str, str, str]]) -> None:
    found = difference(load(f"{GOOD}{before}\n"), load(f"{GOOD}{after}\n"))
    fields = [(field.key, field.before, field.after) for rules in found.rules for field in rules.fields]
    assert fields == expected
    assert bool(found) is bool(expected)


def test_a_partition_is_said_by_its_column_and_what_names_it() -> None:
    bare, known = (
        load(changed("raw.games: [append]", f"raw.games: {{write: [mutate], partition: day{key}}}"))
        for key in ("", ", named_by: date")
    )
    [processor] = difference(bare, known).processors
    assert [(field.key, field.before, field.after) for field in processor.fields] == [
        ("partitions", "raw.games: [day]", "raw.games: [day by date]")
    ]


def test_the_nearest_of_two_that_start_the_same_is_the_new_name() -> None:
    two = GOOD.replace("  fetch:", "  get:").replace(
        "backfills:", FETCH.replace("  fetch:", "  other:").replace("0 *", "15 *") + "backfills:"
    )
    jobs = difference(load(GOOD), load(two)).jobs
    assert [(job.newest.name, job.how) for job in jobs] == [("get", How.RENAMED), ("other", How.ADDED)]
    assert difference(load(GOOD), load(two)).renamed == {"fetch": "get"}


def test_one_that_starts_something_else_is_no_new_name() -> None:
    jobs = difference(load(GOOD), load(GOOD.replace("  fetch:", "  get:").replace("path: /x", "path: /y"))).jobs
    assert [(job.newest.name, job.how) for job in jobs] == [("fetch", How.REMOVED), ("get", How.ADDED)]

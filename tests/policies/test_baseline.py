"""A catalog's baseline: what is old, what is mended, what is wrong with it, and how it is written anew."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path, PurePosixPath

import pytest

from interlock.baseline import text_of
from interlock.catalog import Accepted, Catalog
from interlock.environment import Environment
from interlock.reading.folder import catalog_of
from policies.__main__ import main
from policies.baseline import Renewal, renewal
from policies.from_catalog import Judged, findings, judged
from tests.interlock.catalogs import CLEAN
from tests.policies.estates import TODAY
from tests.stacks.conftest import synthesize

UNTIL = date(2027, 2, 21)
SECRET = "    target: {service: web, path: /x, body: {api_key: 0123456789abcdef}}"
BROKEN = CLEAN
"""`fetch` breaks the stagger: it starts a writer of a backfilled table at :00."""
MENDED = CLEAN.replace('"0 * * * *"', '"15 * * * *"')


def entry(rule: str = "stagger", subject: str = "jobs.fetch", since: str = "2026-11-01", until: str = "2026-12-31") -> str:
    return f"  - {{rule: {rule}, subject: {subject}, since: {since}, until: {until}, owner: data}}\n"


def with_baseline(*entries: str, jobs: str = BROKEN) -> Catalog:
    files = {"p/jobs.yaml": jobs, **({"p/baseline.yaml": "baseline:\n" + "".join(entries)} if entries else {})}
    return catalog_of("catalog", {PurePosixPath(name): text.encode() for name, text in files.items()})


def anew(catalog: Catalog, today: date = TODAY) -> Renewal:
    found = judged(catalog, today)
    return renewal(catalog, [*found.new, *found.old], today=today, until=UNTIL)


def names(accepted: tuple[Accepted, ...]) -> list[tuple[str, str]]:
    return [(one.rule, one.subject) for one in accepted]


def figures(found: Judged) -> tuple[int, int, int]:
    return len(found.new), len(found.old), len(found.mended)


@pytest.mark.parametrize(
    ("catalog", "today", "expected"),
    [
        pytest.param(with_baseline(), TODAY, (1, 0, 0), id="new where nobody accepts it"),
        pytest.param(with_baseline(entry()), TODAY, (0, 1, 0), id="old where somebody does"),
        pytest.param(with_baseline(entry()), date(2026, 12, 31), (0, 1, 0), id="old on its last day"),
        pytest.param(with_baseline(entry()), date(2027, 1, 1), (1, 0, 0), id="new again after it"),
        pytest.param(with_baseline(entry(), jobs=MENDED), TODAY, (0, 0, 1), id="mended"),
        pytest.param(with_baseline(entry(), jobs=MENDED), date(2027, 1, 1), (0, 0, 1), id="mended, and ended since"),
        pytest.param(with_baseline(entry("token")), TODAY, (1, 0, 0), id="nobody knows here whether a token is mended"),
    ],
)
def test_a_finding_is_new_or_old_or_mended(catalog: Catalog, today: date, expected: tuple[int, int, int]) -> None:
    assert figures(judged(catalog, today)) == expected


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param(entry("staggr"), "accepts unknown rule 'staggr'; did you mean stagger?", id="an unknown rule"),
        pytest.param(entry("secret"), "secret is not accepted, however long it has been so: mend it", id="a secret"),
        pytest.param(entry("delete"), "delete is not accepted, however long it has been so: mend it", id="what a plan does"),
        pytest.param(
            entry(subject="jobs.fetsh"), "the catalog has no job 'fetsh'; did you mean fetch?", id="a job that is not there"
        ),
    ],
)
def test_an_entry_that_can_accept_nothing_is_a_finding_with_its_line(line: str, said: str) -> None:
    [found] = findings(with_baseline(line, jobs=MENDED), TODAY)
    assert str(found).startswith(f"catalog/p/baseline.yaml:2: baseline: {found.subject}: {said}; ")
    assert found.message.endswith("; .venv/bin/interlock validate --baseline takes it out")
    assert anew(with_baseline(line, jobs=MENDED)).entries == {}


def test_what_is_found_today_is_accepted_from_today_for_whoever_owns_the_job() -> None:
    [one] = anew(with_baseline()).entries["p"]
    assert (one.rule, one.subject, one.since, one.until, one.owner) == ("stagger", "jobs.fetch", TODAY, UNTIL, "data")


def test_what_stays_keeps_its_days() -> None:
    written = anew(with_baseline(entry()))
    assert written.entries["p"] == with_baseline(entry()).baseline
    assert (written.added, written.renewed, written.dropped) == ((), (), ())


def test_what_has_ended_is_accepted_anew_and_as_old_as_it_was() -> None:
    written = anew(with_baseline(entry(until="2026-11-22")))
    [one] = written.entries["p"]
    assert (one.since, one.until) == (date(2026, 11, 1), UNTIL)
    assert names(written.renewed) == [("stagger", "jobs.fetch")]


def test_what_is_mended_leaves() -> None:
    written = anew(with_baseline(entry(), jobs=MENDED))
    assert written.entries == {}
    assert names(written.dropped) == [("stagger", "jobs.fetch")]


def test_what_only_a_stack_shows_stays_as_it_is() -> None:
    ended = entry("token", until="2026-11-02")
    assert names(anew(with_baseline(ended, jobs=MENDED)).entries["p"]) == [("token", "jobs.fetch")]


def test_a_secret_is_refused_and_the_rest_accepted() -> None:
    written = anew(with_baseline(jobs=BROKEN.replace("    target: {service: web, path: /x}", SECRET)))
    assert [one.rule for one in written.refused] == ["secret"]
    assert names(written.entries["p"]) == [("stagger", "jobs.fetch")]


def test_more_findings_of_a_rule_are_counted() -> None:
    twice = BROKEN.replace('schedule: "0 * * * *"', 'schedule: "0 * * * *"\n    was: "0,30 * * * *"')
    written = anew(with_baseline(entry(), jobs=twice))
    [one] = written.entries["p"]
    assert (one.count, one.until) == (2, date(2026, 12, 31))
    assert [more.count for more in written.added] == [1]
    once = anew(with_baseline(text_of([one]).partition("baseline:\n")[2]))
    assert [(one.count, less.count) for one, less in zip(once.entries["p"], once.dropped, strict=True)] == [(1, 1)]


@pytest.mark.parametrize("jobs", [BROKEN, MENDED], ids=["broken", "mended"])
@pytest.mark.parametrize("lines", [(), (entry(),), (entry(until="2026-11-22"), entry("staggr"), entry("token"))], ids=len)
def test_with_what_is_written_nothing_is_new_and_written_again_it_is_the_same(jobs: str, lines: tuple[str, ...]) -> None:
    text = text_of(anew(with_baseline(*lines, jobs=jobs)).entries.get("p", ()))
    written = with_baseline(*filter(None, [text.partition("baseline:\n")[2]]), jobs=jobs)
    found = judged(written, TODAY)
    assert (found.new, found.mended) == ((), ())
    for day in (TODAY, TODAY + timedelta(days=1)):
        assert text_of(anew(written, day).entries.get("p", ())) == text


def test_what_is_old_in_the_catalog_is_old_in_its_stack(
    env: Environment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = with_baseline(entry(until="2099-01-01"))
    made = synthesize(catalog, env, tmp_path)["schedules"]
    [facts] = [
        one["//"]["interlock"] for name, one in made["resource"]["google_cloud_scheduler_job"].items() if name == "fetch"
    ]
    assert facts["baseline"] == [{"rule": "stagger", "count": 1, "owner": "data", "since": "2026-11-01", "until": "2099-01-01"}]
    file = tmp_path / "stacks/schedules/cdk.tf.json"
    assert main([str(file)]) == 0
    assert capsys.readouterr().out.endswith("no findings, 0 waived, 1 old\n")
    del facts["baseline"]
    file.write_text(json.dumps(made), encoding="utf-8")
    assert main([str(file)]) == 1
    assert "CKV2_ILK_6 stagger: google_cloud_scheduler_job.fetch: " in capsys.readouterr().out

"""What `make policy` makes of what checkov says, and of what it does not say."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from policies.from_files import stack_estate
from policies.rules import RULES
from policies.rules.estate import Estate
from policies.rules.judge import Outcome, judge_all
from tests.interlock.production import UNFILLED, filled_in
from tests.shop import CATALOG as SHOP
from tools.policy import __main__ as command
from tools.policy import accepted, seen
from tools.policy.records import ROOT, CannotCheck, Record, parsed, version_of

TODAY = date(2026, 11, 25)
PATH = Path("/stacks/schedules/cdk.tf.json")
BUCKET = "google_storage_bucket.bucket"
WAIVER = f"{{check: CKV_GCP_62, resource: {BUCKET}, reason: versions say it, owner: data-platform, until: 2027-06-30}}"
JOB = {"//": {"interlock": {"service": "scrapers", "source": "catalog/shop/scrapers.yaml:12"}}, "schedule": "0 0 1 * MON"}


def record(**changes: Any) -> Record:
    made = Record(
        check="CKV_GCP_62",
        name="Bucket should log access",
        outcome=Outcome.FAILED,
        messages=(),
        path=PATH,
        resource=BUCKET,
    )
    return replace(made, **changes)


def estate(**resources: Any) -> Estate:
    jobs = {"google_cloud_scheduler_job": {name: value for name, value in resources.items()}}  # noqa: C416 - clearer than a copy
    return stack_estate({"resource": jobs}, [], TODAY)


# What is accepted of checkov's own checks


def test_an_accepted_finding_is_waived_with_who_until_when_and_why() -> None:
    [found], wrong, idle = accepted.apply(accepted.read(f"- {WAIVER}"), [record()], TODAY)
    assert found.outcome is Outcome.WAIVED
    assert found.messages == ("waived by data-platform until 2027-06-30: versions say it",)
    assert (wrong, idle) == ([], [])


@pytest.mark.parametrize(
    ("today", "outcome"), [(date(2027, 6, 30), Outcome.WAIVED), (date(2027, 7, 1), Outcome.FAILED)], ids=["its day", "after"]
)
def test_it_counts_on_its_last_day_and_not_after(today: date, outcome: Outcome) -> None:
    [found], wrong, _ = accepted.apply(accepted.read(f"- {WAIVER}"), [record()], today)
    assert found.outcome is outcome
    assert bool(wrong) is (outcome is Outcome.FAILED)


def test_a_waiver_of_a_check_that_did_not_run_is_wrong() -> None:
    _, wrong, _ = accepted.apply(accepted.read(f"- {WAIVER}"), [record(check="CKV_GCP_1")], TODAY)
    assert ["CKV_GCP_62" in one and "name one of checkov's own" in one for one in wrong] == [True]


@pytest.mark.parametrize("change", [{"outcome": Outcome.PASSED}, {"resource": "google_storage_bucket.other"}])
def test_a_waiver_that_waives_nothing_is_said_and_changes_nothing(change: dict[str, Any]) -> None:
    [found], wrong, idle = accepted.apply(accepted.read(f"- {WAIVER}"), [record(**change)], TODAY)
    assert found == record(**change)
    assert wrong == []
    assert ["waives nothing; remove it" in one for one in idle] == [True]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("a: 1", "is no list", id="a mapping"),
        pytest.param("- 7", "entry 1 has to have", id="no mapping"),
        pytest.param("- {check: CKV_GCP_62}", "entry 1 has to have", id="fields left out"),
        pytest.param(f"- {WAIVER.replace('2027-06-30', 'soon')}", "is no date", id="an end in words"),
        pytest.param(f"- {WAIVER.replace('2027-06-30', '2027-06-30 10:00:00')}", "is no date", id="an end with a time"),
        pytest.param(f"- {WAIVER.replace('CKV_GCP_62', 'CKV2_ILK_39')}", "rule of our own", id="a rule of our own"),
        pytest.param(f"- {WAIVER.replace('versions say it', '')}", "has no reason", id="no reason"),
        pytest.param(f"- {WAIVER.replace('data-platform', '7')}", "has no owner", id="an owner that is a number"),
        pytest.param("- [", "builtin.yaml", id="no YAML"),
    ],
)
def test_a_waiver_that_is_written_otherwise_is_refused(text: str, why: str) -> None:
    with pytest.raises(CannotCheck, match=why):
        accepted.read(text)


def test_the_file_in_the_repository_is_one() -> None:
    assert accepted.read(accepted.FILE.read_text(encoding="utf-8"))


def test_a_synthesized_resource_gets_its_type_back_where_only_one_has_its_name() -> None:
    known = {PATH: estate(fetch=JOB)}
    [one, other] = accepted.with_addresses([record(resource="resource.fetch"), record(resource="resource.gone")], known)
    assert (one.resource, other.resource) == ("google_cloud_scheduler_job.fetch", "resource.gone")


def test_where_several_have_its_name_the_plan_says_which_is_meant() -> None:
    twice = {kind: {"bucket": {}} for kind in ("google_storage_bucket", "google_service_account")}
    known = {PATH: stack_estate({"resource": twice}, [], TODAY)}
    synthesized = record(resource="resource.bucket")
    assert accepted.with_addresses([synthesized], known) == [synthesized]
    assert accepted.with_addresses([synthesized, record()], known)[0].resource == BUCKET


@pytest.mark.parametrize(
    ("checks", "is_known"),
    [
        pytest.param(["CKV_GCP_62"], True, id="the check ran for one of that name"),
        pytest.param(["CKV_GCP_62", "CKV_GCP_62"], False, id="it ran for both"),
        pytest.param(["CKV_GCP_1"], False, id="of another check nothing is accepted"),
    ],
)
def test_where_nothing_is_planned_what_is_accepted_says_which_is_meant(checks: list[str], is_known: bool) -> None:
    twice = {kind: {"bucket": {}} for kind in ("google_storage_bucket", "google_service_account")}
    known = {PATH: stack_estate({"resource": twice}, [], TODAY)}
    synthesized = [record(check=check, resource="resource.bucket") for check in checks]
    found = accepted.with_addresses(synthesized, known, accepted.read(f"- {WAIVER}"))
    assert {one.resource for one in found} == {BUCKET if is_known else "resource.bucket"}


# Which environment


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file of the environment for `make policy ENV=production`, with our own rules in the place of checkov's process."""

    def checked(words: list[str]) -> list[Record]:
        found = seen.estates(sorted(Path(words[1]).glob("*/cdk.tf.json")), datetime.now(UTC).date())
        return [replace(one, path=path) for path, estate in found.items() for one in said(estate)]

    shutil.copy(ROOT / "main.py", tmp_path)
    (tmp_path / "environments").mkdir()
    for name, value in {
        "ROOT": tmp_path,
        "_make_plans": lambda _: pytest.fail("production is never planned"),
        "version_of": lambda _: "0",
        "start": lambda _checkov, _framework, words: words,
        "finish": checked,
    }.items():
        monkeypatch.setattr(command, name, value)
    monkeypatch.setattr(accepted, "read", lambda _: [])
    monkeypatch.setenv("INTERLOCK_ENV", "production")
    monkeypatch.setenv("INTERLOCK_CATALOG", str(SHOP))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "environments" / "production.yaml"


def test_production_is_judged_without_a_plan_and_what_is_not_filled_in_is_found(
    production: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    production.write_text(UNFILLED, encoding="utf-8")
    assert command.main(["--checkov", "checkov"]) == command.FINDINGS
    out, err = capsys.readouterr()
    assert "environments/production.yaml:2: project: your-project-id is a sample; write your own" in out
    assert "12 jobs of the catalog among them" in out
    assert "not planned: production, as Google would be asked" in err
    stacks = command.OUT.absolute() / "production" / "stacks"
    monkeypatch.setattr(command, "_synthesize", lambda _: stacks)
    production.write_text(filled_in(), encoding="utf-8")
    assert command.main(["--checkov", "checkov"]) == 0
    assert "sample" not in capsys.readouterr().out


# Whether all was said


def said(known: Estate) -> list[Record]:
    """What a checkov that works says of an estate."""
    return [
        record(check=verdict.rule.id, outcome=verdict.outcome, resource=seen.named(verdict.resource, known))
        for verdict in judge_all(RULES, known)
    ]


def test_a_checkov_that_says_all_is_believed() -> None:
    known = estate(fetch=JOB)
    seen.insist([*said(known), record()], {PATH: known}, jobs=1)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(lambda _: [], "does not say", id="nothing at all, as when the checks can't be loaded"),
        pytest.param(lambda records: records[1:], "does not say", id="one verdict less, as after an exception"),
        pytest.param(lambda records: [*records, records[0]], "rules don't say", id="one more"),
        pytest.param(
            lambda records: [replace(one, outcome=Outcome.PASSED) for one in records], "does not say", id="all is well"
        ),
    ],
)
def test_a_checkov_that_says_something_else_is_not(change: Callable[[list[Record]], list[Record]], why: str) -> None:
    known = estate(fetch=JOB)
    with pytest.raises(CannotCheck, match=why):
        seen.insist(change(said(known)), {PATH: known}, jobs=1)


def test_fewer_jobs_than_the_catalog_declares_are_too_few() -> None:
    timer = {"schedule": "* * * * *"}
    known = estate(fetch=JOB, interlock_tick=timer)
    with pytest.raises(CannotCheck, match="1 jobs of the catalog, which declares 2"):
        seen.insist(said(known), {PATH: known}, jobs=2)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "no report", id="nothing"),
        pytest.param("Traceback ...", "no report", id="a stack trace"),
        pytest.param('{"passed": 0, "failed": 0, "resource_count": 0}', "no resource at all", id="an empty folder"),
        pytest.param('{"results": {"parsing_errors": ["a.json"]}}', "can't parse a.json", id="a file that it can't parse"),
        pytest.param('{"results": {"parsing_errors": []}}', "no report", id="another format"),
        pytest.param("[]", "no resource at all", id="no reports"),
    ],
)
def test_an_output_without_an_answer_is_none(text: str, why: str) -> None:
    with pytest.raises(CannotCheck, match=why):
        parsed(text, "", 1)


def test_a_checkov_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotCheck, match="checkov can't be started"):
        version_of(tmp_path / "checkov")


def test_checks_that_can_t_be_loaded_are_no_answer() -> None:
    empty = {"parsing_errors": [], "passed_checks": [], "failed_checks": [], "skipped_checks": []}
    with pytest.raises(CannotCheck, match="can't load our checks"):
        parsed(json.dumps({"results": empty}), "Cannot load external check 'pack' from x", 0)


@pytest.mark.parametrize(
    ("comment", "outcome"),
    [
        ("deferred to plan: schedule is x", Outcome.DEFERRED),
        ("old since 2026-11-01, accepted by data until 2027-01-31; has no retry_config", Outcome.OLD),
        ("waived by data until 2027-01-31: it is old since 2026", Outcome.WAIVED),
    ],
)
def test_what_checkov_skips_is_told_apart_by_its_comment(comment: str, outcome: Outcome) -> None:
    one = {
        "check_id": "CKV2_ILK_16",
        "check_name": "good",
        "check_result": {"suppress_comment": comment},
        "details": [],
        "file_abs_path": str(PATH),
        "resource": "resource.fetch",
    }
    results = {"parsing_errors": [], "passed_checks": [], "failed_checks": [], "skipped_checks": [one]}
    assert [record.outcome for record in parsed(json.dumps({"results": results}), "", 0)] == [outcome]


def test_a_record_says_what_checkov_said() -> None:
    one = {
        "check_id": "CKV2_ILK_1",
        "check_name": "good",
        "check_result": {"suppress_comment": "deferred to plan: schedule is x"},
        "details": [],
        "file_abs_path": str(PATH),
        "file_line_range": [3, 9],
        "resource": "resource.fetch",
        "guideline": None,
    }
    results = {"parsing_errors": [], "passed_checks": [one], "failed_checks": [one], "skipped_checks": [one]}
    found = parsed(json.dumps({"results": results}), "", 0)
    assert [record.outcome for record in found] == [Outcome.PASSED, Outcome.FAILED, Outcome.DEFERRED]
    assert found[0].check == "CKV2_ILK_1"


# What is printed


def test_a_record_of_ours_says_its_messages_and_one_of_checkov_s_the_check_the_resource_and_its_name() -> None:
    text = "CKV2_ILK_1 cron: google_cloud_scheduler_job.fetch: no good"
    assert record(check="CKV2_ILK_1", messages=(text,)).message == text
    assert record().message == f"CKV_GCP_62: {BUCKET}: Bucket should log access"

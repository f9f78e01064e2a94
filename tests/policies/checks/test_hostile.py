"""What nobody would write on purpose: never a crash, and never a pass by silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from interlock.catalog import Json
from policies.rules import RULES
from tests.policies.checks.scan import BOTH, FIXTURES, PLAN, SYNTHESIZED, Found, scan

JOB = "google_cloud_scheduler_job"
KINDS = {kind for rule in RULES for kind in rule.kinds}
OURS = [rule.id for rule in RULES]
MANY_JOBS = 400
DEPTH = 200


def scan_text(text: str, folder: Path) -> Found:
    (folder / SYNTHESIZED).write_text(text, encoding="utf-8")
    return scan(folder, *OURS)


def scan_job(job: Json, folder: Path) -> Found:
    return scan_text(json.dumps({"provider": {"google": [{}]}, "resource": {JOB: {"it": job}}}), folder)


@pytest.mark.parametrize(
    "text", ['{"resource": ', "not JSON at all: {[", "\x00\x01", '{"resource": {"' + JOB + '": {"it": []}}}']
)
def test_what_can_t_be_parsed_is_a_parsing_error(text: str, tmp_path: Path) -> None:
    assert scan_text(text, tmp_path).counts == (0, 0, 0, 1)


def test_what_checkov_reads_as_yaml_and_terraform_would_not_read_fails(tmp_path: Path) -> None:
    found = scan_text("resource: {" + JOB + ": {it: {schedule: 0 * * * *}}}", tmp_path)
    assert found.passed == set()
    assert "cdk.tf.json is not JSON" in found.details["it"]


@pytest.mark.parametrize("value", ["${var.x}", "${each.value}", "%{ if true }x%{ endif }"])
def test_a_job_of_expressions_is_left_to_the_plan_and_never_passed(value: str, tmp_path: Path) -> None:
    names = ("schedule", "time_zone", "description", "attempt_deadline", "retry_config", "http_target")
    found = scan_job(dict.fromkeys(names, value), tmp_path)
    needs = {"cron", "wrap-around", "zone", "deadline", "retry", "token", "https", "year", "secret", "backfill-body"}
    assert found.checks >= {rule.id for rule in RULES if rule.name in needs}
    passed = scan_job_passes(dict.fromkeys(names, value), tmp_path)
    assert not passed & needs, passed & needs


def scan_job_passes(job: Json, folder: Path) -> set[str]:
    """The rules that a job passes."""
    (folder / SYNTHESIZED).write_text(json.dumps({"resource": {JOB: {"it": job}}}), encoding="utf-8")
    return {rule.name for rule in RULES if JOB in rule.kinds and scan(folder, rule.id).passed}


@pytest.mark.parametrize("value", [7, True, ["a", 7], {"a": {"b": 7}}, "", "\x1b[31mred", "x" * 100_000, 10**40, -1, 1e300])
def test_a_value_of_the_wrong_type_fails(value: Json, tmp_path: Path) -> None:
    found = scan_job({"schedule": value, "time_zone": value, "attempt_deadline": value, "retry_config": value}, tmp_path)
    assert "it" in found.failed
    assert found.counts[3] == 0
    assert "\x1b" not in found.details["it"]


def test_what_nests_too_deeply_is_never_passed(tmp_path: Path) -> None:
    body = '{"a":' * DEPTH + "1" + "}" * DEPTH
    found = scan_text('{"resource": {"' + JOB + '": {"it": {"http_target": ' + body + "}}}}", tmp_path)
    assert found.counts[3] == 1 or "it" in found.failed


def test_types_that_nobody_knows_are_not_ours_to_judge(tmp_path: Path) -> None:
    found = scan_text(json.dumps({"resource": {"acme_thing": {"it": {"schedule": "nonsense"}}}}), tmp_path)
    assert found.counts == (0, 0, 0, 0)


def test_a_big_stack_is_judged_whole(tmp_path: Path) -> None:
    jobs = {
        f"job_{number}": {"schedule": f"{number % 60} {number % 24} * * *", "time_zone": "Etc/UTC"}
        for number in range(MANY_JOBS)
    }
    (tmp_path / SYNTHESIZED).write_text(json.dumps({"resource": {JOB: jobs}}), encoding="utf-8")
    assert scan(tmp_path, "CKV2_ILK_1").counts == (MANY_JOBS, 0, 0, 0)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"format_version": "9.0"}, id="another format"),
        pytest.param({"complete": False}, id="a part of a plan"),
        pytest.param({"resource_changes": "none"}, id="changes that are no list"),
        pytest.param({"resource_changes": None}, id="no changes at all"),
    ],
)
def test_a_plan_that_is_none_fails_in_every_resource(change: dict[str, Json], tmp_path: Path) -> None:
    for name in (SYNTHESIZED, PLAN):
        (tmp_path / name).write_bytes((BOTH / "waived" / name).read_bytes())
    plan = json.loads((tmp_path / PLAN).read_text(encoding="utf-8")) | change
    (tmp_path / PLAN).write_text(json.dumps(plan), encoding="utf-8")
    found = scan(tmp_path / PLAN, "CKV2_ILK_16")
    assert found.passed <= ({"pass_complete"} if change == {"resource_changes": None} else set())
    assert found.failed | found.skipped | found.passed == {"pass_complete", "fail_ended", "skip_waived"}


def test_an_exception_in_a_rule_fails_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pack  # as checkov has loaded it

    def fails(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(pack, "judge", fails)
    found = scan_text(json.dumps({"resource": {JOB: {"it": {"schedule": "15 * * * *"}}}}), tmp_path)
    assert found.passed == set()
    assert "can't be judged: ZeroDivisionError in the rule itself: by zero" in found.details["it"]


def test_a_checkov_that_does_not_say_which_file_it_scans_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pack

    def other(frame: object) -> Path:
        del frame
        return scanned_path(None)

    scanned_path = pack.scanned_path
    monkeypatch.setattr(pack, "scanned_path", other)
    found = scan_text(json.dumps({"resource": {JOB: {"it": {"schedule": "15 * * * *"}}}}), tmp_path)
    assert found.passed == set()
    assert "does not say which file it scans" in found.details["it"]


def test_a_plan_whose_provider_is_the_beta_one_is_judged_as_a_whole_too(tmp_path: Path) -> None:
    made = FIXTURES / "delete" / "fail"
    text = (made / PLAN).read_text(encoding="utf-8")
    beta = text.replace('"google": {', '"google-beta": {').replace('"name": "google"', '"name": "google-beta"')
    assert beta != text
    (tmp_path / PLAN).write_text(beta, encoding="utf-8")
    (tmp_path / SYNTHESIZED).write_text((made / SYNTHESIZED).read_text(encoding="utf-8"), encoding="utf-8")
    [delete] = [rule.id for rule in RULES if rule.name == "delete"]
    assert scan(tmp_path / PLAN, delete).counts == (0, 1, 0, 0)

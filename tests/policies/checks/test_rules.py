"""Every rule as a check: what passes, what fails, how many of each, and what a failure says."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from checkov.terraform.checks.provider.registry import provider_registry
from checkov.terraform.checks.resource.registry import resource_registry

from policies.rules import RULES
from policies.rules.rule import PREFIX, WRITTEN
from tests.policies.checks.scan import FIXTURES, PLAN, ROOT, SYNTHESIZED, scan

BY_NAME = {rule.name: rule for rule in RULES}
STACK = "google"
"""What stands for a whole stack, or a plan."""


@dataclass(frozen=True)
class Case:
    """A folder of fixtures: who passes, and who fails, each with the value that its message names and what to do."""

    folder: str
    passing: set[str]
    failing: dict[str, tuple[str, str]]

    @property
    def rule(self) -> str:
        return self.folder.partition("/")[0]


CASES = [
    Case("cron", {"pass_hourly"}, {"fail_both_days": ("'MON'", "allowed is one of them"),
                                   "fail_words": ("every 5 minutes", "allowed is 5 fields")}),
    Case("wrap-around", {"pass_two_ranges"}, {"fail_over_new_year": ("11-5", "write 11,12,1-5"),
                                              "fail_over_midnight": ("22-2", "write 22,23,0-2")}),
    Case("zone", {"pass_new_york"}, {"fail_none": ("no time_zone", "write one like America/New_York"),
                                     "fail_unknown": ("Mars/Olympus", "allowed are names of the tz database")}),
    Case("clock-change", {"pass_morning", "pass_every_hour"}, {"fail_half_past_two": ("02:30", "move it to another hour")}),
    Case("one-shot", {"pass_monthly"}, {"fail_in_june": ("0 9 14 6 *", "run by hand")}),
    Case("stagger", {"pass_quarter", "pass_other_table", "pass_own_minutes", "pass_too_often"},
         {"fail_full_hour": ("0 * * * *", "move it, or waive"), "fail_over_midnight": ("15 0 * * *", "let it start")}),
    Case("budget", {"pass_alone", "pass_measured", "pass_measured_too"}, {"fail_one": ("graders", "move one"),
                                                                          "fail_other": ("graders", "move one")}),
    Case("gap", {"pass_quarter", "pass_three_quarters"}, {"fail_one": ("fail_other", "move one, or waive"),
                                                          "fail_other": ("fail_one", "move one, or waive")}),
    Case("twin", {"pass_other_body"}, {"fail_one": ("fail_other", "remove one"), "fail_other": ("fail_one", "remove one")}),
    Case("token", {"pass_service", "pass_google"}, {"fail_nobody": ("scrape.example", "write oidc_token"),
                                                    "fail_access_token": ("scrape.example", "write oidc_token"),
                                                    "fail_no_audience": ("audience", "write the URL")}),
    Case("https", {"pass_https"}, {"fail_http": ("http://10.0.0.7/run", "write one that begins with https://"),
                                   "fail_user": ("user name", "use oidc_token")}),
    Case("year", {"pass_current"}, {"fail_body": ("2026", "let the service work it out"),
                                    "fail_url": ("2025", "let the service work it out")}),
    Case("backfill-body", {"pass_plain"}, {"fail_every_run": ("backfill_mode: true", "leave it out")}),
    Case("secret", {"pass_content_type"}, {"fail_header": ("X-Api-Key", "Secret Manager"),
                                           "fail_message": ("password", "Secret Manager")}),
    Case("deadline", {"pass_long_enough", "pass_topic"}, {"fail_ten_seconds": ("10s", "allowed: 15s to 30m"),
                                                          "fail_shorter_than_its_run": ("4m", "let it have longer"),
                                                          "fail_topic": ("3m", "leave it out")}),
    Case("retry", {"pass_all_five"}, {"fail_none": ("no retry_config", "write all five"),
                                      "fail_one_of_five": ("min_backoff_duration", "write all five")}),
    Case("idempotent", {"pass_not_retried", "pass_idempotent"}, {"fail_retried": ("grade", "write retry: none")}),
    Case("paused", {"pass_expression", "pass_false"}, {"fail_unsaid": ("paused", "write paused ="),
                                                       "fail_null": ("paused", "write paused =")}),
    Case("declared-pause", {"pass_said", "pass_running"}, {"fail_unsaid": ("always paused", "declare paused:"),
                                                           "fail_no_owner": ("no owner", "write them")}),
    Case("pair", {"pass_runs", "pass_held_together"}, {"fail_paused": ("pass_runs", "pause both, or waive"),
                                                       "fail_held": ("backfill/tdza", "cover both, or waive")}),
    Case("review", {"pass_later"}, {"fail_long_due": ("2020-04-01", "look again")}),
    Case("described", {"pass_both"}, {"fail_nothing": ("no description", "write what it does"),
                                      "fail_nobodys": ("no owner", "write one into the catalog")}),
    Case("window", {"pass_two_hours"}, {"fail_five_days": ("5d", "make it shorter"),
                                        "fail_covers_a_timer": ("interlock-tick", "take it out")}),
    Case("timer", {"pass_free"}, {"fail_paused": ("paused is True", "write paused = false"),
                                  "fail_in_a_scope": ("is in all", "take it out")}),
    Case("season/pass", {STACK}, {}),
    Case("season/fail", set(), {STACK: ("cup ended on 2020-06-20", "declare the days of the next one")}),
    Case("conflict-alert/pass", {STACK}, {}),
    Case("conflict-alert/fail", set(), {STACK: ("raw.odds", "write one whose filter names")}),
    Case("alert-channel", {"pass_on_call"}, {"fail_nobody": ("notification_channels", "name one"),
                                             "fail_off": ("not enabled", "enable it, or remove it")}),
    Case("alert-documentation", {"pass_said"}, {"fail_none": ("documentation.content", "write what has happened"),
                                                "fail_empty": ("documentation.content", "write what has happened")}),
    Case("alert-close", {"pass_an_hour"}, {"fail_never": ("auto_close", "write one"),
                                           "fail_too_soon": ("1m", "allowed: 30m and more")}),
    Case("alert-resource", {"pass_named", "pass_log"}, {"fail_unnamed": ("conflicts", "add AND resource.type"),
                                            "fail_no_conditions": ("no conditions", "write one")}),
    Case("bucket-private", {"pass_enforced"}, {"fail_inherited": ("inherited", 'write "enforced"')}),
    Case("bucket-uniform", {"pass_true"}, {"fail_unsaid": ("uniform_bucket_level_access", "write true")}),
    Case("bucket-versioned", {"pass_on"}, {"fail_unsaid": ("versioning", "write versioning ="),
                                           "fail_off": ("versioning", "write versioning =")}),
    Case("broad-role", {"pass_custom", "pass_viewer"}, {"fail_owner": ("roles/owner", "grant a role of just what is needed"),
                                                        "fail_admin": ("roles/cloudscheduler.admin", "grant a role of just")}),
    Case("project-service", {"pass_stays"}, {"fail_unsaid": ("turn its API off", "write disable_on_destroy = false")}),
    Case("delete/pass", {STACK}, {}),
    Case("delete/fail", set(), {STACK: ("old-scraper", "pause it, or say under `removed`")}),
    Case("delete/let_go", set(), {STACK: ("lets go of old-scraper", "pause it, or say under `removed`")}),
    Case("replace", {"pass_kept"}, {"fail_moved": ("region", "keep it, and add another one")}),
    Case("schedule-and-pause", {"pass_schedule", "pass_pause"}, {"fail_both": ("45 * * * *", "deploy one after the other")}),
    Case("backfill-asked/pass", {STACK}, {}),
    Case("backfill-asked/fail", set(), {STACK: ("backfill_owner", "plan again with")}),
    Case("backfill-ended/pass", {STACK}, {}),
    Case("backfill-ended/fail", set(), {STACK: ("backfill/tdza", "ask them, then name them")}),
    Case("waiver", {"pass_whole"}, {"fail_unknown_rule": ("staggr", "known: "), "fail_no_reason": ("no reason", "write one")}),
    Case("waiver-ended", {"pass_later"}, {"fail_ended": ("2020-01-01", "renew it or")}),
    Case("adopted-pause", {"pass_as_found", "pass_held"}, {"fail_resumed": ("is paused", "declare it paused, or resume it")}),
    Case("adopted-unchanged", {"pass_as_found", "pass_held"}, {"fail_moved": ("its schedule", "adopt it as it is")}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.folder)
def test_a_rule_finds_what_breaks_it_and_nothing_else(case: Case) -> None:
    folder, rule = FIXTURES / case.folder, BY_NAME[case.rule]
    found = scan(folder / PLAN if (folder / PLAN).exists() else folder, rule.id)
    assert found.passed == case.passing
    assert found.failed == set(case.failing)
    assert found.counts == (len(case.passing), len(case.failing), 0, 0)


@pytest.mark.parametrize("case", [case for case in CASES if case.failing], ids=lambda case: case.folder)
def test_a_failure_names_the_rule_the_resource_the_value_and_what_to_do(case: Case) -> None:
    folder, rule = FIXTURES / case.folder, BY_NAME[case.rule]
    found = scan(folder / PLAN if (folder / PLAN).exists() else folder, rule.id)
    for name, (value, advice) in case.failing.items():
        for line in found.details[name].splitlines():
            assert line.startswith(f"{rule.id} {rule.name}: ")
            assert name in line.split(": ")[1]
        assert value in found.details[name]
        assert advice in found.details[name]
        assert "hunter2" not in found.details[name]


def test_rules_ids_sections_fixtures_and_checks_are_the_same_set() -> None:
    ids = [rule.id for rule in RULES]
    assert len({*ids}) == len(RULES)
    # What a catalog alone decides is nothing that checkov sees: tests/policies/test_references.py has it.
    judged = [rule for rule in RULES if rule.origins != WRITTEN]
    assert {case.rule for case in CASES} == {path.name for path in FIXTURES.iterdir()} == {rule.name for rule in judged}
    page = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    assert re.findall(r"^### (.*)$", page, re.MULTILINE) == [rule.name for rule in RULES]
    assert {case.rule for case in CASES if case.passing} == {case.rule for case in CASES if case.failing}
    registered = {
        check.id
        for registry in (resource_registry, provider_registry)
        for checks in registry.checks.values()
        for check in checks
        if check.id.startswith(PREFIX)
    }
    assert registered == {rule.id for rule in judged}


def test_a_fixture_is_a_stack_or_a_stack_and_its_plan() -> None:
    for folder in {path.parent for path in FIXTURES.rglob("*") if path.is_file()}:
        assert {path.name for path in folder.iterdir()} <= {SYNTHESIZED, PLAN}
        assert (folder / SYNTHESIZED).is_file()


def test_the_rules_run_on_the_versions_that_everything_else_runs_on() -> None:
    policy, run = ((ROOT / "requirements" / name).read_text(encoding="utf-8") for name in ("policy.txt", "run.txt"))
    for package in ("cronsim", "tzdata"):
        [ours] = [line for line in policy.splitlines() if line.startswith(f"{package}==")]
        assert ours in run.splitlines()


def test_no_rule_fails_for_what_is_let_go_as_if_it_were_there() -> None:
    """Terraform 1.11 still lists it among what there will be, with no values."""
    found = scan(FIXTURES / "delete" / "let_go" / PLAN)
    assert "old-scraper" not in found.passed | found.failed | found.skipped

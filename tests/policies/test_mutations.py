"""Mistakes in the stacks and plans of a catalog without findings, one field each: each is caught by the rule that names it, and
by no other. And edits that are none: they give no finding at all."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import pytest

from interlock.terraform.plan import plan_of
from policies.from_files import plan_estate, stack_estate
from policies.rules import RULES
from policies.rules.estate import ALERT, BUCKET, JOB, METRIC, PROJECT_SERVICE, STACK
from policies.rules.judge import Outcome, judge_all
from tests.policies.estates import TODAY, encoded
from tests.policies.planning import Plan, adopt, drop, let_go, planned, plans_of
from tests.policies.test_references import MISTAKES as WRITTEN
from tests.stacks.conftest import Stacks

GRANT = "google_project_iam_member"
KINDS = {"job": JOB, "alert": ALERT, "bucket": BUCKET, "metric": METRIC, "api": PROJECT_SERVICE, "grant": GRANT}
ABSENT = object()
Found = set[tuple[str, str]]


def copied(stacks: Stacks) -> Stacks:
    """Faster than copy.deepcopy."""
    found: Stacks = json.loads(json.dumps(stacks))
    return found


def findings(stacks: Stacks, plans: dict[str, Plan] | None = None) -> Found:
    """Rule and address of all that is not passed or waived, of the stacks or of plans of them."""
    found = set()
    for name, stack in stacks.items():
        others = [other for key, other in stacks.items() if key != name]
        about = plan_estate(plan_of(plans[name]), stack, others, TODAY) if plans else stack_estate(stack, others, TODAY)
        for verdict in judge_all(RULES, about):
            if verdict.outcome in (Outcome.FAILED, Outcome.DEFERRED):
                assert verdict.messages
                found.add((verdict.rule.name, verdict.resource.address))
    return found


@dataclass(frozen=True)
class Edit:
    """A value at a place: `job/fetch/schedule` of the one stack that has that resource, or `schedules:locals/...`; `facts` are
    ours under `//`. A function makes the value of the one that is there."""

    place: str
    value: Any

    def __call__(self, stacks: Stacks) -> None:
        *way, last = self._keys(stacks)
        inside = reduce(lambda value, key: value.setdefault(key, {}) if isinstance(value, dict) else value[key], way, stacks)
        value = self.value(inside[last]) if callable(self.value) else self.value
        if self.value is ABSENT:
            del inside[last]  # type: ignore[arg-type]
        else:
            inside[last] = value  # type: ignore[index]

    def _keys(self, stacks: Stacks) -> Iterator[Any]:
        """The keys to go by; what is in a list is found by its number."""
        stack, _, rest = self.place.rpartition(":")
        first, *more = rest.split("/")
        if not stack:
            kind, name = KINDS[first], more[0]
            stack = next(key for key, one in stacks.items() if name in one["resource"].get(kind, {}))
            first, more = "resource", [kind, *more]
        for key in (stack, first, *more):
            yield from ("//", "interlock") if key == "facts" else [int(key) if key.isdigit() else key]

    @property
    def address(self) -> str:
        """Of the resource."""
        first, *more = self.place.rpartition(":")[2].split("/")
        return f"{KINDS[first]}.{more[0]}" if first in KINDS else f"{STACK}.google"


def fact(job: str, name: str, value: Any) -> Edit:
    return Edit(f"job/{job}/facts/{name}", value)


SCRAPER, BOXSCORES, REPAIR, MAILER = "gamebook-scraper", "boxscore-scraper", "gamebook-repair", "mailer"
EXPORT, EVENT, AGAIN, RESTING = "nightly-export", "event-tick", "event-tick-again", "off-season"
TICK, OPEN, CLOSE = "interlock-tick", "interlock-open-weekly", "interlock-close-weekly"
WAIVER = {"rule": "clock-change", "reason": "it may run twice", "owner": "data", "until": "2026-11-23"}
FILTER = "conditions/0/condition_threshold/filter"


def at(job: str, name: str, value: Any) -> Edit:
    return Edit(f"job/{job}/{name}", value)


MISTAKES: list[tuple[str, Edit]] = [
    ("cron", at(MAILER, "schedule", "20 0 1 * MON")),
    ("cron", at(SCRAPER, "schedule", "every 15 minutes")),
    ("cron", at(MAILER, "schedule", ABSENT)),
    ("cron", at(MAILER, "schedule", "20 25 * * *")),
    ("wrap-around", at(MAILER, "schedule", "20 8 * 11-5 *")),
    ("wrap-around", at(MAILER, "schedule", "20 22-2 * * *")),
    ("wrap-around", at(MAILER, "schedule", "20 8 * * FRI-MON")),
    ("zone", at(MAILER, "time_zone", ABSENT)),
    ("zone", at(MAILER, "time_zone", "EST5EDT4")),
    ("clock-change", at(MAILER, "schedule", "30 2 * * *")),
    ("clock-change", at(MAILER, "schedule", "20 1 * * *")),
    ("clock-change", at(OPEN, "schedule", "30 1 * * *")),
    ("one-shot", at(MAILER, "schedule", "0 9 14 6 *")),
    ("season", Edit("schedules:facts/season_ends", {"cup": {"last": "2026-12-01"}})),
    ("season", Edit("schedules:facts/season_ends", {"cup": {"last": "2026-10-01", "waived_until": "2026-10-31"}})),
    ("stagger", at(SCRAPER, "schedule", "30 * * * *")),
    ("stagger", fact(SCRAPER, "was", "0,30 * * * *")),
    ("stagger", fact(SCRAPER, "was", "0 8 * * *")),
    ("token", at(SCRAPER, "http_target/oidc_token", ABSENT)),
    ("token", at(SCRAPER, "http_target/oidc_token/audience", ABSENT)),
    ("token", at(SCRAPER, "http_target/oidc_token/service_account_email", "")),
    ("token", at(EXPORT, "http_target/oauth_token", ABSENT)),
    ("token", at(SCRAPER, "http_target/oauth_token", {"service_account_email": "a@b"})),
    ("https", at(SCRAPER, "http_target/uri", lambda uri: uri.replace("https", "http"))),
    ("https secret", at(SCRAPER, "http_target/uri", lambda uri: uri.replace("https://", "https://me:x@"))),
    ("year", at(SCRAPER, "http_target/body", encoded({"season": "2025-26"}))),
    ("year", at(SCRAPER, "http_target/uri", lambda uri: f"{uri}&from=2025-10-01")),
    ("year", at(EVENT, "pubsub_target/data", encoded({"year": 2026}))),
    ("backfill-body", at(SCRAPER, "http_target/body", encoded({"backfill_mode": True}))),
    ("backfill-body", at(SCRAPER, "http_target/uri", lambda uri: f"{uri}&backfill_mode=true")),
    ("secret", at(SCRAPER, "http_target/headers", {"X-Api-Key": "5f1c"})),
    ("secret", at(SCRAPER, "http_target/body", encoded({"login": {"password": "5f1c"}}))),
    ("secret", at(EVENT, "pubsub_target/attributes", {"token": "5f1c"})),
    ("deadline", at(SCRAPER, "attempt_deadline", ABSENT)),
    ("deadline", at(SCRAPER, "attempt_deadline", "1801s")),
    ("deadline", at(SCRAPER, "attempt_deadline", "180s")),
    ("deadline", at(MAILER, "attempt_deadline", "10s")),
    ("deadline", at(EVENT, "attempt_deadline", "180s")),
    ("retry", at(SCRAPER, "retry_config", ABSENT)),
    ("retry", at(SCRAPER, "retry_config/max_doublings", ABSENT)),
    ("retry", at(SCRAPER, "retry_config/retry_count", 6)),
    ("retry", at(SCRAPER, "retry_config/min_backoff_duration", "301s")),
    ("idempotent", at(MAILER, "retry_config/retry_count", 1)),
    ("paused", at(SCRAPER, "paused", ABSENT)),
    ("paused", at(SCRAPER, "paused", "perhaps")),
    ("declared-pause", at(SCRAPER, "paused", True)),
    ("pair", fact(EVENT, f"pairs/{AGAIN}", ["window/weekly"])),
    ("declared-pause", fact(RESTING, "paused/owner", "")),
    ("declared-pause", fact(RESTING, "paused/reason", ABSENT)),
    ("review", fact(RESTING, "paused/review", "2026-11-22")),
    ("described", at(SCRAPER, "description", ABSENT)),
    ("described", at(SCRAPER, "description", "")),
    ("described", fact(SCRAPER, "owner", ABSENT)),
    ("window", fact(OPEN, "window/duration_s", 345_600)),
    ("window", fact(OPEN, "window/max_hold_s", ABSENT)),
    ("window", fact(OPEN, "window/covers", [SCRAPER, TICK])),
    ("timer declared-pause", at(TICK, "paused", True)),
    ("timer paused", at(OPEN, "paused", ABSENT)),
    ("alert-channel", Edit("alert/conflicts/notification_channels", [])),
    ("alert-channel", Edit("alert/heartbeat/enabled", False)),
    ("alert-documentation", Edit("alert/heartbeat/documentation", ABSENT)),
    ("alert-documentation", Edit("alert/heartbeat/documentation/content", "")),
    ("alert-close", Edit("alert/heartbeat/alert_strategy/auto_close", ABSENT)),
    ("alert-close", Edit("alert/heartbeat/alert_strategy/auto_close", "60s")),
    ("alert-resource", Edit(f"alert/conflicts/{FILTER}", lambda text: text.partition(" AND ")[0])),
    ("alert-resource", Edit("alert/heartbeat/conditions", [])),
    ("bucket-private", Edit("bucket/bucket/public_access_prevention", "inherited")),
    ("bucket-uniform", Edit("bucket/bucket/uniform_bucket_level_access", False)),
    ("bucket-versioned", Edit("bucket/bucket/versioning/enabled", False)),
    ("broad-role", Edit("grant/build_logging/role", "roles/editor")),
    ("broad-role", Edit("grant/coordinator_jobs/role", "roles/cloudscheduler.admin")),
    ("broad-role", Edit("grant/coordinator_jobs/role", ABSENT)),
    ("project-service", Edit("api/apis/disable_on_destroy", True)),
    ("project-service", Edit("api/apis/disable_on_destroy", ABSENT)),
    ("waiver", fact(MAILER, "waive", [{**WAIVER, "rule": "clock"}])),
    ("waiver-ended", fact(MAILER, "waive", [{**WAIVER, "until": "2026-11-22"}])),
    ("waiver", fact(MAILER, "waive", [{**WAIVER, "reason": ""}])),
    ("waiver", fact(MAILER, "waive", "clock-change")),
    ("budget gap", fact(MAILER, "starts_per_minute", 0)),
    ("gap budget stagger", fact(REPAIR, "writes", {"raw.gamebooks": ["deletes"]})),
]
"""The rule that names a mistake, and others that need the same field; and the mistake."""

BETWEEN: list[tuple[str, Edit, set[str]]] = [
    ("twin", at(AGAIN, "schedule", "0 6 * * *"), {EVENT, AGAIN}),
    ("budget", at(MAILER, "schedule", "45 9 * * 1-5"), {MAILER, REPAIR}),
    ("gap", at(REPAIR, "schedule", "15 9 * * *"), {SCRAPER, REPAIR}),
    ("gap", at(BOXSCORES, "schedule", "15 6 * * *"), {SCRAPER, BOXSCORES}),
    ("timer", Edit("schedules:locals/scopes/all", [SCRAPER, TICK]), {TICK}),
    ("conflict-alert", Edit(f"alert/conflicts/{FILTER}", lambda text: f'{text} AND metric.label.table="p:x.y"'), {STACK}),
    ("conflict-alert", Edit("metric/interlock-conflicts/filter", "severity=ERROR"), {STACK}),
]
"""Mistakes that show in several resources, or in others than that which was edited; each with where it shows."""


def name_of(edit: Edit) -> str:
    what = "gone" if edit.value is ABSENT else "changed" if callable(edit.value) else str(edit.value)
    return f"{edit.place} {what}"[:80]


def test_the_catalog_without_mistakes_has_no_findings(stacks: Stacks) -> None:
    assert findings(stacks) == set()
    assert findings(stacks, plans_of(stacks)) == set()


@pytest.mark.parametrize(("rule", "edit"), [pytest.param(*one, id=f"{one[0]}: {name_of(one[1])}") for one in MISTAKES])
def test_a_mistake_is_caught_by_the_rule_that_names_it_and_by_no_other(rule: str, edit: Edit, stacks: Stacks) -> None:
    changed = copied(stacks)
    edit(changed)
    found = findings(changed)
    assert found == {(name, edit.address) for name in rule.split()}


@pytest.mark.parametrize(("rule", "edit", "shows"), [pytest.param(*one, id=f"{one[0]}: {name_of(one[1])}") for one in BETWEEN])
def test_a_mistake_between_resources_shows_in_each_of_them(rule: str, edit: Edit, shows: set[str], stacks: Stacks) -> None:
    changed = copied(stacks)
    edit(changed)
    assert findings(changed) == {(rule, f"{STACK}.google" if name == STACK else f"{JOB}.{name}") for name in shows}


def new_job(like: str, name: str, **changed: Any) -> Callable[[Stacks], None]:
    def add(stacks: Stacks) -> None:
        jobs = stacks["schedules"]["resource"][JOB]
        jobs[name] = {**copy.deepcopy(jobs[like]), "name": name, **changed}

    return add


def all_of(*edits: Callable[[Stacks], None]) -> Callable[[Stacks], None]:
    def make(stacks: Stacks) -> None:
        for edit in edits:
            edit(stacks)

    return make


def gone(kind: str, name: str) -> Callable[[Stacks], None]:
    def remove(stacks: Stacks) -> None:
        for stack in stacks.values():
            stack["resource"].get(kind, {}).pop(name, None)

    return remove


LEGAL: dict[str, Callable[[Stacks], None]] = {
    "a new scraper": new_job(BOXSCORES, "odds-scraper", **{"schedule": "15 17 * * *", "//": {"interlock": {
        "owner": "data", "service": "odds", "starts_per_minute": 1, "writes": {"raw.odds": ["mutate"]}}}}),
    "a new job like another at another time": new_job(MAILER, "mailer-again", schedule="20 17 * * 1-5"),
    "a new job in another region": new_job(EXPORT, "export-again", region="europe-west1", schedule="0 4 * * SUN"),
    "a job that is taken away": gone(JOB, EVENT),
    "a moved minute": at(MAILER, "schedule", "40 8 * * 1-5"),
    "another hour": at(MAILER, "schedule", "20 17 * * 1-5"),
    "more often": at(MAILER, "schedule", "20 8-20/2 * * *"),
    "every five minutes": at(EXPORT, "schedule", "*/5 * * * *"),
    "only in the season": at(MAILER, "schedule", "20 8 * 1-5,10-12 *"),
    "names of days": at(MAILER, "schedule", "20 8 * * MON,WED,FRI"),
    "the other stagger minute": all_of(
        at(SCRAPER, "schedule", "45 * * * *"), at(BOXSCORES, "schedule", "15 6 * * *"), at(REPAIR, "schedule", "15 9 * * *")),
    "what was staggered before is forgotten": fact(SCRAPER, "was", ABSENT),
    "a stagger into the hour before": all_of(fact(BOXSCORES, "was", "30 7 * * *"), at(BOXSCORES, "schedule", "45 6 * * *")),
    "another zone": at(MAILER, "time_zone", "America/Chicago"),
    "another zone with a waiver": all_of(
        at(EXPORT, "time_zone", "Europe/Berlin"), at(EXPORT, "schedule", "30 2 * * SUN"), fact(EXPORT, "waive", [WAIVER])),
    "a waiver on its last day": all_of(at(MAILER, "schedule", "30 2 * * *"), fact(MAILER, "waive", [WAIVER])),
    "a waiver that is not needed yet": fact(MAILER, "waive", [{**WAIVER, "until": "2099-01-01"}]),
    "a gap that one of the two waives": all_of(
        at(REPAIR, "schedule", "15 9 * * *"), fact(REPAIR, "waive", [{**WAIVER, "rule": "gap"}])),
    "a longer deadline": at(SCRAPER, "attempt_deadline", "1800s"),
    "a deadline as long as the run": at(SCRAPER, "attempt_deadline", "240s"),
    "a run that takes longer": fact(SCRAPER, "expect_s", 540),
    "a run of which nobody knows how long it takes": fact(SCRAPER, "expect_s", ABSENT),
    "other retries": at(SCRAPER, "retry_config", {"retry_count": 5, "min_backoff_duration": "5s", "max_backoff_duration": "5s",
                                            "max_doublings": 0, "max_retry_duration": "0s"}),
    "no retries": at(SCRAPER, "retry_config/retry_count", 0),
    "retries of what bears them": all_of(fact(MAILER, "not_idempotent", ABSENT), at(MAILER, "retry_config/retry_count", 3)),
    "another path": at(SCRAPER, "http_target/uri", lambda uri: uri.replace("/scrape", "/v2/scrape")),
    "a port": at(SCRAPER, "http_target/uri", lambda uri: uri.replace("?", "?port=8443&")),
    "another body": at(SCRAPER, "http_target/body", encoded({"day": "YESTERDAY", "season": "CURRENT", "limit": 2_000})),
    "no body": at(SCRAPER, "http_target/body", ABSENT),
    "backfill mode off": at(SCRAPER, "http_target/body", encoded({"backfill_mode": False})),
    "a header": at(SCRAPER, "http_target/headers", {"Accept": "application/json", "X-Api-Version": "2024-01-01"}),
    "another message": at(EVENT, "pubsub_target/data", encoded({"type": "tock"})),
    "labels of a message": at(EVENT, "pubsub_target/attributes", {"type": "tick"}),
    "another account": at(SCRAPER, "http_target/oidc_token/service_account_email", "${google_service_account.it.email}"),
    "another description": at(SCRAPER, "description", "100 % of all gamebooks, \u00e9t\u00e9 included"),
    "another owner": fact(SCRAPER, "owner", "analytics"),
    "paused by declaration, with all that takes": all_of(at(MAILER, "paused", True), fact(MAILER, "paused", {
        "reason": "nobody reads them", "owner": "data", "review": "2026-11-23"})),
    "no longer paused by declaration": all_of(
        at(RESTING, "paused", False), fact(RESTING, "paused", ABSENT), at(RESTING, "schedule", "45 4 * * *")),
    "a later review": fact(RESTING, "paused/review", "2027-09-01"),
    "a longer window": all_of(
        fact(OPEN, "window/duration_s", 28_800), fact(CLOSE, "window/duration_s", 28_800)),
    "a window of more jobs": fact(OPEN, "window/covers", [SCRAPER, BOXSCORES, MAILER]),
    "a scope of more jobs": Edit("schedules:locals/scopes/all", [MAILER, EXPORT]),
    "a service that bears more": all_of(
        *(fact(job, "starts_per_minute", 5) for job in (MAILER, REPAIR)), at(MAILER, "schedule", "45 9 * * 1-5")),
    "a reader for a writer": all_of(fact(REPAIR, "writes", {}), at(REPAIR, "schedule", "10 9 * * *")),
    "a table that no backfill touches": all_of(
        fact(REPAIR, "writes", {"raw.other": ["mutate"]}), at(REPAIR, "schedule", "10 9 * * *")),
    "a backfill that minds it no more": all_of(fact(SCRAPER, "backfilled", ABSENT), at(SCRAPER, "schedule", "30 * * * *")),
    "at any minute, while it is paused by declaration": at(RESTING, "schedule", "0 7 * 10-12 *"),
    "a platform that has other minutes": all_of(
        Edit("schedules:facts/rules", {"clean": {"stagger": [30]}}), at(SCRAPER, "schedule", "30 * * * *"),
        at(REPAIR, "schedule", "30 9 * * *"), fact(REPAIR, "writes", {})),
    "a platform that wants no stagger": all_of(
        Edit("schedules:facts/rules", {"clean": {"stagger": []}}), at(SCRAPER, "schedule", "30 * * * *")),
    "a table more, which the alert on all covers": Edit("schedules:facts/mutated", ["raw.gamebooks", "raw.new"]),
    "a second channel": Edit("alert/heartbeat/notification_channels", ["projects/p/notificationChannels/1"]),
    "an alert that says more": Edit("alert/heartbeat/documentation/content", "Look at it. First: interlock status"),
    "an incident that stays open longer": Edit("alert/heartbeat/alert_strategy/auto_close", "86400s"),
    "an alert of less": Edit(f"alert/heartbeat/{FILTER}".replace("threshold", "absent"),
                             lambda text: f'{text} AND metric.label.job="x"'),
    "an alert less": gone(ALERT, "heartbeat"),
    "another role": Edit("grant/build_logging/role", "roles/monitoring.metricWriter"),
    "a role of its own": Edit("grant/build_logging/role", "${google_project_iam_custom_role.coordinator.name}"),
    "a bucket that says more": Edit("bucket/bucket/labels", {"team": "data"}),
    "a fact that no rule knows": Edit("schedules:facts/note", "written by hand"),
    "a resource of a type that no rule knows": Edit("schedules:resource/random_pet/it", {"length": 2}),
}  # fmt: skip
"""Edits that somebody may make without asking anybody."""


@pytest.mark.parametrize("edit", [pytest.param(edit, id=name) for name, edit in LEGAL.items()])
def test_what_is_no_mistake_is_no_finding(edit: Callable[[Stacks], None], stacks: Stacks) -> None:
    changed = copied(stacks)
    edit(changed)
    assert changed != stacks
    assert findings(changed) == set()


def changing(job: str, before: dict[str, Any], *actions: str, **after: Any) -> Callable[[dict[str, Plan]], None]:
    """A plan that changes what is said of a job, from `before`."""

    def edit(plans: dict[str, Plan]) -> None:
        values, change = planned(plans["schedules"], f"{JOB}.{job}")
        values.update(after)
        change.update(actions=list(actions), before={**values, **before}, after=dict(values))

    return edit


def asked(**variables: Any) -> Callable[[dict[str, Plan]], None]:
    def edit(plans: dict[str, Plan]) -> None:
        plans["schedules"]["variables"] = {name: {"value": value} for name, value in variables.items()}

    return edit


def flag_ends(end: str, **variables: Any) -> Callable[[dict[str, Plan]], None]:
    def edit(plans: dict[str, Plan]) -> None:
        address = 'google_storage_bucket_object.flags["x"]'
        drop(plans["schedules"], address)
        change = next(one["change"] for one in plans["schedules"]["resource_changes"] if one["address"] == address)
        change["before"] = {"name": f"backfills/books@{end}.json", "content": '{"owner": "analytics", "reason": "again"}'}
        asked(**variables)(plans)

    return edit


def adopted(job: str, **found: Any) -> Callable[[dict[str, Plan]], None]:
    return lambda plans: adopt(plans["schedules"], f"{JOB}.{job}", **found)


def hidden(job: str, name: str) -> Callable[[dict[str, Plan]], None]:
    def edit(plans: dict[str, Plan]) -> None:
        values, change = planned(plans["schedules"], f"{JOB}.{job}")
        del values[name]
        change["after_unknown"][name] = True

    return edit


SOON, OVER = "2026-11-24T00:00:00Z", "2026-11-23T11:59:59Z"
PLANNED: list[tuple[str, str, Callable[[dict[str, Plan]], None]]] = [
    ("delete", STACK, lambda plans: drop(plans["schedules"], f"{JOB}.{MAILER}")),
    ("delete", STACK, lambda plans: let_go(plans["schedules"], f"{JOB}.{MAILER}", is_listed=False)),
    ("delete", STACK, lambda plans: let_go(plans["schedules"], f"{JOB}.{MAILER}", is_listed=True)),
    ("adopted-pause", SCRAPER, adopted(SCRAPER, paused=True)),
    ("adopted-unchanged", SCRAPER, adopted(SCRAPER, description="by hand")),
    ("replace", SCRAPER, changing(SCRAPER, {"region": "us-east1"}, "create", "forget")),
    ("replace", SCRAPER, changing(SCRAPER, {"region": "us-east1"}, "delete", "create")),
    ("replace", SCRAPER, changing(SCRAPER, {}, "create", "delete")),
    ("schedule-and-pause", SCRAPER, changing(SCRAPER, {"schedule": "0 * * * *", "paused": True}, "update")),
    ("schedule-and-pause", SCRAPER, changing(SCRAPER, {"time_zone": "Etc/UTC", "paused": True}, "update")),
    ("backfill-asked", STACK, asked(backfill_mode=True, backfill_reason="again")),
    ("backfill-asked", STACK, asked(backfill_mode="true", backfill_owner="analytics", backfill_reason=" ")),
    ("backfill-ended", STACK, flag_ends(SOON, backfill_mode=False)),
    ("backfill-ended", STACK, flag_ends(SOON, backfill_mode=False, backfill_owner="platform")),
    ("cron", SCRAPER, changing(SCRAPER, {}, "update", schedule="0 0 1 * MON")),
    ("zone", SCRAPER, hidden(SCRAPER, "time_zone")),
    ("paused", SCRAPER, hidden(SCRAPER, "paused")),
    ("described", MAILER, hidden(MAILER, "description")),
    ("retry", MAILER, hidden(MAILER, "retry_config")),
    ("deadline", EVENT, changing(EVENT, {}, "update", attempt_deadline="600s")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "shows", "edit"), PLANNED, ids=lambda value: value if isinstance(value, str) else "")
def test_a_mistake_of_a_plan_is_caught(rule: str, shows: str, edit: Callable[[dict[str, Plan]], None], stacks: Stacks) -> None:
    plans = plans_of(stacks)
    edit(plans)
    address = f"{STACK}.google" if shows == STACK else f"{JOB}.{shows}"
    assert (rule, address) in (found := findings(stacks, plans))
    of_that_field = {"clock-change", "one-shot", "wrap-around", "stagger", "budget", "gap", "twin", "idempotent"}
    assert {name for name, _ in found} <= {rule} | of_that_field


QUIET_PLANS: dict[str, Callable[[dict[str, Plan]], None]] = {
    "another schedule": changing(SCRAPER, {"schedule": "0 * * * *"}, "update"),
    "a pause": changing(SCRAPER, {}, "update", paused=True),
    "a pause and a description": changing(SCRAPER, {"description": "x"}, "update", paused=True),
    "a job that is made": changing(SCRAPER, {}, "create"),
    "a deadline of a topic that the provider fills in": changing(EVENT, {}, "no-op", attempt_deadline="180s"),
    "a backfill with a reason and an owner": asked(backfill_mode=True, backfill_reason="again", backfill_owner="analytics"),
    "a deploy that asks nothing": asked(backfill_mode=None, backfill_owner="", backfill_reason=""),
    "a backfill that is over": flag_ends(OVER),
    "a backfill that its owner ends": flag_ends(SOON, backfill_mode=False, backfill_owner="analytics"),
}


@pytest.mark.parametrize("edit", [pytest.param(edit, id=name) for name, edit in QUIET_PLANS.items()])
def test_a_plan_without_a_mistake(edit: Callable[[dict[str, Plan]], None], stacks: Stacks) -> None:
    plans = plans_of(stacks)
    edit(plans)
    assert findings(stacks, plans) == set()


@pytest.mark.parametrize(
    "go",
    [
        pytest.param(drop, id="deleted"),
        pytest.param(partial(let_go, is_listed=True), id="let go, as Terraform 1.11 has it"),
        pytest.param(partial(let_go, is_listed=False), id="let go, as Terraform 1.15.6 has it"),
    ],
)
def test_a_job_that_the_catalog_accepts_to_be_gone(stacks: Stacks, go: Callable[[Plan, str], None]) -> None:
    changed = copied(stacks)
    Edit("schedules:facts/removed", {MAILER: {"reason": "mail is over", "owner": "data", "until": "2027-01-31"}})(changed)
    plans = plans_of(changed)
    go(plans["schedules"], f"{JOB}.{MAILER}")
    assert findings(changed, plans) == set()


@pytest.mark.parametrize("region", [None, "us-east1"])
def test_a_job_is_let_go_to_a_stack_that_declares_it_and_to_none_that_declares_its_namesake(
    stacks: Stacks, region: str | None
) -> None:
    changed, plans = copied(stacks), plans_of(stacks)
    mailer = changed["schedules"]["resource"][JOB][MAILER]
    other = {"resource": {JOB: {MAILER: mailer | ({"region": region} if region else {})}}}
    let_go(plans["schedules"], f"{JOB}.{MAILER}", is_listed=True)
    about = plan_estate(plan_of(plans["schedules"]), changed["schedules"], [other], TODAY)
    verdicts = [verdict for verdict in judge_all(RULES, about) if verdict.rule.name == "delete"]
    assert [verdict.outcome is Outcome.FAILED for verdict in verdicts] == [region is not None]


def test_every_rule_has_a_mistake_here() -> None:
    assert {rule.split()[0] for rule, *_ in (*MISTAKES, *BETWEEN, *PLANNED, *WRITTEN.values())} == {rule.name for rule in RULES}
    assert len(MISTAKES) >= 40
    assert len(LEGAL) >= 40

"""Backfill mode on the real stack: each way to turn a backfill on, extend, end and lose it, and what the jobs do."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from interlock.terraform.job_changes import job_changes
from interlock.terraform.plan import parse_plan
from tests.e2e.deployment import FAR, Deployment, instant, parsed

DECLARED = {"gamebooks-summer"}  # paused by declaration
BOOKS = {"gamebooks", "gamebooks-late"}  # what `books` pauses; it covers DECLARED too
MARTS = {*BOOKS, "boxscores"}
BOOKS_FLAG = 'google_storage_bucket_object.flags["books"]'
MARTS_FLAG = 'google_storage_bucket_object.flags["marts"]'


def test_true_creates_the_flag_and_pauses_exactly_its_jobs(small: Deployment) -> None:
    plan = small.plan(backfill_mode=True, backfills=["books"])
    assert plan.jobs == dict.fromkeys(BOOKS, "pause")
    assert plan.others == {BOOKS_FLAG: "create"}
    facts = job_changes(parse_plan(plan.shown))
    assert {change.job: change.paused for change in facts.jobs} == dict.fromkeys(BOOKS, (False, True))
    assert [flag.scope for flag in facts.flags_on] == ["backfill/books"]
    small.deploy_planned()
    assert small.paused() == BOOKS | DECLARED
    (name,) = small.objects()
    assert small.content(name) == {
        "backfill": "books",
        "until": small.flags()["books"],
        "reason": "Gamebooks, all dates",
        "owner": "analytics",
        "jobs": ["gamebooks", "gamebooks-late", "gamebooks-summer"],
        "identities": ["us-west2/gamebooks", "us-west2/gamebooks-late", "us-west2/gamebooks-summer"],
        "tables": ["raw.gamebooks"],
    }


def test_null_keeps_what_is_on(held: Deployment) -> None:
    until = held.flags()
    plan = held.plan(read_empty=True)
    assert plan.changes == {}
    assert plan.outputs["backfills_on"] == until


def test_true_again_keeps_the_end(held: Deployment) -> None:
    assert held.plan(backfill_mode=True, backfills=["books"]).changes == {}


def test_a_second_backfill_comes_and_goes_without_touching_the_first(held: Deployment) -> None:
    first = held.flags()["books"]
    on = held.plan(backfill_mode=True, backfills=["marts"])
    assert on.jobs == {"boxscores": "pause"}
    assert on.others == {MARTS_FLAG: "create"}
    held.deploy_planned()
    assert held.paused() == MARTS | DECLARED
    off = held.plan(backfill_mode=False, backfills=["marts"])
    assert off.jobs == {"boxscores": "resume"}
    assert off.others == {MARTS_FLAG: "delete"}
    held.deploy_planned()
    assert held.flags() == {"books": first}


def test_the_first_to_end_resumes_only_what_nobody_else_holds(small: Deployment) -> None:
    small.deploy(backfill_mode=True)
    off = small.plan(backfill_mode=False, backfills=["books"])
    assert off.jobs == {}
    assert off.others == {BOOKS_FLAG: "delete"}


def test_false_resumes_exactly_its_jobs_and_declared_pauses_stay(held: Deployment) -> None:
    plan = held.plan(backfill_mode=False, backfills=["books"])
    assert plan.jobs == dict.fromkeys(BOOKS, "resume")
    assert plan.others == {BOOKS_FLAG: "delete"}
    held.deploy_planned()
    assert held.paused() == DECLARED
    assert held.flags() == {}


def test_false_for_a_backfill_that_is_off_changes_nothing(small: Deployment) -> None:
    assert small.plan(backfill_mode=False).changes == {}


def test_an_extension_renames_the_flag_and_keeps_what_it_says_while_no_job_changes(held: Deployment) -> None:
    until = instant(FAR)
    plan = held.plan(backfill_mode=True, backfills=["books"], backfill_until=until)
    assert plan.changes == {BOOKS_FLAG: "create, delete"}
    held.deploy_planned()
    assert held.flags() == {"books": until}
    said = held.content(f"backfills/books@{until}.json")
    assert (said["reason"], said["owner"]) == ("reprocess", "me")
    assert held.paused() == BOOKS | DECLARED


def test_a_backfill_ends_by_itself_and_can_be_turned_on_anew(small: Deployment) -> None:
    until = instant(timedelta(seconds=6))
    small.apply(backfill_mode=True, backfills=["books"], backfill_until=until).succeeded()
    assert small.paused() == BOOKS | DECLARED
    while instant(timedelta()) <= until:
        time.sleep(0.2)
    plan = small.plan()
    assert plan.jobs == dict.fromkeys(BOOKS, "resume")
    assert plan.others == {BOOKS_FLAG: "delete"}
    small.deploy(backfill_mode=True, backfills=["books"])
    assert small.paused() == BOOKS | DECLARED
    assert small.flags()["books"] > until


def test_an_unrelated_catalog_change_leaves_it_on(held: Deployment, small_text: str) -> None:
    held.merge(parsed(small_text.replace('"0 6 * * *"', '"30 6 * * *"')))
    plan = held.plan()
    assert plan.jobs == {"tick": "update schedule"}
    assert plan.others.keys() == {"google_storage_bucket_object.declaration"}
    held.deploy_planned()
    assert held.paused() == BOOKS | DECLARED


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("  gamebooks-late:", "  gamebooks-night:", id="a held job that is renamed is refused"),
        pytest.param("  gamebooks-summer:", "  gamebooks-spring:", id="a covered job that is paused by declaration too"),
    ],
)
def test_a_covered_job_that_leaves_the_catalog(held: Deployment, small_text: str, before: str, after: str) -> None:
    paused, flags, was = held.paused(), held.objects(), held.writes()
    held.merge(parsed(small_text.replace(before, after)))
    refused = held.apply().refused()
    until = held.flags()["books"]
    says = f"The job us-west2/{before.strip(' :')} is held by backfills/books until {until} and is no longer in the"
    assert says in refused.text
    assert f"gcloud storage rm 'gs://interlock-local-coordination/{flags[0]}'" in refused.text
    assert (held.paused(), held.objects()) == (paused, flags)
    assert {name: count for name, count in held.writes().items() if "jobs" in name} == {
        name: count for name, count in was.items() if "jobs" in name
    }
    held.deploy(backfill_mode=False, backfills=["books"])  # ended in the same plan that renames it: nothing is held any more
    assert after.strip(" :") in held.jobs()


def test_a_held_job_that_is_removed_is_refused_until_the_flag_is_released(held: Deployment, small_text: str) -> None:
    start, end = small_text.index("  gamebooks-late:"), small_text.index("  gamebooks-summer:")
    held.merge(parsed(small_text[:start] + small_text[end:]))
    assert "The job us-west2/gamebooks-late is held by" in held.apply().refused().text
    held.remove(held.objects()[0])  # the command that the message prints
    held.deploy()
    assert held.paused() == DECLARED
    assert "gamebooks-late" not in held.jobs()


def test_a_backfill_that_is_removed_while_it_is_on_is_refused_until_its_flag_is_released(
    held: Deployment, small_text: str
) -> None:
    start, end = small_text.index("  books:"), small_text.index("  marts:")
    held.merge(parsed(small_text[:start] + small_text[end:]))
    refused = held.apply().refused()
    assert f"The backfill books is on until {held.flags()['books']} and the catalog no longer declares it." in refused.text
    assert held.paused() == BOOKS | DECLARED
    held.remove(held.objects()[0])
    held.deploy()
    assert held.paused() == DECLARED


def test_a_flag_deleted_by_hand_is_a_release_that_the_next_plan_carries_out(held: Deployment) -> None:
    held.remove(held.objects()[0])
    assert held.plan().jobs == dict.fromkeys(BOOKS, "resume")
    held.deploy_planned()
    assert held.paused() == DECLARED


def test_a_flag_renamed_by_hand_is_kept_with_the_end_of_its_new_name(held: Deployment) -> None:
    (old,) = held.objects()
    until = instant(FAR)
    held.bucket().rename_blob(held.bucket().blob(old), f"backfills/books@{until}.json")
    assert held.plan().jobs == {}
    held.deploy_planned()
    assert held.flags() == {"books": until}
    assert held.paused() == BOOKS | DECLARED


def test_of_two_flags_of_one_backfill_the_later_end_counts(held: Deployment) -> None:
    until = instant(FAR)
    held.put(f"backfills/books@{until}.json")
    plan = held.plan(read_empty=True)
    assert plan.jobs == {}
    assert plan.outputs["backfills_on"] == {"books": until}
    held.deploy_planned()
    assert held.flags() == {"books": until}


def test_a_saved_plan_that_is_applied_too_late_is_refused_and_changes_nothing(small: Deployment) -> None:
    small.plan(backfill_mode=True, backfills=["books"], plan_max_age="1s")
    time.sleep(2)
    refused = small.terraform("schedules", "apply", "-no-color", "plan.bin").refused()
    assert "This plan was made at" in refused.text
    assert "Plan again." in refused.text
    assert small.paused() == DECLARED
    assert small.objects() == []


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        pytest.param({"backfills": ["nope"]}, "unknown backfill nope; known: books, marts", id="an unknown backfill"),
        pytest.param({"backfill_until": "2020-01-01T00:00:00Z"}, "has passed", id="an end in the past"),
        pytest.param({"backfill_until": "2099-01-01T00:00:00Z"}, "allows no hold beyond 4 days", id="an end too far away"),
        pytest.param({"backfill_until": "tomorrow"}, "is no end: write UTC with whole seconds", id="an end that is no instant"),
        pytest.param({"plan_max_age": "-1h"}, "is no duration above zero", id="a plan that would be too old at once"),
        pytest.param({"backfills": "books"}, "Variables not allowed", id="a set that is not written as JSON"),
    ],
)
def test_terraform_refuses(small: Deployment, variables: dict[str, object], message: str) -> None:
    was = small.writes()
    refused = small.apply(**({"backfill_mode": True} | variables)).refused()
    assert message in refused.text
    assert small.paused() == DECLARED
    assert {name for name in small.writes() if name not in was} <= {"storage.objects.insert", "storage.objects.delete"}
    assert small.objects() == []


def test_a_plan_warns_of_an_end_before_the_backfill_can_be_through(small: Deployment) -> None:
    plan = small.plan(backfill_mode=True, backfills=["marts"], backfill_until=instant(timedelta(hours=1)))
    assert "marts is expected to take 20h and will be held until" in plan.text
    assert plan.jobs == dict.fromkeys(MARTS, "pause")

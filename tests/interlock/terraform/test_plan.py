"""What is read from a plan of the schedules. The plans in plans/ are Terraform's own, less what is not read; `python -m
tests.e2e.plans` writes them anew."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interlock.terraform import job_changes as of_jobs
from interlock.terraform import plan as reading
from interlock.terraform.job_changes import JobChange, JobChanges, job_changes
from interlock.terraform.plan import PlanError, load_plan, parse_plan
from tests.golden import FOLDER as GOLDEN

PLANS = Path(__file__).parent / "plans"
Json = dict[str, Any]

PAUSE, RESUME, STAY = (False, True), (True, False), (False, False)


def text(name: str) -> str:
    return (PLANS / f"{name}.json").read_text(encoding="utf-8")


def plan(name: str) -> Json:
    found = json.loads(text(name))
    assert isinstance(found, dict)
    return found


def changes_of(written: str) -> JobChanges:
    """What the text of a plan says of jobs."""
    return job_changes(parse_plan(written))


def said(changes: tuple[JobChange, ...]) -> list[tuple[str, str, tuple[bool | None, bool | None], str]]:
    return [(one.job, " ".join(one.actions), one.paused, " ".join(one.changed)) for one in changes]


@pytest.mark.parametrize(
    ("name", "jobs", "on"),
    [
        pytest.param("first", [("boxscores", "create", (None, False), ""), ("gamebooks", "create", (None, False), ""),
                               ("gamebooks-late", "create", (None, False), ""),
                               ("gamebooks-summer", "create", (None, True), ""),
                               ("odds", "create", (None, False), ""), ("tick", "create", (None, False), "")], [],
                     id="the first plan creates every job, the one that is paused by declaration as paused"),
        pytest.param("on", [("gamebooks", "update", PAUSE, "paused"), ("gamebooks-late", "update", PAUSE, "paused")],
                     ["backfill/books"], id="a backfill that is turned on pauses its jobs"),
        pytest.param("unchanged", [], ["backfill/books"], id="a backfill that stays on changes no job"),
        pytest.param("off", [("gamebooks", "update", RESUME, "paused"), ("gamebooks-late", "update", RESUME, "paused")], [],
                     id="a backfill that is ended resumes its jobs, and its flag is gone"),
        pytest.param("extension", [], ["backfill/books"], id="an extension is one flag, the new one, and changes no job"),
        pytest.param("held", [("boxscores", "update", PAUSE, "paused"), ("odds", "update", PAUSE, "paused")],
                     ["backfill/books"], id="a runtime hold pauses what is not paused yet"),
        pytest.param("delete", [("odds", "delete", (False, None), "")], ["backfill/books"],
                     id="a job that left the catalog is deleted"),
        pytest.param("replacement", [("gamebooks-late", "update", (True, True), "schedule"),
                                     ("odds", "delete create", STAY, "http_target region")], ["backfill/books"],
                     id="a job in another region is replaced"),
        pytest.param("forget", [("odds", "forget", (False, None), "")], ["backfill/books"],
                     id="a job that is let go stays in the cloud"),
        pytest.param("drift-target", [("odds", "update", STAY, "http_target")], ["backfill/books"],
                     id="a job that somebody sent elsewhere comes back"),
        pytest.param("adoption", [("boxscores", "no-op", STAY, ""), ("odds", "no-op", STAY, "")], ["backfill/books"],
                     id="jobs that are adopted as they are"),
        pytest.param("adoption-changed", [("boxscores", "update", RESUME, "paused"), ("odds", "update", STAY, "http_target")],
                     ["backfill/books"], id="jobs that are adopted and changed"),
        pytest.param("destroy", [("boxscores", "delete", (False, None), ""), ("gamebooks", "delete", (True, None), ""),
                                 ("gamebooks-late", "delete", (True, None), ""),
                                 ("gamebooks-summer", "delete", (True, None), ""),
                                 ("odds", "delete", (False, None), ""), ("tick", "delete", (False, None), "")], [],
                     id="a plan to destroy deletes every job and flag"),
    ],
)  # fmt: skip
def test_what_a_plan_does(name: str, jobs: list[object], on: list[str]) -> None:
    facts = changes_of(text(name))
    assert said(facts.jobs) == jobs
    assert [flag.scope for flag in facts.flags_on] == on
    assert {one.job: one.target_changed for one in facts.drift} == ({"odds": ("URL", "account")} if "drift" in name else {})
    assert {one.importing for one in facts.jobs} <= {name.startswith("adoption")}


def test_drift_is_what_was_changed_outside_and_the_plan_sets_it_right() -> None:
    facts = changes_of(text("drift"))
    assert said(facts.drift) == [("boxscores", "update", PAUSE, "paused")]
    assert said(facts.jobs) == [("boxscores", "update", RESUME, "paused")]


def test_an_extension_states_the_later_end() -> None:
    [before], [after] = changes_of(text("unchanged")).flags_on, changes_of(text("extension")).flags_on
    assert after.end > before.end


def test_flags_that_a_plan_takes_away_are_known() -> None:
    assert [flag.scope for flag in changes_of(text("off")).flags_off] == ["backfill/books"]
    assert changes_of(text("extension")).flags_off == changes_of(text("unchanged")).flags_on
    assert changes_of(text("on")).flags_off == ()


def as_later_terraform(found: Json) -> None:
    """https://github.com/hashicorp/terraform/pull/38665, in 1.15.6: what is let go is no planned value any more."""
    root = found["planned_values"]["root_module"]
    listed = [one["address"] for one in root["resources"] if one["type"] != "google_storage_bucket_object"]
    assert listed == [f"{of_jobs.JOB}.odds"]
    root["resources"] = [one for one in root["resources"] if one["address"] not in listed]


def test_what_is_let_go_is_the_same_whatever_terraform_planned_it() -> None:
    old, new = parse_plan(text("forget")), parse_plan(changed(as_later_terraform, "forget"))
    assert old == new
    assert of_jobs.JOB not in {one.kind for one in old.planned}


def test_the_holds_are_those_of_the_listing_whose_names_state_one() -> None:
    assert [hold.object_name for hold in changes_of(text("held")).holds] == [
        "holds/service/scrapers/deploys@2099-01-01T00:00:00Z.json"
    ]
    assert "holds/nonsense" in text("held")


def test_a_cron_change_says_both() -> None:
    change = changes_of(text("replacement")).jobs[0]
    assert change.schedule == ("45 3 * * *", "50 3 * * *")
    assert change.time_zone == ("America/New_York", "America/New_York")


def test_nothing_else_of_a_job_is_let_out() -> None:
    secrets = ("scrapers-100000000000", "eyJ", "serviceaccount", "application/json", "elsewhere")
    for file in sorted(PLANS.glob("*.json")):
        try:
            said = repr(changes_of(file.read_text(encoding="utf-8")))
        except PlanError as error:
            said = str(error)
        assert not [secret for secret in secrets if secret in said], file.name
    assert all(secret in text("first") + text("drift-target") for secret in secrets)


def changed(edit: Callable[[Json], object], name: str = "drift") -> str:
    """A plan of which something was changed by hand."""
    found = plan(name)
    edit(found)
    return json.dumps(found)


READ_LATER: Json = {
    "address": of_jobs.HOLDS_LISTING,
    "mode": "data",
    "type": "google_storage_bucket_objects",
    "name": "holds",
    "change": {"actions": ["read"]},
}


def the_job(found: Json) -> Json:
    """The change of the job of plans/drift.json."""
    [one] = [one for one in found["resource_changes"] if one["name"] == "boxscores"]
    assert isinstance(one, dict)
    return one


def test_a_state_that_is_known_only_after_the_apply_is_none() -> None:
    def edit(found: Json) -> None:
        change = the_job(found)["change"]
        change["after_unknown"] |= {"paused": True, "attempt_deadline": True}
        change["before"]["attempt_deadline"] = None
        for name in change["after_unknown"]:
            del change["after"][name]

    [change] = changes_of(changed(edit)).jobs
    assert (change.paused, change.changed) == ((True, None), ("attempt_deadline", "paused"))


def test_what_an_interrupted_replacement_left_is_told_from_the_job() -> None:
    def edit(found: Json) -> None:
        left = json.loads(json.dumps(the_job(found))) | {"deposed": "0a1b2c3d"}
        left["change"] |= {"actions": ["delete"], "after": None}
        found["resource_changes"].insert(0, left)

    assert [(one.actions, one.deposed) for one in changes_of(changed(edit)).jobs] == [(("update",), False), (("delete",), True)]


@pytest.mark.parametrize(
    ("found", "why"),
    [
        pytest.param(text("coordination"), "looks like coordination", id="the plan of coordination, which has a job too"),
        pytest.param(text("alerting"), "looks like alerting", id="the plan of alerting"),
        pytest.param(text("state"), "this is a state", id="a state"),
        pytest.param(text("errored"), "planning failed", id="a plan that failed"),
        pytest.param(text("target"), "part of a plan", id="a plan with -target"),
        pytest.param('{"@level":"info"}\n{"@level":"info"}\n', "the log", id="the log of terraform plan -json"),
        pytest.param("PK\x03\x04\x00\x00", "saved plan itself", id="the saved plan"),
        pytest.param("", "not JSON", id="nothing"),
        pytest.param("Terraform will perform the following actions:", "not JSON", id="the plan for people"),
        pytest.param("[" * 200_000, "too deep", id="lists without end"),
        pytest.param('{"a":' * 200_000, "too deep", id="objects without end"),
        pytest.param("9" * 10_000, "not JSON", id="a number without end"),
        pytest.param("[]", "the file is a list", id="a list"),
        pytest.param("null", "the file is missing", id="null"),
        pytest.param("{}", "no format_version", id="an empty object"),
        pytest.param('{"format_version": "1.2", "terraform_version": "1.11.4"}', "a state", id="an empty state"),
        pytest.param(changed(lambda p: p.update(format_version="2.0")), "format_version is 2.0", id="the next format"),
        pytest.param(changed(lambda p: p.update(format_version=1)), "format_version is 1", id="a version that is no text"),
        pytest.param(changed(lambda p: p.update(format_version="\x1b[31m<b>")), "is ?[31m?b?", id="a version of markup"),
        pytest.param(changed(lambda p: p.pop("configuration")), "configuration is missing", id="no configuration"),
        pytest.param(changed(lambda p: p.update(configuration={"root_module": {}})), "another stack", id="nothing configured"),
        pytest.param(changed(lambda p: p.pop("prior_state")), "has not read", id="nothing read"),
        pytest.param(
            changed(
                lambda p: p["resource_changes"].append(
                    READ_LATER
                )
            ),
            "has not read",
            id="holds that are read only while applying",
        ),
        pytest.param(changed(lambda p: p.update(resource_changes={})), "is an object, not a list", id="an object of changes"),
        pytest.param(changed(lambda p: p["resource_changes"].append(7)), "is a number", id="a change that is no object"),
        pytest.param(changed(lambda p: the_job(p).pop("change")), "is missing", id="a change without a change"),
        pytest.param(changed(lambda p: the_job(p)["change"].update(actions=["explode"])), "not known", id="an unknown action"),
        pytest.param(changed(lambda p: the_job(p)["change"].update(actions=[])), "not known", id="no action"),
        pytest.param(changed(lambda p: the_job(p)["change"].update(actions=["update", "delete"])), "not known",
                     id="two actions that no Terraform plans together"),
        pytest.param(changed(lambda p: the_job(p).update(name="a\nb")), "is not one of", id="a name of two lines"),
        pytest.param(changed(lambda p: the_job(p).update(address="module.x.y")), "is not one of", id="another's address"),
        pytest.param(changed(lambda p: the_job(p).update(address=f"module.x.{of_jobs.JOB}.boxscores")), "no catalog can name",
                     id="a job of a module"),
        pytest.param(changed(lambda p: the_job(p)["change"].update(after=[1])), "is a list", id="values that are a list"),
        pytest.param(changed(lambda p: the_job(p)["change"]["after"].update(paused="no")), "neither", id="paused as a text"),
        pytest.param(changed(lambda p: the_job(p)["change"]["after"].update(schedule="\x1b]0;x")), "would not take",
                     id="a schedule that a terminal acts on"),
        pytest.param(changed(lambda p: the_job(p)["change"]["after"].update(schedule="*" * 999)), "would not take",
                     id="a schedule without end"),
        pytest.param(changed(lambda p: the_job(p)["change"]["after"].update({"<script>": 1})), "no provider has",
                     id="an attribute of markup"),
        pytest.param(changed(lambda p: p["planned_values"]["root_module"]["resources"][1]["values"].update(name="backfills/x")),
                     "states no backfill", id="a flag without an end"),
    ],
)  # fmt: skip
def test_what_is_refused_in_one_sentence_with_the_next_command(found: str, why: str) -> None:
    with pytest.raises(PlanError) as caught:
        changes_of(found)
    message = str(caught.value)
    assert why in message
    assert "terraform show -json plan.bin > plan.json" in message
    assert "\n" not in message
    assert message.isprintable()
    assert len(message) < 400


def test_a_plan_that_is_too_large_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_CHARACTERS", 100)
    with pytest.raises(PlanError, match="at most 100 are read"):
        changes_of(text("on"))


WRONG: tuple[object, ...] = (None, True, 7, "", "x\n\x1b[31m<b>", [], [None], [{}], {}, {"x\n": "<b>"})


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The way to everything inside `value`."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, one in inner for found in ((*path, key), *places(one, (*path, key)))]


def test_whatever_stands_anywhere_in_a_plan_is_read_or_refused() -> None:
    found: Any = plan("drift")
    refused = 0
    for *way, last in places(found):
        inner = found
        for key in way:
            inner = inner[key]
        right = inner[last]
        for inner[last] in WRONG:
            try:
                facts = changes_of(json.dumps(found))
                let_out = {name for change in (*facts.jobs, *facts.drift) for name in (change.job, *change.changed)}
            except PlanError as error:
                refused += 1
                let_out = {"refused"} if str(error).isprintable() else {str(error)}
            assert all(re.fullmatch("[a-z0-9_-]+", name) for name in let_out), (way, last, inner[last])
        inner[last] = right
    assert refused > 100


def test_the_signs_of_the_stacks_are_theirs() -> None:
    stacks = json.loads((GOLDEN / "stacks-small.json").read_text(encoding="utf-8"))
    addresses = {
        stack: {f"{type_}.{name}" for type_, named in synthesized["resource"].items() for name in named}
        | {f"data.{type_}.{name}" for type_, named in synthesized.get("data", {}).items() for name in named}
        for stack, synthesized in stacks.items()
    }
    assert {stack for stack, found in addresses.items() if found >= of_jobs.LISTINGS} == {"schedules"}
    assert of_jobs.FLAGS in addresses["schedules"]
    for address, stack in of_jobs.SIBLINGS.items():
        assert {name for name, found in addresses.items() if address in found} == {stack}


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIPE_SECONDS", 0.05)
    os.mkfifo(pipe := tmp_path / "plan.json")
    with pytest.raises(PlanError):
        load_plan(pipe)


def test_a_pipe_that_brings_nothing_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIPE_SECONDS", 0.05)
    os.mkfifo(pipe := tmp_path / "plan.json")
    writer = os.open(pipe, os.O_RDWR)
    try:
        with pytest.raises(PlanError, match="nothing came through the pipe"):
            load_plan(pipe)
    finally:
        os.close(writer)


def test_a_plan_comes_through_a_pipe_whole_as_from_a_file(tmp_path: Path) -> None:
    """As `--plan <(terraform show -json plan.bin)` gives it, in pieces."""
    (tmp_path / "file.json").write_text(text("on"))
    reading_end, writing_end = os.pipe()

    def write() -> None:
        with open(writing_end, "w", encoding="utf-8") as pipe:  # noqa: PTH123 - a descriptor
            for line in text("on").splitlines(keepends=True):
                pipe.write(line)
                pipe.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = load_plan(Path(f"/dev/fd/{reading_end}"))
    finally:
        writer.join()
        os.close(reading_end)
    assert found == load_plan(tmp_path / "file.json")

"""Files that anybody may have written: what is read, what is refused, and that nothing else ever happens."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interlock.terraform.plan import MAX_CHARACTERS, PlanError
from interlock.terraform.plan import plan_of as read_plan
from policies.from_files import SYNTHESIZED, Unreadable, plan_estate, read_estate, stack_estate
from policies.rules import RULES
from policies.rules.estate import JOB, STACK, Estate, Origin
from policies.rules.judge import Outcome, judge_all
from tests.policies.estates import TODAY
from tests.policies.planning import drop, plan_of, planned
from tests.stacks.conftest import Stacks

FETCH = f"{JOB}.gamebook-scraper"


def folder(stacks: Stacks, where: Path) -> Path:
    """The stacks as cdktf writes them; the file of `schedules`."""
    for name, stack in stacks.items():
        (where / "stacks" / name).mkdir(parents=True)
        (where / "stacks" / name / SYNTHESIZED).write_text(json.dumps(stack), encoding="utf-8")
    return where / "stacks" / "schedules" / SYNTHESIZED


def refused(path: Path) -> str:
    with pytest.raises(Unreadable) as found:
        read_estate(path, TODAY)
    message = str(found.value)
    assert message.isprintable()
    assert len(message) < 500
    return message


def plan_and_stack(stacks: Stacks) -> tuple[dict[str, Any], Any]:
    stack = copy.deepcopy(stacks["schedules"])
    return plan_of(stack), stack


def of_plan(plan: dict[str, Any], stack: Any) -> Estate:
    return plan_estate(read_plan(plan), stack, [], TODAY)


def test_a_stack_is_read_with_the_other_stacks_of_its_folder(stacks: Stacks, tmp_path: Path) -> None:
    about = read_estate(folder(stacks, tmp_path), TODAY)
    assert about.origin is Origin.STACK
    assert sum(1 for one in about.resources.values() if one.kind == JOB) == about.facts.values["jobs"]
    assert {one.name for one in about.neighbours if one.kind == JOB} >= {"interlock-tick", "interlock-open-weekly"}
    assert {v.outcome for v in judge_all(RULES, about)} == {Outcome.PASSED}


def test_a_plan_is_read_with_the_stack_beside_it(stacks: Stacks, tmp_path: Path) -> None:
    path = folder(stacks, tmp_path)
    for name in stacks:
        plan = path.parent.parent / name / "plan.json"
        plan.write_text(json.dumps(plan_of(stacks[name], ("create",))), encoding="utf-8")
        about = read_estate(plan, TODAY)
        assert about.origin is Origin.PLAN
        assert [str(v) for v in judge_all(RULES, about) if v.outcome is not Outcome.PASSED] == []
    assert "interlock-tick" in {one.name for one in read_estate(path.with_name("plan.json"), TODAY).neighbours}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(b"", "stack/cdk.tf.json is not JSON", id="nothing"),
        pytest.param(b"{", "is not JSON", id="half of it"),
        pytest.param(b"resource: {}", "is not JSON", id="YAML"),
        pytest.param(b"[]", "stack/cdk.tf.json is [], which is no mapping", id="a list"),
        pytest.param(b"\xff\xfe{}", "is no text in UTF-8", id="another encoding"),
        pytest.param(b"[" * 100_000, "is nested too deeply", id="brackets without an end"),
        pytest.param(b'{"a":' + b"[" * 200 + b"]" * 200 + b"}", "is nested more than 100 deep", id="too deep to show"),
        pytest.param(b'{"a": ' + b"1" * 5_000 + b"}", "is not JSON", id="an endless number"),
        pytest.param(b'{"resource": {}, "resource": {}}', 'the key "resource" stands there twice', id="a key twice"),
        pytest.param(b'{"resource": {"a": {"b": {"a": 1, "a": 2}}}}', '"a" stands there twice', id="deep inside"),
        pytest.param(b'{"resource": "x"}', 'resource is "x", which is no mapping', id="resources in a text"),
        pytest.param(b'{"resource": {"x": 5}}', "resource.x is 5, which is no mapping", id="a type that is a number"),
        pytest.param(b'{"resource": {"x": {"y": 5}}}', "x.y is 5, which is no mapping", id="a resource that is a number"),
        pytest.param(b'{"resource": {"x": {"y": {"//": {"interlock": "z"}}}}}', "interlock is \"z\", which is no mapping",
                     id="facts in a text"),
        pytest.param(b'{"//": {"interlock": []}}', "interlock is [], which is no mapping", id="facts in a list"),
        pytest.param(b'{"locals": ["x"]}', "locals is \"x\", which is no mapping", id="locals in a list of texts"),
        pytest.param(b'{"resource": {"\\u001b[2J": 5}}', "which is no mapping", id="a type that a terminal would obey"),
    ],
)  # fmt: skip
def test_what_is_no_stack_is_refused_in_one_sentence(text: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "stack" / SYNTHESIZED
    path.parent.mkdir()
    path.write_bytes(text)
    message = refused(path)
    assert says in message
    assert message.endswith("synthesize first: make policy, or npx cdktf synth")


@pytest.mark.parametrize("name", [SYNTHESIZED, "plan.json"])
def test_a_file_too_large_is_not_read(name: str, tmp_path: Path) -> None:
    (tmp_path / SYNTHESIZED).write_text("{}", encoding="utf-8")
    with (tmp_path / name).open("wb") as file:
        file.truncate(MAX_CHARACTERS + 1)
    message = refused(tmp_path / name)
    assert name in message
    assert f"has {MAX_CHARACTERS + 1:,} bytes and at most" in message


def test_a_file_that_is_not_there_or_a_folder(tmp_path: Path) -> None:
    assert "can't be read: No such file" in refused(tmp_path / SYNTHESIZED)
    (tmp_path / SYNTHESIZED).mkdir()
    assert "can't be read: Is a directory" in refused(tmp_path / SYNTHESIZED)
    assert "main.tf is no JSON; check what `terraform show -json` says" in refused(tmp_path / "main.tf")


def test_a_neighbour_that_cannot_be_read_is_named(stacks: Stacks, tmp_path: Path) -> None:
    path = folder(stacks, tmp_path)
    (path.parent.parent / "alerting" / SYNTHESIZED).write_text("{", encoding="utf-8")
    assert refused(path).startswith("alerting/cdk.tf.json is not JSON")


def test_comments_are_no_resources() -> None:
    stack: Any = {
        "//": "by hand",
        "resource": {"//": "all of them", "google_storage_bucket": {"//": "one", "it": {"//": "mine", "name": "b"}}},
    }
    about = stack_estate(stack, [], TODAY)
    assert set(about.resources) == {"google_storage_bucket.it", f"{STACK}.google"}
    assert about.resources["google_storage_bucket.it"].attributes.values == {"name": "b"}


def test_lists_of_blocks_are_read_as_terraform_reads_them() -> None:
    stack: Any = {"resource": [{"x": {"a": {"n": 1}}}, {"x": [{"b": [{"n": 2}]}, {"c": {"n": 3}}]}]}
    about = stack_estate(stack, [], TODAY)
    assert {one.address: one.attributes.values for one in about.resources.values() if one.kind == "x"} == {
        "x.a": {"n": 1},
        "x.b": {"n": 2},
        "x.c": {"n": 3},
    }


def test_a_resource_that_is_written_twice_keeps_nothing() -> None:
    """Terraform refuses it; nothing in it may pass."""
    about = stack_estate({"resource": {JOB: {"it": [{"name": "a"}, {"name": "b"}]}}}, [], TODAY)
    assert about.resources[f"{JOB}.it"].attributes.values == {}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(lambda plan: plan.update(planned_values=[]), "planned_values is a list, not an object", id="values"),
        pytest.param(lambda plan: plan.update(resource_changes={}), "resource_changes is an object, not a list", id="changes"),
        pytest.param(
            lambda plan: plan["resource_changes"].append(5), "an entry of resource_changes is a number", id="a change"
        ),
        pytest.param(
            lambda plan: plan["resource_changes"][0].update(address=5), "the address of a resource is a number", id="an address"
        ),
        pytest.param(
            lambda plan: plan["resource_changes"][0].update(change=None),
            "a change of resource_changes is missing",
            id="no change",
        ),
        pytest.param(
            lambda plan: plan["resource_changes"][0]["change"].update(after=[1]),
            ": after of google_cloud_scheduler_job.boxscore-scraper is a list",
            id="what it becomes",
        ),
        pytest.param(
            lambda plan: plan["resource_changes"][0]["change"].update(after_unknown=[1]),
            "after_unknown of google_cloud_scheduler_job.boxscore-scraper is a list",
            id="unknown",
        ),
        pytest.param(lambda plan: resources(plan)[0].update(type="other"), "is not one of", id="an address of another type"),
        pytest.param(
            lambda plan: resources(plan)[0].update(address=f"{FETCH}x"), "is not one of", id="an address that goes on"
        ),
        pytest.param(lambda plan: resources(plan)[0].update(name=None), "the name of a resource is missing", id="no name"),
        pytest.param(lambda plan: resources(plan)[0].update(values="x"), "the values of", id="values in a text"),
        pytest.param(
            lambda plan: plan["planned_values"]["root_module"].update(child_modules=[5]),
            "an entry of the modules of planned_values is a number",
            id="a module",
        ),
        pytest.param(lambda plan: plan.update(variables=[]), "variables is a list, not an object", id="variables"),
    ],
)
def test_a_plan_that_is_none_is_refused(change: Callable[[Any], None], says: str, stacks: Stacks) -> None:
    plan, stack = plan_and_stack(stacks)
    change(plan)
    with pytest.raises(PlanError) as found:
        of_plan(plan, stack)
    assert says in str(found.value)


def resources(plan: Any) -> list[Any]:
    found: list[Any] = plan["planned_values"]["root_module"]["resources"]
    return found


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"errored": True}, "planning failed", id="that failed"),
        pytest.param({"complete": False}, "this is a part of a plan", id="of a part"),
        pytest.param({"format_version": "2.0"}, "format_version", id="in another format"),
        pytest.param({"deep": [[]]}, "more than 100 deep", id="that is too deep"),
    ],
)
def test_a_plan_that_is_not_whole_is_refused(change: dict[str, Any], says: str, stacks: Stacks, tmp_path: Path) -> None:
    plan, stack = plan_and_stack(stacks)
    if "deep" in change:
        for _ in range(150):
            change = {"deep": [change]}
    (tmp_path / SYNTHESIZED).write_text(json.dumps(stack), encoding="utf-8")
    (tmp_path / "plan.json").write_text(json.dumps({**plan, **change}), encoding="utf-8")
    assert says in refused(tmp_path / "plan.json")


def test_a_plan_without_its_stack_is_refused(stacks: Stacks, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(plan_of(stacks["schedules"])), encoding="utf-8")
    assert f"plan.json has no {SYNTHESIZED} beside it, so its waivers and facts are not known" in refused(
        tmp_path / "plan.json"
    )


def test_facts_are_looked_up_by_address_without_the_index(stacks: Stacks) -> None:
    plan, stack = plan_and_stack(stacks)
    stack["resource"]["google_storage_bucket_object"]["flags"]["//"] = {"interlock": {"owner": "data"}}
    about = of_plan(plan, stack)
    assert about.resources[FETCH].facts.values["service"] == "scrapers"
    assert about.resources['google_storage_bucket_object.flags["x"]'].facts.values == {"owner": "data"}


def in_module(one: Any) -> Any:
    return {**copy.deepcopy(one), "address": f"module.more.{one['address']}"}


def test_a_resource_of_a_module_hides_none_of_the_root_and_has_no_facts_of_its(stacks: Stacks) -> None:
    plan, stack = plan_and_stack(stacks)
    inner = [in_module(one) for one in resources(plan) if one["address"] == FETCH]
    inner[0]["values"]["schedule"] = "hourly"
    plan["planned_values"]["root_module"]["child_modules"] = [{"child_modules": [{"resources": inner}]}]
    about = of_plan(plan, stack)
    assert about.resources[FETCH].attributes.text("schedule") == "15 * * * *"
    assert about.resources[f"module.more.{FETCH}"].attributes.text("schedule") == "hourly"
    assert about.resources[f"module.more.{FETCH}"].facts.values == {}
    failed = {v.resource.address for v in judge_all(RULES, about) if v.rule.name == "cron" and v.outcome is Outcome.FAILED}
    assert failed == {f"module.more.{FETCH}"}


def test_what_goes_away_is_known_in_modules_too_and_what_an_interrupted_replacement_left_is_not(stacks: Stacks) -> None:
    plan, stack = plan_and_stack(stacks)
    drop(plan, FETCH)
    changes = plan["resource_changes"]
    gone = next(one for one in changes if one["address"] == FETCH)
    left = next(one for one in changes if one["address"] == f"{JOB}.mailer")
    changes += [
        in_module(gone),
        {**gone, "address": left["address"], "name": left["name"], "deposed": "abc123"},
        {**gone, "address": "data.google_project.p", "mode": "data", "type": "google_project", "name": "p"},
    ]
    about = of_plan(plan, stack)
    assert set(about.gone) == {FETCH, f"module.more.{FETCH}"}
    assert about.resources[f"{JOB}.mailer"].change is not None
    assert about.resources[f"{JOB}.mailer"].change.actions == ("no-op",)


@pytest.mark.parametrize(
    ("stamp", "known"),
    [("2026-11-23T12:00:00Z", True), ("2026-11-23T12:00:00", False), ("soon", False), (5, False), (None, False)],
)
def test_when_it_was_planned_is_an_instant_or_not_known(stamp: object, known: bool, stacks: Stacks) -> None:
    plan, stack = plan_and_stack(stacks)
    assert (of_plan({**plan, "timestamp": stamp}, stack).planned_at is not None) is known


def test_an_expression_is_deferred_in_the_stack_and_a_finding_in_the_plan(stacks: Stacks) -> None:
    plan, stack = plan_and_stack(stacks)
    stack["resource"][JOB]["gamebook-scraper"]["time_zone"] = "${var.zone}"
    values, change = planned(plan, FETCH)
    del values["time_zone"]
    change["after_unknown"]["time_zone"] = True
    deferred = [str(v) for v in judge_all(RULES, stack_estate(stack, [], TODAY)) if v.outcome is Outcome.DEFERRED]
    assert f'CKV2_ILK_3 zone: {FETCH}: deferred to plan: time_zone is "${{var.zone}}"' in deferred
    failed = [str(v) for v in judge_all(RULES, of_plan(plan, stack)) if v.outcome is Outcome.FAILED]
    assert (
        f"CKV2_ILK_3 zone: {FETCH}: time_zone is known only after the apply, so zone can't be checked; write a value that a"
        " plan knows" in failed
    )


SCALARS = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        -1,
        10**30,
        1.5,
        "",
        "${var.x}",
        "* * * * *",
        "Etc/UTC",
        "180s",
        "https://[",
        "\x1b[2J\ud800",
        "x" * 300,
    ]
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["", "//", "a", "rule", "x.y"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in some JSON."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in inside for found in ((*path, key), *places(inner, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The JSON with another value at a place; only what is on the way is copied."""
    if not path:
        return new
    changed = copy.copy(value)
    changed[path[0]] = put(value[path[0]], path[1:], new)
    return changed


def jobs_in(value: Any) -> set[str]:
    """The jobs of a stack that are still resources in it."""
    named = value.get("resource", {}).get(JOB)
    return {name for name, one in named.items() if isinstance(one, dict)} if isinstance(named, dict) else set()


def check_judged(about: Estate, jobs: set[str]) -> None:
    """Every job has a verdict of every rule that is about all jobs, and each message is one line."""
    judged: dict[str, set[str]] = {}
    for verdict in judge_all(RULES, about):
        assert all(message.isprintable() for message in verdict.messages)
        judged.setdefault(verdict.resource.name, set()).add(verdict.rule.name)
    for job in jobs:
        assert {"cron", "zone", "stagger", "budget", "gap", "twin", "retry", "described"} <= judged[job]


FUZZED = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZED
@given(data=st.data())
def test_whatever_stands_anywhere_in_a_stack_is_judged_or_refused(data: st.DataObject, stacks: Stacks) -> None:
    stack = stacks["schedules"]
    for _ in range(data.draw(st.integers(1, 3))):
        stack = put(stack, data.draw(st.sampled_from(places(stack))), data.draw(JUNK))
    try:
        about = stack_estate(stack, [stacks["coordination"], stacks["alerting"]], TODAY)
    except Unreadable:
        return
    check_judged(about, jobs_in(stack))


@FUZZED
@given(data=st.data())
def test_whatever_stands_anywhere_in_a_plan_is_judged_or_refused(data: st.DataObject, stacks: Stacks) -> None:
    plan: Any = plan_of(stacks["schedules"], backfill_mode=True)
    for _ in range(data.draw(st.integers(1, 3))):
        plan = put(plan, data.draw(st.sampled_from(places(plan))), data.draw(JUNK))
    try:
        about = plan_estate(read_plan(plan), stacks["schedules"], [], TODAY)
    except PlanError:
        return
    check_judged(about, {one.name for one in about.resources.values() if one.kind == JOB})


@FUZZED
@given(data=st.data())
def test_whatever_stands_in_a_neighbour_is_judged_or_refused(data: st.DataObject, stacks: Stacks) -> None:
    other = stacks[data.draw(st.sampled_from(["alerting", "coordination"]))]
    other = put(other, data.draw(st.sampled_from(places(other))), data.draw(JUNK))
    try:
        about = stack_estate(stacks["schedules"], [other], TODAY)
    except Unreadable:
        return
    check_judged(about, jobs_in(stacks["schedules"]))

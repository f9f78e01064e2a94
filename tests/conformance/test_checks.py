"""Each check can fail: where the cloud answers otherwise it is red, with both answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance import contracts, questions, story, suite
from conformance.check import Status
from conformance.cloud import JsonObject, Reply
from conformance.configurations import CALLER, CONTRACTS, FUNCTION
from conformance.stop import Ran
from conformance.terraform import Applied
from conformance.world import World
from tests.conformance.conftest import Alter

Change = Callable[[Reply], Reply]


def answering(status: int, **more: object) -> Change:
    """That answer, with more in it."""
    return lambda reply: Reply(status=status, body=reply.body | more)


def each(key: str, change: Callable[[JsonObject], JsonObject]) -> Change:
    """The same with each item of a list changed."""
    return lambda reply: replace(reply, body=reply.body | {key: [change(one) for one in reply.body.get(key, [])]})


def with_zeros(reply: Reply) -> Reply:
    """A dashboard whose tiles say where they are, also at the edge."""
    layout = reply.body.get("mosaicLayout", {})
    tiles = [{"xPos": 0, "yPos": 0, **tile} for tile in layout.get("tiles", [])]
    return replace(reply, body=reply.body | {"mosaicLayout": layout | {"tiles": tiles}})


def from_the_second(change: Change) -> Change:
    """The first such call is answered as ever."""
    calls: list[Reply] = []

    def changed(reply: Reply) -> Reply:
        calls.append(reply)
        return change(reply) if len(calls) > 1 else reply

    return changed


BREAKS = [
    ("distribution", "POST", "/metrics$", answering(200, bucketOptions={"x": 1}), '200, bucketOptions {"x": 1}'),
    ("pause-paused", "POST", ":pause$", from_the_second(answering(400)), "400, PAUSED"),
    ("pause-disabled", "GET", "-disabled$", answering(200, state="DISABLED"), "200, DISABLED"),
    (
        "full-view",
        "GET",
        "/jobs$",
        each("jobs", lambda job: {key: value for key, value in job.items() if "arget" not in key} | {"pubsubTarget": {}}),
        "name, schedule and state; pubsubTarget",
    ),
    ("patch-paused", "GET", "-patched$", answering(200, state="ENABLED"), "ENABLED"),
    ("dashboard", "GET", "/dashboards/", with_zeros, "with zeros: xPos, yPos"),
    (
        "heartbeat",
        "GET",
        "_local/incidents",
        answering(200, incidents=[]),
        "silent after a point: does not open; never a point: does not open",
    ),
]


@pytest.mark.parametrize(("key", "method", "path", "change", "seen"), [pytest.param(*row, id=row[0]) for row in BREAKS])
def test_a_question_that_is_answered_otherwise_is_red_with_both_answers(
    world: World, alter: Alter, key: str, method: str, path: str, change: Change, seen: str
) -> None:
    alter(method, path, change)
    suite.enable(world)
    (questions.ask_heartbeat if key == "heartbeat" else questions.ask)(world)
    answer = world.answers[key]
    assert not answer.is_good
    assert answer.check.assumed
    assert answer.seen == seen != answer.check.expected


def test_a_question_that_can_t_be_asked_is_not_answered_and_says_why(world: World, alter: Alter) -> None:
    suite.enable(world)
    alter("POST", "/jobs$", lambda _: Reply(status=403, body={"error": {"message": "no"}}))
    questions.ask(world)
    answer = world.answers["patch-paused"]
    assert (answer.status, answer.seen) == (Status.UNANSWERED, "")
    assert "403 no" in answer.detail


class Script:
    """Terraform, as it may behave: what each apply and each plan says."""

    def __init__(
        self, *, errors: dict[int, str] | None = None, plans: dict[int, str] | None = None, destroys: str = ""
    ) -> None:
        self.errors, self.plans, self.destroys = errors or {}, plans or {}, destroys
        self.applied = self.planned = 0

    def write(self, hcl: str, *, imports: object = None) -> None:
        del hcl, imports

    def init(self) -> None: ...

    def forget(self, addresses: object) -> None: ...

    def ids(self) -> dict[str, str]:
        return {one.address: one.address for one in CONTRACTS}

    def apply(self) -> Applied:
        self.applied += 1
        wrong = self.errors.get(self.applied, "")
        return Applied(is_done=not wrong, errors={TOPIC.address: wrong} if wrong else {})

    def changes(self) -> dict[str, str]:
        usual = {2: {one.address: one.change for one in CONTRACTS}, 4: {one.address: one.imported for one in CONTRACTS}}
        self.planned += 1
        found = usual.get(self.planned, {})
        return found | ({TOPIC.address: self.plans[self.planned]} if self.planned in self.plans else {})

    def destroy(self) -> Applied:
        return Applied(is_done=not self.destroys, errors={TOPIC.address: self.destroys} if self.destroys else {})


[TOPIC] = [contract for contract in CONTRACTS if contract.type == "google_pubsub_topic"]


@pytest.mark.parametrize(
    ("script", "step", "detail"),
    [
        pytest.param(Script(errors={1: "Error 400: no"}), "NOT MADE", "Error 400: no", id="refused"),
        pytest.param(Script(plans={1: "update labels"}), "made, update labels", "", id="never at rest"),
        pytest.param(Script(plans={2: "replace"}), "replace, changed", "", id="replaced"),
        pytest.param(Script(errors={2: "Error 409: no"}), "NOT CHANGED", "Error 409: no", id="not changed"),
        pytest.param(Script(plans={3: "update name"}), "changed, update name", "", id="not at rest once changed"),
        pytest.param(Script(plans={4: "update name"}), "import: update name", "", id="imported as something else"),
        pytest.param(Script(errors={3: "Error 404: no"}), "NOT IMPORTED", "Error 404: no", id="not imported"),
        pytest.param(Script(destroys="Error 400: in use"), "NOT DESTROYED", "Error 400: in use", id="not destroyed"),
    ],
)
def test_a_type_that_breaks_its_contract_is_red_at_that_step_and_the_others_are_not(
    world: World, monkeypatch: pytest.MonkeyPatch, script: Script, step: str, detail: str
) -> None:
    monkeypatch.setattr(World, "terraform", lambda _self, _name: script)
    contracts.keep(world)
    red = {key: answer for key, answer in world.answers.items() if not answer.is_good}
    assert set(red) == {TOPIC.type}
    assert step in red[TOPIC.type].seen
    assert red[TOPIC.type].detail == detail


@pytest.mark.parametrize(
    ("failing", "seen"),
    [
        pytest.param(0, "built at attempt 1", id="at once"),
        pytest.param(2, "built at attempt 3", id="once the grants are in force"),
        pytest.param(9, "not built in 6 attempts", id="never"),
    ],
)
def test_how_often_a_first_build_was_tried_is_an_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, failing: int, seen: str
) -> None:
    class Building(Script):
        def apply(self) -> Applied:
            self.applied += 1
            wrong = "Permission 'x' denied" if self.applied <= failing else ""
            return Applied(is_done=not wrong, errors={FUNCTION.address: wrong} if wrong else {})

        def changes(self) -> dict[str, str]:
            return {}

    monkeypatch.setattr(World, "terraform", lambda _self, _name: Building())
    contracts.keep_function(world)
    assert world.answers[contracts.FIRST_BUILD].seen == seen
    assert world.answers[contracts.FIRST_BUILD].is_good is (failing == 0)


def test_where_nothing_is_done_no_chapter_of_the_stacks_is_green(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that succeed and do nothing, on a cloud in which nothing is deployed."""
    monkeypatch.setattr(World, "interlock", lambda _self, *_words: Ran(code=0, out="", err=""))
    monkeypatch.setattr(story, "ALERT_SECONDS", 60)
    monkeypatch.setattr(story, "PUSH_SECONDS", 20)
    suite.enable(world)
    for key in story.CHAPTERS:
        story.ask_chapter(world, key)
    assert set(world.answers) == set(story.CHAPTERS)
    assert {key for key, answer in world.answers.items() if answer.is_good} == {"destroy"}, "as nothing was there"


def test_a_command_that_fails_is_said_with_its_last_words(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(World, "interlock", lambda _self, *_words: Ran(code=1, out="", err="Error: quota\nof the project"))
    story.tell(world)
    assert list(world.answers) == ["deploy"], "what follows is not asked"
    assert (world.answers["deploy"].seen, world.answers["deploy"].detail) == (
        "the command failed",
        "Error: quota of the project",
    )


def test_every_type_that_the_stacks_use_has_a_contract(stacks: Path) -> None:
    used = {
        type_
        for path in (stacks / "stacks").glob("*/cdk.tf.json")
        for type_ in json.loads(path.read_text(encoding="utf-8"))["resource"]
    }
    assert {one for one in used if one.startswith("google_")} == {one.type for one in (*CONTRACTS, FUNCTION, CALLER)}


def test_every_check_is_of_a_lane_and_every_lane_has_one() -> None:
    assert {check.lane for check in suite.all_checks().values()} == set(suite.LANES)


def test_an_assumption_names_its_source() -> None:
    assumed = [check for check in suite.all_checks().values() if check.assumed]
    assert len(assumed) == 9
    assert all(check.source for check in assumed)

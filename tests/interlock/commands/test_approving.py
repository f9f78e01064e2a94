"""What a deploy refuses before it does anything, what it asks, and which of its words answer what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from interlock.catalog import Source
from interlock.findings import Finding
from interlock.gcp import CloudError
from interlock.terminal.approving import Approving, Toggle, ask_anyway
from interlock.terminal.terraform import Planned, Stack
from interlock.terminal.typed import as_typed
from interlock.terraform.changes import changes_of
from interlock.terraform.plan import Plan, parse_plan
from tests.interlock.commands.conftest import ENVIRONMENT
from tests.interlock.terraform.test_changes import JOB, plan, resource
from tests.interlock.terraform.test_unasked import DECLARATION, ELSEWHERE, ON, flag, jobs, paused

CATALOG = "elsewhere/ (4 jobs, 2 backfills), commit 1a2b3c4 of 2026-11-29"
TOGGLE = Toggle(names=["books"], mode="on", covered=frozenset({"odds"}), with_changes=False)
GONE = [*jobs(19, "no-op"), *jobs(1, "delete", name="gone")]
MANY = [*jobs(8, "no-op"), *jobs(7, "delete", name="gone")]


def judged_by(*rules: str) -> Approving:
    """Rules that every plan breaks."""

    def judge(plan: Plan, beside: Path, today: date) -> Sequence[Finding]:
        del plan, today
        assert beside.parent.name == "schedules"
        return [Finding(rule=rule, subject="odds", message="is wrong", source=Source(file="", line=0)) for rule in rules]

    return Approving(catalog=CATALOG, judge=judge)


CLEAN = judged_by()


def look(how: Approving, *changes: dict[str, object], env: str = "local", stack: str = "schedules") -> Result:
    """What is said, with the names of the rules that a yes may accept as the last line."""

    @click.command()
    def command() -> None:
        found = parse_plan(plan(*changes))
        planned = Planned(
            stack=Stack(environment=ENVIRONMENT, name=stack),
            file=Path("x.plan"),
            plan=found,
            changes=changes_of(found),
            is_empty=not changes,
            warnings=(),
        )
        click.echo([one.rule for one in how.look([planned], env)])

    return CliRunner().invoke(command, env={"COLUMNS": "200"})


def accepted(done: Result) -> str:
    assert done.exit_code == 0, done.output + str(done.exception)
    return done.output


def refused(done: Result) -> str:
    assert isinstance(done.exception, CloudError), done.output
    assert "nothing is done" in str(done.exception)
    return str(done.exception)


# toggles


def test_a_toggle_that_only_toggles_says_nothing_more() -> None:
    assert accepted(look(replace(CLEAN, toggle=TOGGLE), ON, flag("create"))) == "[]\n"


def test_a_toggle_says_what_else_changes_of_a_job_that_it_pauses() -> None:
    done = look(replace(CLEAN, toggle=TOGGLE), paused("odds", False, True, schedule=("0 1 * * *", "0 2 * * *")), flag("create"))
    assert "nothing is done" in refused(done)
    assert "This would do more than turn books on: 1 to pause: odds (schedule).\n" in done.output


def test_a_toggle_says_what_else_it_would_do_by_which_catalog_and_what_to_type() -> None:
    done = look(
        replace(CLEAN, toggle=TOGGLE), ON, flag("create"), DECLARATION, *jobs(8, "create", name="new"), *jobs(90, "no-op")
    )
    said = refused(done)
    assert "This would do more than turn books on: 8 to create: new0, new1, new2, new3, new4 and 3 more.\n" in done.output
    assert f"It comes from {CATALOG}.\n" in done.output
    assert "run it with the catalog that is deployed, or deploy this one first: make deploy. To do all of it at once:" in said
    assert said.endswith("--with-changes (make: WITH_CHANGES=1, the workflow: with_changes)")


def test_a_toggle_with_changes_does_them_and_counts_what_goes_all_the_same() -> None:
    all_of_it = replace(CLEAN, toggle=replace(TOGGLE, with_changes=True))
    assert "8 to create" in accepted(look(all_of_it, ON, *jobs(8, "create", name="new")))
    assert "7 of the 15 jobs" in refused(look(all_of_it, ON, *MANY[1:]))
    assert accepted(look(replace(all_of_it, yes_delete=7), *MANY))


def test_pauses_that_another_catalog_brings_along_are_no_toggle_and_those_of_somebodys_hand_are() -> None:
    asked = replace(CLEAN, toggle=TOGGLE)
    assert "books does not cover all of these: lines (resume).\n" in accepted(look(asked, ON, ELSEWHERE))
    done = look(asked, ON, ELSEWHERE, DECLARATION)
    assert refused(done)
    assert "1 to resume: lines.\n" in done.output


def test_a_deploy_that_is_no_toggle_may_create_and_change() -> None:
    assert accepted(look(CLEAN, DECLARATION, *jobs(8, "create"))) == "[]\n"


# jobs that go


@pytest.mark.parametrize("env", ["local", "production"])
@pytest.mark.parametrize(
    ("changes", "said", "passes"),
    [
        pytest.param(GONE, None, True, id="a twentieth goes unasked"),
        pytest.param(GONE, 1, True, id="and may be counted"),
        pytest.param(GONE, 2, False, id="but then exactly"),
        pytest.param(MANY, None, False, id="half of them is asked about"),
        pytest.param(MANY, 7, True, id="and done when their number is said"),
        pytest.param(MANY, 6, False, id="not with one less"),
        pytest.param(MANY, 8, False, id="nor with one more"),
        pytest.param(jobs(9, "no-op"), 3, False, id="nor where none goes"),
    ],
)
def test_more_than_a_tenth_of_the_jobs_go_only_by_their_number(
    changes: list[dict[str, object]], said: int | None, passes: bool, env: str
) -> None:
    done = look(replace(CLEAN, yes_delete=said), *changes, env=env)
    assert (accepted if passes else refused)(done)


def test_the_number_is_said_with_the_catalog_and_the_first_names(monkeypatch: pytest.MonkeyPatch) -> None:
    said = refused(look(CLEAN, *MANY))
    assert said.startswith(f"7 of the 15 jobs that are deployed would be deleted or let go by {CATALOG}: gone0, gone1,")
    assert "gone3, gone4 and 2 more; nothing" in said
    assert said.endswith("say how many: --yes-delete 7")
    monkeypatch.setenv("INTERLOCK_ASKED_BY", "make")
    assert as_typed(said).endswith("say how many: YES_DELETE=7")


def test_other_stacks_have_no_jobs_of_the_catalog() -> None:
    assert accepted(look(judged_by("delete"), *MANY, stack="coordination")) == "[]\n"


# rules


def test_production_does_nothing_that_breaks_a_rule() -> None:
    done = look(judged_by("replace", "schedule-and-pause"), ON, env="production")
    assert "production does nothing that breaks a rule, and this breaks one 2 times" in refused(done)
    assert "replace: odds is wrong\nschedule-and-pause: odds is wrong\n" in done.output


def test_the_local_target_says_which_rules_are_broken_and_leaves_it_to_a_yes() -> None:
    assert accepted(look(judged_by("replace"), ON)) == "replace: odds is wrong\n['replace']\n"


def test_on_the_local_target_the_number_of_the_jobs_answers_the_rule_about_them_too() -> None:
    assert accepted(look(replace(judged_by("delete", "replace"), yes_delete=1), *GONE)).endswith("['replace']\n")
    assert refused(look(replace(judged_by("delete"), yes_delete=1), *GONE, env="production"))


def test_what_can_not_be_judged_is_not_done() -> None:
    def broken(*_: object) -> Sequence[Finding]:
        raise ValueError("stacks/cdk.tf.json is not JSON")

    said = refused(look(Approving(catalog=CATALOG, judge=broken), resource(JOB, "odds", "create")))
    assert said == "what this breaks can't be told: stacks/cdk.tf.json is not JSON; nothing is done"


FOUND = judged_by("replace").judge(parse_plan(plan()), Path("schedules/plan.json"), date.min)


@pytest.mark.parametrize(("typed", "goes_on"), [pytest.param("y\n", True, id="a yes"), pytest.param("n\n", False, id="a no")])
def test_on_a_terminal_it_is_asked(typed: str, goes_on: bool) -> None:
    command = click.Command("x", callback=lambda: ask_anyway(FOUND, yes=False, somebody_is_there=True))
    done = CliRunner().invoke(command, input=typed)
    assert "Do this anyway?" in done.output
    assert (done.exit_code == 0) is goes_on


def test_where_nobody_is_there_only_a_yes_that_was_typed_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["interlock", "deploy"])
    with pytest.raises(CloudError, match=r"no terminal; nothing is done. To go on unasked: .venv/bin/interlock deploy --yes$"):
        ask_anyway(FOUND, yes=False, somebody_is_there=False)
    ask_anyway(FOUND, yes=True, somebody_is_there=False)

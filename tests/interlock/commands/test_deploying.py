"""Deploying stacks: what is said before and after, what is asked, what is tried again, and what a failure says to do.

Terraform is a script here that says what a real one said; tests/e2e has the real one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import click
import pytest
from click.testing import CliRunner, Result

from interlock.gcp import CloudError
from interlock.terminal import deploying, planning, waiting
from interlock.terminal.approving import Approving
from interlock.terminal.cdktf import STACKS
from interlock.terminal.deploying import (
    CHECK_FAILED,
    HALTED,
    Deploying,
    names_of,
)
from interlock.terminal.initialized import LOCK_FILE
from interlock.terminal.process import Ended
from interlock.terminal.terraform import STACK_FILE, Planned, Stack, TerraformFailed, folder_of_plans
from interlock.terminal.waiting import TRIES
from interlock.terraform.changes import Change, Changes, Kind
from interlock.terraform.events import Problem
from interlock.terraform.plan import parse_plan
from interlock.terraform.state import Known
from tests.golden import golden
from tests.interlock.commands.conftest import ENVIRONMENT, Run
from tests.interlock.commands.test_approving import judged_by
from tests.interlock.memory_project import MemoryProject

PRODUCTION = replace(ENVIRONMENT, name="production")
NO_PLAN = parse_plan('{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {}, "configuration": {}}')
JOB, FLAG, POLICY = (
    "google_cloud_scheduler_job",
    'google_storage_bucket_object.flags["marts"]',
    "google_monitoring_alert_policy.conflicts",
)
MISSING = 'googleapi: Error 404: Cannot find metric(s) that match type = "logging.googleapis.com/user/x".'
DENIED = "googleapi: Error 403: Permission monitoring.alertPolicies.create denied"
TERRAFORM = """\
#!/bin/sh
# Plans what its folder says, answers the applies in turn, and notes what it was asked, but for its version.
test "$1" != version || { cat release 2>/dev/null || echo Terraform v1.11.4; exit; }
stack=${1#-chdir=}; shift
name=$(basename "$stack")
for file; do case $file in -out=*) file=${file#-out=}; break;; esac; done # else the last word, which is the plan as well
echo "$name $*" >> asked
applied=$(grep -c "^$name apply " asked)
case $1 in
  plan)
    echo "$RANDOM_PLAN" > "$file"; ls -ld "$(dirname "$file")" >> modes
    cat "$stack/planned" 2>/dev/null
    test ! -e "$stack/broken" || exit 1
    grep -q '_changes": ...address' "$stack/plan.json" && exit 2;;
  show)
    echo "Warning: some configuration is not there" >&2
    test "$2" = -json && cat "$stack/plan.json" && exit
    cat "$stack/text" 2>/dev/null || printf "Terraform's own text\nof two lines\n";;
  apply)
    cat "$file" >> applied
    cat "$stack/answer$applied" "$stack/answer" 2>/dev/null
    test ! -e "$stack/answer$applied"
    exit;;
esac
exit 0
"""


def diagnostic(summary: str, address: str = "", severity: str = "error", detail: str = "") -> str:
    found = {"severity": severity, "summary": summary, "detail": detail, **({"address": address} if address else {})}
    return json.dumps({"@level": severity, "@message": summary, "type": "diagnostic", "diagnostic": found}) + "\n"


def step(kind: str, address: str, action: str) -> str:
    return json.dumps({"@message": address, "type": kind, "hook": {"resource": {"addr": address}, "action": action}}) + "\n"


def change(address: str, *actions: str, **values: object) -> dict[str, object]:
    type, _, name = address.partition("[")[0].partition(".")
    found = {"actions": [*actions], **values}
    return {"address": address, "mode": "managed", "type": type, "name": name, "change": found}


def pausing(*jobs: str) -> list[dict[str, object]]:
    return [change(f"{JOB}.{job}", "update", before={"paused": False}, after={"paused": True}) for job in jobs]


STATE = Known(paused={"odds": True, "lines": False}, outputs={"backfills_on": {"marts": "2026-01-13T12:00:00Z"}})
"""Of the schedules, before any plan."""


class Place:
    """A folder with three stacks, and a Terraform that says what it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def stack(self, name: str, env: str = "local") -> Path:
        return self.folder / "cdktf.out" / env / "stacks" / name

    def plans(self, stack: str, *changes: Mapping[str, object], env: str = "local") -> None:
        kind = {"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {}, "configuration": {}}
        text = json.dumps({**kind, "resource_changes": changes})
        (self.stack(stack, env) / "plan.json").write_text(text)

    def answers(self, stack: str, *texts: str, env: str = "local") -> None:
        """The applies that fail, in order, and what they say; the next one succeeds."""
        for number, text in enumerate(texts, start=1):
            (self.stack(stack, env) / f"answer{number}").write_text(text)

    @property
    def asked(self) -> list[str]:
        """Stack and command of each call, in order."""
        return [" ".join(line.split()[:2]) for line in (self.folder / "asked").read_text().splitlines()]

    def applied(self) -> list[str]:
        return [line.split()[0] for line in self.asked if line.endswith(" apply")]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    tool = tmp_path / "terraform"
    tool.write_text(TERRAFORM)
    tool.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", str(tool))
    for name in ("BEFORE_A_BUILD", "SHORT_WAIT", "WAIT"):
        monkeypatch.setattr(waiting, name, 0.0)
    monkeypatch.setattr(deploying, "read_lock", lambda *_: None)
    monkeypatch.setattr(planning, "read_known", lambda stack: STATE if stack.name == "schedules" else Known())
    monkeypatch.setattr(planning, "read_synthesized", lambda folder: json.loads((folder / STACK_FILE).read_text()))
    monkeypatch.setattr(planning, "write_imports", lambda *_: [])
    monkeypatch.setattr(sys, "argv", ["interlock", "deploy"])
    place = Place(tmp_path)
    for env in ("local", "production"):
        for stack in STACKS:
            place.stack(stack, env).mkdir(parents=True)
            (place.stack(stack, env) / STACK_FILE).write_text("{}")
            place.plans(stack, env=env)
    return place


def test_what_is_there_already_is_looked_for_before_each_plan_but_not_to_destroy_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.plans("schedules", *pausing("odds"))
    looked = list[str]()
    monkeypatch.setattr(planning, "write_imports", lambda stack, *_: looked.append(stack.name))
    blocks = place.stack("schedules") / "imports.tf"
    blocks.write_text("import {}\n")
    assert bring(LOCAL).exit_code == 0
    assert sorted(looked) == sorted(STACKS)
    assert not blocks.exists(), "what it was for is done"
    assert (
        CliRunner().invoke(click.Command("x", callback=lambda: LOCAL.bring_about(["schedules"], destroy=True))).exit_code == 0
    )
    assert sorted(looked) == sorted(STACKS)


def bring(how: Deploying, stacks: Sequence[str] = STACKS, typed: str = "", **variables: bool) -> Result:
    """What `bring_about` says in a command of its own."""

    @click.command()
    def command() -> None:
        how.bring_about(stacks, variables)

    return CliRunner().invoke(command, input=typed)


LOCAL = Deploying(environment=ENVIRONMENT, approving=None)


@pytest.mark.golden
def test_a_deploy_says_what_it_will_do_and_what_it_has_done(place: Place) -> None:
    odds, books = pausing("odds", "books")
    place.plans("schedules", odds, books, change(FLAG, "create"), change(f"{JOB}.gone", "delete"))
    place.plans("alerting", change(POLICY, "update", before={"filter": "a"}, after={"filter": "b"}))
    warning = diagnostic(CHECK_FAILED, severity="warning", detail="marts is expected to take longer")
    (place.stack("schedules") / "planned").write_text(warning)
    done = bring(LOCAL)
    assert done.exit_code == 0, done.output
    golden("commands/deploying.txt", done.output)


@pytest.mark.golden
def test_a_deploy_that_fails_says_how_far_it_came_why_and_the_next_command(place: Place) -> None:
    place.plans("schedules", *pausing("odds", "books", "lines", "late"))
    said = step("apply_complete", f"{JOB}.odds", "update") + step("apply_errored", f"{JOB}.books", "update")
    place.answers("schedules", said + diagnostic("googleapi: Error 409: sync mutate calls cannot be queued", f"{JOB}.books"))
    place.plans("alerting", change(POLICY, "create"))
    done = bring(LOCAL)
    assert done.exit_code == 1
    golden("commands/deploying-failed.txt", done.output)
    assert place.applied() == ["schedules"], "what comes after a failure is left alone"


def test_terraforms_own_words_come_with_v_only(place: Place) -> None:
    place.plans("schedules", *pausing("odds"))
    (place.stack("schedules") / "answer").write_text('{"@message": "odds: Modifying...", "type": "log"}\n')
    quiet, loud = bring(LOCAL, ["schedules"]), bring(replace(LOCAL, verbose=True), ["schedules"])
    for words in ("Terraform's own text\nof two lines\n", "odds: Modifying...\n"):
        assert words not in quiet.output
        assert words in loud.output


def test_words_that_are_no_json_are_said_when_terraform_says_nothing_else(place: Place) -> None:
    place.plans("schedules", *pausing("odds"))
    place.answers("schedules", "panic: runtime error\n")
    assert "panic: runtime error\n" in bring(LOCAL, ["schedules"]).output


def test_of_many_alike_errors_the_first_are_said(place: Place) -> None:
    place.plans("schedules", *pausing("odds"))
    place.answers("schedules", "".join(diagnostic(f"number {number}") for number in range(20)))
    said = bring(LOCAL, ["schedules"]).output
    assert said.count("Error: number") == deploying.SHOWN_PROBLEMS
    assert "and 15 more errors; -v says all" in said


def test_variables_reach_the_plan_and_the_saved_plan_is_what_is_applied(place: Place) -> None:
    place.plans("schedules", *pausing("odds"))
    assert bring(LOCAL, ["schedules"], backfill_mode=True).exit_code == 0
    init, plan, _, applied = (place.folder / "asked").read_text().splitlines()
    assert init == "schedules init -input=false -no-color"
    assert "-var=backfill_mode=true" in plan.split()
    [file] = [Path(word.removeprefix("-out=")) for word in plan.split() if word.startswith("-out=")]
    assert applied == f"schedules apply -input=false -json {file}"


@pytest.mark.parametrize("broken", [None, *STACKS])
def test_saved_plans_may_hold_secrets_so_nobody_else_reads_them_and_they_go_with_the_run(
    place: Place, broken: str | None
) -> None:
    place.plans("schedules", *pausing("odds"))
    if broken:
        (place.stack(broken) / "broken").touch()
    assert bring(LOCAL).exit_code == (1 if broken else 0)
    words = (place.folder / "asked").read_text().split()
    files = [Path(word.removeprefix("-out=")) for word in words if word.startswith("-out=")]
    assert {file.stem for file in files} == {*STACKS}
    assert not any(file.parent.exists() for file in files)
    assert {line[:10] for line in (place.folder / "modes").read_text().splitlines()} == {"drwx------"}


def test_what_was_approved_is_applied_although_another_run_has_planned_meanwhile(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.plans("schedules", *pausing("odds"), env="production")
    production = Deploying(environment=PRODUCTION, approving=None)

    def another_run_plans(question: str, **_: object) -> None:
        assert question == "Do this?"
        monkeypatch.setenv("RANDOM_PLAN", "another's")
        with folder_of_plans() as folder:
            production.plan(["schedules"], folder)

    monkeypatch.setenv("RANDOM_PLAN", "approved")
    monkeypatch.setattr(deploying, "is_terminal", lambda: True)
    monkeypatch.setattr(deploying.click, "confirm", another_run_plans)
    assert bring(production, ["schedules"]).exit_code == 0
    assert (place.folder / "applied").read_text().split() == ["approved"]


@pytest.mark.parametrize("name", ["TF_WORKSPACE", "TF_DATA_DIR"])
def test_variables_that_name_another_state_do_not_reach_terraform(
    place: Place, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    tool = place.folder / "terraform"
    tool.write_text(TERRAFORM.replace("case $1 in", f'test -z "${name}" || exit 1\ncase $1 in', 1))
    monkeypatch.setenv(name, "elsewhere")
    place.plans("schedules", *pausing("odds"))
    assert bring(LOCAL, ["schedules"]).exit_code == 0


# what is imported


def importing(job: str, **values: object) -> dict[str, object]:
    """Imported as it is found, but for `values`: pairs of what it is and what it becomes."""
    before, after = ({name: pair[at] for name, pair in values.items()} for at in (0, 1))  # type: ignore[index]
    actions = ("no-op",) if before == after else ("update",)
    return change(f"{JOB}.{job}", *actions, importing={"id": job}, before=before, after=after)


def test_an_import_says_that_nothing_changes_and_an_import_that_changes_says_what(place: Place) -> None:
    place.plans("schedules", importing("odds"), importing("lines"))
    assert "schedules     2 to import, 0 to change\nalerting" in bring(LOCAL).output
    place.plans(
        "schedules", importing("odds"), importing("lines", schedule=("a", "b")), importing("late", paused=(False, True))
    )
    done = bring(LOCAL)
    assert done.exit_code == 0, done.output
    assert "3 to import, 1 to pause, 1 to change\n  not imported as found: late (pause), lines (schedule)\n" in done.output


@pytest.mark.parametrize(
    "how", [LOCAL, Deploying(environment=PRODUCTION, approving=None, yes=True)], ids=["local", "production, with --yes"]
)
def test_a_job_that_is_paused_is_never_resumed_by_its_import(place: Place, how: Deploying) -> None:
    env = how.environment.name
    place.plans("coordination", change(POLICY, "create"), env=env)
    place.plans("schedules", importing("odds"), importing("late", paused=(True, False)), env=env)
    done = bring(how)
    assert done.exit_code == 1
    assert str(done.exception) == (
        "late: 1 job would be resumed by being imported, and somebody paused it; declare that under paused, or resume by hand"
        " before; nothing is done"
    )
    assert place.applied() == []


def test_an_import_is_not_done_before_everything_is(place: Place) -> None:
    place.plans("schedules", importing("odds"), *pausing("books"))
    place.answers("schedules", diagnostic("no", f"{JOB}.books"))
    assert "schedules     nothing done, 0 failed, 2 not begun\n" in bring(LOCAL).output


# what is asked


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is asked is there."""
    monkeypatch.setattr(deploying, "is_terminal", lambda: True)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("how", "typed", "applied"),
    [
        pytest.param(Deploying(environment=PRODUCTION, approving=None), "n\n", [], id="a no"),
        pytest.param(Deploying(environment=PRODUCTION, approving=None), "y\n", ["schedules", "alerting"], id="a yes"),
        pytest.param(Deploying(environment=PRODUCTION, approving=None, yes=True), "", ["schedules", "alerting"], id="--yes"),
    ],
)
def test_production_asks_once_when_all_has_been_said(place: Place, how: Deploying, typed: str, applied: list[str]) -> None:
    place.plans("schedules", *pausing("odds"), env="production")
    place.plans("alerting", change(POLICY, "create"), env="production")
    done = bring(how, ["schedules", "alerting"], typed)
    assert place.applied() == applied
    assert done.exit_code == (0 if applied else 1)
    assert done.output.count("Do this?") == (1 if typed else 0)
    assert done.output.index("1 to pause") < done.output.index("1 to create") < (done.output + "Do this?").index("Do this?")


JUDGED = Deploying(environment=ENVIRONMENT, approving=judged_by("replace"))


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("how", "typed", "applied"),
    [
        pytest.param(JUDGED, "n\n", [], id="a no"),
        pytest.param(JUDGED, "y\n", ["schedules"], id="a yes"),
        pytest.param(replace(JUDGED, yes=True), "", ["schedules"], id="--yes"),
        pytest.param(replace(JUDGED, environment=PRODUCTION, yes=True), "", [], id="production, whatever is typed"),
    ],
)
def test_what_breaks_a_rule_is_asked_about_here_and_refused_in_production(
    place: Place, how: Deploying, typed: str, applied: list[str]
) -> None:
    place.plans("schedules", *pausing("odds"), env=how.environment.name)
    done = bring(how, ["schedules"], typed)
    assert place.applied() == applied
    assert "replace: odds is wrong" in done.output
    assert ("Do this anyway?" in done.output) is bool(typed)


def test_a_plan_of_ours_may_put_a_catalog_in_the_place_of_another_as_the_jobs_that_go_are_counted(place: Place) -> None:
    place.plans("schedules", *pausing("odds"))
    assert bring(LOCAL).exit_code == 0
    plans = [line for line in (place.folder / "asked").read_text().splitlines() if " plan " in line]
    assert [line.split()[0] for line in plans if "-var=replace_catalog=true" in line] == ["schedules"]


def test_where_nobody_can_be_asked_nothing_is_planned(place: Place) -> None:
    done = bring(Deploying(environment=PRODUCTION, approving=None))
    assert "production asks before it changes anything, and this is no terminal; add --yes" in str(done.exception)
    assert not (place.folder / "asked").exists()


@pytest.mark.usefixtures("terminal")
def test_what_is_left_after_a_new_metric_is_asked_about_only_when_it_goes_further(place: Place) -> None:
    place.plans("alerting", change(POLICY, "create"), env="production")
    place.answers("alerting", diagnostic(MISSING), diagnostic(MISSING), env="production")
    done = bring(Deploying(environment=PRODUCTION, approving=None), ["alerting"], "y\n")
    assert done.exit_code == 0, done.output
    assert done.output.count("Do this?") == 1


def planned(*changes: Change) -> Planned:
    stack = Stack(environment=ENVIRONMENT, name="schedules")
    found = Changes(changes=changes, jobs={}, outputs={})
    return Planned(stack=stack, file=Path("x.plan"), plan=NO_PLAN, changes=found, is_empty=not changes, warnings=())


def one(kind: Kind, name: str, *attributes: str, type: str = JOB) -> Change:
    return Change(kind=kind, address=f"{type}.{name}", type=type, job=name, actions=("update",), attributes=attributes)


# what is tried again


def test_a_deploy_is_tried_again_until_the_metrics_are_known(place: Place) -> None:
    place.plans("alerting", change(POLICY, "create"))
    place.answers("alerting", diagnostic(MISSING), diagnostic(MISSING))
    done = bring(LOCAL, ["alerting"])
    assert (done.exit_code, len(place.applied())) == (0, 3), done.output
    assert done.output.count("Alert policies do not know a new metric yet") == 2


@pytest.mark.parametrize(
    ("changed", "read"),
    [
        pytest.param([], set(), id="where there is nothing to do the state has the jobs that are counted"),
        pytest.param(["alerting"], {"alerting"}, id="what is applied is read first"),
        pytest.param(["schedules", "alerting"], {"schedules", "alerting"}, id="all of that"),
    ],
)
def test_a_terraform_that_reads_a_plan_is_started_only_for_what_is_done(
    place: Place, changed: list[str], read: set[str]
) -> None:
    for name in changed:
        place.plans(name, change(POLICY, "create"))
    assert bring(LOCAL).exit_code == 0
    assert {line.split()[0] for line in place.asked if line.endswith(" show")} == read


def test_of_a_job_whose_pause_terraform_leaves_alone_an_empty_plan_says_what_the_state_may_not(place: Place) -> None:
    jobs = {"odds": {"name": "odds", "lifecycle": {"ignore_changes": ["paused"]}}, "lines": {"name": "lines"}}
    (place.stack("schedules") / STACK_FILE).write_text(json.dumps({"resource": {JOB: jobs}}))
    assert bring(LOCAL).exit_code == 0
    assert {line.split()[0] for line in place.asked if line.endswith(" show")} == {"schedules"}


@pytest.mark.usefixtures("place")
def test_an_empty_plan_leaves_the_jobs_and_the_backfills_that_the_state_has() -> None:
    with folder_of_plans() as folder:
        [planned] = LOCAL.plan(["schedules"], folder)
    assert planned.is_empty
    assert planned.plan is None
    assert planned.changes == Changes(changes=(), jobs=STATE.paused, outputs=STATE.outputs)


@pytest.mark.usefixtures("place")
def test_how_many_jobs_may_go_is_held_against_an_empty_plan_too() -> None:
    asked = Approving(catalog="catalog/", judge=lambda *_: [], yes_delete=3)
    done = bring(replace(LOCAL, approving=asked), ["schedules"])
    assert isinstance(done.exception, CloudError)
    assert "0 of the 2 jobs that are deployed would be deleted" in str(done.exception)


FUNCTION = "google_cloudfunctions2_function.coordinator"
MEMBER = "google_project_iam_member.build_sources"
TOO_EARLY = "Error code 13, message: Access to bucket b denied. You must grant Storage Object Viewer permission to a@b.c."
OFF = "Pub/Sub API is disabled. Enable it by visiting https://console.developers.google.com/apis/api/pubsub.googleapis.com/overview"


def test_rights_are_applied_before_the_build_that_takes_them_and_then_it_is_waited(place: Place) -> None:
    place.plans("coordination", change(MEMBER, "create"), change(FUNCTION, "create"))
    done = bring(LOCAL, ["coordination"])
    assert done.exit_code == 0, done.output
    words = [line.removeprefix("coordination ") for line in place.asked if not line.endswith(" init")]
    assert words == ["plan", "show", "plan", "show", "apply", "plan", "show", "apply"]
    asked = (place.folder / "asked").read_text()
    assert f"-target={MEMBER}" in asked
    read = ["-refresh=false" not in line for line in asked.splitlines() if " plan " in line]
    assert read == [True, True, False], "what was made just now is not read again"
    assert "What was granted counts only some time later" in done.output


def test_where_some_of_them_failed_what_is_there_is_read_again(place: Place) -> None:
    place.plans("coordination", change(MEMBER, "create"), change(FUNCTION, "create"))
    place.answers("coordination", diagnostic("Service account a@b.c does not exist."))
    assert bring(LOCAL, ["coordination"]).exit_code == 0
    assert "-refresh=false" not in (place.folder / "asked").read_text()


def test_a_build_is_not_waited_for_when_its_rights_are_there(place: Place) -> None:
    place.plans("coordination", change(FUNCTION, "create"), change(POLICY, "create"))
    done = bring(LOCAL, ["coordination"])
    assert (done.exit_code, len(place.applied())) == (0, 1), done.output


def test_a_build_that_came_too_early_is_made_again_unasked(place: Place) -> None:
    """It is tainted, so that the next plan replaces it."""
    place.plans("coordination", change(FUNCTION, "create"))
    tainted = (place.stack("coordination") / "plan.json").read_text().replace('["create"]', '["delete", "create"]')
    (place.stack("coordination") / "plan2.json").write_text(tainted)
    place.answers("coordination", diagnostic(TOO_EARLY))
    done = bring(LOCAL, ["coordination"])
    assert (done.exit_code, len(place.applied())) == (0, 2), done.output


@pytest.mark.parametrize(
    ("on", "fails", "applies"),
    [
        pytest.param({"pubsub"}, {}, 2, id="it was turned on just now"),
        pytest.param({"run"}, {}, 1, id="nobody has turned it on"),
        pytest.param({"pubsub"}, {"enabled": CloudError("it can't be told")}, 1, id="it can't be told"),
    ],
)
def test_an_api_is_waited_for_only_where_it_is_on(
    place: Place, monkeypatch: pytest.MonkeyPatch, on: set[str], fails: dict[str, CloudError], applies: int
) -> None:
    asked = MemoryProject(ENVIRONMENT, apis=on, fails=fails)
    monkeypatch.setattr(deploying, "GoogleProject", lambda _: asked)
    place.plans("schedules", change(f"{JOB}.odds", "create"))
    place.answers("schedules", diagnostic(OFF))
    done = bring(LOCAL, ["schedules"])
    assert len(place.applied()) == applies, done.output
    assert (f"gcloud services enable pubsub.googleapis.com --project={ENVIRONMENT.project}" in done.output) is (applies == 1)


def test_a_right_that_is_lacking_is_said_with_the_line_to_type(place: Place) -> None:
    place.plans("alerting", change(POLICY, "create"))
    place.answers("alerting", diagnostic(DENIED, POLICY))
    done = bring(LOCAL, ["alerting"])
    assert "who deploys lacks monitoring.alertPolicies.create. Type:" in done.output
    assert f"gcloud projects add-iam-policy-binding {ENVIRONMENT.project} --member=MEMBER" in done.output


def test_any_other_failure_is_not_tried_again(place: Place) -> None:
    place.plans("alerting", change(POLICY, "create"))
    place.answers("alerting", diagnostic(DENIED), diagnostic(MISSING))
    assert (bring(LOCAL, ["alerting"]).exit_code, len(place.applied())) == (1, 1)


def test_a_deploy_gives_up_after_all_tries(place: Place) -> None:
    place.plans("alerting", change(POLICY, "create"))
    place.answers("alerting", *[diagnostic(MISSING)] * (TRIES + 5))
    assert (bring(LOCAL, ["alerting"]).exit_code, len(place.applied())) == (1, TRIES + 1)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody stops every apply."""
    real = deploying.apply

    def stopping(*arguments: object) -> object:
        return replace(real(*arguments), ended=Ended(code=1, stopped=True))  # type: ignore[arg-type]

    monkeypatch.setattr(deploying, "apply", stopping)


@pytest.mark.usefixtures("stopped")
def test_who_stops_a_deploy_reads_how_far_it_came_and_no_error_for_each_resource_that_is_left(place: Place) -> None:
    place.plans("schedules", *pausing("odds", "books", "lines"))
    halted = "".join(diagnostic(HALTED, f"{JOB}.{job}") for job in ("books", "lines"))
    place.answers("schedules", step("apply_complete", f"{JOB}.odds", "update") + halted + '{"@message": "Stopping"}\n')
    done = bring(LOCAL, ["schedules"])
    assert done.exit_code == 1
    assert "1 paused, 0 failed, 2 not begun; stopped" in done.output
    assert "What is done stays done. Stopped: 1 of 3 done. Go on: .venv/bin/interlock deploy\n" in done.output
    assert not [word for word in ("Error", HALTED, "Stopping") if word in done.output]


@pytest.mark.usefixtures("stopped")
def test_an_error_of_its_own_is_said_also_when_a_deploy_is_stopped(place: Place) -> None:
    place.plans("schedules", *pausing("odds", "books"))
    place.answers("schedules", diagnostic(HALTED, f"{JOB}.odds") + diagnostic(DENIED, f"{JOB}.books"))
    said = bring(LOCAL, ["schedules"]).output
    assert [line for line in said.splitlines() if line.startswith("Error")] == [f"Error: {DENIED}"]


def test_a_halt_that_nobody_asked_for_is_an_error(place: Place) -> None:
    place.plans("schedules", *pausing("odds"))
    place.answers("schedules", diagnostic(HALTED))
    assert f"Error: {HALTED}\n" in bring(LOCAL, ["schedules"]).output


@pytest.mark.usefixtures("place")
def test_who_stops_a_plan_reads_how_to_plan_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopping(stack: Stack, *_: object, **__: object) -> NoReturn:
        raise TerraformFailed(
            stack.name, [Problem(summary=HALTED, detail="", address="", is_error=True)] * 24, ["Stopping"], stopped=True
        )

    monkeypatch.setattr(planning, "plan", stopping)
    said = bring(LOCAL, ["schedules"]).output
    assert said.splitlines()[-1] == "Stopped while planning. Again: .venv/bin/interlock deploy"
    assert HALTED not in said
    assert "Stopping" not in said


def test_what_is_said_of_many_in_the_same_words_is_said_once(place: Place) -> None:
    place.plans("schedules", *pausing("odds"))
    place.answers("schedules", "".join(diagnostic(DENIED, f"{JOB}.job-{number}") for number in range(7)) + diagnostic("else"))
    said = bring(LOCAL, ["schedules"]).output
    assert [line for line in said.splitlines() if line.startswith("Error")] == [f"Error: {DENIED} (x7)", "Error: else"]
    assert said.count("  with ") == deploying.SHOWN_PROBLEMS
    assert "  and 2 more\n" in said


@pytest.mark.usefixtures("stopped")
def test_a_deploy_that_was_told_to_stop_is_not_tried_again(place: Place) -> None:
    place.plans("alerting", change(POLICY, "create"))
    place.answers("alerting", diagnostic(MISSING))
    done = bring(LOCAL, ["alerting"])
    assert (done.exit_code, len(place.applied())) == (1, 1)
    assert "nothing done, 0 failed, 1 not begun; stopped" in done.output


def test_the_alerts_are_deployed_last_and_destroyed_first() -> None:
    assert STACKS == ("coordination", "schedules", "alerting")


# names


def test_names_are_never_broken_and_many_that_are_made_are_told_by_type() -> None:
    made = [one(Kind.CREATE, f"metric-{number}", type="google_logging_metric") for number in range(30)]
    paused = [one(Kind.PAUSE, f"a-name-of-some-length-{number}", "schedule") for number in range(45)]
    lines = names_of(planned(*made, *paused), Kind)
    assert lines[-1] == "  create      30 logging_metric"
    assert max(map(len, lines)) <= 80
    assert " ".join(" ".join(lines).split()).count("(schedule)") == 40
    assert "and 5 more" in lines[-2]


# the provider


@pytest.mark.parametrize(
    ("lock", "upgrades"),
    [
        pytest.param(None, False, id="a first time"),
        pytest.param('constraints = "~> 7.45"', False, id="the same versions"),
        pytest.param('constraints = "~> 7.44"', True, id="other versions"),
        pytest.param("# nothing is locked", False, id="a provider that runs already"),
    ],
)
def test_a_lock_of_other_versions_is_upgraded(place: Place, lock: str | None, upgrades: bool) -> None:
    folder = place.stack("schedules", "production")
    wanted = {"terraform": {"required_providers": {"google": {"source": "google", "version": "~> 7.45"}}}}
    (folder / STACK_FILE).write_text(json.dumps(wanted))
    if lock:
        (folder / LOCK_FILE).write_text(lock)
    bring(Deploying(environment=PRODUCTION, approving=None, yes=True), ["schedules"])
    assert ("-upgrade" in (place.folder / "asked").read_text().splitlines()[0]) is upgrades


@pytest.mark.parametrize(
    ("how", "is_kept"), [(LOCAL, False), (Deploying(environment=PRODUCTION, approving=None, yes=True), True)]
)
def test_a_lock_of_another_provider_stops_no_run_on_the_local_target_and_in_production_it_does(
    place: Place, how: Deploying, is_kept: bool
) -> None:
    lock = place.stack("schedules", how.environment.name) / LOCK_FILE
    lock.write_text('provider "registry.terraform.io/hashicorp/google" { version = "7.44.0" }')
    bring(how, ["schedules"])
    assert lock.exists() is is_kept


def test_an_init_runs_once_for_the_same_providers_and_the_same_backend(place: Place) -> None:
    folder = place.stack("schedules")
    (folder / ".terraform").mkdir()
    stack: dict[str, object] = {"terraform": {"backend": {"gcs": {"bucket": "a"}}}, "resource": {JOB: {"odds": {}}}}
    for _ in range(2):
        (folder / STACK_FILE).write_text(json.dumps(stack))
        bring(LOCAL, ["schedules"])
        stack["resource"] = {JOB: {"odds": {}, "books": {}}}
    assert place.asked.count("schedules init") == 1
    (folder / STACK_FILE).write_text(json.dumps({**stack, "terraform": {"backend": {"gcs": {"bucket": "b"}}}}))
    bring(LOCAL, ["schedules"])
    assert place.asked.count("schedules init") == 2


def test_a_terraform_that_nobody_tried_begins_in_no_folder(place: Place) -> None:
    (place.folder / "release").write_text("OpenTofu v1.11.0\n")
    done = bring(LOCAL)
    assert isinstance(done.exception, CloudError)
    assert "1.11.0: install OpenTofu 1.12 or newer" in str(done.exception)
    assert not (place.folder / "asked").exists()


@pytest.mark.parametrize(
    ("said", "tries"),
    [
        pytest.param('Backend initialization required, please run "terraform init"', 2, id="another backend"),
        pytest.param("Inconsistent dependency lock file", 2, id="another lock"),
        pytest.param("Required plugins are not installed", 2, id="a provider that is gone"),
        pytest.param("googleapi: Error 403: denied", 1, id="anything else"),
    ],
)
def test_a_plan_that_wants_an_init_gets_one_although_none_seemed_due(place: Place, said: str, tries: int) -> None:
    folder = place.stack("schedules")
    (folder / ".terraform").mkdir()
    (folder / STACK_FILE).write_text("{}")
    assert bring(LOCAL, ["schedules"]).exit_code == 0
    (folder / "planned").write_text(diagnostic(said))
    (folder / "broken").touch()
    (place.folder / "asked").unlink()
    assert bring(LOCAL, ["schedules"]).exit_code == 1
    assert place.asked == (["schedules plan", "schedules init", "schedules plan"] if tries == 2 else ["schedules plan"])


# plan


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(("plan", "--nope"), 1, id="an option that is none"),
        pytest.param(("plan", "--on", "marts", "--off", "marts"), 1, id="both"),
        pytest.param(("plan", "--on", "mart"), 1, id="a backfill that is none"),
        pytest.param(("plan", "--env", "nowhere"), 1, id="an environment that is none"),
        pytest.param(("deploy", "--nope"), 2, id="other commands have 2 for a mistake"),
    ],
)
def test_a_mistake_is_no_change(run: Run, words: tuple[str, ...], code: int) -> None:
    assert run(*words).returncode == code

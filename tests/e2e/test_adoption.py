"""A platform that runs, made by somebody else's client: adopted, planned, taken over without a write, held and given back.

The jobs are the shapes of real ones (tests/interlock/adoption/real_shapes.py). Between the commands a person does what `adopt`
said: the environment's sections, and a decision about each secret.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from click import unstyle

from tests.e2e.deployment import ROOT, Deployment, Json, local_environment
from tests.e2e.granting import Owner
from tests.interlock.adoption.real_shapes import SECRET, SHAPES, Shape, created
from tests.local.plain import Rest

JOBS = "cloudscheduler.projects.locations.jobs."
OF_RUNS = ("scheduleTime", "lastAttemptTime", "status")
"""What changes with every run, and says nothing of who wrote the job."""
TICK = "/jobs/interlock-tick"
UNDECIDED = "quarterly-report"
FOLDER = "found"
OURS = "2 to create"
"""The guard of the plan, and the declaration."""


def live(cloud: Deployment, shapes: Iterable[Shape]) -> int:
    """Somebody's platform; how many jobs it has."""
    Owner(url=cloud.url, env=local_environment()).enable("cloudscheduler")
    rest, several = Rest(cloud.url), [*shapes]
    for shape in several:
        parent = f"/v1/projects/{local_environment().project}/locations/{shape.region}/jobs"
        assert rest("POST", parent, shape.resource()).status == 200, shape.name
        if shape.paused:
            assert rest("POST", f"{parent}/{shape.name}:pause", {}).status == 200
    return len(several)


def jobs(cloud: Deployment) -> dict[str, Json]:
    """Every job but our tick by its full name, as the API answers."""
    project = f"/v1/projects/{local_environment().project}"
    places = [place["locationId"] for place in cloud.api("GET", f"{project}/locations")["locations"]]
    listed = [
        job for place in places for job in cloud.api("GET", f"{project}/locations/{place}/jobs?pageSize=500").get("jobs", [])
    ]
    return {
        job["name"]: {key: value for key, value in job.items() if key not in OF_RUNS}
        for job in listed
        if not job["name"].endswith(TICK)
    }


def calls(cloud: Deployment) -> dict[str, int]:
    """How often each method of jobs was called, but for lists."""
    counted = cloud.api("GET", "/_local/requests")["methods"]
    return {name.removeprefix(JOBS): n for name, n in counted.items() if name.startswith(JOBS) and not name.endswith("list")}


def adopted(cloud: Deployment) -> None:
    """`interlock adopt`, and what it leaves to a person."""
    said = cloud.interlock("adopt", "--platform", "live", "--out", f"{FOLDER}/live")
    assert said.code == 1, "secrets were found"
    assert SECRET not in said.raw
    cloud.environ["INTERLOCK_CATALOG"] = FOLDER
    folder = cloud.folder / FOLDER / "live"
    for path in folder.glob("*"):
        text = path.read_text(encoding="utf-8")
        assert SECRET not in text
        bearer = text.replace("Authorization: SECRET-WITHHELD", f'Authorization: "Bearer {SECRET}"')
        path.write_text(bearer.replace("SECRET-WITHHELD", SECRET), encoding="utf-8")
    environments = cloud.folder / "environments"
    environments.unlink()
    shutil.copytree(ROOT / "environments", environments)
    replace_sections(environments / "local.yaml", (folder / "environment.txt").read_text(encoding="utf-8"))


def replace_sections(path: Path, sections: str) -> None:
    names = {line.partition(":")[0] for line in sections.splitlines() if not line.startswith(" ")}
    kept = [line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.partition(":")[0] not in names]
    path.write_text("".join(kept) + sections, encoding="utf-8")


def state_of(found: dict[str, Json]) -> dict[str, str]:
    return {name: str(job["state"]) for name, job in found.items()}


@pytest.mark.long
def test_what_runs_is_taken_over_without_a_write_held_and_given_back(nothing: Deployment) -> None:
    number = live(nothing, created())
    adopted(nothing)
    before, called = jobs(nothing), calls(nothing)
    assert len(before) == number
    said = nothing.interlock("deploy").succeeded()
    assert f"schedules {number} to import, {OURS}, 0 to change" in said.text
    since = {name: n - called.get(name, 0) for name, n in calls(nothing).items()}
    tick = {"create": 1, "resume": 1, "get": 1}
    assert {name: n for name, n in since.items() if n} == tick | {"get": number + tick["get"]}, "one read a job, and no write"
    assert jobs(nothing) == before
    assert nothing.interlock("plan").code == 0
    assert not list((nothing.folder / "cdktf.out").rglob("imports.tf"))

    nothing.api("POST", f"/v1/{next(name for name in before if name.endswith(UNDECIDED))}:resume")  # and nobody has said so
    before = jobs(nothing)
    nothing.interlock("hold", "all", "--force", "--for", "2h", "--reason", "everything").succeeded()
    assert set(state_of(jobs(nothing)).values()) == {"PAUSED"}
    nothing.interlock("release", "all", "--force").succeeded()
    assert jobs(nothing) == before
    assert {"PAUSED", "ENABLED"} == set(state_of(before).values())
    assert nothing.interlock("plan").code == 0


@pytest.mark.long
def test_the_cdktf_command_line_takes_over_what_runs(nothing: Deployment) -> None:
    number = live(nothing, SHAPES)
    adopted(nothing)
    env = local_environment()
    nothing.storage().create_bucket(env.state_bucket, location=env.location)

    def deploy(stack: str, *words: str) -> str:
        return unstyle(nothing.run("npx", "cdktf", "deploy", stack, *words, "--auto-approve").succeeded().text)

    deploy("coordination")
    before, called = jobs(nothing), calls(nothing)
    assert f"schedules/imports.tf: {number} to import" in nothing.interlock("synth", "--imports").succeeded().text
    assert f"Plan: {number} to import, 2 to add, 0 to change, 0 to destroy" in deploy("schedules", "--skip-synth")
    assert {name: n for name, n in calls(nothing).items() if name != "get"} == {n: c for n, c in called.items() if n != "get"}
    assert jobs(nothing) == before
    assert nothing.plan().changes == {}
    assert "No changes" in deploy("schedules"), "and without what a synth found"

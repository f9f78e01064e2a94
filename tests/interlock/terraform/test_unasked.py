"""What a plan does beside a toggle, and how many jobs it takes away: decided from the plan alone."""

from __future__ import annotations

import json

import pytest

from interlock.terraform.plan import parse_plan
from interlock.terraform.unasked import beside_toggle, lost_jobs, lost_together
from tests.interlock.terraform.test_changes import JOB, plan, resource

OBJECT = "google_storage_bucket_object"
DECLARATION = resource(OBJECT, "declaration", "update", before={"content": "a"}, after={"content": "b"})
COVERED = ("odds",)
Change = dict[str, object]


def paused(job: str, before: bool, after: bool, **more: tuple[object, object]) -> Change:
    pairs = {"paused": (before, after), **more}
    said = [{"name": f"{job}-in-google", **{name: pair[at] for name, pair in pairs.items()}} for at in (0, 1)]
    return resource(JOB, job, "update", before=said[0], after=said[1])


def flag(*actions: str, content: object = None) -> Change:
    found = resource(
        OBJECT, "flags", *actions, before={"content": content if isinstance(content, str) else json.dumps(content)}
    )
    return {**found, "address": f'{OBJECT}.flags["books"]', "index": "books"}


ON, OFF = paused("odds", False, True), paused("odds", True, False)
ELSEWHERE = paused("lines", True, False)
OF_THE_FLAG = {"jobs": ["lines-in-google"]}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param((), id="nothing"),
        pytest.param((ON, flag("create")), id="a backfill is turned on"),
        pytest.param((OFF, flag("delete")), id="a backfill is turned off"),
        pytest.param((flag("create", "delete"),), id="an extension"),
        pytest.param((ON, flag("create"), DECLARATION), id="by a catalog of which nothing but the declaration differs"),
        pytest.param((ON, ELSEWHERE), id="a pause that somebody made by hand is undone by the way"),
        pytest.param((OFF, ELSEWHERE, flag("delete", content=OF_THE_FLAG), DECLARATION), id="the flag names a job more"),
        pytest.param((resource(JOB, "odds", "no-op"), resource(JOB, "x", "no-op")), id="what stays"),
        pytest.param(({**resource("google_storage_bucket_objects", "x", "read"), "mode": "data"},), id="what is read"),
    ],
)
def test_a_toggle_may_pause_and_resume_and_write_flags(changes: tuple[Change, ...]) -> None:
    assert beside_toggle(parse_plan(plan(*changes)), COVERED).unasked == ()


@pytest.mark.parametrize(
    ("changes", "unasked"),
    [
        pytest.param((resource(JOB, "new", "create"),), ["new"], id="a job is created"),
        pytest.param((resource(JOB, "gone", "delete"),), ["gone"], id="a job is deleted"),
        pytest.param((resource(JOB, "gone", "forget"),), ["gone"], id="a job is let go"),
        pytest.param((resource(JOB, "odds", "delete", "create"),), ["odds"], id="a covered job is replaced"),
        pytest.param((resource(JOB, "odds", "create", "forget"),), ["odds"], id="a covered job is replaced and let go"),
        pytest.param((resource(JOB, "odds", "forget", "create"),), ["odds"], id="the same in OpenTofu's order"),
        pytest.param((resource(JOB, "odds", "no-op", importing={"id": "odds"}),), ["odds"], id="a job is adopted"),
        pytest.param((paused("odds", False, True, schedule=("a", "b")),), ["odds"], id="a pause and a new schedule"),
        pytest.param(
            ({**paused("odds", False, True), "change": {**ON["change"], "importing": {"id": "x"}}},),
            ["odds"],  # type: ignore[dict-item]
            id="a job is adopted and paused",
        ),
        pytest.param((resource(JOB, "odds", "update", before={"x": 1}, after={"x": 2}),), ["odds"], id="a body changes"),
        pytest.param((resource("google_storage_bucket", "bucket", "update"),), ["google_storage_bucket.bucket"], id="no job"),
        pytest.param((resource("terraform_data", "guard", "create"),), ["terraform_data.guard"], id="a first deploy"),
        pytest.param((resource(OBJECT, "declaration", "create"),), [f"{OBJECT}.declaration"], id="a first declaration"),
        pytest.param((resource(OBJECT, "declaration", "delete"),), [f"{OBJECT}.declaration"], id="the declaration goes"),
        pytest.param((flag("forget"),), [f'{OBJECT}.flags["books"]'], id="a flag is let go, and holds on"),
        pytest.param((resource(OBJECT, "flagship", "create"),), [f"{OBJECT}.flagship"], id="an object called alike"),
        pytest.param((ON, ELSEWHERE, DECLARATION), ["lines"], id="another catalog resumes a job that nobody asked about"),
        pytest.param(
            (OFF, ELSEWHERE, flag("create", content=OF_THE_FLAG), DECLARATION), ["lines"], id="the flag that names it stays"
        ),
        pytest.param((OFF, ELSEWHERE, flag("delete", content="{"), DECLARATION), ["lines"], id="the flag says nothing"),
        pytest.param((OFF, ELSEWHERE, flag("delete", content={"jobs": "x"}), DECLARATION), ["lines"], id="jobs that are none"),
    ],
)
def test_whatever_else_it_would_do_nobody_has_asked_for(changes: tuple[Change, ...], unasked: list[str]) -> None:
    assert [one.name for one in beside_toggle(parse_plan(plan(*changes)), COVERED).unasked] == unasked


def test_pauses_of_jobs_that_it_does_not_cover_are_known_though_they_are_done() -> None:
    found = beside_toggle(parse_plan(plan(ON, ELSEWHERE)), COVERED)
    assert [one.name for one in found.pauses] == ["lines"]
    assert not found.other_catalog
    assert beside_toggle(parse_plan(plan(DECLARATION)), COVERED).other_catalog


def jobs(number: int, *actions: str, name: str = "j", **change: object) -> list[Change]:
    return [resource(JOB, f"{name}{at}", *actions, **change) for at in range(number)]


@pytest.mark.parametrize(
    ("changes", "lost", "total", "many"),
    [
        pytest.param([], 0, 0, False, id="nothing is deployed"),
        pytest.param([*jobs(10, "no-op"), *jobs(1, "delete", name="x")], 1, 11, False, id="one of eleven"),
        pytest.param([*jobs(9, "no-op"), *jobs(1, "delete", name="x")], 1, 10, False, id="a tenth"),
        pytest.param([*jobs(8, "no-op"), *jobs(1, "delete", name="x")], 1, 9, True, id="one of nine"),
        pytest.param([*jobs(8, "no-op"), *jobs(1, "forget", name="x")], 1, 9, True, id="let go"),
        pytest.param(jobs(1, "delete"), 1, 1, True, id="the only one"),
        pytest.param([*jobs(9, "create"), *jobs(1, "delete", name="x")], 1, 1, True, id="new ones are not there yet"),
        pytest.param([*jobs(9, "no-op", importing={"id": "x"}), *jobs(1, "delete", name="x")], 1, 1, True, id="nor these"),
        pytest.param([*jobs(1, "update"), *jobs(8, "delete", "create", name="x")], 0, 9, False, id="replaced ones stay"),
        pytest.param([*jobs(1, "update"), *jobs(8, "create", "forget", name="x")], 0, 9, False, id="and in the other order"),
        pytest.param([{**jobs(1, "delete")[0], "deposed": "00000001"}], 0, 0, False, id="what a replacement left is no job"),
        pytest.param([resource("google_storage_bucket", "x", "delete")], 0, 0, False, id="a bucket is no job"),
    ],
)
def test_more_than_a_tenth_of_the_jobs_are_many(changes: list[Change], lost: int, total: int, many: bool) -> None:
    found = lost_jobs(parse_plan(plan(*changes)))
    assert (len(found.jobs), found.total, found.are_many) == (lost, total, many)


def test_a_job_that_another_stack_takes_over_is_not_lost_and_one_that_none_has_is() -> None:
    moves = [resource(JOB, "a", "forget", before={"id": "p/a"}), resource(JOB, "b", "forget", before={"id": "p/b"})]
    both = [parse_plan(plan(*moves)), parse_plan(plan(resource(JOB, "c", "delete", before={"id": "p/c"})))]
    found = lost_together(lost_jobs(one, {"p/a", "p/c"}) for one in both)
    assert (found.jobs, found.total) == (("b", "c"), 3)

"""What a plan of any stack changes, counted as people count it."""

from __future__ import annotations

import json

import pytest

from interlock.terraform.changes import Changes, Kind, changes_of, counted
from interlock.terraform.plan import parse_plan

JOB = "google_cloud_scheduler_job"
BUCKET = "google_storage_bucket"


def resource(type: str, name: str, *actions: str, **change: object) -> dict[str, object]:
    """A change as Terraform writes it."""
    return {
        "address": f"{type}.{name}",
        "mode": "managed",
        "type": type,
        "name": name,
        "change": {"actions": [*actions], **change},
    }


def plan(*changes: dict[str, object], **more: object) -> str:
    values = {"outputs": {"backfills_on": {"value": {"marts": "2026-12-01T11:09:13Z"}}}, "root_module": {"resources": []}}
    kind = {"format_version": "1.2", "terraform_version": "1.11.4", "configuration": {}}
    return json.dumps({**kind, "planned_values": values, "resource_changes": [*changes], **more})


def parse_changes(text: str) -> Changes:
    return changes_of(parse_plan(text))


@pytest.mark.parametrize(
    ("change", "kind", "name", "attributes"),
    [
        pytest.param(
            resource(JOB, "odds", "update", before={"paused": False, "state": "x"}, after={"paused": True, "state": "y"}),
            Kind.PAUSE,
            "odds",
            (),
            id="a job pauses; its state says so again",
        ),
        pytest.param(
            resource(JOB, "odds", "update", before={"paused": True, "schedule": "a"}, after={"paused": False, "schedule": "b"}),
            Kind.RESUME,
            "odds",
            ("schedule",),
            id="a job resumes with another schedule",
        ),
        pytest.param(
            resource(
                JOB, "odds", "update", before={"paused": True, "uri": "a"}, after={"paused": True}, after_unknown={"uri": True}
            ),
            Kind.CHANGE,
            "odds",
            ("uri",),
            id="a value that is known only after the apply",
        ),
        pytest.param(
            resource(BUCKET, "state", "update", before={"paused": 1}, after={"paused": 2}),
            Kind.CHANGE,
            "google_storage_bucket.state",
            ("paused",),
            id="only jobs pause",
        ),
        pytest.param(resource(JOB, "odds", "create", after={"paused": True}), Kind.CREATE, "odds", (), id="a new job"),
        pytest.param(resource(JOB, "odds", "delete", before={"paused": True}), Kind.DELETE, "odds", (), id="a job goes"),
        pytest.param(resource(BUCKET, "b", "forget"), Kind.FORGET, "google_storage_bucket.b", (), id="forgotten"),
        pytest.param(resource(JOB, "odds", "delete", "create"), Kind.REPLACE, "odds", (), id="replaced"),
        pytest.param(resource(JOB, "odds", "create", "delete"), Kind.REPLACE, "odds", (), id="replaced, the new one first"),
        pytest.param(
            resource(
                JOB,
                "odds",
                "update",
                before={"http_target": [{"uri": "a", "headers": {"X": "1"}}], "schedule": "a"},
                after={"http_target": [{"uri": "b", "headers": {}}], "schedule": "b"},
            ),
            Kind.CHANGE,
            "odds",
            ("schedule", "target URL", "target headers"),
            id="of a target its parts",
        ),
        pytest.param(
            resource(JOB, "odds", "create", "forget"), Kind.REPLACE, "odds", (), id="replaced, and the old one let go"
        ),
        pytest.param(resource(JOB, "odds", "forget", "create"), Kind.REPLACE, "odds", (), id="the same in OpenTofu's order"),
        pytest.param(resource(JOB, "odds", "no-op", importing={"id": "x"}), Kind.IMPORT, "odds", (), id="imported"),
        pytest.param(
            resource(JOB, "odds", "update", importing={"id": "x"}, before={"paused": True}, after={"paused": False}),
            Kind.RESUME,
            "odds",
            (),
            id="imported and resumed",
        ),
    ],
)
def test_a_change_has_a_kind_and_a_name(change: dict[str, object], kind: Kind, name: str, attributes: tuple[str, ...]) -> None:
    [found] = parse_changes(plan(change)).changes
    assert (found.kind, found.name, found.attributes) == (kind, name, attributes)


@pytest.mark.parametrize("action", ["no-op", "read"])
def test_what_stays_or_is_only_read_is_no_change(action: str) -> None:
    assert parse_changes(plan(resource(JOB, "odds", action))).changes == ()


def test_the_jobs_and_outputs_after_the_plan() -> None:
    jobs = [
        {"address": f"{type}.{name}", "type": type, "name": name, "values": values}
        for type, name, values in ((JOB, "odds", {"paused": True}), (JOB, "books", {"paused": False}), (BUCKET, "b", {}))
    ]
    values = {"root_module": {"resources": jobs}, "outputs": {"on": {"value": 1}}}
    after = parse_changes(plan(planned_values=values))
    assert (after.jobs, after.outputs) == ({"odds": True, "books": False}, {"on": 1})


IMPORTED = resource(JOB, "odds", "no-op", importing={"id": "x"})
IMPORTED_AND_CHANGED = resource(
    JOB, "lines", "update", importing={"id": "y"}, before={"schedule": "a"}, after={"schedule": "b"}
)
IMPORTED_AND_PAUSED = resource(JOB, "late", "update", importing={"id": "z"}, before={"paused": False}, after={"paused": True})


@pytest.mark.parametrize(
    ("planned", "said"),
    [
        pytest.param([IMPORTED], "1 to import, 0 to change", id="as it is found"),
        pytest.param(
            [IMPORTED, resource(BUCKET, "b", "create")], "1 to import, 1 to create, 0 to change", id="beside a new one"
        ),
        pytest.param([IMPORTED, IMPORTED_AND_CHANGED], "2 to import, 1 to change", id="changed"),
        pytest.param([IMPORTED, IMPORTED_AND_PAUSED], "2 to import, 1 to pause", id="paused"),
        pytest.param([IMPORTED, resource(BUCKET, "b", "delete")], "1 to import, 1 to delete", id="beside one that goes"),
    ],
)
def test_what_is_imported_is_counted_with_what_changes_of_it(planned: list[dict[str, object]], said: str) -> None:
    assert counted(parse_changes(plan(*planned)).changes) == said


def test_what_does_not_stay_as_it_is_found_is_told_from_what_does() -> None:
    changes = parse_changes(plan(IMPORTED, IMPORTED_AND_PAUSED, IMPORTED_AND_CHANGED, resource(BUCKET, "b", "update")))
    assert [(one.name, one.kind) for one in changes.imported_and_changed] == [("late", Kind.PAUSE), ("lines", Kind.CHANGE)]
    assert counted([one for one in changes.changes if one.importing], done=True) == "3 imported, 1 paused, 1 changed"


def test_changes_are_counted_in_one_order_whatever_theirs_is() -> None:
    made, gone = resource(BUCKET, "b", "create"), resource(BUCKET, "c", "delete")
    paused = resource(JOB, "odds", "update", before={"paused": False}, after={"paused": True})
    changes = parse_changes(plan(gone, made, paused)).changes
    assert counted(changes) == "1 to pause, 1 to create, 1 to delete"
    assert counted(changes, done=True) == "1 paused, 1 created, 1 deleted"
    assert counted(()) == ""

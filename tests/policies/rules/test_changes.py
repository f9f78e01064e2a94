"""What a plan does: deletions, replacements, two changes at once, and backfills that are turned on and off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from interlock.catalog import Json
from policies.rules.estate import JOB, OBJECT, STACK, Change, Origin, Resource
from policies.rules.values import NOTHING
from tests.policies.estates import ABSENT, Some, block, estate, job, said, verdict, waive

PRODUCTION = {"environment": "production"}
END = datetime(2026, 11, 25, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
ON = {"backfill_mode": True, "backfill_reason": "again", "backfill_owner": "analytics"}


def change(*actions: str, before: Mapping[str, Some] | None = None, after: Mapping[str, Some] | None = None) -> Change:
    return Change(actions=actions, before=block(before or {}), after=block(after or {}))


def going(name: str, kind: str = JOB, index: str = "", /, *, action: str = "delete", **before: Some) -> Resource:
    return Resource(kind=kind, name=name, index=index, attributes=NOTHING, change=change(action, before=before))


def adopted(*changed: str, before: Some = False, after: Some = False) -> Resource:
    values = change("update", before={"paused": before}, after={"paused": after})
    return job(change=replace(values, importing=True, changed=changed))


def planned(rule: str, *resources: Resource, **around: object) -> list[str]:
    address = None if resources and JOB in resources[0].kind else "google"
    return said(rule, *resources, address=address, origin=Origin.PLAN, **around)


@pytest.mark.parametrize(
    ("action", "what"),
    [
        pytest.param("delete", "deletes old", id="deleted"),
        pytest.param("forget", "lets go of old, which nothing holds or watches any more", id="let go"),
    ],
)
@pytest.mark.parametrize(
    ("removed", "accepted"),
    [
        pytest.param({"reason": "replaced", "owner": "data", "until": "2027-01-31"}, True, id="whose decision until when"),
        pytest.param({"reason": "replaced", "owner": "data", "until": "2026-11-23"}, True, id="on its last day"),
        pytest.param({"reason": "replaced", "owner": "data", "until": "2026-11-22"}, False, id="on the day after"),
        pytest.param({"reason": "replaced", "owner": "data", "until": "soon"}, False, id="until no day"),
        pytest.param({"reason": " ", "owner": "data", "until": "2027-01-31"}, False, id="for no reason"),
        pytest.param({"reason": "replaced", "until": "2027-01-31"}, False, id="nobody's"),
        pytest.param(ABSENT, False, id="not said"),
    ],
)
def test_a_job_is_deleted_or_let_go_only_on_purpose(removed: Some, accepted: bool, action: str, what: str) -> None:
    facts = {"removed": {} if removed is ABSENT else {"old": removed}}
    advice = "pause it, or say under `removed` in the catalog why, whose decision it is and until when"
    assert planned("delete", facts=facts, gone=(going("old", action=action),)) == ([] if accepted else [f"{what}; {advice}"])


def test_each_job_that_goes_is_named_as_google_has_it() -> None:
    gone = (going("b"), going("resource_name", name="a"), going("flags", OBJECT), going("c", JOB, '["x"]'))
    assert [message.split(";")[0] for message in planned("delete", gone=gone)] == ["deletes a", "deletes b", "deletes c"]


def test_removed_that_is_no_block_is_a_finding() -> None:
    assert planned("delete", facts={"removed": ["old"]}, gone=(going("old"),)) == [
        'removed is "old", which is not a block; write that'
    ]


@pytest.mark.parametrize(
    ("actions", "after", "found"),
    [
        pytest.param(("update",), {"region": "us-west2", "name": "fetch"}, None, id="changed in place"),
        pytest.param(("no-op",), {"region": "us-west2", "name": "fetch"}, None, id="kept"),
        pytest.param(("create",), {}, None, id="made"),
        pytest.param(("delete", "create"), {"region": "us-east1", "name": "fetch"}, "is replaced, as its region changes: ",
                     id="moved to another region"),
        pytest.param(("create", "delete"), {"region": "us-east1", "name": "b"},
                     "is replaced, as its region and its name change: ", id="the other way round, for two reasons"),
        pytest.param(("create", "forget"), {"region": "us-east1", "name": "fetch"}, "is replaced, as its region changes: ",
                     id="made anew, and the old one let go"),
        pytest.param(("delete", "create"), {"region": "us-west2", "name": "fetch"}, "is replaced: ", id="tainted"),
    ],
)  # fmt: skip
def test_a_job_is_not_replaced(actions: tuple[str, ...], after: dict[str, Some], found: str | None) -> None:
    about = change(*actions, before={"region": "us-west2", "name": "fetch"}, after=after)
    messages = planned("replace", Resource(kind=JOB, name="fetch", attributes=NOTHING, change=about))
    assert [message.startswith(str(found)) for message in messages] == ([True] if found else [])
    assert all(message.endswith("keep it, and add another one") for message in messages)


@pytest.mark.parametrize(
    ("after", "found"),
    [
        pytest.param({"schedule": "20 * * * *"}, None, id="another schedule"),
        pytest.param({"paused": True}, None, id="paused"),
        pytest.param({"paused": True, "description": "x"}, None, id="paused and described"),
        pytest.param({"paused": True, "schedule": "20 * * * *"},
                     'changes schedule from "0 * * * *" to "20 * * * *" and paused from False to True at once', id="both"),
        pytest.param({"paused": True, "time_zone": "Asia/Tokyo"},
                     'changes time_zone from "Etc/UTC" to "Asia/Tokyo"', id="a zone"),
    ],
)  # fmt: skip
def test_schedule_and_pause_do_not_change_at_once(after: dict[str, Some], found: str | None) -> None:
    before = {"schedule": "0 * * * *", "time_zone": "Etc/UTC", "paused": False}
    messages = planned("schedule-and-pause", job(change=change("update", before=before, after={**before, **after})))
    assert [found in message for message in messages] == ([True] if found else []), messages


@pytest.mark.parametrize("actions", [("create",), ("no-op",), ("delete", "create")])
def test_a_job_that_is_made_has_no_schedule_to_change(actions: tuple[str, ...]) -> None:
    about = change(*actions, after={"schedule": "0 * * * *", "paused": True})
    assert planned("schedule-and-pause", job(change=about)) == []


@pytest.mark.parametrize(
    ("before", "after", "is_found"),
    [
        pytest.param(True, False, True, id="resumed"),
        pytest.param(True, None, True, id="resumed or not, which the apply knows"),
        pytest.param(True, ABSENT, True, id="of which the plan says nothing more"),
        pytest.param(True, True, False, id="paused as it was"),
        pytest.param(False, True, False, id="held"),
        pytest.param(False, False, False, id="running as it was"),
    ],
)
def test_a_paused_job_is_never_resumed_by_its_adoption(before: Some, after: Some, is_found: bool) -> None:
    what = "is paused, and would be resumed by being adopted; declare it paused, or resume it by hand first"
    assert planned("adopted-pause", adopted(before=before, after=after)) == [what] * is_found


def test_no_waiver_resumes_a_job_by_its_adoption() -> None:
    about = replace(adopted(before=True), facts=block(waive("adopted-pause")))
    assert planned("adopted-pause", about) != []


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        pytest.param((), None, id="nothing"),
        pytest.param(("paused",), None, id="only its pause, of which another rule says"),
        pytest.param(("schedule",), "in its schedule;", id="its schedule"),
        pytest.param(("paused", "schedule", "target URL"), "in its schedule and its target URL;", id="several things"),
    ],
)
def test_a_job_is_adopted_as_it_is_found(changed: tuple[str, ...], what: str | None) -> None:
    messages = planned("adopted-unchanged", adopted(*changed))
    assert [str(what) in message for message in messages] == ([True] if what else [])


@pytest.mark.parametrize("rule", ["adopted-pause", "adopted-unchanged"])
def test_who_knows_a_job_already_may_resume_and_change_it(rule: str) -> None:
    known = job(change=change("update", before={"paused": True}, after={"paused": False}))
    assert verdict(rule, estate(known, origin=Origin.PLAN)) is None


@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        pytest.param(ON, None, id="with both"),
        pytest.param({}, None, id="nobody asks for anything"),
        pytest.param({"backfill_mode": None}, None, id="as it is"),
        pytest.param({"backfill_mode": False}, None, id="ended"),
        pytest.param({**ON, "backfill_owner": " "}, "backfill_owner", id="nobody's"),
        pytest.param({"backfill_mode": "true"}, "backfill_reason and no backfill_owner", id="with nothing, in a text"),
        pytest.param({"backfill_mode": "1"}, "backfill_reason and no backfill_owner", id="with nothing, as a number"),
    ],
)
def test_turning_backfills_on_in_production_takes_a_reason_and_an_owner(
    variables: dict[str, Json], missing: str | None
) -> None:
    messages = planned("backfill-asked", variables=variables, facts=PRODUCTION)
    assert [message.startswith(f"turns backfills on with no {missing}; plan again with -var") for message in messages] == (
        [True] if missing else []
    )


def flag(end: datetime, **content: Some) -> dict[str, Some]:
    said_in_it = {"owner": "analytics", "reason": "again", **content}
    return {"name": f"backfills/tdza@{end:%Y-%m-%dT%H:%M:%SZ}.json", "content": json.dumps(said_in_it)}


def ended(before: Mapping[str, Some], at: datetime | None = END - HOUR, owner: str = "") -> list[str]:
    gone = (going("flags", OBJECT, '["tdza"]', **before),)
    return planned("backfill-ended", gone=gone, planned_at=at, variables={"backfill_owner": owner}, facts=PRODUCTION)


@pytest.mark.parametrize(
    ("at", "owner", "found"),
    [
        pytest.param(END - HOUR, "", True, id="early, by nobody"),
        pytest.param(END - HOUR, "platform", True, id="early, by somebody else"),
        pytest.param(END - HOUR, "analytics", False, id="early, by name of whose it is"),
        pytest.param(END, "", False, id="at its end"),
        pytest.param(END + HOUR, "", False, id="after its end"),
        pytest.param(None, "", True, id="at no known time"),
    ],
)
def test_ending_a_backfill_early_in_production_names_whose_it_is(at: datetime | None, owner: str, found: bool) -> None:
    what = (
        'ends backfill/tdza, "analytics"\'s ("again"), before its end at 2026-11-25T07:00:00Z; ask them, then name'
        " them: with make OWNER=, with Terraform -var backfill_owner=analytics"
    )
    assert ended(flag(END), at, owner) == ([what] if found else [])


def test_a_flag_that_is_let_go_still_holds() -> None:
    kept = going("flags", OBJECT, '["tdza"]', action="forget", **flag(END))
    assert planned("backfill-ended", gone=(kept,), planned_at=END - HOUR, facts=PRODUCTION) == []


@pytest.mark.parametrize(
    ("before", "found"),
    [
        pytest.param(
            flag(END, owner="x; rm -rf ~"), "-var 'backfill_owner=x; rm -rf ~'", id="an owner that a shell would obey"
        ),
        pytest.param(flag(END, owner=""), "somebody's who is not on record", id="nobody's"),
        pytest.param(flag(END, owner=["a"]), "somebody's who is not on record", id="an owner that is no text"),
        pytest.param({**flag(END), "content": "{"}, "somebody's who is not on record", id="content that is no JSON"),
        pytest.param({**flag(END), "content": "[" * 100_000}, "somebody's who is not on record", id="content without an end"),
        pytest.param({**flag(END), "content": None}, "somebody's who is not on record", id="no content"),
        pytest.param({"name": "backfills/tdza.json"}, None, id="a name that states no end"),
        pytest.param({"name": 5}, None, id="a name that is none"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_a_flag_says_what_it_says(before: dict[str, Some], found: str | None) -> None:
    messages = ended(before)
    assert [found in message for message in messages] == ([True] if found else []), messages


@pytest.mark.parametrize(("moved", "found"), [(HOUR, False), (timedelta(0), False), (-HOUR, True)])
def test_an_earlier_end_is_an_end_and_a_later_one_is_none(moved: timedelta, found: bool) -> None:
    about = change("create", "delete", before=flag(END), after=flag(END + moved))
    extended = Resource(kind=OBJECT, name="flags", index='["tdza"]', attributes=NOTHING, change=about)
    messages = planned("backfill-ended", extended, planned_at=END - 3 * HOUR, facts=PRODUCTION)
    assert [message.startswith("ends backfill/tdza") for message in messages] == [True] * found


@pytest.mark.parametrize("rule", ["backfill-asked", "backfill-ended"])
@pytest.mark.parametrize("environment", ["local", ABSENT])
def test_a_trial_on_the_local_target_asks_nobody(rule: str, environment: Some) -> None:
    assert verdict(rule, estate(origin=Origin.PLAN, facts={"environment": environment}), f"{STACK}.google") is None


@pytest.mark.parametrize("rule", ["delete", "replace", "schedule-and-pause", "backfill-asked", "backfill-ended"])
@pytest.mark.parametrize("origin", [Origin.CATALOG, Origin.STACK])
def test_only_a_plan_says_what_changes(rule: str, origin: Origin) -> None:
    about = estate(job(), origin=origin, facts=PRODUCTION)
    assert [verdict(rule, about, address) for address in about.resources] == [None, None]

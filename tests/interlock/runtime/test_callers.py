"""Who may ask what: the table of docs/rights.md, each of its refusals, and whose a hold is."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from interlock.holds import parse_object_name
from interlock.runtime.callers import DIRECTLY, RIGHTS, Act, Caller, Callers, May, Part, may, parse_callers
from interlock.runtime.checking import BREAKER_ID
from interlock.runtime.report import Report
from interlock.runtime.requests import Rejected, parse_request
from tests.interlock.cloud import Cloud, at
from tests.interlock.runtime.test_requests import body, envelope

NOW = "2026-03-10 06:00"
ANA, BEN = "ana@acme.dev", "ben@acme.dev"
HOLD = {"action": "hold", "scope": "job/fetch", "for_s": 7200, "reason": "a deploy", "owner": "data"}
INCIDENT = {
    "incident_id": "0.abc",
    "state": "open",
    "policy_name": "conflicts",
    "policy_user_labels": {"interlock": "breaker"},
    "metric": {"labels": {"table": "p:d.raw"}},
}


def caller(email: str = ANA, part: Part = Part.OPERATOR) -> Caller:
    return Caller(email=email, part=part)


def ask(sky: Cloud, who: Caller, said: dict[str, object], **more: object) -> Report:
    return sky.ask(body(said, **more), caller=who)


def release(name: str, **more: object) -> dict[str, object]:
    """The release of the hold that an object is of."""
    found = parse_object_name(name)
    assert found is not None
    return {"action": "release", "scope": found.scope, "id": found.id, **more}


# whose a hold is


def test_two_owners_in_one_second_have_two_holds_and_one_ends_only_its_own() -> None:
    sky = Cloud(now=at(NOW))
    ask(sky, caller(ANA), HOLD, owner="ana")
    ask(sky, caller(BEN), HOLD, owner="ben")
    first, second = sky.names("holds/")
    assert [content(sky, name)["asked_by"] for name in (first, second)] == [BEN, ANA], "the later one's id has more to it"
    mine = second
    ask(sky, caller(ANA), release(mine))
    [left] = sky.names("holds/")
    assert content(sky, left)["owner"] == "ben"
    assert sky.states["fetch"] == "PAUSED"


@pytest.mark.parametrize(
    "second",
    [
        pytest.param({"owner": "ben"}, id="another owner, asked for by the same account"),
        pytest.param({"reason": "another deploy"}, id="another reason"),
        pytest.param({"for_s": 9000}, id="another end"),
    ],
)
def test_two_requests_of_one_second_are_two_holds(second: dict[str, object]) -> None:
    sky = Cloud(now=at(NOW))
    ask(sky, caller(), HOLD)
    ask(sky, caller(), HOLD, **second)
    assert len(sky.names("holds/")) == 2


def test_the_same_request_again_is_the_same_hold_with_an_id_or_without() -> None:
    for more in ({}, {"id": "x"}):
        sky = Cloud(now=at(NOW))
        for _ in range(3):
            ask(sky, caller(), HOLD, **more)
        assert len(sky.names("holds/")) == 1


@pytest.mark.parametrize(
    ("who", "more", "said"),
    [
        pytest.param(BEN, {}, ANA, id="another person"),
        pytest.param(ANA, {"owner": "ben"}, "data", id="another owner, by the same account"),
        pytest.param(ANA, {"reason": "another"}, "another reason of yours", id="another reason"),
    ],
)
def test_an_id_that_somebody_has_is_refused_and_says_whose_it_is(who: str, more: dict[str, object], said: str) -> None:
    sky = Cloud(now=at(NOW))
    ask(sky, caller(ANA), HOLD, id="x")
    before = dict(sky.objects)
    with pytest.raises(Rejected, match=said) as refused:
        ask(sky, caller(who), HOLD, id="x", **more)
    assert refused.value.code == 409
    assert sky.objects == before


def test_a_hold_that_somebody_writes_at_the_same_moment_is_not_taken_for_ours() -> None:
    """Both have listed what is held, and both write the one name."""
    sky = Cloud(now=at(NOW))
    name = "holds/job/fetch/x@2026-03-10T08:00:00Z.json"

    def meanwhile(call: tuple[str, str]) -> None:
        if call == ("create", name) and name not in sky.objects:
            sky.put(name, json.dumps({"owner": "data", "reason": "a deploy", "asked_by": BEN}).encode())

    sky.fails = meanwhile
    with pytest.raises(Rejected, match=BEN):
        ask(sky, caller(ANA), HOLD, id="x")


def test_holds_of_one_name_by_two_people_end_apart() -> None:
    """Two instances have written them at once, with two ends."""
    sky = Cloud(now=at(NOW))
    for end, who in (("08:00", ANA), ("09:00", BEN)):
        said = {"owner": who, "reason": "r", "asked_by": who, "jobs": ["fetch"]}
        sky.put(f"holds/job/fetch/x@2026-03-10T{end}:00Z.json", json.dumps(said).encode())
    ask(sky, caller(ANA), {"action": "release", "scope": "job/fetch", "id": "x"})
    assert sky.names("holds/") == ["holds/job/fetch/x@2026-03-10T09:00:00Z.json"]


@pytest.mark.parametrize("id", ["breaker", "Breaker", "flag", "20260310T080000Z"])
@pytest.mark.parametrize("scope", ["job/fetch", "table/d.raw", "window/weekly"])
def test_nobody_takes_an_id_of_the_machine(scope: str, id: str) -> None:
    sky = Cloud(now=at(NOW))
    with pytest.raises(Rejected, match=f"id {id} is kept for") as refused:
        ask(sky, caller(part=Part.ADMIN), HOLD, scope=scope, id=id)
    assert refused.value.code == 400
    assert sky.names("holds/") == []


def test_who_asked_is_in_the_object_the_tombstone_and_every_line_of_the_log() -> None:
    sky = Cloud(now=at("2026-03-17 08:30"))  # the window is open
    report = ask(sky, caller(), HOLD, id="x")
    assert content(sky, sky.names("holds/job/")[0])["asked_by"] == ANA
    assert {record.asked_by for record in report.records} == {ANA}
    [opening] = sky.names("holds/window/")
    assert "asked_by" not in content(sky, opening)
    ask(sky, caller(BEN), release(opening, reason="done"))
    [tombstone] = sky.names("ledger/released/")
    assert content(sky, tombstone) == {"asked_by": BEN, "owner": None, "reason": "done"}


def test_an_extension_keeps_who_asked_and_says_who_extended() -> None:
    sky = Cloud(now=at(NOW))
    ask(sky, caller(ANA), HOLD, id="x")
    extension = {"action": "extend", "scope": "job/fetch", "id": "x", "for_s": 9000}
    ask(sky, caller(BEN, Part.ADMIN), extension)
    [longer] = sky.names("holds/")
    assert (content(sky, longer)["asked_by"], content(sky, longer)["extended_by"]) == (ANA, BEN)


def test_extensions_never_make_a_hold_longer_than_the_longest_in_all() -> None:
    sky = Cloud(now=at(NOW))
    ask(sky, caller(), HOLD, id="x")
    longest = int(sky.declared.max_hold.total_seconds())
    extend = {"action": "extend", "scope": "job/fetch", "id": "x", "for_s": longest}
    ask(sky, caller(), extend)
    ends = sky.names("holds/")
    sky.now += sky.declared.max_hold / 2
    with pytest.raises(Rejected, match=r"in all, and this one began at 2026-03-10T06:00:00Z") as refused:
        ask(sky, caller(), extend)
    assert refused.value.code == 400
    assert sky.names("holds/") == ends


# the table


def test_every_part_has_a_row_and_nobody_but_the_push_account_brings_an_incident() -> None:
    assert RIGHTS.keys() == set(Part)
    assert [part for part in Part if may(part, Act.BRING) is May.YES] == [Part.PUSH, Part.DIRECT]


def cases() -> Iterator[object]:
    for part in Part:
        for act in Act:
            for forced in (False, True):
                yield pytest.param(part, act, forced, id=f"{part}: {act}{', with --force' if forced else ''}")


@pytest.mark.parametrize(("part", "act", "forced"), [*cases()])
def test_what_the_table_says_is_what_happens(part: Part, act: Act, forced: bool) -> None:
    sky = Cloud(now=at(NOW))
    who = caller(part=part) if part is not Part.DIRECT else DIRECTLY
    for id, asked_by in (("mine", who.email), ("theirs", BEN), (BREAKER_ID, "push@acme.dev")):
        said = {"owner": "o", "reason": "r", "jobs": ["fetch"], **({"asked_by": asked_by} if asked_by else {})}
        sky.put(f"holds/job/fetch/{id}@2026-03-10T08:00:00Z.json", json.dumps(said).encode())
    held = sky.names("holds/")
    requests: dict[Act, dict[str, object]] = {
        Act.RECONCILE: {"action": "reconcile"},
        Act.HOLD: HOLD,
        Act.HOLD_ALL: {**HOLD, "scope": "all"},
        Act.OWN: release(held[1]),
        Act.OTHERS: release(held[2]),
        Act.BREAKERS: release(held[0]),
    }
    asked = envelope(INCIDENT) if act is Act.BRING else body(requests[act])
    if forced and act not in (Act.RECONCILE, Act.BRING):
        asked = body(requests[act], with_force=True)
    allowed = may(part, act)
    if allowed is May.NO or (allowed is May.FORCED and not forced):
        with pytest.raises(Rejected) as refused:
            sky.ask(asked, caller=who)
        assert refused.value.code == 403
        assert ("--force" in str(refused.value)) is (allowed is May.FORCED)
        assert sky.names("holds/") == held
        return
    report = sky.ask(asked, caller=who)
    assert report.settled
    alarms = [record for record in report.records if record.event == "hold_forced"]
    assert len(alarms) == (1 if allowed is May.FORCED else 0), "force that nobody needs is no alarm"
    assert all(record.asked_by == who.asked_by for record in alarms)


def test_to_extend_everything_takes_an_admin_even_of_ones_own_hold() -> None:
    sky = Cloud(now=at(NOW))
    ask(sky, caller(), HOLD, scope="all", id="x", with_force=True)
    extension = {"action": "extend", "scope": "all", "id": "x", "for_s": 9000}
    with pytest.raises(Rejected, match="--force"):
        ask(sky, caller(), extension)
    ask(sky, caller(part=Part.ADMIN), extension)
    ask(sky, caller(), {"action": "release", "scope": "all", "id": "x"})
    assert sky.names("holds/") == []


def test_a_hold_of_before_callers_were_known_is_any_operators() -> None:
    sky = Cloud(now=at(NOW))
    name = "holds/job/fetch/x@2026-03-10T08:00:00Z.json"
    old = {"scope": "job/fetch", "id": "x", "jobs": ["fetch"], "reason": "r", "owner": "ann", "start": "2026-03-10T05:00:00Z"}
    sky.put(name, json.dumps(old).encode())
    ask(sky, caller(BEN), {"action": "extend", "scope": "job/fetch", "id": "x", "for_s": 9000})
    [longer] = sky.names("holds/")
    assert content(sky, longer)["extended_by"] == BEN
    ask(sky, caller(ANA), release(longer))
    assert sky.names("holds/") == []


@pytest.mark.parametrize("brought", ["projects/p/subscriptions/other", "alerts", None, 5])
def test_an_envelope_of_another_subscription_is_refused(brought: object) -> None:
    said = json.loads(envelope(INCIDENT)) | {"subscription": brought}
    with pytest.raises(Rejected, match="subscription") as refused:
        CALLERS.check_envelope(parse_request("POST", json.dumps(said).encode()))
    assert refused.value.code == 403


# who is who


CALLERS = Callers(
    audience="https://c.run.app",
    timers="interlock-timers@p.iam.gserviceaccount.com",
    push="interlock-push@p.iam.gserviceaccount.com",
    subscription="projects/p/subscriptions/interlock-alerts-push",
    operators=("user:Ana@acme.dev", "group:data@acme.dev", "domain:acme.dev", "serviceAccount:op@p.iam.gserviceaccount.com"),
    admins=("user:boss@acme.dev",),
)


@pytest.mark.parametrize(
    ("email", "part"),
    [
        ("interlock-timers@p.iam.gserviceaccount.com", Part.TIMERS),
        ("interlock-push@p.iam.gserviceaccount.com", Part.PUSH),
        ("boss@acme.dev", Part.ADMIN),
        ("ana@acme.dev", Part.OPERATOR),
        ("op@p.iam.gserviceaccount.com", Part.OPERATOR),
        ("data@acme.dev", None),
        ("somebody@acme.dev", None),
        ("boss@acme.dev.evil.dev", None),
    ],
)
def test_an_address_is_what_the_environment_names_it(email: str, part: Part | None) -> None:
    assert CALLERS.part(email) is part


def test_what_the_stack_writes_is_what_the_function_reads() -> None:
    assert parse_callers(CALLERS.to_json()) == CALLERS


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"audience": "a", "timers": 5}', CALLERS.to_json().replace("[", '"').replace("]", '"')]
)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own too
        parse_callers(text)


def content(sky: Cloud, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(sky.objects[name][1])
    return found

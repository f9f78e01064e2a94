"""What requests change: the objects that they leave, the jobs afterwards, and what is said."""

from __future__ import annotations

import json

import pytest

from interlock.runtime.ports import Refused, Unknown
from tests.interlock.cloud import Cloud, at, records
from tests.interlock.runtime.test_requests import body, envelope

NOW = "2026-03-10 06:00"
HOLD = {"action": "hold", "scope": "job/fetch", "for_s": 7200, "reason": "a deploy", "owner": "ann", "id": "x"}
EXTEND = {"action": "extend", "scope": "job/fetch", "id": "x", "for_s": 14400}
RELEASE = {"action": "release", "scope": "job/fetch", "id": "x", "owner": "bob", "reason": "done"}
UNTIL_EIGHT = "holds/job/fetch/x@2026-03-10T08:00:00Z.json"
UNTIL_TEN = "holds/job/fetch/x@2026-03-10T10:00:00Z.json"


def cloud() -> Cloud:
    return Cloud(now=at(NOW))


def content(sky: Cloud, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(sky.objects[name][1])
    return found


def test_a_hold_is_written_before_jobs_pause() -> None:
    sky = cloud()
    report = sky.ask(body(HOLD))
    assert content(sky, UNTIL_EIGHT) == {
        "scope": "job/fetch",
        "id": "x",
        "jobs": ["fetch"],
        "identities": ["us-west2/fetch"],
        "tables": [],
        "reason": "a deploy",
        "owner": "ann",
        "start": "2026-03-10T06:00:00Z",
        "until": "2026-03-10T08:00:00Z",
    }
    order = [call for call in sky.calls if call[0] in ("create", "pause")]
    assert order == [("create", UNTIL_EIGHT), ("create", "ledger/held/fetch.json"), ("pause", "fetch")]
    assert [record.event for record in report.records] == ["hold_written", "job_paused", "reconciled"]
    assert report.records[0].why == "ann: a deploy (id x)"


def test_a_hold_that_is_delivered_twice_is_one_hold() -> None:
    sky = cloud()
    sky.ask(body(HOLD, for_s="left out", until="2026-03-10T08:00:00Z"))
    report = sky.ask(body(HOLD, for_s="left out", until="2026-03-10T08:00:00Z"), "2026-03-10 06:05")
    assert [record.event for record in report.records] == ["reconciled"]
    assert sky.names("holds/") == [UNTIL_EIGHT]


def test_a_hold_without_a_name_gets_one() -> None:
    sky = cloud()
    sky.ask(body(HOLD, id="left out"))
    assert sky.names("holds/") == ["holds/job/fetch/at-20260310T060000Z@2026-03-10T08:00:00Z.json"]


def test_an_extension_writes_the_new_end_before_it_deletes_the_old_and_keeps_what_was_said() -> None:
    sky = cloud()
    sky.ask(body(HOLD))
    sky.calls.clear()
    sky.ask(body(EXTEND))
    changes = [call for call in sky.calls if call[0] in ("create", "delete", "pause", "resume")]
    assert changes == [("create", UNTIL_TEN), ("delete", UNTIL_EIGHT)]
    said = content(sky, UNTIL_TEN)
    assert (said["owner"], said["reason"], said["start"], said["jobs"]) == (
        "ann",
        "a deploy",
        "2026-03-10T06:00:00Z",
        ["fetch"],
    )


def test_an_extension_keeps_the_jobs_and_tables_that_the_scope_has_lost() -> None:
    sky = cloud()
    sky.put("holds/job/fetch/x@2026-03-10T07:00:00Z.json", b'{"jobs": ["mart"], "tables": ["d.raw", "no table", 1.5, null]}')
    sky.ask(body(EXTEND))
    said = content(sky, UNTIL_TEN)
    assert (said["jobs"], said["tables"]) == (["fetch", "mart"], ["d.raw"])


@pytest.mark.parametrize(
    ("scope", "tables"),
    [
        pytest.param("table/d.mart", ["d.mart"], id="a table: itself"),
        pytest.param("backfill/mart", ["d.mart"], id="a backfill: those that it protects"),
        pytest.param("all", ["d.mart", "d.raw"], id="everything: every table of the catalog"),
        pytest.param("service/marts", [], id="a service: none, it is about jobs"),
    ],
)
def test_a_hold_says_which_tables_it_keeps_still(scope: str, tables: list[str]) -> None:
    sky = cloud()
    sky.ask(body(HOLD, scope=scope))
    [name] = sky.names("holds/")
    assert content(sky, name)["tables"] == tables


@pytest.mark.parametrize("call", [("create", UNTIL_TEN), ("delete", UNTIL_EIGHT)], ids=lambda call: str(call[0]))
def test_an_extension_that_dies_half_way_leaves_the_job_held_and_one_object_for_each_end(call: tuple[str, str]) -> None:
    sky = cloud()
    sky.ask(body(HOLD))

    def dies(made: tuple[str, str]) -> None:
        if made == call:
            raise KeyboardInterrupt

    sky.fails = dies
    with pytest.raises(KeyboardInterrupt):
        sky.ask(body(EXTEND))
    sky.fails = str
    sky.reconcile("2026-03-10 06:10")
    assert sky.paused() == {"fetch", "off"}
    sky.ask(body(EXTEND, for_s="left out", until="2026-03-10T10:00:00Z"))
    assert sky.names("holds/") == [UNTIL_TEN]


def test_a_release_deletes_every_object_of_the_hold_before_jobs_resume() -> None:
    sky = cloud()
    sky.ask(body(HOLD))
    sky.put(UNTIL_TEN, sky.objects[UNTIL_EIGHT][1])
    sky.calls.clear()
    report = sky.ask(body(RELEASE), "2026-03-10 06:05")
    changes = [call for call in sky.calls if call[0] in ("delete", "resume")]
    assert changes[:3] == [("delete", UNTIL_EIGHT), ("delete", UNTIL_TEN), ("resume", "fetch")]
    assert sky.names() == []
    assert [str(record) for record in report.records][:2] == [
        "hold_released: job/fetch: bob: done",
        "job_resumed: fetch: nothing holds it any more",
    ]


def test_a_release_wins_over_an_extension_that_is_under_way() -> None:
    sky = cloud()
    sky.ask(body(HOLD))

    def extended(call: tuple[str, str]) -> None:
        if call == ("delete", UNTIL_EIGHT):
            sky.fails = str
            sky.put(UNTIL_TEN, b"{}")

    sky.fails = extended
    sky.ask(body(RELEASE))
    assert sky.names("holds/") == []
    assert sky.paused() == {"off"}


def test_a_window_that_is_released_stays_closed_until_its_end_and_opens_again_next_week() -> None:
    sky = Cloud(now=at("2026-03-10 08:00"))
    sky.reconcile()
    sky.calls.clear()
    sky.ask(body(RELEASE, scope="window/weekly", id="20260310T080000Z"), "2026-03-10 08:30")
    tombstone = "ledger/released/window/weekly/20260310T080000Z@2026-03-10T10:00:00Z.json"
    changes = [call for call in sky.calls if call[0] in ("create", "delete")]
    assert changes[:2] == [
        ("create", tombstone),
        ("delete", "holds/window/weekly/20260310T080000Z@2026-03-10T10:00:00Z.json"),
    ]
    for when in ("08:40", "09:59"):
        sky.reconcile(f"2026-03-10 {when}")
        assert sky.paused() == {"off"}
    sky.reconcile("2026-03-17 08:03")
    assert sky.paused() == {"fetch", "also", "off"}


def test_a_hold_of_a_scope_that_is_gone_can_be_released() -> None:
    sky = cloud()
    sky.put("holds/job/gone/x@2026-03-10T08:00:00Z.json")
    sky.ask(body(RELEASE, scope="job/gone"))
    assert sky.names("holds/") == []


@pytest.mark.parametrize("failure", [Refused(403, "no permission"), Unknown("no answer")], ids=["refused", "no answer"])
def test_a_hold_that_can_t_be_written_is_said_and_jobs_are_put_right_anyway(failure: Exception) -> None:
    sky = cloud()
    sky.states["mart"] = "PAUSED"

    def fails(call: tuple[str, str]) -> None:
        if call == ("create", UNTIL_EIGHT):
            raise failure

    sky.fails = fails
    report = sky.ask(body(HOLD))
    assert not report.settled
    assert report.records[0].why == f"the request was not carried out: {failure}"
    assert sky.paused() == {"off"}


def incident(table: str = "p:d.mart", state: str = "open", label: str = "breaker", started: object = None) -> bytes:
    said = {
        "incident_id": "0.abc",
        "state": state,
        "started_at": started,
        "policy_name": "Conflicts",
        "policy_user_labels": {"interlock": label},
        "metric": {"labels": {"table": table}},
    }
    return envelope(said)


def breaker(sky: Cloud) -> list[str]:
    return sky.names("holds/table/")


def test_the_breaker_holds_the_writers_of_the_table_for_its_time() -> None:
    sky = cloud()
    sky.ask(incident())
    assert breaker(sky) == ["holds/table/d.mart/breaker@2026-03-10T06:30:00Z.json"]
    assert sky.paused() == {"mart", "off"}
    sky.reconcile("2026-03-10 06:31")
    assert breaker(sky) == []
    assert sky.paused() == {"off"}


def test_flapping_keeps_one_hold_which_gets_longer_and_closing_changes_nothing() -> None:
    sky = cloud()
    for minute, state in enumerate(["open", "closed", "open", "open", "closed"]):
        sky.ask(incident(state=state), f"2026-03-10 06:0{minute}")
        assert len(breaker(sky)) == 1
    assert breaker(sky) == ["holds/table/d.mart/breaker@2026-03-10T06:33:00Z.json"]


@pytest.mark.parametrize("started", [pytest.param(int(at(NOW).timestamp()), id="it says when it opened"), None])
def test_an_incident_that_comes_again_after_its_release_does_not_hold_again(started: object) -> None:
    sky, told = cloud(), incident(started=started)
    sky.ask(told)
    sky.ask(body(RELEASE, scope="table/d.mart", id="breaker"), "2026-03-10 06:10")
    for minute in (11, 29):
        report = sky.ask(told, f"2026-03-10 06:{minute}")
        assert (breaker(sky), sky.paused()) == ([], {"off"})
        [ignored] = records(report, "incident_ignored")
        assert ignored.why == "incident 0.abc has held table/d.mart before, and that hold has ended or was released"


def test_an_incident_that_is_told_of_when_its_hold_would_be_over_does_not_hold() -> None:
    sky = cloud()
    report = sky.ask(incident(started=int(at(NOW).timestamp())), "2026-03-10 06:30")
    assert breaker(sky) == []
    [ignored] = records(report, "incident_ignored")
    assert ignored.why == "incident 0.abc opened so long ago that its hold of table/d.mart would be over"


def test_an_incident_whose_hold_was_written_by_an_instance_that_died_is_remembered_when_it_comes_again() -> None:
    sky, told = cloud(), incident(started=int(at(NOW).timestamp()))

    def fails(call: tuple[str, str]) -> None:
        if call[0] == "create" and call[1].startswith("ledger/incidents/"):
            raise Refused(403, "no")

    sky.fails = fails
    assert not sky.ask(told).settled
    sky.fails = str
    sky.ask(told, "2026-03-10 06:01")
    sky.ask(body(RELEASE, scope="table/d.mart", id="breaker"), "2026-03-10 06:02")
    sky.ask(told, "2026-03-10 06:03")
    assert breaker(sky) == []


@pytest.mark.parametrize(
    ("started", "end"),
    [
        pytest.param(int(at("2026-03-10 05:50").timestamp()), "06:20:00", id="ten minutes ago"),
        pytest.param(int(at("2026-03-10 06:00").timestamp()) + 10, "06:30:10", id="by a clock that is ahead"),
        pytest.param(int(at("2026-03-10 06:00").timestamp()) + 11, "06:30:00", id="in the future, so now"),
        pytest.param(10**30, "06:30:00", id="beyond any date, so now"),
        pytest.param(0, "06:30:00", id="zero, so now"),
        pytest.param(True, "06:30:00", id="no number, so now"),
        pytest.param("1773122400", "06:30:00", id="a text, so now"),
    ],
)
def test_the_breakers_hold_is_counted_from_when_the_incident_opened(started: object, end: str) -> None:
    sky = cloud()
    sky.ask(incident(started=started))
    assert breaker(sky) == [f"holds/table/d.mart/breaker@2026-03-10T{end}Z.json"]


@pytest.mark.parametrize(
    "started", [None, int(at("2026-03-11 06:00").timestamp()), int(at("9999-12-31 23:59").timestamp()), 10**30]
)
def test_an_incident_that_names_no_time_that_can_have_been_holds_no_longer_however_often_it_comes(started: object) -> None:
    sky = cloud()
    for minutes in range(0, 120, 20):
        sky.ask(incident(started=started), f"2026-03-10 {6 + minutes // 60:02}:{minutes % 60:02}")
    assert breaker(sky) == []
    assert sky.paused() == {"off"}


def test_an_incident_that_comes_by_a_slow_clock_does_not_shorten_the_hold() -> None:
    sky = cloud()
    sky.ask(incident(), "2026-03-10 06:05")
    sky.ask(incident(), "2026-03-10 06:00")
    assert breaker(sky) == ["holds/table/d.mart/breaker@2026-03-10T06:35:00Z.json"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        pytest.param(incident(table=""), "incident 0.abc names no table: ''", id="no table"),
        pytest.param(
            incident(table="p:d.other"),
            "incident 0.abc names the table d.other, which nothing deployed writes or reads: 'p:d.other'",
            id="a table that nobody declares",
        ),
        pytest.param(incident(state="closed"), None, id="it closed"),
        pytest.param(incident(label="other"), None, id="another policy's"),
    ],
)
def test_an_incident_that_holds_nothing(asked: bytes, said: str | None) -> None:
    sky = cloud()
    report = sky.ask(asked)
    assert breaker(sky) == []
    assert [record.why for record in records(report, "incident_ignored")] == ([said] if said else [])

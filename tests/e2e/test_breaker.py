"""The circuit breaker, from BigQuery's audit log to paused writers: the deployed metric, policy, topic, push and coordinator.

What stands in for Google: the emulator counts entries by the deployed metric's own filter and extractors, evaluates the
deployed policy when it is asked to (Google's evaluator does so every minute, a minute or more later), and publishes the
incident to the deployed channel's topic. The samples are BigQuery's shapes with our own values.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from stacks.metrics import LAG
from tests.e2e.deployment import Json, local_environment
from tests.e2e.live import TICK, Live, utc, written

SAMPLES = Path(__file__).parent / "audit_logs"
BREAKER = local_environment().breaker
GAMEBOOKS = "interlock-local:raw.gamebooks"
NOON = utc("2026-03-10 12:00")
RETEST = timedelta(minutes=1)
OFF_SEASON = "gamebooks-summer"
WRITERS = {"gamebooks", OFF_SEASON}
VARIANTS = {
    "update": GAMEBOOKS,
    "delete-in-partition": f"{GAMEBOOKS}$20260310",
    "merge-with-position": GAMEBOOKS,
    "transaction": GAMEBOOKS,
    "truncating-load": GAMEBOOKS,
    "domain-scoped-project": "example.com:interlock-local:raw.gamebooks",
    "no-table-named": "",
}
"""The seven ways to say it, each with the table that the metric's label has."""
OTHERS = ("script-parent", "dml-queue-full", "succeeded", "bad-request")


def sample(name: str) -> Json:
    """An entry as BigQuery writes it."""
    found = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.fixture
def noon(live: Live) -> Live:
    """The cloud at noon, everything running."""
    live.stand_at(NOON)
    assert live.paused() == {OFF_SEASON}
    return live


def conflict(live: Live, *names: str) -> datetime:
    """BigQuery logs entries of these samples, and the policies are evaluated once they have lasted for as long as the
    deployed condition wants. When that was: an incident that opens then says so."""
    live.write_entries(*(sample(name) for name in names))
    live.stand_at(live.now() + RETEST)
    live.evaluate()
    return live.now()


def opened(live: Live) -> list[Json]:
    """The open incidents of the conflict policy."""
    return [found for found in live.incidents() if found["policy_user_labels"].get("runbook") == "conflicts"]


@pytest.mark.parametrize(("name", "table"), [pytest.param(name, table, id=name) for name, table in VARIANTS.items()])
def test_each_way_to_say_it_is_counted_by_its_table(shared_live: Live, name: str, table: str) -> None:
    """One entry more than the policy bears opens an incident of the table that the metric extracts."""
    shared_live.stand_at(NOON + timedelta(days=1 + list(VARIANTS).index(name)))
    conflict(shared_live, *[name] * BREAKER.conflicts)
    assert opened(shared_live) == []
    conflict(shared_live, name)
    [incident] = opened(shared_live)
    assert incident["metric"]["labels"] == {"table": table}
    assert incident["severity"] == "CRITICAL"


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_conflict_is_not_counted(shared_live: Live, name: str) -> None:
    """Of a script, whose child says the same; of another limit; of success; of a mistake in a statement."""
    shared_live.stand_at(NOON + timedelta(days=20 + OTHERS.index(name)))
    conflict(shared_live, *[name] * (BREAKER.conflicts + 1))
    assert opened(shared_live) == []


def test_conflicts_pause_the_tables_writers_only_and_let_go_by_themselves(noon: Live) -> None:
    end = conflict(noon, "update", "merge-with-position", "transaction", "truncating-load") + BREAKER.hold
    assert noon.holds() == [f"holds/table/raw.gamebooks/breaker@{written(end)}.json"]
    assert noon.paused() == WRITERS, "boxscores, odds and summary, which reads it, run on"
    said = noon.deployment.content(noon.holds()[0])
    assert said["owner"] == "circuit breaker"
    assert said["jobs"] == sorted(WRITERS)
    [line] = noon.log("job_paused")
    assert (line["job"], line["hold"], line["until"]) == ("gamebooks", "table/raw.gamebooks", written(end))
    # Whether the incident is closed changes nothing: the hold ends by itself.
    noon.go_to(end + TICK)
    assert noon.paused() == {OFF_SEASON}
    assert noon.holds() == []
    assert noon.runs(NOON, end)["gamebooks"] == 0
    assert [line["job"] for line in noon.log("run_caught_up")] == ["gamebooks"]


def test_conflicts_that_are_counted_ten_minutes_late_trip_it_eleven_minutes_late(noon: Live) -> None:
    """As late as Google says that a log metric may be. Until then their own minutes have to stay in the policy's period, and
    they have to last for its duration, which begins when they are seen."""
    noon.deployment.faults.add(f"lag={LAG.total_seconds():g}s")
    noon.write_entries(*[sample("update")] * (BREAKER.conflicts + 1))
    opening = None
    while opening is None and noon.now() < NOON + BREAKER.period:
        noon.stand_at(noon.now() + RETEST)
        noon.evaluate()
        opening = noon.now() if opened(noon) else None
    assert opening == NOON + LAG + RETEST
    assert noon.holds() == [f"holds/table/raw.gamebooks/breaker@{written(opening + BREAKER.hold)}.json"]
    assert noon.paused() == WRITERS


def test_a_table_that_conflicts_again_is_held_again(noon: Live) -> None:
    """Also when it does so as soon as its writers run again: the incident has closed while they were still."""
    for _ in range(3):
        end = conflict(noon, *["update"] * (BREAKER.conflicts + 1)) + BREAKER.hold
        assert noon.holds() == [f"holds/table/raw.gamebooks/breaker@{written(end)}.json"]
        assert noon.paused() == WRITERS
        noon.go_on(BREAKER.period)
        noon.evaluate()
        assert opened(noon) == [], "closed after one silent period, while the hold lasts"
        assert noon.paused() == WRITERS
        noon.go_to(end + RETEST)
        assert noon.reconcile().status == 200
        assert noon.holds() == []


def test_flapping_keeps_one_hold_which_ends_after_the_last_incident(noon: Live) -> None:
    first = conflict(noon, *["update"] * (BREAKER.conflicts + 1))
    [incident] = opened(noon)
    for minutes in range(0, 60, 12):
        noon.stand_at(first + timedelta(minutes=minutes))
        for state in ("open", "closed"):
            said = incident | {"incident_id": f"0.{minutes}", "state": state, "started_at": int(noon.now().timestamp())}
            assert noon.push({"version": "1.2", "incident": said}).status == 200
            assert noon.holds() == [f"holds/table/raw.gamebooks/breaker@{written(noon.now() + BREAKER.hold)}.json"]
            assert noon.paused() == WRITERS
    assert noon.changes() == [(written(first), "job_paused", "gamebooks")], "paused once, and not resumed in between"
    noon.go_on(BREAKER.hold + TICK)
    assert noon.holds() == []
    assert noon.paused() == {OFF_SEASON}


def test_an_incident_told_twice_or_closed_changes_nothing_more(noon: Live) -> None:
    conflict(noon, *["update"] * (BREAKER.conflicts + 1))
    before = noon.holds()
    [incident] = opened(noon)
    for state in ("open", "closed", "open"):
        assert noon.push({"version": "1.2", "incident": incident | {"state": state}}).status == 200
        assert noon.holds() == before
    assert noon.paused() == WRITERS


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"metric": {"labels": {"table": ""}}}, id="no table"),
        pytest.param({"metric": {"labels": {"table": "interlock-local:raw.unknown"}}}, id="a table that nothing writes"),
        pytest.param({"metric": {"labels": {"table": "raw.gamebooks/../../x"}}}, id="a table that is a path"),
        pytest.param({"policy_user_labels": {}}, id="an incident of another policy"),
        pytest.param({"metric": None}, id="no metric"),
    ],
)
def test_an_incident_that_names_nothing_holds_nothing(shared_live: Live, change: Json) -> None:
    incident = {
        "incident_id": "0.1",
        "state": "open",
        "policy_name": "conflicts",
        "policy_user_labels": {"interlock": "breaker"},
        "metric": {"labels": {"table": GAMEBOOKS}},
    }
    shared_live.stand_at(NOON)
    assert shared_live.push({"version": "1.2", "incident": incident | change}).status == 200, "or Pub/Sub sends it again"
    assert [name for name in shared_live.holds() if "breaker" in name and written(NOON)[:10] in name] == []

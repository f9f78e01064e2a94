"""Days on a clock that the test sets: windows at the changes of New York's clocks, backfills, releases, and what is logged.

Cloud Scheduler's dispatch is the emulator's; the coordinator, its timers, windows and ledger are the deployed ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from interlock.catalog import Catalog
from interlock.windows import next_opening
from tests.e2e.deployment import local_environment
from tests.e2e.live import TICK, Live, utc, written

HOUR, RESOLUTION = timedelta(hours=1), timedelta(seconds=1)
COVERED = ("boxscores", "gamebooks", "odds")  # by window/nightly; gamebooks-summer is too, and paused by declaration
RUNNING = {*COVERED, "summary"}
OFF_SEASON = "gamebooks-summer"


@dataclass(frozen=True, kw_only=True)
class Night:
    """When a window opens and when it is closed, in UTC."""

    opens: str
    closed: str

    @property
    def start(self) -> datetime:
        return utc(self.opens)

    @property
    def end(self) -> datetime:
        """Of the hold: after the window's duration."""
        return self.start + 2 * HOUR


SPRING = (
    # 01:30 EST to 03:30 EST: an ordinary night; a timer is there at either end.
    Night(opens="2026-03-07 06:30", closed="2026-03-07 08:30"),
    # 01:30 EST is 06:30. At 07:00 the clocks jump from 02:00 to 03:00, so two hours end at 04:30 EDT. The closing timer goes
    # by the wall, 03:30 EDT, an hour too soon and without effect: the tick at 08:33 closes.
    Night(opens="2026-03-08 06:30", closed="2026-03-08 08:33"),
    # 01:30 EDT is 05:30 from then on.
    Night(opens="2026-03-09 05:30", closed="2026-03-09 07:30"),
)
AUTUMN = (
    # 01:30 comes twice, EDT at 05:30 and EST at 06:30; the window opens the first time only. At 06:00 the clocks go back from
    # 02:00 to 01:00 EST, so two hours end at 02:30 EST; the closing timer at 03:30 EST is an hour too late for it.
    Night(opens="2026-11-01 05:30", closed="2026-11-01 07:33"),
    Night(opens="2026-11-02 06:30", closed="2026-11-02 08:30"),
)


@pytest.mark.parametrize(
    "nights",
    [pytest.param(SPRING, id="spring, the clocks go forward"), pytest.param(AUTUMN, id="autumn, the clocks go back")],
)
def test_a_window_holds_for_its_duration_whatever_the_clocks_do(live: Live, nights: tuple[Night, ...]) -> None:
    for night in nights:
        live.stand_at(night.start - TICK)
        live.go_to(night.start + timedelta(minutes=1))
        assert live.holds() == [f"holds/window/nightly/{night.start:%Y%m%dT%H%M%SZ}@{written(night.end)}.json"]
        assert live.paused() == {*COVERED, OFF_SEASON}
        live.go_to(night.end + 2 * TICK)
        assert live.paused() == {OFF_SEASON}
        assert (live.holds(), live.ledger()) == ([], [])

        opened, closed = written(night.start), written(utc(night.closed))
        changes = [(at, event, job) for at, event, job in live.changes() if at >= written(night.start - TICK)]
        paused, resumed = (
            [(at, event, job) for job in COVERED] for at, event in ((opened, "job_paused"), (closed, "job_resumed"))
        )
        assert sorted(changes) == [*paused, *resumed]
        assert set(live.runs(night.start, utc(night.closed))) == {"summary"}, "only what the window does not cover runs"
        # Of each job the runs that it missed are one, made as it resumes; of odds, whose catch_up is skip, none.
        made = {line["job"]: line["at"] for line in live.log("run_caught_up") if line["at"] > opened}
        assert made == dict.fromkeys(("boxscores", "gamebooks"), closed)


def test_a_night_goes_by_and_every_transition_is_a_structured_line(live: Live) -> None:
    """The night of spring's change, 00:00 EST to 07:00 EDT: six hours."""
    begin, end = utc("2026-03-08 05:00"), utc("2026-03-08 11:00")
    live.stand_at(begin)
    live.go_to(end)
    # Of two an hour the window takes four; one makes up for those. Odds are every 20 minutes, and nothing makes up for six.
    assert live.runs(begin + RESOLUTION, end) == {"gamebooks": 9, "boxscores": 9, "summary": 6, "odds": 17 - 6}
    lines = live.log()
    assert [line for line in lines if not {"event", "why", "message", "severity"} <= set(line)] == []
    ends = "2026-03-08T08:30:00Z"
    said = [
        tuple(line.get(key) for key in ("event", "hold", "job", "until")) for line in lines if line["event"] != "reconciled"
    ]
    assert said[:8] == [
        ("hold_written", "window/nightly", None, ends),
        *(("job_paused", "window/nightly", job, ends) for job in COVERED),
        ("hold_ended", "window/nightly", None, ends),
        *(("job_resumed", None, job, None) for job in COVERED),
    ]
    assert sorted(said[8:], key=str) == [
        ("run_caught_up", None, "boxscores", None),
        ("run_caught_up", None, "gamebooks", None),
        ("run_skipped", None, "odds", None),
    ]
    assert {line["severity"] for line in lines} == {"INFO"}


def test_a_lost_timer_costs_a_tick(live: Live) -> None:
    """Neither of the window's own timers fires; the tick opens it, with the end that it was to have."""
    env = local_environment()
    for timer in ("interlock-open-nightly", "interlock-close-nightly"):
        jobs = f"/v1/projects/{env.project}/locations/{env.coordinator.region}/jobs"
        live.deployment.api("POST", f"{jobs}/{timer}:pause")
    live.stand_at(utc("2026-03-10 05:00"))
    live.go_to(utc("2026-03-10 07:50"))
    assert {at for at, event, _ in live.changes() if event == "job_paused"} == {"2026-03-10T05:33:00Z"}
    assert {at for at, event, _ in live.changes() if event == "job_resumed"} == {"2026-03-10T07:33:00Z"}
    assert [line["until"] for line in live.log("hold_written")] == ["2026-03-10T07:30:00Z"]


def test_of_a_backfill_and_a_window_a_job_waits_for_the_later_end(live: Live, day_catalog: Catalog) -> None:
    """The flag is Terraform's, which goes by the real clock: so this is the next night from now."""
    window = next_opening(day_catalog.windows["nightly"], datetime.now(UTC))
    flag_end = window.end + HOUR
    live.stand_at(window.start - HOUR)
    live.deployment.deploy(backfill_mode=True, backfills=["books"], backfill_until=written(flag_end))
    assert live.paused() == {"gamebooks", OFF_SEASON}
    live.go_to(window.start + TICK)
    assert live.paused() == {*COVERED, OFF_SEASON}
    live.go_to(window.end + TICK)
    assert live.paused() == {"gamebooks", OFF_SEASON}, "the window has ended and the backfill has not"
    live.go_to(flag_end + TICK)
    assert live.paused() == {OFF_SEASON}
    assert live.runs(window.start - HOUR, flag_end)["gamebooks"] == 0
    assert len(live.log("run_caught_up", job="gamebooks")) == 1
    assert live.runs(flag_end, flag_end + TICK)["gamebooks"] == 1
    assert live.deployment.flags() == {"books": written(flag_end)}, "a flag is Terraform's to remove"
    assert live.log("hold_overdue")[-1]["hold"] == "backfill/books", "which somebody is told"


def test_a_release_makes_each_missed_job_run_once_and_producers_first(live: Live) -> None:
    begin = utc("2026-03-11 12:05")
    live.stand_at(begin)
    assert live.hold("platform/nba", begin + 6 * HOUR, id="patch").status == 200
    assert live.paused() == {*RUNNING, OFF_SEASON}
    release = utc("2026-03-11 14:06")
    live.go_to(release)
    assert live.runs(begin, release) == {}
    released = live.ask({"action": "release", "scope": "platform/nba", "id": "patch", "owner": "tests", "reason": "done"})
    assert released.status == 200
    assert live.runs(release, release + timedelta(minutes=1)) == {"gamebooks": 1, "boxscores": 1}
    for _ in range(3):
        assert live.reconcile().status == 200
    assert live.runs(release, release + timedelta(minutes=1)) == {"gamebooks": 1, "boxscores": 1}
    [waiting] = live.log("run_waiting", job="summary")[:1]
    assert "gamebooks" in waiting["why"], "it reads what gamebooks writes"
    live.go_to(utc("2026-03-11 14:14"))  # gamebooks has been at it for 5 minutes, and the next tick is at 14:13
    assert live.runs(release, utc("2026-03-11 14:15")) == {"gamebooks": 1, "boxscores": 1, "summary": 1}
    live.go_to(utc("2026-03-11 15:00"))
    missed = {line["job"]: line["missed"] for line in live.log("run_caught_up", "run_skipped")}
    assert missed == {"gamebooks": 4, "boxscores": 4, "summary": 2, "odds": 6}
    assert len(live.log("run_caught_up")) == 3
    assert live.ledger() == []
    regular = {"gamebooks": 2, "boxscores": 2, "summary": 1, "odds": 2}  # of the 54 minutes since
    made_up = {"gamebooks": 1, "boxscores": 1, "summary": 1, "odds": 0}
    assert live.runs(release, utc("2026-03-11 15:00")) == {job: regular[job] + made_up[job] for job in regular}


def test_a_window_released_early_stays_released(live: Live) -> None:
    live.stand_at(utc("2026-03-12 05:29"))
    live.go_to(utc("2026-03-12 05:34"))
    assert live.paused() == {*COVERED, OFF_SEASON}
    asked = {"action": "release", "scope": "window/nightly", "id": "20260312T053000Z", "owner": "tests", "reason": "done early"}
    assert live.ask(asked).status == 200
    assert live.paused() == {OFF_SEASON}
    live.go_to(utc("2026-03-12 07:55"))
    assert [event for _, event, _ in live.changes("gamebooks")] == ["job_paused", "job_resumed"]
    assert live.ledger() == [], "the tombstone goes when the window has closed"

"""Catch-up: who runs, who waits for what, and that nothing is run twice, whichever call fails and whoever dies where."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from interlock.declaration import Declaration
from interlock.runtime.declaration_file import OBJECT, to_json
from interlock.runtime.ledger import held_content, held_name
from interlock.runtime.ports import Refused, Unknown
from interlock.runtime.report import Report
from tests.interlock.cloud import BACKFILLS, HEAD, JOBS, WINDOWS, Cloud, at, declaration, records

SINCE = "2026-03-10 05:00"
RELEASED = "2026-03-10 06:20"


class Death(BaseException):
    """The instance is killed."""


def after_a_hold(*jobs: str, declared: Declaration | None = None, since: str = SINCE) -> Cloud:
    """A cloud in which a hold of `jobs` has just gone; they are still paused."""
    sky = Cloud(now=at(RELEASED), declared=declared or declaration())
    for job in jobs:
        sky.fire(job, "2026-03-10 04:50")
        sky.put(held_name(job), held_content(job, at(since)))
        sky.states[job] = "PAUSED"
    return sky


def why(report: Report, event: str = "run_waiting") -> list[str]:
    return [f"{record.job}: {record.why}" for record in records(report, event)]


def test_the_latest_missed_run_is_made_once_and_the_ledger_is_clear() -> None:
    sky = after_a_hold("fetch")
    report = sky.reconcile()
    assert sky.runs == ["fetch"]
    assert sky.names() == []
    (record,) = records(report, "run_caught_up")
    assert (record.why, record.numbers) == ("once, for 2 missed since 2026-03-10T05:00:00Z", (("missed", 2),))
    sky.reconcile("2026-03-10 06:30")
    assert sky.runs == ["fetch"]


def test_the_claim_comes_before_the_mark_goes_and_the_run_after_both() -> None:
    sky = after_a_hold("fetch")
    generation = sky.objects["ledger/held/fetch.json"][0]
    claim = f"ledger/claims/fetch@2026-03-10T05:00:00Z.{generation}.json"
    sky.reconcile()
    assert [call for call in sky.calls if call[0] in ("create", "delete", "run", "resume")] == [
        ("resume", "fetch"),
        ("create", claim),
        ("delete", "ledger/held/fetch.json"),
        ("run", "fetch"),
        ("delete", claim),
    ]


@pytest.mark.parametrize("catch_up", ["latest", "skip"])
def test_a_job_that_can_not_be_resumed_waits_with_its_mark_and_the_others_catch_up(catch_up: str) -> None:
    sky = after_a_hold(
        "fetch", "mart", declared=declaration(HEAD + JOBS.replace("runs: [mart]", f"runs: [mart], catch_up: {catch_up}"))
    )

    def fails(call: tuple[str, str]) -> None:
        if call == ("resume", "mart"):
            raise Refused(403, "no permission")

    sky.fails = fails
    report = sky.reconcile()
    assert sky.runs == ["fetch"]
    assert sky.names() == ["ledger/held/mart.json"]
    assert "mart: it is not enabled but PAUSED" in why(report)
    assert not report.settled
    report = sky.reconcile("2026-03-10 09:00")
    assert not records(report, "paused_without_hold"), "it was not paused by hand"
    sky.fails = str
    sky.reconcile("2026-03-10 09:10")
    assert sky.runs == (["fetch", "mart"] if catch_up == "latest" else ["fetch"])
    assert sky.names() == []


@pytest.mark.parametrize(
    ("since", "attempt", "runs"),
    [
        pytest.param("2026-03-10 05:16", "2026-03-10 05:15", 1, id="the fire after the pause"),
        pytest.param("2026-03-10 06:15", "2026-03-10 05:15", 1, id="a fire at the moment of the pause"),
        pytest.param("2026-03-10 06:16", "2026-03-10 06:15", 0, id="no fire since the pause"),
        pytest.param("2026-03-10 06:15", "2026-03-10 06:15:01", 0, id="the fire at the pause was attempted"),
        pytest.param("2026-03-10 05:00", "2026-03-10 06:16", 0, id="it has run since, so there is nothing to catch up with"),
        pytest.param("2026-03-10 07:00", "2026-03-10 05:15", 0, id="held since a clock that is ahead of ours"),
    ],
)
def test_what_counts_as_missed(since: str, attempt: str, runs: int) -> None:
    sky = after_a_hold("fetch", since=since)
    sky.fire("fetch", attempt)
    sky.reconcile()
    assert len(sky.runs) == runs
    assert sky.names() == []


def test_a_job_that_never_ran_makes_up_too() -> None:
    sky = after_a_hold("fetch")
    del sky.attempts["fetch"]
    sky.reconcile()
    assert sky.runs == ["fetch"]


def test_skip_only_counts() -> None:
    sky = after_a_hold("also")
    report = sky.reconcile()
    assert sky.runs == []
    assert sky.names() == []
    assert why(report, "run_skipped") == ["also: nothing makes up for its 1 missed"]


def test_while_another_hold_covers_it_nothing_is_run_and_the_mark_stays() -> None:
    sky = after_a_hold("fetch")
    sky.put("holds/job/fetch/x@2026-03-10T07:00:00Z.json")
    sky.reconcile()
    assert (sky.runs, sky.paused()) == ([], {"fetch", "off"})
    assert "ledger/held/fetch.json" in sky.names()


@pytest.mark.parametrize(
    ("now", "waits"),
    [
        pytest.param("2026-03-10 06:15:09", "its run of 2026-03-10T06:15:00Z may be under way", id="it fired just now"),
        pytest.param("2026-03-10 06:14:51", "it fires at 2026-03-10T06:15:00Z anyway", id="it fires in a moment"),
        pytest.param(
            "2026-03-10 07:55:01", "window/weekly opens at 2026-03-10T08:00:00Z, before it would be done", id="a window"
        ),
    ],
)
def test_a_run_waits(now: str, waits: str) -> None:
    sky = after_a_hold("fetch")
    report = sky.reconcile(now)
    assert sky.runs == []
    assert why(report) == [f"fetch: {waits}"]
    assert "ledger/held/fetch.json" in sky.names()


def test_a_run_that_is_done_before_the_window_opens_does_not_wait() -> None:
    sky = after_a_hold("fetch")
    sky.reconcile("2026-03-10 07:55")
    assert sky.runs == ["fetch"]


def test_producers_run_before_consumers_which_wait_until_they_are_done() -> None:
    sky = after_a_hold("fetch", "mart", since="2026-03-10 04:55")
    report = sky.reconcile()
    assert sky.runs == ["fetch"]
    assert why(report) == ["mart: fetch, which produces what it reads, is still running"]
    sky.reconcile("2026-03-10 06:24:59")
    assert sky.runs == ["fetch"]
    sky.reconcile("2026-03-10 06:25")
    assert sky.runs == ["fetch", "mart"]
    assert sky.names() == []


def test_a_consumer_waits_for_a_producer_that_is_held_still() -> None:
    sky = after_a_hold("fetch", "mart")
    sky.put("holds/job/fetch/x@2026-03-10T09:00:00Z.json")
    report = sky.reconcile()
    assert sky.runs == []
    assert why(report) == ["mart: fetch, which produces what it reads, has not made up for its own runs"]


MANY = "jobs:\n" + "".join(
    f'  {name}: {{description: d, schedule: "15 * * * *", target: {{service: {service}}}}}\n'
    for name, service in [("a", "scrapers"), ("b", "scrapers"), ("c", "scrapers"), ("m", "marts"), ("n", "marts")]
)


def test_a_service_gets_no_more_starts_a_minute_than_it_bears_and_one_where_nobody_said() -> None:
    sky = after_a_hold("a", "b", "c", "m", "n", declared=declaration(HEAD + MANY))
    report = sky.reconcile()
    assert sky.runs == ["a", "b", "m"]
    assert why(report) == ["c: scrapers takes 2 starts a minute", "n: marts takes 1 start a minute"]
    sky.reconcile("2026-03-10 06:20:59")
    assert sky.runs == ["a", "b", "m"], "the starts of the last minute count, whoever made them"
    sky.reconcile("2026-03-10 06:21")
    assert sky.runs == ["a", "b", "m", "c", "n"]


def test_jobs_that_feed_each_other_do_not_wait_for_each_other() -> None:
    feeding = HEAD.replace(
        "mart: {service: marts, expect: 20m, tables: {d.raw: [read]", "mart: {service: marts, tables: {d.raw: [read]"
    )
    feeding = feeding.replace("tables: {d.raw: [append]}", "tables: {d.raw: [append], d.mart: [read]}")
    declared = declaration(feeding + JOBS + WINDOWS + BACKFILLS)
    assert [declared.jobs[name].after for name in ("fetch", "mart")] == [(), ()]
    sky = after_a_hold("fetch", "mart", declared=declared)
    sky.reconcile()
    assert sky.runs == ["fetch", "mart"]


def changing_calls() -> list[tuple[str, str]]:
    sky = after_a_hold("fetch")
    sky.reconcile()
    return [call for call in sky.calls if call[0] in ("create", "delete", "run", "resume")]


@pytest.mark.parametrize("happened", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(len(changing_calls())))
def test_wherever_an_instance_dies_the_run_is_made_once_or_a_person_is_told(number: int, happened: bool) -> None:
    kind, subject = changing_calls()[number]
    sky = after_a_hold("fetch")

    def dies(call: tuple[str, str]) -> None:
        if call == (kind, subject):
            sky.fails = str
            if happened:
                done(sky, call)
            raise Death

    sky.fails = dies
    with pytest.raises(Death):
        sky.reconcile()
    for when in ("06:21", "06:31", "06:41", "06:51"):
        report = sky.reconcile(f"2026-03-10 {when}")
    told = why(report, "unresolved_claim")
    assert len(sky.runs) + len(told) >= 1
    assert len(sky.runs) <= 1
    if told:
        assert told[0].startswith("fetch: the run missed at 2026-03-10T06:15:00Z may or may not have been made up for")
        assert "gcloud scheduler jobs run fetch --location=us-west2" in told[0]
    elif kind != "run":
        assert sky.names() == []


def done(sky: Cloud, call: tuple[str, str]) -> None:
    """Does what the call asks, in the name of an instance that never learns of it."""
    kind, subject = call
    outside = sky.outside()
    if kind == "create":
        sky.put(
            subject, json.dumps({"job": "fetch", "claimed": "2026-03-10T06:20:00Z", "fire": "2026-03-10T06:15:00Z"}).encode()
        )
    elif kind == "delete":
        del sky.objects[subject]
    elif kind == "run":
        outside.scheduler.run("us-west2", subject)
    else:
        outside.scheduler.resume("us-west2", subject)


@pytest.mark.parametrize("failure", [Unknown("no answer"), Refused(503, "unavailable")], ids=["no answer", "503"])
@pytest.mark.parametrize("happened", [False, True], ids=["not made", "made"])
def test_a_run_whose_outcome_is_not_known_is_never_made_again(failure: Exception, happened: bool) -> None:
    sky = after_a_hold("fetch")

    def fails(call: tuple[str, str]) -> None:
        if call[0] == "run":
            sky.fails = str
            if happened:
                done(sky, call)
            raise failure

    sky.fails = fails
    assert why(sky.reconcile(), "action_failed") == [f"fetch: can't settle the runs that it missed: {failure}"]
    for when in ("06:30", "06:40", "06:50"):
        report = sky.reconcile(f"2026-03-10 {when}")
    assert sky.runs == ["fetch"] * happened
    assert len(why(report, "unresolved_claim")) == 1


def test_a_run_that_is_refused_for_now_is_asked_for_again() -> None:
    sky = after_a_hold("fetch")

    def fails(call: tuple[str, str]) -> None:
        if call[0] == "run" and sky.slept < 8:
            raise Refused(429, "quota")

    sky.fails = fails
    sky.reconcile()
    assert (sky.runs, sky.names()) == (["fetch"], [])


def test_a_run_that_is_refused_for_good_is_still_missed() -> None:
    sky = after_a_hold("fetch")

    def fails(call: tuple[str, str]) -> None:
        if call[0] == "run":
            raise Refused(403, "no permission")

    sky.fails = fails
    sky.reconcile()
    assert sky.names() == ["ledger/held/fetch.json"]
    sky.fails = str
    sky.reconcile("2026-03-10 06:30")
    assert (sky.runs, sky.names()) == (["fetch"], [])


def test_of_two_instances_one_makes_the_run() -> None:
    sky = after_a_hold("fetch")

    def overtaken(call: tuple[str, str]) -> None:
        if call == ("delete", "ledger/held/fetch.json"):
            sky.fails = str
            name = next(name for name in sky.names("ledger/claims/"))
            mark, claim = sky.objects.pop("ledger/held/fetch.json"), sky.objects[name]
            assert (mark, claim) != (None, None)
            sky.outside().scheduler.run("us-west2", "fetch")

    sky.fails = overtaken
    report = sky.reconcile()
    assert sky.runs == ["fetch"]
    assert sky.names() == []
    assert why(report) == ["fetch: another instance is at it, or stopped meanwhile"]


def test_the_claim_of_another_instance_at_work_is_respected() -> None:
    sky = after_a_hold("fetch")
    generation = sky.objects["ledger/held/fetch.json"][0]
    claim = f"ledger/claims/fetch@2026-03-10T05:00:00Z.{generation}.json"
    sky.put(claim, b'{"claimed": "2026-03-10T06:19:00Z"}')
    sky.reconcile()
    assert (sky.runs, sky.names()) == ([], [claim, "ledger/held/fetch.json"])
    sky.reconcile("2026-03-10 06:34")
    assert (sky.runs, sky.names()) == (["fetch"], [])


def test_nothing_is_run_into_a_hold_that_came_since_the_round() -> None:
    sky = after_a_hold("fetch")
    lists = 0

    def held_late(call: tuple[str, str]) -> None:
        nonlocal lists
        lists += call == ("list", "declaration/") and "fetch" not in sky.paused()
        if call == ("list", "backfills/") and lists == 3:
            sky.fails = str
            sky.put("holds/job/fetch/x@2026-03-10T07:00:00Z.json")

    sky.fails = held_late
    report = sky.reconcile()
    assert sky.runs == []
    assert why(report) == ["None: what holds has changed just now; the next reconcile goes on"]
    assert "ledger/held/fetch.json" in sky.names()


@pytest.mark.parametrize(
    ("since", "said"),
    [
        pytest.param(
            "2026-03-08 05:00",
            "; no run covers 2026-03-08, 2026-03-09: .venv/bin/interlock show fetch --day DAY says how",
            id="two",
        ),
        pytest.param("2026-02-20 05:00", "2026-02-28, 2026-03-01 and 8 more: .venv/bin/interlock show fetch", id="many"),
        pytest.param("2026-03-10 05:00", "missed since 2026-03-10T05:00:00Z", id="its own day, which the catch-up run covers"),
    ],
)
def test_the_days_that_a_catch_up_run_does_not_cover_are_said(since: str, said: str) -> None:
    dated = JOBS.replace(
        "target: {service: scrapers}, runs: [raw]", "target: {service: scrapers, path: /x, body: {a: [{date: TODAY}]}}"
    )
    sky = after_a_hold("fetch", declared=declaration(HEAD + dated), since=since)
    (record,) = records(sky.reconcile(), "run_caught_up")
    assert said in record.why
    assert ("no run covers" in record.why) == ("show" in said)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"since": "yesterday"}', b"\xff"])
def test_a_mark_that_does_not_say_since_when_is_dropped(content: bytes) -> None:
    sky = after_a_hold("fetch")
    sky.put("ledger/held/fetch.json", content)
    assert sky.reconcile().settled
    assert (sky.runs, sky.names()) == ([], [])


@pytest.mark.parametrize("minutes", [6, 60])
def test_a_request_that_was_frozen_runs_nothing_and_what_it_took_off_the_ledger_is_there_again(minutes: int) -> None:
    """Nobody need have ended it: functions-framework goes on with what Cloud Run has answered for long ago."""
    sky = after_a_hold("fetch")
    before = sky.objects[held_name("fetch")][1]

    def frozen(call: tuple[str, str]) -> None:
        if call == ("delete", held_name("fetch")):
            sky.now = at(RELEASED) + timedelta(minutes=minutes)

    sky.fails = frozen
    report = sky.reconcile()
    assert sky.runs == []
    assert "has been at it for too long" in str([record.why for record in records(report, "action_failed")])
    assert {name: sky.objects[name][1] for name in sky.names()} == {held_name("fetch"): before}
    sky.fails = str
    sky.now += timedelta(minutes=10)
    sky.reconcile()
    assert (sky.runs, sky.names()) == (["fetch"], [])


def test_what_is_frozen_and_comes_into_a_new_hold_leaves_the_claim_to_people() -> None:
    """The mark of the new hold does not reach back to the run that was missed."""
    sky = after_a_hold("fetch")

    def frozen(call: tuple[str, str]) -> None:
        if call[0] == "delete" and call[1].startswith("ledger/held/"):
            sky.now = at(RELEASED) + timedelta(hours=1)
        if call == ("create", held_name("fetch")):
            sky.put(held_name("fetch"), held_content("fetch", sky.now))
            sky.states["fetch"] = "PAUSED"

    sky.fails = frozen
    sky.reconcile()
    assert sky.runs == []
    [claim, mark] = sky.names()
    assert (claim.startswith("ledger/claims/fetch@"), mark) == (True, held_name("fetch"))


def test_a_claim_that_is_gone_as_it_is_read_is_none_and_its_job_still_has_the_others_wait() -> None:
    """Another instance has just made that run: who reads what it writes waits for it."""
    sky = after_a_hold("mart")
    sky.fire("fetch", "2026-03-10 06:15")
    claim = "ledger/claims/fetch@2026-03-10T05:00:00Z.7.json"
    sky.put(claim, b'{"claimed": "2026-03-10T06:19:00Z"}')

    def gone(call: tuple[str, str]) -> None:
        if call == ("read", claim):
            sky.objects.pop(claim, None)

    sky.fails = gone
    report = sky.reconcile()
    assert not records(report, "unresolved_claim")


def test_a_job_that_is_between_two_stacks_keeps_what_it_has_missed() -> None:
    sky, apart = after_a_hold("fetch"), declaration(HEAD + JOBS.replace("fetch", "fetched") + WINDOWS + BACKFILLS)
    whole, mark = sky.objects[OBJECT][1], held_name("fetch")
    sky.put(OBJECT, to_json(apart).encode())  # one that lets it go is deployed before the one that takes it over
    sky.reconcile("2026-03-10 06:25")
    assert mark in sky.names()
    sky.put(OBJECT, whole)
    sky.reconcile("2026-03-10 06:28")
    assert (sky.runs, mark in sky.names()) == (["fetch"], False)


def test_what_a_job_missed_that_is_no_more_is_forgotten_a_tick_later() -> None:
    sky = after_a_hold("fetch")
    sky.put(OBJECT, to_json(declaration(HEAD + JOBS.replace("fetch", "fetched") + WINDOWS + BACKFILLS)).encode())
    sky.reconcile("2026-03-10 06:31")
    assert (sky.runs, sky.names()) == ([], [])

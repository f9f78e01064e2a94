"""Which job leads to what is deployed: by address, by topic, by the catalog's processors; and what none leads to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from interlock.actual import ActualJob
from interlock.environment import Environment
from interlock.inventory import Deployed, Form, Inventory, take_inventory
from tests.interlock.catalogs import load
from tests.interlock.cloud import environment

CATALOG = load("""\
defaults: {owner: data, time_zone: Etc/UTC, region: us-west2, deadline: 60s, retry: once}
retry_profiles:
  once: {attempts: 0, min_backoff: 5s, max_backoff: 5s, doublings: 0, max_duration: 0s}
services:
  scrapers: {kind: run}
  marts: {kind: run}
  export: {kind: function}
  events: {kind: topic}
processors:
  raw: {service: scrapers, tables: {d.raw: [append]}}
  mart: {service: marts, after: [raw], tables: {d.mart: [mutate]}}
jobs:
  fetch: {description: d, schedule: "15 * * * *", target: {service: scrapers, path: /go}, runs: [raw]}
  tell: {description: d, schedule: "15 * * * *", target: {service: events}}
""")
ENV: Environment = replace(environment(), project="p-local")
URL = "https://{}-100000000000.us-west2.run.invalid"
TOPIC = "projects/p-local/topics/events"


def service(name: str, *urls: str, region: str = "us-west2") -> Deployed:
    full = f"projects/p-local/locations/{region}/services/{name}"
    return Deployed(name=name, region=region, form=Form.SERVICE, urls=urls or (URL.format(name),), service=full)


def function(name: str, **more: str) -> Deployed:
    full = f"projects/p-local/locations/us-west2/services/{name}"
    return Deployed(name=name, region="us-west2", form=Form.FUNCTION, state="ACTIVE", service=full, **more)  # type: ignore[arg-type]


def job(name: str, target: str = "", region: str = "us-west2") -> ActualJob:
    return ActualJob(
        name=name, region=region, state="ENABLED", schedule="", time_zone="", last_attempt=None, last_status=0, target=target
    )


def take(jobs: list[ActualJob], *deployed: Deployed) -> Inventory:
    return take_inventory(CATALOG, ENV, jobs, deployed)


SCRAPERS, MARTS = service("scrapers"), service("marts")


@pytest.mark.parametrize(
    ("target", "url", "calls"),
    [
        pytest.param("https://a.run.app", "https://a.run.app", True, id="the address itself"),
        pytest.param("https://a.run.app/x?y=1", "https://a.run.app/", True, id="a path below it"),
        pytest.param("https://a.run.app?y=1", "https://a.run.app", True, id="a question to it"),
        pytest.param("https://a.run.app.evil.com/x", "https://a.run.app", False, id="a host that only begins alike"),
        pytest.param("https://x.cloudfunctions.net/ab", "https://x.cloudfunctions.net/a", False, id="a name that begins alike"),
        pytest.param("https://a.run.app/x", "", False, id="no address is nobody's"),
    ],
)
def test_an_address_leads_to_what_answers_there(target: str, url: str, calls: bool) -> None:
    [row] = take([job("j", target)], service("a", url)).rows
    assert [found.name for found in row.called_by] == (["j"] if calls else [])


def test_of_two_addresses_the_longer_one_answers() -> None:
    there = service("a", "https://x.net"), service("b", "https://x.net/b")
    [call] = take([job("j", "https://x.net/b/c")], *there).calls
    assert [each.name for each in call.reaches] == ["b"]


def test_a_job_leads_to_what_it_calls_and_over_messages_to_what_its_processors_are() -> None:
    found = take([job("fetch", f"{URL.format('scrapers')}/go")], SCRAPERS, MARTS, service("forgotten"))
    assert {row.deployed.name: ([j.name for j in row.called_by], [j.name for j in row.led_to_by]) for row in found.rows} == {
        "forgotten": ([], []),
        "marts": ([], ["fetch"]),
        "scrapers": (["fetch"], []),
    }
    assert [row.deployed.name for row in found.unled] == ["forgotten"]
    assert [row.declared for row in found.rows] == [False, True, True]
    assert found.not_there == ("export",)


def test_who_may_not_see_targets_goes_by_the_catalog_and_is_told_of_the_jobs_that_it_lacks() -> None:
    found = take([job("fetch"), job("stray"), job("fetch", region="us-east1")], SCRAPERS)
    assert [row.deployed.name for row in found.unled] == []
    assert found.unseen == ["fetch", "stray"], "a job of another region is not the declared one"
    assert [bool(call.why) for call in found.calls] == [True, False, True]


def test_a_topic_leads_to_the_function_that_it_starts() -> None:
    found = take([job("tell", TOPIC)], function("export", topic=TOPIC), function("other", topic=f"{TOPIC}-2"))
    assert [row.deployed.name for row in found.unled] == ["other"]
    [call] = take([job("tell", TOPIC)]).calls
    assert call.why == "a topic; no function that was found is started by it, subscriptions are not looked at"


def test_a_function_and_its_cloud_run_service_are_one() -> None:
    made = function("export")
    found = take([job("j", "https://export-abc-uc.a.run.app/x")], made, service("export", "https://export-abc-uc.a.run.app"))
    [row] = found.rows
    assert (row.deployed.form, row.deployed.state, [j.name for j in row.called_by]) == (Form.FUNCTION, "ACTIVE", ["j"])


def test_a_run_job_is_said_to_be_one() -> None:
    [call] = take([job("j", "https://run.googleapis.com/v2/projects/p/locations/us-west2/jobs/batch:run")], SCRAPERS).calls
    assert call.why == "starts the run job batch; run jobs are not looked for"


def test_interlocks_own_function_is_nobodys_to_look_after() -> None:
    [row] = take([], service(ENV.coordinator.name)).rows
    assert (row.own, row.unled) == (True, False)

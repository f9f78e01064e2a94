"""Environments: what a file may say, where services answer, and which variables production refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from interlock.catalog import ServiceKind
from interlock.cron import Cron
from interlock.environment import Environment, refuse_local_variables
from interlock.names import exact
from interlock.reading.environment_file import TICKS, parse_environment
from interlock.reading.files import load_environment
from interlock.reading.problems import SourceError
from tests.interlock.catalogs import GOOD, load

ROOT = Path(__file__).parents[3]
TEXT = """\
project: acme-data
project_number: "420981337"
location: us-west2
bucket: acme-flags
state_bucket: acme-state
invoker: invoker@acme-data.iam.gserviceaccount.com
url_patterns:
  run: https://{service}-{project_number}.{region}.run.app
  function: https://{region}-{project}.cloudfunctions.net/{service}
service_urls: {}
max_hold: 4d
require: [reason]
coordinator: {region: us-west2, operators: ["group:data@acme.dev"]}
tick: 10m
breaker: {conflicts: 3, period: 5m, hold: 30m}
notification_channels: {on-call: {type: email, address: on-call@acme.dev}}
alerts_owner: data-platform
"""
NO_URL = "makes no https URL; allowed fields: service, project, project_number, region"


def environment(text: str = TEXT) -> Environment:
    return parse_environment("production", text, "environments/production.yaml")


def test_the_suite_of_conformance_may_act_only_where_the_file_says_so() -> None:
    assert not environment().conformance
    assert environment(f"{TEXT}allow_destroy: true\nconformance: true\n").conformance


def test_where_the_suite_may_act_it_may_also_delete() -> None:
    with pytest.raises(SourceError, match="conformance: the suite deletes what it has made; write allow_destroy: true, too"):
        environment(f"{TEXT}conformance: true\n")


def test_the_environment_that_the_tests_break_is_good() -> None:
    good = environment()
    assert (good.max_hold, good.require, good.allow_destroy) == (timedelta(days=4), {"reason"}, False)
    assert good.where == "production acme-data us-west2"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            "acme-data\n",
            "Acme\n",
            "1: project: 'Acme' is no project id; allowed: 6 to 30 of a-z, 0-9 and -, a letter first",
            id="no project id",
        ),
        pytest.param(
            '"420981337"',
            "420981337",
            "2: project_number: 420981337 is no project number; write its digits in quotes",
            id="a number without quotes",
        ),
        pytest.param(
            "acme-state",
            "acme-flags",
            "5: state_bucket: acme-flags holds the flags already; Terraform's state needs a bucket of its own",
            id="one bucket for both",
        ),
        pytest.param(
            "acme-flags",
            "a/../b",
            "4: bucket: 'a/../b' is no bucket name; allowed: 3 to 63 of a-z, 0-9, - and _",
            id="a path for a bucket",
        ),
        pytest.param(
            "invoker@acme-data.iam",
            "me@gmail.com #",
            "6: invoker: 'me@gmail.com' is no service account; write one like name@project.iam.gserviceaccount.com",
            id="a person",
        ),
        pytest.param(
            "https://{service}-",
            "http://{service}-",
            f"8: url_patterns.run: 'http://{{service}}-{{project_number}}.{{region}}.run.app' {NO_URL}",
            id="no https",
        ),
        pytest.param(
            "{region}.run.app",
            "{zone}.run.app",
            f"8: url_patterns.run: 'https://{{service}}-{{project_number}}.{{zone}}.run.app' {NO_URL}",
            id="an unknown field",
        ),
        pytest.param(
            "{region}.run.app",
            "{region.__class__}",
            f"8: url_patterns.run: 'https://{{service}}-{{project_number}}.{{region.__class__}}' {NO_URL}",
            id="an attribute",
        ),
        pytest.param(
            "{region}.run.app",
            "{region:>9999999999}",
            f"8: url_patterns.run: 'https://{{service}}-{{project_number}}.{{region:>9999999999}}' {NO_URL}",
            id="a width that would fill the memory",
        ),
        pytest.param(
            "{region}.run.app",
            "x@evil.dev",
            f"8: url_patterns.run: 'https://{{service}}-{{project_number}}.x@evil.dev' {NO_URL}",
            id="a user in the URL",
        ),
        pytest.param(
            "{service}-{project_number}.",
            "",
            "8: url_patterns.run: 'https://{region}.run.app' makes one URL for all services; write {service} in it",
            id="one URL for all",
        ),
        pytest.param("  function:", "  #", "7: url_patterns: missing key function", id="no pattern for functions"),
        pytest.param(
            "service_urls: {}",
            "service_urls: {web: https://x/?q}",
            "10: service_urls.web: 'https://x/?q' is no URL",
            id="a query in a URL",
        ),
        pytest.param(
            "max_hold: 4d", "max_hold: 0s", "11: max_hold: no hold could be made; write one like 4d", id="no time for a hold"
        ),
        pytest.param(
            "[reason]",
            "[ticket]",
            "12: require[0]: 'ticket' is not allowed; allowed: reason or owner",
            id="an unknown requirement",
        ),
        pytest.param(
            "max_hold", "max_holds", "11: max_holds: unknown key; did you mean max_hold? Allowed: ", id="an unknown key"
        ),
        pytest.param(
            "{region: us-west2, ",
            "{nam: x, region: us-west2, ",
            "13: coordinator.nam: unknown key; did you mean name? Allowed: name, region, url, operators, viewers, admins",
            id="an unknown key of the coordinator",
        ),
        pytest.param(
            "conflicts: 3",
            "conflict: 3",
            "15: breaker.conflict: unknown key; did you mean conflicts? Allowed: ",
            id="an unknown key of the breaker",
        ),
        pytest.param(
            "address: on-call",
            "adress: on-call",
            "16: notification_channels.on-call.adress: unknown key; did you mean address? ",
            id="an unknown key of a channel",
        ),
        pytest.param(
            "tick: 10m", "tick: 7m", "14: tick: 7m is no tick; allowed: 5m, 10m, 15m, 20m, 30m", id="no part of an hour"
        ),
        pytest.param("tick: 10m", "tick: 6m", "14: tick: 6m is no tick", id="a tick that meets the stagger minutes"),
        pytest.param(
            "hold: 30m", "hold: 15m", "15: breaker.hold: 15m is shorter than two ticks, 20m", id="a hold that no tick sees"
        ),
        pytest.param("hold: 30m", "hold: 5d", "15: breaker.hold: is longer than max_hold, 4d", id="a breaker beyond max_hold"),
        pytest.param("period: 5m", "period: 90s", "15: breaker.period: 90s is no period; allowed: ", id="half a minute"),
        pytest.param("period: 5m", "period: 1m", "15: breaker.period: 1m is no period", id="a period as long as the retest"),
        pytest.param("conflicts: 3", "conflicts: 0", "15: breaker.conflicts: ", id="a breaker that always trips"),
        pytest.param(
            "on-call@acme",
            "acme",
            "16: notification_channels.on-call.address: 'acme.dev' is no e-mail address",
            id="no mail",
        ),
        pytest.param(
            "type: email",
            "type: pager",
            "16: notification_channels.on-call.type: 'pager' is not allowed; allowed: email, slack or pubsub",
            id="an unknown kind of channel",
        ),
        pytest.param(
            "{type: email, address: on-call@acme.dev}",
            "{type: slack, channel: '#alerts'}",
            "16: notification_channels.on-call.channel: '#alerts' is no notification channel; the console makes it",
            id="a channel of Slack by its name",
        ),
        pytest.param(
            "type: email",
            "type: pubsub",
            "16: notification_channels.on-call: of type pubsub has the key topic and no other",
            id="a topic with an address",
        ),
        pytest.param(
            "on-call: {",
            "coordinator: {",
            "16: notification_channels.coordinator: is what Interlock's own channel is called",
            id="a channel that is called as the one that the coordinator hears",
        ),
        pytest.param(
            '"group:data@acme.dev"',
            "ana@acme.dev",
            "13: coordinator.operators[0]: 'ana@acme.dev' is no member; write one like group:data-platform@example.com",
            id="an operator without a kind",
        ),
        pytest.param("data-platform", "Data Platform", "17: alerts_owner: 'Data Platform' is no label", id="no label"),
        pytest.param(
            "invoker@acme-data.iam",
            "invoker@other-data.iam",
            "6: invoker: is of another project; Cloud Scheduler only takes accounts of acme-data",
            id="an account of another project",
        ),
        pytest.param("location: us-west2\n", "", "1: location: missing key", id="a missing key"),
        pytest.param("location:", "\tlocation:", "3: can't be read as YAML: a tab; indent with spaces", id="a tab"),
    ],
)
def test_an_environment_that_is_wrong(old: str, new: str, expected: str) -> None:
    assert old in TEXT
    with pytest.raises(SourceError) as caught:
        environment(TEXT.replace(old, new, 1))
    assert any(str(problem).startswith(f"environments/production.yaml:{expected}") for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("kind", "urls", "call"),
    [
        pytest.param(ServiceKind.RUN, {}, "https://web-420981337.us-west2.run.app/x", id="a service on Cloud Run"),
        pytest.param(ServiceKind.FUNCTION, {}, "https://us-west2-acme-data.cloudfunctions.net/web/x", id="a function"),
        pytest.param(ServiceKind.RUN, {"web": "https://web.acme.dev"}, "https://web.acme.dev/x", id="a URL of its own"),
        pytest.param(ServiceKind.TOPIC, {}, "projects/acme-data/topics/web", id="a topic"),
    ],
)
def test_what_a_job_calls(kind: ServiceKind, urls: dict[str, str], call: str) -> None:
    job = load(GOOD).jobs["fetch"]
    job = replace(job, target=replace(job.target, service=replace(job.target.service, kind=kind)))
    assert replace(environment(), service_urls=urls).call(job) == call


def test_where_the_coordinator_answers_and_when_it_looks() -> None:
    good = environment()
    assert good.coordinator_url == "https://interlock-coordinator-420981337.us-west2.run.app"
    assert (
        replace(good, coordinator=replace(good.coordinator, url="https://x.acme.dev")).coordinator_url == "https://x.acme.dev"
    )
    assert good.tick_schedule == "3,13,23,33,43,53 * * * *"
    assert good.account("x") == "x@acme-data.iam.gserviceaccount.com"


@pytest.mark.parametrize("tick", [pytest.param(tick, id=exact(tick)) for tick in TICKS])
def test_no_tick_meets_the_stagger_minutes(tick: timedelta) -> None:
    schedule = Cron.parse(replace(environment(), tick=tick).tick_schedule)
    assert not schedule.minutes & {0, 15, 30, 45}
    assert len(schedule.minutes) == timedelta(hours=1) / tick


def test_a_run_job_is_started_through_googles_own_api() -> None:
    job = load(GOOD.replace("{service: web, path: /x}", "{service: batch}")).jobs["fetch"]
    assert environment().call(job) == "https://run.googleapis.com/v2/projects/acme-data/locations/us-west2/jobs/batch:run"


@pytest.mark.parametrize(
    "name",
    [
        "INTERLOCK_LOCAL_URL",
        "TF_REATTACH_PROVIDERS",
        "STORAGE_EMULATOR_HOST",
        "BIGQUERY_EMULATOR_HOST",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDSCHEDULER",
        "GOOGLE_CLOUD_SCHEDULER_CUSTOM_ENDPOINT",
        "GOOGLE_STORAGE_CUSTOM_ENDPOINT",
    ],
)
def test_production_refuses_the_variables_of_the_local_target(name: str) -> None:
    assert refuse_local_variables(environment(), {"PATH": "/bin", name: "x"}) == (
        f"production refuses variables of the local target; run: unset {name}"
    )
    assert refuse_local_variables(environment(), {name: ""}) is None
    assert refuse_local_variables(replace(environment(), name="local"), {name: "x"}) is None


def test_production_takes_the_variables_of_google_and_terraform() -> None:
    usual = dict.fromkeys(["GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CORE_PROJECT", "TF_LOG", "INTERLOCK_ENV"], "x")
    assert refuse_local_variables(environment(), usual) is None


def test_the_local_environment_is_good() -> None:
    assert load_environment(ROOT / "environments", "local").where == "LOCAL STAND-IN, not Google Cloud"


@pytest.mark.parametrize("name", ["staging", "", "../local", "local.yaml"])
def test_an_unknown_environment_is_named_with_the_known_ones(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "environments"
    folder.mkdir()
    for known in ("production", "local"):
        (folder / f"{known}.yaml").write_text(TEXT)
    with pytest.raises(SourceError, match=rf"there is no environment {name!r}; known: local, production$"):
        load_environment(folder, name)


def test_without_a_folder_of_environments_it_says_where_to_run_the_command(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="known: none; run this in the root of the repository"):
        load_environment(tmp_path / "environments", "local")


MEMBERS = (
    "user:ana@acme.dev",
    "user:o'brien+night_1@mail.acme.dev",
    "group:data-platform@acme.dev",
    "serviceAccount:runner@acme-data.iam.gserviceaccount.com",
    "serviceAccount:420981337-compute@developer.gserviceaccount.com",
    "domain:acme.dev",
    "principal://iam.googleapis.com/locations/global/workforcePools/pool/subject/ana@acme.dev",
    "principalSet://iam.googleapis.com/projects/420981337/locations/global/workloadIdentityPools/ci/attribute.repository/acme/data",
)
NO_MEMBERS = (
    'user:${file("/etc/passwd")}@x',
    "user:${file('x')}@x.dev",
    "user:%{if true}a%{endif}@x.dev",
    "user:${TfToken[TOKEN.0]}@x.dev",
    "user:a@${var.x}",
    "user:a b@x.dev",
    "user:a@x.dev\n",
    "user:a@x.dev,user:b@x.dev",
    "user:@x.dev",
    "user:a@",
    "user:a@-x.dev",
    "domain:${x}",
    "principal://iam.googleapis.com/${x}",
    "principal://evil.dev/x",
    "allUsers",
    "allAuthenticatedUsers",
    "deleted:user:a@x.dev?uid=1",
    "User:a@x.dev",
)


@pytest.mark.parametrize("member", MEMBERS)
def test_a_member_of_iam_is_an_operator(member: str) -> None:
    text = TEXT.replace('"group:data@acme.dev"', json.dumps(member), 1)
    assert environment(text).coordinator.operators == (member,)


@pytest.mark.parametrize("member", NO_MEMBERS)
@pytest.mark.parametrize("key", ["operators", "viewers", "admins"])
def test_what_is_no_member_is_refused_with_its_line(key: str, member: str) -> None:
    given = f'operators: ["group:data@acme.dev"], {key}: [{json.dumps(member)}]'
    if key == "operators":
        given = f"operators: [{json.dumps(member)}]"
    with pytest.raises(SourceError) as refused:
        environment(TEXT.replace('operators: ["group:data@acme.dev"]', given, 1))
    assert any(f":13: coordinator.{key}[0]: " in str(problem) for problem in refused.value.problems)


def test_an_admin_is_named_by_address_since_nobody_looks_into_a_group() -> None:
    account = "serviceAccount:ops@acme-data.iam.gserviceaccount.com"
    given = f'operators: ["group:data@acme.dev"], admins: ["user:ana@acme.dev", "{account}"]'
    text = TEXT.replace('operators: ["group:data@acme.dev"]', given, 1)
    assert len(environment(text).coordinator.admins) == 2
    assert environment().coordinator.admins == (), "an environment of before has none"
    for member in ("group:data@acme.dev", "domain:acme.dev"):
        with pytest.raises(SourceError, match="can't look into a group"):
            environment(text.replace("user:ana@acme.dev", member))

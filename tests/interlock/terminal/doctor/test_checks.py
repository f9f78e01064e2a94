"""What the doctor says of a project: a table of what lacks and the line to type, over a project in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from interlock.apis import ALL
from interlock.catalog import Catalog
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.project import Caller, FoundChannel
from interlock.gcp.session import Refusal
from interlock.gcp.storage import StateLock
from interlock.reading.environment_file import parse_environment
from interlock.roles import DEPLOY, DEPLOYER, OPERATOR
from interlock.terminal.doctor import buckets, catalog, deployed, project
from interlock.terminal.doctor.checks import look_at
from interlock.terminal.machine import Finding
from tests.interlock.catalogs import load
from tests.interlock.cloud import HEAD, JOBS
from tests.interlock.memory_project import MemoryProject, off, with_settings
from tests.interlock.production import filled_in

SLACK = "projects/acme-scrapers/notificationChannels/77"
PAGE = "console.cloud.google.com/monitoring/alerting/notifications?project=acme-scrapers"
MAIL = "projects/acme-scrapers/notificationChannels/78"
TOPIC = "projects/acme-scrapers/topics/pages"
OTHER = "exporter@acme-scrapers.iam.gserviceaccount.com"
EXTRA = f"  chat: {{type: slack, channel: {SLACK}}}\n  relay: {{type: pubsub, topic: {TOPIC}}}\nalerts_owner"
ENVIRONMENT = parse_environment(
    "production", filled_in().replace("alerts_owner", EXTRA, 1) + f"accounts: {{exporter: {OTHER}}}\n", "production.yaml"
)
STATE, FLAGS = ENVIRONMENT.state_bucket, ENVIRONMENT.bucket
CATALOG = load(HEAD + JOBS)
Change = Callable[[MemoryProject], object]


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No state, no lock, no output folder, and a clock that is right."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(buckets, "read_lock", lambda *_: None)
    monkeypatch.setattr(deployed, "read_state", lambda *_: None)
    monkeypatch.setattr(project, "ahead", timedelta)


def good() -> MemoryProject:
    asked = MemoryProject(ENVIRONMENT)
    asked.channels = {SLACK: FoundChannel(name=SLACK, kind="slack", is_verified=True, is_enabled=True)}
    asked.datasets = {"d": "US"}
    asked.objects = {
        FLAGS: ["backfills/a", "board/a", "declaration/b", "holds/c", "ledger/d"],
        STATE: ["interlock/production/schedules/x"],
    }
    return asked


def looked(
    asked: MemoryProject, actor: str = "deployer", env: Environment = ENVIRONMENT, declared: Catalog = CATALOG
) -> list[Finding]:
    return [*look_at(env, declared, asked, actor)]


def to_do(findings: list[Finding]) -> list[tuple[str, str]]:
    """What is wrong, with the line to type."""
    return [(one.what, one.advice) for one in findings if one.wrong]


@pytest.mark.parametrize("actor", ["deployer", "deploy", "plan", "operator"])
def test_nothing_is_to_do_where_everything_is_there(actor: str) -> None:
    findings = looked(good(), actor)
    assert to_do(findings) == []
    about = ["credentials", "clock", "project", "APIs", "permissions", "state bucket", "state lock", "bucket", "accounts"]
    assert [one.what for one in findings] == [*about, "build", "coordinator", "channels", "quotas", "datasets", "provider"]


def never_deployed(asked: MemoryProject) -> None:
    asked.buckets = {}
    asked.objects = {}
    asked.accounts = {OTHER}
    asked.policy = []
    asked.apis = set()
    asked.missing = {"x"}


def test_of_an_empty_project_the_first_apis_and_the_state_bucket_are_to_do_and_no_more() -> None:
    asked = good()
    never_deployed(asked)
    apis = " ".join(f"{api}.googleapis.com" for api in ALL)
    assert to_do(looked(asked)) == [
        ("APIs", f"gcloud services enable {apis} --project=acme-scrapers"),
        ("state bucket", "make bootstrap"),
    ]


def test_after_bootstrap_the_other_apis_are_the_first_deploys_to_turn_on() -> None:
    asked = good()
    never_deployed(asked)
    asked.apis = {"serviceusage", "cloudresourcemanager", "iam", "storage"}
    asked.buckets = {STATE: with_settings()}
    findings = looked(asked)
    assert to_do(findings) == []
    (apis,) = [one for one in findings if one.what == "APIs"]
    assert apis.note
    assert "the first deploy turns them on" in apis.found
    assert "storage.googleapis.com" not in apis.advice


@pytest.mark.parametrize("api", ALL)
def test_each_api_that_is_off_where_something_is_deployed_is_named_in_one_line(api: str) -> None:
    asked = good()
    asked.apis -= {api}
    assert to_do(looked(asked)) == [("APIs", f"gcloud services enable {api}.googleapis.com --project=acme-scrapers")]


UPDATE = f"gcloud storage buckets update gs://{STATE}"


def set_state(**changes: object) -> Change:
    return lambda asked: asked.buckets.update({STATE: with_settings(**changes)})


@pytest.mark.parametrize(
    ("change", "what", "command"),
    [
        pytest.param(set_state(is_versioned=False), "state bucket", f"{UPDATE} --versioning", id="no versions"),
        pytest.param(set_state(is_uniform=False), "state bucket", f"{UPDATE} --uniform-bucket-level-access", id="acls"),
        pytest.param(set_state(is_never_public=False), "state bucket", f"{UPDATE} --public-access-prevention", id="public"),
        pytest.param(set_state(retention=3600), "state bucket", f"{UPDATE} --clear-retention-period", id="retention"),
        pytest.param(set_state(is_held=True), "state bucket", f"{UPDATE} --no-default-event-based-hold", id="held"),
        pytest.param(set_state(deletes_live=True), "state bucket", f"{UPDATE} --clear-lifecycle", id="lifecycle"),
        pytest.param(
            set_state(is_versioned=False, retention=9),
            "state bucket",
            f"{UPDATE} --versioning --clear-retention-period",
            id="two",
        ),
        pytest.param(
            lambda asked: asked.buckets.update({FLAGS: with_settings(is_versioned=False)}),
            "bucket",
            f"gcloud storage buckets update gs://{FLAGS} --versioning",
            id="no versions of flags",
        ),
        pytest.param(lambda asked: asked.buckets.pop(STATE), "state bucket", "make bootstrap", id="no state bucket"),
        pytest.param(
            lambda asked: setattr(asked, "number", "111222333444"),
            "project",
            "write that in environments/production.yaml",
            id="another number",
        ),
        pytest.param(
            lambda asked: setattr(asked, "is_active", False), "project", "gcloud projects undelete acme-scrapers", id="deleted"
        ),
        pytest.param(
            lambda asked: setattr(
                asked, "who", Caller(email="ana@acme.dev", source="f", quota_project="", needs_quota_project=True)
            ),
            "credentials",
            "gcloud auth application-default set-quota-project acme-scrapers",
            id="a person without a quota project",
        ),
        pytest.param(
            lambda asked: asked.accounts.discard(OTHER),
            "accounts",
            "gcloud iam service-accounts create exporter --project=acme-scrapers",
            id="an account of jobs",
        ),
        pytest.param(lambda asked: asked.accounts.discard(ENVIRONMENT.invoker), "accounts", "make deploy", id="invoker"),
        pytest.param(
            lambda asked: asked.accounts.discard(ENVIRONMENT.account("interlock-build")),
            "build",
            "make deploy",
            id="build account",
        ),
        pytest.param(lambda asked: asked.policy.pop(2), "build", "make deploy", id="the build may not read its sources"),
        pytest.param(lambda asked: asked.policy.pop(3), "coordinator", "make deploy", id="the coordinator has no role"),
        pytest.param(lambda asked: asked.topics.clear(), "channels", f"gcloud pubsub topics create {TOPIC}", id="topic"),
        pytest.param(
            lambda asked: asked.channels.clear(),
            "channels",
            f"create it there, and write its name: {PAGE}",
            id="no Slack channel",
        ),
        pytest.param(
            lambda asked: asked.channels.update(
                {SLACK: FoundChannel(name=SLACK, kind="slack", is_verified=True, is_enabled=False)}
            ),
            "channels",
            f"gcloud beta monitoring channels update {SLACK} --enabled",
            id="a channel that is off",
        ),
    ],
)
def test_what_lacks_is_said_with_the_line_to_type(change: Change, what: str, command: str) -> None:
    asked = good()
    change(asked)
    assert to_do(looked(asked)) == [(what, command)]


def test_a_mail_channel_that_the_stack_made_and_nobody_verified_is_found_by_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    attributes = f'{{"id": "{MAIL}"}}'
    resource = f'{{"mode": "managed", "type": "t", "name": "n", "instances": [{{"attributes": {attributes}}}]}}'
    monkeypatch.setattr(deployed, "read_state", lambda *_: f'{{"version": 4, "resources": [{resource}]}}')
    asked = good()
    asked.channels[MAIL] = FoundChannel(name=MAIL, kind="email", is_verified=False, is_enabled=True)
    (found,) = [one for one in looked(asked) if one.wrong]
    assert f"email channel {MAIL} is not verified" in found.found
    del asked.channels[MAIL]
    assert to_do(looked(asked)) == [("channels", "make deploy")]


@pytest.mark.parametrize(
    ("actor", "resource", "permission"),
    [
        *(
            pytest.param("deployer", "acme-scrapers", permission, id=permission)
            for permission in DEPLOYER.grants[0].permissions
        ),
        *(
            pytest.param("deployer", STATE, permission, id=f"state {permission}")
            for permission in DEPLOYER.grants[1].permissions
        ),
        pytest.param("deploy", ENVIRONMENT.invoker, "iam.serviceAccounts.actAs", id="deploy acts as invoker"),
        pytest.param("deploy", f"{STATE}/interlock/production/schedules/x", "storage.objects.delete", id="deploy locks"),
        pytest.param("plan", FLAGS, "storage.buckets.get", id="plan reads the bucket"),
    ],
)
def test_each_permission_that_lacks_is_named_with_where_and_the_line_to_type(
    actor: str, resource: str, permission: str
) -> None:
    asked = good()
    asked.lacks = {(resource, permission)}
    (found,) = [one for one in looked(asked, actor) if one.wrong]
    assert found.what == "permissions"
    assert permission in found.found
    assert found.advice.startswith(f".venv/bin/interlock roles --actor {actor}")


def test_what_an_operator_lacks_a_deploy_grants() -> None:
    asked = good()
    asked.lacks = {("", permission) for permission in OPERATOR.grants[0].permissions}
    assert to_do(looked(asked, "operator")) == [("permissions", "make deploy")]


def test_what_can_be_told_only_of_an_object_is_not_told_without_one() -> None:
    asked = good()
    asked.objects = {}
    asked.lacks = {("", "storage.objects.create")}
    findings = looked(asked, "deploy")
    assert to_do(findings) == []
    assert sum("it can't be told" in one.found for one in findings) == len(DEPLOY.grants) - 2


@pytest.mark.parametrize(
    ("error", "advice", "is_wrong"),
    [
        pytest.param(off("iam"), "gcloud services enable iam.googleapis.com --project=acme-scrapers", True, id="off"),
        pytest.param(
            Refusal("iam", 403, "The API requires a quota project, which is not set by default."),
            "gcloud auth application-default set-quota-project acme-scrapers",
            True,
            id="no quota project",
        ),
        pytest.param(Refusal("iam", 403, "lacks x"), "iam.googleapis.com says no (403): lacks x", False, id="may not look"),
        pytest.param(Refusal("iam", 400, "odd"), "iam.googleapis.com says no (400): odd", True, id="a question that is none"),
        pytest.param(CloudError("no answer"), "no answer", False, id="no answer"),
    ],
)
def test_a_check_that_can_t_be_made_says_so_and_the_others_are_made(error: CloudError, advice: str, is_wrong: bool) -> None:
    asked = good()
    asked.fails = {"has_account": error}
    findings = looked(asked)
    told = [one for one in findings if one.what in ("accounts", "build", "coordinator")]
    assert {(one.advice, one.wrong) for one in told} == {(advice, is_wrong)}
    assert {one.what for one in findings} >= {"channels", "quotas", "datasets", "provider"}


def test_a_state_bucket_that_is_not_to_be_seen_may_as_well_not_be_there() -> None:
    asked = good()
    asked.fails = {"bucket": Refusal("storage", 403, "does not have storage.buckets.get access (or it may not exist)")}
    assert to_do(looked(asked)) == [("state bucket", "make bootstrap")]


def test_a_lock_that_somebody_holds_is_said_and_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = StateLock(id="7", who="ben@host", operation="apply", created="2026-01-07")
    monkeypatch.setattr(buckets, "read_lock", lambda _project, _bucket, prefix: lock if "alerting" in prefix else None)
    findings = looked(good())
    (found,) = [one for one in findings if one.what == "state lock"]
    assert "alerting is locked: apply by ben@host since 2026-01-07" in found.found
    assert (found.advice, found.wrong) == ("make unlock STACK=alerting", False)


def test_a_clock_that_is_off_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "ahead", lambda: timedelta(hours=-2))
    (found,) = [one for one in looked(good()) if one.wrong]
    assert (found.what, found.found) == ("clock", "7200 s behind Google's")


def many(number: int) -> Catalog:
    jobs = "".join(
        f'  j{n}: {{description: d, schedule: "15 * * * *", target: {{service: scrapers}}}}\n' for n in range(number)
    )
    return load(f"{HEAD}jobs:\n{jobs}")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (4, ["a first deploy writes 8 times to Cloud Scheduler, which takes 500 a minute"]),
        (251, ["a first deploy writes 502 times to Cloud Scheduler, which takes 500 a minute: it takes 2 minutes at least"]),
    ],
)
def test_what_a_first_deploy_writes_is_compared_with_the_quota(number: int, said: list[str]) -> None:
    found = [one.found for one in looked(good(), declared=many(number)) if one.what == "quotas"]
    assert found == said


def test_more_jobs_than_a_region_has_to_begin_with_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "JOBS_IN_A_REGION", 3)
    found = [one for one in looked(good()) if one.what == "quotas"]
    assert "4 jobs in us-west2" in found[0].found
    assert found[0].note
    monkeypatch.setattr(catalog, "MOST_JOBS_IN_A_REGION", 3)
    assert ("quotas", found[0].advice) in to_do(looked(good()))


TWO_PLACES = HEAD.replace("d.mart", "e.mart") + JOBS


@pytest.mark.parametrize(
    ("places", "said"),
    [
        pytest.param({"d": "US", "e": "US"}, ["d, e in US"], id="together"),
        pytest.param({"d": "us-west2", "e": "us-west2"}, ["d, e in us-west2"], id="beside the jobs"),
        pytest.param(
            {"d": "US", "e": "EU"},
            ["e in EU", "d in US", "processor mart touches tables in EU and US, which no one statement can"],
            id="in two places that one statement would have to reach",
        ),
        pytest.param(
            {"d": "EU", "e": "EU"},
            ["d, e in EU", "jobs in us-west2 call from elsewhere than the data is; what they start should run in EU"],
            id="far from the jobs",
        ),
        pytest.param({"d": "US"}, ["e not there; one that nothing makes yet", "d in US"], id="not there"),
    ],
)
def test_where_the_datasets_are_is_told(places: dict[str, str], said: list[str]) -> None:
    asked = good()
    asked.datasets = places
    findings = looked(asked, declared=load(TWO_PLACES))
    assert [one.found for one in findings if one.what == "datasets"] == said
    assert to_do(findings) == []


LOCK = 'provider "registry.terraform.io/hashicorp/google" {{\n  constraints = "{}"\n  hashes = ["{}:abc"]\n}}\n'


@pytest.mark.parametrize(
    ("constraint", "scheme", "said"),
    [
        ("~> 7.45", "zh", "locked, for several kinds of machines"),
        ("~> 7.45", "h1", "is good for this kind of machine only; for others"),
        ("~> 7.44", "zh", "is of another version than the stack; the next deploy changes it"),
    ],
)
def test_the_lock_of_the_provider_is_compared_with_the_stack(tmp_path: Path, constraint: str, scheme: str, said: str) -> None:
    folder = tmp_path / "cdktf.out/production/stacks/schedules"
    folder.mkdir(parents=True)
    wanted = '{"terraform": {"required_providers": {"google": {"source": "hashicorp/google", "version": "~> 7.45"}}}}'
    (folder / "cdk.tf.json").write_text(wanted)
    (folder / ".terraform.lock.hcl").write_text(LOCK.format(constraint, scheme))
    (found,) = [one for one in looked(good()) if one.what == "provider"]
    assert found.found.endswith(said)
    assert not found.wrong

"""Each actor does what it is there for with the rights of interlock/roles.py: nothing is missing, and nothing is beyond.

What is missing fails, as the emulator refuses it; what is beyond is what was granted and not used, but for what can't be shown
here, which says why. Who deploys everything does so in test_command_line.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from google.api_core.exceptions import Forbidden
from google.cloud.storage import Bucket, Client
from google.oauth2.credentials import Credentials
from interlock_guard.bucket import HoldBucket

from interlock import roles
from interlock.roles import Actor
from tests.e2e.deployment import FAR, Deployment, instant, local_environment
from tests.e2e.granting import Owner
from tests.e2e.live import TICK, Live, utc, written
from tests.providers import provider_of

ENV = local_environment()
TOKEN = "GOOGLE_OAUTH_ACCESS_TOKEN"
_CHANGED = "a change of a resource that no flow here makes: tests/local/provider has one of each type"
_REAL = "the real provider asks for it (google_project_service reads the project), the stand-in does not"
_MISSING = "looked up only when a job of the catalog is in no state: tests/e2e/test_imports.py"
UNSEEN: Mapping[str, Mapping[str, str]] = {
    "deployer": {
        **{
            f"{noun}.update": _CHANGED for noun in ("iam.roles", "iam.serviceAccounts", "logging.logMetrics", "storage.buckets")
        },
        **{f"monitoring.{noun}.update": _CHANGED for noun in ("alertPolicies", "dashboards", "notificationChannels")},
        **{f"pubsub.{noun}.update": _CHANGED for noun in ("subscriptions", "topics")},
        "cloudfunctions.functions.update": _CHANGED,
        "cloudfunctions.operations.get": "operations here are done when they begin",
        "iam.roles.undelete": "a deploy after a destroy: tests/e2e/test_first_day.py",
        "resourcemanager.projects.get": _REAL,
        "cloudscheduler.jobs.list": _MISSING,
        "run.routes.invoke": "a reconcile at the end of a deploy: tests/e2e/test_runtime_holds.py",
    },
    "plan": {"resourcemanager.projects.get": _REAL, "cloudscheduler.jobs.list": _MISSING},
    "deploy": {
        "cloudscheduler.jobs.create": "a job that is new in the catalog",
        "cloudscheduler.jobs.delete": "a job that the catalog has no more",
        "iam.serviceAccounts.actAs": "a job that changes; a toggle only pauses",
        "storage.objects.list": "what is there was listed for the plan",
    },
}


def granted(actor: Actor) -> set[str]:
    return {permission for grant in actor.grants for permission in grant.permissions}


def used(deployment: Deployment, email: str) -> set[str]:
    return set(deployment.api("GET", "/_local/rights")["accounts"].get(email, {}))


def check(deployment: Deployment, actor: Actor, email: str) -> None:
    """Nothing beyond: what was granted was used, or can't be here."""
    seen, unseen = used(deployment, email), set(UNSEEN.get(actor.name, {}))
    assert granted(actor) - unseen <= seen, f"beyond what {actor.name} needs"
    assert unseen <= granted(actor), "what is excused is granted"


@contextmanager
def acting(deployment: Deployment, email: str) -> Iterator[Deployment]:
    """The same cloud and folder, with commands that act as somebody else."""
    with provider_of(deployment.url, account=email) as provider:
        yield replace(deployment, environ={**deployment.environ, **provider.variables, TOKEN: f"local:{email}"})


def test_what_runs_and_who_operates_need_what_the_stacks_grant_them_and_no_more(live: Live) -> None:
    cloud = live.deployment
    opens, ends = utc("2026-03-07 06:30"), utc("2026-03-07 08:30")
    live.stand_at(opens - TICK)
    cloud.put(f"backfills/books@{written(ends)}.json", "{}")
    live.go_to(ends + 2 * TICK)
    cloud.api("POST", f"/v1/projects/{ENV.project}/topics/interlock-alerts:publish", {"messages": [{"data": "e30="}]})
    live.go_on(TICK)
    operator = {TOKEN: f"local:{ENV.account('operator')}"}
    until = written(live.now() + timedelta(hours=1))
    cloud.interlock("hold", "all", "--until", until, "--reason", "a test", "--owner", "tests", "--yes", **operator)
    cloud.interlock("status", **operator)
    cloud.interlock("holds", **operator)

    check(cloud, roles.COORDINATOR, ENV.account("interlock-coordinator"))
    check(cloud, roles.TIMERS, ENV.account("interlock-timers"))
    check(cloud, roles.PUSH, ENV.account("interlock-push"))
    check(cloud, roles.OPERATOR, ENV.account("operator"))


def test_the_workflows_plan_and_apply_a_toggle_with_what_they_were_granted(small: Deployment) -> None:
    owner = Owner(url=small.url, env=ENV)
    accounts = {actor.name: owner.account(f"{actor.name}-workflow") for actor in (roles.PLAN, roles.DEPLOY)}
    owner.grant(roles.PLAN, accounts["plan"])
    owner.grant(roles.DEPLOY, accounts["deploy"])
    on = ["-var=backfill_mode=true", '-var=backfills=["books"]', f"-var=backfill_until={instant(FAR)}"]
    saved = ("plan", "-input=false", "-lock=false", "-out=saved.bin")
    for variables in (on, ["-var=backfill_mode=false", '-var=backfills=["books"]']):
        with acting(small, accounts["plan"]) as plan:
            plan.terraform("schedules", "init", "-input=false").succeeded()
            plan.terraform("schedules", *saved, *variables).succeeded()
        with acting(small, accounts["deploy"]) as deploy:
            deploy.terraform("schedules", "init", "-input=false").succeeded()
            deploy.terraform("schedules", "apply", "-input=false", "saved.bin").succeeded()
    with acting(small, accounts["plan"]) as plan:
        for stack in ("coordination", "alerting"):
            plan.terraform(stack, *saved).succeeded()
        plan.interlock("synth", "--imports").succeeded()
        nightly = plan.interlock("status", "--format", "json").text
    for nothing in ('"not_looked_at": {}', '"regions_not_listed": null', '"trouble": []'):
        assert nothing in nightly, "what the look at drift could not see is in its issue, which then never closes"

    check(small, roles.PLAN, accounts["plan"])
    check(small, roles.DEPLOY, accounts["deploy"])


def test_viewers_and_operators_read_the_board_and_nobody_writes_it(live: Live) -> None:
    cloud, page = live.deployment, "board/index.html"
    live.go_on(TICK)

    def bucket(account: str) -> Bucket:
        credentials = Credentials(token=f"local:{ENV.account(account)}")
        client = Client(project=ENV.project, credentials=credentials, client_options={"api_endpoint": cloud.url})
        return client.bucket(ENV.bucket)

    for account in ("viewer", "operator"):
        assert b"<title>" in bucket(account).blob(page).download_as_bytes()
        for call in (lambda b: b.blob(page).upload_from_string("<p>all is well</p>"), lambda b: b.blob(page).delete()):
            with pytest.raises(Forbidden):
                call(bucket(account))
    for refused in ("holds/", "ledger/", "backfills/", "declaration/", ""):
        with pytest.raises(Forbidden):
            list(bucket("viewer").list_blobs(prefix=refused))
    with pytest.raises(Forbidden):
        bucket("viewer").blob("declaration/current.json").download_as_bytes()
    for account in ("interlock-timers", "interlock-push", "interlock-build", "scheduler-invoker"):
        with pytest.raises(Forbidden):
            bucket(account).blob(page).download_as_bytes()
    check(cloud, roles.VIEWER, ENV.account("viewer"))


def test_a_scraper_with_the_guard_reads_flags_and_holds_with_what_it_was_granted(small: Deployment) -> None:
    owner = Owner(url=small.url, env=ENV)
    scraper = owner.account("scraper")
    owner.grant(roles.SCRAPER, scraper)
    small.put(f"holds/all/test@{instant(FAR)}.json", "{}")
    options = {"api_endpoint": small.url}
    client = Client(project=ENV.project, credentials=Credentials(token=f"local:{scraper}"), client_options=options)
    assert HoldBucket(ENV.bucket, client=client).active()
    check(small, roles.SCRAPER, scraper)
    for prefix in ("", "ledger/", "declaration/", "hold"):
        with pytest.raises(Forbidden):
            list(client.list_blobs(ENV.bucket, prefix=prefix))

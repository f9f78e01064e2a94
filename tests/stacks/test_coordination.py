"""The stack `coordination`: what there is, who may do what, and what is uploaded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interlock.environment import Environment
from interlock.roles import only
from stacks.archive import archive_name
from tests.golden import golden
from tests.stacks.conftest import Stacks
from tests.synths import packed

Json = dict[str, Any]
MEMBERS = re.compile(r"google_.*_iam_member")


def resources(stacks: Stacks, stack: str) -> Iterator[tuple[str, str, Json]]:
    """Type, name and arguments of every resource of a stack, in order."""
    for kind, by_name in sorted(stacks[stack]["resource"].items()):
        yield from ((kind, name, by_name[name]) for name in sorted(by_name))


def members(stacks: Stacks) -> list[tuple[str, Json]]:
    """Everything that grants something, by name."""
    return [(name, made) for stack in stacks for kind, name, made in resources(stacks, stack) if MEMBERS.fullmatch(kind)]


@pytest.mark.golden
@pytest.mark.parametrize("stack", ["coordination", "alerting"])
def test_what_is_made_is_as_reviewed(shop: Stacks, stack: str) -> None:
    golden(f"stacks-{stack}.txt", "".join(f"{kind}.{name}\n" for kind, name, _ in resources(shop, stack)))


@pytest.mark.golden
def test_who_may_do_what_is_as_reviewed(shop: Stacks) -> None:
    lines = [
        " | ".join(
            (
                made["member"],
                made["role"],
                made.get("bucket") or made.get("name") or made.get("topic") or "the project",
                made.get("condition", {}).get("expression", "always"),
            )
        )
        for _, made in members(shop)
    ]
    golden("stacks-access.txt", "\n".join(sorted(lines)) + "\n")


def test_no_role_is_a_primitive_or_an_admin_role(shop: Stacks) -> None:
    roles = [made["role"] for _, made in members(shop)]
    assert len(roles) > 10
    for role in roles:
        assert not re.search(r"(?i)owner|editor|admin|\.(builder|developer)$", role), role
        assert role not in {"roles/viewer", "roles/cloudscheduler.jobRunner"}


def test_the_coordinator_may_do_five_things_with_jobs_and_no_more(shop: Stacks) -> None:
    role = shop["coordination"]["resource"]["google_project_iam_custom_role"]["coordinator"]
    verbs = ("enable", "fullView", "list", "pause", "run")
    assert role["permissions"] == [f"cloudscheduler.jobs.{verb}" for verb in verbs]
    of_the_project = [
        made["role"]
        for kind, _, made in resources(shop, "coordination")
        if kind == "google_project_iam_member" and "coordinator" in made["member"]
    ]
    assert of_the_project == ["projects/interlock-local/roles/interlockCoordinator"]


def test_the_coordinator_writes_holds_and_ledger_and_reads_flags_and_declaration(shop: Stacks, env: Environment) -> None:
    every = shop["coordination"]["resource"]["google_storage_bucket_iam_member"].values()
    granted = [made for made in every if made["member"] == "${google_service_account.coordinator.member}"]
    assert {(made["role"], made["condition"]["expression"]) for made in granted} == {
        ("roles/storage.objectUser", only(env.bucket, "holds/")),
        ("roles/storage.objectUser", only(env.bucket, "ledger/")),
        ("roles/storage.objectUser", only(env.bucket, "board/")),
        ("roles/storage.objectViewer", only(env.bucket, "backfills/")),
        ("roles/storage.objectViewer", only(env.bucket, "declaration/")),
        ("roles/storage.objectViewer", f'resource.name == "projects/_/buckets/{env.bucket}"'),  # names, and no content
    }
    people = {*env.coordinator.operators, *env.coordinator.viewers}
    assert {made["member"] for made in every if made not in granted} == people
    assert {made["role"] for made in every if made["member"] in people} == {"roles/storage.objectViewer"}, "nobody writes"
    viewers = [made for made in every if made["member"] in env.coordinator.viewers]
    assert [made["condition"]["expression"] for made in viewers] == [only(env.bucket, "board/")] * len(viewers)
    assert viewers
    assert {made["bucket"] for made in every} == {env.bucket}


def test_a_condition_is_about_objects_and_listings_of_its_prefix_only() -> None:
    assert only("flags", "holds/") == (
        'resource.name.startsWith("projects/_/buckets/flags/objects/holds/")'
        ' || api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("holds/")'
    )


def test_only_timers_push_and_operators_may_call_the_coordinator(shop: Stacks, env: Environment) -> None:
    callers = shop["coordination"]["resource"]["google_cloud_run_v2_service_iam_member"].values()
    accounts = {f"${{google_service_account.{name}.member}}" for name in ("timers", "push")}
    assert {made["member"] for made in callers} == accounts | set(env.coordinator.operators)
    assert {(made["name"], made["role"]) for made in callers} == {(env.coordinator.name, "roles/run.invoker")}


def test_operators_see_what_the_commands_show_and_change_nothing_themselves(shop: Stacks, env: Environment) -> None:
    stack, [operator] = shop["coordination"]["resource"], env.coordinator.operators
    role = stack["google_project_iam_custom_role"]["operator"]
    assert role["permissions"] == [
        "cloudscheduler.jobs.list",
        "cloudscheduler.locations.list",
    ]
    granted = [
        made for kind in ("google_project_iam_member", "google_storage_bucket_iam_member") for made in stack[kind].values()
    ]
    [jobs, objects, board] = [made for made in granted if made["member"] == operator]
    assert board["condition"]["expression"] == only(env.bucket, "board/")
    assert jobs["role"] == "projects/interlock-local/roles/interlockOperator"
    assert objects["role"] == "roles/storage.objectViewer"
    seen = {
        prefix
        for prefix in ("holds/", "ledger/", "backfills/", "declaration/", "coordinator/")
        if prefix in objects["condition"]["expression"]
    }
    assert seen == {"holds/", "ledger/", "backfills/", "declaration/"}


def test_every_account_is_used_for_one_thing(shop: Stacks) -> None:
    stack = shop["coordination"]["resource"]
    function = stack["google_cloudfunctions2_function"]["coordinator"]
    subscription = stack["google_pubsub_subscription"]["alerts"]
    used = {
        "coordinator": function["service_config"]["service_account_email"],
        "build": function["build_config"]["service_account"],
        "push": subscription["push_config"]["oidc_token"]["service_account_email"],
        "timers": {
            job["http_target"]["oidc_token"]["service_account_email"] for job in stack["google_cloud_scheduler_job"].values()
        },
    }
    assert used == {
        "coordinator": "${google_service_account.coordinator.email}",
        "build": "${google_service_account.build.id}",
        "push": "${google_service_account.push.email}",
        "timers": {"${google_service_account.timers.email}"},
    }
    assert stack["google_service_account"].keys() == {*used, "invoker"}


def test_the_function_has_one_instance_and_takes_one_request_at_a_time(shop: Stacks) -> None:
    config = shop["coordination"]["resource"]["google_cloudfunctions2_function"]["coordinator"]["service_config"]
    assert (config["max_instance_count"], config["max_instance_request_concurrency"]) == (1, 1)


def test_a_push_has_the_identity_and_the_audience_that_the_coordinator_takes(shop: Stacks, env: Environment) -> None:
    subscription = shop["coordination"]["resource"]["google_pubsub_subscription"]["alerts"]
    assert subscription["push_config"]["push_endpoint"] == f"{env.coordinator_url}/incident"
    assert subscription["push_config"]["oidc_token"]["audience"] == env.coordinator_url
    assert subscription["expiration_policy"] == {"ttl": ""}
    function = shop["coordination"]["resource"]["google_cloudfunctions2_function"]["coordinator"]
    assert subscription["ack_deadline_seconds"] >= function["service_config"]["timeout_seconds"]


def test_apis_stay_on_when_the_stack_is_destroyed(shop: Stacks) -> None:
    assert shop["coordination"]["resource"]["google_project_service"]["apis"]["disable_on_destroy"] is False


def test_an_archive_of_other_sources_is_another_object(shop: Stacks) -> None:
    source = shop["coordination"]["resource"]["google_storage_bucket_object"]["source"]
    name = archive_name(packed())
    assert source["name"] == f"coordinator/{name}"
    assert source["source"] == f'${{abspath("../../{name}")}}'
    function = shop["coordination"]["resource"]["google_cloudfunctions2_function"]["coordinator"]
    assert function["build_config"]["source"]["storage_source"] == {
        "bucket": source["bucket"],
        "object": "${google_storage_bucket_object.source.name}",
        "generation": "${google_storage_bucket_object.source.generation}",
    }
    assert "lifecycle" not in source


def test_the_path_of_the_archive_is_the_same_on_every_machine(strict: Stacks) -> None:
    source = strict["coordination"]["resource"]["google_storage_bucket_object"]["source"]
    assert source["source"] == f"../../{archive_name(packed())}"


def test_a_channel_of_slack_is_used_and_not_made(env: Environment, tmp_path: Path) -> None:
    from interlock.environment import Channel
    from stacks.alerting import AlertingStack
    from stacks.cdk import App

    name = "projects/interlock-local/notificationChannels/7"
    app = App(outdir=str(tmp_path))
    AlertingStack(app, env=replace(env, notification_channels={"chat": Channel(kind="slack", target=name)}))
    app.synth()
    stack = json.loads((tmp_path / "stacks" / "alerting" / "cdk.tf.json").read_text())
    assert stack["resource"]["google_monitoring_notification_channel"].keys() == {"coordinator"}
    assert stack["resource"]["google_monitoring_alert_policy"]["heartbeat"]["notification_channels"] == [name]

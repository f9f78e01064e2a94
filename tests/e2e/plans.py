"""Writes tests/interlock/terraform/plans/ anew, with the real Terraform on the local target: `python -m tests.e2e.plans`.

Each file is what `terraform show -json` says of a plan, less what `interlock.terraform.job_changes` does not need. The ends in
them are those of the day when this ran.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from tests.e2e.conftest import SMALL, serve
from tests.e2e.deployment import (
    ROOT,
    Deployment,
    Json,
    instant,
    link_repository,
    local_environment,
    parsed,
)

JOB = "google_cloud_scheduler_job"
PLANS = ROOT / "tests" / "interlock" / "terraform" / "plans"
IDENTITY = ("address", "mode", "type", "name")
ELSEWHERE = "https://elsewhere.example.com/scrape"
HELD = "holds/service/scrapers/deploys@2099-01-01T00:00:00Z.json"
OF_NO_SCOPE = "holds/window/nightly/20260101T080000Z@2099-01-01T00:00:00Z.json"
ODDS = """\
  odds:
    description: Odds
    schedule: "*/30 * * * *"
    region: us-east1
    target: {service: scrapers, path: /scrape, body: {kind: odds}}
    runs: [odds]
"""


def trimmed(plan: Json) -> Json:
    """Jobs that change stay whole; of everything else what is read. The keys of a text that is no plan stay."""
    kept = {key: plan[key] for key in ("format_version", "terraform_version", "errored", "complete") if key in plan}
    if "configuration" in plan:
        addresses = [{"address": one["address"]} for one in plan["configuration"]["root_module"]["resources"]]
        kept["configuration"] = {"root_module": {"resources": addresses}}
    if "planned_values" in plan:
        kept["planned_values"] = {"root_module": {"resources": [*_objects(plan["planned_values"]["root_module"])]}}
    if "prior_state" in plan:
        kept["prior_state"] = {
            "values": {"root_module": {"resources": [*_listings(plan["prior_state"]["values"]["root_module"])]}}
        }
    if "values" in plan:
        kept["values"] = {"root_module": {"resources": [*_objects(plan["values"]["root_module"])]}}
    for key in ("resource_changes", "resource_drift"):
        if key in plan:
            kept[key] = [_change(one) for one in plan[key]]
    return kept


def _objects(module: Json) -> Iterator[Json]:
    """Flags, and what Terraform before 1.15.6 still has there of what it lets go: a resource without values."""
    for one in module.get("resources", []):
        if one["type"] == "google_storage_bucket_object":
            yield _identity(one) | {"values": {"name": one["values"]["name"]}}
        elif "values" not in one:
            yield _identity(one)


def _listings(module: Json) -> Iterator[Json]:
    for one in module.get("resources", []):
        if one["type"] == "google_storage_bucket_objects":
            names = [{"name": found["name"]} for found in one["values"]["bucket_objects"]]
            yield _identity(one) | {"values": {"bucket_objects": names}}


def _identity(resource: Json) -> Json:
    return {key: resource[key] for key in IDENTITY}


def _change(resource: Json) -> Json:
    change = resource["change"]
    whole = resource["type"] == JOB and (change["actions"] != ["no-op"] or "importing" in change)
    named = resource["type"] == "google_storage_bucket_object" and change.get("before")
    parts = ("actions", "importing", "before", "after", "after_unknown") if whole else ("actions",)
    kept = {key: change[key] for key in parts if key in change}
    if named:
        kept["before"] = {"name": change["before"]["name"]}
    keys = (*IDENTITY, "index", "deposed")
    return {key: resource[key] for key in keys if key in resource} | {"change": kept}


def _keep(cloud: Deployment, name: str, /, stack: str = "schedules", **variables: object) -> None:
    cloud.try_plan(stack, **variables)
    _show(cloud, name, stack, "plan.bin")


def _show(cloud: Deployment, name: str, stack: str, *plan: str) -> None:
    shown = json.loads(cloud.terraform(stack, "show", "-json", *plan).succeeded().raw)
    (PLANS / f"{name}.json").write_text(json.dumps(trimmed(shown), indent=1) + "\n", encoding="utf-8")
    print(name, file=sys.stderr)


def _first(cloud: Deployment, small: str) -> None:
    cloud.storage().create_bucket(local_environment().state_bucket, location=local_environment().location)
    cloud.merge(parsed(small))
    for stack in ("coordination", "schedules", "alerting"):
        cloud.terraform(stack, "init", "-input=false").succeeded()
    cloud.apply("coordination").succeeded()
    _keep(cloud, "first")
    cloud.deploy()
    _keep(cloud, "coordination", "coordination")
    _keep(cloud, "alerting", "alerting")


def _backfills(cloud: Deployment) -> None:
    books = {"backfills": ["books"]}
    _keep(cloud, "on", backfill_mode=True, **books)
    cloud.deploy(backfill_mode=True, **books)
    _keep(cloud, "unchanged")
    _keep(cloud, "off", backfill_mode=False, **books)
    _keep(cloud, "extension", backfill_mode=True, backfill_until=instant(timedelta(hours=30)), **books)


def _holds(cloud: Deployment) -> None:
    for name in (HELD, "holds/nonsense"):
        cloud.put(name)
    _keep(cloud, "held")
    cloud.put(OF_NO_SCOPE)
    _keep(cloud, "errored")
    for name in (HELD, OF_NO_SCOPE, "holds/nonsense"):
        cloud.remove(name)
    cloud.job("boxscores", "pause")
    _keep(cloud, "drift")
    cloud.job("boxscores", "resume")


def _merges(cloud: Deployment, small: str) -> None:
    cloud.merge(parsed(small.replace(ODDS, "")))
    _keep(cloud, "delete")
    cloud.merge(parsed(small.replace("region: us-east1", "region: us-east4").replace("45 3 * * *", "50 3 * * *")))
    _keep(cloud, "replacement")
    cloud.merge(parsed(small))


def _others(cloud: Deployment) -> None:
    words = ("plan", "-input=false", "-out=plan.bin")
    cloud.terraform("schedules", *words, "-target=google_cloud_scheduler_job.tick").succeeded()
    _show(cloud, "target", "schedules", "plan.bin")
    cloud.terraform("schedules", *words, "-destroy").succeeded()
    _show(cloud, "destroy", "schedules", "plan.bin")
    _show(cloud, "state", "schedules")


def _adoptions(cloud: Deployment) -> None:
    """Jobs that are there and that Terraform does not know, as they are and after somebody's hand."""
    names, jobs, blocks = ("boxscores", "odds"), cloud.jobs(), cloud.stack("schedules") / "imports.tf"
    cloud.terraform("schedules", "state", "rm", *(f"{JOB}.{name}" for name in names)).succeeded()
    blocks.write_text("\n".join(f'import {{\n  to = {JOB}.{name}\n  id = "{jobs[name].name}"\n}}' for name in names))
    _keep(cloud, "adoption")
    cloud.job("boxscores", "pause")
    cloud.retarget("odds", uri=ELSEWHERE)
    _keep(cloud, "adoption-changed")
    cloud.retarget("odds", uri=jobs["odds"].http_target.uri)
    cloud.job("boxscores", "resume")
    cloud.apply().succeeded()
    blocks.unlink()


def _strangers(cloud: Deployment, small: str) -> None:
    """A job that is sent elsewhere by another account, and one that is let go."""
    old = cloud.jobs()["odds"].http_target
    cloud.retarget("odds", uri=ELSEWHERE, account="somebody@elsewhere.iam.gserviceaccount.com")
    _keep(cloud, "drift-target")
    cloud.retarget("odds", uri=old.uri, account=old.oidc_token.service_account_email)
    removed = cloud.stack("schedules") / "removed.tf"
    cloud.merge(parsed(small.replace(ODDS, "")))
    removed.write_text(f"removed {{\n  from = {JOB}.odds\n  lifecycle {{\n    destroy = false\n  }}\n}}\n")
    _keep(cloud, "forget")
    removed.unlink()
    cloud.merge(parsed(small))


def main() -> None:
    """Deploy the small catalog somewhere else, and keep a plan of each kind."""
    small = (SMALL / "small" / "small.yaml").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        link_repository(Path(folder) / "work")
        with serve(Path(folder)) as cloud:
            _first(cloud, small)
            _backfills(cloud)
            _holds(cloud)
            _merges(cloud, small)
            _adoptions(cloud)
            _strangers(cloud, small)
            _others(cloud)


if __name__ == "__main__":
    main()

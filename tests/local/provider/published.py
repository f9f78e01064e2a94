"""What the bindings of hashicorp/google take that HashiCorp published last, as published.json: read from their text once, so
that no set-up installs 370 MB. Our own bindings come from our schema, and could not judge it.

    pip download --no-deps cdktf-cdktf-provider-google==16.12.1    # of provider 6.50.0; unpack it, then
    python -m tests.local.provider.published FOLDER/cdktf_cdktf_provider_google
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import TypeAlias

FILE = Path(__file__).with_name("published.json")
META = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners"}
"""Terraform's own arguments."""
CLASSES = {
    "cloud_run_v2_service_iam_member": "CloudRunV2ServiceIamMember",
    "cloud_scheduler_job": "CloudSchedulerJob",
    "cloudfunctions2_function": "Cloudfunctions2Function",
    "logging_metric": "LoggingMetric",
    "monitoring_alert_policy": "MonitoringAlertPolicy",
    "monitoring_dashboard": "MonitoringDashboard",
    "monitoring_notification_channel": "MonitoringNotificationChannel",
    "project_iam_custom_role": "ProjectIamCustomRole",
    "project_iam_member": "ProjectIamMember",
    "project_service": "ProjectService",
    "pubsub_subscription": "PubsubSubscription",
    "pubsub_subscription_iam_member": "PubsubSubscriptionIamMember",
    "pubsub_topic": "PubsubTopic",
    "pubsub_topic_iam_member": "PubsubTopicIamMember",
    "service_account": "ServiceAccount",
    "service_account_iam_member": "ServiceAccountIamMember",
    "storage_bucket": "StorageBucket",
    "storage_bucket_iam_member": "StorageBucketIamMember",
    "storage_bucket_object": "StorageBucketObject",
    "data_google_storage_bucket_objects": "DataGoogleStorageBucketObjects",
    "data_google_storage_bucket_object_content": "DataGoogleStorageBucketObjectContent",
}
"""The class of each module."""

Taken: TypeAlias = "dict[str, tuple[bool, Taken]]"
"""Arguments by name as the bindings spell them: whether one is required, and those in it, none for a plain value."""


def taken(package: Path, module: str) -> Taken:
    """What the class of a module of the bindings in the folder `package` takes."""
    structs: dict[str, dict[str, tuple[bool, set[str]]]] = {}
    for node in ast.parse((package / module / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and any("name_mapping" in ast.dump(d) for d in node.decorator_list):
            init = next(f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__")
            pairs = zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
            structs[node.name] = {a.arg: (default is None, _words(a.annotation)) for a, default in pairs}

    def inside(struct: str) -> Taken:
        return {
            name: (required, {key: one for part in words & structs.keys() for key, one in inside(part).items()})
            for name, (required, words) in sorted(structs[struct].items())
            if name not in META
        }

    return inside(f"{CLASSES[module]}Config")


def _words(annotation: ast.expr | None) -> set[str]:
    """Every name in an annotation, quoted or not."""
    nodes = list(ast.walk(annotation)) if annotation else []
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def load() -> dict[str, Taken]:
    """What each class takes, by its module."""
    found: dict[str, Taken] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    every = {module: taken(Path(sys.argv[1]), module) for module in CLASSES}
    lines = ",\n".join(f" {json.dumps(module)}: {json.dumps(every[module])}" for module in sorted(every))
    FILE.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")

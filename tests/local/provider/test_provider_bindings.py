"""Our schema against the published bindings: the stand-in takes what the stacks can write, or is known to refuse it."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.provider import schema
from local.provider.schema import Block

META = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners"}
REFUSED = {
    "cloudfunctions2_function": "build_config.source.repo_source build_config.worker_pool event_trigger kms_key_name "
    "service_config.binary_authorization_policy service_config.secret_environment_variables service_config.secret_volumes "
    "service_config.vpc_connector service_config.vpc_connector_egress_settings",
    "logging_metric": "bucket_name",
    "pubsub_subscription": "bigquery_config cloud_storage_config message_transforms",
    "pubsub_topic": "ingestion_data_source_settings kms_key_name message_transforms schema_settings",
    "service_account": "create_ignore_already_exists",
    "storage_bucket": "autoclass cors custom_placement_config default_event_based_hold enable_object_retention encryption "
    "hierarchical_namespace ip_filter logging requester_pays retention_policy rpo website",
    "storage_bucket_object": "customer_encryption event_based_hold force_empty_content_type kms_key_name retention "
    "temporary_hold",
}
TYPES = [
    ("cloud_run_v2_service_iam_member", "CloudRunV2ServiceIamMember"),
    ("cloud_scheduler_job", "CloudSchedulerJob"),
    ("cloudfunctions2_function", "Cloudfunctions2Function"),
    ("logging_metric", "LoggingMetric"),
    ("monitoring_alert_policy", "MonitoringAlertPolicy"),
    ("monitoring_dashboard", "MonitoringDashboard"),
    ("monitoring_notification_channel", "MonitoringNotificationChannel"),
    ("project_iam_custom_role", "ProjectIamCustomRole"),
    ("project_iam_member", "ProjectIamMember"),
    ("project_service", "ProjectService"),
    ("pubsub_subscription", "PubsubSubscription"),
    ("pubsub_subscription_iam_member", "PubsubSubscriptionIamMember"),
    ("pubsub_topic", "PubsubTopic"),
    ("pubsub_topic_iam_member", "PubsubTopicIamMember"),
    ("service_account", "ServiceAccount"),
    ("service_account_iam_member", "ServiceAccountIamMember"),
    ("storage_bucket", "StorageBucket"),
    ("storage_bucket_iam_member", "StorageBucketIamMember"),
    ("storage_bucket_object", "StorageBucketObject"),
    ("data_google_storage_bucket_objects", "DataGoogleStorageBucketObjects"),
    ("data_google_storage_bucket_object_content", "DataGoogleStorageBucketObjectContent"),
]


def structs(module: str) -> dict[str, dict[str, tuple[bool, set[str]]]]:
    """Of each struct class in a module of the bindings: name -> (required, the words in its type); read, not imported."""
    package = importlib.util.find_spec("cdktf_cdktf_provider_google")
    if package is None or package.submodule_search_locations is None:
        pytest.skip("the bindings are not installed")
    source = Path(package.submodule_search_locations[0]) / module / "__init__.py"
    found: dict[str, dict[str, tuple[bool, set[str]]]] = {}
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and any("name_mapping" in ast.dump(d) for d in node.decorator_list):
            init = next(f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__")
            pairs = zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
            found[node.name] = {a.arg: (default is None, words(a.annotation)) for a, default in pairs}
    return found


def words(annotation: ast.expr | None) -> set[str]:
    """Every name in an annotation, quoted or not."""
    nodes = list(ast.walk(annotation)) if annotation else []
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def differences(found: dict[str, dict[str, tuple[bool, set[str]]]], struct: str, block: Block, path: str) -> Iterator[str]:
    """What the bindings have and the schema has not, or has otherwise."""
    ours = {name.replace("_", ""): name for name in block.names}
    for spelled, (required, inner) in found[struct].items():
        name = ours.get(spelled.replace("_", ""))
        if spelled in META:
            continue
        if name is None:
            yield f"{path}{spelled} is missing"
        elif name in block.blocks:
            if required != (block.blocks[name].min > 0):
                yield f"{path}{name} is required in one only"
            yield from differences(found, next(iter(inner & found.keys())), block.blocks[name], f"{path}{name}.")
        elif required != block.attrs[name].required:
            yield f"{path}{name} is required in one only"


@pytest.mark.parametrize(("module", "prefix"), TYPES)
def test_every_argument_of_the_bindings_is_in_the_schema(module: str, prefix: str) -> None:
    loaded = schema.load()
    blocks = loaded.data if module.startswith("data_") else loaded.resources
    block = blocks[f"google_{module.removeprefix('data_google_')}"]
    refused = {f"{name} is missing" for name in REFUSED.get(module, "").split()}
    assert set(differences(structs(module), f"{prefix}Config", block, "")) == refused

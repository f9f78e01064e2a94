"""Our schema against the published bindings, of which it takes or is known to refuse each argument, and ours, made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.provider import schema, version
from local.provider.schema import Block
from local.provider.types import DATA_SOURCES, RESOURCES
from tests.local.provider.published import CLASSES, Taken, load

IMPORTS = Path(__file__).parents[3] / "imports"
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


def differences(found: Taken, block: Block, path: str = "") -> Iterator[str]:
    """What the bindings have and the schema has not, or has otherwise."""
    ours = {name.replace("_", ""): name for name in block.names}
    for spelled, (required, inner) in found.items():
        name = ours.get(spelled.replace("_", ""))
        if name is None:
            yield f"{path}{spelled} is missing"
        elif name in block.blocks:
            if required != (block.blocks[name].min > 0):
                yield f"{path}{name} is required in one only"
            yield from differences(inner, block.blocks[name], f"{path}{name}.")
        elif required != block.attrs[name].required:
            yield f"{path}{name} is required in one only"


def block_of(module: str) -> Block:
    loaded = schema.load()
    blocks = loaded.data if module.startswith("data_") else loaded.resources
    return blocks[f"google_{module.removeprefix('data_google_')}"]


@pytest.mark.parametrize("module", CLASSES)
def test_every_argument_of_the_published_bindings_is_in_the_schema(module: str) -> None:
    refused = {f"{name} is missing" for name in REFUSED.get(module, "").split()}
    assert set(differences(load()[module], block_of(module))) == refused


def test_our_bindings_are_of_all_the_types_that_the_provider_serves_and_of_no_others() -> None:
    made = {path.parent.name for path in (IMPORTS / "google").glob("[!_]*/__init__.py")} - {"provider"}
    served = {name.removeprefix("google_") for name in RESOURCES} | {f"data_{name}" for name in DATA_SOURCES}
    assert made == served == set(CLASSES)


def test_one_version_of_the_provider_is_named_once() -> None:
    """By cdktf.json: the bindings are of it, so that the stacks ask for it, and the schema is of a release that it allows."""
    assert json.loads((IMPORTS / "constraints.json").read_text(encoding="utf-8"))["providers"] == {"google": version()}
    operator, _, least = version().partition(" ")
    major, minor = (int(number) for number in least.split("."))
    of_schema = [int(number) for number in schema.load().tag.removeprefix("v").split(".")]
    assert operator == "~>", "the comparison below is this operator's"
    assert of_schema[0] == major
    assert of_schema[1] >= minor

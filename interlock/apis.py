"""The APIs of Google Cloud that Interlock uses, without `.googleapis.com`."""

from __future__ import annotations

from collections.abc import Iterable

FIRST = ("serviceusage", "cloudresourcemanager", "iam", "storage")
"""What must be on before Terraform can be of use: the provider itself asks the first two to turn the others on, `iam` makes the
accounts and roles, and the state is in `storage`. `make bootstrap` turns them on.

https://github.com/hashicorp/terraform-provider-google/blob/v7.45.0/google/services/resourcemanager/resource_google_project_service.go
"""
OF_STACKS = (
    "artifactregistry",
    "cloudbuild",
    "cloudfunctions",
    "cloudresourcemanager",
    "cloudscheduler",
    "iam",
    "logging",
    "monitoring",
    "pubsub",
    "run",
    "storage",
)
"""What the stack `coordination` turns on."""
ALL = tuple(sorted({*FIRST, *OF_STACKS}))


def enable_command(apis: Iterable[str], project: str) -> str:
    """The one line that turns these on: https://cloud.google.com/sdk/gcloud/reference/services/enable"""
    return " ".join(["gcloud services enable", *(f"{api}.googleapis.com" for api in apis), f"--project={project}"])

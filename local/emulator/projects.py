"""Projects: every one exists, and has a policy."""

from __future__ import annotations

from collections.abc import Mapping

from local.emulator.buckets import PROJECT_NUMBER
from local.emulator.model import JsonObject
from local.emulator.policies import policies
from local.emulator.rest import Call, Handler

PROJECTS = "cloudresourcemanager.projects"


def _get(call: Call) -> JsonObject:
    project = next(iter(call.path.values())).removeprefix("projects/")
    return {"projectNumber": PROJECT_NUMBER, "projectId": project, "lifecycleState": "ACTIVE", "name": project}


HANDLERS: Mapping[str, Handler] = {
    f"{PROJECTS}.get": _get,
    **policies(PROJECTS, exists=lambda _call, _name: True),
}

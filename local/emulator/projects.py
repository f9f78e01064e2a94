"""Projects: every one exists, and has a policy. The local target's is born with what a company has before its first deploy."""

from __future__ import annotations

from collections.abc import Mapping

from local.emulator import iam
from local.emulator.buckets import PROJECT_NUMBER
from local.emulator.model import JsonObject
from local.emulator.permissions import ACCOUNTS, PROJECTS
from local.emulator.policies import policies
from local.emulator.rest import Call, Handler
from local.emulator.store import Store

OPERATOR = "operator"


def _get(call: Call) -> JsonObject:
    project = next(iter(call.path.values())).removeprefix("projects/")
    return {"projectNumber": PROJECT_NUMBER, "projectId": project, "lifecycleState": "ACTIVE", "name": project}


def born(store: Store, project: str) -> None:
    """Makes what the project has before anybody deploys to it: the account of the operator that environments/local.yaml names.
    Once: it may be deleted."""
    with store.transaction():
        if store.get(f"{PROJECTS}.born", project) is None:
            store.put(f"{PROJECTS}.born", project, {"operator": OPERATOR})
            store.put(ACCOUNTS, iam.account_name(project, OPERATOR), iam.born(project, OPERATOR))


HANDLERS: Mapping[str, Handler] = {
    f"{PROJECTS}.get": _get,
    **policies(PROJECTS, exists=lambda _call, _name: True),
}

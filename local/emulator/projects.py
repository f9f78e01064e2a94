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

OPERATOR, VIEWER = "operator", "viewer"


def _get(call: Call) -> JsonObject:
    project = next(iter(call.path.values())).removeprefix("projects/")
    return {"projectNumber": PROJECT_NUMBER, "projectId": project, "lifecycleState": "ACTIVE", "name": project}


def born(store: Store, project: str) -> None:
    """Makes what the project has before anybody deploys to it: the accounts of the people that environments/local.yaml
    names. Each once: it may be deleted."""
    with store.transaction():
        known = store.get(f"{PROJECTS}.born", project) or {}
        for account in (OPERATOR, VIEWER):
            if account not in known:
                store.put(ACCOUNTS, iam.account_name(project, account), iam.born(project, account))
        if known.keys() != {OPERATOR, VIEWER}:
            store.put(f"{PROJECTS}.born", project, {OPERATOR: OPERATOR, VIEWER: VIEWER})


HANDLERS: Mapping[str, Handler] = {
    f"{PROJECTS}.get": _get,
    **policies(PROJECTS, exists=lambda _call, _name: True),
}

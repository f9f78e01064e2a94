"""What the owner of the project does before the first deploy: accounts, Interlock's roles, and who has them.

From interlock/roles.py and through the APIs, so that every command of these tests has the rights that are listed there, and no
other.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from interlock import roles
from interlock.apis import FIRST
from interlock.environment import Environment
from interlock.roles import Actor, Grant, Place

Json = dict[str, Any]
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The owner of the project, at the cloud that answers at `url`."""

    url: str
    env: Environment

    def enable(self, *apis: str) -> None:
        """Has APIs turned on (`iam`); those that are stay so."""
        body = {"serviceIds": [f"{api}.googleapis.com" for api in apis]}
        self._call("POST", f"/v1/projects/{self.env.project}/services:batchEnable", body)

    def account(self, name: str) -> str:
        """The address of a service account, which is made unless it is there."""
        self._unless_there("POST", f"/v1/projects/{self.env.project}/serviceAccounts", {"accountId": name})
        return self.env.account(name)

    def grant(self, actor: Actor, email: str) -> None:
        """Gives an account all that an actor has."""
        for role, permissions in actor.roles():
            body = {"roleId": role.id, "role": {"title": role.title, "includedPermissions": list(permissions)}}
            self._unless_there("POST", f"/v1/projects/{self.env.project}/roles", body)
        for grant in actor.grants:
            for place in self._policies(grant):
                self._bind(place, grant, f"serviceAccount:{email}")

    def _policies(self, grant: Grant) -> list[str]:
        """Where the policies are that a grant goes to."""
        accounts = (self.env.invoker, *self.env.accounts.values())
        project = f"/v1/projects/{self.env.project}"
        service = f"/v2/projects/{self.env.project}/locations/{self.env.coordinator.region}/services"
        return {
            Place.PROJECT: [project],
            Place.BUCKETS: [project],
            Place.SOURCES: [project],
            Place.BUCKET: [f"/storage/v1/b/{self.env.bucket}/iam"],
            Place.NAMES: [f"/storage/v1/b/{self.env.bucket}/iam"],
            Place.STATE: [f"/storage/v1/b/{self.env.state_bucket}/iam"],
            Place.JOB_ACCOUNTS: [f"{project}/serviceAccounts/{account}" for account in accounts],
            Place.COORDINATOR: [f"{service}/{self.env.coordinator.name}"],
            Place.TOPIC: [f"{project}/topics/interlock-alerts"],
        }[grant.place]

    def _bind(self, place: str, grant: Grant, member: str) -> None:
        stored = place.startswith("/storage/")
        if stored:
            policy = self._call("GET", f"{place}?optionsRequestedPolicyVersion=3")
        elif place.startswith("/v2/"):
            policy = self._call("GET", f"{place}:getIamPolicy?options.requestedPolicyVersion=3")
        else:
            policy = self._call("POST", f"{place}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}})
        binding: Json = {"role": grant.role.name(self.env.project), "members": [member]}
        if expression := grant.condition(self.env):
            binding["condition"] = {"title": f"Interlock: {grant.place}", "expression": expression}
        policy |= {"version": 3, "bindings": [*policy.get("bindings", []), binding]}
        if stored:
            self._call("PUT", place, policy)
        else:
            self._call("POST", f"{place}:setIamPolicy", {"policy": policy})

    def _unless_there(self, method: str, path: str, body: Json) -> None:
        try:
            self._call(method, path, body)
        except urllib.error.HTTPError as error:
            with error:
                if error.code != 409:
                    raise

    def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, method=method, data=data)  # noqa: S310 - loopback
        with _DIRECT.open(request) as reply:
            found = json.loads(reply.read() or b"{}")
        assert isinstance(found, dict)
        return found


def prepare(url: str, env: Environment) -> str:
    """The accounts that there are before the first deploy; returns that of the deployer, who has the deployer's rights."""
    owner = Owner(url=url, env=env)
    owner.enable(*FIRST)
    deployer = owner.account("deployer")
    owner.grant(roles.DEPLOYER, deployer)
    return deployer

"""The google_*_iam_member types: what google/tpgiamresource does, read-modify-write of a policy with its etag.

A member is one row of one binding; a condition makes it another binding. The state has the parent as the provider writes
it, in full for topics, buckets and services, as it was given for the others.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from local.provider import convert
from local.provider.cloud import PLACE, Cloud, Failure, Settings, fill
from local.provider.planning import Suppress
from local.provider.resource import NOT_FOUND, Resource, group
from local.provider.rest import ApiError
from local.provider.values import Object, mapping, only, text

CONDITIONS_VERSION = 3
CONFLICT = 409
FIRST_BACKOFF_SECONDS = 1.0
MAX_BACKOFF_SECONDS = 30.0
Bindings: TypeAlias = list[Object]
# user:A@Example.com is the same as user:a@example.com; principal://... and others are not folded
# (tpgresource.NormalizeIamPrincipalCasing).
_FOLDED = re.compile(r"(user|serviceAccount|group|domain):.*")
_LOCKS: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # a policy is changed by one call at a time


def same_name(old: object, new: object, _root: Mapping[str, object]) -> bool:
    """The short and the full name of one resource (CompareSelfLinkOrResourceName)."""
    if "/" in str(new):
        return str(old) == str(new)
    return str(old).rpartition("/")[2] == str(new)


def _same_member(old: object, new: object, _root: Mapping[str, object]) -> bool:
    return folded(str(old)) == folded(str(new))


def folded(member: str) -> str:
    """The member as two spellings of it are compared."""
    kind, colon, name = member.partition(":")
    return kind + colon + name.lower() if _FOLDED.fullmatch(member) else member


@dataclass(frozen=True, kw_only=True)
class IamMember(Resource):
    """One member of one role; `forms` are the spellings of the parent, `collection` the URL of its policy."""

    forms: tuple[str, ...]
    parent: str  # the attribute that names the resource
    full_parent: bool = False  # whether the state has it as `self_link`
    get_method: str = "GET"
    version_in_body: bool = False  # of getIamPolicy: {"options": {"requestedPolicyVersion": 3}}
    conditions: bool = True  # whether a policy is asked for with them; without, Google answers as if there were none to find
    policy_in_body: bool = True  # {"policy": ...}, not the policy alone
    policy_mask: str = ""  # what a write says that it changes: google/services/resourcemanager/iam_project.go
    provider_defaults: tuple[str, ...] = ()  # the parent's name may have another project

    suppress: ClassVar[Mapping[str, Suppress]] = {
        "member": _same_member,
        **dict.fromkeys(("topic", "subscription", "bucket", "name", "project"), same_name),
    }

    def create(self, cloud: Cloud, planned: Object) -> Object:
        """Add the member to the binding of its role and condition."""
        state = self._place(planned, cloud.settings)

        def add(bindings: Bindings) -> Bindings:
            found = _binding(bindings, state)
            if found is None:
                return [*bindings, _wanted(state)]
            found["members"] = [*_others(found, state), folded(text(state, "member"))]
            return bindings

        self._change(cloud, state, add)
        state["id"] = self.identity(state)
        return self.must_read(cloud, state)

    def read(self, cloud: Cloud, state: Object) -> Object | None:
        """None if the policy has the member no more, or the parent is gone."""
        state = self._place(state, cloud.settings)
        try:
            policy = self._policy(cloud, state)
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise Failure(f"Error retrieving IAM policy for {self.label} {self._full(state)!r}: {error}") from error
        binding = _binding(_bindings(policy), state)
        if binding is None or len(_others(binding, state)) == len(_members(binding)):
            return None
        member = next(m for m in _members(binding) if folded(m) == folded(text(state, "member")))
        condition = convert.flatten(self.block, binding)["condition"]
        found = state | {"member": member, "etag": policy.get("etag"), "condition": condition}
        return found | {"id": self.identity(found)}

    def delete(self, cloud: Cloud, prior: Object) -> None:
        """Take the member out of its binding; a binding without members goes."""
        state = self._place(prior, cloud.settings)

        def remove(bindings: Bindings) -> Bindings:
            found = _binding(bindings, state)
            if found is not None:
                found["members"] = _others(found, state)
            return [binding for binding in bindings if _members(binding)]

        try:
            self._change(cloud, state, remove)
        except Failure as failure:
            if getattr(failure.__cause__, "status", None) != NOT_FOUND:
                raise Failure(str(failure), state=prior) from failure

    def import_state(self, import_id: str, settings: Settings) -> Object:
        """`parent role member [title of the condition]`; the rest of the condition is read from the policy."""
        parts = import_id.split(maxsplit=3)
        if len(parts) < 3:
            expected = "'resource_name role member [condition_title]'"
            raise Failure(f"Wrong number of parts to Member id {import_id!r}; expected {expected}.")
        state: Object = {self.parent: parts[0], "role": parts[1], "member": folded(parts[2])}
        if parts[3:]:
            state["condition"] = [{"title": parts[3], "expression": None, "description": None}]
        placed = self._place(state, settings)
        return placed | {"id": self.identity(placed)}

    def identity(self, state: Object) -> str:
        """parent/role/member, and what distinguishes the condition."""
        condition = only(state, "condition")
        key = [text(condition, name) for name in ("title", "description", "expression")] if condition else []
        return "/".join([self._full(state), text(state, "role"), folded(text(state, "member")), *key])

    def _parts(self, state: Object) -> Object:
        """The places of the parent's full name: from its name as it was given, else attributes of their own."""
        matches = (re.fullmatch(PLACE.sub(group, form), text(state, self.parent)) for form in self.forms)
        found = next((match.groupdict() for match in matches if match), {})
        parts: Object = {match["name"]: text(state, match["name"]) for match in PLACE.finditer(self.self_link)}
        return parts | found

    def _full(self, state: Object) -> str:
        return fill(self.self_link, self._parts(state))

    def _place(self, state: Object, settings: Settings) -> Object:
        """The state with all that the parent's name has in it, and what the provider's settings add."""
        defaults: Object = {"project": settings.project, "location": settings.region}
        named = {name: state.get(name) if isinstance(state.get(name), str) else default for name, default in defaults.items()}
        parts = self._parts(state | named)
        parent = fill(self.self_link, parts) if self.full_parent else text(state, self.parent)
        return state | parts | {self.parent: parent}

    def _url(self, cloud: Cloud, state: Object, verb: str) -> str:
        return cloud.url(self.service, self.collection, {"parent": self._full(state), "verb": verb})

    def _policy(self, cloud: Cloud, state: Object) -> Object:
        """The policy, with its conditions where the provider asks for them, in the way that the API knows."""
        url = self._url(cloud, state, "getIamPolicy")
        if self.version_in_body:
            body: Object = {"options": {"requestedPolicyVersion": CONDITIONS_VERSION}}
            return cloud.send("POST", url, body).json()
        name = "options.requestedPolicyVersion" if self.policy_in_body else "optionsRequestedPolicyVersion"
        query = {name: str(CONDITIONS_VERSION)} if self.conditions else {}
        return cloud.send(self.get_method, url, query=query).json()

    def _change(self, cloud: Cloud, state: Object, modify: Callable[[Bindings], Bindings]) -> None:
        """Read, modify, write; once more if somebody else wrote meanwhile (iamPolicyReadModifyWrite)."""
        url, backoff = self._url(cloud, state, "setIamPolicy"), FIRST_BACKOFF_SECONDS
        with _LOCKS[url]:
            while True:
                try:
                    policy = self._policy(cloud, state)
                    policy |= {"bindings": modify(_bindings(policy)), "version": CONDITIONS_VERSION}
                    sent: Object = {"policy": policy} if self.policy_in_body else policy
                    sent |= {"updateMask": self.policy_mask} if self.policy_mask else {}
                    cloud.send("POST" if self.policy_in_body else "PUT", url, sent)
                except ApiError as error:
                    if error.status != CONFLICT or backoff > MAX_BACKOFF_SECONDS:
                        message = f"Error applying IAM policy for {self.label} {self._full(state)!r}: {error}"
                        raise Failure(message) from error
                else:
                    return
                cloud.call.wait(backoff)
                backoff *= 2


def _bindings(policy: Object) -> Bindings:
    found = policy.get("bindings")
    return [binding for binding in found if isinstance(binding, dict)] if isinstance(found, list) else []


def _members(binding: Object) -> list[str]:
    found = binding.get("members")
    return [str(member) for member in found] if isinstance(found, list) else []


def _others(binding: Object, state: Object) -> list[str]:
    return [member for member in _members(binding) if folded(member) != folded(text(state, "member"))]


def _wanted(state: Object) -> Object:
    """The binding of this member alone."""
    condition = {name: value for name, value in only(state, "condition").items() if value}
    binding: Object = {"role": state["role"], "members": [folded(text(state, "member"))]}
    return binding | ({"condition": condition} if condition else {})


def _binding(bindings: Bindings, state: Object) -> Object | None:
    """The binding of this role and condition; of an import, which knows the title alone, the one with the title."""
    wanted = only(state, "condition")
    by_title = bool(wanted) and not wanted.get("expression")
    names = ("title",) if by_title else ("title", "description", "expression")

    def fits(binding: Object) -> bool:
        condition = mapping(binding, "condition")
        same = all((condition.get(name) or "") == (wanted.get(name) or "") for name in names)
        return same and binding.get("role") == state.get("role")

    return next((binding for binding in bindings if fits(binding)), None)

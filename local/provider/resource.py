"""A resource type over REST, as a row of a table: where it lives, what identifies it, how it is changed.

Most types of the provider are generated from such rows; the ones that are not override a method (scheduler.py, storage.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar
from urllib.parse import quote

from local.provider import convert, schema
from local.provider.planning import Change, Suppress, settle
from local.provider.rest import ApiError, Call, Reply, Rest
from local.provider.values import UNKNOWN, Object, mapping, text

NOT_FOUND = 404
DELETION_POLICY = "deletion_policy"


class Failure(Exception):
    """An operation failed; `state` is what is known to exist nevertheless (Terraform then marks a create as tainted)."""

    def __init__(self, message: str, *, state: Object | None = None) -> None:
        self.state = state
        super().__init__(message)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The provider block, with defaults filled in. `endpoints` maps a service to the URL that its paths follow."""

    project: str
    region: str
    default_labels: Mapping[str, object]
    endpoints: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """What an operation works with: the settings, the connection, and the RPC it runs in."""

    settings: Settings
    rest: Rest
    call: Call

    def url(self, service: str, template: str, values: Mapping[str, object]) -> str:
        """The endpoint of the service followed by the template, its {names} filled in and quoted."""
        return self.settings.endpoints[service] + fill(template, values, quoted=True)

    def send(
        self,
        method: str,
        url: str,
        body: bytes | Object | None = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        retry_queue: bool = False,
    ) -> Reply:
        """One request, retried as the provider does. Raises ApiError, Interrupted."""
        return self.rest.send(
            method, url, call=self.call, query=query, body=body, content_type=content_type, retry_queue=retry_queue
        )


def fill(template: str, values: Mapping[str, object], *, quoted: bool = False) -> str:
    """The template with each {name} replaced by that value. Raises Failure for a value that is missing."""

    def value(match: re.Match[str]) -> str:
        found = text(values, match[1])
        if not found:
            raise Failure(f"{match[1]}: required field is not set in the resource and has no default in the provider")
        return quote(found, safe="") if quoted else found

    return re.sub(r"\{(\w+)\}", value, template)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A row of the table, and the five operations on it."""

    type: str
    label: str  # how messages call it: "Error creating Job: ..."
    service: str
    collection: str  # POSTed to
    self_link: str  # GET, PATCH, DELETE; also the id
    imports: tuple[str, ...] = ()  # accepted import ids, most specific first; none: can't be imported
    update_verb: str = "PATCH"
    update_mask: bool = False
    renames: Mapping[str, str] = field(default_factory=dict)
    unsent: frozenset[str] = frozenset()  # arguments that are no field of the API's object
    client_side: frozenset[str] = frozenset()  # of these, the ones whose change asks for no request
    provider_defaults: tuple[str, ...] = ("project", "region")
    retry_queue: bool = False

    suppress: ClassVar[Mapping[str, Suppress]] = {}

    @cached_property
    def block(self) -> schema.Block:
        """The type's schema."""
        return schema.load().resources[self.type]

    @property
    def hidden(self) -> frozenset[str]:
        """Every attribute that is not a field of the API's object."""
        return self.unsent | self.client_side | {"id", DELETION_POLICY, "timeouts", *self.provider_defaults, *_LABELS}

    def validate(self, config: Object) -> list[str]:  # noqa: ARG002 - a hook
        """What is wrong with a configuration beyond what its schema says."""
        return []

    def amend(self, change: Change, settings: Settings) -> None:
        """Amend a plan: the provider's project, region, labels and deletion policy (its CustomizeDiff functions)."""
        for name in self.provider_defaults:
            default = getattr(settings, name)
            if change.config.get(name) is None and default:
                change.set(name, default, force=True)
        if change.config.get(DELETION_POLICY) is None:
            change.set(DELETION_POLICY, "DELETE")
        if "effective_labels" in self.block.attrs:
            _plan_labels(change, settings)

    def encode(self, value: Object) -> Object:
        """The body of a create or an update."""
        body = convert.expand(self.block, value, skip=self.hidden, renames=self.renames)
        labels = mapping(value, "effective_labels")
        return body | ({"labels": labels} if labels else {})

    def decode(self, body: Object, reference: Object) -> Object:
        """The state for what the API returned; what the API does not know comes from the reference."""
        state = reference | convert.flatten(self.block, body, skip=self.hidden, renames=self.renames)
        if "effective_labels" in self.block.attrs:
            state |= _read_labels(mapping(body, "labels"), reference)
        return state

    def create(self, cloud: Cloud, planned: Object) -> Object:
        """Make it; the state afterwards."""
        self._attempt("creating", cloud, "POST", cloud.url(self.service, self.collection, planned), self.encode(planned))
        state = planned | {"id": fill(self.self_link, planned)}
        self.after_create(cloud, state)
        return self.must_read(cloud, state)

    def after_create(self, cloud: Cloud, state: Object) -> None:
        """What the provider does once the object exists. A Failure here should carry the state."""

    def read(self, cloud: Cloud, state: Object) -> Object | None:
        """The state as the API has it now, None if it is gone."""
        try:
            body = cloud.send("GET", self.link(cloud, state), retry_queue=self.retry_queue).json()
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise Failure(f"Error when reading or editing {self.label} {text(state, 'id')!r}: {error}") from error
        return settle(self.block, self.decode(body, state), state)

    def must_read(self, cloud: Cloud, state: Object) -> Object:
        """Read what was just written."""
        found = self.read(cloud, state)
        if found is None:
            raise Failure(f"{self.label} {text(state, 'id')!r} was gone right after it had been written")
        return found

    def update(self, cloud: Cloud, prior: Object, planned: Object) -> Object:
        """Change it in place; the state afterwards."""
        changed = {name for name in self.block.names if prior.get(name) != planned.get(name)}
        if changed - self.client_side - {DELETION_POLICY, "timeouts"}:
            self.send_update(cloud, prior, planned)
        return self.must_read(cloud, planned)

    def send_update(self, cloud: Cloud, prior: Object, planned: Object) -> None:  # noqa: ARG002 - a hook
        """The request of an update."""
        body = self.encode(planned)
        mask = {"updateMask": ",".join(sorted(body))} if self.update_mask else None
        self._attempt("updating", cloud, self.update_verb, self.link(cloud, planned), body, query=mask)

    def delete(self, cloud: Cloud, prior: Object) -> None:
        """Delete it; one that is gone already is fine."""
        if not self.may_delete(prior):
            return
        try:
            cloud.send("DELETE", self.link(cloud, prior), retry_queue=self.retry_queue)
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise Failure(f"Error when reading or editing {self.label}: {error}", state=prior) from error

    def may_delete(self, prior: Object) -> bool:
        """False if the deletion policy says to abandon it. Raises Failure if it says to prevent that."""
        policy = prior.get(DELETION_POLICY)
        if policy == "PREVENT":
            raise Failure(
                f'cannot destroy {self.label} without setting deletion_policy="DELETE" and running `terraform apply`',
                state=prior,
            )
        return policy != "ABANDON"

    def import_state(self, import_id: str, settings: Settings) -> Object:
        """The state, before it is read, of an existing object named on the command line."""
        if not self.imports:
            raise Failure(f"resource {self.type} doesn't support import")
        for form in self.imports:
            found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", form), import_id)
            if found:
                state: Object = {name: getattr(settings, name) or None for name in self.provider_defaults}
                state |= found.groupdict()
                return state | {"id": fill(self.self_link, state), DELETION_POLICY: "DELETE"}
        forms = ", ".join(form.replace("{", "{{").replace("}", "}}") for form in self.imports)
        raise Failure(f"Import id {import_id!r} doesn't match any of the accepted formats: {forms}")

    def link(self, cloud: Cloud, value: Object) -> str:
        """The URL of one object."""
        return cloud.url(self.service, self.self_link, value)

    def _attempt(
        self, doing: str, cloud: Cloud, method: str, url: str, body: Object, query: Mapping[str, str] | None = None
    ) -> Reply:
        try:
            return cloud.send(method, url, body, query=query, retry_queue=self.retry_queue)
        except ApiError as error:
            raise Failure(f"Error {doing} {self.label}: {error}") from error


_LABELS = ("labels", "terraform_labels", "effective_labels")


def _plan_labels(change: Change, settings: Settings) -> None:
    """terraform_labels = the provider's default labels and the resource's; effective_labels also has what others set."""
    own = change.config.get("labels")
    if own is UNKNOWN or UNKNOWN in mapping(change.config, "labels").values():
        change.set("terraform_labels", UNKNOWN)
        change.set("effective_labels", UNKNOWN)
        return
    ours = {**settings.default_labels, **mapping(change.config, "labels")}
    before = change.prior or {}
    dropped = mapping(before, "terraform_labels").keys() - ours.keys()
    others = {key: value for key, value in mapping(before, "effective_labels").items() if key not in dropped}
    change.set("terraform_labels", ours)
    change.set("effective_labels", {**others, **ours})


def _read_labels(labels: Object, reference: Object) -> Object:
    """What the API has under each of the three names: all of it, or the keys that we set."""
    kept = {
        name: {key: labels[key] for key in mapping(reference, name) if key in labels} for name in ("labels", "terraform_labels")
    }
    return {**kept, "effective_labels": labels}

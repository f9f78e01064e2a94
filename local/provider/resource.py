"""A resource type over REST, as a row of a table: where it lives, what identifies it, how it is changed.

Most types of the provider are generated from such rows; the others override a method: scheduler.py, buckets.py, objects.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from local.provider import convert, schema
from local.provider.cloud import PLACE, Cloud, Failure, Settings, fill
from local.provider.labels import LABELS, plan_labels, read_labels
from local.provider.planning import Change, Suppress, settle
from local.provider.rest import ApiError, Interrupted
from local.provider.values import Object, known, mapping, text

NOT_FOUND = 404
DELETION_POLICY = "deletion_policy"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A row of the table, and the five operations on it."""

    type: str
    label: str  # how messages call it: "Error creating Job: ..."
    service: str
    collection: str  # POSTed to; may have a query
    self_link: str  # GET, PATCH, DELETE; also the id
    imports: tuple[str, ...] = ()  # accepted import ids, most specific first; none: can't be imported
    create_verb: str = "POST"
    update_verb: str = "PATCH"
    update_mask: bool = False  # whether an update says in its query what changes; one with an envelope always does
    envelope: str = ""  # the field of an update's body that holds the object
    renames: Mapping[str, str] = field(default_factory=dict)
    unsent: frozenset[str] = frozenset()  # arguments that are no field of the API's object
    always: frozenset[str] = frozenset()  # arguments that are sent even if false or empty
    client_side: frozenset[str] = frozenset()  # of these, the ones whose change needs no request
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
        ours = self.unsent | self.client_side | {"id", DELETION_POLICY, "timeouts", *self.provider_defaults}
        return ours | set(LABELS) if self.labelled else ours

    @property
    def labelled(self) -> bool:
        """Whether the type has the three label attributes; `labels` alone is a field like any other."""
        return "effective_labels" in self.block.attrs

    def validate(self, config: Object) -> list[str]:  # noqa: ARG002 - a hook
        """What is wrong with a configuration beyond what its schema checks."""
        return []

    def amend(self, change: Change, settings: Settings) -> None:
        """Amend a plan: the provider's project, region, labels and deletion policy (its CustomizeDiff functions)."""
        for name in self.provider_defaults:
            default = getattr(settings, name)
            if change.config.get(name) is None and default:
                change.set(name, default, force=True)
        if DELETION_POLICY in self.block.attrs and change.config.get(DELETION_POLICY) is None:
            change.set(DELETION_POLICY, "DELETE")
        if self.labelled:
            plan_labels(change, settings)

    def encode(self, value: Object) -> Object:
        """The body of a create or an update."""
        body = convert.expand(self.block, value, skip=self.hidden, renames=self.renames)
        sent = [name for name in self.always if value.get(name) is not None]
        body |= {self.renames.get(name, convert.camel(name)): value[name] for name in sent}
        labels = mapping(value, "effective_labels")
        return body | ({"labels": labels} if labels else {})

    def decode(self, body: Object, reference: Object) -> Object:
        """The state for what the API returned; what the API does not keep comes from the reference."""
        state = reference | convert.flatten(self.block, body, skip=self.hidden, renames=self.renames)
        for name in self.client_side:  # after an import: what the provider sets if it is unset
            state[name] = self.block.attrs[name].default if state.get(name) is None else state[name]
        if self.labelled:
            state |= read_labels(mapping(body, "labels"), reference)
        return state

    def identity(self, state: Object) -> str:
        """The id in Terraform's state."""
        return fill(self.self_link, state)

    def create(self, cloud: Cloud, planned: Object) -> Object:
        """Make it; the state afterwards. What fails once it exists leaves it in the state, tainted, as SDKv2's SetId does."""
        made = self.insert(cloud, planned)
        state = known(planned, instead=self.decode(made, planned))
        state["id"] = self.identity(state)
        try:
            self.after_create(cloud, state)
            return self.must_read(cloud, state)
        except (Failure, ApiError, Interrupted) as error:
            raise Failure(str(error), state=state) from error

    def insert(self, cloud: Cloud, planned: Object) -> Object:
        """The request of a create; what the API answers, which names what it has named itself."""
        url = cloud.url(self.service, self.collection, planned)
        return self._attempt("creating", cloud, self.create_verb, url, self.encode(planned))

    def after_create(self, cloud: Cloud, state: Object) -> None:
        """What the provider does once the object exists."""

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
        if self.changed(prior, planned):
            self.send_update(cloud, prior, planned)
        return self.must_read(cloud, planned)

    def changed(self, prior: Object, planned: Object) -> list[str]:
        """The attributes and blocks whose change is for the API to hear."""
        ours = self.client_side | {DELETION_POLICY, "timeouts"}
        return [name for name in self.block.names if name not in ours and prior.get(name) != planned.get(name)]

    def send_update(self, cloud: Cloud, prior: Object, planned: Object) -> None:
        """The request of an update."""
        url, body = self.link(cloud, planned), self.encode(planned)
        mask = ",".join(sorted(self.mask(prior, planned)))
        if self.envelope:
            body = {self.envelope: body}
        query = {"updateMask": mask} if self.update_mask or self.envelope else None
        self._attempt("updating", cloud, self.update_verb, url, body, query=query)

    def mask(self, prior: Object, planned: Object) -> set[str]:
        """The fields of the API's object that an update is about."""
        renames = dict.fromkeys(LABELS, "labels") | dict(self.renames)
        return {renames.get(name, convert.camel(name)) for name in self.changed(prior, planned)}

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
        """False if the deletion policy is to abandon it. Raises Failure if it is to prevent that."""
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
            found = re.fullmatch(PLACE.sub(group, form), import_id)
            if found:
                state: Object = {name: getattr(settings, name) or None for name in self.provider_defaults}
                state |= found.groupdict()
                return state | {"id": self.identity(state), DELETION_POLICY: "DELETE"}
        forms = ", ".join(form.replace("{", "{{").replace("}", "}}") for form in self.imports)
        raise Failure(f"Import id {import_id!r} doesn't match any of the accepted formats: {forms}")

    def link(self, cloud: Cloud, value: Object) -> str:
        """The URL of one object."""
        return cloud.url(self.service, self.self_link, value)

    def _attempt(
        self, doing: str, cloud: Cloud, method: str, url: str, body: Object, query: Mapping[str, str] | None = None
    ) -> Object:
        try:
            reply = cloud.send(method, url, body, query=query, retry_queue=self.retry_queue).json()
            return cloud.finished(self.service, reply)
        except ApiError as error:
            raise Failure(f"Error {doing} {self.label}: {error}") from error


def group(match: re.Match[str]) -> str:
    """The group of a regular expression for a {place} in a template."""
    return f"(?P<{match['name']}>{'.+' if match['path'] else '[^/]+'})"

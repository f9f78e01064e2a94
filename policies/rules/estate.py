"""What is judged: resources with what is known of them, and their neighbours. The same shape wherever it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar, cast

from interlock.catalog import Json
from policies.rules.values import NOTHING, Attributes

JOB = "google_cloud_scheduler_job"
OBJECT = "google_storage_bucket_object"
BUCKET = "google_storage_bucket"
ALERT = "google_monitoring_alert_policy"
METRIC = "google_logging_metric"
PROJECT_SERVICE = "google_project_service"
DECLARED = "catalog"
"""The pseudo type of an entry of the catalog: what is known of its names, and its waivers. Only rules about catalogs see it."""
STACK = "provider"
"""The pseudo type of the resource that stands for a whole stack or plan: checkov knows no other thing that each of them has."""

T = TypeVar("T")


class Origin(StrEnum):
    """Where an estate was read."""

    CATALOG = "catalog"
    """What the catalog alone decides: no URL, no token, nothing of the other resources."""
    STACK = "stack"
    """The synthesized configuration; expressions are not resolved."""
    PLAN = "plan"
    """What `terraform show -json` says of a plan: expressions are resolved, and what changes is known."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a plan does with a resource."""

    actions: tuple[str, ...]
    """As in a `ResourceChange` of `interlock/terraform/plan.py`."""
    before: Attributes
    """Nothing in it when it is made."""
    after: Attributes
    """Nothing in it when it goes away."""
    importing: bool = False
    """It is there already, and Terraform adopts it."""
    changed: tuple[str, ...] = ()
    """The names of what an update changes; of a job's target its parts."""

    @property
    def replaces(self) -> bool:
        """Whether it is made again, and the old one destroyed or let go."""
        from interlock.terraform.plan import REPLACEMENTS  # here, as only those who judge a plan read one

        return self.actions in REPLACEMENTS

    @property
    def lets_go(self) -> bool:
        """Whether it goes from the state and stays in the cloud."""
        from interlock.terraform.plan import FORGET

        return self.actions == FORGET


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource: what is written of it, and the facts that stand beside it under `//`, which Terraform ignores."""

    kind: str
    name: str
    attributes: Attributes
    facts: Attributes = NOTHING
    written: Attributes = NOTHING
    """Of a plan: the attributes as the configuration beside it has them, expressions and all."""
    module: str = ""
    """Of a resource that is not in the root module, as a plan writes it, with the dot: `module.jobs.`."""
    index: str = ""
    """Of one of several instances, as a plan writes it: `["tdza"]`."""
    change: Change | None = None

    @property
    def address(self) -> str:
        """As Terraform has it."""
        return f"{self.module}{self.kind}.{self.name}{self.index}"


@dataclass(frozen=True, kw_only=True)
class Estate:
    """Resources to judge, and what stands around them. `facts` are those of the stack; `locals` and `variables` its own."""

    origin: Origin
    today: date
    resources: Mapping[str, Resource]
    """By address."""
    neighbours: tuple[Resource, ...] = ()
    """Of other stacks of the same environment: looked at, not judged."""
    facts: Attributes = NOTHING
    locals: Attributes = NOTHING
    """Of the stack or a neighbour that has scopes."""
    variables: Mapping[str, Json] = field(default_factory=dict)
    """What a plan was made with."""
    gone: Mapping[str, Resource] = field(default_factory=dict)
    """What a plan deletes or lets go, by address; what is known of it is in its change."""
    planned_at: datetime | None = None
    """Aware UTC."""
    like: Estate | None = field(default=None, repr=False, compare=False)
    """An estate that was judged before and differs from this one in the resources of `changed` alone, by address: what is
    found of the others is taken from there."""
    changed: frozenset[str] = frozenset()
    _known: dict[Callable[..., object], object] = field(default_factory=dict, repr=False, compare=False)

    def changing(self, resources: Mapping[str, Resource]) -> Estate:
        """The same with some resources of it changed, by address."""
        both = {**self.resources, **resources}
        return replace(self, resources=both, like=self, changed=frozenset(resources), _known={})

    def every(self, kind: str) -> Iterator[Resource]:
        """The resources of a type, neighbours last."""
        yield from (one for one in self.resources.values() if one.kind == kind)
        yield from (one for one in self.neighbours if one.kind == kind)

    def once(self, find: Callable[[Estate], T]) -> T:
        """What `find` finds in the whole estate, found once for all its resources."""
        if find not in self._known:
            self._known[find] = find(self)
        return cast(T, self._known[find])

"""A project in memory, all of which is right until a test changes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from interlock.apis import ALL
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.project import About, Binding, Bucket, Caller, FoundChannel, Resource
from interlock.gcp.session import Refusal
from interlock.roles import BUILD, COORDINATOR, Place

GOOD = Bucket(
    location="US-WEST2",
    is_versioned=True,
    is_uniform=True,
    is_never_public=True,
    retention=0,
    is_held=False,
    deletes_live=False,
)


def with_settings(**changes: object) -> Bucket:
    """A bucket with other settings."""
    return replace(GOOD, **changes)  # type: ignore[arg-type]


def off(api: str) -> Refusal:
    """What an API answers that is off."""
    return Refusal(api, 403, f"{api} has not been used in project 1 before or it is disabled.")


@dataclass
class MemoryProject:
    """See `interlock.gcp.project.Project`. `lacks` are permissions that nobody has, by resource or by none; `fails` has, by the
    name of a method, what it raises."""

    environment: Environment
    who: Caller = field(
        default_factory=lambda: Caller(email="ana@acme.dev", source="a file", quota_project="p", needs_quota_project=True)
    )
    number: str = ""
    is_active: bool = True
    apis: set[str] = field(default_factory=lambda: {*ALL})
    lacks: set[tuple[str, str]] = field(default_factory=set)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    objects: dict[str, list[str]] = field(default_factory=dict)
    channels: dict[str, FoundChannel] = field(default_factory=dict)
    topics: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    policy: list[Binding] = field(default_factory=list)
    datasets: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    """Names of resources that are not there."""
    fails: dict[str, CloudError] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        env = self.environment
        self.buckets = {env.state_bucket: GOOD, env.bucket: GOOD}
        self.topics = {channel.target for channel in env.notification_channels.values() if channel.kind == "pubsub"}
        self.accounts = {
            env.invoker,
            *env.accounts.values(),
            *(env.account(f"interlock-{n}") for n in ("build", "coordinator")),
        }
        for actor in (BUILD, COORDINATOR):
            member = f"serviceAccount:{env.account(f'interlock-{actor.name}')}"
            self.policy += [
                Binding(role=grant.role.name(env.project), members=frozenset({member}), condition=grant.condition(env) or "")
                for grant in actor.grants
                if grant.place in (Place.PROJECT, Place.SOURCES)
            ]

    def _call(self, method: str, subject: str = "") -> None:
        self.asked.append((method, subject))
        if method in self.fails:
            raise self.fails[method]

    def caller(self) -> Caller:
        self._call("caller")
        return self.who

    def about(self) -> About:
        self._call("about")
        env = self.environment
        return About(id=env.project, number=self.number or env.project_number, is_active=self.is_active)

    def enabled(self) -> frozenset[str]:
        self._call("enabled")
        return frozenset(self.apis)

    def granted(self, resource: Resource, permissions: Iterable[str]) -> frozenset[str] | None:
        self._call("granted", resource.name)
        if resource.name in self.missing or (resource.kind == "bucket" and resource.name not in self.buckets):
            return None
        return frozenset(one for one in permissions if not {(resource.name, one), ("", one)} & self.lacks)

    def bucket(self, name: str) -> Bucket | None:
        self._call("bucket", name)
        return self.buckets.get(name)

    def first_object(self, bucket: str, prefix: str) -> str:
        self._call("first_object", prefix)
        return next((name for name in sorted(self.objects.get(bucket, [])) if name.startswith(prefix)), "")

    def channel(self, name: str) -> FoundChannel | None:
        self._call("channel", name)
        return self.channels.get(name)

    def has_topic(self, name: str) -> bool:
        self._call("has_topic", name)
        return name in self.topics

    def has_account(self, email: str) -> bool:
        self._call("has_account", email)
        return email in self.accounts

    def bindings(self) -> Sequence[Binding]:
        self._call("bindings")
        return self.policy

    def dataset_location(self, dataset: str) -> str | None:
        self._call("dataset_location", dataset)
        return self.datasets.get(dataset)

"""The roles of an actor as one grants them: whom, which role, on what, and under which condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from interlock.environment import Environment
from interlock.roles import Actor, Grant, Place, Role

TITLES = {Place.BUCKETS: "only the buckets of Interlock", Place.NAMES: "only names"}
ACCOUNTS = ("deploy", "plan")
"""Actors that are accounts of workflows, called `interlock-deploy` and so on."""
BEFORE = frozenset({Place.PROJECT, Place.BUCKETS})
"""Places that are there before the first deploy."""


@dataclass(frozen=True, kw_only=True)
class Binding:
    """One binding. `on` is what the role is granted on: a project's id, a bucket's name, an account's address or a service's
    name; `title` and `expression` are empty without a condition."""

    place: Place
    on: str
    role: Role
    title: str = ""
    expression: str = ""

    @property
    def word(self) -> str:
        """What tells it from the actor's others."""
        words = {Place.PROJECT: self.role.id, Place.BUCKETS: self.role.id, Place.STATE: "state", Place.BUCKET: "bucket"}
        return words.get(self.place) or self.on.partition("@")[0]


def bindings(actor: Actor, env: Environment) -> Iterator[Binding]:
    """The bindings of an actor, those first that can be made before anything is deployed."""
    for grant in sorted(actor.grants, key=lambda grant: grant.place not in BEFORE):
        expression = grant.condition(env) or ""
        for on in _on(grant, env):
            yield Binding(
                place=grant.place,
                on=on,
                role=grant.role,
                title=_title(grant, env) if expression else "",
                expression=expression,
            )


def account_of(actor: Actor, env: Environment) -> str:
    """The address of the account that a workflow has; empty for people and for accounts that somebody has already."""
    return env.account(f"interlock-{actor.name}") if actor.name in ACCOUNTS else ""


def _on(grant: Grant, env: Environment) -> list[str]:
    return {
        Place.BUCKET: [env.bucket],
        Place.NAMES: [env.bucket],
        Place.STATE: [env.state_bucket],
        Place.JOB_ACCOUNTS: sorted({env.invoker, *env.accounts.values()}),
        Place.COORDINATOR: [env.coordinator.name],
    }.get(grant.place, [env.project])


def _title(grant: Grant, env: Environment) -> str:
    prefixes = [prefix.format(env=env.name) for prefix in grant.prefixes]
    return TITLES.get(grant.place) or f"only {' and '.join(prefixes)}"

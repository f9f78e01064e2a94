"""A rule: what good looks like, in one sentence, and a function that says where it is not so."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType
from typing import cast

from policies.rules.estate import JOB, Estate, Origin, Resource

PREFIX = "CKV2_ILK_"
"""Of the ids: checkov's own are CKV_<PROVIDER>_n and CKV2_<PROVIDER>_n."""
EVERYWHERE = frozenset(Origin)
DEPLOYED = frozenset({Origin.STACK, Origin.PLAN})
PLANNED = frozenset({Origin.PLAN})
WRITTEN = frozenset({Origin.CATALOG})
"""For a rule about entries that no resource is made of."""

Find = Callable[[Resource, Estate], Iterator[str]]
"""Yields one sentence a mistake: the value that is wrong, and what to do. Reading an attribute may raise `Unresolved` and
`Malformed`."""
Written = Find | Callable[[Resource], Iterator[str]] | Callable[[Estate], Iterator[str]]
"""As rules are written: the parameter `estate` is the estate, any other one the resource; what is not needed is left out."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. `find` is judged for every resource of `kinds` of which `applies` is true."""

    id: str
    name: str
    """What a waiver calls it."""
    outcome: str
    """What good looks like: one sentence, the name of its check."""
    why: str
    bad: str
    good: str
    kinds: tuple[str, ...]
    origins: frozenset[Origin]
    applies: Callable[[Resource], bool]
    find: Find
    waivable: bool = True
    """Whether a waiver beside the resource may excuse it."""
    never_old: bool = False
    """Whether what is wrong is no less so because it was there before."""

    @property
    def may_be_old(self) -> bool:
        """Whether the baseline may accept it. What only a plan breaks is new each time."""
        return self.waivable and not self.never_old and self.origins != PLANNED and JOB in self.kinds


def always(_: Resource) -> bool:
    """For a rule about every resource of its types."""
    return True


def rule(
    number: int,
    name: str,
    outcome: str,
    *,
    kinds: tuple[str, ...],
    bad: str,
    good: str,
    origins: frozenset[Origin] = EVERYWHERE,
    applies: Callable[[Resource], bool] = always,
    waivable: bool = True,
    never_old: bool = False,
) -> Callable[[Written], Rule]:
    """Makes a rule of a function, whose docstring says why. `bad` and `good` are shown in the documentation."""

    def made(find: Written) -> Rule:
        return Rule(
            id=f"{PREFIX}{number}",
            name=name,
            outcome=outcome,
            why=inspect.cleandoc(find.__doc__ or ""),
            bad=bad,
            good=good,
            kinds=kinds,
            origins=origins,
            applies=applies,
            find=_taking_both(find),
            waivable=waivable,
            never_old=never_old,
        )

    return made


def _taking_both(find: Written) -> Find:
    code = cast(FunctionType, find).__code__
    names = code.co_varnames[: code.co_argcount]
    if len(names) == 2 and names[1] == "estate":
        return cast(Find, find)
    named = cast("Callable[..., Iterator[str]]", find)

    def judged(resource: Resource, estate: Estate) -> Iterator[str]:
        return named(*(estate if name == "estate" else resource for name in names))

    return judged

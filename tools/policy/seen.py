"""Whether checkov has said all that there is to say: the same rules, judged here without it, must come to the same.

checkov is silent about much: a module of checks that it can't load, an exception in one, a resource that it does not
understand, a folder in which there is nothing. Its own count of resources is always 0 for Terraform's JSON.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from policies.from_files import Unreadable, read_estate
from policies.rules import RULES
from policies.rules.estate import JOB, STACK, Estate, Origin, Resource
from policies.rules.judge import judge_all
from tools.policy.records import CannotCheck, Record

SHOWN = 5
Key = tuple[Path, str, str, str]


def estates(paths: Iterable[Path], today: date) -> dict[Path, Estate]:
    """What lies in the files, as our own reader sees it."""
    try:
        return {path.resolve(): read_estate(path, today) for path in paths}
    except Unreadable as unreadable:
        raise CannotCheck(str(unreadable)) from None


def insist(records: Sequence[Record], known: Mapping[Path, Estate], jobs: int) -> None:
    """CannotCheck unless checkov has judged every rule about every resource of these files, and all jobs of the catalog."""
    wanted, found = Counter(_wanted(known)), Counter(_found(records, known))
    if silent := wanted - found:
        raise CannotCheck(f"checkov does not say what the rules say, {_listed(silent)}")
    if more := found - wanted:
        raise CannotCheck(f"checkov says what the rules don't say, {_listed(more)}")
    judged = {record.resource for record in records if record.check == RULES[0].id} & _declared(known)
    if len(judged) < jobs:
        raise CannotCheck(f"checkov has judged {len(judged)} jobs of the catalog, which declares {jobs}")


def _wanted(known: Mapping[Path, Estate]) -> Iterable[Key]:
    for path, estate in known.items():
        for verdict in judge_all(RULES, estate):
            yield path, verdict.rule.id, named(verdict.resource, estate), verdict.outcome


def _found(records: Iterable[Record], known: Mapping[Path, Estate]) -> Iterable[Key]:
    for record in records:
        if record.ours and record.path in known:
            yield record.path, record.check, record.resource, record.outcome


def named(resource: Resource, estate: Estate) -> str:
    """As checkov names it."""
    if estate.origin is Origin.PLAN:
        return "google.default" if resource.kind == STACK else resource.address
    return f"provider.{resource.name}" if resource.kind == STACK else f"resource.{resource.name}"


def _declared(known: Mapping[Path, Estate]) -> set[str]:
    """The jobs that stand for one of the catalog: they say which service they call. Interlock's own timers don't."""
    return {
        named(resource, estate)
        for estate in known.values()
        for resource in estate.resources.values()
        if resource.kind == JOB and "service" in resource.facts
    }


def _listed(keys: Counter[Key]) -> str:
    first = [
        f"  {path.parent.name}/{path.name}: {check}: {name}: {outcome}" for path, check, name, outcome in list(keys)[:SHOWN]
    ]
    return f"{keys.total()} times; use the checkov of requirements/policy.txt:\n" + "\n".join(first)

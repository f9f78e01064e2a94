"""Why a scope would no longer hold a job that is still there: the chain that held it, and which link of it is gone. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from interlock.access import WRITES
from interlock.catalog import Catalog
from interlock.graph import Chain, Reason, chains, members, scopes


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A job that leaves a scope, by its name in the new catalog, and why. `is_said` when the change itself says so: the job is
    kept, with a reason, or another scope of the kind that is new holds it."""

    job: str
    why: str
    is_said: bool = False


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Both catalogs, and the jobs that have another name in the second."""

    before: Catalog
    after: Catalog
    renamed: Mapping[str, str]

    def old(self, job: str) -> str:
        """What a job of the second catalog was called in the first."""
        return next((old for old, new in self.renamed.items() if new == job), job)


def loss(scope: str, job: str, sides: Sides) -> Loss:
    """Why `scope`, which held `job` before, holds it no longer."""
    kind, _, name = scope.partition("/")
    if kind in ("backfill", "window") and (heir := _heir(kind, job, sides)) and scope not in scopes(sides.after):
        return Loss(job=job, why=f"{heir} holds it now", is_said=True)
    if kind == "backfill":
        return _of_backfill(name, job, sides)
    if kind == "window":
        return _of_window(name, job, sides)
    if kind == "service":
        return Loss(job=job, why=f"it calls {sides.after.jobs[job].target.service.name} now")
    if kind == "platform":
        return Loss(job=job, why=f"it is of the platform {sides.after.jobs[job].platform} now")
    ways = [chain for chain in chains(sides.before)[sides.old(job)] if chain.table == name and chain.access & WRITES]
    return Loss(job=job, why=_broken_link(job, min(ways, key=_length), sides) or f"it no longer writes {name}")


def _heir(kind: str, job: str, sides: Sides) -> str | None:
    """A scope of the kind that is new and holds the job."""
    known = scopes(sides.before)
    new = (scope for scope, jobs in scopes(sides.after).items() if scope not in known and job in jobs)
    return next((scope for scope in new if scope.startswith(f"{kind}/")), None)


def _of_backfill(name: str, job: str, sides: Sides) -> Loss:
    before, after = sides.before.backfills[name], sides.after.backfills.get(name)
    if after is None:
        return Loss(job=job, why="the backfill is gone")
    if kept := next((keep.reason for keep in after.keep if keep.job == job), None):
        return Loss(job=job, why=f"kept: {kept}", is_said=True)
    reasons = members(sides.before, before)[0][sides.old(job)]
    reason = min(reasons, key=lambda one: _length(one.chain))
    return Loss(job=job, why=_broken_link(job, reason.chain, sides) or _of_reason(name, reason, sides))


def _of_reason(name: str, reason: Reason, sides: Sides) -> str:
    """What is different where the chain is still there."""
    before, after, chain = sides.before.backfills[name], sides.after.backfills[name], reason.chain
    if chain.table not in after.tables:
        return f"the backfill no longer touches {chain.table}"
    if reason.protects not in after.protect:
        return f"the backfill no longer protects its {reason.protects}"
    if after.tables[chain.table] != before.tables[chain.table]:
        return f"the backfill's own access to {chain.table} is {_kinds(after.tables[chain.table])} now"
    writer = chain.processors[-1]
    return f"{writer}'s access to {chain.table} is {_kinds(sides.after.processors[writer].tables[chain.table])} now"


def _of_window(name: str, job: str, sides: Sides) -> Loss:
    before, after = sides.before.windows[name], sides.after.windows.get(name)
    if after is None:
        return Loss(job=job, why="the window is gone")
    held_by = [scope for scope in before.covers if sides.old(job) in scopes(sides.before)[scope]]
    if dropped := [scope for scope in held_by if _now(scope, sides) not in after.covers]:
        return Loss(job=job, why=f"the window no longer covers {', '.join(dropped)}")
    inner = [loss(scope, job, sides) for scope in held_by]
    return Loss(job=job, why=inner[0].why, is_said=all(one.is_said for one in inner))


def _now(scope: str, sides: Sides) -> str:
    """A scope as the second catalog calls it."""
    kind, _, name = scope.partition("/")
    return f"job/{sides.renamed.get(name, name)}" if kind == "job" else scope


def _broken_link(job: str, chain: Chain, sides: Sides) -> str | None:
    """The first link of a chain that is not there any more."""
    return next(_broken_links(job, chain, sides), None)


def _broken_links(job: str, chain: Chain, sides: Sides) -> Iterator[str]:
    known, first = sides.after.processors, chain.processors[0]
    if gone := [name for name in chain.processors if name not in known]:
        yield f"there is no processor {gone[0]} any more"
        return
    if first not in sides.after.jobs[job].runs:
        yield f"it no longer runs {first}"
    for one, follower in zip(chain.processors, chain.processors[1:], strict=False):
        if one not in known[follower].after:
            yield f"{follower} is no longer after {one}"
    writer = chain.processors[-1]
    if chain.table not in known[writer].tables:
        yield f"{writer} no longer touches {chain.table}"


def _length(chain: Chain) -> int:
    return len(chain.processors)


def _kinds(kinds: frozenset[str]) -> str:
    return "+".join(sorted(kinds))

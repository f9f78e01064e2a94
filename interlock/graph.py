"""Who leads to which table: the jobs that a scope covers, each with the chain that makes it so.

A job starts processors (`runs`) or decides that another job does (`decides`), and a processor's completion message starts
others (`after`). A backfill covers every job
that leads to a processor which writes a table that it protects.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from interlock.access import WRITES, Conflict, Kind, is_real, worst
from interlock.catalog import Backfill, Catalog, Protect, once_a_catalog, whenever

APART = frozenset({"backfill", "window"})
"""Kinds of scopes that people declare; what the others hold together they ask for by name."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """How a job leads to a table: it starts the first processor, and each further one is started by a completion message."""

    job: str
    processors: tuple[str, ...]
    table: str
    access: frozenset[Kind]
    decided: bool = False
    """The job only decides that another one starts the first: without it nothing is written, and not by it."""

    @property
    def over_messages(self) -> bool:
        """Whether a completion message is part of it: pausing the job stops only the runs that the job would start."""
        return len(self.processors) > 1

    @property
    def way(self) -> str:
        """The chain without its job."""
        access = "+".join(sorted(self.access))
        first, *others = self.processors
        return " -> ".join([f"{first} (decided)" if self.decided else first, *others, f"{self.table} [{access}]"])

    def __str__(self) -> str:
        return f"{self.job} -> {self.way}"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a scope covers a job: a chain, and for a backfill what it protects there and how the two accesses conflict."""

    chain: Chain
    protects: Protect | None = None
    conflict: Conflict | None = None


@dataclass(frozen=True, kw_only=True)
class NearMiss:
    """A job that leads to a table of a backfill and is left running, with the reason."""

    chain: Chain
    why: str


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What a scope covers, and for a backfill what it does not and what pausing does not stop. By job name."""

    scope: str
    jobs: Mapping[str, tuple[Reason, ...]]
    near_misses: Mapping[str, tuple[NearMiss, ...]]
    not_stopped: tuple[str, ...]


@whenever
def _followers(catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """By processor, those that its completion message starts."""
    found: dict[str, list[str]] = {}
    for processor in catalog.processors.values():
        for before in processor.after:
            found.setdefault(before, []).append(processor.name)
    return MappingProxyType({name: tuple(started) for name, started in found.items()})


def reach(catalog: Catalog, start: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The processors that `start` leads to over completion messages, each with the shortest path of processors to it."""
    followers = _followers(catalog)
    paths: dict[str, tuple[str, ...]] = {name: (name,) for name in start}
    queue = deque(paths)
    while queue:
        name = queue.popleft()
        for follower in followers.get(name, ()):
            if follower not in paths:
                paths[follower] = (*paths[name], follower)
                queue.append(follower)
    return paths


@whenever
def chains(catalog: Catalog) -> Mapping[str, tuple[Chain, ...]]:
    """Every way in which each job leads to a table, by job: one chain for each (processor, table), the shortest. What a job
    both starts and decides of, it starts."""
    found: dict[str, tuple[Chain, ...]] = {}
    for job in catalog.jobs.values():
        started, decided = reach(catalog, job.runs), reach(catalog, job.decides)
        found[job.name] = tuple(
            Chain(job=job.name, processors=path, table=table, access=kinds, decided=name not in started)
            for name, path in {**decided, **started}.items()
            for table, kinds in catalog.processors[name].tables.items()
        )
    return MappingProxyType(found)


def _judge(backfill: Backfill, chain: Chain) -> Reason | NearMiss | None:
    """Whether a backfill needs the job of `chain` still: a reason, a near miss, or None when it has nothing to do with it."""
    own = backfill.tables.get(chain.table)
    writes = chain.access & WRITES
    if own is None or not (writes or own & WRITES):
        return None
    conflict = worst(own, chain.access)
    is_output, is_input = bool(own & WRITES) and is_real(conflict.severity), Kind.READ in own and bool(writes)
    if is_output and "outputs" in backfill.protect:
        return Reason(chain=chain, protects="outputs", conflict=conflict)
    if is_input and "inputs" in backfill.protect:
        return Reason(chain=chain, protects="inputs", conflict=conflict)
    unprotected = "outputs" if is_output else "inputs" if is_input else None
    why = f"{backfill.name} does not protect its {unprotected}; {conflict.why}" if unprotected else conflict.why
    return NearMiss(chain=chain, why=why)


@whenever
def conflicting(catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """By job, the tables that a processor which it starts itself writes with a real conflict with what a backfill does to them,
    sorted. Neither `protect` nor `keep` counts: what nobody holds meets the backfill all the more."""
    found: dict[str, set[str]] = {}
    for job, ways in chains(catalog).items():
        for chain in ways:
            writes = chain.access & WRITES
            touching = (one.tables[chain.table] for one in catalog.backfills.values() if chain.table in one.tables)
            alone = not (chain.over_messages or chain.decided)
            if alone and writes and any(is_real(worst(own, writes).severity) for own in touching):
                found.setdefault(job, set()).add(chain.table)
    return MappingProxyType({job: tuple(sorted(tables)) for job, tables in found.items()})


@whenever
def _touching(catalog: Catalog) -> Mapping[str, frozenset[str]]:
    """By table, the jobs that lead to it."""
    found: dict[str, set[str]] = {}
    for job, ways in chains(catalog).items():
        for chain in ways:
            found.setdefault(chain.table, set()).add(job)
    return MappingProxyType({table: frozenset(jobs) for table, jobs in found.items()})


Judged = Mapping[str, list[Reason | NearMiss | None]]


def _judged(catalog: Catalog, backfill: Backfill) -> Judged:
    """What each chain is to a backfill, of the jobs that lead to its tables, sorted by name; whatever it keeps."""
    touching = set[str]().union(*(_touching(catalog).get(table, ()) for table in backfill.tables))
    return {
        job: [_judge(backfill, chain) for chain in chains(catalog)[job] if chain.table in backfill.tables]
        for job in sorted(touching)
    }


@whenever
def _judged_of_own(catalog: Catalog) -> Mapping[str, Judged]:
    """The same of the backfills of the catalog, by name: they are asked for again and again."""
    return {name: _judged(catalog, backfill) for name, backfill in catalog.backfills.items()}


Members = tuple[dict[str, tuple[Reason, ...]], dict[str, tuple[NearMiss, ...]]]


def members(catalog: Catalog, backfill: Backfill) -> Members:
    """The jobs that a backfill covers, each with its reasons, and its near misses; both by name."""
    covered: dict[str, tuple[Reason, ...]] = {}
    missed: dict[str, tuple[NearMiss, ...]] = {}
    kept = {keep.job: keep.reason for keep in backfill.keep}
    own = catalog.backfills.get(backfill.name)
    is_own = own is not None and own.tables == backfill.tables and own.protect == backfill.protect
    for job, judged in (_judged_of_own(catalog)[backfill.name] if is_own else _judged(catalog, backfill)).items():
        reasons = tuple(found for found in judged if isinstance(found, Reason))
        near = tuple(found for found in judged if isinstance(found, NearMiss))
        if reasons and job in kept:
            missed[job] = tuple(NearMiss(chain=reason.chain, why=f"kept: {kept[job]}") for reason in reasons)
        elif reasons:
            covered[job] = reasons
        elif near:
            missed[job] = near
    return covered, missed


@whenever
def pairs(catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """By job, those that it runs with: what either of two says in `pair_with` counts for both."""
    found: dict[str, set[str]] = {name: set() for name in catalog.jobs}
    for job in catalog.jobs.values():
        for other in job.pair_with:
            found[job.name].add(other)
            found[other].add(job.name)
    return MappingProxyType({name: tuple(sorted(others)) for name, others in found.items()})


def left_running(catalog: Catalog, held: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The jobs of `held` that would run, each with those of its pair that are not held and go on without it."""
    found = {
        name: tuple(other for other in pairs(catalog)[name] if other not in held and catalog.jobs[other].paused is None)
        for name in sorted(held)
        if catalog.jobs[name].paused is None
    }
    return {name: others for name, others in found.items() if others}


@once_a_catalog
def held_apart(catalog: Catalog) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """By a job and one of its pair, the backfills and windows that hold the one and leave the other running. A backfill that
    keeps the other says why, so that nobody needs to hear of it."""
    found: dict[tuple[str, str], list[str]] = {}
    for scope, jobs in scopes(catalog).items():
        kind, _, name = scope.partition("/")
        kept = {keep.job for keep in catalog.backfills[name].keep} if kind == "backfill" else set()
        for job, others in left_running(catalog, frozenset(jobs)).items() if kind in APART else ():
            for other in others:
                if other not in kept:
                    found.setdefault((job, other), []).append(scope)
    return MappingProxyType({pair: tuple(several) for pair, several in found.items()})


def _backfill_coverage(catalog: Catalog, backfill: Backfill) -> Coverage:
    """What a backfill covers, its near misses, and what pausing the covered jobs does not stop."""
    covered, missed = members(catalog, backfill)
    return Coverage(
        scope=f"backfill/{backfill.name}",
        jobs=covered,
        near_misses=missed,
        not_stopped=_not_stopped(catalog, backfill),
    )


def _not_stopped(catalog: Catalog, backfill: Backfill) -> tuple[str, ...]:
    """What still starts a writer of what the backfill protects although every covered job is paused, for people."""
    led_to = {chain.processors[-1] for job_chains in chains(catalog).values() for chain in job_chains}
    lines = ["a run in flight when its job is paused, and retries that it has already started"]
    for name, processor in sorted(catalog.processors.items()):
        alone = (Chain(job="", processors=(name,), table=t, access=kinds) for t, kinds in processor.tables.items())
        if not any(isinstance(_judge(backfill, chain), Reason) for chain in alone):
            continue
        if processor.after:
            before = ", ".join(processor.after)
            lines.append(f"{name}: messages of {before} that are under way or redelivered, and automatic retries, start it")
        elif name not in led_to:
            lines.append(f"{name}: no job leads to it; what starts it is not in the catalog")
    for keep in backfill.keep:
        judged = ((chain.processors[-1], _judge(backfill, chain)) for chain in chains(catalog)[keep.job])
        if writers := sorted({writer for writer, found in judged if isinstance(found, Reason)}):
            lines.append(f"{', '.join(writers)}: {keep.job} keeps running ({keep.reason})")
    return tuple(lines)


def coverage(catalog: Catalog, scope: str) -> Coverage:
    """What `scope` covers and why. KeyError for a scope that the catalog does not know.

    `table/<t>` covers the jobs that lead to a writer of t; `service/<s>` those that call s; the others say it in their name.
    """
    kind, _, name = scope.partition("/")
    if kind == "backfill":
        return _backfill_coverage(catalog, catalog.backfills[name])
    return Coverage(scope=scope, jobs=_plain_coverage(catalog, scope), near_misses={}, not_stopped=())


def _plain_coverage(catalog: Catalog, scope: str) -> dict[str, tuple[Reason, ...]]:
    if scope.startswith("table/"):
        table = scope.removeprefix("table/")
        if table not in catalog.tables:
            raise KeyError(scope)
        writers = {
            job: tuple(Reason(chain=c) for c in job_chains if c.table == table and c.access & WRITES)
            for job, job_chains in sorted(chains(catalog).items())
        }
        return {job: reasons for job, reasons in writers.items() if reasons}
    return dict.fromkeys(scopes(catalog)[scope], ())


def protected(backfill: Backfill) -> tuple[str, ...]:
    """The tables whose writers a backfill wants still, sorted: what it writes, and what it reads, as it protects them.

    No kind of access is asked: whoever writes one of them without a job, and asks before, waits. Every table over which a
    job is covered is one of them.
    """
    return tuple(
        sorted(
            table
            for table, kinds in backfill.tables.items()
            if ("outputs" in backfill.protect and kinds & WRITES) or ("inputs" in backfill.protect and Kind.READ in kinds)
        )
    )


@once_a_catalog
def held_tables(catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """The tables whose writers each scope keeps still, both sorted; without the scopes that are only about jobs."""
    tables = {f"table/{table}": {table} for table in catalog.tables}
    tables |= {f"backfill/{name}": set(protected(backfill)) for name, backfill in catalog.backfills.items()}
    tables["all"] = set(catalog.tables)
    for window in catalog.windows.values():
        tables[f"window/{window.name}"] = set().union(*(tables.get(scope, ()) for scope in window.covers))
    return MappingProxyType({scope: tuple(sorted(found)) for scope, found in sorted(tables.items()) if found})


@once_a_catalog
def scopes(catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """Every scope that the catalog knows, with the names of the jobs that it covers, both sorted."""
    covered: dict[str, set[str]] = {"all": set(catalog.jobs)}
    covered |= {f"table/{table}": set() for table in catalog.tables}
    covered |= {f"service/{service}": set() for service in catalog.services}
    covered |= {f"platform/{platform}": set() for platform in catalog.platforms}
    for job in catalog.jobs.values():
        covered[f"job/{job.name}"] = {job.name}
        covered[f"service/{job.target.service.name}"].add(job.name)
        covered[f"platform/{job.platform}"].add(job.name)
        for chain in chains(catalog)[job.name]:
            if chain.access & WRITES:
                covered[f"table/{chain.table}"].add(job.name)
    for season in catalog.closing_seasons.values():
        covered[season.scope] = {job.name for job in catalog.jobs.values() if job.closed_by == season}
    for backfill in catalog.backfills.values():
        covered[f"backfill/{backfill.name}"] = set(members(catalog, backfill)[0])
    for window in catalog.windows.values():
        covered[f"window/{window.name}"] = set().union(*(covered[scope] for scope in window.covers))
    return MappingProxyType({scope: tuple(sorted(jobs)) for scope, jobs in sorted(covered.items())})

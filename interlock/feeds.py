"""Which jobs produce what other jobs consume."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from interlock.access import WRITES, Kind
from interlock.catalog import Catalog, whenever
from interlock.graph import chains

Node: TypeAlias = "tuple[Literal['job', 'table'], str]"


@dataclass(frozen=True, kw_only=True)
class Feeds:
    """Who writes and who reads each table, and which jobs feed each other.

    A job produces a table when it leads to a writer of it, and not when it only decides of one; it consumes one when a
    processor which it starts itself reads it: processors further down a chain wait for their messages, not for us.
    """

    producers: Mapping[str, tuple[str, ...]]
    """By table, sorted."""
    consumers: Mapping[str, tuple[str, ...]]
    """By table, sorted."""
    circle: Mapping[str, int]
    """By job; jobs of one number feed each other, over any number of steps, so that none of them comes first."""

    def feeds(self, producer: str, consumer: str) -> bool:
        """Whether the consumer should wait for the producer, given that the one writes what the other reads."""
        return self.circle[producer] != self.circle[consumer]


@whenever
def feeds(catalog: Catalog) -> Feeds:
    """Who feeds whom."""
    producers: dict[str, set[str]] = {}
    consumers: dict[str, set[str]] = {}
    for job in sorted(catalog.jobs):
        for chain in chains(catalog)[job]:
            if chain.access & WRITES and not chain.decided:
                producers.setdefault(chain.table, set()).add(job)
        for name in catalog.jobs[job].runs:
            for table, kinds in catalog.processors[name].tables.items():
                if Kind.READ in kinds:
                    consumers.setdefault(table, set()).add(job)
    return Feeds(
        producers=_sorted(producers),
        consumers=_sorted(consumers),
        circle=MappingProxyType(_circles(catalog.jobs, producers, consumers)),
    )


def _sorted(several: Mapping[str, set[str]]) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({name: tuple(sorted(jobs)) for name, jobs in sorted(several.items())})


@whenever
def waits_for(catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """For each job the jobs that produce what it consumes, sorted; of jobs that feed each other none waits for the other."""
    found = feeds(catalog)
    waits: dict[str, set[str]] = {job: set() for job in sorted(catalog.jobs)}
    for table, consumers in found.consumers.items():
        for consumer in consumers:
            waits[consumer].update(p for p in found.producers.get(table, ()) if found.feeds(p, consumer))
    return _sorted(waits)


def _circles(
    jobs: Iterable[str], producers: Mapping[str, Iterable[str]], consumers: Mapping[str, Iterable[str]]
) -> dict[str, int]:
    """The strongly connected components of jobs and tables (Kosaraju): from a job to what it writes, from a table to who
    reads it. Over the tables the work grows with what is written and read, not with the pairs of jobs."""
    ahead: dict[Node, list[Node]] = {("job", job): [] for job in jobs}
    back: dict[Node, list[Node]] = {}
    for table, writers in producers.items():
        for job in writers:
            ahead["job", job].append(("table", table))
            back.setdefault(("table", table), []).append(("job", job))
    for table, readers in consumers.items():
        for job in readers:
            ahead.setdefault(("table", table), []).append(("job", job))
            back.setdefault(("job", job), []).append(("table", table))
    seen: set[Node] = set()
    finished = [node for start in list(ahead) for node in _reached(start, ahead, seen)]
    circle: dict[Node, int] = {}
    seen = set()
    for start in reversed(finished):
        circle |= dict.fromkeys(_reached(start, back, seen), len(circle))
    return {job: circle["job", job] for job in jobs}


def _reached(start: Node, ahead: Mapping[Node, list[Node]], seen: set[Node]) -> list[Node]:
    """What can be reached from `start` and is not in `seen`, which it then is: each after all that is reached through it."""
    if start in seen:
        return []
    seen.add(start)
    finished: list[Node] = []
    path = [(start, iter(ahead.get(start, ())))]
    while path:
        node, others = path[-1]
        for other in others:
            if other not in seen:
                seen.add(other)
                path.append((other, iter(ahead.get(other, ()))))
                break
        else:
            finished.append(node)
            path.pop()
    return finished

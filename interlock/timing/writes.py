"""How the jobs of a catalog write its tables, as far as time goes: how long after a start, and for how long. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from interlock.access import WRITES, Kind, WorstPair, is_real, worst_pair
from interlock.catalog import Catalog
from interlock.dates import NamedDay, named_day
from interlock.graph import Chain, chains

DEFAULT_EXPECT = timedelta(minutes=1)
"""Of a processor of which nobody said how long it takes."""
MAX_LOOKBACK = timedelta(days=7)
"""A write that is expected to begin or to last longer counts as if for so long: what began earlier is not looked for."""


@dataclass(frozen=True, kw_only=True)
class Use:
    """A write of a table by a job: so long after the job's start it begins, so long it is expected to last."""

    after: timedelta
    lasts: timedelta
    kinds: frozenset[Kind]
    day: NamedDay | None = None
    """The day that it changes; None for any."""

    @property
    def end(self) -> timedelta:
        """When it is expected to be done, after the job's start."""
        return self.after + self.lasts


Uses = dict[Use, int]
"""How often a start brings each about, at once."""


def writes(catalog: Catalog, jobs: Collection[str]) -> dict[str, dict[str, Uses]]:
    """By table and job. What a job only decides of, another one writes."""
    found: dict[str, dict[str, Uses]] = {}
    for job in jobs:
        for chain in chains(catalog)[job]:
            if chain.access & WRITES and not chain.decided:
                uses, use = found.setdefault(chain.table, {}).setdefault(job, {}), _use(catalog, chain)
                uses[use] = uses.get(use, 0) + max(catalog.processors[name].burst for name in chain.processors)
    return found


def _use(catalog: Catalog, chain: Chain) -> Use:
    *before, last = (catalog.processors[name].expect or DEFAULT_EXPECT for name in chain.processors)
    partition = catalog.processors[chain.processors[-1]].partitions.get(chain.table)
    return Use(
        after=min(sum(before, timedelta(0)), MAX_LOOKBACK),
        lasts=min(last, MAX_LOOKBACK),
        kinds=chain.access & WRITES,
        day=named_day(partition, catalog.jobs[chain.job].target.body),
    )


def conflict_of(mine: Use, theirs: Use) -> WorstPair | None:
    """The worst real conflict of two writes of a table at once, or None."""
    return _conflict(mine.kinds, theirs.kinds)


@lru_cache(1024)
def _conflict(a: frozenset[Kind], b: frozenset[Kind]) -> WorstPair | None:
    pair = worst_pair(a, b)
    return pair if pair is not None and is_real(pair.conflict.severity) else None

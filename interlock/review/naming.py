"""What a review calls things of which two platforms have one of a name: the same on both sides. Pure.

A catalog calls such a thing by its platform, too. When a platform comes whose names others have already, theirs would read as
if they had changed, and nothing of them has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from interlock.catalog import Catalog, Processor, RetryProfile


def named_alike(before: Catalog, after: Catalog) -> tuple[Catalog, Catalog]:
    """Both catalogs, with the platform before each name that either has it before."""
    shared = {
        _bare(name) for catalog in (before, after) for name in (*catalog.processors, *catalog.retry_profiles) if "/" in name
    }
    return (_named(before, shared), _named(after, shared)) if shared else (before, after)


def _named(catalog: Catalog, shared: set[str]) -> Catalog:
    processors, profiles = _names(catalog.processors, shared), _names(catalog.retry_profiles, shared)
    if all(name == key for names in (processors, profiles) for key, name in names.items()):
        return catalog

    def each(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(processors[name] for name in names)

    retries = {key: replace(one, name=profiles[key]) for key, one in catalog.retry_profiles.items()}
    return replace(
        catalog,
        processors={
            processors[key]: replace(one, name=processors[key], after=each(one.after))
            for key, one in catalog.processors.items()
        },
        jobs={
            name: replace(job, runs=each(job.runs), decides=each(job.decides), retry=job.retry and retries[job.retry.name])
            for name, job in catalog.jobs.items()
        },
        retry_profiles={one.name: one for one in retries.values()},
    )


def _names(things: Mapping[str, Processor] | Mapping[str, RetryProfile], shared: set[str]) -> dict[str, str]:
    """What each is called, by what it was."""
    return {key: f"{one.platform}/{_bare(key)}" if _bare(key) in shared else key for key, one in things.items()}


def _bare(name: str) -> str:
    return name.rpartition("/")[2]

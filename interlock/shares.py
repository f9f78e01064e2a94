"""Which stack has which part of a catalog: all of it one, `schedules`, or each platform its own, `schedules-<platform>`.

One platform can then be planned, toggled and approved alone, and a plan reads its jobs only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from interlock.catalog import Catalog, Job, once_a_catalog

SCHEDULES = "schedules"
"""The stack of the jobs, where there is one."""
BETWEEN = "-"


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one stack has of a catalog."""

    stack: str
    platform: str | None
    """Whose jobs they are; None for all of the catalog."""
    homes: frozenset[str]
    """The platforms whose backfills, windows and services are declared with it."""
    jobs: frozenset[str]
    """By their names in the catalog."""
    alone: bool
    """Whether there is no other."""


def is_schedules(stack: str) -> bool:
    """Whether a stack of this name has jobs of the catalog."""
    return stack == SCHEDULES or stack.startswith(SCHEDULES + BETWEEN)


@once_a_catalog
def shares(catalog: Catalog) -> tuple[Share, ...]:
    """The parts of a catalog, by stack: one each for several platforms with jobs, and for each folder beside them that declares
    a backfill or a window. So nothing that is on changes its stack when another platform comes or goes.

    What has neither is about others' jobs only, such as their services, and goes with the first."""
    by_platform: dict[str, list[Job]] = {}
    for job in catalog.jobs.values():
        by_platform.setdefault(job.platform, []).append(job)
    if len(by_platform) < 2:
        return (Share(stack=SCHEDULES, platform=None, homes=catalog.platforms, jobs=frozenset(catalog.jobs), alone=True),)
    declaring = {one.platform for one in catalog.backfills.values()} | {one.platform for one in catalog.windows.values()}
    stacks = sorted(by_platform.keys() | declaring)
    return tuple(
        Share(
            stack=SCHEDULES + BETWEEN + platform,
            platform=platform,
            homes=frozenset({platform, *(catalog.platforms.difference(stacks) if platform == stacks[0] else ())}),
            jobs=frozenset(job.name for job in by_platform.get(platform, ())),
            alone=False,
        )
        for platform in stacks
    )


def stacks_with(catalog: Catalog, backfills: Sequence[str], covered: frozenset[str]) -> list[str]:
    """The stacks that a toggle of these backfills is about: first those that write their flags, so that a flag is there before
    the first job of another platform pauses, then those that have jobs which it covers."""
    platforms = {catalog.backfills[name].platform for name in backfills}
    writing = [share.stack for share in shares(catalog) if share.homes & platforms]
    return [*writing, *(share.stack for share in shares(catalog) if share.jobs & covered and share.stack not in writing)]

"""A catalog -> what people are told of it where it is not at hand (`interlock/about.py`). Pure, and without a clock.

Which jobs collide rests on when they start, and whoever reads it later knows that: so it is said by how far apart their starts
are. Those distances are read off some weeks of a fixed year. So what collides on few days of the year only may be missing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from interlock.about import KINDS, About, AboutJob, Meeting
from interlock.access import WRITES, Severity
from interlock.catalog import Catalog, Job, once_a_catalog
from interlock.graph import chains
from interlock.timing.collisions import Collision, CollisionKind, CollisionSearch
from interlock.timing.fires import Fires
from interlock.timing.minutes import MINUTE, Span
from interlock.timing.timeline import group
from interlock.timing.words import in_words

SPANS = tuple(
    Span(start=datetime.fromisoformat(f"2026-{start}T00:00Z"), end=datetime.fromisoformat(f"2026-{end}T00:00Z"))
    for start, end in (("01-01", "02-01"), ("03-01", "04-01"), ("07-01", "07-15"), ("10-21", "11-08"))
)
"""Of a fixed year: a month in winter, weeks in summer, and the weeks in which America and Europe change their clocks."""
PAIRED = tuple(CollisionKind(kind) for kind in KINDS)
"""What two jobs collide in by how far apart they start; a crowd at one service is seen in the starts themselves."""
SAMPLED = 50
"""Times of one collision that are looked at, spread over all of them."""


def about(catalog: Catalog, environment: str = "") -> About:
    """What people are told of `catalog` in that environment: the same for the same catalog."""
    jobs, meetings = _known(catalog)
    return About(environment=environment, jobs=jobs, meetings=meetings)


@once_a_catalog
def _known(catalog: Catalog) -> tuple[Mapping[str, AboutJob], tuple[Meeting, ...]]:
    met = list(_met(catalog))
    alone = {one.jobs[0]: one.why for one, _ in met if len(one.jobs) == 1}
    jobs = {name: _job(catalog, job, alone.get(name, "")) for name, job in sorted(catalog.jobs.items())}
    return jobs, tuple(_meetings(met))


def _job(catalog: Catalog, job: Job, itself: str) -> AboutJob:
    pause, found = job.paused, chains(catalog)[job.name]
    return AboutJob(
        description=job.description,
        words=in_words(job.schedule),
        platform=job.platform,
        part=group(job),
        chains=tuple(sorted({chain.way for chain in found if chain.access & WRITES})),
        paused=f"{pause.reason} ({pause.owner}, to be looked at on {pause.review})" if pause else "",
        itself=itself,
    )


def _met(catalog: Catalog) -> Iterator[tuple[Collision, set[int]]]:
    """Each collision over a table with the distances, in minutes, at which its two jobs start when it begins."""
    search = CollisionSearch(catalog)
    for span in SPANS:
        known = Fires(Span(start=span.start - search.lookback, end=span.end))
        starts: dict[str, Sequence[int]] = {}
        for found in search.over(span, known):
            if found.kind not in PAIRED or len(found.jobs) > 2:
                continue
            for job in found.jobs:
                if job not in starts:
                    starts[job] = [*known.of(catalog.jobs[job]).places()]
            yield found, set(_distances([starts[job] for job in found.jobs], found, known.span))


def _distances(starts: Sequence[Sequence[int]], found: Collision, span: Span) -> Iterator[int]:
    if len(starts) < 2:
        return
    first, second = starts
    earlier = (found.times.span.start - span.start) // MINUTE
    for time in islice(found.times.places(), 0, None, -(-len(found.times) // SAMPLED) or 1):
        place = time + earlier
        one, other = bisect_right(first, place), bisect_right(second, place)
        if one and other:
            yield second[other - 1] - first[one - 1]


def _meetings(met: Iterable[tuple[Collision, set[int]]]) -> Iterator[Meeting]:
    together: dict[tuple[CollisionKind, tuple[str, ...]], list[tuple[Collision, set[int]]]] = {}
    for found, distances in met:
        if len(found.jobs) > 1 and distances:
            together.setdefault((found.kind, found.jobs), []).append((found, distances))
    for (kind, jobs), same in sorted(together.items(), key=lambda one: (PAIRED.index(one[0][0]), one[0][1])):
        worst = max((found for found, _ in same), key=lambda found: found.severity or Severity.NONE)
        apart = {distance for _, distances in same for distance in distances}
        yield Meeting(
            kind=kind.value,
            jobs=(jobs[0], jobs[1]),
            subjects=tuple(sorted({found.subject for found, _ in same})),
            why=worst.why,
            least=min(apart),
            most=max(apart),
        )

"""A catalog -> what people are told of it where it is not at hand (`interlock/about.py`). Pure, and without a clock.

Which jobs collide rests on when they start, and whoever reads it later knows that: so it is said by how far apart their starts
are (`meetings.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from interlock.about import KINDS, About, AboutJob, Meeting
from interlock.access import WRITES
from interlock.catalog import Catalog, Job, once_a_catalog
from interlock.graph import chains
from interlock.timing.collisions import CollisionSearch
from interlock.timing.meetings import Met, meetings, meets_itself
from interlock.timing.minutes import Span
from interlock.timing.timeline import group
from interlock.timing.words import in_words

SPANS = tuple(
    Span(start=datetime.fromisoformat(f"2026-{start}T00:00Z"), end=datetime.fromisoformat(f"2026-{end}T00:00Z"))
    for start, end in (("01-01", "02-01"), ("03-01", "04-01"), ("07-01", "07-15"), ("10-21", "11-08"))
)
"""Of a fixed year: a month in winter, weeks in summer, and the weeks in which America and Europe change their clocks. Who
collides with its own runs is looked for in these: one that does on few days of the year only may be missed."""


def about(catalog: Catalog, environment: str = "") -> About:
    """What people are told of `catalog` in that environment: the same for the same catalog."""
    jobs, meetings = _known(catalog)
    return About(environment=environment, jobs=jobs, meetings=meetings)


@once_a_catalog
def _known(catalog: Catalog) -> tuple[Mapping[str, AboutJob], tuple[Meeting, ...]]:
    search = CollisionSearch(catalog)
    alone = _alone(search)
    jobs = {name: _job(catalog, job, alone.get(name, "")) for name, job in sorted(catalog.jobs.items())}
    return jobs, tuple(_meetings(meetings(search)))


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


def _alone(search: CollisionSearch) -> dict[str, str]:
    """Why jobs collide with their own runs, over the last of the tables."""
    found = {}
    for table, users in sorted(search.uses.items()):
        for name in users:
            if meets_itself(search, table, name):
                for span in SPANS:
                    if one := search.alone(name, table, span):
                        found[name] = one.why
    return found


def _meetings(met: Iterable[Met]) -> Iterator[Meeting]:
    """What is about the same jobs as one, as far as the distances are one piece."""
    together: dict[tuple[int, tuple[str, str]], list[Met]] = {}
    for one in met:
        together.setdefault((KINDS.index(one.kind.value), one.jobs), []).append(one)
    for (kind, jobs), same in sorted(together.items()):
        for piece in _pieces(same):
            yield Meeting(
                kind=KINDS[kind],
                jobs=jobs,
                subjects=tuple(sorted({one.subject for one in piece})),
                why=max(sorted(piece, key=lambda one: one.subject), key=lambda one: one.severity).why,
                least=piece[0].apart.least,
                most=max(one.apart.most for one in piece),
            )


def _pieces(met: Iterable[Met]) -> Iterator[list[Met]]:
    piece: list[Met] = []
    for one in sorted(met, key=lambda one: (one.apart.least, one.subject)):
        if piece and one.apart.least > max(known.apart.most for known in piece) + 1:
            yield piece
            piece = []
        piece.append(one)
    yield piece

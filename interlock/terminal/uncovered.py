"""Says which days no run will cover, of jobs whose body names a date relative to the day, and how to run them by hand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from interlock.catalog import Catalog
from interlock.dates import rerun_command
from interlock.reading.files import load_catalog
from interlock.reading.problems import SourceError
from interlock.runtime.catchup import uncovered_days
from interlock.seasons import fires_between
from interlock.terminal.site import Site
from interlock.terminal.tables import say, say_command


def print_uncovered(site: Site, jobs: Iterable[str], root: Path) -> None:
    """A line for each day of each job that was held over it; with the command, as far as the catalog in `root` tells."""
    catalog: Catalog | None = None
    for name in jobs:
        job, held = site.declaration.jobs[name], site.reader.held_since(site.objects, name)
        if held is None or job.paused or not job.relative_dates or held.since >= site.now:
            continue
        if not job.schedule.is_known:
            say(f"{name}: nobody knows which of its days no run will cover: {job.schedule.unknown}")
            continue
        days = uncovered_days(job, fires_between(job, held.since, site.now), site.now)
        if days and catalog is None:
            catalog = _catalog(root)
        for day in days:
            known = catalog.jobs.get(name) if catalog else None
            command = rerun_command(known, site.environment, day) if known else None
            say(f"{name}: no run will cover its day {day}{'; to run it by hand:' if command else ''}")
            if command:
                say_command(command)


def _catalog(root: Path) -> Catalog | None:
    """The catalog, or None: what it lacks must not keep anybody from ending a hold."""
    try:
        return load_catalog(root)
    except SourceError:
        return None

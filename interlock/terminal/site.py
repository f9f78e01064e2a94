"""What is declared and held somewhere, read for a command by the coordinator's own reader, so that both say the same."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from interlock.declaration import Declaration, DeclaredJob
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.clock import clock
from interlock.gcp.coordinator import wake
from interlock.gcp.ports import GoogleBucket, GoogleScheduler
from interlock.holding import Holding
from interlock.holds import Hold, format_end, until
from interlock.names import MAX_TEXT, count, plain
from interlock.runtime.declaration_file import DeclarationError
from interlock.runtime.outside import Outside
from interlock.runtime.ports import NoBucket, Refused, Unknown
from interlock.runtime.report import Record
from interlock.runtime.snapshot import Objects, Reader
from interlock.terminal.common import Place
from interlock.terminal.ends import clock_of_readers
from interlock.terminal.printed import make
from interlock.timing.effect import fires
from interlock.windows import has_objects

PATIENCE = timedelta(seconds=15)
"""How long a read is tried again: the coordinator's time is too long for who waits at a terminal."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """What is declared and held, as the coordinator sees it."""

    environment: Environment
    reader: Reader
    declaration: Declaration
    objects: Objects

    @property
    def now(self) -> datetime:
        """From before the objects were listed."""
        return self.objects.now

    @cached_property
    def clock(self) -> ZoneInfo:
        """The zone in which ends are said."""
        return clock_of_readers(self.declaration.jobs.values())

    def say_end(self, end: datetime) -> str:
        """An end for people."""
        return format_end(end, self.clock, self.now)

    @cached_property
    def holding(self) -> Holding:
        """What holds which of the declared jobs."""
        return self.objects.holding_by(self.declaration)

    @property
    def runtime_holds(self) -> list[Hold]:
        """The active holds that somebody may end, windows that are open among them: no flag makes them, and no season."""
        return [hold for hold in self.holding.active if not hold.is_flag and has_objects(hold.scope)]

    def covered(self, hold: Hold) -> list[DeclaredJob]:
        """The declared jobs that `hold` covers, by name."""
        jobs = self.declaration.jobs
        return [jobs[name] for name in sorted(self.holding.covered(hold)) if name in jobs]

    def missed_so_far(self, job: DeclaredJob) -> int:
        """The runs of `job` since it was first seen held, whoever held it; one that is declared paused misses none."""
        held = None if job.paused else self.reader.held_since(self.objects, job.name)
        return fires(job, held.since, self.now) if held else 0


def said_ahead(site: Site, hold: Hold) -> str:
    """What is planned, for people."""
    start = site.say_end(hold.start) if hold.start else "an unknown time"
    who, why = plain(hold.said_by or "unknown", MAX_TEXT), plain(hold.reason or "no reason is known", MAX_TEXT)
    jobs = count(len(site.covered(hold)), "job")
    return f"{hold.scope} {hold.id}, planned by {who} from {start} on, {until(hold, site.clock, site.now)}: {why}; {jobs}"


def see(env_name: str, *, to_ask: bool = False) -> Site:
    """Looks, and says where. CloudError when it can't be seen. `to_ask` wakes the coordinator, which will be asked."""
    environment = Place(env_name).cloud
    if to_ask:
        wake()
    return look(environment)


def look(environment: Environment) -> Site:
    """The same, where it has been said already."""
    with asking(environment):
        reader = reader_of(environment)
        declaration, _ = reader.declaration()
        return Site(environment=environment, reader=reader, declaration=declaration, objects=reader.objects())


def reader_of(environment: Environment) -> Reader:
    """What reads the environment's bucket and Cloud Scheduler. To be used while `asking`."""
    return Reader(
        Outside(
            bucket=GoogleBucket(environment.project, environment.bucket),
            scheduler=GoogleScheduler(environment.project),
            clock=clock,
            log=_quiet,
            sleep=time.sleep,
            jitter=random.random,
            patience=PATIENCE,
        )
    )


@contextmanager
def asking(environment: Environment) -> Iterator[None]:
    """Turns what the bucket and Cloud Scheduler answer into one line for people."""
    try:
        yield
    except DeclarationError as error:
        raise CloudError(f"gs://{environment.bucket}: {error}") from error
    except NoBucket as error:
        raise CloudError(
            f"there is no bucket {environment.bucket}; deploy the coordination stack first: {make('deploy')}"
        ) from error
    except Refused as error:
        raise CloudError(f"project {environment.project} refuses: {error}") from error
    except Unknown as error:
        raise CloudError(f"project {environment.project} does not answer: {error}") from error


def _quiet(record: Record) -> None:
    """The report has them all."""
    del record

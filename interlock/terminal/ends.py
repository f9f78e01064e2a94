"""When something ends, as people type it: one grammar for `hold`, `extend`, `backfill on` and make."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import click

from interlock.cron import ZoneError, zone
from interlock.holds import UTC_NAMES
from interlock.timing.until import parse_duration, parse_end

F = TypeVar("F", bound=Callable[..., object])
LOCALTIME = Path("/etc/localtime")


def end_options(command: F) -> F:
    """--for, --until."""
    command = click.option("--until", metavar="END", help="Its end: 2h from now, 23:00, 2026-11-24 07:00, or RFC 3339.")(
        command
    )
    return click.option("--for", "duration", metavar="DURATION", help="Its end, from now: 45m, 2h, 1h30m or 4d.")(command)


def typed_end(duration: str | None, until: str | None, now: datetime) -> datetime:
    """The end that --for or --until states; a usage error unless it is one of them."""
    if (end := perhaps_typed_end(duration, until, now)) is None:
        raise click.UsageError("say how long: --for 2h, or --until 23:00")
    return end


def perhaps_typed_end(duration: str | None, until: str | None, now: datetime) -> datetime | None:
    """The same, where neither need be said."""
    if duration and until:
        raise click.UsageError("--for and --until are two ends; say one: --for 2h, or --until 23:00")
    try:
        if duration:
            return (now + parse_duration(duration)).replace(microsecond=0)
        return parse_end(until, now, own_zone()) if until else None
    except (ValueError, OverflowError) as error:
        raise click.UsageError(str(error)) from None


def own_zone() -> ZoneInfo:
    """The time zone of who types: TZ, else this machine's, else UTC."""
    named = os.environ.get("TZ", "").removeprefix(":")
    linked = str(LOCALTIME.resolve()).partition("/zoneinfo/")[2]
    for name in (named, linked):
        try:
            return zone(name)
        except ZoneError:
            continue
    return zone("Etc/UTC")


class HasZone(Protocol):
    """A job, of the catalog or of the declaration."""

    @property
    def time_zone(self) -> str:
        """In which it fires."""


def clock_of_readers(jobs: Iterable[HasZone]) -> ZoneInfo:
    """Whose clock every command shows beside UTC: the own zone, or that of most jobs for who works in UTC. `jobs` are all that
    there are, so that an end reads the same wherever it is said."""
    own = own_zone()
    known = Counter(job.time_zone for job in jobs)
    return own if own.key not in UTC_NAMES or not known else zone(min(known, key=lambda name: (-known[name], name)))

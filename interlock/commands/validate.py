"""`interlock validate`: is the catalog well formed, and does it keep the rules?"""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
from click.core import ParameterSource

from interlock.baseline import BASELINE_FILE, identity, text_of
from interlock.catalog import Accepted, Catalog, Json
from interlock.findings import Finding
from interlock.names import count
from interlock.reading.files import from_here, load_catalog
from interlock.terminal.common import Format, catalog_option, checked_owner, format_option, print_json, say_offline
from interlock.terminal.tables import grouped, say, say_command, say_folded, whole
from interlock.terminal.written import write
from interlock.timing.zone_record import recorded
from interlock.zone_record import ANEW as RECORD_ANEW
from interlock.zone_record import RECORD_FILE
from interlock.zone_record import text_of as text_of_record
from policies.baseline import ANEW, renewal
from policies.from_catalog import Judged, judged

DAYS = 90
"""For so long a finding is old, unless somebody says otherwise."""
MAX_DAYS = 365


@click.command()
@click.option("--baseline", is_flag=True, help="Accept what is found today until a day: writes baseline.yaml of each platform.")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="With --baseline: the last day of what is new."
)
@click.option(
    "--days", type=click.IntRange(1, MAX_DAYS), help=f"With --baseline: the same, counted from today. Default: {DAYS}."
)
@click.option(
    "--clocks",
    is_flag=True,
    help=f"Record what the clocks do, by which a review sees new zone data: writes {RECORD_FILE}.",
)
@click.option("--owner", help="With --baseline: who answers for what is new. Default: the owner of the job.")
@catalog_option
@format_option
@click.pass_context
def command(
    ctx: click.Context,
    baseline: bool,
    clocks: bool,
    until: datetime | None,
    days: int | None,
    owner: str | None,
    root: Path,
    style: Format,
) -> None:
    """Check the catalog: everything wrong in it, with file and line.

    Exit code 2: a file is wrong (all problems are listed). Exit code 1: a rule is broken, and that is neither waived nor old.
    """
    today = _today()
    if not baseline and (until or days or owner is not None):
        raise click.UsageError("--until, --days and --owner are about what --baseline accepts; add --baseline")
    end = _end(until, days, today)
    catalog = say_offline(root, without=RECORD_FILE if clocks else "")
    if clocks:
        catalog = _record(catalog, root, err=style == "json")
    found = judged(catalog, today)
    if baseline:
        catalog = _renew(catalog, found, root, today=today, until=end, owner=checked_owner(owner), err=style == "json")
        found = judged(catalog, today)
    if style == "json":
        print_json(_as_json(catalog, found))
    else:
        given = ctx.get_parameter_source("root") is ParameterSource.COMMANDLINE
        _print(catalog, found, root, there=f" --catalog {shlex.quote(str(root))}" if given else "")
    ctx.exit(1 if found.new else 0)


def _today() -> date:
    return datetime.now(UTC).date()


def _end(until: datetime | None, days: int | None, today: date) -> date:
    """The last day of what is accepted anew."""
    if until is None:
        return today + timedelta(days=days or DAYS)
    if days is not None:
        raise click.UsageError("--until and --days both say until when; leave one out")
    if not today <= until.date() <= today + timedelta(days=MAX_DAYS):
        latest = today + timedelta(days=MAX_DAYS)
        raise click.UsageError(f"--until {until:%Y-%m-%d} is not between today, {today}, and {latest}, the latest day")
    return until.date()


# The baseline


def _renew(catalog: Catalog, found: Judged, root: Path, *, today: date, until: date, owner: str | None, err: bool) -> Catalog:
    """Writes it anew and says what is different; returns the catalog with it."""
    anew = renewal(catalog, [*found.new, *found.old], today=today, until=until, owner=owner)
    for platform in sorted({*anew.entries, *(_platform(one) for one in catalog.baseline)}):
        path, entries = root / platform / BASELINE_FILE, anew.entries.get(platform, ())
        is_new = write(path, text_of(entries))
        held = f"accepts {_findings(entries)}" if entries else "is gone, nothing is left to accept"
        say(f"{path.as_posix()} {held}{'' if is_new else ', as before'}", err=err)
    for what, entries in {
        f"added until {until}": anew.added,
        f"had ended, renewed until {until}": anew.renewed,
        "no longer there, and taken out": anew.dropped,
    }.items():
        if entries:
            say(f"{_findings(entries)} {what}: {_by_rule(entries)}", err=err)
    if anew.refused:
        say(f"{count(len(anew.refused), 'finding')} not accepted, so mend or waive: {_by_rule(anew.refused)}", err=err)
    return load_catalog(root)


def _platform(one: Accepted) -> str:
    """In whose folder an entry stands."""
    return one.source.file.split("/")[1]


def _findings(entries: Iterable[Accepted]) -> str:
    return count(sum(one.count for one in entries), "finding")


def _by_rule(found: Sequence[Finding | Accepted]) -> str:
    """How many of which rule, most first."""
    numbers = Counter[str]()
    for one in found:
        numbers[one.rule] += one.count if isinstance(one, Accepted) else 1
    return ", ".join(
        whole(f"{rule} {number}") for rule, number in sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def _record(catalog: Catalog, root: Path, *, err: bool) -> Catalog:
    """Writes the record of the zone data anew, whatever was in the file, and says what it has; returns the catalog with it."""
    record = recorded(catalog)
    is_new = write(root / RECORD_FILE, text_of_record(record))
    about = f"{(root / RECORD_FILE).as_posix()} has {count(len(record.zones), 'zone')} by zone data {record.release}"
    say(f"{about}{'' if is_new else ', as before'}", err=err)
    return load_catalog(root)


# What is found


def _print(catalog: Catalog, found: Judged, root: Path, *, there: str) -> None:
    """The findings, new ones each, old and mended ones by number. `there` is how to name the catalog to a command."""
    for finding in found.new:
        line = str(replace(finding, source=from_here(finding.source, root)))
        say_folded(line) if sys.stdout.isatty() else say(line)  # elsewhere one line each, as grep and editors read them
    until = {identity(one): one.until for one in catalog.baseline}
    for end, old in sorted(grouped(found.old, lambda finding: until[identity(finding)]).items()):
        say_folded(f"{count(len(old), 'old finding')}, accepted until {end}: {_by_rule(old)}")
    if found.mended:
        say_folded(f"{_findings(found.mended)} mended, and still in {BASELINE_FILE}: {_by_rule(found.mended)}. To take it out:")
        say_command(f"{ANEW}{there}")
    for note in found.notes:
        say_folded(note)
    if catalog.zone_record is None and catalog.jobs:
        say(f"No {RECORD_FILE}: a review can't see what new zone data move. To write it:", err=True)
        say(f"  {RECORD_ANEW}{there}", err=True)
    paused = sum(job.paused is not None for job in catalog.jobs.values())
    undecided = sum(job.undecided is not None for job in catalog.jobs.values())
    still = [f"{number} {how}" for number, how in ((paused, "paused by declaration"), (undecided, "undecided")) if number]
    jobs = count(len(catalog.jobs), "job") + (f" ({', '.join(still)})" if still else "")
    say_folded(
        f"{jobs if catalog.jobs else f'The catalog in {root} has no jobs'}, {count(len(catalog.processors), 'processor')}, "
        f"{count(len(catalog.tables), 'table')}, {count(len(catalog.backfills), 'backfill')}: {_figures(found)}"
    )


def _figures(found: Judged) -> str:
    if not found.old:
        return count(len(found.new), "finding") if found.new else "no findings"
    return f"{count(len(found.new), 'new finding') if found.new else 'no new findings'}, {len(found.old)} old"


def _as_json(catalog: Catalog, found: Judged) -> dict[str, Json]:
    until = {identity(one): one.until.isoformat() for one in catalog.baseline}
    mended: list[Json] = [
        {"rule": one.rule, "subject": one.subject, "until": one.until.isoformat(), "source": str(one.source)}
        for one in found.mended
    ]
    return {
        "findings": [_finding(finding) for finding in found.new],
        "old": [{**_finding(finding), "until": until[identity(finding)]} for finding in found.old],
        "mended": mended,
        "notes": list[Json](found.notes),
        "jobs": [{"name": job.name, "declared_paused": job.paused is not None} for job in catalog.jobs.values()],
    }


def _finding(finding: Finding) -> dict[str, Json]:
    return {"rule": finding.rule, "subject": finding.subject, "message": finding.message, "source": str(finding.source)}

"""`interlock validate`: is the catalog well formed, and does it keep the rules?"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from interlock.names import count
from interlock.reading.files import from_here
from interlock.terminal.common import Format, catalog_option, format_option, print_json, say_offline
from interlock.terminal.tables import say, say_folded
from policies.from_catalog import findings


@click.command()
@catalog_option
@format_option
@click.pass_context
def command(ctx: click.Context, root: Path, style: Format) -> None:
    """Check the catalog: everything wrong in it, with file and line.

    Exit code 2: a file is wrong (all problems are listed). Exit code 1: a rule is broken and not waived.
    """
    catalog = say_offline(root)
    found = findings(catalog, datetime.now(UTC).date())
    paused = sorted(job.name for job in catalog.jobs.values() if job.paused)
    if style == "json":
        print_json(
            {
                "findings": [
                    {"rule": f.rule, "subject": f.subject, "message": f.message, "source": str(f.source)} for f in found
                ],
                "jobs": [{"name": job.name, "declared_paused": job.paused is not None} for job in catalog.jobs.values()],
            }
        )
    else:
        for finding in found:
            line = str(replace(finding, source=from_here(finding.source, root)))
            say_folded(line) if sys.stdout.isatty() else say(line)  # elsewhere one line each, as grep and editors read them
        jobs = f"{count(len(catalog.jobs), 'job')} ({len(paused)} paused by declaration)"
        say_folded(
            f"{jobs if catalog.jobs else f'The catalog in {root} has no jobs'}, {count(len(catalog.processors), 'processor')}, "
            f"{count(len(catalog.tables), 'table')}, {count(len(catalog.backfills), 'backfill')}: "
            f"{count(len(found), 'finding') if found else 'no findings'}"
        )
    ctx.exit(1 if found else 0)

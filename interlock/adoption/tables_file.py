"""The proposal as a file for people: sections in the catalog's own syntax, and behind each line what speaks for it. Pure.

Nothing reads the file: it is no part of a catalog until somebody has copied what is right. All names in it come from a cloud:
what stands as YAML is checked to be a name, what stands in a comment is made to be one line without anything but text.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from interlock.adoption.tables import Line, Proposal, Shared
from interlock.labels import LABEL
from interlock.names import count, plain

NAME = "tables.yaml.proposed"
"""Of the file. It doesn't end in .yaml: a catalog's folder may hold it, and nobody reads it."""
COLUMNS = 128
MAX_TEXT = 120
MOST_NAMES = 12
READ_OTHERWISE = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words that YAML 1.1 takes for something else than text."""

CANT_SEE = (
    "rows that are streamed (insertAll) or come by the Storage Write API; INFORMATION_SCHEMA.STREAMING_TIMELINE and",
    "  WRITE_API_TIMELINE name their tables, BigQueryAuditMetadata's tableDataChange in the audit log names who, too",
    "reads by the Storage Read API, and queries that were answered from the cache",
    "jobs that other projects run on these tables, and jobs older than 180 days",
    "what extract jobs read, and whether LOAD DATA appends or replaces",
    "who outside Google Cloud reads, and what goes to Cloud Storage, Firestore or Pub/Sub",
    "what did not run in the period, as in an off-season",
)
"""Of INFORMATION_SCHEMA.JOBS: https://docs.cloud.google.com/bigquery/docs/information-schema-jobs"""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was looked at, and what could not be."""

    project: str
    since: datetime
    now: datetime
    locations: tuple[str, ...]
    """Of BigQuery."""
    regions: tuple[str, ...]
    """In which services were looked for."""
    problems: tuple[str, ...]


def file_text(proposal: Proposal, asked: Asked) -> str:
    """The whole file."""
    parts = [
        _head(proposal, asked),
        _services(proposal),
        _processors(proposal),
        _runs(proposal),
        _figures(proposal),
        _shared(proposal.shared),
        _rest(proposal),
    ]
    return "\n".join("\n".join(lines) + "\n" for part in parts if (lines := list(part)))


def _head(proposal: Proposal, asked: Asked) -> Iterator[str]:
    found = f"{count(len(proposal.processors), 'processor')}, {count(sum(len(p.lines) for p in proposal.processors), 'table')}"
    yield "# A proposal to review. Nothing reads this file: copy what is right into the catalog, then delete it."
    yield f"# From BigQuery's INFORMATION_SCHEMA.JOBS of {plain(asked.project, MAX_TEXT)}, {_places(asked.locations)},"
    yield f"# {_minute(asked.since)} to {_minute(asked.now)}: {found}."
    yield from _named("# Services and run jobs were looked for in ", asked.regions)
    yield "#"
    yield "# high: the label scheduler_job names the job, or one service alone has the account; on two days at least."
    yield "# medium: on one day only, or an account that others may have, too. low: several services share the account."
    yield "# A service's tables are proposed for every job that leads to it: too many rather than too few are held."
    yield "#"
    yield "# JOBS can't see, so that a writer may be missing here:"
    for line in CANT_SEE:
        yield f"#   {line}" if line.startswith(" ") else f"# - {line}"
    if proposal.silent:
        yield from _named(f"# - anything of {count(len(proposal.silent), 'service')} that jobs lead to: ", proposal.silent)
    for problem in asked.problems:
        yield from _comment(f"not looked at: {problem}", "# - ")


def _services(proposal: Proposal) -> Iterator[str]:
    new = {each.service: each.kind for each in proposal.processors if each.kind is not None}
    if new:
        yield "services: # that the catalog does not have"
        yield from (f"  {_word(name)}: {{kind: {kind.value}}}" for name, kind in sorted(new.items()) if kind is not None)


def _processors(proposal: Proposal) -> Iterator[str]:
    if not proposal.processors:
        yield "# processors: none; no table of a service that could be named was touched."
        return
    yield "processors:"
    for each in proposal.processors:
        yield from _comment(each.why, "  # ")
        yield f"  {_word(each.name)}:"
        yield f"    service: {_word(each.service)}"
        of_it = (figure for figure in proposal.figures if (figure.of, figure.name) == ("processors", each.name))
        yield from (f"    {figure.key}: {figure.value} # {figure.why}" for figure in of_it)
        yield "    tables:"
        alone = len(each.accounts) == 1 and each.accounts[0] in each.why
        yield from (f"      {_word(line.table)}: [{_kinds(line)}] # {_evidence(line, by=not alone)}" for line in each.lines)


def _runs(proposal: Proposal) -> Iterator[str]:
    """What belongs into entries that the catalog has: comments, since a second entry of a job would be an error."""
    if proposal.runs:
        yield "# Into the entries of the jobs:"
        yield from (f"#   {_word(job)}: runs: [{', '.join(map(_word, names))}]" for job, names in proposal.runs)
    topics = [each for each in proposal.processors if each.topics]
    if topics:
        yield "# Started by messages. Who publishes them is not known here; if a processor does, write it as `after`:"
        for each in topics:
            yield from _named(f"#   {_word(each.name)}: ", each.topics)


def _figures(proposal: Proposal) -> Iterator[str]:
    """What was measured of entries that the catalog has, and of which jobs nothing could be."""
    proposed = {each.name for each in proposal.processors}
    for of in ("jobs", "processors"):
        figures = [each for each in proposal.figures if each.of == of and not (of == "processors" and each.name in proposed)]
        if figures:
            yield f"# Measured, into the entries of the {of}:"
            yield from (f"#   {_word(each.name)}: {each.key}: {each.value} # {each.why}" for each in figures)
    if proposal.unmeasured:
        number = count(len(proposal.unmeasured), "job")
        yield from _named(
            f"# Not measured: {number} with too few starts in these days, or without statements that have the label {LABEL}: ",
            proposal.unmeasured,
        )


def _shared(shared: Sequence[Shared]) -> Iterator[str]:
    if not shared:
        return
    yield "# Not proposed: accounts that several services have. Who of them did this is not known; write it to the right one."
    for each in shared:
        yield from _named(f"# {plain(each.account, MAX_TEXT)} is the account of ", each.services)
        yield from (f"#   {_word(line.table)}: [{_kinds(line)}] # {_evidence(line, by=False)}" for line in each.lines)


def _rest(proposal: Proposal) -> Iterator[str]:
    lines = list[str]()
    for account, jobs, tables in proposal.strangers:
        lines += _named(f"# - {plain(account, MAX_TEXT)}, which no service has: {count(jobs, 'job')} that write ", tables)
    if proposal.people:
        lines.append(
            f"# - what {count(proposal.people, 'principal')} did by hand, who {_are(proposal.people)} no service account"
        )
    if proposal.transfers:
        lines.append(f"# - {count(proposal.transfers, 'job')} of scheduled queries and other transfers")
    if proposal.outside:
        other = count(len(proposal.outside), "table")
        lines += _named(
            f"# - {other} of other projects, or with names that no catalog takes or that change (*): ", proposal.outside
        )
    if proposal.declared:
        lines.append(f"# - {count(proposal.declared, 'table')} of processors that the catalog has already, just so")
    if lines:
        yield "# Seen, and not in the proposal:"
        yield from lines


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _evidence(line: Line, *, by: bool) -> str:
    statements = ", ".join(f"{plain(said, MAX_TEXT)} {jobs:,}" for said, jobs in line.statements)
    days = f"on {count(line.days, 'day')}"
    whose = f" by {', '.join(plain(each, MAX_TEXT) for each in line.principals)}" if by else ""
    notes = "".join(f"; {plain(note, MAX_TEXT)}" for note in line.notes)
    return f"{line.confidence}: {count(line.jobs, 'job')} {days}, last {_minute(line.last)}{whose}: {statements}{notes}"


def _kinds(line: Line) -> str:
    return ", ".join(kind.value for kind in line.kinds)


def _places(locations: Sequence[str]) -> str:
    return ", ".join(plain(each, MAX_TEXT) for each in locations) or "no location"


def _minute(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _word(name: str) -> str:
    """A name as YAML takes it for text; each has been checked to have nothing in it that YAML knows."""
    return name if re.match(r"[A-Za-z]", name) and name.lower() not in READ_OTHERWISE else f'"{name}"'


def _named(before: str, names: Iterable[str]) -> list[str]:
    """Names in a comment, at most so many of them."""
    listed = [plain(name, MAX_TEXT) for name in names]
    more = f", and {len(listed) - MOST_NAMES} more" if len(listed) > MOST_NAMES else ""
    return _wrapped(f"{before}{', '.join(listed[:MOST_NAMES])}{more}", "#     ")


def _comment(text: str, mark: str) -> list[str]:
    return _wrapped(mark + plain(text), " " * mark.index("#") + "#   ")


def _wrapped(line: str, further: str) -> list[str]:
    return textwrap.wrap(line, COLUMNS, subsequent_indent=further, break_long_words=False, break_on_hyphens=False)

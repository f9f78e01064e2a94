"""`interlock adopt --tables`: asks BigQuery and Google Cloud who touched which table, and writes the proposal for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from interlock.adoption.jobs_query import MOST_ROWS, NoQuery
from interlock.adoption.services import Known, Push, who_is_who
from interlock.adoption.tables import Figure, Proposal, Proposed, Touch, attributed, propose
from interlock.adoption.tables_file import NAME, Asked, file_text
from interlock.catalog import Catalog, Processor, Source
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.adoption.jobs import Jobs
from interlock.gcp.services import Services
from interlock.gcp.verify.bigquery import endpoint_of
from interlock.inventory import Deployed
from interlock.names import count, plain
from interlock.verify.conflicts import NoQuery as NotAsked
from interlock.verify.measured import MOST_ROWS as MOST_STATEMENTS
from interlock.verify.measured import Statement, measured, untold

T = TypeVar("T")
Says = Callable[[str], None]
MAX_TEXT = 300
DAY = timedelta(days=1)
MOST_DAYS = 180
"""For so long JOBS keeps a job: https://docs.cloud.google.com/bigquery/docs/information-schema-jobs#data_retention"""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found, and the file that says so."""

    proposal: Proposal
    asked: Asked

    @property
    def text(self) -> str:
        """The file."""
        return file_text(self.proposal, self.asked)


def propose_tables(
    environment: Environment, catalog: Catalog, now: datetime, days: int, locations: Sequence[str] = (), *, says: Says
) -> Found:
    """Reads `days` of jobs in these locations of BigQuery, by default where the project has datasets. CloudError.

    What is deployed and can't be listed is said in the file; without BigQuery there is no file.
    """
    since = now - timedelta(days=min(days, MOST_DAYS))
    jobs = Jobs(environment.project, endpoint_of(environment), says)
    problems = list[str]()
    known, regions = _known(environment, catalog, problems, says)
    places = list(locations) or jobs.locations()
    touches = list[Touch]()
    for location in places:
        touches += _touches(jobs, location, since, problems, says)
    if not places:
        problems.append("BigQuery: you see no dataset of the project")
    touches = jobs.sampled(touches, attributed(touches, known))
    statements = _statements(jobs, places, since, problems)
    proposal = propose(catalog, environment.project, touches, known)
    asked = Asked(
        project=environment.project,
        since=since,
        now=now,
        locations=tuple(places),
        regions=tuple(regions),
        problems=tuple(dict.fromkeys(problems)),
    )
    return Found(proposal=_measured(catalog, proposal, statements, asked), asked=asked)


def _measured(catalog: Catalog, proposal: Proposal, statements: Sequence[Statement] | None, asked: Asked) -> Proposal:
    """The proposal with what the statements of its whole days say of its entries and the catalog's: as if it were copied."""
    source = Source(file=NAME, line=1)
    proposed = {each.name: _processor(each, source) for each in proposal.processors}
    jobs = {name: replace(catalog.jobs[name], runs=runs) for name, runs in proposal.runs}
    copied = replace(catalog, processors={**catalog.processors, **proposed}, jobs={**catalog.jobs, **jobs})
    since, until = (datetime.combine(each.astimezone(UTC).date(), time(), UTC) for each in (asked.since, asked.now))
    found = [] if statements is None else [*measured(copied, statements, since + (since < asked.since) * DAY, until)]
    figures = [
        Figure(
            of="jobs" if one.entry.startswith("jobs.") else "processors",
            name=one.name,
            key=one.key,
            value=one.value,
            why=one.why,
        )
        for one in found
        if one.said != one.value
    ]
    return replace(proposal, figures=tuple(figures), unmeasured=tuple(untold(copied, found)))


def _processor(proposed: Proposed, source: Source) -> Processor:
    return Processor(
        name=proposed.name,
        service=proposed.service,
        platform="",
        after=(),
        tables={line.table: frozenset(line.kinds) for line in proposed.lines},
        expect=None,
        idempotent=None,
        waivers=(),
        source=source,
    )


def _statements(jobs: Jobs, places: Sequence[str], since: datetime, problems: list[str]) -> list[Statement] | None:
    """Those that have the label of their job; None where nobody may tell, or there are too many to tell which are missing."""
    found = list[Statement]()
    for location in places:
        try:
            listed = jobs.labelled(location, since.astimezone(UTC).date())
        except (CloudError, NotAsked) as error:
            problems.append(f"how often jobs write, and how long that takes: {error}")
            return None
        if len(listed) >= MOST_STATEMENTS:
            problems.append(
                f"how often jobs write, and how long that takes: BigQuery in {location} has {MOST_STATEMENTS:,} statements or "
                "more; ask for fewer days: --days"
            )
            return None
        found += listed
    return found


def run_tables(
    environment: Environment,
    catalog: Catalog,
    now: datetime,
    days: int,
    folder: Path,
    *,
    locations: Sequence[str] = (),
    force: bool = False,
    says: Says = lambda _: None,
) -> list[str]:
    """Writes the proposal into `folder` and returns what to say of it. CloudError, also when the file is there already."""
    path = folder / NAME
    if path.exists() and not force:
        raise CloudError(f"{path} is there already, perhaps with somebody's remarks; delete it, or overwrite it: --force")
    found = propose_tables(environment, catalog, now, days, locations, says=says)
    folder.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}.half")
    try:
        half.write_text(found.text, encoding="utf-8")
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    return summary(found, path)


def summary(found: Found, path: Path) -> list[str]:
    """The proposal in a few lines."""
    proposal = found.proposal
    lines = [line for each in proposal.processors for line in each.lines]
    sure = {word: sum(line.confidence == word for line in lines) for word in ("high", "medium")}
    figures = ", ".join(f"{number} {word}" for word, number in sure.items() if number)
    said = [
        f"tables: {count(len(proposal.processors), 'processor')}, {count(len(lines), 'table')}"
        + (f" ({figures})" if figures else "")
    ]
    if proposal.shared:
        accounts = ", ".join(plain(each.account, MAX_TEXT) for each in proposal.shared)
        said.append(f"not proposed, since several services have the account: {accounts}; candidates are listed")
    if proposal.silent:
        said.append(
            f"nothing was seen of {', '.join(plain(each) for each in proposal.silent)}: they may stream, which JOBS can't see"
        )
    said += [f"not looked at: {problem}" for problem in found.asked.problems]
    return [*said, f"read {path}, and copy what is right into the catalog; nothing reads it"]


def _touches(jobs: Jobs, location: str, since: datetime, problems: list[str], says: Says) -> list[Touch]:
    says(f"reading BigQuery's jobs in {plain(location)}")
    try:
        found = jobs.touches(location, since)
    except NoQuery as error:
        problems.append(str(error))
        return []
    if len(found) >= MOST_ROWS:
        problems.append(f"BigQuery in {location}: of so many jobs only the {MOST_ROWS:,} most frequent kinds were read")
    return found


def _known(environment: Environment, catalog: Catalog, problems: list[str], says: Says) -> tuple[Known, list[str]]:
    """What is deployed in the regions of jobs and functions, these regions, and the push subscriptions."""
    services = Services(environment.project, says)

    def attempt(call: Callable[[], Sequence[T]]) -> Sequence[T]:
        try:
            return call()
        except CloudError as error:
            problems.append(plain(str(error), MAX_TEXT))
            return []

    says("listing functions, services, run jobs and subscriptions")
    deployed = list[Deployed]()
    for functions, unreachable in attempt(lambda: [services.functions()]):
        deployed += functions
        problems += [f"Cloud Functions in {plain(region)} did not answer" for region in unreachable]
    used = {job.region for job in catalog.jobs.values()} | {each.region for each in deployed if each.region}
    regions = sorted(used | {environment.coordinator.region})
    for region in regions:
        deployed += attempt(partial(services.services, region))
        deployed += attempt(partial(services.run_jobs, region))
    is_complete = not problems
    pushes = [Push(topic=topic, endpoint=endpoint) for topic, endpoint in attempt(services.pushes)]
    default = f"{environment.project_number}-compute@developer.gserviceaccount.com"
    return who_is_who(catalog, environment, deployed, pushes, default, is_complete=is_complete), regions

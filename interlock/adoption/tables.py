"""Which code touches which tables, proposed from what ran: BigQuery's history of jobs, by principal and label. Pure.

Nothing is inferred from time: jobs that fire together say nothing of who wrote (tried: 17 % of such guesses were true). A
service is known by its service account, a job by the label `scheduler_job` on the BigQuery jobs that it made, a topic by what
its push subscriptions and functions call. So the tables of a service are proposed for every job that leads to it, which is too
many rather than too few: what is wrong here is held, and not missed.

How sure a line is:

- high: the label names the job, or the account belongs to one service alone; on two days at least.
- medium: seen on one day only, which somebody may have been who acted as the account; or an account that Google gives to
  whatever names none, so that machines and notebooks may have it too; or not every service could be listed, so that another
  may have the account; or a label on a job of another account.
- low: several services share the account. Nobody can say which of them it was, so nothing is proposed; candidates are listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from interlock.access import Kind
from interlock.adoption.services import Known
from interlock.adoption.statements import READS, TRUNCATE, UNKNOWN, Sample, kinds_of, needs_sample, said
from interlock.catalog import Catalog, ServiceKind
from interlock.labels import by_label
from interlock.names import NAME, TABLE

MIN_DAYS = 2
GOOGLES_ACCOUNT = r".+-compute@developer\.gserviceaccount\.com|.+@appspot\.gserviceaccount\.com"
"""https://cloud.google.com/iam/docs/service-account-types#default"""
ACCOUNT = r".+\.gserviceaccount\.com"
MAX_NAME = 1000
"""Characters of a table's name that a catalog can hold: YAML takes a key of up to 1,024."""


class Confidence(StrEnum):
    """How sure a line of the proposal is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, kw_only=True)
class Touch:
    """Jobs of one principal, kind of statement and label that touched one table the same way; all in one location."""

    is_written: bool
    principal: str
    job_type: str
    statement: str
    label: str
    is_transfer: bool
    project: str
    dataset: str
    family: str
    """The table, or of tables sharded by date what their names have in common: `events_`; `stage_*` of names made anew."""
    members: int
    member: str
    """One of the family."""
    jobs: int
    days: int
    last: datetime
    last_job: str
    location: str
    sample: Sample = UNKNOWN
    """What was asked of its last job, if JOBS leaves something open."""

    @property
    def is_open(self) -> bool:
        """Whether its last job has to be asked for what JOBS leaves open."""
        return self.is_written and needs_sample(self.job_type, self.statement)

    @property
    def kinds(self) -> frozenset[Kind]:
        """What the jobs do to the table."""
        is_target = self.is_written or self.statement == TRUNCATE  # which refers to no table but the one that it empties
        return kinds_of(self.job_type, self.statement, self.sample) if is_target else READS

    @property
    def said(self) -> str:
        """The jobs in a word or two."""
        return said(self.job_type, self.statement, self.sample if self.is_written else UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One table of a processor, with its evidence."""

    table: str
    kinds: tuple[Kind, ...]
    confidence: Confidence
    jobs: int
    days: int
    """At least so many: those of the statement that was seen on most."""
    last: datetime
    principals: tuple[str, ...]
    statements: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """A processor to review: `kind` is that of its service where the catalog has none of this name."""

    name: str
    service: str
    kind: ServiceKind | None
    why: str
    lines: tuple[Line, ...]
    started_by: tuple[str, ...]
    """Jobs of the catalog that lead to it."""
    topics: tuple[str, ...]
    """Topics whose messages start it."""

    @property
    def accounts(self) -> tuple[str, ...]:
        """As which it ran."""
        return tuple(sorted({account for line in self.lines for account in line.principals}))


@dataclass(frozen=True, kw_only=True)
class Shared:
    """An account that several services have, and what it touched: each of them may have done it."""

    account: str
    services: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Something measured, to write into an entry that the catalog has, or that is proposed."""

    of: Literal["jobs", "processors"]
    name: str
    key: str
    value: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What is proposed, and what was seen and is not."""

    processors: tuple[Proposed, ...]
    runs: tuple[tuple[str, tuple[str, ...]], ...]
    """By job that leads to one of them, what its entry should say it runs: what it says, and those."""
    shared: tuple[Shared, ...]
    strangers: tuple[tuple[str, int, tuple[str, ...]], ...]
    """Service accounts that no service has: jobs, and what they write."""
    people: int
    """Principals that are no service accounts."""
    transfers: int
    """Jobs of scheduled queries and other transfers."""
    outside: tuple[str, ...]
    """Tables of other projects, and such with names that the catalog can't say or that are others each time."""
    declared: int
    """Tables of a processor that the catalog has already, with all that was seen."""
    silent: tuple[str, ...]
    """Services that a job calls or starts and of which JOBS has nothing."""
    figures: tuple[Figure, ...] = ()
    unmeasured: tuple[str, ...] = ()
    """Jobs that write and of whose starts nothing could be measured."""


def attributed(touches: Iterable[Touch], known: Known) -> list[Touch]:
    """The touches by accounts that some service has: of these alone more is asked."""
    return [touch for touch in touches if touch.principal in known.accounts and not touch.is_transfer]


def propose(catalog: Catalog, project: str, touches: Sequence[Touch], known: Known) -> Proposal:
    """What the touches say, beside what the catalog has already."""
    named = _Names(project, touches)
    seen = [more for touch in touches if not touch.is_transfer for more in _with_sources(touch)]
    ours = [touch for touch in attributed(seen, known) if named.table(touch) is not None]
    labels = by_label(catalog.jobs)
    groups = dict[tuple[str, str | None], list[Touch]]()
    shared = dict[str, list[Touch]]()
    for touch in ours:
        job, owners = labels.get(touch.label), known.accounts[touch.principal]
        service = known.called.get(job, ()) if job else ()
        if job and len(service) == 1:
            groups.setdefault((service[0], job), []).append(touch)
        elif len(owners) == 1:
            groups.setdefault((owners[0], None), []).append(touch)
        else:
            shared.setdefault(touch.principal, []).append(touch)
    writer = _Writer(catalog, known, named)
    written = (writer.processor(service, job, of) for (service, job), of in sorted(groups.items(), key=_order))
    processors = [each for each in written if each is not None]
    return Proposal(
        processors=tuple(processors),
        runs=_runs(catalog, processors),
        shared=tuple(
            Shared(account=account, services=known.accounts[account], lines=writer.lines(of, Confidence.LOW))
            for account, of in sorted(shared.items())
        ),
        strangers=_strangers([touch for touch in seen if touch.principal not in known.accounts], named),
        people=len({touch.principal for touch in touches if not re.fullmatch(ACCOUNT, touch.principal)}),
        transfers=sum(touch.jobs for touch in touches if touch.is_transfer and touch.is_written),
        outside=tuple(sorted({named.shown(touch) for touch in attributed(seen, known) if named.table(touch) is None})),
        declared=writer.declared,
        silent=_silent(known, touches),
    )


def _order(group: tuple[tuple[str, str | None], list[Touch]]) -> tuple[str, str]:
    (service, job), _ = group
    return service, job or ""


def _with_sources(touch: Touch) -> Iterable[Touch]:
    """The touch, and of a copy the reads of what it copies, which JOBS does not have."""
    yield touch
    for project, dataset, table in touch.sample.sources if touch.is_written else ():
        name = table.partition("$")[0]
        yield replace(
            touch, is_written=False, project=project, dataset=dataset, family=name, member=name, members=1, sample=UNKNOWN
        )


def _runs(catalog: Catalog, processors: Sequence[Proposed]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = dict[str, list[str]]()
    for each in processors:
        for job in each.started_by:
            found.setdefault(job, [*catalog.jobs[job].runs]).append(each.name)
    return tuple((job, tuple(names)) for job, names in sorted(found.items()))


def _silent(known: Known, touches: Iterable[Touch]) -> tuple[str, ...]:
    heard = {service for touch in touches for service in known.accounts.get(touch.principal, ())}
    return tuple(sorted({service for services in known.called.values() for service in services} - heard))


def _strangers(touches: Sequence[Touch], named: _Names) -> tuple[tuple[str, int, tuple[str, ...]], ...]:
    found = dict[str, list[Touch]]()
    for touch in touches:
        if re.fullmatch(ACCOUNT, touch.principal) and touch.is_written and touch.kinds:
            found.setdefault(touch.principal, []).append(touch)
    return tuple(
        (account, sum(touch.jobs for touch in of), tuple(sorted({named.shown(touch) for touch in of})))
        for account, of in sorted(found.items())
    )


class _Names:
    """Tables by the names that a catalog has for them."""

    def __init__(self, project: str, touches: Iterable[Touch]) -> None:
        self._project = project
        self._shards = dict[tuple[str, str], set[str]]()
        sharded = [touch for touch in touches if touch.family != touch.member or touch.members > 1]
        for touch in sharded:
            self._shards.setdefault((touch.dataset, touch.family), set()).add(touch.member)
        self._families = {(touch.dataset, touch.family) for touch in sharded if touch.members > 1}
        self._families |= {family for family, members in self._shards.items() if len(members) > 1}

    def is_family(self, touch: Touch) -> bool:
        """Whether it stands for several tables; one shard alone is a table like others."""
        return (touch.dataset, touch.family) in self._families

    def table(self, touch: Touch) -> str | None:
        """`dataset.table`; None for one that a catalog can't say."""
        name = f"{touch.dataset}.{touch.family if self.is_family(touch) else touch.member}"
        said = touch.project == self._project and len(name) <= MAX_NAME and re.fullmatch(TABLE, name)
        return name if said else None

    def shown(self, touch: Touch) -> str:
        """The same for people, with its project if it is another."""
        name = f"{touch.dataset}.{touch.family if self.is_family(touch) else touch.member}"
        return name if touch.project == self._project else f"{touch.project}.{name}"


class _Writer:
    """Makes processors of touches."""

    def __init__(self, catalog: Catalog, known: Known, named: _Names) -> None:
        self._catalog, self._known, self._named = catalog, known, named
        self._taken = set(catalog.processors)
        self.declared = 0

    def processor(self, service: str, job: str | None, touches: Sequence[Touch]) -> Proposed | None:
        """One for a service, or for a job that labels name; None when the catalog has all of it."""
        seen = self.lines(touches, None, service if job else None)
        lines = [line for line in seen if not self._is_declared(service, job, line)]
        if not lines or not re.fullmatch(NAME, service):
            return None
        name = self._free(job or service)
        accounts = ", ".join(sorted({account for line in lines for account in line.principals}))
        why = f"the label scheduler_job names {job}" if job else f"no other service was found that runs as {accounts}"
        why += "" if name == (job or service) else f"; the catalog has {job or service} already, to which this may belong"
        jobs = [job] if job else sorted(each for each, called in self._known.called.items() if service in called)
        return Proposed(
            name=name,
            service=service,
            kind=None if service in self._catalog.services else self._known.kinds[service],
            why=why,
            lines=tuple(lines),
            started_by=tuple(jobs),
            topics=() if job else self._known.topics.get(service, ()),
        )

    def _free(self, name: str) -> str:
        """A name that no processor has."""
        names = (name, *(f"{name}-{number}" for number in range(2, len(self._taken) + 3)))
        free = next(each for each in names if each not in self._taken)
        self._taken.add(free)
        return free

    def _is_declared(self, service: str, job: str | None, line: Line) -> bool:
        """Whether the catalog has it: of a job in what the job runs, else in any processor of the service."""
        runs = self._catalog.jobs[job].runs if job else ()
        found = set[Kind]()
        for name, processor in self._catalog.processors.items():
            if processor.service == service and (job is None or name in runs):
                found |= processor.tables.get(line.table, frozenset())
        if set(line.kinds) <= found:
            self.declared += 1
            return True
        return False

    def lines(self, touches: Sequence[Touch], confidence: Confidence | None, labelled: str | None = None) -> tuple[Line, ...]:
        """A line a table; `confidence` is that of all of them, None to judge each."""
        by_table = dict[str, list[Touch]]()
        for touch in touches:
            if touch.kinds and (table := self._named.table(touch)) is not None:
                by_table.setdefault(table, []).append(touch)
        return tuple(self._line(table, of, confidence, labelled) for table, of in sorted(by_table.items()))

    def _line(self, table: str, touches: Sequence[Touch], confidence: Confidence | None, labelled: str | None) -> Line:
        statements = dict[str, int]()
        for touch in touches:
            statements[touch.said] = statements.get(touch.said, 0) + touch.jobs
        notes = []
        if any(self._named.is_family(touch) for touch in touches):
            latest = max(touches, key=lambda touch: touch.member)
            notes.append(f"at least {max(touch.members for touch in touches)} tables sharded by date, the last {latest.member}")
        if any(touch.is_open and touch.kinds and touch.sample == UNKNOWN for touch in touches):
            notes.append("whether it appends or replaces could not be read")
        days = max(touch.days for touch in touches)
        principals = tuple(sorted({touch.principal for touch in touches}))
        judged, why = _judge(days, principals, self._known, labelled)
        kinds = set[Kind]().union(*(touch.kinds for touch in touches))
        return Line(
            table=table,
            kinds=tuple(kind for kind in Kind if kind in kinds),
            confidence=confidence or judged,
            jobs=sum(touch.jobs for touch in touches),
            days=days,
            last=max(touch.last for touch in touches),
            principals=principals,
            statements=tuple(sorted(statements.items(), key=lambda each: (-each[1], each[0]))),
            notes=(*notes, *([] if confidence else why)),
        )


def _judge(days: int, principals: Sequence[str], known: Known, labelled: str | None) -> tuple[Confidence, list[str]]:
    """How sure it is that a service or a job did it, and what speaks against it."""
    doubts = list[str]()
    if days < MIN_DAYS:
        doubts.append("on one day only")
    if labelled is not None:
        doubts += [f"{each} is no account of {labelled}" for each in principals if labelled not in known.accounts[each]]
        return (Confidence.MEDIUM if doubts else Confidence.HIGH), doubts
    if any(re.fullmatch(GOOGLES_ACCOUNT, each) for each in principals):
        doubts.append("Google's default account, which machines and notebooks may have, too")
    if not known.is_complete:
        doubts.append("not every service could be listed, so that another may have the account")
    return (Confidence.MEDIUM if doubts else Confidence.HIGH), doubts

"""A fortnight of a platform with known truth: which service touches which table how, and all jobs that BigQuery has of it.

Everything is drawn with a seed. Beside what services do there is what a real project has: people's queries and repairs,
scripts, failures and their retries, hidden and passing tables, scheduled queries, others' tools, people who act as a service.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from interlock.access import Kind
from interlock.inventory import Deployed, Form
from tests.interlock.cloud import at
from tests.interlock.gcp.adoption.history import PROJECT, Row

NOW = at("2026-11-29 00:00")
DAYS = 14
START = NOW - timedelta(days=DAYS)
SERVICES, JOBS, TABLES = 24, 90, 70
DEFAULT_ACCOUNT = "100000000000-compute@developer.gserviceaccount.com"
REGION = "us-west2"

WAYS: Mapping[str, tuple[frozenset[Kind], Row]] = {
    way: (frozenset(kinds), Row(job_id="", user_email="", creation_time=START, **job))  # type: ignore[arg-type]
    for way, kinds, job in (
        ("load", {Kind.APPEND}, {"job_type": "LOAD", "disposition": "WRITE_APPEND"}),
        ("load anew", {Kind.TRUNCATE}, {"job_type": "LOAD", "disposition": "WRITE_TRUNCATE"}),
        ("insert", {Kind.INSERT}, {"statement_type": "INSERT"}),
        ("merge", {Kind.MUTATE}, {"statement_type": "MERGE"}),
        ("delete", {Kind.MUTATE}, {"statement_type": "DELETE"}),
        ("query anew", {Kind.TRUNCATE}, {"statement_type": "SELECT", "disposition": "WRITE_TRUNCATE"}),
        ("create", {Kind.TRUNCATE}, {"statement_type": "CREATE_TABLE_AS_SELECT"}),
    )
}
"""How a service may write a table, and as what BigQuery lists it."""

Touched = tuple[str, str]
"""Service and table."""


@dataclass(kw_only=True)
class Fortnight:
    """What happened, and what is true."""

    rows: list[Row]
    accounts: dict[str, str]
    """By service, as which it runs."""
    calls: dict[str, str]
    """By job, the service that it calls."""
    truth: dict[Touched, set[Kind]]
    by_job: dict[tuple[str, str], set[Kind]] = field(default_factory=dict)
    """By job and table."""

    @property
    def deployed(self) -> list[Deployed]:
        """The services as Google lists them."""
        return [
            Deployed(
                name=name,
                region=REGION,
                form=Form.SERVICE,
                urls=(f"https://{name}-100000000000.{REGION}.run.invalid",),
                service=f"projects/{PROJECT}/locations/{REGION}/services/{name}",
                account=account,
            )
            for name, account in self.accounts.items()
        ]

    @property
    def catalog(self) -> str:
        """The jobs and services, as adopted: without processors."""
        retry = "standard: {attempts: 3, min_backoff: 10s, max_backoff: 300s, doublings: 5, max_duration: 600s}"
        head = f"defaults: {{owner: data, time_zone: Etc/UTC, region: {REGION}, deadline: 180s, retry: standard}}"
        services = [f"  {name}: {{kind: run}}" for name in sorted(set(self.calls.values()))]
        jobs = [
            f'  {name}: {{description: x, schedule: "0 * * * *", target: {{service: {service}, path: /x}}}}'
            for name, service in sorted(self.calls.items())
        ]
        return "\n".join([head, "retry_profiles:", f"  {retry}", "services:", *services, "jobs:", *jobs]) + "\n"


def fortnight(seed: int, *, shared: float = 0.0, labelled: bool = False) -> Fortnight:
    """One of them; `shared` is the part of services that have Google's default account, `labelled` has jobs label theirs."""
    return _Making(random.Random(seed), shared, labelled).made()  # noqa: S311 (a test's world)


class _Making:
    def __init__(self, chance: random.Random, shared: float, labelled: bool) -> None:
        self._chance, self._labelled = chance, labelled
        self._ids = (f"job-{number}" for number in range(1_000_000))
        self._tables = [f"{chance.choice(['raw', 'core', 'mart', 'ops'])}.table_{number}" for number in range(TABLES)]
        services = [f"svc-{number}" for number in range(SERVICES)]
        accounts = {
            name: DEFAULT_ACCOUNT if chance.random() < shared else f"{name}@{PROJECT}.iam.gserviceaccount.com"
            for name in services
        }
        calls = {f"job-{number}": chance.choice(services) for number in range(JOBS)}
        self.world = Fortnight(rows=[], accounts=accounts, calls=calls, truth={})

    def made(self) -> Fortnight:
        for job, service in self.world.calls.items():
            self._of_job(job, service)
        self._streams()
        self._old()
        for noise in (self._people, self._tools, self._transfers, self._acting_as, self._background):
            self.world.rows += noise()
        return self.world

    # What is true

    def _of_job(self, job: str, service: str) -> None:
        """A job that fires, and each time does the same to a few tables: now and then it fails first."""
        writes = {table: self._chance.choice(list(WAYS)) for table in self._some_tables(1, 3)}
        reads = [table for table in self._some_tables(0, 3) if table not in writes]
        for table in writes:
            self._true(job, service, table, set(WAYS[writes[table]][0]))
        for table in reads:
            self._true(job, service, table, {Kind.READ})
        for when in self._fires():
            self.world.rows += self._fire(job, service, writes, reads, when)

    def _true(self, job: str, service: str, table: str, kinds: set[Kind]) -> None:
        self.world.truth.setdefault((service, table), set()).update(kinds)
        self.world.by_job.setdefault((job, table), set()).update(kinds)

    def _fires(self) -> list[datetime]:
        every = self._chance.choice(
            [timedelta(hours=3), timedelta(hours=6), timedelta(days=1), timedelta(days=1), timedelta(days=7)]
        )
        first = START + timedelta(minutes=self._chance.randrange(int(every.total_seconds() // 60)))
        return [first + every * turn for turn in range(int((NOW - first) / every) + 1) if first + every * turn < NOW]

    def _fire(self, job: str, service: str, writes: Mapping[str, str], reads: list[str], when: datetime) -> Iterator[Row]:
        account = self.world.accounts[service]
        labels = {"scheduler_job": job} if self._labelled else {}
        script = next(self._ids) if self._chance.random() < 0.2 else None
        if script:
            yield Row(job_id=script, user_email=account, creation_time=when, statement_type="SCRIPT", labels=labels)
            labels = {}
        at_once = {"user_email": account, "creation_time": when, "labels": labels, "parent_job_id": script}
        for table, way in writes.items():
            row = replace(WAYS[way][1], job_id=next(self._ids), **at_once)
            stage = (f"raw.stage_{self._chance.getrandbits(64):016x}",) if way == "merge" else ()
            for name in stage:
                yield replace(row, job_id=next(self._ids), job_type="LOAD", statement_type=None, destination=name)
            row.destination = f"{table}${when:%Y%m%d}" if row.job_type == "LOAD" and self._chance.random() < 0.5 else table
            if row.job_type == "QUERY":
                row.references = (*reads, *stage, *((table,) if row.statement_type in ("MERGE", "DELETE") else ()))
            if self._chance.random() < 0.05:
                yield replace(row, job_id=next(self._ids), failed=True)
            yield row
        if reads:
            yield Row(
                job_id=next(self._ids), statement_type="SELECT", destination="_ab12.anon34", references=tuple(reads), **at_once
            )  # type: ignore[arg-type]

    def _streams(self) -> None:
        """Tables that are streamed to: true, and JOBS has nothing of it."""
        for service in self._chance.sample(sorted(self.world.accounts), 4):
            for table in self._some_tables(1, 2):
                self.world.truth.setdefault((service, table), set()).add(Kind.STREAM)

    def _old(self) -> None:
        """What a service did before the period, and does no more."""
        for service in self._chance.sample(sorted(self.world.accounts), 5):
            when = START - timedelta(days=3)
            self.world.rows.append(self._row(self.world.accounts[service], when, "MERGE", self._chance.choice(self._tables)))

    # What is noise

    def _people(self) -> Iterator[Row]:
        """Queries, tables of their own, and repairs of the platform's."""
        for _ in range(3_000):
            who, when = f"person{self._chance.randrange(12)}@example.com", self._instant()
            reads = tuple(self._some_tables(1, 4))
            yield Row(
                job_id=next(self._ids),
                user_email=who,
                creation_time=when,
                statement_type="SELECT",
                destination="_cd.anon",
                references=reads,
            )
            if self._chance.random() < 0.1:
                yield self._row(who, when, "CREATE_TABLE_AS_SELECT", f"scratch.{who[:7]}_{self._chance.randrange(5)}")
            if self._chance.random() < 0.05:
                yield self._row(who, when, "UPDATE", self._chance.choice(self._tables))

    def _tools(self) -> Iterator[Row]:
        """Others' service accounts: they write the platform's tables, too."""
        for name in ("dbt", "dataflow-worker"):
            for _ in range(400):
                account = f"{name}@{PROJECT}.iam.gserviceaccount.com"
                yield self._row(
                    account, self._instant(), self._chance.choice(["MERGE", "INSERT"]), self._chance.choice(self._tables)
                )

    def _transfers(self) -> Iterator[Row]:
        """Scheduled queries that run as a service's account."""
        for service in self._chance.sample(sorted(self.world.accounts), 3):
            table = self._chance.choice(self._tables)
            for day in range(DAYS):
                row = self._row(self.world.accounts[service], START + timedelta(days=day, hours=4), "MERGE", table)
                yield replace(row, labels={"data_source_id": "scheduled_query"})

    def _acting_as(self) -> Iterator[Row]:
        """Somebody who, on one day, does something as a service's account; and a failure on a table that is none of its own."""
        for service in self._chance.sample(sorted(self.world.accounts), 8):
            when = self._instant()
            for table in self._some_tables(1, 2):
                yield self._row(self.world.accounts[service], when, "UPDATE", table)
            yield replace(
                self._row(self.world.accounts[service], when, "DELETE", self._chance.choice(self._tables)), failed=True
            )

    def _background(self) -> Iterator[Row]:
        for table in self._some_tables(10, 20):
            yield replace(
                self._row("bigquery-adminbot@system.gserviceaccount.com", self._instant(), "MERGE", table), job_type=None
            )

    def _row(self, who: str, when: datetime, statement: str, table: str) -> Row:
        return Row(job_id=next(self._ids), user_email=who, creation_time=when, statement_type=statement, destination=table)

    def _some_tables(self, least: int, most: int) -> list[str]:
        return self._chance.sample(self._tables, self._chance.randint(least, most))

    def _instant(self) -> datetime:
        return START + timedelta(seconds=self._chance.randrange(DAYS * 86_400))

"""Jobs, functions and Cloud Run services side by side: which job calls which, and which services no job leads to.

A job leads to the service that it calls, to a function that its topic starts, and to the services of the processors that it
starts, over messages too, as the catalog says. What else calls a service is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from interlock.actual import ActualJob
from interlock.catalog import Catalog, Job, ServiceKind
from interlock.environment import Environment
from interlock.graph import reach
from interlock.secrets import redacted_url

RUN_JOB = r"https://run\.googleapis\.com/v2/projects/[^/]+/locations/[^/]+/jobs/([^/:]+):run"
TOPIC = r"projects/[^/]+/topics/[^/]+"


class Form(StrEnum):
    """What is deployed."""

    FUNCTION = "function"
    FIRST_GENERATION = "function, 1st generation"
    SERVICE = "Cloud Run service"
    RUN_JOB = "Cloud Run job"


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A function or Cloud Run service as Google lists it. A function's own Cloud Run service is the function."""

    name: str
    region: str
    form: Form
    state: str = ""
    """Of functions, as the API names it: ACTIVE, FAILED, ..."""
    urls: tuple[str, ...] = ()
    topic: str = ""
    """The full name of the topic whose messages start it."""
    service: str = ""
    """The full name of its Cloud Run service; empty for a function of the first generation."""
    account: str = ""
    """The e-mail address of the service account as which it runs; empty where it names none."""


@dataclass(frozen=True, kw_only=True)
class DeployedRow:
    """Something deployed, and the jobs that there are for it, by name."""

    deployed: Deployed
    declared: bool
    """The catalog has a service of its name."""
    own: bool
    """It is Interlock's own."""
    called_by: tuple[ActualJob, ...]
    led_to_by: tuple[ActualJob, ...]
    """Those that start it further on, over processors, and do not call it."""

    @property
    def unled(self) -> bool:
        """No job leads to it."""
        return not (self.called_by or self.led_to_by or self.own)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A job and what it calls, as people may see it: a stranger's URL may hold a secret. `target` is empty when nobody says
    what that is; `reaches` are what was found there."""

    job: ActualJob
    declared: bool
    target: str
    reaches: tuple[Deployed, ...]

    @property
    def why(self) -> str:
        """Why it reaches nothing, for people; empty when it does."""
        if self.reaches:
            return ""
        if not self.target:
            return "what it calls you may not see (cloudscheduler.jobs.fullView), and the catalog does not know the job"
        if found := re.fullmatch(RUN_JOB, self.target):
            return f"starts the run job {found[1]}; run jobs are not looked for"
        if re.fullmatch(TOPIC, self.target):
            return "a topic; no function that was found is started by it, subscriptions are not looked at"
        return "no service that was found answers there"


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """Everything, sorted by name."""

    rows: tuple[DeployedRow, ...]
    calls: tuple[Call, ...]
    not_there: tuple[str, ...]
    """Services and functions that the catalog declares and that were not found."""

    @property
    def unled(self) -> list[DeployedRow]:
        """What no job leads to."""
        return [row for row in self.rows if row.unled]

    @property
    def unseen(self) -> list[str]:
        """The jobs of which nobody says what they call: each may lead to something that looks as if no job did."""
        return [call.job.name for call in self.calls if not call.target]


def take_inventory(catalog: Catalog, env: Environment, jobs: Iterable[ActualJob], deployed: Iterable[Deployed]) -> Inventory:
    """Who calls what. Only jobs that are there count; a paused one does, too."""
    found = sorted(merged(deployed), key=lambda each: (each.name, each.region, each.form))
    calls = [_call(catalog, env, job, found) for job in sorted(jobs, key=lambda job: (job.name, job.region))]
    further = {call.job: _services(catalog, catalog.by_identity[call.job.identity]) for call in calls if call.declared}
    declared = {name for name, service in catalog.services.items() if service.kind in (ServiceKind.RUN, ServiceKind.FUNCTION)}
    return Inventory(
        rows=tuple(_row(each, calls, further, each.name in declared, each.name == env.coordinator.name) for each in found),
        calls=tuple(calls),
        not_there=tuple(sorted(declared - {each.name for each in found})),
    )


def merged(deployed: Iterable[Deployed]) -> list[Deployed]:
    """Each function with the addresses of its Cloud Run service, which is no row of its own."""
    listed = list(deployed)
    services = {each.service: each for each in listed if each.form is Form.SERVICE}
    functions = [each for each in listed if each.form is not Form.SERVICE]
    behind = {each.service for each in functions}
    return [replace(each, urls=(*each.urls, *_urls(services.get(each.service)))) for each in functions] + [
        each for name, each in services.items() if name not in behind
    ]


def _urls(service: Deployed | None) -> tuple[str, ...]:
    return service.urls if service is not None else ()


def _call(catalog: Catalog, env: Environment, job: ActualJob, found: list[Deployed]) -> Call:
    """What the job calls: as Google says, else as the catalog declares."""
    declared = catalog.by_identity.get(job.identity)
    target = job.target or (env.call(declared) if declared else "")
    return Call(job=job, declared=declared is not None, target=redacted_url(target), reaches=reached(target, found))


def reached(target: str, found: Iterable[Deployed]) -> tuple[Deployed, ...]:
    """What a topic starts, or what answers at a URL: of several addresses that it begins with the longest."""
    if not target:
        return ()
    if re.fullmatch(TOPIC, target):
        return tuple(each for each in found if each.topic == target)
    lengths = {each: max((len(url) for url in each.urls if _is_under(target, url)), default=0) for each in found}
    longest = max(lengths.values(), default=0)
    return tuple(each for each, length in lengths.items() if longest and length == longest)


def _is_under(target: str, url: str) -> bool:
    """Whether `target` is `url` or something below it: a name that only begins alike is another."""
    stem = url.rstrip("/")
    return bool(stem) and (target == stem or target.startswith((f"{stem}/", f"{stem}?")))


def _services(catalog: Catalog, job: Job) -> frozenset[str]:
    """The services of the processors that the job starts, over messages too."""
    return frozenset(catalog.processors[name].service for name in reach(catalog, job.runs))


def _row(
    each: Deployed, calls: list[Call], further: Mapping[ActualJob, frozenset[str]], declared: bool, own: bool
) -> DeployedRow:
    called_by = tuple(call.job for call in calls if each in call.reaches)
    led = tuple(job for job, services in further.items() if each.name in services and job not in called_by)
    return DeployedRow(deployed=each, declared=declared, own=own, called_by=called_by, led_to_by=led)

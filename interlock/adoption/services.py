"""Who is who: which service has which account, which job leads to which service, which topic starts what. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from interlock.catalog import Catalog, Job, ServiceKind
from interlock.environment import Environment
from interlock.inventory import RUN_JOB, TOPIC, Deployed, Form, merged, reached

KINDS: Mapping[Form, ServiceKind] = {
    Form.SERVICE: ServiceKind.RUN,
    Form.FUNCTION: ServiceKind.FUNCTION,
    Form.FIRST_GENERATION: ServiceKind.FUNCTION,
    Form.RUN_JOB: ServiceKind.RUN_JOB,
}


@dataclass(frozen=True, kw_only=True)
class Push:
    """A push subscription: the messages of a topic, by its full name, are sent to a URL."""

    topic: str
    endpoint: str


@dataclass(frozen=True, kw_only=True)
class Known:
    """Services by the names that the catalog has for them, or would have."""

    accounts: Mapping[str, tuple[str, ...]]
    """By account, the services that have it, sorted."""
    called: Mapping[str, tuple[str, ...]]
    """By job of the catalog, the services that it leads to: one that it calls, or all that its topic starts."""
    topics: Mapping[str, tuple[str, ...]]
    """By service, the topics whose messages start it, by their short names."""
    kinds: Mapping[str, ServiceKind]
    is_complete: bool = True
    """Whether all that was looked for could be listed: else an account that seems to be one service's may be others', too."""


def who_is_who(
    catalog: Catalog,
    environment: Environment,
    deployed: Iterable[Deployed],
    pushes: Sequence[Push],
    default_account: str,
    *,
    is_complete: bool = True,
) -> Known:
    """Puts together what is deployed, what the catalog calls it, and what starts it.

    `default_account` is that of a service that names none.
    """
    found = merged(deployed)
    starts = {each: _topics(each, found, pushes) for each in found}
    reaches = {name: _reaches(environment.call(job), found, starts) for name, job in sorted(catalog.jobs.items())}
    names = _names(catalog, found, reaches)
    accounts, topics = dict[str, set[str]](), dict[str, set[str]]()
    for each in found:
        accounts.setdefault(each.account or default_account, set()).add(names[each])
        topics.setdefault(names[each], set()).update(topic.rpartition("/")[2] for topic in starts[each])
    return Known(
        accounts={account: tuple(sorted(of)) for account, of in accounts.items()},
        called={job: tuple(sorted({names[each] for each in of})) for job, of in reaches.items()},
        topics={service: tuple(sorted(of)) for service, of in topics.items()},
        kinds={names[each]: KINDS[each.form] for each in found},
        is_complete=is_complete,
    )


def _topics(each: Deployed, found: list[Deployed], pushes: Sequence[Push]) -> frozenset[str]:
    """The topics whose messages start it."""
    pushed = {push.topic for push in pushes if each in reached(push.endpoint, found)}
    return frozenset(pushed | ({each.topic} if each.topic else set()))


def _reaches(target: str, found: list[Deployed], starts: Mapping[Deployed, frozenset[str]]) -> tuple[Deployed, ...]:
    """What a job's target is, of what was found."""
    if run_job := re.fullmatch(RUN_JOB, target):
        return tuple(each for each in found if each.form is Form.RUN_JOB and each.name == run_job[1])
    if re.fullmatch(TOPIC, target):
        return tuple(each for each in found if target in starts[each])
    return reached(target, found)


def _names(catalog: Catalog, found: Sequence[Deployed], reaches: Mapping[str, tuple[Deployed, ...]]) -> dict[Deployed, str]:
    """The catalog's name of each: that of the service which a job calls there, else its own."""
    names = {each: each.name for each in found}
    for name, of in reaches.items():
        job: Job = catalog.jobs[name]
        if job.target.service.kind is not ServiceKind.TOPIC and len(of) == 1:
            names[of[0]] = job.target.service.name
    return names

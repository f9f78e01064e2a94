"""An estate of what a catalog alone decides, so that its rules can be checked without Terraform."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from interlock.baseline import identity
from interlock.catalog import Accepted, Catalog, Job, Json, Source
from interlock.findings import Finding
from interlock.names import count
from interlock.terraform.attributes import job_attributes
from interlock.terraform.facts import job_facts, stack_facts, waivers_json
from interlock.timing import zone_record
from policies.baseline import is_decided_by_catalog, mistake_in, mistakes
from policies.declared import entries
from policies.rules import RULES
from policies.rules.estate import DECLARED, JOB, Estate, Origin, Resource
from policies.rules.judge import Outcome, Verdict, judge_all
from policies.rules.stagger import often
from policies.rules.targets import https, token
from policies.rules.values import Attributes

if TYPE_CHECKING:
    from interlock.environment import Environment

NO_ENVIRONMENT = ""
MOST_NAMED = 10
"""Jobs in one sentence."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What breaks a rule in a catalog and is not waived, sorted by place. `mended` is what the baseline accepts and
    is not there any more; of a rule that a catalog does not decide nobody knows that here."""

    new: tuple[Finding, ...]
    old: tuple[Finding, ...]
    mended: tuple[Accepted, ...]
    notes: tuple[str, ...] = ()
    """What no rule judges and people should know, each said once: a sentence without its end."""


ADDRESSED = (https, token)
"""Rules about jobs that need no more than what an environment says of them: where they call, and as whom."""


def findings(catalog: Catalog, today: date) -> list[Finding]:
    """Everything in a catalog that breaks a rule and is neither waived nor old on `today`, sorted by place."""
    return [*judged(catalog, today).new]


def judged(catalog: Catalog, today: date, env: Environment | None = None) -> Judged:
    """The same, and what the baseline has to do with it; with an environment also what it makes of the jobs' targets."""
    known = estate(catalog, today, env)
    verdicts = [*judge_all(RULES, known, with_waived=False)]
    if env is not None:
        verdicts += judge_all(ADDRESSED, replace(known, origin=Origin.STACK), with_waived=False)
    sources = sources_of(catalog)
    old = in_order(found_by(verdicts, Outcome.OLD, sources))
    new = in_order([*found_by(verdicts, Outcome.FAILED, sources), *mistakes(catalog), *zone_record.mistakes(catalog)])
    left = Counter(map(identity, (*old, *new)))
    rules = {rule.name for rule in ADDRESSED} if env else set[str]()
    known_rules = (one for one in catalog.baseline if is_decided_by_catalog(one.rule) or one.rule in rules)
    decided = (one for one in known_rules if not mistake_in(one, catalog))
    gone = ((one, one.count - left[identity(one)]) for one in decided)
    mended = tuple(replace(one, count=number) for one, number in gone if number > 0)
    return Judged(new=new, old=old, mended=mended, notes=tuple(_too_often(known)))


def _too_often(known: Estate) -> Iterator[str]:
    """The jobs that the stagger can't ask anything of; said once a platform, as nobody has to mend them."""
    for platform, jobs in often(known).items():
        start, them = ("starts", "it") if len(jobs) == 1 else ("start", "them")
        names = ", ".join(jobs[:MOST_NAMED]) + (f" and {len(jobs) - MOST_NAMED} more" if len(jobs) > MOST_NAMED else "")
        minutes = f"there are stagger minutes in {platform}'s rules"
        yield f"{count(len(jobs), 'job')} {start} more often in an hour than {minutes}, which don't judge {them}: {names}"


def sources_of(catalog: Catalog) -> dict[str, Source]:
    """By subject, where it is written."""
    return {subject: thing.source for subject, thing, _ in entries(catalog)}


def found_by(verdicts: Iterable[Verdict], outcome: Outcome, sources: Mapping[str, Source]) -> Iterator[Finding]:
    """What verdicts with that outcome say, with where each subject is written."""
    for verdict in verdicts:
        if verdict.outcome is outcome:
            subject = _subject(verdict.resource)
            for message in verdict.messages[outcome is Outcome.OLD :]:
                yield Finding(rule=verdict.rule.name, subject=subject, message=message, source=sources[subject])


def in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sorted by place."""
    return tuple(sorted(found, key=lambda one: (one.source.file, one.source.line, one.rule, one.message)))


def estate(catalog: Catalog, today: date, env: Environment | None = None) -> Estate:
    """The jobs with their facts, and each entry with what is known of its names."""
    jobs = (resource_of(job, catalog, env) for job in catalog.jobs.values())
    declared = (
        Resource(
            kind=DECLARED,
            name=subject,
            attributes=_literal({}),
            facts=_literal({"source": str(thing.source), **known, **waivers_json(getattr(thing, "waivers", ()))}),
        )
        for subject, thing, known in entries(catalog)
    )
    return Estate(
        origin=Origin.CATALOG,
        today=today,
        resources={resource.address: resource for resource in (*jobs, *declared)},
        facts=facts_of(catalog),
    )


def facts_of(catalog: Catalog) -> Attributes:
    """What is known of all of it."""
    return _literal(stack_facts(catalog, NO_ENVIRONMENT))


def _literal(values: dict[str, Json]) -> Attributes:
    return Attributes(values=values, templates=False)


def resource_of(job: Job, catalog: Catalog, env: Environment | None = None) -> Resource:
    """What a catalog says of a job, as Terraform would have it."""
    attributes = _literal(job_attributes(job, env))
    return Resource(kind=JOB, name=job.name, attributes=attributes, facts=_literal(job_facts(job, catalog)))


def _subject(resource: Resource) -> str:
    """As `waivable` names it."""
    return f"jobs.{resource.name}" if resource.kind == JOB else resource.name

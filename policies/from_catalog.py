"""An estate of what a catalog alone decides, so that its rules can be checked without Terraform."""

from __future__ import annotations

from datetime import date
from typing import cast

from interlock.catalog import Catalog, Job, Json
from interlock.findings import Finding, waivable
from interlock.terraform.attributes import job_attributes
from interlock.terraform.facts import job_facts, stack_facts, waivers_json
from policies.rules import RULES
from policies.rules.estate import DECLARED, JOB, Estate, Origin, Resource
from policies.rules.judge import Outcome, judge_all
from policies.rules.values import Attributes

NO_ENVIRONMENT = ""


def findings(catalog: Catalog, today: date) -> list[Finding]:
    """Everything in a catalog that breaks a rule and is not waived on `today`, sorted by place."""
    entries = waivable(catalog)
    found = [
        Finding(rule=verdict.rule.name, subject=subject, message=message, source=entries[subject].source)
        for verdict in judge_all(RULES, estate(catalog, today))
        if verdict.outcome is Outcome.FAILED
        for subject in [_subject(verdict.resource)]
        for message in verdict.messages
    ]
    return sorted(found, key=lambda finding: (finding.source.file, finding.source.line, finding.rule, finding.message))


def estate(catalog: Catalog, today: date) -> Estate:
    """The jobs with their facts, and each entry that waives something."""
    jobs = (_job(job, catalog) for job in catalog.jobs.values())
    entries = (
        Resource(
            kind=DECLARED,
            name=subject,
            attributes=_literal({}),
            facts=_literal({"source": str(thing.source), **waivers_json(thing.waivers)}),
        )
        for subject, thing in waivable(catalog).items()
        if thing.waivers
    )
    return Estate(
        origin=Origin.CATALOG,
        today=today,
        resources={resource.address: resource for resource in (*jobs, *entries)},
        facts=_literal(stack_facts(catalog, NO_ENVIRONMENT)),
    )


def _literal(values: dict[str, Json]) -> Attributes:
    return Attributes(values=values, templates=False)


def _job(job: Job, catalog: Catalog) -> Resource:
    """What a catalog says of a job, as Terraform would have it."""
    written = {name: value for name, value in job_attributes(job).items() if value is not None}
    attributes = _literal(cast("dict[str, Json]", written))
    return Resource(kind=JOB, name=job.name, attributes=attributes, facts=_literal(job_facts(job, catalog)))


def _subject(resource: Resource) -> str:
    """As `waivable` names it."""
    return f"jobs.{resource.name}" if resource.kind == JOB else resource.name

"""An estate of what a catalog alone decides, so that its rules can be checked without Terraform."""

from __future__ import annotations

import base64
import json
from datetime import date

from interlock.catalog import Catalog, Job, Json, ServiceKind, Source
from interlock.findings import Finding, waivable
from interlock.terraform.facts import job_facts, stack_facts, waivers_json
from policies.rules import RULES
from policies.rules.estate import DECLARED, JOB, Estate, Origin, Resource
from policies.rules.judge import Outcome, judge_all
from policies.rules.values import Attributes

NO_ENVIRONMENT = ""


def findings(catalog: Catalog, today: date) -> list[Finding]:
    """Everything in a catalog that breaks a rule and is not waived on `today`, sorted by place."""
    found = [
        Finding(rule=verdict.rule.name, subject=_subject(verdict.resource), message=message, source=_source(verdict.resource))
        for verdict in judge_all(RULES, estate(catalog, today))
        if verdict.outcome is Outcome.FAILED
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
    """What a catalog says of a job, as Terraform would have it. What an environment or a stack adds is not there: the URL, the
    token, what `paused` is."""
    body = None if job.target.body is None else base64.b64encode(_text(job.target.body).encode()).decode()
    retry = job.retry
    values: dict[str, Json] = {
        "name": job.name,
        "description": job.description,
        "region": job.region,
        "schedule": job.schedule.text,
        "time_zone": job.time_zone,
        "retry_config": {
            "retry_count": retry.attempts,
            "min_backoff_duration": _seconds(retry.min_backoff.total_seconds()),
            "max_backoff_duration": _seconds(retry.max_backoff.total_seconds()),
            "max_doublings": retry.doublings,
            "max_retry_duration": _seconds(retry.max_duration.total_seconds()),
        },
    }
    if job.target.service.kind is ServiceKind.TOPIC:
        values["pubsub_target"] = {"data": body or base64.b64encode(b"{}").decode()}
    else:
        values["http_target"] = {"body": body}
    if job.deadline is not None:
        values["attempt_deadline"] = _seconds(job.deadline.total_seconds())
    return Resource(kind=JOB, name=job.name, attributes=_literal(values), facts=_literal(job_facts(job, catalog)))


def _text(body: Json) -> str:
    """As the stacks write it."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"))


def _seconds(seconds: float) -> str:
    return f"{int(seconds)}s"


def _subject(resource: Resource) -> str:
    return f"jobs.{resource.name}" if resource.kind == JOB else resource.name


def _source(resource: Resource) -> Source:
    file, _, line = (resource.facts.text("source") or ":0").rpartition(":")
    return Source(file=file, line=int(line))

"""Whether an environment says all that a catalog leaves to it: where services answer, and as whom jobs call."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.catalog import OVER_HTTP, Catalog, Service, Source
from interlock.environment import Environment
from interlock.reading.located import Problem, SourceError


def check_fit(catalog: Catalog, env: Environment) -> None:
    """SourceError with everything in `catalog` that can't be deployed to `env`, each where the catalog says it."""
    if problems := [*_without_url(catalog, env), *_without_account(catalog, env)]:
        raise SourceError(problems)


def _without_url(catalog: Catalog, env: Environment) -> Iterator[Problem]:
    silent: dict[str, tuple[Service, list[str]]] = {}
    for job in catalog.jobs.values():
        service = job.target.service
        if service.kind in OVER_HTTP and not env.url(job):
            silent.setdefault(service.name, (service, []))[1].append(job.name)
    for name, (service, jobs) in silent.items():
        message = (
            f"services.{name}: nobody says where it answers, and {jobs[0]} calls it; write its url here, or under"
            f" service_urls of environments/{env.name}.yaml"
        )
        yield Problem(source=service.source, message=message)


def _without_account(catalog: Catalog, env: Environment) -> Iterator[Problem]:
    for job in catalog.jobs.values():
        token = job.target.token
        if token is None or not token.account or "@" in token.account or token.account in env.accounts:
            continue
        source: Source = job.source if token != job.target.service.token else job.target.service.source
        known = f"; it knows {', '.join(sorted(env.accounts))}" if env.accounts else ""
        message = (
            f"jobs.{job.name}: calls as the account {token.account}, which environments/{env.name}.yaml does not name under"
            f" accounts{known}"
        )
        yield Problem(source=source, message=message)

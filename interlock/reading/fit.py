"""Whether an environment says all that a catalog leaves to it: where services answer, and as whom jobs call."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.catalog import OVER_HTTP, Catalog, Service, Source
from interlock.environment import Environment
from interlock.names import did_you_mean
from interlock.reading.problems import Problem, SourceError


def check_fit(catalog: Catalog, env: Environment) -> None:
    """SourceError with everything in `catalog` that can't be deployed to `env`, each where the catalog says it."""
    if problems := [*_without_url(catalog, env), *_without_account(catalog, env)]:
        raise SourceError(problems)


def check_both_ways(catalog: Catalog, env: Environment) -> None:
    """The same of a whole catalog, and of what `env` says of services that `catalog` does not have."""
    if problems := [*_without_url(catalog, env), *_without_account(catalog, env), *_unknown_services(catalog, env)]:
        raise SourceError(problems)


def _unknown_services(catalog: Catalog, env: Environment) -> Iterator[Problem]:
    """A URL of a service that is not there is one that another service should have."""
    for name in sorted(env.service_urls.keys() - catalog.services.keys()):
        source = env.sources.get(name, Source(file=f"environments/{env.name}.yaml", line=1))
        known = did_you_mean(name, catalog.services) or "; write its name as the catalog does, or take the line out"
        yield Problem(source=source, message=f"service_urls.{name}: the catalog has no service {name}{known}")


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

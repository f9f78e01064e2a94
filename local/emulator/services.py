"""The Google APIs that the emulator serves, a row each; local/emulator/rest.py describes a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from local.emulator import (
    apis,
    asking,
    buckets,
    builds,
    entries,
    functions,
    iam,
    metrics,
    monitoring,
    objects,
    projects,
    pubsub,
    push,
    run,
    scheduler,
)
from local.emulator.discovery import Api, Routes
from local.emulator.policies import policies
from local.emulator.rest import Collection, Handler


@dataclass(frozen=True, kw_only=True)
class Service:
    """One API: its discovery document, its resources, and handlers by method id for what isn't generic."""

    api: str
    version: str
    collections: tuple[Collection, ...] = ()
    handlers: Mapping[str, Handler] = field(default_factory=dict)

    @cached_property
    def served(self) -> tuple[Api, dict[str, Handler]]:
        """The API and what serves its methods, by id; read when first needed: all documents together cost 0.3 s."""
        api = _api(self.api, self.version)
        served = {**asking.handlers(self.api), **self.handlers}
        for collection in self.collections:
            for method in api.methods:
                if method.id not in served and (handler := collection.handler(method)):
                    served[method.id] = handler
        return api, served

    @cached_property
    def routes(self) -> tuple[Routes, Routes]:
        """Of what is served, and of what is not."""
        api, served = self.served
        others = (method for method in api.methods if method.id not in served)
        return Routes(method for method in api.methods if method.id in served), Routes(others)


@cache
def _api(name: str, version: str) -> Api:
    return Api(name, version)


def services() -> tuple[Service, ...]:
    """Every service; of two that serve the same path, the first wins."""
    return (
        Service(api="cloudscheduler", version="v1", collections=(scheduler.JOBS,), handlers=scheduler.HANDLERS),
        Service(
            api="storage",
            version="v1",
            handlers={**buckets.HANDLERS, **objects.handlers(), **policies(buckets.KIND, exists=buckets.find)},
        ),
        Service(api="iam", version="v1", collections=iam.COLLECTIONS, handlers=iam.HANDLERS),
        Service(api="cloudresourcemanager", version="v1", handlers=projects.HANDLERS),
        Service(api="pubsub", version="v1", collections=pubsub.COLLECTIONS, handlers={**pubsub.HANDLERS, **push.HANDLERS}),
        Service(api="logging", version="v2", collections=metrics.COLLECTIONS, handlers=entries.HANDLERS),
        Service(api="monitoring", version="v3", collections=monitoring.COLLECTIONS, handlers=monitoring.HANDLERS),
        Service(api="monitoring", version="v1", collections=monitoring.DASHBOARDS),
        Service(api="serviceusage", version="v1", handlers=apis.HANDLERS),
        Service(api="cloudfunctions", version="v2", collections=functions.COLLECTIONS, handlers=functions.HANDLERS),
        Service(api="run", version="v2", collections=run.COLLECTIONS, handlers=run.HANDLERS),
    )


EVERY_API = frozenset(f"{name}{apis.DOMAIN}" for name in (*(row.api for row in services()), *builds.NEEDED))
"""What is served here, and what is needed for that: as much as a project can have enabled."""

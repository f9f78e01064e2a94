"""The gRPC service that Terraform talks to: one method an RPC of the protocol, each a few lines over the table of types."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import grpc  # type: ignore[import-untyped]

from local.provider import schema, wire
from local.provider.cloud import Cloud, Failure, Settings
from local.provider.labels import attribution_of
from local.provider.planning import Path, plan
from local.provider.resource import Resource
from local.provider.rest import ApiError, Call, Interrupted, Rest, check_loopback
from local.provider.types import DATA_SOURCES, RESOURCES, SERVICES
from local.provider.values import Object, conform, decode, encode, known, mapping, text

WORKERS = 32  # more than terraform's default -parallelism of 10, so that two runs do not wait for each other
MAX_MESSAGE_BYTES = 64 << 20
_CAPABILITIES = {"plan_destroy": True, "get_provider_schema_optional": True}
_PROJECT_ENV = ("GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")
_REGION_ENV = ("GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION")


class Provider:
    """The provider of one emulator at `url`. Terraform runs that use it share one configuration: one project a process."""

    def __init__(self, url: str, token: str = "") -> None:
        check_loopback(url)
        self._url = url.rstrip("/")
        self._rest = Rest(token)
        self._settings = self._configure({})
        self._stopping = threading.Event()

    def _configure(self, config: Mapping[str, object]) -> Settings:
        endpoints = {
            service: (text(config, f"{service}_custom_endpoint") or self._url + path).rstrip("/") + "/"
            for service, path in SERVICES.items()
        }
        for endpoint in endpoints.values():
            check_loopback(endpoint)
        return Settings(
            project=text(config, "project") or _first_of(_PROJECT_ENV),
            region=text(config, "region") or _first_of(_REGION_ENV),
            default_labels=mapping(config, "default_labels"),
            attribution=attribution_of(config),
            endpoints=endpoints,
        )

    def _cloud(self, context: Any) -> Cloud:
        call = Call(stopping=self._stopping, is_active=context.is_active)
        return Cloud(settings=self._settings, rest=self._rest, call=call)

    # What the provider is

    def GetMetadata(self, _request: Any, _context: Any) -> dict[str, object]:
        names = wire.message("GetMetadata.TypeName")
        return {
            "server_capabilities": _CAPABILITIES,
            "resources": [names(type_name=name) for name in RESOURCES],
            "data_sources": [names(type_name=name) for name in DATA_SOURCES],
        }

    def GetProviderSchema(self, _request: Any, _context: Any) -> dict[str, object]:
        return {**_schemas(), "server_capabilities": _CAPABILITIES}

    def GetFunctions(self, _request: Any, _context: Any) -> dict[str, object]:
        return {}

    # Configuration

    def ValidateProviderConfig(self, _request: Any, _context: Any) -> dict[str, object]:
        return {}

    def ConfigureProvider(self, request: Any, _context: Any) -> dict[str, object]:
        try:
            self._settings = self._configure(decode(request.config) or {})
        except ValueError as error:
            return {"diagnostics": [_error(str(error))]}
        return {}

    def ValidateResourceConfig(self, request: Any, _context: Any) -> dict[str, object]:
        problems = _resource(request.type_name).validate(decode(request.config) or {})
        return {"diagnostics": [_error(problem) for problem in problems]}

    def ValidateDataResourceConfig(self, _request: Any, _context: Any) -> dict[str, object]:
        return {}

    # The life of a resource

    def UpgradeResourceState(self, request: Any, _context: Any) -> dict[str, object]:
        stored = json.loads(request.raw_state.json)
        return {"upgraded_state": encode(conform(_resource(request.type_name).block, stored))}

    def ReadResource(self, request: Any, context: Any) -> dict[str, object]:
        state = decode(request.current_state)
        if state is None:
            return {"new_state": request.current_state}
        new = _resource(request.type_name).read(self._cloud(context), state)
        return {"new_state": encode(new and known(new, instead=state)), "private": request.private}

    def PlanResourceChange(self, request: Any, _context: Any) -> dict[str, object]:
        answer = {"planned_private": request.prior_private, "legacy_type_system": True}
        if decode(request.proposed_new_state) is None:  # a destroy
            return answer | {"planned_state": request.proposed_new_state}
        resource = _resource(request.type_name)
        change = plan(
            resource.block,
            prior=decode(request.prior_state),
            config=decode(request.config) or {},
            suppress=resource.suppress,
        )
        resource.amend(change, self._settings)
        replace = [_path(path) for path in dict.fromkeys(change.replace)]
        return answer | {"planned_state": encode(change.planned), "requires_replace": replace}

    def ApplyResourceChange(self, request: Any, context: Any) -> dict[str, object]:
        prior, planned = decode(request.prior_state), decode(request.planned_state)
        resource, cloud = _resource(request.type_name), self._cloud(context)
        answer: dict[str, object] = {"private": request.planned_private, "legacy_type_system": True}
        try:
            new = _apply(resource, cloud, prior, planned)
        except (Failure, ApiError, Interrupted) as error:
            answer["diagnostics"] = [_error(str(error))]
            # SDKv2 keeps what was planned when an update fails (schema.Resource.Apply returns data.State()); the next
            # refresh finds what was really done. A create that failed leaves nothing, or what Failure.state says.
            new = getattr(error, "state", None) or (planned if prior is not None else None)
            if planned is None:
                new = prior
        return answer | {"new_state": encode(new and known(new, instead=prior))}

    def ImportResourceState(self, request: Any, _context: Any) -> dict[str, object]:
        resource = _resource(request.type_name)
        state = conform(resource.block, resource.import_state(request.id, self._settings))
        made = wire.message("ImportResourceState.ImportedResource")(type_name=request.type_name, state=encode(state))
        return {"imported_resources": [made]}

    def MoveResourceState(self, request: Any, _context: Any) -> dict[str, object]:
        return {"diagnostics": [_error(f"moving {request.source_type_name} to {request.target_type_name} is not offered")]}

    def ReadDataSource(self, request: Any, context: Any) -> dict[str, object]:
        config = decode(request.config) or {}
        return {"state": encode(DATA_SOURCES[request.type_name](self._cloud(context), config))}

    def StopProvider(self, _request: Any, _context: Any) -> dict[str, object]:
        """Nothing: a call goes on until it is answered or gives up, as in the real one, and Terraform waits for it."""
        return {}

    def stop(self) -> None:
        """Wake every call that waits to retry; it gives up."""
        self._stopping.set()


def _apply(resource: Resource, cloud: Cloud, prior: Object | None, planned: Object | None) -> Object | None:
    if planned is None:
        if prior is not None:
            resource.delete(cloud, prior)
        return None
    return resource.create(cloud, planned) if prior is None else resource.update(cloud, prior, planned)


def _first_of(variables: tuple[str, ...]) -> str:
    return next((os.environ[name] for name in variables if os.environ.get(name)), "")


def _resource(type_name: str) -> Resource:
    return RESOURCES[type_name]


@cache
def _schemas() -> dict[str, object]:
    """Every schema as a message. Each Terraform asks for them, and to make them anew took a quarter of what we do for it."""
    known_types = schema.load()
    return {
        "provider": _schema(known_types.provider),
        "resource_schemas": {name: _schema(known_types.resources[name]) for name in RESOURCES},
        "data_source_schemas": {name: _schema(known_types.data[name]) for name in DATA_SOURCES},
    }


def _schema(block: schema.Block) -> Any:
    return wire.message("Schema")(version=block.version, block=block.to_message())


def _error(summary: str) -> Any:
    return wire.message("Diagnostic")(severity=wire.SEVERITY_ERROR, summary=summary)


def _path(path: Path) -> Any:
    step = wire.message("AttributePath.Step")
    steps = [step(attribute_name=p) if isinstance(p, str) else step(element_key_int=p) for p in path]
    return wire.message("AttributePath")(steps=steps)


def _handler(method: str, run: Callable[[Any, Any], dict[str, object]]) -> Any:
    """The RPC: a failure becomes a diagnostic, to which Terraform adds the address."""
    response = wire.message(f"{method}.Response")

    def answer(request: Any, context: Any) -> Any:
        try:
            return response(**run(request, context))
        except (Failure, ApiError, Interrupted) as error:
            return response(diagnostics=[_error(str(error))])

    return grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=wire.message(f"{method}.Request").FromString,  # type: ignore[attr-defined]
        response_serializer=response.SerializeToString,  # type: ignore[attr-defined]
    )


def start(provider: Provider, address: str) -> Any:
    """A started gRPC server at an address such as unix:/path; the caller stops it."""
    options = [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ]
    server = grpc.server(ThreadPoolExecutor(WORKERS, thread_name_prefix="provider"), options=options)
    handlers = {method: _handler(method, getattr(provider, method)) for method in wire.methods()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(wire.SERVICE, handlers),))
    server.add_insecure_port(address)
    server.start()
    return server

"""Cloud Run services and jobs, kept but not run: what IAM members, functions and lists need of them.

Addresses end in `.invalid`, a domain that never resolves (RFC 2606): nothing here may lead to a real host.
"""

from __future__ import annotations

from collections.abc import Mapping

from local.emulator.buckets import PROJECT_NUMBER
from local.emulator.model import ApiError, JsonObject
from local.emulator.policies import policies
from local.emulator.rest import Call, Collection, Handler

SERVICES = "run.projects.locations.services"


def uri(name: str) -> str:
    """The deterministic address of a service, from its full name or from that of the function which it is."""
    _, _, _, location, _, short = name.split("/")
    return f"https://{short}-{PROJECT_NUMBER}.{location}.run.invalid"


def _addressed(service: JsonObject, call: Call) -> JsonObject:
    """The service with what the server says where it answers."""
    del call
    return service | {"uri": uri(service["name"]), "urls": [uri(service["name"])]}


_SERVICES = Collection(path="projects.locations.services", id_parameter="serviceId", shown=_addressed)
_JOBS = Collection(path="projects.locations.jobs", id_parameter="jobId")
COLLECTIONS = (_SERVICES, _JOBS)


def _list(call: Call) -> JsonObject:
    """Of one region: other than Cloud Functions it takes no wildcard."""
    if call.path["parent"].endswith("/locations/-"):
        raise ApiError(400, "Location must be a valid Google Cloud region, and cannot be the '-' wildcard.", field="parent")
    return _SERVICES.answer(call)


HANDLERS: Mapping[str, Handler] = {f"{SERVICES}.list": _list, **policies(SERVICES)}

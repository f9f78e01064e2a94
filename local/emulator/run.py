"""Cloud Run services, kept but not run: what IAM members and functions need of them."""

from __future__ import annotations

from collections.abc import Mapping

from local.emulator.policies import policies
from local.emulator.rest import Collection, Handler

SERVICES = "run.projects.locations.services"
COLLECTIONS = (Collection(path="projects.locations.services", id_parameter="serviceId"),)
HANDLERS: Mapping[str, Handler] = policies(SERVICES)

"""Who calls, and may they: fixed fake identity tokens and the run.invoker check of Cloud Run.

A token is `Bearer local:<service-account-email>`; nothing is signed. It stands in for Google's OIDC tokens and for the
check that Cloud Run makes before a request reaches the container.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from local.emulator.store import Store

SERVICES = "run.projects.locations.services"
INVOKERS = frozenset({"roles/run.invoker", "roles/run.admin"})  # the roles with run.routes.invoke that we use
_TOKEN = re.compile(r"bearer local:(?P<email>[^\s@:]+@[^\s@:]+)", re.IGNORECASE)


def token(email: str) -> str:
    """The Authorization header of a service account."""
    return f"Bearer local:{email}"


def caller(headers: Mapping[str, str]) -> str | None:
    """The e-mail address that the request's token names (header names in lower case), None without a good token."""
    found = _TOKEN.fullmatch(headers.get("authorization", "").strip())
    return found["email"] if found else None


def may_invoke(store: Store, service: str, email: str | None) -> bool:
    """Whether the service's own IAM policy lets `email` invoke it. Conditional bindings count as absent."""
    members = {"allUsers"} | ({"allAuthenticatedUsers", f"serviceAccount:{email}", f"user:{email}"} if email else set())
    with store.transaction():
        policy = store.get(f"{SERVICES}.policy", service) or {}
    return any(
        binding.get("role") in INVOKERS and "condition" not in binding and members & set(binding.get("members") or ())
        for binding in policy.get("bindings", ())
    )

"""Who calls: fixed fake tokens, which name whom they are for, and nothing is signed; functions get real ones (`tokens.py`).

`Bearer local:EMAIL` is that service account or that person, `Bearer local` or no token is the owner of the project: whoever
sits at this machine. Stands in for Google's access tokens and OIDC tokens alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from local.emulator.model import ApiError

OWNER = "local"
SERVICES = "run.projects.locations.services"
_EMAIL = r"[^\s@:]+@[^\s@:]+"
_TOKEN = re.compile(rf"bearer local:(?P<email>{_EMAIL})", re.IGNORECASE)
_ACCOUNT = re.compile(r"[^@]+@(?P<project>[^.@]+)\.iam\.gserviceaccount\.com")
# Of Google's own: agents of its services, and the accounts that a project is born with.
_OF_GOOGLE = re.compile(r"service-\d+@gcp-sa-[a-z-]+\.iam\.gserviceaccount\.com|.*@(?!.*\.iam\.gserviceaccount\.com).*")


def access_token(email: str) -> str:
    """The token of an account or a person; of nobody, the owner's."""
    return f"{OWNER}:{email}" if email else OWNER


def token(email: str) -> str:
    """The Authorization header of a service account."""
    return f"Bearer {access_token(email)}"


def caller(headers: Mapping[str, str]) -> str | None:
    """The e-mail address that the request's token names (header names in lower case), None without such a token."""
    found = _TOKEN.fullmatch(headers.get("authorization", "").strip())
    return found["email"].lower() if found else None


def acting(headers: Mapping[str, str]) -> str | None:
    """Who calls an API: an e-mail address, None for the owner. ApiError 401 for any other token."""
    given = headers.get("authorization", "").strip()
    email = caller(headers)
    if email is None and given and given.lower() != f"bearer {OWNER}":
        raise ApiError(
            401,
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
            "authentication credential. The local stand-in takes no token, or local:EMAIL.",
        )
    return email


def is_account(email: str) -> bool:
    """Whether the address is a service account's."""
    return email.endswith(".gserviceaccount.com")


def full_name(email: str) -> str | None:
    """The full name of a service account that a project's people have made; None for people and for Google's accounts."""
    found = None if _OF_GOOGLE.fullmatch(email) else _ACCOUNT.fullmatch(email)
    return f"projects/{found['project']}/serviceAccounts/{email}" if found else None

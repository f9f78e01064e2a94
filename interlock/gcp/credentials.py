"""Who Interlock is to the local target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock.gcp import local_token

if TYPE_CHECKING:
    from google.auth.credentials import Credentials


def local_credentials() -> Credentials:
    """Who this is to the stand-in: whom the local target has given a token for, else its owner."""
    from google.auth.credentials import AnonymousCredentials
    from google.oauth2 import credentials

    return credentials.Credentials(token=token) if (token := local_token()) else AnonymousCredentials()

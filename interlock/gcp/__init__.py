"""Adapters to Google Cloud; besides `guard/` the only place that imports its libraries, inside functions.

Google's libraries take more than half a second to import, so each adapter imports them where it needs them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from interlock.environment import ACCESS_TOKEN, LOCAL
from interlock.secrets import scrubbed

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

LOCAL_URL = "INTERLOCK_LOCAL_URL"
"""Set by the local target for its command; where the stand-in for Google's APIs listens."""


class CloudError(Exception):
    """Google Cloud can't be reached, or refused; for people, with the next command, and without the secrets of a job that an
    answer of Google repeats."""

    def __init__(self, message: str) -> None:
        super().__init__(scrubbed(message))


def local_url() -> str | None:
    """Where the stand-in listens, or None when the real Google Cloud is meant."""
    return os.environ.get(LOCAL_URL) or None


def local_token() -> str:
    """The token that the local target has given for whom this acts as there, as `local:EMAIL`; "" or `local` is the owner."""
    token = os.environ.get(ACCESS_TOKEN, "")
    return token if token.partition(":")[0] == LOCAL else ""


def local_credentials() -> Credentials:
    """Who this is to the stand-in."""
    from google.auth.credentials import AnonymousCredentials
    from google.oauth2.credentials import Credentials

    return Credentials(token=token) if (token := local_token()) else AnonymousCredentials()

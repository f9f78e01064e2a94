"""Who Interlock is to the local target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock.gcp import local_token, local_url

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from requests import PreparedRequest, Session


def local_credentials() -> Credentials:
    """Who this is to the stand-in: whom the local target has given a token for, else its owner."""
    from google.auth.credentials import AnonymousCredentials
    from google.oauth2 import credentials

    return credentials.Credentials(token=token) if (token := local_token()) else AnonymousCredentials()


def send_as_asked(session: Session) -> None:
    """Has a session keep the token of its requests: in its place requests would send what ~/.netrc says for the host or for any
    (https://requests.readthedocs.io/en/latest/user/authentication/#netrc-authentication). Proxies are not for loopback."""
    session.auth = _unchanged
    session.trust_env = local_url() is None


def _unchanged(request: PreparedRequest) -> PreparedRequest:
    return request

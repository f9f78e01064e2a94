"""Whose request it is: the identity token that it carries, verified here once more than Cloud Run does.

Cloud Run verifies a token unless everybody may invoke the service, and then passes it on. Of a token that it has verified it
may remove the signature, "to prevent any non-public Cloud Run service from replaying ID tokens":
https://docs.cloud.google.com/run/docs/troubleshooting#signature-removed names tokens that gcloud has made,
https://cloud.google.com/run/docs/authenticating/service-to-service those in X-Serverless-Authorization, beside which
Authorization is passed on untouched; Google's own sample verifies accounts' tokens in Authorization:
https://github.com/GoogleCloudPlatform/python-docs-samples/blob/main/run/service-auth/app.py

So a signature that is there is verified. A token without one is good only as long as Cloud Run turns away, at that moment, a
token that nobody has signed: then it has verified this one. A service that anybody may invoke lets both through.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from interlock.gcp import CloudError, local_url
from interlock.gcp.credentials import send_as_asked
from interlock.names import EMAIL

GOOGLE_CERTS = "https://www.googleapis.com/oauth2/v1/certs"
LOCAL_CERTS = "/oauth2/v1/certs"
"""Of the stand-in, which signs with a key of its own, and whose address is on this machine or refused."""
ISSUERS = frozenset({"https://accounts.google.com", "accounts.google.com"})
"""https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken"""
GCLOUD = "32555940559.apps.googleusercontent.com"
"""Whom the tokens of people are for, who can't name somebody else: `gcloud auth print-identity-token`. Cloud Run takes them:
https://cloud.google.com/run/docs/authenticating/developers"""
REMOVED = ".SIGNATURE_REMOVED_BY_GOOGLE"
SKEW = timedelta(seconds=10)
MAX_TOKEN = 8_192
"""Characters; Google's have about a thousand."""
SECONDS = 5
CERTS_LAST = timedelta(hours=1)
"""Google names the time in Cache-Control, some hours. A key that isn't among them is looked for anew, but not for each token
that names one which nobody has: not sooner than `LOOKED_FOR` after the last time."""
LOOKED_FOR = timedelta(minutes=1)
OK = 200
TURNED_AWAY = frozenset({401, 403})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class NoToken(Exception):
    """A request whose token is none, or is not good; one sentence for people."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whom a token is of. `signed`: its signature was there, and is good; else somebody else has to have verified it."""

    email: str
    signed: bool


def identity(headers: Mapping[str, str], audience: str) -> Identity:
    """Whom the token of a request is of, for a service at `audience`. NoToken where there is none that is good; CloudError when
    Google's keys can't be read. `headers` is asked for names in any case, as Flask's are."""
    token, checked = _bearer(headers.get("Authorization")), headers.get("X-Serverless-Authorization")
    if checked is not None and (token is None or token.endswith(REMOVED)):
        # Beside that one Cloud Run verifies no other: without a signature the first is what anybody may have written.
        token = _bearer(checked)
    if token is None:
        raise NoToken("the request has no identity token; send Authorization: Bearer TOKEN")
    is_signed = not token.endswith(REMOVED)
    claims = _verified(token, audience) if is_signed else _stated(token, audience)
    if claims.get("iss") not in ISSUERS:
        raise NoToken("the identity token is not one of Google's")
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str) or not re.fullmatch(EMAIL, email):
        raise NoToken("the identity token states no verified e-mail address; of an account add --include-email")
    return Identity(email=email.lower(), signed=is_signed)


def turns_away(url: str) -> bool:
    """Whether the service at `url`, which is this one, lets nobody in by a token that nobody has signed: so that every token
    that came was verified. An answer of the service itself, or none in time, is a no: it takes one request at a time."""
    import google.auth.exceptions

    forged = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part({'iss': 'nobody', 'aud': url})}.{_part({})}"
    try:
        status, _ = _get(url, {"Authorization": f"Bearer {forged}"})
    except (google.auth.exceptions.GoogleAuthError, OSError):
        return False
    return status in TURNED_AWAY


def _get(url: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    """The status and the body. GoogleAuthError where nothing answers in time."""
    import requests
    from google.auth.transport.requests import Request

    with requests.Session() as session:
        send_as_asked(session)
        response = Request(session)(url, method="GET", headers={**(headers or {})}, timeout=SECONDS)
        return int(response.status), bytes(response.data)


def _bearer(header: str | None) -> str | None:
    scheme, _, token = (header or "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" and 0 < len(token) <= MAX_TOKEN else None


def _verified(token: str, audience: str) -> Mapping[str, object]:
    """What a token states, by its signature, its times and whom it is for."""
    from google.auth import jwt
    from google.auth.exceptions import GoogleAuthError

    try:
        key = jwt.decode_header(token).get("kid")
        certs = _CERTS.having(str(key))
        claims: Mapping[str, object] = jwt.decode(
            token, certs=certs, audience=[audience, GCLOUD], clock_skew_in_seconds=int(SKEW.total_seconds())
        )
    except (GoogleAuthError, ValueError, TypeError, KeyError) as error:
        raise NoToken(f"the identity token {_why(str(error), audience)}") from None
    return claims


def _why(said: str, audience: str) -> str:
    """What is wrong with a token; the library's own words hold the token."""
    if "expired" in said:
        return "has expired"
    return f"is not for {audience}" if "audience" in said else "can't be verified as one of Google's"


def _stated(token: str, audience: str) -> Mapping[str, object]:
    """The same of one without a signature."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        ends = datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (binascii.Error, ValueError, TypeError, KeyError, IndexError, OverflowError, OSError, RecursionError):
        raise NoToken("the identity token can't be read") from None
    if claims.get("aud") not in (audience, GCLOUD):
        raise NoToken(f"the identity token is not for {audience}")
    if ends + SKEW < datetime.now(UTC):
        raise NoToken("the identity token has expired")
    return dict(claims)


def _part(said: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


class _Certs:
    """The keys that tokens are signed with, kept for a while. Public, the same for everybody, and nothing of a request."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._source, self._read = "", datetime.min.replace(tzinfo=UTC)

    def having(self, key: str) -> Mapping[str, str]:
        """Those of now, anew where `key` isn't among those that are known. CloudError when they can't be read."""
        source, now = _certs_url(), datetime.now(UTC)
        age = now - self._read
        if source != self._source or age > CERTS_LAST or (key not in self._known and age > LOOKED_FOR):
            self._known, self._source, self._read = _fetched(source), source, now
        return self._known


def _fetched(url: str) -> dict[str, str]:
    from google.auth.exceptions import GoogleAuthError

    try:
        status, content = _get(url)
        said = json.loads(content) if status == OK else None
    except (GoogleAuthError, OSError, ValueError) as error:
        raise CloudError(f"the keys of identity tokens can't be read from {url}: {error}") from error
    if not isinstance(said, dict):
        raise CloudError(f"the keys of identity tokens can't be read from {url}: it answers {status}")
    return {str(key): str(cert) for key, cert in said.items()}


def _certs_url() -> str:
    local = local_url()
    if local is None:
        return GOOGLE_CERTS
    if urlsplit(local).hostname not in LOOPBACK:
        raise CloudError(f"{local} is not on this machine; only the stand-in's tokens are taken, and only from here")
    return local + LOCAL_CERTS


_CERTS = _Certs()

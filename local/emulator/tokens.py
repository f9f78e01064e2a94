"""Identity tokens, signed with a key of the emulator's own, which lasts as long as it does: what its functions are called with.

Callers name themselves by fixed tokens (`identity.py`). What a function gets in their place is what Google would have sent: a
JWT whose signature the function can verify by the keys at `CERTS`. Cloud Run removes the signature of a token that gcloud has
made for a person, and of any in X-Serverless-Authorization, beside which it leaves Authorization alone:
https://docs.cloud.google.com/run/docs/troubleshooting#signature-removed,
https://cloud.google.com/run/docs/authenticating/service-to-service. A service that everybody may invoke gets what was sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from local.emulator import identity
from local.emulator.model import Response, json_response

if TYPE_CHECKING:  # they take a third of a second to import, and most emulators call no function
    from google.auth.crypt import RSASigner

CERTS = "/oauth2/v1/certs"
"""As at https://www.googleapis.com/oauth2/v1/certs"""
ISSUER = "https://accounts.google.com"
GCLOUD = "32555940559.apps.googleusercontent.com"
"""Whom the tokens of people are for, by gcloud."""
REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"
AUTHORIZATION, SERVERLESS = "authorization", "x-serverless-authorization"
KEY_ID = "local"
KEY_BITS = 2048
LASTS_SECONDS = 3600
"""By the real clock: a token is real, whatever time the stand-in shows."""


class Issuer:
    """Issues tokens, and knows them again. The key is made when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._signer: RSASigner | None = None
        self._certs: dict[str, str] = {}

    def issue(self, email: str, audience: str) -> str:
        """The token of an account or a person, for `audience`; that of a person is for gcloud."""
        from google.auth import jwt

        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": audience if identity.is_account(email) else GCLOUD,
            "sub": email,
            "email": email,
            "email_verified": True,
            "iat": now,
            "exp": now + LASTS_SECONDS,
        }
        return str(jwt.encode(self._key(), claims).decode())

    def certs(self) -> Response:
        """The public keys, by their ids."""
        self._key()
        return json_response(self._certs)

    def email(self, header: str, audiences: Sequence[str]) -> str | None:
        """Whom the token of a header is of: a fixed one, or one of ours for one of `audiences`. None for any other."""
        if fixed := identity.caller({AUTHORIZATION: header}):
            return fixed
        from google.auth import jwt
        from google.auth.exceptions import GoogleAuthError

        self._key()
        try:
            claims = jwt.decode(header.partition(" ")[2].strip(), certs=self._certs, audience=[*audiences, GCLOUD])
        except (GoogleAuthError, ValueError):
            return None
        return str(claims["email"])

    def passed_on(self, headers: Mapping[str, str], audience: str, *, verified: bool) -> dict[str, str]:
        """The headers as the function gets them; `verified` unless everybody may invoke it."""
        sent = {**headers}
        for name in (AUTHORIZATION, SERVERLESS):
            if name not in sent:
                continue
            if fixed := identity.caller({AUTHORIZATION: sent[name]}):
                sent[name] = f"Bearer {self.issue(fixed, audience)}"
            checked = SERVERLESS if SERVERLESS in headers else AUTHORIZATION
            if verified and name == checked and (name == SERVERLESS or _is_gclouds(sent[name])):
                sent[name] = f"{sent[name].rpartition('.')[0]}.{REMOVED}"
        return sent

    def _key(self) -> RSASigner:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa
        from google.auth.crypt import RSASigner

        with self._lock:
            if self._signer is None:
                key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
                public = serialization.PublicFormat.SubjectPublicKeyInfo
                self._certs[KEY_ID] = key.public_key().public_bytes(serialization.Encoding.PEM, public).decode()
                self._signer = RSASigner(key, KEY_ID)
            return self._signer


def _is_gclouds(header: str) -> bool:
    from google.auth import jwt
    from google.auth.exceptions import GoogleAuthError

    try:
        return bool(jwt.decode(header.partition(" ")[2], verify=False).get("aud") == GCLOUD)
    except (GoogleAuthError, ValueError):
        return False

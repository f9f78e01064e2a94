"""Identity tokens for the function: as Google signs them, by the stand-in's issuer, and such as nobody should take."""

from __future__ import annotations

import base64
import json
import time

from google.auth import jwt

from interlock.runtime.callers import Callers
from local.emulator.tokens import GCLOUD, Issuer

AUDIENCE = "https://interlock-coordinator-1.us-west2.run.app"
CALLERS = Callers(
    audience=AUDIENCE,
    timers="interlock-timers@p.iam.gserviceaccount.com",
    push="interlock-push@p.iam.gserviceaccount.com",
    subscription="projects/p/subscriptions/interlock-alerts-push",
    operators=("user:ana@acme.dev", "serviceAccount:op@p.iam.gserviceaccount.com", "group:data@acme.dev"),
    admins=("user:boss@acme.dev",),
)
GOOGLE, STRANGER = Issuer(), Issuer()
"""Who signs as Google here, and somebody else with a key of the same id."""


def certs() -> dict[str, str]:
    """What Google publishes."""
    found: dict[str, str] = json.loads(GOOGLE.certs().body)
    return found


def token(whose: str = "ana@acme.dev", issuer: Issuer = GOOGLE, **claims: object) -> str:
    """A token of somebody; `claims` go over those that Google states, and None leaves one out."""
    issuer.certs()
    now = int(time.time())
    said = {
        "iss": "https://accounts.google.com",
        "aud": AUDIENCE if whose.endswith(".gserviceaccount.com") else GCLOUD,
        "email": whose,
        "email_verified": True,
        "iat": now,
        "exp": now + 3600,
    }
    said = {key: value for key, value in {**said, **claims}.items() if value is not None}
    return str(jwt.encode(issuer._key(), said).decode())


def removed(signed: str) -> str:
    """The same without its signature, as Cloud Run passes it on."""
    return f"{signed.rpartition('.')[0]}.SIGNATURE_REMOVED_BY_GOOGLE"


def unsigned(**said: object) -> str:
    """One that says that it needs no signature."""
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "none"}, said))
    return ".".join([*parts, ""])

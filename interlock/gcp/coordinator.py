"""Asks the coordinator, as a person or a machine that may invoke it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from interlock.catalog import Json
from interlock.environment import Environment
from interlock.gcp import CloudError, local_token, local_url
from interlock.pasted import LOCAL, interlock_command
from interlock.runtime.events import REQUEST_FAILED

LOCAL_CALLER = "operator"
"""The service account that the owner of the local target's project asks the coordinator as."""
ANSWER_SECONDS = 330
"""How long an answer may take: the function's own limit and some more."""
TOKEN_SECONDS, WAKE_SECONDS = 60, 5
CLIENT_ERRORS = range(400, 500)
SERVER_ERRORS = range(500, 600)
TOO_MANY_REQUESTS, GATEWAY_TIMEOUT = 429, 504
BUSY_SECONDS = (2, 5, 10, 15, 25)
"""Pauses before a request is sent again: a reconcile is over, or an instance has started, within about a minute.
Cloud Run answers for the one instance, which takes one request at a time: https://cloud.google.com/run/docs/troubleshooting"""


class RequestRefused(CloudError):
    """The coordinator refuses a request, and nothing has changed: `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the coordinator says: `ok` when everything is done, and its report."""

    ok: bool
    status: int
    report: Mapping[str, Json]


def ask(environment: Environment, request: Mapping[str, Json], sleep: Callable[[float], None] = time.sleep) -> Answer:
    """Sends one request, again while the coordinator is busy. CloudError when there is no answer, or it is a refusal."""
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    url = environment.coordinator_url
    address = url if (here := local_url()) is None else f"{here}/_functions/{environment.coordinator.name}/"
    bearer = f"Bearer {_token(environment)}"
    # Cloud Run checks the second and removes its signature; the first is the coordinator's, which verifies it itself:
    # https://cloud.google.com/run/docs/authenticating/service-to-service
    headers = {"Authorization": bearer, "X-Serverless-Authorization": bearer, "Content-Type": "application/json"}
    for pause in (*BUSY_SECONDS, None):
        try:
            response = Request()(address, method="POST", body=json.dumps(request), headers=headers, timeout=ANSWER_SECONDS)
        except (GoogleAuthError, OSError) as error:
            raise CloudError(
                f"no answer from the coordinator at {url}: {error}; it may have done what was asked: look with "
                + interlock_command("holds", env=environment.name)
            ) from error
        status, content = int(response.status), _content(response.data)
        # After a gateway's timeout minutes have passed already.
        if pause is None or status == GATEWAY_TIMEOUT or not _busy(status, content):
            break
        sleep(pause)
    return _answer(url, status, content, response.data)


def wake() -> None:
    """Has the local target start the coordinator, where it is deployed, while something else is done before it is asked. On
    Google a request does that, and there is none that does nothing else."""
    import urllib.request

    if (here := local_url()) is None:
        return
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback is not for proxies
    request = urllib.request.Request(f"{here}/_local/functions", method="POST")  # noqa: S310 - loopback
    with suppress(OSError, ValueError), direct.open(request, timeout=WAKE_SECONDS):  # who asks is told
        pass


def _content(body: bytes) -> object:
    """What an answer says; None when it is no JSON."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _busy(status: int, content: object) -> bool:
    """Cloud Run answers, in place of the coordinator, which always answers in JSON."""
    return status == TOO_MANY_REQUESTS or (status in SERVER_ERRORS and content is None)


def _answer(url: str, status: int, content: object, body: bytes) -> Answer:
    if _busy(status, content):
        raise CloudError(f"the coordinator is busy or starting ({status}, {url}); again in a minute, or --direct")
    said_why = isinstance(content, dict) and isinstance(content.get("error"), str)  # else it is Cloud Run that refuses
    if status in (401, 403) and not said_why:
        raise CloudError(f"the coordinator at {url} takes no request of yours ({status}); you need roles/run.invoker on it")
    if not isinstance(content, dict) or not isinstance(content.get("ok"), bool):
        said = body[:200].decode(errors="replace").strip()
        raise CloudError(
            f"{url} does not answer as the coordinator does ({status}): {said!a}; "
            "if it is not deployed: make deploy, or add --direct"
        )
    if status in CLIENT_ERRORS:
        raise RequestRefused(status, f"{content.get('error')}")
    report = content.get("report")
    if not isinstance(report, dict):
        report = {"records": [{"event": REQUEST_FAILED, "why": str(content.get("error"))}]}
    return Answer(ok=content["ok"], status=status, report=report)


def _token(environment: Environment) -> str:
    """An identity token for the coordinator: of the account that this runs as, else of the person who logged in to gcloud."""
    if local_url() is not None:
        return f"{LOCAL}:{caller_of_stand_in(environment)}"
    gcloud = shutil.which("gcloud")
    if gcloud is None or os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return _own_token(environment.coordinator_url)
    # Accounts name whom the token is for; people can't, and Cloud Run takes theirs as it is:
    # https://cloud.google.com/run/docs/authenticating/developers
    failed = ""
    for audience in ([f"--audiences={environment.coordinator_url}"], []):
        command = [gcloud, "auth", "print-identity-token", *audience]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TOKEN_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise CloudError(f"gcloud gave no identity token in {TOKEN_SECONDS} seconds; run: gcloud auth login") from None
        if done.returncode == 0:
            return done.stdout.strip()
        failed = done.stderr.strip()
    raise CloudError(f"no identity token for the coordinator: {failed}; run: gcloud auth login")


def caller_of_stand_in(environment: Environment) -> str:
    """As whom the stand-in is asked: whoever the local target acts as; for the owner of its project an operator."""
    return local_token().partition(":")[2] or environment.account(LOCAL_CALLER)


def _own_token(audience: str) -> str:
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request
    from google.oauth2.id_token import fetch_id_token

    try:
        return str(fetch_id_token(Request(), audience))
    except GoogleAuthError as error:
        raise CloudError(f"no identity token for the coordinator: {error}; install gcloud, gcloud auth login") from error

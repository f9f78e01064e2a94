"""The coordinator's function: HTTP around `interlock.runtime.operations`, started by functions-framework.

A request is a POST of JSON, from people and timers, or a Pub/Sub push envelope with an incident; `runtime/requests.py` says
what people may ask. Cloud Run lets in who has run.invoker. Here the token is verified once more, and its address decides what
may be asked: `runtime/callers.py`. The function may run twice at once for a moment: nothing here keeps anything of one request
for another but contents of objects, by their generations, and what must happen once is decided by generations in the bucket.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import random
import time
import traceback
from collections.abc import Callable, Mapping

import flask
import functions_framework

from interlock.board.keeping import Shelf, keep
from interlock.catalog import Json
from interlock.gcp import CloudError, local_url, scheduler, storage
from interlock.gcp.clock import clock
from interlock.gcp.ports import GoogleBucket, GoogleScheduler
from interlock.gcp.shelf import GoogleShelf
from interlock.gcp.tokens import NoToken, identity, turns_away
from interlock.runtime.callers import DIRECTLY, Caller, Callers, Part, parse_callers
from interlock.runtime.events import BOARD_FAILED, REQUEST_FAILED, REQUEST_REJECTED
from interlock.runtime.incident import Incident
from interlock.runtime.operations import serve
from interlock.runtime.outside import Outside
from interlock.runtime.ports import Refused, Unknown
from interlock.runtime.remembering import Remembering
from interlock.runtime.report import Record, Report
from interlock.runtime.requests import MAX_BODY_BYTES, ReconcileRequest, Rejected, Request, parse_request
from interlock.secrets import scrubbed
from interlock.zones import release

PROJECT, BUCKET, CALLERS = "INTERLOCK_PROJECT", "INTERLOCK_BUCKET", "INTERLOCK_CALLERS"
JSON_TYPE = "application/json"
UNFINISHED = 503
"""Asks Pub/Sub and Cloud Scheduler to try again."""

SELDOM = (50_000, 20, 100)
"""Of `gc.set_threshold`; Python's own first one is 700."""

release()  # a revision with other zone data than are locked doesn't start, and so takes no requests
storage.preload()  # as an instance starts, which `wake` has it do early, and not while somebody waits for its first answer
scheduler.preload()
gc.freeze()  # what was imported lasts as long as the instance does,
gc.set_threshold(*SELDOM)  # and Python would look through the declarations of 5,000 jobs for garbage again and again

Answer = tuple[int, dict[str, Json]]


@functions_framework.http
def handle(request: flask.Request) -> flask.Response:
    """Answers one request: {"ok": true, "report": ...}; a 4xx with one sentence when nothing was changed; a 5xx when it could
    not be finished, with the report of what was."""
    body = request.stream.read(MAX_BODY_BYTES + 1)
    who = functools.partial(caller, dict(request.headers))
    status, content = answer(request.method, request.mimetype, body, outside, who, keep_board)
    headers = {"Allow": "POST"} if status == 405 else {}
    return flask.Response(json.dumps(content) + "\n", status, headers, content_type=JSON_TYPE)


def answer(
    method: str,
    content_type: str,
    body: bytes,
    outside: Callable[[], Outside],
    who: Callable[[Request], Caller] = lambda _: DIRECTLY,
    keep: Callable[[Report], object] = lambda _: None,
) -> Answer:
    """The status and the JSON of an answer. `outside` is made only when there is something to do; `who` says who asks, or
    refuses to hear them; `keep` shows people what was done, before whoever asked hears of it."""
    asker = DIRECTLY
    try:
        asked = parse_request(method, body)
        asker = who(asked)
        if content_type != JSON_TYPE:
            raise Rejected(415, f"the body is {content_type or 'of no type'!s:.100}; send Content-Type: {JSON_TYPE}")
        report = serve(outside(), asked, asker)
        keep(report)
    except Rejected as rejected:
        log(Record(event=REQUEST_REJECTED, why=f"{rejected.code}: {rejected}", asked_by=asker.asked_by))
        return rejected.code, {"ok": False, "error": str(rejected)}
    except (CloudError, Refused, Unknown) as failure:
        log(Record(event=REQUEST_FAILED, why=str(failure)))
        return UNFINISHED, {"ok": False, "error": str(failure)}
    except Exception as error:
        # A fault of ours. Cloud Logging keeps the stack trace for us; whoever asked gets a sentence.
        log(Record(event=REQUEST_FAILED, why=scrubbed("".join(traceback.format_exception(error)))))
        return 500, {"ok": False, "error": f"the coordinator failed: {type(error).__name__}; its log says more"}
    # Once the breaker's hold is written the tick does the rest: an incident need not come again.
    done = report.settled or (isinstance(asked, Incident) and report.carried_out)
    return (200 if done else UNFINISHED), {"ok": report.settled, "report": report.as_json()}


def caller(headers: Mapping[str, str], asked: Request) -> Caller:
    """Who asks, by the token of the request. Rejected when it has none that is good; CloudError when that can't be told.

    A token without its signature, and an address that the environment does not name, are taken only while Cloud Run turns away
    what it has not verified and who has no run.invoker: who then comes through was let in by it. To reconcile takes neither, as
    that does the same whoever asks.
    """
    known = callers(os.environ)
    try:
        found = identity(headers, known.audience)
    except NoToken as refusal:
        raise Rejected(401, str(refusal)) from None
    part = known.part(found.email)
    if (part is None or not found.signed) and not isinstance(asked, ReconcileRequest) and not turns_away(own_url(known)):
        missing = f"{found.email} is none of coordinator.operators" if found.signed else "the identity token has no signature"
        raise Rejected(401, f"{missing}, and this service does not turn away who has no right to invoke it")
    known.check_envelope(asked)
    return Caller(email=found.email, part=part or Part.OPERATOR)


def own_url(known: Callers) -> str:
    """Where this function answers. In the stand-in, the address of which is on this machine, no other host resolves."""
    here = local_url()
    return known.audience if here is None else f"{here}/_functions/{os.environ.get('K_SERVICE', '')}/"


def callers(environ: Mapping[str, str]) -> Callers:
    """Who may call, as the function is deployed with it. CloudError where that is missing."""
    try:
        return parse_callers(environ.get(CALLERS, ""))
    except ValueError as error:
        raise CloudError(
            f"the function is deployed without {CALLERS}, which the coordination stack sets; run make deploy"
        ) from error


def keep_board(report: Report) -> None:
    """The board of what was seen and done. What is wrong with it is wrong with nothing else."""
    try:
        keep(shelf(), report, settings(os.environ)[0])
    except (CloudError, Refused, Unknown) as failure:
        log(Record(event=BOARD_FAILED, why=str(failure)))
    except Exception as error:
        log(Record(event=BOARD_FAILED, why=scrubbed("".join(traceback.format_exception(error)))))


@functools.cache
def shelf() -> Shelf:
    """Where the board of this deployment lies."""
    return GoogleShelf(*settings(os.environ))


@functools.cache
def outside() -> Outside:
    """The bucket and Cloud Scheduler of this deployment; the clients are kept from request to request."""
    project, bucket = settings(os.environ)
    return Outside(
        bucket=Remembering(GoogleBucket(project, bucket)),
        scheduler=GoogleScheduler(project),
        clock=clock,
        log=log,
        sleep=time.sleep,
        jitter=random.random,
        lists_all=True,
    )


def settings(environ: Mapping[str, str]) -> tuple[str, str]:
    """The project and the bucket that the function is deployed with. CloudError names what is missing."""
    if missing := [name for name in (PROJECT, BUCKET) if not environ.get(name)]:
        said = " and ".join(missing)
        raise CloudError(f"the function is deployed without {said}, which the coordination stack sets; run make deploy")
    return environ[PROJECT], environ[BUCKET]


def log(record: Record) -> None:
    """One line of JSON for Cloud Logging: https://cloud.google.com/logging/docs/structured-logging"""
    print(json.dumps(record.as_json()), flush=True)

"""The coordinator's function: HTTP around `interlock.runtime.operations`, started by functions-framework.

A request is a POST of JSON, from people and timers, or a Pub/Sub push envelope with an incident; `runtime/requests.py` says
what people may ask. Who may ask is decided before it comes here, by run.invoker. The function may run twice at once for a
moment: nothing here keeps anything between two requests, and what must happen once is decided by generations in the bucket.
"""

from __future__ import annotations

import functools
import json
import os
import random
import time
import traceback
from collections.abc import Callable, Mapping

import flask
import functions_framework

from interlock.catalog import Json
from interlock.gcp import CloudError
from interlock.gcp.clock import clock
from interlock.gcp.ports import GoogleBucket, GoogleScheduler
from interlock.runtime.events import REQUEST_FAILED, REQUEST_REJECTED
from interlock.runtime.incident import Incident
from interlock.runtime.operations import serve
from interlock.runtime.outside import Outside
from interlock.runtime.ports import Refused, Unknown
from interlock.runtime.report import Record
from interlock.runtime.requests import MAX_BODY_BYTES, Rejected, parse_request
from interlock.secrets import scrubbed
from interlock.zones import release

PROJECT, BUCKET = "INTERLOCK_PROJECT", "INTERLOCK_BUCKET"
JSON_TYPE = "application/json"
UNFINISHED = 503
"""Asks Pub/Sub and Cloud Scheduler to try again."""

release()  # a revision with other zone data than are locked doesn't start, and so takes no requests

Answer = tuple[int, dict[str, Json]]


@functions_framework.http
def handle(request: flask.Request) -> flask.Response:
    """Answers one request: {"ok": true, "report": ...}; a 4xx with one sentence when nothing was changed; a 5xx when it could
    not be finished, with the report of what was."""
    body = request.stream.read(MAX_BODY_BYTES + 1)
    status, content = answer(request.method, request.mimetype, body, outside)
    headers = {"Allow": "POST"} if status == 405 else {}
    return flask.Response(json.dumps(content) + "\n", status, headers, content_type=JSON_TYPE)


def answer(method: str, content_type: str, body: bytes, outside: Callable[[], Outside]) -> Answer:
    """The status and the JSON of an answer. `outside` is made only when there is something to do."""
    try:
        asked = parse_request(method, body)
        if content_type != JSON_TYPE:
            raise Rejected(415, f"the body is {content_type or 'of no type'!s:.100}; send Content-Type: {JSON_TYPE}")
        report = serve(outside(), asked)
    except Rejected as rejected:
        log(Record(event=REQUEST_REJECTED, why=f"{rejected.code}: {rejected}"))
        return rejected.code, {"ok": False, "error": str(rejected)}
    except (CloudError, Refused, Unknown) as failure:
        log(Record(event=REQUEST_FAILED, why=str(failure)))
        return UNFINISHED, {"ok": False, "error": str(failure)}
    except Exception as error:
        # A fault of ours. Cloud Logging keeps the stack trace for us; whoever asked gets a sentence.
        log(Record(event=REQUEST_FAILED, why=scrubbed("".join(traceback.format_exception(error)))))
        return 500, {"ok": False, "error": f"the coordinator failed: {type(error).__name__}; its log says more"}
    # Once the breaker's hold is written the tick does the rest: an incident that comes again undoes a release.
    done = report.settled or (isinstance(asked, Incident) and report.carried_out)
    return (200 if done else UNFINISHED), {"ok": report.settled, "report": report.as_json()}


@functools.cache
def outside() -> Outside:
    """The bucket and Cloud Scheduler of this deployment; the clients are kept from request to request."""
    project, bucket = settings(os.environ)
    return Outside(
        bucket=GoogleBucket(project, bucket),
        scheduler=GoogleScheduler(project),
        clock=clock,
        log=log,
        sleep=time.sleep,
        jitter=random.random,
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

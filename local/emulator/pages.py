"""The /_local/ pages that move the emulated cloud: its clock, what is due, and what was attempted.

* `/_local/clock`: GET {"now", "stepped"}. POST {"set": INSTANT} stands there, {"advance": "10m"} or {"to": INSTANT} fires on
  the way what is due (local/emulator/attempts.py), {"set": null} goes with the real clock again.
* `/_local/settle`: POST waits until nothing is due or under way.
* `/_local/attempts`: GET the attempts of jobs since the start or the last DELETE.
"""

from __future__ import annotations

import json

from local.emulator import attempts
from local.emulator.clock import parse_duration, parse_instant
from local.emulator.model import ApiError, JsonObject, Request, Response, json_response, timestamp
from local.emulator.runtime import Runtime

_PAGES = "faults, requests, about, clock, settle and attempts"


def answer(runtime: Runtime, request: Request) -> Response:
    """The answer of a page; ApiError for what it doesn't understand."""
    page = (request.http, request.path.removeprefix("/_local/"))
    if page == ("GET", "clock"):
        return _clock(runtime)
    if page == ("POST", "clock"):
        return _move(runtime, _body(request))
    if page == ("POST", "settle"):
        return json_response({"settled": runtime.settle()})
    if page == ("GET", "attempts"):
        return json_response({"attempts": list(runtime.attempts)})
    if page == ("DELETE", "attempts"):
        runtime.attempts.clear()
        return json_response({"attempts": []})
    raise ApiError(404, f"No page {request.http} {request.path}; there are {_PAGES}.")


def _clock(runtime: Runtime, **more: object) -> Response:
    return json_response({"now": timestamp(runtime.clock.now()), "stepped": runtime.clock.stepped, **more})


def _move(runtime: Runtime, body: JsonObject) -> Response:
    if len(body) != 1 or not set(body) <= {"set", "advance", "to"}:
        raise ApiError(400, 'The clock takes one of {"set": INSTANT or null}, {"advance": DURATION} and {"to": INSTANT}.')
    try:
        if "set" in body:
            runtime.clock.set(None if body["set"] is None else parse_instant(body["set"]))
            return _clock(runtime)
        now = runtime.clock.now()
        until = now + parse_duration(body["advance"]) if "advance" in body else parse_instant(body["to"])
    except (ValueError, OverflowError) as error:
        raise ApiError(400, f"Bad clock: {error}") from None
    if until < now:
        raise ApiError(400, f"The clock is at {timestamp(now)} and only goes on; set it to go back.")
    return _clock(runtime, settled=attempts.advance(runtime, until))


def _body(request: Request) -> JsonObject:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        raise ApiError(400, f"Invalid JSON: {error}") from None
    if not isinstance(body, dict):
        raise ApiError(400, "The body must be a JSON object.")
    return body

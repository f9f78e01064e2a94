"""The /_local/ pages that move the emulated cloud: its clock, what is due, and what was attempted.

* `/_local/clock`: GET {"now", "stepped"}. POST {"set": INSTANT} stands there, {"advance": "10m"} or {"to": INSTANT} fires on
  the way what is due (local/emulator/attempts.py), {"set": null} goes with the real clock again.
* `/_local/settle`: POST waits until nothing is due or under way.
* `/_local/attempts`: GET the attempts of jobs since the start or the last DELETE.
* `/_local/deliveries`: the same for pushed messages. POST {"duplicates": N} delivers every message N times more from now on,
  {"redeliver": MESSAGE_ID} one once more.
* `/_local/functions`: GET the process of each function that runs, such as a test may kill. POST has those start that do not.
* `/_local/evaluate`: POST evaluates the alert policies now (local/emulator/incidents.py) and waits for what they set off.
* `/_local/incidents`: GET those that are open. `/_local/notifications`: what channels were told, with the same GET and DELETE.
"""

from __future__ import annotations

import json

from local.emulator import attempts, incidents, push
from local.emulator.clock import parse_duration, parse_instant
from local.emulator.model import ApiError, JsonObject, Request, Response, json_response, timestamp
from local.emulator.runtime import Runtime

_MAX_DUPLICATES = 10
_PAGES = "faults, requests, about, clock, settle, attempts, deliveries, functions, evaluate, incidents and notifications"


def answer(runtime: Runtime, request: Request) -> Response:
    """The answer of a page; ApiError for what it doesn't understand."""
    page = (request.http, request.path.removeprefix("/_local/"))
    if page == ("GET", "clock"):
        return _clock(runtime)
    if page == ("POST", "clock"):
        return _move(runtime, _body(request))
    if page == ("POST", "settle"):
        return json_response({"settled": runtime.settle()})
    if page == ("POST", "deliveries"):
        return _deliver(runtime, _body(request))
    if page == ("GET", "functions"):
        return json_response({"processes": runtime.functions.processes()})
    if page == ("POST", "functions"):
        runtime.functions.wake()
        return json_response({})
    if page == ("POST", "evaluate"):
        found = incidents.evaluate(runtime)
        return json_response(found | {"settled": runtime.settle()})
    if page == ("GET", "incidents"):
        return json_response({"incidents": incidents.listed(runtime)})
    records = {"attempts": runtime.attempts, "deliveries": runtime.deliveries, "notifications": runtime.notifications}
    if page[1] in records and page[0] in ("GET", "DELETE"):
        if page[0] == "DELETE":
            records[page[1]].clear()
        return json_response({page[1]: list(records[page[1]])})
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


def _deliver(runtime: Runtime, body: JsonObject) -> Response:
    copies, message = body.get("duplicates", runtime.duplicates), body.get("redeliver")
    if not set(body) <= {"duplicates", "redeliver"} or type(copies) is not int or not 0 <= copies <= _MAX_DUPLICATES:
        raise ApiError(400, f'Deliveries take {{"duplicates": 0 to {_MAX_DUPLICATES}}} and {{"redeliver": MESSAGE_ID}}.')
    runtime.duplicates = copies
    again = push.redeliver(runtime, message) if message is not None else 0
    return json_response({"duplicates": copies, "redelivered": again})


def _body(request: Request) -> JsonObject:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        raise ApiError(400, f"Invalid JSON: {error}") from None
    if not isinstance(body, dict):
        raise ApiError(400, "The body must be a JSON object.")
    return body

"""Faults on request: latency, and answers such as 409, 429 and 503 for chosen methods and paths.

A fault is written `METHOD PATH-REGEX CODE [xN | /N]`: `POST :pause$ 409 x3` refuses the first three pauses,
`* /jobs 503 /5` every fifth call on jobs, `GET /o 429` every one. METHOD may be `*`; the pattern is searched in the path.
`api cloudscheduler.googleapis.com off` answers every call of that API as for a project that hasn't enabled it.
`tokens shown` answers a job that has a token with an Authorization header, as the provider says that the real API does.
`metrics hidden 30s` keeps alert policies from finding a log metric for so long after its creation; in Google it takes up to 10
minutes.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field

from local.emulator.discovery import Api, Method
from local.emulator.model import ERRORS, ApiError, JsonObject, denied

_MESSAGES = {
    # Cloud Scheduler's words when a job is changed twice at once.
    409: "sync mutate calls cannot be queued",
    429: "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute'.",
    503: "The service is currently unavailable.",
}
_SPEC = re.compile(r"(?P<http>[A-Z]+|\*) +(?P<path>\S.*?) +(?P<code>\d{3})(?: +(?:x(?P<times>\d+)|/(?P<every>\d+)))?")
_OFF = re.compile(r"api +([a-z][a-z0-9-]*\.googleapis\.com) +off")
_SHOWN = "tokens shown"
_HIDDEN = re.compile(r"metrics hidden +(\S+)")
_LATENCY = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")


@dataclass
class Fault:
    """One fault and how often it was considered (`seen`) and has struck (`hits`)."""

    spec: str
    http: str
    path: re.Pattern[str]
    code: int
    times: int | None
    every: int
    seen: int = 0
    hits: int = 0

    def strikes(self, http: str, path: str) -> bool:
        """Whether it strikes this call; counts it."""
        if self.http not in ("*", http) or not self.path.search(path) or self.hits == self.times:
            return False
        self.seen += 1
        if self.seen % self.every:
            return False
        self.hits += 1
        return True


def parse_fault(spec: str) -> Fault:
    """A Fault from its text; the ValueError names what is allowed."""
    found = _SPEC.fullmatch(spec.strip())
    if found is None:
        raise ValueError(f"fault {spec!r}: expected METHOD PATH-REGEX CODE [xN | /N], such as 'POST :pause$ 409 x3'")
    code = int(found["code"])
    if code not in ERRORS or code < 400:
        allowed = ", ".join(str(known) for known in ERRORS if known >= 400)
        raise ValueError(f"fault {spec!r}: code {code} is not one of {allowed}")
    try:
        path = re.compile(found["path"])
    except re.error as error:
        raise ValueError(f"fault {spec!r}: {found['path']!r} is not a regular expression: {error}") from None
    times = int(found["times"]) if found["times"] else None
    every = int(found["every"] or 1)
    if times == 0 or every == 0:
        raise ValueError(f"fault {spec!r}: N must be at least 1")
    return Fault(spec=spec.strip(), http=found["http"], path=path, code=code, times=times, every=every)


def parse_latency(text: str) -> float:
    """Seconds from `120ms` or `0.5s`; the ValueError names what is allowed."""
    found = _LATENCY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"latency {text!r}: expected a number with ms or s, such as 120ms")
    return float(found[1]) / (1000 if found[2] == "ms" else 1)


@dataclass
class Faults:
    """The faults of a running emulator, its latency and how long new metrics are hidden (seconds)."""

    latency: float = 0.0
    metrics_hidden: float = 0.0
    tokens_shown: bool = False
    off: set[str] = field(default_factory=set)  # APIs that the project hasn't enabled, such as cloudscheduler.googleapis.com
    _faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *specs: str) -> None:
        """Add faults; none is added if one is wrong (ValueError)."""
        specs = tuple(spec.strip() for spec in specs)
        hidden = [parse_latency(found[1]) for spec in specs if (found := _HIDDEN.fullmatch(spec))]
        off = {found[1] for spec in specs if (found := _OFF.fullmatch(spec))}
        special = [spec for spec in specs if _HIDDEN.fullmatch(spec) or _OFF.fullmatch(spec) or spec == _SHOWN]
        parsed = [parse_fault(spec) for spec in specs if spec not in special]
        with self._lock:
            self._faults += parsed
            self.off |= off
            self.tokens_shown = self.tokens_shown or _SHOWN in specs
            self.metrics_hidden = hidden[-1] if hidden else self.metrics_hidden

    def clear(self) -> None:
        """No faults, no latency and nothing hidden from now on."""
        with self._lock:
            self._faults.clear()
            self.off.clear()
            self.tokens_shown = False
            self.latency = self.metrics_hidden = 0.0

    def check(self, http: str, path: str, api: Api, method: Method) -> None:
        """Raise the ApiError of the first fault that strikes a call of the API's method."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.strikes(http, path)), None)
        if f"{api.name}.googleapis.com" in self.off:
            raise _disabled(api, path)
        if fault is not None and fault.code == 403:
            place = re.search(r"projects/[^/]+(/locations/[^/:]+)?", path)
            raise denied(method.permission, place[0] if place else path)
        if fault is not None:
            raise ApiError(fault.code, f"{_MESSAGES.get(fault.code, 'Refused on request.')} (injected fault)")

    def describe(self) -> JsonObject:
        """Latency and faults with their counts."""
        with self._lock:
            faults: list[JsonObject] = [{"fault": fault.spec, "hits": fault.hits} for fault in self._faults]
            faults += [{"fault": _SHOWN}] if self.tokens_shown else []
            faults += [{"fault": f"api {name} off"} for name in sorted(self.off)]
            faults += [{"fault": f"metrics hidden {self.metrics_hidden:g}s"}] if self.metrics_hidden else []
            return {"latency": f"{self.latency * 1000:g}ms", "faults": faults}


def _disabled(api: Api, path: str) -> ApiError:
    """What Google answers for an API that isn't enabled: https://cloud.google.com/service-usage/docs/service-disabled"""
    place = re.search(r"projects/([^/]+)", path)
    project, host = place[1] if place else "-", f"{api.name}.googleapis.com"
    url = f"https://console.developers.google.com/apis/api/{host}/overview?project={project}"
    message = (
        f"{api.title} has not been used in project {project} before or it is disabled. Enable it by visiting {url} then "
        "retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
    )
    facts = {"service": host, "consumer": f"projects/{project}", "activationUrl": url, "serviceTitle": api.title}
    return ApiError(403, message, info={"reason": "SERVICE_DISABLED", "domain": "googleapis.com", "metadata": facts})

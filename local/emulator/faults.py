"""Faults on request: latency, and answers such as 409, 429 and 503 for chosen methods and paths.

A fault is written `METHOD PATH-REGEX CODE [xN | /N]`: `POST :pause$ 409 x3` refuses the first three pauses,
`* /jobs 503 /5` every fifth call on jobs, `GET /o 429` every one. METHOD may be `*`; the pattern is searched in the path.
`api cloudscheduler.googleapis.com off` answers every call of that API as for a project that hasn't enabled it, and whoever
enables it as one who may not.

What Google delays is delayed on request, `NAME=DURATION` (ms, s, m or h; 0s ends it), by the emulator's clock:

* `grants=60s`: a change of an IAM policy counts only so long afterwards.
* `metrics=10m`: alert policies don't find a log metric for so long after its creation.
* `api-enable=30s`: an API answers only so long after it was enabled.
* `lag=10m`: the points of a log metric come so long after their entries.

And what nobody here knows of Google can be had both ways, by name:

* `strict_pause`: `:pause` of a job that is not enabled is refused, as the reference of the method says.
* `buckets optional`: a metric of a distribution is taken without its buckets, though its reference calls them required.
* `tokens shown`: a job that has a token answers with an Authorization header, as the provider says that the real API does.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from datetime import timedelta

from local.emulator.discovery import Method
from local.emulator.model import ERRORS, ApiError, JsonObject, denied

_MESSAGES = {
    # Cloud Scheduler's words when a job is changed twice at once.
    409: "sync mutate calls cannot be queued",
    429: "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute'.",
    503: "The service is currently unavailable.",
}
_SPEC = re.compile(r"(?P<http>[A-Z]+|\*) +(?P<path>\S.*?) +(?P<code>\d{3})(?: +(?:x(?P<times>\d+)|/(?P<every>\d+)))?")
_OFF = re.compile(r"api +([a-z][a-z0-9-]*\.googleapis\.com) +off")
DELAYS = ("grants", "metrics", "api-enable", "lag")
SWITCHES = ("strict_pause", "buckets optional", "tokens shown")
_DELAY = re.compile(rf"({'|'.join(DELAYS)}) *= *(\S+)")
_LATENCY = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


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
        raise ValueError(
            f"fault {spec!r}: expected METHOD PATH-REGEX CODE [xN | /N], such as 'POST :pause$ 409 x3'; api NAME off; "
            f"DELAY=60s of {', '.join(DELAYS)}; {' or '.join(SWITCHES)}"
        )
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
    """Seconds from `120ms`, `0.5s` or `10m`; the ValueError names what is allowed."""
    found = _LATENCY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"latency {text!r}: expected a number with ms, s, m or h, such as 120ms")
    return float(found[1]) * _SECONDS[found[2]]


@dataclass
class Faults:
    """The faults of a running emulator, its latency (seconds), what it delays and which doubtful ways it takes."""

    latency: float = 0.0
    off: set[str] = field(default_factory=set)  # APIs that the project hasn't enabled, such as cloudscheduler.googleapis.com
    _delays: dict[str, float] = field(default_factory=dict)
    _switches: set[str] = field(default_factory=set)
    _faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def delay(self, name: str) -> timedelta:
        """How long what DELAYS names takes; nothing unless it was asked for."""
        return timedelta(seconds=self._delays.get(name, 0.0))

    def has(self, switch: str) -> bool:
        """Whether a way of SWITCHES was asked for."""
        return switch in self._switches

    def add(self, *specs: str) -> None:
        """Add faults; none is added if one is wrong (ValueError)."""
        specs = tuple(spec.strip() for spec in specs)
        delays = {found[1]: parse_latency(found[2]) for spec in specs if (found := _DELAY.fullmatch(spec))}
        off = {found[1] for spec in specs if (found := _OFF.fullmatch(spec))}
        special = [spec for spec in specs if _DELAY.fullmatch(spec) or _OFF.fullmatch(spec) or spec in SWITCHES]
        parsed = [parse_fault(spec) for spec in specs if spec not in special]
        with self._lock:
            self._faults += parsed
            self.off |= off
            self._switches |= {*specs} & {*SWITCHES}
            self._delays = {name: seconds for name, seconds in (self._delays | delays).items() if seconds}

    def clear(self) -> None:
        """No faults, no latency and nothing delayed from now on."""
        with self._lock:
            for kept in (self._faults, self.off, self._switches, self._delays):
                kept.clear()
            self.latency = 0.0

    def check(self, http: str, path: str, method: Method) -> None:
        """Raise the ApiError of the first fault that strikes a call of the method."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.strikes(http, path)), None)
        if fault is not None and fault.code == 403:
            place = re.search(r"projects/[^/]+(/locations/[^/:]+)?", path)
            raise denied(method.permission, place[0] if place else path)
        if fault is not None:
            raise ApiError(fault.code, f"{_MESSAGES.get(fault.code, 'Refused on request.')} (injected fault)")

    def describe(self) -> JsonObject:
        """Latency and faults with their counts."""
        with self._lock:
            faults: list[JsonObject] = [{"fault": fault.spec, "hits": fault.hits} for fault in self._faults]
            faults += [{"fault": switch} for switch in sorted(self._switches)]
            faults += [{"fault": f"api {name} off"} for name in sorted(self.off)]
            faults += [{"fault": f"{name}={seconds:g}s"} for name, seconds in sorted(self._delays.items())]
            return {"latency": f"{self.latency * 1000:g}ms", "faults": faults}

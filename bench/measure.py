"""Timing, counting calls, and tables: what every part of the bench uses."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

PYTHON = sys.executable
PROJECT = "interlock-local"
WORKERS = 10
CLIENT = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from google.cloud import scheduler_v1
from google.auth.credentials import AnonymousCredentials
workers, url, project, verb, *jobs = sys.argv[1:]
client = scheduler_v1.CloudSchedulerClient(
    transport="rest", credentials=AnonymousCredentials(), client_options={"api_endpoint": url})
call = client.pause_job if verb == "pause" else client.resume_job
began = time.monotonic()
with ThreadPoolExecutor(int(workers)) as pool:
    list(pool.map(lambda job: call(name=f"projects/{project}/locations/{job}"), jobs))
print(time.monotonic() - began)
"""
"""Says how many seconds its calls took, without its start."""


def timed(words: list[str] | str, env: Mapping[str, str] | None = None) -> float:
    """Wall seconds of a command, which must succeed. A text runs in a shell. `env` is ours where none is given."""
    began, shell = time.monotonic(), isinstance(words, str)
    subprocess.run(words, env=env, check=True, shell=shell, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return time.monotonic() - began


def medians(ways: Mapping[str, Callable[[], float]], runs: int) -> dict[str, float]:
    """The median of each way over `runs` rounds after one that is not counted; the ways take turns, so that a machine that
    slows down slows all of them."""
    rounds = [{name: way() for name, way in ways.items()} for _ in range(runs + 1)][1:]
    return {name: statistics.median(found[name] for found in rounds) for name in ways}


def say(title: str, seconds: Mapping[str, float], base: str, notes: Mapping[str, str] | None = None) -> None:
    """A table: seconds, the ratio to `base`, and a note."""
    print(f"\n{title}\n")
    for name, value in seconds.items():
        print(f"  {name:<44} {value:8.2f} s  {value / seconds[base]:6.2f} x  {(notes or {}).get(name, '')}".rstrip())


def calls(act: Callable[[], object]) -> str:
    """How many API calls `act` makes, from the stand-in's own counters."""
    api("DELETE", "/_local/requests")
    act()
    found = api("GET", "/_local/requests")
    return f"{found['writes']} writes, {found['reads']} reads"


def api(method: str, path: str, body: object = None) -> dict[str, Any]:
    """One plain call of the stand-in."""
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(os.environ["INTERLOCK_LOCAL_URL"] + path, method=method, data=sent)  # noqa: S310 - loopback
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        found: dict[str, Any] = json.loads(answer.read() or b"{}")
    return found

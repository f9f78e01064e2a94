"""Now: this machine's clock, and of the local target the stand-in's, which a test or a demo may set.

Cloud Run's clocks are Google's. A person's machine may be hours off, and what goes by its clock would end others' holds.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

from interlock.gcp import CloudError, local_url
from interlock.runtime.ledger import MAX_CLOCK_SKEW

_kept: deque[tuple[str, HTTPConnection]] = deque()
"""Connections to a stand-in that nobody uses just now: a command asks it a hundred times what time it is, and connecting takes
longer than the answer. Past any proxy, as loopback is not for those."""
os.register_at_fork(after_in_child=_kept.clear)
SECONDS = 5
ROUNDED = timedelta(seconds=1)
"""What a Date header leaves out."""
GOOGLE = "https://storage.googleapis.com/"
"""Any answer of it carries the time."""


def clock() -> datetime:
    """Now, as an aware UTC instant. CloudError when the stand-in does not answer."""
    if (url := local_url()) is None:
        return datetime.now(UTC)
    try:
        return datetime.fromisoformat(json.loads(_said(url))["now"]).astimezone(UTC)
    except (OSError, HTTPException, ValueError, KeyError) as error:
        raise CloudError(f"the local target at {url} does not say what time it is: {error}") from error


def _said(url: str) -> bytes:
    """What the stand-in says of its clock, over a connection that is kept, or another one where that has ended."""
    while True:
        kept = _taken(url)
        connection = kept or HTTPConnection(url.removeprefix("http://"), timeout=SECONDS)
        try:
            connection.request("GET", "/_local/clock")
            answer = connection.getresponse()
            said = answer.read()
        except (OSError, HTTPException) as error:
            connection.close()
            if kept is None or isinstance(error, TimeoutError):
                raise
            continue
        if answer.status == HTTPStatus.OK:
            _kept.append((url, connection))
            return said
        connection.close()
        if kept is None:
            raise OSError(f"it answers {answer.status} {answer.reason}")


def _taken(url: str) -> HTTPConnection | None:
    """One that is kept; those to another stand-in, which is a test's that has ended, are closed."""
    with suppress(IndexError):
        while True:
            whose, connection = _kept.popleft()
            if whose == url:
                return connection
            connection.close()
    return None


def elapsed() -> float:
    """Seconds since some instant, by what nobody sets: on Linux it goes on while the machine sleeps. Of the local target its
    clock. CloudError when the stand-in does not answer."""
    if local_url() is not None:
        return clock().timestamp()
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


def ahead() -> timedelta:
    """How far this machine's clock is ahead of Google's, rounded as a Date header is; negative behind it. CloudError when that
    can't be read. Of the local target, whose clock is the stand-in's, nothing."""
    if local_url() is not None:
        return timedelta()
    try:
        with urllib.request.urlopen(urllib.request.Request(GOOGLE, method="HEAD"), timeout=SECONDS) as answer:
            said = answer.headers["Date"]
    except urllib.error.HTTPError as refusal:
        with refusal:
            said = refusal.headers["Date"]
    except OSError as error:
        raise CloudError(f"Google does not say what time it is: {error}") from error
    try:
        return datetime.now(UTC) - parsedate_to_datetime(said)
    except (TypeError, ValueError) as error:
        raise CloudError(f"{GOOGLE} does not say what time it is") from error


def is_far(ahead: timedelta) -> bool:
    """Whether a clock is further from Google's than those of two instances may be."""
    return abs(ahead) > MAX_CLOCK_SKEW + ROUNDED


def said_ahead(ahead: timedelta) -> str:
    """`12 s ahead of Google's`."""
    return f"{abs(ahead).total_seconds():.0f} s {'ahead of' if ahead > timedelta() else 'behind'} Google's"


def check_clock() -> None:
    """CloudError when this machine's clock is far from Google's, or that can't be read: --direct goes by it."""
    try:
        off = ahead()
    except CloudError as error:
        raise CloudError(f"{error}; --direct goes by this machine's clock") from error
    if is_far(off):
        raise CloudError(
            f"this machine's clock is {said_ahead(off)}; --direct goes by it and would end or open what it should not. Set it"
            " right, or leave --direct to the coordinator"
        )

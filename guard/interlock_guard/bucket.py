"""The coordination bucket: one list call, and the content of each flag and hold that is active, read once.

Both prefixes come with one list call, as one range of names: from `backfills/` to the end of `holds/`, with the few objects
between them. What is read is kept for some seconds, and so is that it could not be read: a hundred requests that wait for one
bucket that does not answer shall wait once, not one after the other. Ends are judged anew each time.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from interlock_guard import logs
from interlock_guard.objects import FLAG_PREFIX, HOLD_PREFIX, Hold, latest, parse_name, with_content

if TYPE_CHECKING:
    from google.api_core.retry import Retry
    from google.cloud.storage import Client

MAX_AGE_S = 5.0
"""How old an answer may be. A hold that somebody writes is seen this much later at most."""
PATIENCE_S = 10.0
"""How long a call that fails is tried again: Google's default of two minutes is longer than many a scraper runs."""
ATTEMPT_S = 5.0
"""How long one attempt may take."""
LIST_TRIES = 3
"""How often the bucket is listed anew when an object is gone before it is read, as when it is being extended."""
MAX_CONTENT_BYTES = 1_000_000
READERS = 8
SHOWN_NAMES = 5

Key = tuple[str, int]
"""An object's name and generation."""


class BucketUnreadable(Exception):
    """The bucket can't be read, so nobody knows what is held; the message says why."""


@dataclass(frozen=True)
class _Reading:
    """What a reading found, or why it failed, and when that was on the monotonic clock."""

    at: float
    holds: tuple[Hold, ...] = ()
    error: Exception | None = None


class HoldBucket:
    """The flags and holds of the bucket called `name`. To be kept and shared; threads may use it at once.

    `client` is a google.cloud.storage.Client, made from the surroundings when left out (credentials, STORAGE_EMULATOR_HOST).
    `max_age_s`: for how long an answer is used again. `patience_s`: for how long a call that fails is tried again. The clocks
    are for tests.
    """

    def __init__(
        self,
        name: str,
        *,
        client: Client | None = None,
        max_age_s: float = MAX_AGE_S,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._client = client
        self._max_age_s, self._patience_s = max_age_s, patience_s
        self._clock, self._monotonic = clock, monotonic
        self._lock = threading.Lock()
        self._reading: _Reading | None = None
        self._contents: dict[Key, bytes] = {}
        self._ignored: dict[str, list[str]] = {}

    def active(self) -> list[Hold]:
        """The flags and holds that are active now, the latest end of each. BucketUnreadable when the bucket can't be read."""
        reading = self._reading
        if reading is None or self._is_old(reading):
            with self._lock:
                reading = self._reading
                if reading is None or self._is_old(reading):  # nobody has read it while we waited
                    reading = self._reading = self._read()
        if reading.error is not None:
            raise BucketUnreadable(f"the bucket {self.name} can't be read: {reading.error}") from reading.error
        now = self._clock()
        return [hold for hold in reading.holds if hold.end > now]

    def _is_old(self, reading: _Reading) -> bool:
        return self._monotonic() - reading.at >= self._max_age_s

    def _read(self) -> _Reading:
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError

        try:
            holds = self._holds()
        except (GoogleAPIError, GoogleAuthError, OSError) as error:
            return _Reading(at=self._monotonic(), error=error)
        return _Reading(at=self._monotonic(), holds=tuple(holds))

    def _holds(self) -> list[Hold]:
        """Listed in the order of names, in which a later end of one hold comes after the earlier: who sees the old name gone
        sees the new one."""
        for _ in range(LIST_TRIES):
            found = self._list()
            named = {key: parse_name(key[0]) for key in found}
            self._say_ignored(logs.OBJECTS_IGNORED, "state neither flag nor hold", (n for (n, _), h in named.items() if not h))
            now, keys = self._clock(), {hold.object_name: key for key, hold in named.items() if hold}
            holds = [hold for hold in latest(hold for hold in named.values() if hold) if hold.end > now]
            if self._fetch([keys[hold.object_name] for hold in holds]):
                break
        read = {hold: with_content(hold, self._contents.get(keys[hold.object_name], b"{}")) for hold in holds}
        broken = (hold.object_name for hold, full in read.items() if full is None)
        self._say_ignored(logs.CONTENT_IGNORED, "have content that is no JSON object; only their names count", broken)
        return [full or hold for hold, full in read.items()]

    def _list(self) -> list[Key]:
        blobs = self._made_client().list_blobs(
            self.name,
            start_offset=FLAG_PREFIX,
            end_offset=HOLD_PREFIX[:-1] + chr(ord("/") + 1),
            fields="items(name,generation),nextPageToken",
            retry=self._retry(),
            timeout=ATTEMPT_S,
        )
        prefixes = (FLAG_PREFIX, HOLD_PREFIX)
        return [(blob.name, blob.generation) for blob in blobs if blob.name.startswith(prefixes)]

    def _fetch(self, wanted: list[Key]) -> bool:
        """Reads the contents that are not here yet, and forgets the others. False when an object is gone."""
        self._contents = {key: self._contents[key] for key in wanted if key in self._contents}
        missing = [key for key in wanted if key not in self._contents]
        if not missing:
            return True
        with ThreadPoolExecutor(min(READERS, len(missing))) as pool:
            contents = dict(zip(missing, pool.map(self._content, missing), strict=True))
        self._contents |= {key: content for key, content in contents.items() if content is not None}
        return None not in contents.values()

    def _content(self, key: Key) -> bytes | None:
        from google.api_core.exceptions import NotFound, RequestRangeNotSatisfiable

        name, generation = key
        blob = self._made_client().bucket(self.name).blob(name, generation=generation)
        try:
            return bytes(blob.download_as_bytes(start=0, end=MAX_CONTENT_BYTES, retry=self._retry(), timeout=ATTEMPT_S))
        except NotFound:
            return None
        except RequestRangeNotSatisfiable:  # an object without content has no byte 0
            return b""

    def _retry(self) -> Retry:
        from google.cloud.storage.retry import DEFAULT_RETRY

        retry: Retry = DEFAULT_RETRY.with_timeout(self._patience_s)
        return retry

    def _made_client(self) -> Client:
        if self._client is None:
            from google.cloud.storage import Client

            self._client = Client()
        return self._client

    def _say_ignored(self, event: str, what: str, names: Iterable[str]) -> None:
        """Once for each set of names, not with every reading."""
        found = sorted(names)
        if found != self._ignored.get(event, []):
            self._ignored[event] = found
            if found:
                message = f"{len(found)} objects of {self.name} {what}"
                logs.log(event, "WARNING", message, bucket=self.name, objects=found[:SHOWN_NAMES], count=len(found))


@functools.cache
def shared(name: str) -> HoldBucket:
    """The one of this process for the bucket called `name`."""
    return HoldBucket(name)

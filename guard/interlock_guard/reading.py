"""One reading of the bucket: which flags and holds there are, and what each that is active says.

Flags and holds are listed by their prefixes, so that the right to list can be bounded to them. An object that can't be read is
no reason to know nothing of the others: it counts by its name, and says that its content is unknown.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from interlock_guard import logs
from interlock_guard.objects import FLAG_PREFIX, HOLD_PREFIX, Hold, latest, parse_name, with_content

if TYPE_CHECKING:
    from google.api_core.retry import Retry
    from google.cloud.storage import Client

ATTEMPT_S = 5.0
"""How long one attempt waits for the next bytes."""
LIST_TRIES = 3
"""How often the bucket is listed anew when an object is gone before it is read, as when it is being extended."""
MAX_CONTENT_BYTES = 1_000_000
READERS = 8
SHOWN_NAMES = 5
ERROR_LENGTH = 300

T = TypeVar("T")
S = TypeVar("S")
Key = tuple[str, object]
"""An object's name and generation."""


@dataclass(frozen=True)
class Found:
    """What a reading found: the holds that are active, and the contents that need not be read again."""

    holds: tuple[Hold, ...]
    contents: Mapping[Key, bytes]
    ignored: Mapping[str, list[str]]
    """By event: the names that were said to state nothing, so that they are said once."""


@dataclass(frozen=True)
class _Unread:
    """Why a content is not known; `gone` when the object isn't there any more."""

    why: str
    gone: bool = False


@dataclass
class Reading:
    """A reading that is under way. `known` is what earlier ones found, `seconds` the budget for all of it."""

    name: object
    client: Client
    seconds: float
    clock: Callable[[], datetime]
    known: Found
    listed: Callable[[Found], None] = lambda _: None
    """Told what is known once the names are, before any content is read: who can't wait for those goes by it."""

    def __post_init__(self) -> None:
        self._until = time.monotonic() + self.seconds

    def read(self) -> Found:
        """Listed in the order of names, in which a later end of one hold comes after the earlier: who sees the old name gone
        sees the new one. Any error of a listing is raised; one of a single object is said in its hold."""
        contents: dict[Key, bytes | _Unread] = {}
        for _ in range(LIST_TRIES):
            listed = [key for keys in spread(self._listed, (FLAG_PREFIX, HOLD_PREFIX)) for key in keys]
            named = {key: parse_name(key[0]) for key in listed}
            now, keys = self.clock(), {hold.object_name: key for key, hold in named.items() if hold}
            holds = [hold for hold in latest(hold for hold in named.values() if hold) if hold.end > now]
            wanted = [keys[hold.object_name] for hold in holds]
            self.listed(self._so_far(holds, keys))
            contents = self._contents(wanted)
            if not any(isinstance(content, _Unread) and content.gone for content in contents.values()):
                break
        ignored = dict(self.known.ignored)
        self._say(
            ignored, logs.OBJECTS_IGNORED, "state neither flag nor hold", [n for (n, _), hold in named.items() if not hold]
        )
        read = [(hold, contents[keys[hold.object_name]]) for hold in holds]
        full = [(hold, None if isinstance(content, _Unread) else with_content(hold, content)) for hold, content in read]
        broken = [hold.object_name for (hold, content), (_, says) in zip(read, full, strict=True)
                  if says is None and not isinstance(content, _Unread)]  # fmt: skip
        unread = [hold.object_name for hold, content in read if isinstance(content, _Unread)]
        self._say(ignored, logs.CONTENT_IGNORED, "have content that is no JSON object; only their names count", broken)
        self._say(ignored, logs.CONTENT_UNREADABLE, "can't be read; their names count, and what they said before", unread)
        return Found(
            holds=tuple(
                self._by_name(hold, content) if isinstance(content, _Unread) else says or hold
                for (hold, content), (_, says) in zip(read, full, strict=True)
            ),
            contents={key: content for key, content in contents.items() if not isinstance(content, _Unread)},
            ignored=ignored,
        )

    def _so_far(self, holds: Sequence[Hold], keys: Mapping[str, Key]) -> Found:
        """What the names say, and the contents that are known already."""
        known, unread = self.known.contents, _Unread("its content has not come yet")
        read = [(hold, known.get(keys[hold.object_name], unread)) for hold in holds]
        return Found(
            holds=tuple(
                self._by_name(hold, content) if isinstance(content, _Unread) else with_content(hold, content) or hold
                for hold, content in read
            ),
            contents=known,
            ignored=self.known.ignored,
        )

    def _by_name(self, hold: Hold, content: _Unread) -> Hold:
        """What is known of a hold without its content: its name, and what the object that it extends said."""
        for before in self.known.holds:
            if before.identity == hold.identity:
                hold = replace(hold, jobs=before.jobs, tables=hold.tables | before.tables)
                hold = replace(hold, reason=before.reason, owner=before.owner)
        return replace(hold, unread=content.why)

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer within {self.seconds:g} s")
        return left

    def _listed(self, prefix: str) -> list[Key]:
        blobs = self.client.list_blobs(
            self.name,
            prefix=prefix,
            fields="items(name,generation),nextPageToken",
            retry=self._retry(),
            timeout=min(ATTEMPT_S, self._left()),
        )
        found: list[Key] = []
        for blob in blobs:
            self._left()  # also pages, of which each one answers
            if not isinstance(blob.name, str):
                raise ValueError(f"the list of {prefix} has an object without a name")
            if blob.name.startswith(prefix):
                found.append((blob.name, blob.generation))
        return found

    def _contents(self, wanted: Sequence[Key]) -> dict[Key, bytes | _Unread]:
        missing = [key for key in wanted if key not in self.known.contents]
        read = dict(zip(missing, spread(self._content, missing), strict=True))
        return {key: read[key] if key in read else self.known.contents[key] for key in wanted}

    def _content(self, key: Key) -> bytes | _Unread:
        from google.api_core.exceptions import NotFound, RequestRangeNotSatisfiable

        name, generation = key
        try:
            blob = self.client.bucket(self.name).blob(name, generation=generation)
            timeout = min(ATTEMPT_S, self._left())
            return bytes(blob.download_as_bytes(start=0, end=MAX_CONTENT_BYTES, retry=self._retry(), timeout=timeout))
        except NotFound as error:
            return _Unread(told(error), gone=True)
        except RequestRangeNotSatisfiable:  # an object without content has no byte 0
            return b""
        except Exception as error:  # whatever it is, it is about this object alone
            return _Unread(told(error))

    def _retry(self) -> Retry:
        from google.cloud.storage.retry import DEFAULT_RETRY

        retry: Retry = DEFAULT_RETRY.with_timeout(self._left())
        return retry

    def _say(self, ignored: dict[str, list[str]], event: str, what: str, names: Iterable[str]) -> None:
        """Once for each set of names, not with every reading."""
        found = sorted(names)
        if found != ignored.get(event, []):
            ignored[event] = found
            if found:
                message = f"{len(found)} objects of {self.name} {what}"
                logs.log(event, "WARNING", message, bucket=self.name, objects=found[:SHOWN_NAMES], count=len(found))


def told(error: BaseException) -> str:
    """An error in words, on one line: some have no message, some a page of one."""
    kind, words = type(error), " ".join(str(error).split())
    if not words:
        words = kind.__name__
    elif not isinstance(error, OSError) and not kind.__module__.startswith("google."):
        words = f"{kind.__name__}: {words}"
    return words if len(words) <= ERROR_LENGTH else f"{words[: ERROR_LENGTH - 3]}..."


def spread(act: Callable[[S], T], over: Sequence[S]) -> list[T]:
    """`act` on each, by some threads at once, this one among them. They are daemons, unlike an executor's: one that waits for
    an answer which never ends does not keep the process from ending. The first error is raised when all are done."""
    results: dict[int, T] = {}
    errors: list[BaseException] = []
    rest = iter(range(len(over)))
    lock = threading.Lock()

    def work() -> None:
        while not errors:
            with lock:
                number = next(rest, None)
            if number is None:
                return
            try:
                results[number] = act(over[number])
            except BaseException as error:  # raised by the thread that waits
                errors.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(READERS, len(over)) - 1)]
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [results[number] for number in range(len(over))]

"""What a process that forks must not share with its children: locks that a thread holds just then, threads, and sockets.

gunicorn and uWSGI fork their workers from a process that may have asked already. Python runs the functions that are registered
here in the child, before anything else; who forks past Python is found by the process's id, when the child first asks.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

IMPORT_SECONDS = 10.0
"""How long a fork waits for an import that is under way: a module that is half imported stays so in the child, for ever."""


class Forked(Protocol):
    """What has something to mend in a child."""

    def forked(self) -> None:
        """To be called in a child before it is used there."""


_kept: weakref.WeakSet[Forked] = weakref.WeakSet()
_left_behind: list[object] = []
"""The parent's clients: to close them would take locks that nobody gives back here."""
_importing = threading.Lock()


def mend_in_children(of: Forked) -> None:
    """Has `of.forked()` called in each child of this process."""
    _kept.add(of)


@contextmanager
def whole_import() -> Iterator[None]:
    """Around an import that no fork is to halve."""
    with _importing:
        yield


def leave_behind(thing: object) -> None:
    """Keeps what a child doesn't use any more, so that nothing ever finalizes it."""
    _left_behind.append(thing)


def reconnect(client: Any) -> None:
    """Gives a google.cloud.storage.Client, made before the fork, connections and locks of its own. It has no public name for
    its session (google.cloud.client.ClientWithProject, `_http_internal`)."""
    session = getattr(client, "_http_internal", None)
    if session is None:
        return
    leave_behind(session)
    if hasattr(session, "_auth_request"):  # AuthorizedSession, which the client makes anew from its credentials
        client._http_internal = None
    for adapter in getattr(session, "adapters", {}).values():  # a session that somebody gave to the client
        if hasattr(adapter, "init_poolmanager"):
            leave_behind(getattr(adapter, "poolmanager", None))
            adapter.init_poolmanager(adapter._pool_connections, adapter._pool_maxsize, block=adapter._pool_block)
    cache = getattr(client, "_bucket_metadata_cache", None)
    if cache is not None:
        leave_behind(cache)
        client._bucket_metadata_cache = type(cache)(client)


def _in_child() -> None:
    global _importing
    _importing = threading.Lock()
    for kept in list(_kept):
        kept.forked()


_held_over_fork = threading.local()


def _before() -> None:
    _held_over_fork.importing = _importing if _importing.acquire(timeout=IMPORT_SECONDS) else None


def _in_parent() -> None:
    lock, _held_over_fork.importing = _held_over_fork.importing, None
    if lock is not None:
        lock.release()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)

"""Work in a copy of this process, while this one does other work: Python runs one thing at a time, and a machine has cores."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from typing import NoReturn, TypeVar, cast

T = TypeVar("T")


def apart(work: Callable[[], T]) -> Callable[[], T]:
    """Begins `work`, and returns what waits for its result. It changes nothing and says nothing, and so may be done here after
    all: where no copy is safe or there is no core for it, and when the copy gave nothing, as for what `work` raises."""
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) == 1:  # macOS' own frameworks don't survive a fork
        return work
    sys.stdout.flush()
    sys.stderr.flush()
    read, write = os.pipe()
    if not (pid := os.fork()):
        _give(work, write)
    os.close(write)

    def result() -> T:
        with os.fdopen(read, "rb") as given:
            content = given.read()
        is_whole = os.waitpid(pid, 0)[1] == 0
        return cast(T, pickle.loads(content)) if is_whole else work()  # noqa: S301 - of a copy of this process

    return result


def _give(work: Callable[[], object], write: int) -> NoReturn:
    code = 1
    try:
        content = pickle.dumps(work(), pickle.HIGHEST_PROTOCOL)
        with os.fdopen(write, "wb") as file:
            file.write(content)
        code = 0
    finally:  # nothing of the other process is ended or said here
        os._exit(code)

"""Catalogs and environments as they were read, kept beside the code: a command on what nobody has edited since parses nothing.

One is found by everything that reading goes by: what its files say, our own code, the packages and the Python that are
installed. It is a pickle, out of which nothing can come but what it is made of, whoever wrote it:
https://docs.python.org/3/library/pickle.html#restricting-globals
"""

from __future__ import annotations

import hashlib
import os
import pickle
import site
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from functools import cache
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from interlock.catalog import Catalog
from interlock.reading import folder as room
from interlock.reading.problems import Problem
from interlock.zones import release

if TYPE_CHECKING:
    from interlock.environment import Environment

FOLDER = Path(__file__).parents[2] / ".cache" / "read"
KEPT = 16
"""Of each kind, those that were used last: of several platforms, branches and reviews."""
PACKAGES = (".dist-info", ".egg-info", ".pth")
"""Of what is installed, with its version in its name."""
PARTS = {
    "datetime",
    *(f"interlock.{name}" for name in ("access", "catalog", "cron", "environment", "platform_rules", "seasons", "zone_record")),
}
"""The modules whose classes all is made of; to make one of them does nothing else."""
WORTHWHILE_BYTES = 20_000
"""A catalog of less, of a few dozen jobs, is read within a tenth of a second."""
SUM_BYTES = hashlib.sha256().digest_size

T = TypeVar("T")


def catalog_of(
    folder: str,
    contents: Mapping[PurePosixPath, bytes],
    *,
    shown: str = "",
    unreadable: Sequence[Problem] = (),
    past: bool = False,
) -> Catalog:
    """As `folder.catalog_of`, which is asked when this is not kept; with its errors. A catalog with problems never is."""

    def read() -> Catalog:
        return room.catalog_of(folder, contents, shown=shown, unreadable=unreadable, past=past)

    if unreadable or sum(map(len, contents.values())) < WORTHWHILE_BYTES:
        return read()
    release()  # as reading it would ask for its zones
    parts = (part for path, content in sorted(contents.items()) for part in (path.as_posix(), content))
    return _kept(Catalog, (folder, str(past), *parts), read)


def environment_of(name: str, text: str, file: str, *, unfilled: bool) -> Environment:
    """As `parse_environment`, in the same way."""
    from interlock.environment import Environment

    def read() -> Environment:
        from interlock.reading.environment_file import parse_environment

        return parse_environment(name, text, file, unfilled=unfilled)

    return _kept(Environment, (name, text, file, str(unfilled)), read)


def _kept(kind: type[T], parts: Iterable[bytes | str], read: Callable[[], T]) -> T:
    file = FOLDER / kind.__name__.lower() / _name(parts)
    if (known := _known(file, kind)) is not None:
        return known
    found = read()
    with suppress(OSError):  # it is only slower without
        _keep(file, found)
    return found


def installed() -> list[str]:
    """The packages of this Python, each with its version."""
    folders = [name for name in site.getsitepackages() if Path(name).is_dir()]
    return sorted(entry.name for folder in folders for entry in os.scandir(folder) if entry.name.endswith(PACKAGES))


def _name(parts: Iterable[bytes | str]) -> str:
    found = hashlib.sha256()
    for part in (sys.version, _code(), *installed(), "", *parts):
        content = part.encode(errors="surrogateescape") if isinstance(part, str) else part
        found.update(len(content).to_bytes(8, "big"))  # so that no two rows of parts are the same bytes
        found.update(content)
    return found.hexdigest()


@cache
def _code() -> str:
    """A digest of the code that reads: this room and those below it, by the layers."""
    found = hashlib.sha256()
    for file in (*sorted(Path(__file__).parents[1].glob("*.py")), *sorted(Path(__file__).parent.glob("*.py"))):
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


_code()  # now, while what is imported is what lies there: a process may outlive an update


def _known(file: Path, kind: type[T]) -> T | None:
    with suppress(Exception):  # a pickle that is not ours raises whatever it likes
        whole = file.read_bytes()
        if hashlib.sha256(whole[SUM_BYTES:]).digest() == whole[:SUM_BYTES]:
            found = _Reader(BytesIO(whole[SUM_BYTES:])).load()
            os.utime(file)
            return found if isinstance(found, kind) else None
    return None


def _keep(file: Path, found: object) -> None:
    written = BytesIO()
    _Writer(written, pickle.HIGHEST_PROTOCOL).dump(found)
    content = written.getvalue()
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=".new", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as new:
            new.write(hashlib.sha256(content).digest() + content)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    for old in sorted(file.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        old.unlink(missing_ok=True)


class _Writer(pickle.Pickler):
    """Makes a member of an enumeration of its value, whatever Python it is: the first releases of 3.11 make it by `getattr`,
    which is no part of what is kept. https://github.com/python/cpython/pull/26658"""

    def reducer_override(self, found: object) -> tuple[type, tuple[object]]:
        """See `pickle.Pickler`: NotImplemented leaves it to that."""
        return (type(found), (found.value,)) if isinstance(found, Enum) else NotImplemented


class _Reader(pickle.Unpickler):
    """Makes what is kept, and nothing else."""

    def find_class(self, module: str, name: str) -> type:
        if module in PARTS:
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module and found.__qualname__ == name:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of what is kept")

"""Catalogs as they were read, kept beside the code: a command on one that nobody has edited since does not parse it again.

One is found by everything that reading goes by: what its files say, our own code, the packages and the Python that are
installed. It is a pickle, out of which nothing can come but what a catalog is made of, whoever wrote it:
https://docs.python.org/3/library/pickle.html#restricting-globals
"""

from __future__ import annotations

import hashlib
import os
import pickle
import site
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path, PurePosixPath

from interlock.catalog import Catalog
from interlock.reading import folder as read
from interlock.reading.problems import Problem

FOLDER = Path(__file__).parents[2] / ".cache" / "catalogs"
KEPT = 16
"""Catalogs, those that were used last: of several platforms, branches and reviews."""
WORTHWHILE_BYTES = 20_000
"""What is less, a few dozen jobs, is read within a tenth of a second."""
PACKAGES = (".dist-info", ".egg-info", ".pth")
"""Of what is installed, with its version in its name."""
PARTS = {
    "datetime",
    *(f"interlock.{name}" for name in ("access", "catalog", "cron", "platform_rules", "seasons", "zone_record")),
}
"""The modules whose classes a catalog is made of; to make one of them does nothing else."""
SUM_BYTES = hashlib.sha256().digest_size


def catalog_of(
    folder: str,
    contents: Mapping[PurePosixPath, bytes],
    *,
    shown: str = "",
    unreadable: Sequence[Problem] = (),
    past: bool = False,
) -> Catalog:
    """As `folder.catalog_of`, which is asked when this is not kept. A catalog with problems never is."""
    if unreadable or sum(map(len, contents.values())) < WORTHWHILE_BYTES:
        return read.catalog_of(folder, contents, shown=shown, unreadable=unreadable, past=past)
    file = FOLDER / _name(folder, contents, past=past)
    if (known := _kept(file)) is not None:
        return known
    found = read.catalog_of(folder, contents, shown=shown, past=past)
    with suppress(OSError):  # it is only slower without
        _keep(file, found)
    return found


def installed() -> list[str]:
    """The packages of this Python, each with its version."""
    folders = [Path(name) for name in site.getsitepackages()]
    return sorted(entry.name for folder in folders if folder.is_dir() for entry in folder.iterdir() if entry.suffix in PACKAGES)


def _name(folder: str, contents: Mapping[PurePosixPath, bytes], *, past: bool) -> str:
    found = hashlib.sha256()
    for part in (
        *(text.encode() for text in (sys.version, _code(), *installed(), folder, str(past))),
        *(part for path, content in sorted(contents.items()) for part in (os.fsencode(path), content)),
    ):
        found.update(len(part).to_bytes(8, "big"))  # so that no two rows of parts are the same bytes
        found.update(part)
    return found.hexdigest()


@cache
def _code() -> str:
    """A digest of the code that reads: this room and those below it, by the layers."""
    found = hashlib.sha256()
    for file in (*sorted(Path(__file__).parents[1].glob("*.py")), *sorted(Path(__file__).parent.glob("*.py"))):
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


_code()  # now, while what is imported is what lies there: a process may outlive an update


def _kept(file: Path) -> Catalog | None:
    with suppress(Exception):  # a pickle that is not ours raises whatever it likes
        whole = file.read_bytes()
        if hashlib.sha256(whole[SUM_BYTES:]).digest() == whole[:SUM_BYTES]:
            found = _Reader(BytesIO(whole[SUM_BYTES:])).load()
            os.utime(file)
            return found if isinstance(found, Catalog) else None
    return None


def _keep(file: Path, catalog: Catalog) -> None:
    content = pickle.dumps(catalog, pickle.HIGHEST_PROTOCOL)
    FOLDER.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=".new", dir=FOLDER)
    try:
        with os.fdopen(descriptor, "wb") as new:
            new.write(hashlib.sha256(content).digest() + content)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    for old in sorted(FOLDER.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        old.unlink(missing_ok=True)


class _Reader(pickle.Unpickler):
    """Makes what a catalog is made of, and nothing else."""

    def find_class(self, module: str, name: str) -> type:
        if module in PARTS:
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module and found.__qualname__ == name:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a catalog")

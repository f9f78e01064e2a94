"""The time zones, always from the locked package `tzdata`, whatever the machine has.

`zoneinfo.ZoneInfo(name)` prefers the system's data, and PYTHONTZPATH, over the package ("Data sources" in
docs.python.org/3/library/zoneinfo.html): the same commit would fire at other instants on another machine. So nobody makes one
but `zone`. It leaves the process's search path alone, which other packages may use.
"""

from __future__ import annotations

import re
import shlex
import sys
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from interlock.cron_fields import shown

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements/run.txt", "requirements.txt")
"""Where the version is locked: in the repository, and in what is deployed as the coordinator."""


class ZoneError(ValueError):
    """A name that is no time zone of the tz database."""


class ZoneDataError(RuntimeError):
    """The locked zone data are not installed: what is wrong, and the next command. Nothing stands in for them."""


class _Zone(ZoneInfo):
    """One that was read from the package. A copy is the zone itself, which Python refuses for zones that come from a file."""

    def __reduce__(self) -> tuple[object, ...]:
        return zone, (self.key,)


def zone(name: str) -> ZoneInfo:
    """The time zone called `name`, such as America/New_York, always the same object; raises ZoneError for anything else, paths
    included, and ZoneDataError where the locked data are not installed."""
    # What is looked up as a file is on the list: no path, no folder, and no other spelling where files have no case.
    if name not in names():
        raise ZoneError(
            f"{shown(name)} is not a time zone; allowed are names of the tz database, as America/New_York or Etc/UTC"
        )
    return _read(name)


@cache
def _read(name: str) -> ZoneInfo:
    with (_folder() / "zoneinfo" / name).open("rb") as file:
        return _Zone.from_file(file, key=name)


@cache
def names() -> frozenset[str]:
    """The names of all time zones. ZoneDataError as of `zone`."""
    return frozenset((_folder() / "zones").read_text(encoding="utf-8").split())


@cache
def release() -> str:
    """Which release of the tz database is in use, as 2026f. ZoneDataError as of `zone`."""
    locked = _locked(ROOT)
    install = f"run: {shlex.quote(sys.executable)} -m pip install tzdata{f'=={locked}' if locked else ''}"
    try:
        import tzdata
    except ImportError:
        raise ZoneDataError(f"the package tzdata, which has the time zones, is not installed; {install}") from None
    if locked and tzdata.__version__ != locked:
        raise ZoneDataError(f"tzdata {tzdata.__version__} is installed, and {locked} is locked; {install}")
    return str(tzdata.IANA_VERSION)


def _folder() -> Path:
    """Where the package is, once it is known to be the locked one."""
    release()
    import tzdata

    return Path(tzdata.__file__).parent


def _locked(root: Path) -> str | None:
    """The version of the package in the lock; None where the code lies without one."""
    for lock in LOCKS:
        if (root / lock).is_file():
            found = re.search(r"^tzdata==([\w.]+)", (root / lock).read_text(encoding="utf-8"), re.MULTILINE)
            return found[1] if found else None
    return None

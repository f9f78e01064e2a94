"""From a catalog's folder to a catalog, wherever the folder was read: a disk, or a commit of git. Pure.

Every file under the folder is part of the catalog or is refused; one that is left out without a word seems to people to be in
force.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from interlock.catalog import Catalog, Source
from interlock.names import NAME, NAME_RULE
from interlock.reading.problems import Problem, SourceError
from interlock.zone_record import RECORD_FILE, ZoneRecord

SUFFIX = ".yaml"
LOOK_ALIKES = {".yml", ".YAML", ".YML"}
RECORD = PurePosixPath(RECORD_FILE)


def is_candidate(path: PurePosixPath) -> bool:
    """Whether a file is part of a catalog, or looks to people as if it were."""
    return path.suffix in {SUFFIX, *LOOK_ALIKES} or path == RECORD


def catalog_of(
    folder: str,
    contents: Mapping[PurePosixPath, bytes],
    *,
    shown: str = "",
    unreadable: Sequence[Problem] = (),
    past: bool = False,
) -> Catalog:
    """The catalog in `contents`: what the candidates under the folder called `folder` hold, by their path in it.

    `shown` is how to name the folder itself, if not by its name; `unreadable` are problems that came up while reading it.
    One of the `past` was good by the rules of its day, and nobody can mend it any more (`resolve_catalog`).
    SourceError with every problem in it.
    """
    from interlock.reading.entries import SourceFile
    from interlock.reading.resolve import resolve_catalog

    if not contents.keys() - {RECORD} and not unreadable:
        raise SourceError([problem(shown or folder, f"there is no catalog here: no folder with {SUFFIX} files in it")])
    problems, files, record = list(unreadable), [], None
    for path, content in sorted(contents.items()):
        name = f"{folder}/{path.as_posix()}"
        if path == RECORD:
            record, wrong = _record(content, name)
            problems += wrong
            continue
        if message := _misplaced(path, folder):
            problems.append(problem(name, message))
            continue
        try:
            files.append(SourceFile(name=name, platform=path.parts[0], text=decoded(content, name)))
        except SourceError as error:
            problems += error.problems
    return replace(resolve_catalog(files, problems, past=past), zone_record=record)


def _record(content: bytes, name: str) -> tuple[ZoneRecord | None, list[Problem]]:
    from interlock.reading.zone_record import read_record

    try:
        return read_record(decoded(content, name), name)
    except SourceError as error:
        return None, error.problems


def decoded(content: bytes, name: str) -> str:
    """The text of the file called `name`. SourceError with the line for bytes that are no UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{content[error.start]:02x} is no UTF-8; save the file as UTF-8"
        raise SourceError([problem(name, message, line)]) from None


def problem(file: str, message: str, line: int = 1) -> Problem:
    """Something wrong with a file as a whole, or in a line of it."""
    return Problem(source=Source(file=file, line=line), message=message)


def _misplaced(path: PurePosixPath, folder: str) -> str | None:
    """Why a file can't be part of the catalog."""
    if path.suffix in LOOK_ALIKES:
        return f"ends in {path.suffix}; call it {path.stem}{SUFFIX}"
    if len(path.parts) == 1:
        return f"is in no platform's folder; move it to {folder}/<platform>/{path.name}"
    if not re.fullmatch(NAME, path.parts[0]):
        return f"the folder {path.parts[0]!a} is no name for a platform; allowed: {NAME_RULE}"
    return None

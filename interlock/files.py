"""Reads catalogs and environments from disk; the only part of the core that does."""

from __future__ import annotations

import re
from pathlib import Path

from interlock.catalog import Catalog, Source
from interlock.environment import Environment
from interlock.located import Problem, SourceError
from interlock.names import NAME, NAME_RULE

SUFFIX = ".yaml"
LOOK_ALIKES = {".yml", ".YAML", ".YML"}


def load_catalog(root: Path) -> Catalog:
    """The catalog in the folders under `root`, one folder a platform. SourceError with every problem in it."""
    from interlock.entries import SourceFile
    from interlock.resolve import load_catalog as resolve_catalog

    paths = sorted(path for path in root.rglob("*") if path.suffix in {SUFFIX, *LOOK_ALIKES} and path.is_file())
    problems: list[Problem] = []
    files: list[SourceFile] = []
    for path in paths:
        name, platform = _name(path, root), path.relative_to(root).parts[0]
        if message := _misplaced(path, root, platform):
            problems.append(_problem(name, message))
            continue
        try:
            files.append(SourceFile(name=name, platform=platform, text=_text(path, name)))
        except SourceError as error:
            problems += error.problems
    if not paths:
        raise SourceError([_problem(str(root), f"there is no catalog here: no folder with {SUFFIX} files in it")])
    return resolve_catalog(files, problems)


def _misplaced(path: Path, root: Path, platform: str) -> str | None:
    """Why a file can't be part of the catalog; one that is left out without a word looks as if it were in force."""
    if path.suffix in LOOK_ALIKES:
        return f"ends in {path.suffix}; call it {path.stem}{SUFFIX}"
    if path.parent == root:
        return f"is in no platform's folder; move it to {root.name}/<platform>/{path.name}"
    if not re.fullmatch(NAME, platform):
        return f"the folder {platform!a} is no name for a platform; allowed: {NAME_RULE}"
    return None


def load_environment(folder: Path, name: str) -> Environment:
    """The environment `name` of `folder`. SourceError when there is none or something is wrong in it."""
    from interlock.environment_file import load_environment as read_environment

    path = folder / f"{name}{SUFFIX}"
    known = sorted(found.stem for found in folder.glob(f"*{SUFFIX}"))
    if name not in known:
        message = (
            f"there is no environment {name!r}; known: {', '.join(known) or 'none; run this in the root of the repository'}"
        )
        raise SourceError([_problem(folder.as_posix(), message)])
    file = _name(path, folder)
    return read_environment(name, _text(path, file), file)


def _text(path: Path, name: str) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SourceError([_problem(name, f"can't be read: {error.strerror}")]) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{content[error.start]:02x} is no UTF-8; save the file as UTF-8"
        raise SourceError([_problem(name, message, line)]) from None


def _name(path: Path, root: Path) -> str:
    """The file for people and for the plan: from the root's own folder, the same on every machine."""
    return f"{root.resolve().name}/{path.relative_to(root).as_posix()}"


def _problem(file: str, message: str, line: int = 1) -> Problem:
    return Problem(source=Source(file=file, line=line), message=message)

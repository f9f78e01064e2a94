"""Reads catalogs and environments from disk; the only part of the core that does."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from interlock.catalog import Catalog, Source
from interlock.reading.folder import SUFFIX, decoded, is_candidate, problem
from interlock.reading.kept import catalog_of, environment_of
from interlock.reading.problems import Problem, SourceError

if TYPE_CHECKING:
    from interlock.environment import Environment

NAME_OF_ENVIRONMENT = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
NAME_RULE = "allowed: A-Z, a-z, 0-9, ., - and _, a letter or digit first, at most 63"


def load_catalog(root: Path, *, without: str = "", past: bool = False) -> Catalog:
    """The catalog in the folders under `root`, one folder a platform, as if there were no file called `without`. SourceError
    with every problem in it. `past` as of `catalog_of`."""
    contents: dict[PurePosixPath, bytes] = {}
    unreadable: list[Problem] = []
    for path in sorted(root.rglob("*")):
        inside = PurePosixPath(path.relative_to(root).as_posix())
        if path.is_symlink() and path.is_dir():  # what is below it is not found, and people would think that it is in force
            unreadable.append(problem(_name(path, root), "is a link to a folder, and these are not read; make it a folder"))
        if not is_candidate(inside) or not path.is_file() or inside.as_posix() == without:
            continue
        try:
            contents[inside] = _content(path, _name(path, root))
        except SourceError as error:
            unreadable += error.problems
    try:
        return catalog_of(root.resolve().name, contents, shown=str(root), unreadable=unreadable, past=past)
    except SourceError as error:
        raise SourceError(error.problems, root) from None


def from_here(source: Source, root: Path) -> Source:
    """A source in the catalog of `root` with the path at which its file can be opened: from the current folder if it is below,
    else as the root was given."""
    folder, _, inside = source.file.partition("/")
    if folder != root.resolve().name or not inside or source.file == str(root):
        return source
    below = root.is_absolute() and root.is_relative_to(Path.cwd())
    path = (root.relative_to(Path.cwd()) if below else root) / inside
    return Source(file=path.as_posix(), line=source.line)


def load_environment(folder: Path, name: str, *, unfilled: bool = False) -> Environment:
    """The environment `name` of `folder`. SourceError when there is none or something is wrong in it, samples that are left
    among that, unless it may be `unfilled`."""
    path = folder / f"{name}{SUFFIX}"
    known = sorted(found.stem for found in folder.glob(f"*{SUFFIX}"))
    if name not in known:
        message = (
            f"there is no environment {name!r}; known: {', '.join(known) or 'none; run this in the root of the repository'}"
        )
        raise SourceError([problem(folder.as_posix(), message)])
    if not re.fullmatch(NAME_OF_ENVIRONMENT, name):
        raise SourceError([problem(folder.as_posix(), f"{name!a} is no name of an environment; {NAME_RULE}")])
    file = _name(path, folder)
    return environment_of(name, decoded(_content(path, file), file), file, unfilled=unfilled)


def _content(path: Path, name: str) -> bytes:
    if path.exists() and not path.is_file() and not path.is_dir():  # a pipe would be waited for, for ever
        raise SourceError([problem(name, "is no file")])
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError([problem(name, f"can't be read: {error.strerror}")]) from None


def _name(path: Path, root: Path) -> str:
    """The file for people and for the plan: from the root's own folder, the same on every machine."""
    return f"{root.resolve().name}/{path.relative_to(root).as_posix()}"
